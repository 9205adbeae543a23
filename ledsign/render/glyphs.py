"""Text to glyph cells: what is drawn, what is dropped, what no font has."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledsign.render.atlas import ADVANCE, DROP, FULL, HALF, MARK_FULL, Atlas
from ledsign.render.kernel import kernel

Codepoints = NDArray[np.uint32]
Glyphs = NDArray[np.uint32]
CODEPOINT = np.dtype("<u4")

_COMPOSABLE = re.compile("[^\u0300-\u036f][\u0300-\u036f]+")
_NARROW = 0x3F000  # half-width letters by code point, see tools/build_atlas.py
_LUT = _NARROW
_TAGS = range(0xE0000, 0xE1000)  # tags and variation selectors of plane 14
_TWO = np.full(1024, FULL, dtype=np.uint8)
_TWO.flags.writeable = False
_ABOVE_BOX = np.uint32(FULL + 1)
_FOREIGN = range(0xE0, 0x460)  # Latin with accents, Greek, Cyrillic: full or half width


@dataclass(slots=True, eq=False)
class Text:
    """Characters that have a picture, one element each.

    ``cps`` code points, ``glyphs`` atlas values (cell << 3 | code), ``advance`` half cells (0: combining).
    ``promoted``: some may be wider than two half cells, see ``ledsign.render.dense``.
    """

    cps: Codepoints
    glyphs: NDArray[np.uint32]
    advance: NDArray[np.uint8]
    promoted: bool = False
    _width: int = -1

    def __len__(self) -> int:
        return len(self.cps)

    def __getitem__(self, part: slice) -> "Text":
        return Text(self.cps[part], self.glyphs[part], self.advance[part], self.promoted)

    def __add__(self, other: "Text") -> "Text":
        return joined((self, other))

    def take(self, chosen: NDArray[np.intp]) -> "Text":
        """The characters with these numbers."""
        return Text(self.cps.take(chosen), self.glyphs.take(chosen), self.advance.take(chosen), self.promoted)

    @property
    def width(self) -> int:
        """Half cells."""
        if self._width < 0:
            self._width = int(np.add.reduce(self.advance))
        return self._width


def ranges(first: NDArray[np.int64] | int, counts: NDArray[np.int64]) -> NDArray[np.intp]:
    """Numbers counting up from each of ``first``, as many as ``counts`` says."""
    ends = counts.cumsum()
    shift = counts - ends
    shift += first
    found: NDArray[np.intp] = shift.repeat(counts)
    found += np.arange(len(found))
    return found


def sums(values: NDArray[Any]) -> NDArray[np.int64]:
    """What all values before each place come to, and last all of them."""
    found = np.zeros(len(values) + 1, dtype=np.int64)
    values.cumsum(out=found[1:])
    return found


@dataclass(slots=True, eq=False)
class Cells:
    """A text as half cells of an atlas. Whole pages gather theirs at once (``ledsign.render.plate``)."""

    text: Text

    @property
    def width(self) -> int:
        """How many there are."""
        return self.text.width

    @property
    def ids(self) -> Glyphs:
        """Left to right; a combining mark has none."""
        return halves(self.text.glyphs, self.text.advance)[0]

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """(position, cell) of what is laid over."""
        return tuple(marks(self.text.glyphs, self.text.advance))


def codepoints(text: str) -> Codepoints:
    """Code points of any Python string, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), CODEPOINT)


def shape(atlas: Atlas, text: str) -> Text:
    """Characters with their glyphs. Never raises: what has no glyph becomes the missing box.

    Accents are composed where Unicode has the composed letter; Chinese text is left exactly as signed.
    White space characters become blanks; controls, direction marks and selectors are removed.
    """
    compiled = kernel()
    if compiled is not None:
        found = compiled.look_up((text,), atlas.lut, _FOREIGN.start, _FOREIGN.stop, _LUT)
        return _shape_peculiar(atlas, text) if found is None else _text(found)
    return _looked_up(atlas, text) or _shape_peculiar(atlas, text)


def _text(found: Sequence[bytes]) -> Text:
    """What the compiled kernel looked up."""
    cps, glyphs, advance = found[:3]
    return Text(np.frombuffer(cps, CODEPOINT), np.frombuffer(glyphs, CODEPOINT), np.frombuffer(advance, np.uint8))


def _looked_up(atlas: Atlas, text: str) -> Text | None:
    """The text, None where it is empty or a character takes more than a look-up."""
    cps = codepoints(text)
    glyphs = atlas.lut.take(cps, mode="clip")  # beyond the table: its last entry, the missing box
    if len(cps) and np.minimum.reduce(cps) >= _FOREIGN.stop and _plain(atlas, glyphs):
        return Text(cps, glyphs, _TWO[: len(cps)] if len(cps) <= len(_TWO) else np.full(len(cps), FULL, np.uint8))
    advance = ADVANCE.take(glyphs & 7)
    return None if not len(cps) or _peculiar(cps, advance).any() else Text(cps, glyphs, advance)


