"""Pictures: decoded safely, fitted, and brought to what the LEDs can show.

Only PNG, JPEG and GIF are tried, and only after the size in the header has been checked: 12 kB of a picture
can hold a hundred megapixels. LEDs emit in proportion to how long they are lit, so a photo is dithered in
linear light; dithering the coded values would make it far too bright. A still photo gets error diffusion, which
is closest to the original; pictures that follow one another get blue noise, which stands still where they do. What
is made of two tones, as posters and banners of writing are, is not dithered at all.
"""

import io
import warnings
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ledsign.panel import ColorMode
from ledsign.render import bluenoise, theme

MAX_PIXELS: Final = 4_000_000
MAX_FILM: Final = 4 * MAX_PIXELS  # pixels of an animation that are looked at
LEAST_SIDE: Final = 40  # LEDs: a longer strip than this is narrow shows nothing
BANNER: Final = 6  # times as wide as high: from here on a picture is a line of writing
_PLAIN: Final = 64  # steps of grey in a column: more is writing
LEAST_LINE: Final = 28  # LEDs: lower, the characters in a banner are under 20
_FORMATS: Final = ("PNG", "JPEG", "GIF")
_TWO_TONES: Final = 0.94  # of what a channel varies is from one tone to the other; of photos under 0.9 is
_WRITTEN: Final = 0.35  # of a ground: more is no writing
_LINE_ART: Final = {"map", "seal", "flowchart"}


class ImageFaultError(Exception):
    """The picture cannot be shown; ``reason`` is asset_undecodable, asset_too_large or image_too_small."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def prepare(
    raw: bytes, width: int, height: int, mode: ColorMode, role: str, least_scale: float = 0.0, *, fast: bool = False
) -> NDArray[np.uint8]:
    """The picture inside ``width`` x ``height``: ink numbers on mono and dual, sRGB on rgb.

    Raises ImageFaultError when it cannot be decoded, is too large, or would come out smaller than
    ``least_scale`` of itself or than LEAST_SIDE LEDs.
    """
    return fit(decode(raw), width, height, mode, role, least_scale, fast=fast)


def fit(
    picture: Image.Image, width: int, height: int, mode: ColorMode, role: str, least_scale: float = 0.0,
    *, fast: bool = False,
) -> NDArray[np.uint8]:  # fmt: skip
    """``prepare`` for a decoded picture; ``fast`` takes blue noise instead of error diffusion."""
    scale = min(width / picture.width, height / picture.height, 2.0 if mode is not ColorMode.RGB else 3.0)
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    if scale < least_scale or min(size) < min(LEAST_SIDE, picture.width, picture.height):
        raise ImageFaultError("image_too_small")
    tones = None if mode is ColorMode.RGB or role in _LINE_ART else two_tones(picture.convert("L"))
    picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    if mode is ColorMode.RGB:
        return np.asarray(picture, dtype=np.uint8)
    if tones:
        return _inked(picture, mode, tones)
    return _dither(picture, mode, role, fast=fast)


def two_tones(channel: Image.Image) -> int | None:
    """The level between the two tones of an 8-bit channel that shows writing on one ground; None for a photo. The
    tones are those of Otsu's method (1979), which must explain nearly all that the channel varies."""
    share = np.array(channel.histogram()) / (channel.width * channel.height)
    levels = np.arange(256)
    below, moment = np.cumsum(share), np.cumsum(share * levels)
    mean = moment[-1]
    varies = float(((levels - mean) ** 2 * share).sum())
    inside = np.flatnonzero((below > 1e-9) & (below < 1 - 1e-9))
    if not len(inside):
        return None
    between = (mean * below[inside] - moment[inside]) ** 2 / (below[inside] * (1 - below[inside]))
    best = int(inside[between.argmax()])
    if between.max() < _TWO_TONES * varies or min(below[best], 1 - below[best]) > _WRITTEN:
        return None
    dark, light = moment[best] / below[best], (mean - moment[best]) / (1 - below[best])
    return round(float(dark + light) / 2)


