"""Who may be shown at a moment, with what claim, and why the others may not; when that can change by time alone."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledsign.notice import Notice, Urgency
from ledsign.playlist import retention
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.hours import later
from ledsign.playlist.item import Item
from ledsign.playlist.preempt import (
    EXERCISE_CAP,
    Claimant,
    CutIn,
    claim,
    exercise_over,
    expected_end,
    outlived,
    owner_of,
    reason_of,
    says_exercise,
)
from ledsign.policy import Policy
from ledsign.visibility import hidden_because


@dataclass(frozen=True, slots=True)
class Present:
    """An item that may be shown now; ``disclosure``: whether a minimum term binds it."""

    item: Item
    cut_in: CutIn
    disclosure: bool


def newest(items: Iterable[Item]) -> list[Item]:
    """One item an id, its highest revision; an older one is neither shown nor does it count."""
    found: dict[str, Item] = {}
    for item in items:
        held = found.get(item.notice.id)
        if held is None or held.notice.revision < item.notice.revision:
            found[item.notice.id] = item
    return list(found.values())


def edges(notice: Notice, at: datetime) -> Iterator[datetime]:
    """Moments, ahead of ``at`` or not, at which what the notice may do changes by time alone. A term ends with its
    day, at midnight."""
    yield notice.display.not_before
    if notice.display.not_after is not None:
        yield notice.display.not_after
    if notice.is_exercise:
        yield later(notice.display.not_before, EXERCISE_CAP.total_seconds())
    if notice.alert is not None:
        yield notice.alert.expires
    if notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY):
        until = claim(notice, True, at).until
        if until is not None:
            yield until


class Presence:
    """The items that may be shown at ``at`` (in the screen's zone) are ``shown``; of the others ``hidden`` says why,
    by notice id. ``claims``: those on show that came as cut-ins. Not ``believed``: no date ends or begins anything,
    but for an alert whose end lies before ``earliest``, the earliest time that it can be.
    """

    def __init__(
        self,
        items: Sequence[Item],
        exposures: Mapping[Key, Exposure],
        policy: Policy,
        at: datetime,
        screen: str,
        cancelled: Collection[str],
        earliest: datetime | None = None,
        *,
        believed: bool,
        lit: bool,
    ) -> None:
        self.hidden: dict[str, str] = {}
        self.claims: list[Claimant] = []
        self.shown: list[Present] = []
        self._policy = policy
        self._at = at
        self._believed = believed
        self._earliest = earliest
        self._lit = lit
        notices = [item.notice for item in items]
        self._successors = retention.Successors(notices, exposures, policy, at.date())
        visible = {notice.id: hidden_because(notice, at, screen, cancelled) for notice in notices}
        self._corrected = {
            notice.correction.of_id
            for notice in notices
            if notice.correction is not None and notice.correction.of_id != notice.id and visible[notice.id] is None
        }
        for item in items:
            notice, exposure = item.notice, exposures.get(item.notice.key, NEVER)
            reason = self._reason(item, exposure, visible[notice.id])
            if reason is not None:
                self.hidden[notice.id] = reason
                continue
            disclosure = retention.is_disclosure(notice, policy)
            cut_in = claim(notice, disclosure, at if believed else None)
            self.shown.append(Present(item, cut_in, disclosure))
            self._claimed(notice, cut_in)

    def _reason(self, item: Item, exposure: Exposure, reason: str | None) -> str | None:
        """Why the item may not be shown; ``reason``: what visibility says of it."""
        notice = item.notice
        if reason == "not_before" and not self._believed:
            reason = None if _has_started(notice, exposure) else "clock_untrusted"
        if reason is None and notice.id in self._corrected:
            reason = "corrected"
        if reason is None and notice.is_exercise:
            reason = self._exercise_hidden(notice)
        if reason is None and not item.presentable:
            reason = "unpresentable"
        if reason is None:
            reason = retention.leaves(notice, exposure, self._policy, self._at, self._successors)
        if reason is None and not self._believed and self._has_expired(notice, exposure):
            reason = "alert_expired"
        return reason

    def _has_expired(self, notice: Notice, exposure: Exposure) -> bool:
        """Whether an alert is certainly over, whatever the clock says."""
        if outlived(notice, exposure.seconds):
            return True
        return notice.alert is not None and self._earliest is not None and notice.alert.expires <= self._earliest

    def _exercise_hidden(self, notice: Notice) -> str | None:
        """An exercise must be recognised by everybody, ends by itself and lights no dark screen."""
        if not says_exercise(notice):
            return "exercise_unmarked"
        if exercise_over(notice, self._at if self._believed else None):
            return "exercise_over"
        return None if self._lit else "exercise_dark"

    def _claimed(self, notice: Notice, cut_in: CutIn) -> None:
        """Remember a visible notice that came as a cut-in, also when its claim is over by now."""
        end = expected_end(notice)
        if end is None:
            return
        overdue = not self._believed or end <= self._at
        owner, reason = owner_of(notice), reason_of(notice)
        self.claims.append(Claimant(notice.id, cut_in.level, end, owner, reason, cut_in.exercise, overdue))


def _has_started(notice: Notice, exposure: Exposure) -> bool:
    """Whether it may be on show at any believable time: it has been, or was due when it was published."""
    return exposure.turn > 0 or notice.display.not_before <= notice.publish_at
