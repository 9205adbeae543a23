"""How far wall time can be believed: a value like any other, also where no clock may be imported."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ClockTrust(StrEnum):
    """How far wall time can be believed."""

    TRUSTED = "trusted"  # confirmed by the platform, not long ago
    HOLDOVER = "holdover"  # past the floor and ticking, not confirmed lately
    UNTRUSTED = "untrusted"  # before the floor, contradicted or moved: nothing is released, expired or counted


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clock: aware wall time in the screen's zone, how far to trust it, and the earliest time that
    it can be whatever it says."""

    at: datetime
    trust: ClockTrust
    earliest: datetime | None = None
