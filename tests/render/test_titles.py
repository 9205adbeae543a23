"""Lines of titles: as few as running text takes, even, and words left whole."""

import random
from itertools import combinations

import numpy as np
import pytest

from ledsign.render.atlas import Atlas
from ledsign.render.linebreak import breaks
from ledsign.render.setting import Setter
from ledsign.render.titles import evened


def lines(atlas: Atlas, title: str, columns: int) -> list[str]:
    setter = Setter(atlas)
    text = setter.text(title)
    return [title[start:end] for start, end, _ in evened(text, columns, setter.spans(text, columns))]


@pytest.mark.parametrize(
    ("title", "columns", "wanted"),
    [
        ("样板村2026年第三季度财务收支逐笔明细", 24, ["样板村2026年第三季度", "财务收支逐笔明细"]),
        ("2026年1—10月村组干部报酬及补贴公开表", 24, ["2026年1—10月村组干部", "报酬及补贴公开表"]),
        ("村道硬化工程(二组至五组)竣工公示", 24, ["村道硬化工程", "(二组至五组)竣工公示"]),
        ("中共清水镇样板村总支部委员会", 24, ["中共清水镇样板村", "总支部委员会"]),
        ("限期解决 镇供水站 2026-11-12", 24, ["限期解决 镇供水站", "2026-11-12"]),
        ("暴雨红色预警", 12, ["暴雨红色预警"]),
        ("", 12, []),
    ],
)
def test_titles_of_notices(atlas: Atlas, title: str, columns: int, wanted: list[str]) -> None:
    assert lines(atlas, title, columns) == wanted


def test_no_line_is_wider_than_its_room_and_nothing_is_lost(atlas: Atlas) -> None:
    dice, setter = random.Random(5), Setter(atlas)
    letters = "村务公开资金,。(二)“”12 34.5元abc——……的情况及明细表"
    for _ in range(400):
        title = "".join(dice.choices(letters, k=dice.randint(1, 40))).strip()
        text, columns = setter.text(title), dice.randint(6, 40)
        spans = setter.spans(text, columns)
        found = evened(text, columns, spans)
        assert len(found) == len(spans)
        kept = "".join(title[start:end] for start, end, _ in found)
        assert kept.replace(" ", "") == title.replace(" ", "")
        if found is not spans:
            assert all(text[start:end].width <= columns for start, end, _ in found)


def test_no_other_way_to_set_a_title_is_more_even(atlas: Atlas) -> None:
    """Brute force over all breaks of titles without words or marks: the sum of squares is the least there is."""
    dice, setter = random.Random(6), Setter(atlas)
    for _ in range(60):
        title = "".join(dice.choices("甲乙丙丁戊己庚辛壬癸子丑寅卯", k=dice.randint(8, 22)))
        text, columns = setter.text(title), dice.randint(8, 20)
        found = evened(text, columns, setter.spans(text, columns))
        mean = text.width // len(found)
        places = (np.flatnonzero(breaks(text)[:-1]) + 1).tolist()
        least = min(
            sum((2 * (end - start) - mean) ** 2 for start, end in zip((0, *cut), (*cut, len(text)), strict=True))
            for cut in combinations(places, len(found) - 1)
            if all(2 * (end - start) <= columns for start, end in zip((0, *cut), (*cut, len(text)), strict=True))
        )
        assert sum((2 * (end - start) - mean) ** 2 for start, end, _ in found) == least


def test_running_text_is_left_alone(atlas: Atlas) -> None:
    setter = Setter(atlas)
    text = setter.text("各村民小组请做好冬季防火工作" * 9)
    spans = setter.spans(text, 24)
    assert evened(text, 24, spans) is spans
