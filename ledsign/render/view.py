"""Pages for people's eyes: round LEDs, contact sheets, terminals, an animation with the true dwell."""

import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ledsign.frame import Page
from ledsign.panel import ColorMode
from ledsign.render.pack import rgb

_AMBER: Final = np.array([255, 176, 32], dtype=np.uint16)
_OFF: Final = np.array([26, 26, 28], dtype=np.uint16)
_MOST_SIDE: Final = 4096
_SHEET: Final = 1920  # pixels: a contact sheet is about as wide
_SHEET_PAGES: Final = 120  # on one sheet
_SIXEL_INKS: Final = 16


def colored(page: Page) -> NDArray[np.uint8]:
    """``(h, w, 3)`` as a passer-by sees it: mono panels glow amber."""
    lit = rgb(page)
    if page.mode is not ColorMode.MONO:
        return lit
    return (lit // 255 * _AMBER).astype(np.uint8)


def led_picture(page: Page, pitch: int = 8) -> Image.Image:
    """Each LED a round dot, ``pitch`` pixels from the next, less where the picture would be over 4096 wide."""
    pitch = max(2, min(pitch, _MOST_SIDE // max(page.width, page.height)))
    axis = np.arange(pitch) - (pitch - 1) / 2
    distance = np.hypot(axis[:, None], axis)
    dot = np.clip(pitch * 0.42 + 0.5 - distance, 0, 1)[:, :, None]
    dots = np.maximum(colored(page), _OFF).astype(np.float32)
    tiled = dots.repeat(pitch, axis=0).repeat(pitch, axis=1)
    shape = np.tile(dot, (page.height, page.width, 1)).astype(np.float32)
    return Image.fromarray((tiled * shape).astype(np.uint8))


def gif(pages: Sequence[Page]) -> bytes:
    """All pages as one animation; each stays as long as it would on the sign."""
    frames = [Image.fromarray(colored(page)).quantize(64, dither=Image.Dither.NONE) for page in pages]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[round(page.dwell_s * 1000) for page in pages],
        loop=0,
        optimize=False,
    )
    return buffer.getvalue()


def contact_sheets(pages: Sequence[Page]) -> list[Image.Image]:
    """All pages side by side with number and dwell below each, on as many sheets as that takes."""
    return [_contact_sheet(pages[start : start + _SHEET_PAGES]) for start in range(0, len(pages), _SHEET_PAGES)]


def _contact_sheet(pages: Sequence[Page]) -> Image.Image:
    width, height = pages[0].width, pages[0].height
    if width > _SHEET // 2:
        size = (_SHEET // 3, height * _SHEET // 3 // width)
    else:
        zoom = max(1, _SHEET // 4 // width)
        size = (width * zoom, height * zoom)
    across = max(1, min(len(pages), _SHEET // (size[0] + 8)))
    down = -(-len(pages) // across)
    sheet = Image.new("RGB", (across * (size[0] + 8) + 8, down * (size[1] + 24) + 8), (48, 48, 56))
    pen = ImageDraw.Draw(sheet)
    for number, page in enumerate(pages):
        x, y = 8 + number % across * (size[0] + 8), 8 + number // across * (size[1] + 24)
        picture = Image.fromarray(colored(page))
        smooth = Image.Resampling.LANCZOS if size[0] < width else Image.Resampling.NEAREST
        sheet.paste(picture.resize(size, smooth), (x, y))
        pen.text((x, y + size[1] + 4), f"{page.n}/{page.of}  {page.dwell_s:g} s  {page.kind}", (208, 208, 208))
    return sheet


def sixel(page: Page) -> str:
    """The page for a terminal that draws pictures (DEC sixel graphics: six rows a line, one pass a colour)."""
    picture = Image.fromarray(colored(page)).quantize(_SIXEL_INKS, dither=Image.Dither.NONE)
    inks = np.asarray(picture)
    palette = (picture.getpalette() or [])[: 3 * _SIXEL_INKS]
    out = [f'\x1bPq"1;1;{page.width};{page.height}']
    for ink in np.unique(inks).tolist():
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * ink : 3 * ink + 3])
        out.append(f"#{ink};2;{red};{green};{blue}")
    weights = np.array([1, 2, 4, 8, 16, 32], dtype=np.uint8)
    for top in range(0, page.height, 6):
        rows = inks[top : top + 6]
        passes = []
        for ink in np.unique(rows).tolist():
            bits = ((rows == ink) * weights[: len(rows), None]).sum(axis=0) + 63
            passes.append(f"#{ink}" + "".join(_repeated(char, count) for char, count in _runs(bits)))
        out.append("$".join(passes) + "-")
    return "".join(out) + "\x1b\\"


def _runs(values: NDArray[np.integer[Any]]) -> list[tuple[str, int]]:
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate(([0], edges))
    lengths = np.diff(np.concatenate((starts, [len(values)])))
    return [(chr(value), length) for value, length in zip(values[starts].tolist(), lengths.tolist(), strict=True)]


def _repeated(char: str, count: int) -> str:
    return f"!{count}{char}" if count > 3 else char * count


def half_blocks(page: Page, columns: int, *, color: bool) -> str:
    """The page for a terminal: two LEDs a character cell, shrunk to ``columns`` where it is wider."""
    pixels = colored(page)
    step = max(1, -(-page.width // max(1, columns)))
    if step > 1:
        h, w = page.height // step * step, page.width // step * step
        blocks = pixels[:h, :w].reshape(h // step, step, w // step, step, 3)
        pixels = blocks.max(axis=(1, 3))
    if len(pixels) % 2:
        pixels = np.concatenate((pixels, np.zeros_like(pixels[:1])))
    return "\n".join(_terminal_line(pixels[y], pixels[y + 1], color=color) for y in range(0, len(pixels), 2))


def _terminal_line(upper: NDArray[np.uint8], lower: NDArray[np.uint8], *, color: bool) -> str:
    if not color:
        lit = (upper.max(axis=1) > 127).astype(int) + 2 * (lower.max(axis=1) > 127).astype(int)
        return "".join(" ▀▄█"[value] for value in lit).rstrip()
    cells = []
    last: tuple[int, ...] = ()
    for a, b in zip(upper.tolist(), lower.tolist(), strict=True):
        if (*a, *b) != last:
            cells.append(f"\x1b[38;2;{a[0]};{a[1]};{a[2]}m\x1b[48;2;{b[0]};{b[1]};{b[2]}m")
            last = (*a, *b)
        cells.append("▀")
    return "".join(cells) + "\x1b[0m"
