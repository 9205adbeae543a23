"""A browser as an oracle for tables: Chromium's automatic column widths (CSS 2.1, 17.5.2) on the same cells, and
where it cuts a long table whose header is repeated (CSS 2.1, 17.2; CSS Fragmentation 3, 4.1)."""

import html
import json
import random
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledsign import notice as n
from ledsign.frame import PageKind
from ledsign.panel import ColorMode
from ledsign.policy import Policy
from ledsign.render.atlas import Atlas
from ledsign.render.columns import Frame, Measure, measure, plan_columns
from ledsign.render.flow import Space, paginate
from ledsign.render.fonts import Face
from ledsign.render.grid import grid, header_rows
from ledsign.render.items import Run
from ledsign.render.linebreak import breaks
from ledsign.render.setting import Setter, Style, fitted
from ledsign.render.table import table_chunks
from render.apart import apart
from render.samples import column

HALF, PAD, WIDTH = 8, 4, 512
TABLES = 40
WORDS = [
    "村道硬化", "集体三资台账", "党务公开", "青梅加工厂分红", "差旅费", "第三季度垃圾处理费", "办公用品采购及维修",
    "二组", "自来水管网改造(二期)",
]  # fmt: skip
SCRIPT = """
<script>
const found = [...document.querySelectorAll('table')].map(%s);
document.body.innerHTML = ''; document.body.textContent = JSON.stringify(found);
</script>
"""
WIDTHS = SCRIPT % "table => [...table.rows[0].cells].map(cell => cell.getBoundingClientRect().width)"
# of each row the page, a column of its multicol box, and the LEDs from that page's top
CUTS = (
    SCRIPT
    % """table => {
  const box = table.parentElement.getBoundingClientRect();
  return [...table.tBodies[0].rows].map(row => {
    const place = row.getBoundingClientRect();
    return [Math.round((place.x - box.x) / box.width), place.y - box.y];
  });
}"""
)


def tables() -> list[n.Table]:
    """Tables of three to six columns of prose and figures, wider than the page."""
    dice = random.Random(7)
    found = []
    for _ in range(TABLES):
        count = dice.randint(3, 6)
        figures = [dice.random() < 0.4 for _ in range(count)]
        columns = tuple(
            column("列", "money" if figure else "text", "right" if figure else "left") for figure in figures
        )
        rows = tuple(
            tuple(
                f"{dice.randint(1, 99999)}.50" if figure else ",".join(dice.choices(WORDS, k=dice.randint(1, 4)))
                for figure in figures
            )
            for _ in range(5)
        )
        found.append(n.Table(columns, rows))
    return found


