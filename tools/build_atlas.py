"""Compile the fonts named in fonts/README.md into the glyph atlases that the program ships.

    python tools/build_atlas.py unifont_all-16.0.04.hex.xz fonts/ [--root /] [--size 16 ...]

Needs freetype-py and the Debian packages of ``PACKAGES``; a package unpacked elsewhere (``dpkg -x``) is found
under ``--root``. The same sources and FreeType give the same bytes. Writes ``atlas.json`` (what everything is)
and, each as xz:

* ``atlas-index``: ``uint32 lut[0x40000]`` little endian, code point -> ``cell << 3 | code`` for all sizes; code as
  in ``ledsign/render/atlas.py``; from 0x3F000 on: half-width letters that are full width when they stand alone
* ``atlas-<size>``: ``full`` glyphs of ``size`` rows, a row in whole bytes, leftmost LED in the high bit; then
  ``half`` glyphs of ``size`` rows of ``size / 2`` LEDs, likewise; then one byte a glyph, full before half: the
  number of the source that drew it
* ``shades-24``, ``-32``, ``-48``: antialiased glyphs for full-colour panels, see ``glyph_shades.py``

Full-width glyph ``i`` has the cells ``2 i`` and ``2 i + 1``, half-width glyph ``i`` the cell ``2 F + i``, F being
the count of full-width glyphs of all sizes. The numbering is common: a size holds the first so many glyphs of
each kind, and what it does not hold is drawn enlarged from a smaller size. Full-width glyph 0 is the box.
"""

import argparse
import json
import lzma
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from pathlib import Path

import freetype
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import glyph_shades
from glyph_sources import Cell, Guob, Hex, Outline, Source, Strike, enlarged, placed, sha256, unpacked

from ledsign.render import charset

SIZES = (12, 16, 24, 32, 48, 64)
LUT_SIZE = 0x40000
NARROW = 0x3F000
MARK_HALF, HALF, FULL, MARK_FULL, DROP = 0, 1, 2, 4, 0xFFFFFFFF  # the last is above every glyph
UNIFONT_SHA256 = "730472c02a75c8c7dd6e6a089d8d10f32c32b99f465f43d9992d8b12c4af640b"
OPENING, CLOSING = {0x2018, 0x201C}, {0x2019, 0x201D}
DASHES = {0x2014}
FILLERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
# Code points that stand for another one: blanks, the two symbols that CPython's gb2312 and gbk codecs call
# differently, and the private-use places of GB 18030-2005.
ALIASES = {
    0x00A0: 0x0020, 0x2007: 0x0020, 0x2009: 0x0020, 0x202F: 0x0020, 0x2011: 0x002D,
    0x2015: 0x2014, 0x30FB: 0x00B7, **charset.PRIVATE,
}  # fmt: skip
BOX, UNIFONT, GUOB, NOTO, NOTO_MONO, HANAMIN, TERMINUS, UMING, DRAWN = range(9)
NOTO_FILE = "usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
PACKAGES = (
    ("GNU Unifont", "", "unifont_all-16.0.04.hex", "16.0.04", "OFL-1.1",
     "1998-2025 Roman Czyborra, Paul Hardy, Qianqian Fang and the Unifont contributors"),
    ("guob16", "xfonts-intl-chinese", "usr/share/fonts/X11/misc/guob16.pcf.gz", "1.2.1-10.1", "public domain",
     "Koichi Yasuoka"),
    ("Noto Sans CJK SC", "fonts-noto-cjk", NOTO_FILE, "1:20220127+repack1-1", "OFL-1.1", "2014-2021 Adobe"),
    ("Noto Sans Mono CJK SC", "fonts-noto-cjk", NOTO_FILE, "1:20220127+repack1-1", "OFL-1.1", "2014-2021 Adobe"),
    ("HanaMinB", "fonts-hanazono", "usr/share/fonts/truetype/hanazono/HanaMinB.ttf", "20170904-2.1",
     "Hanazono Font License", "2008-2017 GlyphWiki Project"),
    ("Terminus Bold", "fonts-terminus-otb", "usr/share/fonts/opentype/terminus/terminus-bold.otb", "4.48-3.1",
     "OFL-1.1", "2010-2019 Dimitar Toshkov Zhekov, with Reserved Font Name Terminus Font"),
    ("AR PL UMing CN", "fonts-arphic-uming", "usr/share/fonts/truetype/arphic/uming.ttc", "0.2.20080216.2-11",
     "Arphic Public License", "1994-1999 Arphic Technology Co., Ltd.; 2008 Arne Goetje"),
)  # fmt: skip


