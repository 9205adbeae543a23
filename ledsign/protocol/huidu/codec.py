"""The HuiDu SDK2 codec: what the driver and the simulated card share, and what a reply means."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.huidu import codes, discovery, packets, xml
from ledsign.protocol.huidu.routines import greet, plan
from ledsign.protocol.huidu.session import Say, Session, Upload
from ledsign.protocol.message import CardInfo, Intent, Message, Prepare
from ledsign.protocol.wire import Splitter

_VERSIONS = ("01000005", "01000007", "01000009")
_NEWEST = 0x01000009
_OPTIONS = ("version", "id", "verify", "ends", "keep")
_GARBLED = frozenset(
    {codes.INVALID_PACKET_LEN, codes.XML_TOO_LONG, codes.INVALID_XML_INDEX, codes.PARSE_XML_FAILED}
)  # our requests are none of that: they did not arrive as they were sent
_PROBES = ("GetDeviceName", "GetTimeInfo", "GetLuminancePloy", "GetSwitchTime")


@dataclass(slots=True)
class _Text:
    """An XML text on its way in."""

    total: int
    data: bytearray


class HuiDu:
    """HuiDu full-colour cards over SDK2. Options: ``version`` (protocol, hex), ``id`` (the card's ID: another
    card on this address is refused), ``verify=0`` (do not ask the card what it plays), ``ends=0`` (programmes
    without an end), ``keep`` (picture files left on the card, 1-500)."""

    family: ClassVar[str] = "huidu"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 10001
    links: ClassVar[frozenset[Link]] = frozenset({Link.NET})
    abilities: ClassVar[frozenset[Ability]] = frozenset(
        {
            Ability.FRAME,
            Ability.STORED,
            Ability.TTL,
            Ability.BRIGHTNESS,
            Ability.POWER,
            Ability.CLOCK,
            Ability.STATUS,
            Ability.CLEAR,
            Ability.READ_BACK,
        }
    )

    def __init__(
        self,
        link: Link = Link.NET,
        role: Role = Role.DRIVER,
        version: int = _NEWEST,
        session: Session | None = None,
    ) -> None:
        self._link = link
        self._role = role
        self._version = version
        self._session = session or Session(version=version, stamp=secrets.randbelow(500_000_000) + 1_600_000_000)
        self._splitter = Splitter(partial(packets.measure, role=role), packets.MAX_PACKET)
        self._texts: dict[bool, _Text] = {}

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(_OPTIONS)):
            raise ConfigError(f"huidu: unknown option {unknown[0]!r}; known: {', '.join(_OPTIONS)}")
        if link is Link.SERIAL:
            link = Link.NET  # recordings carry no link; the cards have no serial line for this
        version = options.get("version", _VERSIONS[-1])
        verify, ends = options.get("verify", "1"), options.get("ends", "1")
        try:
            keep = int(options.get("keep", "64"))
        except ValueError as error:
            raise ConfigError(f"huidu: {error}") from error
        if version not in _VERSIONS or not 1 <= keep <= 500 or not {verify, ends} <= {"0", "1"}:
            raise ConfigError(
                f"huidu: version is one of {', '.join(_VERSIONS)}, keep 1-500, verify and ends are 0 or 1"
            )
        session = Session(
            version=int(version, 16),
            stamp=secrets.randbelow(500_000_000) + 1_600_000_000,
            wanted_id=options.get("id", ""),
            verify=verify == "1",
            ends=ends == "1",
            keep=keep,
        )
        return cls(link, role, int(version, 16), session)

    # ---- bytes ----------------------------------------------------------------------------------------------

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """One element is what one answer confirms, be it several packets. ``seq`` has no place here."""
        if self._link is Link.UDP:
            data = discovery.pack(message)
        elif isinstance(message, Say):
            text = xml.request(self._session.guid or xml.NO_GUID, message.method, message.body)
            data = packets.pack(packets.XmlAsk(text))
        elif isinstance(message, Upload):
            data = packets.contents(message.data)
        else:
            data = packets.pack(message)
        if data is None:
            raise UnsupportedError(f"huidu cannot say {type(message).__name__}")
        return [data]

    def feed(self, data: bytes) -> list[Message]:
        if self._link is Link.UDP:
            found = discovery.parse(data, self._role)
            return [] if found is None else [found]
        return self._messages(self._splitter.feed(data))

    def silence(self) -> list[Message]:
        return self._messages(self._splitter.silence())

    def reset(self) -> None:
        self._splitter.clear()
        self._texts.clear()
        self._session.forget()

    def _messages(self, found: Sequence[bytes]) -> list[Message]:
        messages = [self._whole(packets.parse(packet)) for packet in found]
        return [message for message in messages if message is not None]

    def _whole(self, message: Message) -> Message | None:
        """Slices become a text; everything else passes."""
        if not isinstance(message, packets.XmlSlice):
            return message
        text = self._texts.get(message.answer)
        if message.index == 0:
            text = self._texts[message.answer] = _Text(message.total, bytearray())
        if text is None or (message.total, message.index) != (text.total, len(text.data)):
            self._texts.pop(message.answer, None)  # a slice is missing: the text will never be whole
            return None
        text.data += message.data
        if len(text.data) < text.total:
            return None
        del self._texts[message.answer]
        kind = packets.XmlAnswer if message.answer else packets.XmlAsk
        return kind(packets.readable(bytes(text.data)))

    # ---- meaning --------------------------------------------------------------------------------------------

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        if isinstance(reply, packets.ErrorAnswer):
            self._session.ended = True
            return Judgement(Verdict.REFUSED, reply.code, codes.name_of(reply.code))
        if isinstance(command, Say) and isinstance(reply, packets.XmlAnswer):
            return self._judge_xml(command, reply)
        if isinstance(command, packets.VersionAsk) and isinstance(reply, packets.VersionAnswer):
            return Judgement(Verdict.CONFIRMED)
        if isinstance(command, packets.FileStart) and isinstance(reply, packets.FileStartAnswer):
            return self._judge_status(reply.status)
        if isinstance(command, Upload) and isinstance(reply, packets.FileEndAnswer):
            return self._judge_status(codes.SUCCESS if reply.status == codes.WRITE_FINISH else reply.status)
        return Judgement(Verdict.FOREIGN)

    @staticmethod
    def _judge_status(status: int) -> Judgement:
        if status == codes.SUCCESS:
            return Judgement(Verdict.CONFIRMED)
        verdict = Verdict.DAMAGED if status in _GARBLED else Verdict.REFUSED
        return Judgement(verdict, status, codes.name_of(status))

    def _judge_xml(self, command: Say, reply: packets.XmlAnswer) -> Judgement:
        try:
            call = xml.read_call(reply.text, "out")
        except ProtocolError:
            return Judgement(Verdict.FOREIGN)
        if call.method != command.method or not self._session.is_ours(call.guid):
            return Judgement(Verdict.FOREIGN)
        code = codes.code_of(call.result)
        if code is None:
            return Judgement(Verdict.DAMAGED)
        judgement = self._judge_status(code)
        return replace(judgement, meaning=f"{call.method}: {judgement.meaning}" if judgement.meaning else "")

    def routine(self, intent: Intent) -> Routine:
        return plan(self._session, intent)

    def greet(self, _intent: Prepare) -> Routine:
        return greet(self._session)

    def wear(self, command: Message) -> int:
        """Files and programmes lie in flash; this family has no other memory for pages."""
        writes = isinstance(command, Say) and command.method in ("AddProgram", "DeleteFiles")
        return int(writes or isinstance(command, Upload))

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        if not self._session.guid:
            return ()  # in the middle of a handshake no other question is allowed
        taken = besides.method if isinstance(besides, Say) else ""
        return [Say(method) for method in _PROBES if method != taken]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        raise UnsupportedError(f"huidu knows no value {kind!r}")

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        """PNG only: without loss whatever the panel. JPEG, which the card takes too, would spoil pages."""
        return (PixelFormat.PNG,)

    # ---- discovery ------------------------------------------------------------------------------------------

    def search(self) -> Message:
        """The datagram that asks every card in reach to name itself."""
        return discovery.SearchAsk(self._version)

    def found(self, message: Message) -> CardInfo | None:
        """A card that named itself; None for anything else."""
        if not isinstance(message, discovery.SearchAnswer):
            return None
        details = {"id": message.card_id, "change": str(message.change), "sdk": str("-D" in message.card_id).lower()}
        return CardInfo(self.family, message.card_id.partition("-")[0], f"{message.version:08x}", details)
