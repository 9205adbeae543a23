"""``ledsign card`` and ``ledsign simulate`` from the outside."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from ledsign import simulator
from ledsign.card import Card
from ledsign.cli.card import _talk, card
from ledsign.cli.simulate import simulate
from ledsign.errors import CardRefusedError
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import network_scheme

PANEL = Panel("p10-192x96-mono", 192, 96, ColorMode.MONO, 10)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(card, list(arguments))


def test_decode_hex() -> None:
    found = run("decode", "--family", "cp5200", "--json", "--hex", "a56832012e0100ca00ae")
    assert found.exit_code == 0
    assert json.loads(found.output) == {
        "id": "hex",
        "ok": True,
        "error": None,
        "message": {"kind": "Request", "body": {"kind": "QueryVersion", "argument": 0}, "card_id": 1, "flag": 1},
        "reencoded_equal": True,
    }


def test_decode_says_what_is_no_packet() -> None:
    found = run("decode", "--family", "cp5200", "--json", "--hex", "a56832012e0100cb00ae")
    assert found.exit_code == 65
    assert json.loads(found.output)["ok"] is False
    assert run("decode", "--family", "cp5200", "--hex", "xyz").exit_code == 65
    assert run("decode", "--family", "nothing", "--hex", "00").exit_code == 2
    assert run("decode", "--family", "cp5200").exit_code == 2


def test_decode_all_vectors(shared: Path) -> None:
    found = run("decode", "--family", "cp5200", "--json", "--vectors", str(shared / "vectors" / "cp5200.json"))
    lines = [json.loads(line) for line in found.output.splitlines()]
    assert found.exit_code == 0
    assert len(lines) == 74  # 72 packets and two pictures; cp-047 is a set of rules without bytes
    assert all(line["ok"] and line["reencoded_equal"] for line in lines)


def test_decode_a_recording(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("# two exchanges\n 12.3 > a56832012e0100ca00ae\n 12.4 < a5e832013c01015901ae\n")
    found = run("decode", "--family", "cp5200", "--json", str(log))
    assert [json.loads(line)["message"]["kind"] for line in found.output.splitlines()] == ["Request", "Reply"]
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes.fromhex("a56832012e0100ca00ae" * 2))
    assert run("decode", "--family", "cp5200", str(raw)).output.count("=") == 2


def test_a_card_that_refuses_to_be_prepared_is_told_from_one_that_is_not_there() -> None:
    with simulator.serve("bxy", "tcp://127.0.0.1:0", PANEL) as sim:
        found = run("info", "--family", "bxy", "--url", f"{sim.url}?password=wrong", "--panel", PANEL.name)
        assert found.exit_code == 75
        assert "0x16 (userlogin: password)" in found.output
        assert "no connection" not in found.output


def test_verbs_talk_to_a_card() -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", PANEL) as sim:
        at = ("--url", sim.url, "--json")
        assert json.loads(run("info", *at).output)["firmware"] == "3.6"
        assert json.loads(run("pattern", *at).output)["ack"] == "acked"
        assert sim.pixels[:24] == b"\xff" * 24
        assert run("brightness", "40", *at).exit_code == 0
        assert run("power", "off", *at).exit_code == 0
        assert sim.state()["on"] is False
        assert run("clock", *at).exit_code == 0
        assert json.loads(run("clear", *at, "--dry-run").output)["dry_run"] is True
        assert run("clear", *at).exit_code == 0
    assert run("info", *at).exit_code == 75
    assert run("info", "--url", "pigeon://coop").exit_code == 2


def test_a_family_that_never_answers_is_not_called_confirmed() -> None:
    for family in ("ddp", "sacn"):
        for verb in ("pattern", "clear"):
            found = run(verb, "--family", family, "--url", "udp://127.0.0.1:9", "--json")
            assert (found.exit_code, json.loads(found.output)["ack"]) == (20, "sent"), (family, verb)


def test_what_went_wrong_is_said_once(root: Path) -> None:
    """And the exchanges only to whoever asks for them. A process of its own: pytest listens to the log, too."""
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", PANEL, faults="silent=60@1") as sim:
        for flags, exchanges in (([], False), (["-v"], True)):
            command = [sys.executable, "-m", "ledsign", "card", *flags, "info", "--url", sim.url]
            done = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=60, check=False)
            assert done.returncode == 75
            assert done.stdout == ""
            assert (" > ff ff ff ff" in done.stderr) is exchanges
            if not exchanges:
                assert done.stderr.count("\n") == 1
                assert done.stderr.count("card silent") == 1


def test_a_recording_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    assert run("info", "--url", f"replay:{tmp_path}/none").exit_code == 65
    (tmp_path / "broken.rec").write_text("# ledsign recording 1\n# line tcp://127.0.0.1:1\n# open\n0.1 ? aa\n")
    assert run("info", "--url", f"replay:{tmp_path}/broken.rec").exit_code == 65


@pytest.mark.parametrize(
    ("family", "url"),
    [
        ("huidu", "serial:///dev/ttyUSB0"),
        ("huidu-http", "pty:///run/ttyLED"),
        ("bxy", "udp://192.0.2.1"),
        ("cp5200", "udp://192.0.2.1"),
        ("ddp", "tcp://192.0.2.1"),
        ("ddp", "raw://eth1?experimental=1"),
        ("colorlight", "pty:///run/ttyLED"),
    ],
)
def test_a_line_that_a_family_does_not_have_is_refused_by_name(family: str, url: str, tmp_path: Path) -> None:
    found = run("pattern", "--family", family, "--url", url, "--panel", PANEL.name)
    assert found.exit_code == 2
    assert found.output.startswith(f"panel {PANEL.name}, {url}: {family} cards have no ")
    if url.startswith("pty:"):
        listen = f"pty://{tmp_path}/ttyLED"
        done = CliRunner().invoke(simulate, [family, "--listen", listen, "--seconds", "0.1"])
        assert done.exit_code == 2
        assert done.output.startswith(f"{listen}: {family} cards have no serial line")
        assert not (tmp_path / "ttyLED").exists()


def test_a_refusal_is_no_success_and_no_reason_to_try_again() -> None:
    def refused(_connection: Card) -> dict[str, object]:
        raise CardRefusedError(0x13)

    with pytest.raises(click.exceptions.Exit) as ended:
        _talk("cp5200", "tcp://127.0.0.1:9", PANEL, False, False, "pattern", refused)
    assert ended.value.exit_code == 65


def test_info_leaves_the_glass_as_it_is() -> None:
    for family in ("cp5200", "bx56", "jetfile2"):
        with simulator.serve(family, "tcp://127.0.0.1:0", PANEL) as sim:
            at = ("--family", family, "--url", sim.url)
            assert run("pattern", *at).exit_code == 0
            before = sim.glass
            assert any(sim.pixels)
            assert run("info", *at).exit_code == 0
            assert run("brightness", "40", *at).exit_code == 0
            assert sim.glass == before, family


def test_a_dry_run_asks_the_family_whether_it_could() -> None:
    url = ("--url", "udp://127.0.0.1:9", "--dry-run")
    assert run("pattern", "--family", "ddp", *url).exit_code == 0
    assert run("power", "off", "--family", "ddp", *url).exit_code == 2
    assert run("text", "急", "--family", "ntcip", *url).exit_code == 2


@pytest.mark.parametrize("family", ["bx56", "bxk", "bxy", "cp5200", "huidu", "huidu-http", "jetfile2", "ntcip"])
def test_a_card_set_to_another_size_cannot_be_used(family: str) -> None:
    """One error and one code everywhere, and nothing of the card's is erased. A cp5200 tells no size, and refuses a
    window that is larger than its screen."""
    http = family in ("bxy", "huidu-http")
    small = Panel("small", 96, 64, ColorMode.MONO, 10)
    with simulator.serve(family, f"{network_scheme(family)}://127.0.0.1:0", small) as sim:
        at = ("--family", family, "--url", sim.url.replace("tcp:", "http:") if http else sim.url)
        before, lit = sim.glass, [each.cause for each in sim.changes]
        found = run("pattern", *at, "--panel", PANEL.name)
        assert found.exit_code == 75, found.output
        assert found.output.startswith("card answers, but cannot be used: ")
        told = "window outside the screen" if family == "cp5200" else "96x64"
        assert told in found.output
        assert (sim.glass, [each.cause for each in sim.changes]) == (before, lit)
        assert run("info", *at, "--panel", PANEL.name).exit_code == 0


def test_a_card_set_to_other_colours_cannot_be_used() -> None:
    """Two colours a pixel on a card that has one: stripes, and confirmed."""
    one = Panel("one", 256, 128, ColorMode.MONO, 10)
    with simulator.serve("bx56", "tcp://127.0.0.1:0", one) as sim:
        found = run("pattern", "--family", "bx56", "--url", sim.url, "--panel", "p10-256x128-dual")
        assert found.exit_code == 75, found.output
        assert "mono" in found.output
        assert "dual" in found.output


@pytest.mark.parametrize("web", ["foo", "127.0.0.1:99999", ":8080", "127.0.0.1:٥", "127.0.0.1:"])
def test_simulate_says_what_a_browsers_address_looks_like(web: str) -> None:
    done = CliRunner().invoke(simulate, ["cp5200", "--listen", "tcp://127.0.0.1:0", "--web", web, "--seconds", "0.1"])
    assert done.exit_code == 2
    assert "HOST:PORT" in done.output
    assert "8080" in done.output


def test_simulate_runs_for_a_while() -> None:
    found = CliRunner().invoke(
        simulate, ["cp5200", "--listen", "tcp://127.0.0.1:0", "--seconds", "0.1", "--json"]
    )
    assert found.exit_code == 0, found.output
    assert json.loads(found.output.splitlines()[0])["listen"].startswith("tcp://127.0.0.1:")
    assert CliRunner().invoke(simulate, ["nothing", "--listen", "tcp://127.0.0.1:0"]).exit_code == 2
