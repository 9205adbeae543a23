"""Template programmes, CC 81 to 89: pages that the card keeps and plays by itself; when is said by ``plans``.

A template divides the screen into at most 10 windows. Up to 100 programmes fill them with texts or pictures, or
bring windows of their own (88). The card plays the programmes of the highest level that are valid, in the order of
their numbers. Texts, pictures and programmes of several packets may arrive with gaps: each answer names the packets
that are still missing. Fields are big-endian. Sources: vendor protocol of external calls (Chinese V1.9 and its
English edition); the layout of 81, 82, 85 and 88 agrees with the programs of a fielded GPRS system.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from ledsign.protocol.cp5200.calls import WINDOW_CALLS, Call, OtherCall, Window, is_picture
from ledsign.protocol.cp5200.plans import DeletePlans, Properties, QueryPlans, SetPlan, is_number
from ledsign.protocol.packed import need

MOST_WINDOWS = 10
TEXT, CLOCK, PICTURE = 1, 2, 4  # what a window shows
OWN_FORMAT, PLAY_NOW = 0x10, 0x20  # bits of ``attributes``
STATUS_ANSWER = 0x83  # a known edition prints this code in answers to 85, 86 and 87
NO_TEMPLATE, NOT_IN_MODE = 0x01, 0x80  # statuses of an answer
UNKNOWN_ITEM, OUT_OF_RANGE, NO_WINDOW, OUTSIDE = 0x10, 0x11, 0x12, 0x13
REFUSALS = {
    UNKNOWN_ITEM: "unknown item",
    OUT_OF_RANGE: "programme or plan number",
    NO_WINDOW: "window number",
    OUTSIDE: "window outside the screen",
    NOT_IN_MODE: "not in template mode",
}


@dataclass(frozen=True, slots=True)
class TemplateWindow:
    """A window and what it shows where a programme says nothing: a type and 7 bytes of parameters."""

    place: Window
    content: bytes = bytes(8)

    def pack(self) -> bytes:
        place = self.place
        return struct.pack(">HHHH8s", place.x, place.y, place.width, place.height, self.content)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        *place, content = struct.unpack(">HHHH8s", data)
        return cls(Window(*place), content)


@dataclass(frozen=True, slots=True)
class DefineTemplate(Call):
    """``colors``: bits 0-2 red, green, blue, bits 4-6 depth (0 or 7). ``options``: bit 0 enter at once, bit 1 keep
    on the system disk. ``defaults``: stay u16, speed, font, colour, effect, fit, clock format and content, align,
    6 reserved. Writes flash."""

    CODE: ClassVar[int] = 0x81
    colors: int
    width: int
    height: int
    options: int
    defaults: bytes
    windows: tuple[TemplateWindow, ...]

    def pack(self) -> bytes:
        fields = (self.colors, self.width, self.height, len(self.windows), self.options, self.defaults)
        return struct.pack(">BHHBB16s", *fields) + b"".join(window.pack() for window in self.windows)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 23 and len(data) == 23 + 16 * data[5] and data[5] <= MOST_WINDOWS, "template length")
        colors, width, height, _count, options, defaults = struct.unpack_from(">BHHBB16s", data)
        windows = tuple(TemplateWindow.unpack(data[at : at + 16]) for at in range(23, len(data), 16))
        return cls(colors, width, height, options, defaults, windows)


@dataclass(frozen=True, slots=True)
class TemplateMode(Call):
    """Enter (bit 0) or leave template mode; bit 4 keeps it over a power cycle."""

    CODE, FORM = 0x82, "B"
    options: int

    def sound(self) -> bool:
        return not self.options & ~0x11


@dataclass(frozen=True, slots=True)
class QueryTemplate(Call):
    """``options`` bit 0: the state. Answer: options, 1 in template mode, bits 0-1 of the third 1 usable."""

    CODE, FORM = 0x83, "B"
    options: int = 1


@dataclass(frozen=True, slots=True)
class DeletePrograms(Call):
    """No numbers: all programmes."""

    CODE: ClassVar[int] = 0x84
    numbers: tuple[int, ...] = ()

    def pack(self) -> bytes:
        return bytes((1, len(self.numbers), *self.numbers)) if self.numbers else b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(data == b"\0" or (data[:1] == b"\1" and 0 < len(data) - 2 == data[1]), "programme list")
        return cls(tuple(data[2:]))


@dataclass(frozen=True, slots=True)
class _Filling(Call):
    """Into one window of one programme. ``user``: a number of the sender's own, which answers repeat.
    ``attributes``: bits 0-3 kind, bit 4 a format of 8 bytes stands before the data, bit 5 play at once."""

    FORM = ">IBBB"
    user: int
    program: int
    window: int
    attributes: int
    data: bytes

    @property
    def format(self) -> bytes:
        return self.data[:8] if self.attributes & OWN_FORMAT else b""

    @property
    def content(self) -> bytes:
        return self.data[8:] if self.attributes & OWN_FORMAT else self.data

    def sound(self) -> bool:
        return is_number(self.program) and 1 <= self.window <= MOST_WINDOWS and bool(self.content)


@dataclass(frozen=True, slots=True)
class FillText(_Filling):
    """Kind 0: text with a closing 00; 1: rich text. Format: stay u16, speed, font, colour, effect, align, 0."""

    CODE: ClassVar[int] = 0x85


@dataclass(frozen=True, slots=True)
class FillPicture(_Filling):
    """Kind as in ``Image``. Format: stay u16, speed, effect, fit, 3 reserved."""

    CODE: ClassVar[int] = 0x86

    def sound(self) -> bool:
        return _Filling.sound(self) and is_picture(self.attributes & 15, self.content)


@dataclass(frozen=True, slots=True)
class FillClock(_Filling):
    """Kind 2 clock or 3 temperature; the data as in a window's parameters."""

    CODE: ClassVar[int] = 0x87

    def sound(self) -> bool:
        return is_number(self.program) and 1 <= self.window <= MOST_WINDOWS


