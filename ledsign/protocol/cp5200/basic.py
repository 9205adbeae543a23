"""The basic commands: every CMD byte other than 7B. Each class is one command (query or setting).

``pack`` gives the data after the FLAG byte; ``unpack`` reads it strictly. ``accepts`` says whether a reply's
data mean yes: normally a leading 01, but several commands answer in their own way. Sources: vendor
multi-window protocol V1.9, its English setup documents and the SDK manual V1.6; output of vendor code.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.cp5200.calls import need
from ledsign.protocol.message import Message

QUERY = b"\x01"
_MAX_YES = 7  # a longer answer holds values: it belongs to a query that shares the CMD byte


class Basic(Message):
    """Base of all basic commands."""

    __slots__ = ()
    CODE: ClassVar[int]
    FLAGS: ClassVar[tuple[int, ...]] = (0, 1)  # bit 0: a reply is wanted

    @property
    def code(self) -> int:
        return self.CODE

    def pack(self) -> bytes:
        raise NotImplementedError

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        raise NotImplementedError

    def accepts(self, data: bytes) -> bool | None:
        """Whether a reply's data say yes; None when they cannot be an answer to this command."""
        if len(data) > _MAX_YES:
            return None
        return {b"\x01": True, b"\0": False}.get(data[:1])


class Fixed(Basic):
    """A command whose data never vary."""

    __slots__ = ()
    DATA: ClassVar[bytes]

    def pack(self) -> bytes:
        return self.DATA

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(data == cls.DATA, "fixed data differ")
        return cls()


@dataclass(frozen=True, slots=True)
class Restart(Fixed):
    """Hardware restart."""

    CODE: ClassVar[int] = 0x2D
    DATA: ClassVar[bytes] = b"\0"


@dataclass(frozen=True, slots=True)
class RestartApp(Fixed):
    CODE: ClassVar[int] = 0xFE
    DATA: ClassVar[bytes] = b"APP!"


@dataclass(frozen=True, slots=True)
class FormatDisk(Fixed):
    """Format the user disk. Writes flash."""

    CODE: ClassVar[int] = 0x26
    DATA: ClassVar[bytes] = b"\x01"


@dataclass(frozen=True, slots=True)
class QueryVersion(Basic):
    """``argument`` is 00 by the document; one known client sends 01."""

    CODE: ClassVar[int] = 0x2E
    argument: int = 0

    def pack(self) -> bytes:
        return bytes((self.argument,))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 1 and data[0] <= 1, "version query")
        return cls(data[0])

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) >= 8 else None


@dataclass(frozen=True, slots=True)
class QueryClock(Fixed):
    CODE: ClassVar[int] = 0x47
    DATA: ClassVar[bytes] = QUERY

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) == 8 and data[0] == 1 else None


@dataclass(frozen=True, slots=True)
class WriteClock(Basic):
    """``weekday`` 0 is Sunday; ``year`` counts from 2000. All binary."""

    CODE: ClassVar[int] = 0x47
    second: int
    minute: int
    hour: int
    weekday: int
    day: int
    month: int
    year: int

    def pack(self) -> bytes:
        return bytes((0, self.second, self.minute, self.hour, self.weekday, self.day, self.month, self.year))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 8 and not data[0], "clock length")
        need(data[1] < 60 and data[2] < 60 and data[3] < 24 and data[4] < 7, "clock time")
        need(1 <= data[5] <= 31 and 1 <= data[6] <= 12 and data[7] < 100, "clock date")
        return cls(*data[1:])


@dataclass(frozen=True, slots=True)
class QueryBrightness(Fixed):
    CODE: ClassVar[int] = 0x46
    DATA: ClassVar[bytes] = QUERY

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) == 25 and data[0] == 1 else None


@dataclass(frozen=True, slots=True)
class WriteBrightness(Basic):
    """24 levels of 0-31, one an hour from midnight; above 31 the card's sensor decides."""

    CODE: ClassVar[int] = 0x46
    levels: tuple[int, ...]

    def pack(self) -> bytes:
        return bytes((0, *self.levels))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 25 and not data[0], "brightness table length")
        return cls(tuple(data[1:]))


@dataclass(frozen=True, slots=True)
class QuerySchedule(Fixed):
    CODE: ClassVar[int] = 0x45
    DATA: ClassVar[bytes] = QUERY

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) >= 5 and data[0] == 1 else None


@dataclass(frozen=True, slots=True)
class WriteSchedule(Basic):
    """Daily on and off time; equal times: always on."""

    CODE: ClassVar[int] = 0x45
    on_hour: int
    on_minute: int
    off_hour: int
    off_minute: int

    def pack(self) -> bytes:
        return bytes((0, self.on_hour, self.on_minute, self.off_hour, self.off_minute, 0, 0))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 7 and not data[0] and data[5:] == b"\0\0", "schedule length")
        return cls(*data[1:5])


