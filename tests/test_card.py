"""The card's patience: scripted lines for single rules, simulated cards for the whole."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

import realcard
from kit import FakeClock
from ledsign import simulator
from ledsign.card import Card, Patience
from ledsign.clock import SystemClock
from ledsign.config import load_config
from ledsign.errors import CardRefusedError, ConfigError, TransportError, UnsupportedError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link, Role, families
from ledsign.protocol.cp5200 import CP5200, basic, calls
from ledsign.protocol.cp5200.packets import CallReply, Part, Reply, Request
from ledsign.protocol.message import Message
from ledsign.transport import Address
from realcard import bring

PANEL = Panel("test", 96, 64, ColorMode.MONO, 10)  # 768 bytes: two packets a page
HASTY = Patience(reply_s=0.3, dead_s=1.2, quiet_s=0.02, lull_s=0.1, backoff_first_s=0.05, backoff_last_s=0.2)
pair = partial(realcard.pair, family="cp5200", panel=PANEL, patience=HASTY)
VERSION = bytes((0, 5, 16, 12, 0, 0, 0, 0x36))


def page(seed: int) -> Page:
    return Page(PANEL.width, PANEL.height, PANEL.mode, random.Random(seed).randbytes(12 * 64), 1.0)


def frame(seed: int) -> Frame:
    drawn = page(seed)
    return Frame(drawn.width, drawn.height, PixelFormat.PLANES_1, drawn.pixels, drawn.sha256)


class ScriptedLine:
    """A line with a card behind it that answers as the test says. ``script(message, n)`` may return None to
    behave; time stands still, so that silence costs nothing."""

    def __init__(self, script: "Callable[[Request, int], list[Message] | None]") -> None:
        self._script = script
        self._card = CP5200(Link.NET, Role.CARD)
        self._out = b""
        self.said: list[Request] = []
        self.closed = False

    def write(self, data: bytes, timeout: float) -> None:
        for message in self._card.feed(data):
            assert isinstance(message, Request)
            self.said.append(message)
            answers = self._script(message, len(self.said))
            if answers is None:
                answers = [good(message)]
            self._out += b"".join(p for a in answers for p in self._card.encode(a))

    def read(self, timeout: float) -> bytes:
        data, self._out = self._out, b""
        return data

    def later(self, message: Message) -> None:
        self._out += self._card.encode(message)[0]

    def close(self) -> None:
        self.closed = True

    def line_seconds(self, count: int) -> float:
        return 0.0


def good(message: Request) -> Message:
    body = message.body
    if isinstance(body, calls.Call | Part):
        return CallReply(body.code if body.code >= 0 else 3)
    answers = {0x2E: VERSION, 0x47: b"\x01" + bytes(7), 0x76: b"\x01\x01" + bytes(8), 0x46: b"\x01" + bytes(24)}
    return Reply(body.code, b"\x01" if isinstance(body, basic.WriteBrightness) else answers.get(body.code, b"\x01"))


def scripted(
    script: "Callable[[Request, int], list[Message] | None]", clock: FakeClock | None = None
) -> tuple[Card, ScriptedLine]:
    line = ScriptedLine(script)

    def opener(_address: Address) -> ScriptedLine:
        line.closed = False
        return line

    clock = clock or FakeClock()
    return Card("cp5200", "tcp://127.0.0.1:5200", PANEL, clock, HASTY, opener=opener, jitter=lambda: 0.0), line


def parts(line: ScriptedLine) -> list[int]:
    return [m.body.index for m in line.said if isinstance(m.body, Part)]


def test_prepares_before_the_first_page_and_skips_an_unchanged_one() -> None:
    card, line = scripted(lambda _m, _n: None)
    assert not card.connected
    assert card.show(frame(1)) is AckLevel.ACKED
    kinds = [type(m.body).__name__ for m in line.said]
    assert kinds == ["QueryVersion", "GlobalZones", "SavedWindows", "SplitWindows", "Part", "Part"]
    assert card.show(frame(1)) is AckLevel.ACKED
    assert parts(line) == [0, 1]
    assert len(line.said) == 7  # only a proof of life
    card.show(frame(2))
    assert parts(line) == [0, 1, 0, 1]


def test_silence_is_swept_and_the_same_packet_goes_again() -> None:
    lost = {5}
    card, line = scripted(lambda _m, n: [] if n in lost else None)
    assert card.show(frame(1)) is AckLevel.ACKED
    assert parts(line) == [0, 0, 1]
    assert isinstance(line.said[5].body, basic.Basic)  # the probe between the two


def test_damage_repeats_the_packet_and_disorder_the_page() -> None:
    answers: dict[int, list[Message]] = {5: [CallReply(3, 1)], 7: [CallReply(3, 2)]}
    card, line = scripted(lambda _m, n: answers.get(n))
    assert card.show(frame(1)) is AckLevel.ACKED
    assert parts(line) == [0, 0, 1, 0, 1]


def test_refusal_is_not_repeated_and_keeps_the_line() -> None:
    card, line = scripted(lambda m, _n: [CallReply(3, 0x13)] if isinstance(m.body, Part) else None)
    with pytest.raises(CardRefusedError) as refusal:
        card.show(frame(1))
    assert refusal.value.code == 0x13
    assert parts(line) == [0]
    assert card.connected
    card.set_brightness(50)


def test_answers_that_are_not_ours_confirm_nothing() -> None:
    strangers: list[Message] = [
        CallReply(3, card_id=2),
        CallReply(1),
        CallReply(3, index=4, last=9),
        Reply(0x2E, VERSION),
        CallReply(None),
    ]
    card, line = scripted(lambda m, _n: strangers if isinstance(m.body, Part) else None)
    with pytest.raises(TransportError):
        card.show(frame(1))
    assert set(parts(line)) == {0}


def test_an_answer_that_comes_twice_does_not_confirm_a_lost_last_packet() -> None:
    """Packet 0 is answered twice, packet 1 never arrives: the second answer must not stand for packet 1."""

    def script(message: Request, _n: int) -> list[Message] | None:
        if isinstance(message.body, Part):
            return [CallReply(3), CallReply(3)] if message.body.index == 0 else []
        return None

    card, _line = scripted(script)
    with pytest.raises(TransportError):
        card.show(frame(1))


def test_a_late_answer_does_not_confirm_the_next_page() -> None:
    """The answer to page 1 comes only after its time-out, before the probe's: it counts for page 1 alone."""
    state = {"held": 0, "deaf": False}

    def script(message: Request, _n: int) -> list[Message] | None:
        if isinstance(message.body, Part):
            if state["deaf"]:
                return []
            if message.body.index == 1 and not state["held"]:
                state["held"] = 1
                return []  # too late
            return None
        if state["held"] == 1:
            state["held"] = 2
            return [CallReply(3), good(message)]  # here it is
        return None

    card, line = scripted(script)
    assert card.show(frame(1)) is AckLevel.ACKED
    assert parts(line) == [0, 1]
    state["deaf"] = True
    with pytest.raises(TransportError):
        card.show(frame(2))


