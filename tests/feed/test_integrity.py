"""Canonical form, digest, both algorithms, and the order of refusals.

Proof from outside: the Ed25519 vector is RFC 8032 section 7.1 test 1's key over our canonical bytes checked by
OpenSSL through ``cryptography``; the canonical form is compared with ``json.dumps`` and a literal.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import ConfigError, RefusedError
from ledsign.feed.integrity import (
    Algorithm,
    Key,
    Keyring,
    canonical,
    digest_of,
    load_keys,
    new_secret,
    public_key,
    sign,
    verify,
)
from ledsign.feed.strictjson import JsonObject, parse_json
from notices import KEY_ID, KEYS, SECRET, draft, raw

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=16,
)


def _reason(document: object, keys: Keyring = KEYS) -> str:
    assert isinstance(document, dict)
    with pytest.raises(RefusedError) as caught:
        verify(document, keys)
    return caught.value.reason


def test_canonical_literal() -> None:
    document = {"b": "é\u2028/\x7f", "a": ['"', "\\", "\n\x01"], "\U00020164": 1, "\ufb01": None, "integrity": 5}
    expected = '{"a":["\\"","\\\\","\\n\\u0001"],"b":"é\u2028/\x7f","\ufb01":null,"\U00020164":1}'
    assert canonical(document) == expected.encode()


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_canonical_equals_the_reference_definition(document: dict[str, object]) -> None:
    plain = {key: value for key, value in document.items() if key != "integrity"}
    expected = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    assert canonical(document) == expected.encode()
    assert digest_of(document) == hashlib.sha256(expected.encode()).hexdigest()
    assert canonical(json.loads(expected)) == expected.encode()  # writing and reading changes nothing


@pytest.mark.parametrize("value", [1.5, float("nan"), "\ud800", {1: 2, "a": 3}, object()])
def test_no_canonical_form(value: object) -> None:
    with pytest.raises(RefusedError, match="schema"):
        canonical({"a": [value]})


def test_hmac_is_the_plain_rfc_2104_one() -> None:
    document = parse_json(raw(draft()))
    integrity = document["integrity"]
    assert isinstance(integrity, dict)
    assert integrity["mac"] == hmac.new(SECRET, canonical(document), hashlib.sha256).hexdigest()
    assert verify(document, KEYS) == digest_of(document)


def test_ed25519_round_trip_and_a_known_key() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, 7.1, test 1
    assert public_key(seed).material.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signed = sign(draft(), "town", seed)
    assert verify(signed, Keyring({"town": public_key(seed)})) == digest_of(draft())
    assert _reason(signed, Keyring({"town": public_key(new_secret())})) == "signature_mismatch"


def _with(document: JsonObject, **changes: object) -> JsonObject:
    integrity = document["integrity"]
    assert isinstance(integrity, dict)
    return {**document, "integrity": {**integrity, **changes}}  # type: ignore[dict-item]


def test_order_of_refusals() -> None:
    signed = parse_json(raw(draft()))
    unsigned = {key: value for key, value in signed.items() if key != "integrity"}
    assert _reason(unsigned) == "unsigned"
    assert _reason({**unsigned, "integrity": None}) == "unsigned"
    tampered = {**signed, "title": "另一个标题"}
    assert _reason(tampered) == "digest_mismatch"
    assert _reason(_with(tampered, key_id="stranger", mac="00")) == "digest_mismatch"
    assert _reason(_with(signed, key_id="stranger", mac="00")) == "unknown_key"
    assert _reason(_with(signed, mac="0" * 64)) == "mac_mismatch"
    assert _reason(_with(signed, mac="不是十六进制")) == "mac_mismatch"
    assert _reason(_with(signed, digest_alg="sm3")) == "schema_unsupported"
    assert _reason(_with(signed, mac=None)) == "schema"


def test_the_key_decides_the_algorithm() -> None:
    """A public Ed25519 key must not be usable as an HMAC secret, nor the other way round."""
    seed = new_secret()
    public = public_key(seed)
    forged = sign(draft(), "town", public.material, Algorithm.HMAC_SHA256)
    assert _reason(forged, Keyring({"town": public})) == "signature_mismatch"
    honest = sign(draft(), KEY_ID, seed)
    assert _reason(honest) == "mac_mismatch"


def test_any_flipped_bit_of_the_content_is_seen() -> None:
    delivered = raw(draft())
    body = delivered.index("东渠".encode())
    for position in range(body, body + 12):
        for bit in range(8):
            broken = bytearray(delivered)
            broken[position] ^= 1 << bit
            try:
                verify(parse_json(bytes(broken)), KEYS)
            except RefusedError:
                continue
            pytest.fail(f"byte {position} bit {bit} went through")


def test_load_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    seed = new_secret()
    public = base64.b64encode(public_key(seed).material).decode()
    old = base64.b64encode(SECRET).decode()
    path.write_text(json.dumps({"note": "x", "keys": {"a": old, "b": {"alg": "ed25519", "key": public}}}))
    keys = load_keys(path)
    assert keys.get("a") == Key(Algorithm.HMAC_SHA256, SECRET)
    assert keys.get("b") == public_key(seed)
    assert keys.ids() == ("a", "b")
    assert old not in repr(keys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "expected a member 'keys'"),
        ('{"keys": {"a": "!!"}}', "key a"),
        ('{"keys": {"a": "YWJj"}}', "at least 16 bytes"),
        ('{"keys": {"a": {"alg": "ed25519", "key": "YWJj"}}}', "32 bytes"),
        ('{"keys": {"a": {"alg": "sm2", "key": "YWJj"}}}', "key a"),
        ('{"keys": {"a": {"alg": "ed25519", "kay": "YWJj"}}}', "unknown member 'kay'"),
        ('{"keys": {"a": "YQ==", "a": "YQ=="}}', "duplicate_key"),
        ("{", "malformed_json"),
    ],
)
def test_bad_key_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_keys(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_key_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json"):
        load_keys(tmp_path / "none.json")
