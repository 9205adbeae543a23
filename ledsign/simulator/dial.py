"""A simulated card that dials: it opens the connection itself, to the address of the program that drives it."""

import contextlib
import queue
import socket
import threading
from urllib.parse import urlsplit

from ledsign.errors import ConfigError
from ledsign.protocol.codec import Link
from ledsign.simulator.line import TcpWire, Wire


class DialPlug:
    """``dial://HOST:PORT``: tries until somebody is there, and again when the connection has ended."""

    link = Link.NET
    standing = False
    RETRY_S = 0.3  # a real card waits minutes

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not (parts.hostname and parts.port):
            raise ConfigError(f"{url}: host and port are needed")
        self._peer = (parts.hostname, parts.port)
        self._bell_in: socket.socket | None = None
        self._bell: socket.socket | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._waiting: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        self.url = url

    def open(self) -> None:
        self._bell_in, self._bell = socket.socketpair()
        self._stop, self._ended = threading.Event(), threading.Event()
        arguments = (self._bell, self._stop, self._ended)
        threading.Thread(target=self._dial, args=arguments, name="simulated-dial", daemon=True).start()

    def _dial(self, bell: socket.socket, stop: threading.Event, ended: threading.Event) -> None:
        while not stop.is_set():
            try:
                connection = socket.create_connection(self._peer, 2.0)
            except OSError:
                stop.wait(self.RETRY_S)
                continue
            ended.clear()
            self._waiting.put(connection)
            with contextlib.suppress(OSError):  # the card was switched off in this moment
                bell.send(b"!")
            ended.wait()

    def fileno(self) -> int:
        return self._bell_in.fileno() if self._bell_in else -1

    def accept(self) -> Wire:
        if self._bell_in is None:
            raise OSError("not dialling")
        self._bell_in.recv(1)
        return _DialedWire(self._waiting.get(), self._ended)

    def close(self) -> None:
        self._stop.set()
        self._ended.set()
        for end in (self._bell, self._bell_in):
            if end is not None:
                end.close()
        self._bell = self._bell_in = None
        while not self._waiting.empty():
            self._waiting.get().close()


class _DialedWire(TcpWire):
    """Tells the dialler when it is closed."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        super().__init__(connection)
        self._ended = ended

    def close(self, hard: bool = False) -> None:
        super().close(hard)
        self._ended.set()
