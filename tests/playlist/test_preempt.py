"""Cut-ins: who, when, how long, and the way back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ledsign.notice import Correction, Urgency
from ledsign.playlist.item import Item
from ledsign.playlist.preempt import EMERGENCIES_AT_ONCE, Level, claim
from ledsign.playlist.situation import PlanMode
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, Screen, alert, ask, at, display, hours, item, notice, policy


def flood(name: str = "flood", hour: int = 9, until: int = 12, pages: int = 2, **values: object) -> Item:
    warning = alert(f"id-{name}", sent=at(hour), expires=at(until), **values)  # type: ignore[arg-type]
    return item(name, pages, item="C12-01", urgency=Urgency.EMERGENCY, shown=display(at(hour)), warning=warning)


def water(name: str = "water", until: int = 23, pages: int = 1, dwell: float = 10.0, hour: int = 9) -> Item:
    return item(name, pages, dwell, item="C12-05", urgency=Urgency.URGENT, shown=display(at(hour), at(until)))


ROUTINE = [item("a"), item("b", 5), item("c", 20)]


def test_an_emergency_is_alone_and_the_rotation_goes_on_at_its_bookmark() -> None:
    screen = Screen(at(8, 59))
    screen.pages(ROUTINE, 3)
    running = screen.log[-1]
    assert screen.page(ROUTINE, part=0.4).mode is PlanMode.ROTATION  # cut short inside the page
    cut = screen.log[-1]
    assert cut == (running[0], running[1] + 1)
    found = [*ROUTINE, flood()]
    screen.now = at(9)
    assert screen.ask(found).mode is PlanMode.EMERGENCY
    assert screen.pages(found, 5) == [("flood", 1), ("flood", 2)] * 2 + [("flood", 1)]
    assert screen.pages(found, 1, cancelled=["id-flood"]) == [cut]  # the interrupted page, from its start
    assert screen.exposures["b", 1].pass_mask | screen.exposures["b", 1].passes  # counted only once it was whole


def test_an_emergency_is_shown_at_night_until_it_expires() -> None:
    night = flood(hour=2, until=4)
    made = ask([*ROUTINE, night], when=at(3))
    assert (made.mode, {s.notice_id for s in made.slots}) == (PlanMode.EMERGENCY, {"flood"})
    assert made.slots[0].ends_at == at(4)
    assert ask([*ROUTINE, night], when=at(4)).mode is PlanMode.DARK
    obeys = replace(policy(), hours=replace(policy().hours, emergency_overrides=False))
    assert ask([night], when=at(3), rules=obeys).slots == ()


def test_two_emergencies_take_turns_and_a_third_waits() -> None:
    found = [flood("one", severity="orange"), flood("two", severity="yellow"), flood("three", severity="blue")]
    made = ask([*ROUTINE, *found], when=at(9))
    assert made.hidden == {"three": "outranked"}
    screen = Screen(at(9))
    names = [name for name, _ in screen.pages([*ROUTINE, *found], 8)]
    assert names == ["one", "two", "two", "one", "two", "two", "one", "one"]  # the gravest first, a new one cuts in
    assert EMERGENCIES_AT_ONCE == 2


def test_a_second_emergency_cuts_into_the_first() -> None:
    screen = Screen(at(9))
    long = flood("long", pages=8)
    screen.pages([long], 2)
    assert screen.pages([long, flood("new")], 1) == [("new", 1)]


def test_urgent_comes_at_the_next_page_boundary_then_every_second_turn() -> None:
    screen = Screen(at(9))
    long = [item("x", 30), item("y", 30)]
    screen.pages(long, 3)
    screen.pages([*long, water()], 30)
    turns = [name for i, (name, n) in enumerate(screen.log[3:]) if name != screen.log[2 + i][0]]
    assert screen.log[3] == ("water", 1)
    assert turns[0::2] == ["water"] * len(turns[0::2])
    assert "water" not in turns[1::2]


def test_urgent_ends_with_its_own_end_and_alone_it_is_always_on() -> None:
    assert ask([*ROUTINE, water(until=10)], when=at(10)).hidden == {"water": "expired"}
    screen = Screen(at(9))
    assert screen.pages([water(), water("gas")], 4) == [("water", 1), ("gas", 1)] * 2
    assert screen.pages([water("long", pages=20)], 12)[-1] == ("long", 12)


def test_an_urgent_of_many_pages_finishes_its_slice() -> None:
    screen = Screen(at(9))
    names = [name for name, _ in screen.pages([*ROUTINE, water(pages=4)], 6)]
    assert names[:5] == ["water"] * 4 + ["a"]


def test_urgent_pushed_twice_is_one() -> None:
    screen = Screen(at(9))
    one = screen.pages([*ROUTINE, water()], 10)
    other = Screen(at(9))
    assert other.pages([*ROUTINE, water(), water()], 10) == one


def test_urgent_after_its_expiry_is_not_shown() -> None:
    late = item("late", item="C12-01", urgency=Urgency.EMERGENCY, warning=alert(sent=at(6), expires=at(8)))
    assert ask([late], when=at(9)).hidden == {"late": "alert_expired"}


@pytest.mark.parametrize(
    ("areas", "reason"),
    [
        ((), None),
        ((SCREEN,), None),
        ((SCREEN[:9] + "000",), None),
        ((SCREEN[:6] + "000000",), None),
        (("990102102000",), "alert_area"),
        (("990102102000", SCREEN[:9] + "000"), None),
        ((SCREEN[:-1] + "9",), "alert_area"),
    ],
)
def test_a_warning_is_for_the_areas_it_names(areas: tuple[str, ...], reason: str | None) -> None:
    found = flood()
    assert found.notice.alert is not None
    found = replace(found, notice=replace(found.notice, alert=replace(found.notice.alert, area_codes=areas)))
    made = ask([item("a"), found])
    assert made.hidden.get("flood") == reason
    assert made.mode is (PlanMode.EMERGENCY if reason is None else PlanMode.ROTATION)


def test_urgent_during_urgent_is_the_next_urgent_turn() -> None:
    screen = Screen(at(9))
    screen.pages([*ROUTINE, water()], 1)
    after = screen.pages([*ROUTINE, water(), water("gas")], 4)
    assert [name for name, _ in after].index("gas") <= 2


def _share(screen: Screen, seconds: float, coming: Callable[[float], Item]) -> float:
    """Part of the air time that the ordinary notices get of ``seconds``, one cut-in after another coming."""
    begun = screen.now
    while (gone := (screen.now - begun).total_seconds()) < seconds:
        screen.page([*CROWD, coming(gone)])
    others = sum(screen.exposures[each.notice.key].seconds for each in CROWD)
    return others / screen.air_s


def _urgent(name: str, revision: int = 1) -> Item:
    return item(name, 9, item="C12-05", urgency=Urgency.URGENT, revision=revision, shown=display(at(6)))


CROWD = [item(f"n{number}", 5, shown=display(at(6, day=1), retain=30)) for number in range(3)]
OLD_ALERT = alert(sent=at(6, day=17), expires=at(6, day=30))
CUT_INS: dict[str, Callable[[float], Item]] = {
    "one urgent": lambda _gone: water(),
    "a new revision every 90 s": lambda gone: _urgent("u", 1 + int(gone // 90)),
    "replaced and withdrawn every 90 s": lambda gone: _urgent(f"u{int(gone // 90)}"),
    "an emergency past its cap": lambda _gone: item(
        "late", 3, item="C12-05", urgency=Urgency.EMERGENCY, warning=OLD_ALERT, shown=display(at(6, day=17))
    ),
    "an all-clear sent as an emergency": lambda _gone: flood("over", msg_type="Cancel"),
}


@pytest.mark.parametrize("name", CUT_INS)
def test_urgent_traffic_of_every_kind_leaves_the_others_their_floor(name: str) -> None:
    assert _share(Screen(at(9)), 3600.0, CUT_INS[name]) >= 0.3


def test_an_alert_that_ended_before_a_power_cut_is_not_lit_again_by_a_dead_clock() -> None:
    """It came late, so that it was lit for less than it was valid; its last page was cut where it ended."""
    red = item("red", 2, 15.0, item="C12-01", urgency=Urgency.EMERGENCY, shown=display(at(19)),
               warning=alert("id-red", sent=at(19), expires=at(22, 30)))  # fmt: skip
    screen = Screen(at(19, 7) + timedelta(seconds=5))
    while screen.now < at(22, 30):
        left = (at(22, 30) - screen.now).total_seconds()
        screen.page([red], part=min(1.0, left / 15.0))
    screen.trust, screen.earliest = ClockTrust.UNTRUSTED, at(2, 50, day=22)
    for clock in (at(0, day=1, month=1, year=1970), at(3, day=22), at(3, day=22, year=2036)):
        screen.now = clock
        assert screen.ask([red]).hidden == {"red": "alert_expired"}
    screen.earliest = at(22, 29)
    assert screen.ask([red]).mode is PlanMode.EMERGENCY, "nothing proves that it is over"


def test_cancel_before_alert_and_update() -> None:
    assert ask([flood()], cancelled=["id-flood"]).hidden == {"flood": "alert_cancelled"}
    update = flood("update", msg_type="Update")
    made = ask([flood(), update], cancelled=["id-flood"])
    assert {s.notice_id for s in made.slots} == {"update"}


def test_a_cancel_message_is_urgent_not_an_emergency() -> None:
    gone = flood("over", msg_type="Cancel")
    made = ask([*ROUTINE, gone])
    assert (made.mode, made.slots[0].level) == (PlanMode.URGENT, Level.URGENT)


def test_last_urgent_gone_means_rotation_and_last_notice_gone_means_safe_page() -> None:
    assert ask(ROUTINE).mode is PlanMode.ROTATION
    empty = ask([])
    assert (empty.mode, empty.slots, empty.hidden) == (PlanMode.SAFE, (), {})
    assert ask([water(until=10)], when=at(10)).mode is PlanMode.SAFE


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.EMERGENCY])
def test_every_claim_ends_even_when_its_dates_say_for_ever(urgency: Urgency) -> None:
    forever = at(0, day=31, month=12, year=9999)
    made = notice("f", urgency=urgency, shown=display(at(9), forever), warning=alert(sent=at(9), expires=forever))
    levels = [claim(made, True, at(9, day=day, month=month)).level for day, month in [(21, 11), (25, 11), (1, 12)]]
    assert levels[1:] == [Level.URGENT, Level.STATUTORY]
    assert claim(notice("g", urgency=urgency, shown=display(forever)), False, forever).level is Level.URGENT


def test_an_emergency_without_alert_data_is_urgent() -> None:
    made = ask([item("e", urgency=Urgency.EMERGENCY, shown=display(at(8)))])
    assert made.slots[0].level is Level.URGENT


def test_a_correction_under_another_id_takes_the_place_of_what_it_corrects() -> None:
    corrects = Correction("a", 1, "金额", "更正金额", at(8), "x")
    found = [item("a"), item("a2", correction=corrects)]
    assert ask(found).hidden == {"a": "corrected"}
    not_yet = [item("a"), item("a2", correction=corrects, shown=display(at(10)))]
    assert ask(not_yet).hidden == {"a2": "not_before"}


def test_untrusted_time_keeps_what_runs_and_starts_nothing_dated() -> None:
    boot = at(0, day=1, month=1, year=1970)
    dated = item("dated", shown=display(at(10)), publish_at=at(8))
    made = ask([item("a"), dated, flood()], when=boot, trust=ClockTrust.UNTRUSTED)
    assert made.hidden == {"dated": "clock_untrusted"}
    assert made.mode is PlanMode.EMERGENCY
    assert made.valid_until > boot
    calm = ask([item("a"), dated], when=boot, trust=ClockTrust.UNTRUSTED)
    assert (calm.mode, [s.notice_id for s in calm.slots][:1]) == (PlanMode.ROTATION, ["a"])
    nothing = ask([dated], when=boot, trust=ClockTrust.UNTRUSTED)
    assert (nothing.mode, (nothing.valid_until - boot).total_seconds()) == (PlanMode.SAFE, 60)


def test_what_had_left_before_the_clock_was_lost_stays_out() -> None:
    screen = Screen(at(11))
    found = [item("a"), water(until=12)]
    screen.pages(found, 4)
    screen.now = at(13)
    screen.pages(found, 2)
    screen.now, screen.trust = at(0, day=1, month=1, year=1970), ClockTrust.UNTRUSTED
    assert screen.ask(found).hidden == {"water": "expired"}
    days = screen.exposures["a", 1].counted_days
    screen.pages(found, 5)
    assert screen.exposures["a", 1].counted_days == days


def test_an_alert_lit_longer_than_it_was_valid_ends_without_a_clock() -> None:
    screen = Screen(at(0, day=1, month=1, year=1970))
    screen.trust = ClockTrust.UNTRUSTED
    found = [item("a"), flood(until=10)]
    screen.pages(found, 360)
    assert screen.ask(found).hidden == {"flood": "alert_expired"}


def test_level_of_a_round_the_clock_screen() -> None:
    made = ask([item("a")], when=at(3), rules=hours(0, 24 * 60))
    assert made.slots[0].level is Level.STATUTORY


def test_a_red_warning_has_the_screen_before_any_other_emergency() -> None:
    storm, rain = flood("storm", severity="orange"), flood("rain", severity="red")
    made = ask([*ROUTINE, storm, rain])
    assert made.hidden == {"storm": "outranked"}
    assert {(s.notice_id, s.level) for s in made.slots} == {("rain", Level.LIFE_SAFETY)}
    assert ask([storm, rain], cancelled=["id-rain"]).slots[0].notice_id == "storm"
    more = ask([rain, flood("quake", severity="red"), flood("third", severity="red", hour=8)])
    assert more.hidden == {"third": "outranked"}  # of equal ones the newest two


def test_a_claim_steps_down_one_level_at_its_cap() -> None:
    forever = at(0, day=31, month=12, year=9999)
    for severity, top in (("red", Level.LIFE_SAFETY), ("blue", Level.EMERGENCY)):
        warning = alert(sent=at(9), expires=forever, severity=severity)
        made = notice("f", urgency=Urgency.EMERGENCY, shown=display(at(9), forever), warning=warning)
        assert claim(made, True, at(8, 59, day=24)).level is top
        assert claim(made, True, at(9, day=24)).level is Level.URGENT
        assert claim(made, True, at(8, 59, day=28)).level is Level.URGENT
        assert claim(made, True, at(9, day=28)).level is Level.STATUTORY


def drill(title: str = "防汛演练", event: str = "暴雨", hour: int = 9) -> Item:
    made = flood("drill", hour=hour, until=23)
    assert made.notice.alert is not None
    told = replace(made.notice, title=title, alert=replace(made.notice.alert, event_name=event))
    return replace(made, notice=told)


def test_an_exercise_takes_the_screen_but_ends_by_itself_and_yields_to_the_real_thing() -> None:
    made = ask([*ROUTINE, drill()])
    assert (made.mode, made.slots[0].level) == (PlanMode.EMERGENCY, Level.EMERGENCY)
    assert made.slots[0].ends_at == at(10)
    assert [(c.exercise, c.overdue) for c in made.claims] == [(True, False)]
    real = flood("real", severity="blue")
    assert ask([drill(), real]).hidden == {"drill": "outranked"}
    assert ask([*ROUTINE, drill()], when=at(10)).hidden == {"drill": "exercise_over"}
    assert ask([*ROUTINE, drill(hour=22)], when=at(22, 30)).hidden == {"drill": "exercise_dark"}
    boot = ask([drill()], when=at(9), trust=ClockTrust.UNTRUSTED)
    assert boot.hidden == {"drill": "exercise_over"}  # nobody can say when its hour is over


def test_an_exercise_that_does_not_say_so_is_not_shown_and_a_calm_notice_about_one_is_ordinary() -> None:
    assert ask([drill("暴雨红色预警", "暴雨演练")]).hidden == {"drill": "exercise_unmarked"}
    calm = item("calm")
    calm = replace(calm, notice=replace(calm.notice, title="关于开展防汛演练的通知"))
    assert ask([calm]).slots[0].level is Level.STATUTORY


def test_a_cut_in_says_who_speaks_and_why_and_is_reported_when_it_outlives_its_end() -> None:
    made = ask([*ROUTINE, flood(), water(until=12)])
    flooded = next(c for c in made.claims if c.notice_id == "flood")
    assert (flooded.owner, flooded.reason, flooded.until) == ("台; 应急办", "暴雨 red 全域", at(12))
    assert next(c for c in made.claims if c.notice_id == "water").owner == "村"
    assert all(not c.overdue for c in made.claims)
    stays = item("stays", urgency=Urgency.URGENT, shown=display(at(9), at(10), retain=10))
    late = ask([stays], when=at(11))
    assert [(c.notice_id, c.overdue, c.level) for c in late.claims] == [("stays", True, Level.STATUTORY)]
