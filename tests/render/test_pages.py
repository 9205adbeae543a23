"""Notices to pages: golden pictures, determinism, dwell, and that nothing is cut off."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledsign import notice as n
from ledsign.frame import Page, PageKind, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render import Renderer, theme
from ledsign.render.pack import channels, pack, rgb
from ledsign.render.view import half_blocks
from render.samples import AT, WIDE, assets, column, image, make, photo, qr, samples

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def small(panels: dict[str, Panel], policy: Policy, cache: Path) -> Renderer:
    return Renderer(panels["p10-192x96-mono"], policy, cache)


def art(pages: tuple[Page, ...]) -> str:
    pictures = [half_blocks(page, 999, color=False) for page in pages]
    heads = [f"{page.n}/{page.of} {page.kind} {page.dwell_s} s" for page in pages]
    return "".join(f"{head}\n{picture}\n" for head, picture in zip(heads, pictures, strict=True))


@pytest.mark.parametrize("name", samples())
def test_golden(small: Renderer, name: str, update_golden: bool) -> None:
    drawn = art(small.render(samples()[name], assets).pages)
    path = GOLDEN / f"{name}.txt"
    if update_golden:
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["table", "image", "qr", "emergency", "table-wide"])
def test_every_panel_draws_every_block(name: str, panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    for panel in panels.values():
        pages = Renderer(panel, policy, cache).render(samples()[name], assets).pages
        assert pages
        for page in pages:
            assert (page.width, page.height, page.mode) == (panel.width, panel.height, panel.mode)
            assert 5.0 <= page.dwell_s <= 30.0


def test_withdrawn_has_no_pages(small: Renderer) -> None:
    assert small.render(make(n.Paragraph("x", "left", 0), status=n.Status.WITHDRAWN)).pages == ()


def test_the_digest_page_comes_first_and_is_not_counted(small: Renderer) -> None:
    pages = small.render(samples()["digest-first"]).pages
    body = len(pages) - 1
    assert [(page.n, page.of) for page in pages] == [(n, body) for n in range(body + 1)]
    assert [page.kind for page in pages] == [PageKind.DIGEST] + [PageKind.BODY] * body


def test_a_short_notice_counts_from_one(small: Renderer) -> None:
    (page,) = small.render(samples()["paragraph"]).pages[:1]
    assert (page.n, page.kind) == (1, PageKind.BODY)


def test_emergency_pages_say_so(small: Renderer) -> None:
    assert {page.kind for page in small.render(samples()["emergency"]).pages} == {PageKind.EMERGENCY}


def test_dwell_follows_the_formula(small: Renderer) -> None:
    (page,) = small.render(make(n.Paragraph("村" * 20, "left", 0), title="通知")).pages
    assert page.dwell_s == 7.0  # 1.5 s + 22 characters at 4 a second
    assert small.render(make(n.Paragraph("村", "left", 0), title="通知")).pages[0].dwell_s == 5.0
    assert small.render(make(n.Paragraph("村", "left", 0), title="通知"), night=True).pages[0].dwell_s == 15.0
    assert small.render(samples()["image"], assets).pages[-1].dwell_s >= 8.0
    assert small.render(samples()["qr"], assets).pages[-1].dwell_s == 12.0


def test_no_page_asks_for_more_reading_than_its_dwell(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    notice = make(n.Paragraph("村民委员会公告" * 300, "left", 0))
    for panel in panels.values():
        pages = Renderer(panel, policy, cache).render(notice).pages
        assert all(page.dwell_s <= 30.0 for page in pages)
        characters = 7 * 300
        assert sum(page.dwell_s - 1.5 for page in pages) * 4 >= characters


def test_degraded_blocks_are_named(small: Renderer) -> None:
    broken = image(b"broken")
    reader = {broken.sha256: b"broken"}.get
    assert small.render(samples()["image-missing"]).degraded == ("asset_missing",)
    assert small.render(make(broken), lambda block: reader(block.sha256)).degraded == ("asset_undecodable",)
    assert small.render(samples()["video"], assets).degraded == ("video_poster",)
    assert small.render(samples()["unknown"]).degraded == ("unknown_block",)
    assert small.render(make(qr("x" * 400))).degraded == ("qr_too_large",)


def test_missing_glyphs_are_counted(small: Renderer) -> None:
    rendered = small.render(make(n.Paragraph("甲\U0010fffd\U0010fffd", "left", 0)))
    assert [(glyph.codepoint, glyph.count) for glyph in rendered.missing] == [(0x10FFFD, 2)]


def test_cache_gives_the_same_object_and_sees_arriving_assets(small: Renderer) -> None:
    notice = samples()["image"]
    without = small.render(notice)
    assert small.render(notice) is without
    with_image = small.render(notice, assets)
    assert with_image.degraded == ()
    assert with_image.pages != without.pages


def test_a_picture_is_read_once_and_looked_for_only_while_it_is_absent(small: Renderer) -> None:
    notice, read = samples()["image"], list[str]()
    (wanted,) = notice.images()

    def counted(block: n.Image) -> bytes | None:
        read.append(block.name)
        return assets(block)

    absent = small.render(notice)
    assert absent.absent == (wanted,)
    assert small.render(notice) is absent
    shown = small.render(notice, counted)
    assert shown.absent == ()
    assert read == [wanted.name] * 2, "once to see that it came, once to draw it"
    for night in (False, True):
        assert small.render(notice, counted, night=night).pages[-1].pixels == shown.pages[-1].pixels
    assert small.render(notice).degraded == (), "what was drawn stays, also where the file is gone"
    assert read == [wanted.name] * 2


def test_a_chart_is_shown_where_its_letters_can_be_read(
    panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    """Letters of about 26 pixels: the chart gives way to its text where they would be under the least lawful size."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((1280, 420)).convert("RGB").save(buffer, "PNG")
    chart = buffer.getvalue()
    for panel in panels.values():
        renderer = Renderer(panel, policy, cache)
        block = image(chart, role="flowchart", caption="", alt="办理流程")
        rendered = renderer.render(make(block), lambda _: chart)
        least = renderer.style().least.cell
        assert panel.arcmin(least) >= policy.legibility.floor_arcmin
        fits = min(
            panel.width / 1280, renderer.style().body.height / 420, 3.0 if panel.mode is ColorMode.RGB else 2.0
        )
        assert (rendered.degraded == ()) is (26 * fits >= least), panel.name


