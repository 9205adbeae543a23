"""Text to glyph cells: what is drawn, what is dropped, what no font has."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledsign.render.atlas import ADVANCE, DROP, FULL, HALF, MARK_FULL, Atlas

Codepoints = NDArray[np.uint32]
CODEPOINT = np.dtype("<u4")

_COMPOSABLE = re.compile("[^\u0300-\u036f][\u0300-\u036f]+")
_NARROW = 0x3F000  # half-width letters by code point, see tools/build_atlas.py
_LUT = _NARROW
_TAGS = range(0xE0000, 0xE1000)  # tags and variation selectors of plane 14


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Characters that have a picture, one element each.

    ``cps`` code points, ``glyphs`` atlas values (cell << 3 | code), ``advance`` half cells (0: combining).
    """

    cps: Codepoints
    glyphs: NDArray[np.uint32]
    advance: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.cps)

    def __getitem__(self, part: slice) -> "Text":
        return Text(self.cps[part], self.glyphs[part], self.advance[part])

    def __add__(self, other: "Text") -> "Text":
        return Text(
            np.concatenate((self.cps, other.cps)),
            np.concatenate((self.glyphs, other.glyphs)),
            np.concatenate((self.advance, other.advance)),
        )

    @property
    def width(self) -> int:
        """Half cells."""
        return int(self.advance.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A row of half cells ready to be gathered: ``ids`` left to right, ``marks`` = (position, cell) laid over."""

    ids: NDArray[np.uint32]
    marks: tuple[tuple[int, int], ...] = ()


def codepoints(text: str) -> Codepoints:
    """Code points of any Python string, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), CODEPOINT)


def shape(atlas: Atlas, text: str) -> Text:
    """Characters with their glyphs. Never raises: what has no glyph becomes the missing box.

    Accents are composed where Unicode has the composed letter; Chinese text is left exactly as signed.
    White space characters become blanks; controls, direction marks and selectors are removed.
    """
    if _COMPOSABLE.search(text):
        text = _COMPOSABLE.sub(lambda found: unicodedata.normalize("NFC", found.group()), text)
    if "\t" in text or "\n" in text or "\r" in text:
        text = text.replace("\r\n", " ").translate({9: " ", 10: " ", 13: " "})
    cps = codepoints(text)
    high = cps >= _LUT
    if high.any():
        glyphs = atlas.lut[np.where(high, 0, cps)]
        tags = high & (cps >= _TAGS.start) & (cps < _TAGS.stop)
        glyphs[high] = FULL
        glyphs[tags] = DROP
    else:
        glyphs = atlas.lut[cps]
    glyphs = _narrowed(atlas, cps, glyphs)
    code = glyphs & 7
    drop = code == DROP
    if drop.any():
        keep = ~drop
        cps, glyphs, code = cps[keep], glyphs[keep], code[keep]
    return Text(cps, glyphs, ADVANCE[code])


def _narrowed(atlas: Atlas, cps: Codepoints, glyphs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Full-width letters (GB 2312 has pinyin, Greek and Cyrillic) at half width beside ASCII letters."""
    foreign = (cps >= 0xE0) & (cps < 0x460)
    if not foreign.any():
        return glyphs
    ascii_letter = ((cps | 32) >= 97) & ((cps | 32) <= 122)
    beside = foreign.copy()
    beside[1:] &= ascii_letter[:-1] | foreign[:-1]
    beside[:1] = False
    ahead = foreign.copy()
    ahead[:-1] &= ascii_letter[1:] | foreign[1:]
    ahead[-1:] = False
    narrow = atlas.lut[np.where(beside | ahead, cps + _NARROW, 0)]
    return np.where((beside | ahead) & (narrow & 7 == HALF), narrow, glyphs)


def cells(text: Text) -> Cells:
    """The half cells of a run, in one pass."""
    advance = text.advance
    left = text.glyphs >> 3
    if len(advance) and advance.min() == FULL:
        ids = np.repeat(left, 2)
        ids[1::2] += 1
        return Cells(ids)
    ids = np.repeat(left, advance)
    ends = np.cumsum(advance, dtype=np.intp)
    ids[ends[advance == FULL] - 1] += 1
    if len(advance) and advance.min() == 0:
        return Cells(ids, tuple(_marks(text, ends)))
    return Cells(ids)


def _marks(text: Text, ends: NDArray[np.intp]) -> Iterable[tuple[int, int]]:
    """Where combining marks fall: over the last character drawn before them; a mark alone is not drawn."""
    base = -1
    for index, advance in enumerate(text.advance.tolist()):
        if advance:
            base = int(ends[index]) - advance
            room = advance
        elif base >= 0:
            cell = int(text.glyphs[index]) >> 3
            yield base, cell
            if int(text.glyphs[index]) & 7 == MARK_FULL and room == FULL:
                yield base + 1, cell + 1


def missing(text: Text) -> list[int]:
    """Code points that became the missing box, in order."""
    return [int(cp) for cp in text.cps[text.glyphs == FULL]]
