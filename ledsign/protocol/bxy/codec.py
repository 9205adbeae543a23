"""The codec of Onbon BX-Y cards: what the driver and the simulated card share, and how things are done."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Self

from ledsign.errors import CardRefusedError, ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.bxy import calls, files
from ledsign.protocol.bxy.calls import Answer, Json, Put, Say
from ledsign.protocol.codec import Ability, Judgement, Link, Role, Routine, Verdict
from ledsign.protocol.huidu_http.wire import HttpAsk, HttpReply, Reader, pack
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

_OPTIONS = ("user", "password", "pages")
_LOGGED_OUT = frozenset({11, 12, 401})  # expired, never was, and HTTP's own word for it
_BUSY = 13  # I/O: asking again may help
_MODELS = {
    "8280": "BX-Y04",
    "8536": "BX-Y08",
    "8792": "BX-Y2",
    "9048": "BX-Y3",
    "9304": "BX-Y2L",
    "10584": "BX-Y5E",
}
_KEYS = ("controllertype", "width", "height", "firmwareversion", "brightness", "screenonoffstatus", "playlist")
_SMALL = 512 * 256  # up to here the bitmap of the wire log, above PNG, which is sent in a fraction of the time
_STILL_THERE = 15


def level(percent: int) -> int:
    """Brightness in percent as the card's 1-255."""
    if not 0 <= percent <= 100:
        raise UnsupportedError("brightness must be 0 to 100 percent")
    return max(1, round(percent * 255 / 100))


