"""What goes into a sign's files: pictures (plain BMP), text files, the playlist SEQUENT.SYS.

A page is a picture file nested into a small text file: the text file is one packet, so that the picture on the
glass changes at once and never half. Sources: vendor document v2.5.4, parts I and II.
"""

import struct
from datetime import datetime, timedelta

from ledsign.errors import UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.protocol.jetfile2.commands import SetClock

MAX_FILE = 320 * 1024  # a longer one is refused with 2101
_BLACK, _RED, _GREEN, _YELLOW, _WHITE = b"\0\0\0", b"\0\0\xff", b"\0\xff\0", b"\0\xff\xff", b"\xff\xff\xff"  # B G R


def _bmp(width: int, height: int, bits: int, palette: list[bytes], rows: list[bytes]) -> bytes:
    """Rows top-down, not padded, into an uncompressed BMP, which keeps them bottom-up in groups of four bytes."""
    colors = b"".join(color + b"\0" for color in palette)
    start = 14 + 40 + len(colors)
    body = b"".join(row + bytes(-len(row) % 4) for row in reversed(rows))
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 0, len(body), 2835, 2835, len(palette), 0)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + info + colors + body


def _rows(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _nibbles() -> list[int]:
    """For each byte of a plane: the same eight LEDs, four bits each, as a 32-bit number."""
    return [sum((byte >> bit & 1) << 4 * bit for bit in range(8)) for byte in range(256)]


_SPREAD = _nibbles()


def _two_planes(frame: Frame) -> list[bytes]:
    half = len(frame.data) // 2
    pairs = zip(frame.data[:half], frame.data[half:], strict=True)
    mixed = b"".join((_SPREAD[red] | _SPREAD[green] << 1).to_bytes(4, "big") for red, green in pairs)
    return _rows(mixed, (frame.width + 7) // 8 * 4)


def _full_color(frame: Frame) -> bytes:
    """24 bits a pixel; where that is too long a palette of 256 colours, and at last 5-6-5 bits, which rounds."""
    width, height, data = frame.width, frame.height, frame.data
    if width * height * 3 + 54 <= MAX_FILE:
        swapped = bytearray(data)
        swapped[0::3], swapped[2::3] = data[2::3], data[0::3]
        return _bmp(width, height, 24, [], _rows(bytes(swapped), width * 3))
    pixels = list(zip(data[0::3], data[1::3], data[2::3], strict=True))
    colors = sorted(set(pixels))
    if len(colors) <= 256:
        numbers = {color: number for number, color in enumerate(colors)}
        palette = [bytes(reversed(color)) for color in colors]
        return _bmp(width, height, 8, palette, _rows(bytes(numbers[p] for p in pixels), width))
    words = b"".join(((r >> 3) << 11 | (g >> 2) << 5 | b >> 3).to_bytes(2, "little") for r, g, b in pixels)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    plain = _bmp(width, height, 16, [], _rows(words, width * 2))
    head = bytearray(plain[:54] + masks)
    struct.pack_into("<I", head, 2, len(plain) + 12)
    struct.pack_into("<I", head, 10, 66)
    struct.pack_into("<I", head, 30, 3)  # the masks follow
    return bytes(head) + plain[54:]


def picture(frame: Frame) -> bytes:
    """A frame as a BMP file. Raises UnsupportedError for a format or size that a sign cannot take."""
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
        palette = [_BLACK, _RED, _GREEN, _YELLOW] + [_BLACK] * 12
        made = _bmp(frame.width, frame.height, 4, palette, _two_planes(frame))
    else:
        made = _full_color(frame)
    if len(made) > MAX_FILE:
        raise UnsupportedError(f"a page of {frame.width}x{frame.height} is longer than a sign's file may be")
    return made


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
