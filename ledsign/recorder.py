"""What one panel leaves behind as evidence: rows, page pictures, when its card was lost and came back.

The disk may refuse all of it: the sign goes on, what is shown meanwhile is not counted, and that is said once.
"""

import logging
from datetime import datetime

from ledsign.clock import Reading, TrustedClock
from ledsign.errors import StoreError
from ledsign.evidence import ShownRow
from ledsign.frame import AckLevel, PixelFormat
from ledsign.ledger import Ledger
from ledsign.pictures import Pictures
from ledsign.playlist.preempt import Level
from ledsign.policy import Policy, effective_retention
from ledsign.showing import Showing

log = logging.getLogger(__name__)


class Recorder:
    """``form``: how the card takes its pages; ``accepts``: the least acknowledgement that counts on this panel."""

    def __init__(
        self,
        panel: str,
        ledger: Ledger,
        pictures: Pictures,
        policy: Policy,
        trusted: TrustedClock,
        form: PixelFormat,
        accepts: AckLevel,
    ) -> None:
        self._panel = panel
        self._ledger = ledger
        self._pictures = pictures
        self._policy = policy
        self._trusted = trusted
        self._form = form
        self._accepts = accepts
        self._lost_since: datetime | None = None
        self.disk_failed = False

    def page(
        self, showing: Showing, lit: Reading, seconds: float, ack: AckLevel, *, complete: bool, kind: str = ""
    ) -> None:
        """A notice's page was on the panel from ``lit`` on for so many seconds; the safe page leaves no row."""
        if showing.notice is None or showing.slot is None:
            return
        row = ShownRow(
            notice_id=showing.notice.id,
            revision=showing.notice.revision,
            digest=showing.notice.digest,
            n=showing.number,
            of=showing.of,
            kind=kind or str(showing.page.kind),
            shown_at=lit.at,
            seconds=round(seconds, 3),
            page_sha256=showing.page.identity(self._form),
            ack=ack,
            complete=complete,
            clock=lit.trust,
            panel=self._panel,
            turn=showing.slot.turn,
            words=self._form is PixelFormat.TEXT,
            accepts=self._accepts,
            urgent=showing.slot.level is Level.URGENT,
            required_days=effective_retention(showing.notice, self._policy),
        )
        try:
            self._ledger.record(row)
            self.disk_failed = False
        except StoreError as error:
            self._ledger.pass_over(row)
            self._disk_fails(error)

    def picture(self, showing: Showing) -> None:
        """The picture of a notice's page that the card has acknowledged, once for each distinct page; none where the
        card draws words itself."""
        if showing.slot is None or self._form is PixelFormat.TEXT:
            return
        try:
            self._pictures.keep(showing.page)
        except StoreError as error:
            self._disk_fails(error)

    def lost(self, reading: Reading, fault: str) -> None:
        """The card does not do what it is told; written down once until it is back."""
        if self._lost_since is None:
            self._lost_since = reading.at
            log.error("%s: card lost: %s", self._panel, fault)
            self._event("card_lost", reading, fault=fault)

    def back(self) -> None:
        """The card took a page."""
        if self._lost_since is not None:
            reading = self._trusted.read()
            self._event("card_back", reading, since=self._lost_since.isoformat(timespec="seconds"))
            log.info("%s: card back after %s", self._panel, reading.at - self._lost_since)
            self._lost_since = None

    def _event(self, kind: str, reading: Reading, **detail: object) -> None:
        try:
            self._ledger.append_event(kind, reading.at, {"panel": self._panel, **detail}, reading.trust)
        except StoreError as error:
            self._disk_fails(error)

    def _disk_fails(self, error: StoreError) -> None:
        if not self.disk_failed:
            log.critical("%s: evidence cannot be written: %s", self._panel, error)
        self.disk_failed = True
