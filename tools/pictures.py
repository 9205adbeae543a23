"""The README's picture: pages a simulated card displayed in ``make demo``, on one sheet, a LED two pixels wide.

    python tools/pictures.py demo-out/card docs/pictures/demo.png
"""

import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw

COLUMNS, DOT, GAP = 3, 2, 8


def leds(path: Path) -> Image.Image:
    """One displayed page, each LED a dot."""
    page = Image.open(path).convert("RGB")
    sheet = Image.new("RGB", (page.width * DOT, page.height * DOT), (8, 8, 8))
    draw = ImageDraw.Draw(sheet)
    for y in range(page.height):
        for x in range(page.width):
            colour = page.getpixel((x, y))
            if colour != (0, 0, 0):
                draw.rectangle((x * DOT, y * DOT, x * DOT + DOT - 1, y * DOT + DOT - 1), fill=colour)
    return sheet


def main() -> int:
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    index = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    names = list(dict.fromkeys(entry["file"] for entry in index))
    step = max(1, len(names) // 9)
    pages = [leds(folder / name) for name in names[::step][:9]]
    width, height = pages[0].size
    rows = (len(pages) + COLUMNS - 1) // COLUMNS
    sheet = Image.new("RGB", (COLUMNS * (width + GAP) + GAP, rows * (height + GAP) + GAP), (48, 48, 48))
    for number, page in enumerate(pages):
        sheet.paste(page, (GAP + number % COLUMNS * (width + GAP), GAP + number // COLUMNS * (height + GAP)))
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(32).save(target, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
