"""SNMPv1 messages (RFC 1157): get, get-next, set and the response; traps are not read."""

from dataclasses import dataclass, replace
from enum import IntEnum

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message
from ledsign.protocol.ntcip import ber
from ledsign.protocol.ntcip.ber import EMPTY, Oid, Value

MAX_MESSAGE = 4096  # bytes; a graphic block of 1023 bytes with its head needs a third of it


class Pdu(IntEnum):
    """Kinds of messages, by their BER tag."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3


class Fault(IntEnum):
    """The error-status of a response."""

    NONE = 0
    TOO_BIG = 1
    NO_SUCH_NAME = 2
    BAD_VALUE = 3
    READ_ONLY = 4
    GEN_ERR = 5


def fault_name(status: int) -> str:
    """An error-status in words; empty where the standard has none."""
    return Fault(status).name.lower().replace("_", " ") if status in set(Fault) else ""


@dataclass(frozen=True, slots=True)
class Bind:
    """An object's name with its value (NULL in a question)."""

    oid: Oid
    value: Value = EMPTY


@dataclass(frozen=True, slots=True)
class Snmp(Message):
    """One message. ``index`` counts the bad bind from 1; ``address`` is the HDLC address it came under, None on
    UDP and where the codec's own is meant."""

    pdu: Pdu
    request_id: int
    binds: tuple[Bind, ...]
    error: int = 0
    index: int = 0
    community: str = "public"
    address: int | None = None

    def reply(self, binds: tuple[Bind, ...]) -> "Snmp":
        """The answer that all is well."""
        return replace(self, pdu=Pdu.RESPONSE, binds=binds, error=0, index=0)

    def fault(self, error: Fault, index: int) -> "Snmp":
        """The answer that it is not: the binds are echoed as they came."""
        return replace(self, pdu=Pdu.RESPONSE, error=int(error), index=index)


def pack(message: Snmp) -> bytes:
    """The message as bytes."""
    binds = b"".join(
        ber.wrap(ber.SEQUENCE, ber.wrap(ber.OID, ber.pack_oid(b.oid)) + ber.wrap(b.value.tag, b.value.data))
        for b in message.binds
    )
    numbers = (message.request_id, message.error, message.index)
    head = b"".join(ber.wrap(ber.INTEGER, ber.integer(number).data) for number in numbers)
    pdu = ber.wrap(message.pdu, head + ber.wrap(ber.SEQUENCE, binds))
    community = ber.wrap(ber.OCTETS, message.community.encode("latin-1"))
    return ber.wrap(ber.SEQUENCE, ber.wrap(ber.INTEGER, b"\0") + community + pdu)


def parse(data: bytes, address: int | None = None) -> Snmp:
    """Read exactly one message. Raises ProtocolError."""
    whole = ber.Reader(data)
    body = ber.Reader(whole.content(ber.SEQUENCE))
    if not whole.done:
        raise ProtocolError("bytes behind the SNMP message")
    if body.number() != 0:
        raise ProtocolError("not SNMP version 1")
    community = body.content(ber.OCTETS)
    tag, content = body.element()
    if tag not in tuple(Pdu) or not body.done:
        raise ProtocolError(f"PDU {tag:02x}")
    pdu = ber.Reader(content)
    request_id, error, index = pdu.number(), pdu.number(), pdu.number()
    entries = ber.Reader(pdu.content(ber.SEQUENCE))
    if not pdu.done:
        raise ProtocolError("bytes behind the binds")
    binds = []
    while not entries.done:
        entry = ber.Reader(entries.content(ber.SEQUENCE))
        binds.append(Bind(ber.parse_oid(entry.content(ber.OID)), entry.value()))
        if not entry.done:
            raise ProtocolError("bytes behind a value")
    return Snmp(Pdu(tag), request_id, tuple(binds), error, index, community.decode("latin-1"), address)


def measure(buffer: bytes) -> int:
    """For a splitter: see ``protocol.wire``."""
    if buffer[0] != ber.SEQUENCE:
        return -1
    try:
        size = ber.measure(buffer)
        if size > MAX_MESSAGE:
            return -1
        if not 0 < size <= len(buffer):
            return 0
        parse(buffer[:size])
    except ProtocolError:
        return -1
    return size
