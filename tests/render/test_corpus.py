"""All reference notices on all panels: nothing raises, everything fits, rows are all there."""

import hashlib
import re
from pathlib import Path

import pytest

from ledsign.notice import Image, Notice, Table
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import Renderer
from ledsign.render.glyphs import cells
from ledsign.render.grid import body_rows
from ledsign.render.items import Run
from ledsign.render.layout import Layout
from ledsign.render.setting import Setter

parse = pytest.importorskip("ledsign.feed.parse")


def notices(corpus: Path) -> dict[str, Notice]:
    files = [file for file in sorted(corpus.glob("p*.json")) if re.match(r"p\d\d-", file.name)]
    return {file.stem: parse.parse_notice(parse.parse_json(file.read_bytes())) for file in files}


@pytest.mark.parametrize("name", [
    "p10-192x96-mono", "p10-320x160-mono", "p10-256x128-dual", "p8-320x160-rgb", "p5-512x256-rgb",
    "p4.81-416x208-rgb", "hd-1920x1080-rgb",
])  # fmt: skip
def test_every_notice_on_every_panel(
    name: str, corpus: Path, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    def reader(image: Image) -> bytes | None:
        path = corpus / "assets" / image.name
        raw = path.read_bytes() if path.exists() else b""
        return raw if hashlib.sha256(raw).hexdigest() == image.sha256 else None

    found = notices(corpus)
    assert len(found) == 44
    for stem, notice in found.items():
        pages = Renderer(panels[name], policy, cache).render(notice, reader).pages
        assert bool(pages) is (notice.status != "withdrawn"), stem
        assert all(5.0 <= page.dwell_s <= 30.0 for page in pages)


@pytest.mark.parametrize(("stem", "count"), [("p17", 214), ("p22", 230)])
@pytest.mark.parametrize("name", ["p10-192x96-mono", "p10-320x160-mono"])
def test_every_row_exactly_once(
    stem: str, count: int, name: str, corpus: Path, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    """Each value that only one row has is drawn exactly once a pass."""
    notice = next(notice for key, notice in notices(corpus).items() if key.startswith(stem))
    (table,) = [block for block in notice.body if isinstance(block, Table)]
    assert len(body_rows(table)) == count
    renderer = Renderer(panels[name], policy, cache)
    setter = Setter(renderer.atlas)
    chunks = list(Layout(setter, renderer.style(), lambda image: None).block(table))
    drawn = [
        item.cells.ids.tobytes() for chunk in chunks for item in chunk.items if isinstance(item, Run)
    ]
    column = next(i for i, entry in enumerate(table.columns) if entry.title in {"凭证", "一卡通账号(隐去)"})
    values = [row[column] for row in table.rows]
    for value in {value for value in values if values.count(value) == 1}:
        text = setter.text(value)
        needle = cells(text).ids.tobytes()
        assert sum(needle in run for run in drawn) == 1, value
