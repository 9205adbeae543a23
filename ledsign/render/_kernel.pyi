"""What ``kernel.c`` offers where it was compiled; see there for the meaning of the arguments."""

from collections.abc import Sequence

from typing_extensions import Buffer

Text = tuple[Buffer, Buffer | None, Buffer, int, int, int, int, int, int]

def bits(
    width: int, height: int, base: Buffer | None, rects: Buffer | None, texts: Sequence[Text], plane: int
) -> bytes: ...
def rgb(
    width: int, height: int, base: Buffer | None, rects: Buffer | None, texts: Sequence[Text]
) -> bytes: ...
def look_up(text: str, lut: Buffer, first: int, end: int, limit: int) -> tuple[bytes, bytes, bytes] | None: ...
