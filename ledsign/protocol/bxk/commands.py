"""What is said to BX-K cards, and their answers: group and command, then arguments.

Most commands are answered by ACK (A0 00) or NACK (A0 01 with an error number). Source: vendor protocol document for
BX-5K/6K, V1.4; power, clock, status and dynamic areas also in fielded programs.
"""

import struct
from dataclasses import dataclass
from typing import Self

from ledsign.protocol.bxk.text import Area
from ledsign.protocol.onbon import ACK as ACK
from ledsign.protocol.onbon import NACK as NACK
from ledsign.protocol.onbon import ClockCommand, NamesCommand, read_command
from ledsign.protocol.onbon import Command as Command
from ledsign.protocol.onbon import OtherCommand as OtherCommand
from ledsign.protocol.packed import need

BAD_COMMAND, BUSY, NO_SPACE, CHECKSUM, NO_FILE, FILE_CRC, EXISTS, BLOCK = 2, 3, 4, 5, 6, 11, 15, 16  # errors


@dataclass(frozen=True, slots=True)
class Ping(Command):
    GROUP, CMD = 0xA2, 0x00


@dataclass(frozen=True, slots=True)
class Reset(Command):
    """Erases all files but the firmware."""

    GROUP, CMD = 0xA2, 0x01


@dataclass(frozen=True, slots=True)
class Format(Command):
    """Erases programmes and fonts."""

    GROUP, CMD = 0xA1, 0x00


@dataclass(frozen=True, slots=True)
class DeleteFiles(NamesCommand):
    """No names: all programmes. Writes flash."""

    GROUP, CMD = 0xA1, 0x01


@dataclass(frozen=True, slots=True)
class QueryStatus(Command):
    """Power (1 on, 2 off), brightness, 8 of time, count of programmes, name of the one that plays, ..."""

    GROUP, CMD, REPLY, LEAST = 0xA1, 0x02, (0xA1, 0x02), 15


@dataclass(frozen=True, slots=True)
class StartWrite(Command):
    """``overwrite`` 0: refused when there is such a file."""

    GROUP, CMD, FORM = 0xA1, 0x05, "<B4sI"
    overwrite: int
    name: bytes
    length: int


@dataclass(frozen=True, slots=True)
class WriteBlock(Command):
    """The answer names the offset that the card wants next."""

    GROUP, CMD, REPLY, LEAST = 0xA1, 0x06, (0xA1, 0x06), 4
    FORM = "<4sBHHI"
    name: bytes
    last: int
    number: int
    length: int
    offset: int
    data: bytes

    def sound(self) -> bool:
        return self.length == len(self.data)


@dataclass(frozen=True, slots=True)
class SetTime(ClockCommand):
    GROUP, CMD = 0xA2, 0x03


@dataclass(frozen=True, slots=True)
class ReadParameters(Command):
    """Address u16, type, rate, width u16, height u16, colours (1, 2), ..."""

    GROUP, CMD, REPLY, LEAST = 0xA2, 0x0A, (0xA2, 0x8A), 9


@dataclass(frozen=True, slots=True)
class Power(Command):
    """1 on, 2 off."""

    GROUP, CMD, FORM = 0xA3, 0x00, "B"
    state: int

    def sound(self) -> bool:
        return self.state in (1, 2)


@dataclass(frozen=True, slots=True)
class TimedPower(Command):
    """At most three spans: BCD hour and minute on, hour and minute off."""

    GROUP, CMD, FORM = 0xA3, 0x01, "B"
    count: int
    spans: bytes

    def sound(self) -> bool:
        return self.count <= 3 and len(self.spans) == 4 * self.count


@dataclass(frozen=True, slots=True)
class Brightness(Command):
    """``kind`` 1: forced to ``level`` (0-15); 2: by the table of 48 half hours, which the forced form may omit."""

    GROUP, CMD, FORM = 0xA3, 0x02, "BB"
    kind: int
    level: int
    table: bytes = b""

    def sound(self) -> bool:
        return self.kind in (1, 2) and self.level <= 15 and len(self.table) in (0, 48)


@dataclass(frozen=True, slots=True)
class LockProgramme(Command):
    GROUP, CMD, FORM = 0xA3, 0x04, "BB4s"
    stored: int
    locked: int
    name: bytes


@dataclass(frozen=True, slots=True)
class UpdateAreas(Command):
    """Delete dynamic areas (``everything``: all), then set others. In memory only, at most once a second."""

    GROUP, CMD = 0xA3, 0x06
    areas: tuple[Area, ...] = ()
    delete: tuple[int, ...] = ()
    everything: bool = False

    def pack(self) -> bytes:
        gone = b"\xff" if self.everything else bytes((len(self.delete), *self.delete))
        parts = [area.pack() for area in self.areas]
        return gone + bytes((len(parts),)) + b"".join(struct.pack("<H", len(part)) + part for part in parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 2, "areas")
        everything = data[0] == 0xFF
        at = 1 if everything else 1 + data[0]
        need(len(data) > at, "areas to delete")
        delete, count, areas = tuple(data[1:at]), data[at], []
        at += 1
        for _area in range(count):
            length = int.from_bytes(data[at : at + 2], "little")
            areas.append(Area.unpack(data[at + 2 : at + 2 + length]))
            at += 2 + length
        made = cls(tuple(areas), delete, everything)
        need(made.pack() == data, "areas")
        return made


@dataclass(frozen=True, slots=True)
class CancelTimedPower(Command):
    GROUP, CMD = 0xA3, 0x08


@dataclass(frozen=True, slots=True)
class ClearScreen(Command):
    GROUP, CMD = 0xA3, 0x10


_KNOWN: tuple[type[Command], ...] = (
    Ping, Reset, Format, DeleteFiles, QueryStatus, StartWrite, WriteBlock, SetTime, ReadParameters, Power,
    TimedPower, Brightness, LockProgramme, UpdateAreas, CancelTimedPower, ClearScreen,
)  # fmt: skip


def parse(group: int, cmd: int, args: bytes) -> Command:
    """Arguments as a command; those of another shape stay raw."""
    return read_command(_KNOWN, group, cmd, args)
