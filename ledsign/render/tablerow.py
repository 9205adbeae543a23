"""Rows of a table as they are drawn: every line in its place, cut out of arrays page by page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.render import theme
from ledsign.render.columns import Group
from ledsign.render.glyphs import Text, stretches, sums
from ledsign.render.items import Boxes, Ints, Item, Lines
from ledsign.render.setting import line_of, runs
from ledsign.render.tableform import Form

Chosen: TypeAlias = NDArray[np.intp] | slice


@dataclass(slots=True, eq=False)
class Rows:
    """The rows of a table in one group of columns, placed.

    Of each row how ``high`` it is (LEDs), what it takes to read (``weight``), how much of that are its key columns,
    and where its lines begin (``bounds``, and last the end of all). Of each line its characters from ``start`` to
    ``end``, its left edge, its top below that of the table, its ``ink`` (or that of all); and where it matters
    whether the last character is drawn ``half``, how far dense ones ``rise`` above the others, whether anything is
    ``seen``, and whether the row above says it too (``again``). ``broken``: rows with no whole rule below, and the
    pieces of it that there are. ``closed``: below the last row that is drawn the rule is whole all the same.
    """

    group: Group
    form: Form
    text: Text
    high: Ints
    weight: Ints
    keys: Ints
    bounds: Ints
    start: Ints
    end: Ints
    x: Ints
    y: Ints
    ink: Ints | int
    half: NDArray[np.bool_] | None = None
    rise: Ints | None = None
    seen: NDArray[np.bool_] | None = None
    again: NDArray[np.bool_] | None = None
    broken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    closed: bool = False
    _tops: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._tops = sums(self.high).tolist()

    def down(self, first: int, last: int) -> int:
        """LEDs from the top of row ``first`` to that of row ``last``."""
        return self._tops[last] - self._tops[first]

    def drawn(self, first: int, last: int, y: int) -> list[Item]:
        """Text, rules below and walls between the columns. What a cell over several rows says stands in the first
        of them that is drawn."""
        below, items = y - self._tops[first], list[Item]()
        for chosen, ink in self._chosen(first, last):
            items += self._text(chosen, below, ink)
        boxes = self._boxes(first, last, below)
        return [*items, boxes] if len(boxes.places) else items

    def _chosen(self, first: int, last: int) -> Iterator[tuple[Chosen, int]]:
        """The lines that are seen, by their ink."""
        begin, end = int(self.bounds[first]), int(self.bounds[last])
        seen = self.seen[begin:end] if self.seen is not None else None
        if self.again is not None and end > begin:
            new = ~self.again[begin:end]
            new[: int(self.bounds[first + 1]) - begin] = True
            seen = new if seen is None else new & seen
        if seen is not None and seen.all():
            seen = None
        if isinstance(self.ink, int):
            yield slice(begin, end) if seen is None else np.flatnonzero(seen) + begin, self.ink
            return
        inks = self.ink[begin:end]
        for ink in sorted(set(inks.tolist())):
            yield np.flatnonzero(inks == ink if seen is None else seen & (inks == ink)) + begin, ink

    def _text(self, chosen: Chosen, below: int, ink: int) -> list[Item]:
        """These lines, ``below`` LEDs lower than they are in the table."""
        face, items = self.form.size.face, list[Item]()
        if self.rise is not None and self.rise[chosen].any():
            every = np.arange(len(self.rise))[chosen]
            risen = self.rise[every] > 0
            for line in every[risen].tolist():
                half = self.half is not None and bool(self.half[line])
                text = line_of(self.text, int(self.start[line]), int(self.end[line]), half)
                items += runs(text, int(self.x[line]), int(self.y[line]) + below, face, ink)
            chosen = every[~risen]
        start, end = self.start[chosen], self.end[chosen]
        if len(start):
            text = stretches(self.text, start, end, None if self.half is None else self.half[chosen])
            x, y = self.x[chosen], self.y[chosen] + below
            items.append(Lines(x, y, end - start, text, face.size, face.scale, ink))
        return items

    def _boxes(self, first: int, last: int, below: int) -> Boxes:
        """A dotted rule below each row, and walls that cross them where they are whole."""
        form, tops = self.form, self._tops
        up = form.under + form.rule  # from a rule to the row below it
        width, thick, low = form.size.width, form.rule, tops[first + 1 : last + 1]
        starts, ends = [first], [last - 1]
        broken = [row for row in self.broken if first <= row < last - self.closed] if self.broken else []
        boxes = list[int]()
        for row, y in enumerate(low, first):
            if row not in broken:
                boxes += (0, y - up, width, thick, 1)
        if broken:
            for row in broken:
                for x, right in self.broken[row]:
                    boxes += (x, tops[row + 1] - up, right - x, thick, 1)
            ends = [*(row for row in broken if row < last - 1), last - 1]
            starts += [end + 1 for end in ends[:-1]]
        # the walls of rows with a whole rule between them are one: the dots of rule and wall are the same lattice
        for start, end in zip(starts, ends, strict=True):
            top = tops[start] - form.under
            for wall in self.group.walls:
                boxes += (wall, top, thick, tops[end + 1] - up - top, 1)
        places = np.array(boxes).reshape(-1, 5)
        places[:, 1] += below
        return Boxes(places, theme.RULE)
