"""Running text as arrays: the lines of a paragraph are items only on the pages they stand on, all of them as one."""

from collections.abc import Sequence

import numpy as np

from ledsign.render.glyphs import Text, stretches, sums
from ledsign.render.items import Ints, Item, Lines
from ledsign.render.linebreak import effort_sums
from ledsign.render.setting import Metrics, Span, justified, line_of


class Prose:
    """The lines of one paragraph in one size and ink; ``weight``: what each takes to read. ``left``: LEDs free
    before all lines but the first, and before that; ``align`` is that of notice blocks; ``drawn_out``: every line
    but the last fills its room."""

    def __init__(
        self, text: Text, spans: Sequence[Span], size: Metrics, color: int, left: tuple[int, int], align: str, *,
        drawn_out: bool,
    ) -> None:  # fmt: skip
        self._text, self._size, self._color = text, size, color
        start, end, half = (np.array(each) for each in zip(*spans, strict=True))
        effort, count = effort_sums(text), len(spans)
        self.weight: list[int] = (effort.take(end) - effort.take(start)).tolist()
        x = np.full(count, left[0])
        x[0] = left[1]
        if align in {"center", "right"}:
            places = sums(text.advance)
            spare = np.maximum(size.width - x - (places.take(end) - places.take(start) - half) * size.half, 0)
            x += spare if align == "right" else spare // 2 // 8 * 8
        row = np.arange(count)
        if drawn_out:
            lines, row, x = self._drawn_out(spans, x.tolist())
            start, end, half = lines[:, 0], lines[:, 1], lines[:, 2] > 0
        seen = end > start
        if not seen.all():
            start, end, half, row, x = start[seen], end[seen], half[seen], row[seen], x[seen]
        self._start, self._end, self._row, self._x = start, end, row, x
        self._half = half if half.any() else None
        self._bounds: list[int] = row.searchsorted(np.arange(count + 1)).tolist()

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
        start, end = self._start[here], self._end[here]
        if not len(start):
            return []
        text = stretches(self._text, start, end, None if self._half is None else self._half[here])
        top = (self._row[here] - first) * self._size.pitch + y
        face = self._size.face
        return [Lines(self._x[here], top, end - start, text, face.size, face.scale, self._color)]

    def down(self, first: int, last: int) -> int:
        """LEDs from the top of line ``first`` to that of line ``last``."""
        return (last - first) * self._size.pitch
