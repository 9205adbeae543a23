"""The codec of Onbon BX-K cards: text into a dynamic area over the whole panel, a kept text below it as programme."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar, Self

from ledsign.errors import CardRefusedError, ConfigError, UnsupportedError
from ledsign.frame import AckLevel, Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol import onbon
from ledsign.protocol.bxk import commands, packets
from ledsign.protocol.bxk.commands import Command, UpdateAreas
from ledsign.protocol.bxk.packets import Packet, Reply
from ledsign.protocol.bxk.text import FONTS, LEDS, LOOP, LOOP_AND_END, Area, Programme, compose
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
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
    StorePage,
)
from ledsign.protocol.noise import crc16
from ledsign.protocol.screen import check_told
from ledsign.protocol.wire import Splitter

OPTIONS = ("id", "series", "font", "color")
ROOM = {"5k": 512, "6k": 1024}  # bytes of a dynamic area, and of a file block
_HEADS = 32  # bytes of a packet's data around those of an area, or of a file
_COLORS = {"red": 1, "green": 2, "yellow": 3}
_KEPT = "P000"
_LEFT_OVER = -1


def level(percent: int) -> int:
    """Brightness in percent as the card's 0-15; anything above 0 % stays visible."""
    if not 0 <= percent <= 100:
        raise UnsupportedError("brightness must be 0 to 100 percent")
    return max(1, round(percent * 15 / 100)) if percent else 0


