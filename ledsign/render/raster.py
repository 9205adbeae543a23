"""Plates to pixels. One gather from the atlas for all text of a size and colour, then whole blocks of lines are
written at once: lines on whole bytes as they are, others eight LEDs at a time at any x.

Where ``kernel.c`` was compiled it places the rows, with the same bytes as what is written here with numpy. On
mono and dual pages everything is ORed; on full-colour pages later things cover earlier ones.
"""

from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.panel import ColorMode
from ledsign.render.atlas import Atlas
from ledsign.render.gather import bits, tinted
from ledsign.render.kernel import kernel
from ledsign.render.painting import Pixels, colored, fill, paste
from ledsign.render.plate import Group, Plate

_SPREAD: Final = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).view(np.uint64).ravel()
"""Eight bits to eight bytes of 0 or 1, leftmost first in memory."""
_KERNEL_SCALE: Final = 7  # the largest that the kernel's tables hold
_PLANES: Final = {ColorMode.MONO: (0,), ColorMode.DUAL: (0, 1)}
_WORDS: Final = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}

Text: TypeAlias = tuple[Group, Pixels]
"""A group and the rows of its cells, ``(cells, rows, bytes of a row)``."""


def compose(atlas: Atlas, plate: Plate, mode: ColorMode) -> bytes:
    """Pixel bytes of a page in the form ``frame.Page`` defines."""
    compiled = kernel()
    if compiled is not None and plate.most_scale <= _KERNEL_SCALE:
        return _compiled(compiled, atlas, plate, mode)
    if mode is ColorMode.RGB:
        return colored(atlas, plate)
    texts = [(group, bits(atlas.at(group.size), group)) for group in plate.groups]
    return b"".join([_plane(plate, _lit(texts, plane), plane) for plane in _PLANES[mode]])


def _compiled(compiled: ModuleType, atlas: Atlas, plate: Plate, mode: ColorMode) -> bytes:
    """The same by the kernel, which gathers full-width glyphs on its own."""
    rects = plate.rects if len(plate.rects) else None
    width, height = plate.width, plate.height
    if mode is ColorMode.RGB:
        ground = np.zeros((height, width, 3), dtype=np.uint8) if plate.pictures else None
        if ground is not None:
            paste(plate, ground)
        page: bytes = compiled.colored(width, height, ground, rects, [_ready(atlas, group) for group in plate.groups])
        return page
    planes = []
    for plane in _PLANES[mode]:
        base = None
        if plate.pictures:
            canvas = np.zeros((height, width), dtype=np.uint8)
            _pictures(plate, canvas, plane)
            base = np.packbits(canvas, axis=1)
        texts = []
        for group in plate.groups:
            if group.ground[plane]:
                for _, rows in _lit([(group, bits(atlas.at(group.size), group))], plane):
                    texts.append(_ready(atlas, group, rows))
            elif group.ink[plane]:
                texts.append(group.ready or _ready(atlas, group))
        planes.append(compiled.bits(width, height, base, rects, texts, plane))
    return planes[0] if len(planes) == 1 else b"".join(planes)


def _ready(atlas: Atlas, group: Group, rows: Pixels | None = None) -> tuple[Any, ...]:
    """A text in the form the kernel takes; kept where it holds no copy of the glyphs."""
    if group.smooth:
        pixels, slots = tinted(atlas.at(group.size), group)
        return _argument(group, pixels.view(np.uint8), slots, 3 * group.cell, packed=0)
    if rows is None and (group.wide or group.own):
        if group.ready is None:
            sized = atlas.at(group.size)
            halves = None if group.wide else sized.half.data
            stride = (group.size + 7) // 8 if group.wide else sized.stride
            group.ready = _argument(group, sized.full.data, group.ids, stride, halves, sized.whole)
        return group.ready
    if rows is None:
        rows = bits(atlas.at(group.size), group)
    return _argument(group, rows, None, rows.shape[2])


def _argument(
    group: Group, store: object, ids: object, stride: int, halves: object = None, whole: int = 0, packed: int = 8
) -> tuple[Any, ...]:
    (r, g, b), (dark_r, dark_g, dark_b) = group.ink, group.ground
    return (
        store, ids, group.blocks, group.size, stride, group.cell, group.scale,
        r << 16 | g << 8 | b, dark_r << 16 | dark_g << 8 | dark_b, halves, whole, packed,
    )  # fmt: skip


# ---- one bit a LED ------------------------------------------------------------------------------------------


