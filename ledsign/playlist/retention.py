"""How long a notice must be on show, whether it has been, and when it may leave.

A term of *n* days is over when n x 24 h have passed since the end of the first complete showing and *n*
distinct local days had a full pass. Dark days therefore extend it by themselves. The notice stays until that local
day ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from ledsign.notice import Notice, Status
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.hours import later
from ledsign.policy import Policy, effective_retention

DAY_S = 86_400.0
ENDED = (Status.WITHDRAWN, Status.SUPERSEDED, Status.ARCHIVED)


class TermState(StrEnum):
    """Where a term stands. Shown to people as 未达标, 进行中, 已达标 and 风险."""

    NOT_MET = "not_met"  # it ended before its term was over
    RUNNING = "running"
    MET = "met"
    AT_RISK = "at_risk"  # a day was lost, or the notice's own end lies before the term's


@dataclass(frozen=True, slots=True)
class Account:
    """Account of one notice's term. ``releasable_at``: earliest end by the clock alone, None before the first
    complete showing. ``lost_days``: local days since then without the full pass they owed."""

    required_days: int
    counted_days: int
    state: TermState
    released: bool
    releasable_at: datetime | None
    lost_days: int
    not_after_ignored: bool


def is_disclosure(notice: Notice, policy: Policy) -> bool:
    """Whether a minimum term binds; an item the catalogue does not know is treated so."""
    item = policy.item(notice.item)
    return item is None or item.disclosure


def stays_until_replaced(notice: Notice, policy: Policy) -> bool:
    item = policy.item(notice.item)
    return item is not None and item.until_replaced


def _lost(exposure: Exposure, today: date) -> int:
    if exposure.first_pass_at is None:
        return 0
    first = exposure.first_pass_at.date()
    owed = max(0, (today - first).days)  # today may still bring its pass
    return max(0, owed - sum(first <= day < today for day in exposure.counted_days))


def served(required: int, exposure: Exposure, at: datetime) -> bool:
    """Whether a term of so many days is over at ``at``: days counted, and 24 hours for each of them."""
    if len(exposure.counted_days) < required:
        return False
    return not required or (
        exposure.first_pass_at is not None and later(exposure.first_pass_at, required * DAY_S) <= at
    )


def term_over(notice: Notice, exposure: Exposure, policy: Policy, at: datetime) -> bool:
    """Whether the notice has had its whole term at ``at``."""
    return served(effective_retention(notice, policy), exposure, at)


def account(notice: Notice, exposure: Exposure, policy: Policy, at: datetime) -> Account:
    """Where the notice's term stands at ``at`` (believed wall time; do not ask while the clock is untrusted)."""
    required = effective_retention(notice, policy)
    counted = len(exposure.counted_days)
    today = at.astimezone(policy.zone).date()
    releasable = None
    if exposure.first_pass_at is not None:
        releasable = later(exposure.first_pass_at, required * DAY_S)
    released = term_over(notice, exposure, policy, at)
    not_after = notice.display.not_after
    ignored = is_disclosure(notice, policy) and not_after is not None and not_after <= at and not released
    lost = 0 if released else _lost(exposure, today)
    if released:
        state = TermState.MET
    elif _ended(notice, today):
        state = TermState.NOT_MET
    elif lost or ignored or _late(notice, releasable, today):
        state = TermState.AT_RISK
    else:
        state = TermState.RUNNING
    return Account(required, counted, state, released, releasable, lost, ignored)


def _ended(notice: Notice, today: date) -> bool:
    validity = notice.validity
    repealed = validity is not None and validity.repealed_on is not None and validity.repealed_on <= today
    return notice.status in ENDED or repealed


def _late(notice: Notice, releasable: datetime | None, today: date) -> bool:
    """Never fully shown although a whole day has passed, or the notice's own end comes before its term's (as long as
    no day was lost the days still missing fit in before that, too)."""
    not_after = notice.display.not_after
    if releasable is not None:
        return not_after is not None and releasable > not_after
    return today - notice.display.not_before.date() > timedelta(days=1)


def _order(notice: Notice) -> tuple[date, datetime]:
    """What "later period" means: the period's end, else the day of publication."""
    return (notice.period.end if notice.period else notice.publish_at.date()), notice.publish_at


class Successors:
    """For every (village, item): the latest notice of it that was shown completely and is in force on ``today``."""

    def __init__(
        self, notices: Iterable[Notice], exposures: Mapping[Key, Exposure], policy: Policy, today: date
    ) -> None:
        self._latest: dict[tuple[str, str], tuple[date, datetime]] = {}
        for notice in notices:
            shown = exposures.get(notice.key, NEVER).passes
            if not shown or _ended(notice, today) or not stays_until_replaced(notice, policy):
                continue
            place = notice.village_code, notice.item
            self._latest[place] = max(self._latest.get(place, _order(notice)), _order(notice))

    def replaces(self, notice: Notice) -> bool:
        """Whether a later notice of the same village and item was shown completely."""
        latest = self._latest.get((notice.village_code, notice.item))
        return latest is not None and latest[0] > _order(notice)[0]


def leaves(notice: Notice, exposure: Exposure, policy: Policy, at: datetime, successors: Successors) -> str | None:
    """Why the notice has left the rotation at ``at`` (believed, in the screen's zone): ``expired``, ``released`` or
    ``replaced``; None while it stays. A term ends with the local day on which it is over, so that nothing that was
    promised or announced in the morning changes on its account."""
    not_after = notice.display.not_after
    over = not_after is not None and not_after <= at
    if not is_disclosure(notice, policy):
        return "expired" if over else None
    if not _served_before(notice, exposure, policy, at):
        return None
    if stays_until_replaced(notice, policy):
        return "replaced" if successors.replaces(notice) else None
    return "released" if over or not_after is None else None


def _served_before(notice: Notice, exposure: Exposure, policy: Policy, at: datetime) -> bool:
    """Whether the whole term was over when the day of ``at`` began."""
    required, days, today = effective_retention(notice, policy), exposure.counted_days, at.date()
    if exposure.first_pass_at is None or len(days) < required or sum(day < today for day in days) < required:
        return False
    return later(exposure.first_pass_at, required * DAY_S) <= at.replace(hour=0, minute=0, second=0, microsecond=0)


def bears_on(notice: Notice, before: Exposure, after: Exposure, policy: Policy) -> bool:
    """Whether a showing can change who is visible on its day: the notice, a successor, was shown completely for the
    first time."""
    return not before.passes and after.passes > 0 and stays_until_replaced(notice, policy)
