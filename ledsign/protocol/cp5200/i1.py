"""The "I1" picture, the card's own uncompressed form.

::

    49 31 | width u16 LE | height u16 LE | prop | 00 | planes

``prop``: bit 0 red, bit 1 green, bit 2 blue plane present; bits 4-7 depth: 0 = 1 bit per LED, 7 = 8 bits per
LED. Planes stand in the order red, green, blue, each whole; rows top-down, leftmost LED in the highest bit,
each row padded to a byte. Sources: vendor multi-window protocol V1.9 and SDK manual V1.6 (layout), output of
the vendor's own converter (bit order).
"""

import struct
from dataclasses import dataclass

from ledsign.errors import ProtocolError

HEAD = 8
_DEPTHS = {0: 1, 7: 8}
_MAX_SIDE = 4096


@dataclass(frozen=True, slots=True)
class I1Image:
    """``planes`` are the raw plane bytes; ``prop`` as on the wire."""

    width: int
    height: int
    prop: int
    planes: bytes

    @property
    def depth(self) -> int:
        """Bits per LED and plane: 1 or 8."""
        return _DEPTHS[self.prop >> 4]

    @property
    def colors(self) -> int:
        """How many planes there are."""
        return (self.prop & 0x07).bit_count()

    def pack(self) -> bytes:
        return struct.pack("<2sHHBB", b"I1", self.width, self.height, self.prop, 0) + self.planes


def plane_size(width: int, height: int, depth: int) -> int:
    """Bytes of one plane."""
    return (width * depth + 7) // 8 * height


def parse(blob: bytes) -> I1Image:
    """Read a picture. Raises ProtocolError unless head and length agree to the byte."""
    if len(blob) < HEAD:
        raise ProtocolError("I1 picture is shorter than its head")
    magic, width, height, prop, reserved = struct.unpack_from("<2sHHBB", blob)
    if magic != b"I1" or reserved or prop >> 4 not in _DEPTHS or prop & 0x08 or not prop & 0x07:
        raise ProtocolError("not an I1 head")
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise ProtocolError("I1 size out of range")
    image = I1Image(width, height, prop, blob[HEAD:])
    if len(image.planes) != plane_size(width, height, image.depth) * image.colors:
        raise ProtocolError("I1 planes do not have the length their head promises")
    return image
