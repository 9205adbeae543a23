"""The town's signing key and the keys whose notices it takes.

The key lies in a file of the town's data folder (mode 0600) and is made on first use. What screens need to
check signatures is written beside it as ``screen-keys.json``: the public key alone for Ed25519; for
``hmac-sha256`` it has to be the secret itself, which is why that is for closed, small installations only.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledsign.errors import ConfigError, StoreError
from ledsign.feed.integrity import Algorithm, Key, Keyring, load_keys, new_secret, public_key, sign
from ledsign.feed.strictjson import JsonObject, JsonValue

SCREEN_KEYS = "screen-keys.json"


@dataclass(frozen=True, slots=True)
class Signing:
    """``keyring`` is what the screens of this town should trust: its own key and any further ones."""

    key_id: str
    algorithm: Algorithm
    secret: bytes
    keyring: Keyring

    def sign(self, document: Mapping[str, JsonValue]) -> JsonObject:
        return sign(document, self.key_id, self.secret, self.algorithm)

    def __repr__(self) -> str:
        return f"Signing({self.key_id}, {self.algorithm})"


def make_signing(
    key_id: str,
    secret: bytes | None = None,
    algorithm: Algorithm = Algorithm.ED25519,
    trust: Keyring | None = None,
) -> Signing:
    """A signing key in memory, a fresh Ed25519 one without ``secret``; ``trust`` adds foreign keys."""
    if secret is None:
        secret = new_secret()
    own = public_key(secret) if algorithm is Algorithm.ED25519 else Key(algorithm, secret)
    further = trust.keys if trust else {}
    return Signing(key_id, algorithm, secret, Keyring({**further, key_id: own}))


def load_signing(path: Path, trust: Keyring | None = None) -> Signing:
    """Read a signing key file, or make one where there is none.

    The file is ``{"key_id": …, "alg": "ed25519" | "hmac-sha256", "secret": base64}``. Raises ConfigError when
    it is no such file, StoreError when it cannot be written.
    """
    if not path.exists():
        _create(path)
    try:
        document = json.loads(path.read_bytes())
        algorithm = Algorithm(document["alg"])
        secret = base64.b64decode(document["secret"], validate=True)
        return make_signing(str(document["key_id"]), secret, algorithm, trust)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: no signing key file ({type(error).__name__})") from error


def _create(path: Path) -> None:
    secret = new_secret()
    key_id = f"town-{public_key(secret).material.hex()[:8]}"
    document = {"key_id": key_id, "alg": "ed25519", "secret": base64.b64encode(secret).decode()}
    _write(path, document, 0o600)


def write_screen_keys(folder: Path, signing: Signing) -> Path:
    """Write what a screen's ``keys_file`` should hold; returns its path."""
    path = folder / SCREEN_KEYS
    keys = {
        name: {"alg": key.algorithm.value, "key": base64.b64encode(key.material).decode()}
        for name, key in signing.keyring.keys.items()
    }
    _write(path, {"keys": keys}, 0o600)
    return path


def load_trust(path: Path | None) -> Keyring | None:
    """Further keys from a key file, None without one. Raises ConfigError."""
    return load_keys(path) if path is not None else None


def _write(path: Path, document: Mapping[str, object], mode: int) -> None:
    part = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: {error}") from error
