"""When template programmes are played, CC 8A to 8D: their level, end and times of day, and plans of the week.

Sources as in ``templates``; no public packet of these is known.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from ledsign.protocol.cp5200.calls import Call
from ledsign.protocol.packed import need

MOST_PROGRAMS = 100  # and as many plans


def is_number(value: int) -> bool:
    """Whether a programme or plan can have it."""
    return 1 <= value <= MOST_PROGRAMS


@dataclass(frozen=True, slots=True)
class Properties(Call):
    """How programmes are played; what is None stays as it is. No numbers: all programmes. ``level`` 1-3; ``loops``
    0 (never) to 255; ``minutes`` from now, 0: for ever; ``dates``: first and last moment, year month day hour
    minute second each; ``periods``: hour minute second of begin and end, at most 4."""

    CODE: ClassVar[int] = 0x8A
    numbers: tuple[int, ...] = ()
    level: int | None = None
    loops: int | None = None
    minutes: int | None = None
    dates: bytes | None = None
    periods: tuple[bytes, ...] = ()

    def pack(self) -> bytes:
        given = (self.level, self.loops, self.minutes, self.dates)
        flags = sum(1 << bit for bit, value in enumerate(given) if value is not None)
        numbers = bytes((1, len(self.numbers), *self.numbers)) if self.numbers else b"\0"
        fields = (self.level or 0, self.loops or 0, self.minutes or 0, self.dates or bytes(12))
        return numbers + struct.pack(">BBBHH12s", flags, len(self.periods), *fields) + b"".join(self.periods)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 2 and data[0] <= 1, "programme choice")
        count = data[1] if data[0] else 0
        at = 2 + count if data[0] else 1
        need(len(data) >= at + 19 and len(data) == at + 19 + 6 * data[at + 1] and data[at + 1] <= 4, "properties")
        flags, _count, *values = struct.unpack_from(">BBBHH12s", data, at)
        level, loops, minutes, dates = (value if flags >> bit & 1 else None for bit, value in enumerate(values))
        periods = tuple(data[n : n + 6] for n in range(at + 19, len(data), 6))
        made = cls(tuple(data[2:at]), level, loops, minutes, dates, periods)
        need(made.pack() == data and (made.level is None or 1 <= made.level <= 3), "properties")
        return made


@dataclass(frozen=True, slots=True)
class SetPlan(Call):
    """A plan: ``form`` 1 and priority << 4; ``weekdays`` bit 0 Sunday; dates year - 2000, month, day; times of day;
    ``programs``: their count and numbers."""

    CODE, FORM = 0x8B, ">IBBB3s3s3s3s"
    user: int
    plan: int
    form: int
    weekdays: int
    first_day: bytes
    last_day: bytes
    begin: bytes
    end: bytes
    programs: bytes

    def sound(self) -> bool:
        return is_number(self.plan) and bool(self.programs) and len(self.programs) == 1 + self.programs[0]


@dataclass(frozen=True, slots=True)
class DeletePlans(Call):
    """``plans``: their count and numbers; 00 FF are all."""

    CODE, FORM = 0x8C, ">I"
    user: int = 0
    plans: bytes = b"\0\xff"

    def sound(self) -> bool:
        return self.plans == b"\0\xff" or (bool(self.plans) and 0 < len(self.plans) - 1 == self.plans[0])


@dataclass(frozen=True, slots=True)
class QueryPlans(Call):
    """``item`` 0: all valid plans; 1: this plan."""

    CODE, FORM = 0x8D, ">IBB"
    user: int = 0
    item: int = 0
    plan: int = 0
