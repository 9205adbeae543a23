"""The basic commands: every CMD byte other than 7B. Each class is one command (query or setting).

``pack`` gives the data after the FLAG byte; ``unpack`` reads it strictly. ``accepts`` says whether a reply's
data mean yes: normally a leading 01, but several commands answer in their own way. Sources: vendor
multi-window protocol V1.9, its English setup documents and the SDK manual V1.6; output of vendor code. Files and
instant messages are in ``files``.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from ledsign.protocol.packed import Packed, need

_MAX_YES = 7  # a longer answer holds values: it belongs to a query that shares the CMD byte


class Basic(Packed):
    """Base of all basic commands."""

    __slots__ = ()
    CODE: ClassVar[int]
    FLAGS: ClassVar[tuple[int, ...]] = (0, 1)  # bit 0: a reply is wanted

    @property
    def code(self) -> int:
        return self.CODE

    def accepts(self, data: bytes) -> bool | None:
        """Whether a reply's data say yes; None when they cannot be an answer to this command."""
        if len(data) > _MAX_YES:
            return None
        return {b"\x01": True, b"\0": False}.get(data[:1])


class Query(Basic):
    """A question; its answer is 01 and at least ``LEAST`` - 1 bytes of values, at most ``MOST`` - 1."""

    __slots__ = ()
    HEAD: ClassVar[bytes] = b"\x01"
    LEAST: ClassVar[int]
    MOST: ClassVar[int] = 64

    def accepts(self, data: bytes) -> bool | None:
        return True if self.LEAST <= len(data) <= self.MOST and data[0] == 1 else None


@dataclass(frozen=True, slots=True)
class Restart(Basic):
    """Hardware restart."""

    CODE, HEAD = 0x2D, b"\0"


@dataclass(frozen=True, slots=True)
class RestartApp(Basic):
    CODE, HEAD = 0xFE, b"APP!"


@dataclass(frozen=True, slots=True)
class QueryVersion(Basic):
    """``argument`` is 00 by the document; one known client sends 01."""

    CODE, FORM = 0x2E, "B"
    argument: int = 0

    def sound(self) -> bool:
        return self.argument <= 1

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) >= 8 else None


@dataclass(frozen=True, slots=True)
class QueryClock(Query):
    CODE, LEAST, MOST = 0x47, 8, 8


@dataclass(frozen=True, slots=True)
class WriteClock(Basic):
    """``weekday`` 0 is Sunday; ``year`` counts from 2000. All binary."""

    CODE, HEAD, FORM = 0x47, b"\0", "7B"
    second: int
    minute: int
    hour: int
    weekday: int
    day: int
    month: int
    year: int

    def sound(self) -> bool:
        date = 1 <= self.day <= 31 and 1 <= self.month <= 12 and self.year < 100
        return date and self.second < 60 and self.minute < 60 and self.hour < 24 and self.weekday < 7


@dataclass(frozen=True, slots=True)
class QueryBrightness(Query):
    CODE, LEAST, MOST = 0x46, 25, 25


@dataclass(frozen=True, slots=True)
class WriteBrightness(Basic):
    """24 levels of 0-31, one an hour from midnight; above 31 the card's sensor decides."""

    CODE = 0x46
    levels: tuple[int, ...]

    def pack(self) -> bytes:
        return bytes((0, *self.levels))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 25 and not data[0], "brightness table length")
        return cls(tuple(data[1:]))


@dataclass(frozen=True, slots=True)
class QuerySchedule(Query):
    CODE, LEAST = 0x45, 5


@dataclass(frozen=True, slots=True)
class WriteSchedule(Basic):
    """Daily on and off time; equal times: always on."""

    CODE, HEAD, FORM = 0x45, b"\0", "4B2x"
    on_hour: int
    on_minute: int
    off_hour: int
    off_minute: int


@dataclass(frozen=True, slots=True)
class QueryPower(Query):
    CODE, LEAST = 0x76, 2


@dataclass(frozen=True, slots=True)
class WritePower(Basic):
    """Light on or off now. ``padding``: zero bytes behind; 6 as in the document's example frames."""

    CODE = 0x76
    on: bool
    padding: int = 6

    def pack(self) -> bytes:
        return bytes((0, self.on)) + bytes(self.padding)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(2 <= len(data) <= 32 and not data[0] and data[1] <= 1 and not any(data[2:]), "power")
        return cls(bool(data[1]), len(data) - 2)

    def accepts(self, data: bytes) -> bool | None:
        if len(data) > 2:
            return None  # a query's answer
        return data in (b"\x01", bytes((0, self.on)))  # the document's "00 s" or a plain yes


@dataclass(frozen=True, slots=True)
class QueryTemperature(Basic):
    """``flags`` bit 0 temperature, bit 1 humidity."""

    CODE, FORM = 0x75, "B"
    flags: int

    def sound(self) -> bool:
        return 1 <= self.flags <= 3

    def accepts(self, data: bytes) -> bool | None:
        return bool(data)


@dataclass(frozen=True, slots=True)
class QueryItem(Basic):
    """Running or controller information by item number; the answers are not documented."""

    CODE, FORM = 0x70, "B"
    item: int
    parameters: bytes = b""

    def sound(self) -> bool:
        return len(self.parameters) < 64

    def accepts(self, data: bytes) -> bool | None:
        return bool(data)


@dataclass(frozen=True, slots=True)
class QueryNetwork(Query):
    CODE, LEAST, MOST = 0x3C, 19, 19


@dataclass(frozen=True, slots=True)
class WriteNetwork(Basic):
    """Addresses as 4 bytes each, the port and the ID code (a kind of password) big-endian."""

    CODE, HEAD, FORM = 0x3C, b"\0", ">4s4s4sH4s"
    address: bytes
    gateway: bytes
    mask: bytes
    port: int
    id_code: bytes


@dataclass(frozen=True, slots=True)
class QueryId(Query):
    CODE, HEAD, LEAST, MOST = 0x3E, b"\x01\0\0", 3, 3


@dataclass(frozen=True, slots=True)
class WriteId(Basic):
    """Card ID and code of the serial rate (0..6: 115200 57600 38400 19200 9600 4800 2400)."""

    CODE, HEAD, FORM = 0x3E, b"\0", "BB"
    id: int
    baud: int

    def sound(self) -> bool:
        return 1 <= self.id <= 254 and self.baud <= 6

    def accepts(self, data: bytes) -> bool | None:
        return {b"\x01": True, b"\0": False}.get(data)  # three bytes are the query's answer


@dataclass(frozen=True, slots=True)
class Unknown(Basic):
    """A command this program does not know; it names itself."""

    CODE = -1
    cmd: int
    data: bytes

    @property
    def code(self) -> int:
        return self.cmd

    def pack(self) -> bytes:
        return self.data
