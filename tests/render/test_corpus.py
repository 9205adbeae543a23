"""All reference notices on all panels: nothing raises, everything fits, rows are all there."""

import hashlib
import re
from collections.abc import Iterable
from functools import cache as once
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ledsign.frame import PageKind
from ledsign.notice import AssetReader, Image, Notice, Qr, Table, Urgency, no_assets
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import Renderer
from ledsign.render.band import Band
from ledsign.render.grid import grid
from ledsign.render.items import Item, Run, Sheet
from ledsign.render.pack import channels
from ledsign.render.setting import Setter
from render.apart import apart

parse = pytest.importorskip("ledsign.feed.parse")


@once
def notices(corpus: Path) -> dict[str, Notice]:
    """Parsed once for all tests of this module."""
    files = [file for file in sorted(corpus.glob("p*.json")) if re.match(r"p\d\d-", file.name)]
    return {file.stem: parse.parse_notice(parse.parse_json(file.read_bytes())) for file in files}


PANELS = [
    "p10-192x96-mono", "p10-320x160-mono", "p10-256x128-dual", "p8-320x160-rgb", "p5-512x256-rgb",
    "p4.81-416x208-rgb", "hd-1920x1080-rgb",
]  # fmt: skip


def reader(corpus: Path) -> AssetReader:
    def read(image: Image) -> bytes | None:
        path = corpus / "assets" / image.name
        raw = path.read_bytes() if path.exists() else b""
        return raw if hashlib.sha256(raw).hexdigest() == image.sha256 else None

    return read


def laid_out(renderer: Renderer, notice: Notice, assets: AssetReader = no_assets) -> tuple[Setter, list[Sheet]]:
    """The sheets of a notice before they are drawn."""
    layout, planned = renderer.lay_out(notice, assets)
    return layout.setter, planned


def words(items: Iterable[Item]) -> list[str]:
    return ["".join(map(chr, item.cells.text.cps)) for item in apart(items) if isinstance(item, Run)]


@pytest.mark.parametrize("name", PANELS)
def test_every_notice_on_every_panel(
    name: str, corpus: Path, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    """Pages exist and their dwell is lawful; on every one stand the category's name (R-01) and the page; the
    last one carries the digest's first digits (R-46); none has a caption alone or ends in one lonely line."""
    found = notices(corpus)
    assert len(found) == 44
    renderer = Renderer(panels[name], policy, cache)
    for stem, notice in found.items():
        pages = renderer.render(notice, reader(corpus)).pages
        assert bool(pages) is (notice.status != "withdrawn"), stem
        assert all(5.0 <= page.dwell_s <= 30.0 for page in pages)
        if not pages:
            continue
        setter, planned = laid_out(renderer, notice, reader(corpus))
        emergency = notice.urgency is Urgency.EMERGENCY
        band = Band(notice, policy, setter, renderer.style(emergency=emergency))
        category = policy.categories[notice.category].name
        for page, sheet in zip(pages, planned, strict=True):
            added = words(band.dress(sheet, page.n, page.of))[len(words(sheet.items)) :]
            assert any(category in word for word in added), (stem, page.n, added)
            number = "摘要" if page.kind is PageKind.DIGEST else f"{page.n}/{page.of}"
            assert number in added
        assert any(notice.digest[:8] in word for word in added), stem
        captions = {block.caption for block in notice.body if isinstance(block, Table)}
        for before, sheet in pairwise(planned):
            said = [word for word in words(sheet.items) if word.strip()]
            if sheet.picture or sheet.qr:
                continue
            # one line alone only after what cannot be parted: a picture, a code, a slice of a table
            uncut = before.picture or before.qr or before.rows or before.kind is not sheet.kind
            assert len(said) > 1 or uncut, (stem, said)
            assert set(said) - captions, (stem, said)


@pytest.mark.parametrize(("stem", "count"), [("p17", 214), ("p22", 230)])
@pytest.mark.parametrize("name", PANELS)
def test_every_row_exactly_once(
    stem: str, count: int, name: str, corpus: Path, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    """Each value that only one row has is drawn exactly once a pass, on a page that says what it is."""
    notice = next(notice for key, notice in notices(corpus).items() if key.startswith(stem))
    (table,) = [block for block in notice.body if isinstance(block, Table)]
    assert grid(table).body == count
    _, planned = laid_out(Renderer(panels[name], policy, cache), notice)
    column = next(i for i, entry in enumerate(table.columns) if entry.title in {"凭证", "一卡通账号(隐去)"})
    title = table.columns[column].title[:2]
    pages = [words(sheet.items) for sheet in planned]
    values = [row[column] for row in table.rows]
    where = {value: [page for page in pages for word in page if value in word] for value in set(values)}
    for value in {value for value in values if values.count(value) == 1}:
        assert len(where[value]) == 1, value
        assert any(title in word for word in where[value][0]), (value, where[value][0])


@pytest.mark.parametrize("name", PANELS)
def test_every_code_that_is_drawn_is_read_back(
    name: str, corpus: Path, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    scanner = pytest.importorskip("zxingcpp")
    drawn, renderer = 0, Renderer(panels[name], policy, cache)
    for stem, notice in notices(corpus).items():
        codes = [block.text for block in notice.body if isinstance(block, Qr)]
        if not codes or notice.status == "withdrawn":
            continue
        rendered = renderer.render(notice, reader(corpus))
        _, planned = laid_out(renderer, notice, reader(corpus))
        found = []
        for page, sheet in zip(rendered.pages, planned, strict=True):
            if sheet.qr:
                bright = (channels(page).max(axis=2) * np.uint8(255)).repeat(2, axis=0).repeat(2, axis=1)
                found += [result.text for result in scanner.read_barcodes(bright)]
        missing = rendered.degraded.count("qr_too_large")
        assert len(found) == len(codes) - missing, (stem, found)
        assert set(found) <= set(codes)
        drawn += len(found)
    assert drawn or panels[name].height < 128
