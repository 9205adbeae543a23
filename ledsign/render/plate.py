"""A page ready to be drawn: all its text as arrays of cells and places, its boxes and its pictures.

A plate is small (a few bytes a character) and keeps no reference to the layout it was made from, so that all
pages of a notice can be kept and their pixels be made when they are wanted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

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
    rects, boxes, pictures = list[tuple[int, ...]](), list[Ints](), []
    for item in items:
        if isinstance(item, Run):
            sets.setdefault((item.size, item.scale, inks[item.color], inks[item.ground]), []).append(item)
        elif isinstance(item, Lines):
            sets.setdefault((item.size, item.scale, inks[item.color], inks[0]), []).append(item)
        elif isinstance(item, Rect):
            rects.append((item.x, item.y, item.w, item.h, int(item.dotted), *inks[item.color]))
        elif isinstance(item, Boxes):
            boxes.append(_colored(item, inks))
        else:
            _check("Picture", item.x, item.y, item.w, item.h, width, height)
            pictures.append(_lights(item, mode, inks))
    if rects:
        boxes.append(np.array(rects, dtype=np.int32))
    found = np.concatenate(boxes) if boxes else _NO_RECTS
    _within("Rect", found, 1, 1, width, height)
    groups: list[Group] = []
    for (size, scale, ink, ground), runs in sets.items():
        group = _group(atlas, runs, size, scale, ink, ground)
        if smooth and mode is ColorMode.RGB and scale == 1 and size in shades.SIZES:
            group.smooth = atlas.at(size).shades().suits(group.ids, wide=group.wide)
        if len(group.ids):
            groups.append(group)
            across = group.blocks.copy()
            across[:, 3] = (across[:, 3] - 1) * across[:, 4] + size * scale
            _within("Run", across, group.cell * scale, 1, width, height)
    most_scale = max([group.scale for group in groups], default=1)
    return Plate(width, height, tuple(groups), found, tuple(pictures), most_scale)


def _colored(boxes: Boxes, inks: Sequence[RGB]) -> Ints:
    """Boxes as a plate holds them."""
    found = np.empty((len(boxes.places), 8), dtype=np.int32)
    found[:, :5] = boxes.places
    found[:, 5:] = inks[boxes.color]
    return found


def _lights(picture: Picture, mode: ColorMode, inks: Sequence[RGB]) -> Picture:
    """Ink numbers to light; sRGB is left as it is."""
    if picture.pixels.ndim == 3:
        return picture
    if mode is ColorMode.RGB:
        table = np.array(inks, dtype=np.uint8)
    else:
        table = np.array([sum(1 << n for n, light in enumerate(ink) if light) for ink in inks], dtype=np.uint8)
    return Picture(picture.x, picture.y, table[picture.pixels])


def _within(what: str, places: Ints, across: int, down: int, width: int, height: int) -> None:
    """Check places (k, 4 or more: x, y, columns, rows) that are ``across`` x ``down`` LEDs a column and row."""
    if not len(places):
        return
    x, y, w, h = places[:, 0], places[:, 1], places[:, 2] * across, places[:, 3] * down
    wrong = (x < 0) | (y < 0) | (x + w > width) | (y + h > height)
    if wrong.any():
        first = int(wrong.argmax())
        _check(what, int(x[first]), int(y[first]), int(w[first]), int(h[first]), width, height)


def _check(what: str, x: int, y: int, w: int, h: int, width: int, height: int) -> None:
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise RenderError(f"{what} at {x},{y} of {w}x{h} sticks out of {width}x{height}")


def _group(atlas: Atlas, runs: Sequence[Run | Lines], size: int, scale: int, ink: RGB, ground: RGB) -> Group:
    texts = [run.text if isinstance(run, Lines) else run.cells.text for run in runs]
    counts = _joined([run.counts if isinstance(run, Lines) else np.array((len(run.cells.text),)) for run in runs])
    glyphs, advance = _joined([text.glyphs for text in texts]), _joined([text.advance for text in texts])
    sized, widths, own = atlas.at(size), counts, False
    full = min(atlas.plain, len(sized.full) << 4)  # full-width glyphs that this size has itself
    wide = bool(len(glyphs) and glyphs.max() < full and advance.min() == FULL)
    ids: NDArray[np.uint32] = glyphs >> np.uint32(4)
    over = None
    if not wide:
        ids, widths, own = _halves(sized, glyphs, advance, counts)
        over = _marks(glyphs, advance, counts.tolist()) if len(advance) and not advance.min() else None
    return Group(size, scale, ink, ground, ids, wide, blocks(runs, widths, size * scale), over, own=own)


_T = TypeVar("_T", bound=np.generic)


def _joined(parts: Sequence[NDArray[_T]]) -> NDArray[_T]:
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _halves(
    atlas: Atlas, glyphs: Glyphs, advance: NDArray[np.uint8], counts: NDArray[np.int64]
) -> tuple[Glyphs, NDArray[np.int64], bool]:
    """Half cells of all runs, how many each has, and whether the kernel can take them from the atlas as they are."""
    compiled = kernel()
    found = compiled.halve(glyphs, advance, counts, atlas.whole) if compiled is not None else None
    if found is None:
        ids, ends = halves(glyphs, advance)
        bounds = np.concatenate(([0], ends)).take(np.cumsum(np.concatenate(([0], counts))))
        return ids, np.diff(bounds), False
    cells, widths, most, most_half = found
    own = atlas.width % 8 == 0 and most <= 2 * len(atlas.full) and most_half <= atlas.whole + len(atlas.half)
    return np.frombuffer(cells, np.uint32), np.frombuffer(widths, np.int64), own


def blocks(runs: Sequence[Run | Lines], widths: NDArray[np.intp], high: int) -> Ints:
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
