"""Pages as cards store and show them: programme files and dynamic areas, BX-5 and BX-6.

BX-5 keeps the bitmaps inside the page records; BX-6 keeps records only, with the bitmaps in a D file or behind the
last record. Every known encoder counts the offsets of a D file from 14 although its first bitmap stands at 13;
cards have lived with that, so they are written the same way. Files end with the CRC-32 of everything before.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from ledsign.protocol.bx56.models import Generation

EFFECT_STATIC = 1
_LIFE_EVER = bytes.fromhex("ffff112199201231")  # what the vendor's kit writes for "from now on"
_TRANSPARENCY = 101
_D_BASE = 14


@dataclass(frozen=True, slots=True)
class Picture:
    """A page: its bitmap and how it is shown. ``stay`` in 10 ms."""

    bitmap: bytes
    stay: int = 500
    effect: int = EFFECT_STATIC
    speed: int = 10
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where pictures go, in LEDs."""

    x: int
    y: int
    width: int
    height: int

    def pack(self) -> bytes:
        return struct.pack("<HHHH", self.x, self.y, self.width, self.height)


def _head(picture: Picture, clear: int, width: int) -> bytes:
    fields = (0, picture.effect, clear, picture.speed, picture.stay, picture.repeat, width)
    return struct.pack("<BBBBHBH", *fields)


def _pages_5(place: Place, pictures: Sequence[Picture]) -> bytes:
    out = struct.pack("<H", len(pictures))
    for picture in pictures:
        out += struct.pack("<I", 13 + len(picture.bitmap)) + _head(picture, 0, place.width) + bytes(4)
        out += picture.bitmap
    return out


def _pages_6(place: Place, pictures: Sequence[Picture], base: int) -> bytes:
    out, offset = struct.pack("<H", len(pictures)), base
    for picture in pictures:
        out += struct.pack("<I", 26) + _head(picture, 1, place.width) + bytes(9)
        out += struct.pack("<II", offset, len(picture.bitmap))
        offset += len(picture.bitmap)
    return out


def _area_5(kind: int, place: Place, pictures: Sequence[Picture]) -> bytes:
    return bytes((kind,)) + place.pack() + b"\0" + _pages_5(place, pictures)


def _area_6(kind: int, place: Place, pictures: Sequence[Picture], base: int) -> bytes:
    style = bytes((0, 0, _TRANSPARENCY, 0, 0)) + bytes(5)  # frame, background, transparency, equal, sound, reserved
    return bytes((kind,)) + place.pack() + style + _pages_6(place, pictures, base)


def dynamic_area(
    generation: Generation,
    place: Place,
    pictures: Sequence[Picture],
    *,
    number: int = 0,
    timeout_s: int = 0,
    alone: bool = True,
) -> bytes:
    """The arguments that put pictures into a dynamic area. ``timeout_s``: the card takes them off after so long
    without an update (0: never); ``alone``: programmes stop meanwhile."""
    mode = 2 if timeout_s else 0
    head = struct.pack("<BBHBHB4x", number, mode, timeout_s, 1, 0, alone)
    if generation is Generation.G5:
        area = head + _area_5(0x10, place, pictures)
        return struct.pack("<I", len(area)) + area
    area = head + _area_6(0x10, place, pictures, 0)
    bitmaps = b"".join(picture.bitmap for picture in pictures)
    return struct.pack("<HI", 1, len(area)) + area + bitmaps


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file for the card, complete with its CRC."""

    name: str
    type: int
    data: bytes

    @property
    def crc(self) -> bytes:
        return self.data[-4:]


def _sealed(name: str, kind: int, content: bytes) -> CardFile:
    return CardFile(name, kind, content + struct.pack("<I", zlib.crc32(content)))


def programme(
    generation: Generation, number: int, place: Place, pictures: Sequence[Picture], life: bytes = _LIFE_EVER
) -> tuple[CardFile, ...]:
    """Files of programme ``number``, in the order they are sent. ``life``: first and last day, BCD, year low byte
    first."""
    name = f"P{number:03d}"
    head = b"\0" + name.encode("ascii") + bytes((0, 0, 1, 0, 0))
    spans = b"\xff" + life + b"\0"  # every day of the week, no hours
    if generation is Generation.G5:
        area = _area_5(0, place, pictures)
        return (_sealed(name, 0, head + spans + b"\0\0\x01" + struct.pack("<I", len(area)) + area),)
    area = _area_6(0, place, pictures, _D_BASE)
    programme_file = head + bytes(10) + spans + b"\0\0\x01" + struct.pack("<I", len(area)) + area
    data = b"\x09" + f"D{number:03d}".encode("ascii") + bytes(8) + b"".join(p.bitmap for p in pictures)
    return _sealed(f"D{number:03d}", 9, data), _sealed(name, 0, programme_file)
