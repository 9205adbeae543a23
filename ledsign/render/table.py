"""Tables on small panels: wrap cells, cut what is too wide or too long, repeat what names it.

Nothing is clipped: a cell wraps inside its column, a table that is too wide is cut into groups of columns with
the key columns repeated in each, one that is too long into slices of rows with the header repeated in each.
The groups of one slice follow each other, so that a villager sees all of his row before the next rows come.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledsign.notice import Table
from ledsign.render import theme
from ledsign.render.cards import card_chunks
from ledsign.render.columns import Frame, Group, Measure, measure, pages_of, plan_columns
from ledsign.render.flow import budget_us, reading_us
from ledsign.render.glyphs import Text
from ledsign.render.grid import Head, Row, body_rows, depth, foot_rows, header_rows
from ledsign.render.items import Chunk, Item, Label, Rect
from ledsign.render.linebreak import weight
from ledsign.render.setting import Metrics, Setter, Style, aligned, run, sized

_BAND_SPARE: Final = 10  # half cells of the header band that the page number may need
_SMALL_PAGE: Final = 7  # lines: a page this low has no line to give away to the caption


@dataclass(frozen=True, slots=True)
class _Form:
    """Measures of one table in LEDs: ``gap`` from row to row (with its rule), ``rule`` thickness."""

    size: Metrics
    frame: Frame
    gap: int
    rule: int

    @property
    def pitch(self) -> int:
        """From line to line inside a cell."""
        return self.size.cell + self.size.scale

    def high(self, lines: int) -> int:
        return lines * self.pitch - self.size.scale + self.gap


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A row set in one group: for each cell its column range in the group and its lines."""

    cells: tuple[tuple[int, int, tuple[Text, ...]], ...]

    @property
    def lines(self) -> int:
        return max((len(texts) for _, _, texts in self.cells), default=1) or 1

    @property
    def weight(self) -> int:
        return sum(weight(text) for _, _, texts in self.cells for text in texts)


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A row set in every group; ``lines`` is the highest of them."""

    groups: tuple[_Line, ...]
    total: bool

    @property
    def lines(self) -> int:
        return max(line.lines for line in self.groups)

    @property
    def weight(self) -> int:
        return max(line.weight for line in self.groups)


def table_chunks(table: Table, setter: Setter, style: Style, title: str = "") -> tuple[list[str], list[Chunk]]:
    """Lines that stand before the table (a legend, where its titles are too long to be repeated) and chunks.

    ``title`` is the notice's own, which need not be said again as the table's caption.
    """
    if not table.columns:
        return [table.caption] if table.caption else [], []
    return _Builder(table, setter, style, title).build()


class _Builder:
    def __init__(self, table: Table, setter: Setter, style: Style, title: str) -> None:
        self.table, self.setter, self.style, self.title = table, setter, style, title
        self.heads = header_rows(table)
        self.body, self.foot = body_rows(table), foot_rows(table)
        self.legend: list[str] = []
        rows = [*self.body, *self.foot]
        measured = measure(table.columns, self.heads, rows, setter)
        self.form, self.groups, lines = self._fit(measured)
        self.label = self._label(lines)

    def build(self) -> tuple[list[str], list[Chunk]]:
        heads = self._heads()
        if heads is None:
            return self.legend, self._cards()
        room = self.style.body.height - max(head.height for head in heads)
        most = max(1, (room - self.form.gap + self.form.size.scale) // self.form.pitch)
        rows = [part for row in self.body for part in self._parts(self._set(row, total=False), most)]
        rows += [part for row in self.foot for part in self._parts(self._set(row, total=True), most)]
        if len(heads) == 1:
            return self.legend, self._single(heads[0], rows)
        chunks = self._sliced(heads, rows, room)
        cards = self._cards()
        if len(cards) * 3 > len(chunks) * self.style.body.lines * 2:
            return self.legend, chunks
        self._say_caption()
        return self.legend, cards

    def _cards(self) -> list[Chunk]:
        label = Label(self.table.caption.strip(), self.table.unit.strip())
        return card_chunks(self.table, self.body, self.foot, self.setter, self.style, label)

    def _say_caption(self) -> None:
        """Caption and unit once in full before the table, where no page of it repeats them in full."""
        whole = f"{self.table.caption.strip()} {self.table.unit.strip()}".strip()
        if self.label is None and whole:
            self.legend.insert(0, whole)

    def _heads(self) -> list[Chunk] | None:
        """The header of each group; lower and lower forms of it where it would take half a page, None where
        even the lowest leaves no room for a row."""
        height = self.style.body.height
        heads = [self._head(group, self.heads) for group in self.groups]
        if max(head.height for head in heads) * 2 > height and self.label is None:
            self._say_caption()
            self.label = Label(self.table.caption.strip(), self.table.unit.strip())
            heads = [self._head(group, self.heads) for group in self.groups]
        if max(head.height for head in heads) * 2 > height:
            self.legend += [f"{theme.step_number(n)}{head.text}" for n, head in enumerate(self.heads, 1)]
            short = [replace(head, text=theme.step_number(n)) for n, head in enumerate(self.heads, 1)]
            heads = [self._head(group, short) for group in self.groups]
        return heads if max(head.height for head in heads) + self.form.high(1) <= height else None

    def _fit(self, measured: Measure) -> tuple[_Form, tuple[Group, ...], int]:
        """Size, column groups and lines a page: the largest size that costs hardly more pages than the least
        lawful one. A page holds no more rows than can be read in its longest dwell, so on a large panel small
        print would only leave it empty."""
        style = self.style
        best: tuple[_Form, tuple[Group, ...], int] | None = None
        fewest = 0
        for scale in range(style.small.scale, style.body.scale + 1):
            size = sized(style.body, scale)
            rule = max(1, scale // 2)
            form = _Form(size, Frame(size.width, size.half, 2 * scale, rule), _row_gap(size, rule), rule)
            lines = (size.height - form.high(1)) // form.high(1) + 1
            groups = plan_columns(measured, self.table.columns, form.frame, lines)
            time = budget_us(style.rule) // max(1, reading_us(style.rule, measured.effort(groups), 1))
            to_read = -(-len(measured.cells) // max(1, time)) * len(groups)
            pages = max(pages_of(measured, groups, lines), to_read)
            if best is None or pages * 4 <= fewest * 5:
                best, fewest = (form, groups, lines), fewest or pages
        assert best is not None
        return best

    def _label(self, lines: int) -> Label | None:
        """On a low page caption and unit go into the header band; in full before the table where the band is
        too narrow for them."""
        name, unit = self.table.caption.strip(), self.table.unit.strip()
        if lines >= _SMALL_PAGE or not (name or unit):
            return None
        whole = unit if name == self.title else f"{name} {unit}".strip()
        if self.setter.text(whole).width > self.style.small.columns - _BAND_SPARE:
            self.legend.append(whole)
        return Label(name, unit)

    def _head(self, group: Group, heads: Sequence[Head]) -> Chunk:
        """Caption and unit, header rows, a solid rule."""
        form, items, y = self.form, list[Item](), 0
        read = 0
        for items_of_line, effort in self._caption_lines():
            items.extend(item.moved(0, y) for item in items_of_line)
            y += form.pitch + form.size.scale
            read += effort
        tops, bottoms = self._header_heights(group, heads, y)
        for head in heads:
            place = _within(group, head.start, head.end)
            if place is None:
                continue
            left, room, columns = _area(group, *place, form)
            lines = self.setter.lines(self.setter.text(head.text), columns)
            middle = (bottoms[head.bottom - 1] - tops[head.top] - form.gap - self._text_height(len(lines))) // 2
            for number, line in enumerate(lines):
                x = left + aligned(line.width * form.size.half, room, "center")
                top = tops[head.top] + max(0, middle) + number * form.pitch
                items.append(run(line, x, top, form.size.scale, theme.KEY))
                read += weight(line)
            if head.bottom < depth(tuple(heads)):
                under = bottoms[head.bottom - 1] - form.gap // 2 - form.rule
                items.append(Rect(left, under, room, form.rule, theme.RULE))
        height = bottoms[-1]
        items.append(Rect(0, height - form.gap // 2 - form.rule, form.size.width, form.rule, theme.RULE))
        items.extend(self._verticals(group, tops[0], height - form.gap // 2 - form.rule))
        return Chunk(height, tuple(items), read, gap=form.size.pitch - form.size.cell, keep=True, band=self.label)

    def _text_height(self, lines: int) -> int:
        return lines * self.form.pitch - self.form.size.scale

    def _header_heights(self, group: Group, heads: Sequence[Head], y: int) -> tuple[list[int], list[int]]:
        """Top and bottom of each header row."""
        form = self.form
        needed = [1] * depth(tuple(heads))
        for pass_over in (False, True):  # cells of one row first, then those over several
            for head in heads:
                place = _within(group, head.start, head.end)
                if place is None or (head.bottom - head.top > 1) is not pass_over:
                    continue
                columns = _area(group, *place, form)[2]
                lines = len(self.setter.lines(self.setter.text(head.text), columns))
                missing = lines - sum(needed[head.top : head.bottom])
                needed[head.bottom - 1] += max(0, missing)
        tops, bottoms = [], []
        for lines in needed:
            tops.append(y)
            y += form.high(lines)
            bottoms.append(y)
        return tops, bottoms

    def _caption_lines(self) -> list[tuple[list[Item], int]]:
        """Caption left and unit right, in one line where they fit."""
        if self.label is not None:
            return []
        size, setter = self.form.size, self.setter
        name, unit = setter.text(self.table.caption.strip()), setter.text(self.table.unit.strip())
        lines = [(line, "left", theme.HEADING) for line in setter.lines(name, size.columns)]
        units = [(line, "right", theme.TEXT) for line in setter.lines(unit, size.columns)]
        placed: list[tuple[list[Item], int]] = []
        for line, align, color in lines + units:
            x = aligned(line.width * size.half, size.width, align)
            item = run(line, x, 0, size.scale, color)
            if align == "right" and len(units) == 1 and lines and lines[-1][0].width + line.width < size.columns:
                placed[-1][0].append(item)
                placed[-1] = (placed[-1][0], placed[-1][1] + weight(line))
            else:
                placed.append(([item], weight(line)))
        return placed

    def _verticals(self, group: Group, top: int, bottom: int) -> list[Item]:
        rule = self.form.rule
        return [Rect(wall, top, rule, bottom - top, theme.RULE, dotted=True) for wall in group.walls]

    def _set(self, row: Row, *, total: bool) -> _Row:
        """The row's cells wrapped in every group."""
        lines = []
        for group in self.groups:
            cells = []
            for cell in row:
                place = _within(group, cell.start, cell.end)
                if place is not None:
                    columns = _area(group, *place, self.form)[2]
                    cells.append((*place, tuple(self.setter.lines(self.setter.text(cell.text), columns))))
            lines.append(_Line(tuple(cells)))
        return _Row(tuple(lines), total)

    def _parts(self, row: _Row, most: int) -> list[_Row]:
        """The row, or pieces of it where it is higher than a page; short cells are repeated in each piece."""
        if row.lines <= most:
            return [row]
        parts = []
        for start in range(0, row.lines, most):
            groups = tuple(
                _Line(
                    tuple(
                        (a, b, texts if len(texts) <= most // 2 else texts[start : start + most])
                        for a, b, texts in line.cells
                    )
                )
                for line in row.groups
            )
            parts.append(_Row(groups, row.total))
        return parts

    def _single(self, head: Chunk, rows: Sequence[_Row]) -> list[Chunk]:
        """One group: rows flow down the pages, the header opens each of them."""
        chunks = [head]
        for number, row in enumerate(rows):
            # a total stands with a row of data, and the last page has at least two rows
            with_next = number + 1 < len(rows) and (rows[number + 1].total or number == len(rows) - 2)
            items = self._row_items(row.groups[0], self.groups[0], row.lines, 0, total=row.total)
            chunks.append(
                Chunk(
                    self.form.high(row.lines), tuple(items), row.weight, rows=1, head=head,
                    keep=with_next and not row.total, band=self.label,
                )
            )  # fmt: skip
        if len(chunks) == 1:
            chunks[0] = replace(head, keep=False)
        return chunks

    def _sliced(self, heads: Sequence[Chunk], rows: Sequence[_Row], room: int) -> list[Chunk]:
        """Several groups: as many rows as fit, once for each group, before the next rows."""
        chunks = []
        for part in self._slices(rows, room):
            for head, index in zip(heads, range(len(self.groups)), strict=True):
                items, y = list(head.items), head.height
                read = head.weight
                for row in part:
                    line = row.groups[index]
                    items.extend(self._row_items(line, self.groups[index], line.lines, y, total=row.total))
                    y += self.form.high(line.lines)
                    read += line.weight
                chunks.append(Chunk(y, tuple(items), read, len(part), gap=head.gap, band=self.label))
        return chunks

    def _slices(self, rows: Sequence[_Row], room: int) -> list[list[_Row]]:
        """As many rows as fit in every group; a last slice never holds one row or a total alone."""
        rule = self.style.rule
        slices: list[list[_Row]] = [[]]
        heights, time = [0] * len(self.groups), 0
        for row in rows:
            high = [self.form.high(line.lines) for line in row.groups]
            read = reading_us(rule, row.weight, 1)
            higher = [a + b for a, b in zip(heights, high, strict=True)]
            if slices[-1] and (max(higher) > room or time + read > budget_us(rule)):
                slices.append([])
                higher, time = high, 0
            slices[-1].append(row)
            heights, time = higher, time + read
        if len(slices) > 1 and len(slices[-2]) > 2 and (len(slices[-1]) == 1 or all(row.total for row in slices[-1])):
            moved = [self.form.high(line.lines) for line in slices[-2][-1].groups]
            if all(height + more <= room for height, more in zip(heights, moved, strict=True)):
                slices[-1].insert(0, slices[-2].pop())
        return slices

    def _row_items(self, line: _Line, group: Group, lines: int, y: int, *, total: bool) -> list[Item]:
        form, items = self.form, list[Item]()
        for first, last, texts in line.cells:
            left, room, _ = _area(group, first, last, form)
            column = self.table.columns[group.columns[first]]
            align = column.align if last - first == 1 else "center"
            color = theme.TOTAL if total else theme.KEY if column.pin and len(self.groups) > 1 else theme.TEXT
            top = y + (lines - len(texts)) * form.pitch // 2
            for number, text in enumerate(texts):
                x = left + aligned(text.width * form.size.half, room, align)
                items.append(run(text, x, top + number * form.pitch, form.size.scale, color))
        height = form.high(lines)
        items.append(
            Rect(0, y + height - form.gap // 2 - form.rule, form.size.width, form.rule, theme.RULE, dotted=True)
        )
        items.extend(self._verticals(group, y, y + height))
        return items


def _row_gap(size: Metrics, rule: int) -> int:
    """Room between rows: as much as costs no row, up to half a character."""
    least = rule + 2 * size.scale
    count = size.height // (size.cell + least)
    best = size.height // count - size.cell if count else least
    return max(least, min(best, least + size.cell // 4))


def _within(group: Group, start: int, end: int) -> tuple[int, int] | None:
    """Positions in the group that the columns ``start`` to ``end`` take, None when it has none of them."""
    places = [place for place, column in enumerate(group.columns) if start <= column < end]
    return (places[0], places[-1] + 1) if places else None


def _area(group: Group, first: int, last: int, form: _Form) -> tuple[int, int, int]:
    """Left edge, LEDs and half cells of the columns at positions ``first`` to ``last`` of the group."""
    left = group.edges[first]
    room = group.edges[last - 1] + group.room[last - 1] - left
    return left, room, max(2, room // form.size.half)
