"""Colorlight: pages through the simulated card, over datagrams, and as raw frames between two interfaces."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError, TransportError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.colorlight import Colorlight
from ledsign.protocol.message import ShowFrame
from ledsign.simulator.colorlight import ColorlightBrain

COLOR = Panel("color", 40, 20, ColorMode.RGB, 5)
WIDE = Panel("wide", 1000, 16, ColorMode.RGB, 5)


def page(panel: Panel, seed: int) -> Page:
    pixels = random.Random(seed).randbytes(panel.width * panel.height * 3)
    return Page(panel.width, panel.height, panel.mode, pixels, 1.0)


def framed(wanted: Page) -> Frame:
    return Frame(wanted.width, wanted.height, PixelFormat.RGB888, wanted.pixels, wanted.sha256)


def show(card: Card, wanted: Page) -> AckLevel:
    return card.show(framed(wanted))


@pytest.mark.parametrize(
    ("panel", "listen", "options"),
    [(COLOR, "", ""), (WIDE, "", ""), (COLOR, "?order=rgb", "?order=rgb&mark=80")],
)
def test_pages_are_drawn_as_they_were_meant_and_only_sent(panel: Panel, listen: str, options: str) -> None:
    with simulator.serve("colorlight", f"udp://127.0.0.1:0{listen}", panel) as sim:
        card = Card("colorlight", sim.url + options, panel, SystemClock())
        for seed in range(3):
            assert show(card, page(panel, seed)) is AckLevel.SENT  # nothing ever says more
            assert sim.wait_for(lambda s, seed=seed: s.glass == page(panel, seed).sha256, 3)  # type: ignore[misc]
        card.set_brightness(50)
        show(card, page(panel, 9))
        assert sim.wait_for(lambda s: s.state()["levels"] == [128, 128, 128], 3)
        card.close()


def test_a_page_with_a_lost_piece_of_a_row_is_no_page() -> None:
    lit: list[tuple[bytes, str]] = []
    card = ColorlightBrain(WIDE, lambda pixels, cause: lit.append((pixels.tobytes(), cause)))
    card.power_up()
    sender = Colorlight(Link.UDP, Role.DRIVER, {})
    frames = sender.encode(next(sender.routine(ShowFrame(framed(page(WIDE, 1))))))
    assert len(frames) == 16 * 3 + 1
    receiver = card.talk(Link.UDP)
    for lost in (1, None):
        for number, data in enumerate(frames):
            for message in receiver.feed(data) if number != lost else ():
                card.answer(message)
    assert [cause for _pixels, cause in lit] == ["boot", "part", "page"]
    assert lit[-1][0] == page(WIDE, 1).pixels


def test_the_wrong_order_of_colours_is_seen() -> None:
    with simulator.serve("colorlight", "udp://127.0.0.1:0", COLOR) as sim:
        card = Card("colorlight", sim.url + "?order=rgb", COLOR, SystemClock())
        show(card, page(COLOR, 1))
        assert sim.wait_for(lambda s: any(s.pixels) and s.shown, 3)
        swapped = bytes(b for at in range(0, len(sim.pixels), 3) for b in sim.pixels[at : at + 3][::-1])
        assert swapped == page(COLOR, 1).pixels
        card.close()


@pytest.fixture
def cable() -> Iterator[tuple[str, str]]:
    """Two interfaces that are each other's end."""
    ip = shutil.which("ip")
    ends = f"lsa{os.getpid() % 100000}", f"lsb{os.getpid() % 100000}"
    if os.geteuid() != 0 or ip is None:
        pytest.skip("a pair of interfaces needs root and the program ip")
    made = subprocess.run([ip, "link", "add", ends[0], "type", "veth", "peer", "name", ends[1]], check=False)
    if made.returncode:
        pytest.skip("this system makes no pair of interfaces")
    try:
        for end in ends:
            subprocess.run([ip, "link", "set", end, "up"], check=True)
        yield ends
    finally:
        subprocess.run([ip, "link", "del", ends[0]], check=True)


def test_raw_frames_from_one_interface_to_the_other(cable: tuple[str, str]) -> None:
    with simulator.serve("colorlight", f"raw://{cable[1]}", COLOR) as sim:
        card = Card("colorlight", f"raw://{cable[0]}?experimental=1", COLOR, SystemClock())
        for seed in range(3):
            assert show(card, page(COLOR, seed)) is AckLevel.SENT
            assert sim.wait_for(lambda s, seed=seed: s.glass == page(COLOR, seed).sha256, 3)  # type: ignore[misc]
        card.close()


def test_what_a_raw_line_needs_is_said() -> None:
    for url in ("raw://eth1", "raw://eth1?experimental=0", "raw:///dev/x?experimental=1", "raw://eth1/x?experimental=1"):
        with pytest.raises(ConfigError):
            Card("colorlight", url, COLOR, SystemClock())
    card = Card("colorlight", "raw://nosuchinterface?experimental=1", COLOR, SystemClock())
    with pytest.raises(TransportError, match="raw://nosuchinterface"):
        show(card, page(COLOR, 1))
