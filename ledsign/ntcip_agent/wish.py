"""What the centre wants on the screen: its message as text and pictures, free of the standard's codes."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ledsign.protocol.ntcip.codes import CLASSIC_RGB, Scheme
from ledsign.protocol.ntcip.multi import MultiPage, text_lines
from ledsign.protocol.ntcip.sign import Graphic, Shape, Shown


@dataclass(frozen=True, slots=True)
class CentrePage:
    """``picture``: a PNG as large as the panel, None for a page of text alone."""

    lines: tuple[str, ...]
    picture: bytes | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CentreMessage:
    """A message that the centre has activated. ``id`` is the same for the same content; ``seconds`` it may stay,
    None: until called off; ``priority`` is that of its activation (1-255); ``asker``: the address told in it."""

    id: str
    multi: str
    pages: tuple[CentrePage, ...]
    priority: int
    seconds: float | None
    asker: str


def wish(shown: Shown, shape: Shape, at: float) -> CentreMessage:
    """What was activated as a message to our own program; ``at`` is the monotonic time."""
    pages = tuple(CentrePage(text_lines(page), _picture(page, shown, shape), page.on / 10) for page in shown.pages)
    message = shown.message
    return CentreMessage(
        f"ntcip-{message.memory}-{message.number}-{message.crc:04x}",
        shown.row.multi.decode("latin-1"),
        pages,
        shown.code.priority,
        None if shown.until is None else max(0.0, shown.until - at),
        shown.code.source,
    )


def _picture(page: MultiPage, shown: Shown, shape: Shape) -> bytes | None:
    if not page.pictures and not page.rectangles:
        return None
    canvas = Image.new("RGB", (shape.width, shape.height), page.background)
    for area in page.rectangles:
        canvas.paste(area.colour, (area.x - 1, area.y - 1, area.x - 1 + area.width, area.y - 1 + area.height))
    for place in page.pictures:
        canvas.paste(Image.fromarray(_pixels(shown.graphics[place.number])), (place.x - 1, place.y - 1))
    out = io.BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


def _pixels(graphic: Graphic) -> NDArray[np.uint8]:
    """Height x width x 3, R G B."""
    flat = np.frombuffer(graphic.bitmap + bytes(max(0, graphic.size - len(graphic.bitmap))), np.uint8)
    shape = (graphic.height, graphic.width)
    if graphic.scheme == Scheme.RGB_24BIT:
        return np.ascontiguousarray(np.flip(flat.reshape(*shape, 3), axis=2))
    if graphic.scheme == Scheme.MONO_1BIT:
        flat = np.unpackbits(flat, count=graphic.height * graphic.width) * np.uint8(7)  # white in the classic colours
    table = np.array(CLASSIC_RGB, np.uint8)
    return np.ascontiguousarray(table[np.minimum(flat, len(CLASSIC_RGB) - 1)].reshape(*shape, 3))
