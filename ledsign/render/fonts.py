"""Which font at which size: the chain, the size a panel needs, and what a text would miss.

Text is drawn from the 16 LED bitmaps, enlarged by whole numbers, until atlases of other sizes are shipped; a
size is therefore 16, 32, 48 ... LEDs.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ledsign.panel import Panel
from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import missing, shape
from ledsign.resources import resource

CELL = 16


@dataclass(frozen=True, slots=True)
class Font:
    """One link of the chain, as its build recorded it."""

    name: str
    version: str
    licence: str
    px: int
    glyphs: int
    sha256: str


@dataclass(frozen=True, slots=True)
class MissingGlyph:
    """A character that no font has, and how often it stands in the notice."""

    codepoint: int
    count: int


def chain() -> tuple[Font, ...]:
    """The shipped fonts, first choice first."""
    about = json.loads(resource("fonts", "atlas-16.json").read_text(encoding="utf-8"))
    return tuple(
        Font(
            str(source["name"]), str(source["version"]), str(source["licence"]), int(about["px"]),
            int(about["glyphs"]), str(about["sha256"]),
        )
        for source in about["sources"]
    )  # fmt: skip


def base_scale(panel: Panel, floor_arcmin: float) -> int:
    """Smallest enlargement lawful to read: at least ``floor_arcmin`` high from the panel's viewing distance,
    and the profile's ``text_px`` rounded down to whole cells (24 is drawn as 16 where that is legible)."""
    scale = 1
    while panel.arcmin(CELL * scale) < floor_arcmin or CELL * (scale + 1) <= panel.text_px:
        if CELL * (scale + 1) * 4 > min(panel.width, panel.height * 2):
            break
        scale += 1
    return scale


def body_scale(panel: Panel, base: int, line_pitch: float, most_chars: int) -> int:
    """Enlargement of running text: as large as the panel allows while a page still holds about as many
    characters as may be read within the longest dwell, at most twice the profile's ``text_px``.

    A page may not stand longer than the policy's maximum, so more characters than that would only leave a
    large panel half empty with small print.
    """
    best = base
    for scale in range(base, max(base, 2 * panel.text_px // CELL) + 1):
        cell = CELL * scale
        band = CELL * base + 3
        lines = int((panel.height - band - cell) // (cell * line_pitch)) + 1
        if (panel.width // cell) * lines * 5 >= most_chars * 4:
            best = scale
    return best


def coverage(atlas: Atlas, texts: Iterable[str]) -> tuple[MissingGlyph, ...]:
    """Characters of the texts that no font has, by code point."""
    count: Counter[int] = Counter()
    for text in texts:
        count.update(missing(shape(atlas, text)))
    return tuple(MissingGlyph(cp, n) for cp, n in sorted(count.items()))
