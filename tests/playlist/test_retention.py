"""Terms: counted days, not calendar days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ledsign.notice import Period, Status, Validity
from ledsign.playlist.exposure import NEVER, Exposure
from ledsign.playlist.retention import Account, Successors, TermState, account, leaves
from playlist_kit import ZONE, ask, at, display, item, notice, policy


def shown(first: date, *days: int, passes: int = 1) -> Exposure:
    """First complete showing at 10:30 on ``first``; a full pass on each of the days after it by offset."""
    begin = at(10, 30, day=first.day, month=first.month, year=first.year)
    return Exposure(
        turn=1, passes=passes, pages=1, first_pass_at=begin, last_pass_at=begin, began_at=begin, last_shown_at=begin,
        counted_days=tuple(first + timedelta(days=offset) for offset in days),
    )  # fmt: skip


def judged(exposure: Exposure, day: int, hour: int = 10, minute: int = 30, **values: object) -> Account:
    return account(notice(**values), exposure, policy(), at(hour, minute, day=day))  # type: ignore[arg-type]


def test_ten_days_are_ten_times_24_hours_and_ten_days_with_a_pass() -> None:
    exposure = shown(date(2026, 11, 5), *range(11))
    assert not judged(exposure, 15, 10, 29).released
    made = judged(exposure, 15, 10, 30)
    assert (made.released, made.state, made.required_days) == (True, TermState.MET, 10)
    assert made.releasable_at == at(10, 30, day=15)


def test_one_dark_day_is_one_day_later() -> None:
    dark = shown(date(2026, 11, 5), 0, 1, 2, 4, 5, 6, 7, 8, 9)
    made = judged(dark, 15)
    assert (made.released, made.counted_days, made.state, made.lost_days) == (False, 9, TermState.AT_RISK, 1)
    assert judged(shown(date(2026, 11, 5), 0, 1, 2, 4, 5, 6, 7, 8, 9, 10), 15).released


@pytest.mark.parametrize(
    ("item_code", "asks", "days"),
    [("C01-01", 3, 10), ("C02-01", 10, 183), ("C12-05", 0, 0), ("C12-07", 30, 30), ("C99-99", 3, 10)],
    ids=["floor", "fixed content", "occasion", "land acquisition", "unknown item"],
)
def test_the_longest_of_notice_item_and_floor_binds(item_code: str, asks: int, days: int) -> None:
    assert judged(NEVER, 6, item=item_code, shown=display(retain=asks)).required_days == days


def test_states() -> None:
    started = shown(date(2026, 11, 20), 0)
    assert judged(started, 21).state is TermState.RUNNING
    assert judged(started, 21, status=Status.WITHDRAWN).state is TermState.NOT_MET
    repealed = replace(notice(), validity=Validity("repealed", repealed_on=date(2026, 11, 1)))
    assert account(repealed, started, policy(), at(9)).state is TermState.NOT_MET
    assert judged(NEVER, 1).state is TermState.RUNNING
    assert judged(NEVER, 4).state is TermState.AT_RISK  # due since the 1st, never completely shown
    ends = display(not_after=at(12, day=25))
    assert judged(started, 21, shown=ends).state is TermState.AT_RISK  # its own end comes before the term's
    late = display(not_after=at(12, day=30))
    assert judged(shown(date(2026, 11, 18), 0), 21, shown=late).state is TermState.AT_RISK


def test_an_end_before_the_term_is_ignored_for_disclosure_and_reported() -> None:
    ends = display(not_after=at(0, day=20))
    made = judged(NEVER, 21, shown=ends)
    assert made.not_after_ignored
    assert not ask([item("a", shown=ends)]).hidden
    assert ask([item("a", item="C12-05", shown=ends)]).hidden == {"a": "expired"}


def test_a_released_notice_leaves_unless_its_own_end_lies_ahead() -> None:
    full = {("a", 1): shown(date(2026, 11, 5), *range(11))}
    assert ask([item("a")], full).hidden == {"a": "released"}
    assert ask([item("a", shown=display(not_after=at(12)))], full).hidden == {}
    assert ask([item("a", shown=display(not_after=at(12)))], full, at(12)).hidden == {"a": "released"}


def month(number: int) -> Period:
    return Period("month", f"{number}月", date(2026, number, 1), date(2026, number, 28))


def test_a_periodic_notice_stays_until_its_successor_was_shown_completely() -> None:
    old = item("old", item="C07-01", period=month(9))
    new = item("new", item="C07-01", period=month(10))
    other = item("other", item="C07-02", period=month(10))
    full = shown(date(2026, 11, 5), *range(11))
    assert "old" not in ask([old], {("old", 1): full}).hidden
    started = replace(shown(date(2026, 11, 20)), passes=0, first_pass_at=None)
    assert "old" not in ask([old, new], {("old", 1): full, ("new", 1): started}).hidden
    assert "old" not in ask([old, other], {("old", 1): full, ("other", 1): shown(date(2026, 11, 20), 0)}).hidden
    ran = {("old", 1): full, ("new", 1): shown(date(2026, 11, 20), 0)}
    assert ask([old, new], ran).hidden == {"old": "replaced"}
    short = {("old", 1): shown(date(2026, 11, 15), 0, 1, 2), ("new", 1): shown(date(2026, 11, 20), 0)}
    assert "old" not in ask([old, new], short).hidden  # its own term comes first
    withdrawn = item("new", item="C07-01", period=month(10), status=Status.WITHDRAWN)
    assert "old" not in ask([old, withdrawn], ran).hidden


def test_without_periods_the_later_publication_is_the_successor() -> None:
    old, new = notice("old", item="C02-01"), notice("new", item="C02-01", publish_at=at(9, day=10))
    exposures = {old.key: shown(date(2026, 1, 5), *range(183)), new.key: shown(date(2026, 11, 10), 0)}
    successors = Successors([old, new], exposures, policy(), at(9).date())
    assert leaves(old, exposures[old.key], policy(), at(9), successors) == "replaced"
    assert leaves(new, exposures[new.key], policy(), at(9), successors) is None


def test_a_correction_starts_with_an_empty_account() -> None:
    full = shown(date(2026, 11, 5), *range(11))
    assert ask([item("a", revision=2)], {("a", 1): full}).hidden == {}
    both = ask([item("a"), item("a", revision=2)], {("a", 1): full})
    assert {slot.revision for slot in both.slots} == {2}
    assert str(ZONE) == policy().timezone
