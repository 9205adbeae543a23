"""The town's HTTP interface (``docs/feed.md``): reads a request, asks one room, answers JSON.

Handlers never block the event loop: whatever touches the disk runs in a worker thread, a waiting feed costs no
thread at all. Errors go out as ``{"error": code, "detail": words}``; a traceback stays in the log.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ledsign.clock import Clock
from ledsign.errors import StoreError
from ledsign.notice import covers
from ledsign.town.access import READERS, ApiKey, DeniedError, KeyRing, RateLimit, Role, require
from ledsign.town.assets import check_asset
from ledsign.town.config import Limits
from ledsign.town.devices import Devices
from ledsign.town.forms import CancelForm, UrgentForm, WithdrawForm, stamp
from ledsign.town.http import (
    answer,
    http_error,
    internal_error,
    number,
    read_body,
    read_document,
    read_form,
    refusal,
    sha256_of,
)
from ledsign.town.hub import Hub
from ledsign.town.publish import Published, Publisher
from ledsign.town.storage import Listed, TownStorage

Handler: TypeAlias = Callable[[Request, ApiKey], Awaitable[Response]]
MAX_ROWS = 1_000
_ID_CHARS = 128
_MAX_REVISION = 2**62


@dataclass(slots=True)
class _Seen:
    """What a screen did last, kept in memory: after a restart every screen gets one full listing."""

    feed_at: datetime | None = None
    full_at: datetime | None = None
    cursor: str = ""


class TownApp:
    """All endpoints of one town. ``asgi`` is what the server runs."""

    def __init__(
        self,
        storage: TownStorage,
        devices: Devices,
        publisher: Publisher,
        keys: KeyRing,
        hub: Hub,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._storage = storage
        self._devices = devices
        self._publisher = publisher
        self._keys = keys
        self._hub = hub
        self._clock = clock
        self._limits = limits
        self._seen: dict[str, _Seen] = {code: _Seen() for code in keys.screens}
        self._requests = RateLimit(limits.requests_per_s, limits.requests_burst, clock.monotonic)
        self._failures = RateLimit(limits.failures_per_s, limits.failures_burst, clock.monotonic)
        self.asgi = Starlette(
            routes=[
                self._route("/v1/screens/{code}/feed", "GET", self._feed),
                self._route("/v1/screens/{code}/receipts", "POST", self._take_receipts),
                self._route("/v1/screens/{code}/heartbeat", "POST", self._take_heartbeat),
                self._route("/v1/screens/{code}/device", "POST", devices.pin),
                self._route("/v1/screens", "GET", self._screens),
                self._route("/v1/receipts", "GET", self._receipts),
                self._route("/v1/notices", "POST", self._publish),
                self._route("/v1/notices/{id}/withdraw", "POST", self._withdraw),
                self._route("/v1/notices/{id}/{revision:int}", "GET", self._notice),
                self._route("/v1/urgent", "POST", self._urgent),
                self._route("/v1/alerts/{identifier}/cancel", "POST", self._cancel),
                self._route("/v1/assets/{sha256}", "GET", self._asset),
                self._route("/v1/assets/{sha256}", "PUT", self._put_asset),
            ],
            exception_handlers={HTTPException: http_error, Exception: internal_error},
        )

    def _route(self, path: str, method: str, handler: Handler) -> Route:
        """A route behind the rate limit and the key check, with every refusal as JSON."""

        async def endpoint(request: Request) -> Response:
            address = request.client.host if request.client else ""
            try:
                return await handler(request, self._key(request, address))
            except DeniedError as denied:
                return refusal(denied.status, denied.code, denied.detail)
            except StoreError:
                return refusal(503, "storage", "try again later")
            except ClientDisconnect:
                return Response(status_code=499)

        return Route(path, endpoint, methods=[method], name=f"{method} {path}")

    def _key(self, request: Request, address: str) -> ApiKey:
        """Good keys are limited one by one (behind a proxy all come from one address), bad ones by address."""
        try:
            key = self._keys.authenticate(request.headers.get("authorization"))
        except DeniedError:
            if not self._failures.allow(address):
                raise DeniedError(429, "too_many_failures") from None
            raise
        if not self._requests.allow(key.digest):
            raise DeniedError(429, "too_many_requests")
        return key

    # -- screens

    async def _feed(self, request: Request, key: ApiKey) -> Response:
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

    async def _take_receipts(self, request: Request, key: ApiKey) -> Response:
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

    async def _take_heartbeat(self, request: Request, key: ApiKey) -> Response:
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

    async def _notice(self, request: Request, key: ApiKey) -> Response:
        revision = min(int(request.path_params["revision"]), _MAX_REVISION)
        found = await run_in_threadpool(self._storage.raw, str(request.path_params["id"]), revision)
        if found is None:
            raise DeniedError(404, "notice_unknown")
        listed, raw = found
        if not (listed.reaches(key.code) or any(covers(key.code, target) for target in listed.targets)):
            raise DeniedError(403, "reach")
        if raw is None:
            raise DeniedError(410, "purged")
        return Response(raw, media_type="application/json", headers={"ETag": f'"{listed.digest}"'})

    async def _asset(self, request: Request, key: ApiKey) -> Response:
        require(key, Role)
        path = await run_in_threadpool(self._storage.asset_path, sha256_of(request))
        if path is None:
            raise DeniedError(404, "asset_unknown")
        return FileResponse(path, media_type="application/octet-stream")

    # -- staff

    async def _publish(self, request: Request, key: ApiKey) -> Response:
        body = await read_body(request, self._limits.notice_bytes, self._limits.body_s)
        return await self._released(partial(self._publisher.publish, body, key))

    async def _urgent(self, request: Request, key: ApiKey) -> Response:
        form = await read_form(request, UrgentForm, self._limits.body_s)
        return await self._released(partial(self._publisher.urgent, form, key))

    async def _cancel(self, request: Request, key: ApiKey) -> Response:
        form = await read_form(request, CancelForm, self._limits.body_s)
        identifier = str(request.path_params["identifier"])
        return await self._released(partial(self._publisher.cancel, identifier, form, key))

    async def _withdraw(self, request: Request, key: ApiKey) -> Response:
        form = await read_form(request, WithdrawForm, self._limits.body_s)
        notice_id = str(request.path_params["id"])
        return await self._released(partial(self._publisher.withdraw, notice_id, form, key))

    async def _released(self, work: Callable[[], Published]) -> Response:
        """Publish in a worker thread, then wake the screens; 201 for something new, 200 for the same again."""
        done = await run_in_threadpool(work)
        if done.seq:
            self._hub.announce(done.seq)
        document = {
            "id": done.id,
            "revision": done.revision,
            "digest": done.digest,
            "seq": done.seq,
            "alert": done.alert,
            "lint": list(done.lint),
        }
        return answer(document, status=201 if done.seq else 200)

    async def _put_asset(self, request: Request, key: ApiKey) -> Response:
        require(key, (Role.PUBLISHER, Role.TOWN_ADMIN))
        sha256 = sha256_of(request)
        data = await read_body(request, self._limits.asset_bytes, self._limits.body_s)
        media_type = await run_in_threadpool(check_asset, data, sha256, self._limits.asset_pixels)
        await run_in_threadpool(self._storage.put_asset, sha256, data)
        return answer({"sha256": sha256, "bytes": len(data), "media_type": media_type}, status=201)

    async def _screens(self, _request: Request, key: ApiKey) -> Response:
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

    async def _receipts(self, request: Request, key: ApiKey) -> Response:
        require(key, READERS)
        limit = max(1, min(int(number(request.query_params.get("limit", "500"))), 5_000))
        found = await run_in_threadpool(self._storage.receipts, request.query_params.get("notice"), limit)
        rows = [
            {"screen": screen, "received_at": at, "row": row} for screen, row, at in found if covers(key.code, screen)
        ]
        return answer({"receipts": rows})


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
