"""sACN (ANSI E1.31): DMX universes with sources, priorities and synchronisation, UDP port 5568.

The packets are laid out and read by the ``sacn`` library's message classes, which are plain values; its sender and
receiver, with their sockets and threads, are not used. The library writes 512 slots whatever it is given, drops
the reserved option bits, and looks at neither lengths nor fixed fields, so these are checked here, where E1.31 has
them: each of the three layers begins with flags and length (7000 or the bytes from that field to the end).

Where two sources speak of one universe, the higher priority is shown. Source: ANSI E1.31-2018.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import NAMESPACE_DNS, UUID, uuid5

from sacn.messages.data_packet import DataPacket
from sacn.messages.root_layer import make_flagsandlength
from sacn.messages.sync_packet import SyncPacket

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.message import Message
from ledsign.protocol.pixelstream.stream import PixelStream, need, number

PREAMBLE = bytes.fromhex("00100000") + b"ASC-E1.17\0\0\0"
PREVIEW, TERMINATED, HOLD = 0x80, 0x40, 0x20  # options
_ROOT, _FRAME, _DMP = 16, 38, 115  # where the layers begin
_SLOTS = 126  # where the slots begin, behind the start code
_MOST_SLOTS = 512
_DMP_HEAD = slice(117, 123), bytes.fromhex("02a100000001")
_SYNC_SIZE = 49
USED = 510  # bytes of a universe: 170 whole pixels
LAST_UNIVERSE = 63_999
OUR_CID = uuid5(NAMESPACE_DNS, "ledsign").bytes  # the same on every machine: see the option


@dataclass(frozen=True, slots=True)
class SacnData(Message):
    """One universe. ``sync``: show it only with that universe's synchronisation packet, 0 at once; ``data``: up to
    512 bytes, on the wire they are always so many."""

    cid: bytes
    name: str
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


def _layers(data: bytes, *starts: int) -> None:
    """Each layer must say that it reaches to the end. Raises ProtocolError."""
    need(data.startswith(PREAMBLE), "sACN preamble")
    for start in starts:
        need(data[start : start + 2] == bytes(make_flagsandlength(len(data) - start)), "sACN layer length")


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
        self._name = options.get("name", "ledsign")
        try:
            self._cid = UUID(options["cid"]).bytes if "cid" in options else OUR_CID
        except ValueError as error:
            raise ConfigError(f"sacn: cid: {error}") from error
        if len(self._name.encode()) > 63:
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
            return bytes(SyncPacket(tuple(message.cid), message.universe, message.sequence).getBytes())
        if not isinstance(message, SacnData):
            return None
        packet = DataPacket(
            tuple(message.cid),
            message.name,
            message.universe,
            priority=message.priority,
            sequence=message.sequence,
            streamTerminated=bool(message.options & TERMINATED),
            previewData=bool(message.options & PREVIEW),
            forceSync=bool(message.options & HOLD),
            sync_universe=message.sync,
            dmxStartCode=message.start_code,
        )
        # the slots go in behind: the library would look at them one by one, 0.1 s for a large page
        return bytes(packet.getBytes()[:_SLOTS]) + message.data.ljust(_MOST_SLOTS, b"\0")

    def _parse(self, data: bytes) -> Message:
        try:
            return _sync(data) if len(data) == _SYNC_SIZE else _universe(data)
        except (TypeError, ValueError) as error:  # the library's word for what is no such packet
            raise ProtocolError(f"sACN: {error}") from error


def _sync(data: bytes) -> SacnSync:
    """Raises ProtocolError, TypeError, ValueError."""
    packet = SyncPacket.make_sync_packet(data)
    _layers(data, _ROOT, _FRAME)
    need(not any(data[47:]), "sACN sync")
    return SacnSync(bytes(packet.cid), packet.sequence, packet.syncAddr)


def _universe(data: bytes) -> SacnData:
    """Raises ProtocolError, TypeError, ValueError."""
    need(len(data) <= _SLOTS + _MOST_SLOTS, "sACN slots")
    packet = DataPacket.make_data_packet(data)
    _layers(data, _ROOT, _FRAME, _DMP)
    where, head = _DMP_HEAD
    need(data[where] == head and data[123:125] == (len(data) - 125).to_bytes(2, "big"), "sACN DMP layer")
    options = PREVIEW * packet.option_PreviewData | TERMINATED * packet.option_StreamTerminated
    return SacnData(
        bytes(packet.cid),
        packet.sourceName,
        packet.priority,
        packet.syncAddr,
        packet.sequence,
        options | HOLD * packet.option_ForceSync,
        packet.universe,
        packet.dmxStartCode,
        bytes(packet.dmxData)[: len(data) - _SLOTS],
    )
