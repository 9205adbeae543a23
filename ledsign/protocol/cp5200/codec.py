"""The CP5200 codec: what the driver and the simulated card share."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, Self

from ledsign.errors import CardRefusedError, ConfigError, UnsupportedError
from ledsign.frame import AckLevel, Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.cp5200 import basic, calls, i1, packets
from ledsign.protocol.cp5200.packets import Body, CallReply, Part, Reply, Request
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
    ShowFrame,
)
from ledsign.protocol.wire import Splitter

MAX_CHUNK = 512  # how vendor software cuts a call
MAX_PACKETS = 256  # PO is one byte
_PROPS = {
    PixelFormat.PLANES_1: 0x01,
    PixelFormat.PLANES_2: 0x03,
    PixelFormat.PLANES_3: 0x07,
    PixelFormat.PLANES_24: 0x77,
}
_FORMATS = {
    ColorMode.MONO: (PixelFormat.PLANES_1, PixelFormat.GIF),
    ColorMode.DUAL: (PixelFormat.PLANES_2, PixelFormat.GIF),
    ColorMode.RGB: (PixelFormat.PLANES_24, PixelFormat.GIF, PixelFormat.PLANES_3),
}
_OVERHEAD = 11 + i1.HEAD  # call code, picture head, I1 head


def picture_data(frame: Frame) -> tuple[int, bytes]:
    """Picture format and data for a frame. Raises UnsupportedError for a format the card cannot take."""
    if frame.format is PixelFormat.GIF:
        return calls.Image.GIF, frame.data
    prop = _PROPS.get(frame.format)
    if prop is None:
        raise UnsupportedError(f"cp5200 takes no {frame.format} frames")
    image = i1.I1Image(frame.width, frame.height, prop, frame.data)
    if len(frame.data) != i1.plane_size(frame.width, frame.height, image.depth) * image.colors:
        raise UnsupportedError(f"frame data do not fit {frame.width}x{frame.height} {frame.format}")
    return calls.Image.I1, image.pack()


def level(percent: int) -> int:
    """Brightness in percent as the card's 0-31; anything above 0 % stays visible."""
    if not 0 <= percent <= 100:
        raise UnsupportedError("brightness must be 0 to 100 percent")
    return max(1, round(percent * 31 / 100)) if percent else 0


