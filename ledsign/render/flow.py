"""Chunks to sheets: fill pages top down, never cut a chunk, repeat what belongs on every page.

Cost is linear in the number of chunks. A page is full when its height is used up or when reading it would
take longer than the policy's longest dwell. The last page before an end shares the lines of the one before it,
so that no page carries one lonely line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from ledsign.errors import RenderError
from ledsign.frame import PageKind
from ledsign.policy import DwellRule
from ledsign.render.items import Boxes, Chunk, Item, Part, Sheet

_CHAIN: Final = 5  # chunks that hold together by ``keep``, at most


@dataclass(frozen=True, slots=True)
class Space:
    """Where the body of a page is: top edge and height in LEDs, and the whole panel's height."""

    top: int
    height: int
    panel_height: int


def reading_us(rule: DwellRule, weight: int, rows: int) -> int:
    """Microseconds to read ``weight`` quarters of a character and find ``rows`` table rows."""
    return weight * round(250_000 / rule.chars_per_s) + rows * round(rule.row_s * 1_000_000)


def budget_us(rule: DwellRule) -> int:
    """Microseconds of reading that one page may ask for."""
    return round((rule.max_s - rule.lead_in_s) * 1_000_000)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A page as a range of chunks, its height and its reading time."""

    start: int
    end: int
    height: int
    time: int


class _Pager:
    def __init__(self, chunks: Sequence[Chunk], space: Space, rule: DwellRule) -> None:
        self.chunks, self.space, self.rule = chunks, space, rule
        self.budget = budget_us(rule)
        each, row = reading_us(rule, 1, 0), reading_us(rule, 0, 1)
        self.times = [chunk.weight * each + chunk.rows * row for chunk in chunks]
        self.highs = [chunk.gap + chunk.height for chunk in chunks]
        self.high_sums = [0, *accumulate(self.highs)]
        self.time_sums = [0, *accumulate(self.times)]

    def head(self, start: int) -> Chunk | None:
        """What is repeated on top of a page that begins here, unless the page is too low for both."""
        chunk = self.chunks[start]
        if chunk.head is None or chunk.full:
            return None
        return chunk.head if chunk.head.height + chunk.gap + chunk.height <= self.space.height else None

    def page(self, start: int, end: int) -> _Cut:
        """The chunks as one page, whether it fits or not."""
        head = self.head(start)
        height = self.chunks[start].height + (head.height + self.chunks[start].gap if head else 0)
        height += self.high_sums[end] - self.high_sums[start + 1]
        return _Cut(start, end, height, self.time_sums[end] - self.time_sums[start])

    def fits(self, cut: _Cut) -> bool:
        return cut.height <= self.space.height and (cut.time <= self.budget or cut.end - cut.start == 1)

    def fill(self) -> list[_Cut]:
        """Pages filled one after the other."""
        cuts: list[_Cut] = []
        start, chunks = 0, self.chunks
        while start < len(chunks):
            cut = self.page(start, start + 1)
            end, height, time = cut.end, cut.height, cut.time
            band = chunks[start].band
            while end < len(chunks) and not chunks[start].full:
                chunk = chunks[end]
                if chunk.full or (
                    chunk.band is not None and band is not None and chunk.band is not band and chunk.band != band
                ):
                    break
                if not self._takes(end, height, time):
                    break
                band = band or chunk.band
                height += self.highs[end]
                time += self.times[end]
                end += 1
            cuts.append(_Cut(start, end, height, time))
            start = end
        return cuts

    def _takes(self, first: int, above: int, read: int) -> bool:
        """Whether the next chunk, with those it must share a page with, still fits below ``above`` LEDs of text
        that take ``read`` microseconds."""
        chunks, last = self.chunks, first
        while chunks[last].keep and last + 1 < len(chunks) and last - first < _CHAIN - 1:
            last += 1
        height = self.high_sums[last + 1] - self.high_sums[first]
        head = chunks[first].head
        if (head.height if head else 0) + height - chunks[first].gap > self.space.height:
            last, height = first, self.highs[first]  # it fits no page: only the chunk counts
        time = self.time_sums[last + 1] - self.time_sums[first]
        return above + height <= self.space.height and read + time <= self.budget

    def balanced(self, cuts: list[_Cut]) -> list[_Cut]:
        """A page that is less than half full, at an end or before something high, takes lines from the page
        before it."""
        for number in range(1, len(cuts)):
            this, before = cuts[number], cuts[number - 1]
            if this.height * 2 < self.space.height and not self._apart(before, this):
                cuts[number - 1 : number + 1] = self._evened(before, this)
        return cuts

    def _apart(self, a: _Cut, b: _Cut) -> bool:
        """Whether no chunk may move between two pages."""
        if self.chunks[a.start].full or self.chunks[b.start].full:
            return True
        bands = {chunk.band for chunk in self.chunks[a.start : b.end] if chunk.band is not None}
        return len(bands) > 1

    def _evened(self, before: _Cut, this: _Cut) -> list[_Cut]:
        best, least = [before, this], self._unevenness(before, this)
        for place in range(this.start - 1, before.start, -1):
            if self.chunks[place - 1].keep:
                continue
            upper, lower = self.page(before.start, place), self.page(place, this.end)
            if self.fits(upper) and self.fits(lower) and (cost := self._unevenness(upper, lower)) < least:
                best, least = [upper, lower], cost
        return best

    def _unevenness(self, upper: _Cut, lower: _Cut) -> int:
        """LEDs of height between the pages, and a fine where a paragraph leaves one line alone."""
        cost = abs(upper.height - lower.height)
        place = lower.start
        if self.chunks[place - 1].more:
            cost += self.space.height // 8
            first_alone = place - 2 < upper.start or not self.chunks[place - 2].more
            if first_alone or not self.chunks[place].more:
                cost += self.space.height // 2
        return cost

    def sheet(self, cut: _Cut, kind: PageKind) -> Sheet:
        """The page's items in place. Raises RenderError when a chunk is higher than a page."""
        chunks = self.chunks[cut.start : cut.end]
        full = chunks[0].full
        limit = self.space.panel_height if full else self.space.height
        if cut.height > limit:
            raise RenderError(f"a page of {cut.height} LEDs does not fit {limit}")
        y = top = 0 if full else self.space.top
        items: list[Item] = []
        head = self.head(cut.start)
        if head is not None:
            items += [item.moved(0, y) for item in head.items]
            y += head.height + chunks[0].gap
        weight = rows = 0
        place, band = "", None
        picture = qr = False
        drawing: Part | None = None
        y -= chunks[0].gap
        for chunk in chunks:
            y += chunk.gap
            weight += chunk.weight
            rows += chunk.rows
            if chunk.items:
                items += [item.moved(0, y) for item in chunk.items]
                picture, qr = picture or chunk.picture, qr or chunk.qr
            part = chunk.part
            if part is not None:
                if drawing is not None and _goes_on(drawing, part, y):
                    drawing.last = part.last
                else:
                    items += _drawn(drawing, top)
                    drawing = Part(part.of, part.first, part.last, y + part.y)
            place, band = place or chunk.place, band or chunk.band
            y += chunk.height
        items += _drawn(drawing, top)
        return Sheet(tuple(items), kind, weight, rows, band, full, picture, qr, top, place)


