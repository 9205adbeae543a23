"""The fault kit: every registered family against its own simulated card, on every line that it knows.

The card sits on a desk in simulated time, so that five minutes of silence cost nothing and a seed gives the same
run each time. What must hold whatever goes wrong: a confirmed page is on the glass, and nothing else ever is.
"""

import random
from dataclasses import dataclass
from functools import cache

from ledsign.card import Card, Patience
from ledsign.errors import CardRefusedError, ProtocolError, TransportError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Ability, Link, Role, codec_class, create, families
from ledsign.render.pack import pack
from ledsign.simulator.desk import Desk, DeskLine
from ledsign.simulator.simulated import BRAINS

URLS = {Link.SERIAL: "pty:///desk?baud=57600", Link.NET: "tcp://desk", Link.UDP: "udp://desk"}


@cache
def lines() -> list[tuple[str, Link]]:
    """Every registered family on every line that it knows; raw Ethernet needs rights, datagrams stand for it."""
    found = []
    for family in families():
        for link in URLS:
            if link not in codec_class(family).links or family not in BRAINS:
                continue
            if PixelFormat.TEXT in create(family, link, Role.DRIVER).formats(ColorMode.MONO, 96, 64):
                continue  # letters of its own: there are no pixels to compare
            found.append((family, link))
    return found


def panel_for(family: str) -> Panel:
    """One that the family can show: 96x64, mono where it can."""
    for mode in ColorMode:
        panel = Panel("desk", 96, 64, mode, 10)
        if create(family, links_of(family)[0], Role.DRIVER).formats(mode, panel.width, panel.height):
            return panel
    raise AssertionError(f"{family} shows nothing")


def links_of(family: str) -> list[Link]:
    return [link for name, link in lines() if name == family]


def page(panel: Panel, seed: int) -> Page:
    """Noise of which an eighth is lit."""
    rng, leds = random.Random(seed), panel.width * panel.height
    if panel.mode is ColorMode.RGB:
        data = b"".join(rng.choice((b"\xff\x40\0", b"\0\0\0", b"\0\0\0")) for _ in range(leds))
    else:
        count = leds // 8 * (2 if panel.mode is ColorMode.DUAL else 1)
        data = bytes(rng.getrandbits(8) & rng.getrandbits(8) & rng.getrandbits(8) for _ in range(count))
    return Page(panel.width, panel.height, panel.mode, data, 1.0)


@dataclass
class Bench:
    """A card object and the card that it talks to."""

    desk: Desk
    card: Card
    panel: Panel

    def frame(self, seed: int) -> Frame:
        return pack(page(self.panel, seed), self.card.formats[0])

    def sha(self, seed: int) -> str:
        return page(self.panel, seed).sha256

    def bring(self, seed: int, seconds: float = 600.0) -> int:
        """Show a page whatever it takes, in simulated seconds; how often the card was lost on the way."""
        wanted, losses = self.frame(seed), 0
        end = self.desk.clock.monotonic() + seconds
        while self.desk.clock.monotonic() < end:
            try:
                level = self.card.show(wanted)
            except (TransportError, CardRefusedError, ProtocolError) as error:
                losses += 1
                self.desk.clock.sleep(max(0.05, getattr(error, "retry_in", 0.0)))
                continue
            assert level == self.card.ack
            if level <= AckLevel.SENT:  # nothing confirms a stream, it is repeated; the fault is over by then
                self.desk.fault("")
                self.settle()
            return losses
        raise AssertionError(f"not shown in {seconds} s: {self.card.exchanges}")

    def settle(self) -> None:
        """Let what is on its way arrive, and a stream repeat its page."""
        for _poll in range(3):
            self.desk.clock.sleep(2.0)
            if Ability.STREAM in self.card.abilities:
                self.card.poll()
            self.desk.arrive()

    def only(self, *seeds: int) -> None:
        """Nothing of ours was ever lit but these pages. A stream shows whatever arrives: a lost datagram leaves
        a strip of the page before until the next repetition."""
        if self.card.ack <= AckLevel.SENT:
            return
        allowed = {self.sha(seed) for seed in seeds}
        black = Page(self.panel.width, self.panel.height, self.panel.mode, bytes(len(page(self.panel, 0).pixels)), 0)
        lit = {each.sha256 for each in self.desk.shown} - {black.sha256}
        assert lit <= allowed, lit - allowed


def stranger(bench: Bench, link: Link) -> Card:
    """A second client beside ours, on a connection of its own to the same card."""
    line = DeskLine(bench.desk, bench.desk._brain.talk(link))
    family, clock = bench.card.family, bench.desk.clock
    return Card(family, URLS[link], bench.panel, clock, opener=lambda _address: line, jitter=lambda: 0.0)


def bench(
    family: str,
    link: Link,
    faults: str = "",
    patience: Patience | None = None,
    desk: Desk | None = None,
    options: str = "",
) -> Bench:
    """``desk``: a card that is there already; ``options``: of the URL."""
    panel = panel_for(family)
    desk = desk or Desk(family, panel, link, faults=faults)
    url = f"{URLS[link]}{'&' if '?' in URLS[link] else '?'}{options}" if options else URLS[link]
    card = Card(family, url, panel, desk.clock, patience, opener=desk.open, jitter=lambda: 0.0)
    return Bench(desk, card, panel)
