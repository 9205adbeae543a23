"""Ratios of page composition against others drawing the same glyphs, in one process. Never a gate.

    python tools/bench_render.py [--rounds N] [--corpus DIR] [--only pages,memory,colour,table,lines,start,...]

Contenders get the same lines at the same places and must give the same bytes. Rounds are interleaved in shuffled
order; medians are printed with the 10th and 90th percentile. "placed block" is a text already broken into lines:
``shape`` -> ``Plate`` -> ``compose``, what the renderer does with every page; "placed lines" adds ``plate`` for what
layout hands over, "a paragraph" sets one from the string on: line ends, ``Prose``, ``plate``, ``compose``.

"table" is a table of strings to the bytes of its page: shaping, widths of columns, header, rows, the cut into pages,
plate and pixels, all anew each time; only the mapped atlas is warm. Pillow does with the same strings, in a font of
the same bitmaps that it holds open, what a careful caller would: ``getlength`` of every cell for the columns,
``text`` at its place, a ``line`` under each row; it neither wraps nor pages. Chromium gets the rows as ``innerHTML``
of a page with the font loaded and hands back a screenshot; its answer is a PNG, which is not decoded.

"notices" is everything from a parsed notice to the pixels of its pages. Contenders that are not installed are left
out.
"""

import argparse
import hashlib
import os
import platform
import random
import resource as system
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import fontTools
import numpy as np
import PIL
import PIL.Image
from PIL import features

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import bench_start
from bench_browser import browser
from bench_contenders import Pillow, others, square_font

from ledsign.errors import RefusedError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.frame import PageKind
from ledsign.notice import Column, Image, Notice, Table
from ledsign.panel import ColorMode, load_panels
from ledsign.policy import load_policy
from ledsign.render import Renderer, raster, theme
from ledsign.render.atlas import Atlas, load
from ledsign.render.flow import Space, paginate
from ledsign.render.fonts import Face
from ledsign.render.glyphs import shape
from ledsign.render.items import Lines
from ledsign.render.kernel import kernel
from ledsign.render.linebreak import breaks, wrap
from ledsign.render.plate import Group, Plate, plate
from ledsign.render.prose import Prose
from ledsign.render.setting import Metrics, Setter, Style, fitted
from ledsign.render.table import table_chunks
from ledsign.resources import resource

PAGES = 8
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
NO_RECTS = np.zeros((0, 8), dtype=np.int32)
Task = Callable[[int], object]
PARTS = ("notices", "pages", "memory", "colour", "table", "lines", "rows", "start")
FONTS = (  # outline fonts with the hanzi of level 2, where a distribution puts them
    "/usr/share/fonts/opentype/unifont/unifont.otf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)


def page_lines(seed: int, columns: int, rows: int) -> list[str]:
    """Lines of hanzi from the first level of GB 2312."""
    chooser = random.Random(seed)
    level1 = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFA)]
    return ["".join(chooser.choices(level1, k=columns)) for _ in range(rows)]


def block(
    atlas: Atlas,
    lines: Sequence[str],
    width: int,
    height: int,
    size: int,
    ink: tuple[int, int, int],
    smooth: bool = False,
) -> Plate:
    """Lines of equally many hanzi as one block: a line of hanzi under the other."""
    text = shape(atlas, "".join(lines))
    group = Group(size, 1, ink, BLACK, text.glyphs >> 4, True, places(len(lines[0]), len(lines), size), smooth=smooth)
    return Plate(width, height, (group,), NO_RECTS)


@cache
def places(columns: int, rows: int, size: int) -> np.ndarray:
    """Where the lines stand, as everybody else is told it too."""
    return np.array(((0, 0, columns, rows, size),), dtype=np.int32)


def with_kernel(on: bool, task: Task) -> Task:
    """The task with the compiled kernel on or off."""

    def run(number: int) -> object:
        return task(number)

    run.__dict__["kernel"] = on
    return run


def switch(task: Task) -> None:
    """Turn the kernel as the task wants it."""
    os.environ["LEDSIGN_KERNEL"] = "1" if getattr(task, "kernel", True) else "0"
    kernel.cache_clear()


