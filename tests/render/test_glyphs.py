"""Text to cells: any string, nothing raised."""

import pytest

from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import Text, cells, missing, shape, shape_all
from ledsign.render.kernel import kernel


def test_widths(atlas: Atlas) -> None:
    assert shape(atlas, "村A1,。").width == 2 + 3 + 2


def test_controls_and_direction_marks_vanish(atlas: Atlas) -> None:
    text = shape(atlas, "甲\u202e\u200b\u00ad\ufeff\ufe0f\x07\U000e0100乙")
    assert [chr(cp) for cp in text.cps] == ["甲", "乙"]
    assert not missing(text)


def test_line_ends_become_blanks(atlas: Atlas) -> None:
    assert "".join(map(chr, shape(atlas, "甲\r\n乙\t丙").cps)) == "甲 乙 丙"


def test_accent_is_composed_or_laid_over(atlas: Atlas) -> None:
    assert [chr(cp) for cp in shape(atlas, "e\u0301").cps] == ["é"]
    over = shape(atlas, "x\u0301")
    assert over.width == 1
    assert len(cells(over).marks) == 1


def test_pinyin_is_half_width_beside_letters_only(atlas: Atlas) -> None:
    assert shape(atlas, "qū").width == 2
    assert shape(atlas, "ū").width == 2
    assert shape(atlas, "μg/m³").width == 5


def test_a_mark_without_base_draws_nothing(atlas: Atlas) -> None:
    assert not len(cells(shape(atlas, "\u0301")).ids)


def test_missing_characters_are_named(atlas: Atlas) -> None:
    assert missing(shape(atlas, "甲\U0010fffd\ud800乙")) == [0x10FFFD, 0xD800]


TRICKY = (
    "", "村务公开", "ūū", "āb", "村ā", "μg/m³", "甲\u0301乙", "e\u0301", "\u0301", "a\tb", "\r\n", "\U000e0041",
    "\U0003f041", "\ud800", "\u200b", "１２", "㐀𠀀", "а́б", "x" * 3000, "村" * 3000,
)  # fmt: skip


def same(one: Text, other: Text) -> bool:
    return all(
        (a == b).all() for a, b in ((one.cps, other.cps), (one.glyphs, other.glyphs), (one.advance, other.advance))
    )


def test_all_ways_of_shaping_agree(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = []
    for switch in ("0", "1"):
        monkeypatch.setenv("LEDSIGN_KERNEL", switch)
        kernel.cache_clear()
        ways += [[shape(atlas, text) for text in TRICKY], shape_all(atlas, TRICKY)]
    monkeypatch.undo()
    kernel.cache_clear()
    for way in ways[1:]:
        for text, one, other in zip(TRICKY, ways[0], way, strict=True):
            assert len(one) == len(other), repr(text)
            assert same(one, other), repr(text)


@pytest.mark.parametrize("plane", range(17))
def test_every_scalar_passes(atlas: Atlas, plane: int) -> None:
    text = shape(atlas, "".join(map(chr, range(plane * 0x10000, (plane + 1) * 0x10000))))
    assert len(cells(text).ids) == text.width
    assert int(cells(text).ids.max(initial=0)) < 2 * len(atlas.full) + len(atlas.half)
