"""What every line is, whatever carries the bytes."""

from typing import Protocol

CONNECT_S = 3.0
READ = 65536  # bytes at a time


class Transport(Protocol):
    """What a card needs of a line. Not thread-safe: one thread a line."""

    def write(self, data: bytes, timeout: float) -> None:
        """Hand all bytes to the line within ``timeout`` s. Raises TransportError."""
        ...

    def read(self, timeout: float) -> bytes:
        """What has come; waits at most ``timeout`` s, then ``b""``. Raises TransportError at the end."""
        ...

    def close(self) -> None: ...

    def line_seconds(self, count: int) -> float:
        """How long ``count`` bytes are on the line at its speed; 0 where that does not matter."""
        ...
