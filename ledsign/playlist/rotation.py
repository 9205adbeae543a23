"""Whose turn is next, and which pages of it: least recently shown, weighted by what each notice needs.

A turn is a slice of at most 90 s. In the ordinary lane the notice with the greatest (turns since its last
one) x (weight) is next, a never shown one before all others; with equal weights that is plain
least-recently-shown. The weight is the number of turns the notice needs a day times the policy's weight of
its urgency, so that a roster of fifty slices and a notice of one page finish their quotas side by side.
Greatest-age-first is the "cut the tallest bamboo" rule: no weighted age exceeds four times the sum of all
weights (Kuszmaul, Bamboo Trimming Revisited, SPAA 2022), which bounds every notice's gap.

When the lit time left is just enough for what is still owed today, only indebted notices take turns. Digest
pages have turns of their own between the slices, each notice's at even distances of air time, and never more
than a quarter of it. A long roster runs at its announced time (``announce``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ledsign.frame import AckLevel
from ledsign.playlist.capacity import USABLE
from ledsign.playlist.digest import DIGEST_SHARE, NO_DIGESTS, Digests
from ledsign.playlist.entry import SLICE_S, Entry, Phase, pages_within
from ledsign.playlist.exposure import Exposure, Shown, ShownKind, record_all
from ledsign.playlist.hours import Deadline
from ledsign.playlist.lane import Lane
from ledsign.playlist.preempt import STATUTORY_FLOOR, Level, urgent_due

_OTHERS = 1 / DIGEST_SHARE - 1  # seconds of other pages for each second of a digest
GAP_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """One notice's turn. ``first`` is the index of its first page (page number - 1), ``count`` the pages.

    ``digest``: a turn of its digest page alone (``count`` is 0). ``turn`` goes into every row shown in this slot.
    ``ends_at``: moment at which it must be dark whatever happens, None when no date ends it by itself.
    """

    notice_id: str
    revision: int
    first: int
    count: int
    level: Level
    ends_at: datetime | None
    digest: bool
    turn: int
    seconds: float


def _latest(entries: Sequence[Entry]) -> Entry:
    return max(entries, key=lambda entry: entry.exposure.turn)


def _least_recent(entries: Sequence[Entry]) -> Entry:
    """Of those never shown the first in the lane's order."""
    return min(entries, key=lambda entry: entry.exposure.turn)


