"""The figures and edges that the larger tests would not miss: each line of the rules by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ledsign.frame import AckLevel
from ledsign.notice import Notice, Status, Urgency
from ledsign.playlist.announce import Long, announce
from ledsign.playlist.capacity import USABLE, Need, check, stretch_of, usable_work
from ledsign.playlist.digest import NO_DIGESTS, digests_of
from ledsign.playlist.entry import Entry, Phase, pages_within, slices
from ledsign.playlist.exposure import NEVER, Exposure, Shown, ShownKind, record, record_all
from ledsign.playlist.forecast import forecast
from ledsign.playlist.hours import DAY_MINUTES, Hours, Light
from ledsign.playlist.item import need, quota
from ledsign.playlist.preempt import Level, claim, foremost
from ledsign.playlist.retention import Successors, TermState, account, bears_on, leaves, term_over
from ledsign.playlist.situation import Situation
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, alert, ask, at, display, hours, item, notice, policy

TODAY = at(0).date()
DAYTIME = Hours(6 * 60 + 30, 21 * 60 + 30, policy().zone, 19 * 60)


def page(n: int, of: int, when: datetime, turn: int = 1, **values: object) -> Shown:
    made = Shown(n, of, ShownKind.PAGE, when, 10.0, True, True, AckLevel.ACKED, turn, 10.0 * n)
    return replace(made, **values)  # type: ignore[arg-type]


# ---- exposure --------------------------------------------------------------------------------------------------


def test_an_account_that_never_was_is_empty() -> None:
    assert Exposure(
        0, 0, 0.0, 0.0, 0, 0.0, 0, None, None, 0, 0, None, None, (), None, 0, 0, None, None, 0, 0.0, 0.0, 0.0, None, 0
    ) == NEVER  # fmt: skip


def test_passes_add_up_and_the_first_one_stays_the_first() -> None:
    shown = [page(n, 2, at(9, minute)) for minute, n in enumerate([1, 2, 1, 2, 1, 2])]
    after = record_all(NEVER, shown)
    assert (after.passes, after.day_passes, after.pass_mask, after.day_mask) == (3, 3, 0, 0)
    assert (after.first_pass_at, after.last_pass_at) == (at(9, 1, 10), at(9, 5, 10))
    assert (after.began_at, after.last_shown_at, after.seconds) == (at(9), at(9, 5), 60.0)
    assert after.counted_days == (TODAY,)
    tomorrow = record(after, page(1, 2, at(9, day=22)))
    assert (tomorrow.passes_on(at(0, day=22).date()), tomorrow.passes_on(TODAY)) == (0, 3)
    assert (tomorrow.mask_on(at(0, day=22).date()), tomorrow.mask_on(TODAY)) == (1, 0)
    assert tomorrow.passes_on(at(0, day=20).date()) == 0


def test_digests_are_counted_by_day_and_one_of_another_day_is_none() -> None:
    spoken = page(0, 0, at(9), kind=ShownKind.DIGEST, counts=False)
    after = record_all(NEVER, [spoken, replace(spoken, at=at(10)), replace(spoken, at=at(11), complete=False)])
    assert (after.digests_on(TODAY), after.digests_on(at(0, day=22).date())) == (2, 0)
    assert (after.digest_s, after.seconds, after.turn, after.passes) == (10.0, 0.0, 0, 0)
    assert record(after, replace(spoken, at=at(9, day=22))).digests_on(at(0, day=22).date()) == 1


def test_the_weakest_acknowledgement_is_kept() -> None:
    after = record_all(NEVER, [page(1, 2, at(9), ack=AckLevel.READ_BACK), page(2, 2, at(9, 1))])
    assert after.weakest is AckLevel.ACKED
    assert record(after, page(1, 2, at(9, 2), ack=AckLevel.READ_BACK)).weakest is AckLevel.ACKED


# ---- entry -----------------------------------------------------------------------------------------------------


def entry(pages: int = 4, exposure: Exposure = NEVER, owed: int = 3, **values: object) -> Entry:
    dwells = (30.0,) * pages
    made = Entry(
        notice=notice(), dwells=dwells, work=dwells, digest_s=None, exposure=exposure, level=Level.STATUTORY,
        until=None, urgency_weight=1, passes_owed=owed, loop_s=sum(dwells), weight=1,
    )  # fmt: skip
    made = replace(made, **values)  # type: ignore[arg-type]
    made.owe(TODAY)
    return made


def test_what_is_owed_is_paid_off_page_by_page() -> None:
    new = entry()
    assert (new.debt_s, new.first_debt_s, new.pages_left) == (360.0, 120.0, 4)
    begun = entry(exposure=record(NEVER, page(1, 4, at(9))))
    assert (begun.debt_s, begun.first_debt_s, begun.pages_left) == (330.0, 90.0, 3)
    once = entry(exposure=record_all(NEVER, [page(n, 4, at(9, n)) for n in (1, 2, 3, 4)]))
    assert (once.debt_s, once.first_debt_s, once.pages_left) == (240.0, 0.0, 4)
    drawn_anew = entry(5, exposure=record(NEVER, page(1, 4, at(9))))
    assert drawn_anew.pages_left == 5
    paid = entry(exposure=once.exposure, owed=1)
    assert (paid.debt_s, paid.first_debt_s) == (0.0, 0.0)
    assert [paid.owes(phase) for phase in Phase] == [True, False, False]
    assert [once.owes(phase) for phase in Phase] == [True, True, False]
    assert [new.owes(phase) for phase in Phase] == [True, True, True]


def test_a_slice_ends_where_nothing_more_is_owed() -> None:
    """Only in the last pass that the day still owes, and only while time is short."""
    last = entry(exposure=record(NEVER, page(1, 4, at(9))), owed=1)
    assert [last.limit(phase) for phase in Phase] == [4, 3, 3]
    more = entry(exposure=record(NEVER, page(1, 4, at(9))), owed=2)
    assert [more.limit(phase) for phase in Phase] == [4, 4, 3]
    exactly = entry(owed=1)
    assert exactly.debt_s == exactly.loop_s
    assert [exactly.limit(phase) for phase in Phase] == [4, 4, 4]


def test_an_announced_showing_runs_until_it_is_paid() -> None:
    assert not entry(announced_at=at(16)).running_session
    assert entry(announced_at=at(16), announced=True).running_session
    assert entry(announced_at=at(16), announced=True, owed=0).running_session, "owed or not, it was announced"
    through = [replace(NEVER, through_at=when) for when in (at(15, 59, 59), at(16), at(16, 40))]
    unowed = [entry(announced_at=at(16), announced=True, owed=0, exposure=each) for each in through]
    assert [each.running_session for each in unowed] == [True, True, False]
    assert entry(announced_at=at(16), announced=True, owed=2, exposure=through[2]).running_session, "not yet twice"
    shown = record(NEVER, page(1, 4, at(9)))
    assert entry(announced_at=at(16), exposure=shown).waits
    assert not entry(announced_at=at(16)).waits, "it is introduced first"
    assert not entry(exposure=shown).waits
    assert not entry(announced_at=at(16), announced=True, exposure=shown).waits
    yesterday = record(NEVER, page(2, 4, at(9, day=20)))
    assert (entry(announced_at=at(16), exposure=yesterday).bookmark, entry(exposure=yesterday).bookmark) == (0, 2)
    tomorrow = record(NEVER, page(2, 4, at(9, day=22)))  # by a clock that was put right since
    assert entry(announced_at=at(16), exposure=tomorrow).bookmark == 0


def test_an_introduction_that_runs_into_the_announced_time_does_not_take_its_first_pages_away() -> None:
    """Its page that was sent before four and lit after four belongs to the introduction."""
    introduced = record_all(NEVER, [page(1, 4, at(15, 59)), page(2, 4, at(16))])
    assert entry(announced_at=at(16), announced=True, exposure=introduced).bookmark == 0
    begun = record(introduced, replace(page(1, 4, at(16, 1)), turn=2))
    assert entry(announced_at=at(16), announced=True, exposure=begun).bookmark == 1


def test_a_slice_takes_as_many_pages_as_fit_and_at_least_one() -> None:
    assert pages_within((30.0,) * 4, 0, 90.0) == 3
    assert pages_within((30.0,) * 4, 3, 90.0) == 1
    assert pages_within((100.0, 5.0), 0, 90.0) == 1
    assert [slices((30.0,) * count) for count in (1, 3, 4, 7)] == [1, 1, 2, 3]


# ---- capacity, digests, announcements ---------------------------------------------------------------------------


def test_the_night_is_reckoned_by_the_most_affected_page_of_those_that_owe() -> None:
    needs = [Need(("a", 1), 1, 10.0, 2.0, 1.5), Need(("b", 1), 1, 10.0, 3.0, 2.0), Need(("c", 1), 0, 10.0, 9.0, 1.0)]
    assert (stretch_of(needs), stretch_of([])) == (3.0, 1.0)
    assert usable_work(needs, Light(100.0, 300.0)) == pytest.approx(USABLE * 200.0)
    assert usable_work([], Light(100.0, 300.0)) == pytest.approx(USABLE * 400.0)
    verdict = check(needs, Light(0.0, 30.0))
    assert (verdict.demand_s, verdict.usable_s, verdict.loop_s) == (20.0, pytest.approx(9.0), 30.0)
    assert verdict.fit.value == "tight", "the least affected page would fit: 30 / 1.5"
    assert check(needs, Light(0.0, 29.9)).fit.value == "infeasible"
    assert verdict.load == pytest.approx(20 / 9)
    assert (check([], Light(0.0)).load, check(needs, Light(0.0)).load) == (0.0, float("inf"))


def test_an_announced_time_is_a_round_one_before_what_is_needed() -> None:
    """Seven hours of showings at every second turn before nightfall at seven."""
    (one,) = announce([Long(("a", 1), at(8), 3.0 * 3600 + 1000)], DAYTIME, TODAY)
    assert (one.starts, one.ends) == (at(12, 25), at(18, 58, 20))
    short = [Long(("b", 1), at(8), 149.0), Long(("c", 1), at(9), 150.0), Long(("d", 1), at(10), 151.0)]
    starts = [each.starts for each in announce(short, DAYTIME, TODAY)]
    assert starts == [at(16), at(16, 5), at(16, 10)]
    assert announce([*short, Long(("e", 1), at(11), 10.0)], DAYTIME, TODAY)[-1].starts == at(16, 20)


def test_digests_take_a_quarter_at_most_and_nothing_that_is_promised() -> None:
    found = [item(f"n{index}", 1, 10.0, 20.0) for index in range(3)]
    grants = check([replace(need(one, policy()), quota=1) for one in found], Light(9000.0)).grants
    plan = digests_of(found, grants, Light(9000.0), 8100.0, policy())
    wanted = policy().min_daily_shows.digest
    assert (plan.shows, plan.round_s, plan.every_s) == (wanted, 60.0, 9000.0 * USABLE / (wanted + 1))
    assert plan.share == pytest.approx(USABLE * (wanted + 1) * 60.0 / 8100.0)
    tight = digests_of(found, grants, Light(1000.0), 900.0, policy())  # a quarter is 225 s: three rounds
    assert (tight.shows, tight.every_s) == (2, 300.0)
    tighter = digests_of(found, grants, Light(1000.0), 155.0, policy())  # 125 s are left, a quarter is 38.75
    assert (tighter.shows, tighter.share) == (0, 0.0)
    none = digests_of([item("x")], grants, Light(1000.0), 900.0, policy())
    assert none is NO_DIGESTS


def test_a_long_one_is_held_to_the_policy_and_a_short_one_gets_what_it_asks() -> None:
    long_pages = policy().min_daily_shows.long_pages
    eager = notice(shown=display(shows=40))
    assert quota(eager, long_pages, policy()) == 40
    assert quota(eager, long_pages + 1, policy()) == policy().min_daily_shows.required(long_pages + 1)


# ---- hours -----------------------------------------------------------------------------------------------------


def test_lengths_of_windows_and_edges_of_night() -> None:
    zone = policy().zone
    assert [Hours(*ends, zone).lit_seconds for ends in ((60, 61), (61, 60), (60, 60), (0, 1440))] == [
        60, 86_340, 0, 86_400,
    ]  # fmt: skip
    assert Hours(0, 1440, zone, DAY_MINUTES).night_edges(at(9)) == ()
    assert Hours(0, 1440, zone, DAY_MINUTES - 1).night_edges(at(9)) == (at(23, 59),)


# ---- terms -----------------------------------------------------------------------------------------------------


def counted(days: int, first: datetime | None = None) -> Exposure:
    """An account with that many counted days, one full pass each."""
    first = first or at(9, day=1)
    return record_all(NEVER, [page(1, 1, first + timedelta(days=day)) for day in range(days)])


def lasting(days: int = 10, not_after: datetime | None = None, status: Status = Status.PUBLISHED) -> Notice:
    return notice(item="C99-99", status=status, shown=display(at(9, day=1), not_after, days))


def test_the_end_of_a_term_to_the_second() -> None:
    one, end = lasting(), at(9, 0, 10, day=11)
    assert term_over(one, counted(10), policy(), end)
    assert not term_over(one, counted(10), policy(), end - timedelta(seconds=1))
    assert not term_over(one, counted(9), policy(), end)


def test_a_term_that_is_over_ends_with_its_day() -> None:
    """Nothing that was promised or announced in the morning changes on its account."""
    one, nobody = lasting(), Successors([], {}, policy(), TODAY)

    def gone(days: int, when: datetime) -> str | None:
        return leaves(one, counted(days), policy(), when, nobody)

    assert gone(11, at(23, 59, 59, day=11)) is None
    assert gone(11, at(0, day=12)) == "released"
    assert gone(10, at(0, day=12)) == "released"
    assert gone(9, at(0, day=12)) is None
    late = replace(counted(10), counted_days=tuple(at(0, day=day).date() for day in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)))
    assert leaves(one, late, policy(), at(23, day=12), nobody) is None, "its last day was counted today"
    assert leaves(one, late, policy(), at(0, day=13), nobody) == "released"
    assert ask([item("a", item="C99-99", shown=one.display)], when=at(23, day=11)).valid_until <= at(0, day=12)


def test_a_successor_matters_from_its_first_full_pass() -> None:
    stays = next(name for name, each in policy().items.items() if each.until_replaced)
    new = notice(item=stays)
    assert bears_on(new, NEVER, counted(1), policy())
    assert not bears_on(new, counted(1), counted(2), policy())
    assert not bears_on(new, NEVER, NEVER, policy())
    assert not bears_on(lasting(), NEVER, counted(1), policy())


@pytest.mark.parametrize(
    ("not_after", "days", "when", "state"),
    [
        (None, 0, at(23, day=2), TermState.RUNNING),  # it came yesterday: the first day may be missed
        (None, 0, at(0, day=3), TermState.AT_RISK),
        (None, 2, at(12, day=2), TermState.RUNNING),
        (None, 2, at(12, day=4), TermState.AT_RISK),  # the third was lost
        (at(9, 0, 10, day=11), 2, at(12, day=2), TermState.RUNNING),
        (at(9, day=11), 2, at(12, day=2), TermState.AT_RISK),  # ten seconds short
        (at(12, day=11), 2, at(9, day=3), TermState.RUNNING),
        (None, 10, at(9, day=11), TermState.RUNNING),
        (None, 10, at(9, 1, day=11), TermState.MET),
    ],
)
def test_where_a_term_stands(not_after: datetime | None, days: int, when: datetime, state: TermState) -> None:
    assert account(lasting(10, not_after), counted(days), policy(), when).state is state


def test_days_that_cannot_be_reached_any_more_are_a_risk() -> None:
    """Eight days are missing and eight are left with today: it can be kept; nine cannot."""
    end = at(23, day=12)
    assert account(lasting(10, end), counted(2), policy(), at(9, day=3)).state is TermState.RUNNING
    late = counted(2, at(9, day=4))
    assert account(lasting(10, end), late, policy(), at(9, day=6)).state is TermState.AT_RISK
    assert account(lasting(10), counted(10), policy(), at(9, 1, day=30)).lost_days == 0


# ---- levels ----------------------------------------------------------------------------------------------------


def test_of_one_level_the_gravest_and_then_the_newest_go_first() -> None:
    def warned(name: str, severity: str, hour: int = 6) -> Notice:
        warning = alert(name, severity=severity, sent=at(hour))
        return item(name, item="C12-01", urgency=Urgency.EMERGENCY, warning=warning, shown=display(at(6))).notice

    found = [warned("b", "blue"), warned("y", "yellow"), warned("o", "orange"), warned("late", "orange", 7)]
    claims = [(each, claim(each, False, at(9))) for each in found]
    assert [each.id for each in foremost(claims)] == ["late", "o"]
    assert [each.id for each in foremost(claims[:3])] == ["o", "y"]
    assert [each.id for each in foremost(claims[:2])] == ["y", "b"]
    assert foremost([]) == []
    assert list(Level) == sorted(Level)


# ---- forecast --------------------------------------------------------------------------------------------------


def test_a_forecast_speaks_of_one_whole_day_and_prints_no_hours_unasked() -> None:
    found = [item("a", 3, digest=6.0), item("b", 2)]
    made = forecast(found, {}, policy(), at(12), SCREEN)
    assert made.timeline == ()
    by_id = {each.grant.need.key[0]: each for each in made.prospects}
    assert by_id["b"].digests is None
    assert (by_id["a"].digests or 0) >= made.digests_promised > 0
    one_day = by_id["a"].achieved
    rules = hours(6 * 60 + 30, 7 * 60 + 30)
    assert forecast(found, {}, rules, at(7), SCREEN).prospects[0].achieved < one_day / 10


def test_every_second_turn_of_two_announced_ones_goes_to_the_one_just_due() -> None:
    """The first is not quite over when the second's time comes: it is on within a turn."""
    shown = display(at(6, day=1), retain=183)
    found = [item("one", 70, 10.0, shown=shown), item("two", 70, 10.0, shown=shown), item("n", 3, shown=shown)]
    board = Situation(found, {}, policy(), at(15), ClockTrust.TRUSTED, SCREEN, ()).board
    assert [each.session for each in board.ordinary] == [True, True, False]
    exposures = {
        ("one", 1): record(NEVER, page(60, 70, at(16, 20), turn=7)),
        ("two", 1): record(NEVER, page(1, 70, at(7), turn=2)),
        ("n", 1): record(NEVER, page(3, 3, at(16, 21), turn=8)),
    }
    second = ask(found, when=at(9)).announced[1]
    made = ask(found, exposures, when=second.starts)
    assert made.slots[0].notice_id == "two"
    assert made.announced[0].key == ("one", 1)
