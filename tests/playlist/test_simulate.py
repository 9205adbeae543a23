"""The forecast agrees with the screen, and what capacity promises is kept."""

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from math import log

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledsign.notice import Urgency
from ledsign.playlist.capacity import Fit, check
from ledsign.playlist.forecast import forecast
from ledsign.playlist.item import Item, light_of_day, need
from ledsign.playlist.retention import TermState, account
from ledsign.playlist.simulate import Simulation
from ledsign.playlist.situation import PlanMode
from playlist_kit import SCREEN, Screen, alert, ask, at, calls, display, item, policy


def board(count: int, pages: int = 3, dwell: float = 10.0) -> list[Item]:
    return [item(f"n{i:02}", pages, dwell) for i in range(count)]


def test_forecast_and_screen_show_the_same_pages() -> None:
    found = [
        item("short"),
        item("roster", pages=40),
        item("digest", pages=20, digest=8.0),
        item("water", item="C12-05", urgency=Urgency.URGENT, shown=display(at(9, 10), at(9, 40))),
        item("flood", item="C12-01", urgency=Urgency.EMERGENCY, warning=alert(sent=at(9, 20), expires=at(9, 30)),
             shown=display(at(9, 20))),
    ]  # fmt: skip
    start, end = at(9), at(10)
    forecast = []
    for aired in Simulation(found, {}, policy(), start, SCREEN).run(end):
        slot = aired.slot
        forecast += [(slot.notice_id, 0)] if slot.digest else []
        forecast += [(slot.notice_id, slot.first + i + 1) for i in range(slot.count)]
    screen = Screen(start)
    while screen.now < end:
        made = screen.ask(found, ahead=1)
        slot, key = made.slots[0], made.slots[0].turn
        while screen.now < end and screen.ask(found, ahead=1).slots[0].turn == key:
            screen.page(found)
            if screen.exposures[slot.notice_id, 1].slice_pages >= slot.count:
                break
    ordinary = [page for page in forecast if page[0] != "flood"]
    assert {name for name, _ in forecast} == {"short", "roster", "digest", "water", "flood"}
    assert [p for p in screen.log if p[0] != "flood"][: len(ordinary) // 2] == ordinary[: len(ordinary) // 2]


@settings(max_examples=25, deadline=None)
@example([(1, 5.0, False), (18, 10.0, False), (22, 5.0, False), (58, 5.0, False), (43, 10.0, False)], 60)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.sampled_from([5.0, 10.0]), st.booleans()), min_size=1, max_size=9),
    st.integers(60, 15 * 60),
)
def test_feasible_promises_are_kept_every_day(shapes: list[tuple[int, float, bool]], lit_minutes: int) -> None:
    rules = replace(policy(), hours=replace(policy().hours, open=8 * 60, close=8 * 60 + lit_minutes))
    found = [
        item(f"n{i}", pages, dwell, 6.0 if digest else None, shown=display(at(6, day=1), retain=183))
        for i, (pages, dwell, digest) in enumerate(shapes)
    ]
    verdict = check([need(i, rules) for i in found], light_of_day(rules, at(0).date()))
    days = 4
    simulation = Simulation(found, {}, rules, at(0, day=10), SCREEN)
    for _ in simulation.run(at(0, day=10 + days)):
        pass
    for granted in verdict.grants:
        for day in range(10, 10 + days):
            passes = simulation.passes.get((granted.need.key, at(0, day=day).date()), 0)
            assert passes >= granted.passes
    assert (verdict.fit is Fit.FEASIBLE) == (not verdict.blame)


def test_sixty_days_keep_quota_and_term() -> None:
    found = [replace_retain(i, 30) for i in [*board(30), item("roster", 300, 10.0)]]
    verdict = check([need(i, policy()) for i in found], light_of_day(policy(), at(0).date()))
    assert verdict.fit is Fit.FEASIBLE
    start = at(0, day=1)
    simulation = Simulation(found, {}, policy(), start, SCREEN)
    turns = sum(1 for _ in simulation.run(start + timedelta(days=60)))
    assert turns > 10_000
    for one in found:
        exposure = simulation.exposures[one.notice.key]
        assert len(exposure.counted_days) in (30, 31)  # the 30 x 24 h end on the 31st, then it leaves
        assert account(one.notice, exposure, policy(), start + timedelta(days=60)).state is TermState.MET
        owed = need(one, policy()).quota
        days = [(start + timedelta(days=day)).date() for day in range(30)]
        assert all(simulation.passes[one.notice.key, day] >= owed for day in days)


def replace_retain(one: Item, days: int) -> Item:
    return replace(one, notice=replace(one.notice, display=replace(one.notice.display, retain_min_days=days)))


