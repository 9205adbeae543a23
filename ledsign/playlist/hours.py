"""Lawful, lit hours of the screen as pure functions of wall time.

A window is [open, close) in local minutes of the day. ``close`` may lie before ``open`` (over midnight); equal
ends mean a window of no length, never a whole day. Differences are taken in UTC, edges in local wall time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60


def seconds_between(start: datetime, end: datetime) -> float:
    """Elapsed seconds; wall-clock arithmetic inside one zone would ignore a change of its offset."""
    return (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()


def later(at: datetime, seconds: float) -> datetime:
    """``seconds`` of elapsed time after ``at``, never past the end of the calendar."""
    try:
        moved = at + timedelta(seconds=seconds)
        if moved.utcoffset() == at.utcoffset():  # the zone's offset did not change between: by far the usual case
            return moved
        return (at.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(at.tzinfo)
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo)


@dataclass(frozen=True, slots=True)
class Piece:
    """An unbroken span of lit time, all of it by day or all of it by night. ``share``: the part of it that is
    certain to be left to ordinary notices."""

    start: datetime
    end: datetime
    night: bool
    seconds: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Light:
    """Seconds of lit time by day and by night."""

    day_s: float
    night_s: float = 0.0

    @property
    def seconds(self) -> float:
        return self.day_s + self.night_s

    def work(self, stretch: float) -> float:
        """Seconds of showing, at daytime dwell, that fit when night makes every page ``stretch`` times as long."""
        return self.day_s + self.night_s / stretch


def light_of(pieces: Iterable[Piece]) -> Light:
    """Sum of what the pieces leave to ordinary notices."""
    day = night = 0.0
    for piece in pieces:
        if piece.night:
            night += piece.seconds * piece.share
        else:
            day += piece.seconds * piece.share
    return Light(day, night)


def parted(pieces: Iterable[Piece], start: datetime, end: datetime, share: float) -> tuple[Piece, ...]:
    """The pieces cut at both ends of a span; inside it no more than ``share`` is left. What keeps nothing is gone."""
    found = []
    for piece in pieces:
        marks = [piece.start, *(edge for edge in (start, end) if piece.start < edge < piece.end), piece.end]
        for begin, over in pairwise(marks):
            left = min(piece.share, share) if start <= begin < end else piece.share
            if left:
                found.append(replace(piece, start=begin, end=over, seconds=seconds_between(begin, over), share=left))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The lit time of a local day (in UTC, at least one piece), and how much longer pages stay by night at most."""

    pieces: tuple[Piece, ...]
    stretch: float

    def latest(self, work_s: float) -> datetime:
        """The latest moment at which so much work (``Light.work``) still fits in before the day's midnight; before
        its first light when even all of the day is too short."""
        for piece in reversed(self.pieces):
            rate = (self.stretch if piece.night else 1.0) / piece.share
            if piece.seconds >= work_s * rate:
                return piece.end - timedelta(seconds=work_s * rate)
            work_s -= piece.seconds / rate
        return self.pieces[0].start - timedelta(seconds=work_s)


def deadline_of(pieces: Iterable[Piece], stretch: float) -> Deadline | None:
    """How late work may begin in the pieces of a day; None without any."""
    found = [replace(each, start=each.start.astimezone(UTC), end=each.end.astimezone(UTC)) for each in pieces]
    return Deadline(tuple(found), stretch) if found else None


@dataclass(frozen=True, slots=True)
class Hours:
    """Daily lit window: minutes after local midnight, ``close`` up to 1440. Night runs from ``night_min`` until
    the window opens."""

    open_min: int
    close_min: int
    zone: ZoneInfo
    night_min: int = DAY_MINUTES

    @property
    def lit_seconds(self) -> int:
        """Nominal length of the window."""
        span = self.close_min - self.open_min
        return 60 * (span if span >= 0 else span + DAY_MINUTES)

    def is_night(self, at: datetime) -> bool:
        """Whether the night rules hold at that local time (the policy's own rule)."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return minute >= self.night_min or minute < self.open_min

    def pieces(self, day: date) -> tuple[Piece, ...]:
        """The lit time of a local day, in order, cut where night begins or ends."""
        return _pieces(self, day)

    def light(self, day: date) -> Light:
        """The lit time of a local day."""
        return light_of(self.pieces(day))

    def moment(self, day: date, minutes: int) -> datetime:
        """``minutes`` after that day's local midnight, by the wall clock."""
        return self._at(day, minutes)

    def _at(self, day: date, minutes: int) -> datetime:
        extra, minutes = divmod(minutes, DAY_MINUTES)
        day += timedelta(days=extra)
        return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=self.zone)

    def window(self, at: datetime) -> tuple[datetime, datetime] | None:
        """The lit window that holds ``at``, or None in the dark."""
        local = at.astimezone(self.zone)
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            close = self.close_min + (DAY_MINUTES if self.close_min < self.open_min else 0)
            start, end = self._at(day, self.open_min), self._at(day, close)
            if start <= local < end:
                return start, end
        return None

    def deadline(self, day: date, stretch: float) -> "Deadline | None":
        """How late work may begin on that local day; None on a day without light."""
        return deadline_of(self.pieces(day), stretch)

    def night_edges(self, at: datetime) -> tuple[datetime, ...]:
        """The next moment at which night begins while the screen is lit (its end is ``next_open``)."""
        if self.night_min >= DAY_MINUTES:
            return ()
        local = at.astimezone(self.zone)
        start = self._at(local.date(), self.night_min)
        start = start if start > local else self._at(local.date() + timedelta(days=1), self.night_min)
        return () if self.window(start) is None else (start,)

    def next_open(self, at: datetime) -> datetime:
        """Begin of the first window after ``at``."""
        local = at.astimezone(self.zone)
        start = self._at(local.date(), self.open_min)
        return start if start > local else self._at(local.date() + timedelta(days=1), self.open_min)

    def midnight(self, at: datetime) -> datetime:
        """The next local midnight after ``at``."""
        local = at.astimezone(self.zone)
        if local.date() == date.max:
            return datetime.max.replace(tzinfo=self.zone)
        return self._at(local.date() + timedelta(days=1), 0)


@lru_cache(maxsize=64)
def _pieces(hours: Hours, day: date) -> tuple[Piece, ...]:
    """Cut the local day at every edge of window and night; keep what is lit."""
    last = day == date.max
    marks = {0, hours.open_min, hours.close_min, hours.night_min, DAY_MINUTES}
    edges = sorted(mark for mark in marks if mark < DAY_MINUTES)
    moments = [hours.moment(day, mark) for mark in edges]
    moments.append(datetime.max.replace(tzinfo=hours.zone) if last else hours.moment(day, DAY_MINUTES))
    found = []
    for start, end in pairwise(moments):
        if start < end and hours.window(start) is not None:
            found.append(Piece(start, end, hours.is_night(start), seconds_between(start, end)))
    return tuple(found)
