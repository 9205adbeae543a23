"""Who is there? Datagrams of HuiDu SDK2, laid out otherwise than packets: ``version u32, cmd u16, data``."""

import struct
from dataclasses import dataclass

from ledsign.protocol.codec import Role
from ledsign.protocol.message import Message

SEARCH, SEARCH_ANSWER = 0x1001, 0x1002


@dataclass(frozen=True, slots=True)
class SearchAsk(Message):
    """UDP broadcast: who is there?"""

    version: int


@dataclass(frozen=True, slots=True)
class SearchAnswer(Message):
    """``change`` grows when the card's settings change."""

    version: int
    card_id: str
    change: int


def parse(data: bytes, role: Role) -> Message | None:
    """A UDP search packet, or None."""
    if len(data) < 6:
        return None
    version, cmd = struct.unpack_from("<IH", data)
    if cmd == SEARCH and len(data) == 6 and role is not Role.DRIVER:
        return SearchAsk(version)
    if cmd == SEARCH_ANSWER and len(data) == 25 and role is not Role.CARD:
        name = data[6:21].rstrip(b"\0")
        if name.isascii() and b"\0" not in name:
            return SearchAnswer(version, name.decode("ascii"), int.from_bytes(data[21:], "little"))
    return None


def pack(message: Message) -> bytes | None:
    """The bytes of a UDP search packet; None for anything else."""
    if isinstance(message, SearchAsk):
        return struct.pack("<IH", message.version, SEARCH)
    if isinstance(message, SearchAnswer):
        name = message.card_id.encode("ascii")[:15].ljust(15, b"\0")
        return struct.pack("<IH", message.version, SEARCH_ANSWER) + name + struct.pack("<I", message.change)
    return None
