"""From the order to take a notice off until no panel shows it: measured, written down, reported to the town.

However the tombstone came (feed, USB stick, local operator), a ``dark`` event names the notice, the panels and the
milliseconds until every card had confirmed something else. When that takes too long a ``not_dark`` event says which
panels may still be lit, and why: the old page may stand there until somebody cuts the panel's power.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ledsign.clock import Clock, TrustedClock
from ledsign.errors import StoreError
from ledsign.feed.store import Store
from ledsign.ledger import Ledger
from ledsign.player import Player
from ledsign.showing import PlayerStatus

log = logging.getLogger(__name__)

LATE_S = 10.0


@dataclass(slots=True)
class _Order:
    """To take a revision off: seen at ``since`` (monotonic). ``late``: that it may still be lit was written down."""

    revision: int
    since: float
    measured: bool = True
    late: bool = False


class DarkWatch:
    """Looks at the store and the panels once a beat of ``beat_s`` seconds; a figure is at most a beat too long.

    A withdrawal whose end an earlier run did not write down (it was killed in between) gets its row as soon as every
    card has confirmed a page or darkness in this run; nobody measured that one, so its ``ms`` is null and the row's
    own time says by when it was dark at the latest.
    """

    def __init__(
        self,
        clock: Clock,
        trusted: TrustedClock,
        store: Store,
        ledger: Ledger,
        players: Sequence[Player],
        beat_s: float,
    ) -> None:
        self._clock = clock
        self._trusted = trusted
        self._store = store
        self._ledger = ledger
        self._players = players
        self._beat_s = beat_s
        self._seen = store.tombstones()
        written, begun = ledger.darkened(), clock.monotonic()
        left = {notice_id: self._revision(notice_id) for notice_id in self._seen}
        self._pending = {
            notice_id: _Order(revision, begun, measured=False)
            for notice_id, revision in left.items()
            if written.get(notice_id, 0) < revision
        }

    def look(self) -> None:
        """One beat. What cannot be written now is tried again on the next."""
        gone, now = self._store.tombstones(), self._clock.monotonic()
        for notice_id in gone - self._seen:
            self._pending[notice_id] = _Order(self._revision(notice_id), now - self._beat_s)
        self._seen = gone
        statuses = [player.status.get()[0] for player in self._players]
        for notice_id, order in list(self._pending.items()):
            try:
                self._follow(notice_id, order, now, statuses)
            except StoreError as error:
                log.error("the end of %s cannot be written down: %s", notice_id, error)

    def _revision(self, notice_id: str) -> int:
        known = self._store.known(notice_id)
        return known.revision if known else 0

    def _follow(self, notice_id: str, order: _Order, now: float, statuses: Sequence[PlayerStatus]) -> None:
        lit = [status for status in statuses if _may_be_lit(status, notice_id)]
        if not lit:
            ms = round((now - order.since) * 1000) if order.measured else None
            panels = [each.panel for each in statuses]
            self._event("dark", id=notice_id, revision=order.revision, ms=ms, panels=panels)
            del self._pending[notice_id]
        elif now - order.since >= LATE_S and not order.late:
            faults = {each.panel: each.card_fault for each in lit}
            log.critical("%s was taken off, but may still be lit: %s", notice_id, faults)
            self._event("not_dark", id=notice_id, revision=order.revision, panels=faults)
            order.late = True

    def _event(self, kind: str, **detail: object) -> None:
        reading = self._trusted.read()
        self._ledger.append_event(kind, reading.at, detail, reading.trust, urgent=True)


def shows(status: PlayerStatus, notice_id: str) -> bool:
    """Whether the panel's latest confirmed page is one of that notice, of any revision."""
    key = status.showing.key if status.showing else None
    return key is not None and key[0] == notice_id


def _may_be_lit(status: PlayerStatus, notice_id: str) -> bool:
    """Its page is the latest confirmed one, or what the card shows is unknown: it does not answer, or it has
    confirmed nothing since this run began."""
    unknown = bool(status.card_fault) or not (status.pages_shown or status.dark_confirmed)
    return unknown or shows(status, notice_id)
