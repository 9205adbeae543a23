"""Pictures from strangers."""

import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ledsign.panel import ColorMode
from ledsign.render import bluenoise, theme
from ledsign.render.image import (
    LEAST_LINE,
    MAX_FILM,
    MAX_PIXELS,
    ImageFaultError,
    by_blue_noise,
    by_diffusion,
    decode,
    fit,
    frames,
    pieces,
    prepare,
    two_tones,
)
from render.samples import banner


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


def pictures() -> dict[str, np.ndarray]:
    """Made grey pictures: a ramp, a hill, a house before a sky, clouds, a face; 8-bit sRGB codes."""
    y, x = np.mgrid[0:160, 0:320]
    noise = np.random.default_rng(3)
    house = np.where(y < 70, 200 - y * 0.6, 90 + 30 * np.sin(x / 5) + noise.normal(0, 18, y.shape))
    house[60:120, 100:180], house[75:95, 115:135] = 50, 230
    small = noise.normal(0, 1, (20, 40))
    small = ((small - small.min()) / (small.max() - small.min()) * 255).astype(np.uint8)
    eyes = sum(((x - place) ** 2 + (y - 65) ** 2) < 60 for place in (140, 180))
    found = {
        "ramp": x * 255 / 319,
        "hill": 40 + 180 * np.exp(-((x - 160) ** 2 / 9000 + (y - 90) ** 2 / 3000)) + 20 * np.sin(x / 9),
        "house": house,
        "clouds": np.asarray(Image.fromarray(small).resize((320, 160), Image.Resampling.BICUBIC)).astype(float),
        "face": 220 - ((x - 160) ** 2 / 40 + (y - 80) ** 2 / 30) ** 0.9 / 3 - 60.0 * eyes,
    }
    return {name: np.clip(picture, 0, 255).astype(np.uint8) for name, picture in found.items()}


def seen(light: np.ndarray) -> np.ndarray:
    """What the eye mixes from a distance: a Gaussian of 1.5 LEDs."""
    weights = np.exp(-(np.arange(-6, 7) ** 2) / (2 * 1.5**2))
    light = np.pad(light, 6, mode="edge")
    for axis in (0, 1):
        light = np.apply_along_axis(lambda line: np.convolve(line, weights / weights.sum(), "valid"), axis, light)
    return light


def quality(dots: np.ndarray, picture: np.ndarray) -> float:
    """HVS-PSNR in dB of dots against the light the picture's codes stand for."""
    code = picture / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return float(-10 * np.log10(np.mean((seen(dots.astype(float)) - seen(light)) ** 2)))


def test_dithering_is_as_close_to_the_light_as_promised() -> None:
    """32 dB with blue noise and 35.5 dB with error diffusion, mean of five pictures; Pillow's own conversion of
    the coded values is more than 20 dB worse."""
    made = pictures()
    channels = {name: Image.fromarray(picture) for name, picture in made.items()}
    fine = np.mean([quality(by_diffusion(channels[name]), made[name]) for name in made])
    fast = np.mean([quality(by_blue_noise(channels[name]), made[name]) for name in made])
    naive = np.mean([quality(np.asarray(channels[name].convert("1")), made[name]) for name in made])
    assert fine >= 35.5
    assert fast >= 32.0
    assert naive < fine - 20


def test_blue_noise_mask_is_the_same_everywhere() -> None:
    found = bluenoise.mask()
    assert sorted(found.ravel().tolist()) == list(range(4096))
    assert hashlib.sha256(found.astype("<u2").tobytes()).hexdigest().startswith("446f07447fd15f5e")
    spectrum = np.abs(np.fft.fft2(found - found.mean())) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    assert spectrum[(radius > 0) & (radius < 0.1)].mean() < spectrum[radius > 0.3].mean() / 50


def test_black_and_white_stay_whole() -> None:
    for dither in (by_blue_noise, by_diffusion):
        assert not dither(Image.new("L", (70, 70), 0)).any()
        assert dither(Image.new("L", (70, 70), 255)).all()


def test_a_long_animation_is_not_decoded_whole() -> None:
    frames_ = [Image.new("L", (1000, 1000), level) for level in range(30)]
    raw = saved(frames_[0], "GIF", save_all=True, append_images=frames_[1:])
    assert len(frames(raw, 99)) == MAX_FILM // 1_000_000


def test_strips_hold_the_whole_poster() -> None:
    poster = Image.fromarray(np.arange(900, dtype=np.uint16).astype(np.uint8).repeat(100).reshape(900, 100))
    parts = pieces(poster, 192, 77, 6)
    assert len(parts) == 6
    assert np.array_equal(np.concatenate([np.asarray(part) for part in parts]), np.asarray(poster))
    assert len(pieces(poster, 192, 1000, 6)) == 1


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