@dataclass(slots=True, eq=False)
class Texts:
    """Many texts one after the other: the characters from ``bounds[i]`` to ``bounds[i + 1]`` are text ``i``;
    ``places[c]`` half cells stand before character ``c``, ``widths`` are those of each text. ``verbatim``: every
    character of the strings is there."""

    text: Text
    bounds: NDArray[np.int64]
    places: NDArray[np.int64]
    verbatim: bool = False
    widths: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        edges = self.places.take(self.bounds)
        self.widths = edges[1:] - edges[:-1]

    def after(self, number: int) -> "Texts":
        """The texts from this one on."""
        return Texts(self.text, self.bounds[number:], self.places, self.verbatim)

    def __getitem__(self, number: int) -> Text:
        return self.text[self.bounds[number] : self.bounds[number + 1]]


def joined(texts: Sequence[Text]) -> Text:
    """Texts one after the other, one at least."""
    return Text(
        np.concatenate([text.cps for text in texts]),
        np.concatenate([text.glyphs for text in texts]),
        np.concatenate([text.advance for text in texts]),
        any(text.promoted for text in texts),
    )


def shape_together(atlas: Atlas, texts: Sequence[str]) -> Texts:
    """``shape`` of many texts in one pass over all their characters."""
    compiled = kernel()
    if compiled is not None:
        found = compiled.look_up(texts, atlas.lut, _FOREIGN.start, _FOREIGN.stop, _LUT)
        if found is not None:
            bounds, places = np.frombuffer(found[3], np.int64), np.frombuffer(found[4], np.int64)
            return Texts(_text(found), bounds, places, verbatim=True)
    elif (text := _looked_up(atlas, "".join(texts))) is not None:
        return together(text, sums(np.array([len(string) for string in texts])), verbatim=True)
    parts = shape_all(atlas, texts)
    return together(joined(parts), sums(np.array([len(part) for part in parts])))


def together(text: Text, bounds: NDArray[np.int64], *, verbatim: bool = False) -> Texts:
    """Texts that stand one after the other in one, from bound to bound."""
    return Texts(text, bounds, sums(text.advance), verbatim)


def stretches(text: Text, start: NDArray[np.int64], end: NDArray[np.int64], half: NDArray[np.bool_] | None) -> Text:
    """Stretches of a text one after the other, one at least; of those that are ``half`` the last character is as
    wide as a half cell."""
    cut = half is not None and half.any()
    if not cut and np.logical_and.reduce(start[1:] == end[:-1]):
        return text[start[0] : end[-1]]
    counts = end - start
    found = text.take(ranges(start, counts))
    if half is not None:
        found.advance[counts.cumsum()[half] - 1] = 1
    return found


def shape_all(atlas: Atlas, texts: Sequence[str]) -> list[Text]:
    """``shape`` of many texts in one pass over all their characters."""
    cps = codepoints("".join(texts))
    glyphs = atlas.lut.take(cps, mode="clip")
    advance = ADVANCE[glyphs & 7]
    ends = np.cumsum([0, *map(len, texts)])
    odd, places = (np.diff(sums(_peculiar(cps, advance))[ends]) > 0).tolist(), ends.tolist()
    return [
        shape(atlas, text) if strange else Text(cps[a:b], glyphs[a:b], advance[a:b])
        for text, strange, a, b in zip(texts, odd, places, places[1:], strict=False)
    ]


def _plain(atlas: Atlas, glyphs: Glyphs) -> bool:
    """Whether all are full-width characters that a font has."""
    # one pass: what is not above the box wraps around to the largest numbers
    return bool(np.maximum.reduce(glyphs - _ABOVE_BOX) < atlas.plain - int(_ABOVE_BOX))


def _peculiar(cps: Codepoints, advance: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Characters that take more than a look-up: marks, what is not drawn, letters whose width depends on their
    neighbours, and what lies beyond the table."""
    found: NDArray[np.bool_] = (advance == 0) | (cps - np.uint32(_FOREIGN.start) < len(_FOREIGN)) | (cps >= _LUT)
    return found


def _shape_peculiar(atlas: Atlas, text: str) -> Text:
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
    foreign = (cps >= _FOREIGN.start) & (cps < _FOREIGN.stop)
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
    """The half cells of a run."""
    return Cells(text)


def halves(glyphs: Glyphs, advance: NDArray[np.uint8]) -> tuple[Glyphs, NDArray[np.intp]]:
    """Half cells of a row of glyphs, and where each glyph's cells end."""
    ids = np.repeat(glyphs >> 3, advance)
    ends = np.cumsum(advance, dtype=np.intp)
    ids[ends[advance == FULL] - 1] += 1
    return ids, ends


def marks(glyphs: Glyphs, advances: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Where combining marks fall, as (half cell, cell of the atlas): over the last character drawn before them;
    a mark alone is not drawn."""
    if not len(glyphs) or advances.min():
        return
    base, room, at = -1, 0, 0
    for glyph, advance in zip(glyphs.tolist(), advances.tolist(), strict=True):
        if advance:
            base, room = at, advance
            at += advance
        elif base >= 0:
            yield base, glyph >> 3
            if glyph & 7 == MARK_FULL and room == FULL:
                yield base + 1, (glyph >> 3) + 1


def missing(text: Text) -> list[int]:
    """Code points that became the missing box, in order."""
    return [int(cp) for cp in text.cps[text.glyphs == FULL]]
