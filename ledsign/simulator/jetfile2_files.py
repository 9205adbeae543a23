"""How a simulated JetFile II sign reads its files: BMP through Pillow, texts and playlist by the document."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from ledsign.simulator.canvas import Pixels

PICTURE_S = 5.0  # how long a picture file or a text without a pause is shown
_LENGTHS = {0x07: 1, 0x08: 1, 0x0A: 2, 0x0B: 1, 0x0C: 0, 0x0D: 0, 0x0F: 1, 0x1A: 1, 0x1E: 1, 0x1F: 1}
_COLORS, _STRING, _PICTURE, _PAUSE = (0x1C, 0x1D), 0x13, 0x14, 0x0E
_HEAD, _ENTRY = 8, 36


@dataclass(frozen=True, slots=True)
class TextFile:
    """What matters of a text file: how long it takes, a nested picture (disk, label), whether it has words."""

    seconds: float
    picture: tuple[str, str] | None
    words: bool


def read_bmp(blob: bytes) -> Pixels | None:
    """A BMP file as pixels; None when it is damaged."""
    try:
        with Pictures.open(io.BytesIO(blob), formats=("BMP",)) as picture:
            if picture.width * picture.height > 4096 * 4096:
                return None
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, EOFError, SyntaxError):
        return None


def read_text(file: bytes) -> TextFile | None:
    """A text file; None when its structure is damaged."""
    if len(file) < 8 or file[:2] != b"\x01Z" or file[4:6] != b"\x02A" or file[-1] != 4:
        return None
    body, at = file[7:-1], 0
    seconds, picture, words = PICTURE_S, None, False
    while at < len(body):
        code, rest = body[at], body[at + 1 :]
        if code == _PAUSE:
            wide = rest[:1] in (b"2", b"3")
            digits = rest[1 : 5 if wide else 3]
            if not digits.isdigit():
                return None
            seconds = int(digits) / (1 if rest[:1] in (b"0", b"2") else 1000)
            at += 2 + len(digits)
        elif code == _PICTURE:
            picture = rest[:1].decode("latin-1"), rest[1:2].decode("latin-1")
            at += 3
        elif code in _COLORS:
            at += 5 if rest[:1] == b"/" else 2
        elif code == _STRING:
            at += 3
        elif code in _LENGTHS:
            at += 1 + _LENGTHS[code]
        elif code < 0x20:
            return None
        else:
            words, at = True, at + 1
    return TextFile(seconds, picture, words)


def playable(sequence: bytes) -> list[tuple[str, str, str]]:
    """Entries (disk, folder, label) of SEQUENT.SYS that are always on; those with a schedule are left out."""
    if sequence[:4] != b"SQ\x04\0":
        return []
    count = int.from_bytes(sequence[4:6], "little")
    entries = [sequence[_HEAD + _ENTRY * i : _HEAD + _ENTRY * (i + 1)] for i in range(count)]
    return [
        (chr(entry[0]), chr(entry[1]), entry[24:].rstrip(b"\0").decode("latin-1"))
        for entry in entries
        if len(entry) == _ENTRY and entry[3] & 0x80
    ]
