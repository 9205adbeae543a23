"""The header of a table: its cells of one or two levels over one group of columns."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np

from ledsign.render import theme
from ledsign.render.columns import Group
from ledsign.render.glyphs import Texts, stretches
from ledsign.render.grid import Head, depth
from ledsign.render.items import Boxes, Item, Lines
from ledsign.render.linebreak import ends_blank, weight
from ledsign.render.setting import Setter, Span
from ledsign.render.tableform import Form

_Cell: TypeAlias = tuple[Head, tuple[int, int], int, int, list[Span], list[int]]
"""A cell, the places of its columns in the group, left edge and LEDs across; its lines and their half cells."""


def header(
    form: Form, group: Group, heads: Sequence[Head], titles: Texts, setter: Setter, y: int
) -> tuple[list[Item], int, int]:
    """Header cells from ``y`` down with a solid rule below: items, bottom edge, reading weight. ``titles`` are the
    texts of the heads."""
    half, pitch, gap, thick = form.size.half, form.pitch, form.gap, form.rule
    levels, inside = depth(heads), _cells(form, group, heads, titles, setter)
    tops, bottoms = _edges(form, inside, levels, y)
    xs, ys, spans, boxes = list[int](), list[int](), list[Span](), list[int]()
    for head, _, left, room, lines, wide in inside:
        low = bottoms[head.bottom - 1]
        spare = low - tops[head.top] - gap - len(lines) * pitch + form.size.unit
        top = tops[head.top] + max(0, spare // 2)
        for width in wide:
            xs.append(left + max(0, (room - width * half) // 2))
            ys.append(top)
            top += pitch
        spans += lines
        if head.bottom < levels:
            boxes += (left, low - gap // 2 - thick, room, thick, 0)
    headings = [(head, first, last - 1) for head, (first, last), *_ in inside if last - first > 1]
    bottom = bottoms[-1] + form.under - gap // 2
    under = bottom - form.under - thick
    boxes += (0, under, form.size.width, thick, 0)
    # a heading over several columns has no walls in it
    for level, above in enumerate(tops):
        low = under if level == levels - 1 else bottoms[level] - gap // 2 - thick
        over = [range(first, last) for head, first, last in headings if head.top <= level < head.bottom]
        hidden = set(chain.from_iterable(over))
        for number, wall in enumerate(group.walls):
            if number not in hidden:
                boxes += (wall, above, thick, low - above, 1)
    items: list[Item] = [Boxes(np.array(boxes).reshape(-1, 5), theme.RULE)]
    read = 0
    if spans:
        start, end, cut = (np.array(each) for each in zip(*spans, strict=True))
        text, face = stretches(titles.text, start, end, cut if cut.any() else None), form.size.face
        read = weight(text)
        items.append(Lines(np.array(xs), np.array(ys), end - start, text, face.size, face.scale, theme.KEY))
    return items, bottom, read


def _cells(form: Form, group: Group, heads: Sequence[Head], titles: Texts, setter: Setter) -> list[_Cell]:
    """The header cells that stand in the group."""
    hang, half = [False] * len(heads), form.size.half
    if not titles.verbatim:  # a blank may be the last that is left
        hang = ends_blank(titles.text, titles.bounds[1:]).tolist()
    bounds, widths, found = titles.bounds.tolist(), titles.widths.tolist(), list[_Cell]()
    for number, head in enumerate(heads):
        place = within(group, head.start, head.end)
        if place is None:
            continue
        left = group.edges[place[0]]
        room = group.edges[place[1] - 1] + group.room[place[1] - 1] - left
        if 0 < widths[number] <= room // half and not hang[number]:
            line = bounds[number], bounds[number + 1], False
            found.append((head, place, left, room, [line], [widths[number]]))
            continue
        spans = setter.spans(titles[number], max(2, room // half))
        lines = [(bounds[number] + start, bounds[number] + end, cut) for start, end, cut in spans]
        wide = [int(titles.places[end] - titles.places[start]) - cut for start, end, cut in lines]
        found.append((head, place, left, room, lines, wide))
    return found


def _edges(form: Form, cells: Sequence[_Cell], levels: int, y: int) -> tuple[list[int], list[int]]:
    """Top and bottom of each header row."""
    needed = [1] * levels
    for over_rows in (False, True):  # cells of one row first, then those over several
        for head, _, _, _, lines, _ in cells:
            if (head.bottom - head.top > 1) is over_rows:
                needed[head.bottom - 1] += max(0, len(lines) - sum(needed[head.top : head.bottom]))
    tops, bottoms = [], []
    for count in needed:
        tops.append(y)
        y += form.head(count)
        bottoms.append(y)
    return tops, bottoms


def within(group: Group, start: int, end: int) -> tuple[int, int] | None:
    """Places in the group that the columns ``start`` to ``end`` take, None when it has none of them."""
    first, last = bisect_left(group.columns, start), bisect_left(group.columns, end)
    return (first, last) if first < last else None
