"""The platform's HTTP contract from the screen's side (``docs/feed.md``).

Only shapes and sizes are judged here; whether a notice may be shown is the accept rule's affair. Nothing the
platform says is trusted beyond its contract: a link leads to the same origin or nowhere, an asset is the bytes
its name promises or nothing.
"""

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ledsign.clock import Clock
from ledsign.errors import FeedError
from ledsign.feed.guarded import GuardedSession, Reply, StatusError

FEED_SCHEMA = "ledsign.feed/1"
RECEIPTS_SCHEMA = "ledsign.receipts/1"
MAX_WAIT_S = 30.0
ANSWER_S = 10.0  # what any answer may take beyond the wait that was asked for
ASSET_S = 60.0
FEED_CAP = 2_000_000
NOTICE_CAP = 2_000_000
ASSET_CAP = 8_000_000
REPLY_CAP = 1_000_000
MAX_ENTRIES = 5_000
MAX_ROWS = 500
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


_T = TypeVar("_T", bound=_Wire)


class _Entry(_Wire):
    id: str = Field(min_length=1, max_length=64)
    revision: int = Field(ge=1, le=1_000_000_000)
    status: str = Field(max_length=32)
    category: str = Field(max_length=8)
    urgency: str = Field(max_length=32)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    href: str = Field(min_length=1, max_length=1024)


class _Feed(_Wire):
    schema_: str = Field(alias="schema")
    screen_code: str
    server_time: AwareDatetime = Field(strict=False)
    cursor: str = Field(min_length=1, max_length=200)
    full: bool
    notices: list[_Entry] = Field(max_length=MAX_ENTRIES)


class _Rejected(_Wire):
    receipt_id: str
    reason: str


class _Sent(_Wire):
    accepted: list[str]
    rejected: list[_Rejected]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a feed: which revision there is and where it is. ``href`` is absolute, same origin."""

    id: str
    revision: int
    status: str
    category: str
    urgency: str
    digest: str
    href: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What is new since a cursor, or everything when ``full``. ``server_time`` is None after a 304."""

    cursor: str
    full: bool
    entries: tuple[Entry, ...]
    server_time: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """Receipts the platform has now (also those it had before), and those it will never take: id to reason."""

    accepted: tuple[str, ...]
    rejected: Mapping[str, str]


