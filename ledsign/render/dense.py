"""Characters that 16 LEDs hold badly: rare names, traditional forms, more than 16 strokes.

A single one is drawn larger within its line, as wide as a whole number of half cells, so that lines still break
and columns still align. Where a notice is full of them, all of its text is set larger instead (``Renderer``).
"""

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.render import charset
from ledsign.render.atlas import FULL
from ledsign.render.fonts import Face, ladder
from ledsign.render.glyphs import Text, codepoints

_WORD: Final = 5  # characters: a name
FULL_OF: Final = 8  # one dense character among so many hanzi: the notice is dense as a whole


@cache
def _dense() -> NDArray[np.bool_]:
    """By code point, the first four planes."""
    found = np.zeros(0x40000, dtype=np.bool_)
    for part in charset.HANZI:
        found[part.start : part.stop] = True
    found[codepoints(charset.text("tgh.txt"))] = False
    found[codepoints(charset.text("dense.txt"))] = True
    return found


def marked(text: Text) -> NDArray[np.bool_]:
    """Which characters are dense."""
    found: NDArray[np.bool_] = _dense().take(text.cps, mode="clip")  # beyond the table: its last entry, none
    return found & (text.advance == FULL) if np.logical_or.reduce(found) else found


def is_dense(texts: Iterable[str]) -> bool:
    """Whether the texts are full of dense characters: a notice in traditional characters is."""
    cps = codepoints("".join(texts))
    cps = cps[(cps >= 0x3400) & (cps < 0x40000)]
    return bool(len(cps)) and int(_dense()[cps].sum()) * FULL_OF > len(cps)


def promoted(text: Text, face: Face, least: int, bounds: NDArray[np.intp] | None = None) -> Text:
    """The text with its dense characters as wide as they are with ``least`` LEDs, in half cells of ``face``; of a
    text as short as a name all full-width characters, as one word has one size. Several texts in one reach from
    each of ``bounds`` to the next."""
    if face.cell >= least or not len(text):
        return text
    larger = marked(text)
    if not larger.any():
        return text
    edges = np.array((0, len(text))) if bounds is None else bounds
    counts, before = np.diff(edges), np.concatenate(([0], np.cumsum(larger)))
    words = (counts <= _WORD) & (np.diff(before[edges]) > 0)
    larger |= words.repeat(counts) & (text.advance == FULL)
    wide = -(-ladder(least, 2 * least)[0].cell // face.half)
    return Text(text.cps, text.glyphs, np.where(larger, np.uint8(wide), text.advance), promoted=True)


def is_mixed(text: Text) -> bool:
    """Whether characters of two sizes stand in the line."""
    return text.promoted and bool(len(text)) and int(text.advance.max()) > FULL


def large(face: Face, text: Text) -> Face:
    """The size of the dense characters in a promoted text."""
    return ladder(face.cell, int(text.advance.max()) * face.half)[-1]


def rise(face: Face, text: Text) -> int:
    """LEDs that its dense characters reach above the others of a promoted text; all stand on the same edge."""
    return large(face, text).cell - face.cell if is_mixed(text) else 0


def pieces(text: Text) -> list[tuple[Text, bool, int]]:
    """Stretches of one size: the text as it is drawn, whether it is the larger one, its place in half cells."""
    larger = text.advance > FULL
    edges = [0, *(np.flatnonzero(np.diff(larger)) + 1).tolist(), len(text)]
    found, at = [], 0
    for start, end in pairwise(edges):
        part = text[start:end]
        big = bool(larger[start])
        drawn = Text(part.cps, part.glyphs, np.minimum(part.advance, FULL)) if big else part
        found.append((drawn, big, at))
        at += part.width
    return found
