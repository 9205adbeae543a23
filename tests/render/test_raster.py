"""Plates to pixels: numpy and the compiled kernel against a slow drawing of one LED after the other."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.panel import ColorMode
from ledsign.render import raster, theme
from ledsign.render.atlas import SIZES, Atlas
from ledsign.render.glyphs import cells, shape
from ledsign.render.items import Item, Picture, Rect, Run
from ledsign.render.kernel import kernel
from ledsign.render.plate import plate

TEXTS = ("村务公开", "abc 12.50元", "é̂x̌ä́", "公示：1,280.50", "㐀𠀀龘", "", "一", "\U0010fffd甲", "x̂")
MODES = tuple(ColorMode)


@pytest.fixture(params=["numpy", "kernel"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Either way of drawing; the kernel only where it was compiled."""
    if request.param == "numpy":
        monkeypatch.setenv("LEDSIGN_KERNEL", "0")
    else:
        monkeypatch.delenv("LEDSIGN_KERNEL", raising=False)
    kernel.cache_clear()
    if request.param == "kernel" and kernel() is None:
        pytest.skip("no compiled kernel here")
    yield request.param
    monkeypatch.undo()
    kernel.cache_clear()


def page(atlas: Atlas, items: list[Item], width: int, height: int, mode: ColorMode) -> bytes:
    return raster.compose(atlas, plate(atlas, items, width, height, mode, theme.palette(mode)), mode)


