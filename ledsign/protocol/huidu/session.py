"""What one connection to a HuiDu card knows, and the messages that only the driver needs."""

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar
from xml.etree.ElementTree import Element

from ledsign.errors import CardRefusedError, ProtocolError
from ledsign.protocol.huidu import packets, xml
from ledsign.protocol.message import Message

T = TypeVar("T")
Steps: TypeAlias = Generator[Message, Message | None, T]
"""Part of a routine that works something out."""

PREFIX = "ledsign-"  # our files, so that those of others are never deleted


@dataclass(frozen=True, slots=True)
class Say(Message):
    """A request by method name; the codec puts the session's ID around it."""

    method: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Upload(Message):
    """The rest of a file and its end, in one go: the card answers only the end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page as it is asked for; its end is counted by the card's clock, so it moves with that clock."""

    width: int
    height: int
    file: str
    md5: str
    size: int
    urgent: bool
    ttl_s: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The page that stands: the IDs of its programmes, and its end by the card's clock if it has one."""

    wanted: Wanted
    guids: tuple[str, ...]
    end: datetime | None


@dataclass(slots=True)
class Session:
    """``stamp`` never repeats: it starts at random and grows. Options of the card's URL stand here too."""

    version: int
    stamp: int
    wanted_id: str = ""
    verify: bool = True
    ends: bool = True
    keep: int = 64
    guid: str = ""
    echoes: bool | None = None  # whether answers carry the session's ID; known after the first
    ended: bool = False
    files: "OrderedDict[str, None]" = field(default_factory=OrderedDict)  # ours on the card, oldest first
    standing: Standing | None = None

    def forget(self) -> None:
        """The line was closed."""
        self.guid, self.echoes, self.ended, self.standing = "", None, False, None
        self.files.clear()

    def is_ours(self, guid: str) -> bool:
        return not self.echoes or guid == self.guid

    def next_stamp(self) -> int:
        """A number unlike any that the card may have stored."""
        self.stamp += 1
        return self.stamp

    def fresh(self, md5: str) -> str:
        """A programme ID that was never used."""
        return f"{md5[:24]}{self.next_stamp():08x}"


def body_of(reply: Message | None) -> Element:
    """The children of a confirmed answer. Raises ProtocolError."""
    if not isinstance(reply, packets.XmlAnswer):
        raise ProtocolError("no XML answer")
    return xml.read_call(reply.text, "out").body


def may(session: Session, command: Message) -> Steps[Message | None]:
    """A step that need not succeed: None when the card refused it."""
    try:
        return (yield command)
    except CardRefusedError:
        if session.ended:
            raise
        return None
