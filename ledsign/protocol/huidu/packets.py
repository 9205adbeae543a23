"""Packets of HuiDu SDK2: ``len u16, cmd u16, data`` little-endian, ``len`` counts the whole packet (at most 9216).

There is no checksum: TCP's is the only one, besides the MD5 that a file brings. What can be checked is checked:
the command, the length that it may have, and the structure of the data.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ledsign.errors import ProtocolError
from ledsign.protocol.codec import Role
from ledsign.protocol.message import Message

MAX_PACKET = 9 * 1024
MAX_XML = 2 * 1024 * 1024
SLICE = MAX_PACKET - 12  # XML in one packet, as the vendor's program fills it
CONTENT = MAX_PACKET - 4  # file content in one packet

HEARTBEAT, HEARTBEAT_ANSWER = 0x005F, 0x0060
ERROR = 0x2000
VERSION, VERSION_ANSWER = 0x2001, 0x2002
XML, XML_ANSWER = 0x2003, 0x2004
FILE_START, FILE_START_ANSWER = 0x8001, 0x8002
FILE_CONTENT = 0x8003
FILE_END, FILE_END_ANSWER = 0x8005, 0x8006

_MD5 = re.compile(rb"[0-9a-f]{32}\0")


@dataclass(frozen=True, slots=True)
class VersionAsk(Message):
    """The first packet of a conversation, whoever dialled: the PC names its protocol version."""

    version: int


@dataclass(frozen=True, slots=True)
class VersionAnswer(Message):
    """``more`` is empty (8-byte form) or a u16 status (10-byte form); both occur."""

    version: int
    more: bytes = b""


@dataclass(frozen=True, slots=True)
class Heartbeat(Message):
    """Sign of life of the PC, or of the card (``answer``)."""

    answer: bool = False


@dataclass(frozen=True, slots=True)
class ErrorAnswer(Message):
    """The card ends the session: the handshake is due again."""

    code: int


@dataclass(frozen=True, slots=True)
class XmlAsk(Message):
    """A whole XML request, put together from its slices. Bytes where it is no UTF-8."""

    text: str | bytes


@dataclass(frozen=True, slots=True)
class XmlAnswer(Message):
    """A whole XML answer."""

    text: str | bytes


@dataclass(frozen=True, slots=True)
class XmlSlice(Message):
    """One packet's part of an XML text: byte offset ``index`` of ``total``."""

    answer: bool
    total: int
    index: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FileStart(Message):
    """Announce a file. ``type``: 0 picture, 1 video, 2 font, 3 firmware."""

    md5: str
    size: int
    type: int
    name: str


@dataclass(frozen=True, slots=True)
class FileStartAnswer(Message):
    """``existing``: bytes the card holds already; the sender goes on from there."""

    status: int
    existing: int


