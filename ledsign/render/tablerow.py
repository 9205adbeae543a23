"""Rows and headers of a table as placed text and rules, for one group of columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledsign.notice import Column
from ledsign.render import theme
from ledsign.render.columns import Group, figure, fraction
from ledsign.render.glyphs import Text
from ledsign.render.grid import Cell, Head, Row, depth
from ledsign.render.items import Item, Rect
from ledsign.render.linebreak import weight
from ledsign.render.setting import Setter, aligned, run
from ledsign.render.tableform import Form


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A cell in a group: its column range there and its lines."""

    cell: Cell
    first: int
    last: int
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A row set in one group."""

    cells: tuple[Placed, ...]

    @property
    def lines(self) -> int:
        return max((len(placed.texts) for placed in self.cells), default=1) or 1

    @property
    def weight(self) -> int:
        return sum(weight(text) for placed in self.cells for text in placed.texts)


@dataclass(frozen=True, slots=True, eq=False)
class SetRow:
    """A row set in every group; ``lines`` is the highest of them."""

    groups: tuple[Line, ...]
    total: bool
    place: str = ""

    @property
    def lines(self) -> int:
        return max(line.lines for line in self.groups)

    @property
    def weight(self) -> int:
        return max(line.weight for line in self.groups)


class Drawer:
    """Places the cells of one table."""

    def __init__(self, columns: Sequence[Column], form: Form, point: Sequence[int], setter: Setter) -> None:
        self.columns, self.form, self.point, self.setter = columns, form, point, setter

    def set_row(self, row: Row, *, total: bool, place: str = "") -> SetRow:
        """The row's cells wrapped in every group."""
        lines = []
        for group in self.form.groups:
            cells = []
            for cell in row:
                place_in = within(group, cell.start, cell.end)
                if place_in is not None:
                    columns = self.area(group, *place_in)[2]
                    texts = tuple(self.setter.lines(self.setter.text(cell.text), columns))
                    cells.append(Placed(cell, *place_in, texts))
            lines.append(Line(tuple(cells)))
        return SetRow(tuple(lines), total, place)

    def parts(self, row: SetRow, most: int) -> list[SetRow]:
        """The row, or pieces of it where it is higher than a page; short cells are repeated in each piece."""
        if row.lines <= most:
            return [row]

        def part(placed: Placed, start: int) -> Placed:
            short = len(placed.texts) <= most // 2
            return replace(placed, texts=placed.texts if short else placed.texts[start : start + most])

        return [
            replace(row, groups=tuple(Line(tuple(part(cell, start) for cell in line.cells)) for line in row.groups))
            for start in range(0, row.lines, most)
        ]

    def row(
        self, row: SetRow, index: int, lines: int, y: int, before: SetRow | None, after: SetRow | None
    ) -> list[Item]:
        """Items of a row in group ``index``, ``lines`` high. What a cell over several rows says stands in its
        first one; ``before`` and ``after`` are the rows beside it on the page."""
        form, line, group = self.form, row.groups[index], self.form.groups[index]
        fresh = [placed for placed in line.cells if not _same(placed, before, index)]
        items = [item for placed in fresh for item in self._text(placed, group, lines, y, total=row.total)]
        height = form.high(lines)
        under = y + height - form.under - form.rule
        for left, right in self._open(line, group, after, index):
            items.append(Rect(left, under, right - left, form.rule, theme.RULE, dotted=True))
        items.extend(self.verticals(group, y - form.under, under))  # from the rule above to the rule below
        return items

    def opening(self, row: SetRow, index: int, lines: int, before: SetRow | None) -> list[Item]:
        """The words of cells over several rows again, for when this row opens a page."""
        group = self.form.groups[index]
        merged = [placed for placed in row.groups[index].cells if _same(placed, before, index)]
        return [item for placed in merged for item in self._text(placed, group, lines, 0, total=row.total)]

    def _text(self, placed: Placed, group: Group, lines: int, y: int, *, total: bool) -> list[Item]:
        form = self.form
        left, room, _ = self.area(group, placed.first, placed.last)
        column = self.columns[group.columns[placed.first]]
        single = placed.last - placed.first == 1
        align = column.align if single else "center"
        pinned = column.pin and len(form.groups) > 1
        color = theme.TOTAL if total else theme.KEY if pinned else theme.TEXT
        top = y + (0 if placed.cell.merged else (lines - len(placed.texts)) * form.pitch // 2)
        inset = 0
        if single and len(placed.texts) == 1 and figure(column, placed.cell.text):
            # figures stand on their decimal points
            inset = (self.point[group.columns[placed.first]] - fraction(column, placed.cell.text)) * form.size.half
        items: list[Item] = []
        for number, text in enumerate(placed.texts):
            x = left + max(0, aligned(text.width * form.size.half, room, align) - inset)
            if text.width:
                items.append(run(text, x, top + number * form.pitch, form.size.face, color))
        return items

    def _open(self, line: Line, group: Group, after: SetRow | None, index: int) -> list[tuple[int, int]]:
        """Where the rule below a row runs: not through cells that go on in the next row."""
        width = self.form.size.width
        closed = [placed for placed in after.groups[index].cells if placed.cell.merged] if after else []
        goes_on = {placed.cell.merged for placed in closed} & {placed.cell.merged for placed in line.cells}
        spans, x = list[tuple[int, int]](), 0
        for placed in line.cells:
            right = group.walls[placed.last - 1] if placed.last <= len(group.walls) else width
            if placed.cell.merged not in goes_on or not placed.cell.merged:
                if spans and spans[-1][1] == x:
                    spans[-1] = (spans[-1][0], right)
                else:
                    spans.append((x, right))
            x = right
        return spans

    def header(self, group: Group, heads: Sequence[Head], y: int) -> tuple[list[Item], int, int]:
        """Header cells from ``y`` down with a solid rule below: items, bottom edge, reading weight."""
        form, items, read = self.form, list[Item](), 0
        tops, bottoms = self._header_edges(group, heads, y)
        levels = depth(tuple(heads))
        for head in heads:
            place = within(group, head.start, head.end)
            if place is None:
                continue
            left, room, columns = self.area(group, *place)
            lines = self.setter.lines(self.setter.text(head.text), columns)
            middle = (bottoms[head.bottom - 1] - tops[head.top] - form.gap - self._text_height(len(lines))) // 2
            for number, line in enumerate(lines):
                x = left + aligned(line.width * form.size.half, room, "center")
                top = tops[head.top] + max(0, middle) + number * form.pitch
                items.append(run(line, x, top, form.size.face, theme.KEY))
                read += weight(line)
            if head.bottom < levels:
                under = bottoms[head.bottom - 1] - form.gap // 2 - form.rule
                items.append(Rect(left, under, room, form.rule, theme.RULE))
        bottom = bottoms[-1] + form.under - form.gap // 2
        under = bottom - form.under - form.rule
        items.append(Rect(0, under, form.size.width, form.rule, theme.RULE))
        # a heading over several columns has no walls in it
        for level, top in enumerate(tops):
            low = under if level == levels - 1 else bottoms[level] - form.gap // 2 - form.rule
            over = [within(group, head.start, head.end) for head in heads if head.top <= level < head.bottom]
            inside = {number for place in over if place for number in range(place[0], place[1] - 1)}
            items.extend(
                Rect(wall, top, form.rule, low - top, theme.RULE, dotted=True)
                for number, wall in enumerate(group.walls)
                if number not in inside
            )
        return items, bottom, read

    def _header_edges(self, group: Group, heads: Sequence[Head], y: int) -> tuple[list[int], list[int]]:
        """Top and bottom of each header row."""
        form = self.form
        needed = [1] * depth(tuple(heads))
        for over_rows in (False, True):  # cells of one row first, then those over several
            for head in heads:
                place = within(group, head.start, head.end)
                if place is None or (head.bottom - head.top > 1) is not over_rows:
                    continue
                lines = len(self.setter.lines(self.setter.text(head.text), self.area(group, *place)[2]))
                needed[head.bottom - 1] += max(0, lines - sum(needed[head.top : head.bottom]))
        tops, bottoms = [], []
        for lines in needed:
            tops.append(y)
            y += form.head(lines)
            bottoms.append(y)
        return tops, bottoms

    def _text_height(self, lines: int) -> int:
        return lines * self.form.pitch - self.form.size.unit

    def verticals(self, group: Group, top: int, bottom: int) -> list[Item]:
        """Dotted walls between the columns."""
        rule = self.form.rule
        return [Rect(wall, top, rule, bottom - top, theme.RULE, dotted=True) for wall in group.walls]

    def area(self, group: Group, first: int, last: int) -> tuple[int, int, int]:
        """Left edge, LEDs and half cells of the columns at positions ``first`` to ``last`` of the group."""
        left = group.edges[first]
        room = group.edges[last - 1] + group.room[last - 1] - left
        return left, room, max(2, room // self.form.size.half)


def within(group: Group, start: int, end: int) -> tuple[int, int] | None:
    """Positions in the group that the columns ``start`` to ``end`` take, None when it has none of them."""
    places = [place for place, column in enumerate(group.columns) if start <= column < end]
    return (places[0], places[-1] + 1) if places else None


def _same(placed: Placed, before: SetRow | None, index: int) -> bool:
    """Whether the row before has the same cell of several rows."""
    if not placed.cell.merged or before is None:
        return False
    return any(other.cell.merged == placed.cell.merged for other in before.groups[index].cells)