@dataclass(frozen=True, slots=True)
class QueryPower(Fixed):
    CODE: ClassVar[int] = 0x76
    DATA: ClassVar[bytes] = QUERY

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) >= 2 and data[0] == 1 else None


@dataclass(frozen=True, slots=True)
class WritePower(Basic):
    """Light on or off now. ``padding``: zero bytes behind; 6 as in the document's example frames."""

    CODE: ClassVar[int] = 0x76
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

    CODE: ClassVar[int] = 0x75
    flags: int

    def pack(self) -> bytes:
        return bytes((self.flags,))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 1 and 1 <= data[0] <= 3, "temperature flags")
        return cls(data[0])

    def accepts(self, data: bytes) -> bool | None:
        return bool(data)


@dataclass(frozen=True, slots=True)
class QueryItem(Basic):
    """Running or controller information by item number; the answers are not documented."""

    CODE: ClassVar[int] = 0x70
    item: int
    parameters: bytes = b""

    def pack(self) -> bytes:
        return bytes((self.item,)) + self.parameters

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(1 <= len(data) <= 64, "information query")
        return cls(data[0], data[1:])

    def accepts(self, data: bytes) -> bool | None:
        return bool(data)


@dataclass(frozen=True, slots=True)
class QueryFreeSpace(Basic):
    """``disk`` 1: user, 0: system."""

    CODE: ClassVar[int] = 0x29
    disk: int = 1

    def pack(self) -> bytes:
        return bytes((self.disk,))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 1 and data[0] <= 1, "disk")
        return cls(data[0])

    def accepts(self, data: bytes) -> bool | None:
        return data[0] > 0 if len(data) == 5 else None


@dataclass(frozen=True, slots=True)
class DeleteFile(Basic):
    CODE: ClassVar[int] = 0x2C
    name: bytes  # 8.3

    def pack(self) -> bytes:
        return self.name + b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(2 <= len(data) <= 16 and data.find(b"\0") == len(data) - 1, "file name")
        return cls(data[:-1])


@dataclass(frozen=True, slots=True)
class QueryNetwork(Fixed):
    CODE: ClassVar[int] = 0x3C
    DATA: ClassVar[bytes] = QUERY

    def accepts(self, data: bytes) -> bool | None:
        return True if len(data) == 19 and data[0] == 1 else None


@dataclass(frozen=True, slots=True)
class WriteNetwork(Basic):
    """Addresses as 4 bytes each, the port and the ID code (a kind of password) big-endian."""

    CODE: ClassVar[int] = 0x3C
    address: bytes
    gateway: bytes
    mask: bytes
    port: int
    id_code: bytes

    def pack(self) -> bytes:
        return b"\0" + self.address + self.gateway + self.mask + self.port.to_bytes(2, "big") + self.id_code

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 19 and not data[0], "network length")
        return cls(data[1:5], data[5:9], data[9:13], int.from_bytes(data[13:15], "big"), data[15:])


@dataclass(frozen=True, slots=True)
class QueryId(Fixed):
    CODE: ClassVar[int] = 0x3E
    DATA: ClassVar[bytes] = b"\x01\0\0"


@dataclass(frozen=True, slots=True)
class WriteId(Basic):
    """Card ID and code of the serial rate (0..6: 115200 57600 38400 19200 9600 4800 2400)."""

    CODE: ClassVar[int] = 0x3E
    id: int
    baud: int

    def pack(self) -> bytes:
        return bytes((0, self.id, self.baud))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 3 and not data[0] and 1 <= data[1] <= 254 and data[2] <= 6, "id and rate")
        return cls(data[1], data[2])


@dataclass(frozen=True, slots=True)
class OpenFile(Basic):
    """Begin writing a file. ``stamp``: hour, minute, second, year - 2000, month, day."""

    CODE: ClassVar[int] = 0x30
    stamp: bytes
    size: int
    name: bytes

    def pack(self) -> bytes:
        return b"wb" + self.stamp + struct.pack("<xI", self.size) + self.name + b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(15 <= len(data) <= 30 and data[:2] == b"wb" and not data[8], "file head")
        need(data.find(b"\0", 13) == len(data) - 1, "file name end")
        return cls(data[2:8], int.from_bytes(data[9:13], "little"), data[13:-1])


@dataclass(frozen=True, slots=True)
class BeginUpload(OpenFile):
    """Begin a quick upload; the data are those of ``OpenFile``."""

    CODE: ClassVar[int] = 0x50


