"""Marks that no page may lack, the frame of an emergency, the hour of a long roster, dots of photos."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from ledsign import notice as n
from ledsign.frame import PageKind
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import Renderer, theme
from ledsign.render.band import Band
from ledsign.render.items import Picture, Run
from ledsign.render.pack import channels, rgb
from render.apart import apart
from render.samples import AT, assets, make, qr, samples


def corner(notice: n.Notice, panel: Panel, policy: Policy, cache: Path) -> list[str]:
    """What stands beside the code of a page that it fills, and where it may not stand."""
    layout, sheets = Renderer(panel, policy, cache).lay_out(notice)
    (sheet,) = [sheet for sheet in sheets if sheet.qr]
    band = Band(notice, policy, layout.setter, layout.style)
    dressed = band.dress(sheet, 1, 9)
    added = [item for item in apart(dressed[len(sheet.items) :]) if isinstance(item, Run)]
    code = next(item for item in sheet.items if isinstance(item, Picture))
    assert all(item.x >= code.x + code.w for item in added)
    assert all(item.x + item.w <= panel.width for item in added)
    return ["".join(map(chr, item.cells.text.cps)) for item in added]


@pytest.mark.parametrize("mark", ["演练", "更正", "转发"])
def test_marks_stand_on_pages_that_a_code_fills(
    mark: str, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    """A photograph of this page alone must not pass for the real thing, or for the first edition."""
    found = {"演练": "exercise", "更正": "correction", "转发": "forwarded"}[mark]
    notice = samples()[found]
    notice = replace(notice, body=(*(block for block in notice.body if not isinstance(block, n.Qr)), qr()))
    for panel in panels.values():
        assert mark in corner(notice, panel, policy, cache), panel.name


@pytest.mark.parametrize("words", ["防汛演练", "防汛演习", "防汛演練", "防汛演習"])
def test_every_page_of_an_exercise_says_so(words: str, panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    notice = replace(samples()["exercise"], title=words, digest=words)
    for panel in panels.values():
        layout, sheets = Renderer(panel, policy, cache).lay_out(notice)
        band = Band(notice, policy, layout.setter, layout.style)
        assert len(sheets) > 1
        for number, sheet in enumerate(sheets, 1):
            drawn = band.dress(sheet, number, len(sheets))
            said = [item for item in apart(drawn) if isinstance(item, Run)]
            assert any("".join(map(chr, run.cells.text.cps)) == "演练" and run.ground for run in said), panel.name


def test_an_invitation_to_an_exercise_is_no_exercise(
    panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    invited = make(n.Paragraph("请参加。", "left", 0), qr(), title="防火演练通知")
    assert theme.DRILL not in corner(invited, panels["p10-320x160-mono"], policy, cache)


def test_the_frame_of_an_emergency_is_a_choice(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    """The frame is lit all around, nothing of the page is under it, and no other page has one."""
    framed = replace(policy, look=replace(policy.look, emergency_border=True))
    for panel in panels.values():
        bare, renderer = Renderer(panel, policy, cache), Renderer(panel, framed, cache)
        for page in renderer.render(samples()["exercise"], assets).pages:
            lit = channels(page).any(axis=2)
            assert lit[0].all(), panel.name
            assert lit[-1].all()
            assert lit[:, 0].all()
            assert lit[:, -1].all()
            unit = renderer.style().small.unit
            inside = lit[2 * unit : -2 * unit, 2 * unit : -2 * unit]
            assert not inside[:unit].any()
            assert not inside[:, -unit:].any()
            assert not inside[:, :unit].any()
        for notice in (samples()["paragraph"], samples()["qr"]):
            same = [page.sha256 for page in renderer.render(notice).pages]
            assert same == [page.sha256 for page in bare.render(notice).pages]


def test_the_digest_page_says_when_the_full_text_runs(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    notice, at = samples()["digest-first"], AT.replace(hour=16, minute=5)
    for panel in panels.values():
        renderer = Renderer(panel, policy, cache)
        digest = renderer.render(notice).pages[0]
        if digest.kind is not PageKind.DIGEST:
            continue  # a panel so large that the notice needs none
        page = renderer.announced(notice, digest, at)
        assert (page.kind, page.n, page.of) == (PageKind.DIGEST, digest.n, digest.of)
        assert page.sha256 != digest.sha256
        assert page.sha256 == renderer.announced(notice, digest, at.astimezone(tz=None)).sha256
        assert page.sha256 != renderer.announced(notice, digest, at + timedelta(minutes=5)).sha256
        renderer.forget(notice.digest)
        assert renderer.announced(notice, digest, at).sha256 == page.sha256
        assert policy.dwell.min_s <= page.dwell_s <= policy.dwell.max_s


def test_the_hour_can_be_read(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    renderer = Renderer(panels["p10-192x96-mono"], policy, cache, words=True)
    notice = samples()["digest-first"]
    page = renderer.announced(notice, renderer.render(notice).pages[0], AT.replace(hour=16, minute=5))
    assert "今日16:05起播全文" in page.text


def test_the_hour_is_never_left_out(policy: Policy, panels: dict[str, Panel], cache: Path) -> None:
    """Of a digest page that is too full the signature goes, then the title, then the end; the hour stays, and it
    is one page."""
    shown = samples()["digest-first"].display
    digests = ("", "一句话。", "本季度收支明细共二百一十四笔,现予公示,请村民监督。" * 2, "没有标点的长句子" * 40)
    for title in ("公示", "二〇二六年第三季度财务收支逐笔明细公开表", "很长的标题" * 8):
        for digest in digests:
            notice = replace(samples()["digest-first"], title=title, display=replace(shown, digest=digest))
            notice = replace(notice, digest=title + digest)
            for panel in panels.values():
                renderer = Renderer(panel, policy, cache)
                kinds = [page.kind for page in renderer.render(notice).pages]
                assert kinds.count(PageKind.DIGEST) == kinds.index(PageKind.BODY) <= 1, (panel.name, title, digest)
                if PageKind.DIGEST in kinds:
                    plain = renderer.render(notice).pages[0]
                    assert renderer.announced(notice, plain, AT).sha256 != plain.sha256


def test_dots_of_photos_are_the_policys_choice(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    calm = replace(policy, look=replace(policy.look, dither="blue_noise"))
    for name in ("p10-320x160-mono", "p10-256x128-dual"):
        pair = [Renderer(panels[name], rule, cache) for rule in (policy, calm)]
        for sample, same in (("image", False), ("image-pair", False), ("image-map", True), ("paragraph", True)):
            first, second = ([page.sha256 for page in each.render(samples()[sample], assets).pages] for each in pair)
            assert (first == second) is same, sample
    first, second = (
        Renderer(panels["p8-320x160-rgb"], rule, cache).render(samples()["image"], assets).pages[-1]
        for rule in (policy, calm)
    )
    assert np.array_equal(rgb(first), rgb(second))