def test_abort_between_packets_counts_nothing() -> None:
    card, line = scripted(lambda _m, _n: None)
    assert card.show(frame(1), abort=lambda: len(parts(line)) == 1) is AckLevel.PLANNED
    assert parts(line) == [0]
    assert card.show(frame(2)) is AckLevel.ACKED
    assert parts(line) == [0, 0, 1]


def test_dead_card_backs_off_doubling_and_flash_is_spared() -> None:
    clock = FakeClock()
    dead = {"dead": False}
    card, line = scripted(lambda _m, _n: [] if dead["dead"] else None, clock)
    card.show(frame(1))
    assert card.flash_writes == 1
    dead["dead"] = True
    waits = []
    for _ in range(4):
        with pytest.raises(TransportError) as lost:
            card.show(frame(2))
        waits.append(lost.value.retry_in)
        assert line.closed
        said = len(line.said)
        with pytest.raises(TransportError):  # asked too early: nothing is sent
            card.show(frame(2))
        assert len(line.said) == said
        clock.advance(lost.value.retry_in + 0.001)
    assert waits == pytest.approx([0.05, 0.1, 0.2, 0.2])
    assert len(card.exchanges) == 20
    dead["dead"] = False
    assert card.show(frame(2)) is AckLevel.ACKED
    assert card.flash_writes == 1
    clock.advance(90_000)
    line.close()
    card.close()
    card.show(frame(3))
    assert card.flash_writes == 2


