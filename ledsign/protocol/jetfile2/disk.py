"""Commands for the files on a sign's disks: write, read back, delete. D is flash, E is RAM."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Self

from ledsign.protocol.jetfile2.base import Command, Parts, cut, need, text
from ledsign.protocol.message import Message

MAX_DATA = 1024  # bytes of a file in one packet


class Kind(IntEnum):
    """Kinds of files, by the sub command that writes them; each has a folder of its own on a disk."""

    TEXT = 4
    STRING = 5
    PICTURE = 6
    ARRAY_PICTURE = 7

    @property
    def folder(self) -> str:
        return "TSPA"[self - 4]


@dataclass(frozen=True, slots=True)
class PutFile(Message):
    """Write a file; the codec cuts it into ``FilePart``. ``disk``: one letter, D is flash, E is RAM."""

    kind: Kind
    disk: str
    label: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilePart(Command):
    """Packet ``current`` (from 1) of ``count``; ``size`` is what a full packet carries."""

    kind: Kind
    disk: str
    buzzer: int
    label: str
    total: int
    size: int
    count: int
    current: int
    data: bytes = field(repr=False)

    @property
    def code(self) -> int:
        return 0x0200 + self.kind

    def pack(self) -> Parts:
        head = self.disk.encode("latin-1"), self.buzzer, self.label.encode("latin-1")
        return struct.pack("<cB12sIHHH", *head, self.total, self.size, self.count, self.current), self.data

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        disk, buzzer, label, total, size, count, current = struct.unpack("<cB12sIHHH", cut(arg, 24))
        need(1 <= current <= count and len(data) <= size, "file part")
        name = disk.decode("latin-1"), buzzer, text(label)
        return cls(Kind(code & 0xFF), *name, total, size, count, current, data)


@dataclass(frozen=True, slots=True)
class PutSystem(Message):
    """Write a system file such as SEQUENT.SYS; the codec cuts it into ``SystemPart``."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SystemPart(Command):
    CODE: ClassVar[int] = 0x0202
    name: str
    total: int
    size: int
    count: int
    current: int
    data: bytes = field(repr=False)

    def pack(self) -> Parts:
        name = self.name.encode("latin-1")
        return struct.pack("<12sIHHH", name, self.total, self.size, self.count, self.current), self.data

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        name, total, size, count, current = struct.unpack("<12sIHHH", cut(arg, 22))
        need(1 <= current <= count and len(data) <= size, "file part")
        return cls(text(name), total, size, count, current, data)


@dataclass(frozen=True, slots=True)
class ReadFile(Command):
    """Read page ``page`` (from 1) of a file back. The answer's argument holds the file's size."""

    kind: Kind
    disk: str
    label: str
    size: int
    page: int

    @property
    def code(self) -> int:
        return 0x0100 + self.kind

    def pack(self) -> Parts:
        head = self.disk.encode("latin-1"), self.label.encode("latin-1")
        return struct.pack("<c3x12sHH", *head, self.size, self.page), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        disk, zeros, label, size, page = struct.unpack("<c3s12sHH", cut(arg, 20))
        need(not any(zeros) and page > 0 and not data, "read file")
        return cls(Kind(code & 0xFF), disk.decode("latin-1"), text(label), size, page)


@dataclass(frozen=True, slots=True)
class Erase(Command):
    """Delete all files of one kind on a disk."""

    kind: Kind
    disk: str

    @property
    def code(self) -> int:
        return 0x0703 + self.kind

    def pack(self) -> Parts:
        return struct.pack("<c3x", self.disk.encode("latin-1")), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        need(len(arg) == 4 and not any(arg[1:]) and not data, "erase")
        return cls(Kind(code - 0x0703), arg[:1].decode("latin-1"))
