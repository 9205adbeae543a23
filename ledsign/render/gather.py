"""The glyphs of a text from the atlas: rows of bits, rows of coverage, rows of colours."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.render.atlas import Atlas
from ledsign.render.plate import Group
from ledsign.render.shades import blended, fully
from ledsign.render.shipped import Bytes

_MOST_BYTES: Final = 16_000_000  # of coloured glyphs of a size: some 5,000 of 32 LEDs


def bits(sized: Atlas, group: Group) -> Bytes:
    """``(cells, rows, bytes of a row)``, marks laid over. ``sized``: the atlas of the group's size."""
    return _with_marks(_bits(sized, group.ids, wide=group.wide), sized, group, shaded=False)


def _covered(sized: Atlas, group: Group) -> Bytes:
    """The same with two LEDs a byte, see ``shades``."""
    return _with_marks(_coverage(sized, group.ids, wide=group.wide), sized, group, shaded=True)


def _with_marks(rows: Bytes, sized: Atlas, group: Group, *, shaded: bool) -> Bytes:
    if group.marks is not None:
        over = _bits(sized, group.marks[:, 1], wide=False)
        np.bitwise_or.at(rows, group.marks[:, 0], fully(over, sized.width) if shaded else over)
    return rows


def _bits(sized: Atlas, ids: NDArray[np.uint32], *, wide: bool) -> Bytes:
    if wide:
        found = sized.full.take(ids, axis=0, mode="clip")
        return found.view(np.uint8).reshape(len(found), sized.size, (sized.size + 7) // 8)
    return sized.rows(ids).reshape(len(ids), sized.size, sized.stride)


def _coverage(sized: Atlas, ids: NDArray[np.uint32], *, wide: bool) -> Bytes:
    numbers, known = sized.shades().numbers(ids, wide=wide)
    if known.all():
        return sized.shades().rows(numbers, wide=wide)
    leds = sized.size if wide else sized.width
    rows = np.empty((len(ids), sized.size, leds // 2), dtype=np.uint8)
    rows[known] = sized.shades().rows(numbers[known], wide=wide)
    rows[~known] = fully(_bits(sized, ids[~known], wide=wide), leds)
    return rows


@dataclass(slots=True, eq=False)
class Tint:
    """Glyphs in one pair of colours. ``slot[id]``: which of ``pixels`` (n, rows; a row one item of bytes) a cell or
    a wide glyph is; 0: not coloured yet."""

    slot: NDArray[np.uint32]
    pixels: NDArray[np.void]
    used: int = 1


def tinted(sized: Atlas, group: Group) -> tuple[NDArray[np.void], NDArray[np.uint32]]:
    """Coloured glyphs, and which of them stands where; those used last are kept."""
    if group.marks is not None:
        return _colored(_covered(sized, group), group), np.arange(len(group.ids), dtype=np.uint32)
    kept, key = sized.shades().tints, (group.ink, group.ground, group.wide)
    if key not in kept:
        room = np.empty((64, sized.size), dtype=f"V{3 * group.cell}")
        kept[key] = Tint(np.zeros(len(sized.shades().cells), dtype=np.uint32), room)
    kept.move_to_end(key)
    tint = kept[key]
    slots = tint.slot.take(group.ids)
    if not slots.all():
        _add(tint, sized, group, np.unique(group.ids[slots == 0]))
        slots = tint.slot.take(group.ids)
        while len(kept) > 1 and sum(each.pixels.nbytes for each in kept.values()) > _MOST_BYTES:
            kept.popitem(last=False)
    return tint.pixels, slots


def _add(tint: Tint, sized: Atlas, group: Group, ids: NDArray[np.uint32]) -> None:
    """Colour more glyphs; where they would be too many, forget the others."""
    if (tint.used + len(ids)) * tint.pixels[0].nbytes > _MOST_BYTES:
        tint.slot.fill(0)
        tint.used, ids = 1, np.unique(group.ids)
    if tint.used + len(ids) > len(tint.pixels):
        larger = np.empty((max(2 * len(tint.pixels), tint.used + len(ids)), sized.size), dtype=tint.pixels.dtype)
        larger[: tint.used] = tint.pixels[: tint.used]
        tint.pixels = larger
    end = tint.used + len(ids)
    tint.pixels[tint.used : end] = _colored(_coverage(sized, ids, wide=group.wide), group)
    tint.slot[ids] = np.arange(tint.used, end)
    tint.used = end


def _colored(rows: Bytes, group: Group) -> NDArray[np.void]:
    """``(n, rows)``, a row of coverage one item of the colours of its LEDs."""
    painted = blended(group.ink, group.ground).take(rows)
    return painted.view(f"V{3 * group.cell}")[:, :, 0]
