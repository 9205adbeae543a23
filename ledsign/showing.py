"""What a panel shows and what its loop is doing: values, and the rules by which a page must give way."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ledsign.card import LinkStatus
from ledsign.feed.store import Snapshot
from ledsign.frame import Page
from ledsign.notice import Notice
from ledsign.playlist.announce import Announcement
from ledsign.playlist.capacity import Grant
from ledsign.playlist.exposure import Key
from ledsign.playlist.item import Item
from ledsign.playlist.plan import Plan
from ledsign.playlist.preempt import Claimant
from ledsign.playlist.rotation import Slot
from ledsign.playlist.situation import PlanMode
from ledsign.trust import Reading

MAY_FINISH = frozenset({"released", "replaced", "expired"})  # ends by date, not by order: no hurry inside a page


@dataclass(frozen=True, slots=True)
class Showing:
    """What one turn of the loop puts on the card; ``number``/``of`` count body pages, 0 is the digest."""

    page: Page
    mode: PlanMode
    slot: Slot | None = None
    notice: Notice | None = None
    number: int = 0
    of: int = 0

    @property
    def key(self) -> tuple[str, int] | None:
        return self.notice.key if self.notice else None


@dataclass(frozen=True, slots=True)
class PlayerStatus:
    """What this panel is doing, for the operator, the heartbeat and the service manager."""

    panel: str
    mode: str = "starting"
    showing: Showing | None = None  # None: dark, or nothing confirmed
    since: datetime | None = None
    slots: tuple[Slot, ...] = ()
    valid_until: datetime | None = None
    hidden: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[tuple[str, int], str] = field(default_factory=dict)
    card_fault: str = ""
    loop_fault: str = ""  # what the loop last failed with, until it shows a page again
    dark_confirmed: bool = False  # switched off, and the card said so
    pages_shown: int = 0
    short: tuple[Grant, ...] = ()  # showings this screen cannot keep today
    blame: tuple[Key, ...] = ()  # and the smallest set of notices that this is due to
    announced: tuple[Announcement, ...] = ()
    claims: tuple[Claimant, ...] = ()
    items: tuple[Item, ...] = ()  # what the panel can play; none while some are still to be drawn
    link: LinkStatus | None = None  # what the card's line is worth, measured


@dataclass(frozen=True, slots=True)
class View:
    """One consistent look: the notices, the plan made of them, and when."""

    snapshot: Snapshot
    version: int
    plan: Plan
    reading: Reading


def ends_at_once(showing: Showing, made: Plan, snapshot: Snapshot) -> bool:
    """Whether what is on the card must not stay until its dwell is over (docs/decisions/0002)."""
    if showing.notice is None:
        return bool(made.slots)
    if showing.key not in {notice.key for notice in snapshot.notices}:
        return True
    reason = made.hidden.get(showing.notice.id)
    if reason is not None and reason not in MAY_FINISH:
        return True
    if PlanMode.EMERGENCY in (made.mode, showing.mode):
        alternating = {(slot.notice_id, slot.revision) for slot in made.slots}
        return made.mode is not showing.mode or showing.key not in alternating
    return False


def newcomer_waits(showing: Showing, made: Plan, shown: Container[Key]) -> bool:
    """Whether the plan puts a notice next that is not among those ``shown`` ever: it is lit within seconds of its
    arrival."""
    if made.mode is PlanMode.EMERGENCY or not made.slots:
        return False
    first = made.slots[0].notice_id, made.slots[0].revision
    return first != showing.key and first not in shown
