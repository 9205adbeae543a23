"""Headers of BX-5 and BX-6 packets (unescaped) and what is in them.

* G5, 27 bytes, byte 4 = 05; G6, 28 bytes (44 with a barcode), byte 4 = 07: both carry the length and CRC16 of the
  body, and end with the xor of all header bytes before.
* F0, 16 bytes, byte 4 = F0: dynamic areas; a CRC16 over header and body follows the body. The argument length
  inside is filled by some encoders and zero with others, so receivers ignore it.
* G3, 15 bytes: the vendor's question for a card's generation.

A reply goes back with destination and source exchanged and its sequence number is the request's + 8000h. Sources:
the vendor's Java and C kits, compared byte for byte; the reply's sequence is what both accept.
"""

import struct
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from ledsign.protocol.bx56 import commands
from ledsign.protocol.bx56.commands import Command, OtherCommand, Reply
from ledsign.protocol.bx56.models import Generation
from ledsign.protocol.message import Message
from ledsign.protocol.onbon import LEADS, crc16
from ledsign.protocol.packed import need

ANYONE, PC = 0xFFFE, 0x8000  # whoever is there, answer wanted; the first of the PC's addresses
EVERYONE = 0xFFFF  # no answer
UNENCRYPTED = 0x96
MAX_BODY = 1 << 20
MAX_PACKET = 2 * MAX_BODY + 64
_VERSIONS = {5: Generation.G5, 7: Generation.G6, 0xF0: Generation.AREA, 0: Generation.PROBE}
_G5 = struct.Struct("<HHBB2sBBHBBBB6sHH")
_G6_HEAD = struct.Struct("<HHBB2sBB")
_G6_TAIL = struct.Struct("<HHBB6sHHB")
_F0 = struct.Struct("<HHBB2s4xI")
_G3 = struct.Struct("<HHBB2sHHH")
_PROBE_DEVICE = b"\xfe\x01"


@dataclass(frozen=True, slots=True)
class Packet(Message):
    """One packet. ``device``: series and model; ``max_frame``: as in the header (G5: in 16 bytes);
    ``declared``: the argument length written in the packet where it is not the real one."""

    generation: Generation
    body: Command | Reply
    dst: int = ANYONE
    src: int = PC
    device: bytes = b"\xfe\xff"
    seq: int = 0
    protocol_type: int = 0
    phy: int = 0
    max_frame: int = 0
    random: int = 0
    barcode: bytes = b""
    declared: int | None = None
    leads: int = field(default=LEADS, compare=False)


def _xor(data: bytes) -> int:
    return reduce(xor, data, 0)


def _pack_body(packet: Packet) -> bytes:
    body = packet.body
    if isinstance(body, Reply):
        fields = (body.reserved, *body.code, body.status, body.error, len(body.data))
        return struct.pack("<BBBHHH", *fields) + body.data
    if packet.generation is Generation.PROBE:
        return bytes(body.code) + body.pack()
    args = body.pack()
    # a length of zero in area packets stands for any: their real length is in the header
    length = len(args) if packet.declared is None else packet.declared
    return struct.pack("<BBBH", 1, *body.code, length & 0xFFFF) + args


def pack(packet: Packet) -> bytes:
    """A packet's content, not yet escaped."""
    body, p = _pack_body(packet), packet
    if p.generation is Generation.AREA:
        content = _F0.pack(p.dst, p.src, 0xF0, p.protocol_type, p.device, len(body)) + body
        return content + struct.pack("<H", crc16(content))
    need(len(body) <= 0xFFFF, "body too long")
    if p.generation is Generation.PROBE:
        head = _G3.pack(p.dst, p.src, 0, 0, _PROBE_DEVICE, p.seq, len(body), crc16(body))
    elif p.generation is Generation.G5:
        fields = (p.seq, 0, p.max_frame, UNENCRYPTED, p.random, bytes(6), len(body), crc16(body))
        head = _G5.pack(p.dst, p.src, 5, p.protocol_type, p.device, p.phy, 0, *fields)
    else:
        head = _G6_HEAD.pack(p.dst, p.src, 7, p.protocol_type, p.device, p.phy, 2 if p.barcode else 0) + p.barcode
        head += _G6_TAIL.pack(p.seq, p.max_frame, UNENCRYPTED, p.random, bytes(6), len(body), crc16(body), 0)
    return head + bytes((_xor(head),)) + body


