"""What layout hands to the raster: things with a place, in whole LEDs, and the sheet that holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.frame import PageKind
from ledsign.render.glyphs import Cells, Text

Ints: TypeAlias = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Run:
    """Half cells in a row, top left at (x, y); ``color`` and ``ground`` are ink numbers, ``size`` the height of
    the atlas they are drawn from, each of its dots enlarged to ``scale`` x ``scale`` LEDs."""

    x: int
    y: int
    scale: int
    color: int
    cells: Cells
    ground: int = 0
    size: int = 16

    @property
    def w(self) -> int:
        return self.cells.width * (self.size // 2) * self.scale

    @property
    def h(self) -> int:
        return self.size * self.scale

    def moved(self, dx: int, dy: int) -> "Run":
        return Run(self.x + dx, self.y + dy, self.scale, self.color, self.cells, self.ground, self.size)


@dataclass(slots=True, eq=False)
class Lines:
    """Many runs of one size and colour on black: ``text`` is that of all of them, one after the other; of each
    run its left edge, its top and its number of characters. None is empty."""

    x: Ints
    y: Ints
    counts: Ints
    text: Text
    size: int
    scale: int
    color: int

    def moved(self, dx: int, dy: int) -> "Lines":
        return Lines(self.x + dx, self.y + dy, self.counts, self.text, self.size, self.scale, self.color)


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled box; ``dotted`` lights every other LED (rules that should not outshine the text)."""

    x: int
    y: int
    w: int
    h: int
    color: int
    dotted: bool = False

    def moved(self, dx: int, dy: int) -> "Rect":
        return Rect(self.x + dx, self.y + dy, self.w, self.h, self.color, self.dotted)


@dataclass(slots=True, eq=False)
class Boxes:
    """Many boxes of one colour: ``places`` (k, 5) x, y, w, h and whether it is dotted (1)."""

    places: Ints
    color: int

    def moved(self, dx: int, dy: int) -> "Boxes":
        return Boxes(self.places + np.array((dx, dy, 0, 0, 0)), self.color)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Finished pixels: ``(h, w)`` ink numbers, or ``(h, w, 3)`` sRGB on a full-colour panel."""

    x: int
    y: int
    pixels: NDArray[np.uint8]

    @property
    def w(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def h(self) -> int:
        return int(self.pixels.shape[0])

    def moved(self, dx: int, dy: int) -> "Picture":
        return Picture(self.x + dx, self.y + dy, self.pixels)


Item: TypeAlias = Run | Lines | Rect | Boxes | Picture


def _bottom(item: Item) -> int:
    """The first row of LEDs below it."""
    if isinstance(item, Lines):
        return int(np.maximum.reduce(item.y)) + item.size * item.scale
    if isinstance(item, Boxes):
        return int(np.maximum.reduce(item.places[:, 1] + item.places[:, 3]))
    return item.y + item.h


class Drawing(Protocol):
    """Rows that become items only for the pages they stand on."""

    def drawn(self, first: int, last: int, y: int) -> Sequence[Item]:
        """Rows ``first`` to ``last`` (exclusive) below each other from ``y`` down, as a page that begins with
        them shows them."""
        ...

    def down(self, first: int, last: int) -> int:
        """LEDs from the top of row ``first`` to that of row ``last``."""
        ...


@dataclass(slots=True, eq=False)
class Part:
    """Rows ``first`` to ``last`` (exclusive) of a drawing, ``y`` LEDs below the top of their chunk. Parts that
    follow each other on a page are drawn as one."""

    of: Drawing
    first: int
    last: int
    y: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """What a page of a table is called in the header band: its caption, and its unit, which is never cut."""

    name: str
    unit: str


@dataclass(slots=True, eq=False)
class Chunk:
    """A piece of a page that is never cut, its items relative to its top left corner.

    ``weight`` quarters of a Han character to read, ``rows`` table rows to find, ``gap`` LEDs before it (none at
    the top of a page), ``keep`` it on the page of the next chunk, ``head`` is drawn above it when it opens a
    page, ``band`` is said in the header band, ``full`` takes a page of its own without a band. ``part``: rows
    of a table that it holds beside its items, ``place`` tells where in a long roster this is ("3组"), ``more``: the
    paragraph goes on in the next chunk.
    """

    height: int
    items: tuple[Item, ...]
    weight: int = 0
    rows: int = 0
    gap: int = 0
    keep: bool = False
    head: "Chunk | None" = None
    band: Label | None = None
    full: bool = False
    picture: bool = False
    qr: bool = False
    part: Part | None = None
    place: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One page before it is drawn. Items are in page coordinates from ``top`` down, the header band not yet among
    them."""

    items: tuple[Item, ...]
    kind: PageKind
    weight: int
    rows: int
    band: Label | None
    full: bool
    picture: bool
    qr: bool
    top: int = 0
    place: str = ""

    @property
    def bottom(self) -> int:
        """The first row of LEDs below its items, on a full page below its text."""
        words = [item for item in self.items if not (self.full and isinstance(item, Picture))]
        return max(map(_bottom, words), default=self.top)
