"""sACN (ANSI E1.31): DMX universes with sources, priorities and synchronisation, UDP port 5568.

Three layers, each with flags and length (7000 or the bytes from that field to the end), all big-endian::

    root    0010 0000 "ASC-E1.17" 00 00 00 | 7xxx | vector u32: 4 data, 8 extended | CID, 16 bytes
    data    7xxx | vector u32 2 | source name, 64 bytes | priority 0-200 | sync universe u16 | sequence
            | options (80 preview, 40 stream terminated, 20 hold without sync) | universe u16
    DMP     7xxx | 02 A1 0000 0001 | count u16 | start code 00 | up to 512 bytes
    sync    7xxx | vector u32 1 | sequence | universe u16 | 0000

Where two sources speak of one universe, the higher priority is shown. Source: ANSI E1.31-2018, output of sacn.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import NAMESPACE_DNS, UUID, uuid5

from ledsign.errors import ConfigError, UnsupportedError
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.message import Message
from ledsign.protocol.pixelstream.stream import PixelStream, need, number

PREAMBLE = bytes.fromhex("00100000") + b"ASC-E1.17\0\0\0"
DATA, EXTENDED = 4, 8
PREVIEW, TERMINATED = 0x80, 0x40
DMP_HEAD = bytes.fromhex("02a100000001")
USED = 510  # bytes of a universe: 170 whole pixels
LAST_UNIVERSE = 63_999
OUR_CID = uuid5(NAMESPACE_DNS, "ledsign").bytes  # the same on every machine: see the option


@dataclass(frozen=True, slots=True)
class SacnData(Message):
    """One universe. ``name``: 64 bytes as on the wire; ``sync``: show it only with that universe's
    synchronisation packet, 0 at once."""

    cid: bytes
    name: bytes
    priority: int
    sync: int
    sequence: int
    options: int
    universe: int
    start_code: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SacnSync(Message):
    """Show what waits for this synchronisation universe."""

    cid: bytes
    sequence: int
    universe: int


def _layer(body: bytes) -> bytes:
    """Flags and length in front of a layer."""
    return struct.pack(">H", 0x7000 | (len(body) + 2)) + body


def _body(data: bytes) -> bytes:
    """A layer without its flags and length; it must reach to the end. Raises ProtocolError."""
    need(len(data) >= 2 and int.from_bytes(data[:2], "big") == 0x7000 | len(data), "sACN layer length")
    return data[2:]


class SACN(PixelStream):
    """sACN receivers, unicast. Options: ``universe`` (of the first pixel, default 1), ``priority`` (0-200,
    default 100), ``sync`` (synchronisation universe, default 63999; 0: none), ``cid`` (32 hex digits: needed when
    several senders speak to the same receivers), ``name``."""

    family: ClassVar[str] = "sacn"
    default_port: ClassVar[int] = 5568
    known: ClassVar[frozenset[str]] = frozenset({"universe", "priority", "sync", "cid", "name"})

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        super().__init__(link, role, options)
        self._first = number(options, "universe", 1, 1, LAST_UNIVERSE)
        self._priority = number(options, "priority", 100, 0, 200)
        self._sync = number(options, "sync", LAST_UNIVERSE, 0, LAST_UNIVERSE)
        self._name = options.get("name", "ledsign").encode().ljust(64, b"\0")
        try:
            self._cid = UUID(options["cid"]).bytes if "cid" in options else OUR_CID
        except ValueError as error:
            raise ConfigError(f"sacn: cid: {error}") from error
        if len(self._name) > 64 or self._name[63]:
            raise ConfigError("sacn: name is at most 63 bytes")

    def _cut(self, pixels: bytes, count: int) -> Sequence[Message]:
        if self._first + (len(pixels) - 1) // USED > LAST_UNIVERSE:
            raise UnsupportedError("sacn has no universes left for such a page")
        head = self._cid, self._name, self._priority, self._sync, count & 0xFF, 0
        parts: list[Message] = [
            SacnData(*head, self._first + index, 0, pixels[offset : offset + USED])
            for index, offset in enumerate(range(0, len(pixels), USED))
        ]
        return [*parts, SacnSync(self._cid, count & 0xFF, self._sync)] if self._sync else parts

    def _pack(self, message: Message) -> bytes | None:
        if isinstance(message, SacnSync):
            frame = struct.pack(">IBHH", 1, message.sequence, message.universe, 0)
            return PREAMBLE + _layer(struct.pack(">I", EXTENDED) + message.cid + _layer(frame))
        if not isinstance(message, SacnData):
            return None
        dmp = _layer(DMP_HEAD + struct.pack(">HB", len(message.data) + 1, message.start_code) + message.data)
        numbers = (message.priority, message.sync, message.sequence, message.options, message.universe)
        frame = struct.pack(">I", 2) + message.name + struct.pack(">BHBBH", *numbers) + dmp
        return PREAMBLE + _layer(struct.pack(">I", DATA) + message.cid + _layer(frame))

    def _parse(self, data: bytes) -> Message:
        need(data.startswith(PREAMBLE), "sACN preamble")
        root = _body(data[16:])
        need(len(root) >= 20, "sACN root layer")
        kind, cid, frame = int.from_bytes(root[:4], "big"), root[4:20], _body(root[20:])
        if kind == EXTENDED:
            need(len(frame) == 9, "sACN sync length")
            vector, sequence, universe, reserved = struct.unpack(">IBHH", frame)
            need(vector == 1 and not reserved, "sACN sync")
            return SacnSync(cid, sequence, universe)
        need(kind == DATA and len(frame) > 75 and frame[:4] == b"\0\0\0\x02", "sACN data layer")
        priority, sync, sequence, options, universe = struct.unpack(">BHBBH", frame[68:75])
        dmp = _body(frame[75:])
        need(9 <= len(dmp) <= 521 and dmp[:6] == DMP_HEAD, "sACN DMP layer")
        count, start_code = struct.unpack(">HB", dmp[6:9])
        need(count == len(dmp) - 8 and priority <= 200, "sACN count")
        return SacnData(cid, frame[4:68], priority, sync, sequence, options, universe, start_code, dmp[9:])
