"""A notice on the rotation's board: its pages, its account, and what it is still owed today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from ledsign.notice import Notice
from ledsign.playlist.exposure import Exposure
from ledsign.playlist.preempt import Level

SLICE_S = 90.0


class Phase(IntEnum):
    """How short the day's time is."""

    RELAXED = 0
    QUOTA = 1  # only notices that owe passes take turns
    DAY = 2  # only notices whose day does not count yet


def pages_within(dwells: Sequence[float], first: int, budget_s: float) -> int:
    """How many pages from ``first`` on fit into the budget; at least one, never past the last."""
    count, used = 1, dwells[first]
    while first + count < len(dwells) and used + dwells[first + count] <= budget_s:
        used += dwells[first + count]
        count += 1
    return count


def slices(dwells: Sequence[float]) -> int:
    """Turns that one complete showing takes."""
    first = turns = 0
    while first < len(dwells):
        first += pages_within(dwells, first, SLICE_S)
        turns += 1
    return turns


@dataclass(slots=True)
class Entry:
    """A notice that may be shown now, on the rotation's board."""

    notice: Notice
    dwells: tuple[float, ...]  # as they are now, by day or by night
    work: tuple[float, ...]  # by day: what a page pays off of a day's debt
    digest_s: float | None
    exposure: Exposure
    level: Level
    until: datetime | None
    urgency_weight: int
    passes_owed: int  # complete showings promised for today
    loop_s: float  # one showing by day
    weight: int
    arrived_at: datetime | None = None
    announced_at: datetime | None = None  # of a long one: when its full text runs today
    announced: bool = False  # ... and that has come
    least: int = 1  # of those promised: what makes the day count
    debt_s: float = 0.0
    first_debt_s: float = 0.0
    pages_left: int = 0  # of today's running pass

    @property
    def session(self) -> bool:
        """Whether it is a long one whose full text runs at an announced time."""
        return self.announced_at is not None

    @property
    def bookmark(self) -> int:
        """Index of the page that comes next; an announced showing starts at the beginning."""
        if self._begins_anew or self.exposure.bookmark >= len(self.dwells):
            return 0
        return self.exposure.bookmark

    @property
    def _begins_anew(self) -> bool:
        """Whether its latest turn began before the announced showing: on another day, at a time nobody knows, today
        introducing it or for want of anything else to show. On a day so short that it had to begin early it goes on
        instead: to show pages again would cost the others."""
        latest = self.exposure.turn_at
        if self.announced_at is None:
            return False
        if latest is None or latest.date() != self.announced_at.date():
            return True
        introduced = self.exposure.bookmark <= pages_within(self.dwells, 0, SLICE_S)
        return self.announced and latest < self.announced_at and (introduced or not self.debt_s)

    @property
    def unfinished(self) -> bool:
        """Whether its latest slice was broken off: time is left in it and it has not reached the end."""
        exposure = self.exposure
        if not exposure.slice_s or (self.bookmark == 0 and exposure.slice_pages):
            return False
        return exposure.slice_s + self.dwells[self.bookmark] <= SLICE_S

    @property
    def first_slice(self) -> bool:
        """Whether its first turn ever is its latest."""
        return self.exposure.seconds <= self.exposure.slice_s

    def came_during(self, running: "Entry") -> bool:
        """Whether it was never shown and arrived after ``running`` had first been shown."""
        began = running.exposure.began_at
        if self.exposure.turn or self.arrived_at is None or began is None:
            return False
        return self.arrived_at > began

    def owes(self, phase: Phase) -> bool:
        """Whether it may take a turn in that phase."""
        if phase is Phase.RELAXED:
            return True
        return (self.debt_s if phase is Phase.QUOTA else self.first_debt_s) > 0

    @property
    def running_session(self) -> bool:
        """Whether its announced showing is going on: until its last page, and until nothing is owed any more."""
        if not self.announced or self.announced_at is None:
            return False
        through = self.exposure.through_at
        return self.debt_s > 0 or through is None or through <= self.announced_at

    @property
    def begun(self) -> bool:
        """Whether it had a turn since its announced time."""
        latest = self.exposure.turn_at
        return latest is not None and self.announced_at is not None and latest >= self.announced_at

    @property
    def waits(self) -> bool:
        """Whether it takes no turn before its announced time, once it has been introduced."""
        return self.session and self.exposure.turn > 0 and not self.running_session

    def limit(self, phase: Phase) -> int:
        """Pages after which it owes nothing more in that phase; the rest of a slice would cost the others."""
        owed = self.first_debt_s if phase is Phase.DAY else self.debt_s
        last_pass = phase is not Phase.RELAXED and owed <= self.loop_s
        return self.pages_left if last_pass and self.pages_left else len(self.dwells)

    def owe(self, today: date) -> None:
        """Work out what is still owed today, in seconds by day: until the day counts, the whole quota."""
        passes, mask = self.exposure.passes_on(today), self.exposure.mask_on(today)
        if len(self.dwells) != self.exposure.pages:
            mask = 0
        missing = self.passes_owed - passes
        self.pages_left = len(self.dwells) - mask.bit_count()
        if missing <= 0:
            self.debt_s = self.first_debt_s = 0.0
            return
        rest = self.loop_s
        if mask:
            rest -= sum(dwell for index, dwell in enumerate(self.work) if mask >> index & 1)
        self.debt_s = (missing - 1) * self.loop_s + rest
        first = min(self.least, self.passes_owed) - passes
        self.first_debt_s = (first - 1) * self.loop_s + rest if first > 0 else 0.0
