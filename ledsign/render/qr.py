"""QR codes from the notice's own module matrix: whole LEDs a module, a lit quiet zone, dark modules off.

A phone needs at least two LEDs a module and four lit modules around (ISO/IEC 18004, clause 6.3.8); where the
panel is too small for that the code is not drawn at all.
"""

import numpy as np
from numpy.typing import NDArray

from ledsign.notice import Qr
from ledsign.render import theme
from ledsign.render.items import Chunk, Item, Picture
from ledsign.render.linebreak import weight
from ledsign.render.setting import Setter, Style, run

QUIET = 4
_ROOMY = 12  # half cells beside the code: room for words of the body's size
LEAST_MODULE = 2
LARGE_MODULE = 8  # from here on the code leaves a quarter of the page's height dark


def modules(matrix: tuple[str, ...]) -> NDArray[np.uint8] | None:
    """The matrix with its quiet zone, 1 = lit; None when it is no square of 0 and 1 of a QR size."""
    side = len(matrix)
    if not 21 <= side <= 177 or any(len(row) != side or set(row) - {"0", "1"} for row in matrix):
        return None
    dark = np.array([[char == "1" for char in row] for row in matrix])
    lit = np.ones((side + 2 * QUIET, side + 2 * QUIET), dtype=np.uint8)
    lit[QUIET:-QUIET, QUIET:-QUIET] = ~dark
    return lit


def qr_chunk(block: Qr, setter: Setter, style: Style) -> tuple[Chunk, bool] | None:
    """The code at the left of a page of its own, and whether its caption found room beside it; None when the
    code would be too small to read. The first line of the right side is left free for the category, the last two
    for the digest's digits and the page number. Where there is no room for both, the caption goes before the
    advice."""
    lit = modules(block.matrix)
    if lit is None:
        return None
    size = style.small
    beside = 4 * size.cell  # words need room for four characters a line
    side = len(lit)
    module = min(style.panel_height // side, (style.panel_width - beside) // side)
    if module > LARGE_MODULE:
        module = max(LARGE_MODULE, min(module, style.panel_height * 3 // 4 // side))
    if module < LEAST_MODULE:
        return None
    edge = side * module
    pixels = lit.repeat(module, axis=0).repeat(module, axis=1) * np.uint8(theme.TEXT)
    top = (style.panel_height - edge) // 2
    items: list[Item] = [Picture(0, top, pixels)]
    left = edge + size.half
    above, below = max(size.cell + 3, top), 2 * size.cell
    if (style.panel_width - left) // style.body.half >= _ROOMY:
        size = style.body
    columns = (style.panel_width - left) // size.half
    room = (style.panel_height - above - below + size.pitch - size.cell) // size.pitch
    caption = setter.lines(setter.text(" ".join(block.caption.split())), columns)
    advice = setter.lines(setter.text(theme.COME_CLOSER), columns)
    beside_it = len(caption) <= room
    colored = [(line, theme.TEXT) for line in caption if beside_it]
    colored += [(line, theme.HEADING) for line in advice if len(colored) + len(advice) <= room]
    for number, (line, color) in enumerate(colored):
        items.append(run(line, left, above + number * size.pitch, size.face, color))
    read = sum(weight(line) for line, _ in colored)
    return Chunk(style.panel_height, tuple(items), read, full=True, qr=True), beside_it
