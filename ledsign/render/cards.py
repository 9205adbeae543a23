"""A table as records: each row a small text of its own, every value with its column's title before it.

What a panel too narrow for the table's columns shows instead, where cutting the columns apart would cost far
more pages: a villager looks for one name and wants all that belongs to it together.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from ledsign.notice import Table
from ledsign.render import theme
from ledsign.render.glyphs import Text
from ledsign.render.grid import Grid
from ledsign.render.items import Chunk, Label
from ledsign.render.setting import Metrics, Setter, Style, line_chunk

_BETWEEN = 2  # half cells from one value to the next title, one where that saves a line

_REMINDER = 6  # half cells: a title cut shorter says nothing


def card_chunks(
    table: Table, cells: Grid, places: Sequence[str], setter: Setter, style: Style, label: Label | None
) -> list[Chunk]:
    """All rows as records, one chunk a line; the key line is repeated where a record goes over to a new page.
    ``places`` is where each row stands in its roster. Totals stay in one piece where a page holds them."""
    titles = [column.title.strip() for column in table.columns]
    pins = [column.pin for column in table.columns]
    records, words = [], set[str]()
    bounds, starts = cells.bounds.tolist(), cells.start.tolist()
    for first, last in pairwise(bounds):
        said = [(starts[cell], cells.texts[cell]) for cell in range(first, last) if cells.texts[cell]]
        keys = [entry for entry in said if pins[entry[0]]] or said[:1]
        rest = [
            (titles[column], f"{titles[column]}:{text}" if titles[column] else text)
            for column, text in said
            if (column, text) not in keys
        ]
        key = " ".join(text for _, text in keys)
        records.append((key, rest))
        words.add(key)
        words.update(pair for _, pair in rest)
    setter.learn(words)
    chunks: list[Chunk] = []
    for number, (key, rest) in enumerate(records):
        total = number >= cells.body
        lines = _record(key, rest, setter, style.body, total=total)
        for index, (line, head) in enumerate(lines):
            first = index == 0
            line.head = None if first else head
            line.band = label
            line.keep = (first or total) and index + 1 < len(lines)
            line.rows = 1 if first else 0
            line.place = "" if total else places[number]
            chunks.append(line)
    return chunks


def _record(
    keys: str, rest: Sequence[tuple[str, str]], setter: Setter, size: Metrics, *, total: bool
) -> list[tuple[Chunk, Chunk]]:
    """Lines of a record, each with the line that stands above it when it opens a page: the keys, then each value
    behind its title (given as the title, and both together)."""
    leading = size.pitch - size.cell
    key = setter.sized(keys, size.face)
    color = theme.TOTAL if total else theme.KEY
    tag = setter.text("▌")
    parts = setter.lines(key, size.columns - tag.width) or [key]
    lines = [
        line_chunk((tag + line) if not index else line, size, color, gap=leading) for index, line in enumerate(parts)
    ]
    head = replace(lines[0], weight=0, gap=0)  # read before, on the page above
    found = [(line, head) for line in lines]
    at = tag.width + key.width if len(lines) == 1 else size.columns
    for title, both in rest:
        pair = setter.sized(both, size.face)
        x = min(at + _BETWEEN, max(at + 1, size.columns - pair.width))
        if x + pair.width <= size.columns:
            _beside(found[-1][0], pair, x, size)
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
        said = key + setter.text(f" {title}")
    else:
        said = key if room < _REMINDER else key + setter.text(" ") + setter.fitting(short, room, "…")
    return replace(line_chunk(said, size, color), weight=0)


def _beside(line: Chunk, text: Text, column: int, size: Metrics) -> None:
    """More text in a line."""
    added = line_chunk(text, size, theme.TEXT, x=column * size.half)
    height = max(line.height, added.height)  # both stand on the bottom edge
    if line.height != added.height:
        line.items = tuple(item.moved(0, height - line.height) for item in line.items)
        added.items = tuple(item.moved(0, height - added.height) for item in added.items)
    line.height, line.items, line.weight = height, (*line.items, *added.items), line.weight + added.weight
