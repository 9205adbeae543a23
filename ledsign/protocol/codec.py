"""What a card family's codec must do, what cards can do, and where codecs are found.

A codec is pure: bytes in, messages out, and back. It keeps no port, no clock and no patience; those belong to
``ledsign.card``. One class serves both ends of the line: the driver and the simulated card.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar, Protocol, Self, TypeAlias, cast

from ledsign.errors import ConfigError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.message import CardInfo, Intent, Message


class Ability(StrEnum):
    """What a card of a family can do; the player asks once."""

    FRAME = "frame"  # show a page now
    STORED = "stored"  # hold a programme and play it alone
    TEXT = "text"  # draw text with its own fonts
    CUT_IN = "cut-in"  # an urgent level of its own beside the pages
    TTL = "ttl"  # take content off by itself after a time
    BRIGHTNESS = "brightness"
    POWER = "power"
    CLOCK = "clock"
    STATUS = "status"
    CLEAR = "clear"
    READ_BACK = "read-back"  # memory or status can be read to prove what is shown
    SAFE = "safe"  # keep a page that stands by itself after a power cycle or when another has ended
    STREAM = "stream"  # shows only while frames keep coming: what stands must be repeated


class Link(StrEnum):
    """What kind of line carries the packets; families frame differently on each."""

    SERIAL = "serial"
    NET = "net"  # TCP, a stream
    UDP = "udp"  # datagrams
    RAW = "raw"  # Ethernet frames


class Role(StrEnum):
    """Which end of the line a codec sits on."""

    DRIVER = "driver"
    CARD = "card"
    WITNESS = "witness"  # reads both directions, for recordings


class Verdict(StrEnum):
    """What a reply means for the packet that waits for it."""

    CONFIRMED = "confirmed"
    DAMAGED = "damaged"  # the packet did not arrive whole: send it again
    DISORDER = "disorder"  # the card lost the thread: start the command again
    REFUSED = "refused"  # understood and declined: sending again is useless
    FOREIGN = "foreign"  # not an answer to this packet: keep waiting


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the card's own code where it refused, and the code's meaning where that is known."""

    verdict: Verdict
    code: int = 0
    meaning: str = ""


Routine: TypeAlias = Generator[Message, Message | None, CardInfo | None]
"""A codec's plan for one intent: yields commands one by one, is sent the confirming reply of each (None
where the family does not answer, and for a ``Rest``) and may return what it learned about the card."""


class Codec(Protocol):
    """Commands to bytes, bytes to messages. One object serves one conversation."""

    family: ClassVar[str]
    ack: ClassVar[AckLevel]  # what a finished routine proves: ACKED, or only SENT
    default_port: ClassVar[int]
    links: ClassVar[frozenset[Link]]  # kinds of lines that pages go over

    @property
    def abilities(self) -> frozenset[Ability]:
        """What this card can do, as its options have it."""
        ...

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        """Build from the options of a card's URL. Raises ConfigError on an unknown or impossible option."""
        ...

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """Packets of a message, in the order they must go. Raises UnsupportedError before any byte."""
        ...

    def feed(self, data: bytes) -> list[Message]:
        """Bytes as they came from the line; returns the messages that are complete. Never raises."""
        ...

    def silence(self) -> list[Message]:
        """The line fell quiet: resynchronise behind a false header."""
        ...

    def reset(self) -> None:
        """The line was closed: forget half a packet."""
        ...

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        """What ``reply`` means for packet ``index`` (from 0) of ``command``."""
        ...

    def routine(self, intent: Intent) -> Routine:
        """How this family does it. Raises UnsupportedError when it cannot, before the first command."""
        ...

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        """Harmless questions whose answers differ from one another and from those to ``besides``: proof of
        life, and a broom, for when one is answered every earlier answer has left the line. Empty where the
        family never answers."""
        ...

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        """A value that is no packet of its own (a picture, a sum), by the family's name for it: read, and
        written again. Raises ProtocolError when it is damaged, UnsupportedError for an unknown kind."""
        ...

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        """Pixel formats for such a panel, lossless ones first; with a size, only those that fit."""
        ...


_BUILT_IN = {  # a checkout without installation has no entry points
    "artnet": "ledsign.protocol.pixelstream.artnet:ArtNet",
    "bx56": "ledsign.protocol.bx56:BX56",
    "bxk": "ledsign.protocol.bxk:BXK",
    "bxy": "ledsign.protocol.bxy:BXY",
    "colorlight": "ledsign.protocol.colorlight:Colorlight",
    "cp5200": "ledsign.protocol.cp5200:CP5200",
    "ddp": "ledsign.protocol.pixelstream.ddp:DDP",
    "huidu": "ledsign.protocol.huidu:HuiDu",
    "huidu-http": "ledsign.protocol.huidu_http:HuiDuHttp",
    "jetfile2": "ledsign.protocol.jetfile2:JetFile2",
    "ntcip": "ledsign.protocol.ntcip:NTCIP",
    "sacn": "ledsign.protocol.pixelstream.sacn:SACN",
}
_GROUP = "ledsign.cards"
_LINES = {
    Link.SERIAL: "serial line (serial, pty)",
    Link.NET: "network stream (tcp, listen, http)",
    Link.UDP: "datagrams (udp)",
    Link.RAW: "raw Ethernet (raw)",
}


@cache
def _installed() -> Mapping[str, EntryPoint]:
    """Families that installed packages bring; looking for them is slow."""
    return {point.name: point for point in entry_points(group=_GROUP)}


def families() -> tuple[str, ...]:
    """Names of all known families; none of them is imported for this."""
    return tuple(sorted({*_BUILT_IN, *_installed()}))


def codec_class(family: str) -> type[Codec]:
    """The codec of a family. Raises ConfigError when there is none of that name."""
    if point := _installed().get(family):
        return cast(type[Codec], point.load())
    if family not in _BUILT_IN:
        raise ConfigError(f"no card family {family!r}; known: {', '.join(families())}")
    module, _, name = _BUILT_IN[family].partition(":")
    return cast(type[Codec], getattr(import_module(module), name))


def create(
    family: str, link: Link = Link.NET, role: Role = Role.DRIVER, options: Mapping[str, str] | None = None
) -> Codec:
    """A new codec for one conversation. Raises ConfigError."""
    return codec_class(family).from_options(link, role, options or {})


def network_scheme(family: str) -> str:
    """How a family travels over a network: ``tcp``, or ``udp`` where it knows no stream. Raises ConfigError."""
    return "tcp" if Link.NET in codec_class(family).links else "udp"


def must_carry(family: str, link: Link, where: str) -> None:
    """Raises ConfigError, naming ``where``, unless the family's cards show pages over such a line."""
    if link not in (links := codec_class(family).links):
        known = ", ".join(name for kind, name in _LINES.items() if kind in links)
        raise ConfigError(f"{where}: {family} cards have no {_LINES[link]}; known: {known}")
