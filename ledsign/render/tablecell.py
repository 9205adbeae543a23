"""Cells of a table to rows that can be drawn: broken into lines where they are too wide, and given their places."""

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
from ledsign.render.glyphs import Texts, ranges, sums
from ledsign.render.grid import Grid
from ledsign.render.items import Ints
from ledsign.render.linebreak import ends_blank
from ledsign.render.setting import Setter, Span
from ledsign.render.tableform import Form
from ledsign.render.tablerow import Rows

_ALIGNS: Final = {"center": 1, "right": 2}


@dataclass(slots=True, eq=False)
class Contents:
    """What a table says and the form it takes. ``texts``: those of its cells in the size of the form."""

    columns: Sequence[Column]
    grid: Grid
    cells: Cells
    measured: Measure
    form: Form
    texts: Texts
    setter: Setter

    def inks(self, group: Group) -> list[int]:
        """The ink of each column of a group: keys stand out where they are repeated."""
        pinned = len(self.form.groups) > 1
        return [theme.KEY if pinned and self.columns[number].pin else theme.TEXT for number in group.columns]

    def aligned(self, group: Group) -> tuple[list[int], list[int]]:
        """Of each column of a group how many halves of the room beside a text stand before it, and its longest
        fraction."""
        aligns = [_ALIGNS.get(self.columns[number].align, 0) for number in group.columns]
        return aligns, [self.measured.point[number] for number in group.columns]


def rows_of(table: Contents, most: int, effort: Ints) -> tuple[list[Rows], list[int]]:
    """The rows in each group of columns, in pieces of at most ``most`` lines, and of each piece its row. ``effort``:
    what all characters before each one take to read."""
    groups = [_wrapped(table, group) for group in table.form.groups]
    lines = groups[0].lines
    for group in groups[1:]:
        lines = np.maximum(lines, group.lines)
    pieces, origin = _cut(groups, lines, most)
    placed = zip(table.form.groups, pieces, strict=True)
    return [_placed(table, group, piece, origin, effort) for group, piece in placed], origin.tolist()


def colored(rows: Rows, table: Contents, ink: Ints, origin: Ints) -> None:
    """The ink of each line, which is of that row of the table: totals have their own."""
    if table.grid.body < table.grid.rows:
        ink = np.where(origin >= table.grid.body, theme.TOTAL, ink)
    rows.ink = ink


@dataclass(slots=True, eq=False)
class Wrapped:
    """The cells of one group of columns in lines. Of each cell its ``row`` (as set, see ``_cut``), its number in
    the table, the places ``first`` to ``last`` of its columns in the group, its ``left`` edge and ``room`` (LEDs),
    its first ``line``, how many it has, and how many ``extra`` its dense characters take. Of each line its
    characters from ``start`` to ``end``, whether the last one is drawn ``half``, and how far dense ones ``rise``
    above the others (LEDs)."""

    row: Ints
    bounds: Ints  # where the cells of each row begin, and where the last one's end
    cell: Ints
    first: Ints
    last: Ints
    left: Ints
    room: Ints
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


def _wrapped(table: Contents, group: Group) -> Wrapped:
    """All cells that stand in the group, broken where their columns end."""
    grid, texts = table.grid, table.texts
    cell, row, bounds, first, last = np.arange(len(grid.texts)), grid.row, grid.bounds, grid.start, grid.end
    if len(group.columns) < grid.columns:
        columns = np.array(group.columns)
        first, last = np.searchsorted(columns, first), np.searchsorted(columns, last)
        cell = np.flatnonzero(last > first)
        first, last, row = first[cell], last[cell], row[cell]
        bounds = np.searchsorted(row, np.arange(grid.rows + 1))
    start, end, width = texts.bounds[cell], texts.bounds[cell + 1], texts.widths[cell]
    edges, widths = np.array((group.edges, group.room))
    left = edges.take(first)
    room = (edges + widths).take(last - 1) - left
    limit = np.maximum(room // table.form.size.half, 2)
    none = np.zeros(len(cell), np.int64)
    found = Wrapped(
        row, bounds, cell, first, last, left, room, np.arange(len(cell)), none + 1, none, start, end,
        np.zeros(len(cell), np.bool_), none,
    )  # fmt: skip
    odd = np.flatnonzero(((width > limit) | ends_blank(texts.text, end)) & (width > 0))
    if len(odd):
        _wrap(found, odd.tolist(), limit, table)
    if is_mixed(texts.text):
        _raise(found, table)
    return found


def _wrap(cells: Wrapped, odd: Sequence[int], limit: Ints, table: Contents) -> None:
    """Break these cells into lines."""
    known: dict[tuple[str, int], list[Span]] = {}
    parts: dict[int, list[Span]] = {}
    for number in odd:
        key = table.grid.texts[cells.cell[number]], int(limit[number])
        if key not in known:
            known[key] = table.setter.spans(table.texts[int(cells.cell[number])], key[1])
        parts[number] = known[key]
        cells.count[number] = len(known[key])
    begin, count = cells.start, cells.count
    cells.start, cells.end, cells.half = begin.repeat(count), cells.end.repeat(count), cells.half.repeat(count)
    cells.line = np.cumsum(count) - count
    for number, spans in parts.items():
        at, base = int(cells.line[number]), int(begin[number])
        for place, (a, b, narrow) in enumerate(spans, at):
            cells.start[place], cells.end[place], cells.half[place] = base + a, base + b, narrow
    cells.rise = np.zeros(len(cells.start), np.int64)


def _raise(cells: Wrapped, table: Contents) -> None:
    """Make room above the lines that hold dense characters."""
    dense, above = sums(table.texts.text.advance > FULL), np.zeros(len(cells.start), np.int64)
    above[dense[cells.end] > dense[cells.start]] = rise(table.form.size.face, table.texts.text)
    extra = np.zeros(len(cells.cell), np.int64)
    np.add.at(extra, np.arange(len(cells.cell)).repeat(cells.count), above)
    cells.rise, cells.extra = above, -(-extra // table.form.pitch)


def _cut(groups: Sequence[Wrapped], lines: Ints, most: int) -> tuple[list[Wrapped], NDArray[np.intp]]:
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
                row, bounds, group.cell[chosen], group.first[chosen], group.last[chosen], group.left[chosen],
                group.room[chosen], line + skipped, left, group.extra[chosen], group.start, group.end, group.half,
                group.rise,
            )
        )  # fmt: skip
    return found, origin


