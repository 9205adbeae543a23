"""People come at four o'clock for the roster: an announced time is kept, whatever else the day brings."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ledsign.notice import Urgency
from ledsign.playlist.announce import Announcement, Long, announce
from ledsign.playlist.entry import SLICE_S
from ledsign.playlist.exposure import Exposure
from ledsign.playlist.hours import Hours
from ledsign.playlist.item import Item
from ledsign.playlist.plan import Plan
from ledsign.playlist.simulate import Simulation
from ledsign.playlist.situation import Situation
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, Screen, alert, ask, at, display, item, policy

TERM = display(at(6, day=1), retain=183)
ROSTER = item("roster", 100, 10.0, digest=8.0, shown=TERM)
OTHERS = [item(f"n{i}", 5, shown=TERM) for i in range(6)]
DAYTIME = Hours(6 * 60 + 30, 21 * 60 + 30, policy().zone, 19 * 60)


def urgent(begin: datetime, end: datetime, pages: int = 2, dwell: float = 15.0) -> Item:
    return item("urgent", pages, dwell, item="C12-05", urgency=Urgency.URGENT, shown=display(begin, end))


def emergency(begin: datetime, end: datetime) -> Item:
    warning = alert(sent=begin, expires=end)
    return item("red", 2, 15.0, item="C12-01", urgency=Urgency.EMERGENCY, warning=warning, shown=display(begin))


def starts(made: Plan) -> dict[str, datetime]:
    return {each.key[0]: each.starts for each in made.announced}


def lived(found: list[Item], when: datetime) -> Screen:
    """A screen on the second day of these notices, up to that moment."""
    before = Simulation(found, {}, policy(), at(0, day=20), SCREEN)
    for _ in before.run(when):
        pass
    screen = Screen(when)
    screen.exposures = dict(before.exposures)
    screen.air_s = max(each.air_s for each in before.exposures.values())
    return screen


def body_from(screen: Screen, found: list[Item], name: str, until: datetime) -> list[tuple[datetime, int]]:
    """When which page of the notice's body is on, up to the moment."""
    seen = []
    while screen.now < until:
        begun = screen.now
        screen.page(found)
        if screen.log[-1][0] == name and screen.log[-1][1]:
            seen.append((begun, screen.log[-1][1]))
    return seen


# ---- an urgent notice comes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [(10, 20), (15, 17), (16, 21)])
def test_the_time_told_in_the_morning_stays_when_an_urgent_comes_later(hours: tuple[int, int]) -> None:
    quiet = [ROSTER, *OTHERS]
    screen = lived(quiet, at(8))
    told = screen.ask(quiet).announced
    loud = [*quiet, urgent(at(hours[0]), at(hours[1]))]
    for when in (at(10), at(12), at(15, 30), at(15, 59)):
        screen.now = when
        assert starts(screen.ask(loud)) == {"roster": at(16)} == {each.key[0]: each.starts for each in told}
    later = screen.ask(loud).announced[0]
    assert told[0].ends == at(16, 33, 20)
    assert at(16, 44, 26) <= later.ends < at(16, 44, 27), "only the end is later: half a minute after each slice"
    assert screen.ask(loud).valid_until <= at(16)


def test_beside_an_urgent_the_full_text_begins_on_time_at_its_first_page_and_runs_through() -> None:
    found = [ROSTER, *OTHERS, urgent(at(10), at(21))]
    screen = lived(found, at(15, 50))
    ends = screen.ask(found).announced[0].ends
    seen = body_from(screen, found, "roster", at(17, 30))
    assert at(16) <= seen[0][0] <= at(16) + timedelta(seconds=30 + SLICE_S)
    assert [page for _, page in seen[:100]] == list(range(1, 101))
    assert at(16, 30) < seen[99][0] < ends
    assert {name for name, _ in screen.log} >= {"roster", "urgent", "n0"}, "it is not alone"


