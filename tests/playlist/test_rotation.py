"""Turns: least recently shown, in slices, with bookmarks; and the odd cases that broke other players."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ledsign.frame import AckLevel
from ledsign.notice import Urgency
from ledsign.playlist.entry import SLICE_S, pages_within, slices
from ledsign.playlist.exposure import NEVER, Shown, ShownKind, record
from ledsign.playlist.situation import PlanMode
from playlist_kit import Screen, ask, at, display, hours, item


def names(pages: list[tuple[str, int]]) -> list[str]:
    return [name for name, _ in pages]


def test_never_shown_first_then_the_one_shown_longest_ago() -> None:
    found = [item("c"), item("a"), item("b")]
    screen = Screen()
    assert names(screen.pages(found, 6)) == ["a", "b", "c"] * 2
    assert names(screen.pages([*found, item("new")], 4)) == ["new", "a", "b", "c"]


def test_important_notices_come_more_often_and_first_among_the_new() -> None:
    found = [item("a"), item("b"), item("z", urgency=Urgency.IMPORTANT)]
    screen = Screen()
    shown = names(screen.pages(found, 50))
    assert shown[0] == "z"
    assert shown.count("z") >= 1.5 * shown.count("a")
    assert shown.count("a") >= 50 // 8


def test_a_long_notice_runs_in_slices_and_goes_on_at_its_bookmark() -> None:
    found = [item("long", 25), item("short")]
    screen = Screen()
    pages = [n for name, n in screen.pages(found, 40) if name == "long"]
    assert pages[:25] == list(range(1, 26))
    assert pages[25] == 1
    assert slices((10.0,) * 25) == 3
    assert pages_within((30.0,) * 5, 0, SLICE_S) == 3
    assert pages_within((120.0,), 0, SLICE_S) == 1  # a page longer than a slice is still shown


def test_a_newcomer_breaks_off_a_running_slice_but_not_another_newcomers() -> None:
    old = [item("x", 30), item("y", 30)]
    screen = Screen()
    screen.pages(old, 20)
    assert names(screen.pages([*old, item("n1", 3), item("n2", 3)], 7)) == ["n1"] * 3 + ["n2"] * 3 + ["y"]


def test_the_newest_arrival_is_lit_at_the_next_page_whatever_runs() -> None:
    screen = Screen()
    old = [item("x", 30), item("y", 30)]
    screen.pages(old, 5)
    first = replace(item("first", 9), arrived_at=screen.now)
    assert screen.pages([*old, first], 2) == [("first", 1), ("first", 2)]
    second = replace(item("second"), arrived_at=screen.now)
    assert screen.pages([*old, first, second], 1) == [("second", 1)]
    there_before = replace(item("z"), arrived_at=at(8))
    assert screen.pages([*old, first, there_before], 1) == [("first", 3)]  # no newcomer: it waits for the slice


def test_digests_come_at_even_distances_and_take_at_most_a_quarter() -> None:
    screen = Screen(at(6, 30))
    found = [item("a", 30, digest=8.0), item("tiny", 1, digest=8.0)]
    pages = screen.pages(found, 20)
    assert pages[0:2] == [("a", 0), ("a", 1)]  # its own digest leads in
    assert pages.count(("tiny", 0)) == 1
    while screen.now < at(0, day=22):
        screen.page(found)
    today = at(0).date()
    owed = screen.rules.min_daily_shows.digest
    assert [owed <= screen.exposures[name, 1].digests_on(today) <= owed + 3 for name in ("a", "tiny")] == [True] * 2
    lit = [(n, 8.0 if n == 0 else 10.0) for _, n in screen.log]
    assert sum(s for n, s in lit if n == 0) <= 0.25 * sum(s for _, s in lit)


def test_many_digests_stay_below_a_quarter_of_the_air() -> None:
    screen = Screen()
    found = [item(f"n{i:02}", 1, 5.0, digest=9.0) for i in range(60)]
    screen.pages(found, 900)
    spoken = sum(e.digest_s for e in screen.exposures.values())
    assert spoken
    digests = sum(1 for _, n in screen.log if n == 0) * 9.0
    assert digests <= 0.25 * screen.air_s + 9.0
    assert digests >= 0.2 * screen.air_s


def test_a_digest_the_card_refuses_moves_no_bookmark_and_is_not_asked_for_at_once() -> None:
    screen = Screen()
    found = [item("a", 30, digest=8.0), item("b")]
    screen.pages(found, 4)
    bookmark = screen.exposures["a", 1].bookmark
    refused = Shown(0, 30, ShownKind.FAILED, screen.now, 0.0, False, False, AckLevel.PLANNED, 99, screen.air_s)
    after = record(screen.exposures["a", 1], refused)
    assert (after.bookmark, after.turn, after.digests_on(at(0).date())) == (bookmark, 1, 1)
    screen.exposures["a", 1] = after
    assert not screen.ask(found).slots[0].digest


def test_page_that_fails_is_passed_over_and_never_counted() -> None:
    screen = Screen()
    found = [item("bad", 2), item("good")]
    for _ in range(12):
        slot = screen.ask(found).slots[0]
        if (slot.notice_id, slot.first) == ("bad", 0):
            failed = Shown(
                1, 2, ShownKind.FAILED, screen.now, 0.0, False, False, AckLevel.PLANNED, slot.turn, screen.air_s
            )
            screen.exposures["bad", 1] = record(screen.exposures.get(("bad", 1), NEVER), failed)
        else:
            screen.page(found)
    assert screen.exposures["bad", 1].passes == 0
    assert screen.exposures["good", 1].passes > 2
    assert ("bad", 2) in screen.log


@pytest.mark.parametrize("dwells", [(), (0.0,), (10.0, -1.0), (float("nan"),), (float("inf"),)])
def test_a_poison_notice_is_put_aside(dwells: tuple[float, ...]) -> None:
    made = ask([replace(item("bad"), dwells=dwells), item("good")])
    assert made.hidden == {"bad": "unpresentable"}
    assert {slot.notice_id for slot in made.slots} == {"good"}


def test_five_thousand_pages_do_not_stop_the_others() -> None:
    screen = Screen()
    shown = names(screen.pages([item("huge", 5000), item("a"), item("b")], 60))
    assert shown.count("a") >= 3


def test_restart_inside_a_slice_changes_nothing() -> None:
    found = [item("a", 7), item("b", 20)]
    straight, restarted = Screen(), Screen()
    pages = straight.pages(found, 30)
    for _ in range(30):
        again = Screen(restarted.now)
        again.exposures, again.air_s = dict(restarted.exposures), restarted.air_s
        again.pages(found, 1)
        again.log = [*restarted.log, *again.log]
        restarted = again
    assert restarted.log == pages


def test_drawn_anew_with_fewer_pages_starts_a_new_pass() -> None:
    screen = Screen()
    screen.pages([item("a", 8)], 6)
    assert screen.pages([item("a", 3)], 1) == [("a", 1)]
    assert screen.exposures["a", 1].passes == 0
    screen.pages([item("a", 3)], 2)
    assert screen.exposures["a", 1].passes == 1


@pytest.mark.parametrize("step", [timedelta(days=1), timedelta(days=-1), timedelta(hours=8), timedelta(hours=-8)])
def test_a_clock_jump_during_a_page_loses_no_turn(step: timedelta) -> None:
    found = [item("a"), item("b"), item("c")]
    rules = hours(0, 24 * 60)
    screen = Screen(at(9), rules)
    screen.pages(found, 4)
    screen.now += step
    assert sorted(set(names(screen.pages(found, 3)))) == ["a", "b", "c"]
    assert all(e.seconds > 0 for e in screen.exposures.values())


def test_window_over_midnight_and_window_of_no_length() -> None:
    night = hours(20 * 60, 2 * 60)
    assert ask([item("a")], when=at(1), rules=night).mode is PlanMode.ROTATION
    assert ask([item("a")], when=at(3), rules=night).mode is PlanMode.DARK
    assert ask([item("a")], when=at(3), rules=night).valid_until == at(20)
    assert ask([item("a")], when=at(10), rules=hours(600, 600)).mode is PlanMode.DARK
    never = item("never", item="C12-05", shown=display(at(9), at(9)))
    inverted = item("inverted", item="C12-05", shown=display(at(10), at(9)))
    assert ask([never, inverted], when=at(9)).hidden == {"never": "expired", "inverted": "not_before"}
    assert ask([never, inverted], when=at(10)).hidden == {"never": "expired", "inverted": "expired"}


def test_year_9999_means_for_ever_and_is_no_fault() -> None:
    forever = display(at(6), at(23, day=31, month=12, year=9999))
    assert ask([item("a", item="C12-05", shown=forever)]).slots
    assert ask([item("a", urgency=Urgency.URGENT, shown=display(forever.not_after))]).hidden == {"a": "not_before"}


def test_a_short_day_serves_debts_first() -> None:
    screen = Screen(at(21))
    rested = item("rested")
    found = [rested, *(item(f"n{i}", 12) for i in range(4))]
    screen.pages([rested], 6)
    screen.now = at(21, 20)
    shown = names(screen.pages(found, 40))
    assert "rested" not in shown[:40]


def test_day_passes_are_those_of_the_day() -> None:
    screen = Screen(at(21, 29))
    screen.pages([item("a", 3)], 2)
    screen.now = at(6, 30, day=22)
    screen.pages([item("a", 3)], 1)
    exposure = screen.exposures["a", 1]
    assert (exposure.passes, exposure.day_passes, exposure.counted_days) == (1, 0, ())
    screen.pages([item("a", 3)], 2)
    assert screen.exposures["a", 1].counted_days == (at(6, day=22).date(),)
