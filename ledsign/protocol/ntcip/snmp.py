"""SNMPv1 messages (RFC 1157): get, get-next, set and the response; traps are not read.

Written and read by pysnmp's description of the messages and pyasn1's encoder and decoder, without pysnmp's engine,
sockets and loop. The decoder is the DER one, which takes definite lengths only, as RFC 1157 wants them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from pyasn1.codec.ber import encoder
from pyasn1.codec.der import decoder
from pyasn1.error import PyAsn1Error
from pysnmp.proto.api import v1

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message
from ledsign.protocol.ntcip.smi import (
    COUNTER,
    EMPTY,
    GAUGE,
    INTEGER,
    IP_ADDRESS,
    NULL,
    NUMBERS,
    OCTETS,
    OID,
    OPAQUE,
    TICKS,
    Oid,
    Value,
)

MAX_MESSAGE = 4096  # bytes; a graphic block of 1023 bytes with its head needs a third of it


class Pdu(IntEnum):
    """Kinds of messages, by their BER tag."""

    GET = 0xA0
    GET_NEXT = 0xA1
    RESPONSE = 0xA2
    SET = 0xA3


_WHOLE = v1.Message()
_PDUS: Mapping[Pdu, Callable[[], Any]] = {
    Pdu.GET: v1.GetRequestPDU,
    Pdu.GET_NEXT: v1.GetNextRequestPDU,
    Pdu.RESPONSE: v1.GetResponsePDU,
    Pdu.SET: v1.SetRequestPDU,
}
_TYPES: Mapping[int, Callable[[object], Any]] = {
    INTEGER: v1.Integer,
    OCTETS: v1.OctetString,
    NULL: v1.Null,
    OID: v1.ObjectIdentifier,
    IP_ADDRESS: v1.IpAddress,
    COUNTER: v1.Counter,
    GAUGE: v1.Gauge,
    TICKS: v1.TimeTicks,
    OPAQUE: v1.Opaque,
}
_WORD = 1 << 31  # request ids, errors and places are numbers of 32 bits


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

    @property
    def plain_set(self) -> bool:
        """A SET request as it should be: without an error of its own."""
        return self.pdu is Pdu.SET and not self.error and not self.index

    def reply(self, binds: tuple[Bind, ...]) -> "Snmp":
        """The answer that all is well."""
        return replace(self, pdu=Pdu.RESPONSE, binds=binds, error=0, index=0)

    def fault(self, error: Fault, index: int) -> "Snmp":
        """The answer that it is not: the binds are echoed as they came."""
        return replace(self, pdu=Pdu.RESPONSE, error=int(error), index=index)


def pack(message: Snmp) -> bytes:
    """The message as bytes. Raises ProtocolError for a value that does not fit its type."""
    try:
        binds = _filled(v1.VarBindList(), (_filled(v1.VarBind(), _parts(bind)) for bind in message.binds))
        numbers = (v1.Integer(number) for number in (message.request_id, message.error, message.index))
        pdu = _filled(_PDUS[message.pdu](), (*numbers, binds))
        community = v1.OctetString(message.community.encode("latin-1"))
        return bytes(encoder.encode(_filled(v1.Message(), (v1.Integer(0), community, pdu))))
    except PyAsn1Error as error:
        raise ProtocolError(f"SNMP: {error}") from error


def _parts(bind: Bind) -> tuple[Any, Any]:
    return v1.ObjectIdentifier(bind.oid), _TYPES[bind.value.tag](bind.value.content)


def _filled(whole: Any, parts: Iterable[Any]) -> Any:
    """A sequence with its parts. They are what they should be: not to have that checked halves the time."""
    for place, part in enumerate(parts):
        whole.setComponentByPosition(place, part, verifyConstraints=False, matchTags=False, matchConstraints=False)
    return whole


def taken(data: bytes) -> bytes:
    """What an agent answers that takes a SET request which came as these (sound) bytes: the same under another tag
    (RFC 1157, 4.1.5). Neither end has to encode or decode such an answer."""
    at, _end = _content(data, 0)
    for _version_and_community in range(2):
        _start, at = _content(data, at)
    return data[:at] + bytes((Pdu.RESPONSE,)) + data[at + 1 :]


def _content(data: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element that stands at ``at`` begins and ends."""
    size, begin = data[at + 1], at + 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(data[at + 2 : begin], "big")
    return begin, begin + size


def parse(data: bytes, address: int | None = None) -> Snmp:
    """Read exactly one message. Raises ProtocolError."""
    if len(data) > MAX_MESSAGE:
        raise ProtocolError("SNMP message is too long")
    try:
        whole, rest = decoder.decode(data, asn1Spec=_WHOLE)
    except (PyAsn1Error, OverflowError, ValueError) as error:
        # the last two slip out of the decoder: lengths of more than 63 bits, numbers of more than 4300 digits
        raise ProtocolError("no SNMP message") from error
    if rest or int(whole[0]) != 0:
        raise ProtocolError("bytes behind the SNMP message" if rest else "not SNMP version 1")
    pdu = v1.apiMessage.get_pdu(whole)
    kind = _tag(pdu)
    numbers = tuple(int(part) for part in pdu[:3]) if kind in tuple(Pdu) else ()
    if not numbers or not all(-_WORD <= number < _WORD for number in numbers):
        raise ProtocolError(f"PDU {kind:02x}")
    binds = tuple(Bind(tuple(name), _value(value)) for name, value in v1.apiPDU.get_varbinds(pdu))
    return Snmp(Pdu(kind), numbers[0], binds, numbers[1], numbers[2], bytes(whole[1]).decode("latin-1"), address)


def _tag(element: Any) -> int:
    """The first byte of its encoding."""
    tag = element.tagSet[0]
    return int(tag.tagClass | tag.tagFormat | tag.tagId)


def _value(element: Any) -> Value:
    tag = _tag(element)
    if tag in NUMBERS:
        return Value(tag, int(element))
    if tag == NULL:
        return EMPTY
    return Value(tag, tuple(element) if tag == OID else bytes(element))
