"""What all pixel streams share: a page is one run of R, G, B bytes, cut into datagrams; nothing ever comes back.

A datagram is a packet: ``feed`` takes one at a time and keeps no state between two. None of these protocols has
a checksum; only UDP's own stands between a damaged datagram and the glass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.message import Clear, Intent, Message, Prepare, ShowFrame


@dataclass(frozen=True, slots=True)
class Pixels(Message):
    """A whole page: R, G, B of every LED, rows top-down. The codec cuts it into the family's own messages."""

    data: bytes = field(repr=False)


def need(condition: bool, what: str) -> None:
    """Structure check of a received datagram."""
    if not condition:
        raise ProtocolError(what)


def number(options: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """A whole-number option. Raises ConfigError."""
    try:
        value = int(options.get(name, str(default)))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
    if not low <= value <= high:
        raise ConfigError(f"{name} is {low} to {high}")
    return value


class PixelStream:
    """Base of the codecs. A family brings ``_cut`` (page to messages), ``_pack`` and ``_parse`` (datagrams)."""

    family: ClassVar[str]
    default_port: ClassVar[int]
    links: ClassVar[frozenset[Link]] = frozenset({Link.UDP})
    known: ClassVar[frozenset[str]]  # options
    ack: ClassVar[AckLevel] = AckLevel.SENT
    abilities: ClassVar[frozenset[Ability]] = frozenset({Ability.FRAME, Ability.CLEAR, Ability.STREAM})

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        """Raises ConfigError for a line that is no datagram line, or an unknown option."""
        if link not in self.links and role is not Role.WITNESS:
            raise ConfigError(f"{self.family} needs udp://HOST[:{self.default_port}]")
        if unknown := sorted(set(options) - self.known):
            known = ", ".join(sorted(self.known))
            raise ConfigError(f"{self.family}: unknown option {unknown[0]!r}; known: {known}")
        self._count = -1  # of pages sent; goes on over reconnects, for receivers drop what looks older

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        return cls(link, role, options)

    def _cut(self, pixels: bytes, count: int) -> Sequence[Message]:
        """The messages that make page number ``count`` stand on the glass."""
        raise NotImplementedError

    def _pack(self, message: Message) -> bytes | None:
        """A message as a datagram; None when it is not this family's."""
        raise NotImplementedError

    def _parse(self, data: bytes) -> Message:
        """Raises ProtocolError."""
        raise NotImplementedError

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` is not used: it starts anew with each connection, see ``_count``."""
        messages: Sequence[Message] = (message,)
        if isinstance(message, Pixels):
            self._count += 1
            messages = self._cut(message.data, self._count)
        packets = [packet for part in messages if (packet := self._pack(part)) is not None]
        if len(packets) != len(messages) or not packets:
            raise UnsupportedError(f"{self.family} cannot say {type(message).__name__}")
        return packets

    def feed(self, data: bytes) -> list[Message]:
        try:
            return [self._parse(data)]
        except ProtocolError:
            return []

    def silence(self) -> list[Message]:
        return []

    def reset(self) -> None:
        """Nothing is kept between two datagrams."""

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        return Judgement(Verdict.FOREIGN)

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            frame = intent.frame
            if frame.format is not PixelFormat.RGB888 or len(frame.data) != frame.width * frame.height * 3:
                raise UnsupportedError(f"{self.family} takes whole rgb888 frames only")
            return self._say(frame.data)
        if isinstance(intent, Prepare | Clear):
            return self._say(bytes(intent.width * intent.height * 3))
        raise UnsupportedError(f"{self.family} cannot do {type(intent).__name__}")

    def _say(self, data: bytes) -> Routine:
        yield Pixels(data)
        return None

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        return ()

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        raise UnsupportedError(f"{self.family} knows no value {kind!r}")

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        return (PixelFormat.RGB888,)