def dropped(cp: int) -> bool:
    """Characters without a picture of their own: controls, formats, selectors, fillers."""
    if 0xFE00 <= cp <= 0xFE0F or 0x180B <= cp <= 0x180F or cp in FILLERS:
        return True
    return unicodedata.category(chr(cp)) in {"Cc", "Cf", "Zl", "Zp"}


def is_mark(cp: int) -> bool:
    """Whether it is drawn over the character before it."""
    return unicodedata.category(chr(cp)) in {"Mn", "Me"}


def box(width: int, height: int) -> Cell:
    """What stands for a character no font has: a crossed box."""
    edge = max(1, height // 16)
    down, across = np.ogrid[0:height, 0:width]
    cell = np.zeros((height, width), bool)
    cell[edge : height - edge, edge : width - edge] = True
    cell[2 * edge : height - 2 * edge, 2 * edge : width - 2 * edge] = False
    inner = (down >= 2 * edge) & (down < height - 2 * edge) & (across >= 2 * edge) & (across < width - 2 * edge)
    cell |= inner & ((abs(down - across) < edge) | (abs(down + across - height + 1) < edge))
    return cell


def dash(size: int) -> Cell:
    """—— is one line: the dash fills its cell from edge to edge (GB/T 15834-2011, 5.3)."""
    thick = max(1, round(size * 0.07))
    cell = np.zeros((size, size), bool)
    cell[(size - thick) // 2 : (size + thick) // 2] = True
    return cell


def dots() -> Cell:
    """…… of 16 LEDs: guob16's are blots of 4 x 4 beside strokes of one LED."""
    cell = np.zeros((16, 16), bool)
    for x in (2, 7, 12):
        cell[7:9, x : x + 2] = True
    return cell


class Chain:
    """All sources, asked in the order of the size."""

    def __init__(self, unifont: Path, root: Path) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.sources: list[Source] = []
        for name, package, file, version, licence, owner in PACKAGES:
            raw = unpacked(root / file if package else unifont)
            self.sources.append(Source(name, Path(file).name, package, version, licence, owner, sha256(raw)))
        if self.sources[0].sha256 != UNIFONT_SHA256:
            raise SystemExit(f"{unifont}: not the file named in fonts/README.md")
        paths = {name: root / file for name, _, file, *_ in PACKAGES}
        self.unifont = Hex(unpacked(unifont))
        self.guob = Guob(unpacked(paths["guob16"]), Path(self.folder.name))
        self.noto = Outline(paths["Noto Sans CJK SC"], 2)
        self.mono = Outline(paths["Noto Sans Mono CJK SC"], 7)
        self.hanamin = Outline(paths["HanaMinB"])
        self.terminus = {size: Strike(paths["Terminus Bold"], size) for size in (12, 16, 24, 32)}
        self.uming = Strike(paths["AR PL UMing CN"], 12)

    @cache  # noqa: B019 - lives as long as the build
    def sixteen(self, cp: int, *, wide: bool) -> tuple[Cell, int] | None:
        """The 16 LED glyph: a true bitmap, else an outline."""
        bits = self.unifont.bits.get(cp)
        if bits is not None and (len(bits) == 64) is wide:
            return self.unifont.cell(cp), UNIFONT
        if bits is not None and wide:
            drawn = self.guob.cell(cp) if cp in SYMBOLS else None
            if drawn is not None:
                return drawn, GUOB
            shift = 8 if cp in OPENING else 0 if cp in CLOSING else 4
            return placed(self.unifont.cell(cp), shift, 0, 16, 16), UNIFONT
        return self._outline(cp, 16) if wide else None

    def _outline(self, cp: int, size: int) -> tuple[Cell, int] | None:
        for font, number in ((self.noto, NOTO), (self.hanamin, HANAMIN)):
            drawn = font.cell(cp, size, size)
            if drawn is not None:
                return drawn, number
        return None

    def full(self, cp: int, size: int) -> tuple[Cell, int]:
        """A full-width glyph and the number of its source."""
        if cp in DASHES:
            return dash(size), DRAWN
        if size == 16:
            if cp == 0x2026:
                return dots(), DRAWN
            found = self.sixteen(cp, wide=True)
            if found is None:
                raise SystemExit(f"U+{cp:04X}: no source has it")
            return found
        # the strike sets its marks in the middle of the cell, as Taiwan does: only its hanzi are taken
        if size == 12 and cp in self.struck and (drawn := self.uming.cell(cp, 12, 12)) is not None:
            return drawn, UMING
        return self._outline(cp, size) or self._reduced(cp, size, size, wide=True)

    def _reduced(self, cp: int, width: int, size: int, *, wide: bool) -> tuple[Cell, int]:
        """What no source draws in this size: the 16 LED bitmap enlarged, below 16 the box."""
        small = self.sixteen(cp, wide=wide)
        assert small is not None
        if not small[0].any():
            return np.zeros((size, width), bool), small[1]
        return (box(width, size), BOX) if size < 16 else (enlarged(small[0], width, size), small[1])

    @cached_property
    def struck(self) -> set[int]:
        """Characters of level 2 taken from the 12 LED strike: of those it draws alike only one, the general list
        first."""
        seen, taken = set[bytes](), set[int]()
        for cp in sorted(charset.level(2), key=lambda cp: (cp not in charset.general_list(), cp)):
            drawn = self.uming.cell(cp, 12, 12)
            if drawn is not None and drawn.tobytes() not in seen:
                seen.add(drawn.tobytes())
                taken.add(cp)
        return taken

    def half(self, cp: int, size: int) -> tuple[Cell, int]:
        """A half-width glyph and the number of its source."""
        if size == 16:
            return self.unifont.cell(cp), UNIFONT
        width = size // 2
        tall = self.terminus.get(size)
        drawn = tall.cell(cp, width, size) if tall else None
        if drawn is None and self.mono.advance(cp, size) == width:
            mono = self.mono.cell(cp, width, size)
            if mono is not None:
                return mono, NOTO_MONO
        if drawn is None and (whole := self.noto.cell(cp, width, size, size * 3 // 4)) is not None:
            return whole, NOTO  # a letter with an accent, narrow enough as it is or a little smaller
        if drawn is None and size in (48, 64):
            drawn = self.terminus[size // 2].cell(cp, width // 2, size // 2)
            drawn = None if drawn is None else drawn.repeat(2, axis=0).repeat(2, axis=1)
        return (drawn, TERMINUS) if drawn is not None else self._reduced(cp, width, size, wide=False)

    def in_every_size(self, cp: int) -> bool:
        """Half-width characters that are drawn for each size."""
        return self.terminus[24].has(cp) or self.noto.has(cp)


SYMBOLS = (set(charset.gb2312(0xA1, 0xA9)) | {0x00B7, 0x2014}) - {0x3000}


class Numbering:
    """Which character has which glyph number, and how many of them each size holds."""

    def __init__(self, chain: Chain) -> None:
        wide, narrow = set(charset.level(3)), set[int]()
        for cp, bits in chain.unifont.bits.items():
            if cp < NARROW and not 0xD800 <= cp <= 0xF8FF and not dropped(cp):
                (wide if len(bits) == 64 or (cp in SYMBOLS and not is_mark(cp)) else narrow).add(cp)
        letters = {cp for cp in wide & SYMBOLS if cp < 0x1000 and len(chain.unifont.bits[cp]) == 32}
        letters = {cp for cp in letters if unicodedata.category(chr(cp))[0] == "L"}
        wide -= set(ALIASES)
        narrow -= set(ALIASES)
        marks = sorted(cp for cp in wide if is_mark(cp))
        tiers: tuple[list[int], ...] = ([], [], [], [])
        everyday = charset.gbk() | charset.general_list() | SYMBOLS
        for cp in sorted(wide - set(marks)):
            plain_symbol = cp not in charset.level(3) and not 0xAC00 <= cp < 0xD7B0 and chain.noto.has(cp)
            tier = 0 if cp in everyday or plain_symbol else 1 if cp in charset.level(2) else 2
            tiers[tier if tier < 2 or cp in charset.level(3) else 3].append(cp)
        self.full = [-1, *(cp for tier in tiers for cp in tier), *marks]
        self.plain = len(self.full) - len(marks)
        ends = np.cumsum([1 + len(tiers[0]), *(len(tier) for tier in tiers[1:])]).tolist()
        self.full_of = {12: ends[2], 16: len(self.full), 24: ends[2], 32: ends[2], 48: ends[1], 64: ends[0]}
        halves = [(NARROW + cp, cp) for cp in sorted(letters)] + [(cp, cp) for cp in sorted(narrow)]
        halves.sort(key=lambda pair: not chain.in_every_size(pair[1]) or is_mark(pair[1]))
        self.half = halves
        common = sum(chain.in_every_size(cp) and not is_mark(cp) for _, cp in halves)
        self.half_of = dict.fromkeys(SIZES, common) | {16: len(halves)}

    def lut(self) -> bytes:
        """The look-up table from code points to cells."""
        lut = np.full(LUT_SIZE, FULL, "<u4")
        for cp in range(NARROW):
            if dropped(cp):
                lut[cp] = DROP
        for number, cp in enumerate(self.full[1:], 1):
            lut[cp] = 2 * number << 3 | (MARK_FULL if is_mark(cp) else FULL)
        for number, (place, cp) in enumerate(self.half):
            lut[place] = 2 * len(self.full) + number << 3 | (MARK_HALF if is_mark(cp) else HALF)
        for alias, target in ALIASES.items():
            lut[alias] = lut[target]
        return lut.tobytes()


def compile_size(chain: Chain, numbering: Numbering, size: int) -> bytes:
    """Payload of one size."""
    parts, origins = [], bytearray()

    def add(cells: Iterable[tuple[Cell, int]]) -> None:
        for cell, origin in cells:
            parts.append(np.packbits(cell, axis=1).tobytes())
            origins.append(origin)

    add([(box(size, size), BOX)])
    add(chain.full(cp, size) for cp in numbering.full[1 : numbering.full_of[size]])
    add(chain.half(cp, size) for _, cp in numbering.half[: numbering.half_of[size]])
    return b"".join(parts) + bytes(origins)


def compile_shades(chain: Chain, numbering: Numbering, size: int) -> tuple[bytes, dict[str, int]]:
    """Payload of the antialiased glyphs of one size, and how many of each kind it holds."""
    everyday = glyph_shades.wanted(numbering.full[1 : numbering.full_of[64]])
    wide, narrow, drawn = dict[int, Cell](), dict[int, Cell](), dict[int, Cell]()
    for number, cp in enumerate(numbering.full):
        if cp in everyday and (steps := glyph_shades.full(chain.noto, cp, chain.full(cp, size)[0])) is not None:
            wide[number] = drawn[cp] = steps
    for number, (_, cp) in enumerate(numbering.half[: numbering.half_of[size]]):
        steps = glyph_shades.half(chain.noto, chain.mono, cp, chain.half(cp, size)[0])
        if steps is not None:
            narrow[number] = steps
    glyph_shades.verify(size, drawn)
    return glyph_shades.payload(size, wide, narrow), {"full": len(wide), "half": len(narrow)}


def verify(numbering: Numbering, size: int, payload: bytes, allowed: frozenset[str]) -> None:
    """Stop unless the size holds what its level asks for and no two characters look alike but those allowed."""
    kept, high = numbering.full_of[size], size * ((size + 7) // 8)
    glyph = {cp: payload[n * high : (n + 1) * high] for n, cp in enumerate(numbering.full[:kept]) if n}
    wanted = {12: 3, 16: 3, 24: 3, 32: 3, 48: 2}
    needed = charset.level(wanted[size]) if size in wanted else charset.gbk() | charset.general_list()
    if lacking := sorted(needed - set(glyph)):
        raise SystemExit(f"{size}: {len(lacking)} characters lack, the first U+{lacking[0]:04X}")
    missing = payload[:high]
    alike: dict[bytes, list[int]] = {missing: []}
    for cp in sorted(charset.level(3) & set(glyph)):
        alike.setdefault(glyph[cp], []).append(cp)
    if alike[missing]:
        raise SystemExit(f"{size}: {len(alike[missing])} boxes, the first U+{alike[missing][0]:04X}")
    for group in alike.values():
        names = "".join(map(chr, group))
        if len({unicodedata.normalize("NFKC", char) for char in names}) > 1 and names not in allowed:
            raise SystemExit(f"{size}: alike and not in alike.txt: {names}")
        if len(charset.general_list().intersection(group)) > 1:
            raise SystemExit(f"{size}: alike in the general list: {names}")


def allowances(size: int) -> frozenset[str]:
    """The groups that fonts/alike.txt allows at a size."""
    lines = charset.resource("fonts", "alike.txt").read_text(encoding="utf-8").splitlines()
    found = [line.partition(": ")[2] for line in lines if line.startswith(f"{size}: ")]
    return frozenset(" ".join(found).split())


def write(folder: Path, name: str, payload: bytes) -> dict[str, object]:
    """The payload as xz, and its entry in the description."""
    packed = lzma.compress(payload, preset=9 | lzma.PRESET_EXTREME)
    (folder / f"{name}.xz").write_bytes(packed)
    return {"bytes": len(payload), "sha256": sha256(payload), "packed": len(packed), "packed_sha256": sha256(packed)}


def build(unifont: Path, folder: Path, root: Path, sizes: Iterable[int], say: Callable[[str], None]) -> None:
    """Write the atlases of ``sizes``; others keep their entry in ``atlas.json``."""
    chain = Chain(unifont, root)
    numbering = Numbering(chain)
    target = folder / "atlas.json"
    known = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    before, shades = known.get("sizes", {}), known.get("shades", {})
    index = {"lut": LUT_SIZE, "full": len(numbering.full), "plain": numbering.plain, "half": len(numbering.half)}
    index |= write(folder, "atlas-index", numbering.lut())
    for size in sizes:
        payload = compile_size(chain, numbering, size)
        verify(numbering, size, payload, allowances(size))
        counts = {"full": numbering.full_of[size], "half": numbering.half_of[size]}
        before[str(size)] = counts | write(folder, f"atlas-{size}", payload)
        say(f"{size}: {before[str(size)]}")
        if size in glyph_shades.SIZES:
            payload, counts = compile_shades(chain, numbering, size)
            shades[str(size)] = counts | write(folder, f"shades-{size}", payload)
            say(f"{size}, shades: {shades[str(size)]}")
    about = {
        "format": "ledsign.atlas/2",
        "freetype": ".".join(map(str, freetype.version())),
        "sources": [
            {"name": "the box for what no font has"},
            *(source.describe() for source in chain.sources),
            {"name": "the build itself"},
        ],
        "index": index,
        "sizes": {key: before[key] for key in sorted(before, key=int)},
        "shades": {key: shades[key] for key in sorted(shades, key=int)},
    }
    target.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unifont", type=Path, help="unifont_all-16.0.04.hex.xz")
    parser.add_argument("folder", type=Path, help="where the atlases go, normally fonts/")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the Debian packages are unpacked")
    parser.add_argument("--size", type=int, action="append", choices=SIZES, help="only this size, repeatable")
    arguments = parser.parse_args()
    build(arguments.unifont, arguments.folder, arguments.root, arguments.size or SIZES, print)


if __name__ == "__main__":
    main()
