"""Packets of the CP5200 family: framing on serial lines and on TCP, and what stands in them.

Serial::

    A5 | escaped( type 32 ID CMD FLAG data... SUMlo SUMhi ) | AE        A5 -> AA 05, AE -> AA 0E, AA -> AA 0A

TCP::

    ID code, 4 bytes BE | length, 2 bytes LE | 00 00 | type 32 ID CMD FLAG data... SUMlo SUMhi

``type`` is 68 (request, and replies of firmware up to 3.2) or E8 (reply); SUM is the 16-bit sum of everything
from ``type`` to the end of the data, before escaping. Calls (CMD 7B) carry ``LEN u16 LE | PO | TP | slice``:
packet PO of TP + 1, the call code standing at the head of the first slice only. A card's reply carries its
own PO and TP (00 00), so that a reply does not say which packet it answers.
"""

import struct
from dataclasses import dataclass
from typing import TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.cp5200 import files, templates
from ledsign.protocol.cp5200.basic import Basic
from ledsign.protocol.cp5200.calls import Call
from ledsign.protocol.message import Message
from ledsign.protocol.packed import need
from ledsign.protocol.wire import stuff, sum16, unstuff

REQUEST, REPLY, CARD_TYPE, CALL = 0x68, 0xE8, 0x32, 0x7B
MAX_BODY = 1200  # the longest known body is 1024 bytes of message data with its heads
_ESCAPES = {0xA5: b"\xaa\x05", 0xAA: b"\xaa\x0a", 0xAE: b"\xaa\x0e"}
_UNESCAPES = {0x05: 0xA5, 0x0A: 0xAA, 0x0E: 0xAE}
MAX_PACKET = 2 * MAX_BODY + 2


@dataclass(frozen=True, slots=True)
class Part(Message):
    """Packet ``index`` of a call that needs ``last + 1`` packets."""

    index: int
    last: int
    data: bytes

    @property
    def code(self) -> int:
        """The call code; only the first packet knows it."""
        return self.data[0] if not self.index else -1


Body: TypeAlias = Call | Basic | Part


@dataclass(frozen=True, slots=True)
class Burst(Message):
    """Packets in a row of which only the last asks for an answer. Of an upload (``cc``, ``user``) the answer names
    the packets that are missing."""

    bodies: tuple[Part | Basic, ...]
    cc: int = -1
    user: int = 0


@dataclass(frozen=True, slots=True)
class Request(Message):
    """Client to card. ``flag`` bit 0: a reply is wanted."""

    body: Body
    card_id: int = 1
    flag: int = 1


@dataclass(frozen=True, slots=True)
class Reply(Message):
    """Card to client, answering a basic command. ``status`` has no settled meaning; ``data`` decides."""

    command: int
    data: bytes
    status: int = 1
    card_id: int = 1
    type: int = REPLY


@dataclass(frozen=True, slots=True)
class CallReply(Message):
    """Card to client, answering a call packet. ``status``: 00 ok, 01 damaged, 02 out of order. ``cc`` is
    the call code, None when the card sent none (vendor software takes that for an error)."""

    cc: int | None
    status: int = 0
    data: bytes = b""
    index: int = 0
    last: int = 0
    card_id: int = 1
    type: int = REPLY


def _call_body(slice_: bytes, index: int, last: int) -> bytes:
    return struct.pack("<HBB", len(slice_), index, last) + slice_


def _request(message: Request) -> tuple[int, int, int, bytes]:
    body = message.body
    if isinstance(body, Part):
        return REQUEST, CALL, message.flag, _call_body(body.data, body.index, body.last)
    if isinstance(body, Call):
        return REQUEST, CALL, message.flag, _call_body(bytes((body.code,)) + body.pack(), 0, 0)
    return REQUEST, body.code, message.flag, body.pack()


def pack(message: Request | Reply | CallReply) -> bytes:
    """The packet's body from type byte to sum, not framed."""
    if isinstance(message, Request):
        kind, code, flag, data = _request(message)
    elif isinstance(message, Reply):
        kind, code, flag, data = message.type, message.command, message.status, message.data
    else:
        head = b"" if message.cc is None else bytes((message.cc,))
        kind, code, flag = message.type, CALL, message.status
        data = _call_body(head + message.data, message.index, message.last)
    body = bytes((kind, CARD_TYPE, message.card_id, code, flag)) + data
    return body + struct.pack("<H", sum16(body))


