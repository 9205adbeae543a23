"""Edges that a run of ``tools/mutate.py`` found nobody looking at."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledsign.frame import AckLevel
from ledsign.notice import Urgency
from ledsign.playlist.announce import PACE
from ledsign.playlist.capacity import Fit, Need, check, grant
from ledsign.playlist.entry import Entry, Phase, pages_within
from ledsign.playlist.exposure import NEVER, Exposure, Shown, ShownKind, record, record_all
from ledsign.playlist.forecast import forecast
from ledsign.playlist.hours import Hours, Light
from ledsign.playlist.item import Item
from ledsign.playlist.lane import Lane
from ledsign.playlist.preempt import CutIn, Level, foremost
from ledsign.playlist.retention import account
from ledsign.playlist.rotation import Board
from ledsign.playlist.simulate import Simulation
from ledsign.playlist.situation import Situation
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, alert, ask, at, display, item, notice, policy

TODAY = at(0).date()


def page(n: int, of: int, minute: int = 0, turn: int = 1, **values: object) -> Shown:
    made = Shown(n, of, ShownKind.PAGE, at(9, minute), 10.0, True, True, AckLevel.ACKED, turn, 10.0 * n)
    return replace(made, **values)  # type: ignore[arg-type]


def entry(name: str = "a", pages: int = 4, exposure: Exposure = NEVER, **values: object) -> Entry:
    dwells = (10.0,) * pages
    made = Entry(
        notice=notice(name), dwells=dwells, work=dwells, digest_s=None, exposure=exposure, level=Level.STATUTORY,
        until=None, urgency_weight=1, passes_owed=3, loop_s=sum(dwells), weight=1,
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]


# ---- accounts --------------------------------------------------------------------------------------------------


def test_a_notice_drawn_anew_needs_all_its_pages_again() -> None:
    before = record(NEVER, page(1, 2))
    most = record_all(before, [page(2, 3, 1), page(3, 3, 2)])
    assert (most.passes, most.day_passes) == (0, 0)
    assert (record(most, page(1, 3, 3)).passes, record(most, page(1, 3, 3)).day_passes) == (1, 1)


def test_a_new_day_begins_without_pages_of_the_old_one() -> None:
    yesterday = record(NEVER, page(1, 2, at=at(9, day=20)))
    assert record(yesterday, page(2, 2)).mask_on(TODAY) == 0b10


def test_a_turn_begins_with_its_first_page_of_the_body() -> None:
    first = record(NEVER, page(1, 3, 5))
    spoken = record(first, page(0, 0, 8, kind=ShownKind.DIGEST, counts=False))
    assert (spoken.turn_at, spoken.last_shown_at) == (at(9, 5), at(9, 8))
    assert record(spoken, page(2, 3, 9)).turn_at == at(9, 5)
    assert record(spoken, replace(page(2, 3, 9), turn=7)).turn_at == at(9, 9)
    assert record(spoken, replace(page(2, 3, 1), turn=7)).turn_at == at(9, 1), "a clock put right counts at once"


def test_a_bookmark_behind_the_last_page_begins_anew() -> None:
    assert entry(pages=2, exposure=replace(NEVER, bookmark=2)).bookmark == 0


def test_half_a_second_owed_is_owed() -> None:
    made = entry()
    made.debt_s = made.first_debt_s = 0.5
    assert [made.owes(phase) for phase in Phase] == [True, True, True]
    session = entry(announced_at=at(8), announced=True, exposure=replace(NEVER, through_at=at(9)))
    assert not session.running_session
    session.debt_s = 0.5
    assert session.running_session


def test_a_slice_ends_before_the_page_that_does_not_fit() -> None:
    assert pages_within((80.0, 20.0, 5.0), 0, 90.0) == 1
    assert pages_within((5.0, 80.0, 20.0, 5.0), 1, 90.0) == 1
    assert pages_within((10.0, 60.0, 30.0, 0.5), 0, 90.0) == 2


def test_the_end_that_is_ignored_is_ignored_from_its_very_moment() -> None:
    made = notice(shown=display(at(0, day=20), at(9), 10))
    assert account(made, NEVER, policy(), at(9)).not_after_ignored
    assert not account(made, NEVER, policy(), at(8, 59, 59)).not_after_ignored


# ---- hours and capacity ----------------------------------------------------------------------------------------


def test_night_begins_on_its_minute_and_a_window_over_midnight_begins_at_midnight() -> None:
    daytime = Hours(6 * 60 + 30, 21 * 60 + 30, policy().zone, 19 * 60)
    assert [daytime.is_night(when) for when in (at(18, 59), at(19), at(6, 29), at(6, 30))] == [
        False,
        True,
        True,
        False,
    ]
    over = Hours(20 * 60, 2 * 60, policy().zone).pieces(TODAY)
    assert [(each.start, each.end) for each in over] == [(at(0), at(2)), (at(20), at(0, day=22))]


def test_half_a_second_too_much_is_too_much() -> None:
    assert [one.passes for one in grant([Need(("a", 1), 1, 10.0), Need(("b", 1), 1, 20.0)], 29.5)] == [1, 0]
    assert [one.passes for one in grant([Need(("a", 1), 3, 0.25)], 0.5)] == [1]


def test_a_page_that_stays_as_long_by_night_as_by_day_uses_all_of_the_night() -> None:
    assert check([Need(("a", 1), 1, 85.0)], Light(0.0, 100.0)).fit is Fit.FEASIBLE
    assert check([Need(("a", 1), 1, 95.0)], Light(0.0, 100.0)).fit is Fit.TIGHT


# ---- cut-ins ---------------------------------------------------------------------------------------------------


def test_the_graver_emergency_comes_first_however_old_it_is() -> None:
    cut = CutIn(Level.EMERGENCY, None, exercise=False)
    order = ["red", "orange", "yellow", "blue"]
    for graver, lesser in zip(order, [*order[1:], ""], strict=True):
        old = notice("old", urgency=Urgency.EMERGENCY, warning=replace(alert(sent=at(8)), severity=graver))
        warning = replace(alert(sent=at(9)), severity=lesser) if lesser else None
        new = replace(notice("new", urgency=Urgency.EMERGENCY, warning=warning), publish_at=at(9))
        assert [each.id for each in foremost([(new, cut), (old, cut)])] == ["old", "new"]


def test_the_levels_are_five_in_their_order() -> None:
    names = ["NOTICE", "STATUTORY", "URGENT", "EMERGENCY", "LIFE_SAFETY"]
    assert [level.name for level in sorted(Level)] == names


def urgent(name: str) -> Item:
    return item(name, item="C12-05", urgency=Urgency.URGENT, shown=display(at(8)))


def test_of_two_new_urgent_notices_the_newest_goes_first() -> None:
    older, newer = (replace(urgent(name).notice, publish_at=at(8, minute)) for name, minute in (("z", 1), ("a", 2)))
    for pair in ([older, newer], [newer, older]):
        assert ask([replace(item(), notice=one) for one in pair], when=at(9)).slots[0].notice_id == "a"


def test_an_urgent_turn_waits_for_the_share_of_the_others_since_the_latest_one() -> None:
    def had(turn: int, slice_s: float, air_s: float, cut_in: bool = True) -> Exposure:
        return replace(record(NEVER, page(1, 1)), turn=turn, slice_s=slice_s, air_s=air_s, urgent=cut_in)

    found = [urgent("u1"), urgent("u2"), item("other")]
    lived = {
        ("u1", 1): had(3, 60.0, 100.0),
        ("u2", 1): had(9, 90.0, 400.0),
        ("other", 1): had(10, 10.0, 410.0, False),
    }
    assert ask(found, lived, at(9, 30)).slots[0].notice_id == "other"
    assert ask(found, {**lived, ("other", 1): had(10, 10.0, 440.0, False)}, at(9, 30)).slots[0].notice_id == "u1"


def test_an_urgent_notice_without_dates_is_asked_about_again_at_its_cap() -> None:
    situation = Situation([urgent("water")], {}, policy(), at(9), ClockTrust.TRUSTED, SCREEN, ())
    assert at(8) + timedelta(days=7) in situation.edges


def test_a_slice_of_an_emergency_goes_on_where_it_was() -> None:
    warning = replace(alert(sent=at(8), expires=at(12)), severity="orange")
    made = item("flood", 20, item="C12-01", urgency=Urgency.EMERGENCY, warning=warning, shown=display(at(8)))
    slot = ask([made], {made.notice.key: record(NEVER, page(1, 20, turn=5))}, at(9, 1)).slots[0]
    assert (slot.turn, slot.first, slot.count) == (5, 1, 8)


# ---- the board -------------------------------------------------------------------------------------------------


def board(*ordinary: Entry) -> Board:
    return Board((), (), ordinary, TODAY, 0, 0.0, None)


def test_a_turn_pays_and_is_no_digest() -> None:
    made = board(entry(digest_s=7.0))
    assert made.debt_s == 120.0
    slot = made.next(Phase.QUOTA, lit=True)
    assert slot is not None
    after = made.shown(slot, at(9)).exposure
    assert (made.debt_s, made.first_debt_s, made.air_s) == (80.0, 0.0, 40.0)
    assert (after.digest_air_s, after.day_digests) == (0.0, 0)


def test_whose_time_has_come_is_not_also_chosen_by_age() -> None:
    new, other = entry("new"), entry("other", exposure=record(NEVER, page(1, 4)))
    lane = Lane([new, other])
    assert lane.greatest_age(Phase.RELAXED, 5, None) is new
    assert lane.greatest_age(Phase.RELAXED, 5, new) is other


def test_an_overfull_day_names_those_it_is_due_to() -> None:
    found = [item("huge", 60, 400.0), item("small", 1)]
    made = ask(found, when=at(9))
    assert [each.need.key for each in made.short] == [("huge", 1)]
    assert made.blame == (("huge", 1),)


def test_without_a_believed_clock_and_in_the_dark_no_day_is_short() -> None:
    found = [item(f"n{index}", 20, 10.0) for index in range(40)]
    for when, trust in ((at(21, 20), ClockTrust.UNTRUSTED), (at(3), ClockTrust.TRUSTED)):
        situation = Situation(found, {}, policy(), when, trust, SCREEN, ())
        assert situation.deadline is None
        assert situation.phase(when) is Phase.RELAXED


def test_without_a_believed_clock_one_turn_is_enough_to_have_started() -> None:
    early = item("a", shown=display(at(10)), publish_at=at(8))
    once = {early.notice.key: record(NEVER, page(1, 1, turn=1))}
    assert ask([early], {}, at(9), ClockTrust.UNTRUSTED).hidden == {"a": "clock_untrusted"}
    assert ask([early], once, at(9), ClockTrust.UNTRUSTED).hidden == {}


@pytest.mark.parametrize(("pages", "announced"), [(60, False), (61, True)])
def test_only_what_is_longer_than_the_policy_calls_long_is_announced(pages: int, announced: bool) -> None:
    assert policy().min_daily_shows.long_pages == 60
    assert bool(ask([item("roster", pages), item("other")], when=at(9)).announced) is announced


def test_the_announced_span_holds_what_a_lost_day_owes() -> None:
    roster = item("roster", 70, 10.0)
    lived = {roster.notice.key: record(NEVER, page(1, 70, at=at(9, day=18)))}
    (made,) = ask([roster, item("other")], lived, at(9)).announced
    assert (made.ends - made.starts).total_seconds() == PACE * 2 * 700.0


# ---- played forward --------------------------------------------------------------------------------------------


def test_an_outage_begins_on_its_second_and_a_slice_ends_with_the_time_asked_for() -> None:
    found = [item("a", 5, 10.0)]
    dark = Simulation(found, {}, policy(), at(9), SCREEN, outages=[(at(9), at(9, 30))])
    assert next(dark.run(at(10))).at == at(9, 30)
    (only,) = Simulation(found, {}, policy(), at(9), SCREEN).run(at(9, 0, 5))
    assert (only.slot.count, only.slot.seconds) == (1, 10.0)


def test_passes_are_counted_once() -> None:
    lived = Simulation([item("a", 1), item("b", 2)], {}, policy(), at(9), SCREEN)
    for _ in lived.run(at(10)):
        pass
    for key, exposure in lived.exposures.items():
        assert lived.passes[key, TODAY] == exposure.passes_on(TODAY) > 5


def test_the_forecast_reaches_as_far_as_asked() -> None:
    turns = forecast([item("a"), item("b")], {}, policy(), at(9), SCREEN, hours=2.0).timeline
    assert turns[0].at == at(9)
    assert at(10, 55) < turns[-1].at < at(11)