def _inked(picture: Image.Image, mode: ColorMode, tones: int) -> NDArray[np.uint8]:
    """Writing on one ground: lit on dark, on two-colour panels in the colour nearest to its own; never dithered."""
    written = np.asarray(picture.convert("L")) > tones
    if written.mean() > 0.5:
        written = ~written
    ink = theme.TEXT
    if mode is ColorMode.DUAL and written.any():
        red, green = (int(np.asarray(band)[written].sum()) for band in picture.split()[:2])
        ink = theme.RED if red > 2 * green else theme.GREEN if green > 2 * red else theme.TEXT
    return written.astype(np.uint8) * np.uint8(ink)


def pieces(picture: Image.Image, width: int, height: int, most: int) -> list[Image.Image]:
    """A poster too tall for one page cut into strips, top down, each to fill ``width`` x ``height``: as few as
    show it as wide as the page, at most ``most`` of them (then narrower). One strip where the whole picture is
    not at least twice as high as it is wide, or fits as it is. A banner too wide is ``unrolled``."""
    if picture.width >= BANNER * picture.height and picture.height * width < picture.width * LEAST_LINE:
        return unrolled(picture, width, height)[:most]
    count = min(most, -(-picture.height * width // (picture.width * height)))
    if count < 2 or picture.height < max(2 * picture.width, height + 1):
        return [picture]
    edges = [picture.height * number // count for number in range(count + 1)]
    return [picture.crop((0, top, picture.width, end)) for top, end in pairwise(edges)]


def unrolled(picture: Image.Image, width: int, height: int) -> list[Image.Image]:
    """A banner as lines below each other, cut where a column of it is quiet (between two characters): as many
    lines as one page of ``width`` x ``height`` holds, on several pages where they would be too low to read."""
    picture = _written(picture)
    count = max(1, -(-picture.width * LEAST_LINE // (picture.height * width)))
    while (count + 1) ** 2 * picture.height * width <= height * picture.width:
        count += 1  # still one page, and larger
    edges = _quiet_edges(picture, count)
    across = max(end - start for start, end in pairwise(edges))
    held = min(count, max(1, height * across // (picture.height * width)))  # lines a page
    ground = picture.getpixel((picture.width - 1, 0))
    pages = []
    for first in range(0, count, held):
        lines = list(pairwise(edges))[first : first + held]
        page = Image.new("RGB", (across, picture.height * held), ground)
        for number, (start, end) in enumerate(lines):
            page.paste(picture.crop((start, 0, end, picture.height)), (0, number * picture.height))
        pages.append(page)
    return pages


def _written(banner: Image.Image) -> Image.Image:
    """The banner without its empty ends, but for a margin."""
    columns = np.flatnonzero(_noise(banner) > _PLAIN)
    if not len(columns):
        return banner
    margin = banner.height // 4
    return banner.crop((max(0, columns[0] - margin), 0, min(banner.width, columns[-1] + margin), banner.height))


def _noise(picture: Image.Image) -> NDArray[np.int64]:
    """How much each column changes from top to bottom."""
    grey = np.asarray(picture.convert("L"), dtype=np.int64)
    changes: NDArray[np.int64] = np.abs(np.diff(grey, axis=0)).sum(axis=0)
    return changes


def _quiet_edges(picture: Image.Image, count: int) -> list[int]:
    """Columns that cut a banner into ``count`` lines of nearly equal length, each the quietest in reach."""
    noise = _noise(picture)
    reach = min(picture.height, picture.width // count // 3)
    edges = [0]
    for number in range(1, count):
        ideal = picture.width * number // count
        places = np.arange(ideal - reach, ideal + reach + 1)
        # the nearest of the quietest: distance only decides between equals
        edges.append(int(places[np.lexsort((np.abs(places - ideal), noise[places]))[0]]))
    return [*edges, picture.width]


def frames(raw: bytes, most: int) -> list[Image.Image]:
    """Up to ``most`` different frames of an animation, evenly spaced; one for anything else.

    Raises ImageFaultError as ``prepare`` does.
    """
    return _read(raw, most)


def decode(raw: bytes) -> Image.Image:
    """First frame as sRGB, upright, on white where it is transparent."""
    return _read(raw, 1)[0]


def _read(raw: bytes, most: int) -> list[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise ImageFaultError("asset_too_large")
                picture.load()
                if most > 1 and getattr(picture, "n_frames", 1) > 1:
                    return _different(picture, most)
                return [_to_rgb(ImageOps.exif_transpose(picture))]
    except Image.DecompressionBombError as error:
        raise ImageFaultError("asset_too_large") from error
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, EOFError,
        OverflowError, MemoryError, ZeroDivisionError,
    ) as error:  # whatever a decoder trips over in hostile bytes  # fmt: skip
        raise ImageFaultError("asset_undecodable") from error


def _different(picture: Image.Image, most: int) -> list[Image.Image]:
    found: list[Image.Image] = []
    for number, frame in enumerate(ImageSequence.Iterator(picture)):
        if number and (number + 1) * picture.width * picture.height > MAX_FILM:
            break
        shown = _to_rgb(frame)
        if not found or shown.tobytes() != found[-1].tobytes():
            found.append(shown)
    step = -(-len(found) // most)
    return found[::step]


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # 16-bit grey: keep the high byte
        wide = np.asarray(picture).astype(np.int64)
        return Image.fromarray(np.clip(wide >> 8, 0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode == "P" or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode in {"RGBA", "LA", "PA"}:
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")


@cache
def _linear() -> list[int]:
    """sRGB code to linear light, 8 bits each."""
    codes = [value / 255 for value in range(256)]
    return [round(255 * (code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4)) for code in codes]


def _dither(picture: Image.Image, mode: ColorMode, role: str, *, fast: bool) -> NDArray[np.uint8]:
    """One bit a channel, dithered in linear light; drawings are thresholded, light on dark."""
    grey = picture.convert("L")
    if role in _LINE_ART and np.asarray(grey).mean() > 128:
        picture, grey = ImageOps.invert(picture), ImageOps.invert(grey)
    if mode is ColorMode.MONO:
        return _bits(grey, role, fast=fast) * np.uint8(theme.TEXT)
    red, green, _ = picture.split()
    r, g = _bits(red, role, fast=fast), _bits(green, role, fast=fast, shift=bluenoise.SIDE // 2)
    ink = np.array([[theme.BLACK, theme.GREEN], [theme.RED, theme.TEXT]], dtype=np.uint8)
    return ink[r, g]


def _bits(channel: Image.Image, role: str, *, fast: bool, shift: int = 0) -> NDArray[np.uint8]:
    if role in _LINE_ART:
        return (np.asarray(ImageOps.autocontrast(channel)) > 100).astype(np.uint8)
    stretched = ImageOps.autocontrast(channel, cutoff=1)
    return by_blue_noise(stretched, shift) if fast else by_diffusion(stretched)


def by_diffusion(channel: Image.Image) -> NDArray[np.uint8]:
    """Floyd and Steinberg's error diffusion of the light that the codes of an 8-bit channel stand for."""
    return np.asarray(channel.point(_linear()).convert("1")).astype(np.uint8)


def by_blue_noise(channel: Image.Image, shift: int = 0) -> NDArray[np.uint8]:
    """Each LED lit where its light is above the mask's threshold; ``shift`` moves the mask, for a second colour."""
    lit: NDArray[np.bool_] = np.asarray(channel) >= _thresholds(channel.width, channel.height, shift)
    return lit.view(np.uint8)


@lru_cache(maxsize=8)
def _thresholds(width: int, height: int, shift: int) -> NDArray[np.uint8]:
    """For each LED of a picture the least sRGB code that lights it: the mask's steps of linear light as codes."""
    codes = np.arange(256) / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    steps = np.rint(light * bluenoise.SIDE**2)
    least = np.searchsorted(steps, bluenoise.mask(), side="right").astype(np.uint8)
    moved = np.roll(least, (shift, shift), axis=(0, 1))
    tiled = np.tile(moved, (-(-height // bluenoise.SIDE), -(-width // bluenoise.SIDE)))
    return np.ascontiguousarray(tiled[:height, :width])
