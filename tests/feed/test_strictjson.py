"""Strict JSON: one meaning, or one of the machine reasons; never another exception."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import RefusedError
from ledsign.feed.strictjson import MAX_BYTES, MAX_DEPTH, parse_json


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed_json"),
        (b'{"a": 1', "malformed_json"),
        (b'{"a": 1} {}', "malformed_json"),
        (b'{"a": NaN}', "malformed_json"),
        (b'{"a": -Infinity}', "malformed_json"),
        (b'{"a": "\\ud800"}', "malformed_json"),
        (b'{"\\udfff": 1}', "malformed_json"),
        (b'{"a": "line\nbreak"}', "malformed_json"),
        (b'{"a": 01}', "malformed_json"),
        (b'{"a": 1, "b": {"a": 2}, "a": 3}', "duplicate_key"),
        (b'{"a": {"\\u0062": 1, "b": 2}}', "duplicate_key"),
        (b'{"a": 1.0}', "schema"),
        (b'{"a": 1e3}', "schema"),
        (b'{"a": ' + b"9" * 16 + b"}", "schema"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "schema"),
        (b"[1]", "schema"),
        (b"null", "schema"),
        ('{"a": "文件"}'.encode("gb18030"), "not_utf8"),
        ('{"a": "通知"}'.encode("utf-16"), "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        (b" " * (MAX_BYTES + 1), "too_large"),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "malformed_json"),
        (b"[" * 200_000 + b"]" * 200_000, "malformed_json"),
        (b'{"a":' * 100_000, "malformed_json"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else value,
)
def test_refusals(raw: bytes, reason: str) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_json(raw)
    assert caught.value.reason == reason


def test_a_byte_order_mark_is_ignored() -> None:
    assert parse_json('\ufeff{"a": "表"}'.encode()) == {"a": "表"}


def test_depth_up_to_the_limit() -> None:
    inner = MAX_DEPTH - 1
    assert parse_json(b'{"a":' + b"[" * inner + b"]" * inner + b"}")


def test_fractions_where_they_are_allowed() -> None:
    assert parse_json(b'{"seconds": 6.5}', floats=True) == {"seconds": 6.5}
    with pytest.raises(RefusedError):
        parse_json(b'{"seconds": NaN}', floats=True)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), VALUES, max_size=6))
def test_reads_what_json_writes(document: dict[str, object]) -> None:
    assert parse_json(json.dumps(document).encode()) == document


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ u0dN1.eE-', max_size=60).map(str.encode))
def test_nothing_but_refusals(raw: bytes) -> None:
    with contextlib.suppress(RefusedError):
        parse_json(raw)
