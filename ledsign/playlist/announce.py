"""When a long roster's full text runs: announced times, so that people can come for it.

A notice of more pages than the policy calls long takes every second turn from its time on until its showings of
the day are complete, and no turn before (its first ever apart). The times follow from the notices alone, in the
order of their publication, so that every screen of a village announces the same. What comes in the course of the day
goes last: it moves no time that was told in the morning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

from ledsign.playlist.exposure import Key
from ledsign.playlist.hours import Hours, later

USUAL_MIN = 16 * 60  # after the field work, before the lights are dimmed
AFTER_OPEN_S = 1800.0
PACE = 2.0  # every second turn
STEP_MIN = 5


@dataclass(frozen=True, slots=True)
class Long:
    """A long notice, to be shown from ``due`` on: ``seconds`` of all showings it is granted for the day, at daytime
    dwell."""

    key: Key
    due: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Announcement:
    """The full text runs from ``starts`` on, until about ``ends``."""

    key: Key
    starts: datetime
    ends: datetime


def announce(found: Iterable[Long], hours: Hours, day: date) -> tuple[Announcement, ...]:
    """One after another from four in the afternoon; earlier when they would not be over by the last light of
    day, but never within half an hour of opening. None on a day without light; what could only begin after the last
    light is not announced."""
    rosters = sorted(found, key=lambda long: (long.due, long.key))
    pieces = [piece for piece in hours.pieces(day) if not piece.night] or list(hours.pieces(day))
    if not pieces or not rosters:
        return ()
    first, last = pieces[0].start, pieces[-1].end
    told = later(max(first, rosters[0].due), AFTER_OPEN_S)  # until then those of one batch arrive
    latest = later(last, -PACE * sum(long.seconds for long in rosters if long.due <= told))
    usual = hours.moment(day, USUAL_MIN)
    start = _floored(max(later(first, AFTER_OPEN_S), min(usual, latest)))
    return _in_a_row(rosters, start, hours.pieces(day)[-1].end)


def _in_a_row(rosters: Sequence[Long], start: datetime, dark: datetime) -> tuple[Announcement, ...]:
    found = []
    for long in rosters:
        if start >= dark:
            break
        end = later(start, PACE * long.seconds)
        found.append(Announcement(long.key, start, end))
        start = later(start, 60.0 * STEP_MIN * ceil(PACE * long.seconds / (60.0 * STEP_MIN)))
    return tuple(found)


def _floored(at: datetime) -> datetime:
    """People remember a round time."""
    return at - timedelta(minutes=at.minute % STEP_MIN, seconds=at.second, microseconds=at.microsecond)
