"""Lit windows, also the odd ones."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ledsign.playlist.hours import Hours, Light, later, seconds_between
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


def latest(hours: Hours, work_s: float, stretch: float = 1.0) -> datetime:
    deadline = hours.deadline(at(0).date(), stretch)
    assert deadline is not None
    return deadline.latest(work_s)


def test_the_latest_moment_at_which_work_still_fits_in() -> None:
    assert latest(DAYTIME, 3600.0) == at(20, 30)
    assert latest(DAYTIME, 16 * 3600.0) == at(5, 30)  # more than the day holds
    # the evening's four hours and one of the two after midnight
    assert latest(OVER_MIDNIGHT, 5 * 3600.0) == at(1)
    assert latest(OVER_MIDNIGHT, 4 * 3600.0) == at(20)
    assert latest(ALL_DAY, 3600.0) == at(23)
    evening = replace(DAYTIME, night_min=19 * 60)
    assert latest(evening, 3600.0, 2.0) == at(19, 30)  # an hour's work takes two by night
    assert latest(evening, 2 * 3600.0, 2.0) == at(18, 15)
    assert Hours(600, 600, ZONE).deadline(at(0).date(), 1.0) is None  # no light at all


def test_a_day_is_cut_where_night_begins() -> None:
    evening = replace(DAYTIME, night_min=19 * 60)
    assert [(p.start, p.end, p.night) for p in evening.pieces(at(0).date())] == [
        (at(6, 30), at(19), False),
        (at(19), at(21, 30), True),
    ]
    assert evening.light(at(0).date()) == Light(12.5 * 3600, 2.5 * 3600)
    assert evening.light(at(0).date()).work(3.0) == pytest.approx((12.5 + 2.5 / 3) * 3600)
    assert [evening.is_night(at(h)) for h in (6, 7, 18, 19, 23)] == [True, False, False, True, True]
    assert evening.night_edges(at(18)) == (at(19),)
    assert evening.night_edges(at(19)) == (at(19, day=22),)
    assert DAYTIME.night_edges(at(18)) == ()
    assert OVER_MIDNIGHT.light(at(0).date()) == Light(4 * 3600, 2 * 3600)  # before it opens it is night
    assert ALL_DAY.light(at(0).date()) == Light(24 * 3600)
    assert Hours(600, 600, ZONE).pieces(at(0).date()) == ()


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
