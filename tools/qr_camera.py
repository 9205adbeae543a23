"""Photograph every QR page of a folder of notices, on every panel profile, as a phone would: how many are read?

    python tools/qr_camera.py FOLDER [--shots 12] [--panel NAME ...]

The panel is simulated as what it is, round dots that fill a part of their pitch, seen tilted by up to 8 degrees,
out of focus by about the width of a camera's pixel and with noise, at 0.75 to 1.5 camera pixels a LED: someone who
stands back far enough to have the whole code in the picture. Read by ZXing (``zxing-cpp``).
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledsign.feed.parse import parse_json, parse_notice
from ledsign.notice import AssetReader, Notice, Qr
from ledsign.panel import Panel, load_panels
from ledsign.policy import load_policy
from ledsign.render import Renderer
from ledsign.render.items import Picture
from ledsign.render.pack import rgb
from ledsign.resources import resource

FINE = 8  # samples a LED each way before the lens, fewer for a large code
AROUND = 24  # LEDs beside the code that are in the picture too
SHOTS = 12
STEPS = (0.75, 1.0, 1.25, 1.5)  # camera pixels a LED
FILLS = (0.35, 0.5, 0.65, 0.8)  # of the pitch that a dot is wide
TILT = 8.0  # degrees


def dots(lit: NDArray[np.uint8], fill: float, fine: int) -> Image.Image:
    """The panel close up: each LED a round dot, ``fill`` of the pitch across."""
    count = fine * FINE  # the edge of a dot takes part of a sample
    axis = (np.arange(count) + 0.5) / count - 0.5
    disc = (np.hypot(axis[:, None], axis) <= fill / 2).astype(np.float32)
    dot = disc.reshape(fine, FINE, fine, FINE).mean(axis=(1, 3))
    light = lit.max(axis=2).astype(np.float32)
    return Image.fromarray((np.kron(light, dot)).astype(np.uint8))


def shot(lit: NDArray[np.uint8], step: float, fill: float, tilt: float, seed: int) -> Image.Image:
    """What the camera sees at ``step`` pixels a LED; its exposure evens out how little of the pitch is lit."""
    fine = max(4, min(FINE, 2400 // max(lit.shape)))
    close = dots(lit, fill, fine)
    border = 8 * fine
    framed = Image.new("L", (close.width + 2 * border, close.height + 2 * border))
    framed.paste(close, (border, border))
    turned = framed.rotate(tilt, Image.Resampling.BILINEAR, expand=True)
    # seen from the side as well: as much narrower on the far edge
    width, height = turned.size
    squeeze = abs(np.sin(np.radians(tilt))) * height * 0.15
    corners = (0, 0, 0, height, width, height - squeeze, width, squeeze)
    seen = turned.transform((width, height), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    small = seen.filter(ImageFilter.GaussianBlur(0.4 * fine / step))
    small = small.resize((round(width * step / fine), round(height * step / fine)), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32)
    values *= 220 / max(1.0, float(np.percentile(values, 99)))
    values += np.random.default_rng(seed).normal(0, 8, values.shape).astype(np.float32)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def read(lit: NDArray[np.uint8], text: str, shots: int) -> int:
    """How many of the shots give the text back: all pixel sizes, dots and tilts in turn."""
    found = 0
    for number in range(shots):
        tilt = TILT * (2 * number / max(1, shots - 1) - 1)
        picture = shot(lit, STEPS[number % len(STEPS)], FILLS[(number // 2) % len(FILLS)], tilt, number)
        found += any(result.text == text for result in zxingcpp.read_barcodes(picture))
    return found


def codes(
    notice: Notice, renderer: Renderer, assets: AssetReader
) -> Iterator[tuple[NDArray[np.uint8], str, int]]:
    """The part of each page with a code that holds it, what the code says, and LEDs a module."""
    _, sheets = renderer.lay_out(notice, assets)
    texts = iter([block for block in notice.body if isinstance(block, Qr)])
    for page, sheet in zip(renderer.render(notice, assets).pages, sheets, strict=True):
        if sheet.qr:
            block = next(texts)
            code = next(item for item in sheet.items if isinstance(item, Picture))
            top, left = max(0, code.y - AROUND), max(0, code.x - AROUND)
            part = rgb(page)[top : code.y + code.h + AROUND, left : code.x + code.w + AROUND]
            yield part, block.text, code.w // (len(block.matrix) + 8)


def photograph(panel: Panel, notices: Sequence[Notice], folder: Path, shots: int) -> Iterator[tuple[str, int, int]]:
    """Notice, LEDs a module and shots read, for each code of a panel."""
    policy = load_policy(resource("configs", "policy.yaml"))

    def assets(image: object) -> bytes | None:
        path = folder / "assets" / str(getattr(image, "name", ""))
        raw = path.read_bytes() if path.is_file() else b""
        return raw if hashlib.sha256(raw).hexdigest() == getattr(image, "sha256", "") else None

    for notice in notices:
        for part, text, module in codes(notice, Renderer(panel, policy), assets):
            yield notice.id, module, read(part, text, shots)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shots", type=int, default=SHOTS)
    parser.add_argument("--panel", action="append")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("p[0-9][0-9]-*.json"))
    notices = [parse_notice(parse_json(file.read_bytes())) for file in files]
    with_code = [notice for notice in notices if any(isinstance(block, Qr) for block in notice.body)]
    panels = load_panels(resource("configs", "panels.yaml"))
    for name in arguments.panel or panels:
        results = list(photograph(panels[name], with_code, arguments.folder, arguments.shots))
        for module in sorted({module for _, module, _ in results}):
            read_of = [found for _, size, found in results if size == module]
            print(
                f"{name}: {len(read_of)} codes of {module} LEDs a module: {sum(read_of)} of "
                f"{len(read_of) * arguments.shots} shots read, the worst code {min(read_of)} of {arguments.shots}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
