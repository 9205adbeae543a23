"""The machine's clock watched while the program runs: steps are noticed, the earliest possible time written down."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from ledsign.clock import Clock, ClockTrust, TrustedClock
from ledsign.errors import StoreError

log = logging.getLogger(__name__)

STEP_S = 2.0  # wall time moving against monotonic time by more than this is a clock step
FLOOR_EVERY_S = 600.0
FLOOR = "floor"  # the daemon's memory: it is at least that late


def earliest(built: datetime, written: str) -> datetime:
    """The earliest time it can be: the program was built, a time was ``written`` down (ISO 8601, "" for none)."""
    return max(built, datetime.fromisoformat(written)) if written else built


class TimeWatch:
    """For the main loop. ``remember`` writes a word of the daemon's memory and raises StoreError."""

    def __init__(self, clock: Clock, trusted: TrustedClock, remember: Callable[[str, str], None]) -> None:
        self._clock = clock
        self._trusted = trusted
        self._remember = remember
        self._lead = self._offset()
        self._written = clock.monotonic()

    def _offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def step(self) -> float:
        """By how many seconds wall time moved against monotonic time since the last call, 0.0 for less than
        ``STEP_S``."""
        offset = self._offset()
        moved, self._lead = offset - self._lead, offset
        if abs(moved) <= STEP_S:
            return 0.0
        log.warning("the clock was moved by %.1f s", moved)
        if self._trusted.read().trust is ClockTrust.UNTRUSTED:
            log.warning("the time is not believed until it is confirmed or moved back")
        return moved

    def write_floor_in_time(self) -> None:
        """Write the floor down when it was not for ten minutes."""
        if self._clock.monotonic() - self._written >= FLOOR_EVERY_S:
            self.write_floor()

    def write_floor(self) -> None:
        """It is at least now, if the clock is confirmed; else what has gone by since the last floor is certain: an
        unconfirmed clock may be in the future."""
        self._written = self._clock.monotonic()
        reading = self._trusted.read()
        if reading.trust is ClockTrust.TRUSTED:
            self._trusted.raise_floor(reading.at - timedelta(minutes=1))
        try:
            self._remember(FLOOR, self._trusted.floor.isoformat())
        except StoreError as error:
            log.error("the time floor cannot be written: %s", error)
