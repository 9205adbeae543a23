"""Faults that other players are known for, each as a test of ours: scheduling, urgents, clocks.

What has its test elsewhere is listed in docs/known-faults.md; here stands what only the plan itself can show. Every
test asks the plan as the daemon does, page by page.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ledsign.notice import Urgency
from ledsign.playlist.capacity import Fit, Need, check
from ledsign.playlist.hours import Light
from ledsign.playlist.item import Item
from ledsign.playlist.preempt import Level
from ledsign.playlist.situation import PlanMode
from ledsign.trust import ClockTrust
from playlist_kit import Screen, alert, ask, at, display, hours, item, policy


def flood(name: str = "flood", until: datetime | None = None, **values: object) -> Item:
    """A red warning in force from nine."""
    warning = alert(f"id-{name}", sent=at(9), expires=until or at(12), **values)  # type: ignore[arg-type]
    return item(name, 2, item="C12-01", urgency=Urgency.EMERGENCY, warning=warning, shown=display(at(9)))


def water(name: str = "water", until: datetime | None = None) -> Item:
    return item(name, 2, item="C12-05", urgency=Urgency.URGENT, shown=display(at(9), until or at(12)))


# ---- boots -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [at(9, day=1, month=1, year=1970), at(9, day=1, month=1, year=2015)])
def test_a_dead_clock_at_boot_shows_what_ran_and_neither_releases_nor_expires_nor_starts(now: datetime) -> None:
    running, ended = item("running", 3, shown=display(at(6, day=1))), water("ended", until=at(8))
    dated = item("dated", 1, shown=display(at(9, day=30)), publish_at=at(9))
    screen = Screen(at(9))
    screen.pages([running, ended, dated], 3)
    before = screen.exposures["running", 1]
    screen.now, screen.trust = now, ClockTrust.UNTRUSTED
    assert {name for name, _ in screen.pages([running, ended, dated], 6)} == {"running"}
    assert screen.ask([running, ended, dated]).hidden == {"ended": "expired", "dated": "clock_untrusted"}
    after = screen.exposures["running", 1]
    assert (after.passes, after.counted_days) == (before.passes, before.counted_days)
    assert after.seconds > before.seconds


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=3652)])
@pytest.mark.parametrize("shown_before", [True, False])
def test_an_unbelieved_clock_ahead_neither_expires_nor_releases(ahead: timedelta, shown_before: bool) -> None:
    warned, dated = flood(until=at(20)), item("dated", item="C12-01", shown=display(at(6), at(20)))
    served, ended = item("served", shown=display(at(6, day=1), at(20))), water("ended", until=at(8))
    found = [warned, dated, served, ended]
    assert shown_before or ask(found, when=at(9) + ahead, trust=ClockTrust.UNTRUSTED).hidden.keys() <= {"ended"}
    screen = Screen(at(9, day=19))
    if shown_before:
        screen.pages([served], 3)
        screen.now = at(9)
        assert set(screen.ask(found).hidden) == {"ended"}
        screen.pages(found, 4)
    screen.now, screen.trust = at(9) + ahead, ClockTrust.UNTRUSTED
    for _ in range(6):  # nor do the pages that are shown at that false time make it true
        screen.page(found)
        made = screen.ask(found)
        assert made.mode is PlanMode.EMERGENCY
        assert not {"flood", "dated", "served"} & set(made.hidden)
    assert screen.exposures["flood", 1].seconds > 0


@pytest.mark.parametrize("ahead", [timedelta(days=6), timedelta(days=3652)])
def test_an_unbelieved_clock_ahead_releases_no_disclosure_before_its_end(ahead: timedelta) -> None:
    roster = item("roster", shown=display(at(6, day=1), at(20, day=25), retain=10))
    screen = Screen()
    for day in range(9, 21):
        screen.now = at(9, day=day)
        screen.pages([roster], 1)
    when = at(9) + ahead
    assert ask([roster], screen.exposures, when).hidden == {"roster": "released"}, "a believed clock may"
    assert ask([roster], screen.exposures, when, ClockTrust.UNTRUSTED).hidden == {}


def test_a_screen_with_nothing_in_its_cache_shows_the_safe_page_and_asks_again_soon() -> None:
    for trust in ClockTrust:
        made = ask([], trust=trust)
        assert (made.mode, made.slots, made.hidden, made.claims) == (PlanMode.SAFE, (), {}, ())
        assert made.valid_until > at(9)


# ---- windows ---------------------------------------------------------------------------------------------------


def test_what_comes_inside_its_window_is_shown_at_once_and_a_restart_inside_it_changes_nothing() -> None:
    found = [item("a", 4), water(until=at(10))]
    screen = Screen(at(9, 30))
    assert ("water", 1) in screen.pages(found, 3)
    restarted = Screen(screen.now)
    restarted.exposures, restarted.air_s = dict(screen.exposures), screen.air_s
    assert restarted.ask(found) == screen.ask(found)
    assert restarted.pages(found, 12) == screen.pages(found, 12)


def test_the_lit_window_and_a_notice_end_on_the_second() -> None:
    found = [water(until=at(10))]
    assert ask(found, when=at(9, 59, 59)).slots
    assert ask(found, when=at(9, 59, 59)).valid_until == at(10)
    assert ask(found, when=at(10)).hidden == {"water": "expired"}
    assert ask([item("a")], when=at(21, 29, 59)).valid_until <= at(21, 30)
    assert ask([item("a")], when=at(21, 30)).mode is PlanMode.DARK


@pytest.mark.parametrize(("month", "day", "real_hours"), [(3, 29, 2), (10, 25, 4)])
def test_a_zone_that_changes_its_offset_during_a_page_neither_loses_nor_gains_a_turn(
    month: int, day: int, real_hours: int
) -> None:
    berlin = replace(hours(0, 24 * 60), timezone="Europe/Berlin")
    start = datetime(2026, month, day, 1, tzinfo=berlin.zone)
    found = [item(name, 2, 30.0, shown=display(at(6, day=1, month=1))) for name in "abc"]
    screen, end = Screen(start, berlin), datetime(2026, month, day, 4, tzinfo=berlin.zone)
    pages = 0
    while screen.now.timestamp() < end.timestamp():
        screen.page(found)
        screen.now = datetime.fromtimestamp(start.timestamp() + screen.air_s, berlin.zone)
        pages += 1
    assert pages == real_hours * 120
    assert sum(each.seconds for each in screen.exposures.values()) == real_hours * 3600
    passes = [each.passes for each in screen.exposures.values()]
    assert max(passes) - min(passes) <= 1


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1), timedelta(hours=8), timedelta(hours=-8)])
def test_a_clock_that_jumps_during_a_page_counts_seconds_by_the_other_clock(jump: timedelta) -> None:
    found = [item("a", 2), item("b", 3)]
    screen = Screen(at(9), hours(0, 24 * 60))
    screen.pages(found, 3)
    screen.now += jump
    screen.pages(found, 7)
    assert sum(each.seconds for each in screen.exposures.values()) == screen.air_s == 100.0
    assert all(each.last_shown_at is not None and each.seconds >= 0 for each in screen.exposures.values())


# ---- urgents ---------------------------------------------------------------------------------------------------


def test_a_cancel_with_several_references_ends_those_and_no_other() -> None:
    one, two, other = flood("one"), flood("two"), flood("other")
    made = ask([one, two, other], cancelled=["id-one", "id-two", "id-never-received"])
    assert made.hidden == {"one": "alert_cancelled", "two": "alert_cancelled"}
    assert {slot.notice_id for slot in made.slots} == {"other"}


def test_an_update_of_a_warning_never_received_stands_for_itself() -> None:
    update = flood("update", msg_type="Update", references=("id-unknown",))
    made = ask([item("a"), update], cancelled=["id-unknown"])
    assert (made.mode, {slot.notice_id for slot in made.slots}) == (PlanMode.EMERGENCY, {"update"})


def test_a_cancel_that_came_before_its_warning_keeps_the_warning_out_for_ever() -> None:
    for when in (at(9), at(11), at(12)):
        assert ask([item("a"), flood()], when=when, cancelled=["id-flood"]).mode is PlanMode.ROTATION


def test_a_warning_that_arrives_after_its_end_is_not_shown() -> None:
    late = replace(flood(until=at(10)), arrived_at=at(10, 1))
    made = ask([item("a"), late], when=at(10, 1))
    assert (made.mode, made.hidden) == (PlanMode.ROTATION, {"flood": "alert_expired"})


def test_an_urgent_that_ended_while_the_host_was_down_is_not_shown_and_the_bookmark_holds() -> None:
    found = [item("a", 6), water(until=at(10)), flood(until=at(9, 30))]
    screen = Screen(at(9), hours(0, 24 * 60))
    screen.pages(found, 4)
    while screen.log[-1][0] != "a":
        screen.now = max(screen.now, at(9, 30))
        screen.page(found)
    latest = screen.log[-1][1]
    again = Screen(at(11), screen.rules)
    again.exposures, again.air_s = dict(screen.exposures), screen.air_s
    assert again.pages(found, 2) == [("a", latest % 6 + 1), ("a", (latest + 1) % 6 + 1)]
    assert again.ask(found).hidden == {"water": "expired", "flood": "alert_expired"}


def test_the_same_urgent_twice_and_in_an_older_revision_is_one() -> None:
    newer = water()
    twice = [item("a"), newer, newer, replace(newer, notice=replace(newer.notice, revision=1))]
    made = Screen(at(9)).pages(twice, 6)
    assert made == Screen(at(9)).pages([item("a"), newer], 6)


def test_no_warning_is_not_a_test_warning_and_an_exercise_is_no_alarm() -> None:
    assert ask([item("a")]).claims == ()
    drill = flood()
    drill = replace(drill, notice=replace(drill.notice, title="防汛演练"))
    (claim,) = ask([item("a"), drill]).claims
    assert claim.exercise
    assert claim.level is Level.EMERGENCY, "red or not, an exercise never outranks the real thing"


def test_the_last_notice_gone_leaves_nothing_stale() -> None:
    screen = Screen(at(9))
    last = water(until=at(9, 10))
    screen.pages([last], 3)
    screen.now = at(9, 10)
    made = screen.ask([last])
    assert (made.mode, made.slots) == (PlanMode.SAFE, ())


# ---- poison, sums ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dwells", [(), (0.0,), (-1.0, 5.0), (float("nan"),), (float("inf"),)])
def test_one_notice_without_an_end_or_a_length_never_stops_the_others(dwells: tuple[float, ...]) -> None:
    poison = replace(item("poison"), dwells=dwells)
    made = ask([poison, item("a")])
    assert made.hidden == {"poison": "unpresentable"}
    assert {slot.notice_id for slot in made.slots} == {"a"}


def test_more_than_a_day_holds_is_refused_with_numbers_and_never_thinned_out() -> None:
    """Seven wishes of 2000, 400, 200 ... of 3600 s: each kept whole or named as short."""
    asked = [2000.0, 400.0, 200.0, 200.0, 600.0, 200.0, 1300.0]
    verdict = check([Need((f"n{i}", 1), 1, seconds) for i, seconds in enumerate(asked)], Light(3600.0))
    assert verdict.fit is Fit.INFEASIBLE
    assert verdict.load == pytest.approx(4900 / 3240)
    assert [each.passes for each in verdict.grants] == [0, 1, 1, 1, 1, 1, 1]
    assert verdict.blame == (("n0", 1),)


def test_a_foreign_priority_number_moves_nobody() -> None:
    loud = item("loud", 3)
    loud = replace(loud, notice=replace(loud.notice, priority=100))
    quiet = item("quiet", 3)
    shown = Screen(at(9), hours(0, 24 * 60)).pages([loud, quiet], 60)
    names = [name for name, _ in shown]
    assert names.count("loud") == names.count("quiet")
    assert policy().urgency_weights[Urgency.ROUTINE] == 1
