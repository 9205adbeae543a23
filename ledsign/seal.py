"""The device's own key and the daily root: proof that this very screen wrote the chain up to a row.

The key (Ed25519) is made on first use and never leaves the state folder (``device.key``, mode 0600). Beside it lies
the list of its public halves (``device.pub``, a line of hex each): the town keeps that line from the first root it
receives. A root is an event row of the ledger; it reaches the town with the receipts. It names the end of the chain
and the digest of each notice's rows since the root before it (``rowsums``).
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledsign.errors import LedgerError, StoreError
from ledsign.evidence import ROOT, Head, canonical_line

SCHEMA = "ledsign.root/1"
KEY_FILE, PUBLIC_FILE = "device.key", "device.pub"
_SAID = frozenset({"screen", "day", "seq", "hash", "since", "rows"})


def _signed_text(statement: Mapping[str, Any]) -> bytes:
    """Everything a root says but the key and the signature themselves."""
    said = {name: value for name, value in statement.items() if name not in ("key", "signature")}
    return canonical_line({"schema": SCHEMA, **said}).encode("utf-8")


class DeviceKey:
    """The screen's signing key. Raises StoreError when it can neither be read nor made, or lies open to others."""

    def __init__(self, folder: Path) -> None:
        path = folder / KEY_FILE
        try:
            secret = path.read_bytes() if path.exists() else _new_key(folder)
            if path.stat().st_mode & 0o077:
                raise StoreError(f"{path}: readable for others, expected mode 0600")
            self._key = Ed25519PrivateKey.from_private_bytes(secret)
        except (OSError, ValueError) as error:
            raise StoreError(f"{path}: {error}") from error

    @property
    def public(self) -> str:
        """The public half, 64 hex digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def root(self, screen: str, day: str, head: Head, since: int, rows: Mapping[str, str]) -> dict[str, object]:
        """The signed statement that this screen's chain ended so, and of the ``rows`` behind row ``since`` by notice;
        goes into the ledger as an event."""
        statement = {"screen": screen, "day": day, **head.document(), "since": since, "rows": dict(rows)}
        return {**statement, "key": self.public, "signature": self._key.sign(_signed_text(statement)).hex()}


def _new_key(folder: Path) -> bytes:
    """New beside old, synced, then named; the public half first, so that no root is ever without it."""
    key = Ed25519PrivateKey.generate()
    with (folder / PUBLIC_FILE).open("a", encoding="ascii") as public:
        public.write(key.public_key().public_bytes_raw().hex() + "\n")
        public.flush()
        os.fsync(public.fileno())
    secret = key.private_bytes_raw()
    part = folder / (KEY_FILE + ".new")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, secret)
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(folder / KEY_FILE)
    return secret


def known_keys(folder: Path) -> frozenset[str]:
    """Public halves of every key this device has had; empty when it never made one. Raises LedgerError."""
    try:
        return frozenset((folder / PUBLIC_FILE).read_text(encoding="ascii").split())
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"{folder / PUBLIC_FILE}: {error}") from error


def root_fault(document: Mapping[str, Any], keys: Collection[str]) -> str:
    """What is wrong with a root: "" when nothing is, ``root`` when its signature is not genuine or it does not say
    all that a root says, ``key`` when ``keys`` are given and it is by none of them."""
    if document["row"] != "event" or document["kind"] != ROOT:
        return ""
    try:
        detail = document["detail"]
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(detail["key"]))
        public.verify(bytes.fromhex(detail["signature"]), _signed_text(detail))
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        return "root"
    if not detail.keys() >= _SAID:
        return "root"
    return "key" if keys and detail["key"] not in keys else ""
