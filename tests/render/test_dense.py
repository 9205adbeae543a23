"""Characters that 16 LEDs hold badly are drawn larger: in a line, in a roster, or the whole notice."""

from pathlib import Path

import numpy as np
import pytest

from ledsign import notice as n
from ledsign.panel import Panel
from ledsign.policy import Policy
from ledsign.render import Renderer, charset
from ledsign.render.atlas import Atlas
from ledsign.render.dense import is_dense, is_mixed, marked, pieces, promoted
from ledsign.render.fonts import Face
from ledsign.render.glyphs import shape
from ledsign.render.items import Run
from ledsign.render.setting import Setter, fitted, line_chunk
from render.apart import apart
from render.samples import make, samples

TRADITIONAL = "為進一步規範財務收支,現將本季度賬目公開如下。"


def runs(renderer: Renderer, notice: n.Notice) -> list[Run]:
    _, sheets = renderer.lay_out(notice)
    return [item for sheet in sheets for item in apart(sheet.items) if isinstance(item, Run)]


def test_the_list_is_of_unusual_characters() -> None:
    """Written by ``tools/dense_characters.py``: 503 of the general list, none of its first 3 500."""
    dense = charset.text("dense.txt")
    assert len(dense) == len(set(dense)) == 503
    assert set(map(ord, dense)) <= charset.general_list()
    assert not set(dense) & set(charset.text("tgh.txt")[:3500])


def test_what_is_dense(atlas: Atlas) -> None:
    text = shape(atlas, "马曦警疆藏王龘務瑔䶮𪚥，1a")
    # 䶮 is on the general list and has few strokes; 警 疆 藏 have many, but everyone knows them
    assert "".join(chr(cp) for cp in text.cps[marked(text)]) == "曦龘務𪚥"


def test_a_notice_in_traditional_characters_is_dense() -> None:
    assert is_dense([TRADITIONAL])
    assert not is_dense(["本村村民马曦懿等三人申请困难补助,经村民代表会议评议通过,现予公示。"])
    assert not is_dense(["", "abc 123"])


def test_a_dense_character_is_as_wide_as_whole_half_cells(atlas: Atlas) -> None:
    text = promoted(shape(atlas, "本村村民马曦等户"), Face(16), 24)
    assert text.advance.tolist() == [2, 2, 2, 2, 2, 3, 2, 2]
    assert promoted(shape(atlas, "马曦"), Face(16), 24).advance.tolist() == [3, 3]  # a name has one size
    assert promoted(shape(atlas, "本村村民马曦等户"), Face(24), 24).advance.max() == 2
    found = pieces(text)
    assert [(len(part), big, at) for part, big, at in found] == [(5, False, 0), (1, True, 10), (2, False, 13)]
    assert all(int(part.advance.max()) == 2 for part, _, _ in found)


def test_a_line_with_one_is_higher_and_stands_on_one_edge(atlas: Atlas) -> None:
    setter, size = Setter(atlas, 24), fitted(192, 77, Face(16))
    chunk = line_chunk(setter.sized("本村村民马曦等户", Face(16)), size, 1)
    drawn = [item for item in apart(chunk.items) if isinstance(item, Run)]
    assert chunk.height == 24
    assert {item.y + item.h for item in drawn} == {24}
    assert [item.size for item in drawn] == [16, 24, 16]
    edges = [(item.x, item.x + item.w) for item in drawn]
    assert [b for _, b in edges[:-1]] == [a for a, _ in edges[1:]]
    plain = line_chunk(setter.sized("本村村民", Face(16)), size, 1)
    assert (plain.height, len(plain.items)) == (16, 1)


@pytest.mark.parametrize("name", ["p10-192x96-mono", "p10-320x160-mono", "p10-256x128-dual", "p8-320x160-rgb"])
def test_rare_names_of_a_roster_are_larger(
    name: str, panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    drawn = runs(Renderer(panels[name], policy, cache), samples()["dense-names"])
    large = "".join("".join(map(chr, item.cells.text.cps)) for item in drawn if item.size == 24)
    assert "马曦懿" in large
    assert "欧阳瑔" not in large  # rare, but on the general list and of few strokes
    small = "".join("".join(map(chr, item.cells.text.cps)) for item in drawn if item.size == 16)
    assert "李四某" in small


def test_a_dense_notice_is_set_larger_where_a_page_holds_a_sentence(
    panels: dict[str, Panel], policy: Policy, cache: Path
) -> None:
    sizes = {
        name: Renderer(panels[name], policy, cache).lay_out(samples()["dense"])[0].style.body.cell for name in panels
    }
    assert sizes["p10-320x160-mono"] == sizes["p8-320x160-rgb"] == 24
    assert sizes["p10-192x96-mono"] == sizes["p10-256x128-dual"] == 16
    assert min(sizes[name] for name in panels if name[:3] in {"p5-", "p4.", "hd-"}) >= 24
    plain = samples()["paragraph"]
    assert Renderer(panels["p10-320x160-mono"], policy, cache).lay_out(plain)[0].style.body.cell == 16


def test_nothing_overlaps(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    """Lines of a cell, a list and a paragraph with dense characters keep off each other."""
    rare = "马曦懿、龘䴖𬎆等户"
    table = n.Table((n.Column("a", "姓名", "text", "left", True), n.Column("b", "说明", "text", "left", False)),
                    tuple((f"王曦{i}", rare * 3) for i in range(9)))  # fmt: skip
    notice = make(n.Paragraph(rare * 9, "justify", 2), table, n.ListBlock("number", (rare * 3, rare)))
    for name in ("p10-192x96-mono", "p10-320x160-mono"):
        renderer = Renderer(panels[name], policy, cache)
        for sheet in renderer.lay_out(notice)[1]:
            taken = np.zeros((panels[name].height + 99, panels[name].width + 99), dtype=np.int8)
            for item in apart(sheet.items):
                if isinstance(item, Run):
                    taken[item.y : item.y + item.h, item.x : item.x + item.w] += 1
            assert taken.max() <= 1
            assert not taken[panels[name].height :].any()
            assert not taken[:, panels[name].width :].any()


def test_short_texts_only_are_mixed_nowhere(atlas: Atlas) -> None:
    assert not is_mixed(shape(atlas, ""))
    assert not is_mixed(shape(atlas, "马曦"))
