"""Rows of a table: what is placed column by column is what the way of single cells gives."""

import random
from pathlib import Path

import pytest

from ledsign import notice as n
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render import Renderer, tablecell, tableplain
from ledsign.render.atlas import Atlas
from ledsign.render.fonts import Face
from ledsign.render.setting import Setter, Style, fitted
from ledsign.render.table import table_chunks
from render.samples import column, make

KINDS = {
    "text": ("王伟", "李小明", "", "村委会"),
    "money": ("12.50", "1,280", "", "—", "-3.5"),
    "percent": ("5%", "12.5%", "100%"),
    "int": ("1", "230", "12"),
}


def table(seed: int) -> n.Table:
    """Short cells only; some tables are wider than the panel, some have totals."""
    chance = random.Random(seed)
    kinds = chance.choices(tuple(KINDS), k=chance.choice((1, 3, 5, 12)))
    columns = tuple(
        column(f"列{number}", kind, chance.choice(("left", "center", "right")), pin=number == 1)
        for number, kind in enumerate(kinds)
    )
    rows = tuple(tuple(chance.choice(KINDS[kind]) for kind in kinds) for _ in range(chance.choice((0, 1, 2, 25))))
    foot = (tuple("9.5" for _ in kinds),) if chance.random() < 0.4 else ()
    return n.Table(columns, rows, foot=foot, caption=chance.choice(("", "发放名单")))


def pixels(renderer: Renderer, body: n.Table, digest: str) -> list[tuple[bytes, float]]:
    renderer.forget(digest)
    return [(page.pixels, page.dwell_s) for page in renderer.render(make(body, digest=digest)).pages]


@pytest.mark.parametrize("name", ["p10-192x96-mono", "p8-320x160-rgb", "p5-512x256-rgb"])
def test_both_ways_give_the_same_pages(
    panels: dict[str, Panel], policy: Policy, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    renderer = Renderer(panels[name], policy, cache)
    plain, decide = list[bool](), tableplain._is_plain

    def noted(contents: tablecell.Contents) -> bool:
        plain.append(decide(contents))
        return plain[-1]

    for seed in range(40):
        body = table(seed)
        monkeypatch.setattr(tableplain, "_is_plain", noted)
        quickly = pixels(renderer, body, str(seed))
        monkeypatch.setattr(tableplain, "_is_plain", lambda contents: False)
        assert quickly == pixels(renderer, body, str(seed)), seed
    assert plain.count(True) > len(plain) // 2


@pytest.mark.parametrize(("text", "dense_px"), [("甲\u200b", 0), ("甲 \u200b", 0), ("齉", 24)])
def test_a_dropped_or_dense_character_takes_the_long_way(
    atlas: Atlas, policy: Policy, monkeypatch: pytest.MonkeyPatch, text: str, dense_px: int
) -> None:
    size = fitted(320, 160, Face())
    style = Style(size, size, size, ColorMode.MONO, 320, 160, policy.dwell)
    monkeypatch.setattr(tableplain, "_plain", None)
    columns, rows = (column("名"), column("数", "int")), ((text, "1"), ("乙", "2"))
    _, chunks = table_chunks(n.Table(columns, rows), Setter(atlas, dense_px), style)
    assert len(chunks) == 3
