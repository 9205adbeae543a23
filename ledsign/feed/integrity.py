"""What was signed, by whom: canonical form, digest, keys, signing and checking.

Canonical form ``ledsign-json/1``: the document without its member ``integrity``, keys sorted by code point, no
blanks, characters as they are, no numbers with a fraction, UTF-8. Digest: SHA-256 of it. The same bytes go
under the HMAC or the Ed25519 signature (RFC 2104, RFC 8032), both written as lower-case hex. The algorithm is a
property of the key, never of the document.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledsign.errors import ConfigError, RefusedError
from ledsign.feed.strictjson import JsonObject, JsonValue, parse_json

CANON = "ledsign-json/1"
_MIN_SECRET = 16


class Algorithm(StrEnum):
    ED25519 = "ed25519"
    HMAC_SHA256 = "hmac-sha256"


@dataclass(frozen=True, slots=True)
class Key:
    """``material``: the public key of ed25519 (32 bytes) or the shared secret of hmac-sha256."""

    algorithm: Algorithm
    material: bytes

    def __post_init__(self) -> None:
        if self.algorithm is Algorithm.ED25519 and len(self.material) != 32:
            raise ValueError("an ed25519 public key has 32 bytes")
        if self.algorithm is Algorithm.HMAC_SHA256 and len(self.material) < _MIN_SECRET:
            raise ValueError(f"an hmac secret has at least {_MIN_SECRET} bytes")

    def __repr__(self) -> str:
        return f"Key({self.algorithm})"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The trust store: key id to key."""

    keys: Mapping[str, Key]

    def get(self, key_id: str) -> Key | None:
        return self.keys.get(key_id)

    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(self.keys))

    def __len__(self) -> int:
        return len(self.keys)


def load_keys(path: Path) -> Keyring:
    """Read ``{"keys": {id: base64 | {"alg": ..., "key": base64}}}``; a bare string is an hmac-sha256 secret.

    Raises ConfigError naming the file and the key id, never the key.
    """
    try:
        document = parse_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except RefusedError as error:
        raise ConfigError(f"{path}: {error}") from error
    entries = document.get("keys")
    if not isinstance(entries, dict) or not entries:
        raise ConfigError(f"{path}: expected a member 'keys' with at least one key")
    return Keyring({key_id: _key(path, key_id, entry) for key_id, entry in entries.items()})


def _key(path: Path, key_id: str, entry: JsonValue) -> Key:
    name: JsonValue = Algorithm.HMAC_SHA256.value
    text = entry
    if isinstance(entry, dict):
        if unknown := sorted(set(entry) - {"alg", "key", "note"}):
            raise ConfigError(f"{path}: key {key_id}: unknown member {unknown[0]!r}")
        name, text = entry.get("alg"), entry.get("key")
    if not isinstance(text, str) or not isinstance(name, str):
        raise ConfigError(f"{path}: key {key_id}: expected base64, or alg and key")
    try:
        return Key(Algorithm(name), base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise ConfigError(f"{path}: key {key_id}: {error}") from error


def _values(value: object) -> Iterator[object]:
    stack = [value]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)


def canonical(document: Mapping[str, object]) -> bytes:
    """The bytes that are signed. Raises RefusedError("schema") when the document has no canonical form."""
    if any(isinstance(value, float) for value in _values(document)):
        raise RefusedError("schema", "numbers with a fraction have no canonical form")
    plain = {key: value for key, value in document.items() if key != "integrity"}
    try:
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RefusedError("schema", "no canonical form") from error


def digest_of(document: Mapping[str, object]) -> str:
    """SHA-256 of the canonical form, 64 lower-case hex digits."""
    return hashlib.sha256(canonical(document)).hexdigest()


def sign(
    document: Mapping[str, JsonValue], key_id: str, secret: bytes, algorithm: Algorithm = Algorithm.ED25519
) -> JsonObject:
    """A copy of the document with a fresh ``integrity``. ``secret``: the 32-byte Ed25519 seed, or the HMAC key."""
    content = canonical(document)
    if algorithm is Algorithm.ED25519:
        mac = Ed25519PrivateKey.from_private_bytes(secret).sign(content).hex()
    else:
        mac = hmac.new(secret, content, hashlib.sha256).hexdigest()
    return {
        **{key: value for key, value in document.items() if key != "integrity"},
        "integrity": {
            "canon": CANON,
            "digest_alg": "sha256",
            "digest": hashlib.sha256(content).hexdigest(),
            "mac_alg": algorithm.value,
            "key_id": key_id,
            "mac": mac,
        },
    }


def public_key(secret: bytes) -> Key:
    """The key a screen needs to check signatures made with this Ed25519 seed."""
    return Key(Algorithm.ED25519, Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())


def new_secret() -> bytes:
    """A fresh Ed25519 seed."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def _member(integrity: Mapping[str, object], name: str) -> str:
    value = integrity.get(name)
    if not isinstance(value, str):
        raise RefusedError("schema", f"integrity.{name} is missing or no text")
    return value


def _proves(key: Key, content: bytes, mac: str) -> bool:
    if key.algorithm is Algorithm.HMAC_SHA256:
        expected = hmac.new(key.material, content, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), mac.encode())
    try:
        Ed25519PublicKey.from_public_bytes(key.material).verify(bytes.fromhex(mac), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify(document: Mapping[str, object], keys: Keyring) -> str:
    """Check digest and signature; returns the digest.

    Raises RefusedError in this order: unsigned, digest_mismatch, unknown_key, mac_mismatch (hmac) or
    signature_mismatch (ed25519); ``schema`` when ``integrity`` itself has another form.
    """
    integrity = document.get("integrity")
    if not isinstance(integrity, Mapping):
        raise RefusedError("unsigned", "no integrity object")
    if _member(integrity, "canon") != CANON or _member(integrity, "digest_alg") != "sha256":
        raise RefusedError("schema_unsupported", "unknown canonical form or digest")
    content = canonical(document)
    digest = hashlib.sha256(content).hexdigest()
    if not hmac.compare_digest(digest.encode(), _member(integrity, "digest").encode()):
        raise RefusedError("digest_mismatch", "the content is not what was signed")
    key_id = _member(integrity, "key_id")
    key = keys.get(key_id)
    if key is None:
        raise RefusedError("unknown_key", "the signing key is not in the trust store")
    mac = _member(integrity, "mac")
    if _member(integrity, "mac_alg") != key.algorithm.value or not _proves(key, content, mac):
        reason = "mac_mismatch" if key.algorithm is Algorithm.HMAC_SHA256 else "signature_mismatch"
        raise RefusedError(reason, "the signature does not fit the content")
    return digest
