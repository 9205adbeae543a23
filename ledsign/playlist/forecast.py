"""A day's promises judged beforehand: capacity, what each notice gets, the hours ahead turn by turn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from ledsign.notice import Urgency
from ledsign.playlist.announce import Announcement
from ledsign.playlist.capacity import Admission, Capacity, Grant, admit, check, compare
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.hours import later
from ledsign.playlist.item import Item, need
from ledsign.playlist.preempt import Level, claim
from ledsign.playlist.retention import is_disclosure
from ledsign.playlist.simulate import Aired, Simulation
from ledsign.playlist.situation import Situation
from ledsign.policy import Policy
from ledsign.trust import ClockTrust


@dataclass(frozen=True, slots=True)
class Prospect:
    """One ordinary notice's day: what it asks and is granted, and what the simulated day gives it. ``digests``:
    digest pages of that day, None when it has none; ``gap_s``: lit seconds within which it is on again, as long
    as the day is not short."""

    grant: Grant
    achieved: int
    digests: int | None = None
    gap_s: float = 0.0

    @property
    def missed(self) -> bool:
        return self.achieved < self.grant.need.quota


@dataclass(frozen=True, slots=True)
class Forecast:
    """``prospects`` speak of the whole local day of the moment asked about; ``timeline`` holds the turns of
    the hours after it; ``hidden``: notice id -> why it is not shown then; ``announced``: when the long ones run;
    ``digests_promised``: digest pages a notice is promised that day."""

    capacity: Capacity
    prospects: tuple[Prospect, ...]
    timeline: tuple[Aired, ...]
    hidden: Mapping[str, str]
    announced: tuple[Announcement, ...] = ()
    digests_promised: int = 0

    @property
    def missed(self) -> tuple[Key, ...]:
        """Notices that the simulated day leaves short of what they ask."""
        return tuple(prospect.grant.need.key for prospect in self.prospects if prospect.missed)


def forecast(
    items: Sequence[Item],
    exposures: Mapping[Key, Exposure],
    policy: Policy,
    at: datetime,
    screen: str,
    cancelled: Collection[str] = (),
    hours: float = 0.0,
) -> Forecast:
    """Judge the set of notices visible at ``at`` as if all of its local day were still ahead."""
    local = at.astimezone(policy.zone)
    situation = Situation(items, exposures, policy, local, ClockTrust.TRUSTED, screen, cancelled)
    capacity = check(situation.needs(), situation.light, situation.cut_ins)
    morning, midnight = datetime.combine(local.date(), time(), policy.zone), situation.hours.midnight(local)
    shown = [_all_day(item, morning, midnight) for item in items if _takes_part(item, situation.hidden)]
    day = Simulation(shown, {}, policy, morning, screen, cancelled)
    for _ in day.run(midnight):
        pass
    board = situation.board
    entries = {entry.notice.key: entry for entry in board.ordinary}

    def prospect(granted: Grant) -> Prospect:
        key = granted.need.key
        entry = entries[key]
        digests = None if entry.digest_s is None else day.exposures.get(key, NEVER).digests_on(local.date())
        return Prospect(granted, day.passes.get((key, local.date()), 0), digests, board.gap_bound_s(entry))

    prospects = tuple(prospect(granted) for granted in capacity.grants)
    ahead = Simulation(items, exposures, policy, local, screen, cancelled)
    timeline = tuple(ahead.run(later(local, hours * 3600)))
    return Forecast(capacity, prospects, timeline, situation.hidden, situation.announced, board.digests.shows)


def _cuts_in(item: Item) -> bool:
    return item.notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY)


def _takes_part(item: Item, hidden: Mapping[str, str]) -> bool:
    """Whether the day's promises have to do with it: on show now, or a cut-in that comes later."""
    reason = hidden.get(item.notice.id)
    return reason is None or (reason == "not_before" and _cuts_in(item))


def _all_day(item: Item, morning: datetime, midnight: datetime) -> Item:
    """An ordinary notice that begins or ends within the day, as if it were due all of it; a cut-in as it is."""
    shown = item.notice.display
    if _cuts_in(item):
        return item
    ends = shown.not_after if shown.not_after is None or shown.not_after > midnight else None
    whole = replace(shown, not_before=min(shown.not_before, morning), not_after=ends)
    return item if whole == shown else replace(item, notice=replace(item.notice, display=whole))


@dataclass(frozen=True, slots=True)
class WhatIf:
    """``admission``: whose showings a draft would cost. One that cuts in has a ``level`` and the end of its claim
    (``until``) and harms others by its turns alone; ``hidden``: why it would not be on show now."""

    admission: Admission
    level: Level | None = None
    until: datetime | None = None
    hidden: str | None = None


def what_if(
    items: Sequence[Item],
    draft: Item,
    policy: Policy,
    at: datetime,
    screen: str,
    cancelled: Collection[str] = (),
) -> WhatIf:
    """What taking in ``draft`` would do to the promises of the notices visible at ``at``. An ordinary one counts from
    now on, whatever its own dates say; one that cuts in has the time its dates give it. A report, never a refusal."""
    local, others = at.astimezone(policy.zone), [item for item in items if item.notice.id != draft.notice.id]
    held = Situation(items, {}, policy, local, ClockTrust.TRUSTED, screen, cancelled)
    before = check(held.needs(), held.light, held.cut_ins)
    if not _cuts_in(draft):
        asked = need(draft, policy, cut_into=held.cut_ins is not None)
        return WhatIf(admit(held.needs(), asked, held.light, held.cut_ins))
    then = Situation([*others, draft], {}, policy, local, ClockTrust.TRUSTED, screen, cancelled)
    made = compare(before, check(then.needs(), then.light, then.cut_ins))
    moment = max(local, draft.notice.display.not_before)
    cut = claim(draft.notice, is_disclosure(draft.notice, policy), moment)
    level = cut.level if cut.level >= Level.URGENT else None
    return WhatIf(made, level, cut.until, then.hidden.get(draft.notice.id))
