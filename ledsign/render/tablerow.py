"""Rows of a table as arrays: every cell broken into lines and given its place once, drawn page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.notice import Column
from ledsign.render import theme
from ledsign.render.atlas import FULL
from ledsign.render.columns import Cells, Group, Measure
from ledsign.render.dense import is_mixed, rise
from ledsign.render.glyphs import Text, Texts, ranges, sums
from ledsign.render.grid import Grid
from ledsign.render.items import Boxes, Ints, Item, Lines
from ledsign.render.linebreak import efforts, ends_blank
from ledsign.render.setting import Setter, runs
from ledsign.render.tableform import Form

_ALIGNS: Final = {"center": 1, "right": 2}


@dataclass(slots=True, eq=False)
class Wrapped:
    """The cells of one group of columns in lines. Of each cell its ``row`` (as set, see ``cut``), its number in
    the table, the places ``first`` to ``last`` of its columns in the group, its first ``line``, how many it has,
    and how many ``extra`` its dense characters take. Of each line its characters from ``start`` to ``end``,
    whether the last one is drawn ``half``, and how far dense ones ``rise`` above the others (LEDs)."""

    row: Ints
    bounds: Ints  # where the cells of each row begin, and where the last one's end
    cell: Ints
    first: Ints
    last: Ints
    line: Ints
    count: Ints
    extra: Ints
    start: Ints
    end: Ints
    half: NDArray[np.bool_]
    rise: Ints

    @property
    def lines(self) -> Ints:
        """Text lines of each row, at least one."""
        if len(self.bounds) < 2:
            return np.zeros(0, np.int64)
        return np.maximum(np.maximum.reduceat(self.count + self.extra, self.bounds[:-1]), 1)


def wrapped(grid: Grid, texts: Texts, group: Group, form: Form, setter: Setter) -> Wrapped:
    """All cells that stand in the group, broken where their columns end."""
    first, last, cell, row, bounds = grid.start, grid.end, np.arange(len(grid.texts)), grid.row, grid.bounds
    if len(group.columns) < int(grid.end.max(initial=0)):
        columns = np.array(group.columns)
        first, last = np.searchsorted(columns, first), np.searchsorted(columns, last)
        cell = np.flatnonzero(last > first)
        first, last, row = first[cell], last[cell], row[cell]
        bounds = np.searchsorted(row, np.arange(grid.rows + 1))
    room = _area(group, first, last)[1]
    limit = np.maximum(room // form.size.half, 2)
    start, end, width = texts.bounds[cell], texts.bounds[cell + 1], texts.widths[cell]
    count = (width > 0).astype(np.int64)
    odd = (width > limit) | ends_blank(texts.text, end)
    half = np.zeros(len(cell), np.bool_)
    known: dict[tuple[str, int], list[tuple[int, int, bool]]] = {}
    parts: dict[int, list[tuple[int, int, bool]]] = {}
    for number in np.flatnonzero(odd & (count > 0)).tolist():
        key = grid.texts[cell[number]], int(limit[number])
        if key not in known:
            known[key] = setter.spans(texts[cell[number]], key[1])
        parts[number] = known[key]
    for number, spans in parts.items():
        count[number] = len(spans)
    line = np.cumsum(count) - count
    if parts or not count.all():
        start, end, half = start.repeat(count), end.repeat(count), half.repeat(count)
    for number, spans in parts.items():
        at, base = int(line[number]), int(texts.bounds[cell[number]])
        for place, (a, b, narrow) in enumerate(spans, at):
            start[place], end[place], half[place] = base + a, base + b, narrow
    above, extra = np.zeros(len(start), np.int64), np.zeros(len(cell), np.int64)
    if is_mixed(texts.text):
        dense = sums(texts.text.advance > FULL)
        above[dense[end] > dense[start]] = rise(form.size.face, texts.text)
        np.add.at(extra, np.arange(len(cell)).repeat(count), above)
        extra = -(-extra // form.pitch)
    return Wrapped(row, bounds, cell, first, last, line, count, extra, start, end, half, above)


def cut(groups: Sequence[Wrapped], lines: Ints, most: int) -> tuple[list[Wrapped], NDArray[np.intp]]:
    """Rows higher than ``most`` lines in pieces, the short cells of which are repeated in each piece; and the row
    of the table that each row or piece is of."""
    pieces = -(-lines // most)
    origin = np.arange(len(lines)).repeat(pieces)
    if len(origin) == len(lines):
        return list(groups), origin
    begin = ranges(np.zeros_like(pieces), pieces) * most
    found = []
    for group in groups:
        counts = np.diff(group.bounds)[origin]
        chosen = ranges(group.bounds[origin], counts)
        bounds = np.concatenate(([0], np.cumsum(counts)))
        row = np.arange(len(origin)).repeat(counts)
        line, count = group.line[chosen], group.count[chosen]
        long = (lines[origin] > most)[row] & (count > most // 2)
        skipped = np.where(long, np.minimum(begin[row], count), 0)
        left = np.where(long, np.minimum(count - skipped, most), count)
        found.append(
            Wrapped(
                row, bounds, group.cell[chosen], group.first[chosen], group.last[chosen], line + skipped, left,
                group.extra[chosen], group.start, group.end, group.half, group.rise,
            )
        )  # fmt: skip
    return found, origin


def _area(group: Group, first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Left edge and LEDs of the columns at places ``first`` to ``last`` of the group."""
    edges, room = np.array(group.edges), np.array(group.room)
    left = edges[first]
    return left, edges[last - 1] + room[last - 1] - left


