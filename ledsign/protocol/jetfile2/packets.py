"""Framing of JetFile II, the same on TCP, UDP and serial lines. Two formats share one line.

Binary ("second format")::

    55 A7 request, A8 reply | sum u16 | data length u16 | source u16 | group | unit | serial u16
    | main | sub | argument length / 4 | flag | argument | data

The sum is that of all bytes from the data length to the end, 16 bits. ``flag``: in a request 0 = reply wanted,
1 = none; in a reply 1 = the argument is a status code, 0 = it is the answer's payload. (The document's general
table says the reverse, its command tables and examples and the independent client say this.) A reply echoes
serial and command.

Simple ("first format"), no sum: ``01 "Z" dd 02 command... 04``; with 03 at its end a reply is wanted: OK or a code.
"""

import struct
from dataclasses import dataclass
from typing import TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.codec import Role
from ledsign.protocol.jetfile2 import commands
from ledsign.protocol.jetfile2.base import Command, need
from ledsign.protocol.message import Message
from ledsign.protocol.wire import sum16

REQUEST, REPLY = b"\x55\xa7", b"\x55\xa8"
HEAD = 16
MAX_PACKET = 1500
MAX_SIMPLE = 1024
OK, OK_TEXT = 0x9000, 0x4B4F
TOO_LONG, DISK_FULL = 0x9013, 0x2102
_STATUS = {
    0x9002: "checksum",
    0x9004: "no such main command",
    0x9005: "no such command",
    0x9006: "length",
    0x9008: "no file",
    0x9010: "cannot open",
    0x9011: "unsupported",
    0x9012: "disk",
    TOO_LONG: "packet too long",
    0x9014: "out of order",
    0x9015: "file is open",
    DISK_FULL: "disk full",
}
_LOGIN = range(0x9030, 0x9036)
_HEADER = struct.Struct("<2sHHHBBHBBBB")


def status_name(code: int) -> str:
    """The meaning of a reply's status; empty where no document tells."""
    return "login: user or password" if code in _LOGIN else _STATUS.get(code, "")


@dataclass(frozen=True, slots=True)
class Request(Message):
    """Client to sign; group 0 unit 0 is everybody."""

    body: Command
    serial: int = 0
    group: int = 0
    unit: int = 0
    source: int = 0
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Reply(Message):
    """Sign to client. ``is_status``: the argument begins with a status code."""

    command: int
    serial: int
    is_status: bool
    arg: bytes
    data: bytes = b""
    group: int = 0
    unit: int = 0
    source: int = 0

    @property
    def values(self) -> bytes:
        """What the answer carries: which of the two places a sign puts it in differs between commands."""
        return self.arg or self.data

    @property
    def code(self) -> int:
        """Its first number: the status code, where the answer is one."""
        return int.from_bytes(self.values[:2], "little")

    @property
    def status(self) -> int | None:
        """The status code; None in an answer that carries values."""
        return self.code if self.is_status else None


@dataclass(frozen=True, slots=True)
class Simple(Message):
    """A frame of the first format. ``command``: A text, G string, I picture, E special."""

    unit: int
    command: str
    body: bytes
    answer: bool = False


@dataclass(frozen=True, slots=True)
class SimpleReply(Message):
    """The plain answer to a simple frame; it has no frame of its own and is never read here."""

    text: bytes


Packet: TypeAlias = Request | Reply | Simple | SimpleReply


def status_reply(request: Request, code: int) -> Reply:
    """A reply that carries only a code."""
    return Reply(request.body.code, request.serial, True, struct.pack("<HH", code, 0), b"", 0, 0, address(request))


def address(request: Request) -> int:
    """Where a request went, as the source of its reply."""
    return request.group | request.unit << 8


def pack(message: Packet) -> bytes:
    """A message as bytes on the wire."""
    if isinstance(message, SimpleReply):
        return message.text
    if isinstance(message, Simple):
        head = b"\x01Z%02d\x02" % message.unit + message.command.encode("latin-1")
        return head + message.body + (b"\x03" if message.answer else b"\x04")
    if isinstance(message, Request):
        sync, code, flag = REQUEST, message.body.code, int(message.quiet)
        arg, data = message.body.pack()
    else:
        sync, code, flag, arg, data = REPLY, message.command, int(message.is_status), message.arg, message.data
    arg += bytes(-len(arg) % 4)
    where = message.source, message.group, message.unit, message.serial
    fields = (len(data), *where, code >> 8, code & 0xFF, len(arg) // 4, flag)
    rest = _HEADER.pack(sync, 0, *fields)[4:] + arg + data
    return sync + struct.pack("<H", sum16(rest)) + rest


def parse(packet: bytes) -> Packet:
    """A packet as a message. Raises ProtocolError unless sum and lengths agree."""
    if packet[:1] == b"\x01":
        return _parse_simple(packet)
    need(HEAD <= len(packet) <= MAX_PACKET, "packet length")
    sync, total, length, source, group, unit, serial, main, sub, groups, flag = _HEADER.unpack_from(packet)
    need(sync in (REQUEST, REPLY) and flag <= 1, "packet head")
    need(len(packet) == HEAD + 4 * groups + length and sum16(packet[4:]) == total, "sum")
    arg, data = packet[HEAD : HEAD + 4 * groups], packet[HEAD + 4 * groups :]
    code = main << 8 | sub
    if sync == REPLY:
        return Reply(code, serial, bool(flag), arg, data, group, unit, source)
    return Request(commands.parse(code, arg, data), serial, group, unit, source, bool(flag))


def _parse_simple(packet: bytes) -> Simple:
    head = len(packet) >= 7 and packet[1:2] == b"Z" and packet[2:4].isdigit() and packet[4] == 2
    need(head and packet[-1] in (3, 4) and packet[5:6] in b"AGIE" and len(packet) <= MAX_SIMPLE, "simple frame")
    return Simple(int(packet[2:4]), chr(packet[5]), packet[6:-1], packet[-1] == 3)


class Measure:
    """Head of a stream, see ``wire``. A simple frame has no sum, and a text file inside a damaged packet looks
    exactly like one; so it is believed only where no damaged bytes stand before it."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._clean = True

    def settle(self) -> None:
        """The line fell quiet: what comes now is a new beginning."""
        self._clean = True

    def __call__(self, data: bytes) -> int:
        length = self._binary(data) if data[0] == 0x55 else self._simple(data)
        self._clean = length > 0 or (length == 0 and self._clean)
        return length

    def _simple(self, data: bytes) -> int:
        start = b"\x01Z"
        if not self._clean or self._role is Role.DRIVER or not data[:2].startswith(start[: len(data)]):
            next_sync = data.find(b"\x55")
            return -(len(data) if next_sync < 0 else max(1, next_sync))
        ends = [end for end in (data.find(b"\x03", 5), data.find(b"\x04", 5)) if end > 0]
        if not ends:
            return 0 if len(data) < MAX_SIMPLE else -1
        return self._sound(data[: min(ends) + 1])

    def _binary(self, data: bytes) -> int:
        if data[1:2] not in (b"", b"\xa7", b"\xa8") or (len(data) > 15 and data[15] > 1):
            return -1
        if len(data) < HEAD:
            return 0
        length = HEAD + 4 * data[14] + int.from_bytes(data[4:6], "little")
        if length > MAX_PACKET:
            return -1
        return self._sound(data[:length]) if len(data) >= length else 0

    @staticmethod
    def _sound(packet: bytes) -> int:
        try:
            parse(packet)
        except ProtocolError:
            return -1
        return len(packet)
