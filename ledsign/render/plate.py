"""A page ready to be drawn: all its text as arrays of cells and places, its boxes and its pictures.

A plate is small (a few bytes a character) and keeps no reference to the layout it was made from, so that all
pages of a notice can be kept and their pixels be made when they are wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.panel import ColorMode
from ledsign.render.atlas import FULL, Atlas
from ledsign.render.glyphs import Text, halves, marks
from ledsign.render.items import Item, Picture, Rect, Run

RGB: TypeAlias = tuple[int, int, int]
Ints: TypeAlias = NDArray[np.int32]
_NO_RECTS: Final = np.zeros((0, 8), dtype=np.int32)


@dataclass(slots=True, eq=False)
class Group:
    """All text of one size and colour.

    ``ids``: half cells of the atlas, or full-width glyph numbers where it is ``wide``. ``blocks`` (k, 5): x, y,
    cells a line, lines, LEDs from line to line; they take the cells in order. ``marks`` (m, 2): place among the
    ids, and the cell that is laid over it.
    """

    size: int
    scale: int
    ink: RGB
    ground: RGB
    ids: NDArray[np.uint32]
    wide: bool
    blocks: Ints
    marks: NDArray[np.uint32] | None = None
    ready: tuple[Any, ...] | None = None  # as the compiled kernel wants it

    @property
    def cell(self) -> int:
        """LEDs a cell is wide, before it is enlarged."""
        return self.size if self.wide else self.size // 2


@dataclass(slots=True, eq=False)
class Plate:
    """Drawn in this order: ``pictures``, ``rects`` (k, 8: x, y, w, h, dotted, red, green, blue), ``groups``.

    Pictures are sRGB on a full-colour panel, else one byte a LED: bit 0 red (all of a mono page), bit 1 green.
    """

    width: int
    height: int
    groups: tuple[Group, ...]
    rects: Ints
    pictures: tuple[Picture, ...] = ()
    most_scale: int = 1  # the largest of the groups

    @property
    def nbytes(self) -> int:
        """Memory it takes, nearly."""
        text = sum(group.ids.nbytes + group.blocks.nbytes for group in self.groups)
        return text + self.rects.nbytes + sum(picture.pixels.nbytes for picture in self.pictures) + 500


def plate(
    atlas: Atlas, items: Sequence[Item], width: int, height: int, mode: ColorMode, inks: Sequence[RGB]
) -> Plate:
    """The items of a page, sorted by what is drawn together. Raises RenderError when one sticks out."""
    sets: dict[tuple[int, int, RGB, RGB], list[Run]] = {}
    rects, pictures = [], []
    for item in items:
        if isinstance(item, Run):
            sets.setdefault((item.size, item.scale, inks[item.color], inks[item.ground]), []).append(item)
            continue
        _check(type(item).__name__, item.x, item.y, item.w, item.h, width, height)
        if isinstance(item, Rect):
            rects.append((item.x, item.y, item.w, item.h, int(item.dotted), *inks[item.color]))
        else:
            pictures.append(_lights(item, mode, inks))
    groups: list[Group] = []
    for (size, scale, ink, ground), runs in sets.items():
        group = _group(atlas, runs, size, scale, ink, ground)
        if not len(group.ids):
            continue
        for x, y, cells, lines, pitch in group.blocks.tolist():
            high = (lines - 1) * pitch + size * scale
            _check("Run", x, y, cells * group.cell * scale, high, width, height)
        groups.append(group)
    boxes = np.array(rects, dtype=np.int32) if rects else _NO_RECTS
    most_scale = max([group.scale for group in groups], default=1)
    return Plate(width, height, tuple(groups), boxes, tuple(pictures), most_scale)


def _lights(picture: Picture, mode: ColorMode, inks: Sequence[RGB]) -> Picture:
    """Ink numbers to light; sRGB is left as it is."""
    if picture.pixels.ndim == 3:
        return picture
    if mode is ColorMode.RGB:
        table = np.array(inks, dtype=np.uint8)
    else:
        table = np.array([sum(1 << n for n, light in enumerate(ink) if light) for ink in inks], dtype=np.uint8)
    return Picture(picture.x, picture.y, table[picture.pixels])


def _check(what: str, x: int, y: int, w: int, h: int, width: int, height: int) -> None:
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise RenderError(f"{what} at {x},{y} of {w}x{h} sticks out of {width}x{height}")


def _group(atlas: Atlas, runs: Sequence[Run], size: int, scale: int, ink: RGB, ground: RGB) -> Group:
    texts = [run.cells.text for run in runs]
    counts = [len(text) for text in texts]
    glyphs = np.concatenate([text.glyphs for text in texts]) if len(texts) > 1 else texts[0].glyphs
    advance = np.concatenate([text.advance for text in texts]) if len(texts) > 1 else texts[0].advance
    own = min(atlas.plain, len(atlas.at(size).full) << 4)  # full-width glyphs that this size has itself
    wide = bool(len(glyphs) and glyphs.max() < own and advance.min() == FULL)
    ids: NDArray[np.uint32] = glyphs >> np.uint32(4)
    widths = counts
    if not wide:
        ids, ends = halves(glyphs, advance)
        bounds = np.concatenate(([0], ends))[np.cumsum([0, *counts])]
        widths = np.diff(bounds).tolist()
    over = _marks(texts, widths) if len(advance) and not advance.min() else None
    return Group(size, scale, ink, ground, ids, wide, blocks(runs, widths, size * scale), over)


def blocks(runs: Sequence[Run], widths: Sequence[int], high: int) -> Ints:
    """Places of the runs; lines of equal length below each other at equal distances become one block."""
    found: list[list[int]] = []
    for run, cells in zip(runs, widths, strict=True):
        last = found[-1] if found else None
        if last is not None and last[0] == run.x and last[2] == cells:
            step = run.y - (last[1] + (last[3] - 1) * last[4])
            if step >= high and (last[3] == 1 or step == last[4]):
                last[3:] = last[3] + 1, step
                continue
        found.append([run.x, run.y, cells, 1, 0])
    return np.array(found, dtype=np.int32)


def _marks(texts: Sequence[Text], widths: Sequence[int]) -> NDArray[np.uint32] | None:
    """Combining marks of the runs, which are rare."""
    found: list[tuple[int, int]] = []
    start = 0
    for text, width in zip(texts, widths, strict=True):
        found += [(start + position, cell) for position, cell in marks(text)]
        start += width
    return np.array(found, dtype=np.uint32) if found else None
