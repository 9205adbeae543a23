"""The simulated CP5200 card, driven by the real card object: template programmes, the kept page, files, texts."""

import random
import socket
import time
from contextlib import ExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import realcard
from ledsign import simulator
from ledsign.card import Card
from ledsign.frame import AckLevel, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Ability, Link
from ledsign.protocol.cp5200 import CP5200, calls
from ledsign.protocol.message import UploadFile
from ledsign.render.pack import pack
from ledsign.simulator.lettering import letter

MONO = Panel("mono", 96, 64, ColorMode.MONO, 10)
COLOR = Panel("color", 40, 20, ColorMode.RGB, 5)


def page(panel: Panel, seed: int) -> Page:
    size = panel.width * panel.height * 3 if panel.mode is ColorMode.RGB else panel.width // 8 * panel.height
    return Page(panel.width, panel.height, panel.mode, random.Random(seed).randbytes(size), 1.0)


def pair(
    stack: ExitStack, listen: str = "tcp://127.0.0.1:0", options: str = "pages=template", panel: Panel = MONO
) -> tuple[simulator.SimulatedCard, Card]:
    baud = 115200 if listen.startswith("pty") else None
    return realcard.pair(stack, listen, options, family="cp5200", panel=panel, baud=baud)


def bring(card: Card, wanted: Page) -> None:
    realcard.bring(card, pack(wanted, card.formats[0]))


@pytest.mark.parametrize(
    "faults",
    ["", "drop=0.1,seed=3", "corrupt=0.02,seed=5", "nak=0.1", "duplicate=0.5,drop=0.1,seed=9", "reboot=20",
     "garbage=0.4,foreign=0.4", "late=0.1:0.3,seed=2", "silent=0.5@12"],
)  # fmt: skip
def test_template_pages_arrive_whole_whatever_is_lost(listen: str, faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen, "pages=template&chunk=64")
    sim.fault(faults)
    for seed in range(3):
        bring(card, page(MONO, seed))
        assert sim.glass == page(MONO, seed).sha256
    black = Page(96, 64, ColorMode.MONO, bytes(768), 1.0)
    assert {s.sha256 for s in sim.shown} <= {page(MONO, seed).sha256 for seed in range(3)} | {black.sha256}


@pytest.mark.parametrize("options", ["", "pages=template"])
def test_full_colour_and_gif_pages(options: str, stack: ExitStack) -> None:
    sim, card = pair(stack, options=options, panel=COLOR)
    for seed, form in enumerate((PixelFormat.PLANES_24, PixelFormat.GIF)):
        drawn = page(COLOR, seed)
        pixels = bytes(value & 0xC0 for value in drawn.pixels)  # 64 colours: a palette holds them
        drawn = Page(40, 20, ColorMode.RGB, pixels, 1.0)
        assert card.show(pack(drawn, form)) is AckLevel.ACKED
        assert sim.glass == drawn.sha256


@pytest.mark.parametrize("options", ["", "pages=template"])
def test_the_kept_page_comes_up_after_a_power_cut_and_no_notice_does(
    options: str, stack: ExitStack
) -> None:
    sim, card = pair(stack, options=options)
    safe = page(MONO, 9)
    card.keep(pack(safe, PixelFormat.PLANES_1))
    bring(card, page(MONO, 1))
    assert sim.glass == page(MONO, 1).sha256
    if options:  # programmes outlive the cut: the page's own minutes end it, or we do
        card.clear()
        card.close()
        bring(card, page(MONO, 1))
    sim.power_cycle(0.05)
    assert sim.wait_for(lambda s: s.changes[-1].cause in ("saved", "boot"), 5)
    if not options:
        assert sim.glass == safe.sha256
    time.sleep(0.05)
    bring(card, page(MONO, 2))
    assert sim.glass == page(MONO, 2).sha256


def test_without_us_a_template_page_gives_way_to_the_safe_one(stack: ExitStack) -> None:
    sim, card = pair(stack)
    assert Ability.TTL in card.abilities
    safe = page(MONO, 9)
    card.keep(pack(safe, PixelFormat.PLANES_1))
    bring(card, page(MONO, 1))
    assert sim.state()["programs"] == [1, 2]
    brain = sim._brain
    due = brain.due()  # type: ignore[attr-defined]
    assert 290 < due <= 300
    programs = brain._templates._programs  # type: ignore[attr-defined]
    object.__setattr__(programs[2], "until", time.monotonic() + 0.1)  # five minutes pass
    sim._bell.send(b"!")
    assert sim.wait_for(lambda s: s.glass == safe.sha256, 3)


def test_set_up_files_and_urgent_texts(stack: ExitStack) -> None:
    sim, card = pair(stack, options="")
    found = card.setup({})
    assert (found["address"], found["baud"], found["id"]) == ("192.168.1.222", "57600", "1")
    changed = card.setup({"on": "06:00", "off": "22:00", "brightness": "7", "gateway": "10.0.0.1"})
    assert (changed["off"], changed["gateway"]) == ("22:00", "10.0.0.1")
    assert sim.state()["brightness"] == [7] * 24
    assert card.setup({})["gateway"] == "10.0.0.1"
    data = random.Random(1).randbytes(30_000)
    card.upload(UploadFile("logo.gif", data, datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))))
    assert sim.state()["files"] == ["logo.gif"]
    assert int(card.setup({})["free"]) == 1_400_000 - 30_000
    bring(card, page(MONO, 1))
    card.say("停水", 1)
    lit = np.unpackbits(np.frombuffer(sim.pixels, np.uint8).reshape(64, 12), axis=1)
    assert (lit == letter("停水", 96, 64)[:, :, 0] // 255).all()
    assert sim.wait_for(lambda s: s.glass == page(MONO, 1).sha256, 3)  # then it falls back


def test_texts_in_windows_are_drawn_with_letters(stack: ExitStack) -> None:
    """As the clients behind vectors cp-051 and cp-072 send it."""
    sim, _card = pair(stack, options="")
    with socket.create_connection(("127.0.0.1", int(sim.url.rpartition(":")[2]))) as line:
        for call in (
            calls.SplitWindows((calls.Window(0, 0, 96, 16),)),
            calls.PureText(0, 0, 5, 3, 5, 2, 255, 0, 0, "停水".encode("gbk")),
        ):
            line.sendall(CP5200(Link.NET).encode(call)[0])
            line.recv(100)
    lit = np.unpackbits(np.frombuffer(sim.pixels, np.uint8).reshape(64, 12), axis=1)
    assert (lit[:16] == letter("停水", 96, 16)[:, :, 0] // 255).all()
