"""The counter where notices and pictures are handed in and read, and receipts are looked up."""

from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ledsign.notice import covers
from ledsign.town.access import READERS, ApiKey, DeniedError, Role, require
from ledsign.town.assets import check_asset
from ledsign.town.config import Limits
from ledsign.town.forms import CancelForm, UrgentForm, WithdrawForm
from ledsign.town.http import answer, number, read_body, read_form, sha256_of
from ledsign.town.hub import Hub
from ledsign.town.publish import Published, Publisher
from ledsign.town.storage import TownStorage

_MAX_REVISION = 2**62


class Counter:
    """Handlers of requests about notices, pictures and receipts."""

    def __init__(self, storage: TownStorage, publisher: Publisher, hub: Hub, limits: Limits) -> None:
        self._storage = storage
        self._publisher = publisher
        self._hub = hub
        self._limits = limits

    async def notice(self, request: Request, key: ApiKey) -> Response:
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

    async def asset(self, request: Request, key: ApiKey) -> Response:
        require(key, Role)
        path = await run_in_threadpool(self._storage.asset_path, sha256_of(request))
        if path is None:
            raise DeniedError(404, "asset_unknown")
        return FileResponse(path, media_type="application/octet-stream")

    async def publish(self, request: Request, key: ApiKey) -> Response:
        body = await read_body(request, self._limits.notice_bytes, self._limits.body_s)
        return await self._released(partial(self._publisher.publish, body, key))

    async def urgent(self, request: Request, key: ApiKey) -> Response:
        form = await read_form(request, UrgentForm, self._limits.body_s)
        return await self._released(partial(self._publisher.urgent, form, key))

    async def cancel(self, request: Request, key: ApiKey) -> Response:
        form = await read_form(request, CancelForm, self._limits.body_s)
        identifier = str(request.path_params["identifier"])
        return await self._released(partial(self._publisher.cancel, identifier, form, key))

    async def withdraw(self, request: Request, key: ApiKey) -> Response:
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

    async def put_asset(self, request: Request, key: ApiKey) -> Response:
        require(key, (Role.PUBLISHER, Role.TOWN_ADMIN))
        sha256 = sha256_of(request)
        data = await read_body(request, self._limits.asset_bytes, self._limits.body_s)
        media_type = await run_in_threadpool(check_asset, data, sha256, self._limits.asset_pixels)
        await run_in_threadpool(self._storage.put_asset, sha256, data)
        return answer({"sha256": sha256, "bytes": len(data), "media_type": media_type}, status=201)

    async def receipts(self, request: Request, key: ApiKey) -> Response:
        require(key, READERS)
        limit = max(1, min(int(number(request.query_params.get("limit", "500"))), 5_000))
        found = await run_in_threadpool(self._storage.receipts, request.query_params.get("notice"), limit)
        rows = [
            {"screen": screen, "received_at": at, "row": row} for screen, row, at in found if covers(key.code, screen)
        ]
        return answer({"receipts": rows})
