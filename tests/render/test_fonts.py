"""Which face a panel gets, and what a text lacks."""

from dataclasses import replace

import pytest

from ledsign.panel import Panel
from ledsign.render.atlas import Atlas
from ledsign.render.fonts import Face, Role, chain, choose, coverage, ladder, rare


def test_a_ladder_prefers_drawn_sizes() -> None:
    faces = ladder(16, 100)
    assert [face.cell for face in faces] == [16, 24, 32, 48, 64, 96]
    assert faces[2:5] == (Face(32), Face(48), Face(64))
    assert Face(48, 2) in faces
    assert ladder(17, 23) == ()


@pytest.mark.parametrize(("name", "face"), [
    ("p10-192x96-mono", Face(16)), ("p10-320x160-mono", Face(16)), ("p10-256x128-dual", Face(16)),
    ("p8-320x160-rgb", Face(16)), ("p5-512x256-rgb", Face(24)), ("p4.81-416x208-rgb", Face(24)),
    ("hd-1920x1080-rgb", Face(48)),
])  # fmt: skip
def test_every_profile_gets_its_own_text_size(name: str, face: Face, panels: dict[str, Panel]) -> None:
    panel = panels[name]
    assert choose(panel, 18) == face
    assert face.cell == panel.text_px
    assert panel.arcmin(face.cell) >= 24 or panel.width == 320  # the target, except where pitch and text_px say less
    assert panel.arcmin(face.cell) >= 18


def test_what_is_too_small_to_read_is_raised(panels: dict[str, Panel]) -> None:
    near = panels["p5-512x256-rgb"]
    assert choose(replace(near, text_px=16), 18) == Face(16)
    assert choose(replace(near, text_px=16), 24) == Face(24)
    assert choose(replace(near, text_px=16, distance_m=60), 18).cell == 64


def test_a_large_panel_is_not_filled_with_small_print(panels: dict[str, Panel]) -> None:
    body = choose(panels["hd-1920x1080-rgb"], 18, Role.BODY, most_chars=112)
    assert body.cell == 96
    assert choose(panels["hd-1920x1080-rgb"], 18, Role.BODY, most_chars=10_000).cell == 48


def test_an_emergency_is_set_larger(panels: dict[str, Panel]) -> None:
    for panel in panels.values():
        face = choose(panel, 36, Role.EMERGENCY)
        assert panel.arcmin(face.cell) >= 36
        assert panel.width >= 8 * face.cell


def test_notes_may_be_12_leds_where_that_is_legible(panels: dict[str, Panel]) -> None:
    assert choose(panels["p10-192x96-mono"], 18, Role.NOTE) == Face(12)
    assert choose(panels["p5-512x256-rgb"], 18, Role.NOTE) == Face(24)


def test_missing_characters_are_named_with_block_and_level(atlas: Atlas) -> None:
    (unknown,) = coverage(atlas, ["村\U00031350务\U00031350"])
    assert (unknown.codepoint, unknown.count) == (0x31350, 2)
    assert (unknown.block, unknown.level) == ("CJK Unified Ideographs Extension H", None)


@pytest.mark.parametrize(("size", "px"), [(16, 16), (24, 24), (48, 24), (64, 32)])
def test_rare_characters_name_their_font(atlas: Atlas, size: int, px: int) -> None:
    (found,) = rare(atlas.at(size), ["村委会 𪚥 a①"])
    assert (found.codepoint, found.font, found.px, found.level) == (0x2A6A5, "HanaMinB", px, 3)
    assert found.block == "CJK Unified Ideographs Extension B"


def test_chain_counts_every_glyph(atlas: Atlas) -> None:
    links = chain(atlas)
    first = [link for link in links if link.px == 16]
    assert first[0].source.name == "GNU Unifont"
    assert {link.source.licence for link in links} == {
        "OFL-1.1", "public domain", "Hanazono Font License", "Arphic Public License",
    }  # fmt: skip
    for link in links:
        assert len(link.source.sha256) == 64
