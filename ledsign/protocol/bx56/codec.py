"""The codec of Onbon BX-5 and BX-6 graphics cards: what the driver and the simulated card share."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, Self

from ledsign.errors import ConfigError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol import onbon
from ledsign.protocol.bx56 import commands, packets
from ledsign.protocol.bx56.commands import Command, Reply
from ledsign.protocol.bx56.models import MODELS, CardError, Generation, Model
from ledsign.protocol.bx56.packets import Packet
from ledsign.protocol.bx56.routines import Doing, Upload
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
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
    StorePage,
)
from ledsign.protocol.noise import crc16
from ledsign.protocol.wire import Splitter

OPTIONS = ("model", "id", "order", "block", "pages", "writes")
_AREA_COMMANDS = (commands.UpdateAreas, commands.DeleteAreas)
_PROBES = (commands.Ping, commands.QueryStatus, commands.QueryFirmware, commands.ReadId)
_AGAIN = {CardError.NO_FILE, CardError.FILE_CRC, CardError.BLOCK}  # an upload that lost the thread
_COMMON = frozenset(
    {
        Ability.FRAME,
        Ability.STORED,
        Ability.CUT_IN,
        Ability.TTL,
        Ability.BRIGHTNESS,
        Ability.POWER,
        Ability.CLOCK,
        Ability.STATUS,
        Ability.CLEAR,
    }
)


def level(percent: int) -> int:
    """Brightness in percent as the card's 0-15; anything above 0 % stays visible."""
    if not 0 <= percent <= 100:
        raise UnsupportedError("brightness must be 0 to 100 percent")
    return max(1, round(percent * 15 / 100)) if percent else 0