def test_a_day_too_short_to_promise_it_still_gives_it_its_time_and_the_others_their_promise() -> None:
    """Unbroken urgents leave the floor; the roster is what the promises drop first, but four o'clock was told."""
    others = [item(f"n{i:02}", 30, 10.0, shown=TERM) for i in range(30)]
    roster = item("roster", 600, 10.0, shown=TERM)
    found = [roster, *others, urgent(at(6, 30), at(21, 30), 12, 15.0)]
    assert starts(ask([roster, *others], when=at(9))) == starts(ask(found, when=at(9))) != {}
    screen = lived(found, at(0))
    morning = Situation(found, screen.exposures, policy(), at(0), ClockTrust.TRUSTED, SCREEN, ())
    promised = {each.need.key[0]: each.passes for each in morning.grants}
    assert promised["roster"] == 0
    assert promised["n00"] > 0
    day = Simulation(found, screen.exposures, policy(), at(0), SCREEN)
    begun = [aired.at for aired in day.run(at(0, day=22)) if aired.slot.notice_id == "roster"]
    time = starts(ask(found, when=at(9)))["roster"]
    assert time <= begun[0] <= time + timedelta(seconds=2 * SLICE_S + 180)
    for key, passes in promised.items():
        assert day.passes.get(((key, 1), at(0).date()), 0) >= passes


def test_an_emergency_over_the_announced_time_only_delays_it() -> None:
    found = [ROSTER, *OTHERS, emergency(at(15, 50), at(16, 40))]
    screen = lived(found, at(15, 55))
    made = screen.ask(found)
    assert starts(made) == {"roster": at(16)}
    assert made.announced[0].ends > at(17), "it can begin at twenty to five"
    seen = body_from(screen, found, "roster", at(17, 30))
    assert at(16, 40) <= seen[0][0] <= at(16, 40) + timedelta(seconds=SLICE_S)
    assert [page for _, page in seen[:9]] == list(range(1, 10))


def test_an_urgent_on_the_day_after_a_lost_one_moves_nothing_either() -> None:
    """What the lost day owes makes the roster run twice; that waits for a day without urgents, the time does not."""
    screen = lived([ROSTER, *OTHERS], at(21, 30, day=20))
    days = [at(0, day=day).date() for day in (17, 18)]

    def old(exposure: Exposure) -> Exposure:
        return replace(exposure, began_at=at(7, day=17), day=days[1], day_passes=9, prev_day=days[0])

    exposures = {key: old(each) for key, each in screen.exposures.items()}
    quiet = ask([ROSTER, *OTHERS], exposures, at(9))
    assert quiet.announced[0].ends >= at(17), "twice"
    loud = ask([ROSTER, *OTHERS, urgent(at(10), at(20))], exposures, at(12))
    assert starts(loud) == starts(quiet)


def test_where_nothing_but_rosters_is_left_each_is_shown_all_day_and_anew_at_its_time() -> None:
    found = [item(f"r{i}", 70 + 20 * i, 10.0, shown=TERM) for i in range(3)]
    screen = lived(found, at(15, 50))
    told = starts(screen.ask(found))
    assert sorted(told.values()) == [at(16), at(16, 25), at(16, 55)]
    assert all(exposure.passes_on(at(0).date()) for exposure in screen.exposures.values())
    begun: dict[str, list[tuple[datetime, int]]] = {name: [] for name in told}
    while screen.now < at(18):
        when = screen.now
        screen.page(found)
        name, page = screen.log[-1]
        begun[name].append((when, page))
    for one in found:
        name = one.notice.id
        full = [(when, page) for when, page in begun[name] if when >= told[name]]
        assert full[0][0] - told[name] <= timedelta(seconds=2 * SLICE_S)
        assert [page for _, page in full][: len(one.dwells)] == list(range(1, len(one.dwells) + 1))


# ---- other rosters come and go ---------------------------------------------------------------------------------


def test_a_roster_that_comes_during_the_day_moves_no_time_that_was_told() -> None:
    day = at(0).date()
    held = [Long(("a", 1), at(9, day=20), 3600.0), Long(("b", 1), at(10, day=20), 1800.0)]
    told = announce(held, DAYTIME, day)
    assert [each.starts for each in told] == [at(16), at(18)]
    came = announce([*held, Long(("c", 1), at(11), 3600.0)], DAYTIME, day)
    assert came[:2] == told
    assert came[2] == Announcement(("c", 1), at(19), at(21))
    c, soon, late = Long(("c", 1), at(11), 5400.0), Long(("d", 1), at(11, 20), 900.0), at(11, 40)
    assert announce([c, replace(soon, due=late)], DAYTIME, day)[:1] == announce([c], DAYTIME, day)
    batch = announce([c, soon], DAYTIME, day)
    assert [each.starts for each in batch] == [at(15, 30), at(18, 30)], "published together: moved forward together"


