"""A day's promises judged beforehand: capacity, what each notice gets, the hours ahead turn by turn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ledsign.playlist.capacity import Capacity, Grant, check
from ledsign.playlist.exposure import Exposure, Key
from ledsign.playlist.plan import Item, Situation
from ledsign.playlist.simulate import Aired, Simulation
from ledsign.policy import Policy
from ledsign.trust import ClockTrust


@dataclass(frozen=True, slots=True)
class Prospect:
    """One ordinary notice's day: what it asks and is granted, and what the simulated day gives it."""

    grant: Grant
    achieved: int

    @property
    def missed(self) -> bool:
        return self.achieved < self.grant.need.quota


@dataclass(frozen=True, slots=True)
class Forecast:
    """``prospects`` speak of the whole local day of the moment asked about; ``timeline`` holds the turns of
    the hours after it; ``hidden``: notice id -> why it is not shown then."""

    capacity: Capacity
    prospects: tuple[Prospect, ...]
    timeline: tuple[Aired, ...]
    hidden: Mapping[str, str]


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
    capacity = check(situation.needs(), situation.hours.lit_seconds)
    morning = datetime.combine(local.date(), time(), policy.zone)
    shown = [item for item in items if item.notice.id not in situation.hidden]
    day = Simulation(shown, {}, policy, morning, screen, cancelled)
    for _ in day.run(morning + timedelta(days=1)):
        pass
    prospects = tuple(
        Prospect(granted, day.passes.get((granted.need.key, local.date()), 0)) for granted in capacity.grants
    )
    ahead = Simulation(items, exposures, policy, local, screen, cancelled)
    timeline = tuple(ahead.run(local + timedelta(hours=hours)))
    return Forecast(capacity, prospects, timeline, situation.hidden)
