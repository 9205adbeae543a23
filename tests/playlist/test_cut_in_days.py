"""What a day with urgent notices or an emergency can promise: never more than the simulated day keeps."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.notice import Urgency, Validity
from ledsign.playlist.capacity import Fit
from ledsign.playlist.exposure import Exposure
from ledsign.playlist.forecast import Forecast, forecast, what_if
from ledsign.playlist.hours import Light
from ledsign.playlist.item import Item, quota
from ledsign.playlist.preempt import Level
from ledsign.playlist.retention import TermState, account
from ledsign.playlist.simulate import Simulation
from ledsign.playlist.situation import Situation
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, alert, ask, at, display, hours, item, policy

TERM = display(at(0, day=1), retain=183)


def urgent(begin: datetime, end: datetime, pages: int = 8, dwell: float = 10.0, name: str = "urgent") -> Item:
    shown = display(begin, end)
    return item(name, pages, dwell, item="C12-05", urgency=Urgency.URGENT, shown=shown)


def crowd(count: int, pages: int = 40) -> list[Item]:
    return [item(f"n{i:02}", pages, 10.0, shown=TERM) for i in range(count)]


def judged(found: list[Item]) -> Forecast:
    return forecast(found, {}, policy(), at(9), SCREEN)


@pytest.mark.parametrize("count", [4, 10, 16, 24, 32, 40])
def test_no_day_under_an_urgent_is_called_feasible_that_is_not(count: int) -> None:
    """A day-long urgent of 80 s beside notices that would fill up to all of the day without it."""
    made = judged([*crowd(count), urgent(at(0), at(0, day=22))])
    if made.capacity.fit is Fit.FEASIBLE:
        assert not made.missed
    for prospect in made.prospects:
        assert prospect.achieved >= prospect.grant.passes
    assert (count < 15) == (not made.missed)
    assert (not made.capacity.blame) <= (not made.missed)


def test_an_emergency_takes_its_hours_from_the_day() -> None:
    red = item(
        "red", 2, urgency=Urgency.EMERGENCY, item="C12-01", warning=alert(expires=at(20, 30)),
        shown=display(at(7, 30), at(20, 30)),
    )  # fmt: skip
    found = [*crowd(20), red]
    situation = Situation(found, {}, policy(), at(7), ClockTrust.TRUSTED, SCREEN, ())
    assert situation.light.seconds == 2 * 3600
    assert situation.cut_ins is None
    made = forecast(found, {}, policy(), at(7), SCREEN)
    assert made.capacity.fit is Fit.INFEASIBLE
    assert made.missed
    assert all(prospect.achieved >= prospect.grant.passes for prospect in made.prospects)
    assert Situation(found, {}, policy(), at(7), ClockTrust.UNTRUSTED, SCREEN, ()).deadline is None


def test_an_urgent_later_that_day_is_reckoned_with_from_the_morning() -> None:
    """The promises are short in time before it comes, not only once it is there."""
    found = [*crowd(24), urgent(at(12), at(21, 30))]
    simulation = Simulation(found, {}, policy(), at(0), SCREEN)
    morning = Situation(found, {}, policy(), at(0), ClockTrust.TRUSTED, SCREEN, ())
    assert morning.cut_ins is not None
    assert morning.cut_ins.floor.seconds == pytest.approx(5.5 * 3600 + 0.3 * 9.5 * 3600)
    for _ in simulation.run(at(0, day=22)):
        pass
    for granted in morning.grants:
        assert simulation.passes.get((granted.need.key, at(0).date()), 0) >= granted.passes


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 70), st.sampled_from([5.0, 10.0, 20.0]), st.booleans()), min_size=1, max_size=12
    ),
    st.lists(
        st.tuples(st.integers(0, 23), st.integers(1, 24), st.integers(1, 12), st.sampled_from([5.0, 15.0])),
        min_size=1,
        max_size=3,
    ),
    st.integers(6 * 60, 20 * 60),
    st.integers(60, 12 * 60),
)
def test_what_a_day_with_urgents_grants_is_kept(
    shapes: list[tuple[int, float, bool]], cuts: list[tuple[int, int, int, float]], opens: int, minutes: int
) -> None:
    """Urgents anywhere in the day, over night too; grants of the morning against the played day."""
    rules = hours(opens, min(24 * 60, opens + minutes))
    found = [
        item(f"n{i}", pages, dwell, 6.0 if digest else None, shown=TERM)
        for i, (pages, dwell, digest) in enumerate(shapes)
    ]
    found += [
        urgent(at(begin), at(begin) + timedelta(hours=length), pages, dwell, f"u{i}")
        for i, (begin, length, pages, dwell) in enumerate(cuts)
    ]
    simulation = Simulation(found, {}, rules, at(0), SCREEN)
    morning = Situation(found, {}, rules, at(0), ClockTrust.TRUSTED, SCREEN, ())
    for _ in simulation.run(at(0, day=22)):
        pass
    for granted in morning.grants:
        assert simulation.passes.get((granted.need.key, at(0).date()), 0) >= granted.passes


@pytest.mark.parametrize("least", [1, 2, 4])
def test_a_feasible_day_is_one_that_counts_for_everybody(least: int) -> None:
    """Where a day of a term counts from its second or fourth complete showing on, so many are owed."""
    rules = replace(policy(), complete_passes_min=least)
    shown = display(at(0, day=1), retain=10)
    found = [item("roster", 300, 10.0, shown=shown), item("short", 3, 10.0, shown=shown)]
    assert [quota(one.notice, len(one.dwells), rules) for one in found] == [max(1, least), 6]
    assert forecast(found, {}, rules, at(0, 1), SCREEN).capacity.fit is Fit.FEASIBLE
    simulation = Simulation(found, {}, rules, at(0, 1), SCREEN)
    end = at(0, 1, month=12, day=3)
    for _ in simulation.run(end):
        pass
    for one in found:
        assert account(one.notice, simulation.exposures[one.notice.key], rules, end).state is TermState.MET


def test_a_draft_that_cuts_in_is_judged_by_the_time_it_takes() -> None:
    held = crowd(20)
    warning = alert(expires=at(20))
    red = item("red", 2, urgency=Urgency.EMERGENCY, item="C12-01", warning=warning, shown=display(at(8)))
    would = what_if(held, red, policy(), at(9), SCREEN)
    assert (would.level, would.until, would.hidden) == (Level.LIFE_SAFETY, at(20), None)
    assert not would.admission.admissible
    assert set(would.admission.harmed) <= {one.notice.key for one in held}
    called_off = what_if(held, red, policy(), at(9), SCREEN, ["alert-1"])
    assert (called_off.hidden, called_off.admission.admissible) == ("alert_cancelled", True)
    turns = what_if(held[:2], urgent(at(8), at(20)), policy(), at(9), SCREEN)
    assert (turns.level, turns.admission.admissible) == (Level.URGENT, True)


def test_a_notice_that_begins_or_ends_that_day_is_judged_as_if_all_of_it_were_its_own() -> None:
    evening = item("new", 5, shown=display(at(21), retain=10))
    leaving = item("old", 5, item="C12-01", shown=display(at(0, day=1), at(9, 30)))
    made = forecast([evening, leaving], {}, policy(), at(21), SCREEN)
    assert not made.missed
    assert "old" in made.hidden
    assert not forecast([leaving], {}, policy(), at(9), SCREEN).missed


def test_a_repealed_successor_replaces_nothing() -> None:
    """Its predecessor comes back: the screen never shows the safe page where a text of that item is in force."""
    old = item("old", item="C01-01", shown=display(at(6, day=1)), publish_at=at(6, day=1))
    new = item("new", item="C01-01", shown=display(at(6, day=5)), publish_at=at(6, day=5))
    days = tuple(at(0, day=day).date() for day in range(1, 21))
    done = Exposure(turn=1, passes=20, pages=1, first_pass_at=at(7, day=1), counted_days=days)
    exposures = {old.notice.key: done, new.notice.key: replace(done, turn=2)}
    rules = policy()
    if not rules.items["C01-01"].until_replaced:
        stays = replace(rules.items["C01-01"], until_replaced=True)
        rules = replace(rules, items={**rules.items, "C01-01": stays})
    assert ask([old, new], exposures, at(9), rules=rules).hidden == {"old": "replaced"}
    gone = replace(new, notice=replace(new.notice, validity=Validity("repealed", repealed_on=at(9).date())))
    made = ask([old, gone], exposures, at(9), rules=rules)
    assert made.hidden == {"new": "repealed"}
    assert made.slots[0].notice_id == "old"


def test_light_beside_cut_ins_is_that_of_the_day_without_any() -> None:
    made = Situation(crowd(2), {}, policy(), at(9), ClockTrust.TRUSTED, SCREEN, ())
    assert (made.light, made.cut_ins) == (Light(12.5 * 3600, 2.5 * 3600), None)
