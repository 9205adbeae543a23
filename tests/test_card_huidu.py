"""HuiDu cards from end to end: pages, faults, zombies, ends, both roles, discovery. All on loopback."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from click.testing import CliRunner

import cardkit
from ledsign import simulator
from ledsign.card import Card, Patience
from ledsign.card.discovery import find_cards
from ledsign.cli.card import card as card_verbs
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError, TransportError, UnsupportedError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link
from ledsign.protocol.huidu.session import Say
from ledsign.render.pack import pack

PANEL = Panel("test", 96, 64, ColorMode.RGB, 10)  # random colours: 18 kB a file, three packets
HASTY = Patience(reply_s=0.3, dead_s=1.2, quiet_s=0.01, lull_s=0.1, backoff_first_s=0.05, backoff_last_s=0.2)
FAMILIES = ["huidu", "huidu-http"]


def page(seed: int) -> Page:
    size = PANEL.width * PANEL.height * 3
    return Page(PANEL.width, PANEL.height, PANEL.mode, random.Random(seed).randbytes(size), 1.0)


def frame(seed: int) -> Frame:
    return pack(page(seed), PixelFormat.PNG)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def bring(card: Card, wanted: Frame, seconds: float = 12.0) -> int:
    losses, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            assert card.show(wanted) is AckLevel.ACKED
            return losses
        except TransportError as error:
            losses += 1
            time.sleep(max(0.01, error.retry_in))
    raise AssertionError(f"not shown in {seconds} s: {card.exchanges}")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("faults", ["drop=0.1,seed=3", "reboot=11"])
def test_every_confirmed_page_is_lit_and_no_other(family: str, faults: str, stack: ExitStack) -> None:
    """Over real sockets; every other fault in simulated time (test_card_faults)."""
    sim = stack.enter_context(simulator.serve(family, "tcp://127.0.0.1:0", PANEL))
    card = Card(family, sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    sim.fault(faults)
    for seed in range(3):
        bring(card, frame(seed))
        assert sim.glass == page(seed).sha256
    assert {s.sha256 for s in sim.shown} <= {page(seed).sha256 for seed in range(3)}


def test_noise_on_the_line_is_survived(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("huidu", "tcp://127.0.0.1:0", PANEL))
    card = Card("huidu", sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    sim.fault("garbage=0.2,seed=4")
    bring(card, frame(1))
    assert sim.glass == page(1).sha256


def test_an_upload_that_a_restart_cut_goes_on_where_it_stopped(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("huidu", "tcp://127.0.0.1:0", PANEL))
    card = Card("huidu", sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    card.ensure()
    sim.fault("reboot=4")  # time, start, one of three pieces, then the mains fail
    with pytest.raises(TransportError):
        card.show(frame(1))
    assert sim.wait_for(lambda s: not s.state()["booting"], 5)
    (held,) = sim.state()["files"].values()  # type: ignore[attr-defined]
    assert 0 < held < len(frame(1).data)
    bring(card, frame(1))
    assert sim.glass == page(1).sha256


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_card_had_stored_never_comes_back(family: str, stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve(family, "tcp://127.0.0.1:0", PANEL))
    old = Card(family, sim.url, PANEL, SystemClock(), HASTY)
    old.show(frame(7), ttl_s=0)
    old.close()
    sim.reboot(0.1)
    assert sim.wait_for(lambda s: s.glass == page(7).sha256, 5)  # programmes are in flash: the zombie
    card = Card(family, sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    card.ensure()
    assert not any(sim.pixels)
    bring(card, frame(1))
    sim.reboot(0.1)
    assert sim.wait_for(lambda s: s.changes[-1].cause == "boot", 5)
    assert sim.glass == page(1).sha256  # nothing but the last page is on the card
    bring(card, frame(2))
    card.clear()
    assert not any(sim.pixels)
    if family == "huidu":
        assert len(sim.state()["files"]) == 1  # type: ignore[arg-type]  # the black one


@pytest.mark.parametrize("family", FAMILIES)
def test_a_page_with_an_end_goes_off_by_itself_even_if_the_clock_is_set(family: str, stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve(family, "tcp://127.0.0.1:0", PANEL))
    card = Card(family, sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    card.show(frame(1), ttl_s=2)
    card.set_clock(SystemClock().now())
    assert sim.glass == page(1).sha256
    assert sim.wait_for(lambda s: s.changes[-1].cause == "expired", 6)
    assert not any(sim.pixels)


@pytest.mark.parametrize("family", FAMILIES)
def test_commands_reach_the_card(family: str, stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve(family, "tcp://127.0.0.1:0", PANEL))
    card = Card(family, sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    info = card.info()
    assert info.firmware == "7.10.78.1"
    assert info.details["screen"] == "96x64"
    bring(card, frame(1))
    card.set_power(False)
    assert not any(sim.pixels)
    card.set_power(True)
    assert sim.glass == page(1).sha256
    card.set_brightness(40)
    assert sim.state()["brightness"] == 40
    now = SystemClock().now()
    card.set_clock(now)
    assert str(sim.state()["clock"])[:13] == now.isoformat()[:13]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("options", "writes"), [("ends=0", 0), ("", 3)])
def test_a_page_that_stands_does_not_wear_the_flash(family: str, options: str, writes: int) -> None:
    """Ten minutes in simulated time. An end lies in the card's flash too: it is moved, and nothing else written."""
    bench = cardkit.bench(family, Link.NET, options=options)
    bench.bring(1)
    before, lit, clock = bench.card.flash_writes, len(bench.desk.changes), bench.desk.clock
    while clock.monotonic() < 600:
        clock.sleep(2)
        bench.card.poll()
        assert bench.desk.glass == bench.sha(1)
    assert bench.card.show(bench.frame(1)) is AckLevel.ACKED
    assert bench.card.flash_writes - before == writes
    assert len(bench.desk.changes) <= lit + writes
    cardkit.stranger(bench, Link.NET).clear()
    removed = clock.monotonic()
    while bench.desk.glass != bench.sha(1):
        clock.sleep(2)
        try:
            bench.card.poll()
        except TransportError:
            bench.bring(1)
    assert clock.monotonic() - removed <= 62


