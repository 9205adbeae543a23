"""CMD 7B, the "external calls": windows, pictures, texts. Each class is one call code (CC).

Fields are big-endian. ``pack`` gives the parameters after the CC byte, ``unpack`` reads them strictly: a
length or a fixed byte that does not fit raises ProtocolError, because the packet's additive sum alone is a
weak witness. Source: vendor multi-window protocol V1.9 (2012), checked against output of vendor code.
"""

import struct
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.cp5200 import i1
from ledsign.protocol.message import Message


def need(condition: bool, what: str) -> None:
    """Structure check of a received packet."""
    if not condition:
        raise ProtocolError(what)


def _fields(form: str, data: bytes, rest: bytes) -> tuple[Any, ...]:
    """Numbers from the head of ``data``, and what stands behind them."""
    return (*struct.unpack_from(form, data), rest)


class Call(Message):
    """Base of all calls."""

    __slots__ = ()
    CODE: ClassVar[int]

    @property
    def code(self) -> int:
        return self.CODE

    def pack(self) -> bytes:
        raise NotImplementedError

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Window:
    """A window of the screen, in LEDs."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SplitWindows(Call):
    """Divide the screen; the windows take it over from the stored programmes."""

    CODE: ClassVar[int] = 0x01
    windows: tuple[Window, ...]

    def pack(self) -> bytes:
        parts = [struct.pack(">HHHH", w.x, w.y, w.width, w.height) for w in self.windows]
        return bytes((len(parts),)) + b"".join(parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(bool(data) and 1 <= data[0] <= 8 and len(data) == 1 + 8 * data[0], "window list length")
        return cls(tuple(Window(*entry) for entry in struct.iter_unpack(">HHHH", data[1:])))


@dataclass(frozen=True, slots=True)
class RichText(Call):
    """Text with a colour and size for each character: ``cells`` are 3 bytes each (colour/size, high, low)."""

    CODE: ClassVar[int] = 0x02
    window: int
    effect: int
    align: int
    speed: int
    stay_s: int
    cells: bytes

    def pack(self) -> bytes:
        return struct.pack(">BBBBH", self.window, self.effect, self.align, self.speed, self.stay_s) + self.cells

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 9 and len(data) % 3 == 0, "rich text length")
        return cls(*_fields(">BBBBH", data, data[6:]))


@dataclass(frozen=True, slots=True)
class Image(Call):
    """Picture into a window. ``format``: 1 GIF file, 2 name of a stored GIF, 3 package, 4 I1 picture."""

    CODE: ClassVar[int] = 0x03
    GIF: ClassVar[int] = 1
    I1: ClassVar[int] = 4
    window: int
    effect: int
    speed: int
    stay_s: int
    format: int
    x: int
    y: int
    data: bytes

    def pack(self) -> bytes:
        head = struct.pack(
            ">BBBHBHH", self.window, self.effect, self.speed, self.stay_s, self.format, self.x, self.y
        )
        return head + self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) > 10, "picture is empty")
        image = cls(*_fields(">BBBHBHH", data, data[10:]))
        if image.format == cls.I1:
            i1.parse(image.data)
        elif image.format == cls.GIF:
            need(image.data[:6] in (b"GIF87a", b"GIF89a") and image.data[-1:] == b";", "not a whole GIF")
        else:
            need(image.format in (2, 3), "picture format")
        return image


@dataclass(frozen=True, slots=True)
class StaticText(Call):
    CODE: ClassVar[int] = 0x04
    window: int
    type: int
    align: int
    x: int
    y: int
    width: int
    height: int
    font: int
    red: int
    green: int
    blue: int
    text: bytes  # in the encoding of the card's font, without the closing 00

    def pack(self) -> bytes:
        head = (self.window, self.type, self.align, self.x, self.y, self.width, self.height)
        color = (self.font, self.red, self.green, self.blue)
        return struct.pack(">BBBHHHHBBBB", *head, *color) + self.text + b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 16 and data.find(b"\0", 15) == len(data) - 1, "static text end")
        return cls(*_fields(">BBBHHHHBBBB", data, data[15:-1]))


@dataclass(frozen=True, slots=True)
class ClockText(Call):
    CODE: ClassVar[int] = 0x05
    window: int
    stay_s: int
    calendar: int
    format: int
    content: int
    font: int
    red: int
    green: int
    blue: int
    text: bytes

    def pack(self) -> bytes:
        head = (self.window, self.stay_s, self.calendar, self.format, self.content)
        color = (self.font, self.red, self.green, self.blue)
        return struct.pack(">BHBBBBBBB", *head, *color) + self.text + b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 11 and data.find(b"\0", 10) == len(data) - 1, "clock text end")
        return cls(*_fields(">BHBBBBBBB", data, data[10:-1]))


@dataclass(frozen=True, slots=True)
class LeaveWindows(Call):
    """Give the screen back to the stored programmes."""

    CODE: ClassVar[int] = 0x06

    def pack(self) -> bytes:
        return b""

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(not data, "leave windows takes nothing")
        return cls()


@dataclass(frozen=True, slots=True)
class SavedWindows(Call):
    """Save the windows with their content into flash, or clear what was saved. Writes flash."""

    CODE: ClassVar[int] = 0x07
    clear: bool

    def pack(self) -> bytes:
        return bytes((self.clear, 0, 0))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 3 and data[0] <= 1 and data[1:] == b"\0\0", "save/clear windows")
        return cls(bool(data[0]))


@dataclass(frozen=True, slots=True)
class PlayStored(Call):
    """Play chosen stored programmes; none: leave that mode. ``options`` bit 0: keep over a power cycle."""

    CODE: ClassVar[int] = 0x08
    options: int
    numbers: tuple[int, ...]

    def pack(self) -> bytes:
        return bytes((self.options, len(self.numbers), *self.numbers))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 2 and len(data) == 2 + data[1], "programme list length")
        return cls(data[0], tuple(data[2:]))


@dataclass(frozen=True, slots=True)
class GlobalZones(Call):
    """Zones over the windows. ``reserved``: one 00 by the document; two from some clients. 16 bytes a zone."""

    CODE: ClassVar[int] = 0x0C
    options: int
    sync: int
    reserved: bytes = b"\0"
    zones: tuple[bytes, ...] = ()

    def pack(self) -> bytes:
        return bytes((self.options, len(self.zones), self.sync)) + self.reserved + b"".join(self.zones)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 4 and data[1] <= 8, "zone list")
        size = len(data) - 3 - 16 * data[1]
        need(size in (1, 2) and not any(data[3 : 3 + size]), "zone list length")
        zones = tuple(data[at : at + 16] for at in range(3 + size, len(data), 16))
        return cls(data[0], data[2], data[3 : 3 + size], zones)


@dataclass(frozen=True, slots=True)
class PureText(Call):
    """Text in one colour and font; the card draws it."""

    CODE: ClassVar[int] = 0x12
    window: int
    effect: int
    align: int
    speed: int
    stay_s: int
    font: int
    red: int
    green: int
    blue: int
    text: bytes

    def pack(self) -> bytes:
        head = (self.window, self.effect, self.align, self.speed, self.stay_s)
        color = (self.font, self.red, self.green, self.blue)
        return struct.pack(">BBBBHBBBB", *head, *color) + self.text + b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) >= 11 and data.find(b"\0", 10) == len(data) - 1, "pure text end")
        return cls(*_fields(">BBBBHBBBB", data, data[10:-1]))


@dataclass(frozen=True, slots=True)
class TemplateMode(Call):
    """Enter (bit 0) or leave template mode; bit 4 keeps it over a power cycle."""

    CODE: ClassVar[int] = 0x82
    options: int

    def pack(self) -> bytes:
        return bytes((self.options,))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        need(len(data) == 1 and not data[0] & ~0x11, "template mode option")
        return cls(data[0])


@dataclass(frozen=True, slots=True)
class OtherCall(Call):
    """A call code this program does not interpret; it names itself."""

    CODE: ClassVar[int] = -1
    cc: int
    data: bytes

    @property
    def code(self) -> int:
        return self.cc

    def pack(self) -> bytes:
        return self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        return cls(data[0], data[1:])


CALLS: dict[int, type[Call]] = {
    cls.CODE: cls
    for cls in (
        SplitWindows, RichText, Image, StaticText, ClockText, LeaveWindows, SavedWindows, PlayStored,
        GlobalZones, PureText, TemplateMode,
    )
}  # fmt: skip


def parse(stream: bytes) -> Call:
    """A whole stream (CC and parameters) as a typed call. Raises ProtocolError."""
    need(bool(stream), "call without a code")
    known = CALLS.get(stream[0])
    return known.unpack(stream[1:]) if known else OtherCall.unpack(stream)
