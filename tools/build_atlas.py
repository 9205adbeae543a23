"""Compile GNU Unifont's ``.hex`` file into the 16 px 1-bit glyph atlas that the program ships.

    python tools/build_atlas.py unifont_all-16.0.04.hex.xz fonts/

Writes ``atlas-16.xz`` (the payload) and ``atlas-16.json`` (what it is and its checksums). The same source
gives the same bytes. Layout of the unpacked payload, little endian:

* ``uint32 lut[0x40000]``, code point -> ``cell << 3 | code``; code as in ``ledsign/render/atlas.py``
  (from 0x3F000 on: half-width letters that are full width when they stand alone)
* ``uint8 full[f][16][2]``, full-width glyphs: 16 rows of 16 LEDs, leftmost LED in the high bit; glyph 0 is the
  visible "missing" box; glyph ``i`` has the cells ``2 i`` and ``2 i + 1``; combining marks come last, after
  ``plain`` others
* ``uint8 half[h][16]``, half-width glyphs; glyph ``i`` has the cell ``2 f + i``
"""

import argparse
import hashlib
import json
import lzma
import sys
import unicodedata
from pathlib import Path

LUT_SIZE = 0x40000
MARK_HALF, HALF, FULL, MARK_FULL, DROP = 0, 1, 2, 4, 0xFFFFFFFF  # the last is above every glyph
SOURCE_SHA256 = "730472c02a75c8c7dd6e6a089d8d10f32c32b99f465f43d9992d8b12c4af640b"
FULL_BOX = "00007FFE40024002486248924812402240424082408240024082400240027FFE"
# Chinese setting wants these drawn to the full cell, not merely centred in it (GB/T 15834-2011, clause 5).
DRAWN = {
    0x2014: "0000" * 7 + "FFFF" + "0000" * 8,
    0x2015: "0000" * 7 + "FFFF" + "0000" * 8,
    0x2026: "0000" * 7 + "318C" * 2 + "0000" * 7,
}
OPENING = {0x2018, 0x201C}  # ink belongs in the right half of the cell
CLOSING = {0x2019, 0x201D}  # ink belongs in the left half
# Code points that stand for another one: CPython's gb2312 and gbk codecs disagree about two symbols, and the 24
# private-use places of GB 18030-2005 got real code points in the 2022 edition.
ALIASES = {
    0x00A0: 0x0020, 0x2007: 0x0020, 0x2009: 0x0020, 0x202F: 0x0020, 0x2011: 0x002D,
    0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14, 0xE792: 0xFE15,
    0xE793: 0xFE16, 0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19, 0xE81E: 0x9FB4, 0xE826: 0x9FB5,
    0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB,
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE831: 0x215D7, 0xE83B: 0x2298F, 0xE855: 0x241FE,
}  # fmt: skip
# Letters that GB 2312 counts as symbols keep their half-width picture too, at these places of the table: drawn
# beside other Latin letters (qū, μg) a full cell would tear the word apart.
NARROW = 0x3F000
FILLERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}


def gb2312_symbols() -> set[int]:
    """Code points of the GB 2312 rows 1 to 9, which Chinese setting draws full width."""
    found = set()
    for row in range(0xA1, 0xAA):
        for cell in range(0xA1, 0xFF):
            try:
                text = bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            found.add(ord(text))
    return (found | {0x00B7, 0x2014}) - {0x3000}


def dropped(cp: int) -> bool:
    """Characters without a picture of their own: controls, formats, selectors, fillers."""
    if 0xFE00 <= cp <= 0xFE0F or 0x180B <= cp <= 0x180F or cp in FILLERS:
        return True
    return unicodedata.category(chr(cp)) in {"Cc", "Cf", "Zl", "Zp"}


