"""Which font at which size: the chain, the face that a panel needs, and what a text would miss."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from ledsign.panel import Panel
from ledsign.render import charset
from ledsign.render.atlas import FULL, SIZES, Atlas, Source
from ledsign.render.glyphs import missing, shape

_LEAST: Final = 16  # LEDs: below, strokes of everyday characters run together
_MOST: Final = 1024


@dataclass(frozen=True, slots=True)
class Face:
    """Characters from the atlas of ``size`` LEDs, every dot enlarged to ``scale`` x ``scale`` LEDs.

    Glyph numbers are the same in the atlases of all sizes: a text is shaped once, its cells are drawn with
    ``atlas.at(face.size).rows(cells)``.
    """

    size: int = 16
    scale: int = 1

    @property
    def cell(self) -> int:
        """LEDs a full-width character is wide and high."""
        return self.size * self.scale

    @property
    def half(self) -> int:
        """LEDs a half-width character is wide."""
        return self.size // 2 * self.scale

    @property
    def unit(self) -> int:
        """LEDs that rules and gaps beside these characters are thick: about a stroke."""
        return max(1, self.cell // 16)


class Role(Enum):
    """What characters are for."""

    NOTE = "note"  # secondary text that may be smaller than the floor for hanzi: 12 LEDs
    SMALL = "small"  # header band, captions, the least size of tables
    BODY = "body"  # running text
    EMERGENCY = "emergency"  # to be read from far away and at once


@cache
def ladder(least: int, most: int) -> tuple[Face, ...]:
    """All faces from ``least`` to ``most`` LEDs high, smallest first: a drawn size where there is one, else the
    largest that divides it. Above the largest drawn size only the two finest are enlarged: others look coarse
    beside them."""
    found: dict[int, Face] = {}
    for size in SIZES:
        if size < _LEAST:
            continue
        for scale in range(1, (most if size in SIZES[-2:] else SIZES[-1]) // size + 1):
            found[size * scale] = Face(size, scale)
    return tuple(found[cell] for cell in sorted(found) if least <= cell <= most)


def choose(panel: Panel, arcmin: float, role: Role = Role.SMALL, *, most_chars: int = 0, pitch: float = 1.25) -> Face:
    """The face for ``role`` on a panel, at least ``arcmin`` high from its viewing distance where that leaves
    four characters a line.

    SMALL: the profile's ``text_px``, raised to ``arcmin``. BODY: as large as the panel allows while a page with
    lines ``pitch`` cells apart still holds about ``most_chars`` characters, which is what may be read within the
    longest dwell (more would leave a large panel half empty with small print); at most twice ``text_px``.
    EMERGENCY: ``arcmin``, raised to what leaves a page of ten by three characters. NOTE: 12 LEDs where lawful.
    """
    if role is Role.NOTE and panel.arcmin(SIZES[0]) >= arcmin:
        return Face(SIZES[0])
    small = _small(panel, arcmin)
    if role is Role.EMERGENCY:
        room = min(panel.width // 10, int((panel.height - small.cell) / 3.75))
        return ladder(small.cell, max(small.cell, room))[-1]
    if role is not Role.BODY:
        return small
    best = small
    for face in ladder(small.cell, max(small.cell, 2 * panel.text_px)):
        lines = int((panel.height - small.cell - 3 - face.cell) // (face.cell * pitch)) + 1
        if (panel.width // face.cell) * lines * 5 >= most_chars * 4:
            best = face
    return best


def _small(panel: Panel, arcmin: float) -> Face:
    """The largest face that is not above ``text_px``, or the first that is legible."""
    face = Face()
    for larger in ladder(_LEAST, _MOST)[1:]:
        if panel.arcmin(face.cell) >= arcmin and larger.cell > panel.text_px:
            break
        if larger.cell * 4 > min(panel.width, panel.height * 2):
            break
        face = larger
    return face


@dataclass(frozen=True, slots=True)
class Link:
    """One font of the chain at one size, and how many glyphs it drew there."""

    px: int
    source: Source
    glyphs: int


@dataclass(frozen=True, slots=True)
class MissingGlyph:
    """A character that no font has, and how often it stands in the notice."""

    codepoint: int
    count: int

    @property
    def block(self) -> str:
        """Its Unicode block."""
        return charset.block(self.codepoint)

    @property
    def level(self) -> int | None:
        """The implementation level of GB 18030-2022 that asks for it, if any."""
        return charset.level_of(self.codepoint)


@dataclass(frozen=True, slots=True)
class RareGlyph:
    """A character beyond GBK, or one that a stand-in had to draw, and the font and size it comes from."""

    codepoint: int
    count: int
    font: str
    px: int

    @property
    def block(self) -> str:
        """Its Unicode block."""
        return charset.block(self.codepoint)

    @property
    def level(self) -> int | None:
        """The implementation level of GB 18030-2022 that asks for it, if any."""
        return charset.level_of(self.codepoint)


def chain(atlas: Atlas) -> tuple[Link, ...]:
    """The fonts of every shipped size, the one with most glyphs first. The build's own glyphs are not among
    them."""
    links = []
    for size in SIZES:
        origin = atlas.at(size).origin
        count = Counter(origin.tolist())
        drawn = [(atlas.sources[number], glyphs) for number, glyphs in count.most_common()]
        links += [Link(size, source, glyphs) for source, glyphs in drawn if source.sha256]
    return tuple(links)


def coverage(atlas: Atlas, texts: Iterable[str]) -> tuple[MissingGlyph, ...]:
    """Characters of the texts that no font has, by code point."""
    count: Counter[int] = Counter()
    for text in texts:
        count.update(missing(shape(atlas, text)))
    return tuple(MissingGlyph(cp, n) for cp, n in sorted(count.items()))


def rare(atlas: Atlas, texts: Iterable[str]) -> tuple[RareGlyph, ...]:
    """Hanzi beyond GBK in the texts, and which font draws each in the atlas's size, by code point."""
    count: Counter[int] = Counter()
    for text in texts:
        count.update(shape(atlas, text).cps.tolist())
    everyday = charset.gbk()
    found = []
    for cp, number in sorted(count.items()):
        value = int(atlas.lut[cp]) if cp < len(atlas.lut) else FULL
        if value == FULL or cp < 0x3400 or cp in everyday or not charset.block(cp).startswith("CJK"):
            continue
        source, px = atlas.drawn_by(value >> 3)
        found.append(RareGlyph(cp, number, source.name, px))
    return tuple(found)
