"""Lawful, lit hours of the screen as pure functions of wall time.

A window is [open, close) in local minutes of the day. ``close`` may lie before ``open`` (over midnight); equal
ends mean a window of no length, never a whole day. Differences are taken in UTC, edges in local wall time.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60


def seconds_between(start: datetime, end: datetime) -> float:
    """Elapsed seconds; wall-clock arithmetic inside one zone would ignore a change of its offset."""
    return (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()


def later(at: datetime, seconds: float) -> datetime:
    """``seconds`` of elapsed time after ``at``, never past the end of the calendar."""
    try:
        return (at.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(at.tzinfo)
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo)


@dataclass(frozen=True, slots=True)
class Hours:
    """Daily lit window: minutes after local midnight, ``close`` up to 1440."""

    open_min: int
    close_min: int
    zone: ZoneInfo

    @property
    def lit_seconds(self) -> int:
        """Nominal length of the window."""
        span = self.close_min - self.open_min
        return 60 * (span if span >= 0 else span + DAY_MINUTES)

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

    def deadline(self, at: datetime) -> datetime | None:
        """Moment at which the lit time left on this local day would be used up if it ran on without a break;
        None in the dark. (A window over midnight leaves two lit pieces on one day.)"""
        window = self.window(at)
        if window is None:
            return None
        midnight = self.midnight(at)
        end = min(window[1], midnight)
        evening = self.next_open(at)
        return later(end, seconds_between(evening, midnight)) if evening < midnight else end

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
