"""Chunks to sheets: fill pages top down, never cut a chunk, repeat what belongs on every page.

Cost is linear in the number of chunks. A page is full when its height is used up or when reading it would
take longer than the policy's longest dwell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledsign.errors import RenderError
from ledsign.frame import PageKind
from ledsign.policy import DwellRule
from ledsign.render.items import Chunk, Item, Label, Sheet


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


class _Filler:
    def __init__(self, space: Space, rule: DwellRule, kind: PageKind) -> None:
        self.space, self.rule, self.kind = space, rule, kind
        self.sheets: list[Sheet] = []
        self.chunks: list[tuple[int, Chunk]] = []  # (top edge, chunk)
        self.y = 0
        self.time = 0

    def add(self, chunk: Chunk, following: Sequence[Chunk]) -> None:
        """Place a chunk; ``following`` are the chunks it must share a page with."""
        if self.chunks and not self._fits(chunk, following):
            self.close()
        if not self.chunks and chunk.head is not None and not chunk.full:
            self._repeat(chunk.head, chunk)
        self._place(chunk)
        if chunk.full:
            self.close()

    def _repeat(self, head: Chunk, chunk: Chunk) -> None:
        """The head again, unless the page is too low for both."""
        if head.height + chunk.gap + chunk.height <= self.space.height:
            self._place(head, repeated=True)

    def _fits(self, chunk: Chunk, following: Sequence[Chunk]) -> bool:
        if chunk.full or chunk.band != self._band(chunk.band):
            return False
        group = [chunk, *following]
        height = sum(part.gap + part.height for part in group)
        head = chunk.head.height if chunk.head else 0
        if head + height - chunk.gap > self.space.height:  # the group fits no page: only the chunk counts
            group, height = [chunk], chunk.gap + chunk.height
        if self.y + height > self.space.height:
            return False
        time = sum(reading_us(self.rule, part.weight, part.rows) for part in group)
        return self.time + time <= budget_us(self.rule)

    def _band(self, default: Label | None) -> Label | None:
        return next((chunk.band for _, chunk in self.chunks if chunk.band), default)

    def _place(self, chunk: Chunk, *, repeated: bool = False) -> None:
        if self.chunks:
            self.y += chunk.gap
        limit = self.space.panel_height if chunk.full else self.space.height
        if self.y + chunk.height > limit:
            raise RenderError(f"a chunk of {chunk.height} LEDs does not fit {limit}")
        self.chunks.append((self.y, chunk))
        self.y += chunk.height
        if not repeated:
            self.time += reading_us(self.rule, chunk.weight, chunk.rows)

    def close(self) -> None:
        """End the page."""
        if not self.chunks:
            return
        parts = [chunk for _, chunk in self.chunks]
        full = any(part.full for part in parts)
        top = 0 if full else self.space.top
        items: list[Item] = []
        for y, chunk in self.chunks:
            items.extend(item.moved(0, top + y) for item in chunk.items)
        self.sheets.append(
            Sheet(
                items=tuple(items),
                kind=self.kind,
                weight=sum(part.weight for part in parts),
                rows=sum(part.rows for part in parts),
                band=next((part.band for part in parts if part.band), None),
                full=full,
                picture=any(part.picture for part in parts),
                qr=any(part.qr for part in parts),
            )
        )
        self.chunks, self.y, self.time = [], 0, 0


def paginate(chunks: Sequence[Chunk], space: Space, rule: DwellRule, kind: PageKind) -> list[Sheet]:
    """Sheets in reading order. Raises RenderError when a single chunk is higher than a page."""
    filler = _Filler(space, rule, kind)
    for index, chunk in enumerate(chunks):
        last = index
        while chunks[last].keep and last + 1 < len(chunks) and last - index < 4:
            last += 1
        filler.add(chunk, chunks[index + 1 : last + 1])
    filler.close()
    return filler.sheets
