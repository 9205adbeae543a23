"""Setting text: a string in, lines of runs out, all in whole LEDs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.panel import ColorMode
from ledsign.policy import DwellRule
from ledsign.render.atlas import FULL, Atlas
from ledsign.render.charkind import SQUEEZE, classes
from ledsign.render.dense import is_mixed, large, pieces, promoted, rise
from ledsign.render.fonts import Face, ladder
from ledsign.render.glyphs import Text, Texts, cells, shape, shape_all, shape_together, together
from ledsign.render.items import Chunk, Item, Run
from ledsign.render.linebreak import breaks, hangs, weight, wrap

Span: TypeAlias = tuple[int, int, bool]
"""A line as characters from start to end, and whether the last is drawn half."""
LINE_PITCH = 1.25  # least, in character heights: large panels read better so


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes of one text size on one panel, in LEDs. ``pitch``: from line to line, ``columns``: half cells, ``unit``:
    about a stroke, what rules and gaps are measured in, ``lines``: text lines that fit one page."""

    face: Face
    width: int
    height: int  # of the page's body
    pitch: int
    cell: int = field(init=False)
    half: int = field(init=False)
    unit: int = field(init=False)
    columns: int = field(init=False)
    lines: int = field(init=False)

    def __post_init__(self) -> None:
        keep = object.__setattr__  # asked for thousands of times a page
        keep(self, "cell", self.face.cell)
        keep(self, "half", self.face.half)
        keep(self, "unit", self.face.unit)
        keep(self, "columns", self.width // self.half)
        keep(self, "lines", max(1, (self.height - self.cell) // self.pitch + 1))


def faces(least: int, most: int) -> tuple[Face, ...]:
    """Faces from ``least`` to ``most`` LEDs high, smallest first; the smallest at least."""
    return ladder(least, max(least, most))


def fitted(width: int, height: int, face: Face) -> Metrics:
    """Line pitch between 5/4 and 3/2 of the character height: the widest that costs no line."""
    cell = face.cell
    least, loose = round(cell * LINE_PITCH), cell * 3 // 2
    lines = max(1, (height - cell) // least + 1)
    pitch = min(loose, (height - cell) // (lines - 1)) if lines > 1 else least
    return Metrics(face, width, height, max(least, pitch))


def sized(like: Metrics, face: Face) -> Metrics:
    """The same page with characters of another size."""
    return fitted(like.width, like.height, face)


@dataclass(frozen=True, slots=True)
class Style:
    """All sizes of a page. ``body``: running text; ``small``: the panel's own least size, for captions and most
    tables; ``least``: the least lawful one, for a table that only so keeps its columns together; ``alarm``: LEDs
    that an emergency's headline is high where the panel has room."""

    body: Metrics
    small: Metrics
    least: Metrics
    mode: ColorMode
    panel_width: int
    panel_height: int
    rule: DwellRule
    alarm: int = 0


_squeezables: dict[str, NDArray[np.bool_]] = {}  # by checksum: to hold the atlas would hold its files open


def _squeezable(atlas: Atlas) -> NDArray[np.bool_]:
    """By code point: marks whose right half is empty in this font, so that half a cell holds all their ink."""
    if atlas.sha256 in _squeezables:
        return _squeezables[atlas.sha256]
    codepoints = np.arange(0x10000, dtype=np.uint32)
    able: NDArray[np.bool_] = classes(codepoints) & SQUEEZE != 0
    for cp in np.flatnonzero(able).tolist():
        glyph = int(atlas.lut[cp])
        right = np.array([(glyph >> 3) + 1], dtype=np.uint32)
        able[cp] = glyph & 7 == FULL and not atlas.rows(right).any()
    _squeezables[atlas.sha256] = able
    return able


class Setter:
    """Shapes texts with one atlas and remembers them while one notice is laid out.

    ``dense_px``: LEDs that dense characters have at least, within smaller text; 0: they are as large as the rest.
    """

    def __init__(self, atlas: Atlas, dense_px: int = 0) -> None:
        self.atlas, self.dense_px = atlas, dense_px
        self._known: dict[str, Text] = {}

    def text(self, string: str) -> Text:
        """The shaped string."""
        text = self._known.get(string)
        if text is None:
            text = self._known[string] = shape(self.atlas, string)
        return text

    def sized(self, string: str, face: Face) -> Text:
        """The shaped string, its dense characters larger where ``face`` is too small for them."""
        return promoted(self.text(string), face, self.dense_px)

    def learn(self, strings: Collection[str]) -> None:
        """Shape many strings in one pass."""
        new = [string for string in strings if string not in self._known]
        self._known.update(zip(new, shape_all(self.atlas, new), strict=True))

    def texts(self, strings: Sequence[str]) -> Texts:
        """Strings shaped as one."""
        return shape_together(self.atlas, strings)

    def resized(self, texts: Texts, face: Face) -> Texts:
        """The same texts, their dense characters larger where ``face`` is too small for them."""
        text = promoted(texts.text, face, self.dense_px, texts.bounds)
        return texts if text is texts.text else together(text, texts.bounds)

    def spans(self, text: Text, columns: int, first: int | None = None) -> list[Span]:
        """The text in lines of at most ``columns`` half cells, the first of ``first``, as (start, end) of
        characters, and whether of the last one only the left half is drawn: the other is empty and would stick
        out."""
        if not len(text):
            return []
        limit = columns if first is None else first
        if 0 < text.width <= limit and not hangs(text):
            return [(0, len(text), False)]
        able, found = _squeezable(self.atlas).take(text.cps, mode="clip"), list[Span]()
        squeezes = bool(np.logical_or.reduce(able))
        for start, end in wrap(text, columns, first, able if squeezes else None):
            half = squeezes and bool(able[end - 1]) and text[start:end].width > max(2, limit)
            found.append((start, end, half))
            limit = columns
        return found

    def lines(self, text: Text, columns: int, first: int | None = None) -> list[Text]:
        """The text in lines of at most ``columns`` half cells, the first of ``first``."""
        return [line_of(text, *span) for span in self.spans(text, columns, first)]

    def fitting(self, string: str, columns: int, tail: str) -> Text:
        """The string, or its first line with ``tail`` at the end when it is wider than ``columns``."""
        text = self.text(string)
        if text.width <= columns:
            return text
        end = self.text(tail)
        return self.lines(text, columns - end.width)[0] + end


def line_of(text: Text, start: int, end: int, half: bool) -> Text:
    """One line of a text, see ``Setter.spans``."""
    line = text[start:end] if end - start < len(text) else text
    if half:
        return Text(line.cps, line.glyphs, np.append(line.advance[:-1], np.uint8(1)), line.promoted)
    return line


def run(text: Text, x: int, y: int, face: Face, color: int, ground: int = 0) -> Run:
    """A line of text as an item."""
    return Run(x, y, face.scale, color, cells(text), ground, face.size)


def runs(text: Text, x: int, y: int, face: Face, color: int) -> list[Item]:
    """A line of text with its dense characters larger; they reach ``rise`` LEDs above ``y``."""
    if not is_mixed(text):
        return [run(text, x, y, face, color)]
    big, above = large(face, text), rise(face, text)
    return [
        run(part, x + at * face.half, y - above if larger else y, big if larger else face, color)
        for part, larger, at in pieces(text)
    ]


def aligned(width: int, room: int, align: str) -> int:
    """Offset of something ``width`` wide in ``room``."""
    if align == "right":
        return max(0, room - width)
    return max(0, (room - width) // 2) if align == "center" else 0


def line_chunk(
    text: Text, size: Metrics, color: int, *, x: int = 0, align: str = "left", gap: int = 0, keep: bool = False,
    more: bool = False,
) -> Chunk:  # fmt: skip
    """One text line as a chunk; centred and right-aligned lines keep to half cells where the panel does."""
    offset = aligned(text.width * size.half, size.width - x, align)
    if align == "center" and offset:
        offset -= offset % 8
    above = rise(size.face, text)
    items = tuple(runs(text, x + offset, above, size.face, color)) if len(text) else ()
    return Chunk(size.cell + above, items, weight(text), gap=gap, keep=keep, more=more)


def justified(text: Text, room: int, size: Metrics) -> list[tuple[int, int, int]]:
    """A line drawn out to ``room`` LEDs: what is left over goes between the characters where a line might break,
    never inside a figure or a word. In one piece where the gaps would show. Pieces as characters from start to end
    and LEDs from the line's beginning."""
    gaps = np.flatnonzero(breaks(text)[:-1]) + 1
    spare = room - text.width * size.half
    if not 0 < spare <= len(gaps) * size.cell // 10:
        return [(0, len(text), 0)]
    shares = np.diff(np.arange(len(gaps) + 1) * spare // len(gaps))
    ends = np.append(gaps[shares > 0], len(text))
    starts = np.append(0, ends[:-1])
    places = np.append(0, np.cumsum(text.advance, dtype=np.int64)) * size.half
    at = places[starts] + np.append(0, np.cumsum(shares[shares > 0]))
    return list(zip(starts.tolist(), ends.tolist(), at.tolist(), strict=True))
