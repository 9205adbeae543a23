"""What the shipped atlas holds, and that it is unpacked safely."""

import hashlib
import importlib.util
import lzma
from pathlib import Path

import numpy as np
import pytest

from ledsign.errors import RenderError
from ledsign.render import atlas as room
from ledsign.render.atlas import FULL, HALF, Atlas, intact, load


def gb2312(first: int, last: int) -> list[int]:
    found = []
    for row in range(first, last):
        for cell in range(0xA1, 0xFF):
            try:
                found.append(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def drawn(atlas: Atlas, cps: list[int]) -> int:
    return int((atlas.lut[np.array(cps)] != FULL).sum())


def level1() -> list[int]:
    """GB 18030-2022 implementation level 1, as published: 27 584 characters."""
    return [
        *range(0x4E00, 0x9FF0),
        *range(0x3400, 0x4DB6),
        *(0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29),
        *(0x2E81, 0x2E84, 0x2E88, 0x2E8B, 0x2E8C, 0x2E97, 0x2EA7, 0x2EAA, 0x2EAE, 0x2EB3, 0x2EB6, 0x2EB7),
        *(0x2EBB, 0x2ECA),
    ]  # fmt: skip


def test_gb2312_is_complete_and_full_width(atlas: Atlas) -> None:
    hanzi, symbols = gb2312(0xB0, 0xF8), gb2312(0xA1, 0xAA)
    assert (len(hanzi), len(symbols)) == (6763, 682)
    assert drawn(atlas, hanzi) == 6763
    assert drawn(atlas, symbols) == 682
    assert set((atlas.lut[np.array(hanzi + symbols)] & 7).tolist()) == {FULL}


def test_level_1_is_complete(atlas: Atlas) -> None:
    assert len(level1()) == 27584
    assert drawn(atlas, level1()) == 27584


def test_rare_name_characters_beyond_the_bmp(atlas: Atlas) -> None:
    assert drawn(atlas, [ord(char) for char in "䶮㛃㑇𬭎𫖯𬱖𠅤𬍛"]) == 8


def test_no_two_characters_of_gb2312_look_alike(atlas: Atlas) -> None:
    ids = atlas.lut[np.array(gb2312(0xB0, 0xF8))] >> 4
    assert len({row.tobytes() for row in atlas.full[ids]}) == 6763


def test_what_is_unknown_is_the_visible_box(atlas: Atlas) -> None:
    assert atlas.lut[0xE000] == FULL
    assert atlas.full[0].any()
    assert not (atlas.full[1:200] == atlas.full[0]).all(axis=1).any()


def test_private_use_of_the_2005_edition_is_the_2022_character(atlas: Atlas) -> None:
    assert atlas.lut[0xE81E] == atlas.lut[0x9FB4] != FULL
    assert atlas.lut[0xE816] == atlas.lut[0x20087] != FULL


def test_ascii_is_half_width(atlas: Atlas) -> None:
    assert set((atlas.lut[0x20:0x7F] & 7).tolist()) == {HALF}


def test_unpacked_once_and_mapped(tmp_path: Path) -> None:
    first = load(tmp_path)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    second = load(tmp_path)
    assert file.stat().st_mtime_ns == before
    assert intact(first)
    assert not second.full.flags.writeable
    assert file.stat().st_mode & 0o222 == 0


def test_truncated_cache_is_replaced(tmp_path: Path) -> None:
    load(tmp_path)
    (file,) = tmp_path.iterdir()
    file.chmod(0o644)
    file.write_bytes(b"cut short")
    assert intact(load(tmp_path))


def test_without_a_writable_cache_it_lives_in_memory(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    assert intact(load(blocker / "below"))


def test_damaged_shipment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = room.resource("fonts", "atlas-16.json")
    (tmp_path / "atlas-16.json").write_bytes(about.read_bytes())
    (tmp_path / "atlas-16.xz").write_bytes(lzma.compress(b"other"))
    monkeypatch.setattr(room, "resource", lambda *parts: tmp_path / parts[-1])
    with pytest.raises(RenderError, match="checksum"):
        load(tmp_path / "cache")


def test_build_gives_the_shipped_bytes(root: Path, shared: Path) -> None:
    spec = importlib.util.spec_from_file_location("build_atlas", root / "tools" / "build_atlas.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    raw = lzma.decompress((shared / "fonts" / "unifont_all-16.0.04.hex.xz").read_bytes())
    payload, _ = tool.compile_atlas(raw)
    assert hashlib.sha256(payload).hexdigest() == load(None).sha256
