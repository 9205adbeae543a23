"""Tables without any long cell, which are most of them: whole columns are placed at once.

Where every cell is one line in one column and none is higher than the others, that takes a tenth of the time. It
gives what the way of single cells (``tablecell``) gives for the same table.
"""

import numpy as np
from numpy.typing import NDArray

from ledsign.render import theme
from ledsign.render.columns import Group
from ledsign.render.items import Ints
from ledsign.render.linebreak import effort_sums
from ledsign.render.tablecell import Contents, colored, rows_of
from ledsign.render.tablerow import Rows


def placed(table: Contents, most: int) -> tuple[list[Rows], list[int]]:
    """The rows in each group of columns, in pieces of at most ``most`` lines, and of each piece its row."""
    effort = effort_sums(table.texts.text)
    if not _is_plain(table):
        return rows_of(table, most, effort)
    return [_plain(table, group, effort) for group in table.form.groups], list(range(table.grid.rows))


def _is_plain(table: Contents) -> bool:
    """Whether every cell is one line in one column."""
    wide = table.measured.natural
    fits = all(
        wide[number] <= width
        for group in table.form.groups
        for number, width in zip(group.columns, group.widths, strict=True)
    )
    return fits and table.grid.plain and table.texts.verbatim and not table.texts.text.promoted


def _plain(table: Contents, group: Group, effort: Ints) -> Rows:
    """The rows of a table without any long cell."""
    grid, texts, form = table.grid, table.texts, table.form
    rows, count, many = grid.rows, len(group.columns), grid.rows * grid.columns
    start, end, widths = texts.bounds[:many], texts.bounds[1 : many + 1], texts.widths[:many]
    chosen: NDArray[np.intp] | None = None
    if count < grid.columns:
        chosen = (np.arange(rows)[:, None] * grid.columns + np.array(group.columns)).ravel()
        start, end, widths = start[chosen], end[chosen], widths[chosen]
    widths = widths.reshape(rows, count)
    aligns, points = table.aligned(group)
    left, room, align, point = np.array((group.edges, group.room, aligns, points))
    moved = (room - widths * form.size.half) * align
    moved >>= 1  # all of it, half of it, or nothing
    if any(points):
        figure, fraction = table.cells.figure, table.cells.fraction
        if chosen is not None:
            figure, fraction = figure[chosen], fraction[chosen]
        inset = np.where(figure.reshape(rows, count), point - fraction.reshape(rows, count), 0)
        moved = np.maximum(moved - inset * form.size.half, 0)
    moved += left
    high, top = np.full(rows, form.high(1)), np.arange(rows) * form.high(1)
    read = (effort.take(end) - effort.take(start)).reshape(rows, count)
    found = Rows(
        group, form, texts.text, high, np.add.reduce(read, axis=1), np.zeros(rows, np.int64),
        np.arange(rows + 1) * count, start, end, moved.ravel(), top.repeat(count), theme.TEXT,
        closed=len(form.groups) > 1,
    )  # fmt: skip
    if len(form.groups) > 1:
        colored(found, table, np.array(table.inks(group) * rows), np.arange(rows).repeat(count))
        pins = np.array([table.columns[number].pin for number in group.columns])
        found.keys = np.add.reduce(read * pins, axis=1)
    elif grid.body < rows:
        colored(found, table, np.full(rows * count, theme.TEXT), np.arange(rows).repeat(count))
    if not widths.all():
        found.seen = widths.ravel() > 0
    return found
