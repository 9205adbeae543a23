"""Pictures: decoded safely, fitted, and brought to what the LEDs can show.

Only PNG, JPEG and GIF are tried, and only after the size in the header has been checked: 12 kB of a picture
can hold a hundred megapixels. LEDs emit in proportion to how long they are lit, so a photo is dithered in
linear light; dithering the coded values would make it far too bright.
"""

import io
import warnings
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ledsign.panel import ColorMode
from ledsign.render import theme

MAX_PIXELS: Final = 4_000_000
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
    picture = decode(raw)
    scale = min(width / picture.width, height / picture.height, 2.0 if mode is not ColorMode.RGB else 3.0)
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    if scale < least_scale or min(size) < min(LEAST_SIDE, picture.width, picture.height):
        raise ImageFaultError("image_too_small")
    picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    if mode is ColorMode.RGB:
        return np.asarray(picture, dtype=np.uint8)
    return _dither(picture, mode, role)


def decode(raw: bytes) -> Image.Image:
    """First frame as sRGB, upright, on white where it is transparent."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise ImageFaultError("asset_too_large")
                picture.load()
                return _to_rgb(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise ImageFaultError("asset_too_large") from error
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, EOFError,
        OverflowError, MemoryError, ZeroDivisionError,
    ) as error:  # whatever a decoder trips over in hostile bytes  # fmt: skip
        raise ImageFaultError("asset_undecodable") from error


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


def _dither(picture: Image.Image, mode: ColorMode, role: str) -> NDArray[np.uint8]:
    """One bit a channel by error diffusion in linear light; drawings are thresholded, light on dark."""
    grey = picture.convert("L")
    if role in _LINE_ART and np.asarray(grey).mean() > 128:
        picture, grey = ImageOps.invert(picture), ImageOps.invert(grey)
    if mode is ColorMode.MONO:
        return _bits(grey, role) * np.uint8(theme.TEXT)
    red, green, _ = picture.split()
    r, g = _bits(red, role), _bits(green, role)
    ink = np.array([[theme.BLACK, theme.GREEN], [theme.RED, theme.TEXT]], dtype=np.uint8)
    return ink[r, g]


def _bits(channel: Image.Image, role: str) -> NDArray[np.uint8]:
    if role in _LINE_ART:
        return (np.asarray(ImageOps.autocontrast(channel)) > 100).astype(np.uint8)
    light = ImageOps.autocontrast(channel, cutoff=1).point(_linear())
    return np.asarray(light.convert("1")).astype(np.uint8)
