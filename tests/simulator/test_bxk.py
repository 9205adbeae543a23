"""The simulated BX-K card, driven by the real card object: words arrive whole, and end by themselves."""

from contextlib import ExitStack
from functools import partial

import pytest

import realcard
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.errors import TransportError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link
from ledsign.render.pack import pack
from ledsign.simulator.canvas import to_page
from ledsign.simulator.desk import Desk
from ledsign.simulator.lettering import letter, lines
from realcard import bring

MONO = Panel("mono", 128, 64, ColorMode.MONO, 10)
pair = partial(realcard.pair, family="bxk", panel=MONO)
TEXTS = ("停水通知\n明日8时至12时", "村务公开", "第3季度\n收支: 1,234.50元\\n")


def frame(text: str) -> Frame:
    page = Page(128, 64, ColorMode.MONO, bytes(1024), 5.0, text=tuple(text.split("\n")))
    return pack(page, PixelFormat.TEXT)


def drawn(text: str, size: int = 16) -> str:
    """The identity of our letters' picture of what the card's fonts have of a text."""
    return to_page(letter(text.replace("\\", "＼"), 128, 64, size), MONO).sha256


@pytest.mark.parametrize(
    "faults",
    ["", "drop=0.15,seed=3", "corrupt=0.2,seed=5", "nak=0.2", "duplicate=0.5,drop=0.1,seed=9", "late=0.1:0.3,seed=2",
     "garbage=0.4,foreign=0.4", "silent=0.5@6", "reboot=6"],
)  # fmt: skip
def test_every_confirmed_text_is_lit_and_no_other(listen: str, faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    sim.fault(faults)
    for text in TEXTS:
        bring(card, frame(text))
        assert sim.glass == drawn(text)
    assert {shown.sha256 for shown in sim.shown} <= {drawn(text) for text in TEXTS}


@pytest.mark.parametrize("link", [Link.SERIAL, Link.NET])
@pytest.mark.parametrize("faults", [*(f"reboot={packet}" for packet in range(1, 7)), "silent=300@2", "late=0.2:4"])
def test_a_restart_at_any_packet_and_five_minutes_of_silence(link: Link, faults: str) -> None:
    """In simulated time: the words that were confirmed are lit in the end, and no others ever."""
    desk = Desk("bxk", MONO, link)
    url = "pty:///desk?baud=57600" if link is Link.SERIAL else "tcp://desk"
    card = Card("bxk", url, MONO, desk.clock, opener=desk.open)
    card.show(frame(TEXTS[0]))
    desk.fault(faults)
    for text in TEXTS[1:]:
        until = desk.clock.monotonic() + 400
        while desk.clock.monotonic() < until:
            try:
                card.show(frame(text))
                break
            except TransportError as error:
                desk.clock.sleep(max(0.05, error.retry_in))
        assert desk.glass == drawn(text)
    assert {shown.sha256 for shown in desk.shown} <= {drawn(text) for text in TEXTS}


@pytest.mark.parametrize("size", [16, 24, 32])
def test_the_font_is_the_one_asked_for(size: int, stack: ExitStack) -> None:
    sim, card = pair(stack, options=f"font={size}&series=6k&id=1")
    bring(card, frame("停水"))
    assert sim.glass == drawn("停水", size)


def test_the_kept_text_stands_when_the_other_has_ended_and_after_a_power_cut(stack: ExitStack) -> None:
    sim, card = pair(stack)
    assert sim.state()["files"] == ["P000"]  # what the vendor's tool left
    card.keep(frame("村务公开"))
    bring(card, frame("停水"))
    assert sim.glass == drawn("停水")  # the area is cleared first: it hides the programme
    assert card.show(frame("停水"), ttl_s=1) is AckLevel.ACKED
    assert sim.wait_for(lambda s: s.glass == drawn("村务公开"), 4)
    sim.power_cycle(0.05)
    assert sim.wait_for(lambda s: s.changes[-1].cause == "boot", 5)
    assert sim.glass == drawn("村务公开")


def test_commands_reach_the_card(stack: ExitStack) -> None:
    sim, card = pair(stack)
    info = card.info()
    assert (info.model, info.details["size"], info.details["programmes"]) == ("BX-K (61)", "128x64", "1")
    bring(card, frame("停水"))
    card.set_power(False)
    assert not any(sim.pixels)
    card.set_power(True)
    card.set_brightness(100)
    assert sim.state()["brightness"] == 15
    now = SystemClock().now()
    card.set_clock(now)
    assert str(sim.state()["clock"])[:13] == now.isoformat()[:13]
    card.clear()
    assert not any(sim.pixels)


def test_lines_break_where_the_panel_ends() -> None:
    assert lines("村务公开ab\nc", 8) == ["村务公开", "ab", "c"]
    assert lines("", 8) == [""]
