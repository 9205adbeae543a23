"""The NTCIP codec: what the driver and the simulated sign share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Self

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.disguise import disguised
from ledsign.protocol.message import (
    Clear,
    Intent,
    Message,
    Prepare,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    ShowFrame,
)
from ledsign.protocol.noise import crc16
from ledsign.protocol.ntcip import hdlc, picture, snmp
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.asking import Batch, Settings
from ledsign.protocol.ntcip.codes import Activation, MessageId
from ledsign.protocol.ntcip.dialogue import Dialogue
from ledsign.protocol.ntcip.hdlc import POLL, SNMP_IPI, HdlcFrame
from ledsign.protocol.ntcip.snmp import Pdu, Snmp
from ledsign.protocol.ntcip.values import read_value
from ledsign.protocol.wire import Splitter

_FORMATS = {
    ColorMode.MONO: (PixelFormat.PLANES_1,),
    ColorMode.DUAL: (PixelFormat.PLANES_2,),
    ColorMode.RGB: (PixelFormat.RGB888, PixelFormat.PLANES_3),
}
_BOUNDS = {"address": (0, 8191), "priority": (1, 255), "urgent": (1, 255), "loss": (0, 65535), "graphics": (2, 255)}
_OPTIONS = ("community", "source", *_BOUNDS)


def _settings(options: Mapping[str, str]) -> Settings:
    """Read a URL's options. Raises ConfigError."""
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise ConfigError(f"ntcip: unknown option {unknown[0]!r}; known: {', '.join(_OPTIONS)}")
    plain = Settings()

    def number(name: str, default: int) -> int:
        least, most = _BOUNDS[name]
        text = options.get(name, str(default))
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ConfigError(f"ntcip: {name} is {least}-{most}, not {text!r}")
        return int(text)

    settings = Settings(
        community=options.get("community", plain.community),
        address=number("address", plain.address),
        page=number("priority", plain.page),
        urgent=number("urgent", plain.urgent),
        loss_min=number("loss", plain.loss_min),
        graphics=number("graphics", plain.graphics),
        source=options.get("source", plain.source),
    )
    try:
        settings.community.encode("latin-1")
        Activation(0, 0, MessageId(0, 0, 0), settings.source).pack()
    except ValueError as error:
        raise ConfigError(f"ntcip: {error}") from error
    return settings


