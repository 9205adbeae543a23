"""Tables on small panels: wrap cells, cut what is too wide or too long, repeat what names it.

Nothing is clipped: a cell wraps inside its column, a table that is too wide is cut into groups of columns with
the key columns repeated in each, one that is too long into slices of rows with the header repeated in each.
The groups of one slice follow each other, below each other on a page that holds them, so that a villager sees
all of his row before the next rows come.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ledsign.notice import Table
from ledsign.render import theme
from ledsign.render.cards import card_chunks
from ledsign.render.columns import Group, measure
from ledsign.render.flow import budget_us, count_pages, reading_us
from ledsign.render.glyphs import Texts
from ledsign.render.grid import grid, header_rows, places
from ledsign.render.items import Chunk, Ints, Item, Label, Part
from ledsign.render.linebreak import weight
from ledsign.render.setting import Setter, Style, aligned, line_chunk, run
from ledsign.render.tablecell import Contents
from ledsign.render.tableform import fit
from ledsign.render.tablehead import header
from ledsign.render.tableplain import placed
from ledsign.render.tablerow import Rows

_SCATTERED: Final = 4  # groups of columns: a row is all over the place
_SMALL_PAGE: Final = 9  # lines: a page lower than this has no line to give away to the caption


def table_chunks(table: Table, setter: Setter, style: Style, title: str = "") -> tuple[list[str], list[Chunk]]:
    """Lines that stand before the table (a legend, where its titles are too long to be repeated) and chunks.

    ``title`` is the notice's own, which need not be said again as the table's caption.
    """
    if not table.columns:
        return [table.caption] if table.caption else [], []
    return _Builder(table, setter, style, title).build()


class _Builder:
    def __init__(self, table: Table, setter: Setter, style: Style, title: str) -> None:
        self.table, self.setter, self.style = table, setter, style
        self.heads = header_rows(table)
        self.grid = grid(table)
        self.places = places(table, self.grid)
        self.measured, self.cells = measure(table.columns, self.heads, self.grid, setter)
        self.titles = self.cells.text.after(len(self.grid.texts))
        self.form = fit(self.measured, table.columns, self.heads, style)
        self.legend: list[str] = []
        self.caption, self.unit = table.caption.strip(), table.unit.strip()
        low = self.form.size.lines < _SMALL_PAGE and bool(self.caption or self.unit)
        self.label = Label(self.caption, self.unit) if low else None
        self.name = "" if self.caption == title else self.caption
        self.intro = self._intro() if low else []

    def build(self) -> tuple[list[str], list[Chunk]]:
        heads = self._heads()
        if heads is None:
            return self.legend, self._cards()
        form = self.form
        room = self.style.body.height - max(head.height for head in heads)
        texts = self.setter.resized(self.cells.text, form.size.face)
        contents = Contents(self.table.columns, self.grid, self.cells, self.measured, form, texts, self.setter)
        rows, self.origin = placed(contents, max(1, (room - form.gap + form.size.unit) // form.pitch))
        if len(heads) == 1:
            return self.legend, [*self.intro, *self._single(heads[0], rows[0])]
        chunks = [*self.intro, *self._sliced(heads, rows)]
        if form.stacked:
            return self.legend, chunks
        height, rule = self.style.body.height, self.style.rule
        # who must look for his row on many pages is better served by a few pages more with all of it together
        worth = 5 if len(heads) >= _SCATTERED else 4
        most = count_pages(chunks, height, rule) * worth
        if self._least_cards() * 4 > most:
            return self.legend, chunks
        cards = self._cards()
        return self.legend, chunks if count_pages(cards, height, rule) * 4 > most else cards

    def _least_cards(self) -> int:
        """Pages that the rows take at least as records: no line holds more than it is wide, a blank that hangs
        and half a mark, and one value of each row may do without its title."""
        size, grid = self.style.body, self.grid
        titles = np.array([self.setter.text(column.title.strip()).width + 1 for column in self.table.columns])
        titles[[column.pin or not column.title.strip() for column in self.table.columns]] = 0
        widths = self.cells.text.widths[: len(grid.texts)]
        said = np.bincount(grid.row, widths + np.where(widths > 0, titles[grid.start], 0)) - titles.max()
        lines = np.ceil(said / (size.columns + 2)).clip(1)
        return -(-int(lines.sum()) // size.lines)

    def _cards(self) -> list[Chunk]:
        label = self.label or (Label(self.caption, self.unit) if self.caption or self.unit else None)
        size = self.style.small
        intro = [replace(line, gap=size.pitch - size.cell) for line in self.intro or self._intro()]
        return [*intro, *card_chunks(self.table, self.grid, self.places, self.setter, self.style, label)]

    def _intro(self) -> list[Chunk]:
        """Caption, and a unit too long for the header band, in full before a table on a low page."""
        spare = self.style.small.columns - 2 * theme.CATEGORY_CHARS - 8  # beside the category and 123/456
        unit = self.unit if self.setter.text(self.unit).width > spare else ""
        size = self.style.small
        both = self.setter.text(f"{self.name}  {unit}".strip())
        lines = [both] if both.width <= size.columns else [self.setter.text(part) for part in (self.name, unit)]
        chunks = [
            line_chunk(line, size, theme.HEADING, gap=size.unit, keep=True)
            for text in lines
            for line in self.setter.lines(text, size.columns)
        ]
        return [replace(chunks[0], gap=size.pitch - size.cell), *chunks[1:]] if chunks else []

    def _heads(self) -> list[Chunk] | None:
        """The header of each group; lower and lower forms of it where it would take half a page, None where
        even the lowest leaves no room for a row."""
        height = self.style.body.height // (len(self.form.groups) if self.form.stacked else 1)
        heads = [self._head(group, self.titles) for group in self.form.groups]
        if max(head.height for head in heads) * 2 > height and self.label is None:
            self.label = Label(self.caption, self.unit)
            self.intro = self._intro()
            heads = [self._head(group, self.titles) for group in self.form.groups]
        if max(head.height for head in heads) * 2 > height:
            self.legend += [f"{theme.step_number(n)}{head.text}" for n, head in enumerate(self.heads, 1)]
            short = self.setter.texts([theme.step_number(n) for n in range(1, len(self.heads) + 1)])
            heads = [self._head(group, short) for group in self.form.groups]
        return heads if max(head.height for head in heads) + self.form.high(1) <= height else None

    def _head(self, group: Group, titles: Texts) -> Chunk:
        """Caption and unit, header rows, a solid rule."""
        form, items, y, read = self.form, list[Item](), 0, 0
        if group is form.groups[0] or not form.stacked:
            for items_of_line, effort in self._caption_lines():
                items.extend(item.moved(0, y) for item in items_of_line)
                y += form.pitch + form.size.unit
                read += effort
        cells, height, effort = header(form, group, self.heads, titles, self.setter, y)
        gap = form.size.pitch - form.size.cell
        return Chunk(height, (*items, *cells), read + effort, gap=gap, keep=True, band=self.label)

    def _caption_lines(self) -> list[tuple[list[Item], int]]:
        """Caption left and unit right, in one line where they fit."""
        if self.label is not None or not (self.caption or self.unit):
            return []
        size, setter = self.form.size, self.setter
        lines = [(line, "left", theme.HEADING) for line in setter.lines(setter.text(self.caption), size.columns)]
        units = [(line, "right", theme.TEXT) for line in setter.lines(setter.text(self.unit), size.columns)]
        placed: list[tuple[list[Item], int]] = []
        for line, align, color in lines + units:
            x = aligned(line.width * size.half, size.width, align)
            item = run(line, x, 0, size.face, color)
            if align == "right" and len(units) == 1 and lines and lines[-1][0].width + line.width < size.columns:
                placed[-1][0].append(item)
                placed[-1] = (placed[-1][0], placed[-1][1] + weight(line))
            else:
                placed.append(([item], weight(line)))
        return placed

    def _single(self, head: Chunk, rows: Rows) -> list[Chunk]:
        """One group: rows flow down the pages, the header opens each of them."""
        high, read, count, body = rows.high.tolist(), rows.weight.tolist(), len(self.origin), self.grid.body
        # a total stands with a row of data, and the last page has at least two rows
        keep = [following >= body for following in self.origin[1:]] + [False]
        if count > 1:
            keep[-2] = True
        label, where = self.label, self._places()
        chunks = [
            Chunk(
                high[row], (), read[row], 1, 0, keep[row], head, label, part=Part(rows, row, row + 1),
                place=where[row],
            )
            for row in range(count)
        ]  # fmt: skip
        return [head, *chunks] if chunks else [replace(head, keep=False)]

    def _places(self) -> list[str]:
        """Where in its roster each row, or the row that it is a piece of, stands."""
        nowhere = [""] * (self.grid.rows - self.grid.body)
        places = [*self.places, *nowhere]
        return [places[number] for number in self.origin]

    def _sliced(self, heads: Sequence[Chunk], rows: Sequence[Rows]) -> list[Chunk]:
        """Several groups: as many rows as fit, once for each group, before the next rows."""
        chunks: list[Chunk] = []
        stacked, where = self.form.stacked, self._places()
        for first, last in self._slices(heads, rows):
            place = next((place for place in where[first:last] if place), "")
            for index, (head, group) in enumerate(zip(heads, rows, strict=True)):
                # who has read the titles once only glances at them
                read = (0 if chunks else head.weight) + int(self._efforts(group, index)[first:last].sum())
                chunks.append(
                    Chunk(
                        head.height + int(group.high[first:last].sum()), head.items, read,
                        0 if stacked and index else last - first, gap=head.gap, band=self.label, place=place,
                        keep=stacked and index + 1 < len(heads),
                        part=Part(group, first, last, head.height) if last > first else None,
                    )
                )  # fmt: skip
        return chunks

    def _efforts(self, rows: Rows, index: int) -> Ints:
        """Reading weight of the rows in a group; below another group their keys are not read again."""
        return rows.weight - rows.keys if self.form.stacked and index else rows.weight

    def _slices(self, heads: Sequence[Chunk], rows: Sequence[Rows]) -> list[tuple[int, int]]:
        """As many rows as fit in every group; a last slice never holds one row or a total alone."""
        none = np.zeros(1, np.int64)
        high = [np.concatenate((none, np.cumsum(group.high))).tolist() for group in rows]
        read = [np.concatenate((none, np.cumsum(self._efforts(group, n)))).tolist() for n, group in enumerate(rows)]

        def holds(first: int, last: int) -> bool:
            return self._holds(
                heads, [sums[last] - sums[first] for sums in high], [sums[last] - sums[first] for sums in read],
                last - first, first=first == 0,
            )  # fmt: skip

        count = len(self.origin)
        slices: list[tuple[int, int]] = []
        start = 0
        for row in range(1, count):
            if not holds(start, row + 1):
                slices.append((start, row))
                start = row
        slices.append((start, count))
        if len(slices) > 1:
            (first, middle), (_, last) = slices[-2:]
            if (last - middle) * 2 <= middle - first:
                for place in range(first + (last - first) // 2, middle):
                    if holds(first, place) and holds(place, last):
                        slices[-2:] = [(first, place), (place, last)]
                        break
        return slices

    def _holds(
        self, heads: Sequence[Chunk], rows: Sequence[int], efforts: Sequence[int], count: int, *, first: bool
    ) -> bool:
        """Whether a page holds ``count`` rows of this height and reading weight in every group, or in all groups
        together where they are stacked; on the ``first`` page the caption stands too."""
        form, rule = self.form, self.style.rule
        intro = self.intro if first else []
        high = [head.height + more for head, more in zip(heads, rows, strict=True)]
        read = [(head.weight if first else 0) + more for head, more in zip(heads, efforts, strict=True)]
        height = sum(high) + heads[0].gap * (len(high) - 1) if form.stacked else max(high)
        height += sum(chunk.gap + chunk.height for chunk in intro)
        effort = (sum(read) if form.stacked else max(read)) + sum(chunk.weight for chunk in intro)
        return height <= self.style.body.height and reading_us(rule, effort, count) <= budget_us(rule)
