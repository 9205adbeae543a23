from datetime import timedelta

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
