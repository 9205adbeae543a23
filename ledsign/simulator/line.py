"""The simulated card's plugs: TCP and UDP sockets and a pseudo-terminal, as non-blocking ends for one loop."""

import os
import socket
import struct
import threading
import time
import tty
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ledsign.errors import ConfigError
from ledsign.protocol.codec import Link


class Wire(Protocol):
    """One open conversation."""

    def fileno(self) -> int: ...

    def receive(self) -> bytes | None:
        """What came; None when the other side is gone."""
        ...

    def send(self, data: bytes) -> bool:
        """False when the other side is gone."""
        ...

    def close(self, hard: bool = False) -> None:
        """``hard``: without a farewell, as when the mains fail."""
        ...


class Plug(Protocol):
    """Where clients come in."""

    link: Link
    url: str
    standing: bool  # one conversation that outlives a restart of the card: a serial line, a UDP port

    def open(self) -> None: ...

    def fileno(self) -> int: ...

    def accept(self) -> Wire: ...

    def close(self) -> None: ...


class TcpWire:
    """A client's connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.settimeout(2.0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(65536) or None
        except OSError:
            return None

    def send(self, data: bytes) -> bool:
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def close(self, hard: bool = False) -> None:
        if hard:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


class TcpPlug:
    """Listens on ``tcp://host:port``; port 0 picks a free one and keeps it."""

    link = Link.NET
    standing = False

    def __init__(self, url: str, default_port: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", default_port if parts.port is None else parts.port)
        self._socket: socket.socket | None = None
        self.url = url

    def open(self) -> None:
        self._socket = socket.create_server(self._address, reuse_port=False)
        self._address = (self._address[0], self._socket.getsockname()[1])
        self.url = f"tcp://{self._address[0]}:{self._address[1]}"

    def fileno(self) -> int:
        return self._socket.fileno() if self._socket else -1

    def accept(self) -> Wire:
        if self._socket is None:
            raise OSError("not listening")
        return TcpWire(self._socket.accept()[0])

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class UdpPlug:
    """A UDP port, plug and wire in one: answers go to whoever spoke last."""

    link = Link.UDP
    standing = True
    _ROOM = 4 << 20  # a large page comes as hundreds of datagrams; the system may grant less

    def __init__(self, url: str, default_port: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", default_port if parts.port is None else parts.port)
        self._socket: socket.socket | None = None
        self._peer: tuple[str, int] | None = None
        self.url = url

    def open(self) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._ROOM)
            self._socket.bind(self._address)
            self._address = (self._address[0], self._socket.getsockname()[1])
            self.url = f"udp://{self._address[0]}:{self._address[1]}"

    def fileno(self) -> int:
        return self._socket.fileno() if self._socket else -1

    def accept(self) -> Wire:
        return self

    def receive(self) -> bytes | None:
        if self._socket is None:
            return None
        data, self._peer = self._socket.recvfrom(65536)
        return data

    def send(self, data: bytes) -> bool:
        if self._socket is None or self._peer is None:
            return False
        try:
            self._socket.sendto(data, self._peer)
        except OSError:
            return False
        return True

    def close(self, hard: bool = False) -> None:
        """A card that restarts does not take the port away; ``shut`` does."""

    def shut(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class RawPlug(UdpPlug):
    """Ethernet frames on ``raw://IFACE``; nothing is ever answered. Needs the right to raw sockets."""

    link = Link.RAW
    _ALL = 3  # ETH_P_ALL

    def __init__(self, url: str) -> None:
        super().__init__(url, 0)
        self._interface = urlsplit(url).hostname or ""
        self.url = f"raw://{self._interface}?experimental=1"

    def open(self) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(self._ALL))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._ROOM)
            self._socket.bind((self._interface, 0))

    def receive(self) -> bytes | None:
        if self._socket is None:
            return None
        frame, sender = self._socket.recvfrom(65536)
        return b"" if sender[2] == socket.PACKET_OUTGOING else frame

    def send(self, data: bytes) -> bool:
        return False


class PtyPlug:
    """A pseudo-terminal with a symlink at the path of ``pty:///path``; both plug and wire, for the line is
    always there. With a ``baud`` rate every byte takes the time it would take on a real line."""

    link = Link.SERIAL
    standing = True
    _SLICE_S = 0.01

    def __init__(self, url: str, baud: int | None) -> None:
        self._path = Path(urlsplit(url).path)
        self._baud = baud
        self._line_free = 0.0
        self._more = False  # the last read was full: more bytes stand behind it
        self._closed = threading.Event()
        self._master = self._slave = -1
        self.url = f"{url.partition('?')[0]}" + (f"?baud={baud}" if baud else "")

    def open(self) -> None:
        if self._master >= 0:
            return
        if self._path.exists() and not self._path.is_symlink():
            raise ConfigError(f"{self._path} exists and is not a link")
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(self._slave))

    def fileno(self) -> int:
        return self._master

    def accept(self) -> Wire:
        return self

    def receive(self) -> bytes | None:
        count = 4096 if self._baud is None else max(1, int(self._baud / 10 * self._SLICE_S))
        data = os.read(self._master, count)
        self._take_time(len(data), self._more)
        self._more = len(data) == count
        return data

    def send(self, data: bytes) -> bool:
        self._take_time(len(data))
        os.write(self._master, data)
        return True

    def _take_time(self, count: int, waited: bool = False) -> None:
        """``waited``: these bytes stood behind those before, so that the line did not pause between them."""
        if self._baud:
            now = time.monotonic()
            self._line_free = (self._line_free if waited else max(self._line_free, now)) + count * 10 / self._baud
            self._closed.wait(max(0.0, self._line_free - now))

    def close(self, hard: bool = False) -> None:
        """A card that restarts does not take the line away; ``shut`` does."""

    def shut(self) -> None:
        """Remove the line."""
        self._closed.set()
        if self._path.is_symlink():
            self._path.unlink()
        for end in (self._master, self._slave):
            if end >= 0:
                os.close(end)
        self._master = self._slave = -1


def make_plug(url: str, default_port: int, baud: int | None) -> TcpPlug | UdpPlug | PtyPlug:
    """The plug for a listening URL. Raises ConfigError."""
    try:
        scheme, path = urlsplit(url).scheme, urlsplit(url).path
        _port = urlsplit(url).port
    except ValueError as error:
        raise ConfigError(f"{url}: {error}") from error
    if scheme == "tcp":
        return TcpPlug(url, default_port)
    if scheme == "udp":
        return UdpPlug(url, default_port)
    if scheme == "raw" and urlsplit(url).hostname:
        return RawPlug(url)
    if scheme == "pty" and path.startswith("/"):
        return PtyPlug(url, baud)
    raise ConfigError(f"{url}: a simulated card listens on tcp://HOST:PORT, udp://HOST:PORT, raw://IFACE or pty:///PATH")
