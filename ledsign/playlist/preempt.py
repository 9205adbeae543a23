"""Who may cut in: levels, the end every cut-in must have, and the floor that it may not take.

Levels follow the notice, never an operator's number. A cut-in always ends: by its own date, by Cancel or
Update (``visibility``), or by the cap of its level, after which it goes on one level lower.

Life-safety is an emergency whose warning is red; it has the screen before any other emergency. An exercise is an
emergency or a warning whose title or event says so: it takes the screen as the real one would, but only in the lit
hours, never beside a real emergency, for an hour at most, and it is never counted as an alert. One whose title
does not say so could be taken for the real thing and is not shown at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from ledsign.notice import EXERCISE_WORDS, Notice, Urgency

EMERGENCIES_AT_ONCE = 2
STATUTORY_FLOOR = 0.30  # share of air time that urgent notices leave to the others
EXERCISE_CAP = timedelta(hours=1)
_SEVERITY = {"red": 4, "orange": 3, "yellow": 2, "blue": 1}


class Level(IntEnum):
    """Rank on the screen; a higher level cuts into a lower one."""

    NOTICE = 1
    STATUTORY = 2  # disclosure with a minimum term
    URGENT = 3  # next page boundary, then every second turn
    EMERGENCY = 4  # inside the page, alone on the screen, day and night
    LIFE_SAFETY = 5  # red: no other emergency beside it


CAPS = {
    Level.LIFE_SAFETY: timedelta(hours=72),
    Level.EMERGENCY: timedelta(hours=72),
    Level.URGENT: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class CutIn:
    """A notice's claim to cut in: its level now, and when that claim ends (None for ordinary levels)."""

    level: Level
    until: datetime | None
    exercise: bool


@dataclass(frozen=True, slots=True)
class Claimant:
    """A cut-in for people: who speaks and why; ``overdue``: it is still here after its expected end."""

    notice_id: str
    level: Level
    until: datetime | None
    owner: str
    reason: str
    exercise: bool
    overdue: bool


def says_exercise(notice: Notice) -> bool:
    """Whether everybody can read it off the screen: the title says so."""
    return any(word in notice.title for word in EXERCISE_WORDS)


def exercise_over(notice: Notice, at: datetime | None) -> bool:
    """Whether an exercise has had its hour (None: no date can be believed, so it is not shown)."""
    return notice.is_exercise and (at is None or at >= _capped(notice.display.not_before, EXERCISE_CAP))


def owner_of(notice: Notice) -> str:
    """Who speaks: the station that issued the warning and who relays it, else the notice's issuer."""
    if notice.alert is None:
        return notice.issuer.name
    return "; ".join(part for part in (notice.alert.sender, notice.alert.relayed_by) if part)


def reason_of(notice: Notice) -> str:
    """Why: event, grade and area of the warning, else the title."""
    if notice.alert is None:
        return notice.title
    alert = notice.alert
    return " ".join(part for part in (alert.event_name, alert.severity, alert.area_desc) if part)


def _earliest(*moments: datetime | None) -> datetime:
    return min(moment for moment in moments if moment is not None)


def _capped(start: datetime, cap: timedelta) -> datetime:
    try:
        return start.astimezone(UTC) + cap
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def claim(notice: Notice, disclosure: bool, at: datetime | None) -> CutIn:
    """The notice's level at ``at``; None means that no date can be believed, so no claim ends by date."""
    alert, exercise = notice.alert, notice.is_exercise
    levels = [Level.URGENT] if notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY) else []
    if notice.urgency is Urgency.EMERGENCY and alert is not None and alert.msg_type != "Cancel":
        red = alert.severity == "red" and not exercise
        levels.insert(0, Level.LIFE_SAFETY if red else Level.EMERGENCY)
    for level in levels:
        until = _earliest(
            alert.expires if alert else None,
            notice.display.not_after,
            _capped(notice.display.not_before, EXERCISE_CAP if exercise else CAPS[level]),
        )
        if at is None or at < until:
            return CutIn(level, until, exercise)
    return CutIn(Level.STATUTORY if disclosure else Level.NOTICE, None, exercise)


def expected_end(notice: Notice) -> datetime | None:
    """When an urgent notice ought to be over: its own dates, at the latest the cap of the level it came with;
    None for ordinary ones."""
    if notice.urgency not in (Urgency.URGENT, Urgency.EMERGENCY):
        return None
    return claim(notice, True, datetime.min.replace(tzinfo=UTC)).until


def outlived(notice: Notice, seconds_on_air: float) -> bool:
    """Whether an alert was lit for longer than it was ever valid: the only end that an unbelieved clock can
    prove."""
    alert = notice.alert
    return alert is not None and seconds_on_air >= (alert.expires - alert.effective).total_seconds()


def foremost(emergencies: Sequence[tuple[Notice, CutIn]]) -> list[Notice]:
    """The emergencies that share the screen: only those of the highest level, real ones before exercises; of
    these the gravest first, of equals the newest."""

    def rank(notice: Notice) -> tuple[int, datetime, str]:
        severity, sent = (notice.alert.severity, notice.alert.sent) if notice.alert else ("", notice.publish_at)
        return _SEVERITY.get(severity, 0), sent, notice.id

    if not emergencies:
        return []
    highest = max((not cut.exercise, cut.level) for _, cut in emergencies)
    peers = [notice for notice, cut in emergencies if (not cut.exercise, cut.level) == highest]
    return sorted(peers, key=rank, reverse=True)[:EMERGENCIES_AT_ONCE]


def urgent_due(urgent_s: float, others_since_s: float, floor: float = STATUTORY_FLOOR) -> bool:
    """Whether an urgent turn may come: the others have had their share since the latest one ended.

    ``urgent_s``: seconds of the latest urgent turn; ``others_since_s``: seconds on air since it.
    """
    return others_since_s >= urgent_s * floor / (1 - floor)
