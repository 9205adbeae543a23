"""From the order to take a notice off until no panel shows it: measured, written down, reported to the town.

However the tombstone came (feed, USB stick, local operator), a ``dark`` event names the notice, the panels and the
milliseconds until every card had confirmed something else. When that takes too long a ``not_dark`` event says which
panels may still be lit, and why: the old page may stand there until somebody cuts the panel's power.
"""

import logging
from collections.abc import Sequence

from ledsign.clock import Clock, TrustedClock
from ledsign.errors import StoreError
from ledsign.feed.store import Store
from ledsign.ledger import Ledger
from ledsign.player import Player, PlayerStatus

log = logging.getLogger(__name__)

LATE_S = 10.0


class DarkWatch:
    """Looks at the store and the panels once a beat of ``beat_s`` seconds; a figure is at most a beat too long."""

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
        self._seen = store.tombstones()  # those of an earlier run: every card was reconciled on start
        self._pending: dict[str, float] = {}
        self._late: set[str] = set()

    def look(self) -> None:
        """One beat. What cannot be written now is tried again on the next."""
        gone, now = self._store.tombstones(), self._clock.monotonic()
        for notice_id in gone - self._seen:
            self._pending[notice_id] = now - self._beat_s
        self._seen = gone
        statuses = [player.status.get()[0] for player in self._players]
        for notice_id, since in list(self._pending.items()):
            try:
                self._follow(notice_id, now - since, statuses)
            except StoreError as error:
                log.error("the end of %s cannot be written down: %s", notice_id, error)

    def _follow(self, notice_id: str, seconds: float, statuses: Sequence[PlayerStatus]) -> None:
        lit = [status for status in statuses if _may_be_lit(status, notice_id)]
        if not lit:
            self._event("dark", id=notice_id, ms=round(seconds * 1000), panels=[each.panel for each in statuses])
            del self._pending[notice_id]
            self._late.discard(notice_id)
        elif seconds >= LATE_S and notice_id not in self._late:
            faults = {each.panel: each.card_fault for each in lit}
            log.critical("%s was taken off, but may still be lit: %s", notice_id, faults)
            self._event("not_dark", id=notice_id, panels=faults)
            self._late.add(notice_id)

    def _event(self, kind: str, **detail: object) -> None:
        reading = self._trusted.read()
        self._ledger.append_event(kind, reading.at, detail, reading.trust, urgent=True)


def shows(status: PlayerStatus, notice_id: str) -> bool:
    """Whether the panel's latest confirmed page is one of that notice, of any revision."""
    key = status.showing.key if status.showing else None
    return key is not None and key[0] == notice_id


def _may_be_lit(status: PlayerStatus, notice_id: str) -> bool:
    """Its page is the latest confirmed one, or the card does not answer and what it shows is unknown."""
    return bool(status.card_fault) or shows(status, notice_id)
