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
def look_up(
    texts: Sequence[str], lut: Buffer, first: int, end: int, limit: int
) -> tuple[bytes, bytes, bytes, bytes, bytes] | None: ...
def tally(cps: Buffer, advance: Buffer, efforts: Buffer) -> bytes: ...
def settle(
    parts: Sequence[tuple[Buffer, Buffer, Buffer | None, Buffer | int, Buffer | int]],
    full: int, whole: int, size: int, scale: int, width: int, height: int,
) -> tuple[bytes, bytes, bool, int, int, int] | None: ...
def breaks(
    cps: Buffer, advance: Buffer, kinds: Buffer, pairs: Buffer, roles: Buffer, context: Buffer
) -> bytes: ...
def fill(
    advance: Buffer, allowed: Buffer, blank: Buffer, narrow: Buffer | None, start: int, limit: int, width: int
) -> tuple[bytes, int, int]: ...
