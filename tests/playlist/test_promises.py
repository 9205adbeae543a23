"""Night, digests, announced rosters, lost days, gaps: what the rotation owes beyond a turn."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.notice import Urgency
from ledsign.playlist.announce import Long, announce
from ledsign.playlist.capacity import USABLE, Fit, Need, admit, check, grant
from ledsign.playlist.hours import Hours, Light
from ledsign.playlist.item import Item, light_of_day, need
from ledsign.playlist.simulate import Simulation
from ledsign.playlist.situation import PlanMode, Situation
from ledsign.trust import ClockTrust
from playlist_brute import false_verdict
from playlist_kit import SCREEN, Screen, ask, at, display, hours, item, policy

DAYTIME = Hours(6 * 60 + 30, 21 * 60 + 30, policy().zone, 19 * 60)
TERM = display(at(6, day=1), retain=183)


def situation(found: list[Item], when: datetime) -> Situation:
    return Situation(found, {}, policy(), when, ClockTrust.TRUSTED, SCREEN, ())


# ---- night ---------------------------------------------------------------------------------------------------


def test_pages_stay_longer_by_night_and_the_plan_ends_where_night_begins() -> None:
    found = [item("a", 12, 10.0), item("b", 12, 20.0, digest=6.0)]
    before = ask(found, when=at(18, 59, 58))
    assert before.valid_until == at(19)
    assert before.slots[0].seconds <= 90.0
    after = ask(found, when=at(19))
    by_id = {slot.notice_id: slot for slot in after.slots if not slot.digest}
    assert (by_id["a"].count, by_id["a"].seconds) == (6, 90.0)
    assert (by_id["b"].count, by_id["b"].seconds) == (4, 80.0)  # longer than the night asks: unchanged
    assert next(slot.seconds for slot in after.slots if slot.digest) == 15.0
    demo = ask([replace(found[0], night_least_s=0.5)], when=at(19))
    assert demo.slots[0].seconds == 90.0  # a demonstration's own least dwell


def test_without_a_believed_clock_nobody_can_say_that_it_is_night() -> None:
    made = ask([item("a", 12, 5.0)], when=at(20), trust=ClockTrust.UNTRUSTED)
    assert made.slots[0].seconds == 60.0


def test_capacity_knows_that_a_second_of_night_holds_less() -> None:
    light = light_of_day(policy(), at(0).date())
    assert light == Light(12.5 * 3600, 2.5 * 3600)
    asked = need(item("a", 6, 5.0), policy())
    assert (asked.stretch, asked.least_stretch) == (3.0, 3.0)
    mixed = need(replace(item("a"), dwells=(5.0, 30.0)), policy())
    assert (mixed.stretch, mixed.least_stretch) == (3.0, 1.0)
    assert check([asked], light).usable_s == pytest.approx(USABLE * (12.5 + 2.5 / 3) * 3600)
    only_by_day = Need(("a", 1), 1, 13 * 3600.0, 3.0, 3.0)
    assert check([only_by_day], light).fit is Fit.TIGHT
    assert check([replace(only_by_day, loop_s=13.5 * 3600.0)], light).fit is Fit.INFEASIBLE
    assert check([replace(only_by_day, loop_s=13.5 * 3600.0, least_stretch=1.0)], light).fit is Fit.TIGHT


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.lists(st.integers(5, 30), min_size=1, max_size=4).map(tuple), min_size=1, max_size=3),
    st.integers(0, 120),
    st.integers(0, 120),
)
def test_no_verdict_is_false_against_every_way_to_use_the_night(
    loops: list[tuple[int, ...]], day: int, night: int
) -> None:
    assert false_verdict(loops, day, night) is None


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 70), st.sampled_from([5.0, 10.0, 20.0]), st.booleans()), min_size=1, max_size=8
    ),
    st.integers(12 * 60, 21 * 60),
    st.integers(60, 9 * 60),
)
def test_granted_showings_are_kept_through_the_night(
    shapes: list[tuple[int, float, bool]], opens: int, minutes: int
) -> None:
    """Also where most or all of the lit time is night."""
    rules = hours(opens, min(24 * 60, opens + minutes))
    found = [
        item(f"n{i}", pages, dwell, 6.0 if digest else None, shown=TERM)
        for i, (pages, dwell, digest) in enumerate(shapes)
    ]
    verdict = check([need(one, rules) for one in found], light_of_day(rules, at(0).date()))
    simulation = Simulation(found, {}, rules, at(0, day=10), SCREEN)
    for _ in simulation.run(at(0, day=13)):
        pass
    for granted in verdict.grants:
        for day in range(10, 13):
            assert simulation.passes.get((granted.need.key, at(0, day=day).date()), 0) >= granted.passes


# ---- digests -------------------------------------------------------------------------------------------------


def test_promised_digests_are_shown_beside_the_promised_showings() -> None:
    found = [item(f"n{i:02}", 12, 8.0, 8.0, shown=TERM) for i in range(40)]
    board = situation(found, at(7)).board
    assert board.digests.shows == policy().min_daily_shows.digest
    assert 0 < board.digests.share <= 0.25
    simulation = Simulation(found, {}, policy(), at(0), SCREEN)
    turns = list(simulation.run(at(0, day=22)))
    digests = sum(aired.slot.seconds for aired in turns if aired.slot.digest)
    assert digests <= 0.25 * sum(aired.slot.seconds for aired in turns)
    for one in found:
        assert simulation.exposures[one.notice.key].digests_on(at(0).date()) >= board.digests.shows
        assert simulation.passes[one.notice.key, at(0).date()] >= need(one, policy()).quota


def test_when_time_is_short_digests_give_way() -> None:
    full = [item(f"n{i:02}", 60, 10.0, 10.0, shown=TERM) for i in range(25)]
    full += [item(f"m{i}", 15, 10.0, 10.0, shown=TERM) for i in range(2)]
    board = situation(full, at(7)).board  # 12.75 h asked, 12.75 h usable
    assert board.digests.shows == 0
    assert board.digests.share == 0.0
    none = situation([item("a", 3)], at(7)).board
    assert none.digests.every_s == float("inf")


# ---- announced rosters ---------------------------------------------------------------------------------------


def test_times_are_announced_in_order_and_moved_forward_when_the_evening_is_full() -> None:
    day = at(0).date()
    one, two = Long(("one", 1), at(8), 1800.0), Long(("two", 1), at(9), 1700.0)
    made = announce([two, one], DAYTIME, day)
    assert [(a.key[0], a.starts, a.ends) for a in made] == [
        ("one", at(16), at(17)),
        ("two", at(17), at(17, 56, 40)),
    ]
    crowd = announce([Long((f"n{i}", 1), at(8, i), 3600.0) for i in range(4)], DAYTIME, day)
    assert [a.starts for a in crowd] == [at(11), at(13), at(15), at(17)]
    flood = announce([Long((f"n{i}", 1), at(8, i), 9000.0) for i in range(4)], DAYTIME, day)
    starts = [a.starts for a in flood]
    assert starts == [at(7), at(12), at(17)], "never before half an hour after opening, nor in the dark"
    assert announce([], DAYTIME, day) == ()
    assert announce([one], Hours(600, 600, DAYTIME.zone), day) == ()
    all_night = Hours(20 * 60, 2 * 60, DAYTIME.zone, 19 * 60)
    assert announce([one], all_night, day)[0].starts == at(16)  # lit from eight on: it goes first then


def test_a_roster_is_introduced_then_runs_whole_at_its_time_from_its_beginning() -> None:
    roster, others = item("roster", 100, 10.0, shown=TERM), [item(f"n{i}", 5, shown=TERM) for i in range(6)]
    made = ask([roster, *others], when=at(9))
    assert [(a.key, a.starts) for a in made.announced] == [(("roster", 1), at(16))]
    turns = list(Simulation([roster, *others], {}, policy(), at(0), SCREEN).run(at(0, day=23)))
    days = {day: [a for a in turns if a.slot.notice_id == "roster" and a.at.date().day == day] for day in (21, 22)}
    first = days[21][0]
    assert first.at < at(6, 45)  # a new notice is lit soon, whatever is announced
    assert all(a.at >= at(16) for a in days[21][1:])
    on_the_first = [page for a in days[21][1:] for page in range(a.slot.first, a.slot.first + a.slot.count)]
    assert on_the_first[:100] == list(range(100)), "whoever comes at four sees all of it, also on the first day"
    assert days[22][0].at >= at(16, day=22)
    assert days[22][0].slot.first == 0
    assert days[22][0].at <= at(16, 2, day=22)
    whole = [page for a in days[22] for page in range(a.slot.first, a.slot.first + a.slot.count)]
    assert whole[:100] == list(range(100))
    ends = [a.at for a in days[22] if a.slot.first + a.slot.count == 100]
    announced = ask([roster, *others], when=at(9)).announced[0]
    assert ends[0] - timedelta(days=1) <= announced.ends
    between = [a for a in turns if at(16, 5, day=22) <= a.at <= at(16, 25, day=22)]
    assert any(a.slot.notice_id != "roster" for a in between)


def test_a_roster_broken_off_yesterday_begins_at_its_first_page_also_after_a_digest_of_today() -> None:
    roster = item("roster", 100, 10.0, digest=7.0, shown=TERM)
    found = [roster, *(item(f"n{i}", 5, shown=TERM) for i in range(6))]
    outage = at(16, 20), at(0, day=22)
    turns = list(Simulation(found, {}, policy(), at(0), SCREEN, outages=[outage]).run(at(17, day=22)))
    mine = [a for a in turns if a.slot.notice_id == "roster"]
    broken_off = [a for a in mine if a.at < outage[0]][-1]
    assert 0 < broken_off.slot.first + broken_off.slot.count < 100
    assert any(a.slot.digest for a in mine if at(6, day=22) < a.at < at(16, day=22))
    full = [a for a in mine if not a.slot.digest and a.at >= at(16, day=22)]
    assert [a.slot.first for a in full[:2]] == [0, 9]


def test_a_roster_alone_on_the_screen_does_not_wait_for_its_time() -> None:
    screen = Screen(at(9))
    assert [n for _, n in screen.pages([item("roster", 100)], 30)] == list(range(1, 31))
    assert ask([item("roster", 100)], when=at(9), trust=ClockTrust.UNTRUSTED).announced == ()


# ---- lost days -----------------------------------------------------------------------------------------------


def test_a_lost_day_is_made_up_on_the_next() -> None:
    found = [item(f"n{i}", 20, 10.0, shown=TERM) for i in range(40)]  # 3 x 200 s each: 6.7 h of 12.75
    simulation = Simulation(found, {}, policy(), at(0, day=17), SCREEN, outages=[(at(0, day=20), at(0, day=21))])
    for _ in simulation.run(at(0, day=22)):
        pass
    quota = need(found[0], policy()).quota
    passes = [simulation.passes[one.notice.key, at(0, day=21).date()] for one in found]
    assert min(passes) >= quota
    assert sum(passes) >= 1.5 * quota * len(found)


def test_what_a_lost_day_owes_never_pushes_out_a_quota() -> None:
    needs = [Need(("a", 1), 3, 100.0, carried=3), Need(("b", 1), 3, 200.0, carried=3)]
    assert [(g.passes, g.extra) for g in grant(needs, 900.0)] == [(3, 0), (3, 0)]
    assert [(g.passes, g.extra) for g in grant(needs, 1400.0)] == [(3, 3), (3, 1)]
    assert [(g.passes, g.extra) for g in grant(needs, 400.0)] == [(1, 1), (1, 0)]


def test_only_a_whole_day_of_its_own_is_carried() -> None:
    screen = Screen(at(9, day=19))
    one = item("a", 2, shown=TERM)
    screen.pages([one], 2)
    tomorrow, later_on = situation_of(screen, one, at(9, day=20)), situation_of(screen, one, at(9, day=21))
    assert tomorrow.grants[0].need.carried == 0  # it was new yesterday
    assert later_on.grants[0].need.carried == tomorrow.grants[0].need.quota == 6
    screen.now = at(9, day=20)
    screen.pages([one], 4)
    assert situation_of(screen, one, at(9, day=21)).grants[0].need.carried == 4
    screen.now = at(7, day=21)
    screen.pages([one], 2)  # today's first showing does not make yesterday forgotten
    assert situation_of(screen, one, at(9, day=21)).grants[0].need.carried == 4


def situation_of(screen: Screen, one: Item, when: datetime) -> Situation:
    return Situation([one], screen.exposures, policy(), when, ClockTrust.TRUSTED, SCREEN, ())


# ---- gaps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("urgents", [0, 1, 3])
def test_nobody_is_gone_for_longer_than_the_promised_bound(urgents: int) -> None:
    """Also under unbroken urgent traffic, which leaves the others their floor."""
    others = [item(f"n{i}", pages, shown=TERM) for i, pages in enumerate([1, 3, 6, 12, 30])]
    cut_ins = [item(f"u{i}", 3, item="C12-05", urgency=Urgency.URGENT, shown=display(at(6))) for i in range(urgents)]
    found = [*others, *cut_ins]
    board = situation(found, at(6, 30)).board
    bounds = {entry.notice.id: board.gap_bound_s(entry) for entry in board.ordinary}
    gone = dict.fromkeys(bounds, at(6, 30))
    turns = list(Simulation(found, {}, policy(), at(0), SCREEN).run(at(0, day=22)))
    for aired in turns:
        name = aired.slot.notice_id
        if name in bounds:
            assert (aired.at - gone[name]).total_seconds() <= bounds[name]
            gone[name] = aired.at + timedelta(seconds=aired.slot.seconds)
    assert max(bounds.values()) < 15 * 3600 or urgents
    total = sum(aired.slot.seconds for aired in turns)
    ordinary = sum(aired.slot.seconds for aired in turns if aired.slot.notice_id in bounds)
    assert ordinary >= 0.30 * (total - 90.0)
    assert {aired.mode for aired in turns} == {PlanMode.URGENT if urgents else PlanMode.ROTATION}


# ---- what if -------------------------------------------------------------------------------------------------


def test_a_draft_is_admitted_or_the_harm_is_named() -> None:
    light = Light(1000.0)
    held = [Need(("a", 1), 3, 100.0), Need(("b", 1), 1, 500.0)]
    fine = admit(held, Need(("draft", 1), 1, 50.0), light)
    assert (fine.admissible, fine.harmed, fine.why) == (True, (), ())
    too_much = admit(held, Need(("draft", 1), 6, 400.0), light)
    assert not too_much.admissible
    assert too_much.harmed == (("b", 1), ("draft", 1))  # cannot keep b, because of the draft
    assert too_much.why == (("draft", 1),)
    pushes = admit(held, Need(("draft", 1), 3, 130.0), light)
    assert (pushes.harmed, pushes.why) == ((("a", 1), ("draft", 1)), (("b", 1),))
    again = admit(held, Need(("a", 2), 3, 100.0), light)
    assert again.admissible  # a new revision takes the place of the old
