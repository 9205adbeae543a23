"""What must hold for any set of notices, any history and any moment."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.notice import Urgency
from ledsign.playlist.entry import SLICE_S, Phase, slices
from ledsign.playlist.exposure import NEVER
from ledsign.playlist.hours import Hours, later
from ledsign.playlist.item import Item, quota
from ledsign.playlist.rotation import GAP_FACTOR
from ledsign.playlist.situation import PlanMode, Situation
from playlist_kit import SCREEN, Screen, alert, at, display, hours, item, policy

START = at(6, 30, day=10)
moments = st.integers(-3 * 86_400, 12 * 86_400).map(lambda s: START + timedelta(seconds=s))


@st.composite
def items(draw: st.DrawFn, most: int = 6) -> list[Item]:
    found = []
    for index in range(draw(st.integers(0, most))):
        urgency = draw(st.sampled_from([Urgency.ROUTINE] * 4 + list(Urgency)))
        begin = draw(st.one_of(st.just(at(6, day=1)), moments))
        end = draw(st.one_of(st.none(), moments))
        warning = None
        if urgency is Urgency.EMERGENCY:
            warning = alert(f"w{index}", sent=begin, expires=begin + timedelta(hours=draw(st.integers(0, 30))))
        found.append(
            item(
                f"n{index}",
                pages=draw(st.integers(1, 12)),
                dwell=draw(st.sampled_from([5.0, 7.3, 10.0, 30.0])),
                digest=draw(st.sampled_from([None, 6.0])),
                item=draw(st.sampled_from(["C01-01", "C07-01", "C12-05", "C99-99"])),
                urgency=urgency,
                shown=display(begin, end, draw(st.integers(0, 3))),
                warning=warning,
            )
        )
    return found


def played(found: list[Item], start: datetime, pages: int) -> Screen:
    screen = Screen(start)
    for _ in range(pages):
        screen.page(found)
    return screen


@settings(max_examples=80, deadline=None)
@given(items(), moments, st.integers(0, 60), st.lists(st.floats(0, 0.999999), max_size=5))
def test_no_slot_changes_before_valid_until(
    found: list[Item], start: datetime, pages: int, fractions: list[float]
) -> None:
    screen = played(found, start, pages)
    made = screen.ask(found)
    assert made.valid_until > screen.now
    span = (made.valid_until - screen.now) / timedelta(microseconds=1)
    for fraction in [*fractions, (span - 1) / span]:
        screen_then = replace_now(screen, screen.now + timedelta(microseconds=int(span * fraction)))
        then = screen_then.ask(found)
        assert (then.slots, then.mode, then.hidden) == (made.slots, made.mode, made.hidden)


def replace_now(screen: Screen, now: datetime) -> Screen:
    other = Screen(now, screen.rules)
    other.exposures = screen.exposures
    return other


def shortness(screen: Screen, found: list[Item]) -> Phase:
    situation = Situation(found, screen.exposures, screen.rules, screen.now, screen.trust, SCREEN, ())
    return situation.phase(screen.now)


@settings(max_examples=50, deadline=None)
@given(items(), moments, st.integers(0, 40))
def test_the_turns_ahead_are_what_asking_again_after_every_page_gives(
    found: list[Item], start: datetime, pages: int
) -> None:
    screen = played(found, start, pages)
    made = screen.ask(found)
    frozen, phase = screen.now, shortness(screen, found)
    for slot in made.slots:
        for _ in range(slot.count + slot.digest):
            screen.now = frozen  # only what was shown changes, not the hour
            if shortness(screen, found) is not phase:
                return  # enough was paid for the day to be no longer short
            now = screen.ask(found).slots[0]
            assert (now.notice_id, now.turn) == (slot.notice_id, slot.turn)
            screen.page(found)


@settings(max_examples=50, deadline=None)
@given(items(), moments, st.integers(1, 60))
def test_what_is_shown_is_lawful(found: list[Item], start: datetime, pages: int) -> None:
    screen = Screen(start)
    rules = Hours(policy().hours.open, policy().hours.close, policy().zone)
    by_id = {i.notice.id: i.notice for i in found}
    for _ in range(pages):
        begun = screen.now
        made = screen.page(found)
        for slot in made.slots:
            shown = by_id[slot.notice_id]
            assert slot.notice_id not in made.hidden
            assert shown.display.not_before <= begun
            assert slot.ends_at is None or slot.ends_at > begun
            assert slot.seconds <= max(SLICE_S, 30.0)
            if made.mode is not PlanMode.EMERGENCY:
                assert rules.window(begun)
        if made.mode in (PlanMode.DARK, PlanMode.SAFE):
            assert not made.slots


@settings(max_examples=20, deadline=None)
@given(items(most=8))
def test_nobody_waits_longer_than_the_bamboo_bound(found: list[Item]) -> None:
    """While no cut-in runs and the day is not short, a weighted age never exceeds four times all weights."""
    found = [
        replace(i, notice=replace(i.notice, urgency=Urgency.ROUTINE, alert=None, display=display())) for i in found
    ]
    if not found:
        return
    rules = hours(0, 24 * 60)
    screen = Screen(at(0), rules)
    weights: dict[str, int] = {}
    for one in found:
        weights[one.notice.id] = quota(one.notice, len(one.dwells), rules) * slices(one.dwells)
    total = sum(weights.values())
    for _ in range(200):
        screen.page(found)
        turn = max(e.turn for e in screen.exposures.values())
        if turn > len(found):
            for one in found:
                age = turn - screen.exposures.get(one.notice.key, NEVER).turn
                assert age * weights[one.notice.id] <= GAP_FACTOR * total


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([5.0, 10.0, 30.0])), min_size=1, max_size=3), items(5))
def test_urgent_traffic_leaves_the_floor(urgents: list[tuple[int, float]], others: list[Item]) -> None:
    others = [
        replace(i, notice=replace(i.notice, urgency=Urgency.ROUTINE, alert=None, display=display())) for i in others
    ] or [item("only")]
    cut_ins = [
        item(f"u{index}", pages, dwell, item="C12-05", urgency=Urgency.URGENT, shown=display(at(6, day=21)))
        for index, (pages, dwell) in enumerate(urgents)
    ]
    screen = Screen(at(9))
    screen.pages([*others, *cut_ins], 150)
    urgent_s = sum(e.seconds for (name, _), e in screen.exposures.items() if name.startswith("u"))
    assert (screen.air_s - urgent_s) >= 0.30 * (screen.air_s - SLICE_S)
    assert urgent_s > 0


def test_later_never_leaves_the_calendar() -> None:
    assert later(at(0, year=9999, month=12, day=31), 1e9).year == 9999
