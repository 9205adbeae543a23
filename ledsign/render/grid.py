"""Cells of a table with their spans resolved: what stands in which columns of which row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.notice import HeaderCell, Table
from ledsign.render.items import Ints


@dataclass(eq=False)
class Grid:
    """All cells of a table, row by row, the totals last. Of each cell its text and the columns it takes, ``start``
    to ``end`` (exclusive); cells of several rows with the same ``merged`` (not 0) are one cell of the notice.
    Row ``r`` has the cells from ``bounds[r]`` to ``bounds[r + 1]``; the first ``body`` rows are data."""

    texts: Sequence[str]
    start: Ints
    end: Ints
    merged: Ints
    bounds: Ints
    body: int
    columns: int
    plain: bool  # no cell takes more than one place

    @property
    def rows(self) -> int:
        """Rows of data and totals."""
        return len(self.bounds) - 1

    @cached_property
    def row(self) -> Ints:
        """The row of each cell."""
        found: Ints = np.arange(self.rows).repeat(self.columns if self.plain else np.diff(self.bounds))
        return found

    def alone(self, number: int) -> tuple[Sequence[str], slice | NDArray[np.intp]]:
        """Texts of the cells, totals too, that take just this column, and which cells they are."""
        if self.plain:
            return self.texts[number :: self.columns], slice(number, None, self.columns)
        own = np.flatnonzero((self.start == number) & (self.end == number + 1))
        return [self.texts[cell] for cell in own.tolist()], own

    def column(self, number: int) -> list[str]:
        """What each row of data says in one column."""
        if self.plain:
            return list(self.texts[number : self.body * self.columns : self.columns])
        last = self.bounds[self.body]
        here = (self.start[:last] <= number) & (self.end[:last] > number)
        return [self.texts[cell] for cell in np.flatnonzero(here).tolist()]


@dataclass(frozen=True, slots=True)
class Head:
    """A header cell over columns ``start`` to ``end`` and header rows ``top`` to ``bottom`` (both exclusive)."""

    text: str
    start: int
    end: int
    top: int
    bottom: int


_NAMED: Final = re.compile("姓名|户主|户名|负责人|责任人|经手人|经办人|联系人|承包人|监护人")
_NAME: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}")
_GROUP: Final = re.compile("^(组|组别|小组|村民小组|所在组|组名)$")
_LONG: Final = 20  # rows: a shorter table needs no place in the header band
_BLANK: Final = re.compile(r"\s")


def grid(table: Table) -> Grid:
    """All cells. The text of a cell over several rows is repeated in each of them: a page may begin at any row,
    and a villager must find his own row complete. Rows that are too short are filled with empty cells."""
    count, body = len(table.columns), len(table.rows)
    rows: Sequence[Sequence[str]] = (*table.rows, *table.foot)
    if {*map(len, rows)} - {count}:
        rows = [(*row[:count], *[""] * (count - len(row))) for row in rows]
    texts = list(chain.from_iterable(rows))
    if _BLANK.search("".join(texts)):
        texts = [" ".join(text.split()) for text in texts]
    said = texts
    for number in _name_columns(table):
        if said is texts:
            texts = texts.copy()
        for cell in range(number, body * count, count):
            if len(texts[cell]) == 2:
                texts[cell] = "\u3000".join(texts[cell])
    start, bounds = np.arange(len(texts)) % count, np.arange(len(rows) + 1) * count
    every = Grid(texts, start, start + 1, np.zeros(len(texts), np.int64), bounds, body, count, plain=True)
    return _spanned(every, table, said) if table.spans else every


def _spanned(plain: Grid, table: Table, said: Sequence[str]) -> Grid:
    """The cells with those of the notice's spans in place of what they cover."""
    count, rows = len(table.columns), len(table.rows)
    merged: dict[int, dict[int, tuple[str, int, int]]] = {}
    for number, span in enumerate(table.spans, 1):
        if not (0 <= span.row < rows and 0 <= span.col < min(count, len(table.rows[span.row]))):
            continue
        text = said[span.row * count + span.col]
        cell = (text, min(count, span.col + max(1, span.colspan)), number)
        for row in range(span.row, min(rows, span.row + max(1, span.rowspan))):
            merged.setdefault(row, {}).setdefault(span.col, cell)
    texts: list[str] = []
    starts, ends, numbers, bounds = list[int](), list[int](), list[int](), [0]
    for row in range(plain.rows):
        over, column = merged.get(row, {}), 0
        while column < count:
            text, end, number = over.get(column) or (plain.texts[row * count + column], column + 1, 0)
            texts.append(text)
            starts.append(column)
            ends.append(end)
            numbers.append(number)
            column = end
        bounds.append(len(texts))
    places = (np.array(starts), np.array(ends), np.array(numbers), np.array(bounds))
    return Grid(texts, *places, plain.body, count, plain=False)


def _name_columns(table: Table) -> frozenset[int]:
    """Columns of persons' names among which some have three characters: those of two are drawn out to three, as
    in any Chinese roster (王\u3000伟)."""
    found = set()
    for number, column in enumerate(table.columns):
        if not _NAMED.search(column.title):
            continue
        values = [row[number].strip() for row in table.rows if number < len(row)]
        names = [value for value in values if value not in {"", "—", "-"}]
        if names and all(map(_NAME.fullmatch, names)) and any(len(name) > 2 for name in names):
            found.add(number)
    return frozenset(found)


def places(table: Table, cells: Grid) -> list[str]:
    """For each row of a long roster the group it belongs to ("3组"), where its rows stand group by group."""
    nowhere = [""] * cells.body
    if cells.body < _LONG:
        return nowhere
    titles = ("".join(column.title.split()) for column in table.columns)
    number = next((number for number, title in enumerate(titles) if _GROUP.match(title)), None)
    if number is None:
        return nowhere
    values = cells.column(number)
    runs = [value for value, _ in groupby(values)]
    if len(runs) != len(set(runs)) or len(runs) < 2 or max(map(len, runs)) > 6:
        return nowhere
    return [f"{value}组" if value.isdigit() else value for value in values]


def header_rows(table: Table) -> tuple[Head, ...]:
    """Header cells of one or two levels; the columns' titles when the notice's own header leaves a hole."""
    if table.header and (own := _own_header(table.header, len(table.columns))) is not None:
        return own
    return tuple(
        Head(" ".join(column.title.split()), number, number + 1, 0, 1) for number, column in enumerate(table.columns)
    )


def _own_header(header: tuple[tuple[HeaderCell, ...], ...], count: int) -> tuple[Head, ...] | None:
    rows = len(header)
    taken = [[False] * count for _ in range(rows)]
    heads = []
    for top, row in enumerate(header):
        column = 0
        for cell in row:
            while column < count and taken[top][column]:
                column += 1
            end, bottom = column + max(1, cell.colspan), top + max(1, cell.rowspan)
            if end > count or bottom > rows or any(any(line[column:end]) for line in taken[top:bottom]):
                return None
            for r in range(top, bottom):
                taken[r][column:end] = [True] * (end - column)
            heads.append(Head(" ".join(cell.text.split()), column, end, top, bottom))
            column = end
    return tuple(heads) if all(all(row) for row in taken) else None


def depth(heads: Sequence[Head]) -> int:
    """Header rows."""
    return max((head.bottom for head in heads), default=0)
