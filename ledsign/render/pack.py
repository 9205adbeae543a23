"""Page -> Frame: the same pixels in the layout a card wants. Deterministic: one page, one sequence of bytes."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode

Pixels = NDArray[np.uint8]

# Light of a lit LED where a one- or two-colour page becomes a picture.
_MONO: Final = (255, 176, 0)
_PALETTE_SIZE: Final = 256


def pack(page: Page, pixel_format: PixelFormat) -> Frame:
    """The page's pixels as ``pixel_format`` lays them out.

    Colours a format cannot hold become the nearest it can: a channel of a full-colour page counts as lit from
    128 up, a pixel of a mono plane when any channel is lit.
    """
    makers = {
        PixelFormat.PLANES_1: lambda: _planes(page, 1),
        PixelFormat.PLANES_2: lambda: _planes(page, 2),
        PixelFormat.PLANES_3: lambda: _planes(page, 3),
        PixelFormat.PLANES_24: lambda: _planes_24(page),
        PixelFormat.RGB888: lambda: rgb(page).tobytes(),
        PixelFormat.GIF: lambda: _gif(page),
        PixelFormat.PNG: lambda: png(page),
        PixelFormat.TEXT: lambda: "\n".join(page.text).encode("utf-8", "replace"),
    }
    return Frame(page.width, page.height, pixel_format, makers[pixel_format](), page.identity(pixel_format))


def most_colours(pixel_format: PixelFormat) -> int | None:
    """How many colours a page may have that a frame shows exactly; None: all there are."""
    return _PALETTE_SIZE if pixel_format is PixelFormat.GIF else None


def shows_shades(pixel_format: PixelFormat) -> bool:
    """Whether a frame keeps the colours between two inks. Planes keep pure colours only, and a palette is needed for
    photos: letters in shades would get fringes there."""
    return pixel_format in {PixelFormat.PLANES_24, PixelFormat.RGB888, PixelFormat.PNG}


def size(page: Page, pixel_format: PixelFormat) -> int:
    """Bytes of the page's frame: what sending it costs. Only files (GIF, PNG) and texts are made for that."""
    plane = (page.width + 7) // 8 * page.height
    leds = page.width * page.height
    fixed = {
        PixelFormat.PLANES_1: plane,
        PixelFormat.PLANES_2: 2 * plane,
        PixelFormat.PLANES_3: 3 * plane,
        PixelFormat.PLANES_24: 3 * leds,
        PixelFormat.RGB888: 3 * leds,
    }
    return fixed[pixel_format] if pixel_format in fixed else len(pack(page, pixel_format).data)


def channels(page: Page) -> Pixels:
    """``(h, w, k)`` of 0 and 1: lit LEDs by colour, k = 1 mono, 2 dual (red, green), 3 rgb."""
    if page.mode is ColorMode.RGB:
        return (_interleaved(page) >= 128).astype(np.uint8)
    planes = 1 if page.mode is ColorMode.MONO else 2
    row = (page.width + 7) // 8
    bits = np.unpackbits(np.frombuffer(page.pixels, np.uint8).reshape(planes, page.height, row), axis=2)
    return np.ascontiguousarray(bits[:, :, : page.width].transpose(1, 2, 0))


def rgb(page: Page) -> Pixels:
    """``(h, w, 3)`` sRGB; a mono page lights all channels, a dual page red and green."""
    if page.mode is ColorMode.RGB:
        return _interleaved(page)
    lit = channels(page) * np.uint8(255)
    if page.mode is ColorMode.MONO:
        return np.repeat(lit, 3, axis=2)
    return np.concatenate((lit, np.zeros_like(lit[:, :, :1])), axis=2)


def png(page: Page) -> bytes:
    """One LED, one pixel; mono as 1-bit grey."""
    buffer = io.BytesIO()
    picture(page).save(buffer, "PNG", optimize=False, compress_level=6)
    return buffer.getvalue()


def picture(page: Page) -> Image.Image:
    """The page as a Pillow image: 1-bit for mono, RGB otherwise."""
    if page.mode is ColorMode.MONO:
        return Image.fromarray(channels(page)[:, :, 0] > 0)
    return Image.fromarray(rgb(page))


def _interleaved(page: Page) -> Pixels:
    return np.frombuffer(page.pixels, np.uint8).reshape(page.height, page.width, 3)


def _planes(page: Page, count: int) -> bytes:
    lit = channels(page)
    have = lit.shape[2]
    if count == 1:
        chosen = [lit.max(axis=2)]
    elif have == 1:
        # a one-colour page on a card with several planes: red, or red with green for yellow light
        chosen = [lit[:, :, 0], *([np.zeros_like(lit[:, :, 0])] * (count - 1))]
    else:
        chosen = [lit[:, :, plane] if plane < have else np.zeros_like(lit[:, :, 0]) for plane in range(count)]
    return b"".join(np.packbits(plane, axis=1).tobytes() for plane in chosen)


def _planes_24(page: Page) -> bytes:
    return np.ascontiguousarray(rgb(page).transpose(2, 0, 1)).tobytes()


def _gif(page: Page) -> bytes:
    """A single-frame GIF with exactly the page's colours (nearest of 256 where there are more)."""
    source = rgb(page)
    image = Image.fromarray(source)
    colours = image.getcolors(_PALETTE_SIZE)
    if colours is None:
        indexed = image.quantize(_PALETTE_SIZE, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    else:
        palette = sorted(colour for _, colour in colours if isinstance(colour, tuple))
        codes = np.zeros(source.shape[:2], dtype=np.uint8)
        key = source.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
        known = np.array(palette, dtype=np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
        codes[:] = np.searchsorted(known, key)
        indexed = Image.fromarray(codes, mode="P")
        indexed.putpalette([value for colour in palette for value in colour])
    buffer = io.BytesIO()
    indexed.save(buffer, "GIF", optimize=False)
    return buffer.getvalue()
