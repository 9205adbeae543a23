"""Whose turn is next, and which pages of it: least recently shown, weighted by what each notice needs.

A turn is a slice of at most 90 s. In the ordinary lane the notice with the greatest (turns since its last
one) x (weight) is next, a never shown one before all others; with equal weights that is plain
least-recently-shown. The weight is the number of turns the notice needs a day times the policy's weight of
its urgency, so that a roster of fifty slices and a notice of one page finish their quotas side by side.
Greatest-age-first is the "cut the tallest bamboo" rule: no weighted age exceeds four times the sum of all
weights (Kuszmaul, Bamboo Trimming Revisited, SPAA 2022), which bounds every notice's gap.

When the lit time left is just enough for what is still owed today, only indebted notices take turns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ledsign.frame import AckLevel
from ledsign.playlist.capacity import USABLE
from ledsign.playlist.entry import SLICE_S, Entry, Phase, pages_within
from ledsign.playlist.exposure import Exposure, Shown, ShownKind, record_all
from ledsign.playlist.preempt import STATUTORY_FLOOR, Level, urgent_due

DIGEST_SHARE = 0.25  # of a turn, hence at most of the air time
GAP_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """One notice's turn. ``first`` is the index of its first page (page number - 1), ``count`` the pages.

    ``digest``: its digest page comes before them. ``turn`` goes into every row shown in this slot.
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
    ) -> None:
        self.emergency = emergency
        self.urgent = urgent
        self.ordinary = ordinary
        self.today = today
        self.turn = turn
        self.air_s = air_s
        self._urgent_shown = urgent_shown  # account of whatever urgent notice had the latest urgent turn
        for entry in ordinary:
            entry.owe(today)
        self.debt_s = sum(entry.debt_s for entry in ordinary)
        self.first_debt_s = sum(entry.first_debt_s for entry in ordinary)

    def phase_edges(self, deadline: datetime) -> tuple[datetime, datetime]:
        """Moments at which ``QUOTA`` and ``DAY`` begin if nothing more is shown until then."""
        share = USABLE * (STATUTORY_FLOOR if self.urgent else 1.0)
        end = deadline.astimezone(UTC) - timedelta(seconds=SLICE_S)  # a surplus turn may have just begun
        quota = end - timedelta(seconds=self.debt_s / share)
        return quota, end - timedelta(seconds=self.first_debt_s / share)

    def phase(self, at: datetime, deadline: datetime) -> Phase:
        """How short time is at ``at``; ``deadline``: when the day's lit time is used up."""
        quota, day = self.phase_edges(deadline)
        if self.first_debt_s > 0 and at >= day:
            return Phase.DAY
        return Phase.QUOTA if self.debt_s > 0 and at >= quota else Phase.RELAXED

    def next(self, phase: Phase, lit: bool) -> Slot | None:
        """The coming turn; None when nothing may be shown. In the dark only emergencies are."""
        if self.emergency:
            return self._slot(self._alone(self.emergency), Phase.QUOTA)
        if not lit:
            return None
        entry = self._urgent_turn()
        if entry is None and self.ordinary:
            entry = self._ordinary_turn(phase)
        return None if entry is None else self._slot(entry, phase)

    @staticmethod
    def _alone(entries: Sequence[Entry]) -> Entry:
        """Whose turn it is among entries that share the screen: a new one at once, else turn about."""
        waiting = _least_recent(entries)
        running = _latest(entries)
        return running if waiting.exposure.turn and running.unfinished else waiting

    def _urgent_turn(self) -> Entry | None:
        if not self.urgent:
            return None
        if not self.ordinary:
            return self._alone(self.urgent)
        running, ordinary = _latest(self.urgent), _latest(self.ordinary)
        if running.exposure.turn > ordinary.exposure.turn and running.unfinished:
            return running
        shown = self._urgent_shown
        if shown is not None and not urgent_due(shown.slice_s, self.air_s - shown.air_s):
            return None
        waiting = _least_recent(self.urgent)
        if waiting.exposure.turn and ordinary.unfinished:
            return None  # only a new urgent notice breaks off a running slice
        return waiting

    def _ordinary_turn(self, phase: Phase) -> Entry:
        running = _latest(self.ordinary)
        fresh = [(entry.arrived_at, entry.notice.id, entry) for entry in self.ordinary if entry.came_during(running)]
        if fresh:  # lit within seconds of its arrival, whatever is running
            return max(fresh)[2]
        waiting = not all(entry.exposure.turn for entry in self.ordinary)
        if running.unfinished and running.owes(phase) and (running.first_slice or not waiting):
            return running  # what was there before, though never shown, waits for another newcomer's first slice
        coming = self.turn + 1
        best, best_rank = running, (-1, -1.0, -1)
        for entry in self.ordinary:
            if not entry.owes(phase):
                continue
            turn = entry.exposure.turn
            rank = (0, float((coming - turn) * entry.weight), entry.urgency_weight)
            if not turn:
                rank = (1, entry.arrived_at.timestamp() if entry.arrived_at else 0.0, entry.urgency_weight)
            if rank > best_rank or (rank == best_rank and entry.notice.id < best.notice.id):
                best, best_rank = entry, rank
        return best

    def _slot(self, entry: Entry, phase: Phase) -> Slot:
        first, exposure = entry.bookmark, entry.exposure
        goes_on = entry.unfinished and exposure.turn == max(
            other.exposure.turn for other in self._lane(entry)
        )
        digest_s = 0.0
        count = pages_within(entry.dwells, first, SLICE_S - (exposure.slice_s if goes_on else 0.0))
        if entry.level < Level.URGENT:
            count = min(count, entry.limit(phase))
        if entry.digest_s is not None and phase is Phase.RELAXED and not goes_on:
            fewer = pages_within(entry.dwells, first, SLICE_S - entry.digest_s)
            body = sum(entry.dwells[first : first + fewer])
            if entry.digest_s <= DIGEST_SHARE * (body + entry.digest_s):
                digest_s, count = entry.digest_s, fewer
        return Slot(
            notice_id=entry.notice.id,
            revision=entry.notice.revision,
            first=first,
            count=count,
            level=entry.level,
            ends_at=entry.until,
            digest=digest_s > 0,
            turn=exposure.turn if goes_on else self.turn + 1,
            seconds=digest_s + sum(entry.dwells[first : first + count]),
        )

    def _lane(self, entry: Entry) -> Sequence[Entry]:
        if entry.level is Level.EMERGENCY:
            return self.emergency
        return self.urgent if entry.level is Level.URGENT else self.ordinary

    def entry(self, slot: Slot) -> Entry:
        """The entry whose turn the slot is."""
        lanes = (self.emergency, self.urgent, self.ordinary)
        return next(e for lane in lanes for e in lane if e.notice.id == slot.notice_id)

    def shown(self, slot: Slot, at: datetime, counts: bool = True, passes_min: int = 1) -> Entry:
        """Write the slot down as shown from ``at`` on, page after page; returns its entry."""
        entry = self.entry(slot)
        entry.exposure = record_all(entry.exposure, self._pages(entry, slot, at, counts), passes_min)
        exposure = entry.exposure
        self.turn = max(self.turn, slot.turn)
        if entry.level is Level.URGENT:
            self._urgent_shown = exposure
        elif entry.level is not Level.EMERGENCY:
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
                index + 1, of, ShownKind.PAGE, at, dwell, True, counts, AckLevel.ACKED, slot.turn, self.air_s
            )
            at += timedelta(seconds=dwell)
