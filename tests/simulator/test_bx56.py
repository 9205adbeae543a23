"""The simulated BX card, driven by the real card object: faults, power cuts, files, dead-man."""

import json
import random
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import realcard
from ledsign.clock import SystemClock
from ledsign.errors import TransportError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol import onbon
from ledsign.protocol.bx56 import BX56, commands, packets
from ledsign.protocol.bx56.packets import Packet
from ledsign.protocol.codec import Link
from ledsign.simulator.bx56 import Bx56Brain
from ledsign.simulator.canvas import Pixels, to_page
from realcard import HASTY, bring

MONO = Panel("mono", 96, 64, ColorMode.MONO, 10)
DUAL = Panel("dual", 72, 20, ColorMode.DUAL, 10)
COLOR = Panel("color", 40, 20, ColorMode.RGB, 5)
pair = partial(realcard.pair, family="bx56", panel=MONO)
FORMS = {
    ColorMode.MONO: PixelFormat.PLANES_1,
    ColorMode.DUAL: PixelFormat.PLANES_2,
    ColorMode.RGB: PixelFormat.RGB888,
}


def page(panel: Panel, seed: int) -> Page:
    size = panel.width * panel.height * 3
    if panel.mode is not ColorMode.RGB:
        size = panel.width // 8 * panel.height * (1 if panel.mode is ColorMode.MONO else 2)
    return Page(panel.width, panel.height, panel.mode, random.Random(seed).randbytes(size), 1.0)


def frame(panel: Panel, seed: int) -> Frame:
    drawn = page(panel, seed)
    return Frame(panel.width, panel.height, FORMS[panel.mode], drawn.pixels, drawn.sha256)


@pytest.mark.parametrize(
    ("panel", "options"),
    [
        (MONO, ""), (MONO, "model=5e"), (DUAL, ""), (DUAL, "model=5e"), (COLOR, ""), (COLOR, "model=6q&id=1"),
        (MONO, "pages=programme"), (DUAL, "model=5m&pages=programme"), (DUAL, "model=6ag&pages=programme"),
        (COLOR, "pages=programme"),
    ],
)  # fmt: skip
def test_every_layout_is_drawn_as_it_was_meant(panel: Panel, options: str, stack: ExitStack) -> None:
    sim, card = pair(stack, panel=panel, options=options)
    for seed in range(3):
        bring(card, frame(panel, seed))
        assert sim.glass == page(panel, seed).sha256
    assert sim.state()["areas"] == ([] if "programme" in options else [0])


def test_wrong_colour_order_is_seen(stack: ExitStack) -> None:
    sim, card = pair(stack, panel=DUAL, options="order=gr")
    bring(card, frame(DUAL, 1))
    half = len(sim.pixels) // 2
    assert sim.pixels[half:] + sim.pixels[:half] == page(DUAL, 1).pixels


