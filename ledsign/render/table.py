"""Tables on small panels: wrap cells, cut what is too wide or too long, repeat what names it.

Nothing is clipped: a cell wraps inside its column, a table that is too wide is cut into groups of columns with
the key columns repeated in each, one that is too long into slices of rows with the header repeated in each.
The groups of one slice follow each other, below each other on a page that holds them, so that a villager sees
all of his row before the next rows come.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ledsign.notice import Table
from ledsign.render import theme
from ledsign.render.cards import card_chunks
from ledsign.render.columns import Group, measure
from ledsign.render.flow import budget_us, count_pages, reading_us
from ledsign.render.grid import Head, body_rows, foot_rows, header_rows, places
from ledsign.render.items import Chunk, Item, Label
from ledsign.render.linebreak import weight
from ledsign.render.setting import Setter, Style, aligned, line_chunk, run
from ledsign.render.tableform import fit
from ledsign.render.tablerow import Drawer, SetRow

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
        self.body, self.foot = body_rows(table), foot_rows(table)
        self.places = places(table, self.body)
        measured = measure(table.columns, self.heads, [*self.body, *self.foot], setter)
        self.form = fit(measured, table.columns, self.heads, style)
        self.drawer = Drawer(table.columns, self.form, measured.point, setter)
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
        most = max(1, (room - form.gap + form.size.unit) // form.pitch)
        rows = [
            part
            for row, place in zip(self.body, self.places, strict=True)
            for part in self.drawer.parts(self.drawer.set_row(row, total=False, place=place), most)
        ]
        rows += [part for row in self.foot for part in self.drawer.parts(self.drawer.set_row(row, total=True), most)]
        if len(heads) == 1:
            return self.legend, [*self.intro, *self._single(heads[0], rows)]
        chunks = [*self.intro, *self._sliced(heads, rows)]
        if form.stacked:
            return self.legend, chunks
        cards, height = self._cards(), self.style.body.height
        if count_pages(cards, height, self.style.rule) > count_pages(chunks, height, self.style.rule):
            return self.legend, chunks
        return self.legend, cards

    def _cards(self) -> list[Chunk]:
        label = self.label or (Label(self.caption, self.unit) if self.caption or self.unit else None)
        intro = self.intro or self._intro()
        return [*intro, *card_chunks(self.table, self.body, self.foot, self.places, self.setter, self.style, label)]

    def _intro(self) -> list[Chunk]:
        """Caption, and a unit too long for the header band, in full before a table on a low page."""
        spare = self.style.small.columns - 2 * theme.CATEGORY_CHARS - 8  # beside the category and 123/456
        unit = self.unit if self.setter.text(self.unit).width > spare else ""
        size = self.style.small
        chunks = [
            line_chunk(line, size, theme.HEADING, gap=size.unit, keep=True)
            for part in (self.name, unit)
            for line in self.setter.lines(self.setter.text(part), size.columns)
        ]
        return [replace(chunks[0], gap=size.pitch - size.cell), *chunks[1:]] if chunks else []

    def _heads(self) -> list[Chunk] | None:
        """The header of each group; lower and lower forms of it where it would take half a page, None where
        even the lowest leaves no room for a row."""
        height = self.style.body.height // (len(self.form.groups) if self.form.stacked else 1)
        heads = [self._head(group, self.heads) for group in self.form.groups]
        if max(head.height for head in heads) * 2 > height and self.label is None:
            self.label = Label(self.caption, self.unit)
            self.intro = self._intro()
            heads = [self._head(group, self.heads) for group in self.form.groups]
        if max(head.height for head in heads) * 2 > height:
            self.legend += [f"{theme.step_number(n)}{head.text}" for n, head in enumerate(self.heads, 1)]
            short = [replace(head, text=theme.step_number(n)) for n, head in enumerate(self.heads, 1)]
            heads = [self._head(group, short) for group in self.form.groups]
        return heads if max(head.height for head in heads) + self.form.high(1) <= height else None

    def _head(self, group: Group, heads: Sequence[Head]) -> Chunk:
        """Caption and unit, header rows, a solid rule."""
        form, items, y, read = self.form, list[Item](), 0, 0
        if group is form.groups[0] or not form.stacked:
            for items_of_line, effort in self._caption_lines():
                items.extend(item.moved(0, y) for item in items_of_line)
                y += form.pitch + form.size.unit
                read += effort
        header, height, effort = self.drawer.header(group, heads, y)
        gap = form.size.pitch - form.size.cell
        return Chunk(height, (*items, *header), read + effort, gap=gap, keep=True, band=self.label)

    def _caption_lines(self) -> list[tuple[list[Item], int]]:
        """Caption left and unit right, in one line where they fit."""
        if self.label is not None:
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

    def _single(self, head: Chunk, rows: Sequence[SetRow]) -> list[Chunk]:
        """One group: rows flow down the pages, the header opens each of them."""
        chunks = [head]
        for number, row in enumerate(rows):
            # a total stands with a row of data, and the last page has at least two rows
            with_next = number + 1 < len(rows) and (rows[number + 1].total or number == len(rows) - 2)
            before = rows[number - 1] if number else None
            after = rows[number + 1] if number + 1 < len(rows) else None
            chunks.append(
                Chunk(
                    self.form.high(row.lines), tuple(self.drawer.row(row, 0, row.lines, 0, before, after)),
                    row.weight, rows=1, head=head, keep=with_next, band=self.label, place=row.place,
                    opening=tuple(self.drawer.opening(row, 0, row.lines, before)),
                )
            )  # fmt: skip
        if len(chunks) == 1:
            chunks[0] = replace(head, keep=False)
        return chunks

    def _sliced(self, heads: Sequence[Chunk], rows: Sequence[SetRow]) -> list[Chunk]:
        """Several groups: as many rows as fit, once for each group, before the next rows."""
        chunks: list[Chunk] = []
        for part in self._slices(heads, rows):
            for index, head in enumerate(heads):
                items, y = list(head.items), head.height
                read = 0 if chunks else head.weight  # who has read the titles once only glances at them
                for number, row in enumerate(part):
                    before = part[number - 1] if number else None
                    after = part[number + 1] if number + 1 < len(part) else None
                    lines = row.groups[index].lines
                    items.extend(self.drawer.row(row, index, lines, y, before, after))
                    y += self.form.high(lines)
                    read += self._effort(row, index)
                place = next((row.place for row in part if row.place), "")
                keep = self.form.stacked and index + 1 < len(heads)
                found = 0 if self.form.stacked and index else len(part)
                chunks.append(
                    Chunk(y, tuple(items), read, found, gap=head.gap, band=self.label, place=place, keep=keep)
                )
        return chunks

    def _effort(self, row: SetRow, index: int) -> int:
        """Reading weight of a row in a group; below another group its key is not read again."""
        line = row.groups[index]
        if not self.form.stacked or not index:
            return line.weight
        keys = [placed for placed in line.cells if self.table.columns[placed.cell.start].pin]
        return line.weight - sum(weight(text) for placed in keys for text in placed.texts)

    def _slices(self, heads: Sequence[Chunk], rows: Sequence[SetRow]) -> list[list[SetRow]]:
        """As many rows as fit in every group; a last slice never holds one row or a total alone."""
        slices: list[list[SetRow]] = [[]]
        for row in rows:
            taken = [*slices[-1], row]
            if slices[-1] and not self._holds(heads, taken, first=len(slices) == 1):
                slices.append([])
                taken = [row]
            slices[-1] = taken
        if len(slices) > 1 and len(slices[-1]) * 2 <= len(slices[-2]):
            both = slices[-2] + slices[-1]
            for place in range(len(both) // 2, len(slices[-2])):
                upper = self._holds(heads, both[:place], first=len(slices) == 2)
                if upper and self._holds(heads, both[place:], first=False):
                    slices[-2:] = [both[:place], both[place:]]
                    break
        return slices

    def _holds(self, heads: Sequence[Chunk], rows: Sequence[SetRow], *, first: bool) -> bool:
        """Whether a page holds the rows in every group, or in all groups together where they are stacked; on the
        ``first`` page the caption stands too."""
        form, rule = self.form, self.style.rule
        intro = self.intro if first else []
        high = [
            head.height + sum(form.high(row.groups[index].lines) for row in rows) for index, head in enumerate(heads)
        ]
        read = [
            (head.weight if first else 0) + sum(self._effort(row, index) for row in rows)
            for index, head in enumerate(heads)
        ]
        height = sum(high) + heads[0].gap * (len(high) - 1) if form.stacked else max(high)
        height += sum(chunk.gap + chunk.height for chunk in intro)
        effort = (sum(read) if form.stacked else max(read)) + sum(chunk.weight for chunk in intro)
        return height <= self.style.body.height and reading_us(rule, effort, len(rows)) <= budget_us(rule)
