"""The HDLC frame of NTCIP 2101 (PMPP) around SNMP on serial lines and plain TCP.

``7E`` address (1 or 2 bytes), control 13, IPI C1, SNMP message, CRC-16/X-25 low byte first, ``7E``; between the
flags 7E and 7D are escaped with 7D. The CRC is made before escaping.
"""

from dataclasses import dataclass

from ledsign.errors import ProtocolError
from ledsign.protocol.message import Message
from ledsign.protocol.ntcip.checks import x25
from ledsign.protocol.ntcip.snmp import MAX_MESSAGE
from ledsign.protocol.wire import stuff, unstuff

FLAG, ESCAPE = 0x7E, 0x7D
POLL, SNMP_IPI = 0x13, 0xC1  # unnumbered information with poll; the payload is SNMP
MAX_FRAME = 2 * (MAX_MESSAGE + 8) + 2  # everything escaped
_ESCAPES = {FLAG: b"\x7d\x5e", ESCAPE: b"\x7d\x5d"}
_ORIGINALS = {0x5E: FLAG, 0x5D: ESCAPE}


@dataclass(frozen=True, slots=True)
class HdlcFrame(Message):
    """A sound frame, whatever it carries."""

    address: int
    control: int
    ipi: int
    payload: bytes


def pack_address(address: int) -> bytes:
    """13 bits in one or two bytes; bit 0 marks the last byte."""
    if address < 64:
        return bytes((address << 2 | 1,))
    return bytes((address << 2 & 0xFC, address >> 5 & 0xFE | 1))


def pack(frame: HdlcFrame) -> bytes:
    """The frame with its flags."""
    body = pack_address(frame.address) + bytes((frame.control, frame.ipi)) + frame.payload
    body += x25(body).to_bytes(2, "little")
    return bytes((FLAG,)) + stuff(body, _ESCAPES) + bytes((FLAG,))


def parse(packet: bytes) -> HdlcFrame:
    """Read exactly one frame with its flags. Raises ProtocolError."""
    if len(packet) < 2 or packet[0] != FLAG or packet[-1] != FLAG:
        raise ProtocolError("flags are missing")
    body = unstuff(packet[1:-1], ESCAPE, _ORIGINALS)
    if body is None or FLAG in packet[1:-1]:
        raise ProtocolError("escape sequence")
    if len(body) < 5 or x25(body[:-2]).to_bytes(2, "little") != body[-2:]:
        raise ProtocolError("frame check")
    size = 1 if body[0] & 1 else 2
    address = body[0] >> 2 | (0 if size == 1 else (body[1] & 0xFE) << 5)
    if len(body) < size + 4 or pack_address(address) != body[:size]:
        raise ProtocolError("address")
    return HdlcFrame(address, body[size], body[size + 1], body[size + 2 : -2])


def measure(buffer: bytes) -> int:
    """For a splitter: see ``protocol.wire``. A bad frame's last flag may be the next one's first."""
    if buffer[0] != FLAG:
        found = buffer.find(FLAG)
        return -found if found > 0 else -len(buffer)
    end = buffer.find(FLAG, 1)
    if end < 0:
        return 0
    try:
        parse(buffer[: end + 1])
    except ProtocolError:
        return -end
    return end + 1
