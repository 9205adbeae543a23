"""Setting text: a string in, lines of runs out, all in whole LEDs."""

from dataclasses import dataclass

from ledsign.panel import ColorMode
from ledsign.policy import DwellRule
from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import Text, cells, shape
from ledsign.render.items import Chunk, Item, Run
from ledsign.render.linebreak import weight, wrap

LINE_PITCH = 1.25  # least, in character heights: large panels read better so


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes of one text size on one panel, in LEDs. ``pitch``: from line to line, ``columns``: half cells."""

    scale: int
    width: int
    height: int  # of the page's body
    pitch: int

    @property
    def cell(self) -> int:
        return 16 * self.scale

    @property
    def half(self) -> int:
        return 8 * self.scale

    @property
    def columns(self) -> int:
        return self.width // self.half

    @property
    def lines(self) -> int:
        """Text lines that fit one page."""
        return max(1, (self.height - self.cell) // self.pitch + 1)


def fitted(width: int, height: int, scale: int) -> Metrics:
    """Line pitch between 5/4 and 3/2 of the character height: the widest that costs no line."""
    cell = 16 * scale
    least, loose = round(cell * LINE_PITCH), cell * 3 // 2
    lines = max(1, (height - cell) // least + 1)
    pitch = min(loose, (height - cell) // (lines - 1)) if lines > 1 else least
    return Metrics(scale, width, height, max(least, pitch))


def sized(like: Metrics, scale: int) -> Metrics:
    """The same page with characters of another size."""
    return fitted(like.width, like.height, scale)


@dataclass(frozen=True, slots=True)
class Style:
    """All sizes of a page. ``body``: running text; ``small``: the least lawful size, for tables and captions."""

    body: Metrics
    small: Metrics
    mode: ColorMode
    panel_width: int
    panel_height: int
    rule: DwellRule


class Setter:
    """Shapes texts with one atlas and remembers them while one notice is laid out."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._known: dict[str, Text] = {}

    def text(self, string: str) -> Text:
        """The shaped string."""
        text = self._known.get(string)
        if text is None:
            text = self._known[string] = shape(self.atlas, string)
        return text

    def lines(self, text: Text, columns: int, first: int | None = None) -> list[Text]:
        """The text in lines of at most ``columns`` half cells."""
        return [text[start:end] for start, end in wrap(text, columns, first)]

    def fitting(self, string: str, columns: int, tail: str) -> Text:
        """The string, or its first line with ``tail`` at the end when it is wider than ``columns``."""
        text = self.text(string)
        if text.width <= columns:
            return text
        end = self.text(tail)
        return self.lines(text, columns - end.width)[0] + end


def run(text: Text, x: int, y: int, scale: int, color: int, ground: int = 0) -> Run:
    """A line of text as an item."""
    return Run(x, y, scale, color, cells(text), ground)


def aligned(width: int, room: int, align: str) -> int:
    """Offset of something ``width`` wide in ``room``."""
    if align == "right":
        return max(0, room - width)
    return max(0, (room - width) // 2) if align == "center" else 0


def line_chunk(
    text: Text, size: Metrics, color: int, *, x: int = 0, align: str = "left", gap: int = 0, keep: bool = False
) -> Chunk:
    """One text line as a chunk; centred and right-aligned lines keep to half cells where the panel does."""
    offset = aligned(text.width * size.half, size.width - x, align)
    if align == "center" and offset:
        offset -= offset % 8
    items: tuple[Item, ...] = (run(text, x + offset, 0, size.scale, color),) if len(text) else ()
    return Chunk(size.cell, items, weight(text), gap=gap, keep=keep)