@pytest.mark.parametrize("hello", ["8", "10"])
def test_the_card_may_dial(hello: str, stack: ExitStack) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    card = Card("huidu", f"listen://127.0.0.1:{port}?connect=1", PANEL, SystemClock(), HASTY)
    with pytest.raises(TransportError, match="no card has dialled"):
        card.ensure()
    sim = stack.enter_context(simulator.serve("huidu", f"dial://127.0.0.1:{port}?hello={hello}", PANEL))
    stack.callback(card.close)
    bring(card, frame(1))
    assert sim.glass == page(1).sha256
    sim.reboot(0.1)
    bring(card, frame(2))
    assert sim.glass == page(2).sha256


def test_one_connection_for_every_request(stack: ExitStack) -> None:
    """``http://``: the connection may end after each answer; keys are checked."""
    sim = stack.enter_context(simulator.serve("huidu-http", "tcp://127.0.0.1:0?key=k1&secret=s1", PANEL))
    url = sim.url.replace("tcp", "http")
    card = Card("huidu-http", f"{url}?key=k1&secret=s1", PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    assert "s1" not in card.url
    for seed in range(3):
        bring(card, frame(seed))
        assert sim.glass == page(seed).sha256
    stranger = Card("huidu-http", f"{url}?key=k1&secret=wrong", PANEL, SystemClock(), HASTY)
    stack.callback(stranger.close)
    with pytest.raises(TransportError, match="401"):
        stranger.show(frame(5))
    assert sim.glass == page(2).sha256


def test_cards_answer_a_search(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("huidu", "udp://127.0.0.1:0", PANEL))
    port = int(sim.url.rpartition(":")[2])
    ((host, found),) = find_cards("huidu", "127.0.0.1", port, 0.5, SystemClock())
    assert host == "127.0.0.1"
    assert found.details["id"] == "C16L-D00-A000F"
    assert found.details["sdk"] == "true"
    assert find_cards("huidu", "127.0.0.1", 9, 0.1, SystemClock()) == []
    with pytest.raises(UnsupportedError):
        find_cards("cp5200", "127.0.0.1", 9, 0.1, SystemClock())
    arguments = [
        "discover",
        "--family",
        "huidu",
        "--address",
        "127.0.0.1",
        "--port",
        str(port),
        "--seconds",
        "0.5",
    ]
    shown = CliRunner().invoke(card_verbs, [*arguments, "--json"])
    assert shown.exit_code == 0
    assert "C16L-D00-A000F" in shown.output
    assert CliRunner().invoke(card_verbs, ["discover", "--family", "cp5200"]).exit_code == 2


def test_other_methods_of_other_clients(stack: ExitStack) -> None:
    """What the driver does not need, and other programs send."""
    sim = stack.enter_context(simulator.serve("huidu", "tcp://127.0.0.1:0", PANEL))
    card = Card("huidu", sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    bring(card, frame(1))
    assert card._line.talk is not None
    (guid,) = sim.state()["programmes"]  # type: ignore[misc]
    for command in (
        Say("GetProgram"),
        Say("GetDeviceName"),
        Say("SwitchProgram", f'<program guid="{guid}" index="0"/>'),
        Say("SetPlayTypeToNormal"),
        Say("SetSwitchTime", '<open enable="true"/><ploy enable="false"/>'),
        Say("GetSDKTcpServer"),
        Say("SetSDKTcpServer", '<server host="192.168.1.2" port="10001"/>'),
        Say("SetHttpApiEnable", '<func enable="true"/>'),
        Say("Reboot"),
        Say("DeleteProgram", f'<program guid="{guid}"/>'),
    ):
        assert card._line.talk.say(command) is not None
    assert not any(sim.pixels)


def test_decode_all_vectors(shared: Path) -> None:
    for family, count in (("huidu", 42), ("huidu-http", 6)):
        arguments = [
            "decode",
            "--family",
            family,
            "--json",
            "--vectors",
            str(shared / "vectors" / "huidu.json"),
        ]
        found = CliRunner().invoke(card_verbs, arguments)
        assert found.exit_code == 0
        assert found.output.count('"reencoded_equal": true') == count


def test_pattern_on_a_card_that_takes_pictures(stack: ExitStack) -> None:
    panel = Panel("p10-192x96-mono", 192, 96, ColorMode.MONO, 10)
    sim = stack.enter_context(simulator.serve("huidu", "tcp://127.0.0.1:0", panel))
    shown = CliRunner().invoke(card_verbs, ["pattern", "--family", "huidu", "--url", sim.url])
    assert shown.exit_code == 0, shown.output
    assert any(sim.pixels)


def test_wrong_options() -> None:
    for url in ("dial://127.0.0.1", "tcp://127.0.0.1:0?hello=9"):
        with pytest.raises(ConfigError), simulator.serve("huidu", url, PANEL):
            pass
