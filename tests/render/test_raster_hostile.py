"""Texts and tables nobody would send: bounded in time and memory, and nothing is raised."""

import tracemalloc
from pathlib import Path

import pytest

from ledsign import notice as n
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import Renderer
from render.samples import column, make

MEGABYTE = 1_000_000


@pytest.fixture
def renderer(panels: dict[str, Panel], policy: Policy, cache: Path) -> Renderer:
    return Renderer(panels["p10-320x160-mono"], policy, cache)


def resident() -> int:
    """Bytes of memory this process holds that belong to no file."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0]) * 1024


def drawn(renderer: Renderer, notice: n.Notice) -> tuple[int, int]:
    """Pages, and by how many bytes the process grew while they were laid out and drawn one after the other."""
    before = resident()
    pages = renderer.render(notice).pages
    for page in pages:
        assert len(page.pixels) == 6400
    return len(pages), resident() - before


PIECES = ["村", "村务公开，", "x", "1", "—", " 一", "“", "\u0301", "e\u0301", "\u200b", "\n"]


@pytest.mark.parametrize("piece", PIECES)
def test_a_paragraph_of_a_hundred_thousand_characters(renderer: Renderer, piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    pages, grown = drawn(renderer, make(n.Paragraph(text, "justify", 2)))
    assert 1 <= pages <= 2000
    assert grown < 300 * MEGABYTE


@pytest.mark.parametrize("plane", range(17))
def test_every_scalar_value_is_drawn(renderer: Renderer, plane: int) -> None:
    """Half a plane at a time; a lone surrogate cannot come over the wire but must not stop the sign either."""
    text = "".join(map(chr, range(plane * 0x10000, (plane + 1) * 0x10000, 1 if plane < 4 else 16)))
    rendered = renderer.render(make(n.Paragraph(text, "justify", 2), digest=f"plane {plane}"))
    assert rendered.pages
    for page in rendered.pages[:3] + rendered.pages[-3:]:
        assert len(page.pixels) == 6400


def test_six_thousand_rows(renderer: Renderer) -> None:
    columns = (column("序号", "int", pin=True), column("姓名", pin=True), column("金额", "money", "right"))
    rows = tuple((str(row), f"户主{row}", f"{row}.00") for row in range(6000))
    pages, grown = drawn(renderer, make(n.Table(columns, rows)))
    assert 500 <= pages <= 1500
    assert grown < 300 * MEGABYTE


def test_pixels_of_many_pages_are_not_kept(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    notice = make(n.Paragraph("村务公开栏目财务收支明细。" * 700, "justify", 2), title="长文")
    for page in Renderer(panels["hd-1920x1080-rgb"], policy, cache).render(notice).pages:
        assert page.pixels  # fonts are unpacked now
    renderer = Renderer(panels["hd-1920x1080-rgb"], policy, cache)
    tracemalloc.start()
    pages = renderer.render(notice).pages
    held = [page.sha256 for page in pages]
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(set(held)) == len(pages) > 20
    assert kept < 15 * MEGABYTE
    assert most < 40 * MEGABYTE


def test_spans_over_everything(renderer: Renderer) -> None:
    """Cells over all rows and columns, over each other, out of the table; headers of many levels."""
    columns = tuple(column(f"列{number}", pin=number == 0) for number in range(30))
    rows = tuple(tuple(f"{row}.{cell}" for cell in range(30)) for row in range(300))
    spans = tuple(n.Span(row, cell, 300, 30) for row in range(0, 300, 3) for cell in range(0, 30, 3))
    deep = tuple((n.HeaderCell(f"第{level}级", 30, 1),) for level in range(40))
    for table in (n.Table(columns, rows, spans=spans), n.Table(columns, rows, header=deep)):
        pages, grown = drawn(renderer, make(table))
        assert 1 <= pages <= 6000
        assert grown < 300 * MEGABYTE
