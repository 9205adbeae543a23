"""Opens lines by their address."""

import socket
import weakref
from collections.abc import Callable, Mapping

from ledsign.errors import TransportError
from ledsign.transport.address import Address, parse_url
from ledsign.transport.datagram import UdpLine
from ledsign.transport.line import CONNECT_S, Transport
from ledsign.transport.net import DialedLine, RequestLine, TcpLine
from ledsign.transport.raw import RawLine
from ledsign.transport.recorded import RecordingLine, Replayer
from ledsign.transport.serialport import SerialLine


class Opener:
    """Opens the line of one card, again and again. A port that the card dials stays open in between: it tries
    only every few minutes, and whoever turns it away waits long."""

    def __init__(self, public: Callable[[bytes], bytes] = bytes) -> None:
        """``public``: what of the bytes of one direction may be written down."""
        self._public = public
        self._port: socket.socket | None = None
        self._replayer: Replayer | None = None

    def __call__(self, address: Address) -> Transport:
        """Raises TransportError when the line cannot be opened."""
        if address.scheme == "record" and address.inner is not None:
            return RecordingLine(address, self(address.inner), self._public)
        if address.scheme == "replay":
            if self._replayer is None:
                self._replayer = Replayer(address.path)
            return self._replayer.open()
        if address.scheme == "listen":
            return DialedLine(self._listening(address), float(address.line.get("connect", CONNECT_S)))
        lines: Mapping[str, Callable[[Address], Transport]] = {
            "tcp": TcpLine, "udp": UdpLine, "raw": RawLine, "http": RequestLine,
        }  # fmt: skip
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
