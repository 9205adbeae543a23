"""Ethernet frames on an interface of their own, as they are: for cards that speak no IP."""

import select
import socket
import time

from ledsign.errors import TransportError
from ledsign.transport.address import Address

ALL = 3  # ETH_P_ALL: frames of any type
MBIT = 400  # gigabit links; the card must keep up
SETTLE_S = 0.005  # a frame of another type waits so long for the card to digest those before it
_BURST_S = 0.002
_ROOM = 2048


class RawLine:
    """One write is one frame, whose addresses and type stand at its head. Needs the right to raw sockets."""

    def __init__(self, address: Address) -> None:
        self._bits_s = address.line.get("mbit", MBIT) * 1e6
        self._free_at = 0.0
        self._type = b""
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
        except PermissionError as error:
            raise TransportError(
                f"raw://{address.host}: raw Ethernet needs root or CAP_NET_RAW (AmbientCapabilities= of the service)"
            ) from error
        try:
            self._socket.bind((address.host, 0))
        except OSError as error:
            self._socket.close()
            raise TransportError(f"raw://{address.host}: {error}") from error

    def write(self, data: bytes, timeout: float) -> None:
        now, kind = time.monotonic(), data[12:14]
        if self._type and kind != self._type:
            self._free_at = max(self._free_at, now) + SETTLE_S
        self._type = kind
        self._free_at = max(self._free_at, now - _BURST_S)
        if self._free_at > now:
            select.select([], [], [], min(timeout, self._free_at - now))
        self._free_at += len(data) * 8 / self._bits_s
        try:
            self._socket.settimeout(timeout)
            self._socket.send(data)
        except OSError as error:
            self.close()
            raise TransportError(f"write: {error}") from error

    def read(self, timeout: float) -> bytes:
        """Frames that come are read away; also our own, which the kernel shows as well."""
        try:
            if not select.select([self._socket], [], [], max(0.0, timeout))[0]:
                return b""
            frame, sender = self._socket.recvfrom(_ROOM)
        except (OSError, ValueError) as error:  # ValueError: closed in the meantime
            self.close()
            raise TransportError(f"read: {error}") from error
        return b"" if sender[2] == socket.PACKET_OUTGOING else frame

    def close(self) -> None:
        self._socket.close()

    def line_seconds(self, count: int) -> float:
        return 0.0
