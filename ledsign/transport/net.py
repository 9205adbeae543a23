"""Lines over TCP: we connect, the card dials us, or a connection for every request."""

import select
import socket

from ledsign.errors import TransportError
from ledsign.transport.address import Address
from ledsign.transport.line import CONNECT_S, READ

USER_TIMEOUT_MS = 6000  # unacknowledged bytes kill a TCP line after this; keepalive alone sees nothing then


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
            data = self._socket.recv(READ)
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
