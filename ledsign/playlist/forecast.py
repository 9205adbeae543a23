"""A day's promises judged beforehand: capacity, what each notice gets, the hours ahead turn by turn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ledsign.playlist.announce import Announcement
from ledsign.playlist.capacity import Admission, Capacity, Grant, admit, check
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.item import Item, need
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
    capacity = check(situation.needs(), situation.light)
    morning = datetime.combine(local.date(), time(), policy.zone)
    shown = [item for item in items if item.notice.id not in situation.hidden]
    day = Simulation(shown, {}, policy, morning, screen, cancelled)
    for _ in day.run(morning + timedelta(days=1)):
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
    timeline = tuple(ahead.run(local + timedelta(hours=hours)))
    return Forecast(capacity, prospects, timeline, situation.hidden, situation.announced, board.digests.shows)


def what_if(
    items: Sequence[Item],
    draft: Item,
    policy: Policy,
    at: datetime,
    screen: str,
    cancelled: Collection[str] = (),
) -> Admission:
    """What taking in ``draft`` would do to the promises of the notices visible at ``at``. The draft counts as an
    ordinary notice from now on, whatever its own dates say. A report, never a refusal."""
    situation = Situation(items, {}, policy, at.astimezone(policy.zone), ClockTrust.TRUSTED, screen, cancelled)
    return admit(situation.needs(), need(draft, policy), situation.light)