def _placed(table: Contents, group: Group, cells: Wrapped, origin: NDArray[np.intp], effort: Ints) -> Rows:
    """The rows of any table."""
    grid, texts, form = table.grid, table.texts, table.form
    owner, line = np.arange(len(cells.cell)).repeat(cells.count), ranges(cells.line, cells.count)
    start, end, half, risen = cells.start[line], cells.end[line], cells.half[line], cells.rise[line]
    lines, row = cells.lines, cells.row[owner]
    high = lines * form.pitch + (form.high(1) - form.pitch)
    bounds = np.searchsorted(row, np.arange(len(origin) + 1))
    read = effort.take(end) - effort.take(start)
    aligns, points = table.aligned(group)
    align, point, ink = np.array((aligns, points, table.inks(group))).take(cells.first, axis=1)
    single = cells.last - cells.first == 1
    align = np.where(single, align, 1)
    width = (texts.places.take(end) - texts.places.take(start) - half) * form.size.half
    moved = np.maximum(cells.room[owner] - width, 0) * align[owner]
    moved >>= 1  # all of it, half of it, or nothing
    if any(points):
        figure = table.cells.figure[cells.cell] & single & (cells.count == 1)
        inset = np.where(figure, point - table.cells.fraction[cells.cell], 0) * form.size.half
        moved = np.maximum(moved - inset[owner], 0)
    y = (np.cumsum(high) - high)[row] + _lowered(table, cells, lines, owner, risen)
    found = Rows(
        group, form, texts.text, high, np.diff(sums(read)[bounds]), np.zeros(len(origin), np.int64), bounds, start,
        end, cells.left[owner] + moved, y, theme.TEXT, half if half.any() else None, risen if risen.any() else None,
        width > 0, closed=len(form.groups) > 1,
    )  # fmt: skip
    if form.stacked:
        pinned = np.array([column.pin for column in table.columns])[grid.start[cells.cell]]
        np.add.at(found.keys, row, read * pinned[owner])
    if len(form.groups) > 1 or grid.body < grid.rows:
        colored(found, table, ink[owner], origin[row])
    if not grid.plain:
        _merge(found, cells, grid)
    return found


def _lowered(table: Contents, cells: Wrapped, lines: Ints, owner: Ints, rise: Ints) -> Ints:
    """How far each line stands below the top of its row: cells are in the middle, those over several rows at the
    top."""
    spare = (lines[cells.row] - cells.count) * table.form.pitch
    down = ranges(np.zeros_like(cells.count), cells.count) * table.form.pitch
    if rise.any():
        risen = sums(rise)
        before = risen[np.cumsum(cells.count) - cells.count]
        spare = spare - (risen[np.cumsum(cells.count)] - before)
        down = down + risen[1:] - before[owner]
    top: Ints = spare // 2
    if not table.grid.plain:
        top[table.grid.merged[cells.cell] > 0] = 0
    lowered: Ints = top[owner] + down
    return lowered


def _merge(rows: Rows, cells: Wrapped, grid: Grid) -> None:
    """Which lines the row above says too, and which rows have no whole rule below."""
    merged = grid.merged[cells.cell]
    over = np.flatnonzero(merged)
    said = list(zip(cells.row[over].tolist(), merged[over].tolist(), strict=True))
    here = set(said)
    again, goes_on = np.zeros(len(merged), np.bool_), np.zeros(len(merged), np.bool_)
    again[over] = [(row - 1, number) in here for row, number in said]
    goes_on[over] = [(row + 1, number) in here for row, number in said]
    rows.again = again.repeat(cells.count)
    walls = (*rows.group.walls, rows.form.size.width)
    for row in np.unique(cells.row[goes_on]).tolist():
        spans, x = list[tuple[int, int]](), 0
        for cell in np.flatnonzero(cells.row == row).tolist():
            right = walls[cells.last[cell] - 1]
            if not goes_on[cell]:
                joined = spans and spans[-1][1] == x
                spans[-1:] = [(spans[-1][0], right)] if joined else [*spans[-1:], (x, right)]
            x = right
        rows.broken[row] = spans
