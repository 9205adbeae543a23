"""A page ready to be drawn: all its text as arrays of cells and places, its boxes and its pictures.

A plate is small (a few bytes a character) and keeps no reference to the layout it was made from, so that all
pages of a notice can be kept and their pixels be made when they are wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.panel import ColorMode
from ledsign.render import shades
from ledsign.render.atlas import FULL, Atlas
from ledsign.render.glyphs import Glyphs, halves, marks
from ledsign.render.items import Boxes, Item, Lines, Picture, Rect, Run
from ledsign.render.kernel import kernel

RGB: TypeAlias = tuple[int, int, int]
Ints: TypeAlias = NDArray[np.int32]


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
    smooth: bool = False  # in shades, on a full-colour page
    own: bool = False  # its half cells begin on whole bytes, and this size has them all
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
    atlas: Atlas,
    items: Sequence[Item],
    width: int,
    height: int,
    mode: ColorMode,
    inks: Sequence[RGB],
    smooth: bool = False,
) -> Plate:
    """The items of a page, sorted by what is drawn together; ``smooth``: letters in shades where there are any, on a
    full-colour page. Raises RenderError when an item sticks out."""
    sets: dict[tuple[int, int, RGB, RGB], list[Run | Lines]] = {}
    rects, boxes, pictures = list[tuple[int, ...]](), list[Boxes](), list[Picture]()
    for item in items:
        if isinstance(item, Run):
            sets.setdefault((item.size, item.scale, inks[item.color], inks[item.ground]), []).append(item)
        elif isinstance(item, Lines):
            sets.setdefault((item.size, item.scale, inks[item.color], inks[0]), []).append(item)
        elif isinstance(item, Rect):
            rects.append((item.x, item.y, item.w, item.h, int(item.dotted), *inks[item.color]))
        elif isinstance(item, Boxes):
            boxes.append(item)
        else:
            _check("Picture", np.array(((item.x, item.y, item.w, item.h),)), width, height)
            pictures.append(_lights(item, mode, inks))
    found = _filled(boxes, rects, inks)
    _check("Rect", found, width, height)
    groups: list[Group] = []
    for (size, scale, ink, ground), runs in sets.items():
        group = _group(atlas, runs, size, scale, ink, ground, width, height)
        if smooth and mode is ColorMode.RGB and scale == 1 and size in shades.SIZES:
            group.smooth = atlas.at(size).shades().suits(group.ids, wide=group.wide)
        if len(group.ids):
            groups.append(group)
    most_scale = max([group.scale for group in groups], default=1)
    return Plate(width, height, tuple(groups), found, tuple(pictures), most_scale)


def _filled(boxes: Sequence[Boxes], rects: Sequence[tuple[int, ...]], inks: Sequence[RGB]) -> Ints:
    """Boxes as a plate holds them."""
    found = np.empty((sum([len(item.places) for item in boxes]) + len(rects), 8), dtype=np.int32)
    end = 0
    for item in boxes:
        start, end = end, end + len(item.places)
        found[start:end, :5] = item.places
        found[start:end, 5:] = inks[item.color]
    if rects:
        found[end:] = rects
    return found


def _check(what: str, places: NDArray[np.integer[Any]], width: int, height: int) -> None:
    """Raise RenderError where one of places (k, 4 or more: x, y, w, h) sticks out of the page."""
    if not len(places):
        return
    corners = places[:, :2] + places[:, 2:4]
    right, low = np.maximum.reduce(corners).tolist()
    if right <= width and low <= height and np.minimum.reduce(places[:, :2], axis=None) >= 0:
        return
    for x, y, w, h in places[:, :4].tolist():
        if x < 0 or y < 0 or x + w > width or y + h > height:
            raise RenderError(f"{what} at {x},{y} of {w}x{h} sticks out of {width}x{height}")


def _lights(picture: Picture, mode: ColorMode, inks: Sequence[RGB]) -> Picture:
    """Ink numbers to light; sRGB is left as it is."""
    if picture.pixels.ndim == 3:
        return picture
    if mode is ColorMode.RGB:
        table = np.array(inks, dtype=np.uint8)
    else:
        table = np.array([sum(1 << n for n, light in enumerate(ink) if light) for ink in inks], dtype=np.uint8)
    return Picture(picture.x, picture.y, table[picture.pixels])


def _group(
    atlas: Atlas, runs: Sequence[Run | Lines], size: int, scale: int, ink: RGB, ground: RGB, width: int, height: int
) -> Group:
    """All that is drawn in one size and two colours. Raises RenderError where a line sticks out of the page."""
    sized = atlas.at(size)
    full = min(atlas.plain, len(sized.full) << 4)  # full-width glyphs that this size has itself
    compiled = kernel()
    found = None
    if compiled is not None:
        parts = [
            (run.text.glyphs, run.text.advance, run.counts, run.x, run.y)
            if isinstance(run, Lines)
            else (run.cells.text.glyphs, run.cells.text.advance, None, run.x, run.y)
            for run in runs
        ]
        found = compiled.settle(parts, full, atlas.whole, size, scale, width, height)
    if found is None:
        group = Group(size, scale, ink, ground, *_cells(runs, full, size * scale))
        outside = 0
    else:
        cells, places, wide, most, most_half, outside = found
        own = sized.width % 8 == 0 and most <= 2 * len(sized.full) and most_half <= atlas.whole + len(sized.half)
        blocks = np.frombuffer(places, np.int32).reshape(-1, 5)
        group = Group(size, scale, ink, ground, np.frombuffer(cells, np.uint32), wide, blocks, own=own and not wide)
    if outside >= 0 and len(group.ids):
        taken = group.blocks.copy()
        taken[:, 2] *= group.cell * scale
        taken[:, 3] = (taken[:, 3] - 1) * taken[:, 4] + size * scale
        _check("Run", taken, width, height)
    return group


def _cells(runs: Sequence[Run | Lines], full: int, high: int) -> tuple[Glyphs, bool, Ints, NDArray[np.uint32] | None]:
    """Cells of all runs, whether they are full-width glyphs, the blocks they stand in, and combining marks."""
    texts = [run.text if isinstance(run, Lines) else run.cells.text for run in runs]
    counts = _joined([run.counts if isinstance(run, Lines) else np.array((len(run.cells.text),)) for run in runs])
    glyphs, advance = _joined([text.glyphs for text in texts]), _joined([text.advance for text in texts])
    if len(glyphs) and glyphs.max() < full and advance.min() == FULL:
        return glyphs >> np.uint32(4), True, _blocks(runs, counts, high), None
    ids, ends = halves(glyphs, advance)
    widths = np.diff(np.concatenate(([0], ends)).take(np.cumsum(np.concatenate(([0], counts)))))
    over = _marks(glyphs, advance, counts.tolist()) if len(advance) and not advance.min() else None
    return ids, False, _blocks(runs, widths, high), over


_T = TypeVar("_T", bound=np.generic)


def _joined(parts: Sequence[NDArray[_T]]) -> NDArray[_T]:
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _blocks(runs: Sequence[Run | Lines], widths: NDArray[np.intp], high: int) -> Ints:
    """Places of the runs; lines of equal length below each other at equal distances become one block."""
    x = _joined([run.x if isinstance(run, Lines) else np.array((run.x,)) for run in runs])
    y = _joined([run.y if isinstance(run, Lines) else np.array((run.y,)) for run in runs])
    found = np.zeros((len(x), 5), dtype=np.int32)
    found[:, 0], found[:, 1], found[:, 2], found[:, 3] = x, y, widths, 1
    step = np.diff(y)
    joins = (np.diff(x) == 0) & (np.diff(widths) == 0) & (step >= high)
    if not joins.any():
        return found
    merged: list[list[int]] = []
    for place, below in zip(found.tolist(), [False, *joins.tolist()], strict=True):
        last = merged[-1] if merged else place
        distance = place[1] - (last[1] + (last[3] - 1) * last[4])
        if below and (last[3] == 1 or distance == last[4]):
            last[3:] = last[3] + 1, distance
        else:
            merged.append(place)
    return np.array(merged, dtype=np.int32)


def _marks(glyphs: Glyphs, advance: NDArray[np.uint8], counts: Sequence[int]) -> NDArray[np.uint32] | None:
    """Combining marks of the runs, which are rare."""
    found: list[tuple[int, int]] = []
    start = at = 0
    for count in counts:
        part = advance[at : at + count]
        found += [(start + position, cell) for position, cell in marks(glyphs[at : at + count], part)]
        start += int(part.sum())
        at += count
    return np.array(found, dtype=np.uint32) if found else None
