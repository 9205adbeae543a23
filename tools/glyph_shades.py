"""Antialiased glyphs for full-colour panels: what ``build_atlas.py`` writes as ``shades-<size>``.

Payload: ``uint16`` numbers of the full-width glyphs it holds, then of the half-width ones, both ascending and counted
as in the 1-bit atlases; then the full glyphs, ``size`` rows of ``size / 2`` bytes, two LEDs a byte, the left one in
the high half; then the half glyphs, rows of ``size / 4`` bytes. A LED is lit from 0 to ``STEPS``.
"""

import unicodedata
from collections.abc import Iterable

import numpy as np
from glyph_sources import STEPS, Cell, Outline

from ledsign.render import charset

SIZES = (24, 32, 48)
UPRIGHT = range(0x2500, 0x25A0)  # lines and blocks: nothing in them is slanted, and they must meet their neighbours


def wanted(everyday: Iterable[int]) -> set[int]:
    """Full-width characters worth shades: GB 2312, the general list, and the symbols of everyday notices."""
    hanzi = {*charset.gb2312(0xB0, 0xF7), *charset.general_list()}
    return {cp for cp in everyday if cp in hanzi or cp not in charset.level(3)}


def full(noto: Outline, cp: int, plain: Cell) -> Cell | None:
    """Steps of a full-width character: ``plain`` is its 1-bit glyph, which is kept where nothing is slanted."""
    if cp == 0x2014 or cp in UPRIGHT or not plain.any():
        return plain.astype(np.uint8) * STEPS
    return noto.cell(cp, *plain.shape[::-1], shaded=True)


def half(noto: Outline, mono: Outline, cp: int, plain: Cell) -> Cell | None:
    """Steps of a half-width character; None where the fonts have none of that width."""
    if cp in UPRIGHT or not plain.any():
        return plain.astype(np.uint8) * STEPS
    high, width = plain.shape
    if mono.advance(cp, high) == width:
        return mono.cell(cp, width, high, shaded=True)
    return noto.cell(cp, width, high, high * 3 // 4, shaded=True)


def payload(size: int, wide: dict[int, Cell], narrow: dict[int, Cell]) -> bytes:
    """Glyphs by number as they are shipped."""
    parts = [np.array(sorted(glyphs), "<u2").tobytes() for glyphs in (wide, narrow)]
    for glyphs, width in ((wide, size), (narrow, size // 2)):
        cells = np.stack([glyphs[number] for number in sorted(glyphs)])
        assert cells.shape[1:] == (size, width)
        parts.append((cells[:, :, 0::2] << 4 | cells[:, :, 1::2]).astype(np.uint8).tobytes())
    return b"".join(parts)


def verify(size: int, glyphs: dict[int, Cell]) -> None:
    """Stop unless all of the general list and of GB 2312 is there and no two hanzi look alike. ``glyphs``: of
    full-width characters, by code point."""
    hanzi = {*charset.gb2312(0xB0, 0xF7), *charset.general_list()}
    if lacking := sorted(hanzi - set(glyphs)):
        raise SystemExit(f"shades {size}: {len(lacking)} characters lack, the first U+{lacking[0]:04X}")
    seen: dict[bytes, int] = {}
    for cp in sorted(hanzi):
        other = seen.setdefault(glyphs[cp].tobytes(), cp)
        if unicodedata.normalize("NFKC", chr(other)) != unicodedata.normalize("NFKC", chr(cp)):
            raise SystemExit(f"shades {size}: alike: {chr(other)}{chr(cp)}")
        if not glyphs[cp].any():
            raise SystemExit(f"shades {size}: U+{cp:04X} is blank")
