"""Cold start to the first page of GB 18030-2022 level 2 hanzi, and its memory. Never a gate.

    python tools/bench_start.py [--rounds N] [--font unifont.otf ...]

Every sample is a fresh interpreter; the clock starts when numpy (and the contender's library) is imported. "atlas"
maps the stored files and gathers a page of 20 x 10 hanzi; "renderer" makes a whole Renderer and sets the lines as a
page. The contenders have no store: they rasterise every hanzi of level 2 at 16 px, 1 bit, into an array and gather
the same page from it. Rounds are interleaved in shuffled order; medians with the 10th and 90th percentile. Memory is
what the interpreter grew by since the clock started, its own and what is mapped from files and shared.
"""

import argparse
import ctypes
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
COLUMNS, ROWS = 20, 10


def resident() -> tuple[int, int]:
    """Kilobytes this process holds: of its own, and mapped from files that processes share."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(fields[name].split()[0]) for name in ("RssAnon", "RssFile"))
    return own, mapped


def since(started: float, before: tuple[int, int]) -> tuple[float, tuple[int, int]]:
    """Seconds and growth of memory."""
    seconds = time.perf_counter() - started
    own, mapped = resident()
    return seconds, (own - before[0], mapped - before[1])


def first_lines(hanzi: list[int]) -> list[str]:
    """A page spread over the whole level."""
    chosen = random.Random(1).sample(hanzi, COLUMNS * ROWS)
    return ["".join(map(chr, chosen[row * COLUMNS : (row + 1) * COLUMNS])) for row in range(ROWS)]


def gathered(cache: str, lines: list[str]) -> tuple[float, tuple[int, int], bytes]:
    """Seconds, kilobytes (own, mapped), and the page, straight from the shipped atlas."""
    from ledsign.render.atlas import load

    before, started = resident(), time.perf_counter()
    atlas = load(Path(cache))
    cps = np.frombuffer("".join(lines).encode("utf-32-le"), np.uint32)
    rows = atlas.full.take(atlas.lut.take(cps) >> 4, axis=0).reshape(ROWS, COLUMNS, 16)
    page = rows.transpose(0, 2, 1).tobytes()
    return *since(started, before), page


def rendered(cache: str, lines: list[str]) -> tuple[float, tuple[int, int], bytes]:
    """The same through the renderer, which makes a page of its own of them."""
    from ledsign.panel import ColorMode, Panel
    from ledsign.policy import load_policy
    from ledsign.render import Renderer

    panel = Panel("bench", 16 * COLUMNS, 16 * ROWS, ColorMode.MONO, 10)
    policy = load_policy(ROOT / "configs" / "policy.yaml")
    before, started = resident(), time.perf_counter()
    page = Renderer(panel, policy, Path(cache)).safe_page(lines).pixels
    return *since(started, before), page


def rasterised(font: str, hanzi: list[int], lines: list[str]) -> tuple[float, tuple[int, int], bytes]:
    """The same with freetype-py, every hanzi of the level first."""
    import freetype

    sys.path.insert(0, str(ROOT / "tools"))
    from glyph_sources import Outline

    before, started = resident(), time.perf_counter()
    face = Outline(Path(font), 2 if font.endswith(".ttc") else 0).face(16)
    atlas = np.zeros((len(hanzi), 16, 2), dtype=np.uint8)
    flags = freetype.FT_LOAD_RENDER | freetype.FT_LOAD_NO_BITMAP | freetype.FT_LOAD_TARGET_MONO
    for number, cp in enumerate(hanzi):
        face.load_glyph(face.get_char_index(cp), flags)
        raw = face.glyph.bitmap._FT_Bitmap
        across = min(raw.pitch, 2)
        if raw.rows and across:
            rows = np.frombuffer(ctypes.string_at(raw.buffer, raw.rows * raw.pitch), np.uint8)
            atlas[number, : min(raw.rows, 16), :across] = rows.reshape(raw.rows, raw.pitch)[:16, :across]
    place = {cp: number for number, cp in enumerate(hanzi)}
    ids = np.array([[place[ord(char)] for char in line] for line in lines])
    page = atlas[ids].transpose(0, 2, 1, 3).tobytes()
    return *since(started, before), page


OWN = {"atlas": gathered, "renderer": rendered}


def child(way: str, cache: str) -> None:
    """One sample, as JSON on standard output."""
    from ledsign.render import charset

    hanzi = sorted(charset.level(2))
    lines = first_lines(hanzi)
    if way in OWN:
        seconds, grown, page = OWN[way](cache, lines)
    else:
        seconds, grown, page = rasterised(way, hanzi, lines)
    print(json.dumps({"seconds": seconds, "own": grown[0], "mapped": grown[1], "bytes": len(page)}))


def run(rounds: int, fonts: Sequence[str]) -> None:
    """Print what each way takes, and how many times the atlas alone."""
    from ledsign.render.atlas import load

    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        load(Path(cache))
        print(f"cold start (G6); unpacking the index and 16 px, once: {(time.perf_counter() - started) * 1e3:.0f} ms")
        ways = [*OWN, *fonts]
        samples: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way in random.sample(ways, len(ways)):
                command = [sys.executable, __file__, "--child", way, cache]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                samples[way].append(json.loads(done.stdout))
    base = statistics.median(sample["seconds"] for sample in samples["atlas"])
    for way, taken in samples.items():
        times = [sample["seconds"] * 1e3 for sample in taken]
        low, *_, high = statistics.quantiles(times, n=10)
        own, mapped = (statistics.median(sample[key] for sample in taken) / 1e3 for key in ("own", "mapped"))
        median = statistics.median(times)
        name = Path(way).name
        print(f"  {name:28} {median:9.2f} ms ({low:.2f}..{high:.2f})  x{median / base / 1e3:.0f}", end="")
        print(f"  +{own:.2f} MB own, +{mapped:.2f} MB mapped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--font", action="append", default=[], help="outline font to rasterise, repeatable")
    parser.add_argument("--child", nargs=2, metavar=("WAY", "CACHE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    run(arguments.rounds, arguments.font)


if __name__ == "__main__":
    main()
