"""Placed items to pixels: one gather from the atlas for all text of a scale, then block writes.

A mono page keeps two surfaces: whole bytes for text on the 8 LED grid (no shifting, no packing) and one byte
per LED for everything else; they are ORed at the end. Colour pages have only the second.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.panel import ColorMode
from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import CODEPOINT, cells, shape
from ledsign.render.items import Item, Picture, Rect, Run

_SPREAD: Final = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).view(np.uint64).ravel()
"""Eight bits to eight bytes of 0 or 1, leftmost first in memory."""
_ONES: Final = 0x0101010101010101

Pixels = NDArray[np.uint8]
Word = TypeVar("Word", np.uint8, np.uint16)


def compose(
    atlas: Atlas,
    items: Sequence[Item],
    width: int,
    height: int,
    mode: ColorMode,
    palette: Sequence[tuple[int, int, int]],
) -> bytes:
    """Pixel bytes of a page in the form ``frame.Page`` defines. Raises RenderError when an item sticks out."""
    for item in items:
        if item.x < 0 or item.y < 0 or item.x + item.w > width or item.y + item.h > height:
            raise RenderError(f"{type(item).__name__} at {item.x},{item.y} sticks out of {width}x{height}")
    if mode is ColorMode.MONO:
        return _mono(atlas, items, width, height)
    canvas = np.zeros((height, width), dtype=np.uint8)
    _draw(atlas, items, canvas)
    if mode is ColorMode.DUAL:
        light = np.array([[r > 0, g > 0] for r, g, _ in palette], dtype=np.uint8)
        return b"".join(np.packbits(light[:, plane][canvas], axis=1).tobytes() for plane in (0, 1))
    page = _colored(canvas, palette)
    for item in items:
        if isinstance(item, Picture) and item.pixels.ndim == 3:
            page[item.y : item.y + item.h, item.x : item.x + item.w] = item.pixels
    return page.tobytes()


def _colored(canvas: Pixels, palette: Sequence[tuple[int, int, int]]) -> Pixels:
    """Ink numbers to sRGB: a byte table for each channel is several times faster than indexing a palette."""
    page = np.empty((*canvas.shape, 3), dtype=np.uint8)
    flat = canvas.tobytes()
    for channel in range(3):
        table = bytes(color[channel] for color in palette).ljust(256, b"\0")
        page[:, :, channel] = np.frombuffer(flat.translate(table), np.uint8).reshape(canvas.shape)
    return page


def text_page(atlas: Atlas, lines: Sequence[str], width: int, height: int, pitch: int = 16) -> bytes:
    """A mono page of left-aligned lines of 16 LED text, the first at the top edge.

    A page of full-width characters is one table look-up and one gather, whatever it says. Raises RenderError
    when the lines do not fit.
    """
    columns = width // 16
    text = "".join(lines)
    if len(text) != columns * len(lines):
        text = "".join([line.ljust(columns, "\u3000") for line in lines])
    cps = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), CODEPOINT)
    glyphs = atlas.lut.take(cps, mode="clip")  # beyond the table: its last entry, the missing box
    fits = len(cps) == columns * len(lines) > 0 and (len(lines) - 1) * pitch + 16 <= height and not width % 16
    if not fits or np.maximum.reduce(glyphs) >= atlas.plain:
        runs = [Run(0, n * pitch, 1, 1, cells(shape(atlas, line))) for n, line in enumerate(lines)]
        return compose(atlas, runs, width, height, ColorMode.MONO, ())
    block = atlas.full.take(glyphs >> 4, axis=0, mode="clip").reshape(len(lines), columns, 16).transpose(0, 2, 1)
    if pitch == 16 and len(lines) * 16 == height:
        return block.tobytes()
    page = np.zeros((height, columns), dtype=np.uint16)
    _lines(page, 0, len(lines), pitch)[:] = block
    return page.tobytes()


def _mono(atlas: Atlas, items: Sequence[Item], width: int, height: int) -> bytes:
    grid: list[Run] = []
    rest: list[Item] = []
    for item in items:
        on_grid = isinstance(item, Run) and item.scale == 1 and not item.x % 8 and not item.ground
        if on_grid and isinstance(item, Run):
            grid.append(item)
        else:
            rest.append(item)
    packed = np.zeros((height, (width + 7) // 8), dtype=np.uint8)
    if grid:
        _write_grid(_gather(atlas, grid), grid, packed)
    if rest:
        canvas = np.zeros((height, width), dtype=np.uint8)
        _draw(atlas, rest, canvas)
        packed |= np.packbits(canvas != 0, axis=1)
    return packed.tobytes()


def _gather(atlas: Atlas, runs: Sequence[Run]) -> Pixels:
    """``(n, 16)`` rows of all half cells of the runs in order, combining marks laid over."""
    ids = runs[0].cells.ids if len(runs) == 1 else np.concatenate([run.cells.ids for run in runs])
    rows = atlas.rows(ids)
    start = 0
    for run in runs:
        for position, cell in run.cells.marks:
            rows[start + position] |= atlas.rows(np.array([cell], dtype=np.uint32))[0]
        start += len(run.cells.ids)
    return rows


def _write_grid(rows: Pixels, runs: Sequence[Run], packed: Pixels) -> None:
    """Lines of equal length below each other at equal distance go down in one write."""
    start = index = 0
    while index < len(runs):
        first = runs[index]
        cols, lines, pitch = len(first.cells.ids), 1, 16
        while index + lines < len(runs):
            run, before = runs[index + lines], runs[index + lines - 1]
            step = run.y - before.y
            if run.x != first.x or len(run.cells.ids) != cols or step < 16 or (lines > 1 and step != pitch):
                break
            pitch, lines = step, lines + 1
        x = first.x // 8
        block = rows[start : start + cols * lines].reshape(lines, cols, 16).transpose(0, 2, 1)
        target = _lines(packed, first.y, lines, pitch)[:, :, x : x + cols]
        target |= block
        start += cols * lines
        index += lines


def _lines(surface: NDArray[Word], y: int, lines: int, pitch: int) -> NDArray[Word]:
    """A writable view of ``lines`` text lines, 16 rows each, ``pitch`` apart."""
    down, across = surface.strides
    return np.lib.stride_tricks.as_strided(
        surface[y:], (lines, 16, surface.shape[1]), (down * pitch, down, across), writeable=True
    )


def _draw(atlas: Atlas, items: Iterable[Item], canvas: Pixels) -> None:
    """Everything on a canvas of ink numbers, text last."""
    scales: dict[int, list[Run]] = {}
    for item in items:
        if isinstance(item, Run):
            scales.setdefault(item.scale, []).append(item)
        elif isinstance(item, Rect):
            _fill(item, canvas)
        elif item.pixels.ndim == 2:
            canvas[item.y : item.y + item.h, item.x : item.x + item.w] = item.pixels
    for scale, runs in scales.items():
        if scale == 1:
            _scatter(_gather(atlas, runs), runs, canvas)
        else:
            _enlarge(_gather(atlas, runs), runs, scale, canvas)


def _fill(rect: Rect, canvas: Pixels) -> None:
    area = canvas[rect.y : rect.y + rect.h, rect.x : rect.x + rect.w]
    if not rect.dotted:
        area[:] = rect.color
        return
    # one lattice for the whole page, so that crossing rules meet in a dot
    down, across = np.ogrid[rect.y : rect.y + rect.h, rect.x : rect.x + rect.w]
    area[(down + across) % 2 == 0] = rect.color


def _scatter(rows: Pixels, runs: Sequence[Run], canvas: Pixels) -> None:
    """All half cells at any x: eight LEDs are one unaligned 64-bit word of the canvas."""
    lengths = np.array([len(run.cells.ids) for run in runs], dtype=np.intp)
    first = np.array([run.x for run in runs], dtype=np.intp)
    ends = np.cumsum(lengths)
    x = np.repeat(first - (ends - lengths) * 8, lengths) + np.arange(len(rows)) * 8
    y = np.repeat(np.array([run.y for run in runs], dtype=np.intp), lengths)
    ink = np.array([run.color ^ run.ground for run in runs], dtype=np.uint64)
    ground = np.array([run.ground * _ONES for run in runs], dtype=np.uint64)
    words = _SPREAD[rows] * np.repeat(ink, lengths)[:, None] ^ np.repeat(ground, lengths)[:, None]
    height, width = canvas.shape
    view: NDArray[np.uint64] = np.ndarray((height, width - 7), np.uint64, canvas, 0, (width, 1))
    view[y[:, None] + np.arange(16), x[:, None]] = words


def _enlarge(rows: Pixels, runs: Sequence[Run], scale: int, canvas: Pixels) -> None:
    """Text drawn with ``scale`` x ``scale`` LEDs a dot."""
    start = 0
    for run in runs:
        count = len(run.cells.ids)
        bits = np.unpackbits(rows[start : start + count].T, axis=1)
        dots = bits.repeat(scale, axis=0).repeat(scale, axis=1)
        canvas[run.y : run.y + run.h, run.x : run.x + run.w] = dots * (run.color ^ run.ground) ^ run.ground
        start += count