class NTCIP:
    """Signs of NTCIP 1203. Options: ``community``, ``address`` (of the HDLC frame), ``priority`` and ``urgent``
    (run-time priorities), ``loss`` (minutes until a sign that hears nothing goes blank), ``graphics`` (rows of
    the graphic table that are ours), ``source`` (IPv4 address told with an activation)."""

    family: ClassVar[str] = "ntcip"
    ack: ClassVar[AckLevel] = AckLevel.READ_BACK  # the sign names the message that it shows, with its CRC
    numbered: ClassVar[bool] = True
    default_port: ClassVar[int] = 161
    links: ClassVar[frozenset[Link]] = frozenset({Link.SERIAL, Link.NET, Link.UDP})
    abilities: ClassVar[frozenset[Ability]] = frozenset(
        {
            Ability.FRAME,
            Ability.CUT_IN,
            Ability.TTL,
            Ability.BRIGHTNESS,
            Ability.CLOCK,
            Ability.STATUS,
            Ability.CLEAR,
            Ability.READ_BACK,
        }
    )

    def __init__(self, link: Link = Link.UDP, settings: Settings | None = None) -> None:
        self._link = link
        self._settings = settings or Settings()
        self._dialogue = Dialogue(self._settings)
        self._splitter = Splitter(hdlc.measure, hdlc.MAX_FRAME)
        self._awaited: dict[bytes, Snmp] = {}  # answers that say yes to the requests packed last
        self._asked: tuple[Snmp, bytes] | None = None  # answer that says yes to the request read last

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        """Both ends of the line read and write the same, so that ``role`` makes no difference."""
        return cls(link, _settings(options))

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` is not used: requests carry ids of their own."""
        self._awaited.clear()
        if isinstance(message, Batch):
            return [self._pack(request) for request in message.requests]
        if isinstance(message, HdlcFrame) and self._link is not Link.UDP:
            return [hdlc.pack(message)]
        if not isinstance(message, Snmp):
            raise UnsupportedError(f"ntcip cannot say {type(message).__name__}")
        return [self._pack(message)]

    def _pack(self, message: Snmp) -> bytes:
        yes, echo = self._asked or (None, b"")
        data = echo if message == yes else snmp.pack(message)
        if message.plain_set:
            self._awaited[snmp.taken(data)] = message.reply(message.binds)
        if self._link is Link.UDP:
            return data
        address = self._settings.address if message.address is None else message.address
        return hdlc.pack(HdlcFrame(address, POLL, SNMP_IPI, data))

    def public(self, data: bytes) -> bytes:
        """With the community that signs have before anybody gave them another."""
        own, plain = self._settings.community, Settings().community
        if own == plain:
            return data
        witness = type(self)(self._link, Settings(address=self._settings.address))
        return disguised(data, witness, witness, _with_community(plain), own.encode("latin-1"))

    def feed(self, data: bytes) -> list[Message]:
        if self._link is not Link.UDP:
            return [self._read(packet) for packet in self._splitter.feed(data)]
        try:
            return [self._message(data, None)]  # a datagram is a message
        except ProtocolError:
            return []

    def silence(self) -> list[Message]:
        return [self._read(packet) for packet in self._splitter.silence()]

    def _read(self, packet: bytes) -> Message:
        """A frame that the splitter found sound."""
        frame = hdlc.parse(packet)
        if (frame.control, frame.ipi) != (POLL, SNMP_IPI):
            return frame
        try:
            return self._message(frame.payload, frame.address)
        except ProtocolError:
            return frame

    def _message(self, data: bytes, address: int | None) -> Snmp:
        """Raises ProtocolError. Most answers are the echo of a SET, and known before they come: while the line waits,
        they are compared and not decoded."""
        if (known := self._awaited.get(data)) is not None:
            return replace(known, address=address)
        message = snmp.parse(data, address)
        if message.plain_set:
            self._asked = message.reply(message.binds), snmp.taken(data)
        return message

    def reset(self) -> None:
        self._splitter.clear()
        self._dialogue.forget()

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        asked = command.requests[index] if isinstance(command, Batch) else command
        if not isinstance(asked, Snmp) or not isinstance(reply, Snmp) or not self._answers(asked, reply):
            return Judgement(Verdict.FOREIGN)
        if reply.error:
            tolerant = isinstance(command, Batch) and command.tolerant
            verdict = Verdict.CONFIRMED if tolerant else Verdict.REFUSED
            return Judgement(verdict, reply.error, snmp.fault_name(reply.error))
        if not _echoes(asked, reply):
            return Judgement(Verdict.DAMAGED)
        return Judgement(Verdict.DISORDER if self._shows_another(reply) else Verdict.CONFIRMED)

    def _answers(self, asked: Snmp, reply: Snmp) -> bool:
        address = None if self._link is Link.UDP else self._settings.address
        mine = (Pdu.RESPONSE, asked.request_id, asked.community, address)
        return (reply.pdu, reply.request_id, reply.community, reply.address) == mine

    def _shows_another(self, reply: Snmp) -> bool:
        """Whether the sign lost our message: it restarted unseen, or somebody else has put his own there."""
        wanted = self._dialogue.showing
        bind = reply.binds[0]
        return wanted is not None and bind.oid == o.TABLE_SOURCE and bind.value.content != wanted.pack()

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            picture.check(intent.frame)
            return self._dialogue.show(intent)
        if isinstance(intent, Prepare):
            return self._dialogue.prepare(intent)
        if isinstance(intent, Clear):
            return self._dialogue.clear(intent)
        if isinstance(intent, SetBrightness):
            if not 0 <= intent.percent <= 100:
                raise UnsupportedError("brightness must be 0 to 100 percent")
            return self._dialogue.brightness(intent)
        if isinstance(intent, SetPower):
            return self._dialogue.power(intent.on)
        if isinstance(intent, SetClock):
            return self._dialogue.clock(intent)
        if isinstance(intent, QueryInfo):
            return self._dialogue.info()
        raise UnsupportedError(f"ntcip cannot do {type(intent).__name__}")

    def greet(self, _intent: Prepare) -> Routine:
        return self._dialogue.greet()

    def suit(self, ber: float) -> bool:
        """The sign's block size rules."""
        return False

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        """The frame's CRC is taken for the only check; pictures and messages have another behind it."""
        return crc16(packet, ber)

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        """What is on the glass? Each time under a new id, so that no answer stands for another."""
        return [self._dialogue.ask(o.TABLE_SOURCE)]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        return read_value(kind, data)

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        return _FORMATS[mode]


def _echoes(asked: Snmp, reply: Snmp) -> bool:
    """Whether a reply speaks of the same objects, and of the same values where they were set. Tags may differ:
    real signs answer with unexpected integer-like ones."""
    if [bind.oid for bind in reply.binds] != [bind.oid for bind in asked.binds]:
        return False
    if asked.pdu is not Pdu.SET:
        return True
    return all(a.value.content == b.value.content for a, b in zip(asked.binds, reply.binds, strict=True))


def _with_community(community: str) -> Callable[[Message], Message]:
    return lambda message: replace(message, community=community) if isinstance(message, Snmp) else message