def markup(table: n.Table, measured: Measure, setter: Setter) -> str:
    """The table for the browser: what must stay together is one box of its width in LEDs."""
    lines = []
    for row in table.rows:
        cells = []
        for number, text in enumerate(row):
            shaped = setter.text(text)
            ends = [] if table.columns[number].kind == "money" else np.flatnonzero(breaks(shaped)) + 1
            cuts = [end - 1 for end in ends if end < len(shaped)]
            places = [0, *np.cumsum(shaped.advance, dtype=int)[cuts].tolist()]
            widths = [b - a for a, b in zip(places, [*places[1:], shaped.width], strict=True)]
            # no column is narrower than the renderer's own least: short names in one piece
            least = f"min-width:{measured.least[number] * HALF}px"
            boxes = "".join(f'<i style="width:{width * HALF}px"></i>' for width in widths)
            cells.append(f'<td><div style="{least}">{boxes}</div></td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed (Debian: chromium)")
    return found


def asked(browser: str, folder: Path, document: str) -> list[list[Any]]:
    """What the script at the end of a document finds."""
    page = folder / "tables.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{document}", encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = re.search(r"\[\[.*\]\]", html.unescape(done.stdout))
    assert found, done.stdout[-500:]
    return list(json.loads(found[0]))


def test_columns_are_as_wide_as_a_browser_makes_them(browser: str, atlas: Atlas, tmp_path: Path) -> None:
    setter, frame = Setter(atlas), Frame(WIDTH, HALF, PAD, 0)
    ours, pages = [], []
    for table in tables():
        measured, _ = measure(table.columns, header_rows(table), grid(table), setter)
        if not frame.needs(measured.least) < WIDTH < frame.needs(measured.natural):
            continue  # nothing to share out
        groups = plan_columns(measured, table.columns, frame, 99)
        if len(groups) > 1:
            continue
        ours.append(groups[0].widths)
        pages.append(markup(table, measured, setter))
    style = (
        f"<style>table{{border-collapse:separate;border-spacing:0;width:{WIDTH}px}}"
        f"td{{padding:0 {PAD // 2}px}}i{{display:inline-block;height:9px}}div{{line-height:0;font-size:0}}</style>"
    )
    theirs = asked(browser, tmp_path, f"{style}<body>{''.join(pages)}{WIDTHS}")
    assert len(theirs) == len(ours) >= 15
    pairs = [pair for mine, their in zip(ours, theirs, strict=True) for pair in zip(mine, their, strict=True)]
    off = [abs(mine * HALF + PAD - their) for mine, their in pairs]
    # ours are whole half cells, and what does not divide goes to one column
    assert max(off) <= 2 * HALF
    assert np.mean(off) < HALF / 2


def test_long_tables_are_cut_where_a_browser_cuts_them(
    browser: str, atlas: Atlas, policy: Policy, tmp_path: Path
) -> None:
    """Every page begins with the header and holds the rows that a browser puts below its own repeated one. The last
    two pages share their rows, so that none is left alone: only their sum is compared."""
    dice, patient = random.Random(11), replace(policy.dwell, max_s=9999.0)
    columns = (column("户主", pin=True), column("事由"), column("金额", "money", "right"))
    boxes, ours = [], []
    for height in (96, 128, 160, 208, 256):
        rows = tuple(
            (f"户主{row}", ",".join(dice.choices(WORDS, k=dice.randint(1, 5))), f"{row}.00") for row in range(40)
        )
        size = fitted(320, height - 19, Face())
        style = Style(size, size, size, ColorMode.MONO, 320, height, patient)
        _, (head, *chunks) = table_chunks(n.Table(columns, rows), Setter(atlas), style)
        assert len(chunks) == len(rows)
        found = paginate([head, *chunks], Space(19, height - 19, height), patient, PageKind.BODY)
        for sheet in found:
            said = {"".join(map(chr, item.cells.text.cps)) for item in apart(sheet.items) if isinstance(item, Run)}
            assert {"户主", "事由", "金额"} <= said
        ours.append((head.height, [sheet.rows for sheet in found]))
        heights = "".join(f'<tr><td style="height:{chunk.height}px"></td></tr>' for chunk in chunks)
        boxes.append(
            f'<div style="height:{height - 19}px"><table><thead><tr><th style="height:{head.height}px"></th></tr>'
            f"</thead><tbody>{heights}</tbody></table></div>"
        )
    look = (
        "<style>div{column-width:300px;column-gap:0;column-fill:auto;width:300px}"
        "table{border-collapse:separate;border-spacing:0;width:300px}thead,tr{break-inside:avoid}td,th{padding:0}</style>"
    )
    theirs = asked(browser, tmp_path, f"{look}<body>{''.join(boxes)}{CUTS}")
    assert len(theirs) == len(ours)
    for (top, mine), places in zip(ours, theirs, strict=True):
        assert {min(y for at, y in places if at == page) for page, _ in places} == {top}
        pages = [page for page, _ in places]
        counts = [pages.count(page) for page in range(max(pages) + 1)]
        assert len(mine) > 4
        assert mine[:-2] == counts[: len(mine) - 2]
        assert sum(mine) == sum(counts)
