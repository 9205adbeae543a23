"""JSON as this program reads it: one meaning or a refusal.

Python's reader lets the last of two equal keys win, takes ``NaN``, reads lone surrogates and recurses as deep
as it is told. Platform and screen could then disagree about what was signed, so all of that is refused.
"""

import json
from collections.abc import Iterable
from typing import TypeAlias, cast

from ledsign.errors import RefusedError

MAX_BYTES = 2_000_000
MAX_DEPTH = 32
_MAX_DIGITS = 15  # every such integer is exact in any reader, doubles included

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, JsonValue]


def _unique(pairs: Iterable[tuple[str, JsonValue]]) -> JsonObject:
    result: JsonObject = {}
    for key, value in pairs:
        if key in result:
            raise RefusedError("duplicate_key", "the same key stands twice in one object")
        result[key] = value
    return result


def _constant(_text: str) -> JsonValue:
    raise RefusedError("malformed_json", "NaN and Infinity are no JSON")


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_DIGITS:
        raise RefusedError("schema", "integer out of range")
    return int(text)


def _no_float(_text: str) -> float:
    raise RefusedError("schema", "numbers with a fraction or exponent have no canonical form")


def _check(document: JsonValue) -> None:
    """Depth and characters, without recursion."""
    level: list[JsonValue] = [document]
    depth = 0
    while level:
        below: list[JsonValue] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and not value.isascii():
                _check_text(value)
        depth += any(isinstance(value, dict | list) for value in level)
        if depth > MAX_DEPTH:
            raise RefusedError("malformed_json", f"nested deeper than {MAX_DEPTH}")
        level = below


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RefusedError("malformed_json", "lone surrogate in a string") from None


def parse_json(raw: bytes, *, floats: bool = False, max_bytes: int = MAX_BYTES) -> JsonObject:
    """The one JSON object in ``raw`` (UTF-8, a byte-order mark at the start is ignored).

    ``floats`` allows numbers with a fraction: receipts have them, signed documents do not. Raises
    RefusedError: too_large, not_utf8, malformed_json, duplicate_key, or schema when it is no object.
    """
    if len(raw) > max_bytes:
        raise RefusedError("too_large", f"more than {max_bytes} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError("not_utf8", f"byte {error.start}") from None
    try:
        document = cast(
            JsonValue,
            json.loads(
                text,
                object_pairs_hook=_unique,
                parse_constant=_constant,
                parse_int=_integer,
                parse_float=float if floats else _no_float,
            ),
        )
    except RecursionError:
        raise RefusedError("malformed_json", f"nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise RefusedError("malformed_json", place) from None
    _check(document)
    if not isinstance(document, dict):
        raise RefusedError("schema", "not a JSON object")
    return document
