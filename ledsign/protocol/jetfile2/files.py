"""What goes into a sign's files: pictures (plain BMP), text files, the playlist SEQUENT.SYS.

A page is a picture file nested into a small text file: the text file is one packet, so that the picture on the
glass changes at once and never half. Sources: vendor document v2.5.4, parts I and II.
"""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from ledsign.errors import UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.jetfile2.commands import SetClock

MAX_FILE = 320 * 1024  # a longer one is refused with 2101
_BLACK, _RED, _GREEN, _YELLOW, _WHITE = b"\0\0\0", b"\0\0\xff", b"\0\xff\0", b"\0\xff\xff", b"\xff\xff\xff"  # B G R


def _bmp(width: int, height: int, bits: int, palette: Sequence[bytes], rows: list[bytes]) -> bytes:
    """Rows top-down, not padded, into an uncompressed BMP, which keeps them bottom-up in groups of four bytes."""
    colors = b"".join(color + b"\0" for color in palette)
    start = 14 + 40 + len(colors)
    body = b"".join(row + bytes(-len(row) % 4) for row in reversed(rows))
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(body), 2835, 2835, len(palette), 0)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + info + colors + body


def _rows(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _palette(colors: Sequence[bytes], bits: int) -> list[bytes]:
    """All entries that this depth has: a simple reader counts on them."""
    return [*colors, *[_BLACK] * ((1 << bits) - len(colors))]


def _nibbles() -> list[int]:
    """For each byte of a plane: the same eight LEDs, four bits each, as a 32-bit number."""
    return [sum((byte >> bit & 1) << 4 * bit for bit in range(8)) for byte in range(256)]


_SPREAD = _nibbles()


def _two_planes(frame: Frame, fewest: bool) -> bytes:
    """Four bits a pixel, or one where there is only one colour besides black."""
    width, height, half = frame.width, frame.height, len(frame.data) // 2
    red, green = (int.from_bytes(plane, "big") for plane in (frame.data[:half], frame.data[half:]))
    kinds = (red & ~green, _RED), (green & ~red, _GREEN), (red & green, _YELLOW)
    used = [color for leds, color in kinds if leds]
    row = (width + 7) // 8
    if fewest and len(used) <= 1:
        rows = _rows((red | green).to_bytes(half, "big"), row)
        return _bmp(width, height, 1, _palette([_BLACK, *used], 1), rows)
    pairs = zip(frame.data[:half], frame.data[half:], strict=True)
    mixed = b"".join((_SPREAD[r] | _SPREAD[g] << 1).to_bytes(4, "big") for r, g in pairs)
    return _bmp(width, height, 4, _palette([_BLACK, _RED, _GREEN, _YELLOW], 4), _rows(mixed, row * 4))


def _full_color(frame: Frame, fewest: bool) -> bytes:
    """As few bits a pixel as its colours need, else 24; where that is too long 5-6-5 bits, which round."""
    width, height, data = frame.width, frame.height, frame.data
    fits = width * height * 3 + 54 <= MAX_FILE
    pixels = list(zip(data[0::3], data[1::3], data[2::3], strict=True))
    colors = sorted(set(pixels))
    if len(colors) <= 256 and (fewest or not fits):
        return _indexed(frame, pixels, colors)
    if fits:
        swapped = bytearray(data)
        swapped[0::3], swapped[2::3] = data[2::3], data[0::3]
        return _bmp(width, height, 24, [], _rows(bytes(swapped), width * 3))
    words = b"".join(((r >> 3) << 11 | (g >> 2) << 5 | b >> 3).to_bytes(2, "little") for r, g, b in pixels)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    plain = _bmp(width, height, 16, [], _rows(words, width * 2))
    head = bytearray(plain[:54] + masks)
    struct.pack_into("<I", head, 2, len(plain) + 12)
    struct.pack_into("<I", head, 10, 66)
    struct.pack_into("<I", head, 30, 3)  # the masks follow
    return bytes(head) + plain[54:]


_Color: TypeAlias = tuple[int, int, int]


def _indexed(frame: Frame, pixels: Sequence[_Color], colors: Sequence[_Color]) -> bytes:
    """At most 256 colours: their numbers, in 1, 4 or 8 bits."""
    bits = next(bits for bits in (1, 4, 8) if len(colors) <= 1 << bits)
    numbers = {color: number for number, color in enumerate(colors)}
    rows = _rows(bytes(map(numbers.__getitem__, pixels)), frame.width)
    if bits < 8:  # as digits of one long number, which is filled up behind
        step = 8 // bits
        digits = [row.translate(_DIGITS).ljust(-(-frame.width // step) * step, b"0") for row in rows]
        rows = [int(each, 1 << bits).to_bytes(len(each) // step, "big") for each in digits]
    return _bmp(frame.width, frame.height, bits, _palette([bytes(reversed(each)) for each in colors], bits), rows)


_DIGITS = b"0123456789abcdef".ljust(256, b"0")


def picture(frame: Frame, *, fewest: bool = True) -> bytes:
    """A frame as a BMP file. ``fewest``: of all depths that lose nothing the shortest. Raises UnsupportedError for a
    format or size that a sign cannot take."""
    row = (frame.width + 7) // 8
    sizes = {
        PixelFormat.PLANES_1: row * frame.height,
        PixelFormat.PLANES_2: 2 * row * frame.height,
        PixelFormat.RGB888: 3 * frame.width * frame.height,
    }
    if sizes.get(frame.format) != len(frame.data):
        raise UnsupportedError(f"jetfile2 takes no such {frame.format} frame of {frame.width}x{frame.height}")
    if frame.format is PixelFormat.PLANES_1:
        made = _bmp(frame.width, frame.height, 1, [_BLACK, _WHITE], _rows(frame.data, row))
    elif frame.format is PixelFormat.PLANES_2:
        made = _two_planes(frame, fewest)
    else:
        made = _full_color(frame, fewest)
    if len(made) > MAX_FILE:
        raise UnsupportedError(f"a page of {frame.width}x{frame.height} is longer than a sign's file may be")
    return made


def longest(mode: ColorMode, width: int, height: int) -> int:
    """Bytes of the longest picture of such a panel; more than ``MAX_FILE`` where a page may be too long."""

    def size(bits: int, heads: int) -> int:
        return heads + -(-width * bits // 32) * 4 * height

    if mode is not ColorMode.RGB:
        return size(1, 62) if mode is ColorMode.MONO else size(4, 118)
    return size(24, 54) if width * height * 3 + 54 <= MAX_FILE else size(16, 66)


def dark(width: int, height: int) -> bytes:
    """A black picture."""
    row = (width + 7) // 8
    return picture(Frame(width, height, PixelFormat.PLANES_1, bytes(row * height), ""))


def _text_file(label: str, body: bytes) -> bytes:
    return b'\x01Z00\x02A' + label.encode("ascii") + body + b"\x04"


_STAND = b"\x0aI\x30\x0e\x30" + b"99"  # appear at once, stay 99 s, then the file begins again


def showing(label: str, disk: str, picture_label: str) -> bytes:
    """A text file that shows one picture file."""
    return _text_file(label, _STAND + b"\x14" + (disk + picture_label).encode("ascii"))


def words(label: str, text: str) -> bytes:
    """A text file in the sign's own 16x16 font, red. Raises UnsupportedError for what GB 2312 does not hold.

    That the sign's wide characters are GB 2312 is not in the document; its hanzi fonts suggest it.
    """
    try:
        body = b"\x0d".join(line.encode("gb2312") for line in text.splitlines())
    except UnicodeEncodeError as error:
        raise UnsupportedError(f"jetfile2 cannot write {text[error.start : error.end]!r}") from error
    if any(byte < 0x20 and byte != 0x0D for byte in body):
        raise UnsupportedError("jetfile2 takes no control characters in a text")
    return _text_file(label, _STAND + b"\x1a5\x1c1" + body)


def playlist(disk: str, label: str) -> bytes:
    """SEQUENT.SYS with one entry, always on: a text file. Its sum and size stay 0, for the file changes."""
    name = label.encode("ascii").ljust(12, b"\0")
    entry = (disk + "T" + label).encode("ascii") + b"\x80" + bytes(16) + bytes(4) + name
    return b"SQ\x04\0" + struct.pack("<HH", 1, 0) + entry


def clock(at: datetime, *, seconds: bool = True) -> SetClock:
    """The command that sets a sign's clock."""
    offset = at.utcoffset() or timedelta()
    zone = round(offset.total_seconds() / 3600) + 12
    second = at.second if seconds else None
    return SetClock(at.year, at.month, at.day, at.hour, at.minute, second, at.isoweekday() % 7 + 1, zone)