class CP5200:
    """C-Power 5200 cards: windows that take pixel pictures. Options: ``id`` (1-255), ``code`` (8 hex digits,
    TCP), ``chunk`` (16-512 bytes a packet)."""

    family: ClassVar[str] = "cp5200"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 5200
    abilities: ClassVar[frozenset[Ability]] = frozenset(
        {
            Ability.FRAME,
            Ability.BRIGHTNESS,
            Ability.POWER,
            Ability.CLOCK,
            Ability.STATUS,
            Ability.CLEAR,
        }
    )

    def __init__(
        self,
        link: Link = Link.NET,
        role: Role = Role.DRIVER,
        card_id: int = 1,
        id_code: bytes = b"\xff\xff\xff\xff",
        chunk: int = MAX_CHUNK,
    ) -> None:
        self._link = link
        self._role = role
        self._card_id = card_id
        self._id_code = id_code
        self._chunk = chunk
        measure: Callable[[bytes], int]
        if link is Link.SERIAL:
            measure = partial(packets.measure_serial, role=role)
        else:
            measure = partial(packets.measure_net, role=role, id_code=id_code)
        self._splitter = Splitter(measure, packets.MAX_PACKET + 1)

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - {"id", "code", "chunk"}):
            raise ConfigError(f"cp5200: unknown option {unknown[0]!r}; known: id, code, chunk")
        try:
            card_id = int(options.get("id", "1"))
            code = bytes.fromhex(options.get("code", "ffffffff"))
            chunk = int(options.get("chunk", str(MAX_CHUNK)))
        except ValueError as error:
            raise ConfigError(f"cp5200: {error}") from error
        if not (1 <= card_id <= 255 and len(code) == 4 and 16 <= chunk <= MAX_CHUNK):
            raise ConfigError("cp5200: id is 1-255, code is 8 hex digits, chunk is 16-512")
        return cls(link, role, card_id, code, chunk)

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` has no place in this family's packets."""
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
        stream = bytes((body.code,)) + body.pack()
        slices = [stream[at : at + self._chunk] for at in range(0, len(stream), self._chunk)]
        if len(slices) > MAX_PACKETS:
            raise UnsupportedError(f"{len(stream)} bytes are more than one command can carry")
        return (body,) if len(slices) == 1 else [Part(n, len(slices) - 1, s) for n, s in enumerate(slices)]

    def feed(self, data: bytes) -> list[Message]:
        return self._messages(self._splitter.feed(data))

    def silence(self) -> list[Message]:
        return self._messages(self._splitter.silence())

    def reset(self) -> None:
        self._splitter.clear()

    def _messages(self, found: list[bytes]) -> list[Message]:
        return [packets.parse(packets.unframe(packet, self._link), self._role) for packet in found]

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        body = command.body if isinstance(command, Request) else command
        if isinstance(reply, Reply) and isinstance(body, basic.Basic):
            if reply.command != body.code or not self._mine(reply.card_id):
                return Judgement(Verdict.FOREIGN)
            accepted = body.accepts(reply.data)
            if accepted is None:
                return Judgement(Verdict.FOREIGN)
            return Judgement(Verdict.CONFIRMED if accepted else Verdict.REFUSED, reply.data[0])
        if isinstance(reply, CallReply) and isinstance(body, calls.Call):
            return self._judge_call(body, index, reply)
        return Judgement(Verdict.FOREIGN)

    def _judge_call(self, call: calls.Call, index: int, reply: CallReply) -> Judgement:
        # PO and TP are the reply's own (00 00); a card that repeats the request's is taken as well
        if reply.cc != call.code or not self._mine(reply.card_id) or (reply.index, reply.last) != (0, 0):
            echoes = reply.cc == call.code and self._mine(reply.card_id) and reply.index == index
            if not echoes or not reply.last:
                return Judgement(Verdict.FOREIGN)
        if reply.type == packets.REQUEST and len(reply.data) > 0:
            return Judgement(Verdict.FOREIGN)  # our own packet, heard back from a two-wire line
        verdicts = {0: Verdict.CONFIRMED, 1: Verdict.DAMAGED, 2: Verdict.DISORDER}
        return Judgement(verdicts.get(reply.status, Verdict.REFUSED), reply.status)

    def _mine(self, card_id: int) -> bool:
        return self._card_id in (card_id, 255)

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            form, data = picture_data(intent.frame)
            return self._say(calls.Image(0, 0, 1, 0, form, 0, 0, data))
        if isinstance(intent, Prepare):
            return self._prepare(intent)
        if isinstance(intent, Clear):
            return self._say(self._whole(intent), *self._black(intent))
        if isinstance(intent, SetBrightness):
            return self._say(basic.WriteBrightness((level(intent.percent),) * 24))
        if isinstance(intent, SetPower):
            return self._say(basic.WritePower(intent.on))
        if isinstance(intent, SetClock):
            at = intent.at
            clock = (at.second, at.minute, at.hour, at.isoweekday() % 7, at.day, at.month, at.year - 2000)
            return self._say(basic.WriteClock(*clock))
        if isinstance(intent, QueryInfo):
            return self._info()
        raise UnsupportedError(f"cp5200 cannot do {type(intent).__name__}")

    @staticmethod
    def _say(*commands: Message) -> Routine:
        for command in commands:  # noqa: UP028 -- a tuple's iterator cannot be sent the replies
            yield command
        return None

    @staticmethod
    def _whole(intent: Prepare | Clear) -> calls.SplitWindows:
        return calls.SplitWindows((calls.Window(0, 0, intent.width, intent.height),))

    @staticmethod
    def _black(intent: Clear) -> Sequence[Message]:
        # no document says that a split blanks the glass; a black picture certainly does
        blank = bytes(i1.plane_size(intent.width, intent.height, 1))
        image = i1.I1Image(intent.width, intent.height, 0x01, blank)
        return (calls.Image(0, 0, 1, 0, calls.Image.I1, 0, 0, image.pack()),)

    def _prepare(self, intent: Prepare) -> Routine:
        info = yield from self._info()
        with suppress(CardRefusedError):  # firmware without global zones has none to cancel
            yield calls.GlobalZones(options=0, sync=0)
        if intent.deep:
            with suppress(CardRefusedError):
                yield calls.SavedWindows(clear=True)
        yield self._whole(intent)
        return info

    def _info(self) -> Routine:
        reply = yield basic.QueryVersion()
        if not isinstance(reply, Reply):
            return None
        _zero, kind, logic, bios, *_rest, app = reply.data[:8]
        details = {"logic": str(logic), "bios": str(bios), "id": str(reply.card_id)}
        return CardInfo(self.family, f"type {kind}", f"{app >> 4}.{app & 15}", details)

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
        room = MAX_PACKETS * self._chunk - _OVERHEAD
        fits = width * height * 3 <= room
        return tuple(form for form in _FORMATS[mode] if form is not PixelFormat.PLANES_24 or fits)