def _lit(texts: Sequence[Text], plane: int) -> list[Text]:
    """What the text lights in one plane; dark letters on a lit ground are turned over."""
    lit = []
    for group, rows in texts:
        ink, ground = group.ink[plane] > 0, group.ground[plane] > 0
        if ground:
            whole = np.packbits(np.arange(8 * rows.shape[2]) < group.cell)
            lit.append((group, rows ^ whole if not ink else np.broadcast_to(whole, rows.shape).copy()))
        elif ink:
            lit.append((group, rows))
    return lit


def _plane(plate: Plate, texts: Sequence[Text], plane: int) -> bytes:
    page = np.zeros((plate.height, (plate.width + 7) // 8), dtype=np.uint8)
    aside: list[Text] = []
    fresh = True
    for group, rows in texts:
        places = group.blocks.tolist()
        if group.cell * group.scale % 8 or any(place[0] % 8 for place in places):
            aside.append((group, rows))
            continue
        _write_on_bytes(group, places, _wider(rows, group), page, fresh=fresh)
        fresh = False
    if aside or len(plate.rects) or plate.pictures:
        # room for the last cell's eight LEDs beyond the right edge
        canvas = np.zeros((plate.height, page.shape[1] * 8 + 8), dtype=np.uint8)
        _pictures(plate, canvas, plane)
        for rect in plate.rects.tolist():
            if rect[5 + plane]:
                fill(rect, canvas, 1)
        for group, rows in aside:
            _write_anywhere(group, _wider(rows, group), canvas)
        page |= np.packbits(canvas[:, :-8], axis=1)
    return page.tobytes()


def _pictures(plate: Plate, canvas: Pixels, plane: int) -> None:
    for picture in plate.pictures:
        area = canvas[picture.y : picture.y + picture.h, picture.x : picture.x + picture.w]
        area |= picture.pixels >> plane & 1


@cache
def _wide_table(scale: int) -> Pixels:
    """Bytes to ``scale`` bytes, each bit repeated."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return np.packbits(bits.repeat(scale, axis=1), axis=1)


def _wider(rows: Pixels, group: Group) -> Pixels:
    """The rows of enlarged cells, each once: ``(cells, rows, bytes of an enlarged row)``."""
    if group.scale == 1:
        return rows
    wide = _wide_table(group.scale)[rows].reshape(len(rows), group.size, -1)
    return np.ascontiguousarray(wide[:, :, : (group.cell * group.scale + 7) // 8])


def _write_on_bytes(
    group: Group, places: Sequence[Sequence[int]], rows: Pixels, page: Pixels, *, fresh: bool
) -> None:
    """Blocks whose cells begin and end on whole bytes; the first on an empty page is only copied."""
    high, cell = rows.shape[1:]
    across = page.shape[1]
    start = 0
    for x, y, cells, lines, pitch in places:
        part = rows[start : start + cells * lines]
        start += cells * lines
        offset = y * across + x // 8
        size = cell if cell in _WORDS and offset % cell == 0 and across % cell == 0 else 1
        word = _WORDS[size]
        block = part.view(word).reshape(lines, cells, high, cell // size).transpose(0, 2, 1, 3)
        for step in range(group.scale):
            target = np.ndarray(
                (lines, high, cells, cell // size), word, page, offset + step * across,
                (pitch * across, group.scale * across, cell, size),
            )  # fmt: skip
            if fresh:
                target[:] = block
            else:
                target |= block
        fresh = False


def _write_anywhere(group: Group, rows: Pixels, canvas: Pixels) -> None:
    """All cells at any x: eight LEDs are one unaligned 64-bit word of the canvas."""
    x, y = _places(group)
    height, width = canvas.shape
    view: NDArray[np.uint64] = np.ndarray((height, width - 7), np.uint64, canvas, 0, (width, 1))
    words = _SPREAD[rows]
    down = y[:, None, None] + np.arange(group.size)[:, None] * group.scale
    along = x[:, None, None] + np.arange(rows.shape[2]) * 8
    down, along = np.broadcast_arrays(down, along)
    for step in range(group.scale):
        _or_words(view, down + step, along, words)


def _or_words(
    view: NDArray[np.uint64], down: NDArray[np.intp], along: NDArray[np.intp], words: NDArray[np.uint64]
) -> None:
    """``view[down, along] |= words``, also where words overlap and numpy would keep the last only."""
    view[down, along] |= words
    lost = (view[down, along] & words) != words
    while lost.any():
        down, along, words = down[lost], along[lost], words[lost]
        view[down, along] |= words
        lost = (view[down, along] & words) != words


def _places(group: Group) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """x and y of each cell."""
    xs, ys = [], []
    for x, y, cells, lines, pitch in group.blocks.tolist():
        xs.append(np.tile(x + np.arange(cells) * group.cell * group.scale, lines))
        ys.append(np.repeat(y + np.arange(lines) * pitch, cells))
    return np.concatenate(xs), np.concatenate(ys)
