"""A pipe of bytes without meaning, named by a URL.

=====================================  ===============================================================
``tcp://HOST:PORT``                    the card is the server
``serial:///dev/ttyUSB0?baud=57600``   8N1, no flow control, opened exclusively
``pty:///run/ledsign/ttyLED``          a pseudo-terminal such as the simulator's; ``baud`` only for estimates
=====================================  ===============================================================

Every failure is a TransportError. After one the pipe is closed and never used again: how many bytes of the
last write went out is unknown, so whoever opens the line anew must resynchronise.
"""

import select
import socket
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import serial

from ledsign.errors import ConfigError, TransportError

CONNECT_S = 3.0
USER_TIMEOUT_MS = 6000  # unacknowledged bytes kill a TCP line after this; keepalive alone sees nothing then
_READ = 65536
_OPTIONS = {"tcp": {"connect"}, "serial": {"baud"}, "pty": {"baud"}}
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
        return self.scheme == "tcp"


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
    if parts.scheme == "tcp" and not (parts.hostname and port):
        raise ConfigError(f"{url}: host and port are needed")
    if parts.scheme != "tcp" and (parts.hostname or not parts.path.startswith("/")):
        raise ConfigError(f"{url}: an absolute path is needed, such as {parts.scheme}:///dev/ttyUSB0")
    if line.get("baud", _BAUDS[0]) not in _BAUDS:
        raise ConfigError(f"{url}: baud is one of {', '.join(map(str, _BAUDS))}")
    rest = {key: value for key, value in query.items() if key not in known}
    return Address(parts.scheme, parts.hostname or "", port, parts.path, line, rest)


class TcpLine:
    """A TCP connection: no delay, a limit for unacknowledged data."""

    def __init__(self, address: Address) -> None:
        try:
            timeout = float(address.line.get("connect", CONNECT_S))
            self._socket = socket.create_connection((address.host, address.port), timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            raise TransportError(f"{address.host}:{address.port}: {error}") from error

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


def open_transport(address: Address | str) -> Transport:
    """Open a line. Raises TransportError when it cannot be opened, ConfigError for a URL that makes no sense."""
    if isinstance(address, str):
        address = parse_url(address)
    return TcpLine(address) if address.scheme == "tcp" else SerialLine(address)
