"""What is said to BX-5 and BX-6 cards, and their answers.

A request's body is ``01 group command length u16 arguments``, a reply's ``00 group command status u16 error u16
length u16 data``. Most commands are answered by ACK (A0 00) or NACK (A0 01 with an error number); questions have
an answer of their own, whose command is the question's with bit 7 set.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message

ACK, NACK = (0xA0, 0x00), (0xA0, 0x01)


class CardError(IntEnum):
    """Error numbers that change what we do; the rest is a refusal."""

    BUSY = 3
    MEMORY = 4
    CHECKSUM = 5
    NO_FILE = 6
    FILE_CRC = 11
    EXISTS = 15
    BLOCK = 16


class FileType(IntEnum):
    """Kinds of files; programmes are P, their pictures D on BX-6."""

    PROGRAMME = 0
    DATA = 9


@dataclass(frozen=True, slots=True)
class Command(Message):
    """Base of all requests. ``REPLY``: the answer's group and command, ``LEAST`` its shortest data."""

    GROUP: ClassVar[int] = 0
    CMD: ClassVar[int] = 0
    REPLY: ClassVar[tuple[int, int]] = ACK
    LEAST: ClassVar[int] = 0

    @property
    def code(self) -> tuple[int, int]:
        return self.GROUP, self.CMD

    def pack(self) -> bytes:
        """The arguments."""
        return b""

    @classmethod
    def parse(cls, args: bytes) -> Self:
        """Read arguments. Raises ProtocolError, struct.error or ValueError when they are not this command's;
        the caller checks that they pack to the same bytes again."""
        return cls()


@dataclass(frozen=True, slots=True)
class OtherCommand(Command):
    """A command that this driver does not use, or one with arguments of another shape."""

    group: int
    cmd: int
    args: bytes = b""

    @property
    def code(self) -> tuple[int, int]:
        return self.group, self.cmd

    def pack(self) -> bytes:
        return self.args


@dataclass(frozen=True, slots=True)
class Ping(Command):
    """Who is there, how large, which colours."""

    GROUP, CMD, REPLY, LEAST = 0xA2, 0x00, (0xA2, 0x80), 24


@dataclass(frozen=True, slots=True)
class Reset(Command):
    GROUP, CMD = 0xA2, 0x01


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


def _plain(value: int) -> int:
    return (value >> 4) * 10 + (value & 15)


