"""Wakes the waiting feeds: one number that only grows, and whoever waits for a larger one."""

import asyncio


class Hub:
    """For one event loop; every method is called inside it."""

    def __init__(self) -> None:
        self._seq = 0
        self._closed = False
        self._waiters: set[asyncio.Event] = set()

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    @property
    def closed(self) -> bool:
        return self._closed

    def announce(self, seq: int) -> None:
        """A publish with this number is on disk."""
        self._seq = max(self._seq, seq)
        self._wake()

    def close(self) -> None:
        """Let all waiters go, now and later: the server is stopping."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for event in self._waiters:
            event.set()

    async def newer(self, seen: int, timeout: float) -> bool:
        """Wait at most ``timeout`` s for a number above ``seen``; False when there was none.

        A publish between the caller's look into the storage and this call is not missed: its number is larger.
        """
        if self._seq > seen or self._closed or timeout <= 0:
            return self._seq > seen
        event = asyncio.Event()
        self._waiters.add(event)
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(event)
        return self._seq > seen
