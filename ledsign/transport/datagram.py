"""Datagrams, paced: a page in hundreds of them must not overrun the receiver."""

import select
import socket
import time

from ledsign.errors import TransportError
from ledsign.transport.address import MBIT, Address
from ledsign.transport.line import READ

_BURST_S = 0.002  # of sending without a pause: shorter waits are not worth a call


class UdpLine:
    """Datagrams to and from one address; whatever another sender puts on our port is dropped by the kernel."""

    def __init__(self, address: Address) -> None:
        self._bits_s = address.line.get("mbit", MBIT) * 1e6
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
            return self._socket.recv(READ)
        except ConnectionRefusedError:
            return b""
        except (OSError, ValueError) as error:  # ValueError: closed in the meantime
            self.close()
            raise TransportError(f"read: {error}") from error

    def close(self) -> None:
        self._socket.close()

    def line_seconds(self, count: int) -> float:
        return 0.0
