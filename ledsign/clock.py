"""Time as an argument: the only module that reads a clock or sleeps.

Wall time says *when* (dates, windows, ledger rows), monotonic time says *how long* (dwell, time-outs,
back-off). A village PC may boot in 1970 with a dead battery, so every reading carries its trust.
"""

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ledsign.trust import ClockTrust as ClockTrust
from ledsign.trust import Reading as Reading

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
TOLERANCE = timedelta(seconds=60)  # by how much a believed clock may differ from an authentic one
UNCONFIRMED_STEP = timedelta(hours=12)  # a hardware clock kept in local time is hours off until network time mends it
SETTLED = timedelta(hours=48)  # a moved clock that kept in step for so long is believed like one after a restart
_TIMEX_BYTES = 1024  # the kernel fills its ``struct timex``, some 200 bytes
_TIME_ERROR = 5


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


def network_time() -> bool:
    """Whether network time keeps the machine's clock (adjtimex(2): ``TIME_ERROR`` until it is synchronised, and again
    after a step by hand). False where the kernel cannot be asked."""
    ask = getattr(ctypes.CDLL(None), "adjtimex", None)
    return ask is not None and ask(ctypes.create_string_buffer(_TIMEX_BYTES)) in range(_TIME_ERROR)


def no_network_time() -> bool:
    """Nobody keeps the clock."""
    return False


@dataclass(slots=True)
class _Astray:
    """A clock that says something else than was believed: wall minus monotonic time, and since when (monotonic)."""

    lead: float
    since: float


class TrustedClock:
    """Wall time with its trust: a floor below which it is wrong, and confirmations from outside.

    ``floor`` is the earliest time it can be (last time written to disk), ``built`` the date before which no clock is
    right. The floor rises by itself as monotonic time passes, whatever the clock says. A confirmation holds ``hold``
    of monotonic time, then trust falls to holdover; an authentic time that contradicts ours takes all trust away,
    also from the floor, until it agrees.

    Between confirmations wall time must keep step with monotonic time. A believed clock that was moved further
    than ``TOLERANCE`` (``UNCONFIRMED_STEP`` where nothing has confirmed it yet) is untrusted until it is moved
    back or confirmed; one that was not believed may be moved to any time past the floor: that is its mending.
    ``latest`` is what a clock that nobody confirmed said last (the newest believed row): before it a clock is
    untrusted too. Where no confirmation comes, both doubts end by themselves: as soon as network time keeps the clock
    (``kept``), or once it has been in step for ``SETTLED``, which a restart would not ask for.
    """

    def __init__(
        self,
        clock: Clock,
        floor: datetime,
        hold: timedelta = timedelta(hours=26),
        built: datetime | None = None,
        latest: datetime | None = None,
        kept: Callable[[], bool] = no_network_time,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._floor = floor
        self._floor_tick = clock.monotonic()
        self._hold = hold.total_seconds()
        self._built = built or floor
        self._latest = latest
        self._kept = kept
        self._confirmed: float | None = None
        self._denied = False
        self._lead: float | None = None  # wall minus monotonic time as last believed; None: never yet
        self._bound = UNCONFIRMED_STEP
        self._astray: _Astray | None = None
        self.read()

    @property
    def floor(self) -> datetime:
        with self._lock:
            return self._certain(self._clock.monotonic())

    def _certain(self, tick: float) -> datetime:
        """The earliest time it can be at that tick (lock held)."""
        return self._floor + timedelta(seconds=tick - self._floor_tick)

    def _set_floor(self, at: datetime, tick: float) -> None:
        self._floor, self._floor_tick = at, tick

    def raise_floor(self, at: datetime) -> None:
        """It is at least ``at``; the floor never falls."""
        with self._lock:
            tick = self._clock.monotonic()
            self._set_floor(max(self._certain(tick), at), tick)

    def confirm(self, outside: datetime, tolerance: timedelta = TOLERANCE) -> timedelta:
        """Compare with an authentic time from outside; returns our offset. Trusts only within tolerance."""
        at, tick = self._clock.now(), self._clock.monotonic()
        offset = at - outside
        with self._lock:
            self._denied = abs(offset) > tolerance
            self._set_floor(max(self._built, outside - tolerance), tick)  # one once in the future must not bind us
            self._confirmed = None if self._denied else tick
            self._latest = self._astray = None
            if not self._denied:
                self._lead, self._bound = at.timestamp() - tick, TOLERANCE
        return offset

    def read(self) -> Reading:
        at, tick = self._clock.now(), self._clock.monotonic()
        with self._lock:
            if at < self._certain(tick) or self._denied or self._strays(at, tick):
                return Reading(at, ClockTrust.UNTRUSTED, self._certain(tick))
            fresh = self._confirmed is not None and tick - self._confirmed <= self._hold
            earliest = self._certain(tick)
        return Reading(at, ClockTrust.TRUSTED if fresh else ClockTrust.HOLDOVER, earliest)

    def _strays(self, at: datetime, tick: float) -> bool:
        """Whether the clock says something else than was believed, and nothing speaks for it (lock held, past the
        floor)."""
        lead = at.timestamp() - tick
        early = self._latest is not None and at < self._latest
        if not early and (self._lead is None or abs(lead - self._lead) <= self._bound.total_seconds()):
            self._lead = lead if self._lead is None else self._lead
            self._astray = None
            return False
        if self._astray is None or abs(lead - self._astray.lead) > TOLERANCE.total_seconds():
            self._astray = _Astray(lead, tick)
        if not self._kept() and tick - self._astray.since < SETTLED.total_seconds():
            return True
        self._lead, self._bound, self._confirmed = lead, UNCONFIRMED_STEP, None
        self._latest = self._astray = None
        return False