class BXY:
    """Onbon BX-Y cards. Options: ``user`` and ``password`` (factory: guest), ``pages`` (``dynamic``: in the card's
    memory; ``programme``: as files and a list, which survive a power cycle)."""

    family: ClassVar[str] = "bxy"
    ack: ClassVar[AckLevel] = AckLevel.ACKED
    default_port: ClassVar[int] = 80
    abilities: ClassVar[frozenset[Ability]] = frozenset(
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

    def __init__(
        self, role: Role = Role.DRIVER, user: str = "guest", password: str = "guest", stored: bool = False
    ) -> None:
        self._reader = Reader(role)
        self._user = user
        self._password = password
        self._stored = stored
        self._token = ""
        self._device = "8280"
        self._covered = False  # a dynamic area lies over the programme

    @classmethod
    def from_options(cls, link: Link, role: Role, options: Mapping[str, str]) -> Self:
        if unknown := sorted(set(options) - set(_OPTIONS)):
            raise ConfigError(f"bxy: unknown option {unknown[0]!r}; known: {', '.join(_OPTIONS)}")
        pages = options.get("pages", "dynamic")
        if link is not Link.NET or pages not in ("dynamic", "programme"):
            raise ConfigError("bxy: http or tcp lines only; pages is dynamic or programme")
        return cls(role, options.get("user", "guest"), options.get("password", "guest"), pages == "programme")

    # ---- bytes ----------------------------------------------------------------------------------------------

    def encode(self, message: Message, seq: int = 0) -> list[bytes]:
        """``seq`` has no place here: every request has a connection of its own, or keeps order on one."""
        if isinstance(message, HttpAsk | HttpReply):
            return [pack(message)]
        if isinstance(message, Say) and not message.token:
            message = Say(message.name, message.input, message.pictures, self._token)
        if isinstance(message, Say | Put):
            return [pack(calls.ask(message))]
        raise UnsupportedError(f"bxy cannot say {type(message).__name__}")

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
            refused = reply.status >= 400  # no word of the card's, but of its web server
            return Judgement(Verdict.REFUSED, reply.status) if refused else Judgement(Verdict.FOREIGN)
        wanted = "upload" if isinstance(command, Put) else command.name.lower()
        if answer.name and answer.name != wanted:
            return Judgement(Verdict.FOREIGN)
        if answer.error == _BUSY:
            return Judgement(Verdict.DAMAGED, answer.error)
        if answer.error or reply.status != 200:
            return Judgement(Verdict.REFUSED, answer.error or reply.status)
        return Judgement(Verdict.CONFIRMED)

    # ---- what is done how -----------------------------------------------------------------------------------

    def routine(self, intent: Intent) -> Routine:
        if isinstance(intent, ShowFrame):
            suffix, data = files.picture(intent.frame)
            stored = self._stored and not intent.urgent
            show = self._store if stored else self._dynamic
            return self._logged_in(lambda: show(intent, suffix, data))
        if isinstance(intent, Prepare):
            return self._prepare(intent)
        if isinstance(intent, Clear):
            return self._logged_in(lambda: self._empty(deep=True))
        if isinstance(intent, SetBrightness):
            given = {"brightness": str(level(intent.percent)), "changemode": "yes"}
            return self._logged_in(lambda: self._say(Say("systemBrightness", given)))
        if isinstance(intent, SetPower):
            power = {"screenonoffstatus": "on" if intent.on else "off"}
            return self._logged_in(lambda: self._say(Say("screenOnOff", power)))
        if isinstance(intent, SetClock):
            at = {"datetime": f"{intent.at:%Y-%m-%d %H:%M:%S}", "isutc": "no"}
            return self._logged_in(lambda: self._say(Say("systemClockCorrect", at)))
        if isinstance(intent, QueryInfo):
            return self._logged_in(self._info)
        raise UnsupportedError(f"bxy cannot do {type(intent).__name__}")

    def _logged_in(self, make: Callable[[], Routine]) -> Routine:
        """Do it, and once more behind a new login when the card no longer knows the old one."""
        if self._token:
            try:
                return (yield from make())
            except CardRefusedError as error:
                if error.code not in _LOGGED_OUT:
                    raise
        yield from self._login()
        return (yield from make())

    @staticmethod
    def _say(command: Message) -> Routine:
        yield command
        return None

    def _login(self) -> Routine:
        """A code is good for one login, so both are asked for together."""
        if self._token:
            with suppress(CardRefusedError):  # usually gone already
                yield Say("userLogout", {"username": self._user})
        self._token = ""
        code = _output((yield Say("getVerificationCode", {"username": self._user}))).get("verificationcode", "")
        given = {
            "username": self._user,
            "verificationcode": str(code),
            "password": calls.hashed_password(self._password, str(code)),
        }
        self._token = str(_output((yield Say("userLogin", given))).get("sessionid", ""))
        return None

    def _prepare(self, intent: Prepare) -> Routine:
        yield from self._login()
        info = yield from self._info()
        yield from self._empty(deep=intent.deep or self._stored)
        return info

    def _empty(self, deep: bool) -> Routine:
        """Empty all three places from which a restarted card would play, and look that they are empty."""
        with suppress(CardRefusedError):
            yield Say("clearDynamic", {"id": ["*"]})
        self._covered = False
        with suppress(CardRefusedError):
            yield Say("deleteBulletin", {"items": ["*"]})
        if _output((yield Say("queryBulletin"))):
            raise CardRefusedError(_STILL_THERE, "bxy: bulletins would not be deleted")
        if deep:
            for step in (
                Say("deleteDynamicFile", {"id": ["*"]}),
                Say("stopPlay", {"type": "program"}),
                Say("clearAllProgram", {"keepmaterial": "no"}),
            ):
                with suppress(CardRefusedError):
                    yield step
            if name := _output((yield Say("checkPlayer"))).get("programname"):
                raise CardRefusedError(_STILL_THERE, f"bxy: the card still plays {name}")
        return None

    def _info(self) -> Routine:
        found = _output((yield Say("getProperty", dict.fromkeys(_KEYS, ""))))
        self._device = str(found.get("controllertype", self._device))
        details = {
            "size": f"{found.get('width', '?')}x{found.get('height', '?')}",
            "on": str(found.get("screenonoffstatus", "")),
            "playlist": str(found.get("playlist", "")),
        }
        model = _MODELS.get(self._device, f"BX-Y ({self._device})")
        return CardInfo(self.family, model, str(found.get("firmwareversion", "")), details)

    def _dynamic(self, intent: ShowFrame, suffix: str, data: bytes) -> Routine:
        """The picture in dynamic area 0 over the whole screen; programmes stop meanwhile."""
        name = "_" + hashlib.md5(data).hexdigest()
        unit = {"type": "Picture", "order": "0", **files.STILL, "stayTime": "60", "content": name, "gifFlag": "0"}
        area = {
            "id": "0", "xcoord": "0", "ycoord": "0", "width": str(intent.frame.width),
            "height": str(intent.frame.height), "transparency": "100", "relativeprogram": "", "runmode": "0",
            "updatefrequency": "0", "unit": [unit],
        }  # fmt: skip
        given = {"immediatelyPlay": "", "cover": "1", "dynamics": [area]}
        yield from self._window(on=True)
        yield Say("UpdateDynamic", given, ((name, data),))
        self._covered = True
        yield from self._window(on=False)
        return None

    @staticmethod
    def _window(on: bool) -> Routine:
        yield Say("enableUploadDownload", {"type": "upload", "flag": "on" if on else "off"})
        return None

    def _store(self, intent: ShowFrame, suffix: str, data: bytes) -> Routine:
        """Picture, programme and list as files, each only when it is not there, then play; the order is that of
        the wire log."""
        image = files.CardFile("share", suffix, data)
        width, height = intent.frame.width, intent.frame.height
        shown = files.programme(image, width, height)
        wanted = files.play_list([shown], self._device, width, height)
        yield from self._window(on=True)
        for file in (image, shown, wanted):
            yield from self._bring(file)
        yield from self._window(on=False)
        yield Say("play", {"type": "program", "playlist": wanted.path})
        if self._covered:
            yield Say("clearDynamic", {"id": ["*"]})
            self._covered = False
        return None

    @staticmethod
    def _bring(file: files.CardFile) -> Routine:
        there = _output((yield Say("findFile", {"items": [{"fileName": file.path}]}))).get("items")
        if (
            isinstance(there, list)
            and there
            and isinstance(there[0], dict)
            and there[0].get("size") == str(len(file.data))
        ):
            return None
        waiting = _output((yield Say("findTempFile", {"filename": file.name})))
        if waiting.get("size") != str(len(file.data)):
            yield Put(file.name, file.data)
        yield Say("moveFile", {"src": file.name, "dst": file.path})
        return None

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


def _output(reply: Message | None) -> Json:
    answer: Answer | None = calls.read_reply(reply) if isinstance(reply, HttpReply) else None
    return answer.output if answer else {}
