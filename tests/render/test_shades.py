"""Antialiased text on full-colour panels: what the atlases hold, and that pages are Pillow's, to the last bit."""

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ledsign.errors import RenderError
from ledsign.frame import PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.policy import Policy
from ledsign.render import Renderer, charset, shades
from ledsign.render.atlas import Atlas, damaged, load
from ledsign.render.glyphs import cells, shape
from ledsign.render.items import Item, Rect, Run
from ledsign.render.kernel import kernel
from ledsign.render.pack import shows_shades
from ledsign.render.plate import plate
from ledsign.render.raster import compose
from render.samples import assets, samples

INKS = ((0, 0, 0), (255, 255, 224), (255, 48, 32), (0, 136, 136), (7, 100, 251))
HANZI = sorted({*charset.gb2312(0xB0, 0xF7), *charset.general_list()})


@pytest.fixture(params=["numpy", "kernel"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Either way of drawing; the kernel only where it was compiled."""
    monkeypatch.setenv("LEDSIGN_KERNEL", "0" if request.param == "numpy" else "1")
    kernel.cache_clear()
    if request.param == "kernel" and kernel() is None:
        pytest.skip("no compiled kernel here")
    yield request.param
    monkeypatch.undo()
    kernel.cache_clear()


def steps(atlas: Atlas, text: str, size: int) -> NDArray[np.uint8]:
    """``(size, width)`` coverage from 0 to 15 of a line, glyph by glyph as the payload describes them; a glyph that
    is not there is its 1-bit one."""
    sized = atlas.at(size)
    store, parts = sized.shades(), []
    for cell in cells(shape(atlas, text)).ids.tolist():
        found = int(store.cells[cell])
        if found == shades.LACKS:
            bits = np.unpackbits(sized.rows(np.array([cell])).reshape(size, -1), axis=1)
            parts.append(bits[:, : size // 2] * 15)
            continue
        row = store.half[found - store.whole] if found >= store.whole else store.full[found >> 1]
        spread = np.stack((row >> 4, row & 15), axis=2).reshape(size, -1)
        whole = found < store.whole
        parts.append(spread[:, size // 2 * (found & 1) :][:, : size // 2] if whole else spread)
    return np.concatenate(parts, axis=1).astype(np.uint8)


@pytest.mark.parametrize("size", shades.SIZES)
def test_everyday_characters_are_there_and_distinct(atlas: Atlas, size: int) -> None:
    store = atlas.at(size).shades()
    numbers, known = store.numbers(atlas.lut[HANZI] >> 4, wide=True)
    assert len(HANZI) == 8230
    assert known.all()
    assert len(store.full) == 10973
    pictures: dict[bytes, int] = {}
    for cp, number in zip(HANZI, numbers.tolist(), strict=True):
        other = pictures.setdefault(store.full[number].tobytes(), cp)
        assert unicodedata.normalize("NFKC", chr(other)) == unicodedata.normalize("NFKC", chr(cp))
        assert store.full[number].any()
    symbols = charset.gb2312(0xA1, 0xA9)
    assert store.numbers(atlas.lut[symbols] >> 4, wide=True)[1].all()
    assert store.numbers(atlas.lut[0x20:0x7F] >> 3, wide=False)[1].all()


@pytest.mark.parametrize("size", shades.SIZES)
def test_they_stand_where_the_one_bit_glyphs_stand(atlas: Atlas, size: int) -> None:
    """Two renderings of one outline by FreeType, hinted each in its way: centres hardly a LED apart, nearly as much
    light. A glyph cut at an edge of its cell would lose both."""
    sized = atlas.at(size)
    numbers, _ = sized.shades().numbers(atlas.lut[HANZI] >> 4, wide=True)
    rows = sized.full[atlas.lut[HANZI] >> 4].view(np.uint8).reshape(len(HANZI), size, -1)
    plain = np.unpackbits(rows, axis=2)[:, :, :size].astype(np.float64)
    raw = sized.shades().rows(numbers, wide=True)
    grey = np.stack((raw >> 4, raw & 15), axis=3).reshape(len(HANZI), size, size) / 15
    for axis in (1, 2):
        places = np.arange(size)
        centres = [(each.sum(axis=3 - axis) @ places) / each.sum(axis=(1, 2)) for each in (plain, grey)]
        assert np.abs(centres[0] - centres[1]).max() < 2
        assert np.abs(centres[0] - centres[1]).mean() < 0.35
    light = grey.sum(axis=(1, 2)) / plain.sum(axis=(1, 2))
    assert light.min() > 0.8
    assert light.max() < 1.4
    assert abs(light.mean() - 1) < 0.03


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("size", shades.SIZES)
@pytest.mark.parametrize(("ink", "ground"), [(1, 0), (2, 3), (0, 1), (4, 2)])
def test_pages_are_what_pillow_pastes(atlas: Atlas, size: int, ink: int, ground: int) -> None:
    lines = ("村务公开第3期", "Total 1,280.50元", "龘靐 é𠅤e\u0301", "——……（二）", "财务公开情况表")
    width, height = 9 * size + 5, 6 * size + 9
    items: list[Item] = [Rect(0, 0, width, 3, 4)]
    picture = Image.new("RGB", (width, height))
    picture.paste(INKS[4], (0, 0, width, 3))
    for number, line in enumerate(lines):
        x, y = number * 3 + 1, 4 + number * (size + 1)
        items.append(Run(x, y, 1, ink, cells(shape(atlas, line)), size=size, ground=ground))
        mask = Image.fromarray(steps(atlas, line, size) * 17)
        picture.paste(INKS[ground], (x, y, x + mask.width, y + size))
        picture.paste(INKS[ink], (x, y), mask)
    made = plate(atlas, items, width, height, ColorMode.RGB, INKS, smooth=True)
    for _ in range(2):  # what the first page leaves in memory changes nothing
        assert compose(atlas, made, ColorMode.RGB) == picture.tobytes()


@pytest.mark.usefixtures("way")
def test_a_full_page_of_hanzi(atlas: Atlas) -> None:
    """One block as wide as the page, gathered straight from the atlas."""
    lines = ["".join(map(chr, HANZI[start : start + 20])) for start in range(0, 4000, 400)]
    items = [Run(0, 34 * number, 1, 1, cells(shape(atlas, line)), size=32) for number, line in enumerate(lines)]
    made = plate(atlas, items, 640, 340, ColorMode.RGB, INKS, smooth=True)
    picture = Image.new("RGB", (640, 340))
    for number, line in enumerate(lines):
        picture.paste(INKS[1], (0, 34 * number), Image.fromarray(steps(atlas, line, 32) * 17))
    assert [group.wide for group in made.groups] == [True]
    assert compose(atlas, made, ColorMode.RGB) == picture.tobytes()


def test_traditional_text_is_in_one_style(atlas: Atlas) -> None:
    """A name with a character that has no shades is smooth but for that one; a text full of them is not at all."""
    lines = {"村民张䶮㼆等三户公示": True, "區政府辦公室發給你們": False, "區(qū)政府(zhèngfǔ)": False, "财务": True}
    for line, smooth in lines.items():
        runs: list[Item] = [Run(0, 0, 1, 1, cells(shape(atlas, line)), size=24)]
        (group,) = plate(atlas, runs, 240, 24, ColorMode.RGB, INKS, smooth=True).groups
        assert group.smooth is smooth
        sharp = plate(atlas, runs, 240, 24, ColorMode.RGB, INKS)
        assert not sharp.groups[0].smooth
        for mode in (ColorMode.MONO, ColorMode.DUAL):
            assert not plate(atlas, runs, 240, 24, mode, INKS, smooth=True).groups[0].smooth


def test_damage_is_found_and_other_sizes_are_named(tmp_path: Path) -> None:
    whole = load(tmp_path).at(24)
    assert whole.shades() is whole.at(24).shades()
    assert damaged(whole) == ()
    (file,) = tmp_path.glob("shades-24-*")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == whole.shades().sha256
    file.chmod(0o644)
    with file.open("r+b") as store:
        store.seek(100_000)
        store.write(b"\x12\x34\x56")
    again = load(tmp_path).at(24)
    assert again.shades().size == 24
    assert damaged(again) == (24,)
    with pytest.raises(RenderError, match="16"):
        _ = again.at(16).shades()


def test_only_full_colour_panels_unpack_them(
    panels: dict[str, Panel], policy: Policy, cache: Path, tmp_path: Path
) -> None:
    Renderer(panels["p5-512x256-rgb"], policy, cache)
    unpacked = {file for file in cache.iterdir() if not file.name.startswith("shades-24-")}
    assert len([file for file in unpacked if file.name.startswith("shades-")]) == len(shades.SIZES) - 1
    for file in unpacked:  # all that takes long is there already, but for the smallest of them
        (tmp_path / file.name).hardlink_to(file)
    for name in ("p10-192x96-mono", "p10-256x128-dual"):
        Renderer(panels[name], policy, tmp_path)
        assert not list(tmp_path.glob("shades-24-*"))
    Renderer(panels["p5-512x256-rgb"], policy, tmp_path)
    assert len(list(tmp_path.glob("shades-24-*"))) == 1


@pytest.mark.usefixtures("way")
def test_where_shades_are_drawn(panels: dict[str, Panel], policy: Policy, cache: Path) -> None:
    """Not by a policy that says never, not for cards without shades, never in letters below 24 LEDs."""
    never = replace(policy, look=replace(policy.look, antialias="never"))
    notice = samples()["paragraph"]
    for name, panel in panels.items():
        drawn = {
            rule.look.antialias: Renderer(panel, rule, cache).render(notice, assets).pages for rule in (policy, never)
        }
        bare = Renderer(panel, policy, cache, shaded=False).render(notice, assets).pages
        assert [page.pixels for page in bare] == [page.pixels for page in drawn["never"]]
        differs = [page.pixels for page in bare] != [page.pixels for page in drawn["always"]]
        assert differs is (panel.mode is ColorMode.RGB and panel.text_px >= 24), name
        assert [page.dwell_s for page in bare] == [page.dwell_s for page in drawn["always"]]


def test_formats_that_show_shades() -> None:
    assert {found for found in PixelFormat if shows_shades(found)} == {
        PixelFormat.PLANES_24, PixelFormat.RGB888, PixelFormat.PNG,
    }  # fmt: skip
