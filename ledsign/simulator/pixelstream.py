"""Simulated receivers of pixel streams: DDP, Art-Net, sACN. They answer nothing, and go dark when nothing comes.

A receiver does not know what a page is. It keeps the bytes that came, shows them at a push or a synchronisation
packet, and at once where the sender uses none. For the witness such a page is complete when all of it was
written anew; before that the glass shows a mixture ("part"). The same pixels again are no new page.
"""

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import Message
from ledsign.protocol.pixelstream.artnet import ArtDmx, ArtSync
from ledsign.protocol.pixelstream.ddp import DISPLAY, QUERY, REPLY, RGB_TYPES, DdpPacket
from ledsign.protocol.pixelstream.sacn import PREVIEW, TERMINATED, SacnData, SacnSync
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import logo

TIMEOUT_S = 2.5  # how long a page stands after the last datagram, as WLED and E1.31 have it
USED = 510


class StreamBrain:
    """A receiver without its socket. A family brings ``answer``."""

    family: str

    def __init__(self, panel: Panel, lit: Lit) -> None:
        self._panel = panel
        self._lit = lit
        self._size = panel.width * panel.height * 3
        self._own = logo(panel)  # what the receiver plays when nobody sends
        self._buffer = bytearray(self._size)
        self._glass, self._whole = b"", False
        self._written: set[int] = set()
        self._pieces: dict[int, int] = {}  # bytes written since the glass was last told to show them, by offset
        self._heard_at: float | None = None
        self._told = False  # the sender says when to show
        self.packets = 0

    def talk(self, link: Link) -> Talk:
        return create(self.family, link, Role.CARD)

    def power_up(self) -> None:
        self._buffer = bytearray(self._size)
        self._stop("boot")

    def state(self) -> Mapping[str, object]:
        return {"receiving": self._heard_at is not None, "told": self._told, "packets": self.packets}

    def damaged(self, message: Message) -> Sequence[Message]:
        return ()

    def foreign(self, message: Message) -> Sequence[Message]:
        return ()

    def answer(self, message: Message) -> Sequence[Message]:
        raise NotImplementedError

    def due(self) -> float | None:
        if self._heard_at is None:
            return None
        return max(0.0, self._heard_at + TIMEOUT_S - time.monotonic())

    def tick(self) -> None:
        self._stop("timeout")

    def _stop(self, cause: str) -> None:
        self._heard_at, self._told, self._glass, self._whole = None, False, b"", False
        self._written.clear()
        self._pieces.clear()
        self._lit(self._own, cause)

    def _write(self, offset: int, data: bytes) -> None:
        """Bytes into memory; what lies outside the panel is dropped."""
        self._heard_at = time.monotonic()
        self.packets += 1
        data = data[: max(0, self._size - offset)]
        self._buffer[offset : offset + len(data)] = data
        if offset in self._pieces:  # another page has begun, and the order to show this one was lost
            self._pieces.clear()
        self._pieces[offset] = len(data)

    def _anew(self) -> bool:
        """Whether all of the page was written since this was asked; pieces do not overlap."""
        whole = sum(self._pieces.values()) >= self._size
        self._pieces.clear()
        return whole

    def _show(self, whole: bool) -> None:
        now = bytes(self._buffer)
        if now == self._glass and whole <= self._whole:
            return
        self._glass, self._whole = now, whole
        pixels = np.frombuffer(now, np.uint8).reshape(self._panel.height, self._panel.width, 3)
        self._lit(pixels, ("page" if any(now) else "dark") if whole else "part")


class DdpBrain(StreamBrain):
    """Shows every packet until a push has been seen, from then on only at a push."""

    family = "ddp"

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, DdpPacket):
            return ()
        header = message.header
        if header.flags & (QUERY | REPLY) or header.destination not in (DISPLAY, 255) or header.type not in RGB_TYPES:
            return ()
        self._write(header.offset, message.data)
        self._told = self._told or message.push
        if message.push:
            self._show(self._anew())
        elif not self._told:
            self._show(header.offset + len(message.data) >= self._size and self._anew())
        return ()


class UniverseBrain(StreamBrain):
    """Universes of 170 pixels, the first of them number ``first``."""

    first: ClassVar[int]

    def _universe(self, number: int, data: bytes) -> None:
        index = number - self.first
        if not 0 <= index * USED < self._size:
            return
        self._write(index * USED, data[:USED])
        self._written.add(index)
        if not self._told:
            whole = len(self._written) * USED >= self._size
            self._show(whole)
            if whole:
                self._written.clear()


class ArtNetBrain(UniverseBrain):
    """Shows universes as they come until an ArtSync was seen, from then on only at an ArtSync."""

    family = "artnet"
    first: ClassVar[int] = 0

    def answer(self, message: Message) -> Sequence[Message]:
        if isinstance(message, ArtDmx):
            self._universe(message.universe, message.data)
        elif isinstance(message, ArtSync) and self._heard_at is not None:
            self._told = True
            self._show(whole=True)
        return ()


class SacnBrain(UniverseBrain):
    """Follows the source with the highest priority; preview data are not shown. Waits for synchronisation
    packets from the first one on."""

    family = "sacn"
    first: ClassVar[int] = 1

    def __init__(self, panel: Panel, lit: Lit) -> None:
        super().__init__(panel, lit)
        self._sources: dict[bytes, tuple[int, float]] = {}  # priority and time of the latest packet
        self._sync = 0

    def state(self) -> Mapping[str, object]:
        priorities = {cid.hex(): priority for cid, (priority, _at) in self._sources.items()}
        return {**super().state(), "sources": priorities}

    def answer(self, message: Message) -> Sequence[Message]:
        if isinstance(message, SacnSync):
            if message.universe == self._sync and message.cid == self._leader():
                self._told = True
                self._show(whole=True)
        elif isinstance(message, SacnData) and not message.start_code and not message.options & PREVIEW:
            self._data(message)
        return ()

    def _data(self, message: SacnData) -> None:
        if message.options & TERMINATED:
            self._sources.pop(message.cid, None)
            if not self._sources:
                self._stop("timeout")
            return
        self._sources[message.cid] = (message.priority, time.monotonic())
        if message.cid == self._leader():
            self._told = self._told and message.sync == self._sync and message.sync > 0
            self._sync = message.sync
            self._universe(message.universe, message.data)

    def _leader(self) -> bytes:
        now = time.monotonic()
        self._sources = {cid: seen for cid, seen in self._sources.items() if now - seen[1] <= TIMEOUT_S}
        return max(self._sources, key=lambda cid: self._sources[cid][0], default=b"")


def make_ddp(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A DDP display, not yet powered up."""
    return DdpBrain(panel, lit)


def make_artnet(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """An Art-Net receiver, not yet powered up."""
    return ArtNetBrain(panel, lit)


def make_sacn(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """An sACN receiver, not yet powered up."""
    return SacnBrain(panel, lit)
