"""What ``kernel.c`` offers where it was compiled; see there for the meaning of the arguments."""

from collections.abc import Sequence

from typing_extensions import Buffer

Text = tuple[Buffer, Buffer | None, Buffer, int, int, int, int, int, int, Buffer | None, int, int]

def bits(
    width: int, height: int, base: Buffer | None, rects: Buffer | None, texts: Sequence[Text], plane: int
) -> bytes: ...
def colored(
    width: int, height: int, base: Buffer | None, rects: Buffer | None, texts: Sequence[Text]
) -> bytes: ...
def look_up(text: str, lut: Buffer, first: int, end: int, limit: int) -> tuple[bytes, bytes, bytes] | None: ...
def halve(glyphs: Buffer, advance: Buffer, counts: Buffer, whole: int) -> tuple[bytes, bytes, int, int] | None: ...
def fill(
    advance: Buffer, allowed: Buffer, blank: Buffer, narrow: Buffer | None, start: int, limit: int, width: int
) -> tuple[bytes, int, int]: ...
