"""What every byte-oriented family needs: cutting a stream into packets, sums, byte stuffing.

A *measure* looks at the head of a buffer and answers with one number::

    > 0   a sound packet of that many bytes stands at the head
      0   it may become one, more bytes are needed
    < 0   throw that many bytes away, no packet starts there

Checks that need the whole packet (sum, length, structure) belong into the measure, so that damaged bytes are
thrown away one by one and a sound packet right behind them is still found.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Measure: TypeAlias = Callable[[bytes], int]


class Splitter:
    """Cuts a stream into packets. Memory is bounded by ``limit`` bytes (the longest packet there is)."""

    def __init__(self, measure: Measure, limit: int) -> None:
        self._measure = measure
        self._limit = limit
        self._buffer = b""
        self.skipped = 0  # bytes that belonged to no sound packet

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes as they came; returns the packets that are complete now, in order."""
        packets: list[bytes] = []
        for start in range(0, len(data), self._limit):  # a flood is cut up: memory stays bounded
            self._buffer += data[start : start + self._limit]
            packets += self._scan()
            while len(self._buffer) > self._limit:
                self._drop(1)
                packets += self._scan()
        return packets

    def silence(self) -> list[bytes]:
        """The line is quiet: what still waits for more bytes was a false header. Look behind it."""
        packets: list[bytes] = []
        while self._buffer:
            self._drop(1)
            packets += self._scan()
        return packets

    def clear(self) -> None:
        """Forget everything: the line was closed."""
        self._buffer = b""

    def _drop(self, count: int) -> None:
        self.skipped += min(count, len(self._buffer))
        self._buffer = self._buffer[count:]

    def _scan(self) -> list[bytes]:
        packets: list[bytes] = []
        while self._buffer:
            length = self._measure(self._buffer)
            if length > 0:
                packets.append(self._buffer[:length])
                self._buffer = self._buffer[length:]
            elif length < 0:
                self._drop(-length)
            else:
                break
        return packets


def sum16(data: bytes) -> int:
    """Sum of all bytes, overflow dropped (16 bits)."""
    return sum(data) & 0xFFFF


def stuff(data: bytes, table: Mapping[int, bytes]) -> bytes:
    """Replace every byte that ``table`` names by its escape sequence: an escape byte, which the table names too, and
    one that it does not name."""
    for byte, sequence in sorted(table.items(), key=lambda entry: entry[0] != entry[1][0]):  # escape bytes first
        data = data.replace(bytes((byte,)), sequence)
    return data


def unstuff(data: bytes, escape: int, table: Mapping[int, int]) -> bytes | None:
    """Undo byte stuffing; None when ``escape`` stands at the end or before a byte that ``table`` lacks."""
    out = bytearray()
    position = 0
    while (found := data.find(escape, position)) >= 0:
        out += data[position:found]
        original = table.get(data[found + 1]) if found + 1 < len(data) else None
        if original is None:
            return None
        out.append(original)
        position = found + 2
    return bytes(out + data[position:])
