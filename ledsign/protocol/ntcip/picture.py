"""A frame as graphics of a sign: mono1bit rows without padding, classic colours, or B G R bytes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ledsign.errors import UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.protocol.ntcip.checks import graphic_id
from ledsign.protocol.ntcip.codes import Scheme

MAX_HEIGHT = 255  # dmsGraphicHeight
MAX_BLOCKS = 255  # dmsGraphicBlockNumber
SCHEMES = {
    PixelFormat.PLANES_1: Scheme.MONO_1BIT,
    PixelFormat.PLANES_2: Scheme.CLASSIC,
    PixelFormat.PLANES_3: Scheme.CLASSIC,
    PixelFormat.RGB888: Scheme.RGB_24BIT,
}
_PLANES = {PixelFormat.PLANES_1: 1, PixelFormat.PLANES_2: 2, PixelFormat.PLANES_3: 3}
_CLASSIC = np.array([0, 1, 3, 2, 5, 6, 4, 7], np.uint8)  # by red + 2 green + 4 blue
_TRANSPARENT, _COLOUR = False, b"\0\0\0"


@dataclass(frozen=True, slots=True)
class Band:
    """A slice of a page as wide as the page: what one graphic holds."""

    width: int
    height: int
    scheme: Scheme
    bitmap: bytes

    def identity(self, number: int) -> int:
        """dmsGraphicID under this graphic number."""
        return graphic_id(number, self.height, self.width, self.scheme, _TRANSPARENT, _COLOUR, self.bitmap)


def check(frame: Frame) -> None:
    """Raises UnsupportedError for a frame that no sign takes."""
    if frame.format not in SCHEMES:
        raise UnsupportedError(f"ntcip takes no {frame.format} frames")
    planes = _PLANES.get(frame.format, 0)
    wanted = planes * ((frame.width + 7) // 8) * frame.height or frame.width * frame.height * 3
    if len(frame.data) != wanted:
        raise UnsupportedError(f"frame data do not fit {frame.width}x{frame.height} {frame.format}")


def cut(frame: Frame, limit: int) -> tuple[Band, ...]:
    """The page from top to bottom in graphics of at most ``limit`` bytes. Raises UnsupportedError."""
    check(frame)
    scheme = SCHEMES[frame.format]
    pixels = _pixels(frame)
    per_row = frame.width / 8 if scheme is Scheme.MONO_1BIT else pixels[0].nbytes
    rows = min(MAX_HEIGHT, int(limit / per_row))
    if rows < 1:
        raise UnsupportedError(f"a graphic of this sign does not hold a row of {frame.width} pixels")
    return tuple(_band(frame.width, pixels[y : y + rows], scheme) for y in range(0, frame.height, rows))


def _band(width: int, pixels: NDArray[np.uint8], scheme: Scheme) -> Band:
    data = np.packbits(pixels) if scheme is Scheme.MONO_1BIT else pixels
    return Band(width, pixels.shape[0], scheme, data.tobytes())


def _pixels(frame: Frame) -> NDArray[np.uint8]:
    """Rows of bits (mono), of colour numbers (classic) or of B G R bytes."""
    row = (frame.width + 7) // 8
    planes = _PLANES.get(frame.format, 0)
    data = np.frombuffer(frame.data, np.uint8)
    if not planes:
        return np.ascontiguousarray(data.reshape(frame.height, frame.width, 3)[:, :, ::-1])
    bits = np.unpackbits(data.reshape(planes, frame.height, row), axis=2)[:, :, : frame.width]
    if planes == 1:
        return np.ascontiguousarray(bits[0])
    number = np.zeros((frame.height, frame.width), np.uint8)
    for plane in range(planes):
        number |= bits[plane] << plane
    return np.ascontiguousarray(_CLASSIC[number])
