"""How wide each column is, and which columns share a page.

Like the automatic table layout of CSS 2.1 (17.5.2): every column has a least width (nothing in it breaks
badly) and a natural one (nothing wraps); what is left over goes where it is wanted. Where not even the least
widths fit, or wrapping would cost more pages, the table is cut into groups of columns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.notice import Column
from ledsign.render.grid import Head, Row
from ledsign.render.linebreak import breaks
from ledsign.render.setting import Setter

_NAME: Final = 8  # half cells: a cell of up to four characters (most names) is never wrapped
_COMFORT: Final = 20  # half cells a column of prose gets before its neighbour is let onto the page
_WHOLE: Final = {"int", "money", "percent", "date", "id", "phone"}
_FIGURES: Final = {"int", "money", "percent"}
_FIGURE: Final = re.compile(r"[+-]?[\d,]*\d(\.\d+)?%?")


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """Half cells. ``least``, ``natural``, ``title`` per column; ``cells[row, column]`` width of each text;
    ``point[column]`` the longest fraction, the point included, of a column of figures."""

    least: tuple[int, ...]
    natural: tuple[int, ...]
    title: tuple[int, ...]
    cells: NDArray[np.int64]
    point: tuple[int, ...]

    def efforts(self, columns: "Sequence[int]") -> NDArray[np.int64]:
        """Reading weight of each row in these columns, about, in quarters (two a half cell)."""
        weights: NDArray[np.int64] = 2 * self.cells[:, list(columns)].sum(axis=1)
        return weights

    def lines(self, group: "Group") -> NDArray[np.int64]:
        """Text lines of each row in a group, about."""
        if not len(self.cells):
            return np.ones(0, dtype=np.int64)
        needed = -(-self.cells[:, list(group.columns)] // np.array(group.widths))
        lines: NDArray[np.int64] = needed.max(axis=1).clip(1)
        return lines


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that stand side by side, their text widths in half cells and their left edges in LEDs."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    edges: tuple[int, ...]
    room: tuple[int, ...]  # LEDs of each column's text area
    walls: tuple[int, ...]  # left edges of the rules between columns


@dataclass(frozen=True, slots=True)
class Frame:
    """The space for a group: LEDs across, LEDs a half cell, LEDs beside each text, LEDs of a rule."""

    width: int
    half: int
    pad: int
    rule: int

    def needs(self, widths: Sequence[int]) -> int:
        """LEDs that columns of these widths take."""
        return sum(widths) * self.half + len(widths) * self.pad + max(0, len(widths) - 1) * self.rule


def measure(columns: Sequence[Column], heads: Sequence[Head], rows: Sequence[Row], setter: Setter) -> Measure:
    """Widths of all columns; every distinct text is measured once."""
    count = len(columns)
    least, natural, point = [2] * count, [2] * count, [0] * count
    setter.learn({cell.text for row in rows for cell in row})
    cells = np.zeros((len(rows), count), dtype=np.int64)
    longest: dict[str, int] = {}
    for number, row in enumerate(rows):
        for cell in row:
            if cell.end - cell.start > 1 or not cell.text:
                continue
            column = cell.start
            width = setter.text(cell.text).width
            cells[number, column] = width
            point[column] = max(point[column], fraction(columns[column], cell.text))
            natural[column] = max(natural[column], width)
            if columns[column].kind in _WHOLE or width <= _NAME:
                least[column] = max(least[column], width)
            else:
                if cell.text not in longest:
                    longest[cell.text] = unbreakable(cell.text, setter)
                least[column] = max(least[column], _NAME, longest[cell.text])
    for number, longest_fraction in enumerate(point):
        if longest_fraction:
            _make_room(number, longest_fraction, columns, rows, cells, natural, least)
    title = [2] * count
    for head in heads:
        if head.end - head.start == 1:
            width = setter.text(head.text).width
            title[head.start] = max(title[head.start], width)
            word = 4 if width >= 4 else 2
            least[head.start] = max(least[head.start], word, min(unbreakable(head.text, setter), 8))
    return Measure(tuple(least), tuple(natural), tuple(title), cells, tuple(point))


def fraction(column: Column, text: str) -> int:
    """Half cells from a figure's decimal point to its end; 0 for whole numbers and what is no figure."""
    if column.kind not in _FIGURES or "." not in text or not _FIGURE.fullmatch(text):
        return 0
    return len(text) - text.index(".")


def figure(column: Column, text: str) -> bool:
    """Whether the cell is to stand on its column's decimal point."""
    return column.kind in _FIGURES and column.align == "right" and bool(_FIGURE.fullmatch(text))


def _make_room(
    number: int, point: int, columns: Sequence[Column], rows: Sequence[Row], cells: NDArray[np.int64],
    natural: list[int], least: list[int],
) -> None:  # fmt: skip
    """A column whose figures differ in their fractions is as wide as the longest before the point and after."""
    column = columns[number]
    for index, row in enumerate(rows):
        for cell in row:
            if cell.start == number and cell.end == number + 1 and figure(column, cell.text):
                width = int(cells[index, number]) + point - fraction(column, cell.text)
                natural[number], least[number] = max(natural[number], width), max(least[number], width)


def unbreakable(string: str, setter: Setter) -> int:
    """Half cells of the longest piece that no line end may cut."""
    text = setter.text(string)
    if not len(text):
        return 0
    ends = np.flatnonzero(breaks(text)) + 1
    places = np.concatenate(([0], np.cumsum(text.advance, dtype=np.int64)))
    edges = places[np.concatenate(([0], ends))]
    return int(np.diff(edges).max())


