"""Chunks to sheets: fill pages top down, never cut a chunk, repeat what belongs on every page.

Cost is linear in the number of chunks. A page is full when its height is used up or when reading it would
take longer than the policy's longest dwell. The last page before an end shares the lines of the one before it,
so that no page carries one lonely line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledsign.errors import RenderError
from ledsign.frame import PageKind
from ledsign.policy import DwellRule
from ledsign.render.items import Chunk, Item, Picture, Rect, Sheet

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
        self.times = [reading_us(rule, chunk.weight, chunk.rows) for chunk in chunks]

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
        height += sum(chunk.gap + chunk.height for chunk in self.chunks[start + 1 : end])
        return _Cut(start, end, height, sum(self.times[start:end]))

    def fits(self, cut: _Cut) -> bool:
        return cut.height <= self.space.height and (cut.time <= self.budget or cut.end - cut.start == 1)

    def fill(self) -> list[_Cut]:
        """Pages filled one after the other."""
        cuts: list[_Cut] = []
        start = 0
        while start < len(self.chunks):
            cut = self.page(start, start + 1)
            band = self.chunks[start].band
            while cut.end < len(self.chunks) and not self.chunks[cut.start].full:
                chunk = self.chunks[cut.end]
                if chunk.full or (chunk.band is not None and band is not None and chunk.band != band):
                    break
                if not self._takes(cut):
                    break
                band = band or chunk.band
                height = cut.height + chunk.gap + chunk.height
                cut = _Cut(start, cut.end + 1, height, cut.time + self.times[cut.end])
            cuts.append(cut)
            start = cut.end
        return cuts

    def _takes(self, cut: _Cut) -> bool:
        """Whether the next chunk, with those it must share a page with, still fits."""
        first = last = cut.end
        while self.chunks[last].keep and last + 1 < len(self.chunks) and last - first < _CHAIN - 1:
            last += 1
        group = self.chunks[first : last + 1]
        height = sum(part.gap + part.height for part in group)
        head = self.chunks[first].head
        if (head.height if head else 0) + height - group[0].gap > self.space.height:
            last, height = first, group[0].gap + group[0].height  # it fits no page: only the chunk counts
        time = sum(self.times[first : last + 1])
        return cut.height + height <= self.space.height and cut.time + time <= self.budget

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
        parts = list(self.chunks[cut.start : cut.end])
        full = parts[0].full
        limit = self.space.panel_height if full else self.space.height
        if cut.height > limit:
            raise RenderError(f"a page of {cut.height} LEDs does not fit {limit}")
        y = top = 0 if full else self.space.top
        items: list[Item] = []
        head = self.head(cut.start)
        for number, part in enumerate([head, *parts] if head else parts):
            y += part.gap if number else 0
            items.extend(item.moved(0, y) for item in part.items)
            if number == (1 if head else 0):
                items.extend(item.moved(0, y) for item in part.opening)
            y += part.height
        items = [_below(item, top) for item in items]
        words = [item.y + item.h for item in items if not (full and isinstance(item, Picture))]
        return Sheet(
            items=tuple(items),
            kind=kind,
            weight=sum(part.weight for part in parts),
            rows=sum(part.rows for part in parts),
            band=next((part.band for part in parts if part.band), None),
            full=full,
            picture=any(part.picture for part in parts),
            qr=any(part.qr for part in parts),
            bottom=max(words, default=top),
            place=next((part.place for part in parts if part.place), ""),
        )


def _below(item: Item, top: int) -> Item:
    """The item without what would reach into the band: a wall that begins at a rule which stays away."""
    if isinstance(item, Rect) and item.y < top:
        return replace(item, y=top, h=max(0, item.y + item.h - top))
    return item


def count_pages(chunks: Sequence[Chunk], height: int, rule: DwellRule) -> int:
    """How many pages of that height the chunks take."""
    return len(_Pager(chunks, Space(0, height, height), rule).fill())


def paginate(chunks: Sequence[Chunk], space: Space, rule: DwellRule, kind: PageKind) -> list[Sheet]:
    """Sheets in reading order. Raises RenderError when a single chunk is higher than a page."""
    pager = _Pager(chunks, space, rule)
    return [pager.sheet(cut, kind) for cut in pager.balanced(pager.fill())]
