"""Warnings about damaged texts: each sign found, and quiet on sound texts."""

import pytest

from ledsign.feed.lint import lint
from notices import draft, paragraph, table


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("停水\u0007通知", "control_char"),
        ("停水\x1b[31m", "control_char"),
        ("停水\u202e知通", "bidi_override"),
        ("隔离\u2066文\u2069", "bidi_override"),
        ("公開(kāi)制度", "pinyin-in-parentheses"),
        ("事務\uff08wù\uff09公开", "pinyin-in-parentheses"),
        ("第一条<br/>第二条", "html-remnant"),
        ("三审三/span>", "html-remnant"),
        ("甲&nbsp;乙", "html-remnant"),
        ("三\ufffd", "replacement-mojibake"),
        ("锟斤拷", "replacement-mojibake"),
        ("三?!?校", "replacement-mojibake"),
        ("“四议两公开", "unbalanced_quotes"),
        ("《条例", "unbalanced_quotes"),
        ("2026年2月30日", "impossible_date"),
        ("2026-13-01", "impossible_date"),
        ("11月31日", "impossible_date"),
        ("电话0000-8860001", "undeclared_phone"),
    ],
)
def test_signs(text: str, code: str) -> None:
    assert lint(draft(body=[paragraph(text)])) == (code,)


@pytest.mark.parametrize(
    "text",
    [
        "2028年2月29日,2月29日,11月30日8:30",
        "人口<500人,面积>3亩;A&B公司;温度(℃)",
        "“两委”会议《决议》【通知】〔2026〕1号",
        "真的吗?!好的!",
        "缴费(kg)、长度(m)、甲(a)乙",
        "第一行\n第二行\t后",
        "2026-11-20至2026-12-31",
    ],
)
def test_sound_texts(text: str) -> None:
    assert lint(draft(body=[paragraph(text)])) == ()


def test_a_declared_landline_is_no_warning() -> None:
    exemption = {"kind": "phone", "value": "0000-8860001", "reason": "公务电话"}
    assert lint(draft(pii__exemptions=[exemption], body=[paragraph("电话0000 8860001")])) == ()


def _money(rows: list[list[str]], foot: list[list[str]]) -> tuple[str, ...]:
    block = table(rows, foot=foot)
    columns = block["columns"]
    assert isinstance(columns, list)
    for column in columns[1:]:
        assert isinstance(column, dict)
        column["kind"] = "money"
    return lint(draft(body=[block]))


@pytest.mark.parametrize(
    ("rows", "foot", "wrong"),
    [
        ([["甲", "1,000.10"], ["乙", "(0.10)"]], [["合计", "1,000.00"]], False),
        ([["甲", "1,000.10"], ["乙", "2"]], [["合计", "1,002.11"]], True),  # off by one fen
        ([["甲", "—"], ["乙", "2"]], [["合计", "2"]], False),
        ([["甲", "若干"], ["乙", "2"]], [["合计", "5"]], False),  # not a column of numbers
        ([["甲", "1"], ["小计", "1"], ["乙", "2"]], [["合计", "3"]], False),  # subtotals: not judged
        ([["甲", "9"], ["乙", "4"]], [["期末", "4"]], False),  # a running balance
        ([["甲", "1"]], [["合计", "见明细"]], False),
        ([["甲", "1"]], [["合计", "1"], ["备注", "9"]], False),
    ],
)
def test_totals(rows: list[list[str]], foot: list[list[str]], wrong: bool) -> None:
    assert ("total_mismatch" in _money(rows, foot)) is wrong
