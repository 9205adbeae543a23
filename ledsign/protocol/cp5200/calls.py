"""CMD 7B, the "external calls": windows, pictures, texts. Each class is one call code (CC).

Fields are big-endian. Reading is strict, because the packet's additive sum alone is a weak witness. Source: vendor
multi-window protocol V1.9 (2012), checked against output of vendor code. Template programmes are in ``templates``.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from ledsign.errors import ProtocolError
from ledsign.protocol.cp5200 import i1
from ledsign.protocol.packed import Packed, need

GIF, GIF_NAME, PACKAGE, I1 = 1, 2, 3, 4  # forms of a picture


class Call(Packed):
    """Base of all calls; the data are the parameters after the CC byte."""

    __slots__ = ()
    CODE: ClassVar[int]

    @property
    def code(self) -> int:
        return self.CODE


def is_picture(form: int, data: bytes) -> bool:
    """Whether the data are a picture of that form, whole to the byte."""
    if form == GIF:
        return data[:6] in (b"GIF87a", b"GIF89a") and data[-1:] == b";"
    if form != I1:
        return form in (GIF_NAME, PACKAGE) and bool(data)
    try:
        i1.parse(data)
    except ProtocolError:
        return False
    return True


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

    CODE = 0x01
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

    CODE, FORM = 0x02, ">BBBBH"
    window: int
    effect: int
    align: int
    speed: int
    stay_s: int
    cells: bytes

    def sound(self) -> bool:
        return len(self.cells) >= 3 and len(self.cells) % 3 == 0


@dataclass(frozen=True, slots=True)
class Image(Call):
    """Picture into a window. ``format``: 1 GIF file, 2 name of a stored GIF, 3 package, 4 I1 picture."""

    CODE, FORM = 0x03, ">BBBHBHH"
    window: int
    effect: int
    speed: int
    stay_s: int
    format: int
    x: int
    y: int
    data: bytes

    def sound(self) -> bool:
        return is_picture(self.format, self.data)


@dataclass(frozen=True, slots=True)
class StaticText(Call):
    """``text`` in the encoding of the card's font, here and below without the closing 00."""

    CODE, FORM, END = 0x04, ">BBBHHHHBBBB", b"\0"
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
    text: bytes


@dataclass(frozen=True, slots=True)
class ClockText(Call):
    """A clock, with a text beside it."""

    CODE, FORM, END = 0x05, ">BHBBBBBBB", b"\0"
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


@dataclass(frozen=True, slots=True)
class LeaveWindows(Call):
    """Give the screen back to the stored programmes."""

    CODE = 0x06


@dataclass(frozen=True, slots=True)
class SavedWindows(Call):
    """Save the windows with their content into flash, or clear what was saved. Writes flash."""

    CODE, FORM = 0x07, "?xx"
    clear: bool


@dataclass(frozen=True, slots=True)
class PlayStored(Call):
    """Play chosen stored programmes; none: leave that mode. ``options`` bit 0: keep over a power cycle."""

    CODE = 0x08
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

    CODE = 0x0C
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

    CODE, FORM, END = 0x12, ">BBBBHBBBB", b"\0"
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


@dataclass(frozen=True, slots=True)
class OtherCall(Call):
    """A call code this program does not interpret; it names itself."""

    CODE = -1
    cc: int
    data: bytes

    @property
    def code(self) -> int:
        return self.cc

    def pack(self) -> bytes:
        return self.data


WINDOW_CALLS: tuple[type[Call], ...] = (
    SplitWindows, RichText, Image, StaticText, ClockText, LeaveWindows, SavedWindows, PlayStored, GlobalZones,
    PureText,
)  # fmt: skip