@dataclass(frozen=True, slots=True)
class FileContent(Message):
    """A piece of the file; never answered."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FileEnd(Message):
    """The file is complete."""


@dataclass(frozen=True, slots=True)
class FileEndAnswer(Message):
    """Status 0 or 1: the file is on the card."""

    status: int


@dataclass(frozen=True, slots=True)
class Other(Message):
    """A documented packet that this driver has no use for."""

    cmd: int
    data: bytes


# command -> shortest and longest packet
_CARD_SAYS: Mapping[int, tuple[int, int]] = {
    HEARTBEAT: (4, 4),
    HEARTBEAT_ANSWER: (4, 4),
    ERROR: (6, 6),
    VERSION_ANSWER: (8, 16),
    XML_ANSWER: (13, MAX_PACKET),
    FILE_START_ANSWER: (14, 14),
    FILE_END_ANSWER: (6, 6),
}
_PC_SAYS: Mapping[int, tuple[int, int]] = {
    HEARTBEAT: (4, 4),
    VERSION: (8, 8),
    XML: (13, MAX_PACKET),
    FILE_START: (49, 1024),
    FILE_CONTENT: (5, MAX_PACKET),
    FILE_END: (4, 4),
}
# 8004 content answer (unused), 8007/8008 read back (not implemented), 3007 GPS, 2101-2104 LCD, 80fc-80ff file list
_IGNORED = dict.fromkeys(
    (0x8004, 0x8007, 0x8008, 0x3007, *range(0x2101, 0x2105), *range(0x80FC, 0x8100)), (4, MAX_PACKET)
)
ACCEPTED: Mapping[Role, Mapping[int, tuple[int, int]]] = {
    Role.DRIVER: {**_CARD_SAYS, **_IGNORED},
    Role.CARD: {**_PC_SAYS, **_IGNORED},
    Role.WITNESS: {**_CARD_SAYS, **_PC_SAYS, **_IGNORED},
}


def measure(buffer: bytes, role: Role) -> int:
    """Length of the sound packet at the head (see ``protocol.wire``)."""
    if len(buffer) < 4:
        return 0
    length, cmd = struct.unpack_from("<HH", buffer)
    limits = ACCEPTED[role].get(cmd)
    if limits is None or not limits[0] <= length <= limits[1]:
        return -1
    if len(buffer) < length:
        return 0
    try:
        parse(buffer[:length])
    except ProtocolError:
        return -1
    return int(length)


def parse(packet: bytes) -> Message:
    """A whole packet. Raises ProtocolError when its data make no sense."""
    _length, cmd = struct.unpack_from("<HH", packet)
    data = packet[4:]
    if cmd in (XML, XML_ANSWER):
        return _slice(cmd, data)
    if cmd == FILE_START:
        return _file_start(data)
    if cmd == VERSION_ANSWER:
        return VersionAnswer(int.from_bytes(data[:4], "little"), data[4:])
    if cmd == FILE_START_ANSWER:
        return FileStartAnswer(*struct.unpack("<HQ", data))
    return _parse_simple(cmd, data)


def _parse_simple(cmd: int, data: bytes) -> Message:
    number = int.from_bytes(data, "little")
    match cmd:
        case 0x005F | 0x0060:
            return Heartbeat(cmd == HEARTBEAT_ANSWER)
        case 0x2000:
            return ErrorAnswer(number)
        case 0x2001:
            return VersionAsk(number)
        case 0x8003:
            return FileContent(data)
        case 0x8005:
            return FileEnd()
        case 0x8006:
            return FileEndAnswer(number)
    return Other(cmd, data)


def _slice(cmd: int, data: bytes) -> XmlSlice:
    total, index = struct.unpack_from("<II", data)
    if total > MAX_XML or index + len(data) - 8 > total:
        raise ProtocolError("XML slice outside of its text")
    return XmlSlice(cmd == XML_ANSWER, total, index, data[8:])


def _file_start(data: bytes) -> FileStart:
    if not _MD5.match(data) or data[-1:] != b"\0" or b"\0" in data[43:-1]:
        raise ProtocolError("file start without MD5 or name")
    size, kind = struct.unpack_from("<QH", data, 33)
    try:
        return FileStart(data[:32].decode("ascii"), size, kind, data[43:-1].decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ProtocolError("file name is no UTF-8") from error


def packet(cmd: int, data: bytes = b"") -> bytes:
    """One packet."""
    return struct.pack("<HH", 4 + len(data), cmd) + data


def pack(message: Message) -> bytes | None:
    """A message's bytes, slices of a long one in a row; None for what is no SDK2 packet."""
    if isinstance(message, XmlAsk | XmlAnswer):
        return _slices(message)
    if isinstance(message, XmlSlice):
        head = struct.pack("<II", message.total, message.index)
        return packet(XML_ANSWER if message.answer else XML, head + message.data)
    if isinstance(message, FileStart):
        body = message.md5.encode("ascii") + b"\0" + struct.pack("<QH", message.size, message.type)
        return packet(FILE_START, body + message.name.encode("utf-8") + b"\0")
    if isinstance(message, FileStartAnswer):
        return packet(FILE_START_ANSWER, struct.pack("<HQ", message.status, message.existing))
    return _pack_simple(message)


def _pack_simple(message: Message) -> bytes | None:
    match message:
        case VersionAsk(version):
            return packet(VERSION, version.to_bytes(4, "little"))
        case VersionAnswer(version, more):
            return packet(VERSION_ANSWER, version.to_bytes(4, "little") + more)
        case Heartbeat(answer):
            return packet(HEARTBEAT_ANSWER if answer else HEARTBEAT)
        case ErrorAnswer(code):
            return packet(ERROR, code.to_bytes(2, "little"))
        case FileContent(data):
            return packet(FILE_CONTENT, data)
        case FileEnd():
            return packet(FILE_END)
        case FileEndAnswer(status):
            return packet(FILE_END_ANSWER, status.to_bytes(2, "little"))
        case Other(cmd, data):
            return packet(cmd, data)
    return None


def _slices(message: XmlAsk | XmlAnswer) -> bytes:
    text = message.text if isinstance(message.text, bytes) else message.text.encode("utf-8")
    cmd = XML if isinstance(message, XmlAsk) else XML_ANSWER
    return b"".join(
        packet(cmd, struct.pack("<II", len(text), at) + text[at : at + SLICE]) for at in range(0, len(text), SLICE)
    )


def contents(data: bytes) -> bytes:
    """A file's bytes as packets, and its end."""
    pieces = (packet(FILE_CONTENT, data[at : at + CONTENT]) for at in range(0, len(data), CONTENT))
    return b"".join(pieces) + packet(FILE_END)


def readable(text: bytes) -> str | bytes:
    """XML as text where it is UTF-8."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text
