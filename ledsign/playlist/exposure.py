"""What has been shown of one notice revision: bookmark, passes, counted days. Values only, no clock.

The rotation keeps no index. Everything it needs to go on lies in these values, so a restart, a new notice or
a removed one cannot break a position that does not exist.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from ledsign.frame import AckLevel

Key: TypeAlias = tuple[str, int]
"""Notice id and revision: a correction is a new revision and starts with an empty account."""


class ShownKind(StrEnum):
    """What kind of page a row speaks of."""

    PAGE = "page"  # a page of the notice's body
    DIGEST = "digest"  # the notice in one sentence: a turn of its own that moves no bookmark
    FAILED = "failed"  # could not be drawn or was refused: passed over, never counted


@dataclass(frozen=True, slots=True)
class Shown:
    """One page's time on the panel, as the rotation needs it.

    ``n`` counts from 1 (0 for a digest). ``counts``: dwell completed, clock believed, acknowledged well enough.
    ``turn`` is copied from the Slot the page was shown in; ``air_s`` is the screen's total of seconds on air
    after this page, a clock that never jumps. ``at`` is the page's begin in the screen's zone; ``believed``: whether
    the clock that told it was; ``urgent``: in the turn of an urgent cut-in.
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
    believed: bool = True
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Exposure:
    """Account of one notice revision.

    ``bookmark``: index (from 0) of the page that comes next. ``turn``: number of its latest turn on the
    screen, 0 when it never had one; ``slice_s`` and ``slice_pages`` belong to that turn. ``day`` is the local
    day that ``day_passes`` and ``day_mask`` (bit *i*: page *i* was shown) speak of, ``prev_day`` the one counted
    before it; the masks start anew with each full pass. ``first_pass_at`` is the end of the first complete showing,
    ``pass_air_s`` the air time at the latest. ``seconds`` are those of pages; a digest has its own figures: the
    screen's air time after its latest one, that one's seconds, how many on its day (``page_air_s``: air time after
    the latest page of the body). ``turn_at``: when its latest turn began, None when no believed clock told;
    ``through_at``: when its last page was over latest; ``urgent``: whether that turn was an urgent cut-in. No
    date or time here is that of an unbelieved clock.
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
    prev_day: date | None = None
    prev_passes: int = 0
    page_air_s: float = 0.0
    digest_air_s: float = 0.0
    digest_s: float = 0.0
    digest_day: date | None = None
    day_digests: int = 0
    turn_at: datetime | None = None
    through_at: datetime | None = None
    pass_air_s: float = 0.0
    urgent: bool = False

    def passes_on(self, day: date) -> int:
        """Full passes on that local day, as far as it is the one being counted or the one before."""
        if self.day == day:
            return self.day_passes
        return self.prev_passes if self.prev_day == day else 0

    def digests_on(self, day: date) -> int:
        """Digest pages shown on that local day, as far as it is the latest with one."""
        return self.day_digests if self.digest_day == day else 0

    def mask_on(self, day: date) -> int:
        """Pages shown on that day since its latest full pass."""
        return self.day_mask if self.day == day else 0


NEVER = Exposure()


@dataclass(slots=True)
class _Count:
    """The counted part of an account while pages are added to it."""

    pages: int
    passes: int
    pass_mask: int
    first_pass_at: datetime | None
    last_pass_at: datetime | None
    counted_days: tuple[date, ...]
    day: date | None
    day_passes: int
    day_mask: int
    weakest: AckLevel | None
    prev_day: date | None
    prev_passes: int
    pass_air_s: float

    def void(self, pages: int) -> None:
        """Drawn anew with another page count: half passes mean nothing any more."""
        self.pages, self.pass_mask, self.day_mask = pages, 0, 0

    def _put_right(self, day: date) -> None:
        """The clock went back: what it said of days to come was never so. The term can only get longer by it."""
        self.counted_days = tuple(each for each in self.counted_days if each <= day)
        self.day, self.day_passes, self.day_mask = None, 0, 0
        self.prev_day, self.prev_passes = None, 0
        if self.first_pass_at is not None and self.first_pass_at.date() > day:
            self.first_pass_at = None

    def add(self, shown: Shown, passes_min: int) -> None:
        day, bit, full = shown.at.date(), 1 << (shown.n - 1), (1 << shown.of) - 1
        if self.day is not None and day < self.day:
            self._put_right(day)
        if day != self.day:
            self.prev_day, self.prev_passes = self.day, self.day_passes
            self.day, self.day_passes, self.day_mask = day, 0, 0
        if self.weakest is None or shown.ack < self.weakest:
            self.weakest = shown.ack
        self.pass_mask |= bit
        self.day_mask |= bit
        if self.pass_mask == full:
            self.passes, self.pass_mask = self.passes + 1, 0
            self.last_pass_at = shown.at + timedelta(seconds=shown.seconds)
            self.pass_air_s = shown.air_s
            self.first_pass_at = self.first_pass_at or self.last_pass_at
        if self.day_mask == full:
            self.day_passes, self.day_mask = self.day_passes + 1, 0
            if self.day_passes >= passes_min and day not in self.counted_days:
                self.counted_days = (*self.counted_days, day)


def _earlier(known: datetime | None, at: datetime) -> datetime:
    return at if known is None or at < known else known


def record_all(exposure: Exposure, pages: Iterable[Shown], passes_min: int = 1) -> Exposure:
    """The account after more pages. Only complete, believed, acknowledged dwell is counted; a page that was
    cut short leaves the bookmark where it is and is shown again from its start. A local day counts from its
    ``passes_min``-th full pass on."""
    count = _Count(
        exposure.pages, exposure.passes, exposure.pass_mask, exposure.first_pass_at, exposure.last_pass_at,
        exposure.counted_days, exposure.day, exposure.day_passes, exposure.day_mask, exposure.weakest,
        exposure.prev_day, exposure.prev_passes, exposure.pass_air_s,
    )  # fmt: skip
    bookmark, turn, air_s = exposure.bookmark, exposure.turn, exposure.air_s
    slice_s, slice_pages, seconds = exposure.slice_s, exposure.slice_pages, exposure.seconds
    began, latest = exposure.began_at, exposure.last_shown_at
    page_air_s, digest_air_s, digest_s = exposure.page_air_s, exposure.digest_air_s, exposure.digest_s
    digest_day, day_digests = exposure.digest_day, exposure.day_digests
    turn_at, through_at, urgent = exposure.turn_at, exposure.through_at, exposure.urgent
    for shown in pages:
        air_s = shown.air_s
        if shown.believed:
            latest, began = shown.at, _earlier(began, shown.at)
        if shown.n == 0:  # a digest, also one that the card refused: the next one waits all the same
            digest_air_s, digest_s = shown.air_s, shown.seconds
            if shown.complete and shown.believed:
                day_digests = day_digests + 1 if digest_day == shown.at.date() else 1
                digest_day = shown.at.date()
            continue
        if shown.turn != turn:
            turn, slice_s, slice_pages, turn_at = shown.turn, 0.0, 0, shown.at if shown.believed else None
        page_air_s, urgent = air_s, shown.urgent
        slice_s += shown.seconds
        seconds += shown.seconds
        if shown.of != count.pages:
            count.void(shown.of)
        if shown.complete or shown.kind is ShownKind.FAILED:
            bookmark, slice_pages = shown.n % shown.of, slice_pages + 1
            if bookmark == 0 and shown.believed:
                through_at = shown.at + timedelta(seconds=shown.seconds)
            if shown.counts and shown.kind is ShownKind.PAGE:
                count.add(shown, passes_min)
    return Exposure(
        bookmark, turn, air_s, slice_s, slice_pages, seconds, count.pages, began, latest, count.passes,
        count.pass_mask, count.first_pass_at, count.last_pass_at, count.counted_days, count.day,
        count.day_passes, count.day_mask, count.weakest, count.prev_day, count.prev_passes, page_air_s,
        digest_air_s, digest_s, digest_day, day_digests, turn_at, through_at,
        count.pass_air_s, urgent,
    )  # fmt: skip


def record(exposure: Exposure, shown: Shown, passes_min: int = 1) -> Exposure:
    """The account after one more page; see ``record_all``."""
    return record_all(exposure, (shown,), passes_min)
