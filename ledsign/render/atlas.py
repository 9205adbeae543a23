"""The compiled glyph atlases: unpacked once, memory-mapped read-only, shared by every process.

``fonts/atlas.json`` describes what ``tools/build_atlas.py`` wrote: one look-up table from code point to cell for
all sizes, and for each size the bitmaps. Glyphs have the same number in every size.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.render import shades as grey
from ledsign.render.shipped import Bytes, default_cache, payload
from ledsign.resources import resource

HALF: Final = 1
FULL: Final = 2
MARK_FULL: Final = 4  # combining, drawn over the character before it, two cells wide
DROP: Final = 7  # no picture: controls, direction marks, selectors
ADVANCE: Final = np.array([0, 1, 2, 0, 0, 0, 0, 0], dtype=np.uint8)
"""Half cells a glyph code moves the pen: 0 is a combining mark of one cell."""

SIZES: Final = (12, 16, 24, 32, 48, 64)
"""LEDs a character is high in the atlases there are."""
_SMALLER: Final = {24: 16, 32: 16, 48: 24, 64: 32}
"""What a size draws from, enlarged by a whole number and centred, where it holds no bitmap of its own."""
_ROW: Final = {1: "u1", 2: "<u2", 3: "V3", 4: "<u4", 6: "V6", 8: "<u8"}


@dataclass(frozen=True, slots=True)
class Source:
    """A font that drew glyphs, as the build recorded it."""

    name: str
    version: str
    licence: str
    package: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where atlases come from and what is already mapped; shared by the sizes of one family."""

    about: Mapping[str, Any]
    cache: Path
    lut: NDArray[np.uint32]
    open: "dict[int, Atlas]" = field(default_factory=dict)
    shades: dict[int, grey.Shades] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Atlas:
    """The glyphs of one size. ``lut[cp]`` = cell << 3 | code, the same in all sizes.

    ``full[i]``: ``size`` rows of a full-width glyph, each row one opaque item of bytes in memory order, so that a
    page of them is one gather; its cells are ``2 i`` and ``2 i + 1``. ``half[i]``: rows of a half-width glyph; its
    cell is ``whole + i``. A size holds the first glyphs of each kind only; ``rows`` draws the others enlarged from
    a smaller size. The leftmost LED is in the high bit.
    """

    size: int
    plain: int  # values of ``lut`` below this are full-width characters that this size holds, and nothing else
    whole: int  # cells of full-width glyphs
    lut: NDArray[np.uint32]
    full: NDArray[Any]
    half: NDArray[Any]
    origin: Bytes  # number in ``sources`` of what drew each full, then each half glyph; 0: it is the box
    sources: tuple[Source, ...]
    sha256: str
    _shelf: _Shelf

    @property
    def width(self) -> int:
        """LEDs of a half cell."""
        return self.size // 2

    @property
    def stride(self) -> int:
        """Bytes of one row of a half cell."""
        return (self.size // 2 + 7) // 8

    @cached_property
    def complete(self) -> bool:
        """Whether it holds every glyph there is."""
        return 2 * len(self.full) == self.whole and len(self.half) == int(self._shelf.about["index"]["half"])

    @property
    def version(self) -> str:
        """Version of the first font of the chain."""
        return self.sources[1].version

    def at(self, size: int) -> "Atlas":
        """The same glyphs in another size, mapped on first use. Raises RenderError as ``load`` does."""
        return _open(self._shelf, size)

    def shades(self) -> grey.Shades:
        """The antialiased glyphs of this size, mapped on first use. Raises RenderError as ``load`` does, and where
        there are none."""
        shelf = self._shelf
        if self.size not in shelf.shades:
            entry = shelf.about["shades"].get(str(self.size))
            if entry is None:
                raise RenderError(f"no antialiased glyphs of {self.size} LEDs")
            raw = payload(f"shades-{self.size}", entry, shelf.cache)
            counts = int(entry["full"]), int(entry["half"])
            cells = self.whole + int(shelf.about["index"]["half"])
            shelf.shades[self.size] = grey.opened(raw, self.size, counts, self.whole, cells, str(entry["sha256"]))
        return shelf.shades[self.size]

    def rows(self, cells: NDArray[np.integer[Any]]) -> Bytes:
        """``(n, size * stride)`` bytes of half cells, row after row."""
        is_half = cells >= self.whole
        if self.complete:
            return self._own(cells, is_half)
        number = np.where(is_half, cells - self.whole, cells >> 1)
        foreign = number >= np.where(is_half, len(self.half), len(self.full))
        if not foreign.any():
            return self._own(cells, is_half)
        rows = np.empty((len(cells), self.size * self.stride), dtype=np.uint8)
        own = ~foreign
        rows[own] = self._own(cells[own], is_half[own])
        rows[foreign] = self._borrowed(cells[foreign], is_half[foreign])
        return rows

    def holds(self, cells: NDArray[np.integer[Any]]) -> bool:
        """Whether every cell has a bitmap, of this size or of a smaller one, that is not the box."""
        if self.size != min(SIZES):
            return True
        is_half = cells >= self.whole
        number = np.where(is_half, cells - self.whole, cells >> 1)
        kept = number < np.where(is_half, len(self.half), len(self.full))
        place = np.where(is_half, number + len(self.full), number)
        return bool(kept.all() and self.origin[place].all())

    def drawn_by(self, cell: int) -> tuple[Source, int]:
        """The font that drew a cell, and the size it was drawn in."""
        number = cell - self.whole if cell >= self.whole else cell >> 1
        kept = len(self.half) if cell >= self.whole else len(self.full)
        if number >= kept:
            smaller = _SMALLER.get(self.size)
            return self.at(smaller).drawn_by(cell) if smaller else (self.sources[0], self.size)
        place = number + (len(self.full) if cell >= self.whole else 0)
        return self.sources[int(self.origin[place])], self.size

    @cached_property
    def _sides(self) -> Bytes:
        """``(glyphs, size, bytes of a row)`` of the full-width glyphs."""
        return self.full.view(np.uint8).reshape(len(self.full), self.size, -1)

    def _own(self, cells: NDArray[np.integer[Any]], is_half: NDArray[np.bool_]) -> Bytes:
        if not is_half.any():
            return self._split(cells)
        rows = np.empty((len(cells), self.size * self.stride), dtype=np.uint8)
        halves = self.half.view(np.uint8).reshape(len(self.half), self.size * self.stride)
        rows[is_half] = halves[cells[is_half] - self.whole]
        rest = ~is_half
        rows[rest] = self._split(cells[rest])
        return rows

    def _split(self, cells: NDArray[np.integer[Any]]) -> Bytes:
        """The left or right side of full-width glyphs."""
        glyph, side = cells >> 1, cells & 1
        if self.width % 8 == 0:
            stride = self.stride
            sides = self._sides.reshape(len(self.full), self.size, 2, stride)
            return sides[glyph, :, side].reshape(len(cells), self.size * self.stride)
        bits = np.unpackbits(self._sides[glyph], axis=2)[:, :, : self.size]
        bits = bits.reshape(len(cells), self.size, 2, self.width)[np.arange(len(cells)), :, side]
        return np.packbits(bits, axis=2).reshape(len(cells), self.size * self.stride)

    def _borrowed(self, cells: NDArray[np.integer[Any]], is_half: NDArray[np.bool_]) -> Bytes:
        """Cells of a smaller size in the middle of the cell; the box where there is none."""
        smaller = _SMALLER.get(self.size)
        if smaller is None:
            return self._own(np.where(is_half, 0, cells & 1), np.zeros(len(cells), np.bool_))
        other = self.at(smaller)
        factor = self.size // smaller
        bits = np.unpackbits(other.rows(cells).reshape(len(cells), smaller, other.stride), axis=2)
        bits = bits[:, :, : other.width].repeat(factor, axis=1).repeat(factor, axis=2)
        space = np.zeros((len(cells), self.size, self.width), dtype=np.uint8)
        top, air = (self.size - bits.shape[1]) // 2, self.width - bits.shape[2]
        # the sides of a full-width glyph meet in the middle; a half-width glyph stands in the middle of its cell
        for mask, left in ((is_half, air // 2), (~is_half & (cells & 1 == 0), air), (~is_half & (cells & 1 == 1), 0)):
            space[mask, top : top + bits.shape[1], left : left + bits.shape[2]] = bits[mask]
        return np.packbits(space, axis=2).reshape(len(cells), self.size * self.stride)


def load(cache: Path | None = None, size: int = 16) -> Atlas:
    """Map the shipped atlas of ``size``, unpacking it to ``cache`` first where it is not there yet.

    When the cache cannot be written the atlas is held in memory. Raises RenderError when the shipped files are
    missing or damaged, or there is no such size.
    """
    try:
        about = json.loads(resource("fonts", "atlas.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RenderError(f"fonts/atlas.json: {error}") from error
    where = cache or default_cache()
    lut = payload("atlas-index", about["index"], where).view(np.uint32)
    return _open(_Shelf(about, where, lut), size)


def _open(shelf: _Shelf, size: int) -> Atlas:
    if size in shelf.open:
        return shelf.open[size]
    entry = shelf.about["sizes"].get(str(size))
    if entry is None:
        raise RenderError(f"no glyph atlas of {size} LEDs")
    index = shelf.about["index"]
    raw = payload(f"atlas-{size}", entry, shelf.cache)
    full, half = int(entry["full"]), int(entry["half"])
    across, side = (size + 7) // 8, (size // 2 + 7) // 8
    first = full * size * across
    second = first + half * size * side
    atlas = Atlas(
        size=size,
        plain=min(int(index["plain"]), full) * 2 << 3,
        whole=int(index["full"]) * 2,
        lut=shelf.lut,
        full=raw[:first].view(_ROW[across]).reshape(full, size),
        half=raw[first:second].view(_ROW[side]).reshape(half, size),
        origin=raw[second:],
        sources=tuple(_source(entry) for entry in shelf.about["sources"]),
        sha256=str(entry["sha256"]),
        _shelf=shelf,
    )
    shelf.open[size] = atlas
    return atlas


def _source(entry: Mapping[str, Any]) -> Source:
    fields = ("name", "version", "licence", "package", "file", "sha256")
    return Source(*(str(entry.get(key, "")) for key in fields))


def intact(atlas: Atlas) -> bool:
    """Whether what is mapped is still what was shipped (reads it all; for checks, not for start-up)."""
    digest = hashlib.sha256(atlas.full.tobytes())
    digest.update(atlas.half.tobytes())
    digest.update(atlas.origin.tobytes())
    index = hashlib.sha256(atlas.lut.tobytes()).hexdigest()
    return digest.hexdigest() == atlas.sha256 and index == atlas._shelf.about["index"]["sha256"]


def damaged(atlas: Atlas) -> tuple[int, ...]:
    """Sizes mapped so far, by anyone of the family, that are no longer what was shipped (reads them all)."""
    shelf = atlas._shelf
    found = {size for size, mapped in shelf.open.items() if not intact(mapped)}
    return tuple(sorted(found | {size for size, mapped in shelf.shades.items() if not mapped.intact}))
