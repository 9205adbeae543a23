"""Chunks to pages: what stays together, what is evened out."""

import pytest

from ledsign.errors import RenderError
from ledsign.frame import PageKind
from ledsign.policy import Policy
from ledsign.render.flow import Space, count_pages, paginate
from ledsign.render.items import Chunk, Label, Part, Rect

SPACE = Space(19, 100, 119)


def line(n: int = 0, **changes: object) -> Chunk:
    return Chunk(16, (Rect(n, 0, 1, 16, 1),), weight=4, gap=4, **changes)  # type: ignore[arg-type]


def lines(count: int, **changes: object) -> list[Chunk]:
    return [line(n, **changes) for n in range(count)]


def heights(policy: Policy, chunks: list[Chunk]) -> list[int]:
    """Lines on each page."""
    found = paginate(chunks, SPACE, policy.dwell, PageKind.BODY)
    return [sum(isinstance(item, Rect) for item in sheet.items) for sheet in found]


def test_full_pages_then_an_even_end(policy: Policy) -> None:
    assert heights(policy, lines(5)) == [5]
    assert heights(policy, lines(6)) == [3, 3]
    assert heights(policy, lines(11)) == [5, 3, 3]
    assert heights(policy, lines(8)) == [5, 3]


def test_no_line_of_a_paragraph_is_left_alone(policy: Policy) -> None:
    chunks = [line(more=True), line(more=True), line(), line(more=True), line(more=True), line()]
    assert heights(policy, chunks) == [3, 3]
    chunks = [line(), line(), line(more=True), line(), line(), line()]
    assert heights(policy, chunks) == [4, 2]


def test_kept_chunks_move_together(policy: Policy) -> None:
    chunks = [*lines(2), line(keep=True), *lines(3)]
    assert heights(policy, chunks) == [4, 2]
    chunks = [*lines(4), line(keep=True), line(keep=True), *lines(3)]
    assert heights(policy, chunks) == [4, 5]


def test_the_page_before_a_picture_is_evened_too(policy: Policy) -> None:
    picture = Chunk(119, (Rect(0, 0, 1, 1, 1),), full=True)
    assert heights(policy, [*lines(6), picture, line()]) == [3, 3, 1, 1]


def test_head_opens_each_page_and_takes_room(policy: Policy) -> None:
    head = Chunk(20, (Rect(0, 0, 9, 20, 1),))
    chunks = [Chunk(20, head.items, gap=4, keep=True), *lines(7, head=head)]
    assert heights(policy, chunks) == [5, 4]  # the head and 4 rows, the head again and 3


class Marks:
    """Rows that a page draws as one box, as high as there are rows in it."""

    def drawn(self, first: int, last: int, y: int) -> list[Rect]:
        return [Rect(first, y, last, last - first, 1)]

    def down(self, first: int, last: int) -> int:
        return (last - first) * 20


def test_rows_of_one_drawing_are_drawn_once_a_page(policy: Policy) -> None:
    """What stands between them, or another drawing, parts them."""
    one, other = Marks(), Marks()
    rows = [Chunk(20, (), weight=4, part=Part(one, n, n + 1)) for n in range(7)]
    found = paginate(rows, SPACE, policy.dwell, PageKind.BODY)
    drawn = [(item.x, item.w, item.h, item.y) for sheet in found for item in sheet.items if isinstance(item, Rect)]
    assert drawn == [(0, 4, 4, SPACE.top), (4, 7, 3, SPACE.top)]
    others = [Chunk(20, (), part=Part(other, 2, 3)), Chunk(20, (), gap=1, part=Part(other, 3, 4))]
    parted = [rows[0], line(9), rows[1], *others]
    (sheet,) = paginate(parted, Space(19, 101, 120), policy.dwell, PageKind.BODY)
    assert [item.h for item in sheet.items if isinstance(item, Rect) and item.x != 9] == [1, 1, 1, 1]


def test_two_tables_never_share_a_page_but_text_joins_one(policy: Policy) -> None:
    a, b = Label("甲", ""), Label("乙", "")
    assert heights(policy, [line(band=a), line(), line(band=b)]) == [2, 1]


def test_a_page_asks_for_no_more_reading_than_its_longest_dwell(policy: Policy) -> None:
    heavy = [Chunk(16, (Rect(0, 0, 1, 16, 1),), weight=4 * 60, gap=4) for _ in range(4)]
    assert heights(policy, heavy) == [1, 1, 1, 1]


def test_too_high(policy: Policy) -> None:
    with pytest.raises(RenderError, match="does not fit"):
        paginate([Chunk(101, ())], SPACE, policy.dwell, PageKind.BODY)


def test_counting_is_paginating(policy: Policy) -> None:
    for count in range(1, 30):
        assert count_pages(lines(count), 100, policy.dwell) == len(heights(policy, lines(count)))
