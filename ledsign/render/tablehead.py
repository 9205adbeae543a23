"""The header of a table: its cells of one or two levels over one group of columns."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from ledsign.render import theme
from ledsign.render.columns import Group
from ledsign.render.glyphs import Text, joined
from ledsign.render.grid import Head, depth
from ledsign.render.items import Boxes, Item, Lines
from ledsign.render.linebreak import weight
from ledsign.render.setting import Setter, aligned
from ledsign.render.tableform import Form


def header(
    form: Form, group: Group, heads: Sequence[Head], setter: Setter, y: int
) -> tuple[list[Item], int, int]:
    """Header cells from ``y`` down with a solid rule below: items, bottom edge, reading weight."""
    half, levels = form.size.half, depth(heads)
    inside = [(head, place) for head in heads if (place := within(group, head.start, head.end))]
    found = []
    for head, place in inside:
        left, room, columns = _area(form, group, place)
        found.append((head, left, room, setter.lines(setter.text(head.text), columns)))
    tops, bottoms = _edges(form, [(head, len(lines)) for head, _, _, lines in found], levels, y)
    xs, ys, texts, boxes = list[int](), list[int](), list[Text](), list[tuple[int, int, int, int, int]]()
    for head, left, room, lines in found:
        high = len(lines) * form.pitch - form.size.unit
        middle = max(0, (bottoms[head.bottom - 1] - tops[head.top] - form.gap - high) // 2)
        for number, line in enumerate(lines):
            xs.append(left + aligned(line.width * half, room, "center"))
            ys.append(tops[head.top] + middle + number * form.pitch)
            texts.append(line)
        if head.bottom < levels:
            boxes.append((left, bottoms[head.bottom - 1] - form.gap // 2 - form.rule, room, form.rule, 0))
    bottom = bottoms[-1] + form.under - form.gap // 2
    under = bottom - form.under - form.rule
    boxes.append((0, under, form.size.width, form.rule, 0))
    # a heading over several columns has no walls in it
    for level, above in enumerate(tops):
        low = under if level == levels - 1 else bottoms[level] - form.gap // 2 - form.rule
        over = [place for head, place in inside if head.top <= level < head.bottom]
        hidden = {number for first, last in over for number in range(first, last - 1)}
        walls = [wall for number, wall in enumerate(group.walls) if number not in hidden]
        boxes += [(wall, above, form.rule, low - above, 1) for wall in walls]
    items: list[Item] = [Boxes(np.array(boxes), theme.RULE)]
    read = 0
    if texts:
        text = joined(texts)
        read = weight(text)
        face, counts = form.size.face, np.array([len(line) for line in texts])
        items.append(Lines(np.array(xs), np.array(ys), counts, text, face.size, face.scale, theme.KEY))
    return items, bottom, read


def _edges(form: Form, heads: Sequence[tuple[Head, int]], levels: int, y: int) -> tuple[list[int], list[int]]:
    """Top and bottom of each header row; of each header cell its number of lines is given."""
    needed = [1] * levels
    for over_rows in (False, True):  # cells of one row first, then those over several
        for head, lines in heads:
            if (head.bottom - head.top > 1) is over_rows:
                needed[head.bottom - 1] += max(0, lines - sum(needed[head.top : head.bottom]))
    tops, bottoms = [], []
    for lines in needed:
        tops.append(y)
        y += form.head(lines)
        bottoms.append(y)
    return tops, bottoms


def _area(form: Form, group: Group, place: tuple[int, int]) -> tuple[int, int, int]:
    """Left edge, LEDs and half cells of the columns at these places of the group."""
    first, last = place
    left = group.edges[first]
    room = group.edges[last - 1] + group.room[last - 1] - left
    return left, room, max(2, room // form.size.half)


def within(group: Group, start: int, end: int) -> tuple[int, int] | None:
    """Places in the group that the columns ``start`` to ``end`` take, None when it has none of them."""
    first, last = bisect_left(group.columns, start), bisect_left(group.columns, end)
    return (first, last) if first < last else None
