"""What form a table takes on a panel: the size of its characters, its groups of columns, the room between rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ledsign.notice import Column
from ledsign.render.columns import Frame, Group, Measure, plan_columns
from ledsign.render.flow import budget_us, reading_us
from ledsign.render.fonts import Face
from ledsign.render.grid import Head, depth
from ledsign.render.setting import Metrics, Style, faces, sized

_AIRY: Final = 4  # fifths of a character that rows may stand apart where they do not fill the page


@dataclass(frozen=True, slots=True)
class Form:
    """Measures of one table in LEDs: ``gap`` from row to row (with its rule), ``air`` more of it between rows of
    data, ``rule`` thickness, ``pitch`` from line to line inside a cell. ``stacked``: the groups of columns stand
    below each other on one page instead of on pages of their own."""

    size: Metrics
    gap: int
    rule: int
    groups: tuple[Group, ...]
    stacked: bool
    air: int = 0
    pitch: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pitch", self.size.cell + self.size.unit)

    def high(self, lines: int) -> int:
        """A row of so many text lines."""
        return self.head(lines) + self.air

    def head(self, lines: int) -> int:
        """A row of the header."""
        return lines * self.pitch - self.size.unit + self.gap

    @property
    def under(self) -> int:
        """From the rule below a row to the next row."""
        return (self.gap + self.air) // 2


def fit(measured: Measure, columns: Sequence[Column], heads: Sequence[Head], style: Style) -> Form:
    """The largest size that costs hardly more pages than the least lawful one. A page holds no more rows than
    can be read in its longest dwell, so on a large panel small print would only leave it empty."""
    best: Form | None = None
    fewest = pages = 0.0
    for face in faces(style.small.cell, style.body.cell):
        for candidate in _arrangements(measured, columns, style, face):
            count = _pages(candidate, measured, heads, style)
            if best is None or count < pages or (count * 4 <= fewest * 5 and face.cell > best.size.cell):
                best, pages = candidate, count
                fewest = min(fewest, count) if fewest else count
    assert best is not None
    if style.least.cell < style.small.cell and len(best.groups) > 1:
        # smaller than the panel's own size, yet lawful: only where that saves pages and keeps columns together
        for candidate in _arrangements(measured, columns, style, style.least.face):
            count = _pages(candidate, measured, heads, style)
            whole = len(candidate.groups) <= (2 if candidate.stacked else 1)
            if whole and count * 4 <= max(1.0, pages) * 3 and pages > 1:
                best, pages = candidate, count
    return _aired(best, measured, heads, pages)


def _arrangements(measured: Measure, columns: Sequence[Column], style: Style, face: Face) -> list[Form]:
    """The table in characters of one size, with its groups of columns on pages of their own and stacked."""
    size = sized(style.body, face)
    rule = max(1, face.unit // 2)
    gap, frame = _row_gap(size, rule), Frame(size.width, size.half, 3 * face.unit, rule)
    groups = plan_columns(measured, columns, frame, max(1, size.height // (size.cell + gap)) - 1)
    arrangements = (False,) if len(groups) == 1 else (False, True)
    return [Form(size, gap, rule, groups, stacked) for stacked in arrangements]


def _row_gap(size: Metrics, rule: int) -> int:
    """Room between rows: as much as costs no row, up to half a character."""
    least = rule + 2 * size.unit
    count = size.height // (size.cell + least)
    best = size.height // count - size.cell if count else least
    return max(least, min(best, least + size.cell // 4))


def _head_high(form: Form, group: Group, measured: Measure, heads: Sequence[Head]) -> int:
    titles = zip(group.columns, group.widths, strict=True)
    lines = max(-(-measured.title[column] // width) for column, width in titles)
    return form.head(lines) + (depth(heads) - 1) * form.head(1)


def _heights(form: Form, measured: Measure, heads: Sequence[Head]) -> tuple[float, list[float], list[int]]:
    """Room for rows on a page, mean height of a row and height of the header of each group."""
    tops = [_head_high(form, group, measured, heads) for group in form.groups]
    means = [form.high(1) * 1.0 for _ in form.groups]
    if len(measured.cells):
        means = [form.high(1) + (measured.lines(group) - 1) * form.pitch for group in form.groups]
    return form.size.height - (sum(tops) if form.stacked else max(tops)), means, tops


def _pages(form: Form, measured: Measure, heads: Sequence[Head], style: Style) -> float:
    """About how many pages: those that the rows' height needs, or the time to read them."""
    rows = max(1, len(measured.cells))
    room, means, _ = _heights(form, measured, heads)
    high = sum(means) if form.stacked else max(means)
    if room < high * (2 if form.stacked else 1):
        return float("inf") if form.stacked else 1e9 * len(form.groups)
    read = max(_effort(measured, group.columns) for group in form.groups)
    if form.stacked:
        read = _effort(measured, sorted({column for group in form.groups for column in group.columns}))
    held = min(room / high, budget_us(style.rule) / max(1, reading_us(style.rule, read, 1)))
    return rows / max(1.0, held) * (1 if form.stacked else len(form.groups))


def _effort(measured: Measure, columns: Sequence[int]) -> int:
    return round(measured.effort(columns))


def _aired(form: Form, measured: Measure, heads: Sequence[Head], pages: float) -> Form:
    """Where the time to read them, not their height, limits the rows of a page, they stand further apart."""
    rows = len(measured.cells)
    if pages < 2 or pages > rows * len(form.groups):
        return form
    room, means, _ = _heights(form, measured, heads)
    high = sum(means) if form.stacked else max(means)
    held = min(rows, rows / pages * (1 if form.stacked else len(form.groups)) + 1)
    spare = (room - held * high) / (held + 1) / (len(form.groups) if form.stacked else 1)
    return replace(form, air=max(0, int(min(spare, form.size.cell * _AIRY / 5))))
