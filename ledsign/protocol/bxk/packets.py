"""Packets of BX-K cards, unescaped: a header of 14 bytes (30 with a barcode), data, and a check of both.

::

    dst src | 00 00 00 | option | [barcode 16] | check mode | display mode | device | 02 | length | data | check

Request data: ``group command response reserved2 arguments``; an answer has its error number in place of response.
Packets have no number: an ACK does not say what it confirms. Source: vendor document for BX-5K/6K, V1.4; the same
packets come from the vendor's encoder, two other ones and a fielded rain station.
"""

import struct
from dataclasses import dataclass, field

from ledsign.protocol.bxk import commands
from ledsign.protocol.bxk.commands import Command
from ledsign.protocol.message import Message
from ledsign.protocol.onbon import LEADS, crc16
from ledsign.protocol.packed import need
from ledsign.protocol.wire import sum16

ANYONE, EVERYONE, PC = 0xFFFE, 0xFFFF, 0x8000  # whoever is there; nobody answers; us
WILDCARD, VERSION = 0xFE, 2
OVER = 1  # display mode: dynamic areas lie over the programme
MAX_DATA = 4096
MAX_PACKET = 2 * (MAX_DATA + 64)
_HEAD = struct.Struct("<HH3xB")
_TAIL = struct.Struct("<BBBBH")


@dataclass(frozen=True, slots=True)
class Reply(Message):
    """A card's answer; ``error`` is 0 when all is well."""

    group: int
    cmd: int
    error: int = 0
    data: bytes = b""
    reserved: bytes = b"\0\0"

    @property
    def code(self) -> tuple[int, int]:
        return self.group, self.cmd


@dataclass(frozen=True, slots=True)
class Packet(Message):
    """One packet. ``response``: 1 wanted, 2 not; ``check``: 0 CRC-16, 1 sum. The third mode of 6K cards, none, is
    not read: one flipped bit of the mode would switch the check off."""

    body: Command | Reply
    dst: int = ANYONE
    src: int = PC
    device: int = WILDCARD
    display: int = 0
    check: int = 0
    response: int = 1
    reserved: bytes = b"\0\0"
    barcode: bytes = b""
    leads: int = field(default=LEADS, compare=False)


def _check(mode: int, content: bytes) -> int:
    """The check of a header and data."""
    need(mode in (0, 1), "check mode")
    return sum16(content) if mode else crc16(content)


def pack(packet: Packet) -> bytes:
    """A packet's content, not yet escaped."""
    body, p = packet.body, packet
    if isinstance(body, Reply):
        data = bytes((*body.code, body.error)) + body.reserved + body.data
    else:
        data = bytes((*body.code, p.response)) + p.reserved + body.pack()
    content = _HEAD.pack(p.dst, p.src, bool(p.barcode)) + p.barcode
    content += _TAIL.pack(p.check, p.display, p.device, VERSION, len(data)) + data
    return content + struct.pack("<H", _check(p.check, content))


def parse(content: bytes) -> Packet:
    """A packet's unescaped content. Raises ProtocolError unless check, length and structure all agree."""
    need(len(content) >= 21 and not any(content[4:7]), "header")
    dst, src, option = _HEAD.unpack_from(content)
    need(option in (0, 1), "option")
    at = 8 + 16 * option
    need(len(content) >= at + 13, "header")
    check, display, device, version, length = _TAIL.unpack_from(content, at)
    data = content[at + 6 : -2]
    need(version == VERSION and display <= 1 and length == len(data) <= MAX_DATA, "length")
    need(len(data) >= 5 and _check(check, content[:-2]) == int.from_bytes(content[-2:], "little"), "check")
    barcode = content[8:at]
    if PC <= dst < ANYONE:
        reply = Reply(data[0], data[1], data[2], data[5:], data[3:5])
        return Packet(reply, dst, src, device, display, check, barcode=barcode)
    need(data[2] in (1, 2), "response")
    body = commands.parse(data[0], data[1], data[5:])
    return Packet(body, dst, src, device, display, check, data[2], data[3:5], barcode)
