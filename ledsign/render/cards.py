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

_BETWEEN = 2  # half cells from one value to the next title, one where that saves a line

_REMINDER = 6  # half cells: a title cut shorter says nothing


def card_chunks(
    table: Table, rows: Sequence[Row], totals: Sequence[Row], places: Sequence[str], setter: Setter, style: Style,
    label: Label | None,
) -> list[Chunk]:  # fmt: skip
    """All rows as records, one chunk a line; the key line is repeated where a record goes over to a new page.
    ``places`` is where each row stands in its roster. Totals stay in one piece where a page holds them."""
    chunks: list[Chunk] = []
    for number, row in enumerate([*rows, *totals]):
        total = number >= len(rows)
        lines = _record(table, row, setter, style.body, total=total)
        for index, (line, head) in enumerate(lines):
            first = index == 0
            chunks.append(
                replace(
                    line,
                    head=None if first else replace(head, weight=0, gap=0),
                    band=label,
                    keep=(first or total) and index + 1 < len(lines),
                    rows=1 if first else 0,
                    place=places[number] if number < len(places) else "",
                )
            )
    return chunks


def _record(table: Table, row: Row, setter: Setter, size: Metrics, *, total: bool) -> list[tuple[Chunk, Chunk]]:
    """Lines of a record, each with the line that stands above it when it opens a page."""
    keys = [cell for cell in row if table.columns[cell.start].pin and cell.text]
    rest = [cell for cell in row if cell.text and cell not in keys]
    if not keys and rest:
        keys, rest = rest[:1], rest[1:]
    leading = size.pitch - size.cell
    key = setter.text(" ".join(cell.text for cell in keys))
    color = theme.TOTAL if total else theme.KEY
    tag = setter.text("▌")
    parts = setter.lines(key, size.columns - tag.width) or [key]
    lines = [
        line_chunk((tag + line) if not index else line, size, color, gap=leading) for index, line in enumerate(parts)
    ]
    head = lines[0]
    found = [(line, head) for line in lines]
    at = tag.width + key.width if len(lines) == 1 else size.columns
    for cell in rest:
        title = table.columns[cell.start].title.strip()
        pair = setter.text(f"{title}:{cell.text}" if title else cell.text)
        x = min(at + _BETWEEN, max(at + 1, size.columns - pair.width))
        if x + pair.width <= size.columns:
            found[-1] = (_beside(found[-1][0], pair, x, size), found[-1][1])
            at = x + pair.width
            continue
        for number, part in enumerate(setter.lines(pair, size.columns)):
            above = _reminder(tag + parts[0], title, setter, size, color) if number else head
            found.append((line_chunk(part, size, theme.TEXT, gap=leading), above))
            at = part.width
    return found


def _reminder(key: Text, title: str, setter: Setter, size: Metrics, color: int) -> Chunk:
    """The key line with the title of a value that goes on below it."""
    room = size.columns - key.width - 1
    short = title.partition("(")[0].partition("（")[0]
    if setter.text(title).width <= room:
        return line_chunk(key + setter.text(f" {title}"), size, color)
    if room < _REMINDER:
        return line_chunk(key, size, color)
    return line_chunk(key + setter.text(" ") + setter.fitting(short, room, "…"), size, color)


def _beside(line: Chunk, text: Text, column: int, size: Metrics) -> Chunk:
    added = line_chunk(text, size, theme.TEXT, x=0)
    items = (*line.items, *(item.moved(column * size.half, 0) for item in added.items))
    return replace(line, items=items, weight=line.weight + weight(text))