def bitmap(atlas: Atlas, run: Run) -> NDArray[np.bool_]:
    """The run's dots, cell by cell."""
    own = atlas.at(run.size)
    row = []
    for cell in run.cells.ids.tolist():
        rows = own.rows(np.array([cell], dtype=np.uint32)).reshape(run.size, -1)
        row.append(np.unpackbits(rows, axis=1)[:, : run.size // 2])
    for position, cell in run.cells.marks:
        rows = own.rows(np.array([cell], dtype=np.uint32)).reshape(run.size, -1)
        row[position] = row[position] | np.unpackbits(rows, axis=1)[:, : run.size // 2]
    dots = np.concatenate(row, axis=1) if row else np.zeros((run.size, 0), np.uint8)
    return dots.repeat(run.scale, axis=0).repeat(run.scale, axis=1) > 0


def slowly(atlas: Atlas, items: list[Item], width: int, height: int, mode: ColorMode) -> bytes:
    """The page as its definition has it: pictures, boxes, text; light is added but on full-colour pages."""
    inks = np.array(theme.palette(mode), dtype=np.uint8)
    leds = np.zeros((height, width, 3), dtype=np.uint8)
    covers = mode is ColorMode.RGB

    def put(y: int, x: int, color: NDArray[np.uint8]) -> None:
        leds[y, x] = color if covers else leds[y, x] | color

    for item in (item for item in items if isinstance(item, Picture)):
        for y, x in np.ndindex(item.h, item.w):
            value = item.pixels[y, x]
            put(item.y + y, item.x + x, value if item.pixels.ndim == 3 else inks[value])
    for item in (item for item in items if isinstance(item, Rect)):
        for y, x in np.ndindex(item.h, item.w):
            if not item.dotted or (item.x + x + item.y + y) % 2 == 0:
                put(item.y + y, item.x + x, inks[item.color])
    for item in (item for item in items if isinstance(item, Run)):
        for (y, x), lit in np.ndenumerate(bitmap(atlas, item)):
            put(item.y + y, item.x + x, inks[item.color if lit else item.ground])
    if covers:
        return leds.tobytes()
    planes = [0] if mode is ColorMode.MONO else [0, 1]
    return b"".join(np.packbits(leds[:, :, plane] > 0, axis=1).tobytes() for plane in planes)


def scattered(atlas: Atlas, seed: int, width: int, height: int, mode: ColorMode) -> list[Item]:
    """Items at random places; on full-colour pages texts do not overlap, for there the order decides."""
    chance = random.Random(seed)
    items: list[Item] = []
    taken = np.zeros((height, width), np.bool_)
    for _ in range(40):
        size, scale = chance.choice(SIZES[:4]), chance.choice((1, 1, 1, 2, 3))
        text = shape(atlas, chance.choice(TEXTS))
        ink, ground = chance.choice(((theme.TEXT, 0), (theme.WARN, 0), (theme.TITLE, 0), (0, theme.BAND)))
        run = Run(0, 0, scale, ink, cells(text), ground, size)
        if run.w > width or run.h > height:
            continue
        grid = chance.choice((1, 8))
        x, y = chance.randrange(0, width - run.w + 1, grid), chance.randrange(height - run.h + 1)
        if mode is ColorMode.RGB and taken[y : y + run.h, x : x + run.w].any():
            continue
        taken[y : y + run.h, x : x + run.w] = True
        items.append(run.moved(x, y))
    for _ in range(6):
        w, h = chance.randrange(1, width), chance.choice((1, 2, 9))
        x, y = chance.randrange(width - w + 1), chance.randrange(height - h + 1)
        items.append(Rect(x, y, w, h, theme.RULE, dotted=chance.random() < 0.5))
    noise = np.random.default_rng(seed)
    if mode is ColorMode.RGB:
        items.append(Picture(3, 5, noise.integers(0, 256, (20, 31, 3), dtype=np.uint8)))
    items.append(Picture(width - 30, 1, noise.integers(0, 12, (17, 29), dtype=np.uint8)))
    return items


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(12))
def test_any_items_anywhere(atlas: Atlas, way: str, mode: ColorMode, seed: int) -> None:
    width, height = (203, 97) if seed % 2 else (256, 128)
    items = scattered(atlas, seed, width, height, mode)
    assert page(atlas, items, width, height, mode) == slowly(atlas, items, width, height, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("x", [0, 8, 3])
def test_a_page_of_lines(atlas: Atlas, way: str, mode: ColorMode, size: int, x: int) -> None:
    """Equal lines below each other are written as one block."""
    lines = ("村务公开栏目财务", "党务公开栏目事务", "民生实事项目进展")
    items: list[Item] = [
        Run(x, number * (size + 3), 1, theme.TEXT, cells(shape(atlas, line)), 0, size)
        for number, line in enumerate(lines)
    ]
    width, height = 8 * size + 8, 3 * size + 6
    made = plate(atlas, items, width, height, mode, theme.palette(mode))
    assert [len(group.blocks) for group in made.groups] == [1]
    assert raster.compose(atlas, made, mode) == slowly(atlas, items, width, height, mode)


def test_what_sticks_out_is_refused(atlas: Atlas) -> None:
    text = cells(shape(atlas, "村"))
    boxes = Rect(-1, 0, 4, 4, 1), Rect(0, 0, 33, 4, 1), Rect(0, 13, 4, 4, 1)
    for item in (*boxes, Run(17, 0, 1, 1, text), Run(0, 1, 1, 1, text)):
        with pytest.raises(RenderError, match="sticks out"):
            page(atlas, [item], 32, 16, ColorMode.MONO)


def test_kernel_refuses_what_does_not_fit() -> None:
    compiled = kernel()
    if compiled is None:
        pytest.skip("no compiled kernel here")
    rows = np.zeros((1, 16, 2), np.uint8)
    for block in ([17, 0, 1, 1, 0], [0, 1, 1, 1, 0], [-1, 0, 1, 1, 0], [0, 0, 2, 1, 0], [0, 0, 1, 2, 0]):
        text = (rows, None, np.array([block], np.int32), 16, 2, 16, 1, 0xFFFFFF, 0, None, 0, 8)
        with pytest.raises(ValueError, match="fit"):
            compiled.bits(32, 16, None, None, [text], 0)
        with pytest.raises(ValueError, match="fit"):
            compiled.colored(32, 16, None, None, [text])
    place, halves = np.array([[0, 0, 1, 1, 0]], np.int32), np.zeros((3, 16, 1), np.uint8)
    text = (rows, np.array([1], np.uint32), place, 16, 2, 16, 1, 0xFFFFFF, 0, None, 0, 8)
    with pytest.raises(ValueError, match="fit"):
        compiled.bits(32, 16, None, None, [text], 0)
    for number, there in ((0, True), (1, True), (2, False), (9, False), (10, True), (12, True), (13, False)):
        ids = np.array([number], np.uint32)
        text = (rows, ids, place, 16, 1, 8, 1, 0xFFFFFF, 0, halves, 10, 8)  # two sides, from 10 on three halves
        if there:
            assert compiled.bits(32, 16, None, None, [text], 0) == bytes(64)
            continue
        with pytest.raises(ValueError, match="fit"):
            compiled.bits(32, 16, None, None, [text], 0)
    text = (np.ones((1, 16, 48), np.uint8), None, place, 16, 48, 16, 1, 0xFFFFFF, 0, None, 0, 0)  # ready colours
    assert compiled.colored(32, 16, None, None, [text]) == (bytes((1,) * 48) + bytes(48)) * 16
    for wrong in ((*text[:6], 2, *text[7:]), (*text[:4], 2, *text[5:]), (*text[:-1], 4)):
        with pytest.raises(ValueError, match="fit"):
            compiled.colored(32, 16, None, None, [wrong])
    with pytest.raises(ValueError, match="fit"):
        compiled.bits(32, 16, None, None, [text], 0)
    with pytest.raises(ValueError, match="fit"):
        compiled.bits(32, 16, None, np.array([[0, 0, 33, 1, 0, 1, 1, 1]], np.int32), [], 0)
    with pytest.raises(ValueError, match="as large"):
        compiled.bits(32, 16, b"", None, [], 0)


@pytest.mark.parametrize("mode", MODES)
def test_a_block_as_wide_as_the_page_leaves_nothing_of_the_page_before(
    atlas: Atlas, way: str, mode: ColorMode
) -> None:
    """It is written without clearing what lies below it."""
    for size, top, pitch, width in ((16, 3, 19, 64), (16, 0, 16, 64), (32, 5, 40, 128), (16, 3, 19, 68)):
        text = cells(shape(atlas, "村务公开"))
        items: list[Item] = [Run(0, top + pitch * n, 1, theme.TEXT, text, 0, size) for n in range(3)]
        more = Run(0, 130, 1, theme.TITLE, cells(shape(atlas, "村A")), 0, 16)
        for wanted in (items, [*items, more], items):
            made = plate(atlas, wanted, width, 150, mode, theme.palette(mode))
            assert raster.compose(atlas, made, mode) == slowly(atlas, wanted, width, 150, mode)
