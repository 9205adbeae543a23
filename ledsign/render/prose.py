"""Running text as arrays: the lines of a paragraph are items only on the pages they stand on, all of them as one."""

from collections.abc import Sequence

import numpy as np

from ledsign.render.glyphs import Text, ranges, sums
from ledsign.render.items import Ints, Item, Lines
from ledsign.render.linebreak import efforts
from ledsign.render.setting import Metrics, justified, line_of

Span = tuple[int, int, bool]
"""A line as characters from start to end, and whether the last is drawn half (``Setter.spans``)."""


class Prose:
    """The lines of one paragraph in one size and ink; ``weight``: what each takes to read. ``left``: LEDs free
    before all lines but the first, and before that; ``align`` is that of notice blocks; ``drawn_out``: every line
    but the last fills its room."""

    def __init__(
        self, text: Text, spans: Sequence[Span], size: Metrics, color: int, left: tuple[int, int], align: str, *,
        drawn_out: bool,
    ) -> None:  # fmt: skip
        self._text, self._size, self._color = text, size, color
        lines = np.array(spans)
        start, end, half = lines[:, 0], lines[:, 1], lines[:, 2]
        places, effort = sums(text.advance), sums(efforts(text))
        width = places.take(end) - places.take(start)
        self.weight: list[int] = (effort.take(end) - effort.take(start)).tolist()
        x = np.full(len(spans), left[0])
        x[0] = left[1]
        if align in {"center", "right"}:
            spare = np.maximum(size.width - x - (width - half) * size.half, 0)
            x += spare if align == "right" else spare // 2 // 8 * 8
        row = np.arange(len(spans))
        if drawn_out:
            lines, row, x = self._drawn_out(spans, x.tolist())
            start, end, half = lines[:, 0], lines[:, 1], lines[:, 2]
        seen = end > start
        if not seen.all():
            start, end, half, row, x = start[seen], end[seen], half[seen], row[seen], x[seen]
        self._start, self._counts, self._half, self._row, self._x = start, end - start, half > 0, row, x
        self._bounds: list[int] = np.searchsorted(row, np.arange(len(spans) + 1)).tolist()

    def _drawn_out(self, spans: Sequence[Span], left: Sequence[int]) -> tuple[Ints, Ints, Ints]:
        """The lines in pieces that stand apart; the row of each, and its left edge."""
        pieces, rows, edges = list[Span](), list[int](), list[int]()
        for row, ((start, end, half), x) in enumerate(zip(spans, left, strict=True)):
            line = line_of(self._text, start, end, half)
            room = self._size.columns * self._size.half - x
            parts = justified(line, room, self._size) if row + 1 < len(spans) else [(0, len(line), 0)]
            for first, last, moved in parts:
                pieces.append((start + first, start + last, half and start + last == end))
                rows.append(row)
                edges.append(x + moved)
        return np.array(pieces), np.array(rows), np.array(edges)

    def drawn(self, first: int, last: int, y: int) -> list[Item]:
        """Lines ``first`` to ``last`` (exclusive) from ``y`` down."""
        here = slice(self._bounds[first], self._bounds[last])
        counts = self._counts[here]
        if not len(counts):
            return []
        text = self._text.take(ranges(self._start[here], counts))
        half = self._half[here]
        if half.any():
            text.advance[counts.cumsum()[half] - 1] = 1
        top = (self._row[here] - first) * self._size.pitch + y
        face = self._size.face
        return [Lines(self._x[here], top, counts, text, face.size, face.scale, self._color)]

    def down(self, first: int, last: int) -> int:
        """LEDs from the top of line ``first`` to that of line ``last``."""
        return (last - first) * self._size.pitch
