"""What the shipped atlases hold, how other sizes stand in, and that they are unpacked safely."""

import importlib.util
import json
import lzma
import subprocess
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from ledsign.errors import RenderError
from ledsign.render import atlas as room
from ledsign.render import charset, shades, shipped
from ledsign.render.atlas import FULL, HALF, SIZES, Atlas, damaged, intact, load

SYMBOLS = charset.gb2312(0xA1, 0xA9)
HANZI = charset.gb2312(0xB0, 0xF7)


def values(atlas: Atlas, cps: Iterable[int]) -> NDArray[np.uint32]:
    return atlas.lut[np.array(sorted(cps))]


def own(atlas: Atlas, cps: Iterable[int]) -> int:
    """How many of the characters have a bitmap of this very size."""
    found = values(atlas, cps)
    return int(((found != FULL) & (found >> 4 < len(atlas.full))).sum())


def pixels(atlas: Atlas, cps: Iterable[int]) -> NDArray[np.uint8]:
    """``(n, size, size)`` of full-width characters, as they are drawn."""
    left = values(atlas, cps) >> 3
    rows = atlas.rows(np.stack((left, left + 1), axis=1).ravel())
    bits = np.unpackbits(rows.reshape(len(rows), atlas.size, atlas.stride), axis=2)[:, :, : atlas.width]
    sides = bits.reshape(-1, 2, atlas.size, atlas.width)
    return np.concatenate((sides[:, 0], sides[:, 1]), axis=2)


def test_gb2312_is_complete_and_full_width(atlas: Atlas) -> None:
    assert (len(HANZI), len(SYMBOLS)) == (6763, 682)
    assert own(atlas, HANZI) == 6763
    assert own(atlas, SYMBOLS) == 682
    assert set((values(atlas, HANZI + SYMBOLS) & 7).tolist()) == {FULL}


def test_published_totals_of_the_standard() -> None:
    assert [len(charset.level(n)) for n in (1, 2, 3)] == [27584, 27780, 88115]
    assert len(charset.general_list()) == 8105
    assert sum(cp > 0xFFFF for cp in charset.general_list()) == 196
    assert len(charset.gbk()) == 21003


def test_level_2_at_16_px_is_true_bitmaps(atlas: Atlas) -> None:
    cells = values(atlas, charset.level(2)) >> 3
    assert {atlas.drawn_by(int(cell)) for cell in cells} == {(atlas.sources[1], 16)}
    assert len(cells) == 27780


@pytest.mark.parametrize(("size", "level", "count"), [
    (12, 3, 88115), (16, 3, 88115), (24, 3, 88115), (32, 3, 88115), (48, 2, 27780), (64, 1, 21044),
])  # fmt: skip
def test_bitmaps_by_level(atlas: Atlas, size: int, level: int, count: int) -> None:
    assert own(atlas.at(size), charset.level(level)) == count
    everyday = charset.gbk() | charset.general_list()
    assert own(atlas.at(size), everyday) == len(everyday)