class Backoff:
    """Waits that double from ``base`` to ``cap`` seconds, each shortened by up to half at random, so that
    screens which lost the platform together do not come back together."""

    def __init__(self, base: float = 1.0, cap: float = 60.0, rng: Callable[[], float] | None = None) -> None:
        self._base = base
        self._cap = cap
        self._rng = rng or random.SystemRandom().random
        self._failures = 0

    def next(self) -> float:
        """Seconds to wait after one more failure."""
        whole = min(self._cap, self._base * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return whole * (0.5 + 0.5 * self._rng())

    def reset(self) -> None:
        self._failures = 0


class PlatformClient:
    """One screen's line to its platform. For one thread; ``close`` may come from any thread and ends a wait.

    ``url`` is the platform's root, ``https://`` or, for loopback and tests, ``http://``; ``key`` the screen's
    API key; ``ca_file`` the only certificate authority that is believed when it is given.
    """

    def __init__(self, url: str, screen: str, key: str, ca_file: Path | None, clock: Clock) -> None:
        self._root = url.rstrip("/") + "/"
        self._origin = _origin(urlsplit(self._root))
        self._screen = screen
        self._key = key
        self._ca_file = ca_file
        self._clock = clock
        self._session = GuardedSession(ca_file)
        self._etag: tuple[str, str] | None = None  # (cursor, ETag) of the last short answer

    @property
    def authentic(self) -> bool:
        """Whether what the platform says about time may be believed: over TLS, or from this machine."""
        parts = urlsplit(self._root)
        return parts.scheme == "https" or parts.hostname in _LOOPBACK

    def twin(self) -> "PlatformClient":
        """Another line to the same platform, for another thread."""
        return PlatformClient(self._root, self._screen, self._key, self._ca_file, self._clock)

    def close(self) -> None:
        self._session.close()

    def feed(self, cursor: str | None, wait: float = 0.0) -> Feed:
        """What is new since ``cursor`` (everything without one), waiting up to ``wait`` s for something."""
        wait = min(max(wait, 0.0), MAX_WAIT_S)
        query = {"wait": f"{wait:g}"}
        if cursor:
            query["cursor"] = cursor
        url = f"{self._root}v1/screens/{self._screen}/feed"
        headers = {}
        if not wait and cursor and self._etag and self._etag[0] == cursor:
            headers["If-None-Match"] = self._etag[1]
        reply = self._ask("GET", f"{url}?{urlencode(query)}", wait + ANSWER_S, FEED_CAP, headers=headers)
        if reply.status == 304 and cursor and headers:
            return Feed(cursor, full=False, entries=(), server_time=None)
        wire = _parsed(_Feed, _success(reply, "application/json"))
        if wire.schema_ != FEED_SCHEMA:
            raise FeedError(f"unknown feed schema {wire.schema_[:40]!r}")
        if wire.screen_code != self._screen:
            raise FeedError("this is the feed of another screen")
        etag = reply.headers.get("etag")
        self._etag = (wire.cursor, etag) if etag and not wait else None
        entries = tuple(
            Entry(e.id, e.revision, e.status, e.category, e.urgency, e.digest, self._resolve(url, e.href))
            for e in wire.notices
        )
        return Feed(wire.cursor, wire.full, entries, wire.server_time)

    def notice(self, href: str) -> bytes:
        """The signed bytes of one revision, exactly as served."""
        url = self._resolve(self._root, href)
        return _success(self._ask("GET", url, ANSWER_S, NOTICE_CAP), "application/json")

    def asset(self, sha256: str, max_bytes: int = ASSET_CAP) -> bytes:
        """Bytes whose SHA-256 is ``sha256``; anything else is a FeedError."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise FeedError("no SHA-256 of an asset")
        cap = min(max_bytes, ASSET_CAP)
        reply = self._ask("GET", f"{self._root}v1/assets/{sha256}", ASSET_S, cap)
        data = _success(reply, None)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise FeedError("the asset is not what its digest promises")
        return data

    def send_receipts(self, rows: Sequence[Mapping[str, object]]) -> Sent:
        """Hand over at most ``MAX_ROWS`` receipts. Sending the same ones again is harmless."""
        document = {"schema": RECEIPTS_SCHEMA, "rows": list(rows[:MAX_ROWS])}
        wire = _parsed(_Sent, self._post("receipts", document))
        return Sent(tuple(wire.accepted), {r.receipt_id: r.reason for r in wire.rejected})

    def heartbeat(self, document: Mapping[str, object]) -> None:
        """Say how the screen is; the platform keeps the newest."""
        self._post("heartbeat", document)

    def _post(self, what: str, document: Mapping[str, object]) -> bytes:
        body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        reply = self._ask(
            "POST",
            f"{self._root}v1/screens/{self._screen}/{what}",
            ANSWER_S,
            REPLY_CAP,
            headers={"Content-Type": "application/json"},
            body=body,
        )
        return _success(reply, "application/json")

    def _ask(
        self,
        method: str,
        url: str,
        deadline: float,
        cap: int,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        sent = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        return self._session.exchange(method, url, headers=sent, deadline=deadline, cap=cap, body=body)

    def _resolve(self, base: str, href: str) -> str:
        """Absolute address of a link; FeedError when it leads to another origin."""
        try:
            parts = urlsplit(urljoin(base, href))
            same = _origin(parts) == self._origin and parts.username is None and parts.password is None
        except ValueError as error:
            raise FeedError("a link in the feed is no address") from error
        if not same:
            raise FeedError("a link in the feed leads to another origin")
        return parts._replace(fragment="").geturl()


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _success(reply: Reply, media_type: str | None) -> bytes:
    """The body of a 200 of the expected media type."""
    if reply.status != 200:
        raise StatusError(reply.status, f"the platform answered {reply.status}{_code(reply)}")
    if media_type is not None:
        message = Message()
        message["content-type"] = reply.headers.get("content-type", "")
        if message.get_content_type() != media_type or "content-type" not in reply.headers:
            raise FeedError(f"the answer is not {media_type}")
    return reply.body


def _code(reply: Reply) -> str:
    """The platform's own word for an error, when it sent one."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        return ""
    code = document.get("error") if isinstance(document, dict) else None
    return f" ({code[:60]})" if isinstance(code, str) and code.isprintable() else ""


def _parsed(model: type[_T], body: bytes) -> _T:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FeedError(f"the answer breaks the contract at {where or 'its start'}: {first['type']}") from error
