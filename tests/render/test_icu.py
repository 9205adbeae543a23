"""Line ends against ICU's (UAX 14, strict Chinese) as an oracle. Where they differ, one of the rules below says why.

Needs PyICU (``pyicu-wheels``, in the dev extra).
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import shape
from ledsign.render.linebreak import breaks

icu = pytest.importorskip("icu", reason="PyICU is not installed (pip install pyicu-wheels)")

SENTENCES = [
    "全村共312户,1 280人,耕地1753.56亩,2025年集体经济收入27,350.80元。",
    "请于2026年11月30日8:00—17:30到村委会(二楼)办理,逾期不予受理;联系电话:0000-8860012。",
    "会议强调:“三清三查”要落实到户、到人——谁主管、谁负责……",
    "依据《村民委员会组织法》第三十条、第六条第2款,现予公示(公示期7天)。",
    "水库以85 m³/s的流量泄洪,离村5 公里,水位比昨日高0.35米,气温25℃至32℃,湿度90%。",
    "访问https://example.invalid/n/2026/11?from=led&page=1,或发邮件到service@example.invalid。",
    "个人缴费(元/人·年):400元,补贴-0.5%;凭证号记-019、记-020。",
    "镇(zhèn)(街道)干部3—5名,LED屏1块(P10),TCP/IP端口5005。",
    "距村部12.5公里,每小时1班,每人3~4次,比例为1:500,收/支相抵结余1/2。",
    "图例:㎏ ㎜ ㏄ ℃ ‰ § №。",
    "第①②③类为Ⅰ、ⅠⅡ级,☆★○●任选;标准=¥20(￥＄不限),间隔号·～等。",
    "【重要】〔2026〕17号文件:严禁“等、靠、要”!你知道吗?知道。",
]

Rule = tuple[str, Callable[[str, int], bool]]


def _unit(text: str, i: int) -> bool:
    return text[i].isdigit() and not text[i + 1].isascii()


def _both_in_word(text: str, i: int) -> bool:
    return text[i].isascii() and text[i + 1].isascii() and " " not in text[i : i + 2]


STRICTER: list[Rule] = [
    ("a number stays with its unit: 230户 10月 5个 8℃", _unit),
    (
        "the two characters of a unit stay together: 公里 小时",
        lambda t, i: bool(re.match("公里|公顷|公斤|平方|立方|厘米|毫米|小时", t[i:])),
    ),
    ("a date or time stays whole: 2026年11月21日 10时40分", lambda t, i: t[i] in "年月时点" and t[i + 1].isdigit()),
    ("a range stays whole: 8:00—17:30 1—12", lambda t, i: "—" in t[i : i + 2] and _near_digits(t, i)),
    ("第 stays with its number", lambda t, i: t[i] == "第"),
    ("no middle dot at the start of a line (GB/T 15834)", lambda t, i: t[i + 1] == "·"),
    ("an address, word or name in Latin letters stays whole while a line can hold it", _both_in_word),
    ("a blank inside a figure: 1 280", lambda t, i: bool(re.match(r"\d \d{3}(?!\d)", t[i - 1 :]))),
    (
        "a blank between a number and its unit: 85 m³/s 5 公里",
        lambda t, i: bool(re.match(r"\d [^\W\d]", t[i - 1 :])),
    ),
    ("no mark at the start of a line, not even after a blank", lambda t, i: t[i] == " " and t[i + 1] in "℃‰%"),
    ("no ～ at the start of a line", lambda t, i: t[i + 1] == "～"),
    ("no currency sign at the end of a line", lambda t, i: t[i] in "￥¥"),
]
LOOSER: list[Rule] = [
    ("ASCII marks in Chinese text end a clause: 以北,4组  电话:0000  ) 8:00",
     lambda t, i: t[i] in ",:;.)!?" and t[i + 1].isascii()),
    ("numbered and pictorial signs are full width and part like hanzi",
     lambda t, i: "\u2160" <= t[i] <= "\u27bf" or "\u2160" <= t[i + 1] <= "\u27bf"),
    ("an amount may begin a line", lambda t, i: t[i + 1] == "¥"),
]  # fmt: skip


def _near_digits(text: str, i: int) -> bool:
    return any(char.isdigit() for char in text[max(0, i - 1) : i + 3])


def unexplained(atlas: Atlas, text: str) -> list[str]:
    """Places where we and ICU disagree for no listed reason."""
    text = "".join(char for char in text if ord(char) < 0x10000 and char not in "\n\r\t")
    shaped = shape(atlas, text)
    if len(shaped) != len(text):
        return []  # invisible characters were dropped: places do not correspond
    ours = breaks(shaped)
    oracle = icu.BreakIterator.createLineInstance(icu.Locale("zh@lb=strict"))
    oracle.setText(text)
    theirs = set(oracle)
    found = []
    for i in range(len(text) - 1):
        mine, other = bool(ours[i]), i + 1 in theirs
        rules = LOOSER if mine else STRICTER
        if mine != other and not any(applies(text, i) for _, applies in rules):
            found.append(f"{'ours' if mine else 'ICU'}: {text[max(0, i - 8) : i + 1]}|{text[i + 1 : i + 9]}")
    return found


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences(atlas: Atlas, sentence: str) -> None:
    assert unexplained(atlas, sentence) == []


def test_corpus(atlas: Atlas, corpus: Path) -> None:
    for file in sorted(corpus.glob("p[0-9][0-9]-*.json")):
        for text in set(re.findall(r'"text": "([^"\\]+)"', file.read_text(encoding="utf-8"))):
            assert unexplained(atlas, text) == [], file.name


def test_every_listed_difference_occurs(atlas: Atlas) -> None:
    """A rule that explains nothing any more would hide a mistake."""
    for name, applies in STRICTER + LOOSER:
        assert any(applies(text, i) for text in SENTENCES for i in range(len(text) - 1)), name
