"""Pictures from strangers."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ledsign.panel import ColorMode
from ledsign.render import theme
from ledsign.render.image import MAX_PIXELS, ImageFaultError, decode, prepare


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG header that promises many pixels, with next to none behind it."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(12000, 9000), (2001, 2000), (65535, 65535)])
def test_too_many_pixels(size: tuple[int, int]) -> None:
    with pytest.raises(ImageFaultError) as fault:
        decode(bomb(*size))
    assert fault.value.reason == "asset_too_large"


@pytest.mark.parametrize("raw", [b"", b"text", b"\x89PNG\r\n\x1a\n", bomb(10, 10), b"BM" + bytes(60)])
def test_undecodable(raw: bytes) -> None:
    with pytest.raises(ImageFaultError) as fault:
        decode(raw)
    assert fault.value.reason == "asset_undecodable"


def test_every_truncation_of_a_jpeg_is_caught() -> None:
    raw = saved(Image.linear_gradient("L").convert("RGB"), "JPEG")
    for end in range(0, len(raw) - 2, 37):
        with pytest.raises(ImageFaultError):
            decode(raw[:end])


def test_other_formats_are_not_tried() -> None:
    with pytest.raises(ImageFaultError):
        decode(saved(Image.new("RGB", (8, 8)), "BMP"))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_modes(mode: str) -> None:
    assert decode(saved(Image.new(mode, (50, 50)))).mode == "RGB"


def test_cmyk_jpeg_and_gif() -> None:
    assert decode(saved(Image.new("CMYK", (50, 50)), "JPEG")).mode == "RGB"
    assert decode(saved(Image.new("P", (50, 50)), "GIF")).mode == "RGB"


def test_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(Image.new("RGB", (60, 30)), "JPEG", exif=exif)).size == (30, 60)


def test_sixteen_bits_keep_their_scale() -> None:
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    assert np.asarray(decode(saved(Image.fromarray(ramp))))[-1, -1].tolist() == [255, 255, 255]


def test_transparent_is_white() -> None:
    assert decode(saved(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))).getpixel((0, 0)) == (255, 255, 255)


def test_dither_keeps_the_light() -> None:
    """Half the coded value is a fifth of the light, so about a fifth of the LEDs."""
    picture = Image.new("L", (64, 64), 128)
    picture.paste(0, (0, 0, 4, 64))
    picture.paste(255, (60, 0, 64, 64))
    dots = prepare(saved(picture), 64, 64, ColorMode.MONO, "photo")[:, 8:56] > 0
    assert 0.15 < dots.mean() < 0.30


def test_dual_keeps_red_and_green_apart() -> None:
    picture = Image.new("RGB", (64, 64), (255, 0, 0))
    picture.paste((0, 255, 0), (32, 0, 64, 64))
    inks = prepare(saved(picture), 64, 64, ColorMode.DUAL, "photo")
    assert inks[10, 10] == theme.RED
    assert inks[10, 50] == theme.GREEN


def test_drawing_is_light_on_dark() -> None:
    picture = Image.new("RGB", (100, 100), (255, 255, 255))
    picture.paste((0, 0, 0), (40, 0, 60, 100))
    lit = prepare(saved(picture), 100, 100, ColorMode.MONO, "map") > 0
    assert lit[50, 50]
    assert not lit[50, 10]


def test_strips_and_small_charts_are_too_small() -> None:
    for picture, least in ((Image.new("RGB", (3000, 50)), 0.0), (Image.new("RGB", (1000, 400)), 0.6)):
        with pytest.raises(ImageFaultError) as fault:
            prepare(saved(picture), 192, 77, ColorMode.MONO, "flowchart", least)
        assert fault.value.reason == "image_too_small"


def test_size_limit_is_four_megapixels() -> None:
    assert MAX_PIXELS == 4_000_000
    assert decode(saved(Image.new("1", (2000, 2000)))).size == (2000, 2000)
