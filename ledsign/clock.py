"""Time as an argument: the only module that reads a clock or sleeps.

Wall time says *when* (dates, windows, ledger rows), monotonic time says *how long* (dwell, time-outs,
back-off). A village PC may boot in 1970 with a dead battery, so every reading carries its trust.
"""

import threading
import time
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ledsign.trust import ClockTrust as ClockTrust
from ledsign.trust import Reading as Reading

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
TOLERANCE = timedelta(seconds=60)  # by how much a believed clock may differ from an authentic one
UNCONFIRMED_STEP = timedelta(hours=12)  # a hardware clock kept in local time is hours off until network time mends it


class Clock(Protocol):
    """What a loop is given instead of the system's clock."""

    def now(self) -> datetime:
        """Aware wall time in the screen's zone."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a fake clock moves instead."""
        ...


class SystemClock:
    """The machine's own clock."""

    def __init__(self, zone: ZoneInfo = DEFAULT_ZONE) -> None:
        self._zone = zone

    def now(self) -> datetime:
        return datetime.now(self._zone)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class ShiftedClock:
    """The system's clock moved so that it read ``start`` at construction: demos at a given date."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._origin = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._origin)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class TrustedClock:
    """Wall time with its trust: a floor below which it is wrong, and confirmations from outside.

    ``floor`` is the earliest time it can be (last time written to disk, newest believed ledger row), ``built`` the
    date before which no clock is right. A confirmation holds ``hold`` of monotonic time, then trust falls to
    holdover; an authentic time that contradicts ours takes all trust away, also from the floor, until it agrees.

    Between confirmations wall time must keep step with monotonic time. A believed clock that was moved further
    than ``TOLERANCE`` (``UNCONFIRMED_STEP`` where nothing has confirmed it yet) is untrusted until it is moved
    back or confirmed; one that was not believed may be moved to any time past the floor: that is its mending.
    """

    def __init__(
        self,
        clock: Clock,
        floor: datetime,
        hold: timedelta = timedelta(hours=26),
        built: datetime | None = None,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._floor = floor
        self._hold = hold.total_seconds()
        self._built = built or floor
        self._confirmed: float | None = None
        self._denied = False
        self._lead: float | None = None  # wall minus monotonic time as last believed; None: never yet
        self._bound = UNCONFIRMED_STEP
        self.read()

    @property
    def floor(self) -> datetime:
        with self._lock:
            return self._floor

    def raise_floor(self, at: datetime) -> None:
        """It is at least ``at``; the floor never falls."""
        with self._lock:
            self._floor = max(self._floor, at)

    def confirm(self, outside: datetime, tolerance: timedelta = TOLERANCE) -> timedelta:
        """Compare with an authentic time from outside; returns our offset. Trusts only within tolerance."""
        at, tick = self._clock.now(), self._clock.monotonic()
        offset = at - outside
        with self._lock:
            self._denied = abs(offset) > tolerance
            self._floor = max(self._built, outside - tolerance)  # a clock once in the future must not bind us
            self._confirmed = None if self._denied else tick
            if not self._denied:
                self._lead, self._bound = at.timestamp() - tick, TOLERANCE
        return offset

    def read(self) -> Reading:
        at, tick = self._clock.now(), self._clock.monotonic()
        with self._lock:
            if at < self._floor or self._denied or self._moved(at.timestamp() - tick):
                return Reading(at, ClockTrust.UNTRUSTED)
            fresh = self._confirmed is not None and tick - self._confirmed <= self._hold
        return Reading(at, ClockTrust.TRUSTED if fresh else ClockTrust.HOLDOVER)

    def _moved(self, lead: float) -> bool:
        """Whether the clock was moved too far from where it was believed (lock held, past the floor)."""
        if self._lead is None:
            self._lead = lead
        return abs(lead - self._lead) > self._bound.total_seconds()
