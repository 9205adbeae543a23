"""A pipe of bytes without meaning, named by a URL.

=====================================  ===============================================================
``tcp://HOST:PORT``                    the card is the server
``listen://HOST:PORT``                 the card dials us; HOST is our own address on the card's network
``http://HOST:PORT``                   a TCP connection for every request, as small HTTP servers want it
``udp://HOST:PORT?mbit=50``            datagrams; one write is one datagram, one read at most one; paced, so
                                       that a page in hundreds of datagrams does not overrun the receiver
``serial:///dev/ttyUSB0?baud=57600``   8N1, no flow control, opened exclusively
``pty:///run/ledsign/ttyLED``          a pseudo-terminal such as the simulator's; ``baud`` only for estimates
=====================================  ===============================================================

Every failure is a TransportError. After one the pipe is closed and never used again: how many bytes of the
last write went out is unknown, so whoever opens the line anew must resynchronise.
"""

import re
import select
import socket
import termios
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import serial

from ledsign.errors import ConfigError, TransportError

CONNECT_S = 3.0
USER_TIMEOUT_MS = 6000  # unacknowledged bytes kill a TCP line after this; keepalive alone sees nothing then
_READ = 65536
_OPTIONS = {
    "tcp": {"connect"},
    "listen": {"connect"},
    "http": {"connect"},
    "udp": {"mbit"},
    "serial": {"baud"},
    "pty": {"baud"},
}
_MBIT = 50
_BURST_S = 0.002  # of sending without a pause: shorter waits are not worth a call
_BAUDS = (2400, 4800, 9600, 19200, 38400, 57600, 115200)


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


@dataclass(frozen=True, slots=True)
class Address:
    """A card's URL, taken apart. ``options`` are the keys that the line itself does not know."""

    scheme: str
    host: str
    port: int
    path: str
    line: Mapping[str, int]
    options: Mapping[str, str]

    @property
    def session(self) -> bool:
        """Whether a card that restarts breaks the line: true on TCP, a serial line hides it."""
        return self.scheme in ("tcp", "listen")


def parse_url(url: str, default_port: int = 0) -> Address:
    """Read a line's URL. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        port = parts.port or default_port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        known = _OPTIONS.get(parts.scheme, set())
        line = {key: int(value) for key, value in query.items() if key in known}
    except ValueError as error:
        raise ConfigError(f"{url}: {error}") from error
    if parts.scheme not in _OPTIONS:
        raise ConfigError(f"{url}: unknown kind of line; known: {', '.join(sorted(_OPTIONS))}")
    network = parts.scheme in ("tcp", "listen", "http", "udp")
    if network and not (parts.hostname and port):
        raise ConfigError(f"{url}: host and port are needed")
    if not network and (parts.hostname or not parts.path.startswith("/")):
        raise ConfigError(f"{url}: an absolute path is needed, such as {parts.scheme}:///dev/ttyUSB0")
    if line.get("baud", _BAUDS[0]) not in _BAUDS:
        raise ConfigError(f"{url}: baud is one of {', '.join(map(str, _BAUDS))}")
    if not 1 <= line.get("mbit", _MBIT) <= 10_000:
        raise ConfigError(f"{url}: mbit is 1 to 10000")
    rest = {key: value for key, value in query.items() if key not in known}
    return Address(parts.scheme, parts.hostname or "", port, parts.path, line, rest)


def public_url(url: str) -> str:
    """The URL as it may stand in a log: without secrets."""
    return re.sub(r"([?&](?:secret|password)=)[^&]*", r"\1***", url)


class TcpLine:
    """A TCP connection: no delay, a limit for unacknowledged data."""

    def __init__(self, address: Address) -> None:
        try:
            timeout = float(address.line.get("connect", CONNECT_S))
            self._use(socket.create_connection((address.host, address.port), timeout))
        except OSError as error:
            raise TransportError(f"{address.host}:{address.port}: {error}") from error

    def _use(self, connection: socket.socket) -> None:
        self._socket = connection
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            raise TransportError(f"connection: {error}") from error

    def write(self, data: bytes, timeout: float) -> None:
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(data)
        except OSError as error:
            self.close()
            raise TransportError(f"write: {error}") from error

    def read(self, timeout: float) -> bytes:
        try:
            if not select.select([self._socket], [], [], max(0.0, timeout))[0]:
                return b""
            data = self._socket.recv(_READ)
        except (OSError, ValueError) as error:  # ValueError: closed in the meantime
            self.close()
            raise TransportError(f"read: {error}") from error
        if not data:
            self.close()
            raise TransportError("closed by the card")
        return data

    def close(self) -> None:
        self._socket.close()

    def line_seconds(self, count: int) -> float:
        return 0.0


class DialedLine(TcpLine):
    """A connection that the card opened; the newest of those that wait, for a card dials again when it is lost."""

    def __init__(self, port: socket.socket, timeout: float) -> None:
        found: socket.socket | None = None
        try:
            while select.select([port], [], [], 0.0 if found else timeout)[0]:
                if found is not None:
                    found.close()
                found = port.accept()[0]
        except OSError as error:
            raise TransportError(f"accept: {error}") from error
        if found is None:
            raise TransportError("no card has dialled")
        self._use(found)


class RequestLine:
    """A connection for every write. Its end is the end of an answer, no fault: silence tells when none came."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._line: TcpLine | None = TcpLine(address)  # nobody there: said at once
        self._used = False

    def write(self, data: bytes, timeout: float) -> None:
        if self._line is None or self._used:
            self.close()
            self._line = TcpLine(self._address)
        self._used = True
        self._line.write(data, timeout)

    def read(self, timeout: float) -> bytes:
        if self._line is not None and self._used:
            try:
                return self._line.read(timeout)
            except TransportError:
                self._line = None
        select.select([], [], [], max(0.0, timeout))
        return b""

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def line_seconds(self, count: int) -> float:
        return 0.0


