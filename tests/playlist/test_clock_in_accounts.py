"""A clock that was not believed, or that was wrong and put right, must not poison the accounts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from ledger_kit import row
from ledsign.database import Database, read_only
from ledsign.ledger import Ledger
from ledsign.ledgerbook import in_service, rows
from ledsign.playlist.exposure import NEVER, Exposure
from ledsign.playlist.item import Item
from ledsign.playlist.retention import TermState, account
from ledsign.playlist.situation import Situation
from ledsign.tally import tallies
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, Screen, ask, at, display, item, policy

WRONG = {
    "1970": at(9, day=1, month=1, year=1970),
    "a day ahead": at(9, day=22),
    "ten years ahead": at(9, year=2036),
    "a day back": at(9, day=20),
}
TERM = display(at(6, day=1), retain=10)


def dated(exposure: Exposure) -> tuple[object, ...]:
    """Everything in an account that a clock has told."""
    moments = (exposure.began_at, exposure.last_shown_at, exposure.first_pass_at, exposure.last_pass_at)
    days = (exposure.counted_days, exposure.day, exposure.day_passes, exposure.prev_day, exposure.digest_day)
    return *moments, *days, exposure.through_at


# ---- not believed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_pages_of_an_unbelieved_clock_leave_no_date_in_an_account(wrong: datetime) -> None:
    found = [item("a", 3, digest=6.0), item("roster", 70), item("new")]
    screen = Screen(at(9))
    screen.pages(found[:2], 12)
    before = {key: dated(each) for key, each in screen.exposures.items()}
    screen.now, screen.trust = wrong, ClockTrust.UNTRUSTED
    screen.pages(found, 90)
    for key, exposure in screen.exposures.items():
        assert dated(exposure) == before.get(key, dated(NEVER))
        assert exposure.turn_at is None, "nobody knows when its latest turn was"
    assert screen.exposures["new", 1].seconds > 0


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_once_the_clock_is_right_the_day_goes_on_as_it_would_have(wrong: datetime) -> None:
    """Debts, what yesterday owes, announced times: as on a screen that was switched off meanwhile."""
    found = [*(item(f"n{i}", 4, shown=TERM) for i in range(4)), item("roster", 70, shown=TERM)]
    screen = Screen(at(9, day=19))
    screen.pages(found, 40)
    screen.now = at(9)
    screen.pages(found, 20)
    off = dict(screen.exposures)
    screen.now, screen.trust = wrong, ClockTrust.UNTRUSTED
    screen.pages(found, 100)

    def owed(exposures: dict[tuple[str, int], Exposure]) -> Iterator[object]:
        then = Situation(found, exposures, policy(), at(15), ClockTrust.TRUSTED, SCREEN, ())
        for granted in then.grants:
            yield granted.passes, granted.need.carried
        yield then.announced
        yield then.hidden

    assert list(owed(screen.exposures)) == list(owed(off))
    full = [slot for slot in ask(found, screen.exposures, at(16)).slots[:2] if slot.notice_id == "roster"]
    assert [slot.first for slot in full] == [0], "at its time, from its first page"


def test_what_came_before_a_dead_clock_woke_is_not_a_newcomer_that_cuts_the_others() -> None:
    """All have arrived in this century, all begin in 1970: each has its slice."""
    found = [replace(item(f"n{i}", 9, 10.0), arrived_at=at(8)) for i in range(5)]
    screen = Screen(WRONG["1970"])
    screen.trust = ClockTrust.UNTRUSTED
    shown = screen.pages(found, 27)
    assert [page for _, page in shown] == [*range(1, 10)] * 3


# ---- believed, and wrong -----------------------------------------------------------------------------------------


def lived(days: list[datetime], found: list[Item]) -> Screen:
    screen = Screen(days[0])
    for begin in days:
        screen.now = begin
        screen.pages(found, 4)
    return screen


@pytest.mark.parametrize("wrong", [WRONG["ten years ahead"], WRONG["a day ahead"]], ids=["ten years", "a day"])
def test_a_believed_clock_put_right_takes_the_days_to_come_out_again(wrong: datetime) -> None:
    one = item("a", 1, shown=TERM)
    screen = lived([at(9, day=19), at(9, day=20), wrong], [one])
    false = wrong.date()
    assert screen.exposures["a", 1].counted_days[-1] == false
    screen.now = at(9)
    screen.pages([one], 1)
    put_right = screen.exposures["a", 1]
    assert put_right.counted_days == (date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21))
    assert put_right.first_pass_at == at(9, day=19) + timedelta(seconds=10)
    assert (put_right.day, put_right.day_passes, put_right.passes) == (at(0).date(), 1, 13)


def test_what_the_day_itself_had_counted_before_the_clock_went_ahead_stays() -> None:
    one = item("a", 2, shown=TERM)
    screen = lived([at(8), WRONG["a day ahead"]], [one])
    screen.now = at(9)
    screen.pages([one], 1)  # not yet another complete showing
    assert screen.exposures["a", 1].counted_days == (date(2026, 11, 21),)


def test_a_term_that_began_in_a_false_future_begins_anew_and_is_served() -> None:
    one = item("a", 1, shown=TERM)
    screen = lived([WRONG["ten years ahead"]], [one])
    assert account(one.notice, screen.exposures["a", 1], policy(), at(9)).releasable_at == at(9, 0, 10, 1, 12, 2036)
    for day in range(21, 31):
        screen.now = at(9, day=day)
        screen.pages([one], 1)
    made = account(one.notice, screen.exposures["a", 1], policy(), at(10, month=12, day=1))
    assert (made.state, made.counted_days) == (TermState.MET, 10)
    assert ask([one], screen.exposures, at(0, month=12, day=2)).hidden == {"a": "released"}


def test_what_a_false_future_has_counted_expires_nothing_when_the_clock_dies_later() -> None:
    """Its account may never be put right itself: it was not shown since."""
    gone, stays = item("gone", shown=TERM), item("stays", item="C12-05", shown=display(at(6), at(20, day=30)))
    screen = lived([WRONG["ten years ahead"]], [gone])
    screen.now = at(9)
    screen.pages([stays], 2)
    assert ask([gone, stays], screen.exposures, WRONG["1970"], ClockTrust.UNTRUSTED).hidden == {}


def test_the_ledger_s_accounts_are_put_right_too_and_counted_again_from_the_rows(tmp_path: Path) -> None:
    shown = [at(9, day=20), at(9, year=2036), at(10, year=2036), at(9), at(9, 1)]
    clocks = [ClockTrust.TRUSTED, ClockTrust.HOLDOVER, ClockTrust.HOLDOVER, ClockTrust.TRUSTED, ClockTrust.TRUSTED]
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        for turn, (when, clock) in enumerate(zip(shown, clocks, strict=True), 1):
            ledger.record(row("a", 1, 1, turn=turn, shown_at=when, clock=clock))
        kept = ledger.exposures("main")["a", 1]
    assert kept.counted_days == (date(2026, 11, 20), date(2026, 11, 21))
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        assert Ledger(database).exposures("main")["a", 1] == kept
        with read_only(database.path) as connection:
            (tally,) = tallies(rows(connection), in_service(connection))
    assert tally.exposure.counted_days == kept.counted_days
    assert (tally.exposure.first_pass_at, tally.exposure.passes) == (kept.first_pass_at, 5)