class Board:
    """The active entries in their lanes. ``next`` names the coming turn, ``shown`` writes a turn down."""

    def __init__(
        self,
        emergency: Sequence[Entry],
        urgent: Sequence[Entry],
        ordinary: Sequence[Entry],
        today: date,
        turn: int,
        air_s: float,
        urgent_shown: Exposure | None,
        digests: Digests = NO_DIGESTS,
        digest_shown: Exposure | None = None,
    ) -> None:
        self.emergency = emergency
        self.urgent = urgent
        self.ordinary = ordinary
        self.today = today
        self.turn = turn
        self.air_s = air_s
        self._urgent_shown = urgent_shown  # account of whatever urgent notice had the latest urgent turn
        self.digests = digests
        self._digest_shown = digest_shown  # account of whatever notice had the latest digest page
        for entry in ordinary:
            entry.owe(today)
        self._lane = Lane(ordinary)
        self._entries = {entry.notice.id: entry for lane in (emergency, urgent, ordinary) for entry in lane}
        self.debt_s = sum(entry.debt_s for entry in ordinary)
        self.first_debt_s = sum(entry.first_debt_s for entry in ordinary)

    def call(self, at: datetime) -> datetime | None:
        """Let the announced showings begin whose time has come; returns the next announced time, None without."""
        coming = None
        for entry in self._lane.sessions:
            if entry.announced or entry.announced_at is None:
                continue
            entry.announced = entry.announced_at <= at
            if not entry.announced:
                coming = entry.announced_at if coming is None else min(coming, entry.announced_at)
        return coming

    def phase_edges(self, deadline: Deadline) -> tuple[datetime, datetime]:
        """Moments at which ``QUOTA`` and ``DAY`` begin if nothing more is shown until then. Digests have their
        share and all of one round set aside in front of the quotas, but not in front of the day's first showings."""
        slack = SLICE_S  # a surplus turn may have just begun
        quota = slack + self.digests.round_s + self.debt_s / (USABLE - self.digests.share)
        return deadline.latest(quota), deadline.latest(slack + self.first_debt_s / USABLE)

    def phase(self, at: datetime, deadline: Deadline) -> Phase:
        """How short time is at ``at``, for the promises of the deadline's day."""
        quota, day = self.phase_edges(deadline)
        if self.first_debt_s > 0 and at >= day:
            return Phase.DAY
        return Phase.QUOTA if self.debt_s > 0 and at >= quota else Phase.RELAXED

    def gap_bound_s(self, entry: Entry) -> float:
        """Seconds of lit time within which the notice is on again, as long as the day is not short: the bound on
        its weighted age, every turn reckoned as the longest, with room for digests, sessions and urgents."""
        longest = max(SLICE_S, *(max(each.dwells) for each in self.ordinary))
        turns = GAP_FACTOR * sum(each.weight for each in self.ordinary) / entry.weight + 1
        sessions = 2.0 if any(each.session for each in self.ordinary) else 1.0
        return turns * longest * sessions / (1 - DIGEST_SHARE) / (STATUTORY_FLOOR if self.urgent else 1.0)

    def next(self, phase: Phase, lit: bool) -> Slot | None:
        """The coming turn; None when nothing may be shown. In the dark only emergencies are."""
        if self.emergency:
            return self._slot(self._alone(self.emergency), Phase.QUOTA)
        if not lit:
            return None
        entry, running = self._urgent_turn(), self._lane.running
        if entry is None and running is not None:
            entry = self._ordinary_turn(phase, running)
            digest = self._digest_turn(entry, phase, running)
            if digest is not None:
                return self._digest_slot(digest)
        return None if entry is None else self._slot(entry, phase)

    def _digest_turn(self, coming: Entry, phase: Phase, running: Entry) -> Entry | None:
        """Whose digest page comes before the slice of ``coming``: its own when that is due, else the one shown
        longest ago; None inside a slice, before another's first slice, and while digests had their share."""
        if self.urgent or phase > (Phase.QUOTA if self.digests.shows else Phase.RELAXED):
            return None
        if coming is running and coming.unfinished:
            return None
        entry: Entry | None = coming
        if not self._digest_due(coming):
            entry = self._lane.longest_silent if coming.exposure.turn else None
        if entry is None or not self._digest_due(entry):
            return None
        return entry if self._digest_paid(entry, running.exposure) else None

    def _digest_paid(self, entry: Entry, slice_: Exposure) -> bool:
        """Whether the quarter allows it: either the slice before pays for the digests after it, or enough was on
        air since the latest digest."""
        after = self.air_s - slice_.page_air_s + (entry.digest_s or 0.0)
        if slice_.turn and after <= slice_.slice_s / _OTHERS:
            return True
        latest = self._digest_shown
        return latest is None or self.air_s - latest.digest_air_s >= latest.digest_s * _OTHERS

    def _digest_due(self, entry: Entry) -> bool:
        exposure = entry.exposure
        if entry.digest_s is None:
            return False
        return not exposure.digest_air_s or self.air_s - exposure.digest_air_s >= self.digests.every_s

    def _digest_slot(self, entry: Entry) -> Slot:
        return Slot(
            notice_id=entry.notice.id,
            revision=entry.notice.revision,
            first=entry.bookmark,
            count=0,
            level=entry.level,
            ends_at=entry.until,
            digest=True,
            turn=self.turn + 1,
            seconds=entry.digest_s or 0.0,
        )

    @staticmethod
    def _alone(entries: Sequence[Entry]) -> Entry:
        """Whose turn it is among entries that share the screen: a new one at once, else turn about."""
        waiting = _least_recent(entries)
        running = _latest(entries)
        return running if waiting.exposure.turn and running.unfinished else waiting

    def _urgent_turn(self) -> Entry | None:
        if not self.urgent:
            return None
        ordinary = self._lane.running
        if ordinary is None:
            return self._alone(self.urgent)
        running = _latest(self.urgent)
        if running.exposure.turn > ordinary.exposure.turn and running.unfinished:
            return running
        shown = self._urgent_shown
        if shown is not None and not urgent_due(shown.slice_s, self.air_s - shown.air_s):
            return None
        waiting = _least_recent(self.urgent)
        if waiting.exposure.turn and ordinary.unfinished:
            return None  # only a new urgent notice breaks off a running slice
        return waiting

    def _ordinary_turn(self, phase: Phase, running: Entry) -> Entry:
        newest = self._lane.newest
        if newest is not None and newest.came_during(running):
            return newest  # lit within seconds of its arrival, whatever is running
        if running.unfinished and running.owes(phase) and (running.first_slice or newest is None):
            return running  # what was there before, though never shown, waits for another newcomer's first slice
        sessions = [entry for entry in self._lane.sessions if entry.running_session and entry.owes(phase)]
        # one whose time has come is on at once, also when the one before it is not quite over
        session = min(sessions, key=lambda entry: (entry.begun, entry.exposure.turn), default=None)
        if session is not None and session is not running:
            return session
        return self._lane.greatest_age(phase, self.turn + 1, session) or session or running

    def _slot(self, entry: Entry, phase: Phase) -> Slot:
        first, exposure = entry.bookmark, entry.exposure
        goes_on = entry.unfinished and entry is self._running(entry)
        count = pages_within(entry.dwells, first, SLICE_S - (exposure.slice_s if goes_on else 0.0))
        if entry.level < Level.URGENT:
            count = min(count, entry.limit(phase))
            if not all(urgent.exposure.turn for urgent in self.urgent):
                count = 1  # a new urgent notice breaks off the slice as soon as the others had their share
        return Slot(
            notice_id=entry.notice.id,
            revision=entry.notice.revision,
            first=first,
            count=count,
            level=entry.level,
            ends_at=entry.until,
            digest=False,
            turn=exposure.turn if goes_on else self.turn + 1,
            seconds=sum(entry.dwells[first : first + count]),
        )

    def _running(self, entry: Entry) -> Entry | None:
        """Who had the latest turn in the entry's lane."""
        if entry.level >= Level.EMERGENCY:
            return _latest(self.emergency)
        return _latest(self.urgent) if entry.level is Level.URGENT else self._lane.running

    def entry(self, slot: Slot) -> Entry:
        """The entry whose turn the slot is."""
        return self._entries[slot.notice_id]

    def shown(self, slot: Slot, at: datetime, counts: bool = True, passes_min: int = 1) -> Entry:
        """Write the slot down as shown from ``at`` on, page after page; returns its entry."""
        entry = self.entry(slot)
        entry.exposure = record_all(entry.exposure, self._pages(entry, slot, at, counts), passes_min)
        exposure = entry.exposure
        if entry.level < Level.URGENT:
            self._lane.shown(entry, slot.digest)
        if slot.digest:
            self._digest_shown = exposure
            return entry
        self.turn = max(self.turn, slot.turn)
        if entry.level is Level.URGENT:
            self._urgent_shown = exposure
        elif entry.level < Level.EMERGENCY:
            debt, first = entry.debt_s, entry.first_debt_s
            entry.owe(self.today)
            self.debt_s += entry.debt_s - debt
            self.first_debt_s += entry.first_debt_s - first
        return entry

    def _pages(self, entry: Entry, slot: Slot, at: datetime, counts: bool) -> Iterator[Shown]:
        of = len(entry.dwells)
        if slot.digest and entry.digest_s is not None:
            self.air_s += entry.digest_s
            yield Shown(
                0, 0, ShownKind.DIGEST, at, entry.digest_s, True, False, AckLevel.ACKED, slot.turn, self.air_s
            )
            at += timedelta(seconds=entry.digest_s)
        for index in range(slot.first, slot.first + slot.count):
            dwell = entry.dwells[index]
            self.air_s += dwell
            yield Shown(
                index + 1, of, ShownKind.PAGE, at, dwell, True, counts, AckLevel.ACKED, slot.turn, self.air_s,
                urgent=slot.level is Level.URGENT,
            )  # fmt: skip
            at += timedelta(seconds=dwell)