def both(name: str, task: Task) -> dict[str, Task]:
    """The task with and, where it was compiled, without the kernel turned off."""
    ways = {f"{name}, numpy": with_kernel(False, task)}
    os.environ.pop("LEDSIGN_KERNEL", None)
    kernel.cache_clear()
    return {f"{name}, kernel": with_kernel(True, task), **ways} if kernel() else ways


def timed(task: Task, count: int) -> float:
    """Seconds a call."""
    started = time.perf_counter()
    for number in range(count):
        task(number)
    return (time.perf_counter() - started) / count


def measure(tasks: dict[str, Task], rounds: int) -> dict[str, list[float]]:
    """Microseconds a call, one sample a round of about ten milliseconds, after a few calls that are not counted: a
    sign draws page after page."""
    repeats = {}
    for name, task in tasks.items():
        switch(task)
        timed(task, 2)
        repeats[name] = max(3, min(2000, round(0.01 / min(timed(task, 1) for _ in range(8)))))
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    order = list(tasks)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            switch(tasks[name])
            timed(tasks[name], 2 + repeats[name] // 10)
            samples[name].append(timed(tasks[name], repeats[name]) * 1e6)
    return samples


def report(title: str, tasks: dict[str, Task], rounds: int, base: str) -> None:
    """One table; ratios to ``base`` (of a contender: how many times slower it is)."""
    samples = measure(tasks, rounds)
    one = statistics.median(samples[base])
    print(f"\n{title}")
    for name, values in samples.items():
        deciles = statistics.quantiles(values, n=10)
        median = statistics.median(values)
        print(f"  {name:42} {median:11.1f} us  ({deciles[0]:.1f}..{deciles[-1]:.1f})  x{median / one:.2f}")


def same(tasks: dict[str, Task]) -> bool:
    """Whether all give the same bytes for every page."""
    pages = []
    for task in tasks.values():
        switch(task)
        pages.append([task(number) for number in range(PAGES)])
    differing = [name for name, made in zip(tasks, pages, strict=True) if made != pages[0]]
    print(f"  bytes {'DIFFER: ' + ', '.join(differing) if differing else 'identical'}")
    return not differing


def text_pages(atlas: Atlas, rounds: int) -> bool:
    """G1, G2: a mono page of full text, ``str`` to packed bytes."""
    width, height, size = 320, 160, 16
    pages = [page_lines(seed, width // size, height // size) for seed in range(PAGES)]
    mode = ColorMode.MONO
    inks = theme.palette(mode)
    characters = {char for lines in pages for line in lines for char in line}
    font = square_font(atlas, characters)
    pillow = Pillow(font, size, characters, width, height, ())

    def placed_block(number: int) -> bytes:
        return raster.compose(atlas, block(atlas, pages[number % PAGES], width, height, size, WHITE), mode)

    def placed_lines(number: int) -> bytes:
        lines = pages[number % PAGES]
        counts = np.array(list(map(len, lines)))
        y = np.arange(len(lines)) * size
        placed = Lines(np.zeros_like(y), y, counts, shape(atlas, "".join(lines)), size, 1, theme.TEXT)
        return raster.compose(atlas, plate(atlas, [placed], width, height, mode, inks), mode)

    full = Metrics(Face(size), width, height, size)

    def paragraph(number: int) -> bytes:
        setter = Setter(atlas)
        text = setter.text("".join(pages[number % PAGES]))
        spans = setter.spans(text, full.columns)
        prose = Prose(text, spans, full, theme.TEXT, (0, 0), "left", drawn_out=False)
        return raster.compose(atlas, plate(atlas, prose.drawn(0, len(spans), 0), width, height, mode, inks), mode)

    tasks: dict[str, Task] = {
        **both("placed block, str -> bytes", placed_block),
        **both("placed lines, str -> bytes", placed_lines),
        **both("a paragraph, str -> bytes", paragraph),
        "Pillow cached glyph paste": lambda number: pillow.paste(pages[number % PAGES]),
        "Pillow ImageDraw.text, basic layout": lambda number: pillow.draw(pages[number % PAGES]),
    }
    for name, way in others(pillow, font).items():
        tasks[name] = lambda number, way=way: way(pages[number % PAGES])
    title = f"{width}x{height} mono, {width // size}x{height // size} hanzi (G1, G2)"
    report(title, tasks, rounds, next(iter(tasks)))
    return same(tasks)


def memory_speed(atlas: Atlas, rounds: int) -> bool:
    """G3: a plate to bytes, against copying the page."""
    for width, height in ((320, 160), (1920, 1080)):
        columns, rows = width // 16, height // 16
        plates = [
            block(atlas, page_lines(seed, columns, rows), width, height, 16, WHITE) for seed in range(PAGES)
        ]
        source, target = np.zeros(width * height // 8, np.uint8), np.empty(width * height // 8, np.uint8)
        tasks: dict[str, Task] = {
            "np.copyto of the page": lambda _, a=target, b=source: np.copyto(a, b),
            **both("compose", lambda number, p=plates: raster.compose(atlas, p[number % PAGES], ColorMode.MONO)),
        }
        report(f"{width}x{height} mono, ids ready (G3)", tasks, rounds, "np.copyto of the page")
    return True


def colour_page(atlas: Atlas, rounds: int) -> bool:
    """G4: a full-HD page of 32 LED characters in one colour, in one bit and in shades."""
    width, height, size, ink = 1920, 1080, 32, (255, 176, 0)
    pages = [page_lines(seed, width // size, height // size) for seed in range(PAGES)]
    characters = {char for lines in pages for line in lines for char in line}
    large = atlas.at(size)
    pillow = Pillow(square_font(large, characters), size, characters, width, height, ink)
    plates = [block(atlas, lines, width, height, size, ink) for lines in pages]
    source, target = np.zeros(width * height * 3, np.uint8), np.empty(width * height * 3, np.uint8)
    drawn: dict[str, Task] = {
        **both("compose", lambda number: raster.compose(atlas, plates[number % PAGES], ColorMode.RGB)),
        "Pillow cached glyph paste": lambda number: pillow.paste(pages[number % PAGES]),
        "Pillow ImageDraw.text, basic layout": lambda number: pillow.draw(pages[number % PAGES]),
    }
    copy = "np.copyto of the page"
    tasks: dict[str, Task] = {copy: lambda _: np.copyto(target, source), **drawn}
    title = f"{width}x{height} rgb, {width // size}x{height // size} hanzi of {size} LEDs (G4)"
    report(title, tasks, rounds, copy)
    equal = same(drawn)
    soft = [block(atlas, lines, width, height, size, ink, smooth=True) for lines in pages]
    covered = {char: mask(large, char) for char in characters}

    def pasted(number: int) -> bytes:
        page = PIL.Image.new("RGB", (width, height))
        for row, line in enumerate(pages[number % PAGES]):
            for column, char in enumerate(line):
                page.paste(ink, (size * column, size * row), covered[char])
        return page.tobytes()

    drawn = {
        **both("compose", lambda number: raster.compose(atlas, soft[number % PAGES], ColorMode.RGB)),
        "Pillow Image.paste(colour, mask)": pasted,
    }
    report(f"{title}, in shades", {copy: tasks[copy], **drawn}, rounds, copy)
    return same(drawn) and equal


def mask(sized: Atlas, char: str) -> PIL.Image.Image:
    """The coverage of a hanzi as Pillow takes it."""
    numbers, _ = sized.shades().numbers(shape(sized, char).glyphs >> 4, wide=True)
    rows = sized.shades().rows(numbers, wide=True)[0]
    return PIL.Image.fromarray(np.stack((rows >> 4, rows & 15), axis=2).reshape(sized.size, -1) * np.uint8(17))


def sample_notice() -> Notice:
    """Any notice to hang a table into."""
    path = min(Path(resource("configs", "samples")).glob("s*.json"))
    raw = parse_json(path.read_bytes())
    return parse_notice(_dated(raw))


def _dated(document: dict[str, object]) -> dict[str, object]:
    """Samples carry no dates: the town puts them in when it publishes."""
    from ledsign.town.samples import dated

    return dated(document, datetime(2026, 11, 21, 9, tzinfo=timezone.utc))  # noqa: UP017 - any zone will do


def table(rows: int, columns: int = 6) -> Table:
    """Names, sums and dates."""
    kinds = ("int", "text", "text", "money", "date", "text")
    titles = ("序号", "姓名", "组别", "金额", "日期", "备注")
    body = tuple(
        (str(n), f"户主{n}", f"{n % 12 + 1}组", f"{n * 37 % 5000}.50", f"2026-{n % 12 + 1:02}-15", "已发放")[:columns]
        for n in range(1, rows + 1)
    )
    heads = tuple(Column(t, t, k, "left", t == "姓名") for t, k in zip(titles, kinds, strict=True))[:columns]
    return Table(heads, body)


def table_page(atlas: Atlas, rounds: int) -> bool:
    """G5: layout and drawing of one page of a table, header and 20 rows of 6 columns, in characters of 16 LEDs."""
    width, height, size, mode = 512, 448, 16, ColorMode.MONO
    policy = load_policy(resource("configs", "policy.yaml"))
    rule = replace(policy.dwell, max_s=600.0)  # the contenders do not ask how long a page takes to read
    small = fitted(width, height, Face(size))
    style = Style(small, small, small, mode, width, height, rule)
    one = table(20)
    characters = set("".join([*(text for row in one.rows for text in row), *(head.title for head in one.columns)]))
    font = square_font(atlas, characters)
    pillow = Pillow(font, size, characters, width, height, ())
    rows = [[column.title for column in one.columns], *one.rows]
    inks = theme.palette(mode)

    def whole(_: int) -> bytes:
        _, chunks = table_chunks(one, Setter(atlas), style)
        (sheet,) = paginate(chunks, Space(0, height, height), rule, PageKind.BODY)
        return raster.compose(atlas, plate(atlas, sheet.items, width, height, mode, inks), mode)

    tasks: dict[str, Task] = {
        **both("table_chunks, paginate, plate, compose", whole),
        "Pillow getlength and ImageDraw.text": lambda _: pillow.table(rows, 4),
    }
    with browser(width, height) as found:
        if found is None:
            print("\nno Chromium or no websocket-client here: left out")
        else:
            found.prepare(font, size)
            tasks[f"{found.version}, innerHTML and screenshot"] = lambda _: found.table(rows)
        title = f"{width}x{height} table page, 21 rows of 6 columns (G5)"
        report(title, tasks, rounds, next(iter(tasks)))
    return True


def line_ends(atlas: Atlas, rounds: int) -> bool:
    """G7: a paragraph into lines, against PyICU's bare break positions."""
    level1 = "".join("".join(page_lines(seed, 50, 1)) for seed in range(100))
    marks = random.Random(3)
    string = "".join(marks.choice("，。、；") if marks.random() < 0.09 else char for char in level1)
    number = "".join(f"{n * 37 % 5000}.5元" for n in range(30))
    print()
    for count in (200, 5000):
        text = (number[: count // 25] + string)[:count]
        tasks: dict[str, Task] = {}
        try:
            icu = import_module("icu")
        except ImportError:
            print("PyICU is not here: left out")
        else:
            breaker = icu.BreakIterator.createLineInstance(icu.Locale("zh"))

            def positions(_: int, text: str = text, breaker: Any = breaker) -> list[int]:
                breaker.setText(text)
                return list(breaker)

            tasks[f"PyICU {icu.VERSION} (ICU {icu.ICU_VERSION}), breaks"] = positions
        tasks |= both("shape and wrap, str -> lines", lambda _, text=text: wrap(shape(atlas, text), 40))
        tasks |= both("shape and breaks", lambda _, text=text: breaks(shape(atlas, text)))
        report(f"{count} characters into lines of 20 (G7)", tasks, rounds, next(iter(tasks)))
    return True


def cold_start(atlas: Atlas, rounds: int) -> bool:
    """G6: fresh interpreters, see ``bench_start``."""
    print()
    fonts = [path for path in FONTS if Path(path).exists()]
    bench_start.run(max(3, rounds // 2), fonts)
    return True


def notices_of(folder: Path | None) -> Iterator[tuple[Notice, Path]]:
    """Notices of a folder, or the shipped samples."""
    for path in sorted((folder or Path(resource("configs", "samples"))).glob("[ps][0-9][0-9]*.json")):
        raw = parse_json(path.read_bytes())
        try:
            yield parse_notice(raw if folder else _dated(raw)), path.parent / "assets"
        except RefusedError as error:
            print(f"  {path.name}: left out: {error}")


def whole_notices(atlas: Atlas, rounds: int, folder: Path | None) -> bool:
    """All pages of all notices, from the parsed notice to the pixels, each once."""
    policy = load_policy(resource("configs", "policy.yaml"))
    panels = load_panels(resource("configs", "panels.yaml"))
    read = list(notices_of(folder))
    print(f"\n{len(read)} notices, all pages")
    for name in ("p10-320x160-mono", "hd-1920x1080-rgb"):
        renderer = Renderer(panels[name], policy)
        pages = layout = drawing = 0.0
        for notice, assets in read:

            def reader(image: Image, assets: Path = assets) -> bytes | None:
                path = assets / image.name
                raw = path.read_bytes() if path.is_file() else b""
                return raw if hashlib.sha256(raw).hexdigest() == image.sha256 else None

            started = time.perf_counter()
            made = renderer.render(notice, reader).pages
            laid_out = time.perf_counter()
            for page in made:
                assert page.pixels
            layout += laid_out - started
            drawing += time.perf_counter() - laid_out
            pages += len(made)
        print(
            f"  {name:20} {pages:5.0f} pages, {pages / (layout + drawing):7.0f} a second on one core "
            f"(layout {layout / pages * 1e3:.2f} ms, pixels {drawing / pages * 1e3:.3f} ms a page), memory "
            f"{rss_mb():.0f} MB now, {system.getrusage(system.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most"
        )
    return True


def rss_mb() -> float:
    """Megabytes this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * system.getpagesize() / 1e6


def rows_grow(atlas: Atlas, rounds: int) -> bool:
    """Cost against the number of rows."""
    renderer = Renderer(
        load_panels(resource("configs", "panels.yaml"))["p10-320x160-mono"],
        load_policy(resource("configs", "policy.yaml")),
    )
    notice = sample_notice()
    print("\n320x160 mono, tables of 6 columns, layout and pixels")
    for count in (10, 100, 1000):
        body = (table(count),)
        times = []
        for number in range(max(3, rounds // 3)):
            started = time.perf_counter()
            pages = renderer.render(replace(notice, body=body, digest=f"{count}-{number}")).pages
            for page in pages:
                assert page.pixels
            times.append(time.perf_counter() - started)
        median = statistics.median(times)
        print(f"  {count:5} rows {median * 1e3:9.1f} ms, {median / count * 1e6:7.0f} us a row, {len(pages)} pages")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--corpus", type=Path, help="folder of notices (p01-….json, assets/); else the samples")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    given = parser.parse_args()
    chosen = given.only.split(",")
    atlas = load()
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, pillow {PIL.__version__} "
        f"(FreeType {features.version('freetype2')}), fonttools {fontTools.version}, Unifont {atlas.version}"
    )
    parts: dict[str, Callable[[], bool]] = {
        "notices": lambda: whole_notices(atlas, given.rounds, given.corpus),  # first, while memory is clean
        "pages": lambda: text_pages(atlas, given.rounds),
        "memory": lambda: memory_speed(atlas, given.rounds),
        "colour": lambda: colour_page(atlas, given.rounds),
        "table": lambda: table_page(atlas, given.rounds),
        "lines": lambda: line_ends(atlas, given.rounds),
        "rows": lambda: rows_grow(atlas, given.rounds),
        "start": lambda: cold_start(atlas, given.rounds),
    }
    done = [part() for name, part in parts.items() if name in chosen]
    if not all(done):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
