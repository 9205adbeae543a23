"""What is said to BX-5 and BX-6 cards, and their answers.

A request's body is ``01 group command length u16 arguments``, a reply's ``00 group command status u16 error u16
length u16 data``. Most commands are answered by ACK (A0 00) or NACK (A0 01 with an error number); questions have
an answer of their own, whose command is the question's with bit 7 set.
"""

import struct
from dataclasses import dataclass
from typing import Self

from ledsign.protocol.message import Message
from ledsign.protocol.onbon import ACK as ACK
from ledsign.protocol.onbon import NACK as NACK
from ledsign.protocol.onbon import ClockCommand, NamesCommand, file_name, read_command
from ledsign.protocol.onbon import Command as Command
from ledsign.protocol.onbon import OtherCommand as OtherCommand
from ledsign.protocol.packed import need


@dataclass(frozen=True, slots=True)
class Ping(Command):
    """Who is there, how large, which colours."""

    GROUP, CMD, REPLY, LEAST = 0xA2, 0x00, (0xA2, 0x80), 24


@dataclass(frozen=True, slots=True)
class Reset(Command):
    GROUP, CMD = 0xA2, 0x01


@dataclass(frozen=True, slots=True)
class SetTime(ClockCommand):
    GROUP, CMD = 0xA2, 0x02


@dataclass(frozen=True, slots=True)
class QueryFirmware(Command):
    GROUP, CMD, REPLY, LEAST = 0xA2, 0x04, (0xA2, 0x84), 12


@dataclass(frozen=True, slots=True)
class Power(Command):
    GROUP, CMD, FORM = 0xA2, 0x05, "?"
    on: bool


@dataclass(frozen=True, slots=True)
class TimedPower(Command):
    """On and off times as BCD quadruples: hour and minute on, hour and minute off."""

    GROUP, CMD = 0xA2, 0x06
    times: tuple[bytes, ...]

    def pack(self) -> bytes:
        return bytes((len(self.times),)) + b"".join(self.times)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(bool(data) and len(data) == 1 + 4 * data[0], "times")
        return cls(tuple(data[at : at + 4] for at in range(1, len(data), 4)))


@dataclass(frozen=True, slots=True)
class Brightness(Command):
    """48 half hours, 0-15 each; mode 0 manual (48 equal values), 1 timed, 2 and 3 by sensor."""

    GROUP, CMD = 0xA2, 0x07
    levels: tuple[int, ...]
    mode: int = 0

    def pack(self) -> bytes:
        return bytes((self.mode, *self.levels))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 49, "brightness needs 48 values")
        return cls(tuple(data[1:]), data[0])


@dataclass(frozen=True, slots=True)
class CancelTimedPower(Command):
    GROUP, CMD = 0xA2, 0x08


@dataclass(frozen=True, slots=True)
class ReadId(Command):
    GROUP, CMD, REPLY, LEAST = 0xA2, 0x0A, (0xA2, 0x8A), 8


@dataclass(frozen=True, slots=True)
class LockScreen(Command):
    """Hold what is shown; ``stored``: also over a power cycle."""

    GROUP, CMD, FORM = 0xA2, 0x0D, "BB"
    stored: int
    locked: int


@dataclass(frozen=True, slots=True)
class QueryStatus(Command):
    """Power, brightness, programmes and clock."""

    GROUP, CMD, REPLY, LEAST = 0xA2, 0x0F, (0xA2, 0x8F), 21


@dataclass(frozen=True, slots=True)
class Format(Command):
    GROUP, CMD = 0xA1, 0x00


@dataclass(frozen=True, slots=True)
class DeleteFiles(NamesCommand):
    """No names: all programmes."""

    GROUP, CMD = 0xA1, 0x01


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
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 14, "start of a file")
        name, kind, length, overwrite, crc = struct.unpack("<4sBIB4s", data)
        return cls(file_name(name), kind, length, crc, overwrite)


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
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 9, "block of a file")
        name, last, offset = struct.unpack_from("<4sBI", data)
        return cls(file_name(name), last, offset, data[9:])


@dataclass(frozen=True, slots=True)
class ListFiles(Command):
    """How many files of a type are there; the answer's data begin with the count, u16."""

    GROUP, CMD, REPLY, LEAST = 0xA1, 0x06, (0xA1, 0x86), 2
    FORM = "BB"
    type: int
    most: int = 100


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


@dataclass(frozen=True, slots=True)
class DeleteAreas(Command):
    """No ids: all dynamic areas. Goes in an F0 packet."""

    GROUP, CMD = 0xA7, 0x01
    ids: tuple[int, ...] = ()

    def pack(self) -> bytes:
        return bytes((len(self.ids), *self.ids)) if self.ids else b"\xff"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(data == b"\xff" or (bool(data) and 0 < data[0] == len(data) - 1), "areas")
        return cls(tuple(data[1:]))


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


_KNOWN: tuple[type[Command], ...] = (
    Ping, Reset, SetTime, QueryFirmware, Power, TimedPower, Brightness, CancelTimedPower, ReadId, LockScreen,
    QueryStatus, Format, DeleteFiles, StartWrite, WriteBlock, ListFiles, BeginTransfer, EndTransfer, QueryVolume,
    UpdateAreas, DeleteAreas,
)  # fmt: skip


def parse(group: int, cmd: int, args: bytes) -> Command:
    """Arguments as a command; those of another shape stay raw."""
    return read_command(_KNOWN, group, cmd, args)
