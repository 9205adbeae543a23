"""What a page costs on each family's line: bytes, efficiency, time; and how full a serial line is meanwhile.

    python tools/bench_link.py [--panel p10-192x96-mono]   all families, in simulated time
    python tools/bench_link.py --pty                        serial families on a pseudo-terminal paced in real time

*efficiency*: bytes of the packets that carry the picture / all bytes towards the card, that is the share of what the
family's framing allows. *framing*: bytes of the picture / bytes of the packets that carry it. *line*: time that
bytes of both directions take at the line's speed / time from the first byte of the page to the last.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from noise import sample_pages

from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.frame import Page
from ledsign.panel import Panel, load_panels
from ledsign.protocol.codec import Link
from ledsign.render.pack import pack
from ledsign.resources import resource
from ledsign.simulator.desk import Desk, DeskLine
from ledsign.transport import Address, Transport, open_transport

CARRIES = 200  # bytes of a packet that has a piece of picture in it; commands are shorter
BAUDS = (57_600, 115_200)
LINES = {  # as the documents know them
    "cp5200": (Link.SERIAL, Link.NET),
    "bx56": (Link.SERIAL, Link.NET),
    "jetfile2": (Link.SERIAL, Link.NET, Link.UDP),
    "ntcip": (Link.SERIAL, Link.NET, Link.UDP),
    "bxy": (Link.NET,),
    "huidu": (Link.NET,),
    "huidu-http": (Link.NET,),
    "ddp": (Link.UDP,),
    "artnet": (Link.UDP,),
    "sacn": (Link.UDP,),
    "colorlight": (Link.UDP,),
}


class Counter:
    """A line that notes its writes."""

    def __init__(self, line: Transport) -> None:
        self._line = line
        self.sent: list[tuple[float, int]] = []
        self.read_bytes = 0
        self.close = line.close
        self.line_seconds = line.line_seconds

    def write(self, data: bytes, timeout: float) -> None:
        self.sent.append((time.monotonic(), len(data)))
        self._line.write(data, timeout)

    def read(self, timeout: float) -> bytes:
        data = self._line.read(timeout)
        self.read_bytes += len(data)
        return data


@dataclass(frozen=True)
class Cost:
    """One page on one line."""

    payload: int
    carried: int
    down: int
    up: int
    packets: int
    seconds: float
    busy: float


def on_desk(family: str, panel: Panel, link: Link, baud: int, pages: Sequence[Page]) -> list[Cost]:
    desk = Desk(family, panel, link, baud)
    lines: list[Counter] = []

    def opener(address: Address) -> Counter:
        line: DeskLine = desk.open(address)
        lines.append(Counter(line))
        return lines[-1]

    url = {Link.SERIAL: f"pty:///desk?baud={baud}", Link.NET: "tcp://desk", Link.UDP: "udp://desk"}[link]
    card = Card(family, url, panel, desk.clock, opener=opener)
    costs = []
    for number, page in enumerate(pages):
        frame = pack(page, card.formats[0])
        desk.reset()
        if lines:
            lines[-1].sent.clear()
        began = desk.clock.monotonic()
        card.show(frame)
        if number:  # the first one also prepares the card
            sizes = [size for _at, size in lines[-1].sent]
            carried = sum(size for size in sizes if size >= CARRIES)
            assert desk.first_at is not None
            span = desk.last_at - desk.first_at
            line_s = (desk.sent + desk.answered) * desk.byte_s
            cost = Cost(len(frame.data), carried, desk.sent, desk.answered, len(sizes), 0.0, min(1.0, line_s / span))
            costs.append(Cost(**{**cost.__dict__, "seconds": desk.clock.monotonic() - began}))
    return costs


def on_pty(family: str, panel: Panel, baud: int, pages: Sequence[Page]) -> list[float]:
    """Share of the time between the first and the last byte of a page that bytes are on the line, page by page."""
    shares = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sim = stack.enter_context(simulator.serve(family, f"pty://{folder}/tty", panel, baud=baud))
        lines: list[Counter] = []

        def opener(address: Address) -> Counter:
            lines.append(Counter(open_transport(address)))
            return lines[-1]

        card = Card(family, sim.url, panel, SystemClock(), opener=opener)
        stack.callback(card.close)
        card.ensure()
        for page in pages:
            line = lines[-1]
            line.sent.clear()
            line.read_bytes = 0
            card.show(pack(page, card.formats[0]))
            last_at, last = line.sent[-1]
            span = last_at + last * 10 / baud - line.sent[0][0]
            shares.append((sum(size for _at, size in line.sent) + line.read_bytes) * 10 / baud / span)
    return shares


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--panel", default="p10-192x96-mono")
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--pty", action="store_true")
    given = parser.parse_args()
    panel = load_panels(resource("configs", "panels.yaml"))[given.panel]
    pages = sample_pages(panel)[: given.pages]
    print("| family | line | picture | down | up | packets | framing | efficiency | line | seconds a page |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for family, links in LINES.items():
        for link in links:
            for baud in BAUDS if link is Link.SERIAL else BAUDS[:1]:
                costs = on_desk(family, panel, link, baud, pages)
                middle = sorted(costs, key=lambda cost: cost.seconds)[len(costs) // 2]
                name = f"serial {baud}" if link is Link.SERIAL else str(link)
                busy = f"{middle.busy:.1%}" if link is Link.SERIAL else "–"
                if given.pty and link is Link.SERIAL:
                    busy += f", pty {_median(on_pty(family, panel, baud, pages)):.1%}"
                print(
                    f"| {family} | {name} | {middle.payload} | {middle.down} | {middle.up} | {middle.packets} "
                    f"| {middle.payload / max(1, middle.carried):.3f} | {middle.carried / middle.down:.3f} "
                    f"| {busy} | {middle.seconds:.2f} |"
                )


if __name__ == "__main__":
    main()
