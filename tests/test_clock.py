from datetime import datetime, timedelta

import pytest

from kit import NOON, FakeClock
from ledsign.clock import ClockTrust, ShiftedClock, SystemClock, TrustedClock


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
    assert trusted.floor < NOON


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


def test_the_floor_never_falls():
    trusted = TrustedClock(FakeClock(), NOON)
    trusted.raise_floor(NOON - timedelta(days=400))
    assert trusted.floor == NOON


def test_system_clocks_are_aware_and_move_forward():
    for clock in (SystemClock(), ShiftedClock(NOON)):
        first, before = clock.now(), clock.monotonic()
        clock.sleep(0.01)
        assert first.utcoffset() == timedelta(hours=8)
        assert clock.now() > first
        assert clock.monotonic() > before
    assert abs(ShiftedClock(NOON).now() - NOON) < timedelta(seconds=5)
