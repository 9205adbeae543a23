"""Pictures on disk, named by the SHA-256 of their content: written beside, synced, then put in place."""

import contextlib
import hashlib
import os
import re
from collections.abc import Collection
from pathlib import Path

from ledsign.errors import StoreError

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PART = ".part"


class AssetFolder:
    """Content-addressed files. No name from a notice ever becomes part of a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in folder.glob(f"*{_PART}"):
                part.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: {error}") from error

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise StoreError("not a SHA-256")
        return self._folder / sha256

    def has(self, sha256: str) -> bool:
        return bool(_SHA256.fullmatch(sha256)) and self._path(sha256).is_file()

    def read(self, sha256: str) -> bytes | None:
        """The checked bytes; None when missing. A file that differs from its name is removed."""
        if not _SHA256.fullmatch(sha256):
            return None
        path = self._path(sha256)
        try:
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() == sha256:
                return data
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{path}: {error}") from error
        return None

    def write(self, sha256: str, data: bytes) -> None:
        """On disk when it returns. Raises StoreError when the content is not what the name says."""
        path = self._path(sha256)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError("asset differs from its digest")
        part = path.with_name(path.name + _PART)
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            except OSError:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                raise
            self._sync()
        except OSError as error:
            raise StoreError(f"{path}: {error}") from error

    def _sync(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, names: Collection[str]) -> int:
        """Delete these; how many there were."""
        count = 0
        try:
            for sha256 in names:
                if self.has(sha256):
                    self._path(sha256).unlink(missing_ok=True)
                    count += 1
            if count:
                self._sync()
        except OSError as error:
            raise StoreError(f"{self._folder}: {error}") from error
        return count

    def names(self) -> list[str]:
        """Digests of all files here."""
        try:
            return sorted(path.name for path in self._folder.iterdir() if _SHA256.fullmatch(path.name))
        except OSError as error:
            raise StoreError(f"{self._folder}: {error}") from error
