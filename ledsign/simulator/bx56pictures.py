"""How the simulated BX card reads programmes, dynamic areas and bitmaps; nothing here comes from the driver.

Every length is checked to the byte: a record that leaves bytes over, or misses some, is refused.
"""

import struct
from dataclasses import dataclass
from datetime import date

import numpy as np

from ledsign.errors import ProtocolError
from ledsign.panel import ColorMode
from ledsign.simulator.canvas import Pixels

_MOST_LEDS = 4096 * 4096
_D_FIRST = 14  # where all encoders say that the first bitmap of a D file stands; it stands at 13


@dataclass(frozen=True)
class Region:
    """An area on the glass with its pages."""

    x: int
    y: int
    pictures: tuple[Pixels, ...]


@dataclass(frozen=True)
class DynamicArea:
    """A dynamic area as it came. ``timeout_s`` counts in run modes 2 and 3; ``immediate`` 1: programmes stop."""

    number: int
    run_mode: int
    timeout_s: int
    immediate: int
    region: Region


@dataclass(frozen=True)
class Programme:
    """A programme file: its days and its areas; None is no limit."""

    first: date | None
    last: date | None
    regions: tuple[Region, ...]

    def plays_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class _Reader:
    """Reads forward through bytes. Raises ProtocolError behind the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise ProtocolError("record is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def unpack(self, form: str) -> tuple[int, ...]:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

    def end(self) -> None:
        if self.at != len(self.data):
            raise ProtocolError("bytes behind the record")


def _bits(data: bytes, shape: tuple[int, int]) -> Pixels:
    rows = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(shape)
    return ((1 - rows) * 255).astype(np.uint8)


def read_bitmap(data: bytes, size: tuple[int, int], x: int, six: bool, mode: ColorMode) -> Pixels:
    """A page's bitmap as pixels. Raises ProtocolError when its length does not fit the area."""
    width, height = size
    if not (0 < width <= 4096 and 0 < height <= 4096 and width * height <= _MOST_LEDS):
        raise ProtocolError("area size")
    pixels = np.zeros((height, width, 3), np.uint8)
    if mode is ColorMode.RGB:
        if len(data) != width * height * 3:
            raise ProtocolError("bitmap length")
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)
    colors, step = (1 if mode is ColorMode.MONO else 2), (32 if six else 8)
    left = x % step
    row = -(-(left + width) // step) * step
    if len(data) != row // 8 * height * colors:
        raise ProtocolError("bitmap length")
    if six:
        ordered = np.frombuffer(data, "<u4").astype(">u4").tobytes()
        planes = [ordered[at : at + row // 8 * height] for at in range(0, len(data), row // 8 * height)]
    else:
        planes = [data[color::colors] for color in range(colors)]
    for color, plane in enumerate(planes):
        pixels[:, :, color] = _bits(plane, (height, row))[:, left : left + width]
    return pixels


def _frame_off(reader: _Reader) -> None:
    if reader.take(1) != b"\0":
        raise ProtocolError("areas with a frame are not drawn here")


def _region(reader: _Reader, six: bool, mode: ColorMode, bitmaps: bytes | None, base: int) -> Region:
    """An area behind its type byte. ``bitmaps`` None: the rest of the reader (dynamic areas of BX-6)."""
    x, y, width, height = reader.unpack("HHHH")
    _frame_off(reader)
    if six:
        _background, _transparency, _equal, sound = reader.unpack("BBBB")
        if sound:
            raise ProtocolError("areas with sound are not drawn here")
        reader.take(5)
    (count,) = reader.unpack("H")
    found: list[bytes] = []
    records: list[tuple[int, int]] = []
    for _page in range(count):
        (length,) = reader.unpack("I")
        reader.take(9)
        if six:
            reader.take(9)
            offset, size = reader.unpack("II")
            records.append((offset - base, size))
        else:
            reader.take(4)
            found.append(reader.take(length - 13))
    if six:
        store = reader.take(len(reader.data) - reader.at) if bitmaps is None else bitmaps
        for offset, size in records:
            if offset < 0 or offset + size > len(store):
                raise ProtocolError("bitmap outside its file")
            found.append(store[offset : offset + size])
    if not found:
        raise ProtocolError("area without pages")
    return Region(x, y, tuple(read_bitmap(data, (width, height), x, six, mode) for data in found))


def read_areas(content: bytes, six: bool, mode: ColorMode) -> tuple[DynamicArea, ...]:
    """The arguments of an area update. Raises ProtocolError."""
    reader = _Reader(content)
    if six and reader.unpack("H") != (1,):
        raise ProtocolError("one area at a time is drawn here")
    (length,) = reader.unpack("I")
    if length > len(content) - reader.at:
        raise ProtocolError("area length")
    number, mode_byte, timeout, _all, programmes = reader.unpack("BBHBH")
    reader.take(2 * programmes)
    (immediate,) = reader.unpack("B")
    reader.take(4)
    if reader.take(1) != b"\x10":
        raise ProtocolError("not a dynamic area")
    region = _region(reader, six, mode, None, 0)
    reader.end()
    return (DynamicArea(number, mode_byte, timeout, immediate, region),)


def _day(data: bytes) -> date | None:
    if data[:2] == b"\xff\xff":
        return None
    low, high, month, day = ((byte >> 4) * 10 + (byte & 15) for byte in data)
    return date(high * 100 + low, month, day)


def read_programme(data: bytes, pictures: bytes, six: bool, mode: ColorMode) -> Programme:
    """A programme file with its D file (BX-6). Raises ProtocolError or ValueError."""
    reader = _Reader(data[:-4])
    reader.take(1 + 4 + 3 + 2 + (10 if six else 0) + 1)
    first, last = _day(reader.take(4)), _day(reader.take(4))
    (periods,) = reader.unpack("B")
    reader.take(6 * periods)
    _frame_off(reader)
    if reader.take(1) != b"\0":
        raise ProtocolError("programmes with an extra block are not drawn here")
    (count,) = reader.unpack("B")
    regions = []
    for _area in range(count):
        (length,) = reader.unpack("I")
        area = _Reader(reader.take(length))
        if area.take(1) != b"\0":
            raise ProtocolError("only caption areas are drawn here")
        regions.append(_region(area, six, mode, pictures[13:-4] if six else None, _D_FIRST))
        area.end()
    reader.end()
    return Programme(first, last, tuple(regions))
