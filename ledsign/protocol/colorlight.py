"""Colorlight receiving cards (5A-75 and relatives): rows of pixels in raw Ethernet frames. Experimental.

::

    destination 11:22:33:44:55:66 | source 22:22:33:44:55:66 | type | ...

    55  row u16 | x u16 | count u16 | 08 88 | count x B G R        at most 497 pixels a frame
    01  07 | 21 x 00 | brightness | 05 00 | red green blue | 71 x 00   show what the rows brought
    0A  red green blue | FF | 60 x 00                               brightness of the colours

Numbers are big-endian. The type stands where Ethernet has its own, nothing is ever answered, and the panel's layout
is loaded into the card once with the vendor's tool. Sources: the protocol notes and frames of one open sender, which
two others agree with; no frame of the vendor's own software was seen. They differ in the bytes before the pixels
(08 88 or 08 80) and in the order of colours, hence the options.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ledsign.errors import ConfigError, UnsupportedError
from ledsign.protocol.codec import Ability, Link, Role, Routine
from ledsign.protocol.message import Clear, Intent, Message, Prepare, SetBrightness, ShowFrame
from ledsign.protocol.pixelstream.stream import PixelStream, need

CARD, SENDER = bytes.fromhex("112233445566"), bytes.fromhex("222233445566")
MOST = 497  # pixels of a row that an Ethernet frame holds
ROW, SHOW, DIM = 0x55, 0x01, 0x0A
_MARKS = {"88": b"\x08\x88", "80": b"\x08\x80"}
_HEAD = struct.Struct(">HHH2s")


@dataclass(frozen=True, slots=True)
class Row(Message):
    """A piece of a row; ``pixels``: three bytes an LED in the card's order."""

    y: int
    x: int
    pixels: bytes = field(repr=False)
    mark: bytes = b"\x08\x88"


@dataclass(frozen=True, slots=True)
class Show(Message):
    """Show the rows. Levels are 0-255."""

    level: int
    red: int
    green: int
    blue: int


@dataclass(frozen=True, slots=True)
class Dim(Message):
    """Levels of the colours, 0-255."""

    red: int
    green: int
    blue: int


@dataclass(frozen=True, slots=True)
class Other(Message):
    """A frame of a type that is not spoken here."""

    type: int
    data: bytes


def _swapped(pixels: bytes, order: str) -> bytes:
    """R G B bytes in the card's order, and back."""
    if order == "rgb":
        return pixels
    out = bytearray(pixels)
    out[0::3], out[2::3] = pixels[2::3], pixels[0::3]
    return bytes(out)


class Colorlight(PixelStream):
    """Receiving cards on a network interface of their own. Options: ``order`` of the colours (``bgr``, ``rgb``),
    ``mark`` (``88``, ``80``: second of the bytes before the pixels)."""

    family: ClassVar[str] = "colorlight"
    default_port: ClassVar[int] = 5566  # of the simulated card: raw Ethernet has no ports
    links: ClassVar[frozenset[Link]] = frozenset({Link.UDP, Link.RAW})
    known: ClassVar[frozenset[str]] = frozenset({"order", "mark"})
    abilities: ClassVar[frozenset[Ability]] = PixelStream.abilities | {Ability.BRIGHTNESS}

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        super().__init__(link, role, options)
        self.order, mark = options.get("order", "bgr"), options.get("mark", "88")
        if self.order not in ("bgr", "rgb") or mark not in _MARKS:
            raise ConfigError("colorlight: order is bgr or rgb, mark is 88 or 80")
        self._mark = _MARKS[mark]
        self._width = 0
        self._level = 255

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, SetBrightness):
            if not 0 <= intent.percent <= 100:
                raise UnsupportedError("brightness must be 0 to 100 percent")
            self._level = max(1, round(intent.percent * 255 / 100)) if intent.percent else 0
            return self._dim()
        if isinstance(intent, ShowFrame):
            self._width = intent.frame.width
        elif isinstance(intent, Prepare | Clear):
            self._width = intent.width
        return super().routine(intent)

    def _dim(self) -> Routine:
        yield Dim(self._level, self._level, self._level)
        return None

    def _cut(self, pixels: bytes, count: int) -> Sequence[Message]:
        rows: list[Message] = []
        for y in range(len(pixels) // (3 * self._width)):
            row = _swapped(pixels[y * self._width * 3 : (y + 1) * self._width * 3], self.order)
            rows += [Row(y, x, row[x * 3 : (x + MOST) * 3], self._mark) for x in range(0, self._width, MOST)]
        return [*rows, Show(self._level, self._level, self._level, self._level)]

    def _pack(self, message: Message) -> bytes | None:
        body = None
        if isinstance(message, Row):
            body = _HEAD.pack(message.y, message.x, len(message.pixels) // 3, message.mark) + message.pixels
            body = bytes((ROW,)) + body
        elif isinstance(message, Show):
            levels = bytes((message.level, 5, 0, message.red, message.green, message.blue))
            body = bytes((SHOW, 7)) + bytes(21) + levels + bytes(71)
        elif isinstance(message, Dim):
            body = bytes((DIM, message.red, message.green, message.blue, 0xFF)) + bytes(60)
        elif isinstance(message, Other):
            body = bytes((message.type,)) + message.data
        return None if body is None else CARD + SENDER + body

    def _parse(self, data: bytes) -> Message:
        need(len(data) >= 14 and data[:12] == CARD + SENDER, "Colorlight addresses")
        kind, body = data[12], data[13:]
        if kind == ROW:
            need(len(body) >= 8, "Colorlight row")
            y, x, count, mark = _HEAD.unpack_from(body)
            # a short frame is padded on its way: what is behind the pixels is not theirs
            need(mark in _MARKS.values() and 0 < count <= MOST and len(body) >= 8 + 3 * count, "Colorlight row")
            need(not any(body[8 + 3 * count :]) and (len(body) == 8 + 3 * count or len(data) <= 60), "Colorlight row")
            return Row(y, x, body[8 : 8 + 3 * count], mark)
        if kind == SHOW:
            fixed = body[0] == 7 and body[23:25] == b"\x05\0" and not any(body[1:22]) and not any(body[28:])
            need(len(body) == 99 and fixed, "Colorlight show")
            return Show(body[22], *body[25:28])
        if kind == DIM:
            need(len(body) == 64 and body[3] == 0xFF and not any(body[4:]), "Colorlight brightness")
            return Dim(*body[:3])
        return Other(kind, body)

    def pixels_of(self, row: Row) -> bytes:
        """A row's pixels as R, G, B."""
        return _swapped(row.pixels, self.order)