@pytest.mark.parametrize("size", SIZES)
def test_all_of_level_3_is_drawn_in_every_size(atlas: Atlas, size: int) -> None:
    """A size that holds fewer draws the rest from a smaller one; nothing is blank, nothing is the box."""
    sized = atlas.at(size)
    wanted = np.array(sorted(charset.level(3)))
    beyond = wanted[values(atlas, wanted) >> 4 >= len(sized.full)]
    sample = np.concatenate((beyond[:: max(1, len(beyond) // 500)], wanted[::200]))
    drawn = pixels(sized, sample)
    box = pixels(sized, [0xE000])[0]
    assert drawn.any(axis=(1, 2)).all()
    assert not (drawn == box).all(axis=(1, 2)).any()


@pytest.mark.parametrize("size", SIZES)
def test_no_two_characters_look_alike_but_those_listed(atlas: Atlas, size: int, root: Path) -> None:
    sized = atlas.at(size)
    lines = (root / "fonts" / "alike.txt").read_text(encoding="utf-8").splitlines()
    allowed = next(line for line in lines if line.startswith(f"{size}: ")).split()[1:]
    groups: dict[bytes, list[int]] = defaultdict(list)
    for cp in sorted(charset.level(3)):
        number = int(atlas.lut[cp]) >> 4
        if number < len(sized.full):
            groups[sized.full[number].tobytes()].append(cp)
    shared = [group for group in groups.values() if len(group) > 1]
    assert not [group for group in shared if len(charset.general_list().intersection(group)) > 1]
    different = [group for group in shared if len({unicodedata.normalize("NFKC", chr(cp)) for cp in group}) > 1]
    assert sorted("".join(map(chr, group)) for group in different) == sorted(allowed)


@pytest.mark.parametrize("size", SIZES)
def test_the_general_list_stays_distinct_as_drawn(atlas: Atlas, size: int) -> None:
    drawn = pixels(atlas.at(size), charset.general_list())
    assert len({picture.tobytes() for picture in drawn}) == 8105


@pytest.mark.parametrize("size", SIZES)
def test_dashes_join_and_marks_keep_their_side(atlas: Atlas, size: int) -> None:
    sized = atlas.at(size)
    dash, comma, opening, closing = pixels(sized, [0x2014])[0], *(pixels(sized, [ord(c)])[0] for c in "，“”")
    assert dash.all(axis=1).any()
    half = sized.width
    assert not comma[:, half:].any()
    assert opening[:, half:].sum() > opening[:, :half].sum()
    assert closing[:, :half].sum() > closing[:, half:].sum()


def test_both_codec_names_of_a_symbol_are_one_glyph(atlas: Atlas) -> None:
    assert atlas.lut[0x2015] == atlas.lut[0x2014]
    assert atlas.lut[0x30FB] == atlas.lut[0x00B7]


def test_ambiguous_symbols_are_full_width_at_16_px(atlas: Atlas) -> None:
    symbols = {*SYMBOLS, 0x2014, 0xB7} - {0x2015, 0x30FB}
    by = [atlas.drawn_by(int(value) >> 3)[0].name for value in values(atlas, symbols)]
    assert by.count("guob16") == 294
    assert by.count("the build itself") == 2  # dash and dots


def test_rare_name_characters_beyond_the_bmp(atlas: Atlas) -> None:
    assert own(atlas, map(ord, "䶮㛃㑇𬭎𫖯𬱖𠅤𬍛")) == 8


def test_what_is_unknown_is_the_visible_box(atlas: Atlas) -> None:
    assert atlas.lut[0xE000] == FULL
    for size in SIZES:
        assert atlas.at(size).full[0].view(np.uint8).any()


def test_private_use_of_the_2005_edition_is_the_2022_character(atlas: Atlas) -> None:
    assert len(charset.PRIVATE) == 24
    for old, new in charset.PRIVATE.items():
        assert atlas.lut[old] == atlas.lut[new] != FULL


def test_ascii_is_half_width(atlas: Atlas) -> None:
    assert set((atlas.lut[0x20:0x7F] & 7).tolist()) == {HALF}


@pytest.mark.parametrize("size", SIZES)
def test_rows_are_the_bits_of_both_sides(atlas: Atlas, size: int) -> None:
    sized = atlas.at(size)
    value = int(atlas.lut[ord("村")])
    raw = sized.full[value >> 4].view(np.uint8).reshape(size, -1)
    assert (np.unpackbits(raw, axis=1)[:, :size] == pixels(sized, [ord("村")])[0]).all()
    mixed = np.array([value >> 3, int(atlas.lut[ord("a")]) >> 3, (value >> 3) + 1])
    rows = sized.rows(mixed)
    assert rows.shape == (3, size * sized.stride)
    assert (rows[[0, 2]] == sized.rows(mixed[[0, 2]])).all()
    assert (rows[1] == sized.rows(mixed[1:2])[0]).all()
    assert sized.rows(mixed[:0]).shape == (0, size * sized.stride)


def test_a_size_borrows_from_a_smaller_one(atlas: Atlas) -> None:
    rare = [0x2A6A5]
    small, large = pixels(atlas.at(24), rare)[0], pixels(atlas.at(48), rare)[0]
    assert (small.repeat(2, axis=0).repeat(2, axis=1) == large).all()
    assert atlas.at(48).drawn_by(int(atlas.lut[0x2A6A5]) >> 3) == atlas.at(24).drawn_by(int(atlas.lut[0x2A6A5]) >> 3)
    thai = np.array([int(atlas.lut[0x0E01]) >> 3])
    assert atlas.at(24).rows(thai).any()
    telephone, hanzi = (np.array([int(atlas.lut[cp]) >> 3]) for cp in (0x260E, 0x6751))
    assert not atlas.at(12).holds(thai)
    assert not atlas.at(12).holds(telephone)
    assert atlas.at(12).holds(hanzi)
    assert atlas.at(48).holds(thai)


def test_unpacked_once_mapped_and_shared(tmp_path: Path) -> None:
    first = load(tmp_path)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert sorted(name.rsplit("-", 1)[0] for name in before) == ["atlas-16", "atlas-index"]
    second = load(tmp_path)
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before
    assert intact(first)
    assert not second.full.flags.writeable
    assert all(file.stat().st_mode & 0o222 == 0 for file in tmp_path.iterdir())
    assert first.at(24) is first.at(24).at(16).at(24)


def test_processes_that_start_together_share_one_copy(tmp_path: Path, root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ledsign.render.atlas import damaged, load;"
        "a = load(Path(sys.argv[1])); a.at(12); print(damaged(a))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    started = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in started] == ["()\n"] * 3
    assert len(list(tmp_path.iterdir())) == 3


def test_damage_on_disk_is_found(tmp_path: Path) -> None:
    (file,) = (load(tmp_path), *tmp_path.glob("atlas-16-*"))[1:]
    file.chmod(0o644)
    with file.open("r+b") as store:
        store.seek(1000)
        store.write(b"\xff\x00\xff")
    assert damaged(load(tmp_path)) == (16,)


def test_truncated_cache_is_replaced(tmp_path: Path) -> None:
    load(tmp_path)
    for file in tmp_path.iterdir():
        file.chmod(0o644)
        file.write_bytes(b"cut short")
    assert intact(load(tmp_path))


def test_without_a_writable_cache_it_lives_in_memory(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    assert intact(load(blocker / "below"))


def test_damaged_shipment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = room.resource("fonts", "atlas.json").parent
    for name in ("atlas.json", "atlas-index.xz"):
        (tmp_path / name).write_bytes((fonts / name).read_bytes())
    (tmp_path / "atlas-16.xz").write_bytes(lzma.compress(b"other"))
    for module in (room, shipped):
        monkeypatch.setattr(module, "resource", lambda *parts: tmp_path / parts[-1])
    with pytest.raises(RenderError, match="checksum"):
        load(tmp_path / "cache")


def test_a_size_that_is_not_there_is_named(cache: Path) -> None:
    with pytest.raises(RenderError, match="17"):
        load(cache, 17)


def test_shipment_is_what_its_description_says(root: Path) -> None:
    fonts = root / "fonts"
    about = json.loads((fonts / "atlas.json").read_text(encoding="utf-8"))
    entries = {"atlas-index": about["index"], **{f"atlas-{size}": about["sizes"][str(size)] for size in SIZES}}
    entries |= {f"shades-{size}": about["shades"][str(size)] for size in shades.SIZES}
    assert {file.stem for file in fonts.glob("*.xz")} == set(entries)
    for name, entry in entries.items():
        raw = (fonts / f"{name}.xz").read_bytes()
        assert room.hashlib.sha256(raw).hexdigest() == entry["packed_sha256"]
    assert sum(entry["packed"] for entry in entries.values()) < 35_000_000


def builder(root: Path) -> ModuleType:
    pytest.importorskip("freetype", reason="the build tool needs freetype-py")
    sys.path.insert(0, str(root / "tools"))
    try:
        spec = importlib.util.spec_from_file_location("build_atlas", root / "tools" / "build_atlas.py")
        assert spec is not None
        assert spec.loader is not None
        tool = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tool)
    finally:
        sys.path.remove(str(root / "tools"))
    return tool


def test_nothing_is_clipped_when_placed(root: Path) -> None:
    tool = builder(root)
    ink = np.ones((5, 9), bool)
    for x in (-4, 0, 6, 40):
        for y in (-7, 0, 12, 99):
            assert tool.placed(ink, x, y, 12, 16).sum() == 45
    with pytest.raises(ValueError, match="broadcast"):
        tool.placed(np.ones((5, 13), bool), 0, 0, 12, 16)


def test_build_gives_the_shipped_bytes(root: Path, shared: Path, atlas: Atlas) -> None:
    tool = builder(root)
    absent = [file for _, package, file, *_ in tool.PACKAGES if package and not (Path("/") / file).exists()]
    if absent:
        pytest.skip(f"font not installed: {absent[0]}")
    about = json.loads((root / "fonts" / "atlas.json").read_text(encoding="utf-8"))
    if about["freetype"] != ".".join(map(str, tool.freetype.version())):
        pytest.skip("another FreeType than the shipped atlas was made with")
    chain = tool.Chain(shared / "fonts" / "unifont_all-16.0.04.hex.xz", Path("/"))
    numbering = tool.Numbering(chain)
    assert tool.sha256(numbering.lut()) == about["index"]["sha256"]
    payload = tool.compile_size(chain, numbering, 64)
    tool.verify(numbering, 64, payload, tool.allowances(64))
    assert tool.sha256(payload) == about["sizes"]["64"]["sha256"]
    sized = atlas.at(24)
    for cp in (*HANZI[::70], 0x2014, 0x3000, ord("，"), ord("①")):
        number = sized.shades().numbers(values(atlas, [cp]) >> 4, wide=True)[0][0]
        steps = tool.glyph_shades.full(chain.noto, cp, chain.full(cp, 24)[0])
        assert (sized.shades().full[number] == (steps[:, 0::2] << 4 | steps[:, 1::2])).all()
