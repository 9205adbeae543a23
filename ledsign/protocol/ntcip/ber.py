"""The little of BER that SNMPv1 needs (ITU-T X.690, RFC 1155): tag, definite length, content.

Decoding keeps a value's content bytes as they came, so that writing it again gives the same bytes.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ledsign.errors import ProtocolError

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER, GAUGE, TICKS, OPAQUE = 0x40, 0x41, 0x42, 0x43, 0x44
_UNSIGNED = (COUNTER, GAUGE, TICKS)
_SIMPLE = (INTEGER, OCTETS, NULL, OID, IP_ADDRESS, *_UNSIGNED, OPAQUE)

Oid: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A simple value: its tag and its content bytes."""

    tag: int
    data: bytes

    @property
    def number(self) -> int:
        """As a number, whichever integer-like tag it has (real signs use unexpected ones). Raises ProtocolError."""
        if self.tag not in (INTEGER, *_UNSIGNED) or not 1 <= len(self.data) <= 9:
            raise ProtocolError(f"no number: tag {self.tag:02x}, {len(self.data)} bytes")
        return int.from_bytes(self.data, "big", signed=self.tag == INTEGER)

    @property
    def octets(self) -> bytes:
        """As bytes. Raises ProtocolError when it is a number or a name."""
        if self.tag not in (OCTETS, IP_ADDRESS, OPAQUE):
            raise ProtocolError(f"no octets: tag {self.tag:02x}")
        return self.data


EMPTY = Value(NULL, b"")


def integer(number: int, tag: int = INTEGER) -> Value:
    """The shortest two's complement form; ``tag`` may be COUNTER, GAUGE or TICKS."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return Value(tag, number.to_bytes(size, "big", signed=True))


def octets(data: bytes, tag: int = OCTETS) -> Value:
    return Value(tag, data)


def wrap(tag: int, content: bytes) -> bytes:
    """Tag, shortest length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def measure(data: bytes) -> int:
    """How many bytes the element at the head of ``data`` has in all; 0 while that cannot be told.

    Raises ProtocolError for a length that no SNMP message has (indefinite, or above four bytes).
    """
    if len(data) < 2:
        return 0
    first = data[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise ProtocolError(f"BER length form {first:02x}")
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big") if len(data) >= 2 + count else 0


class Reader:
    """Takes elements off the head of some bytes; every fault is a ProtocolError."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    @property
    def done(self) -> bool:
        return not self._rest

    def element(self) -> tuple[int, bytes]:
        """Tag and content of the next element."""
        size = measure(self._rest)
        if not 0 < size <= len(self._rest):
            raise ProtocolError("BER element is cut off")
        tag, form = self._rest[0], self._rest[1]
        head = 2 + (form & 0x7F if form & 0x80 else 0)
        content, self._rest = self._rest[head:size], self._rest[size:]
        return tag, content

    def content(self, tag: int) -> bytes:
        """Content of the next element, which must have this tag."""
        found, content = self.element()
        if found != tag:
            raise ProtocolError(f"BER tag {found:02x} where {tag:02x} belongs")
        return content

    def number(self) -> int:
        """The next element, an INTEGER of at most 32 bits."""
        content = self.content(INTEGER)
        if not 1 <= len(content) <= 4:
            raise ProtocolError("INTEGER length")
        return int.from_bytes(content, "big", signed=True)

    def value(self) -> Value:
        """The next element as a simple value."""
        tag, content = self.element()
        if tag not in _SIMPLE or (tag == NULL and content):
            raise ProtocolError(f"BER tag {tag:02x} is no value")
        return Value(tag, content)


def pack_oid(oid: Oid) -> bytes:
    """An object's name as content bytes; names begin 0.x, 1.x or 2.x."""
    out = bytearray()
    for part in (oid[0] * 40 + oid[1], *oid[2:]):
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.append(part & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return bytes(out)


def parse_oid(content: bytes) -> Oid:
    """Read a name. Raises ProtocolError when it is empty, cut off, padded or has more than 128 parts."""
    parts: list[int] = []
    part, fresh = 0, True
    for byte in content:
        if fresh and byte == 0x80:
            raise ProtocolError("OID is padded")
        part = part << 7 | byte & 0x7F
        if part >= 1 << 32:
            raise ProtocolError("OID part above 32 bits")
        fresh = byte < 0x80
        if fresh:
            parts.append(part)
            part = 0
    if not parts or not fresh or len(parts) > 127:
        raise ProtocolError("OID length")
    first = min(parts[0] // 40, 2)
    return (first, parts[0] - first * 40, *parts[1:])
