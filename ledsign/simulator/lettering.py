"""Letters for cards that draw text themselves. A real card has fonts of its own: only the words can be compared."""

from functools import cache

import numpy as np

from ledsign.render.atlas import Atlas, load
from ledsign.render.glyphs import halves, shape
from ledsign.simulator.canvas import Pixels

RED = (255, 0, 0)


@cache
def _atlas() -> Atlas:
    return load()


def lines(text: str, columns: int) -> list[str]:
    """The text broken at its line ends and after ``columns`` half-width cells, as a simple card does it."""
    found = []
    for part in text.split("\n"):
        line, width = "", 0
        for char in part:
            wide = int(shape(_atlas(), char).width)
            if width + wide > columns and line:
                found.append(line)
                line, width = "", 0
            line, width = line + char, width + wide
        found.append(line)
    return found


def letter(text: str, width: int, height: int, size: int = 16, ink: tuple[int, int, int] = RED) -> Pixels:
    """The text from the top left, line by line; what does not fit is left out. ``size`` of the atlas: 12 to 64."""
    glass: Pixels = np.zeros((height, width, 3), np.uint8)
    atlas = _atlas().at(size)
    for row, line in enumerate(lines(text, max(1, width // atlas.width))[: height // size]):
        shaped = shape(atlas, line)
        cells = halves(shaped.glyphs, shaped.advance)[0][: width // atlas.width]
        if not len(cells):
            continue
        bits = np.unpackbits(atlas.rows(cells).reshape(len(cells), size, atlas.stride), axis=2)[:, :, : atlas.width]
        lit = bits.transpose(1, 0, 2).reshape(size, -1)
        glass[row * size : (row + 1) * size, : lit.shape[1]] = lit[:, :, None] * np.array(ink, np.uint8)
    return glass
