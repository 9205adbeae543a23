"""What systemd is told: ready, alive, stopping; and how a stuck loop is found out.

Protocol: sd_notify(3), datagrams to ``$NOTIFY_SOCKET``. The watchdog is fed only while every loop has ticked
lately: a ping from a thread of its own would prove nothing.
"""

import os
import socket
import threading
from collections.abc import Mapping

from ledsign.clock import Clock
from ledsign.errors import StoreError


def notify(state: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send ``READY=1``, ``WATCHDOG=1``, ``STATUS=…``; False when not started by systemd."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect(name)
            channel.sendall(state.encode("utf-8"))
        except OSError as error:
            raise StoreError(f"cannot reach the service manager: {error}") from error
    return True


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """The interval systemd expects, in s; None when no watchdog is set for this process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() else None


class Pulse:
    """Last tick of each loop. A loop promises to tick at least every ``limit`` seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._loops: dict[str, tuple[float, float]] = {}

    def tick(self, loop: str, limit: float = 30.0) -> None:
        with self._lock:
            self._loops[loop] = (self._clock.monotonic(), limit)

    def retire(self, loop: str) -> None:
        """The loop ended on purpose; nobody waits for it any more."""
        with self._lock:
            self._loops.pop(loop, None)

    def stuck(self) -> list[str]:
        """Loops that have not ticked within their limit."""
        now = self._clock.monotonic()
        with self._lock:
            return sorted(name for name, (at, limit) in self._loops.items() if now - at > limit)