@pytest.mark.parametrize(
    "faults",
    [
        "drop=0.15,seed=3",
        "corrupt=0.2,seed=5",
        "nak=0.2",
        "duplicate=0.5,drop=0.1,seed=9",
        "garbage=0.4,foreign=0.4",
        "late=0.1:0.3,seed=2",
        "silent=0.5@9",
        "reboot=5",
        "strict=1,drop=0.15,duplicate=0.3",
        "ber=0.00003,seed=8",
    ],
)
def test_every_confirmed_page_is_lit_and_no_other(listen: str, faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    sim.fault(faults)
    for seed in range(4):
        bring(card, frame(MONO, seed))
        assert sim.glass == page(MONO, seed).sha256
    assert {s.sha256 for s in sim.shown} <= {page(MONO, seed).sha256 for seed in range(4)}


@pytest.mark.parametrize(
    "faults", ["drop=0.1,seed=3", "corrupt=0.1,seed=5", "nak=0.2", "strict=1,drop=0.1,duplicate=0.3", "reboot=14"]
)
def test_programmes_arrive_whole_or_not_at_all(listen: str, faults: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen, options="pages=programme&block=256")
    sim.fault(faults)
    for seed in range(2):
        bring(card, frame(MONO, seed))
        assert sim.glass == page(MONO, seed).sha256
    assert {s.sha256 for s in sim.shown} <= {page(MONO, seed).sha256 for seed in range(2)}


def test_power_cut_in_the_middle_of_a_page(listen: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    bring(card, frame(MONO, 1))
    sim.power_cycle(boot_s=0.4)
    with pytest.raises(TransportError) as lost:
        card.poll()
    time.sleep(lost.value.retry_in)
    bring(card, frame(MONO, 1))
    assert sim.glass == page(MONO, 1).sha256
    causes = [change.cause for change in sim.changes]
    assert causes[causes.index("off") :] == ["off", "page"]  # nothing in the flash that could come up


def test_old_programmes_never_come_back(stack: ExitStack) -> None:
    sim, card = pair(stack)
    assert sim.state()["files"] == ["P000"]  # what the vendor's tool left
    bring(card, frame(MONO, 1))
    assert sim.state()["files"] == []
    sim.reboot(0.1)
    assert sim.wait_for(lambda s: s.changes[-1].cause == "boot" or not any(s.pixels), 5)
    assert not any(sim.pixels)


def test_without_us_the_page_goes_off_and_with_us_it_stays(stack: ExitStack) -> None:
    sim, card = pair(stack, patience=replace(HASTY, hold_s=1))
    bring(card, frame(MONO, 1))
    end = time.monotonic() + 1.4
    while time.monotonic() < end:  # polled: the page is repeated in time
        card.poll()
        assert sim.glass == page(MONO, 1).sha256
        time.sleep(0.1)
    assert sim.wait_for(lambda s: not any(s.pixels), 4)  # left alone: gone
    assert sim.changes[-1].cause == "expired"
    assert card.show(frame(MONO, 1)) is AckLevel.ACKED  # shown again, not believed to be there
    assert sim.glass == page(MONO, 1).sha256
    card.show(frame(MONO, 1), ttl_s=0)  # the last page before we leave has no end
    assert not sim.wait_for(lambda s: not any(s.pixels), 1.3)


def test_the_kept_page_stands_below_and_comes_up_after_a_power_cut(stack: ExitStack) -> None:
    for options in ("", "model=5e"):
        sim, card = pair(stack, options=options)
        card.keep(frame(MONO, 9))
        bring(card, frame(MONO, 1))
        assert sim.glass == page(MONO, 1).sha256
        assert "P000" in sim.state()["files"]  # type: ignore[operator]
        card.show(frame(MONO, 1), ttl_s=1)
        assert sim.wait_for(lambda s: s.glass == page(MONO, 9).sha256, 4)  # without us: the kept page, not darkness
        sim.power_cycle(boot_s=0.05)
        assert sim.wait_for(lambda s: s.changes[-1].sha256 == page(MONO, 9).sha256, 5)
        card.close()


def test_commands_reach_the_card(listen: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    info = card.info()
    assert (info.model, info.firmware) == ("BX-6E (7402)", "22.04.15")
    assert (info.details["size"], info.details["colors"], info.details["programmes"]) == ("96x64", "mono", "1")
    bring(card, frame(MONO, 1))
    card.set_power(False)
    assert sim.state()["on"] is False
    assert not any(sim.pixels)
    card.set_power(True)
    assert sim.glass == page(MONO, 1).sha256
    card.set_brightness(50)
    assert sim.state()["brightness"] == [8] * 48
    now = SystemClock().now()
    card.set_clock(now)
    assert str(sim.state()["clock"])[:13] == now.isoformat()[:13]
    card.clear()
    assert not any(sim.pixels)


class Bench:
    """A brain without a line."""

    def __init__(self, panel: Panel) -> None:
        self.pixels: list[Pixels] = []
        self.brain = Bx56Brain(panel, lambda pixels, _cause: self.pixels.append(pixels), strict=False)
        self.brain.power_up()

    def say(self, command: commands.Command, **fields: object) -> commands.Reply | None:
        asked = Packet(packets.Generation.G6, command, **{"dst": 1, **fields})  # type: ignore[arg-type]
        answers = self.brain.answer(asked)
        if not answers:
            return None
        (answer,) = answers
        assert isinstance(answer, Packet)
        assert isinstance(answer.body, commands.Reply)
        return answer.body


def test_the_vendors_own_frames_light_the_pictures(shared: Path) -> None:
    """Frames of the vendor's kits alone, no byte of ours: programme, two-page programme, dynamic area."""
    entries = json.loads((shared / "vectors" / "onbon-bx56.json").read_text())
    lit: dict[str, list[str]] = {}
    for prefix, mode in (("G5-J-", ColorMode.MONO), ("G6-J-", ColorMode.MONO), ("G5-JD", ColorMode.DUAL),
                         ("G6-JD", ColorMode.DUAL)):  # fmt: skip
        panel = Panel("p", 64, 32, mode, 10)
        bench = Bench(panel)
        bench.say(commands.DeleteFiles())
        for entry in entries:
            if not entry["id"].startswith(prefix) or entry["direction"] != "client->card":
                continue
            (message,) = BX56(Link.NET).feed(bytes.fromhex(entry["hex"]))
            (answer,) = bench.brain.answer(message)
            assert isinstance(answer, Packet)
            assert isinstance(answer.body, commands.Reply)
            refused = {"G5-J-19", "G5-J-20", "G6-J-19", "G6-J-20"}  # programme locks, which this card does not have
            assert (answer.body.code == commands.NACK) == (entry["id"] in refused), entry["id"]
            lit.setdefault(prefix, []).append(to_page(bench.pixels[-1], panel).sha256)
        if prefix.endswith("JD"):
            bench.say(commands.EndTransfer())
            lit[prefix].append(to_page(bench.pixels[-1], panel).sha256)
    expected = {mode: to_page(picture(mode), Panel("p", 64, 32, mode, 10)).sha256 for mode in ColorMode}
    for prefix, seen in lit.items():
        assert expected[ColorMode.DUAL if "JD" in prefix else ColorMode.MONO] in seen, prefix


def picture(mode: ColorMode) -> Pixels:
    """Picture A of the vectors, 64x32."""
    import numpy as np

    pixels: Pixels = np.zeros((32, 64, 3), np.uint8)
    for y in range(32):
        for x in range(64):
            if y == 31:
                pixels[y, x, :2] = 255
            elif x == 63:
                pixels[y, x, 1] = 255
            elif y == 0 or x == 0 or (x + y) % 7 == 0:
                pixels[y, x, 0] = 255
    return pixels


def test_a_file_counts_only_when_it_is_whole() -> None:
    bench = Bench(MONO)
    start = commands.StartWrite("P001", 0, 8, b"\0\0\0\0")
    assert bench.say(commands.WriteBlock("P001", 1, 0, b"x")) == commands.Reply(0xA0, 1, 6)
    assert bench.say(start) == commands.Reply(0xA0, 0)
    assert bench.say(commands.WriteBlock("P001", 1, 4, b"abcd")) == commands.Reply(0xA0, 1, 16)
    assert bench.say(commands.WriteBlock("P001", 1, 0, b"abcdefgh")) == commands.Reply(0xA0, 1, 11)
    assert bench.say(commands.StartWrite("P000", 0, 8, b"", overwrite=0)) == commands.Reply(0xA0, 1, 15)
    assert bench.say(commands.StartWrite("P002", 0, 1 << 30, b"")) == commands.Reply(0xA0, 1, 4)
    assert bench.say(commands.OtherCommand(0xB0, 1)) == commands.Reply(0xA0, 1, 2)
    assert bench.say(commands.UpdateAreas(b"\1\0nonsense")) == commands.Reply(0xA0, 1, 25)


def test_only_its_own_address_is_answered() -> None:
    bench = Bench(MONO)
    assert bench.say(commands.Ping(), dst=0xFFFF) is None
    assert bench.say(commands.Ping(), dst=2) is None
    assert bench.say(commands.Ping(), dst=0xFFFE) is not None


def test_generation_probe_is_answered_in_the_cards_own_generation() -> None:
    for panel, version in ((MONO, 5), (COLOR, 7)):
        asked = Packet(packets.Generation.PROBE, commands.OtherCommand(0xA2, 0, b"\0\0"), seq=2)
        (answer,) = Bench(panel).brain.answer(asked)
        assert onbon.unwrap(BX56(Link.NET).encode(answer)[0])[4] == version
