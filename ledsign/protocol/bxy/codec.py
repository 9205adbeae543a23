"""The codec of Onbon BX-Y cards: what the driver and the simulated card share."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.bxy import calls, files
from ledsign.protocol.bxy.calls import Put, Say
from ledsign.protocol.bxy.routines import Doing
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.http import HttpAsk, HttpReply, Reader, pack
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

_OPTIONS = ("user", "password", "pages")
_FACTORY = "guest"
_BUSY = 13  # I/O: asking again may help
_SMALL = 512 * 256  # up to here the bitmap of the wire log, above PNG, which is sent in a fraction of the time


def level(percent: int) -> int:
    """Brightness in percent as the card's 1-255."""
    if not 0 <= percent <= 100:
        raise UnsupportedError("brightness must be 0 to 100 percent")
    return max(1, round(percent * 255 / 100))


_COMMON = frozenset(
    {
        Ability.FRAME,
        Ability.STORED,
        Ability.CUT_IN,
        Ability.BRIGHTNESS,
        Ability.POWER,
        Ability.CLOCK,
        Ability.STATUS,
        Ability.CLEAR,
    }
)


class BXY:
    """Onbon BX-Y cards. Options: ``user`` and ``password`` (factory: guest), ``pages`` (``dynamic``: in the card's
    memory; ``programme``: as files and a list, which survive a power cycle)."""

    family: ClassVar[str] = "bxy"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 80
    links: ClassVar[frozenset[Link]] = frozenset({Link.NET})

    def __init__(
        self, role: Role = Role.DRIVER, user: str = _FACTORY, password: str = _FACTORY, stored: bool = False
    ) -> None:
        self._reader = Reader(role)
        self._password = password
        self._do = Doing(user, password, stored)
        self.abilities = _COMMON if stored else _COMMON | {Ability.SAFE}

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(_OPTIONS)):
            raise ConfigError(f"bxy: unknown option {unknown[0]!r}; known: {', '.join(_OPTIONS)}")
        pages = options.get("pages", "dynamic")
        if pages not in ("dynamic", "programme"):
            raise ConfigError("bxy: pages is dynamic or programme")
        return cls(role, options.get("user", _FACTORY), options.get("password", _FACTORY), pages == "programme")

    # ---- bytes ----------------------------------------------------------------------------------------------

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` has no place here: every request has a connection of its own, or keeps order on one."""
        if isinstance(message, HttpAsk | HttpReply):
            return [pack(message)]
        if isinstance(message, Say) and not message.token:
            message = Say(message.name, message.input, message.pictures, self._do.token)
        if isinstance(message, Say | Put):
            return [pack(calls.ask(message))]
        raise UnsupportedError(f"bxy cannot say {type(message).__name__}")

    def public(self, data: bytes) -> bytes:
        """A login as with the factory's password: from the sum of a weak one it could be guessed."""
        return calls.with_password(data, _FACTORY) if self._password != _FACTORY else data

    def feed(self, data: bytes) -> list[Message]:
        return list(self._reader.feed(data))

    def silence(self) -> list[Message]:
        return list(self._reader.silence())

    def reset(self) -> None:
        self._reader.clear()  # the session lives on: it is closed when the next one is opened

    def judge(self, command: Message, index: int, reply: Message) -> Judgement:
        if not isinstance(reply, HttpReply) or not isinstance(command, Say | Put):
            return Judgement(Verdict.FOREIGN)
        try:
            answer = calls.read_reply(reply)
        except (ProtocolError, ValueError, TypeError):
            if reply.status < 400:
                return Judgement(Verdict.FOREIGN)
            return Judgement(Verdict.REFUSED, reply.status, f"HTTP {reply.status}")  # of its web server, not its own
        wanted = "upload" if isinstance(command, Put) else command.name.lower()
        if answer.name and answer.name != wanted:
            return Judgement(Verdict.FOREIGN)
        if answer.error == _BUSY:
            return Judgement(Verdict.DAMAGED, answer.error)
        if answer.error or reply.status != 200:
            return Judgement(Verdict.REFUSED, answer.error or reply.status, f"{wanted}: {answer.text}")
        return Judgement(Verdict.CONFIRMED)

    # ---- what is done how -----------------------------------------------------------------------------------

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            suffix, data = files.picture(intent.frame)
            stored = self._do.stored and not intent.urgent
            show = self._do.store if stored else self._do.dynamic
            return self._do.logged_in(lambda: show(intent.frame, suffix, data))
        if isinstance(intent, StorePage) and not self._do.stored:  # below the dynamic area
            suffix, data = files.picture(intent.frame)
            return self._do.logged_in(lambda: self._do.store(intent.frame, suffix, data))
        if isinstance(intent, Prepare):
            return self._do.prepare(intent)
        if isinstance(intent, Clear):
            return self._do.logged_in(lambda: self._do.empty(deep=True))
        if isinstance(intent, SetBrightness):
            given = {"brightness": str(level(intent.percent)), "changemode": "yes"}
            return self._do.logged_in(lambda: self._say(Say("systemBrightness", given)))
        if isinstance(intent, SetPower):
            power = {"screenonoffstatus": "on" if intent.on else "off"}
            return self._do.logged_in(lambda: self._say(Say("screenOnOff", power)))
        if isinstance(intent, SetClock):
            at = {"datetime": f"{intent.at:%Y-%m-%d %H:%M:%S}", "isutc": "no"}
            return self._do.logged_in(lambda: self._say(Say("systemClockCorrect", at)))
        if isinstance(intent, QueryInfo):
            return self._do.logged_in(self._do.info)
        raise UnsupportedError(f"bxy cannot do {type(intent).__name__}")

    def greet(self, _intent: Prepare) -> Routine:
        return self._do.greet()

    @staticmethod
    def _say(command: Message) -> Routine:
        yield command
        return None

    def wear(self, command: Message) -> int:
        """Programmes and their files lie in flash, dynamic areas in memory."""
        lasting = ("deletedynamicfile", "clearallprogram", "movefile")
        writes = isinstance(command, Say) and command.name.lower() in lasting
        return int(writes or isinstance(command, Put))

    def probes(self, besides: Message | None = None) -> Sequence[Message]:
        known = (Say("getState", {"rtctime": ""}), Say("checkPlayer"))
        return [probe for probe in known if not isinstance(besides, Say) or besides.name != probe.name]

    def value(self, kind: str, data: bytes) -> tuple[object, bytes]:
        if kind != "file":
            raise UnsupportedError(f"bxy knows no value {kind!r}")
        found = files.read(data)
        return found, files.write(found)

    def formats(self, mode: ColorMode, width: int = 0, height: int = 0) -> tuple[PixelFormat, ...]:
        """Both are lossless. The bitmap is what real cards were seen to take."""
        if width * height <= _SMALL:
            return PixelFormat.RGB888, PixelFormat.PNG
        return PixelFormat.PNG, PixelFormat.RGB888
