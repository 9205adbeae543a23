"""Full-colour pages with numpy: three bytes a LED, later things over earlier ones."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.render.atlas import Atlas
from ledsign.render.gather import bits, tinted
from ledsign.render.plate import RGB, Group, Plate

_MANY: Final = 100_000  # bytes of rows: a table for pairs of them is worth its making

Pixels: TypeAlias = NDArray[np.uint8]


def fill(rect: Sequence[int], canvas: NDArray[Any], value: object) -> None:
    """A box of a plate, whole or dotted."""
    x, y, w, h, dotted = rect[:5]
    area = canvas[y : y + h, x : x + w]
    if not dotted:
        area[:] = value
        return
    # one lattice for the whole page, so that crossing rules meet in a dot
    odd = (x + y) % 2
    area[0::2, odd::2] = value
    area[1::2, 1 - odd :: 2] = value


class _Canvas(threading.local):
    """The last full-colour page of this thread, drawn over for the next: getting megabytes from the system anew
    takes longer than drawing on them."""

    page: Pixels = np.zeros((0, 0, 3), dtype=np.uint8)

    def blank(self, height: int, width: int, block: Sequence[int], high: int) -> Pixels:
        """A black page, but for the ``high`` rows of each line of a block that will be painted anyway."""
        if self.page.shape != (height, width, 3):
            self.page = np.zeros((height, width, 3), dtype=np.uint8)
            return self.page
        below = 0
        _, y, _, lines, pitch = block
        for top in range(y, y + lines * pitch, pitch) if lines > 1 else range(y, y + lines):
            self.page[below:top].fill(0)
            below = top + high
        self.page[below:].fill(0)
        return self.page


_canvas: Final = _Canvas()


def colored(atlas: Atlas, plate: Plate) -> bytes:
    """Pixel bytes of a page."""
    page = _canvas.blank(plate.height, plate.width, *_across(plate))
    paste(plate, page)
    for rect in plate.rects.tolist():
        fill(rect, page, rect[5:])
    for group in plate.groups:
        sized = atlas.at(group.size)
        if group.smooth:
            _paint_shades(sized, group, page)
        elif group.cell % 8:
            _paint_bits(group, bits(sized, group), page)
        else:
            _paint_bytes(group, bits(sized, group), page)
    return page.tobytes()


def _across(plate: Plate) -> tuple[Sequence[int], int]:
    """The first block of text where nothing but text is on the page and it is as wide as that, and how high its
    lines are."""
    if plate.groups and not len(plate.rects) and not plate.pictures:
        group = plate.groups[0]
        block, high = group.blocks[0].tolist(), group.size * group.scale
        if block[2] * group.cell * group.scale == plate.width and (block[3] == 1 or block[4] >= high):
            return block, high
    return (0, 0, 0, 0, 0), 0


def paste(plate: Plate, page: Pixels) -> None:
    """The pictures of a plate."""
    for picture in plate.pictures:
        page[picture.y : picture.y + picture.h, picture.x : picture.x + picture.w] = picture.pixels


def _paint_shades(sized: Atlas, group: Group, page: Pixels) -> None:
    """Glyphs that were coloured before, copied row by row."""
    pixels, numbers = tinted(sized, group)
    slots = numbers.astype(np.intp)
    row = page.strides[0]
    start = 0
    for x, y, cells, lines, pitch in group.blocks.tolist():
        found = np.empty((cells, group.size), dtype=pixels.dtype)
        for line in range(lines):
            pixels.take(slots[start : start + cells], axis=0, mode="clip", out=found)
            start += cells
            target: NDArray[np.void] = np.ndarray(
                (group.size, cells), pixels.dtype, page, (y + line * pitch) * row + 3 * x, (row, 3 * group.cell)
            )
            target[:] = found.T


def _paint_bytes(group: Group, rows: Pixels, page: Pixels) -> None:
    """Every byte of a row becomes eight coloured LEDs by one look-up; on large pages every two bytes sixteen."""
    pairs = group.scale == 1 and rows.shape[2] % 2 == 0 and rows.size > _MANY
    table = _color_table(group.ink, group.ground, group.scale, 2 if pairs else 1)
    words = rows.view("<u2") if pairs else rows
    flat = page.reshape(len(page), -1)
    start = 0
    for x, y, cells, lines, pitch in group.blocks.tolist():
        shape = (group.size, cells, words.shape[2])
        # a line as wide as the page lies in one piece
        straight = group.scale == 1 and cells * group.cell == page.shape[1]
        colored = np.empty(shape, dtype=table.dtype)
        painted = colored.view(np.uint8).reshape(group.size, -1)
        for line in range(lines):
            part = words[start : start + cells].transpose(1, 0, 2).astype(np.intp)
            start += cells
            top, left = y + line * pitch, 3 * x
            end = top + group.size * group.scale
            if straight:
                table.take(part, mode="clip", out=flat[top:end].view(table.dtype).reshape(shape))
                continue
            table.take(part, mode="clip", out=colored)
            for step in range(group.scale):
                flat[top + step : end : group.scale, left : left + painted.shape[1]] = painted


@lru_cache(maxsize=8)
def _color_table(ink: RGB, ground: RGB, scale: int, width: int) -> NDArray[np.void]:
    """Rows of ``width`` bytes, first in memory lowest, to the colours of their enlarged LEDs."""
    values = np.arange(256**width, dtype=f"<u{width}").view(np.uint8).reshape(-1, width)
    bits = np.unpackbits(values, axis=1).repeat(scale, axis=1)
    colors = np.array([ground, ink], dtype=np.uint8)
    return colors[bits].reshape(len(values), -1).view(f"V{24 * scale * width}").ravel()


def _paint_bits(group: Group, rows: Pixels, page: Pixels) -> None:
    """Cells that end within a byte."""
    colors = np.array([group.ground, group.ink], dtype=np.uint8)
    bits = np.unpackbits(rows, axis=2)[:, :, : group.cell]
    start = 0
    for x, y, cells, lines, pitch in group.blocks.tolist():
        for line in range(lines):
            part = bits[start : start + cells].transpose(1, 0, 2).reshape(group.size, -1)
            start += cells
            lit = part.repeat(group.scale, axis=0).repeat(group.scale, axis=1)
            top = y + line * pitch
            page[top : top + lit.shape[0], x : x + lit.shape[1]] = colors[lit]
