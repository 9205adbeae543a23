"""The board by itself: when a day becomes short, how long anybody is gone, what a digest may cost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from ledsign.frame import AckLevel
from ledsign.playlist.capacity import USABLE
from ledsign.playlist.digest import NO_DIGESTS, Digests
from ledsign.playlist.entry import Entry, Phase
from ledsign.playlist.exposure import NEVER, Exposure, Shown, ShownKind, record_all
from ledsign.playlist.hours import Hours, deadline_of, parted
from ledsign.playlist.preempt import Level
from ledsign.playlist.rotation import Board
from playlist_kit import at, notice, policy

TODAY = at(0).date()
MORNING = Hours(8 * 60, 10 * 60, policy().zone).deadline(TODAY, 1.0)
assert MORNING is not None
EVERY = Digests(0.0, 2, 0.2, 50.0)  # always due, two a day promised


def entry(
    name: str = "a", pages: int = 4, dwell: float = 30.0, exposure: Exposure = NEVER, **values: object
) -> Entry:
    dwells = (dwell,) * pages
    made = Entry(
        notice=notice(name), dwells=dwells, work=dwells, digest_s=None, exposure=exposure, level=Level.STATUTORY,
        until=None, urgency_weight=1, passes_owed=3, loop_s=sum(dwells), weight=1,
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]


def shown(pages: Sequence[int], of: int = 4, turn: int = 1, air_s: float = 0.0, dwell: float = 30.0) -> Exposure:
    """An account after those pages of one turn."""
    made = [
        Shown(n, of, ShownKind.PAGE, at(8), dwell, True, True, AckLevel.ACKED, turn, air_s + dwell * place)
        for place, n in enumerate(pages, 1)
    ]
    return record_all(NEVER, made)


def board(
    *ordinary: Entry,
    urgent: Sequence[Entry] = (),
    turn: int = 0,
    air_s: float = 0.0,
    digests: Digests = NO_DIGESTS,
    spoken: Exposure | None = None,
) -> Board:
    return Board((), urgent, ordinary, TODAY, turn, air_s, None, digests, spoken)


# ---- a short day -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digests", "urgent", "quota_s", "day_s"),
    [
        (NO_DIGESTS, False, 90 + 360 / USABLE, 90 + 120 / USABLE),
        (EVERY, False, 90 + 50 + 360 / (USABLE - 0.2), 90 + 120 / USABLE),
        (NO_DIGESTS, True, (90 + 360 / USABLE) / 0.3, (90 + 120 / USABLE) / 0.3),
    ],
)
def test_the_day_is_short_when_what_is_owed_just_fits(
    digests: Digests, urgent: bool, quota_s: float, day_s: float
) -> None:
    assert MORNING is not None
    cut_in = [entry("u", level=Level.URGENT)] if urgent else []
    made = board(entry(), urgent=cut_in, digests=digests)
    claim = parted(MORNING.pieces, at(8), at(10), 0.3) if urgent else MORNING.pieces
    deadline = deadline_of(claim, 1.0)
    assert deadline is not None
    quota, day = made.phase_edges(deadline)
    assert (at(10) - quota).total_seconds() == pytest.approx(quota_s)
    assert (at(10) - day).total_seconds() == pytest.approx(day_s)
    tick = timedelta(microseconds=1)
    assert [made.phase(when, deadline) for when in (quota - tick, quota, day - tick, day)] == [
        Phase.RELAXED, Phase.QUOTA, Phase.QUOTA, Phase.DAY,
    ]  # fmt: skip


def test_a_day_that_owes_nothing_is_never_short() -> None:
    assert MORNING is not None
    assert board(entry(passes_owed=0)).phase(at(9, 59, 59), MORNING) is Phase.RELAXED
    once = record_all(NEVER, [replace(_page(n), n=n) for n in (1, 2, 3, 4)])
    assert board(entry(exposure=once, passes_owed=2)).phase(at(9, 59, 59), MORNING) is Phase.QUOTA


def _page(n: int) -> Shown:
    return Shown(n, 4, ShownKind.PAGE, at(8), 30.0, True, True, AckLevel.ACKED, 1, 30.0 * n)


# ---- gaps ------------------------------------------------------------------------------------------------------


def test_the_promised_gap_is_four_times_the_weights_in_longest_turns() -> None:
    light, heavy = entry("a", weight=1), entry("b", weight=3)
    made = board(light, heavy)
    assert made.gap_bound_s(light) == pytest.approx(17 * 90.0 / 0.75)
    assert made.gap_bound_s(heavy) == pytest.approx((16 / 3 + 1) * 90.0 / 0.75)
    slow = board(light, entry("c", 1, 120.0, weight=3))
    assert slow.gap_bound_s(light) == pytest.approx(17 * 120.0 / 0.75)
    session = board(light, replace(heavy, announced_at=at(16)))
    assert session.gap_bound_s(light) == pytest.approx(2 * 17 * 90.0 / 0.75)
    urged = board(light, heavy, urgent=[entry("u", level=Level.URGENT)])
    assert urged.gap_bound_s(light) == pytest.approx(17 * 90.0 / 0.75 / 0.3)


# ---- digests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("digest_s", "digest"), [(30.0, True), (30.1, False)])
def test_a_slice_pays_for_a_third_of_itself_in_digests(digest_s: float, digest: bool) -> None:
    """Ninety seconds were on; another digest of ten seconds came just before them."""
    before = Exposure(digest_air_s=5.0, digest_s=100.0)
    made = board(
        entry("a", exposure=shown([1, 2, 3], air_s=5.0)), entry("b", exposure=shown([1], turn=0), digest_s=digest_s),
        turn=1, air_s=95.0, digests=EVERY, spoken=before,
    )  # fmt: skip
    slot = made.next(Phase.RELAXED, True)
    assert slot is not None
    assert (slot.notice_id, slot.digest, slot.turn) == ("b", digest, 2)
    assert slot.count == (0 if digest else 3)


@pytest.mark.parametrize(("air_s", "digest"), [(160.0, True), (159.9, False)])
def test_three_seconds_of_others_come_between_two_digests(air_s: float, digest: bool) -> None:
    before = Exposure(digest_air_s=100.0, digest_s=20.0)
    running = replace(shown([1], dwell=30.0), slice_s=90.0, page_air_s=120.0)
    made = board(
        entry("a", 1, exposure=replace(running, bookmark=0, slice_pages=1, pages=1), digest_s=40.0),
        turn=1, air_s=air_s, digests=EVERY, spoken=before,
    )  # fmt: skip
    slot = made.next(Phase.RELAXED, True)
    assert slot is not None
    assert slot.digest is digest


@pytest.mark.parametrize(
    ("phase", "digests", "urgent", "digest"),
    [
        (Phase.RELAXED, EVERY, False, True),
        (Phase.QUOTA, EVERY, False, True),
        (Phase.DAY, EVERY, False, False),
        (Phase.RELAXED, Digests(0.0), False, True),
        (Phase.QUOTA, Digests(0.0), False, False),
        (Phase.RELAXED, EVERY, True, False),
    ],
)
def test_digests_give_way_to_what_is_owed(phase: Phase, digests: Digests, urgent: bool, digest: bool) -> None:
    done = replace(shown([1, 2, 3]), slice_s=90.0)
    cut_in = [entry("u", level=Level.URGENT, exposure=shown([1, 2, 3, 4], turn=1))] if urgent else []
    waits = replace(shown([1, 2, 3, 4], turn=2), slice_pages=4)
    made = board(entry("a", exposure=replace(done, turn=3), digest_s=6.0), entry("b", exposure=waits), turn=3,
                 air_s=900.0, digests=digests, urgent=cut_in)  # fmt: skip
    slot = made.next(phase, True)
    assert slot is not None
    assert slot.digest is digest


def test_no_digest_inside_a_slice_nor_before_another_one_s_first() -> None:
    running = entry("a", exposure=shown([1]), digest_s=6.0)
    inside = board(running, turn=1, air_s=30.0, digests=EVERY).next(Phase.RELAXED, True)
    assert inside is not None
    assert (inside.digest, inside.first, inside.count, inside.turn) == (False, 1, 2, 1)
    new = board(replace(running, exposure=shown([1, 2, 3])), entry("new"), turn=1, air_s=90.0, digests=EVERY)
    first = new.next(Phase.RELAXED, True)
    assert first is not None
    assert (first.notice_id, first.digest) == ("new", False)
    own = board(replace(running, exposure=shown([1, 2, 3])), entry("new", digest_s=6.0), turn=1, air_s=90.0,
                digests=EVERY).next(Phase.RELAXED, True)  # fmt: skip
    assert own is not None
    assert (own.notice_id, own.digest) == ("new", True)


# ---- slices ----------------------------------------------------------------------------------------------------


def test_an_unfinished_slice_goes_on_only_while_nobody_came_between() -> None:
    begun = entry("a", exposure=shown([1, 2]))
    goes_on = board(begun, turn=1, air_s=60.0).next(Phase.RELAXED, True)
    assert goes_on is not None
    assert (goes_on.first, goes_on.count, goes_on.turn, goes_on.seconds) == (2, 1, 1, 30.0)
    between = entry("b", exposure=shown([1, 2, 3], turn=2))
    anew = board(begun, between, turn=2, air_s=150.0).next(Phase.RELAXED, True)
    assert anew is not None
    assert (anew.notice_id, anew.first, anew.count, anew.turn) == ("a", 2, 2, 3)


def test_after_an_urgent_turn_the_others_get_their_share_first() -> None:
    """Thirty seconds of urgent pages: at least thirteen of the others before the next one."""
    cut_in = entry("u", 1, level=Level.URGENT)
    made = board(entry("a", 9, 7.0), entry("b", 9, 7.0), urgent=[cut_in])
    names = []
    for _ in range(6):
        slot = made.next(Phase.RELAXED, True)
        assert slot is not None
        made.shown(slot, at(8))
        names.append((slot.notice_id, slot.count))
    assert names == [("u", 1), ("a", 9), ("u", 1), ("b", 9), ("u", 1), ("a", 9)]
    assert made.next(Phase.RELAXED, False) is None, "in the dark only emergencies"
