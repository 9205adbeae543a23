"""The urgent text of an instant message (CMD 74): what its slices make together.

::

    77 00 78 | times | x y width height, u16 | colour << 4 or size | 00 00 00 | effect u16 | speed | stay | length u16
    | text

Fields are big-endian; width or height 0 is as much as there is, 0 times is until another comes. Source: output of
vendor code, field order checked against the SDK manual V1.6.
"""

import struct
from dataclasses import dataclass
from typing import Self

from ledsign.protocol.packed import need

_HEAD = b"\x77\0\x78"
_FORM = struct.Struct(">BHHHHB3xHBBH")
SLICE = 200  # the manual's advice


@dataclass(frozen=True, slots=True)
class InstantText:
    """``text`` in the encoding of the card's font; ``stay_s`` at most 255; ``look``: colour << 4 or size code."""

    text: bytes
    times: int = 0
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    look: int = 0x12
    effect: int = 0
    speed: int = 5
    stay_s: int = 0

    def pack(self) -> bytes:
        place = (self.times, self.x, self.y, self.width, self.height, self.look)
        return _HEAD + _FORM.pack(*place, self.effect, self.speed, self.stay_s, len(self.text)) + self.text

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Raises ProtocolError."""
        start = len(_HEAD) + _FORM.size
        need(len(data) >= start and data[: len(_HEAD)] == _HEAD, "instant message head")
        times, x, y, width, height, look, effect, speed, stay, length = _FORM.unpack_from(data, len(_HEAD))
        made = cls(data[start:], times, x, y, width, height, look, effect, speed, stay)
        need(made.pack() == data and length == len(made.text), "instant message length")
        return made
