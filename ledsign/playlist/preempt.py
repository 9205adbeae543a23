"""Who may cut in: levels, the end every cut-in must have, and the floor that it may not take.

Levels follow the notice, never an operator's number. A cut-in always ends: by its own date, by Cancel or
Update (``visibility``), or by the cap of its level, after which it goes on as an ordinary notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from ledsign.notice import Notice, Urgency

EMERGENCY_CAP = timedelta(hours=72)
URGENT_CAP = timedelta(days=7)
EMERGENCIES_AT_ONCE = 2
STATUTORY_FLOOR = 0.30  # share of air time that urgent notices leave to the others
_SEVERITY = {"red": 4, "orange": 3, "yellow": 2, "blue": 1}


class Level(IntEnum):
    """Rank on the screen; a higher level cuts into a lower one."""

    FILLER = 0
    NOTICE = 1
    STATUTORY = 2  # disclosure with a minimum term
    URGENT = 3  # next page boundary, then every second turn
    EMERGENCY = 4  # inside the page, alone on the screen, day and night


@dataclass(frozen=True, slots=True)
class CutIn:
    """A notice's claim to cut in: its level now, and when that claim ends (None for ordinary levels)."""

    level: Level
    until: datetime | None


def _earliest(*moments: datetime | None) -> datetime:
    return min(moment for moment in moments if moment is not None)


def _capped(start: datetime, cap: timedelta) -> datetime:
    try:
        return start.astimezone(UTC) + cap
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def claim(notice: Notice, disclosure: bool, at: datetime | None) -> CutIn:
    """The notice's level at ``at``; None means that no date can be believed, so no claim ends by date."""
    alert = notice.alert
    if notice.urgency is Urgency.EMERGENCY and alert is not None and alert.msg_type != "Cancel":
        until = _earliest(
            alert.expires, notice.display.not_after, _capped(notice.display.not_before, EMERGENCY_CAP)
        )
        if at is None or at < until:
            return CutIn(Level.EMERGENCY, until)
    if notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY):
        until = _earliest(
            alert.expires if alert else None,
            notice.display.not_after,
            _capped(notice.display.not_before, URGENT_CAP),
        )
        if at is None or at < until:
            return CutIn(Level.URGENT, until)
    return CutIn(Level.STATUTORY if disclosure else Level.NOTICE, None)


def outlived(notice: Notice, seconds_on_air: float) -> bool:
    """Whether an alert was lit for longer than it was ever valid: the only end that an unbelieved clock can
    prove."""
    alert = notice.alert
    return alert is not None and seconds_on_air >= (alert.expires - alert.effective).total_seconds()


def foremost(emergencies: Sequence[Notice]) -> list[Notice]:
    """The emergencies that share the screen: the gravest first, of equals the newest."""

    def rank(notice: Notice) -> tuple[int, datetime, str]:
        severity, sent = (notice.alert.severity, notice.alert.sent) if notice.alert else ("", notice.publish_at)
        return _SEVERITY.get(severity, 0), sent, notice.id

    return sorted(emergencies, key=rank, reverse=True)[:EMERGENCIES_AT_ONCE]


def urgent_due(urgent_s: float, others_since_s: float, floor: float = STATUTORY_FLOOR) -> bool:
    """Whether an urgent turn may come: the others have had their share since the latest one ended.

    ``urgent_s``: seconds of the latest urgent turn; ``others_since_s``: seconds on air since it.
    """
    return others_since_s >= urgent_s * floor / (1 - floor)
