from datetime import datetime, timedelta

import pytest

from kit import NOON, FakeClock
from ledsign.clock import ClockTrust, ShiftedClock, SystemClock, TrustedClock, network_time, no_network_time
from ledsign.timewatch import FLOOR, TimeWatch, earliest


def test_trust_needs_a_confirmation_and_fades():
    clock = FakeClock()
    trusted = TrustedClock(clock, NOON - timedelta(days=1), hold=timedelta(hours=1))
    assert trusted.read().trust is ClockTrust.HOLDOVER
    assert trusted.confirm(NOON) == timedelta(0)
    assert trusted.read().trust is ClockTrust.TRUSTED
    clock.advance(3601)
    assert trusted.read().trust is ClockTrust.HOLDOVER


def test_a_clock_before_its_floor_is_not_believed():
    clock = FakeClock(NOON.replace(year=1970))
    trusted = TrustedClock(clock, NOON)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.step(NOON + timedelta(seconds=1))
    assert trusted.read().trust is ClockTrust.HOLDOVER


def test_an_outside_time_far_from_ours_takes_trust_away_and_raises_the_floor():
    clock = FakeClock(NOON)
    trusted = TrustedClock(clock, NOON - timedelta(days=9))
    trusted.confirm(NOON)
    assert trusted.confirm(NOON + timedelta(days=2)) == -timedelta(days=2)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    assert trusted.floor > NOON


AHEAD = [timedelta(days=1), timedelta(days=3652), timedelta(days=-1)]


@pytest.mark.parametrize("step", AHEAD)
def test_a_confirmed_clock_that_was_moved_is_not_believed_until_it_is_moved_back(step):
    clock = FakeClock()
    trusted = TrustedClock(clock, NOON - timedelta(days=9))
    trusted.confirm(NOON)
    clock.step(NOON + step)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.advance(27 * 3600)
    assert trusted.read().trust is ClockTrust.UNTRUSTED, "the false time does not ripen into holdover"
    clock.step(clock.now() - step + timedelta(seconds=20))
    assert trusted.read().trust is ClockTrust.HOLDOVER
    assert trusted.floor < clock.now()


@pytest.mark.parametrize("step", AHEAD)
def test_a_clock_that_nothing_has_confirmed_is_not_believed_after_a_day_s_step(step):
    clock = FakeClock()
    trusted = TrustedClock(clock, NOON - timedelta(days=9))
    assert trusted.read().trust is ClockTrust.HOLDOVER
    clock.step(NOON + timedelta(hours=8))
    assert trusted.read().trust is ClockTrust.HOLDOVER, "a hardware clock in local time, mended by network time"
    clock.step(NOON + step)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    trusted.confirm(clock.now())
    assert trusted.read().trust is ClockTrust.TRUSTED, "an authentic time says that the step was right"
    clock.step(clock.now() + timedelta(minutes=2))
    assert trusted.read().trust is ClockTrust.UNTRUSTED


def test_many_small_steps_are_one_large_one():
    clock = FakeClock()
    trusted = TrustedClock(clock, NOON - timedelta(days=9))
    trusted.confirm(NOON)
    seen = []
    for _ in range(4):
        clock.step(clock.now() + timedelta(seconds=20))
        seen.append(trusted.read().trust)
    assert seen == [ClockTrust.TRUSTED] * 3 + [ClockTrust.UNTRUSTED]


def test_a_dead_hardware_clock_is_mended_once_and_then_held_to_its_word():
    clock = FakeClock(datetime(1970, 1, 1, 8, tzinfo=NOON.tzinfo))
    trusted = TrustedClock(clock, NOON - timedelta(days=1))
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.step(NOON)  # 56 years, and right
    assert trusted.read().trust is ClockTrust.HOLDOVER
    clock.step(datetime(1970, 1, 1, 8, tzinfo=NOON.tzinfo))
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.step(NOON.replace(year=2036))
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.step(NOON)
    assert trusted.read().trust is ClockTrust.HOLDOVER


def test_a_step_behind_a_denial_needs_the_outside_s_word():
    clock = FakeClock(NOON + timedelta(days=2))
    trusted = TrustedClock(clock, NOON - timedelta(days=9))
    trusted.confirm(NOON)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.step(NOON)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    trusted.confirm(NOON)
    assert trusted.read().trust is ClockTrust.TRUSTED


def test_the_floor_never_falls_and_rises_with_what_goes_by_whatever_the_clock_says():
    clock = FakeClock()
    trusted = TrustedClock(clock, NOON)
    trusted.raise_floor(NOON - timedelta(days=400))
    assert trusted.floor == NOON
    clock.advance(3600)
    clock.step(NOON.replace(year=2036))
    assert trusted.floor == NOON + timedelta(hours=1)
    clock.step(NOON + timedelta(minutes=59))
    assert trusted.read().trust is ClockTrust.UNTRUSTED


