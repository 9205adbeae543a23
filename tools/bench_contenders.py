"""Other ways to draw the same glyphs, for ``tools/bench_render.py``: Pillow, and pygame-ce, skia and Qt where they
are installed. Each is a function from lines of text to the packed bytes of the page.

Their font is made here from the shipped atlas: the bitmaps as outlines of whole squares, so that a 1-bit rasteriser
reproduces them exactly.
"""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from types import ModuleType

import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.ttProgram import Program
from PIL import Image, ImageDraw, ImageFont

from ledsign.render.atlas import Atlas
from ledsign.render.glyphs import cells, shape

UNIT = 64  # font units a LED
Lines = Sequence[str]
Way = Callable[[Lines], bytes]


def square_font(atlas: Atlas, characters: set[str]) -> bytes:
    """A TrueType font whose outlines are the atlas's bitmaps."""
    size = atlas.size
    names, glyphs, widths = {}, {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (size * UNIT, 0)}
    for char in sorted(characters):
        name = f"u{ord(char):05X}"
        halves = atlas.rows(cells(shape(atlas, char)).ids).reshape(-1, size, atlas.stride)
        rows = np.concatenate(list(np.unpackbits(halves, axis=2)[:, :, : size // 2]), axis=1)
        glyphs[name] = outline(rows)
        names[ord(char)] = name
        left = int(np.flatnonzero(rows.any(axis=0))[0]) if rows.any() else 0
        widths[name] = (rows.shape[1] * UNIT, left * UNIT)
    builder = FontBuilder(size * UNIT, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(widths)
    builder.setupHorizontalHeader(ascent=size * UNIT, descent=0)
    builder.setupOS2(sTypoAscender=size * UNIT, sTypoDescender=0, usWinAscent=size * UNIT, usWinDescent=0)
    builder.setupNameTable({"familyName": "bench", "styleName": "Regular"})
    builder.setupPost()
    # without any instructions FreeType would send every glyph through its auto-hinter, ten times slower
    builder.font["fpgm"] = program = newTable("fpgm")
    program.program = Program()
    program.program.fromBytecode(bytes((0xB0, 0x00, 0x21)))  # push 0, pop
    buffer = io.BytesIO()
    builder.save(buffer)
    return buffer.getvalue()


def outline(rows: np.ndarray) -> object:
    """The lit area's boundary as closed polygons, lit side on the right as TrueType wants it."""
    lit = np.pad(rows, 1)
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for y, x in np.argwhere(lit):
        corners = ((0, 0), (1, 0), (1, 1), (0, 1))
        for side, (dy, dx) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
            if not lit[y + dy, x + dx]:
                (ax, ay), (bx, by) = corners[side], corners[(side + 1) % 4]
                after.setdefault((int(x) + ax, int(y) + ay), []).append((int(x) + bx, int(y) + by))
    pen = TTGlyphPen(None)
    while after:
        start = next(iter(after))
        loop, here = [start], start
        while True:
            following = after[here].pop()
            if not after[here]:
                del after[here]
            if following == start:
                break
            loop.append(following)
            here = following
        turns = [
            point
            for before, point, behind in zip(loop[-1:] + loop[:-1], loop, loop[1:] + loop[:1], strict=True)
            if not (before[0] == point[0] == behind[0] or before[1] == point[1] == behind[1])
        ]
        pen.moveTo(((turns[0][0] - 1) * UNIT, (len(rows) + 1 - turns[0][1]) * UNIT))
        for x, y in turns[1:]:
            pen.lineTo(((x - 1) * UNIT, (len(rows) + 1 - y) * UNIT))
        pen.closePath()
    return pen.glyph()


class Pillow:
    """``ImageDraw.text`` a line, and pasting glyphs that were drawn once; 1 bit or colour without smoothing."""

    def __init__(self, font: bytes, size: int, characters: set[str], width: int, height: int, color: tuple[int, ...]):
        self.font = ImageFont.truetype(io.BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)
        self.size, self.width, self.height = size, width, height
        self.mode, self.color = ("1", 1) if not color else ("RGB", color)
        self.cached = {char: self._page(size, size, [char]) for char in characters}

    def _page(self, width: int, height: int, lines: Lines) -> Image.Image:
        page = Image.new(self.mode, (width, height))
        draw = ImageDraw.Draw(page)
        draw.fontmode = "1"
        for number, line in enumerate(lines):
            draw.text((0, self.size * number), line, fill=self.color, font=self.font)
        return page

    def draw(self, lines: Lines) -> bytes:
        return self._page(self.width, self.height, lines).tobytes()

    def paste(self, lines: Lines) -> bytes:
        page = Image.new(self.mode, (self.width, self.height))
        for number, line in enumerate(lines):
            for column, char in enumerate(line):
                page.paste(self.cached[char], (self.size * column, self.size * number))
        return page.tobytes()

    def table(self, rows: Sequence[Lines], edge: int) -> bytes:
        """Columns as wide as their widest text, a rule under each row."""
        page = Image.new(self.mode, (self.width, self.height))
        draw = ImageDraw.Draw(page)
        widths = [max(self.font.getlength(row[n]) for row in rows) for n in range(len(rows[0]))]
        for number, row in enumerate(rows):
            x, y = 0.0, number * (self.size + edge)
            for text, width in zip(row, widths, strict=True):
                draw.text((x, y), text, fill=self.color, font=self.font)
                x += width + edge
            draw.line((0, y + self.size, self.width, y + self.size), fill=self.color)
        return page.tobytes()


def installed() -> Iterator[tuple[str, ModuleType]]:
    """Optional contenders: the distribution's name and the module."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for name, module in (("pygame-ce", "pygame"), ("skia-python", "skia"), ("PySide6_Essentials", "PySide6.QtGui")):
        try:
            yield name, import_module(module)
        except (ImportError, OSError):
            continue


def others(pillow: Pillow, font: bytes) -> dict[str, Way]:
    """One-bit pages by whatever else is installed."""
    makers = {"pygame-ce": _pygame, "skia-python": _skia, "PySide6_Essentials": _qt}
    return {f"{name} {version(name)}": makers[name](module, pillow, font) for name, module in installed()}


def _pygame(pygame: ModuleType, pillow: Pillow, font: bytes) -> Way:
    """Surfaces of the glyphs, blitted in one call."""
    size, width, height = pillow.size, pillow.width, pillow.height
    page = pygame.Surface((width, height), depth=8)
    page.set_palette([(0, 0, 0), (255, 255, 255)] + [(0, 0, 0)] * 254)
    cached = {}
    for char, image in pillow.cached.items():
        surface = cached[char] = pygame.Surface((size, size), depth=8)
        surface.set_palette(page.get_palette())
        pygame.surfarray.pixels2d(surface)[:] = np.asarray(image).T

    def draw(lines: Lines) -> bytes:
        page.fill(0)
        page.fblits(
            [(cached[c], (size * x, size * y)) for y, line in enumerate(lines) for x, c in enumerate(line)]
        )
        leds = np.frombuffer(page.get_buffer(), np.uint8).reshape(height, -1)[:, :width]
        return np.packbits(leds, axis=1).tobytes()

    return draw


def _skia(skia: ModuleType, pillow: Pillow, font: bytes) -> Way:
    face = skia.Font(skia.Typeface.MakeFromData(skia.Data.MakeWithCopy(font)), pillow.size)
    face.setEdging(skia.Font.Edging.kAlias)
    face.setHinting(skia.FontHinting.kNone)
    pixels = np.zeros((pillow.height, pillow.width), np.uint8)
    info = skia.ImageInfo.MakeA8(pillow.width, pillow.height)
    canvas = skia.Canvas.MakeRasterDirect(info, memoryview(pixels), pillow.width)
    paint = skia.Paint(AntiAlias=False)

    def draw(lines: Lines) -> bytes:
        canvas.clear(0)
        for number, line in enumerate(lines, 1):
            canvas.drawString(line, 0, pillow.size * number, face, paint)
        return np.packbits(pixels > 127, axis=1).tobytes()

    return draw


def _qt(gui: ModuleType, pillow: Pillow, font: bytes) -> Way:
    application = gui.QGuiApplication.instance() or gui.QGuiApplication([])
    family = gui.QFontDatabase.addApplicationFontFromData(font)
    face = gui.QFont(gui.QFontDatabase.applicationFontFamilies(family)[0])
    face.setPixelSize(pillow.size)
    face.setStyleStrategy(gui.QFont.StyleStrategy.NoAntialias)
    face.setHintingPreference(gui.QFont.HintingPreference.PreferNoHinting)
    image = gui.QImage(pillow.width, pillow.height, gui.QImage.Format.Format_Grayscale8)

    def draw(lines: Lines) -> bytes:
        image.fill(0)
        painter = gui.QPainter(image)
        painter.setFont(face)
        painter.setPen(gui.QColor(255, 255, 255))
        for number, line in enumerate(lines, 1):
            painter.drawText(0, pillow.size * number, line)
        painter.end()
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(pillow.height, image.bytesPerLine())
        return np.packbits(rows[:, : pillow.width] > 127, axis=1).tobytes()

    draw.__dict__["application"] = application  # Qt draws no text once it is gone
    return draw
