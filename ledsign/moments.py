"""What was on a panel at a moment gone by (ledger), and what will be at one to come (the plan played forward)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledsign.ledger import Ledger
from ledsign.playlist.exposure import Exposure, Key
from ledsign.playlist.item import Item
from ledsign.playlist.plan import plan
from ledsign.playlist.simulate import Simulation
from ledsign.playlist.situation import PlanMode
from ledsign.policy import Policy
from ledsign.trust import ClockTrust

AHEAD = timedelta(hours=48)  # further on the plan is a guess: notices come and go


@dataclass(frozen=True, slots=True)
class On:
    """A notice on a panel from ``since`` to ``until``; ``n`` is its page, 0 for the digest. Of a turn to come ``n``
    is its first page."""

    notice_id: str
    revision: int
    n: int
    since: datetime
    until: datetime


def was_on(ledger: Ledger, panel: str, at: datetime) -> On | None:
    """The page that the ledger has on that panel at that moment; None in a gap. Raises StoreError."""
    row = ledger.row_at(panel, at)
    if row is None:
        return None
    since = datetime.fromisoformat(row["shown_at"])
    until = since + timedelta(milliseconds=row["ms"])
    return On(row["notice_id"], row["revision"], row["n"], since, until) if since <= at < until else None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the plan comes to at a moment: the turn ``on`` then, None when the panel is dark or shows the safe page
    (``mode`` says which), and why each notice that is not visible then is ``hidden``."""

    on: On | None
    mode: PlanMode
    hidden: Mapping[str, str]


def next_on(ahead: Simulation, key: Key) -> datetime | None:
    """When the notice's next turn begins (its digest's apart) if nothing changes until then; None when none comes
    within ``AHEAD``. ``ahead``: the panel's plan from now on."""
    for aired in ahead.run(ahead.at + AHEAD):
        if (aired.slot.notice_id, aired.slot.revision) == key and not aired.slot.digest:
            return aired.at
    return None


def will_be_on(
    items: Sequence[Item],
    exposures: Mapping[Key, Exposure],
    policy: Policy,
    now: datetime,
    screen: str,
    cancelled: Collection[str],
    at: datetime,
) -> Ahead:
    """What comes at ``at`` if nothing changes until then."""
    ahead = Simulation(items, exposures, policy, now, screen, cancelled)
    on = None
    for aired in ahead.run(at + timedelta(seconds=1)):
        until = aired.at + timedelta(seconds=aired.slot.seconds)
        if aired.at <= at < until:
            n = 0 if aired.slot.digest else aired.slot.first + 1
            on = On(aired.slot.notice_id, aired.slot.revision, n, aired.at, until)
            break
    then = plan(items, ahead.exposures, policy, at, ClockTrust.TRUSTED, screen, cancelled, ahead=1)
    return Ahead(on, then.mode, then.hidden)
