"""The CP5200 codec: what the driver and the simulated card share."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Self

from ledsign.errors import ConfigError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol import gbtext
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.cp5200 import basic, calls, files, i1, packets, setup, templates, verdicts
from ledsign.protocol.cp5200.instant import SLICE, InstantText
from ledsign.protocol.cp5200.packets import Body, Burst, CallReply, Part, Reply, Request
from ledsign.protocol.cp5200.pages import BURST, MAX_PACKETS, Pages, TemplatePages, WindowPages, cut, say
from ledsign.protocol.disguise import disguised
from ledsign.protocol.message import (
    CardInfo,
    Clear,
    Intent,
    Message,
    Prepare,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    Setup,
    ShowFrame,
    ShowText,
    StorePage,
    UploadFile,
)
from ledsign.protocol.noise import additive, best_chunk
from ledsign.protocol.wire import Splitter

MAX_CHUNK = 512  # how vendor software cuts a call
OPTIONS = ("id", "code", "chunk", "pages")
FACTORY_CODE = b"\xff\xff\xff\xff"
_MOST_SETTINGS = 128  # bytes of a packet with the network's settings, escapes included
_FORMATS = {
    ColorMode.MONO: (PixelFormat.PLANES_1, PixelFormat.GIF),
    ColorMode.DUAL: (PixelFormat.PLANES_2, PixelFormat.GIF),
    ColorMode.RGB: (PixelFormat.PLANES_24, PixelFormat.GIF, PixelFormat.PLANES_3),
}
_OVERHEAD = 16 + i1.HEAD  # call code, head of a picture in a programme, I1 head
_AROUND, _ANSWER = 17, 21  # bytes around the data of a packet, bytes of an answer
_WEARING = (calls.SavedWindows, templates.DefineTemplate, templates.DeletePrograms, *files.WEARING)
_COMMON = frozenset(
    {Ability.FRAME, Ability.TEXT, Ability.BRIGHTNESS, Ability.POWER, Ability.CLOCK, Ability.STATUS, Ability.CLEAR}
)


def level(percent: int) -> int:
    """Brightness in percent as the card's 0-31; anything above 0 % stays visible."""
    if not 0 <= percent <= 100:
        raise UnsupportedError("brightness must be 0 to 100 percent")
    return max(1, round(percent * 31 / 100)) if percent else 0


