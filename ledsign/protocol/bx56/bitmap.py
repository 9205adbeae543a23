"""Page bitmaps of BX-5 and BX-6 cards.

Rows top-down, a lit LED is a 0 bit, the leftmost LED the highest bit. BX-5 rows are padded to 8 LEDs and the two
colours alternate byte by byte. BX-6 rows are padded to 32 LEDs, every 32 LEDs are one little-endian word, and the
colours follow one another as planes. Left of the picture stand as many dark LEDs as the area's x is away from the
padding. BX-6Q: three bytes an LED, red, green, blue, not inverted. Sources: the vendor's Java, C and Windows kits.
"""

from collections.abc import Sequence

from ledsign.errors import UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.protocol.bx56.models import Generation, Model

_PLANES = {PixelFormat.PLANES_1: 1, PixelFormat.PLANES_2: 2, PixelFormat.PLANES_3: 3}


def planes_of(frame: Frame) -> list[bytes]:
    """The frame's planes of one bit an LED. Raises UnsupportedError for any other frame."""
    count = _PLANES.get(frame.format)
    size = (frame.width + 7) // 8 * frame.height
    if count is None or len(frame.data) != size * count:
        raise UnsupportedError(f"bx56 takes no such {frame.format} frame of {len(frame.data)} bytes")
    return [frame.data[at : at + size] for at in range(0, size * count, size)]


def _rows(plane: bytes, width: int, x: int, step: int) -> list[bytes]:
    """Inverted rows padded to ``step`` LEDs, with the dark LEDs on the left that ``x`` demands."""
    stride, left = (width + 7) // 8, x % step
    total = -(-(left + width) // step) * step
    rows = []
    for at in range(0, len(plane), stride):
        lit = int.from_bytes(plane[at : at + stride], "big") >> stride * 8 - width
        rows.append((((1 << total) - 1) ^ lit << total - left - width).to_bytes(total // 8, "big"))
    return rows


def _bytewise(planes: Sequence[bytes], width: int, x: int) -> bytes:
    rows = [b"".join(_rows(plane, width, x, 8)) for plane in planes]
    return bytes(byte for column in zip(*rows, strict=True) for byte in column)


def _wordwise(planes: Sequence[bytes], width: int, x: int) -> bytes:
    rows = [row for plane in planes for row in _rows(plane, width, x, 32)]
    return b"".join(row[at : at + 4][::-1] for row in rows for at in range(0, len(row), 4))


def _full(frame: Frame) -> bytes:
    if frame.format is PixelFormat.RGB888:
        if len(frame.data) != frame.width * frame.height * 3:
            raise UnsupportedError("frame data do not fit the frame's size")
        return frame.data
    planes, width, stride = planes_of(frame), frame.width, (frame.width + 7) // 8
    planes += [bytes(len(planes[0]))] * (3 - len(planes))
    channels = []
    for plane in planes:
        bits = "".join(f"{byte:08b}" for byte in plane)
        rows = (bits[y * stride * 8 : y * stride * 8 + width] for y in range(frame.height))
        channels.append([255 * (bit == "1") for row in rows for bit in row])
    return bytes(value for led in zip(*channels, strict=True) for value in led)


def pack(frame: Frame, model: Model, order: str = "rg", x: int = 0) -> bytes:
    """A frame as the model's bitmap in an area at ``x``. ``order`` of the two colours: ``rg`` or ``gr``.

    Raises UnsupportedError for frames that such a card cannot take.
    """
    if model.full_color:
        return _full(frame)
    planes = planes_of(frame)
    if len(planes) > 2:
        raise UnsupportedError(f"BX-{model.name.upper()} has at most two colours")
    if order == "gr":
        planes.reverse()
    if model.generation is Generation.G5:
        return _bytewise(planes, frame.width, x)
    return _wordwise(planes, frame.width, x)
