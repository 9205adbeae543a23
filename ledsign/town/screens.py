"""What a screen asks and tells, each with its own key, and what staff sees of all screens."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ledsign.clock import Clock
from ledsign.notice import covers
from ledsign.town.access import READERS, ApiKey, DeniedError, KeyRing, Role, require
from ledsign.town.config import Limits
from ledsign.town.devices import Devices
from ledsign.town.forms import stamp
from ledsign.town.http import answer, number, read_document
from ledsign.town.hub import Hub
from ledsign.town.storage import Listed, TownStorage

MAX_ROWS = 1_000
_ID_CHARS = 128


@dataclass(slots=True)
class _Seen:
    """What a screen did last, kept in memory: after a restart every screen gets one full listing."""

    feed_at: datetime | None = None
    full_at: datetime | None = None
    cursor: str = ""


class Screens:
    """Handlers of requests about screens."""

    def __init__(
        self, storage: TownStorage, devices: Devices, keys: KeyRing, hub: Hub, clock: Clock, limits: Limits
    ) -> None:
        self._storage = storage
        self._devices = devices
        self._keys = keys
        self._hub = hub
        self._clock = clock
        self._limits = limits
        self._seen: dict[str, _Seen] = {code: _Seen() for code in keys.screens}

    async def feed(self, request: Request, key: ApiKey) -> Response:
        code = self._own_code(request, key)
        wait = min(number(request.query_params.get("wait", "0")), self._limits.wait_s)
        after = self._position(request.query_params.get("cursor"))
        now = self._clock.now()
        seen = self._seen[code]
        daily = seen.full_at is None or (now - seen.full_at).total_seconds() >= self._limits.full_every_s
        full = after is None or daily
        start = 0 if full or after is None else after
        last, entries = await run_in_threadpool(self._look, code, start)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while not full and not entries and await self._hub.newer(last, until - loop.time()):
            last, entries = await run_in_threadpool(self._look, code, start)
        now = self._clock.now()
        seen.feed_at = now
        if full:
            seen.full_at = now
        seen.cursor = cursor = f"{self._storage.epoch}-{last}"
        headers = {"Cache-Control": "no-store"}
        if not wait:
            tag = f"{cursor}|{full}|" + "|".join(entry.digest for entry in entries)
            headers["ETag"] = etag = f'W/"{hashlib.sha256(tag.encode()).hexdigest()[:32]}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers=headers)
        document = {
            "schema": "ledsign.feed/1",
            "screen_code": code,
            "server_time": now.isoformat(timespec="milliseconds"),
            "cursor": cursor,
            "full": full,
            "notices": [_entry(entry) for entry in entries],
        }
        return answer(document, headers=headers)

    def _look(self, code: str, after: int) -> tuple[int, tuple[Listed, ...]]:
        """(number of the newest publish, what is new for the screen); the number is read first, so that a
        publish in between is listed twice rather than never."""
        last = self._storage.last_seq()
        return last, self._storage.listing(code, after)

    def _position(self, cursor: str | None) -> int | None:
        """The number behind a cursor of this database, None when it is another's or none at all."""
        epoch, _, number = (cursor or "").partition("-")
        if epoch != self._storage.epoch or not number.isascii() or not number.isdigit() or len(number) > 15:
            return None
        return int(number)

    async def take_receipts(self, request: Request, key: ApiKey) -> Response:
        code = self._own_code(request, key)
        document = await read_document(request, self._limits.receipts_bytes, self._limits.body_s)
        rows = document.get("rows")
        if document.get("schema") != "ledsign.receipts/1" or not isinstance(rows, list):
            raise DeniedError(422, "schema", "expected ledsign.receipts/1 with rows")
        if len(rows) > MAX_ROWS:
            raise DeniedError(413, "too_large", f"at most {MAX_ROWS} rows")
        good: list[tuple[str, Mapping[str, object]]] = []
        rejected: list[dict[str, str]] = []
        for row in rows:
            receipt_id = row.get("receipt_id") if isinstance(row, dict) else None
            if isinstance(receipt_id, str) and 0 < len(receipt_id) <= _ID_CHARS:
                good.append((receipt_id, cast(Mapping[str, object], row)))
            else:
                rejected.append({"receipt_id": str(receipt_id)[:_ID_CHARS], "reason": "schema"})
        kept = await run_in_threadpool(self._storage.add_receipts, code, good, self._clock.now())
        for name, receipt in good:
            if kept[name]:
                await run_in_threadpool(self._devices.hear, code, receipt)
        rejected += [{"receipt_id": name, "reason": "conflict"} for name, same in kept.items() if not same]
        return answer({"accepted": [name for name, same in kept.items() if same], "rejected": rejected})

    async def take_heartbeat(self, request: Request, key: ApiKey) -> Response:
        code = self._own_code(request, key)
        document = await read_document(request, self._limits.heartbeat_bytes, self._limits.body_s)
        now = self._clock.now()
        await run_in_threadpool(self._storage.set_heartbeat, code, document, now)
        return answer({"server_time": now.isoformat(timespec="milliseconds")})

    def _own_code(self, request: Request, key: ApiKey) -> str:
        require(key, (Role.SCREEN,))
        if request.path_params["code"] != key.code:
            raise DeniedError(403, "reach", "this is another screen's key")
        return key.code

    async def listing(self, _request: Request, key: ApiKey) -> Response:
        require(key, READERS)
        beats = await run_in_threadpool(self._storage.heartbeats)
        now = self._clock.now()
        screens = []
        for code in self._keys.screens:
            if not covers(key.code, code):
                continue
            beat, seen = beats.get(code), self._seen[code]
            device = await run_in_threadpool(self._devices.state, code)
            online = beat is not None and (now - beat.at).total_seconds() <= self._limits.online_s
            screens.append(
                {
                    "code": code,
                    "online": online,
                    "heartbeat_at": stamp(beat.at) if beat else None,
                    "heartbeat": beat.document if beat else None,
                    "feed_at": stamp(seen.feed_at) if seen.feed_at else None,
                    "cursor": seen.cursor or None,
                    "device": device,
                }
            )
        return answer({"server_time": stamp(now), "waiting": self._hub.waiting, "screens": screens})


def _entry(entry: Listed) -> dict[str, object]:
    return {
        "id": entry.id,
        "revision": entry.revision,
        "status": entry.status,
        "category": entry.category,
        "urgency": entry.urgency,
        "digest": entry.digest,
        "updated_at": entry.updated_at,
        "href": f"../../notices/{entry.id}/{entry.revision}",
    }
