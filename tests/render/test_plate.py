"""What a page draws together: numpy and the compiled kernel settle it alike."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from ledsign.errors import RenderError
from ledsign.panel import ColorMode
from ledsign.render import theme
from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import cells, joined, shape
from ledsign.render.items import Item, Lines, Run
from ledsign.render.kernel import kernel
from ledsign.render.linebreak import effort_sums
from ledsign.render.plate import Group, plate

TEXTS = ("村务公开", "张三", "A1村务公开", "12.50", "，", "é", "x̂一", "")


@contextmanager
def switched(monkeypatch: pytest.MonkeyPatch, switch: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("LEDSIGN_KERNEL", switch)
        kernel.cache_clear()
        yield
    kernel.cache_clear()


def scattered(atlas: Atlas, chance: random.Random) -> list[Item]:
    """Lines and runs, many of them below each other, of one colour."""
    items: list[Item] = []
    for _ in range(chance.randrange(1, 5)):
        texts = [shape(atlas, chance.choice(TEXTS[: chance.choice((2, len(TEXTS)))])) for _ in range(9)]
        texts = [text for text in texts if len(text)]
        x = np.array([chance.choice((0, 0, 0, 40)) for _ in texts])
        y = np.cumsum([chance.choice((16, 16, 20, 3)) for _ in texts])
        counts = np.array([len(text) for text in texts])
        items.append(Lines(x, y, counts, joined(texts), 16, 1, theme.TEXT))
        items.append(Run(chance.randrange(90), chance.randrange(90), 1, theme.TEXT, cells(shape(atlas, "公开"))))
    return items


def groups(atlas: Atlas, items: list[Item]) -> tuple[Group, ...]:
    return plate(atlas, items, 320, 256, ColorMode.MONO, theme.palette(ColorMode.MONO)).groups


def test_lines_are_settled_as_numpy_does(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel() is None:
        pytest.skip("no compiled kernel here")
    kinds = set()
    for seed in range(60):
        items = scattered(atlas, random.Random(seed))
        found = []
        for switch in ("0", "1"):
            with switched(monkeypatch, switch):
                found.append(groups(atlas, items))
        for one, other in zip(*found, strict=True):
            assert one.ids.tolist() == other.ids.tolist()
            assert one.blocks.tolist() == other.blocks.tolist()
            assert one.wide is other.wide
            kinds.add((one.wide, other.own, one.marks is not None, bool((one.blocks[:, 3] > 1).any())))
    assert len(kinds) > 3


@pytest.mark.parametrize("switch", ["0", "1"])
@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (257, 0), (0, 241)])
def test_a_line_that_sticks_out_is_refused(
    atlas: Atlas, monkeypatch: pytest.MonkeyPatch, switch: str, x: int, y: int
) -> None:
    text = joined([shape(atlas, "村务公开"), shape(atlas, "村务公开")])
    lines = Lines(np.array([3, x]), np.array([3, y]), np.array([4, 4]), text, 16, 1, theme.TEXT)
    with switched(monkeypatch, switch), pytest.raises(RenderError, match="sticks out"):
        groups(atlas, [lines])


def test_kernel_refuses_lines_that_do_not_match(atlas: Atlas) -> None:
    compiled = kernel()
    if compiled is None:
        pytest.skip("no compiled kernel here")
    text = shape(atlas, "村务公开")
    two, page = np.array([1, 3]), (1 << 20, 1 << 20, 16, 1, 320, 160)
    assert compiled.settle([(text.glyphs, text.advance, two, two, two)], *page) is not None
    for counts in (np.array([1]), np.array([-1, 5]), np.array([1, 4]), np.array([1, 2]), np.array([1, 2, 1])):
        with pytest.raises(ValueError, match="as many"):
            compiled.settle([(text.glyphs, text.advance, counts, two, two)], *page)
    with pytest.raises(ValueError, match="as many"):
        compiled.settle([(text.glyphs, text.advance[1:], None, 0, 0)], *page)
    with pytest.raises(ValueError, match="as many"):
        compiled.tally(text.cps, text.advance[1:], np.zeros(9, np.uint8))


def test_efforts_add_up_alike(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shape(atlas, "，村A1。 \u3000e\u0301\U00020000" + "".join(map(chr, range(0x20, 0x3100))))
    found = []
    for switch in ("0", "1"):
        with switched(monkeypatch, switch):
            found.append(effort_sums(text).tolist())
    assert found[0] == found[1]
    assert found[0][:7] == [0, 1, 5, 7, 9, 10, 10]
