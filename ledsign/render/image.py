"""Pictures: decoded safely, fitted, and brought to what the LEDs can show.

Only PNG, JPEG and GIF are tried, and only after the size in the header has been checked: 12 kB of a picture
can hold a hundred megapixels. LEDs emit in proportion to how long they are lit, so a photo is dithered in
linear light; dithering the coded values would make it far too bright. A still photo gets error diffusion, which
is closest to the original; pictures that follow one another get blue noise, which stands still where they do.
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
_FORMATS: Final = ("PNG", "JPEG", "GIF")
_LINE_ART: Final = {"map", "seal", "flowchart"}


class ImageFaultError(Exception):
    """The picture cannot be shown; ``reason`` is asset_undecodable, asset_too_large or image_too_small."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def prepare(
    raw: bytes, width: int, height: int, mode: ColorMode, role: str, least_scale: float = 0.0
) -> NDArray[np.uint8]:
    """The picture inside ``width`` x ``height``: ink numbers on mono and dual, sRGB on rgb.

    Raises ImageFaultError when it cannot be decoded, is too large, or would come out smaller than
    ``least_scale`` of itself or than LEAST_SIDE LEDs.
    """
    return fit(decode(raw), width, height, mode, role, least_scale)


def fit(
    picture: Image.Image, width: int, height: int, mode: ColorMode, role: str, least_scale: float = 0.0,
    *, fast: bool = False,
) -> NDArray[np.uint8]:  # fmt: skip
    """``prepare`` for a decoded picture; ``fast`` takes blue noise instead of error diffusion."""
    scale = min(width / picture.width, height / picture.height, 2.0 if mode is not ColorMode.RGB else 3.0)
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    if scale < least_scale or min(size) < min(LEAST_SIDE, picture.width, picture.height):
        raise ImageFaultError("image_too_small")
    picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    if mode is ColorMode.RGB:
        return np.asarray(picture, dtype=np.uint8)
    return _dither(picture, mode, role, fast=fast)


def pieces(picture: Image.Image, width: int, height: int, most: int) -> list[Image.Image]:
    """A poster too tall for one page cut into strips, top down, each to fill ``width`` x ``height``: as few as
    show it as wide as the page, at most ``most`` of them (then narrower). One strip where the whole picture is
    not at least twice as high as it is wide, or fits as it is."""
    count = min(most, -(-picture.height * width // (picture.width * height)))
    if count < 2 or picture.height < max(2 * picture.width, height + 1):
        return [picture]
    edges = [picture.height * number // count for number in range(count + 1)]
    return [picture.crop((0, top, picture.width, end)) for top, end in pairwise(edges)]


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
