"""The JetFile II codec: what the driver and the simulated sign share, and what a reply means."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from ledsign.errors import UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.disguise import disguised
from ledsign.protocol.jetfile2 import files, packets
from ledsign.protocol.jetfile2.base import Command
from ledsign.protocol.jetfile2.commands import Login, Plain, Verb
from ledsign.protocol.jetfile2.disk import Erase, FilePart, Kind, PutFile, PutSystem, ReadFile, SystemPart
from ledsign.protocol.jetfile2.options import Options
from ledsign.protocol.jetfile2.packets import Measure, Reply, Request, Simple, SimpleReply
from ledsign.protocol.jetfile2.pieces import Pieces
from ledsign.protocol.jetfile2.routines import Sign
from ledsign.protocol.message import Intent, Message, Prepare
from ledsign.protocol.noise import additive
from ledsign.protocol.wire import Splitter

DAMAGED, DISORDER = 0x9002, 0x9014
_ASKS = frozenset({
    Verb.PARAMETERS, Verb.STATUS, Verb.CONNECTION_TEST, Verb.POWER_STATUS, Verb.READ_CLOCK, Verb.READ_NEXT,
    Verb.STREAM_STATUS,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message that was sent: serial of its first packet, how many there were, the command in the first."""

    message: Message
    serial: int
    count: int
    body: Command


class JetFile2:
    """Signs that speak JetFile II. Options: ``group``, ``unit`` (0-255, default 0 0: everybody), ``disk`` (E, the
    RAM disk, or D, flash), ``chunk`` (most bytes a packet, 128-1024), ``dim`` (level that means full brightness),
    ``verify`` (1: read every picture back before it is shown; the default on serial lines), ``keep`` (1: a picture
    that the sign still holds is not sent again; the default there, too), ``palette`` (0: always 24 bits a pixel, or
    4), ``user``, ``password``."""

    family: ClassVar[str] = "jetfile2"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    numbered: ClassVar[bool] = True
    default_port: ClassVar[int] = 9520
    links: ClassVar[frozenset[Link]] = frozenset({Link.SERIAL, Link.NET, Link.UDP})
    abilities: ClassVar[frozenset[Ability]] = frozenset({
        Ability.FRAME, Ability.TEXT, Ability.CUT_IN, Ability.TTL, Ability.BRIGHTNESS, Ability.POWER, Ability.CLOCK,
        Ability.STATUS, Ability.CLEAR, Ability.READ_BACK,
    })  # fmt: skip

    def __init__(self, link: Link, role: Role, options: Mapping[str, str]) -> None:
        """Raises ConfigError."""
        self._options = Options.read(link, options)
        self._pieces = Pieces(self._options.chunk, self._options.verify)
        self._sign = Sign(self._options, self._pieces)
        self._measure = Measure(role)
        self._splitter = Splitter(self._measure, packets.MAX_PACKET)
        self._serial = 0
        self._asked: deque[_Asked] = deque(maxlen=64)

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        return cls(link, role, options)

    # ---- bytes ----------------------------------------------------------------------------------------------

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` is not used: every packet has a serial of its own, which the reply repeats."""
        if isinstance(message, Request | Reply | Simple | SimpleReply):
            return [packets.pack(message)]
        bodies = self._bodies(message)
        self._asked.append(_Asked(message, self._serial, len(bodies), bodies[0]))
        requests = [
            Request(body, (self._serial + index) & 0xFFFF, self._options.group, self._options.unit)
            for index, body in enumerate(bodies)
        ]
        self._serial = (self._serial + len(bodies)) & 0xFFFF
        return [packets.pack(request) for request in requests]

    def _bodies(self, message: Message) -> Sequence[Command]:
        if isinstance(message, Command):
            return [message]
        if not isinstance(message, PutFile | PutSystem):
            raise UnsupportedError(f"jetfile2 cannot say {type(message).__name__}")
        pieces = self._pieces.cut(message.data)
        sizes = len(message.data), self._pieces.size, len(pieces)
        if isinstance(message, PutSystem):
            return [SystemPart(message.name, *sizes, at, piece) for at, piece in enumerate(pieces, 1)]
        head = message.kind, message.disk, 0, message.label
        return [FilePart(*head, *sizes, at, piece) for at, piece in enumerate(pieces, 1)]

    def public(self, data: bytes) -> bytes:
        """A login without its password."""
        if not self._options.password:
            return data
        witness = type(self)(Link.NET, Role.WITNESS, {})
        return disguised(data, witness, witness, _without_password, self._options.password.encode("ascii"))

    def feed(self, data: bytes) -> list[Message]:
        return [packets.parse(packet) for packet in self._splitter.feed(data)]

    def silence(self) -> list[Message]:
        found = [packets.parse(packet) for packet in self._splitter.silence()]
        self._measure.settle()
        return list(found)

    def reset(self) -> None:
        self._splitter.clear()
        self._measure.settle()
        self._pieces.broken()

    # ---- meaning --------------------------------------------------------------------------------------------

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        asked = next((each for each in reversed(self._asked) if each.message is command), None)
        if asked is None or index >= asked.count or not isinstance(reply, Reply):
            return Judgement(Verdict.FOREIGN)
        body = asked.body
        if reply.serial != (asked.serial + index) & 0xFFFF or reply.command != body.code:
            return Judgement(Verdict.FOREIGN)
        asks = isinstance(body, ReadFile) or (isinstance(body, Plain) and body.verb in _ASKS)
        code = packets.OK if asks and not reply.is_status else reply.code
        if code in (packets.OK, packets.OK_TEXT):
            if isinstance(body, FilePart):
                self._pieces.taken(len(body.data))
            return Judgement(Verdict.CONFIRMED)
        verdicts = {DAMAGED: Verdict.DAMAGED, DISORDER: Verdict.DISORDER}
        return Judgement(verdicts.get(code, Verdict.REFUSED), code, packets.status_name(code))

    def routine(self, intent: Intent) -> Routine:
        return self._sign.routine(intent)

    def greet(self, intent: Prepare) -> Routine:
        return self._sign.greet(intent)

    def suit(self, ber: float) -> bool:
        return self._pieces.suit(ber)

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        """A picture that is read back and compared cannot be wrong unseen."""
        picture = isinstance(command, ReadFile | PutFile) and command.kind is Kind.PICTURE
        return 0.0 if self._options.verify and picture else additive(packet, ber)

    def wear(self, command: Message) -> int:
        if isinstance(command, PutSystem):
            return 1
        return int(isinstance(command, PutFile | Erase) and command.disk == "D")

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        known = (Plain(Verb.CONNECTION_TEST), Plain(Verb.STATUS), Plain(Verb.POWER_STATUS))
        return [probe for probe in known if probe != besides]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        raise UnsupportedError(f"jetfile2 knows no value {kind!r}")

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        forms = {
            ColorMode.MONO: PixelFormat.PLANES_1,
            ColorMode.DUAL: PixelFormat.PLANES_2,
            ColorMode.RGB: PixelFormat.RGB888,
        }
        return (forms[mode],) if files.longest(mode, width, height) <= files.MAX_FILE else ()


def _without_password(message: Message) -> Message:
    if isinstance(message, Request) and isinstance(message.body, Login):
        return replace(message, body=replace(message.body, password=""))
    return message
