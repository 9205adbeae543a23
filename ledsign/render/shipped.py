"""Files of ``fonts/`` unpacked: once, atomically, checked, then memory-mapped read-only by every process."""

import hashlib
import lzma
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.resources import resource

Bytes: TypeAlias = NDArray[np.uint8]


def default_cache() -> Path:
    """Where unpacked atlases go when nothing else is configured (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - may lack a home
    return Path(base) / "ledsign"


def payload(name: str, entry: Mapping[str, Any], cache: Path) -> Bytes:
    """The bytes that ``entry`` of ``atlas.json`` describes; in memory when ``cache`` cannot be written. Raises
    RenderError when the shipped file is missing or damaged."""
    size, digest = int(entry["bytes"]), str(entry["sha256"])
    target = cache / f"{name}-{digest[:16]}.bin"
    found = _mapped(target, size)
    if found is None:
        raw = _unpack(name, digest)
        found = _mapped(target, size) if _store(target, raw) else None
        if found is None:
            found = np.frombuffer(raw, dtype=np.uint8)
    return found


def _mapped(path: Path, size: int) -> Bytes | None:
    try:
        if path.stat().st_size != size:
            return None
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except OSError:
        return None


def _unpack(name: str, digest: str) -> bytes:
    try:
        raw = lzma.decompress(resource("fonts", f"{name}.xz").read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise RenderError(f"fonts/{name}.xz: {error}") from error
    if hashlib.sha256(raw).hexdigest() != digest:
        raise RenderError(f"fonts/{name}.xz: checksum differs from atlas.json")
    return raw


def _store(target: Path, raw: bytes) -> bool:
    """Write beside, sync, swap; False when nowhere is writable."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, delete=False) as part:
            temporary = Path(part.name)
            try:
                part.write(raw)
                part.flush()
                os.fsync(part.fileno())
                os.fchmod(part.fileno(), 0o444)
                temporary.replace(target)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
    except OSError:
        return False
    return True