def read_hex(raw: bytes) -> dict[int, str]:
    """Glyphs of planes 0 to 3 by code point; private use (other people's scripts) is left out."""
    glyphs = {}
    for line in raw.decode("ascii").splitlines():
        head, _, bits = line.partition(":")
        cp = int(head, 16)
        if cp < NARROW and not 0xD800 <= cp <= 0xF8FF and not dropped(cp):
            glyphs[cp] = bits
    return glyphs


def widen(cp: int, bits: str) -> str:
    """A half-width glyph in a full cell: centred, quotation marks on the side of their text."""
    if cp in DRAWN:
        return DRAWN[cp]
    shift = 0 if cp in OPENING else 8 if cp in CLOSING else 4
    rows = (int(bits[i : i + 2], 16) for i in range(0, 32, 2))
    return "".join(f"{row << shift:04X}" for row in rows)


def is_mark(cp: int) -> bool:
    """Whether it is drawn over the character before it."""
    return unicodedata.category(chr(cp)) in {"Mn", "Me"}


def compile_atlas(raw: bytes) -> tuple[bytes, dict[str, int]]:
    """Payload and its counts."""
    glyphs = read_hex(raw)
    wide = gb2312_symbols()
    lut = [FULL] * LUT_SIZE
    for cp in range(NARROW):
        if dropped(cp):
            lut[cp] = DROP
    full, half = [FULL_BOX], list[str]()
    places: dict[int, tuple[bool, int, int]] = {}  # code point -> (full width, number, code)
    substituted = plain = 0
    for cp, source in sorted(glyphs.items(), key=lambda item: (is_mark(item[0]), item[0])):
        bits = source
        mark = is_mark(cp)
        if mark and not plain:
            plain = len(full)
        if len(bits) == 32 and cp in wide and not mark:
            if cp < 0x1000 and unicodedata.category(chr(cp))[0] == "L":
                places[NARROW + cp] = False, len(half), HALF
                half.append(bits)
            bits = widen(cp, bits)
            substituted += 1
        if len(bits) == 64:
            places[cp] = True, len(full), MARK_FULL if mark else FULL
            full.append(bits)
        else:
            places[cp] = False, len(half), MARK_HALF if mark else HALF
            half.append(bits)
    for cp, (is_full, number, code) in places.items():
        lut[cp] = (2 * number if is_full else 2 * len(full) + number) << 3 | code
    for alias, target in ALIASES.items():
        lut[alias] = lut[target]
    payload = b"".join(value.to_bytes(4, "little") for value in lut) + bytes.fromhex("".join(full + half))
    counts = {"full": len(full), "plain": plain, "half": len(half), "glyphs": len(glyphs), "widened": substituted}
    return payload, counts


def build(source: Path, folder: Path) -> dict[str, object]:
    """Write both files; the description is returned."""
    raw = lzma.decompress(source.read_bytes())
    if hashlib.sha256(raw).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{source}: this is not the unpacked file named in fonts/README.md")
    payload, counts = compile_atlas(raw)
    packed = lzma.compress(payload, preset=9 | lzma.PRESET_EXTREME)
    about: dict[str, object] = {
        "format": "ledsign.atlas/1",
        "px": 16,
        "depth": 1,
        "lut": LUT_SIZE,
        **counts,
        "bytes": len(payload),
        "sha256": hashlib.sha256(payload).hexdigest(),
        "packed_sha256": hashlib.sha256(packed).hexdigest(),
        "sources": [
            {
                "name": "GNU Unifont",
                "file": "unifont_all-16.0.04.hex",
                "version": "16.0.04",
                "sha256": SOURCE_SHA256,
                "licence": "OFL-1.1",
                "copyright": "1998-2025 Roman Czyborra, Paul Hardy, Qianqian Fang and the Unifont contributors",
            }
        ],
    }
    (folder / "atlas-16.xz").write_bytes(packed)
    (folder / "atlas-16.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return about


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="unifont_all-16.0.04.hex.xz")
    parser.add_argument("folder", type=Path, help="where the atlas goes, normally fonts/")
    arguments = parser.parse_args()
    json.dump(build(arguments.source, arguments.folder), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