class BX56:
    """BX-5 and BX-6 graphics cards. Options of the URL:

    ``model`` (5a 5m 5c 5e 5u xw xu 6a 6ag 6m 6w 6e 6q; default 6e, 6q for full colour), ``id`` (address, 1-32767;
    default: whoever answers), ``order`` of two colours (``rg``, ``gr``), ``block`` (data bytes of a file block),
    ``pages`` (``dynamic``: in the card's memory; ``programme``: as a file, which wears its flash), ``writes``
    (files that this program may write in all, default 2000).
    """

    family: ClassVar[str] = "bx56"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 5005
    links: ClassVar[frozenset[Link]] = frozenset({Link.SERIAL, Link.NET})
    def __init__(
        self,
        link: Link = Link.NET,
        role: Role = Role.DRIVER,
        model: Model | None = None,
        card_id: int | None = None,
        order: str = "rg",
        block: int | None = None,
        stored: bool = False,
        writes: int = 2000,
    ) -> None:
        self._link = link
        self._id = card_id
        self._do = Doing(model, order, block, stored, writes)
        self.abilities = _COMMON if stored else _COMMON | {Ability.SAFE}
        measure = partial(onbon.measure, limit=packets.MAX_PACKET, parse=packets.parse)
        self._splitter = Splitter(measure, packets.MAX_PACKET + 1)
        self._counter = 0
        self._asked: deque[tuple[Message, tuple[int, ...]]] = deque(maxlen=4)
        self._probed: deque[tuple[Message, tuple[int, ...]]] = deque(maxlen=4)  # must not push a page out
        self.reset()

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(OPTIONS)):
            raise ConfigError(f"bx56: unknown option {unknown[0]!r}; known: {', '.join(OPTIONS)}")
        name, order, pages = options.get("model"), options.get("order", "rg"), options.get("pages", "dynamic")
        if name is not None and name not in MODELS:
            raise ConfigError(f"bx56: no model {name!r}; known: {', '.join(MODELS)}")
        model = MODELS[name] if name else None
        try:
            card_id, block, writes = (int(options.get(key, "0")) for key in ("id", "block", "writes"))
        except ValueError as error:
            raise ConfigError(f"bx56: {error}") from error
        most = (model or MODELS["6e"]).most
        if order not in ("rg", "gr") or pages not in ("dynamic", "programme"):
            raise ConfigError("bx56: order is rg or gr, pages is dynamic or programme")
        if not (0 <= card_id < packets.PC and (not block or 64 <= block <= most) and 0 <= writes <= 100_000):
            raise ConfigError(f"bx56: id is 1-32767, block is 64-{most}, writes at most 100000")
        if model is not None and not model.areas and pages == "dynamic":
            raise ConfigError(f"bx56: a {name} has no dynamic areas; pages=programme writes its flash for every page")
        return cls(link, role, model, card_id or None, order, block or None, pages == "programme", writes or 2000)

    # ---- bytes ----------------------------------------------------------------------------------------------

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """Packets carry numbers of their own, so that answers can be told apart; ``seq`` only adds to them."""
        if isinstance(message, Packet):
            return [onbon.wrap(packets.pack(message), message.leads)]
        if isinstance(message, Upload):
            said: list[Command] = message.commands()
        elif isinstance(message, Command):
            said = [message]
        else:
            raise UnsupportedError(f"bx56 cannot say {type(message).__name__}")
        made = [self._packet(command) for command in said]
        if any(len(command.pack()) > packets.MAX_BODY - 64 for command in said):
            raise UnsupportedError("more pixels than one packet can carry")
        log = self._probed if isinstance(message, _PROBES) else self._asked
        log.append((message, tuple(packet.seq for packet in made)))
        return [onbon.wrap(packets.pack(packet)) for packet in made]

    def _packet(self, command: Command) -> Packet:
        model, device, dst = self._do.model, self._do.device, self._id or self._do.address
        if isinstance(command, _AREA_COMMANDS):
            return Packet(Generation.AREA, command, dst, device=device)
        self._counter = (self._counter + 1) & 0x7FFF
        phy = int(self._link is not Link.SERIAL and not model.plain_phy)
        most = 0x90 if model.generation is Generation.G5 else 0x190
        return Packet(
            model.generation,
            command,
            dst,
            device=device,
            seq=1 if model.name == "5a" else self._counter,
            protocol_type=int(model.full_color),
            phy=phy,
            max_frame=most,
        )

    def feed(self, data: bytes) -> list[Message]:
        return self._messages(self._splitter.feed(data))

    def silence(self) -> list[Message]:
        return self._messages(self._splitter.silence())

    def reset(self) -> None:
        self._splitter.clear()
        self._asked.clear()
        self._probed.clear()
        self._counts = False  # this card repeats our numbers
        self._do.forget()

    @staticmethod
    def _messages(found: list[bytes]) -> list[Message]:
        return [replace(packets.parse(onbon.unwrap(packet)), leads=onbon.leads_of(packet)) for packet in found]

    # ---- answers --------------------------------------------------------------------------------------------

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        foreign = Judgement(Verdict.FOREIGN)
        if not isinstance(reply, Packet) or not isinstance(reply.body, Reply) or reply.dst != packets.PC:
            return foreign
        asked = self._id or self._do.address
        if asked not in (reply.src, packets.ANYONE):
            return foreign
        area = isinstance(command, _AREA_COMMANDS)
        if area != (reply.generation is Generation.AREA):
            return foreign
        if not area and not self._number_fits(command, index, reply):
            return foreign
        return self._judge_body(command, index, reply.body)

    def _number_fits(self, command: Message, index: int, reply: Packet) -> bool:
        """Whether the answer repeats the question's number (+ 8000h). Asked for as soon as the card has once
        shown that it does; no real card was seen yet, so one that does not is taken as well."""
        known = (*self._asked, *self._probed)
        numbers = next((seqs for said, seqs in reversed(known) if said is command), ())
        if not numbers:
            return not self._counts
        fits = reply.seq == (numbers[index if len(numbers) > 1 else 0] + 0x8000) & 0xFFFF
        self._counts = self._counts or fits
        return fits or not self._counts

    @staticmethod
    def _judge_body(command: Message, index: int, body: Reply) -> Judgement:
        expected = command.REPLY if isinstance(command, Command) else commands.ACK
        if body.code == commands.NACK or (body.code == expected and body.error):
            if body.error in (CardError.CHECKSUM, CardError.BUSY):
                return Judgement(Verdict.DAMAGED, body.error)
            lost = isinstance(command, Upload) and index > 0 and body.error in _AGAIN
            verdict = Verdict.DISORDER if lost else Verdict.REFUSED
            return Judgement(verdict, body.error, onbon.error_name(body.error))
        least = command.LEAST if isinstance(command, Command) else 0
        if body.code != expected or len(body.data) < least:
            return Judgement(Verdict.FOREIGN)
        return Judgement(Verdict.CONFIRMED)

    # ---- what is done how -----------------------------------------------------------------------------------

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            return self._do.show(intent)
        if isinstance(intent, StorePage):
            return self._do.keep(intent)
        if isinstance(intent, Prepare):
            return self._do.prepare(intent)
        if isinstance(intent, Clear):
            return self._do.clear()
        if isinstance(intent, SetBrightness):
            return self._say(commands.Brightness((level(intent.percent),) * 48))
        if isinstance(intent, SetPower):
            return self._say(commands.Power(intent.on))
        if isinstance(intent, SetClock):
            at = intent.at.replace(microsecond=0, tzinfo=None)
            return self._say(commands.SetTime(at.isoformat(), at.isoweekday()))
        if isinstance(intent, QueryInfo):
            return self._do.info()
        raise UnsupportedError(f"bx56 cannot do {type(intent).__name__}")

    def greet(self, intent: Prepare) -> Routine:
        return self._do.greet(intent)

    @staticmethod
    def _say(command: Message) -> Routine:
        yield command
        return None

    def suit(self, ber: float) -> bool:
        """A dynamic area is one packet whatever the noise."""
        return False

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        return crc16(packet, ber)

    def wear(self, command: Message) -> int:
        return len(command.files) if isinstance(command, Upload) else int(isinstance(command, commands.DeleteFiles))

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        return [probe() for probe in _PROBES if not isinstance(besides, probe)]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        raise UnsupportedError(f"bx56 knows no value {kind!r}")

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        """A full-colour card takes three bytes an LED whatever the panel; the others planes."""
        if self._do.model_for(mode).full_color:
            fits = width * height * 3 <= packets.MAX_BODY - 128
            return (PixelFormat.RGB888,) if fits else ()
        forms = {ColorMode.MONO: (PixelFormat.PLANES_1,), ColorMode.DUAL: (PixelFormat.PLANES_2,)}
        return forms.get(mode, ())
