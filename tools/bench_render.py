"""Ratios of page composition against Pillow drawing the same glyphs, in one process. Never a gate.

    python tools/bench_render.py [--rounds N]

The contenders get the same lines at the same places and must give the same 6 400 bytes. Their font is made here
from the shipped atlas: the 16 LED bitmaps as outlines of whole squares, so that FreeType's 1-bit rasteriser
reproduces them exactly. Rounds are interleaved in shuffled order; medians are printed with the 10th and 90th
percentile.
"""

import argparse
import io
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fontTools
import numpy as np
import PIL
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import newTable
from fontTools.ttLib.tables.ttProgram import Program
from PIL import Image, ImageDraw, ImageFont, features

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledsign.panel import ColorMode
from ledsign.render.atlas import Atlas, load
from ledsign.render.glyphs import cells, shape
from ledsign.render.items import Run
from ledsign.render.raster import compose, text_page

WIDTH, HEIGHT, COLUMNS, ROWS = 320, 160, 20, 10
UNIT = 64  # font units per LED
PAGES = 8


def page_lines(seed: int) -> list[str]:
    """Ten lines of twenty hanzi from the first level of GB 2312."""
    chooser = random.Random(seed)
    level1 = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFA)]
    return ["".join(chooser.choices(level1, k=COLUMNS)) for _ in range(ROWS)]


def square_font(atlas: Atlas, characters: set[str]) -> bytes:
    """A TrueType font whose outlines are the atlas bitmaps, one rectangle a run of lit LEDs."""
    names, glyphs, widths = {}, {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (16 * UNIT, 0)}
    for char in sorted(characters):
        name = f"u{ord(char):05X}"
        rows = np.unpackbits(atlas.rows(cells(shape(atlas, char)).ids).T, axis=1)
        glyphs[name] = outline(rows)
        names[ord(char)] = name
        left = int(np.flatnonzero(rows.any(axis=0))[0]) if rows.any() else 0
        widths[name] = (rows.shape[1] * UNIT, left * UNIT)
    builder = FontBuilder(16 * UNIT, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(widths)
    builder.setupHorizontalHeader(ascent=16 * UNIT, descent=0)
    builder.setupOS2(sTypoAscender=16 * UNIT, sTypoDescender=0, usWinAscent=16 * UNIT, usWinDescent=0)
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
        pen.moveTo(((turns[0][0] - 1) * UNIT, (17 - turns[0][1]) * UNIT))
        for x, y in turns[1:]:
            pen.lineTo(((x - 1) * UNIT, (17 - y) * UNIT))
        pen.closePath()
    return pen.glyph()


def contenders(atlas: Atlas, pages: list[list[str]]) -> dict[str, Callable[[list[str]], bytes]]:
    """Every way to get from lines to packed bytes."""
    characters = {char for lines in pages for line in lines for char in line}
    font = ImageFont.truetype(io.BytesIO(square_font(atlas, characters)), 16, layout_engine=ImageFont.Layout.BASIC)
    pasted: dict[str, Image.Image] = {}
    for char in characters:
        pasted[char] = Image.new("1", (16, 16))
        ImageDraw.Draw(pasted[char]).text((0, 0), char, fill=1, font=font)

    def image_draw(lines: list[str]) -> bytes:
        page = Image.new("1", (WIDTH, HEIGHT))
        draw = ImageDraw.Draw(page)
        for number, line in enumerate(lines):
            draw.text((0, 16 * number), line, fill=1, font=font)
        return page.tobytes()

    def cached_paste(lines: list[str]) -> bytes:
        page = Image.new("1", (WIDTH, HEIGHT))
        for number, line in enumerate(lines):
            for column, char in enumerate(line):
                page.paste(pasted[char], (16 * column, 16 * number))
        return page.tobytes()

    def placed_runs(lines: list[str]) -> bytes:
        runs = [Run(0, 16 * number, 1, 1, cells(shape(atlas, line))) for number, line in enumerate(lines)]
        return compose(atlas, runs, WIDTH, HEIGHT, ColorMode.MONO, ())

    return {
        "ledsign text_page, str -> bytes": lambda lines: text_page(atlas, lines, WIDTH, HEIGHT),
        "ledsign placed runs, str -> bytes": placed_runs,
        "Pillow cached glyph paste": cached_paste,
        "Pillow ImageDraw.text, basic layout": image_draw,
    }


def measure(
    ways: dict[str, Callable[[list[str]], bytes]], pages: list[list[str]], rounds: int
) -> dict[str, list[float]]:
    """Microseconds a page, one sample a round."""
    repeats = {name: 400 if "text_page" in name else 20 if "Pillow" not in name else 4 for name in ways}
    samples: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            way, count = ways[name], repeats[name]
            started = time.perf_counter()
            for number in range(count):
                way(pages[number % len(pages)])
            samples[name].append((time.perf_counter() - started) / count * 1e6)
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    atlas = load()
    pages = [page_lines(seed) for seed in range(PAGES)]
    ways = contenders(atlas, pages)
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, pillow {PIL.__version__} "
        f"(FreeType {features.version('freetype2')}), fonttools {fontTools.version}, Unifont {atlas.version}"
    )
    first, *others = ways.values()
    same = all(way(lines) == first(lines) for lines in pages for way in others)
    print(f"{WIDTH}x{HEIGHT} mono, {COLUMNS}x{ROWS} hanzi, {PAGES} pages: bytes {'identical' if same else 'DIFFER'}")
    samples = measure(ways, pages, rounds)
    base = statistics.median(next(iter(samples.values())))
    for name, values in samples.items():
        deciles = statistics.quantiles(values, n=10)
        median = statistics.median(values)
        print(f"{name:38} {median:9.1f} us  ({deciles[0]:.1f}..{deciles[-1]:.1f})  x{median / base:.1f}")
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