# ---- far from any platform ---------------------------------------------------------------------------------------


TEN_YEARS = timedelta(days=3652)


@pytest.mark.parametrize(("confirmed", "step"), [(False, TEN_YEARS), (False, timedelta(days=-1)), (True, TEN_YEARS)])
def test_a_moved_clock_that_keeps_in_step_for_two_days_is_believed_as_after_a_restart(confirmed, step):
    clock = FakeClock()
    trusted = TrustedClock(clock, NOON - timedelta(days=9))
    if confirmed:
        trusted.confirm(NOON)
    clock.step(NOON + step)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.advance(24 * 3600)
    clock.step(clock.now() + timedelta(minutes=5))  # moved once more: it begins anew
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.advance(48 * 3600 - 1)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.advance(1)
    assert trusted.read().trust is ClockTrust.HOLDOVER
    clock.step(clock.now() - timedelta(hours=13))
    assert trusted.read().trust is ClockTrust.UNTRUSTED, "held to its word from then on"


def test_a_moved_clock_is_believed_as_soon_as_network_time_keeps_it_but_not_against_the_platform():
    clock, kept = FakeClock(), [False]
    trusted = TrustedClock(clock, NOON - timedelta(days=9), kept=lambda: kept[0])
    trusted.confirm(NOON)
    clock.step(NOON + timedelta(days=1))
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    kept[0] = True
    assert trusted.read().trust is ClockTrust.HOLDOVER, "not confirmed: the platform has the last word"
    trusted.confirm(NOON)
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    clock.advance(72 * 3600)
    assert trusted.read().trust is ClockTrust.UNTRUSTED


def test_before_its_floor_no_clock_is_believed_whoever_keeps_it():
    clock = FakeClock(NOON.replace(year=1970))
    trusted = TrustedClock(clock, NOON - timedelta(days=9), kept=lambda: True)
    clock.advance(72 * 3600)
    assert trusted.read().trust is ClockTrust.UNTRUSTED


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=3652)])
def test_rows_of_an_unconfirmed_clock_in_the_future_do_not_bind_a_clock_put_right(ahead):
    """Booted far from the platform with a clock that is ahead, put right, booted again."""

    def booted(**values):
        clock = FakeClock()
        return clock, TrustedClock(clock, NOON - timedelta(days=9), latest=NOON + ahead, **values)

    clock, trusted = booted()
    assert trusted.read().trust is ClockTrust.UNTRUSTED
    trusted.confirm(NOON)
    assert trusted.read().trust is ClockTrust.TRUSTED
    clock.advance(27 * 3600)
    assert trusted.read().trust is ClockTrust.HOLDOVER, "the old rows are forgotten"
    _, trusted = booted(kept=lambda: True)
    assert trusted.read().trust is ClockTrust.HOLDOVER
    clock, trusted = booted()
    clock.advance(min(ahead.total_seconds(), 48 * 3600))  # the time comes, or two days in step
    assert trusted.read().trust is ClockTrust.HOLDOVER
    clock, trusted = booted()
    clock.step(NOON + ahead)
    assert trusted.read().trust is ClockTrust.HOLDOVER, "the clock that wrote them"


def test_the_floor_on_disk_follows_a_confirmed_clock_and_else_only_the_time_gone_by():
    clock, memory = FakeClock(), {}
    trusted = TrustedClock(clock, earliest(NOON - timedelta(days=9), ""))
    watch = TimeWatch(clock, trusted, memory.__setitem__)
    clock.advance(599)
    watch.write_floor_in_time()
    assert memory == {}
    clock.advance(1)
    watch.write_floor_in_time()
    floor = earliest(NOON - timedelta(days=9), memory[FLOOR])
    assert floor == NOON - timedelta(days=9) + timedelta(minutes=10), "the clock may be in the future"
    trusted.confirm(clock.now())
    watch.write_floor()
    assert earliest(NOON, memory[FLOOR]) == clock.now() - timedelta(minutes=1)


def test_the_kernel_can_be_asked_about_network_time():
    assert network_time() in (True, False)
    assert not no_network_time()


def test_system_clocks_are_aware_and_move_forward():
    for clock in (SystemClock(), ShiftedClock(NOON)):
        first, before = clock.now(), clock.monotonic()
        clock.sleep(0.01)
        assert first.utcoffset() == timedelta(hours=8)
        assert clock.now() > first
        assert clock.monotonic() > before
    assert abs(ShiftedClock(NOON).now() - NOON) < timedelta(seconds=5)
