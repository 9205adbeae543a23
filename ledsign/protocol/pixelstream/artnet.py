"""Art-Net: DMX universes of 512 bytes over UDP port 6454.

::

    "Art-Net" 00 | opcode u16 LE | 00 0E | ...
    5000 ArtDmx    sequence (0: unused) | physical | universe u16 LE (15 bits) | length u16 BE (even, 2-512) | data
    5200 ArtSync   aux | aux          show what has come; a receiver that saw one waits for the next

170 RGB pixels fill 510 bytes of a universe. The heads are made and recognised by the ``stupidArtnet`` library. Its
client opens a socket as soon as it exists and its server a thread, so neither is made: the client's two layout
functions are given the fields that they read, and the server's header check needs no object. What follows a head
the library does not look at. Source: the public description of Art-Net 4.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from stupidArtnet.StupidArtnet import StupidArtnet
from stupidArtnet.StupidArtnetServer import StupidArtnetServer

from ledsign.errors import UnsupportedError
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.message import Message
from ledsign.protocol.pixelstream.stream import PixelStream, need, number

MAGIC = b"Art-Net\0"
_VERSION = bytes((0, 14))
_PHYSICAL = 13  # place of the physical port
DMX, SYNC = 0x5000, 0x5200
USED = 510  # bytes of a universe: 170 whole pixels
LAST_UNIVERSE = 0x7FFF


@dataclass(frozen=True, slots=True)
class ArtDmx(Message):
    """One universe."""

    sequence: int
    physical: int
    universe: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ArtSync(Message):
    """Show all universes at once."""

    aux1: int = 0
    aux2: int = 0


@dataclass(frozen=True, slots=True)
class ArtOther(Message):
    """An Art-Net packet of another kind: poll, reply, configuration."""

    opcode: int
    data: bytes


@dataclass
class _Head:
    """What the library's layout functions read of a client, and where they leave their work."""

    sequence: int = 0
    universe: int = 0
    packet_size: int = 0
    is_simplified: bool = True  # the universe as one number of 15 bits
    subnet: int = 0
    net: int = 0
    packet_header: bytearray = field(default_factory=bytearray)
    artsync_header: bytearray = field(default_factory=bytearray)

    def dmx(self) -> bytearray:
        StupidArtnet.make_artdmx_header(self)
        return self.packet_header

    def sync(self) -> bytearray:
        StupidArtnet.make_artsync_header(self)
        return self.artsync_header


class ArtNet(PixelStream):
    """Art-Net receivers. Options: ``universe`` (of the first pixel, default 0), ``sync`` (1: end a page with
    ArtSync, the default; 0: for receivers that stumble over it)."""

    family: ClassVar[str] = "artnet"
    default_port: ClassVar[int] = 6454
    known: ClassVar[frozenset[str]] = frozenset({"universe", "sync"})

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        super().__init__(link, role, options)
        self._first = number(options, "universe", 0, 0, LAST_UNIVERSE)
        self._sync = number(options, "sync", 1, 0, 1)

    def _cut(self, pixels: bytes, count: int) -> Sequence[Message]:
        if self._first + (len(pixels) - 1) // USED > LAST_UNIVERSE:
            raise UnsupportedError("artnet has no universes left for such a page")
        parts: list[Message] = []
        for index, offset in enumerate(range(0, len(pixels), USED)):
            data = pixels[offset : offset + USED]
            parts.append(ArtDmx(count % 255 + 1, 0, self._first + index, data + bytes(len(data) % 2)))
        return [*parts, ArtSync()] if self._sync else parts

    def _pack(self, message: Message) -> bytes | None:
        if isinstance(message, ArtDmx):
            head = _Head(message.sequence, message.universe, len(message.data)).dmx()
            head[_PHYSICAL] = message.physical  # the library knows but one
            return bytes(head) + message.data
        if isinstance(message, ArtSync):
            return bytes(_Head().sync()[:-2]) + bytes((message.aux1, message.aux2))
        if isinstance(message, ArtOther):
            return MAGIC + struct.pack("<H", message.opcode) + message.data
        return None

    def _parse(self, data: bytes) -> Message:
        need(len(data) >= 12 and data[:8] == MAGIC, "Art-Net header")
        opcode = int.from_bytes(data[8:10], "little")
        if opcode not in (DMX, SYNC):
            return ArtOther(opcode, data[10:])
        if opcode == SYNC:
            need(len(data) == 14 and data[10:12] == _VERSION, "ArtSync length and version")
            return ArtSync(data[12], data[13])
        need(len(data) >= 18 and StupidArtnetServer.validate_header(data), "ArtDmx header")
        sequence, physical, universe = struct.unpack_from("<BBH", data, 12)
        length = int.from_bytes(data[16:18], "big")
        need(universe <= LAST_UNIVERSE, "ArtDmx universe")
        need(length == len(data) - 18 and 2 <= length <= 512 and length % 2 == 0, "ArtDmx length")
        return ArtDmx(sequence, physical, universe, data[18:])
