"""The town's HTTP interface (``docs/feed.md``): who may come in, and which handler answers.

Screens are answered by ``screens``, whoever publishes or reads by ``counter``. Handlers never block the event loop:
whatever touches the disk runs in a worker thread, a waiting feed costs no thread at all. Errors go out as
``{"error": code, "detail": words}``; a traceback stays in the log.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ledsign.clock import Clock
from ledsign.errors import StoreError
from ledsign.town.access import ApiKey, DeniedError, KeyRing, RateLimit
from ledsign.town.config import Limits
from ledsign.town.counter import Counter
from ledsign.town.devices import Devices
from ledsign.town.http import http_error, internal_error, refusal
from ledsign.town.hub import Hub
from ledsign.town.publish import Publisher
from ledsign.town.screens import Screens
from ledsign.town.storage import TownStorage

Handler: TypeAlias = Callable[[Request, ApiKey], Awaitable[Response]]


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
        screens = Screens(storage, devices, keys, hub, clock, limits)
        counter = Counter(storage, publisher, hub, limits)
        self._keys = keys
        self._requests = RateLimit(limits.requests_per_s, limits.requests_burst, clock.monotonic)
        self._failures = RateLimit(limits.failures_per_s, limits.failures_burst, clock.monotonic)
        self.asgi = Starlette(
            routes=[
                self._route("/v1/screens/{code}/feed", "GET", screens.feed),
                self._route("/v1/screens/{code}/receipts", "POST", screens.take_receipts),
                self._route("/v1/screens/{code}/heartbeat", "POST", screens.take_heartbeat),
                self._route("/v1/screens/{code}/device", "POST", devices.pin),
                self._route("/v1/screens", "GET", screens.listing),
                self._route("/v1/receipts", "GET", counter.receipts),
                self._route("/v1/notices", "POST", counter.publish),
                self._route("/v1/notices/{id}/withdraw", "POST", counter.withdraw),
                self._route("/v1/notices/{id}/{revision:int}", "GET", counter.notice),
                self._route("/v1/urgent", "POST", counter.urgent),
                self._route("/v1/alerts/{identifier}/cancel", "POST", counter.cancel),
                self._route("/v1/assets/{sha256}", "GET", counter.asset),
                self._route("/v1/assets/{sha256}", "PUT", counter.put_asset),
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
