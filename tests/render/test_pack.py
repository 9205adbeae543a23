"""Pages in the layouts cards want."""

import io

import numpy as np
import pytest
from PIL import Image

from ledsign.frame import Page, PixelFormat
from ledsign.panel import ColorMode
from ledsign.render.pack import most_colours, pack, size

MONO = Page(12, 2, ColorMode.MONO, bytes((0b10000000, 0b00010000, 0b01111111, 0b11110000)), 5.0)
DUAL = Page(8, 1, ColorMode.DUAL, bytes((0b11000000, 0b10100000)), 5.0)
RGB = Page(3, 1, ColorMode.RGB, bytes((255, 0, 0, 0, 200, 100, 127, 128, 255)), 5.0)


@pytest.mark.parametrize(
    ("page", "pixel_format", "data"),
    [
        (MONO, PixelFormat.PLANES_1, MONO.pixels),
        (MONO, PixelFormat.PLANES_2, MONO.pixels + bytes(4)),
        (MONO, PixelFormat.PLANES_3, MONO.pixels + bytes(8)),
        (DUAL, PixelFormat.PLANES_1, bytes((0b11100000,))),
        (DUAL, PixelFormat.PLANES_2, DUAL.pixels),
        (DUAL, PixelFormat.PLANES_3, DUAL.pixels + b"\0"),
        (RGB, PixelFormat.PLANES_1, bytes((0b11100000,))),
        (RGB, PixelFormat.PLANES_3, bytes((0b10000000, 0b01100000, 0b00100000))),
        (RGB, PixelFormat.PLANES_24, bytes((255, 0, 127, 0, 200, 128, 0, 100, 255))),
        (RGB, PixelFormat.RGB888, RGB.pixels),
    ],
)
def test_layouts(page: Page, pixel_format: PixelFormat, data: bytes) -> None:
    frame = pack(page, pixel_format)
    assert frame.data == data
    assert (frame.width, frame.height, frame.page_sha256) == (page.width, page.height, page.sha256)


def test_mono_lights_every_channel_of_a_colour_card() -> None:
    assert pack(MONO, PixelFormat.RGB888).data[:6] == b"\xff\xff\xff\0\0\0"


@pytest.mark.parametrize("page", [MONO, DUAL, RGB])
@pytest.mark.parametrize("pixel_format", [PixelFormat.GIF, PixelFormat.PNG])
def test_files_show_the_same_pixels(page: Page, pixel_format: PixelFormat) -> None:
    data = pack(page, pixel_format).data
    assert data == pack(page, pixel_format).data
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    wanted = np.frombuffer(pack(page, PixelFormat.RGB888).data, np.uint8).reshape(page.height, page.width, 3)
    assert (picture == wanted).all()


def test_gif_of_many_colours() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, 64 * 32 * 3, dtype=np.uint8).tobytes()
    page = Page(64, 32, ColorMode.RGB, pixels, 5.0)
    assert pack(page, PixelFormat.GIF).data == pack(page, PixelFormat.GIF).data


@pytest.mark.parametrize("page", [MONO, DUAL, RGB])
@pytest.mark.parametrize("pixel_format", list(PixelFormat))
def test_size_is_what_would_be_sent(page: Page, pixel_format: PixelFormat) -> None:
    assert size(page, pixel_format) == len(pack(page, pixel_format).data)


def test_only_picture_files_with_a_palette_limit_colours() -> None:
    assert [found for found in PixelFormat if most_colours(found)] == [PixelFormat.GIF]
