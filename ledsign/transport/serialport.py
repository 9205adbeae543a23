"""Serial lines and pseudo-terminals through pyserial."""

import errno
import termios

import serial
from serial.rs485 import RS485Settings

from ledsign.errors import TransportError
from ledsign.transport.address import Address


class SerialLine:
    """A serial line or pseudo-terminal through pyserial."""

    def __init__(self, address: Address) -> None:
        self._baud = address.line.get("baud", 57600)
        self._paced = address.scheme == "serial" or "baud" in address.line
        self._device = address.path
        try:
            self._port = _opened(address.path, self._baud, bool(address.line.get("rs485")))
        except (OSError, ValueError, termios.error) as error:
            raise TransportError(f"{self._device}: {_why(error)}") from error

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
        return count * 10 / self._baud if self._paced else 0.0  # start bit, 8 data bits, stop bit


def _opened(device: str, baud: int, rs485: bool) -> serial.Serial:
    """Raises OSError, ValueError or termios.error; the port is free again then."""
    port = serial.Serial(device, baud, timeout=0, write_timeout=1, exclusive=True)
    try:
        if rs485:
            port.rs485_mode = RS485Settings()
        port.reset_input_buffer()
    except (OSError, ValueError, termios.error):
        port.close()
        raise
    return port


def _why(error: Exception) -> str:
    cause = error.__context__  # pyserial's own error names no number
    return "is no serial line" if isinstance(cause, termios.error) and cause.args[0] == errno.ENOTTY else str(error)
