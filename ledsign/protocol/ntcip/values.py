"""Values that are no packets of their own: sums, codes, bitmaps, and messages without a line around them."""

from collections.abc import Callable, Mapping

from ledsign.errors import ProtocolError, UnsupportedError
from ledsign.protocol.ntcip import hdlc, snmp
from ledsign.protocol.ntcip.codes import Activation


def _number(data: bytes) -> tuple[object, bytes]:
    if len(data) != 2:
        raise ProtocolError("a CRC has 2 octets")
    number = int.from_bytes(data, "big")
    return number, number.to_bytes(2, "big")


def _activation(data: bytes) -> tuple[object, bytes]:
    code = Activation.unpack(data)
    return code, code.pack()


def _hdlc(data: bytes) -> tuple[object, bytes]:
    frame = hdlc.parse(data)
    return frame, hdlc.pack(frame)


def _snmp(data: bytes) -> tuple[object, bytes]:
    message = snmp.parse(data)
    return message, snmp.pack(message)


def _bitmap(data: bytes) -> tuple[object, bytes]:
    """Bits row by row without padding: without the width there is no more to say than which are lit."""
    lit = tuple(n for n in range(len(data) * 8) if data[n // 8] & 0x80 >> n % 8)
    again = sum(0x80 >> n % 8 << (len(data) - 1 - n // 8) * 8 for n in lit)
    return lit, again.to_bytes(len(data), "big")


_VALUES: Mapping[str, Callable[[bytes], tuple[object, bytes]]] = {
    "message-crc": _number,
    "font-id": _number,
    "graphic-id": _number,
    "activation-code": _activation,
    "hdlc-frame": _hdlc,
    "snmp": _snmp,
    "bitmap": _bitmap,
}


def read_value(kind: str, data: bytes) -> tuple[object, bytes]:
    """A value by its name in the vector files, read and written again. Raises ProtocolError, UnsupportedError."""
    if kind not in _VALUES:
        raise UnsupportedError(f"ntcip knows no value {kind!r}")
    return _VALUES[kind](data)