EMPTY: list[n.Block] = [
    n.Heading(1, ""),
    n.Paragraph("", "justify", 2),
    n.Paragraph(" \n\u200b", "center", 9),
    n.ListBlock("dot", ()),
    n.ListBlock("none", ("", " ")),
    n.Table((), ()),
    n.Table((column(""),), ()),
    n.Table((column("a"), column("b")), (("", ""),)),
    n.Steps("", ()),
    n.Qa("", "", "", "", "", ""),
    n.Signature("", ""),
    n.Qr("", "", ()),
    n.Video("", 0.0, None),
    n.UnknownBlock("x", ""),
]


@pytest.mark.parametrize("block", EMPTY, ids=lambda block: type(block).__name__)
def test_empty_blocks(small: Renderer, block: n.Block) -> None:
    assert small.render(make(block)).pages


HARD: dict[str, n.Block] = {
    "unbroken": n.Paragraph("x" * 3000, "justify", 2),
    "unbroken-cell": n.Table((column("键", pin=True), column("值")), (("k" * 300, "9" * 500),)),
    "long-title": n.Table((column("很长的标题" * 40), column("乙")), (("1", "2"),)),
    "many-columns": n.Table(tuple(column(f"列{i}") for i in range(60)), (tuple("值" * 9 for _ in range(60)),)),
    "all-pinned": n.Table(tuple(column(f"列{i}", pin=True) for i in range(12)), (("值" * 9,) * 12,)),
    "tall-row": n.Table((column("甲", pin=True), column("乙")), (("一", "说明" * 400), ("二", "短"))),
    "spans-out-of-range": n.Table(
        (column("甲"), column("乙")), (("1", "2"),), spans=(n.Span(0, 0, 99, 99), n.Span(7, 7), n.Span(0, 1, 0, 0))
    ),
    "header-with-holes": n.Table((column("甲"), column("乙")), (("1", "2"),), header=((n.HeaderCell("x", 9, 9),),)),
    "long-caption": n.Table((column("甲"),), (("1",),), caption="标题" * 60, unit="单位" * 30),
    "long-question": n.Qa("问题" * 100, "回答" * 200, "", "2026-01-01", "已办结", "部门" * 20),
    "long-label": n.Steps("标题" * 50, tuple("步" * 60 for _ in range(30))),
    "nasty": n.Paragraph("\u202e\ud800\U0010ffff\u0301" * 200, "right", 4),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_blocks_fit_every_panel(name: str, panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    for panel in [*panels.values(), Panel("tiny", 64, 48, ColorMode.MONO, 10.0)]:
        assert Renderer(panel, policy, cache).render(make(HARD[name])).pages


def test_a_thousand_rows(small: Renderer) -> None:
    rows = tuple((str(i), f"户主{i}", f"{i}.00") for i in range(1000))
    columns = (column("序号", "int", pin=True), column("姓名", pin=True), column("金额", "money", "right"))
    table = n.Table(columns, rows)
    assert 333 <= len(small.render(make(table)).pages) <= 380


def test_wide_table_repeats_keys_and_loses_no_cell(policy: Policy, cache: Path) -> None:
    panel = Panel("wide", 320, 160, ColorMode.MONO, 10.0)
    pages = Renderer(panel, policy, cache).render(make(WIDE)).pages
    assert len({page.sha256 for page in pages}) == len(pages) >= 3


def test_safe_and_test_pages(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    for panel in panels.values():
        renderer = Renderer(panel, policy, cache)
        safe = renderer.safe_page(["示例村村务公开", "内容更新中"])
        assert (safe.kind, safe.width) == (PageKind.SAFE, panel.width)
        assert channels(safe).any()
        assert renderer.safe_page(["很长的一行" * 99]).pixels
        test = renderer.test_page()
        lit = channels(test).any(axis=2)
        assert lit[0].all()
        assert lit[:, -1].all()


def test_qr_code_is_read_back(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    reader = pytest.importorskip("zxingcpp")
    for panel in panels.values():
        page = Renderer(panel, policy, cache).render(samples()["qr"], assets).pages[-1]
        bright = (channels(page).max(axis=2) * np.uint8(255)).repeat(3, axis=0).repeat(3, axis=1)
        assert [found.text for found in reader.read_barcodes(bright)] == ["https://example.invalid/n/1"], panel.name


def test_correction_mark_changes_the_page(small: Renderer) -> None:
    marked = samples()["correction"]
    plain = replace(marked, correction=None, digest="other")
    assert small.render(marked).pages != small.render(plain).pages
    assert AT.year == 2026
    assert photo()


def test_a_card_with_a_palette_shows_exactly_the_page(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    """Photo and letters share 256 colours; the inks among them are untouched, and the frame loses nothing."""
    noise = np.random.default_rng(3).integers(0, 256, (60, 120, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    raw = buffer.getvalue()
    notice = make(image(raw), n.Paragraph("照片说明文字。", "left", 0))
    panel = panels["p8-320x160-rgb"]
    limited = Renderer(panel, policy, cache, max_colours=256).render(notice, lambda _: raw).pages
    free = Renderer(panel, policy, cache).render(notice, lambda _: raw).pages
    again = Renderer(panel, policy, cache, max_colours=256).render(notice, lambda _: raw).pages
    assert [page.sha256 for page in limited] == [page.sha256 for page in again]
    assert [page.sha256 for page in limited] != [page.sha256 for page in free]
    inks = {tuple(ink) for ink in theme.palette(panel.mode)}
    for page, untouched in zip(limited, free, strict=True):
        pixels, before = rgb(page).reshape(-1, 3), rgb(untouched).reshape(-1, 3)
        assert len(np.unique(pixels, axis=0)) <= 256
        shown = Image.open(io.BytesIO(pack(page, PixelFormat.GIF).data)).convert("RGB")
        assert np.array_equal(np.asarray(shown).reshape(-1, 3), pixels)
        inked = np.array([tuple(color) in inks for color in before.tolist()])
        assert np.array_equal(pixels[inked], before[inked])


def test_pixels_are_made_when_looked_at(small: Renderer) -> None:
    notice = samples()["digest-first"]
    pages = small.render(notice).pages
    first = pages[0]
    assert "pixels" not in vars(first)
    assert first.pixels == first.pixels
    assert replace(first, dwell_s=9.0).sha256 == first.sha256
    small.forget(notice.digest)
    assert first.sha256 == small.render(notice).pages[0].sha256
