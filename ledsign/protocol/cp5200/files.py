"""Basic commands for files and instant messages, and which class a CMD byte names.

A file goes interactively (30, 32, 33: open, write, close) or quickly (50, 51, 52): segments without an answer each,
and at the end a list of those that are missing. Sources as in ``basic``.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.cp5200 import basic
from ledsign.protocol.cp5200.basic import Basic
from ledsign.protocol.packed import need

MOST_MISSING = 36  # segments an answer can name


@dataclass(frozen=True, slots=True)
class FormatDisk(Basic):
    """Format the user disk. Writes flash."""

    CODE, HEAD = 0x26, b"\x01"


@dataclass(frozen=True, slots=True)
class QueryFreeSpace(Basic):
    """``disk`` 1: user, 0: system. The answer: yes, and the bytes as u32 little-endian."""

    CODE, FORM = 0x29, "B"
    disk: int = 1

    def sound(self) -> bool:
        return self.disk <= 1

    def accepts(self, data: bytes) -> bool | None:
        return data[0] > 0 if len(data) == 5 else None


@dataclass(frozen=True, slots=True)
class DeleteFile(Basic):
    CODE, END = 0x2C, b"\0"
    name: bytes  # 8.3

    def sound(self) -> bool:
        return 1 <= len(self.name) <= 15


@dataclass(frozen=True, slots=True)
class OpenFile(Basic):
    """Begin writing a file. ``stamp``: hour, minute, second, year - 2000, month, day."""

    CODE, HEAD, FORM, END = 0x30, b"wb", "<6sxI", b"\0"
    stamp: bytes
    size: int
    name: bytes

    def sound(self) -> bool:
        return 1 <= len(self.name) <= 16


@dataclass(frozen=True, slots=True)
class BeginUpload(OpenFile):
    """Begin a quick upload; the data are those of ``OpenFile``."""

    CODE = 0x50


@dataclass(frozen=True, slots=True)
class WriteFile(Basic):
    CODE = 0x32
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

    CODE, FORM = 0x33, "<H"
    total: int
    trailing: bytes = b"\0"

    def sound(self) -> bool:
        return self.trailing in (b"", b"\0")


@dataclass(frozen=True, slots=True)
class UploadSegment(Basic):
    """A segment of a quick upload; all segments but the last hold ``size`` bytes."""

    CODE = 0x51
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

    CODE, FORM = 0x52, "<H"
    FLAGS: ClassVar[tuple[int, ...]] = (1, 3, 4)
    segments: int
    trailing: bytes = b"\0"

    def sound(self) -> bool:
        return self.trailing in (b"", b"\0")

    def accepts(self, data: bytes) -> bool | None:
        """Also a list of missing segments is an answer: whoever sent them looks at ``missing``."""
        return True if data and len(data) == 1 + 2 * data[0] else None

    @staticmethod
    def missing(data: bytes) -> tuple[int, ...]:
        """Segments that must go again, from a reply's data."""
        need(bool(data) and data[0] <= MOST_MISSING and len(data) == 1 + 2 * data[0], "missing list length")
        return tuple(number for (number,) in struct.iter_unpack("<H", data[1:]))


@dataclass(frozen=True, slots=True)
class InstantMessage(Basic):
    """A slice of an urgent text at ``offset``; FLAG 11 marks the last slice, 01 says that more comes."""

    CODE = 0x74
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


# these write the card's flash
WEARING = (OpenFile, DeleteFile, FormatDisk, basic.WriteNetwork, basic.WriteId)
# a query and its setting share a CMD byte: the first class whose structure fits is meant
BASIC: dict[int, tuple[type[Basic], ...]] = {}
for _cls in (
    basic.Restart, basic.RestartApp, FormatDisk, basic.QueryVersion, basic.QueryClock, basic.WriteClock,
    basic.QueryBrightness, basic.WriteBrightness, basic.QuerySchedule, basic.WriteSchedule, basic.QueryPower,
    basic.WritePower, basic.QueryTemperature, basic.QueryItem, QueryFreeSpace, DeleteFile, basic.QueryNetwork,
    basic.WriteNetwork, basic.QueryId, basic.WriteId, OpenFile, BeginUpload, WriteFile, CloseFile,
    UploadSegment, EndUpload, InstantMessage,
):  # fmt: skip
    BASIC[_cls.CODE] = (*BASIC.get(_cls.CODE, ()), _cls)


def parse(code: int, flag: int, data: bytes) -> Basic:
    """Data of a basic command as its class. Raises ProtocolError when the structure does not fit."""
    known = BASIC.get(code)
    if known is None:
        return basic.Unknown(code, data)
    need(flag in known[0].FLAGS, "flag")
    for cls in known[:-1]:
        try:
            return cls.unpack(data)
        except ProtocolError:
            continue
    return known[-1].unpack(data)