def test_dark_days_extend_the_term() -> None:
    found = [item("a")]
    start = at(0, day=1)
    outage = (at(0, day=3), at(0, day=5))
    simulation = Simulation(found, {}, policy(), start, SCREEN, outages=[outage])
    last: datetime | None = None
    for aired in simulation.run(start + timedelta(days=20)):
        last = aired.at
        assert not outage[0] <= aired.at < outage[1]
    # shown 1-2 and 5-12 November: ten days with a full pass; then the clock side is long over
    assert last is not None
    assert last.date() == at(0, day=12).date()
    exposure = simulation.exposures["a", 1]
    assert len(exposure.counted_days) == 10


def test_a_long_urgent_is_booked_as_debt_and_made_up_the_same_day() -> None:
    urgent = item("u", 3, 30.0, item="C12-05", urgency=Urgency.URGENT, shown=display(at(6, 30), at(14)))
    found = [*board(8, pages=30), urgent]
    verdict = check([need(i, policy()) for i in found[:-1]], light_of_day(policy(), at(0).date()))
    assert verdict.fit is Fit.FEASIBLE
    simulation = Simulation(found, {}, policy(), at(0), SCREEN)
    modes = {aired.mode for aired in simulation.run(at(0, day=22))}
    assert modes == {PlanMode.URGENT, PlanMode.ROTATION}
    for granted in verdict.grants:
        assert simulation.passes[granted.need.key, at(0).date()] >= granted.passes


def test_after_a_long_outage_every_notice_still_gets_its_day() -> None:
    """An hour and ten of night are left: not enough for the quotas, enough for one complete showing each."""
    found = board(8, pages=30)
    outage = (at(6), at(20, 20))
    simulation = Simulation(found, {}, policy(), at(0), SCREEN, outages=[outage])
    assert all(aired.at >= outage[1] for aired in simulation.run(at(0, day=22)))
    assert all(simulation.exposures[one.notice.key].counted_days == (at(0).date(),) for one in found)


def test_forecast_names_who_misses_and_what_is_hidden() -> None:
    short = replace(policy(), hours=replace(policy().hours, open=8 * 60, close=9 * 60))
    found = [*board(5), item("huge", 500), item("later", shown=display(at(9, day=25)))]
    made = forecast(found, {}, short, at(8, 30), SCREEN, hours=0.25)
    assert made.capacity.fit is Fit.INFEASIBLE
    assert made.capacity.blame == (("huge", 1),)
    assert [p.grant.need.key[0] for p in made.prospects if p.missed] == ["huge"]
    assert made.hidden == {"later": "not_before"}
    assert all(at(8, 30) <= aired.at < at(8, 45) for aired in made.timeline)


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_or_dark_screen_does_not_spin(count: int) -> None:
    later = [item(f"n{i}", shown=display(at(9, day=25))) for i in range(count)]
    assert list(Simulation(later, {}, policy(), at(0), SCREEN).run(at(0, day=24))) == []


def test_a_simulated_day_is_the_screens_day_page_by_page_and_second_by_second() -> None:
    """Digests, an announced roster, nightfall and an urgent notice among them."""
    found = [
        item("short"),
        item("roster", pages=70),
        *(item(f"n{i}", pages=8 + i, digest=7.0) for i in range(5)),
        item("water", item="C12-05", urgency=Urgency.URGENT, shown=display(at(10), at(11))),
    ]
    start, end = at(6, 30), at(21, 30)
    simulated = []
    for aired in Simulation(found, {}, policy(), start, SCREEN).run(end):
        slot, moment = aired.slot, aired.at
        simulated.append((moment, slot.notice_id, 0 if slot.digest else slot.first + 1, slot.count))
    screen = Screen(start)
    seen = []
    while screen.now < end:
        begun = screen.now
        screen.page(found)
        seen.append((begun, *screen.log[-1]))
    pages = iter(seen)
    for moment, name, first, count in simulated:
        for number in range(max(1, count)):
            begun, shown, page = next(pages)
            assert (shown, page) == (name, first + number if first else 0)
            if number == 0:
                assert begun == moment
    assert next(pages, None) is None


def test_planning_and_simulating_grow_no_worse_than_n_log_n() -> None:
    """Counted in calls, which neither a cache nor a garbage collector changes (``tools/bench_playlist.py`` has the
    seconds)."""
    few, many = board(60), board(600)
    bound = 600 * log(600) / (60 * log(60))

    def planned(found: list[Item]) -> int:
        lived = Simulation(found, {}, policy(), at(0), SCREEN)
        for _ in lived.run(at(12)):
            pass
        return calls(lambda: ask(found, lived.exposures, at(12)))

    def simulated(found: list[Item]) -> int:
        return calls(lambda: deque(Simulation(found, {}, policy(), at(0), SCREEN).run(at(0, day=22)), maxlen=0))

    assert planned(many) <= bound * planned(few)
    assert simulated(many) <= bound * simulated(few)
