"""Where lines end."""

import gc
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.render.atlas import Atlas, load
from ledsign.render.charkind import NO_END, NO_START, SQUEEZE, classes
from ledsign.render.fonts import Face
from ledsign.render.glyphs import shape
from ledsign.render.kernel import kernel
from ledsign.render.linebreak import breaks, weight, wrap
from ledsign.render.setting import Setter, fitted, justified


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
        ("共10 000元整", 8, ["共", "10 000元", "整"]),
        ("镇(zhèn)(街道)", 12, ["镇(zhèn)", "(街道)"]),
        ("凭证记-019号", 10, ["凭证", "记-019号"]),
        ("元/人·年", 4, ["元/", "人·", "年"]),
        ("电话(24小时)。", 10, ["电话", "(24小时)。"]),
        ("一二三四五。", 10, ["一二三", "四五。"]),
        ("电话:0000-8860119(24小时)。不要", 20, ["电话:", "0000-8860119", "(24小时)。不要"]),
        ("1234567890。", 10, ["123456789", "0。"]),
    ],
)
def test_rules(atlas: Atlas, text: str, width: int, expected: list[str]) -> None:
    assert lines(atlas, text, width) == expected


def test_last_mark_is_squeezed(atlas: Atlas) -> None:
    """A full-width mark hangs out by its empty half instead of taking a character to the next line."""
    setter = Setter(atlas)
    text = setter.text("一二三四，五六七八")
    assert [line.width for line in setter.lines(text, 9)] == [9, 8]
    assert [len(line) for line in setter.lines(text, 9)] == [5, 4]
    assert [len(line) for line in setter.lines(text, 8)] == [3, 4, 2]
    assert len(setter.lines(setter.text("（一二三（四五"), 9)[0]) == 4  # no opening mark is


def test_setting_text_holds_no_file_open(cache: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    Setter(load(cache)).lines(shape(load(cache), "一二三四，五"), 5)
    gc.collect()
    before = opened()
    for _ in range(20):
        Setter(atlas := load(cache)).lines(shape(atlas, "一二三四，五"), 5)
    del atlas
    gc.collect()
    assert opened() <= before


def test_squeezed_marks_are_empty_on_the_right(atlas: Atlas) -> None:
    for size in (16, 24, 32, 48):
        face = atlas.at(size)
        for char in "，。、；：！）】〉〕":
            cell = int(atlas.lut[ord(char)]) >> 3
            assert not face.rows(np.array([cell + 1], dtype=np.uint32)).any(), (char, size)


def test_justified_line_fills_its_room_without_parting_figures(atlas: Atlas) -> None:
    setter, size = Setter(atlas), fitted(320, 141, Face())
    text = setter.text("村集体收入1,280.50元已全部入账并公示完")
    pieces = justified(text, text.width * 8 + 6, size)
    start, end, x = pieces[-1]
    assert x + text[start:end].width * 8 == text.width * 8 + 6
    assert [start for start, _, _ in pieces[1:]] == [end for _, end, _ in pieces[:-1]]
    assert all(x >= text[:start].width * 8 for start, _, x in pieces)
    assert any("1,280.50元" in "".join(map(chr, text.cps[a:b])) for a, b, _ in pieces)
    assert justified(text, text.width * 8 + 99, size) == [(0, len(text), 0)]


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


def test_lines_are_the_same_with_and_without_the_kernel(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel() is None:
        pytest.skip("no compiled kernel here")
    dice = random.Random(5)
    letters = "村民委员会，。“”（）——……123.5元 A bcdefghij\u3000\u0301\u200bé/?"
    for number in range(600):
        string = "".join(dice.choice(letters) for _ in range(dice.randrange(120)))
        width, found = 2 + number % 30, []
        for way in ("1", "0"):
            monkeypatch.setenv("LEDSIGN_KERNEL", way)
            kernel.cache_clear()
            text = shape(atlas, string)
            squeeze = classes(text.cps) & SQUEEZE != 0 if number % 2 else None
            found.append(wrap(text, width, (None, 1, 4, width)[number % 4], squeeze))
        assert found[0] == found[1], (string, width)
    monkeypatch.undo()
    kernel.cache_clear()


def test_kernel_refuses_signs_that_do_not_match() -> None:
    compiled = kernel()
    if compiled is None:
        pytest.skip("no compiled kernel here")
    two, three = bytes(2), bytes(3)
    wrong = (two, three, two, None, 0), (two, two, three, None, 0), (two, two, two, three, 0), (two, two, two, two, 3)
    for signs in wrong:
        with pytest.raises(ValueError, match="as many"):
            compiled.fill(*signs, 4, 4)
    kinds, pairs, roles, context = bytes(4), bytes(9), bytes(6), bytes(1 << 13)
    assert compiled.breaks(bytes(12), b"\2\2\2", kinds, pairs, roles, context) == b"\1\1\1"
    for broken in ((bytes(8), b"\2", kinds, pairs, roles, context), (b"", b"", b"", pairs, roles, context),
                   (b"", b"", kinds, pairs, kinds, context), (b"", b"", kinds, pairs, roles, kinds)):  # fmt: skip
        with pytest.raises(ValueError, match="as many"):
            compiled.breaks(*broken)
    assert compiled.fill(b"", b"", b"", None, 0, 4, 4) == (b"", 0, 0)
    assert compiled.fill(b"\2\2\2", b"\0\0\0", bytes(3), None, 0, 4, 4) == (b"", 0, 2)  # no place to end the line


def test_line_ends_are_the_same_with_and_without_the_kernel(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    if kernel() is None:
        pytest.skip("no compiled kernel here")
    chance = random.Random(11)
    signs = "村务，。（）“《》12350.,:/-—…年月日元公里 \u3000aB\u0301%№第~\U00020000"
    texts = [shape(atlas, "".join(chance.choices(signs, k=chance.randrange(40)))) for _ in range(400)]
    found = []
    for switch in ("0", "1"):
        with monkeypatch.context() as patch:
            patch.setenv("LEDSIGN_KERNEL", switch)
            kernel.cache_clear()
            found.append([breaks(text).tolist() for text in texts])
    kernel.cache_clear()
    assert found[0] == found[1]
