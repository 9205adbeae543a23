"""Plain HTTP: bodies within their caps, answers and refusals as JSON."""

import asyncio
import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ledsign.errors import RefusedError
from ledsign.feed.strictjson import JsonObject, parse_json
from ledsign.town.access import DeniedError

_F = TypeVar("_F", bound=BaseModel)
FORM_BYTES = 64_000


async def read_body(request: Request, cap: int, seconds: float) -> bytes:
    """The request's body within its cap and its time. Raises DeniedError 413 or 408."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > cap:
        raise DeniedError(413, "too_large", f"at most {cap} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > cap:
                    raise DeniedError(413, "too_large", f"at most {cap} bytes")
    except TimeoutError as error:
        raise DeniedError(408, "too_slow") from error
    return bytes(body)


async def read_document(request: Request, cap: int, seconds: float) -> JsonObject:
    """The body as one strict JSON object; fractions are allowed. Raises DeniedError 422 with the reason."""
    try:
        return parse_json(await read_body(request, cap, seconds), floats=True)
    except RefusedError as error:
        raise DeniedError(422, error.reason, error.detail) from error


async def read_form(request: Request, model: type[_F], seconds: float) -> _F:
    """The body as a form. Raises DeniedError 422 naming the first wrong field."""
    document = await read_document(request, FORM_BYTES, seconds)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DeniedError(422, "schema", f"{where}: {first['msg']}") from error


def sha256_of(request: Request) -> str:
    """The path's digest. Raises DeniedError 404 for anything that is none, so that it is never used as a path."""
    value = str(request.path_params["sha256"])
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise DeniedError(404, "asset_unknown")
    return value


def number(text: str) -> float:
    """A query value that has to be a number of at least 0."""
    if not text.replace(".", "", 1).isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 12:
        raise DeniedError(422, "schema", "a query value is no number")
    return float(text)


def answer(document: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def refusal(status: int, code: str, detail: str = "") -> Response:
    return JSONResponse({"error": code, "detail": detail}, status_code=status)


async def http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refusal(status, {404: "not_found", 405: "method"}.get(status, "http"))


async def internal_error(_request: Request, _error: Exception) -> Response:
    return refusal(500, "internal")
