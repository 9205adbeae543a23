"""Page (pixels as drawn), Frame (the same page packed as a card wants it) and how sure we are it was lit."""

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property

from ledsign.panel import ColorMode


class PageKind(StrEnum):
    """What a page is for."""

    DIGEST = "digest"  # the notice in one sentence
    BODY = "body"
    EMERGENCY = "emergency"  # full-screen life-safety layout
    SAFE = "safe"  # stands in when there is nothing lawful to show
    TEST = "test"  # technician's pattern


@dataclass(frozen=True)
class Page:
    """One panel of pixels with its dwell.

    ``pixels``: mono = 1 bit per LED, rows top-down, MSB leftmost, each row padded to a byte; dual = the red
    plane in that form, then the green one; rgb = 3 bytes per LED, R G B, sRGB. ``text``: what the page says, line
    by line, without the band around it.
    """

    width: int
    height: int
    mode: ColorMode
    pixels: bytes
    dwell_s: float
    kind: PageKind = PageKind.BODY
    n: int = 1
    of: int = 1
    text: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def sha256(self) -> str:
        """The page's identity: SHA-256 over ``mode WxH`` and the exact pixels, lower-case hex."""
        head = f"{self.mode} {self.width}x{self.height}\n".encode("ascii")
        return hashlib.sha256(head + self.pixels).hexdigest()

    @property
    def words_sha256(self) -> str:
        """The identity of what the page says, for cards that are told no pixels: SHA-256 over ``text`` and the
        lines, one a line, in UTF-8."""
        return hashlib.sha256("\n".join(("text", *self.text)).encode("utf-8")).hexdigest()

    def identity(self, form: "PixelFormat") -> str:
        """What a card that takes such frames can be said to have shown."""
        return self.words_sha256 if form is PixelFormat.TEXT else self.sha256


class PixelFormat(StrEnum):
    """How a frame's bytes are laid out. Planes are 1 bit per LED as in a mono page, unless said."""

    PLANES_1 = "planes-1"  # one plane (mono)
    PLANES_2 = "planes-2"  # red plane, green plane
    PLANES_3 = "planes-3"  # red, green, blue planes
    PLANES_24 = "planes-24"  # red, green, blue planes of 8 bits per LED
    RGB888 = "rgb888"  # interleaved bytes
    GIF = "gif"  # a complete GIF file
    PNG = "png"  # a complete PNG file
    TEXT = "text"  # no pixels: the page's lines in UTF-8, for cards that draw with fonts of their own


@dataclass(frozen=True, slots=True)
class Frame:
    """A page packed for one card. ``page_sha256`` ties it to the pixels it came from, or to the words."""

    width: int
    height: int
    format: PixelFormat
    data: bytes
    page_sha256: str


class AckLevel(IntEnum):
    """How sure we are that a page was lit. A count never claims more than its weakest row."""

    PLANNED = 0
    SENT = 1  # handed to the line
    ACKED = 2  # the card confirmed it
    READ_BACK = 3  # the card's memory or status was read and agrees
    WITNESSED = 4  # a sensor or camera saw light