def test_an_interrupted_exchange_poisons_the_line() -> None:
    class PowerCutError(Exception):
        """Something nobody expects in the middle of a page."""

    trap = {"armed": False}

    def abort() -> bool:
        if trap["armed"]:
            raise PowerCutError
        return False

    card, line = scripted(lambda _m, _n: None)
    card.show(frame(1))
    trap["armed"] = True
    with pytest.raises(PowerCutError):
        card.show(frame(2), abort)
    with pytest.raises(TransportError):
        card.show(frame(2))
    assert line.closed


def test_impossible_frames_raise_before_a_byte() -> None:
    card, line = scripted(lambda _m, _n: None)
    with pytest.raises(UnsupportedError):
        card.show(Frame(96, 64, PixelFormat.PNG, b"", ""))
    assert line.said == []
    with pytest.raises(ConfigError):
        Card("cp5200", "tcp://127.0.0.1:5200?colour=red", PANEL, FakeClock())


@pytest.mark.parametrize(
    "faults",
    [
        "drop=0.15,seed=3",
        "corrupt=0.05,seed=5",
        "duplicate=0.5,drop=0.1,seed=9",
        "late=0.1:0.5,seed=2",
        "silent=0.8@9",
        "reboot=11",
        "strict=1,drop=0.15,duplicate=0.3",
        "ber=0.00003,seed=8",
    ],
)
def test_every_confirmed_page_is_lit_on_a_real_line(listen: str, faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    sim.fault(faults)
    for seed in range(6):
        bring(card, frame(seed))
        assert sim.glass == page(seed).sha256
    assert {s.sha256 for s in sim.shown} <= {page(seed).sha256 for seed in range(6)}


def test_power_cycle_between_pages(listen: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    bring(card, frame(1))
    sim.power_cycle(boot_s=0.4)
    with pytest.raises(TransportError) as lost:  # the proof of life fails while the card boots
        card.poll()
    time.sleep(lost.value.retry_in)
    bring(card, frame(1))
    assert sim.glass == page(1).sha256
    assert [c.cause for c in sim.changes][-4:] == ["off", "boot", "split", "page"]


def test_old_saved_windows_never_come_back(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("cp5200", "tcp://127.0.0.1:0", PANEL))
    old = Card("cp5200", sim.url, PANEL, SystemClock(), HASTY)
    bring(old, frame(7))
    assert old._line.talk is not None
    old._line.talk.say(calls.SavedWindows(clear=False))  # somebody saved a page into flash long ago
    old.close()
    sim.reboot(0.1)
    assert sim.wait_for(lambda s: s.glass == page(7).sha256, 5)  # the zombie
    card = Card("cp5200", sim.url, PANEL, SystemClock(), HASTY)
    stack.callback(card.close)
    bring(card, frame(1))
    sim.reboot(0.1)
    assert sim.wait_for(lambda s: s.changes[-1].cause == "boot", 5)
    assert sim.state()["saved"] == 0


def test_commands_reach_the_card(listen: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    assert card.info().firmware == "3.6"
    bring(card, frame(1))
    card.set_power(False)
    assert sim.state()["on"] is False
    assert not any(sim.pixels)
    card.set_power(True)
    assert sim.glass == page(1).sha256
    card.set_brightness(100)
    assert sim.state()["brightness"] == [31] * 24
    now = SystemClock().now()
    card.set_clock(now)
    assert str(sim.state()["clock"])[:13] == now.isoformat()[:13]
    card.clear()
    assert not any(sim.pixels)


def test_every_family_has_a_sample_whose_card_can_be_made(root: Path) -> None:
    """URL and options of every configuration in configs/screens mean something to the family's codec."""
    seen = set()
    for path in sorted((root / "configs" / "screens").glob("*.yaml")):
        loaded = load_config(path)
        for section in loaded.panels:
            card = Card(section.card.family, section.card.url, loaded.panel(section), FakeClock())
            assert card.formats, f"{path.name}: no page of this panel suits the card"
            seen.add(section.card.family)
    assert seen == set(families())