def _goes_on(above: Part, part: Part, y: int) -> bool:
    """Whether the rows of a chunk at ``y`` stand where their drawing has them, below those placed before."""
    together = above.last == part.first and above.of is part.of
    return together and y + part.y - above.y == part.of.down(above.first, part.first)


def _drawn(part: Part | None, top: int) -> Sequence[Item]:
    """What stands of it on a page; walls that begin at the rule above the first row begin at the ``top`` with it."""
    if part is None:
        return ()
    items = part.of.drawn(part.first, part.last, part.y)
    return [_below(item, top) for item in items] if part.y == top else items


def _below(item: Item, top: int) -> Item:
    """The item without what would reach into the band."""
    if isinstance(item, Boxes) and np.minimum.reduce(item.places[:, 1]) < top:
        places = item.places.copy()
        places[:, 3] = np.minimum(places[:, 3], np.maximum(places[:, 1] + places[:, 3] - top, 0))
        places[:, 1] = np.maximum(places[:, 1], top)
        return Boxes(places, item.color)
    return item


def count_pages(chunks: Sequence[Chunk], height: int, rule: DwellRule) -> int:
    """How many pages of that height the chunks take."""
    return len(_Pager(chunks, Space(0, height, height), rule).fill())


def paginate(chunks: Sequence[Chunk], space: Space, rule: DwellRule, kind: PageKind) -> list[Sheet]:
    """Sheets in reading order. Raises RenderError when a single chunk is higher than a page."""
    pager = _Pager(chunks, space, rule)
    return [pager.sheet(cut, kind) for cut in pager.balanced(pager.fill())]
