"""The commands of the binary format. Each class is one command code (main and sub command as one number).

A command has an argument block and data; ``pack`` gives both, ``unpack`` reads them strictly. The block is padded
with zeros to whole groups of four bytes on the wire. Numbers are little-endian, times are BCD. Sources: vendor
document JetFile II v2.5.4 (tables of part I), output of an independent client of 2026.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Self, TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message

Parts: TypeAlias = tuple[bytes, bytes]
"""Argument block (not padded) and data."""

MAX_DATA = 1024


def need(condition: bool, what: str) -> None:
    """Structure check of a received packet."""
    if not condition:
        raise ProtocolError(what)


def _cut(arg: bytes, size: int) -> bytes:
    """The first ``size`` bytes of a padded block. Raises ProtocolError when it is not that block."""
    need(len(arg) == -(-size // 4) * 4 and not any(arg[size:]), "argument length")
    return arg[:size]


def _text(data: bytes) -> str:
    """A NUL-padded name. Raises ProtocolError for anything behind the first NUL."""
    name = data.rstrip(b"\0")
    need(b"\0" not in name, "name")
    return name.decode("latin-1")


class Command(Message):
    """Base of all commands."""

    __slots__ = ()
    CODE: ClassVar[int]

    @property
    def code(self) -> int:
        return self.CODE

    def pack(self) -> Parts:
        raise NotImplementedError

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        raise NotImplementedError


class Verb(IntEnum):
    """Commands without argument and data."""

    PARAMETERS = 0x010A
    STATUS = 0x010B
    CONNECTION_TEST = 0x0301
    TEST_AUTO = 0x0302
    TEST_ALL = 0x0303
    TEST_END = 0x0309
    RESET = 0x0400
    BLACK_ON = 0x0401
    BLACK_OFF = 0x0402
    POWER_ON = 0x0404
    POWER_STATUS = 0x0405
    READ_CLOCK = 0x0501
    RESTART_PLAYLIST = 0x0601
    REPLAY = 0x0602
    PAUSE = 0x0603
    RESUME = 0x0604
    NEXT = 0x0605
    READ_NEXT = 0x0608
    PREVIOUS = 0x0609
    STREAM_STOP = 0x0802
    STREAM_STATUS = 0x0803
    LOGOUT = 0x0A02


@dataclass(frozen=True, slots=True)
class Plain(Command):
    verb: Verb

    @property
    def code(self) -> int:
        return int(self.verb)

    def pack(self) -> Parts:
        return b"", b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        need(not arg and not data, "a command without argument")
        return cls(Verb(code))


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
        disk, buzzer, label, total, size, count, current = struct.unpack("<cB12sIHHH", _cut(arg, 24))
        need(1 <= current <= count and len(data) <= size, "file part")
        name = disk.decode("latin-1"), buzzer, _text(label)
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
        name, total, size, count, current = struct.unpack("<12sIHHH", _cut(arg, 22))
        need(1 <= current <= count and len(data) <= size, "file part")
        return cls(_text(name), total, size, count, current, data)


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
        disk, zeros, label, size, page = struct.unpack("<c3s12sHH", _cut(arg, 20))
        need(not any(zeros) and page > 0 and not data, "read file")
        return cls(Kind(code & 0xFF), disk.decode("latin-1"), _text(label), size, page)


@dataclass(frozen=True, slots=True)
class Emergency(Command):
    """Show a text file of at most 1024 bytes now, over everything, for ``seconds`` (0: for ever)."""

    CODE: ClassVar[int] = 0x0209
    seconds: int
    sound: bool
    file: bytes

    def pack(self) -> Parts:
        return struct.pack("<HBx", self.seconds, self.sound), self.file

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        seconds, sound, zero = struct.unpack("<HBB", _cut(arg, 4))
        need(sound <= 1 and not zero, "emergency")
        return cls(seconds, bool(sound), data)


@dataclass(frozen=True, slots=True)
class Brightness(Command):
    """Levels of red, green and blue in a block of the screen. Not on boards QS5003 and QS0925."""

    CODE: ClassVar[int] = 0x020A
    x: int
    y: int
    red: int
    green: int
    blue: int
    width: int
    height: int

    def pack(self) -> Parts:
        colors = self.red, self.green, self.blue
        return struct.pack("<HHBBBHHx", self.x, self.y, *colors, self.width, self.height), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        *numbers, zero = struct.unpack("<HHBBBHHB", _cut(arg, 12))
        need(not zero and not data, "brightness")
        return cls(*numbers)


@dataclass(frozen=True, slots=True)
class PowerOff(Command):
    """``dark``: nothing is lit; otherwise the sign says that it is switched off."""

    CODE: ClassVar[int] = 0x0403
    dark: bool

    def pack(self) -> Parts:
        return bytes((self.dark, 0, 0, 0)), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        need(len(arg) == 4 and arg[0] <= 1 and not any(arg[1:]) and not data, "power off")
        return cls(bool(arg[0]))


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _number(bcd: int) -> int:
    need(bcd >> 4 <= 9 and bcd & 15 <= 9, "BCD")
    return (bcd >> 4) * 10 + (bcd & 15)


@dataclass(frozen=True, slots=True)
class SetClock(Command):
    """0504, or 0502 without ``second``. ``weekday`` 1 = Sunday; ``zone`` 0 = -12 hours, 20 = +8."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int | None
    weekday: int
    zone: int

    @property
    def code(self) -> int:
        return 0x0502 if self.second is None else 0x0504

    def pack(self) -> Parts:
        date = self.year % 100, self.year // 100, self.month, self.day, self.hour, self.minute
        second = () if self.second is None else (self.second,)
        return bytes((*map(_bcd, (*date, *second)), self.weekday, self.zone)), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        size = 9 if code == 0x0504 else 8
        *times, weekday, zone = _cut(arg, 12 if size == 9 else 8)[:size]
        need(not any(arg[size:]) and not data, "set clock")
        year, century, *rest = map(_number, times)
        month, day, hour, minute, *second = rest
        moment = century * 100 + year, month, day, hour, minute
        return cls(*moment, second[0] if second else None, weekday, zone)


