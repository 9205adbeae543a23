"""The compiled glyph atlas: unpacked once, memory-mapped read-only, shared by every process.

``fonts/atlas-16.json`` describes the payload that ``tools/build_atlas.py`` wrote to ``fonts/atlas-16.xz``:
a look-up table from code point to cell, and the glyphs in cells of 8 x 16 LEDs.
"""

import hashlib
import json
import lzma
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.resources import resource

HALF: Final = 1
FULL: Final = 2
MARK_FULL: Final = 4  # combining, drawn over the character before it, two cells wide
DROP: Final = 7  # no picture: controls, direction marks, selectors
ADVANCE: Final = np.array([0, 1, 2, 0, 0, 0, 0, 0], dtype=np.uint8)
"""Half cells a glyph code moves the pen: 0 is a combining mark of one cell."""

CELL_BYTES: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """``lut[cp]`` = cell << 3 | code.

    ``full[i]``: 16 rows of a full-width glyph, each row two bytes in memory order kept as one opaque 16-bit
    value, so that a page of them is one gather; its cells are ``2 i`` and ``2 i + 1``. ``half[i]``: 16 rows of
    8 LEDs, high bit left; its cell is ``2 len(full) + i``.
    """

    px: int
    plain: int  # values of ``lut`` below this are full-width characters and nothing else
    lut: NDArray[np.uint32]
    full: NDArray[np.uint16]
    half: NDArray[np.uint8]
    version: str
    sha256: str

    def rows(self, cells: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """``(n, 16)`` bytes of half cells."""
        whole = 2 * len(self.full)
        sides = self.full.view(np.uint8).reshape(-1, 16, 2)
        is_half = cells >= whole
        if not is_half.any():
            return sides[cells >> 1, :, cells & 1]
        rows = np.empty((len(cells), 16), dtype=np.uint8)
        rows[is_half] = self.half[cells[is_half] - whole]
        rest = cells[~is_half]
        rows[~is_half] = sides[rest >> 1, :, rest & 1]
        return rows


def default_cache() -> Path:
    """Where unpacked atlases go when nothing else is configured (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - may lack a home
    return Path(base) / "ledsign"


def load(cache: Path | None = None) -> Atlas:
    """Map the shipped 16 px atlas, unpacking it to ``cache`` first where it is not there yet.

    When the cache cannot be written the atlas is held in memory. Raises RenderError when the shipped files are
    missing or damaged.
    """
    try:
        about = json.loads(resource("fonts", "atlas-16.json").read_text(encoding="utf-8"))
        packed = resource("fonts", "atlas-16.xz")
    except (OSError, ValueError) as error:
        raise RenderError(f"fonts/atlas-16: {error}") from error
    size, digest = int(about["bytes"]), str(about["sha256"])
    target = (cache or default_cache()) / f"atlas-16-{digest[:16]}.bin"
    payload = _mapped(target, size)
    if payload is None:
        raw = _unpack(packed, digest)
        payload = _mapped(target, size) if _store(target, raw) else None
        if payload is None:
            payload = np.frombuffer(raw, dtype=np.uint8)
    table = int(about["lut"]) * 4
    split = table + int(about["full"]) * 2 * CELL_BYTES
    return Atlas(
        px=int(about["px"]),
        plain=int(about["plain"]) * 2 << 3,
        lut=payload[:table].view(np.uint32),
        full=payload[table:split].view(np.uint16).reshape(-1, CELL_BYTES),
        half=payload[split:].reshape(-1, CELL_BYTES),
        version=str(about["sources"][0]["version"]),
        sha256=digest,
    )


def intact(atlas: Atlas) -> bool:
    """Whether what is mapped is still what was shipped (reads it all; for checks, not for start-up)."""
    digest = hashlib.sha256(atlas.lut.tobytes())
    digest.update(atlas.full.tobytes())
    digest.update(atlas.half.tobytes())
    return digest.hexdigest() == atlas.sha256


def _mapped(path: Path, size: int) -> NDArray[np.uint8] | None:
    try:
        if path.stat().st_size != size:
            return None
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
    except OSError:
        return None


def _unpack(packed: Path, digest: str) -> bytes:
    try:
        raw = lzma.decompress(packed.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise RenderError(f"{packed.name}: {error}") from error
    if hashlib.sha256(raw).hexdigest() != digest:
        raise RenderError(f"{packed.name}: checksum differs from atlas-16.json")
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
