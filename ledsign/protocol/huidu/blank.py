"""A black picture as PNG: the one page that the protocol itself must be able to draw."""

import struct
import zlib


def black_png(width: int, height: int) -> bytes:
    """A black 1-bit PNG of that size."""
    rows = (b"\0" + bytes(-(-width // 8))) * height  # every row: filter 0, then its bits

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
