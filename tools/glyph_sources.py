"""Fonts to glyph bitmaps for the atlas build: Unifont's .hex, X bitmap fonts, strikes and hinted outlines.

Every source gives a glyph as an array of lit LEDs, already placed in its cell: nothing is clipped. A glyph that
sticks out is shifted back in; one that is larger than the cell is drawn smaller until it fits.
"""

import bz2
import ctypes
import gzip
import hashlib
import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import freetype
import numpy as np

SBITS_ONLY = 0x4000  # FT_LOAD_SBITS_ONLY: strikes, never the outline (FreeType 2.12)
BASELINE = 0.88  # of the em, where Source Han Sans puts it
STEPS = 15  # of coverage above none, in the shaded atlases

Cell = np.ndarray


@dataclass(frozen=True)
class Source:
    """What a font file is, for the header of the atlas and fonts/README.md."""

    name: str
    file: str
    package: str
    version: str
    licence: str
    copyright: str
    sha256: str

    def describe(self) -> dict[str, str]:
        return {key: getattr(self, key) for key in self.__dataclass_fields__}


def unpacked(path: Path) -> bytes:
    """The file's bytes, decompressed by its suffix."""
    raw = path.read_bytes()
    opener = {".xz": lzma.decompress, ".gz": gzip.decompress, ".bz2": bz2.decompress}.get(path.suffix)
    return opener(raw) if opener else raw


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


class Hex:
    """GNU Unifont: 8 x 16 and 16 x 16 bitmaps by code point."""

    def __init__(self, raw: bytes) -> None:
        self.bits: dict[int, str] = {}
        for line in raw.decode("ascii").splitlines():
            head, _, bits = line.partition(":")
            self.bits[int(head, 16)] = bits

    def cell(self, cp: int) -> Cell:
        """``(16, 8)`` or ``(16, 16)``."""
        rows = np.frombuffer(bytes.fromhex(self.bits[cp]), np.uint8).reshape(16, -1)
        return np.unpackbits(rows, axis=1).astype(bool)


