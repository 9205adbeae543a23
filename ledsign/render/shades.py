"""Antialiased glyphs for full-colour panels: how much of each LED a stroke covers, in sixteen steps.

``tools/glyph_shades.py`` made them for the hanzi of GB 2312 and of the general list, for symbols and for Latin
letters, in the very cells of the 1-bit atlases. What is not among them keeps its 1-bit glyph, all LEDs of it fully
covered. Rows of coverage hold two LEDs a byte, the left one in the high half.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.render.shipped import Bytes

if TYPE_CHECKING:
    from ledsign.render.gather import Tint

SIZES: Final = (24, 32, 48)
"""LEDs a character is high in the antialiased atlases there are."""
STEPS: Final = 15
LACKS: Final = 0xFFFF
"""In ``Shades.cells``: there is none."""
_FEW: Final = 8  # one full-width character in so many may lack
_FULLY: Final = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).repeat(4, axis=1), axis=1
).view(np.uint32)[:, 0]
"""Eight bits to eight LEDs covered wholly or not at all."""

RGB: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Shades:
    """The antialiased glyphs of one size, numbered on their own.

    ``full`` (f, size, size / 2) and ``half`` (h, size, size / 4): rows of coverage. ``cells[c]``: which half cell
    here is half cell ``c`` of the atlas, one side of ``full`` below ``whole``, else one of ``half``; or LACKS. Below
    ``sides`` the cells of the atlas are sides of full-width glyphs.
    """

    size: int
    full: Bytes
    half: Bytes
    cells: NDArray[np.uint16]
    whole: int
    sides: int
    sha256: str
    _raw: Bytes
    tints: "OrderedDict[tuple[RGB, RGB, bool], Tint]" = field(default_factory=OrderedDict)

    @property
    def intact(self) -> bool:
        """Whether what is mapped is still what was shipped (reads it all)."""
        return hashlib.sha256(self._raw.tobytes()).hexdigest() == self.sha256

    def numbers(self, ids: NDArray[np.uint32], *, wide: bool) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """Cells of the atlas, or its full-width glyphs where they are ``wide``, as numbered here, and which of them
        are here at all."""
        found = self.cells.take(ids << np.uint32(1) if wide else ids)
        known: NDArray[np.bool_] = found != LACKS
        return (found >> 1 if wide else found).astype(np.uint32), known

    def suits(self, ids: NDArray[np.uint32], *, wide: bool) -> bool:
        """Whether it has nearly all of a text. A rare name may stand out; a text half in shades and half not, as in
        traditional characters, looks like a mistake."""
        lacking = int(np.count_nonzero(self.cells.take(ids << np.uint32(1) if wide else ids) == LACKS))
        return lacking * _FEW <= (len(ids) if wide else int(np.count_nonzero(ids < self.sides)))

    def rows(self, numbers: NDArray[np.uint32], *, wide: bool) -> Bytes:
        """``(n, size, bytes of a row)`` of half cells, or of full-width glyphs where they are ``wide``."""
        if wide:
            return self.full[numbers]
        rows = np.empty((len(numbers), self.size, self.size // 4), dtype=np.uint8)
        is_half = numbers >= self.whole
        rows[is_half] = self.half[numbers[is_half] - self.whole]
        sides, numbers = self.full.reshape(len(self.full), self.size, 2, -1), numbers[~is_half]
        rows[~is_half] = sides[numbers >> 1, :, numbers & 1]
        return rows


def opened(raw: Bytes, size: int, counts: tuple[int, int], sides: int, cells: int, sha256: str) -> Shades:
    """A payload as its description in ``atlas.json`` says: ``counts`` full and half glyphs. The first ``sides`` of
    the ``cells`` of the atlas are those of full-width glyphs."""
    full, half = counts
    numbers = raw[: 2 * (full + half)].view("<u2").astype(np.intp)
    first = 2 * (full + half)
    second = first + full * size * size // 2
    table = np.full(cells, LACKS, dtype=np.uint16)
    table[2 * numbers[:full]] = np.arange(full) * 2
    table[2 * numbers[:full] + 1] = np.arange(full) * 2 + 1
    table[sides + numbers[full:]] = 2 * full + np.arange(half)
    return Shades(
        size=size,
        full=raw[first:second].reshape(full, size, size // 2),
        half=raw[second:].reshape(half, size, size // 4),
        cells=table,
        whole=2 * full,
        sides=sides,
        sha256=sha256,
        _raw=raw,
    )


def fully(rows: Bytes, leds: int) -> Bytes:
    """1-bit rows ``(n, rows, bytes)`` of cells ``leds`` wide as rows of coverage."""
    return np.ascontiguousarray(_FULLY[rows].view(np.uint8)[:, :, : leds // 2])


@lru_cache(maxsize=16)
def blended(ink: RGB, ground: RGB) -> NDArray[np.void]:
    """Each byte of coverage as the colours of its two LEDs, six bytes. The rule is Pillow's, so that a page is what
    pasting ``ink`` over ``ground`` through a mask gives: (m ink + (255 - m) ground) / 255, rounded."""
    mask = np.arange(STEPS + 1)[:, None] * (255 // STEPS)
    mixed = mask * np.array(ink) + (255 - mask) * np.array(ground) + 128
    colors = (((mixed >> 8) + mixed) >> 8).astype(np.uint8)
    values = np.arange(256)
    return np.concatenate((colors[values >> 4], colors[values & 15]), axis=1).view("V6")[:, 0]
