"""The commands of the binary format, besides those for files (``disk``). Each class is one command code.

A command has an argument block and data; ``pack`` gives both, ``unpack`` reads them strictly. The block is padded
with zeros to whole groups of four bytes on the wire. Numbers are little-endian, times are BCD. Sources: vendor
document JetFile II v2.5.4 (tables of part I), output of an independent client of 2026.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.jetfile2.base import Command, Parts, cut, need, text
from ledsign.protocol.jetfile2.disk import Erase, FilePart, Kind, ReadFile, SystemPart


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
        seconds, sound, zero = struct.unpack("<HBB", cut(arg, 4))
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
        *numbers, zero = struct.unpack("<HHBBBHHB", cut(arg, 12))
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
        *times, weekday, zone = cut(arg, 12 if size == 9 else 8)[:size]
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
        disk, folder, label = struct.unpack("<cc12s", cut(arg, 14))
        need(not data, "play file")
        return cls(disk.decode("latin-1"), folder.decode("latin-1"), text(label))


@dataclass(frozen=True, slots=True)
class Login(Command):
    CODE: ClassVar[int] = 0x0A01
    user: str
    password: str = field(repr=False)

    def pack(self) -> Parts:
        return struct.pack("<14s6s", self.user.encode("latin-1"), self.password.encode("latin-1")), b""

    @classmethod
    def unpack(cls, code: int, arg: bytes, data: bytes) -> Self:
        user, password = struct.unpack("<14s6s", cut(arg, 20))
        need(not data, "login")
        return cls(text(user), text(password))


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
