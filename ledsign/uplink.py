"""The two loops that talk to the platform: news in, evidence out. Each waits alone; neither holds up a page."""

import logging
import threading
from collections.abc import Callable, Mapping

from ledsign.clock import Clock
from ledsign.config import PlatformSection
from ledsign.errors import FeedError, StoreError
from ledsign.feed.client import Backoff, PlatformClient
from ledsign.feed.sync import Syncer
from ledsign.outbox import Outbox
from ledsign.service import Pulse

log = logging.getLogger(__name__)

FEED, EVIDENCE = "feed", "evidence"  # names of the loops
FEED_LIMIT_S = 120.0  # a long-poll of 30 s and the assets behind it
UPLOAD_EVERY_S = 2.0
BATCH = 200


class Uplink:
    """``document``: what the town is told of the screen, made anew for each heartbeat."""

    def __init__(
        self,
        client: PlatformClient,
        syncer: Syncer,
        outbox: Outbox,
        section: PlatformSection,
        clock: Clock,
        pulse: Pulse,
        document: Callable[[], Mapping[str, object]],
    ) -> None:
        self.syncer = syncer
        self._client = client
        self._outbox = outbox
        self._section = section
        self._clock = clock
        self._pulse = pulse
        self._document = document

    def close(self) -> None:
        """End what waits for news."""
        self._client.close()

    def feed(self, stop: threading.Event) -> None:
        """Ask for news again and again; back off while there is no platform."""
        backoff, lost = Backoff(base=1.0, cap=float(self._section.poll_seconds)), 0
        while not stop.is_set():
            self._pulse.tick(FEED, FEED_LIMIT_S)
            try:
                pulled = self.syncer.pull(self._section.wait_seconds)
            except (FeedError, StoreError) as error:
                if not lost and not stop.is_set():
                    log.warning("no news: %s", error)
                lost += 1
                stop.wait(backoff.next())
                continue
            if lost:
                log.info("news again after %d failures", lost)
                lost = 0
                backoff.reset()
            for refused in pulled.refused:
                log.warning("refused %s: %s %s", refused.id, refused.reason, refused.detail)
            for notice_id, revision in pulled.accepted:
                log.info("accepted %s revision %d", notice_id, revision)
            if self._section.wait_seconds == 0:
                stop.wait(self._section.poll_seconds)

    def evidence(self, stop: threading.Event) -> None:
        """Rows to the platform, each once; a heartbeat between them."""
        client = self._client.twin()
        backoff = Backoff(base=1.0, cap=60.0)
        beat = self._clock.monotonic() - self._section.heartbeat_seconds
        while not stop.is_set():
            self._pulse.tick(EVIDENCE, FEED_LIMIT_S)
            try:
                self._send_rows(client)
                if self._clock.monotonic() - beat >= self._section.heartbeat_seconds:
                    client.heartbeat(self._document())
                    beat = self._clock.monotonic()
                backoff.reset()
                stop.wait(UPLOAD_EVERY_S)
            except (FeedError, StoreError) as error:
                log.debug("evidence waits: %s", error)
                stop.wait(backoff.next())
        client.close()

    def _send_rows(self, client: PlatformClient) -> None:
        while rows := self._outbox.unsent(BATCH):
            self._pulse.tick(EVIDENCE, FEED_LIMIT_S)
            sent = client.send_receipts(rows)
            for receipt, reason in sent.rejected.items():
                log.error("the platform refuses receipt %s: %s", receipt, reason)
            if not sent.accepted and not sent.rejected:
                break
            self._outbox.mark_sent(sent.accepted, sent.rejected)
