"""How wide each column is, and which columns share a page.

Like the automatic table layout of CSS 2.1 (17.5.2): every column has a least width (nothing in it breaks
badly) and a natural one (nothing wraps); what is left over goes where it is wanted. Where not even the least
widths fit, or wrapping would cost more pages, the table is cut into groups of columns.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.notice import Column
from ledsign.render.fonts import Face
from ledsign.render.glyphs import Texts, ranges
from ledsign.render.grid import Grid, Head
from ledsign.render.items import Ints
from ledsign.render.linebreak import longest_pieces
from ledsign.render.setting import Setter

SMALLEST: Final = Face()  # dense characters are widest beside it
_NAME: Final = 8  # half cells: a cell of up to four characters (most names) is never wrapped
_COMFORT: Final = 20  # half cells a column of prose gets before its neighbour is let onto the page
_WHOLE: Final = {"int", "money", "percent", "date", "id", "phone"}
_FIGURES: Final = {"int", "money", "percent"}
_FIGURE: Final = re.compile(r"[+-]?[\d,]*\d(\.\d+)?%?")


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """Half cells. ``least``, ``natural``, ``title`` per column; ``cells[row, column]`` width of each text;
    ``sums`` of each column; ``point[column]`` the longest fraction, the point included, of a column of figures."""

    least: tuple[int, ...]
    natural: tuple[int, ...]
    title: tuple[int, ...]
    cells: NDArray[np.int64]
    sums: tuple[int, ...]
    point: tuple[int, ...]

    def effort(self, columns: Iterable[int]) -> float:
        """Reading weight of a row in these columns, about, in quarters (two a half cell): the mean of all."""
        return 2 * sum(self.sums[column] for column in columns) / len(self.cells) if len(self.cells) else 1.0

    def lines(self, group: "Group") -> float:
        """Text lines of a row in a group, about: the mean of all."""
        fits = all(self.natural[column] <= width for column, width in zip(group.columns, group.widths, strict=True))
        if fits or not len(self.cells):
            return 1.0
        needed = -(-self.cells[:, list(group.columns)] // np.array(group.widths))
        return float(needed.max(axis=1).clip(1).mean())


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


@dataclass(slots=True, eq=False)
class Cells:
    """The texts of a table's cells, and after them of its header's, shaped: ``text[n]`` is that of cell ``n``.
    ``figured``: the columns that have their figures below each other, ``figure`` whether a cell is to stand on its
    column's decimal point, ``fraction`` half cells from there to the end of its text."""

    text: Texts
    figured: list[int]
    figure: NDArray[np.bool_]
    fraction: Ints


def measure(columns: Sequence[Column], heads: Sequence[Head], grid: Grid, setter: Setter) -> tuple[Measure, Cells]:
    """Widths of all columns, and the cells they were measured by."""
    count, many = len(columns), len(grid.texts)
    shaped = setter.texts([*grid.texts, *[head.text for head in heads]])
    found = Cells(shaped, *_figures(columns, grid))
    widths = setter.resized(shaped, SMALLEST).widths[:many]
    if grid.plain:
        cells = widths.reshape(-1, count)
    else:
        single = np.flatnonzero(grid.end - grid.start == 1)
        cells = np.zeros((grid.rows, count), dtype=np.int64)
        cells[grid.row[single], grid.start[single]] = widths[single]
    point, natural, least = [0] * count, [2] * count, [2] * count
    if grid.rows:
        natural = [max(2, width) for width in np.maximum.reduce(cells).tolist()]
        prose = [natural[number] > _NAME and column.kind not in _WHOLE for number, column in enumerate(columns)]
        least = [2 if may_break else width for may_break, width in zip(prose, natural, strict=True)]
        if any(prose):
            _longest(prose, cells, grid, shaped, least)
        for number in found.figured:
            own = grid.alone(number)[1]
            point[number] = int(found.fraction[own].max(initial=0))
            if point[number] and found.figure[own].any():
                # as wide as the longest before the point and after it
                before = (widths[own] - found.fraction[own])[found.figure[own]]
                width = int(before.max()) + point[number]
                natural[number], least[number] = max(natural[number], width), max(least[number], width)
    title = [2] * count
    across = shaped.widths[many:].tolist()
    lone = [number for number, head in enumerate(heads) if head.end - head.start == 1]
    long = [number for number in lone if across[number] == 3 or across[number] > 4]
    pieces = dict(zip(long, _pieces(np.array(long) + many, shaped).tolist(), strict=True)) if long else {}
    for number in lone:
        start, width = heads[number].start, across[number]
        title[start] = max(title[start], width)
        least[start] = max(least[start], 4 if width >= 4 else 2, min(pieces.get(number, 2), 8))
    sums = tuple(np.add.reduce(cells).tolist())
    return Measure(tuple(least), tuple(natural), tuple(title), cells, sums, tuple(point)), found


def _pieces(numbers: NDArray[np.intp], shaped: Texts) -> NDArray[np.int64]:
    """Half cells of the longest piece of each of these texts."""
    first, last = shaped.bounds[numbers], shaped.bounds[numbers + 1]
    bounds = np.concatenate(([0], np.cumsum(last - first)))
    return longest_pieces(shaped.text.take(ranges(first, last - first)), bounds)


def _longest(
    prose: Sequence[bool], cells: NDArray[np.int64], grid: Grid, shaped: Texts, least: list[int]
) -> None:
    """What columns of prose need: room for names, and for the longest piece of each cell that may be cut."""
    broken = (grid.end - grid.start == 1) & np.array(prose)[grid.start]
    long = np.flatnonzero(broken & (cells[grid.row, grid.start] > _NAME))
    needed = np.maximum.reduce(cells * (cells <= _NAME))
    np.maximum.at(needed, grid.start[long], np.maximum(_pieces(long, shaped), _NAME))
    for number, may_break in enumerate(prose):
        if may_break:
            least[number] = max(least[number], int(needed[number]))


def _figures(columns: Sequence[Column], grid: Grid) -> tuple[list[int], NDArray[np.bool_], Ints]:
    """The columns that have their figures below each other; of each cell whether it stands on a decimal point, and
    how far from its end that is: 0 for whole numbers and what is no figure."""
    figure, fraction = np.zeros(len(grid.texts), np.bool_), np.zeros(len(grid.texts), np.int64)
    figured = [n for n, column in enumerate(columns) if column.kind in _FIGURES and column.align == "right"]
    for number in figured if grid.rows else ():
        texts, own = grid.alone(number)
        matches = [_FIGURE.fullmatch(text) is not None for text in texts]
        figure[own] = matches
        # from the point, or the place where it would stand
        fraction[own] = [
            matched and (len(text) - text.index(".") if "." in text else text.endswith("%"))
            for matched, text in zip(matches, texts, strict=True)
        ]
    return figured, figure, fraction


def _pages_of(measured: Measure, groups: Sequence[Group], lines: int) -> int:
    """Rough count of pages for all groups."""
    return sum(_pages(measured, group.columns, group.widths, lines) for group in groups)


def plan_columns(measured: Measure, columns: Sequence[Column], frame: Frame, lines: int) -> tuple[Group, ...]:
    """Groups of columns for pages of ``lines`` cell lines; one group where that costs no more pages."""
    every = tuple(range(len(columns)))
    full = tuple(map(max, measured.natural, measured.title))
    if frame.needs(full) <= frame.width:
        return (_group(every, full, frame),)
    ideal = _ideal(measured)
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
