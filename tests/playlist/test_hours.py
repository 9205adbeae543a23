"""Lit windows, also the odd ones."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ledsign.playlist.hours import Hours, later, seconds_between
from playlist_kit import ZONE, at

DAYTIME = Hours(6 * 60 + 30, 21 * 60 + 30, ZONE)
OVER_MIDNIGHT = Hours(20 * 60, 2 * 60, ZONE)
ALL_DAY = Hours(0, 24 * 60, ZONE)


@pytest.mark.parametrize(
    ("hours", "moment", "lit"),
    [
        (DAYTIME, at(6, 29, 59), False),
        (DAYTIME, at(6, 30), True),
        (DAYTIME, at(21, 29, 59), True),
        (DAYTIME, at(21, 30), False),
        (OVER_MIDNIGHT, at(19, 59), False),
        (OVER_MIDNIGHT, at(20), True),
        (OVER_MIDNIGHT, at(0), True),
        (OVER_MIDNIGHT, at(1, 59, 59), True),
        (OVER_MIDNIGHT, at(2), False),
        (ALL_DAY, at(0), True),
        (ALL_DAY, at(23, 59, 59), True),
        (Hours(600, 600, ZONE), at(10), False),  # a window of no length is never open
    ],
)
def test_edges_of_the_window(hours: Hours, moment: datetime, lit: bool) -> None:
    assert (hours.window(moment) is not None) is lit


def test_lengths_and_next_edges() -> None:
    assert DAYTIME.lit_seconds == 15 * 3600
    assert OVER_MIDNIGHT.lit_seconds == 6 * 3600
    assert DAYTIME.next_open(at(6)) == at(6, 30)
    assert DAYTIME.next_open(at(6, 30)) == at(6, 30, day=22)
    assert DAYTIME.midnight(at(6)) == at(0, day=22)
    assert DAYTIME.deadline(at(22)) is None
    assert DAYTIME.deadline(at(9)) == at(21, 30)
    assert OVER_MIDNIGHT.deadline(at(21)) == at(0, day=22)
    # at one o'clock an hour of this stretch and the evening's four are left of the local day
    assert seconds_between(at(1), OVER_MIDNIGHT.deadline(at(1)) or at(1)) == 5 * 3600
    assert ALL_DAY.deadline(at(1)) == at(0, day=22)


def test_other_zones_mean_the_same_moment() -> None:
    utc = at(9).astimezone(ZoneInfo("UTC"))
    assert DAYTIME.window(utc) == (at(6, 30), at(21, 30))


def test_a_day_that_changes_its_offset_counts_real_seconds() -> None:
    berlin = Hours(60, 5 * 60, ZoneInfo("Europe/Berlin"))
    window = berlin.window(datetime(2026, 3, 29, 4, tzinfo=berlin.zone))
    assert window is not None
    assert seconds_between(*window) == 3 * 3600  # 02:00 to 03:00 does not exist on that day


def test_the_end_of_the_calendar_is_no_fault() -> None:
    last = at(23, day=31, month=12, year=9999)
    assert DAYTIME.midnight(last) == datetime.max.replace(tzinfo=ZONE)
    assert later(last, 1e12).year == 9999
