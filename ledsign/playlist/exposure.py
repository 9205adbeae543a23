"""What has been shown of one notice revision: bookmark, passes, counted days. Values only, no clock.

The rotation keeps no index. Everything it needs to go on lies in these values, so a restart, a new notice or
a removed one cannot break a position that does not exist.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from ledsign.frame import AckLevel

Key: TypeAlias = tuple[str, int]
"""Notice id and revision: a correction is a new revision and starts with an empty account."""


class ShownKind(StrEnum):
    """What kind of page a row speaks of."""

    PAGE = "page"  # a page of the notice's body
    DIGEST = "digest"  # the sentence before a slice; it moves no bookmark
    FAILED = "failed"  # could not be drawn or was refused: passed over, never counted


@dataclass(frozen=True, slots=True)
class Shown:
    """One page's time on the panel, as the rotation needs it.

    ``n`` counts from 1 (0 for a digest). ``counts``: dwell completed, clock believed, acknowledged well enough.
    ``turn`` is copied from the Slot the page was shown in; ``air_s`` is the screen's total of seconds on air
    after this page, a clock that never jumps. ``at`` is the page's begin in the screen's zone.
    """

    n: int
    of: int
    kind: ShownKind
    at: datetime
    seconds: float
    complete: bool
    counts: bool
    ack: AckLevel
    turn: int
    air_s: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """Account of one notice revision.

    ``bookmark``: index (from 0) of the page that comes next. ``turn``: number of its latest turn on the
    screen, 0 when it never had one; ``slice_s`` and ``slice_pages`` belong to that turn. ``day`` is the local
    day that ``day_passes`` and ``day_mask`` (bit *i*: page *i* was shown) speak of; the masks start anew with
    each full pass. ``last_shown_at`` never goes back, whatever the clock does; ``first_pass_at`` is the end of
    the first complete showing.
    """

    bookmark: int = 0
    turn: int = 0
    air_s: float = 0.0
    slice_s: float = 0.0
    slice_pages: int = 0
    seconds: float = 0.0
    pages: int = 0
    began_at: datetime | None = None
    last_shown_at: datetime | None = None
    passes: int = 0
    pass_mask: int = 0
    first_pass_at: datetime | None = None
    last_pass_at: datetime | None = None
    counted_days: tuple[date, ...] = ()
    day: date | None = None
    day_passes: int = 0
    day_mask: int = 0
    weakest: AckLevel | None = None

    def passes_on(self, day: date) -> int:
        """Full passes on that local day, as far as it is the one being counted."""
        return self.day_passes if self.day == day else 0

    def mask_on(self, day: date) -> int:
        """Pages shown on that day since its latest full pass."""
        return self.day_mask if self.day == day else 0


NEVER = Exposure()


def record(exposure: Exposure, shown: Shown, passes_min: int = 1) -> Exposure:
    """The account after one more page. Only complete, believed, acknowledged dwell is counted; a page that was
    cut short leaves the bookmark where it is and is shown again from its start. A local day counts from its
    ``passes_min``-th full pass on."""
    fresh = shown.turn != exposure.turn
    after = replace(
        exposure,
        turn=shown.turn,
        air_s=shown.air_s,
        slice_s=shown.seconds + (0.0 if fresh else exposure.slice_s),
        slice_pages=0 if fresh else exposure.slice_pages,
        seconds=exposure.seconds + shown.seconds,
        began_at=exposure.began_at or shown.at,
        last_shown_at=max(exposure.last_shown_at or shown.at, shown.at),
    )
    if shown.of and shown.of != after.pages:  # drawn anew with another page count: half passes are void
        after = replace(after, pages=shown.of, pass_mask=0, day_mask=0)
    if shown.kind is ShownKind.DIGEST or not (shown.complete or shown.kind is ShownKind.FAILED):
        return after
    after = replace(after, bookmark=shown.n % shown.of, slice_pages=after.slice_pages + 1)
    if shown.kind is ShownKind.FAILED or not shown.counts:
        return after
    return _count(after, shown, passes_min)


def _count(exposure: Exposure, shown: Shown, passes_min: int) -> Exposure:
    full = (1 << shown.of) - 1
    bit = 1 << (shown.n - 1)
    end = shown.at + timedelta(seconds=shown.seconds)
    day = shown.at.date()
    weakest = shown.ack if exposure.weakest is None else min(exposure.weakest, shown.ack)
    pass_mask = exposure.pass_mask | bit
    day_mask = exposure.mask_on(day) | bit
    day_passes = exposure.passes_on(day)
    passes, first, last, days = exposure.passes, exposure.first_pass_at, exposure.last_pass_at, exposure.counted_days
    if pass_mask == full:
        passes, first, last, pass_mask = passes + 1, first or end, end, 0
    if day_mask == full:
        day_passes, day_mask = day_passes + 1, 0
        if day_passes >= passes_min and day not in days:
            days = (*days, day)
    return replace(
        exposure,
        weakest=weakest,
        passes=passes,
        pass_mask=pass_mask,
        first_pass_at=first,
        last_pass_at=last,
        counted_days=days,
        day=day,
        day_passes=day_passes,
        day_mask=day_mask,
    )
