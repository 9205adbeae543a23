"""What hangs on the simulated wall: the pixels a card shows, and its own way of reading pictures.

Nothing here is taken from the driver: I1 is read again from its description, GIF through Pillow.
"""

import io
import struct
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from ledsign.errors import ProtocolError
from ledsign.frame import Page
from ledsign.panel import ColorMode, Panel

Pixels: TypeAlias = NDArray[np.uint8]
"""Height x width x 3, 0-255 each."""

LED_COLOR = (255, 40, 20)  # of a mono panel, for pictures


@dataclass
class WindowArea:
    """A window and what it holds."""

    x: int
    y: int
    width: int
    height: int
    pixels: Pixels = field(repr=False, default_factory=lambda: np.zeros((0, 0, 3), np.uint8))

    def __post_init__(self) -> None:
        if self.pixels.shape[:2] != (self.height, self.width):
            self.pixels = np.zeros((self.height, self.width, 3), np.uint8)

    def copy(self) -> "WindowArea":
        return WindowArea(self.x, self.y, self.width, self.height, self.pixels.copy())


def paste(target: Pixels, picture: Pixels, x: int, y: int) -> None:
    """Put a picture at x, y; what does not fit is cut off."""
    room = target[y : y + picture.shape[0], x : x + picture.shape[1]]
    room[:] = picture[: room.shape[0], : room.shape[1]]


def read_i1(blob: bytes) -> Pixels:
    """An I1 picture as pixels. Raises ProtocolError."""
    if len(blob) < 8 or blob[:2] != b"I1":
        raise ProtocolError("no I1 picture")
    width, height, prop = struct.unpack_from("<HHB", blob, 2)
    deep = prop >> 4 == 7
    row = width if deep else -(-width // 8)
    channels = [bit for bit in range(3) if prop >> bit & 1]
    if len(blob) != 8 + row * height * len(channels) or not channels:
        raise ProtocolError("I1 picture has the wrong length")
    planes = np.frombuffer(blob, np.uint8, offset=8).reshape(len(channels), height, row)
    pixels = np.zeros((height, width, 3), np.uint8)
    for plane, channel in zip(planes, channels, strict=True):
        pixels[:, :, channel] = plane if deep else np.unpackbits(plane, axis=1)[:, :width] * 255
    return pixels


def read_gif(blob: bytes) -> Pixels:
    """The first picture of a GIF file. Raises ProtocolError."""
    try:
        with Pictures.open(io.BytesIO(blob), formats=("GIF",)) as picture:
            if picture.width * picture.height > 4096 * 4096:
                raise ProtocolError("GIF is too large")
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, EOFError, SyntaxError) as error:
        raise ProtocolError(f"GIF: {error}") from error


def as_shown(pixels: Pixels, mode: ColorMode) -> Pixels:
    """What the LEDs of such a panel can show of it: mono lights for any colour, dual has no blue."""
    if mode is ColorMode.RGB:
        return pixels
    on = pixels >= 128
    lit = np.zeros_like(on)
    if mode is ColorMode.MONO:
        lit[:, :, 0] = on.any(axis=2)
    else:
        lit[:, :, :2] = on[:, :, :2]
    return lit.astype(np.uint8) * 255


def to_page(pixels: Pixels, panel: Panel) -> Page:
    """The pixels as a page value, whose ``sha256`` is a page's identity everywhere in the program."""
    shown = as_shown(pixels, panel.mode)
    if panel.mode is ColorMode.RGB:
        data = shown.tobytes()
    else:
        channels = (0,) if panel.mode is ColorMode.MONO else (0, 1)
        data = b"".join(np.packbits(shown[:, :, c] > 0, axis=1).tobytes() for c in channels)
    return Page(panel.width, panel.height, panel.mode, data, 0.0)


def to_png(pixels: Pixels, mode: ColorMode) -> bytes:
    """A PNG, one LED = one pixel; mono panels in their LED colour."""
    shown = as_shown(pixels, mode)
    if mode is ColorMode.MONO:
        shown = np.where(shown[:, :, :1] > 0, np.array(LED_COLOR, np.uint8), np.uint8(0))
    out = io.BytesIO()
    Pictures.fromarray(shown, "RGB").save(out, "PNG")
    return out.getvalue()


def logo(panel: Panel) -> Pixels:
    """The vendor's stored programme: a frame with a diagonal, nothing that a notice would look like."""
    pixels = np.zeros((panel.height, panel.width, 3), np.uint8)
    pixels[[0, -1], :] = 255
    pixels[:, [0, -1]] = 255
    across = np.arange(panel.width)
    pixels[across * (panel.height - 1) // max(1, panel.width - 1), across] = 255
    return pixels
