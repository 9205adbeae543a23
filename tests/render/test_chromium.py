"""A browser as an oracle for column widths: Chromium's automatic table layout (CSS 2.1, 17.5.2) on the same cells."""

import html
import json
import random
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ledsign import notice as n
from ledsign.render.atlas import Atlas
from ledsign.render.columns import Frame, Measure, measure, plan_columns
from ledsign.render.grid import grid, header_rows
from ledsign.render.linebreak import breaks
from ledsign.render.setting import Setter
from render.samples import column

HALF, PAD, WIDTH = 8, 4, 512
TABLES = 40
WORDS = [
    "村道硬化", "集体三资台账", "党务公开", "青梅加工厂分红", "差旅费", "第三季度垃圾处理费", "办公用品采购及维修",
    "二组", "自来水管网改造(二期)",
]  # fmt: skip
SCRIPT = """
<script>
const found = [...document.querySelectorAll('table')].map(table =>
  [...table.rows[0].cells].map(cell => cell.getBoundingClientRect().width));
document.body.innerHTML = ''; document.body.textContent = JSON.stringify(found);
</script>
"""


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
    page = tmp_path / "tables.html"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{style}<body>{''.join(pages)}{SCRIPT}", encoding="utf-8")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = re.search(r"\[\[.*\]\]", html.unescape(done.stdout))
    assert found, done.stdout[-500:]
    theirs = json.loads(found[0])
    assert len(theirs) == len(ours) >= 15
    pairs = [pair for mine, their in zip(ours, theirs, strict=True) for pair in zip(mine, their, strict=True)]
    off = [abs(mine * HALF + PAD - their) for mine, their in pairs]
    # ours are whole half cells, and what does not divide goes to one column
    assert max(off) <= 2 * HALF
    assert np.mean(off) < HALF / 2