def test_a_roster_whose_term_ends_today_keeps_its_place_in_the_row() -> None:
    ending = item("ending", 100, 10.0, item="C99-99", shown=display(at(6, day=11), retain=10))
    after = item("next", 100, 10.0, shown=replace(TERM, not_before=at(6, day=12)))
    found = [ending, after, *OTHERS]
    simulation = Simulation(found, {}, policy(), at(0, day=11), SCREEN)
    for _ in simulation.run(at(0)):
        pass
    told = {"ending": at(16), "next": at(16, 35)}
    for when in (at(7), at(16, 20), at(17, 30), at(23, 59)):
        made = ask(found, simulation.exposures, when)
        assert (made.hidden, starts(made)) == ({}, told)
        for _ in simulation.run(when):
            pass
    tomorrow = ask(found, simulation.exposures, at(7, day=22))
    assert (tomorrow.hidden, starts(tomorrow)) == ({"ending": "released"}, {"next": at(16, day=22)})


def test_nothing_is_announced_for_the_moment_the_light_goes_out() -> None:
    day, all_day = at(0).date(), Long(("a", 1), at(6), 26_100.0)  # from seven until half past nine at night
    made = announce([all_day, Long(("b", 1), at(6, 1), 60.0)], DAYTIME, day)
    assert [(each.key[0], each.starts, each.ends) for each in made] == [("a", at(7), at(21, 30))]


def test_what_could_only_begin_in_the_dark_is_not_announced_and_is_shown_before() -> None:
    """Four rosters and six hours of light: the last one would come after midnight."""
    rules = replace(policy(), hours=replace(policy().hours, open=18 * 60, close=24 * 60))
    shapes = [(120, 11.5), (240, 30.0), (120, 30.0), (120, 11.5)]
    found = [item(f"r{i}", pages, dwell, shown=TERM) for i, (pages, dwell) in enumerate(shapes)]
    made = ask(found, when=at(18), rules=rules)
    assert [each.key[0] for each in made.announced] == ["r0", "r1", "r2"]
    simulation = Simulation(found, {}, rules, at(0), SCREEN)
    for _ in simulation.run(at(0, day=23)):
        pass
    for one in found:
        assert simulation.passes.get((one.notice.key, at(0, day=22).date()), 0) >= 1


def test_of_two_announced_ones_the_one_just_due_goes_before_the_one_under_way() -> None:
    """However long ago the one under way had its turn."""
    first, second = (item(name, 100, 10.0, shown=TERM) for name in ("r1", "r2"))
    found = [first, second, *OTHERS]
    when = starts(ask(found, when=at(9)))["r2"]
    screen = lived(found, when - timedelta(minutes=1))
    under_way = screen.exposures["r1", 1]
    screen.exposures["r1", 1] = replace(under_way, bookmark=90, turn=1, turn_at=at(16, 1), through_at=None)
    screen.now = when
    slots = [slot for slot in screen.ask(found).slots if slot.notice_id in ("r1", "r2")]
    assert [(slot.notice_id, slot.first) for slot in slots][:1] == [("r2", 0)]


def test_a_roster_that_comes_late_goes_last_and_moves_no_time_that_was_told() -> None:
    """It was published the day before; the line was down."""
    first = item("a", 100, 10.0, shown=TERM, publish_at=at(8))
    second = item("b", 100, 10.0, shown=TERM, publish_at=at(8, 10))
    late = replace(item("late", 100, 10.0, shown=TERM, publish_at=at(8, day=20)), arrived_at=at(14))
    told = starts(ask([first, second, *OTHERS], when=at(9)))
    after = starts(ask([first, second, late, *OTHERS], when=at(14)))
    assert {name: after[name] for name in told} == told
    assert after["late"] > max(told.values())
    tomorrow = starts(ask([first, second, late, *OTHERS], when=at(9, day=22)))
    assert min(tomorrow, key=lambda name: tomorrow[name]) == "late", "then the order is that of publication again"
