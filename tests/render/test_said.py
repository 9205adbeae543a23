"""The words of a page: lines in reading order, whatever they were drawn with."""

import numpy as np

from ledsign import notice as n
from ledsign.frame import PixelFormat
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render.glyphs import cells, shape
from ledsign.render.items import Item, Lines, Rect, Run
from ledsign.render.pack import pack, size
from ledsign.render.pages import Renderer
from ledsign.render.said import said
from render.samples import NARROW, make


def words(renderer: Renderer, text: str, x: int, y: int, height: int = 16) -> Run:
    return Run(x, y, 1, 1, cells(shape(renderer.atlas, text)), 0, height)


def test_lines_from_top_to_bottom_and_side_by_side(panels: dict[str, Panel], policy: Policy) -> None:
    renderer = Renderer(panels["p10-192x96-mono"], policy)
    table = shape(renderer.atlas, "面积12.5亩")
    items: list[Item] = [
        words(renderer, "右边", 100, 20),
        words(renderer, "左", 0, 20),
        words(renderer, "大字", 32, 12, 24),  # stands on the same line, larger
        Rect(0, 40, 192, 1, 1),
        words(renderer, "题目", 0, 0),
        Lines(np.array([0, 60]), np.array([50, 50]), np.array([2, 5]), table, 16, 1, 1),
        words(renderer, "a", 0, 70),
        words(renderer, "b", 8, 70),  # touches: one word
    ]
    assert said(items) == ("题目", "左 大字 右边", "面积 12.5亩", "ab")
    assert said([Rect(0, 0, 9, 9, 1)]) == ()


def test_a_page_says_its_text_without_the_band(panels: dict[str, Panel], policy: Policy) -> None:
    notice = make(n.Paragraph("明日8时至12时停水。", "left", 0), NARROW, title="停水通知")
    renderer = Renderer(panels["p10-192x96-mono"], policy, words=True)
    pages = renderer.render(notice).pages
    lines = [line for page in pages for line in page.text]
    assert lines[0] == "停水通知"
    assert "明日8时至12时停水。" in lines
    assert not any("1/" in line for line in lines)
    assert renderer.safe_page(("村务公开", "请看公告栏")).text == ("村务公开", "请看公告栏")
    silent = Renderer(panels["p10-192x96-mono"], policy).render(notice).pages
    assert [page.sha256 for page in silent] == [page.sha256 for page in pages]  # the same pixels
    assert {page.text for page in silent} == {()}


def test_a_text_frame_is_known_by_its_words(panels: dict[str, Panel], policy: Policy) -> None:
    renderer = Renderer(panels["p10-192x96-mono"], policy, words=True)
    page, other = renderer.safe_page(("村务公开",)), renderer.safe_page(("村 务公开",))
    frame = pack(page, PixelFormat.TEXT)
    assert frame.data.decode() == "村务公开"
    assert size(page, PixelFormat.TEXT) == len(frame.data)
    assert frame.page_sha256 == page.identity(PixelFormat.TEXT) != page.sha256 == page.identity(PixelFormat.PLANES_1)
    assert page.words_sha256 != other.words_sha256