class Rows:
    """The rows of a table in one group of columns, placed: what a page shows of them is cut out of arrays.

    ``lines`` and ``high`` (LEDs), ``weight`` of each row, ``keys``: how much of that is its key columns.
    ``closed``: below the last row that is drawn there is a whole rule, also where a cell goes on in the next.
    """

    def __init__(
        self, group: Group, cells: Wrapped, origin: NDArray[np.intp], grid: Grid, texts: Texts, found: Cells,
        measured: Measure, columns: Sequence[Column], form: Form, *, closed: bool,
    ) -> None:  # fmt: skip
        self.group, self.form, self.closed = group, form, closed
        self.texts, rows = texts, len(origin)
        simple = len(cells.start) == len(cells.cell) and bool((cells.count == 1).all())
        owner = slice(None) if simple else np.arange(len(cells.cell)).repeat(cells.count)
        line = slice(None) if simple else ranges(cells.line, cells.count)
        self._start, self._end, self._half = cells.start[line], cells.end[line], cells.half[line]
        self._rise = cells.rise[line]
        self.lines = cells.lines
        self.high = self.lines * form.pitch - form.size.unit + form.gap + form.air
        self._tops = self.high.cumsum() - self.high
        self._down: list[int] = self._tops.tolist()
        self._row = cells.row[owner]
        self._bounds = cells.bounds if simple else np.searchsorted(self._row, np.arange(rows + 1))
        effort = sums(efforts(self.texts.text))
        read = effort[self._end] - effort[self._start]
        total = sums(read)[self._bounds]
        self.weight = total[1:] - total[:-1]
        self.keys = np.zeros(rows, np.int64)
        if form.stacked:
            pinned = np.array([column.pin for column in columns])[grid.start[cells.cell]]
            np.add.at(self.keys, self._row, read * pinned[owner])
        self._place(cells, origin, owner, grid, found, measured, columns)
        self._merge(cells, grid)

    def _place(
        self, cells: Wrapped, origin: NDArray[np.intp], owner: NDArray[np.intp] | slice, grid: Grid, found: Cells,
        measured: Measure, columns: Sequence[Column],
    ) -> None:  # fmt: skip
        """Left edge, top below its row's and ink of each line."""
        form, group = self.form, self.group
        own = np.array(group.columns)[cells.first]
        single = True if grid.plain else cells.last - cells.first == 1
        align = np.where(single, np.array([_ALIGNS.get(column.align, 0) for column in columns])[own], 1)
        left, room = _area(group, cells.first, cells.last)
        spare = (self.lines[cells.row] - cells.count) * form.pitch
        down: Ints | int = 0
        if not isinstance(owner, slice):
            down = ranges(np.zeros_like(cells.count), cells.count) * form.pitch
        if self._rise.any():
            risen = sums(self._rise)
            before = risen[np.cumsum(cells.count) - cells.count]
            spare = spare - (risen[np.cumsum(cells.count)] - before)
            down = down + risen[1:] - before[owner]
        top: Ints = spare // 2
        if not grid.plain:
            top[grid.merged[cells.cell] > 0] = 0
        places = self.texts.places
        width = (places[self._end] - places[self._start] - self._half) * form.size.half
        beside = np.maximum(room[owner] - width, 0)
        moved = (beside * align[owner]) >> 1  # all of it, half of it, or nothing
        figure = found.figure[cells.cell] & single & (cells.count == 1)
        if figure.any():
            inset = np.where(figure, np.array(measured.point)[own] - found.fraction[cells.cell], 0) * form.size.half
            moved = np.maximum(moved - inset[owner], 0)
        self._x = left[owner] + moved
        self._y: Ints = top[owner] + down
        pinned = [column.pin and len(form.groups) > 1 for column in columns]
        inks = np.array([theme.KEY if pin else theme.TEXT for pin in pinned])
        ink = np.where(origin[cells.row] >= grid.body, theme.TOTAL, inks[own])
        self._ink, self._seen = ink[owner], width > 0
        self._inks = sorted(set(ink.tolist()))

    def _merge(self, cells: Wrapped, grid: Grid) -> None:
        """Which lines the row above says too, and which rows have no whole rule below."""
        self._again: NDArray[np.bool_] | None = None
        self._broken: dict[int, list[tuple[int, int]]] = {}
        if grid.plain:
            return
        merged = grid.merged[cells.cell]
        over = np.flatnonzero(merged)
        said = list(zip(cells.row[over].tolist(), merged[over].tolist(), strict=True))
        here = set(said)
        again, goes_on = np.zeros(len(merged), np.bool_), np.zeros(len(merged), np.bool_)
        again[over] = [(row - 1, number) in here for row, number in said]
        goes_on[over] = [(row + 1, number) in here for row, number in said]
        self._again = again.repeat(cells.count)
        walls = (*self.group.walls, self.form.size.width)
        for row in np.unique(cells.row[goes_on]).tolist():
            spans, x = list[tuple[int, int]](), 0
            for cell in np.flatnonzero(cells.row == row).tolist():
                right = walls[cells.last[cell] - 1]
                if not goes_on[cell]:
                    joined = spans and spans[-1][1] == x
                    spans[-1:] = [(spans[-1][0], right)] if joined else [*spans[-1:], (x, right)]
                x = right
            self._broken[row] = spans

    def drawn(self, first: int, last: int, y: int) -> list[Item]:
        """Text, rules below and walls between the columns. What a cell over several rows says stands in the first
        of them that is drawn."""
        tops = self._tops[first:last] + (y - int(self._tops[first]))
        begin, end = int(self._bounds[first]), int(self._bounds[last])
        shown = self._seen[begin:end]
        if self._again is not None:
            shown = shown & (~self._again[begin:end] | (self._row[begin:end] == first))
        items: list[Item] = []
        for ink in self._inks:
            chosen = np.flatnonzero(shown & (self._ink[begin:end] == ink) if len(self._inks) > 1 else shown)
            if len(chosen):
                chosen += begin
                items += self._text(chosen, tops[self._row[chosen] - first] + self._y[chosen], ink)
        rules = self._rules(first, last, tops)
        return [*items, rules] if len(rules.places) else items

    def down(self, first: int, last: int) -> int:
        """LEDs from the top of row ``first`` to that of row ``last``."""
        return self._down[last] - self._down[first]

    def _text(self, chosen: NDArray[np.intp], y: Ints, ink: int) -> list[Item]:
        items: list[Item] = []
        risen = self._rise[chosen]
        if risen.any():
            for line, top in zip(chosen[risen > 0].tolist(), y[risen > 0].tolist(), strict=True):
                text = self._characters(np.array([line]))[0]
                items += runs(text, int(self._x[line]), top, self.form.size.face, ink)
            chosen, y = chosen[risen == 0], y[risen == 0]
        if len(chosen):
            text, counts = self._characters(chosen)
            face = self.form.size.face
            items.append(Lines(self._x[chosen], y, counts, text, face.size, face.scale, ink))
        return items

    def _characters(self, chosen: NDArray[np.intp]) -> tuple[Text, Ints]:
        """The text of these lines and how many characters each has."""
        start, counts = self._start[chosen], self._end[chosen] - self._start[chosen]
        text = self.texts.text.take(ranges(start, counts))
        half = self._half[chosen]
        if half.any():
            text.advance[counts.cumsum()[half] - 1] = 1
        return text, counts

    def _rules(self, first: int, last: int, tops: Ints) -> Boxes:
        """A dotted rule below each row, and walls that cross them where they are whole."""
        form, width = self.form, self.form.size.width
        under = tops + self.high[first:last] - form.under - form.rule
        broken = [row for row in self._broken if first <= row < last - self.closed] if self._broken else []
        rows = np.zeros((last - first, 5), np.int64)
        rows[:, 1], rows[:, 2:] = under, (width, form.rule, 1)
        parts, starts, ends = [rows], [0], [last - first - 1]
        if broken:
            whole = np.ones(last - first, np.bool_)
            whole[[row - first for row in broken]] = False
            parts = [rows[whole]]
            for row in broken:
                y = under[row - first]
                parts += [np.array([(x, y, right - x, form.rule, 1)]) for x, right in self._broken[row]]
            ends = [*np.flatnonzero(~whole[:-1]).tolist(), *ends]
            starts += [end + 1 for end in ends[:-1]]
        # the walls of rows with a whole rule between them are one: the dots of rule and wall are the same lattice
        upright = np.zeros((len(ends), len(self.group.walls), 5), np.int64)
        upright[:, :, 0] = self.group.walls
        upright[:, :, 1] = tops[starts, None] - form.under
        upright[:, :, 3] = (under[ends] - tops[starts] + form.under)[:, None]
        upright[:, :, 2], upright[:, :, 4] = form.rule, 1
        return Boxes(np.concatenate([*parts, upright.reshape(-1, 5)]), theme.RULE)
