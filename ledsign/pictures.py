"""One PNG per distinct page that a card acknowledged: the picture traces that an inspector asks for.

Named by the page's own identity, hence written once however often it is shown. The folder is bounded: the pictures
longest unused give way. What is withdrawn is removed here too.
"""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from ledsign.errors import StoreError
from ledsign.frame import Page, PixelFormat
from ledsign.render.pack import pack

LIMIT_BYTES = 512 << 20  # about 100,000 pages of a P10 screen


class Pictures:
    """The folder of page pictures; any thread may use it. Raises StoreError when the disk fails."""

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = sorted((path.stat().st_mtime_ns, path.stem, path.stat().st_size) for path in folder.glob("*.png"))
        except OSError as error:
            raise StoreError(f"{folder}: {error}") from error
        self._sizes = {name: size for _, name, size in found}
        self._total = sum(self._sizes.values())

    def keep(self, page: Page) -> None:
        """Write the page's picture unless it is there."""
        name = page.sha256
        with self._lock:
            if name in self._sizes:
                self._sizes[name] = self._sizes.pop(name)  # used just now: the last to give way
                return
        data = pack(page, PixelFormat.PNG).data
        part = self._path(name).with_suffix(".new")
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path(name))
        except OSError as error:
            raise StoreError(f"{part}: {error}") from error
        with self._lock:
            self._sizes[name] = len(data)
            self._total += len(data)
            while self._total > self._limit and len(self._sizes) > 1:
                self._drop(next(iter(self._sizes)))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.png"

    def _drop(self, name: str) -> None:
        self._total -= self._sizes.pop(name)
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self._path(name)}: {error}") from error

    def remove(self, names: Iterable[str]) -> int:
        """Delete these pictures; returns how many were there."""
        with self._lock:
            held = [name for name in names if name in self._sizes]
            for name in held:
                self._drop(name)
        return len(held)


def picture_file(folder: Path, name: str) -> Path | None:
    """Where a kept picture lies, None when there is none."""
    path = folder / f"{name}.png"
    return path if path.is_file() else None


def picture(folder: Path, name: str) -> bytes | None:
    """A kept picture, None when it was never there, gave way or was withdrawn. Raises StoreError."""
    try:
        return (folder / f"{name}.png").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{folder}: {error}") from error