def _parse_body(generation: Generation, dst: int, body: bytes) -> tuple[Command | Reply, int | None]:
    if generation is Generation.PROBE:
        need(len(body) >= 2, "probe body")
        return OtherCommand(body[0], body[1], body[2:]), None
    if PC <= dst < ANYONE:
        need(len(body) >= 9, "reply body")
        reserved, group, cmd, status, error, length = struct.unpack_from("<BBBHHH", body)
        need(length == len(body) - 9, "reply length")
        return Reply(group, cmd, error, body[9:], status, reserved), None
    need(len(body) >= 5 and body[0] == 1, "request body")
    declared = int.from_bytes(body[3:5], "little")
    command = commands.parse(body[1], body[2], body[5:])
    return command, None if declared == len(body) - 5 else declared


def _parse_area(content: bytes) -> Packet:
    need(len(content) >= 18, "area packet")
    dst, src, _f0, kind, device, length = _F0.unpack_from(content)
    need(length == len(content) - 18 and length <= MAX_BODY, "area length")
    need(crc16(content[:-2]) == int.from_bytes(content[-2:], "little"), "area CRC")
    body, declared = _parse_body(Generation.AREA, dst, content[16:-2])
    return Packet(Generation.AREA, body, dst, src, device, protocol_type=kind, declared=declared)


def _checked(content: bytes, size: int, length: int, crc: int) -> bytes:
    """The body behind a header of ``size`` bytes. Raises ProtocolError unless xor, length and CRC agree."""
    need(_xor(content[: size - 1]) == content[size - 1], "header sum")
    body = content[size:]
    need(len(body) == length, "body length")
    need(crc16(body) == crc, "body CRC")
    return body


def _parse_g5(content: bytes) -> Packet:
    need(len(content) >= 27, "header")
    dst, src, _v, kind, device, phy, _r, *rest = _G5.unpack_from(content)
    seq, _r2, most, crypt, random, _secret, length, crc = rest
    need(crypt == UNENCRYPTED, "encryption")
    body, declared = _parse_body(Generation.G5, dst, _checked(content, 27, length, crc))
    return Packet(Generation.G5, body, dst, src, device, seq, kind, phy, most, random, declared=declared)


def _parse_g6(content: bytes) -> Packet:
    need(len(content) >= 28, "header")
    dst, src, _v, kind, device, phy, option = _G6_HEAD.unpack_from(content)
    barcode = content[10:26] if option & 2 else b""
    need(len(content) >= 28 + len(barcode), "header")
    tail = _G6_TAIL.unpack_from(content, 10 + len(barcode))
    seq, most, crypt, random, _secret, length, crc, _reserved = tail
    need(crypt == UNENCRYPTED, "encryption")
    body, declared = _parse_body(Generation.G6, dst, _checked(content, 28 + len(barcode), length, crc))
    return Packet(Generation.G6, body, dst, src, device, seq, kind, phy, most, random, barcode, declared)


def _parse_probe(content: bytes) -> Packet:
    need(len(content) >= 15, "probe")
    dst, src, _zero, kind, device, seq, length, crc = _G3.unpack_from(content)
    need(device == _PROBE_DEVICE and kind == 0, "probe")
    body, _none = _parse_body(Generation.PROBE, dst, _checked(content, 15, length, crc))
    return Packet(Generation.PROBE, body, dst, src, device, seq)


def parse(content: bytes) -> Packet:
    """A packet's unescaped content. Raises ProtocolError unless sums, lengths and structure all agree."""
    need(len(content) >= 15, "too short")
    generation = _VERSIONS.get(content[4])
    if generation is Generation.G5:
        return _parse_g5(content)
    if generation is Generation.G6:
        return _parse_g6(content)
    if generation is Generation.AREA:
        return _parse_area(content)
    need(generation is Generation.PROBE, "generation")
    return _parse_probe(content)
