"""The values that SNMPv1 carries (RFC 1155): numbers, octets, names, and what an agent asks for."""

from dataclasses import dataclass
from typing import TypeAlias

from ledsign.errors import ProtocolError

INTEGER, OCTETS, NULL, OID = 0x02, 0x04, 0x05, 0x06
IP_ADDRESS, COUNTER, GAUGE, TICKS, OPAQUE = 0x40, 0x41, 0x42, 0x43, 0x44
NUMBERS = (INTEGER, COUNTER, GAUGE, TICKS)
_OCTETS = (OCTETS, IP_ADDRESS, OPAQUE)
_LARGEST = 1 << 64  # no sign counts further

Oid: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A simple value under its BER tag: a number, octets (none for NULL), or an object's name."""

    tag: int
    content: int | bytes | Oid

    @property
    def number(self) -> int:
        """As a number, whichever integer-like tag it has (real signs use unexpected ones). Raises ProtocolError."""
        if self.tag not in NUMBERS or not isinstance(self.content, int) or not -_LARGEST < self.content < _LARGEST:
            raise ProtocolError(f"no number: tag {self.tag:02x}")
        return self.content

    @property
    def octets(self) -> bytes:
        """As bytes. Raises ProtocolError when it is a number or a name."""
        if self.tag not in _OCTETS or not isinstance(self.content, bytes):
            raise ProtocolError(f"no octets: tag {self.tag:02x}")
        return self.content


EMPTY = Value(NULL, b"")


def integer(number: int, tag: int = INTEGER) -> Value:
    """``tag`` may be COUNTER, GAUGE or TICKS, which hold 32 bits without a sign."""
    return Value(tag, int(number))


def octets(data: bytes, tag: int = OCTETS) -> Value:
    return Value(tag, data)