@dataclass(frozen=True, slots=True)
class WriteFile(Basic):
    CODE: ClassVar[int] = 0x32
    data: bytes

    def pack(self) -> bytes:
        return struct.pack("<H", len(self.data)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(2 < len(data) <= 1026 and int.from_bytes(data[:2], "little") == len(data) - 2, "file data length")
        return cls(data[2:])


@dataclass(frozen=True, slots=True)
class CloseFile(Basic):
    """``total``: 16-bit sum of the whole file. Vendor code adds a 00."""

    CODE: ClassVar[int] = 0x33
    total: int
    trailing: bytes = b"\0"

    def pack(self) -> bytes:
        return struct.pack("<H", self.total) + self.trailing

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) in (2, 3) and not any(data[2:]), "file end")
        return cls(int.from_bytes(data[:2], "little"), data[2:])


@dataclass(frozen=True, slots=True)
class UploadSegment(Basic):
    """A segment of a quick upload; all segments but the last hold ``size`` bytes."""

    CODE: ClassVar[int] = 0x51
    number: int
    size: int
    data: bytes

    def pack(self) -> bytes:
        return struct.pack("<HHH", len(self.data), self.number, self.size) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) > 6, "segment is empty")
        length, number, size = struct.unpack_from("<HHH", data)
        need(length == len(data) - 6 and length <= size <= 1024, "segment length")
        return cls(number, size, data[6:])


@dataclass(frozen=True, slots=True)
class EndUpload(Basic):
    """End of a quick upload; the FLAG is the file type (1 general, 3 BIOS, 4 APP)."""

    CODE: ClassVar[int] = 0x52
    FLAGS: ClassVar[tuple[int, ...]] = (1, 3, 4)
    segments: int
    trailing: bytes = b"\0"

    def pack(self) -> bytes:
        return struct.pack("<H", self.segments) + self.trailing

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) in (2, 3) and not any(data[2:]), "upload end")
        return cls(int.from_bytes(data[:2], "little"), data[2:])

    def accepts(self, data: bytes) -> bool | None:
        return data[:1] == b"\0"

    @staticmethod
    def missing(data: bytes) -> tuple[int, ...]:
        """Segments that must go again, from a reply's data."""
        need(bool(data) and data[0] <= 36 and len(data) == 1 + 2 * data[0], "missing list length")
        return tuple(number for (number,) in struct.iter_unpack("<H", data[1:]))


@dataclass(frozen=True, slots=True)
class InstantMessage(Basic):
    """A slice of an urgent text at ``offset``; FLAG 11 marks the last slice, 01 says that more comes."""

    CODE: ClassVar[int] = 0x74
    FLAGS: ClassVar[tuple[int, ...]] = (0x11, 0x01)
    offset: int
    data: bytes

    def pack(self) -> bytes:
        return struct.pack("<IH", self.offset, len(self.data)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) > 6, "message is empty")
        offset, length = struct.unpack_from("<IH", data)
        need(length == len(data) - 6 and length <= 1024 and offset <= 0xFFFF, "message length")
        return cls(offset, data[6:])

    def accepts(self, data: bytes) -> bool | None:
        return bool(data) and data[0] != 0


@dataclass(frozen=True, slots=True)
class Unknown(Basic):
    """A command this program does not know; it names itself."""

    CODE: ClassVar[int] = -1
    cmd: int
    data: bytes

    @property
    def code(self) -> int:
        return self.cmd

    def pack(self) -> bytes:
        return self.data


# a query and its setting share a CMD byte: the first class whose structure fits is meant
BASIC: dict[int, tuple[type[Basic], ...]] = {}
for _cls in (
    Restart, RestartApp, FormatDisk, QueryVersion, QueryClock, WriteClock, QueryBrightness, WriteBrightness,
    QuerySchedule, WriteSchedule, QueryPower, WritePower, QueryTemperature, QueryItem, QueryFreeSpace,
    DeleteFile, QueryNetwork, WriteNetwork, QueryId, WriteId, OpenFile, BeginUpload, WriteFile, CloseFile,
    UploadSegment, EndUpload, InstantMessage,
):  # fmt: skip
    BASIC[_cls.CODE] = (*BASIC.get(_cls.CODE, ()), _cls)


def parse(code: int, flag: int, data: bytes) -> Basic:
    """Data of a basic command as its class. Raises ProtocolError when the structure does not fit."""
    known = BASIC.get(code)
    if known is None:
        return Unknown(code, data)
    need(flag in known[0].FLAGS, "flag")
    for cls in known:
        try:
            return cls.unpack(data)
        except ProtocolError:
            if cls is known[-1]:
                raise
    raise ProtocolError("unreachable: no class for a known command")