class Outline:
    """A face of an outline font, hinted; drawn in one bit, or in shades from 0 to ``STEPS``."""

    def __init__(self, path: Path, index: int = 0) -> None:
        self.path, self.index = path, index

    @cache  # noqa: B019 - lives as long as the build
    def face(self, size: int) -> freetype.Face:
        face = freetype.Face(str(self.path), self.index)
        face.set_pixel_sizes(0, size)
        return face

    def has(self, cp: int) -> bool:
        return bool(self.face(16).get_char_index(cp))

    def cell(self, cp: int, width: int, height: int, least: int = 0, *, shaded: bool = False) -> Cell | None:
        """The glyph in a cell of ``width`` x ``height``, drawn at the largest size from ``height`` down to
        ``least`` (half of it) that fits; None where there is none, the font lacks it or it is blank."""
        for size in range(height, (least or height // 2 + 1) - 1, -1):
            drawn = self._draw(cp, size, shaded)
            if drawn is None:
                return None
            picture, left, top, advance = drawn
            if picture.shape[1] <= width and picture.shape[0] <= height:
                x = left + (width - advance) // 2
                y = round(BASELINE * size) - top + (height - size) // 2
                return placed(picture, x, y, width, height)
        return None

    def advance(self, cp: int, size: int) -> int:
        """LEDs the pen moves; 0 where the font lacks the character."""
        face = self.face(size)
        index = face.get_char_index(cp)
        if not index:
            return 0
        face.load_glyph(index, freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP)
        return round(face.glyph.linearHoriAdvance / 65536)

    def _draw(self, cp: int, size: int, shaded: bool) -> tuple[Cell, int, int, int] | None:
        face = self.face(size)
        index = face.get_char_index(cp)
        if not index:
            return None
        target = freetype.FT_LOAD_TARGET_NORMAL if shaded else freetype.FT_LOAD_TARGET_MONO
        face.load_glyph(index, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_BITMAP | target)
        slot = face.glyph
        picture = steps(slot) if shaded else bitmap(slot)
        if not picture.any():
            return None
        left, top = slot.bitmap_left, slot.bitmap_top
        if shaded:  # an edge that is no step of light takes no room
            down, along = np.flatnonzero(picture.any(axis=1)), np.flatnonzero(picture.any(axis=0))
            left, top = left + along[0], top - down[0]
            picture = picture[down[0] : down[-1] + 1, along[0] : along[-1] + 1]
        return picture, left, top, round(slot.linearHoriAdvance / 65536)


class Strike:
    """Ready bitmaps of one size inside a font file."""

    def __init__(self, path: Path, height: int, index: int = 0) -> None:
        self.font = freetype.Face(str(path), index)
        sizes = [size.height for size in self.font.available_sizes]
        self.font.select_size(sizes.index(height))
        self.height = height
        self.ascent = self.font.size.ascender >> 6

    def has(self, cp: int) -> bool:
        return bool(self.font.get_char_index(cp))

    def cell(self, cp: int, width: int, height: int) -> Cell | None:
        """The glyph in a cell, on the strike's own baseline, in the middle where the strike is smaller."""
        index = self.font.get_char_index(cp)
        if not index:
            return None
        try:
            self.font.load_glyph(index, SBITS_ONLY | freetype.FT_LOAD_RENDER | freetype.FT_LOAD_TARGET_MONO)
        except freetype.FT_Exception:
            return None  # this strike has no bitmap for it
        slot = self.font.glyph
        picture = bitmap(slot)
        if not picture.any():
            return None
        x = slot.bitmap_left + (width - (slot.advance.x >> 6)) // 2
        y = self.ascent - slot.bitmap_top + (height - self.height) // 2
        if picture.shape[1] > width or picture.shape[0] > height:
            return None
        return placed(picture, x, y, width, height)


class Guob:
    """A PCF font of GB 2312, encoded row and cell (0x2121 to 0x7E7E)."""

    def __init__(self, raw: bytes, folder: Path) -> None:
        path = folder / "guob16.pcf"
        path.write_bytes(raw)
        self.font = freetype.Face(str(path))
        self.font.set_charmap(self.font.charmaps[0])
        self.ascent = self.font.size.ascender >> 6 if self.font.size.ascender else 14

    def cell(self, cp: int) -> Cell | None:
        """``(16, 16)``; ``cp`` must be a character that the gb2312 codec knows."""
        name = {0x2014: 0x2015, 0x00B7: 0x30FB}.get(cp, cp)  # as that codec calls them
        code = int.from_bytes(chr(name).encode("gb2312"), "big") & 0x7F7F
        index = self.font.get_char_index(code)
        if not index:
            return None
        self.font.load_glyph(index, freetype.FT_LOAD_RENDER | freetype.FT_LOAD_TARGET_MONO)
        slot = self.font.glyph
        picture = bitmap(slot)
        return placed(picture, slot.bitmap_left, self.ascent - slot.bitmap_top, 16, 16) if picture.any() else None


def bitmap(slot: freetype.GlyphSlot) -> Cell:
    """The rendered 1-bit picture of a glyph slot."""
    raw = slot.bitmap._FT_Bitmap
    if not raw.rows or not raw.width:
        return np.zeros((0, 0), bool)
    rows = np.frombuffer(ctypes.string_at(raw.buffer, raw.rows * raw.pitch), np.uint8).reshape(raw.rows, raw.pitch)
    return np.unpackbits(rows, axis=1)[:, : raw.width].astype(bool)


def steps(slot: freetype.GlyphSlot) -> Cell:
    """The rendered grey picture of a glyph slot, its coverage in ``STEPS`` steps."""
    raw = slot.bitmap._FT_Bitmap
    if not raw.rows or not raw.width:
        return np.zeros((0, 0), np.uint8)
    rows = np.frombuffer(ctypes.string_at(raw.buffer, raw.rows * raw.pitch), np.uint8).reshape(raw.rows, raw.pitch)
    return ((rows[:, : raw.width].astype(np.uint16) * STEPS + 127) // 255).astype(np.uint8)


def placed(picture: Cell, x: int, y: int, width: int, height: int) -> Cell:
    """The picture at (x, y) of an empty cell, moved back in where it would stick out."""
    cell = np.zeros((height, width), picture.dtype)
    h, w = picture.shape
    x, y = min(max(x, 0), width - w), min(max(y, 0), height - h)
    cell[y : y + h, x : x + w] = picture
    return cell


def enlarged(small: Cell, width: int, height: int) -> Cell:
    """A 16 LED bitmap by the largest whole number that fits, in the middle of the cell."""
    factor = height // small.shape[0]
    big = small.repeat(factor, axis=0).repeat(factor, axis=1)
    return placed(big, (width - big.shape[1]) // 2, (height - big.shape[0]) // 2, width, height)
