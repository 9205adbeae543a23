"""What to do stands first and large, and no command is cut in two."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledsign.frame import PageKind
from ledsign.notice import Notice
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render import Renderer, theme
from ledsign.render.items import Item, Run, Sheet
from render.apart import apart
from render.samples import samples

ORDERS = {
    "two commands": "立即转移!不要返回!",
    "with a place": "请立即向村小学、党群服务中心转移,不要返回家中取物!",
    "with a telephone": "四组、五组沿溪群众:请立即向村小学(二楼)转移!联系电话0000-5550119。",
    "a whole message": "因上游水库加大泄洪,预计今晚八时前后洪峰到达," * 3 + "请沿岸群众立即转移。",
    "one word": "快跑!",
}
ODD = {
    "portrait": Panel("portrait", 96, 192, ColorMode.MONO, 10, 15, 16),
    "board over a door": Panel("board", 384, 64, ColorMode.DUAL, 10, 15, 16),
    "tiny": Panel("tiny", 128, 64, ColorMode.MONO, 10, 15, 16),
}


def warning(order: str) -> Notice:
    notice = samples()["emergency"]
    assert notice.alert is not None
    return replace(
        notice, alert=replace(notice.alert, instruction=order), digest=f"{len(order):08}" + notice.digest[8:]
    )


def runs(items: tuple[Item, ...]) -> list[Run]:
    return [item for item in apart(items) if isinstance(item, Run)]


def said(sheet: Sheet) -> str:
    found = sorted(runs(sheet.items), key=lambda run: (run.y, run.x))
    return "".join("".join(map(chr, run.cells.text.cps)) for run in found)


@pytest.fixture(params=["p10-192x96-mono", "p10-320x160-mono", "p5-512x256-rgb", "hd-1920x1080-rgb", *ODD])
def renderer(request: pytest.FixtureRequest, panels: dict[str, Panel], policy: Policy, cache: Path) -> Renderer:
    return Renderer(ODD.get(request.param) or panels[request.param], policy, cache)


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_stands_on_the_first_pages_in_large_characters(renderer: Renderer, name: str) -> None:
    order = ORDERS[name]
    _, sheets = renderer.lay_out(warning(order))
    style = renderer.style(emergency=True)
    read, loud = "", []
    for sheet in sheets:
        if read.startswith(order):
            break
        read += said(sheet)
        loud.append(sheet)
    assert read.startswith(order), "whole and in order"
    if {run.h for run in runs(loud[0].items)} != {style.body.cell}:
        assert read == order, "nothing else on its pages"
        assert all(run.color == theme.WARN for sheet in loud for run in runs(sheet.items))
    for sheet in loud:
        assert sheet.kind is PageKind.EMERGENCY
        tops = {run.y for run in runs(sheet.items)}
        cells = {run.h for run in runs(sheet.items)}
        assert all(renderer.panel.arcmin(cell) >= renderer.policy.legibility.emergency_arcmin for cell in cells)
        if max(cells) > style.body.cell and style.body.columns > 12:
            assert len(tops) <= 3


def test_a_longer_order_goes_on_more_pages_rather_than_in_small_characters(
    panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    renderer = Renderer(panels["p10-192x96-mono"], policy, cache)
    wanted = {"two commands": (1, 32), "with a place": (3, 32), "with a telephone": (3, 24)}
    for name, (pages, cell) in wanted.items():
        _, sheets = renderer.lay_out(warning(ORDERS[name]))
        headline = [sheet for sheet in sheets if {run.h for run in runs(sheet.items)} == {cell}]
        assert len(headline) == pages, name
        assert "".join(said(sheet) for sheet in headline) == ORDERS[name]
    portrait = Renderer(ODD["portrait"], policy, cache)
    _, sheets = portrait.lay_out(warning(ORDERS["two commands"]))
    assert {run.h for run in runs(sheets[0].items)} == {32}
    assert len({run.y for run in runs(sheets[0].items)}) == 4, "one word a line, as no line holds a command"


def test_no_sentence_is_cut_that_a_page_holds(renderer: Renderer) -> None:
    body = samples()["paragraph"].body[0]
    sentences = ["请带好药品和证件。", "不要冒险返回家中取物!", "电话0000-5550119(全天)。", "听从村干部指挥。"]
    notice = replace(warning("立即转移!"), body=(replace(body, text="".join(sentences), indent=0),))  # type: ignore[type-var]
    layout, sheets = renderer.lay_out(notice)
    size = layout.style.body
    for sentence in sentences:
        held = layout.setter.spans(layout.setter.text(sentence), size.columns)
        if len(held) <= size.lines:
            assert any(sentence in said(sheet) for sheet in sheets), sentence
