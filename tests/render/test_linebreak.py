"""Where lines end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.render.atlas import Atlas, load
from ledsign.render.glyphs import shape
from ledsign.render.linebreak import NO_END, NO_START, classes, weight, wrap


def lines(atlas: Atlas, text: str, width: int, first: int | None = None) -> list[str]:
    shaped = shape(atlas, text)
    return ["".join(map(chr, shaped.cps[a:b])) for a, b in wrap(shaped, width, first)]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("一二三四。五", 8, ["一二三", "四。五"]),
        ("一二三(四五)", 8, ["一二三", "(四五)"]),
        ("说“一二”三", 6, ["说“一", "二”三"]),
        ("一二三——四五", 8, ["一二三", "——四五"]),
        ("一二三……四五", 8, ["一二", "三……", "四五"]),
        ("共1,280.50元整", 8, ["共", "1,280.50", "元整"]),
        ("于13:30到村部", 6, ["于", "13:30", "到村部"]),
        ("在2026年11月21日", 14, ["在", "2026年11月21日"]),
        ("长12.5公里路", 8, ["长", "12.5公里", "路"]),
        ("户,1753亩", 6, ["户,", "1753亩"]),
        ("use https mail", 6, ["use", "https", "mail"]),
        ("一二 三四", 4, ["一二", "三四"]),
    ],
)
def test_rules(atlas: Atlas, text: str, width: int, expected: list[str]) -> None:
    assert lines(atlas, text, width) == expected


def test_number_and_unit_stay_together(atlas: Atlas) -> None:
    assert lines(atlas, "面积约120亩整", 10) == ["面积约", "120亩整"]


def test_no_lonely_last_character(atlas: Atlas) -> None:
    assert lines(atlas, "一二三四五", 8) == ["一二三", "四五"]


def test_first_line_indent(atlas: Atlas) -> None:
    assert lines(atlas, "一二三四五六", 8, 4) == ["一二", "三四五六"]


def test_long_word_is_cut_somewhere(atlas: Atlas) -> None:
    found = lines(atlas, "x" * 100, 24)
    assert max(map(len, found)) == 24
    assert "".join(found) == "x" * 100


def test_address_is_cut_after_its_signs(atlas: Atlas) -> None:
    assert lines(atlas, "https://example.invalid/notices/2026", 26)[0] == "https://example.invalid/"


def test_reading_effort(atlas: Atlas) -> None:
    assert weight(shape(atlas, "村委会")) == 12
    assert weight(shape(atlas, "ab12")) == 8
    assert weight(shape(atlas, "，。 　")) == 2


TEXTS = st.text(st.sampled_from("村民委员会公示，。：（）“”——……《》12.5,:%元年月日 aBc\u3000\u0301/-"), max_size=120)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(4, 40))
def test_lines_hold_everything_and_fit(text: str, width: int) -> None:
    shaped = shape(load(), text)
    found = wrap(shaped, width)
    place = 0
    for start, end in found:
        skipped = shaped.cps[place:start]
        assert all(chr(cp) in " \u3000" for cp in skipped)
        assert int(shaped.advance[start:end].sum()) <= width
        place = end
    assert all(chr(cp) in " \u3000" for cp in shaped.cps[place:])


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("村民委员会公示，。：（）“”《》"), max_size=80))
def test_forbidden_marks_at_line_ends(text: str) -> None:
    """Where ordinary characters stand between the marks, none is at the wrong end of a line."""
    spaced = "村民".join(text)
    shaped = shape(load(), spaced)
    kind = classes(shaped.cps)
    for number, (start, end) in enumerate(wrap(shaped, 16)):
        if number:
            assert not kind[start] & NO_START
        if end < len(shaped):
            assert not kind[end - 1] & NO_END


def test_a_hundred_thousand_characters(atlas: Atlas) -> None:
    assert len(wrap(shape(atlas, "村" * 100_000), 24)) == 8334
