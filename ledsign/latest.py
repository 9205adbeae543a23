"""``Latest``: the one place where two loops meet. It holds the newest value and wakes whoever waits."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Newest value with a version that only grows. Writers never block, readers may wait for a change."""

    def __init__(self, value: T) -> None:
        self._condition = threading.Condition()
        self._value = value
        self._version = 0

    def put(self, value: T) -> int:
        """Replace the value, wake all waiters, return the new version."""
        with self._condition:
            self._value = value
            self._version += 1
            self._condition.notify_all()
            return self._version

    def get(self) -> tuple[T, int]:
        """The value and its version."""
        with self._condition:
            return self._value, self._version

    def wait(self, seen: int, timeout: float) -> bool:
        """Wait at most ``timeout`` s for a version newer than ``seen``; True when there is one."""
        with self._condition:
            return self._condition.wait_for(lambda: self._version > seen, max(0.0, timeout))
