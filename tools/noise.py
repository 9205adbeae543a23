"""The noise campaign: real pages over noisy serial lines, and what the glass showed.

    python tools/noise.py                     1,000 pages a cell in simulated time at 57,600 baud, some minutes
    python tools/noise.py --pty --pages 20    the same over a pseudo-terminal paced to that rate, in real time

Every bit in both directions is flipped with the bit error rate, independently. A page counts as delivered when the
card object said so; as wrong when the glass ever showed pixels that are not the page being sent; as false when it
was confirmed and not on the glass. Pages are those of the shipped sample notices, over and over.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import Clock, SystemClock
from ledsign.errors import CardRefusedError, ProtocolError, RenderError, TransportError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.frame import Page
from ledsign.panel import Panel, load_panels
from ledsign.policy import load_policy
from ledsign.protocol.codec import Link
from ledsign.render.pack import pack
from ledsign.render.pages import Renderer
from ledsign.resources import resource
from ledsign.simulator.desk import Desk
from ledsign.simulator.record import Shown

FAMILIES = ("cp5200", "bx56", "jetfile2", "ntcip")
RATES = (1e-5, 1e-4, 1e-3)
BAUD = 57_600


@dataclass(frozen=True)
class Cell:
    """One family at one bit error rate; times are the line's own."""

    family: str
    ber: float
    pages: int
    delivered: int
    wrong: int
    false: int
    lost: int
    goodput: float
    seconds: float
    repeated: float


def sample_pages(panel: Panel) -> list[Page]:
    """All pages of the shipped sample notices that can be drawn without pictures."""
    renderer = Renderer(panel, load_policy(resource("configs", "policy.yaml"), None), None)
    pages: list[Page] = []
    for path in sorted(Path(str(resource("configs", "samples"))).glob("*.json")):
        try:
            pages += renderer.render(parse_notice(parse_json(path.read_bytes()))).pages
        except RenderError:
            continue
    return [page for page, before in zip(pages, [None, *pages], strict=False) if before is None or page != before]


def campaign(
    card: Card,
    clock: Clock,
    glass: Callable[[], str],
    shown: Callable[[], Sequence[Shown]],
    pages: Sequence[Page],
    patience: float,
) -> tuple[int, int, int, int, int]:
    """Delivered, wrong, false, lost, bytes delivered."""
    delivered = wrong = false = lost = size = 0
    for page in pages:
        frame, until, before = pack(page, card.formats[0]), clock.monotonic() + patience, len(shown())
        while clock.monotonic() < until:
            try:
                card.show(frame)
            except (TransportError, CardRefusedError, ProtocolError) as error:
                lost += 1
                clock.sleep(max(0.05, getattr(error, "retry_in", 0.0)))
                continue
            delivered += 1
            size += len(frame.data)
            false += glass() != page.sha256
            break
        dark = bytes(len(page.pixels))
        allowed = {page.sha256, Page(page.width, page.height, page.mode, dark, 0.0).sha256}
        wrong += any(each.sha256 not in allowed for each in shown()[before:])
    return delivered, wrong, false, lost, size


def on_desk(family: str, panel: Panel, ber: float, pages: Sequence[Page], patience: float, seed: int) -> Cell:
    desk = Desk(family, panel, Link.SERIAL, BAUD)
    card = Card(family, f"pty:///desk?baud={BAUD}", panel, desk.clock, opener=desk.open)
    card.ensure()
    desk.fault(f"ber={ber},seed={seed}")
    began = desk.clock.monotonic()
    found = campaign(card, desk.clock, lambda: desk.glass, lambda: desk.shown, pages, patience)
    return _cell(family, ber, card, found, len(pages), desk.clock.monotonic() - began)


def on_pty(family: str, panel: Panel, ber: float, pages: Sequence[Page], patience: float, seed: int) -> Cell:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sim = stack.enter_context(simulator.serve(family, f"pty://{folder}/tty", panel, baud=BAUD))
        card = Card(family, sim.url, panel, SystemClock())
        stack.callback(card.close)
        card.ensure()
        sim.fault(f"ber={ber},seed={seed}")
        began = time.monotonic()
        found = campaign(card, SystemClock(), lambda: sim.glass, lambda: sim.shown, pages, patience)
        return _cell(family, ber, card, found, len(pages), time.monotonic() - began)


def _cell(
    family: str, ber: float, card: Card, found: tuple[int, int, int, int, int], pages: int, seconds: float
) -> Cell:
    delivered, wrong, false, lost, size = found
    link = card.link
    repeated = link.repeated / max(1, link.packets)
    return Cell(family, ber, pages, delivered, wrong, false, lost, size / seconds, seconds, repeated)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--families", nargs="+", default=FAMILIES)
    parser.add_argument("--ber", nargs="+", type=float, default=RATES)
    parser.add_argument("--panel", default="p10-192x96-mono")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds a page; a hundredth at 1e-3")
    parser.add_argument("--pty", action="store_true", help="a paced pseudo-terminal in real time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    panel = load_panels(resource("configs", "panels.yaml"))[given.panel]
    drawn = sample_pages(panel)
    pages = [drawn[number % len(drawn)] for number in range(given.pages)]
    run = on_pty if given.pty else on_desk
    print(f"{panel.name}, {BAUD} baud, {len(drawn)} different pages, {'pty' if given.pty else 'simulated time'}")
    print("| family | bit error rate | delivered | wrong on the glass | falsely confirmed | goodput B/s | repeated |")
    print("|---|---|--:|--:|--:|--:|--:|")
    cells = []
    for family in given.families:
        for ber in given.ber:
            patience = given.patience * (0.01 if ber >= 1e-3 else 1.0)
            cell = run(family, panel, ber, pages, patience, given.seed)
            cells.append(asdict(cell))
            print(
                f"| {cell.family} | {cell.ber:.0e} | {cell.delivered} of {cell.pages} | {cell.wrong} | {cell.false} "
                f"| {cell.goodput:.0f} | {cell.repeated:.1%} |",
                flush=True,
            )
    if given.out:
        given.out.write_text(json.dumps(cells, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