def test_a_banner_becomes_lines_cut_between_its_characters() -> None:
    """Eighteen blocks 44 LEDs apart: no cut goes through one, none is lost, no line is wider than the page."""
    strip = Image.open(io.BytesIO(banner())).convert("RGB")
    for width, height in ((192, 59), (320, 104), (416, 130), (512, 180)):
        found = pieces(strip, width, height, 6)
        drawn = [np.asarray(part.convert("L")) for part in found]
        lines = [page[top : top + 40] for page in drawn for top in range(0, page.shape[0], 40)]
        blocks = 0
        for line in lines:
            lit = (line > 128).any(axis=0)
            edges = np.flatnonzero(np.diff(np.concatenate(([0], lit.astype(np.int8), [0]))))
            assert all(32 <= wide <= 36 for wide in np.diff(edges)[::2].tolist()), "a block is cut"
            blocks += len(edges) // 2
        assert blocks == 18, (width, height)
        shown = [fit(part, width, height, ColorMode.MONO, "photo") for part in found]
        assert all(picture.shape[0] <= height and picture.shape[1] <= width for picture in shown)
        scale = min(width / part.width for part in found)
        assert 40 * scale >= LEAST_LINE * 0.8  # LEDs a line is high


def test_the_empty_end_of_a_banner_is_not_shown() -> None:
    long = Image.new("RGB", (3000, 40), (0, 60, 0))
    long.paste(Image.open(io.BytesIO(banner())), (0, 0))
    assert len(pieces(long, 192, 59, 6)) == len(pieces(Image.open(io.BytesIO(banner())), 192, 59, 6))
    plain = Image.new("RGB", (3000, 40), (0, 60, 0))
    assert 1 <= len(pieces(plain, 192, 59, 6)) <= 6


def written(ink: tuple[int, int, int], ground: tuple[int, int, int], noise: int = 0) -> Image.Image:
    """Thin strokes on a ground, as the letters of a poster are."""
    grid = np.zeros((96, 192, 3), dtype=np.int64) + ground
    for x in range(10, 180, 24):
        grid[20:70, x : x + 5] = ink
        grid[40:45, x : x + 18] = ink
    grid += np.random.default_rng(3).integers(-noise, noise + 1, grid.shape)
    return Image.fromarray(grid.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("ink", "ground", "lit"),
    [
        ((255, 230, 0), (150, 0, 0), theme.TEXT),  # yellow on red, as slogans are
        ((0, 0, 0), (255, 255, 255), theme.TEXT),  # black on paper
        ((220, 0, 0), (255, 255, 255), theme.RED),
        ((0, 160, 60), (240, 240, 240), theme.GREEN),
    ],
)
def test_writing_is_never_dithered(ink: tuple[int, int, int], ground: tuple[int, int, int], lit: int) -> None:
    """The strokes are lit and nothing else is, in the colour nearest to their own on two-colour panels."""
    picture = written(ink, ground, noise=6)
    strokes = np.abs(np.asarray(written(ink, ground), dtype=np.int64) - ink).sum(axis=2) == 0
    assert np.array_equal(prepare(saved(picture), 192, 96, ColorMode.MONO, "poster") == theme.TEXT, strokes)
    assert np.array_equal(
        prepare(saved(picture), 192, 96, ColorMode.DUAL, "poster"), np.where(strokes, lit, theme.BLACK)
    )


def test_photos_keep_their_shades() -> None:
    """What is no writing is dithered: one tone, many tones, two tones of equal share, noise."""
    ramp = Image.fromarray(np.tile(np.arange(192, dtype=np.uint8), (96, 1)))
    halves = np.full((96, 192), 60, dtype=np.uint8)
    halves[48:] = 200
    speckled = np.random.default_rng(4).integers(0, 256, (96, 192)).astype(np.uint8)
    for picture in (Image.new("L", (192, 96), 90), ramp, Image.fromarray(halves), Image.fromarray(speckled)):
        assert two_tones(picture) is None


def test_the_two_tones_are_those_of_a_search() -> None:
    """Otsu's threshold against all thresholds tried one by one."""
    dice = np.random.default_rng(5)
    for _ in range(20):
        dark, light = sorted(dice.integers(0, 256, 2).tolist())
        if light - dark < 40:
            continue
        grid = dice.normal(dark, 3, (80, 80))
        grid[:, : int(dice.integers(8, 25))] = dice.normal(light, 3, (80, 1))
        channel = Image.fromarray(grid.clip(0, 255).astype(np.uint8))
        levels = np.asarray(channel, dtype=np.float64).ravel()
        spread = {
            limit: levels[levels <= limit].var() * (levels <= limit).mean()
            + levels[levels > limit].var() * (levels > limit).mean()
            for limit in range(int(levels.min()), int(levels.max()))
        }
        best = min(spread, key=lambda limit: spread[limit])
        means = levels[levels <= best].mean(), levels[levels > best].mean()
        found = two_tones(channel)
        assert found is not None
        assert abs(found - sum(means) / 2) <= 1
