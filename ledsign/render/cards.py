"""A table as records: each row a small text of its own, every value with its column's title before it.

What a panel too narrow for the table's columns shows instead, where cutting the columns apart would cost far
more pages: a villager looks for one name and wants all that belongs to it together.
"""

from collections.abc import Sequence
from dataclasses import replace

from ledsign.notice import Table
from ledsign.render import theme
from ledsign.render.glyphs import Text
from ledsign.render.grid import Row
from ledsign.render.items import Chunk, Label
from ledsign.render.linebreak import weight
from ledsign.render.setting import Metrics, Setter, Style, line_chunk

_BETWEEN = 2  # half cells from one value to the next title


def card_chunks(
    table: Table, rows: Sequence[Row], totals: Sequence[Row], setter: Setter, style: Style, label: Label | None
) -> list[Chunk]:
    """All rows as records, one chunk a line; the key line is repeated where a record goes over to a new page."""
    chunks: list[Chunk] = []
    for number, row in enumerate([*rows, *totals]):
        total = number >= len(rows)
        lines = _record(table, row, setter, style.body, total=total)
        head = _again(lines[0])
        for index, line in enumerate(lines):
            first = index == 0
            chunks.append(
                replace(
                    line,
                    head=None if first else head,
                    band=label,
                    keep=first and len(lines) > 1,
                    rows=1 if first else 0,
                )
            )
    return chunks


def _again(line: Chunk) -> Chunk:
    return replace(line, weight=0, rows=0, gap=0)


def _record(table: Table, row: Row, setter: Setter, size: Metrics, *, total: bool) -> list[Chunk]:
    keys = [cell for cell in row if table.columns[cell.start].pin and cell.text]
    rest = [cell for cell in row if cell.text and cell not in keys]
    if not keys and rest:
        keys, rest = rest[:1], rest[1:]
    leading = size.pitch - size.cell
    key = setter.text(" ".join(cell.text for cell in keys))
    color = theme.TOTAL if total else theme.KEY
    tag = setter.text("▌")
    lines = [
        line_chunk((tag + line) if not index else line, size, color, gap=leading)
        for index, line in enumerate(setter.lines(key, size.columns - tag.width))
    ] or [line_chunk(tag, size, color, gap=leading)]
    at = tag.width + key.width if len(lines) == 1 else size.columns
    for cell in rest:
        title = table.columns[cell.start].title.strip()
        pair = setter.text(f"{title}:{cell.text}" if title else cell.text)
        x = at + _BETWEEN
        if x + pair.width <= size.columns:
            lines[-1] = _beside(lines[-1], pair, x, size)
            at = x + pair.width
            continue
        for part in setter.lines(pair, size.columns):
            lines.append(line_chunk(part, size, theme.TEXT, gap=leading))
            at = part.width
    return lines


def _beside(line: Chunk, text: Text, column: int, size: Metrics) -> Chunk:
    added = line_chunk(text, size, theme.TEXT, x=0)
    items = (*line.items, *(item.moved(column * size.half, 0) for item in added.items))
    return replace(line, items=items, weight=line.weight + weight(text))
