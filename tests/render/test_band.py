"""The header band: category and page on every page, the issuer as far as it fits."""

from dataclasses import replace

import pytest

from ledsign import notice as n
from ledsign.frame import PageKind
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import theme
from ledsign.render.atlas import Atlas
from ledsign.render.band import Band
from ledsign.render.fonts import Face
from ledsign.render.items import Label, Run, Sheet
from ledsign.render.setting import Setter, Style, fitted
from render.samples import AT, make, samples

EMPTY = Sheet((), PageKind.BODY, 0, 0, None, full=False, picture=False, qr=False, top=999)


def words(atlas: Atlas, policy: Policy, notice: n.Notice, sheet: Sheet, at: int, of: int, columns: int = 24) -> str:
    """What the band says, runs parted by bars; inverse runs in brackets."""
    size = fitted(columns * 8, 77, Face())
    style = Style(size, size, size, Panel("x", columns * 8, 96, "mono", 10).mode, columns * 8, 96, policy.dwell)  # type: ignore[arg-type]
    items = Band(notice, policy, Setter(atlas), style).dress(sheet, at, of)
    runs = sorted((item for item in items if isinstance(item, Run)), key=lambda run: (run.y, run.x))
    texts = ["".join(map(chr, run.cells.text.cps)) for run in runs]
    return "|".join(f"[{text}]" if run.ground else text for text, run in zip(texts, runs, strict=True))


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("双溪镇凤村村民委员会", ["双溪镇凤村村民委员会", "凤村村民委员会", "凤村委会", "凤村"]),
        ("中共双溪镇凤村总支部委员会", ["中共双溪镇凤村总支部委员会", "凤村总支部委员会", "凤村党总支", "凤村"]),
        ("双溪镇人民政府", ["双溪镇人民政府", "双溪镇政府", "双溪镇"]),
        ("东湖街道桥社区居民委员会", ["东湖街道桥社区居民委员会", "桥社区居民委员会", "桥社区居委会", "桥社区"]),
        ("区气象台", ["区气象台"]),
        ("", [""]),
    ],
)
def test_issuers(name: str, forms: list[str]) -> None:
    assert [form for form in theme.short_issuers(name) if form or not name] == forms or "区" in name


def test_a_narrow_band_keeps_category_and_page(atlas: Atlas, policy: Policy) -> None:
    notice = make(issuer=n.Issuer("1", "双溪镇凤仪村民委员会"))
    assert words(atlas, policy, notice, EMPTY, 1, 114) == "财务往来 凤仪村|1/114"
    assert words(atlas, policy, notice, EMPTY, 1, 9) == "财务往来 凤仪村委会|1/9"
    assert words(atlas, policy, notice, EMPTY, 1, 9, 40) == "财务往来 双溪镇凤仪村民委员会|1/9"
    assert words(atlas, policy, notice, EMPTY, 1000, 2999, 18) == "财务往来|1000/2999"


def test_a_table_shares_the_band_only_beside_the_category(atlas: Atlas, policy: Policy) -> None:
    notice = make(issuer=n.Issuer("1", "双溪镇凤仪村民委员会"))
    sheet = replace(EMPTY, band=Label("全村各组各户补贴明细表", "单位:元"), place="3组")
    assert words(atlas, policy, notice, sheet, 12, 93) == "财务往来 单位:元|12/93"
    assert words(atlas, policy, notice, replace(sheet, band=None), 12, 93) == "财务往来 3组|12/93"
    assert words(atlas, policy, notice, sheet, 12, 93, 40) == "财务往来 凤仪村委会 3组 单位:元|12/93"
    assert "全村各组各户补贴明细表" in words(atlas, policy, notice, sheet, 12, 93, 64)


def test_marks_stand_in_inverse(atlas: Atlas, policy: Policy) -> None:
    corrected = samples()["correction"]
    assert words(atlas, policy, corrected, EMPTY, 1, 2).startswith("[更正]|财务往来")
    urgent = samples()["emergency"]
    assert words(atlas, policy, urgent, EMPTY, 1, 2).startswith("[紧急]|财务往来")
    drill = replace(urgent, title="防汛转移演练")
    assert words(atlas, policy, drill, EMPTY, 1, 2).startswith("[演练]|[紧急]|")
    assert drill.alert is not None
    relayed = replace(urgent, urgency=n.Urgency.URGENT)
    assert words(atlas, policy, relayed, EMPTY, 1, 2).startswith("[转发]|")


def test_digest_page_says_so_and_the_last_page_carries_the_code(atlas: Atlas, policy: Policy) -> None:
    notice = make(issuer=n.Issuer("1", "双溪镇凤仪村民委员会"), publish_at=AT)
    code = notice.digest[:8]
    assert words(atlas, policy, notice, replace(EMPTY, kind=PageKind.DIGEST), 0, 5).endswith("|摘要")
    assert words(atlas, policy, notice, EMPTY, 5, 5) == f"财务往来 {code}|5/5"
    assert words(atlas, policy, notice, replace(EMPTY, top=60), 5, 5).endswith(f"|核对码 {code}")
    assert code not in words(atlas, policy, notice, replace(EMPTY, top=60), 4, 5)
    full = replace(EMPTY, full=True, top=30)
    assert words(atlas, policy, notice, full, 5, 5) == f"财务往来|{code}|5/5"
