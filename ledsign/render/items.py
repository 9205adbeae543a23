"""What layout hands to the raster: things with a place, in whole LEDs, and the sheet that holds them."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.frame import PageKind
from ledsign.render.glyphs import Cells


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


Item: TypeAlias = Run | Rect | Picture


@dataclass(frozen=True, slots=True)
class Label:
    """What a page of a table is called in the header band: its caption, and its unit, which is never cut."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """A piece of a page that is never cut, its items relative to its top left corner.

    ``weight`` quarters of a Han character to read, ``rows`` table rows to find, ``gap`` LEDs before it (none at
    the top of a page), ``keep`` it on the page of the next chunk, ``head`` is drawn above it when it opens a
    page, ``band`` is said in the header band, ``full`` takes a page of its own without a band. ``opening`` is
    drawn too when the chunk opens a page (the text of a cell over several rows), ``place`` tells where in a long
    roster this is ("3组"), ``more``: the paragraph goes on in the next chunk.
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
    opening: tuple[Item, ...] = ()
    place: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One page before it is drawn. Items are in page coordinates, the header band not yet among them;
    ``bottom`` is the first line of LEDs below them, on a full page below its text."""

    items: tuple[Item, ...]
    kind: PageKind
    weight: int
    rows: int
    band: Label | None
    full: bool
    picture: bool
    qr: bool
    bottom: int = 0
    place: str = ""
