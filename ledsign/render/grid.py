"""Cells of a table with their spans resolved: what stands in which columns of which row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from ledsign.notice import HeaderCell, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """Text over columns ``start`` to ``end`` (exclusive). Cells of several rows with the same ``merged`` (not 0)
    are one cell of the notice."""

    text: str
    start: int
    end: int
    merged: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """A header cell over columns ``start`` to ``end`` and header rows ``top`` to ``bottom`` (both exclusive)."""

    text: str
    start: int
    end: int
    top: int
    bottom: int


Row: TypeAlias = tuple[Cell, ...]

_NAMED: Final = re.compile("姓名|户主|户名|负责人|责任人|经手人|经办人|联系人|承包人|监护人")
_NAME: Final = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}")
_GROUP: Final = re.compile("^(组|组别|小组|村民小组|所在组|组名)$")
_LONG: Final = 20  # rows: a shorter table needs no place in the header band


def body_rows(table: Table) -> list[Row]:
    """All rows. The text of a cell over several rows is repeated in each of them: a page may begin at any row,
    and a villager must find his own row complete. Rows that are too short are filled with empty cells."""
    count = len(table.columns)
    merged: dict[int, dict[int, Cell]] = {}
    names = _name_columns(table)
    for number, span in enumerate(table.spans, 1):
        if not (0 <= span.row < len(table.rows) and 0 <= span.col < min(count, len(table.rows[span.row]))):
            continue
        text = table.rows[span.row][span.col]
        end = min(count, span.col + max(1, span.colspan))
        cell = Cell(" ".join(text.split()), span.col, end, number)
        for row in range(span.row, min(len(table.rows), span.row + max(1, span.rowspan))):
            merged.setdefault(row, {}).setdefault(span.col, cell)
    return [_row(row, count, merged.get(number, {}), names) for number, row in enumerate(table.rows)]


def _name_columns(table: Table) -> frozenset[int]:
    """Columns of persons' names among which some have three characters: those of two are drawn out to three, as
    in any Chinese roster (王\u3000伟)."""
    found = set()
    for number, column in enumerate(table.columns):
        if not _NAMED.search(column.title):
            continue
        values = [row[number].strip() for row in table.rows if number < len(row)]
        names = [value for value in values if value not in {"", "—", "-"}]
        if names and all(_NAME.fullmatch(name) for name in names) and any(len(name) > 2 for name in names):
            found.add(number)
    return frozenset(found)


def places(table: Table, rows: Sequence[Row]) -> list[str]:
    """For each row of a long roster the group it belongs to ("3组"), where its rows stand group by group."""
    nowhere = [""] * len(rows)
    titles = ["".join(column.title.split()) for column in table.columns]
    number = next((number for number, title in enumerate(titles) if _GROUP.match(title)), None)
    if number is None or len(rows) < _LONG:
        return nowhere
    values = [next((cell.text for cell in row if cell.start <= number < cell.end), "") for row in rows]
    runs = [value for value, _ in groupby(values)]
    if len(runs) != len(set(runs)) or len(runs) < 2 or max(map(len, runs)) > 6:
        return nowhere
    return [f"{value}组" if value.isdigit() else value for value in values]


def foot_rows(table: Table) -> list[Row]:
    """Totals rows."""
    return [_row(row, len(table.columns), {}, frozenset()) for row in table.foot]


def _row(texts: tuple[str, ...], count: int, merged: dict[int, Cell], names: frozenset[int]) -> Row:
    cells: list[Cell] = []
    column = 0
    while column < count:
        cell = merged.get(column)
        if cell is None:
            text = " ".join(texts[column].split()) if column < len(texts) else ""
            cell = Cell("\u3000".join(text) if len(text) == 2 and column in names else text, column, column + 1)
        cells.append(cell)
        column = cell.end
    return tuple(cells)


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


def depth(heads: tuple[Head, ...]) -> int:
    """Header rows."""
    return max((head.bottom for head in heads), default=0)
