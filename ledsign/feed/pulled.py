"""What the rounds with the platform bring: values for the log, the heartbeat and the operator."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """One notice that was not taken, with its one machine reason."""

    id: str
    revision: int
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one round brought. ``absent``: active here but no longer named by a full listing (they stay on show);
    ``waiting``: how much could not be fetched and will be tried again."""

    accepted: tuple[tuple[str, int], ...]
    refused: tuple[Refused, ...]
    changed: bool
    server_time: datetime | None
    absent: tuple[str, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """For the heartbeat and ``ledsign status``. ``failures`` counts the rounds lost since the last good one;
    ``offset_s`` is our clock minus the platform's, None where the platform's may not be believed."""

    last_ok: datetime | None = None
    failures: int = 0
    last_error: str = ""
    accepted: int = 0
    refused: int = 0
    waiting: int = 0
    offset_s: float | None = None
