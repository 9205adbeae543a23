"""Play the plan forward without a screen: what would be shown, when, and which promises that keeps.

Uses the very board that ``plan`` picks from. A slot is played whole here, while the screen asks anew after each page:
the order of pages may differ where the day grows short within a slot, not what is kept.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from ledsign.playlist.entry import Entry
from ledsign.playlist.exposure import Exposure, Key
from ledsign.playlist.hours import later
from ledsign.playlist.item import Item
from ledsign.playlist.retention import bears_on
from ledsign.playlist.rotation import Slot
from ledsign.playlist.situation import PlanMode, Situation
from ledsign.policy import Policy
from ledsign.trust import ClockTrust

Outage = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Aired:
    """A turn that was on the screen from ``at`` on. ``mode`` is the plan's at that moment."""

    at: datetime
    slot: Slot
    mode: PlanMode


class Simulation:
    """A screen played forward from ``start``. ``exposures`` is brought up to date turn by turn; ``passes``
    counts complete showings by notice and local day. In an ``outage`` (begin, end) nothing is shown."""

    def __init__(
        self,
        items: Sequence[Item],
        exposures: Mapping[Key, Exposure],
        policy: Policy,
        start: datetime,
        screen: str,
        cancelled: Collection[str] = (),
        outages: Sequence[Outage] = (),
    ) -> None:
        self.items = items
        self.exposures = dict(exposures)
        self.at = start
        self.passes: dict[tuple[Key, date], int] = {}
        self._policy = policy
        self._screen = screen
        self._cancelled = cancelled
        self._outages = sorted(outages)

    def _situation(self) -> Situation:
        return Situation(
            self.items, self.exposures, self._policy, self.at, ClockTrust.TRUSTED, self._screen, self._cancelled
        )

    def _outage_end(self) -> datetime | None:
        return next((end for start, end in self._outages if start <= self.at < end), None)

    def run(self, until: datetime) -> Iterator[Aired]:
        """Show turn after turn until the clock reads ``until``; what leaves, enters or darkens does so on time."""
        while self.at < until:
            if (end := self._outage_end()) is not None:
                self.at = end
                continue
            situation = self._situation()
            edges = [*situation.edges, *(start for start, _ in self._outages if start > self.at), until]
            yield from self._stretch(situation, min(edges))

    def _stretch(self, situation: Situation, edge: datetime) -> Iterator[Aired]:
        """Turns up to the next edge of any window, or until a showing changes who is visible."""
        while self.at < edge:
            announced = situation.board.call(self.at)
            slot = situation.board.next(situation.phase(self.at), situation.lit)
            if slot is None:  # dark, or nothing to show
                self.at = edge
                return
            begun, key = self.at, (slot.notice_id, slot.revision)
            entry = situation.board.entry(slot)
            slot = _until(slot, entry, begun, min(edge, announced or edge))
            before = entry.exposure
            situation.board.shown(slot, begun, passes_min=self._policy.complete_passes_min)
            after = entry.exposure
            self.exposures[key] = after
            self.at = later(begun, slot.seconds)
            if after.day is not None and after.day_passes > before.passes_on(after.day):
                day = key, after.day
                self.passes[day] = self.passes.get(day, 0) + after.day_passes - before.passes_on(after.day)
            if bears_on(entry.notice, before, after, self._policy):
                edge = self.at
            yield Aired(begun, slot, situation.mode)


def _until(slot: Slot, entry: Entry, begun: datetime, edge: datetime) -> Slot:
    """The slot without the pages that would begin at ``edge`` or later: the plan is asked anew there."""
    if slot.count < 2 or later(begun, slot.seconds) <= edge:
        return slot
    pages = entry.dwells[slot.first : slot.first + slot.count]
    count = next((n for n in range(1, slot.count) if later(begun, sum(pages[:n])) >= edge), slot.count)
    return replace(slot, count=count, seconds=sum(pages[:count]))
