"""``ledsign card`` and ``ledsign simulate`` from the outside."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from ledsign import simulator
from ledsign.cli.card import card
from ledsign.cli.simulate import simulate
from ledsign.panel import ColorMode, Panel

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


def test_simulate_runs_for_a_while() -> None:
    found = CliRunner().invoke(
        simulate, ["cp5200", "--listen", "tcp://127.0.0.1:0", "--seconds", "0.1", "--json"]
    )
    assert found.exit_code == 0, found.output
    assert json.loads(found.output.splitlines()[0])["listen"].startswith("tcp://127.0.0.1:")
    assert CliRunner().invoke(simulate, ["nothing", "--listen", "tcp://127.0.0.1:0"]).exit_code == 2
