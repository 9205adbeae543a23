"""DDP, the Distributed Display Protocol: pixel bytes with their offset, UDP port 4048.

::

    flags | sequence | type | destination | offset u32 BE | length u16 BE | [timecode u32] | data

``flags``: 40 version 1, 10 timecode follows, 08 storage, 04 reply, 02 query, 01 push: show what has come.
``sequence`` 1-15, 0 unused. ``type`` 0B is RGB with 8 bits; others in use for the same are 00, 01 and 0D.
``destination`` 1 is the display; 246, 250 and 251 carry JSON and no pixels. Sources: the header's description in
FPP, the senders and receivers of LedFx and WLED.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ledsign.errors import ConfigError, UnsupportedError
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.message import Message
from ledsign.protocol.pixelstream.stream import PixelStream, need, number

VERSION, VERSION_BITS, TIMECODE, REPLY, QUERY, PUSH = 0x40, 0xC0, 0x10, 0x04, 0x02, 0x01
RGB = 0x0B
RGB_TYPES = frozenset({0x00, 0x01, RGB, 0x0D})  # one meaning, four habits
DISPLAY, CONTROL = 1, 246
CHUNK = 1440  # bytes of pixels a packet: 480 LEDs, and no fragments on an Ethernet


@dataclass(frozen=True, slots=True)
class DdpHeader(Message):
    """A packet without its pixels. ``length`` are the bytes that follow it."""

    flags: int
    sequence: int
    type: int
    destination: int
    offset: int
    length: int
    timecode: int | None = None

    def pack(self) -> bytes:
        fields = (self.flags, self.sequence, self.type, self.destination, self.offset, self.length)
        tail = b"" if self.timecode is None else struct.pack(">I", self.timecode)
        return struct.pack(">BBBBIH", *fields) + tail


@dataclass(frozen=True, slots=True)
class DdpPacket(Message):
    """Pixel bytes from ``header.offset`` on."""

    header: DdpHeader
    data: bytes

    @property
    def push(self) -> bool:
        return bool(self.header.flags & PUSH)


def parse_header(data: bytes) -> tuple[DdpHeader, bytes]:
    """Header and what follows it. Raises ProtocolError."""
    need(len(data) >= 10 and data[0] & VERSION_BITS == VERSION, "DDP header")
    flags, sequence, kind, destination, offset, length = struct.unpack_from(">BBBBIH", data)
    timed = bool(data[0] & TIMECODE)
    need(not timed or len(data) >= 14, "DDP timecode")
    timecode = int.from_bytes(data[10:14], "big") if timed else None
    return DdpHeader(flags, sequence, kind, destination, offset, length, timecode), data[14 if timed else 10 :]


class DDP(PixelStream):
    """DDP displays. Options: ``id`` (destination 1-249 without 246, default 1), ``type`` (two hex digits, default
    0b)."""

    family: ClassVar[str] = "ddp"
    default_port: ClassVar[int] = 4048
    known: ClassVar[frozenset[str]] = frozenset({"id", "type"})

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        super().__init__(link, role, options)
        self._destination = number(options, "id", DISPLAY, 1, 249)
        if self._destination == CONTROL:
            raise ConfigError(f"ddp: id {CONTROL} is for JSON, not for pixels")
        kinds = {f"{kind:02x}": kind for kind in RGB_TYPES}
        wanted = options.get("type", "0b").lower()
        if wanted not in kinds:
            raise ConfigError(f"ddp: type is one of {', '.join(sorted(kinds))}")
        self._type = kinds[wanted]

    def _cut(self, pixels: bytes, count: int) -> Sequence[Message]:
        parts = []
        for offset in range(0, len(pixels), CHUNK):
            data = pixels[offset : offset + CHUNK]
            flags = VERSION | (PUSH if offset + CHUNK >= len(pixels) else 0)
            header = DdpHeader(flags, count % 15 + 1, self._type, self._destination, offset, len(data))
            parts.append(DdpPacket(header, data))
        return parts

    def _pack(self, message: Message) -> bytes | None:
        return message.header.pack() + message.data if isinstance(message, DdpPacket) else None

    def _parse(self, data: bytes) -> Message:
        header, rest = parse_header(data)
        need(header.length == len(rest), "DDP length")
        return DdpPacket(header, rest)

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        """``headers-only``: a header whose pixels were left out."""
        if kind != "headers-only":
            raise UnsupportedError(f"ddp knows no value {kind!r}")
        header, rest = parse_header(data)
        need(not rest, "DDP header")
        return header, header.pack()