class BXK:
    """BX-5K and BX-6K cards, which draw text with fonts of their own. Options of the URL:

    ``id`` (address, 1-32767; default: whoever answers), ``series`` (``5k``, ``6k``; default 5k, which takes less
    text), ``font`` (16, 24, 32), ``color`` (red, green, yellow).
    """

    family: ClassVar[str] = "bxk"
    ack: ClassVar[AckLevel] = AckLevel.ACKED  # of the words; how they look is the card's business
    default_port: ClassVar[int] = 5005
    links: ClassVar[frozenset[Link]] = frozenset({Link.SERIAL, Link.NET})
    abilities = frozenset(
        {
            Ability.FRAME,
            Ability.TEXT,
            Ability.TTL,
            Ability.SAFE,
            Ability.BRIGHTNESS,
            Ability.POWER,
            Ability.CLOCK,
            Ability.STATUS,
            Ability.CLEAR,
        }
    )

    def __init__(
        self, card_id: int = packets.ANYONE, series: str = "5k", font: int = 16, color: int = 1
    ) -> None:
        self._id = card_id
        self._room = ROOM[series]
        self._over = 4 if series == "6k" else 0
        self._font = font
        self._color = color
        measure = partial(onbon.measure, limit=packets.MAX_PACKET, parse=packets.parse)
        self._splitter = Splitter(measure, packets.MAX_PACKET + 1)

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(OPTIONS)):
            raise ConfigError(f"bxk: unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}")
        series, color = options.get("series", "5k"), options.get("color", "red")
        try:
            card_id, font = int(options.get("id", str(packets.ANYONE))), int(options.get("font", "16"))
        except ValueError as error:
            raise ConfigError(f"bxk: {error}") from error
        if series not in ROOM or color not in _COLORS or font not in FONTS:
            raise ConfigError("bxk: series is 5k or 6k, font is 16, 24 or 32, color is red, green or yellow")
        if not (1 <= card_id < packets.PC or card_id == packets.ANYONE):
            raise ConfigError("bxk: id is 1-32767")
        return cls(card_id, series, font, _COLORS[color])

    # ---- bytes ----------------------------------------------------------------------------------------------

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` has no place in this family's packets."""
        if isinstance(message, Command):
            # an area is cleared before it is drawn anew, so that no longer text of before looks out below it
            fresh = b"\x01\0" if isinstance(message, UpdateAreas) and message.areas else b"\0\0"
            message = Packet(message, self._id, display=packets.OVER, reserved=fresh)
        if not isinstance(message, Packet):
            raise UnsupportedError(f"bxk cannot say {type(message).__name__}")
        return [onbon.wrap(packets.pack(message), message.leads)]

    def feed(self, data: bytes) -> list[Message]:
        return self._messages(self._splitter.feed(data))

    def silence(self) -> list[Message]:
        return self._messages(self._splitter.silence())

    def reset(self) -> None:
        self._splitter.clear()

    @staticmethod
    def _messages(found: list[bytes]) -> list[Message]:
        return [replace(packets.parse(onbon.unwrap(packet)), leads=onbon.leads_of(packet)) for packet in found]

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        foreign = Judgement(Verdict.FOREIGN)
        if not isinstance(reply, Packet) or not isinstance(reply.body, Reply) or not isinstance(command, Command):
            return foreign
        if self._id not in (reply.src, packets.ANYONE):
            return foreign
        body = reply.body
        if body.code == commands.NACK or (body.code == command.REPLY and body.error):
            if body.error in (commands.CHECKSUM, commands.BUSY):
                return Judgement(Verdict.DAMAGED, body.error)
            return Judgement(Verdict.REFUSED, body.error, onbon.error_name(body.error))
        # no document prints the answer to "read parameters": with bit 7, as other answers, or without
        if body.code not in (command.REPLY, command.code if command.REPLY != commands.ACK else command.REPLY):
            return foreign
        return Judgement(Verdict.CONFIRMED) if len(body.data) >= command.LEAST else foreign

    # ---- what is done how -----------------------------------------------------------------------------------

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            return self._show(intent)
        if isinstance(intent, StorePage):
            return self._keep(Programme(_KEPT, (self._area(intent.frame),), over=self._over).pack())
        if isinstance(intent, Prepare):
            return self._prepare(intent)
        if isinstance(intent, Clear):
            return self._empty(deep=True)
        if isinstance(intent, SetBrightness):
            return self._say(commands.Brightness(1, level(intent.percent)))
        if isinstance(intent, SetPower):
            return self._say(commands.Power(1 if intent.on else 2))
        if isinstance(intent, SetClock):
            at = intent.at.replace(microsecond=0, tzinfo=None)
            return self._say(commands.SetTime(at.isoformat(), at.isoweekday()))
        if isinstance(intent, QueryInfo):
            return self._info()
        raise UnsupportedError(f"bxk cannot do {type(intent).__name__}")

    @staticmethod
    def _say(command: Message) -> Routine:
        yield command
        return None

    def _area(self, frame: Frame, number: int = 0xFF, end: int = 0) -> Area:
        """The frame's text over the whole panel. Raises UnsupportedError for pictures and for too much text."""
        if frame.format is not PixelFormat.TEXT:
            raise UnsupportedError("bxk draws text only")
        data, _missing = compose(frame.data.decode("utf-8"), self._font, self._color)
        size = (LEDS | frame.width, frame.height)
        area = Area(LEDS, 0, *size, data, number, LOOP_AND_END if end else LOOP, end)
        if len(area.pack()) + _HEADS > self._room:
            raise UnsupportedError(f"bxk: {len(data)} bytes of text are more than an area takes")
        return area

    def _show(self, intent: ShowFrame) -> Routine:
        if intent.ttl_s is not None and not 1 <= intent.ttl_s <= 0xFFFF:
            raise UnsupportedError("a page stays 1 to 65535 s")
        return self._say(UpdateAreas((self._area(intent.frame, 0, intent.ttl_s or 0),)))

    def _keep(self, file: bytes) -> Routine:
        name, size = _KEPT.encode("ascii"), self._room - _HEADS
        yield commands.StartWrite(1, name, len(file))
        for number, at in enumerate(range(0, len(file), size)):
            data = file[at : at + size]
            yield commands.WriteBlock(name, int(at + size >= len(file)), number, len(data), at, data)
        return None

    def _prepare(self, intent: Prepare) -> Routine:
        info = yield from self._info()
        check_told(info, intent)
        yield from self._empty(intent.deep)
        return info

    def _empty(self, deep: bool) -> Routine:
        """Take dynamic areas away, and programmes too, and ask whether any is left."""
        yield UpdateAreas(everything=True)
        if deep:
            yield commands.DeleteFiles()
            data = _data((yield commands.QueryStatus()))
            if data[10]:
                raise CardRefusedError(_LEFT_OVER, f"bxk: {data[10]} programmes would not be deleted")
        return None

    def _info(self) -> Routine:
        status = _data((yield commands.QueryStatus()))
        details = {"on": "1" if status[0] == 1 else "0", "brightness": str(status[1]), "programmes": str(status[10])}
        with suppress(CardRefusedError):
            data = _data((yield commands.ReadParameters()))
            width, height = (int.from_bytes(data[at : at + 2], "little") for at in (4, 6))
            details |= {"address": str(int.from_bytes(data[:2], "little")), "size": f"{width}x{height}"}
            return CardInfo(self.family, f"BX-K ({data[2]:02x})", "", details)
        return CardInfo(self.family, "BX-K", "", details)

    def suit(self, ber: float) -> bool:
        """A text is one packet whatever the noise."""
        return False

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        return crc16(packet, ber)

    def wear(self, command: Message) -> int:
        return int(isinstance(command, commands.DeleteFiles | commands.StartWrite))

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        """Questions with an answer of their own: an ACK could be one to anything."""
        known = (commands.QueryStatus(), commands.ReadParameters())
        return [probe for probe in known if probe != besides]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        """``programme``: the content of a file."""
        if kind != "programme":
            raise UnsupportedError(f"bxk knows no value {kind!r}")
        found = Programme.unpack(data)
        return found, found.pack()

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        return (PixelFormat.TEXT,)


def _data(reply: Message | None) -> bytes:
    assert isinstance(reply, Packet)  # what ``judge`` let through
    assert isinstance(reply.body, Reply)
    return reply.body.data
