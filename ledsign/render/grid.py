"""Cells of a table with their spans resolved: what stands in which columns of which row."""

from dataclasses import dataclass
from typing import TypeAlias

from ledsign.notice import HeaderCell, Table


@dataclass(frozen=True, slots=True)
class Cell:
    """Text over columns ``start`` to ``end`` (exclusive)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Head:
    """A header cell over columns ``start`` to ``end`` and header rows ``top`` to ``bottom`` (both exclusive)."""

    text: str
    start: int
    end: int
    top: int
    bottom: int


Row: TypeAlias = tuple[Cell, ...]


def body_rows(table: Table) -> list[Row]:
    """All rows. The text of a cell over several rows is repeated in each of them: a page may begin at any row,
    and a villager must find his own row complete. Rows that are too short are filled with empty cells."""
    count = len(table.columns)
    merged: dict[int, dict[int, tuple[int, str]]] = {}
    for span in table.spans:
        if not (0 <= span.row < len(table.rows) and 0 <= span.col < min(count, len(table.rows[span.row]))):
            continue
        text = table.rows[span.row][span.col]
        end = min(count, span.col + max(1, span.colspan))
        for row in range(span.row, min(len(table.rows), span.row + max(1, span.rowspan))):
            merged.setdefault(row, {}).setdefault(span.col, (end, text))
    return [_row(row, count, merged.get(number, {})) for number, row in enumerate(table.rows)]


def foot_rows(table: Table) -> list[Row]:
    """Totals rows."""
    return [_row(row, len(table.columns), {}) for row in table.foot]


def _row(texts: tuple[str, ...], count: int, merged: dict[int, tuple[int, str]]) -> Row:
    cells = []
    column = 0
    while column < count:
        end, text = merged.get(column, (column + 1, texts[column] if column < len(texts) else ""))
        cells.append(Cell(" ".join(text.split()), column, end))
        column = end
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
