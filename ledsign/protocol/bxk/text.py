"""Text as BX-K cards take it: GB 2312 with escapes for font and colour, drawn in areas and kept in programmes.

An area is a rectangle with one text; dynamic areas live in memory and may end by themselves, areas of programmes
lie in flash. Bit 15 of x and width says that they count LEDs; clear, they count groups of 8. All numbers are
little-endian. Source: vendor protocol document for BX-5K/6K, V1.4.
"""

import re
import struct
from dataclasses import dataclass
from typing import Self

from ledsign.errors import ProtocolError
from ledsign.protocol.gbtext import decode, encode
from ledsign.protocol.onbon import crc16
from ledsign.protocol.packed import need

LEDS = 0x8000
LOOP, HOLD, LOOP_AND_END = 0, 1, 2  # run modes
FONTS = {16: "000", 24: "001", 32: "002"}
_HEAD = struct.Struct("<BHHHHBBBHBB")
_TAIL = struct.Struct("<BBBBBBBI")
_ESCAPE = re.compile(rb"\\(?:F[OEK](\d{3})|C(\d)|(n))")
_OWN_LIBRARY = 0xFF  # number of an area in a programme


def compose(text: str, font: int = 16, color: int = 1) -> tuple[bytes, tuple[str, ...]]:
    """A text with its escapes, and the characters that the card's fonts do not have. ``color``: 1 red, 2 green,
    3 yellow. A backslash would begin an escape: the full-width one stands for it."""
    data, missing = encode(text.replace("\\", "\uff3c"), "gb2312")
    head = f"\\FO{FONTS[font]}\\FE{FONTS[font]}\\C{color}".encode("ascii")
    return head + data.replace(b"\n", b"\\n"), missing


def plain(data: bytes) -> tuple[str, int]:
    """What a text says, and the size of its font."""
    sizes = {code.encode("ascii"): size for size, code in FONTS.items()}
    found = [sizes.get(match[1], 16) for match in _ESCAPE.finditer(data) if match[1]]
    return decode(_ESCAPE.sub(lambda match: b"\n" if match[3] else b"", data)), (found[0] if found else 16)


@dataclass(frozen=True, slots=True)
class Area:
    """``x`` and ``width`` as on the wire; ``stay`` in 0.5 s; ``end``: seconds after which run mode 2 removes it.
    ``single``: 1 one line, 2 several; ``wrap``: 1 at line ends only, 2 by itself; ``effect``: 1 static, 2 at once."""

    x: int
    y: int
    width: int
    height: int
    data: bytes
    number: int = _OWN_LIBRARY
    mode: int = LOOP
    end: int = 0
    kind: int = 0
    gap: int = 0
    sound: int = 0
    extension: int = 0
    align: int = 0
    single: int = 2
    wrap: int = 2
    effect: int = 2
    leave: int = 0
    speed: int = 0
    stay: int = 10

    def pack(self) -> bytes:
        place = (self.kind, self.x, self.y, self.width, self.height, self.number, self.gap, self.mode, self.end)
        look = (self.align, self.single, self.wrap, self.effect, self.leave, self.speed, self.stay, len(self.data))
        return _HEAD.pack(*place, self.sound, self.extension) + _TAIL.pack(*look) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Raises ProtocolError; also for areas with sounds or extensions, whose further fields are not described
        here."""
        need(len(data) >= _HEAD.size + _TAIL.size, "area")
        kind, x, y, width, height, number, gap, mode, end, sound, extension = _HEAD.unpack_from(data)
        *look, length = _TAIL.unpack_from(data, _HEAD.size)
        text = data[_HEAD.size + _TAIL.size :]
        need(not sound and not extension and length == len(text), "area text")
        return cls(x, y, width, height, text, number, mode, end, kind, gap, sound, extension, *look)


@dataclass(frozen=True, slots=True)
class Programme:
    """The content of a file ``P000`` to ``P127``: areas that are shown together. ``head``: priority, how it is
    played, life, week, times of day; the default plays always. ``over``: what an area's length counts beside the
    area: the document's newer samples count the length itself (4), an older one does not (0)."""

    name: str
    areas: tuple[Area, ...]
    head: bytes = b"\xff\0\0\x01" + b"\xff" * 8 + b"\x01\0\0"
    over: int = 0

    def pack(self) -> bytes:
        parts = [area.pack() for area in self.areas]
        body = self.head + bytes((len(parts),))
        body += b"".join(struct.pack("<I", len(part) + self.over) + part for part in parts)
        content = b"\0" + self.name.encode("latin-1") + struct.pack("<I", 9 + len(body) + 2) + body
        return content + struct.pack("<H", crc16(content))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Raises ProtocolError."""
        need(len(data) >= 27 and data[0] == 0 and int.from_bytes(data[5:9], "little") == len(data), "length")
        need(crc16(data[:-2]) == int.from_bytes(data[-2:], "little"), "programme CRC")
        end = 24 + 6 * data[23]  # periods of the day
        need(len(data) > end + 2, "programme areas")
        found = _areas(data[end + 1 : -2], data[end], 4), _areas(data[end + 1 : -2], data[end], 0)
        fitting = [(areas, over) for areas, over in zip(found, (4, 0), strict=True) if areas is not None]
        need(bool(fitting), "area lengths")
        areas, over = fitting[0]
        return cls(data[1:5].decode("latin-1"), areas, data[9:end], over)


def _areas(data: bytes, count: int, over: int) -> tuple[Area, ...] | None:
    """The areas of a programme; None when their lengths do not lead to its end."""
    areas, at = [], 0
    for _area in range(count):
        length = int.from_bytes(data[at : at + 4], "little") - over
        if length < 0 or at + 4 + length > len(data):
            return None
        try:
            areas.append(Area.unpack(data[at + 4 : at + 4 + length]))
        except ProtocolError:
            return None
        at += 4 + length
    return tuple(areas) if at == len(data) else None