class CP5200:
    """C-Power 5200 cards: windows that take pixel pictures. Options:

    ``id`` (1-255), ``code`` (8 hex digits, TCP), ``chunk`` (16-512 bytes a packet), ``pages`` (``window``: in the
    card's memory; ``template``: as programmes with an end, on its disk, which that wears).
    """

    family: ClassVar[str] = "cp5200"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 5200
    links: ClassVar[frozenset[Link]] = frozenset({Link.SERIAL, Link.NET})

    def __init__(
        self,
        link: Link = Link.NET,
        role: Role = Role.DRIVER,
        card_id: int = 1,
        id_code: bytes = FACTORY_CODE,
        chunk: int = MAX_CHUNK,
        template: bool = False,
    ) -> None:
        self._link = link
        self._role = role
        self._card_id = card_id
        self._id_code = id_code
        self._chunk = chunk
        # on a serial line every packet is confirmed by itself, so that the driver sees how noisy it is
        burst = 1 if link is Link.SERIAL else BURST
        self._pages: Pages = TemplatePages(chunk, burst) if template else WindowPages(chunk)
        self.abilities = _COMMON | self._pages.abilities
        measure: Callable[[bytes], int]
        if link is Link.SERIAL:
            measure = partial(packets.measure_serial, role=role)
        else:
            measure = partial(packets.measure_net, role=role, id_code=id_code)
        self._splitter = Splitter(measure, packets.MAX_PACKET + 1)

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(OPTIONS)):
            raise ConfigError(f"cp5200: unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}")
        pages = options.get("pages", "window")
        try:
            card_id = int(options.get("id", "1"))
            code = bytes.fromhex(options.get("code", "ffffffff"))
            chunk = int(options.get("chunk", str(MAX_CHUNK)))
        except ValueError as error:
            raise ConfigError(f"cp5200: {error}") from error
        if not (1 <= card_id <= 255 and len(code) == 4 and 16 <= chunk <= MAX_CHUNK):
            raise ConfigError("cp5200: id is 1-255, code is 8 hex digits, chunk is 16-512")
        if pages not in ("window", "template"):
            raise ConfigError("cp5200: pages is window or template")
        return cls(link, role, card_id, code, chunk, pages == "template")

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` has no place in this family's packets."""
        if isinstance(message, Burst):
            return [self._burst(message)]
        return [packets.frame(body, self._link, self._id_code) for body in self._bodies(message)]

    def _bodies(self, message: Message) -> list[bytes]:
        if isinstance(message, Reply | CallReply):
            return [packets.pack(message)]
        request = message if isinstance(message, Request) else None
        if request is None:
            if not isinstance(message, calls.Call | basic.Basic | Part):
                raise UnsupportedError(f"cp5200 cannot say {type(message).__name__}")
            flag = message.FLAGS[0] | 1 if isinstance(message, basic.Basic) else 1
            request = Request(message, self._card_id, flag)
        return [packets.pack(Request(part, request.card_id, request.flag)) for part in self._cut(request.body)]

    def _cut(self, body: Body) -> Sequence[Body]:
        if not isinstance(body, calls.Call):
            return (body,)
        least = -(-(len(body.pack()) + 1) // MAX_PACKETS)
        parts = cut(body, min(self._chunk, max(self._pages.chunk, least)))
        return (body,) if len(parts) == 1 else parts

    def _burst(self, burst: Burst) -> bytes:
        """All packets of a burst at once: for the line it is one message."""
        last = len(burst.bodies) - 1
        bodies = [Request(body, self._card_id, int(n == last)) for n, body in enumerate(burst.bodies)]
        return b"".join(packets.frame(packets.pack(body), self._link, self._id_code) for body in bodies)

    def feed(self, data: bytes) -> list[Message]:
        return self._messages(self._splitter.feed(data))

    def silence(self) -> list[Message]:
        return self._messages(self._splitter.silence())

    def reset(self) -> None:
        self._splitter.clear()
        self._pages.forget()

    def _messages(self, found: list[bytes]) -> list[Message]:
        return [packets.parse(packets.unframe(packet, self._link), self._role) for packet in found]

    def public(self, data: bytes) -> bytes:
        """With the factory's ID code in front, and where the network's settings are told or read."""
        fresh = self._id_code == FACTORY_CODE
        if fresh and basic.QueryNetwork.CODE not in data[:_MOST_SETTINGS]:
            return data
        reader = type(self)(self._link, Role.WITNESS, id_code=self._id_code)
        writer = type(self)(self._link, Role.WITNESS)
        return disguised(data, reader, writer, setup.without_code, b"" if fresh else self._id_code)

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        body = command.body if isinstance(command, Request) else command
        if isinstance(body, Burst) and body.cc < 0:
            body = body.bodies[-1]
        if isinstance(reply, Reply) and isinstance(body, basic.Basic):
            if reply.command != body.code or not self._mine(command, reply.card_id):
                return Judgement(Verdict.FOREIGN)
            accepted = body.accepts(reply.data)
            if accepted is None:
                return Judgement(Verdict.FOREIGN)
            return Judgement(Verdict.CONFIRMED if accepted else Verdict.REFUSED, reply.data[0])
        if isinstance(reply, CallReply) and self._mine(command, reply.card_id):
            if isinstance(body, Burst):
                return verdicts.of_upload(body, reply)
            if isinstance(body, calls.Call):
                return verdicts.of_call(body, index, reply)
        return Judgement(Verdict.FOREIGN)

    def _mine(self, command: Message, card_id: int) -> bool:
        asked = command.card_id if isinstance(command, Request) else self._card_id
        return asked in (card_id, 255) or (isinstance(command, basic.WriteId) and command.id == card_id)

    def routine(self, intent: Intent) -> Routine:  # noqa: C901 -- a table of intents
        if isinstance(intent, ShowFrame):
            return self._pages.show(intent)
        if isinstance(intent, StorePage):
            return self._pages.keep(intent)
        if isinstance(intent, Prepare):
            return self._prepare(intent)
        if isinstance(intent, Clear):
            return self._pages.clear(intent)
        if isinstance(intent, ShowText):
            return self._instant(intent)
        if isinstance(intent, SetBrightness):
            return say(basic.WriteBrightness((level(intent.percent),) * 24))
        if isinstance(intent, SetPower):
            return say(basic.WritePower(intent.on))
        if isinstance(intent, SetClock):
            at = intent.at
            clock = (at.second, at.minute, at.hour, at.isoweekday() % 7, at.day, at.month, at.year - 2000)
            return say(basic.WriteClock(*clock))
        if isinstance(intent, QueryInfo):
            return self._info()
        if isinstance(intent, Setup):
            return setup.setup(self.family, self._link, intent.changes)
        if isinstance(intent, UploadFile):
            return setup.upload(intent)
        raise UnsupportedError(f"cp5200 cannot do {type(intent).__name__}")

    def _prepare(self, intent: Prepare) -> Routine:
        info = yield from self._info()
        yield from self._pages.prepare(intent)
        return info

    def _instant(self, intent: ShowText) -> Routine:
        """An urgent text in the card's own letters, for at most 255 s: one without an end could not be taken off."""
        text, missing = gbtext.encode(intent.text, "gbk")
        if missing or not 0 < len(text) <= 2000:
            foreign = f", without {''.join(missing)!r}" if missing else ""
            raise UnsupportedError(f"cp5200: an instant message is 1 to 2000 bytes of GBK{foreign}")
        stay_s = 255 if intent.ttl_s is None else intent.ttl_s
        if not 1 <= stay_s <= 255:
            raise UnsupportedError("cp5200: an instant message stays 1 to 255 s")
        return self._slices(InstantText(text, 1, stay_s=stay_s).pack())

    def _slices(self, data: bytes) -> Routine:
        for at in range(0, len(data), SLICE):
            last = at + SLICE >= len(data)
            body = files.InstantMessage(at, data[at : at + SLICE])
            yield Request(body, self._card_id, files.InstantMessage.FLAGS[0 if last else 1])
        return None

    def _info(self) -> Routine:
        reply = yield basic.QueryVersion()
        if not isinstance(reply, Reply):
            return None
        _zero, kind, logic, bios, *_rest, app = reply.data[:8]
        details = {"logic": str(logic), "bios": str(bios), "id": str(reply.card_id)}
        return CardInfo(self.family, f"type {kind}", f"{app >> 4}.{app & 15}", details)

    def suit(self, ber: float) -> bool:
        before, self._pages.chunk = self._pages.chunk, best_chunk(ber, self._chunk, 16, _AROUND, _ANSWER)
        return self._pages.chunk < before

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        """Each packet of a burst has a sum of its own; what counts is the page that they all belong to."""
        if not isinstance(command, Burst):
            return additive(packet, ber)
        size = -(-len(packet) // len(command.bodies))
        first = command.bodies[0]
        total = first.last + 1 if isinstance(first, Part) else len(command.bodies)
        return total * additive(packet[:size], ber)

    def wear(self, command: Message) -> int:
        """Saved windows and settings, files, and what template mode keeps on the card's disk."""
        if isinstance(command, Burst):
            return sum(isinstance(body, Part) and body.index == 0 for body in command.bodies)
        return int(isinstance(command, _WEARING))

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        taken = besides.code if isinstance(besides, basic.Basic) else None
        known = (basic.QueryVersion(), basic.QueryClock(), basic.QueryPower(), basic.QueryBrightness())
        return [probe for probe in known if probe.code != taken]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        if kind != "i1-pixels":
            raise UnsupportedError(f"cp5200 knows no value {kind!r}")
        image = i1.parse(data)
        return image, image.pack()

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        """RGB: 8-bit planes hold every colour but only fit small panels, GIF is lossless up to 256 colours,
        1-bit planes keep eight colours."""
        fits = width * height * 3 <= MAX_PACKETS * self._chunk - _OVERHEAD
        return tuple(form for form in _FORMATS[mode] if form is not PixelFormat.PLANES_24 or fits)
