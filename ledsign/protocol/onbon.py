"""What all byte-oriented Onbon cards share: the outer framing ("PHY0"), its checksum, and the form of commands.

::

    A5 × 8 | escaped bytes | 5A          A5 -> A6 02, A6 -> A6 01, 5A -> 5B 02, 5B -> 5B 01

A receiver starts on any single A5 and takes the first other byte as byte 0; stray 5A between packets mean
nothing. Lengths and sums count unescaped bytes. Source: vendor protocol document for BX-5K/6K, V1.4; the same
bytes come from the vendor's kits for graphics cards.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import accumulate
from typing import ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.packed import Packed, need
from ledsign.protocol.wire import unstuff

LEADS = 8  # what vendor software sends; cards answer with nine, a receiver needs one
_MOST_LEADS = 16
_STUFFED = ((b"\xa6", b"\xa6\x01"), (b"\xa5", b"\xa6\x02"), (b"\x5b", b"\x5b\x01"), (b"\x5a", b"\x5b\x02"))

_ERRORS = (  # by number, as the vendor's document has them; from 17 on only graphics cards
    *("ok", "bad group", "bad command", "busy", "out of memory", "checksum", "no such file", "flash", "download"),
    *("file name", "file type", "file CRC", "no font", "firmware type", "date or time", "file exists"),
    *("block number", "controller type", "screen parameters", "id", "password", "old password"),
)


def error_name(number: int) -> str:
    """The meaning of a card's error number; empty where nobody tells."""
    return _ERRORS[number] if 0 <= number < len(_ERRORS) else ""


@cache
def _table() -> tuple[int, ...]:
    def step(value: int, _bit: int) -> int:
        return value >> 1 ^ 0xA001 if value & 1 else value >> 1

    return tuple(list(accumulate(range(8), step, initial=byte))[-1] for byte in range(256))


def crc16(data: bytes) -> int:
    """CRC-16/ARC: polynomial 8005 reflected, from 0; BB3D for ``123456789``."""
    value, table = 0, _table()
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value


def wrap(content: bytes, leads: int = LEADS) -> bytes:
    """A packet's content on the wire."""
    for plain, stuffed in _STUFFED:
        content = content.replace(plain, stuffed)
    return b"\xa5" * leads + content + b"\x5a"


def leads_of(packet: bytes) -> int:
    """How many A5 stand before the content."""
    return len(packet) - len(packet.lstrip(b"\xa5"))


def unwrap(packet: bytes) -> bytes:
    """The content of a packet from A5 to 5A. Raises ProtocolError on an impossible escape."""
    # the two escapes do not disturb each other: neither 01 nor 02 starts one
    half = unstuff(packet[leads_of(packet) : -1], 0xA6, {0x02: 0xA5, 0x01: 0xA6})
    content = None if half is None else unstuff(half, 0x5B, {0x02: 0x5A, 0x01: 0x5B})
    if content is None:
        raise ProtocolError("impossible escape")
    return content


def measure(data: bytes, limit: int, parse: Callable[[bytes], object]) -> int:
    """Head of a stream, see ``wire``. ``parse`` raises ProtocolError for content that is no packet."""
    if data[0] != 0xA5:
        start = data.find(b"\xa5")
        return -(len(data) if start < 0 else start)
    leads = leads_of(data)
    if leads > _MOST_LEADS:
        return _MOST_LEADS - leads
    end, again = data.find(b"\x5a", leads), data.find(b"\xa5", leads)
    if again > 0 and (end < 0 or again < end):
        return -again  # A5 never stands inside a packet: here a new one starts
    if end < 0:
        return 0 if len(data) <= limit else -len(data)
    try:
        parse(unwrap(data[: end + 1]))
    except ProtocolError:
        return -(end + 1)
    return end + 1


def pack_time(at: str, weekday: int) -> bytes:
    """``at`` (YYYY-MM-DDTHH:MM:SS) in BCD, the year's low byte first, and the weekday."""
    when = datetime.fromisoformat(at)
    fields = (when.year % 100, when.year // 100, when.month, when.day, when.hour, when.minute, when.second)
    return bytes(value // 10 << 4 | value % 10 for value in fields) + bytes((weekday,))


def parse_time(data: bytes) -> tuple[str, int]:
    """The inverse of ``pack_time``. Raises ProtocolError."""
    if len(data) != 8:
        raise ProtocolError("time length")
    low, high, month, day, hour, minute, second = ((value >> 4) * 10 + (value & 15) for value in data[:7])
    try:
        at = datetime(high * 100 + low, month, day, hour, minute, second).isoformat()  # noqa: DTZ001 -- no zone there
    except ValueError as error:
        raise ProtocolError(f"time: {error}") from error
    if pack_time(at, data[7]) != data:
        raise ProtocolError("time is no BCD")
    return at, data[7]


ACK, NACK = (0xA0, 0x00), (0xA0, 0x01)


class Command(Packed):
    """Base of all requests; the data are the arguments. ``REPLY``: the answer's group and command, ``LEAST`` its
    shortest data."""

    __slots__ = ()
    GROUP: ClassVar[int] = 0
    CMD: ClassVar[int] = 0
    REPLY: ClassVar[tuple[int, int]] = ACK
    LEAST: ClassVar[int] = 0

    @property
    def code(self) -> tuple[int, int]:
        return self.GROUP, self.CMD


@dataclass(frozen=True, slots=True)
class ClockCommand(Command):
    """``at`` as YYYY-MM-DDTHH:MM:SS; weekday 1-7, Sunday is 7."""

    at: str
    weekday: int

    def pack(self) -> bytes:
        return pack_time(self.at, self.weekday)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        return cls(*parse_time(data))


@dataclass(frozen=True, slots=True)
class NamesCommand(Command):
    """Names of files, four characters each."""

    names: tuple[str, ...] = ()

    def pack(self) -> bytes:
        return struct.pack("<H", len(self.names)) + "".join(self.names).encode("ascii")

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 2 and len(data) == 2 + 4 * int.from_bytes(data[:2], "little"), "file names")
        text = file_name(data[2:])
        return cls(tuple(text[at : at + 4] for at in range(0, len(text), 4)))


def file_name(data: bytes) -> str:
    """Raises ProtocolError."""
    need(data.isascii(), "file name")
    return data.decode("ascii")


@dataclass(frozen=True, slots=True)
class OtherCommand(Command):
    """A command that is not interpreted here, or one with arguments of another shape."""

    group: int
    cmd: int
    args: bytes = b""

    @property
    def code(self) -> tuple[int, int]:
        return self.group, self.cmd

    def pack(self) -> bytes:
        return self.args


def read_command(kinds: Sequence[type[Command]], group: int, cmd: int, args: bytes) -> Command:
    """Arguments as one of these commands; those of another shape stay raw."""
    for kind in kinds:
        if (group, cmd) == (kind.GROUP, kind.CMD):
            try:
                return kind.unpack(args)
            except ProtocolError:
                break
    return OtherCommand(group, cmd, args)