def frame(body: bytes, link: Link, id_code: bytes) -> bytes:
    """Put a body on the wire."""
    if link is Link.SERIAL:
        return b"\xa5" + stuff(body, _ESCAPES) + b"\xae"
    return id_code + struct.pack("<HH", len(body), 0) + body


def unframe(packet: bytes, link: Link) -> bytes:
    """The body of a packet. Raises ProtocolError on a wrong escape."""
    if link is not Link.SERIAL:
        return packet[8:]
    body = unstuff(packet[1:-1], 0xAA, _UNESCAPES)
    if body is None:
        raise ProtocolError("impossible escape")
    return body


def _sliced(data: bytes) -> tuple[int, int, bytes]:
    need(len(data) >= 4, "call head")
    length, index, last = struct.unpack_from("<HBB", data)
    need(length == len(data) - 4 and length <= 512 and index <= last, "call length")
    return index, last, data[4:]


def _parse_reply(kind: int, card_id: int, code: int, status: int, data: bytes) -> Reply | CallReply:
    if code != CALL:
        need(bool(data), "reply without data")
        return Reply(code, data, status, card_id, kind)
    index, last, slice_ = _sliced(data)
    return CallReply(slice_[0] if slice_ else None, status, slice_[1:], index, last, card_id, kind)


def _parse_request(card_id: int, code: int, flag: int, data: bytes) -> Request:
    if code != CALL:
        return Request(files.parse(code, flag, data), card_id, flag)
    need(flag in (0, 1), "flag")
    index, last, slice_ = _sliced(data)
    need(bool(slice_), "empty call packet")
    body = templates.parse(slice_) if not last else Part(index, last, slice_)
    return Request(body, card_id, flag)


def parse(body: bytes, role: Role) -> Request | Reply | CallReply:
    """A body as a message. Raises ProtocolError unless sum, length and structure all agree."""
    need(7 <= len(body) <= MAX_BODY, "body length")
    need(sum16(body[:-2]) == int.from_bytes(body[-2:], "little"), "sum")
    kind, card_type, card_id, code, flag = body[:5]
    need(kind in (REQUEST, REPLY) and card_type == CARD_TYPE and card_id > 0, "packet type")
    data = body[5:-2]
    if kind == REPLY or role is Role.DRIVER:
        return _parse_reply(kind, card_id, code, flag, data)
    return _parse_request(card_id, code, flag, data)


def _sound(body: bytes, role: Role) -> bool:
    try:
        parse(body, role)
    except ProtocolError:
        return False
    return True


def measure_serial(data: bytes, role: Role) -> int:
    """Head of a serial stream, see ``wire``. A5 never stands inside a packet, so it always starts one."""
    if data[0] != 0xA5:
        start = data.find(b"\xa5")
        return -(len(data) if start < 0 else start)
    end, again = data.find(b"\xae"), data.find(b"\xa5", 1)
    if again > 0 and (end < 0 or again < end):
        return -again
    if end < 0:
        return 0 if len(data) <= MAX_PACKET else -1
    body = unstuff(data[1:end], 0xAA, _UNESCAPES)
    return end + 1 if body is not None and _sound(body, role) else -(end + 1)


def measure_net(data: bytes, role: Role, id_code: bytes) -> int:
    """Head of a TCP stream, see ``wire``. A wrong ID code is noise."""
    head = data[:10]
    if not id_code.startswith(head[:4]) or any(head[6:8]):
        return -1
    if len(head) > 8 and head[8] not in (REQUEST, REPLY):
        return -1
    if len(head) == 10 and head[9] != CARD_TYPE:
        return -1
    if len(head) < 6:
        return 0
    length = int.from_bytes(head[4:6], "little")
    if not 7 <= length <= MAX_BODY:
        return -1
    if len(data) < 8 + length:
        return 0
    return 8 + length if _sound(data[8 : 8 + length], role) else -1