@dataclass(frozen=True, slots=True)
class ProgramWindow:
    """A window of a stand-alone programme and where its content stands in the programme's data."""

    window: TemplateWindow
    offset: int = 0
    length: int = 0

    def pack(self) -> bytes:
        return self.window.pack() + self.offset.to_bytes(3, "big") + self.length.to_bytes(3, "big")

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        offset, length = int.from_bytes(data[16:19], "big"), int.from_bytes(data[19:22], "big")
        return cls(TemplateWindow.unpack(data[:16]), offset, length)


@dataclass(frozen=True, slots=True)
class StandAlone(Call):
    """A programme with windows of its own. ``attributes`` bit 5: play at once. ``data``: for each window kind
    (1 text, 4 picture), form and content; a fielded client leaves the first two bytes out of the length."""

    CODE: ClassVar[int] = 0x88
    user: int
    program: int
    attributes: int
    windows: tuple[ProgramWindow, ...]
    data: bytes

    def pack(self) -> bytes:
        head = struct.pack(">IBB3xB", self.user, self.program, self.attributes, len(self.windows))
        return head + b"".join(each.pack() for each in self.windows) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 10 and not any(data[6:9]), "programme head")
        user, number, attributes, count = struct.unpack_from(">IBB3xB", data)
        end = 10 + 22 * count
        need(is_number(number) and 1 <= count <= MOST_WINDOWS and len(data) >= end, "programme windows")
        windows = tuple(ProgramWindow.unpack(data[at : at + 22]) for at in range(10, end, 22))
        need(all(each.offset + each.length <= len(data) - end for each in windows), "window data")
        return cls(user, number, attributes, windows, data[end:])


@dataclass(frozen=True, slots=True)
class QueryPrograms(Call):
    """``item`` 1: how many there are and their numbers; 2: programme ``parameters[0]``, with its user number."""

    CODE, FORM = 0x89, "B5s"
    item: int = 1
    parameters: bytes = bytes(5)


@dataclass(frozen=True, slots=True)
class Progress:
    """What the answer to 85-88 says: whose upload it is, and which packets are missing, ascending."""

    user: int
    program: int
    window: int
    missing: tuple[int, ...]

    def pack(self) -> bytes:
        head = struct.pack(">IBBB", self.user, self.program, self.window, len(self.missing))
        return head + bytes(self.missing)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Raises ProtocolError."""
        need(len(data) >= 7 and len(data) == 7 + data[6], "missing list length")
        need(list(data[7:]) == sorted(set(data[7:])), "missing list order")
        user, program, window = struct.unpack_from(">IBB", data)
        return cls(user, program, window, tuple(data[7:]))


UPLOADS = (FillText.CODE, FillPicture.CODE, FillClock.CODE, StandAlone.CODE)
_TEMPLATE_CALLS: tuple[type[Call], ...] = (
    DefineTemplate, TemplateMode, QueryTemplate, DeletePrograms, FillText, FillPicture, FillClock, StandAlone,
    QueryPrograms, Properties, SetPlan, DeletePlans, QueryPlans,
)  # fmt: skip
CALLS: dict[int, type[Call]] = {cls.CODE: cls for cls in (*WINDOW_CALLS, *_TEMPLATE_CALLS)}


def parse(stream: bytes) -> Call:
    """A whole stream (CC and parameters) as a typed call. Raises ProtocolError."""
    need(bool(stream), "call without a code")
    known = CALLS.get(stream[0])
    return known.unpack(stream[1:]) if known else OtherCall(stream[0], stream[1:])
