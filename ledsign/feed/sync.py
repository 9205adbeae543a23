"""Keeps the store in step with the platform: ask, fetch, judge, keep, wake.

One ``pull`` is one round. Its order is what makes it safe: emergencies first, then withdrawals, then the rest;
a notice is in the store before the cursor that covers it; a bad notice costs one audit line and holds up
nobody. A notice that is missing in a full listing stays: only a signed withdrawal takes something off.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from ledsign.clock import Clock, ClockTrust, TrustedClock
from ledsign.errors import FeedError, StoreError
from ledsign.feed.accept import Context, judge
from ledsign.feed.client import Entry, Feed
from ledsign.feed.guarded import StatusError
from ledsign.feed.integrity import Keyring
from ledsign.feed.picturefetch import PictureFetch, PictureSource
from ledsign.feed.pulled import Pulled, Refused, SyncStatus
from ledsign.feed.retries import TRIES, Retries
from ledsign.feed.store import Snapshot, Store
from ledsign.latest import Latest
from ledsign.notice import Image, Notice, Status, Urgency
from ledsign.policy import Policy

_REMEMBERED = 10_000
_GONE = frozenset({404, 410})


class Platform(PictureSource, Protocol):
    """What a round asks of ``client.PlatformClient``. Raises FeedError only."""

    @property
    def authentic(self) -> bool: ...
    def feed(self, cursor: str | None, wait: float = 0.0) -> Feed: ...
    def notice(self, href: str) -> bytes: ...


@dataclass(slots=True)
class _Round:
    """What a round has found out so far."""

    now: datetime
    accepted: list[tuple[str, int]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    changed: bool = False
    unsaid: bool = False  # changed since the last wake


class Syncer:
    """One screen's feed rounds. For one thread; ``status`` may be read from others.

    ``out`` gets the store's snapshot when something changed; an emergency or a withdrawal is passed on before
    anything else is fetched, ordinary notices at the end of the round, with their pictures. ``alive`` is called
    before every download: a slow platform is no stuck loop.
    """

    def __init__(
        self,
        client: Platform,
        store: Store,
        policy: Policy,
        keys: Keyring,
        screen: str,
        clock: Clock,
        trusted: TrustedClock,
        out: Latest[Snapshot] | None = None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._store = store
        self._policy = policy
        self._keys = keys
        self._screen = screen
        self._clock = clock
        self._trusted = trusted
        self._out = out
        self._alive = alive
        self._cursor = store.cursor()
        self._waiting: dict[str, Entry] = {}
        self._notices = Retries()
        self._pictures = PictureFetch(client, store, clock, alive)
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._status = SyncStatus()

    @property
    def status(self) -> SyncStatus:
        return self._status

    def pull(self, wait: float = 0.0) -> Pulled:
        """One round, waiting up to ``wait`` s for news. Raises FeedError when the platform cannot be asked or
        answers nonsense (the store is as it was), StoreError when the disk fails."""
        try:
            feed = self._client.feed(self._cursor, self._patience(wait))
        except FeedError as error:
            self._status = replace(self._status, failures=self._status.failures + 1, last_error=str(error))
            raise
        work = _Round(self._believed(feed))
        self._pictures.begin()
        if feed.full:
            self._waiting.clear()
            self._notices = Retries()
            self._pictures.forget()
        for entry in self._todo(feed.entries):
            self._take(entry, work)
        self._complete_assets(work)
        self._advance(feed.cursor)
        self._wake(work)
        self._account(work)
        return Pulled(
            tuple(work.accepted),
            tuple(work.refused),
            work.changed,
            feed.server_time,
            self._absent(feed) if feed.full else (),
            len(self._waiting),
        )

    # -- the round

    def _patience(self, wait: float) -> float:
        """How long the platform may hold the answer back: not beyond the next thing to try again."""
        if self._pictures.behind:
            return 0.0
        now = self._clock.monotonic()
        dues = [due for due in (self._notices.next_due(), self._pictures.next_due()) if due is not None]
        return max(0.0, min([wait, *(due - now for due in dues)]))

    def _believed(self, feed: Feed) -> datetime:
        """The round's time: our clock, or the platform's while ours is known to be wrong."""
        if feed.server_time is None or not self._client.authentic:
            return self._trusted.read().at
        offset = self._trusted.confirm(feed.server_time)
        self._status = replace(self._status, offset_s=offset.total_seconds())
        reading = self._trusted.read()
        return feed.server_time if reading.trust is ClockTrust.UNTRUSTED else reading.at

    def _todo(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """What to look at now: the listing, newest revision of each id, and what is due again; urgent first."""
        now = self._clock.monotonic()
        listed: dict[str, Entry] = {}
        for entry in entries:
            if entry.id not in listed or listed[entry.id].revision <= entry.revision:
                listed[entry.id] = entry
        for notice_id, entry in list(self._waiting.items()):
            if notice_id in listed:
                del self._waiting[notice_id]
                self._notices.forget(notice_id)
            elif self._notices.is_due(notice_id, now):
                listed[notice_id] = entry
        yield from sorted(listed.values(), key=_haste)

    def _take(self, entry: Entry, work: _Round) -> None:
        known = self._store.known(entry.id)
        settled = known is not None and (
            known.revision > entry.revision or (known.revision, known.digest) == (entry.revision, entry.digest)
        )
        if settled or entry.digest in self._refused:
            self._settle(entry.id)
            return
        self._alive()
        try:
            raw = self._client.notice(entry.href)
        except FeedError as error:
            self._postpone(entry, error)
            return
        self._settle(entry.id)
        self._judge(entry, raw, work)

    def _judge(self, entry: Entry, raw: bytes, work: _Round) -> None:
        try:
            self._decide(entry, raw, work)
        except StoreError:
            if self._out is not None:
                self._store.tell(self._out)  # a withdrawal is off the screen even when the disk fails
            raise

    def _decide(self, entry: Entry, raw: bytes, work: _Round) -> None:
        verdict = judge(raw, self._context(work.now))
        notice = verdict.notice
        reason, detail = verdict.reason or "schema", verdict.detail
        announced = notice is not None and (*notice.key, notice.digest) == (entry.id, entry.revision, entry.digest)
        if notice is not None and announced and verdict.accept:
            hasty = _is_hasty(notice)
            if not hasty and self._fetch(notice.images()):
                verdict = judge(raw, self._context(work.now))  # what is here now is no longer missing
            self._store.apply(verdict, raw, work.now)
            work.accepted.append(notice.key)
            self._changed(work, hasty)
            return
        if announced and verdict.retires:
            self._store.apply(verdict, raw, work.now)
            self._changed(work, hasty=True)
        else:
            if verdict.accept:
                reason, detail = "digest_mismatch", "the feed announced another notice than it served"
            self._store.refuse(reason, detail, entry.id, entry.digest, work.now)
        self._refused[entry.digest] = None
        if len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)
        work.refused.append(Refused(entry.id, entry.revision, reason, detail))

    def _changed(self, work: _Round, hasty: bool) -> None:
        work.changed = work.unsaid = True
        if hasty:
            self._wake(work)

    def _context(self, now: datetime) -> Context:
        return Context(
            screen=self._screen,
            keys=self._keys,
            policy=self._policy,
            now=now,
            known=self._store.known,
            cancelled=self._store.cancelled(),
            assets=self._store.asset,
        )

    def _postpone(self, entry: Entry, error: FeedError) -> None:
        """Try again later, unless the platform says that it is gone or it failed too often."""
        self._status = replace(self._status, last_error=f"{entry.id}: {error}")
        self._waiting[entry.id] = entry
        self._notices.fail(entry.id, self._clock.monotonic())
        gone = isinstance(error, StatusError) and error.status in _GONE
        if gone or self._notices.failures[entry.id] >= TRIES:
            self._settle(entry.id)

    def _settle(self, notice_id: str) -> None:
        self._waiting.pop(notice_id, None)
        self._notices.forget(notice_id)

    def _complete_assets(self, work: _Round) -> None:
        """Pictures of notices that are on show without them: emergencies, and what failed before."""
        if self._fetch(self._store.missing_assets()):
            self._changed(work, hasty=False)

    def _fetch(self, images: Iterable[Image]) -> bool:
        came, fault = self._pictures.fetch(images)
        if fault:
            self._status = replace(self._status, last_error=fault)
        return came

    def _advance(self, cursor: str) -> None:
        """Remember the cursor here; on disk only while nothing before it is still to be fetched."""
        self._cursor = cursor
        if not self._waiting and self._store.cursor() != cursor:
            self._store.set_cursor(cursor)

    def _wake(self, work: _Round) -> None:
        if work.unsaid and self._out is not None:
            self._store.tell(self._out)
        work.unsaid = False

    def _account(self, work: _Round) -> None:
        status = self._status
        self._status = replace(
            status,
            last_ok=work.now,
            failures=0,
            accepted=status.accepted + len(work.accepted),
            refused=status.refused + len(work.refused),
            waiting=len(self._waiting),
        )

    def _absent(self, feed: Feed) -> tuple[str, ...]:
        listed = {entry.id for entry in feed.entries}
        return tuple(notice.id for notice in self._store.active().notices if notice.id not in listed)


def _haste(entry: Entry) -> int:
    if entry.urgency == Urgency.EMERGENCY:
        return 0
    if entry.status == Status.WITHDRAWN:
        return 1
    return 2 if entry.urgency == Urgency.URGENT else 3


def _is_hasty(notice: Notice) -> bool:
    """Passed on at once, without waiting for its pictures or for other notices."""
    return (
        notice.urgency in (Urgency.EMERGENCY, Urgency.URGENT)
        or notice.status is Status.WITHDRAWN
        or notice.alert is not None
    )