@dataclass(frozen=True, slots=True)
class SetTime(Command):
    """``at`` as YYYY-MM-DDTHH:MM:SS; weekday 1-7, Saturday is 6."""

    GROUP, CMD = 0xA2, 0x02
    at: str
    weekday: int

    def pack(self) -> bytes:
        at = datetime.fromisoformat(self.at)
        fields = (at.year % 100, at.year // 100, at.month, at.day, at.hour, at.minute, at.second)
        return bytes(map(_bcd, fields)) + bytes((self.weekday,))

    @classmethod
    def parse(cls, args: bytes) -> Self:
        low, high, month, day, hour, minute, second = map(_plain, args[:7])
        at = datetime(high * 100 + low, month, day, hour, minute, second)  # noqa: DTZ001 -- the card knows no zone
        return cls(at.isoformat(), args[7])


@dataclass(frozen=True, slots=True)
class QueryFirmware(Command):
    GROUP, CMD, REPLY, LEAST = 0xA2, 0x04, (0xA2, 0x84), 12


@dataclass(frozen=True, slots=True)
class Power(Command):
    GROUP, CMD = 0xA2, 0x05
    on: bool

    def pack(self) -> bytes:
        return bytes((self.on,))

    @classmethod
    def parse(cls, args: bytes) -> Self:
        return cls(args == b"\x01")


@dataclass(frozen=True, slots=True)
class TimedPower(Command):
    """On and off times as BCD quadruples: hour and minute on, hour and minute off."""

    GROUP, CMD = 0xA2, 0x06
    times: tuple[bytes, ...]

    def pack(self) -> bytes:
        return bytes((len(self.times),)) + b"".join(self.times)

    @classmethod
    def parse(cls, args: bytes) -> Self:
        return cls(tuple(args[at : at + 4] for at in range(1, len(args), 4)))


@dataclass(frozen=True, slots=True)
class Brightness(Command):
    """48 half hours, 0-15 each; mode 0 manual (48 equal values), 1 timed, 2 and 3 by sensor."""

    GROUP, CMD = 0xA2, 0x07
    levels: tuple[int, ...]
    mode: int = 0

    def pack(self) -> bytes:
        return bytes((self.mode, *self.levels))

    @classmethod
    def parse(cls, args: bytes) -> Self:
        if len(args) != 49:
            raise ProtocolError("brightness needs 48 values")
        return cls(tuple(args[1:]), args[0])


@dataclass(frozen=True, slots=True)
class CancelTimedPower(Command):
    GROUP, CMD = 0xA2, 0x08


@dataclass(frozen=True, slots=True)
class ReadId(Command):
    GROUP, CMD, REPLY, LEAST = 0xA2, 0x0A, (0xA2, 0x8A), 8


@dataclass(frozen=True, slots=True)
class LockScreen(Command):
    """Hold what is shown; ``stored``: also over a power cycle."""

    GROUP, CMD = 0xA2, 0x0D
    stored: int
    locked: int

    def pack(self) -> bytes:
        return bytes((self.stored, self.locked))

    @classmethod
    def parse(cls, args: bytes) -> Self:
        return cls(*args)


@dataclass(frozen=True, slots=True)
class QueryStatus(Command):
    """Power, brightness, programmes and clock."""

    GROUP, CMD, REPLY, LEAST = 0xA2, 0x0F, (0xA2, 0x8F), 21


@dataclass(frozen=True, slots=True)
class Format(Command):
    GROUP, CMD = 0xA1, 0x00


@dataclass(frozen=True, slots=True)
class DeleteFiles(Command):
    """No names: all programmes."""

    GROUP, CMD = 0xA1, 0x01
    names: tuple[str, ...] = ()

    def pack(self) -> bytes:
        return struct.pack("<H", len(self.names)) + "".join(self.names).encode("ascii")

    @classmethod
    def parse(cls, args: bytes) -> Self:
        text = args[2:].decode("ascii")
        return cls(tuple(text[at : at + 4] for at in range(0, len(text), 4)))


@dataclass(frozen=True, slots=True)
class StartWrite(Command):
    """``crc``: the file's last four bytes."""

    GROUP, CMD = 0xA1, 0x02
    name: str
    type: int
    length: int
    crc: bytes
    overwrite: int = 1

    def pack(self) -> bytes:
        return struct.pack("<4sBIB4s", self.name.encode("ascii"), self.type, self.length, self.overwrite, self.crc)

    @classmethod
    def parse(cls, args: bytes) -> Self:
        name, kind, length, overwrite, crc = struct.unpack("<4sBIB4s", args)
        return cls(name.decode("ascii"), kind, length, crc, overwrite)


@dataclass(frozen=True, slots=True)
class WriteBlock(Command):
    GROUP, CMD = 0xA1, 0x03
    name: str
    last: int
    offset: int
    data: bytes

    def pack(self) -> bytes:
        return struct.pack("<4sBI", self.name.encode("ascii"), self.last, self.offset) + self.data

    @classmethod
    def parse(cls, args: bytes) -> Self:
        name, last, offset = struct.unpack_from("<4sBI", args)
        return cls(name.decode("ascii"), last, offset, args[9:])


@dataclass(frozen=True, slots=True)
class ListFiles(Command):
    """How many files of a type are there; the answer's data begin with the count, u16."""

    GROUP, CMD, REPLY, LEAST = 0xA1, 0x06, (0xA1, 0x86), 2
    type: int
    most: int = 100

    def pack(self) -> bytes:
        return bytes((self.type, self.most))

    @classmethod
    def parse(cls, args: bytes) -> Self:
        return cls(*args)


@dataclass(frozen=True, slots=True)
class BeginTransfer(Command):
    GROUP, CMD = 0xA1, 0x08


@dataclass(frozen=True, slots=True)
class EndTransfer(Command):
    """The files sent since ``BeginTransfer`` take effect."""

    GROUP, CMD = 0xA1, 0x09


@dataclass(frozen=True, slots=True)
class QueryVolume(Command):
    """Flash: total and free bytes, u32 each."""

    GROUP, CMD, REPLY, LEAST = 0xA1, 0x12, (0xA1, 0x92), 8


@dataclass(frozen=True, slots=True)
class UpdateAreas(Command):
    """Dynamic areas with their pictures, as ``programme`` lays them out. Goes in an F0 packet."""

    GROUP, CMD = 0xA7, 0x00
    content: bytes

    def pack(self) -> bytes:
        return self.content

    @classmethod
    def parse(cls, args: bytes) -> Self:
        return cls(args)


@dataclass(frozen=True, slots=True)
class DeleteAreas(Command):
    """No ids: all dynamic areas. Goes in an F0 packet."""

    GROUP, CMD = 0xA7, 0x01
    ids: tuple[int, ...] = ()

    def pack(self) -> bytes:
        return bytes((len(self.ids), *self.ids)) if self.ids else b"\xff"

    @classmethod
    def parse(cls, args: bytes) -> Self:
        return cls(tuple(args[1:]))


@dataclass(frozen=True, slots=True)
class Reply(Message):
    """A card's answer; ``error`` is 0 when all is well."""

    group: int
    cmd: int
    error: int = 0
    data: bytes = b""
    status: int = 0
    reserved: int = 0

    @property
    def code(self) -> tuple[int, int]:
        return self.group, self.cmd


_KNOWN = {
    (kind.GROUP, kind.CMD): kind
    for kind in (
        Ping, Reset, SetTime, QueryFirmware, Power, TimedPower, Brightness, CancelTimedPower, ReadId, LockScreen,
        QueryStatus, Format, DeleteFiles, StartWrite, WriteBlock, ListFiles, BeginTransfer, EndTransfer, QueryVolume,
        UpdateAreas, DeleteAreas,
    )
}  # fmt: skip


def parse(group: int, cmd: int, args: bytes) -> Command:
    """Arguments as a command; whatever does not pack to the same bytes again stays raw."""
    kind = _KNOWN.get((group, cmd))
    if kind is not None:
        with suppress(ProtocolError, struct.error, ValueError, TypeError, IndexError):  # another shape: kept raw
            found: Command = kind.parse(args)
            if found.pack() == args:
                return found
    return OtherCommand(group, cmd, args)