class UdpLine:
    """Datagrams to and from one address; whatever another sender puts on our port is dropped by the kernel."""

    def __init__(self, address: Address) -> None:
        self._bits_s = address.line.get("mbit", _MBIT) * 1e6
        self._free_at = 0.0  # when the line has carried what was sent, at its pace
        try:
            found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _name, peer = found[0]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._socket.connect(peer)
        except OSError as error:
            raise TransportError(f"{address.host}:{address.port}: {error}") from error

    def write(self, data: bytes, timeout: float) -> None:
        now = time.monotonic()
        self._free_at = max(self._free_at, now - _BURST_S)
        if self._free_at > now:
            select.select([], [], [], min(timeout, self._free_at - now))
        self._free_at += len(data) * 8 / self._bits_s
        try:
            self._socket.settimeout(timeout)
            try:
                self._socket.send(data)
            except ConnectionRefusedError:
                # the answer to an earlier datagram: nobody listened then, and this one was not sent; whether that
                # lasts will be told by silence
                self._socket.send(data)
        except OSError as error:
            self.close()
            raise TransportError(f"write: {error}") from error

    def read(self, timeout: float) -> bytes:
        try:
            if not select.select([self._socket], [], [], max(0.0, timeout))[0]:
                return b""
            return self._socket.recv(_READ)
        except ConnectionRefusedError:
            return b""
        except (OSError, ValueError) as error:  # ValueError: closed in the meantime
            self.close()
            raise TransportError(f"read: {error}") from error

    def close(self) -> None:
        self._socket.close()

    def line_seconds(self, count: int) -> float:
        return 0.0


class SerialLine:
    """A serial line or pseudo-terminal through pyserial."""

    def __init__(self, address: Address) -> None:
        self._baud = address.line.get("baud", 57600)
        self._device = address.path
        try:
            self._port = serial.Serial(self._device, self._baud, timeout=0, write_timeout=1, exclusive=True)
            self._port.reset_input_buffer()
        except (OSError, ValueError, termios.error) as error:
            raise TransportError(f"{self._device}: {error}") from error

    def write(self, data: bytes, timeout: float) -> None:
        try:
            self._port.write_timeout = timeout
            self._port.write(data)
        except (OSError, termios.error) as error:
            self.close()
            raise TransportError(f"{self._device}: write: {error}") from error

    def read(self, timeout: float) -> bytes:
        try:
            self._port.timeout = max(0.0, timeout)
            first: bytes = self._port.read(1)
            waiting = self._port.in_waiting if first else 0
            rest: bytes = self._port.read(waiting) if waiting else b""
        except (OSError, TypeError, termios.error) as error:  # TypeError: pyserial's answer to a closed port
            self.close()
            raise TransportError(f"{self._device}: read: {error}") from error
        return first + rest

    def close(self) -> None:
        try:
            self._port.close()
        except (OSError, termios.error) as error:
            raise TransportError(f"{self._device}: close: {error}") from error

    def line_seconds(self, count: int) -> float:
        return count * 10 / self._baud  # start bit, 8 data bits, stop bit


class Opener:
    """Opens the line of one card, again and again. A port that the card dials stays open in between: it tries
    only every few minutes, and whoever turns it away waits long."""

    def __init__(self) -> None:
        self._port: socket.socket | None = None

    def __call__(self, address: Address) -> Transport:
        """Raises TransportError when the line cannot be opened."""
        if address.scheme == "listen":
            return DialedLine(self._listening(address), float(address.line.get("connect", CONNECT_S)))
        lines: Mapping[str, Callable[[Address], Transport]] = {"tcp": TcpLine, "udp": UdpLine, "http": RequestLine}
        return lines.get(address.scheme, SerialLine)(address)

    def _listening(self, address: Address) -> socket.socket:
        if self._port is None:
            try:
                self._port = socket.create_server((address.host, address.port), backlog=4)
            except OSError as error:
                raise TransportError(f"{address.host}:{address.port}: {error}") from error
            weakref.finalize(self, self._port.close)
        return self._port


def open_transport(address: Address | str) -> Transport:
    """Open a line. Raises TransportError when it cannot be opened, ConfigError for a URL that makes no sense."""
    if isinstance(address, str):
        address = parse_url(address)
    return Opener()(address)