def _pages_of(measured: Measure, groups: Sequence[Group], lines: int) -> int:
    """Rough count of pages for all groups."""
    return sum(_pages(measured, group.columns, group.widths, lines) for group in groups)


def plan_columns(measured: Measure, columns: Sequence[Column], frame: Frame, lines: int) -> tuple[Group, ...]:
    """Groups of columns for pages of ``lines`` cell lines; one group where that costs no more pages."""
    every = tuple(range(len(columns)))
    full = tuple(max(pair) for pair in zip(measured.natural, measured.title, strict=True))
    ideal = _ideal(measured)
    if frame.needs(full) <= frame.width:
        return (_group(every, full, frame),)
    if frame.needs(ideal) <= frame.width:
        return (_group(every, _share(ideal, full, frame), frame),)
    split = _split(measured, columns, frame)
    if frame.needs(measured.least) <= frame.width:
        widths = _share(measured.least, ideal, frame)
        if _pages(measured, every, widths, lines) <= _pages_of(measured, split, lines):
            return (_group(every, widths, frame),)
    return split


def _ideal(measured: Measure) -> tuple[int, ...]:
    """Natural widths, titles in two lines."""
    return tuple(
        max(natural, -(-title // 4) * 2, least)
        for natural, title, least in zip(measured.natural, measured.title, measured.least, strict=True)
    )


def _share(low: Sequence[int], high: Sequence[int], frame: Frame) -> tuple[int, ...]:
    """``low`` plus what the frame still holds, given in the proportion of what each column wants."""
    widths = list(low)
    spare = (frame.width - frame.needs(widths)) // frame.half
    wants = [max(0, h - w) for w, h in zip(low, high, strict=True)]
    total = sum(wants)
    if total <= spare:
        return tuple(max(pair) for pair in zip(low, high, strict=True))
    for index, want in enumerate(wants):
        widths[index] += want * spare // total
    spare -= sum(widths) - sum(low)
    for index in sorted(range(len(wants)), key=lambda i: -wants[i]):
        if spare <= 0:
            break
        if wants[index]:
            widths[index] += 1
            spare -= 1
    return tuple(widths)


def _pages(measured: Measure, columns: Sequence[int], widths: Sequence[int], lines: int) -> int:
    """Rough count of pages: lines that the rows need, a header line on each page."""
    if not len(measured.cells):
        return 1
    needed = np.ceil(measured.cells[:, list(columns)] / np.array(widths)).max(axis=1).clip(1)
    per_page = max(1, lines - 1)
    return int(np.ceil(needed.sum() / per_page)) + int((needed > per_page).sum()) * 2


def _split(measured: Measure, columns: Sequence[Column], frame: Frame) -> tuple[Group, ...]:
    keys = [number for number, column in enumerate(columns) if column.pin] or [0]
    key_width = _key_widths(keys, measured, frame, frame.width * 3 // 5)
    groups: list[dict[int, int]] = []
    current = dict(key_width)
    for number in [number for number in range(len(columns)) if number not in key_width]:
        wish = max(measured.least[number], min(_ideal(measured)[number], _COMFORT))
        if len(current) > len(key_width) and frame.needs([*current.values(), wish]) > frame.width:
            groups.append(current)
            current = dict(key_width)
        if frame.needs([*current.values(), wish]) > frame.width:
            # a figure wider than what the keys leave: fewer keys rather than a figure in two lines
            free = frame.width - frame.needs([measured.least[number]]) - frame.pad - frame.rule
            fewer = _key_widths(keys, measured, frame, free)
            left = (frame.width - frame.needs([*fewer.values()]) - frame.pad - frame.rule) // frame.half
            groups.append({**fewer, number: max(2, min(wish, left))})
            continue
        current[number] = wish
    if len(current) > len(key_width) or not groups:
        groups.append(current)
    return tuple(_widened(group, measured, frame) for group in groups)


def _key_widths(keys: Sequence[int], measured: Measure, frame: Frame, limit: int) -> dict[int, int]:
    """As many key columns as ``limit`` LEDs hold, the last one (a name, rather than a number) first of all."""
    chosen: dict[int, int] = {}
    for key in reversed(keys):
        width = measured.least[key]
        if not chosen:
            width = max(4, min(width, (limit - frame.pad) // frame.half))
        if not chosen or frame.needs([*chosen.values(), width]) <= limit:
            chosen[key] = width
    return chosen


def _widened(widths: dict[int, int], measured: Measure, frame: Frame) -> Group:
    """A group whose columns share what is left over."""
    order = tuple(sorted(widths))
    low = [widths[number] for number in order]
    full = [max(measured.natural[number], measured.title[number], widths[number]) for number in order]
    return _group(order, _share(low, full, frame), frame)


def _group(columns: tuple[int, ...], widths: Sequence[int], frame: Frame) -> Group:
    """Left edges in LEDs; what cannot be used for text becomes air beside it."""
    spare = max(0, frame.width - frame.needs(widths))
    edges, room, walls, x = [], [], list[int](), 0
    for index, width in enumerate(widths):
        extra = spare * (index + 1) // len(widths) - spare * index // len(widths)
        edges.append(x + frame.pad // 2 + extra // 2)
        room.append(width * frame.half)
        x += width * frame.half + extra + frame.pad + frame.rule
        walls.append(x - frame.rule)
    return Group(columns, tuple(widths), tuple(edges), tuple(room), tuple(walls[:-1]))