@dataclass(frozen=True, slots=True)
class PlayFile(Command):
    """Show a file now. ``folder``: T, S, P or A."""

    CODE: ClassVar[int] = 0x0606
    disk: str
    folder: str
    label: str

    def pack(self) -> Parts:
        names = (part.encode("latin-1") for part in (self.disk, self.folder, self.label))
        return struct.pack("<cc12s", *names), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        disk, folder, label = struct.unpack("<cc12s", _cut(arg, 14))
        need(not data, "play file")
        return cls(disk.decode("latin-1"), folder.decode("latin-1"), _text(label))


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


@dataclass(frozen=True, slots=True)
class Login(Command):
    CODE: ClassVar[int] = 0x0A01
    user: str
    password: str = field(repr=False)

    def pack(self) -> Parts:
        return struct.pack("<14s6s", self.user.encode("latin-1"), self.password.encode("latin-1")), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        user, password = struct.unpack("<14s6s", _cut(arg, 20))
        need(not data, "login")
        return cls(_text(user), _text(password))


@dataclass(frozen=True, slots=True)
class StreamStart(Command):
    """``format`` 0: one bit each of red and green; 1: the panel's own."""

    CODE: ClassVar[int] = 0x0801
    direction: int
    speed: int
    format: int

    def pack(self) -> Parts:
        return bytes((self.direction, self.speed, self.format, 0)), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        need(len(arg) == 4 and not arg[3] and not data, "stream start")
        return cls(*arg[:3])


@dataclass(frozen=True, slots=True)
class Other(Command):
    """A sound packet of a command that is not spoken here."""

    other: int
    arg: bytes
    data: bytes

    @property
    def code(self) -> int:
        return self.other

    def pack(self) -> Parts:
        return self.arg, self.data

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        return cls(code, arg, data)


_KNOWN: dict[int, type[Command]] = {
    **dict.fromkeys(map(int, Verb), Plain),
    **{0x0200 + kind: FilePart for kind in Kind},
    **{0x0100 + kind: ReadFile for kind in Kind},
    **{0x0703 + kind: Erase for kind in Kind},
    **{kind.CODE: kind for kind in (SystemPart, Emergency, Brightness, PowerOff, PlayFile, Login, StreamStart)},
    0x0502: SetClock,
    0x0504: SetClock,
}


def parse(code: int, arg: bytes, data: bytes) -> Command:
    """A command; ``Other`` for one that is unknown or does not have the form it should."""
    kind = _KNOWN.get(code)
    if kind is not None:
        try:
            return kind.unpack(code, arg, data)
        except (ProtocolError, struct.error):
            return Other(code, arg, data)
    return Other(code, arg, data)
