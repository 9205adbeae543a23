"""A simulated BX-Y card: logins, files, play list, bulletins, dynamic areas, power, brightness, clock.

What the wire log shows is answered as it was (names in lower case, no output where there is nothing to say, 401
without a session); the rest follows the specification. It draws from the files it stores: list, programme, picture.
After a restart it plays the last list and undeleted bulletins; unsaved dynamic areas and sessions are gone.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np

from ledsign.errors import ConfigError, ProtocolError
from ledsign.panel import Panel
from ledsign.protocol.bxy import BXY
from ledsign.protocol.bxy.calls import LOGIN_FREE, UPLOADED, Json, Put, Say, lower_keys, read_ask
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.http import HttpAsk, HttpReply
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.bxy_player import Function, FunctionError, Player, text_of
from ledsign.simulator.canvas import Pixels
from ledsign.simulator.cardtime import CardTime

_FACTORY = "guest"  # user and password
_FACTORY_TIME = datetime(2015, 1, 1)  # noqa: DTZ001 -- a card's clock knows no zone
_NOTHING = (  # answered, and without effect here
    "clearuselessmaterial", "playbulletin", "stopbulletin", "deletedynamicfile", "stopinsertlist", "setvolume",
    "lockscreen",
)  # fmt: skip


class BxyBrain:
    """The card. ``lit`` is told whenever the glass may have changed."""

    family = "bxy"

    def __init__(self, panel: Panel, lit: Lit) -> None:
        self._panel = panel
        self._lit = lit
        self._player = Player(panel, self._show, lambda: f"{self.clock:%Y-%m-%d %H:%M:%S}")
        self._user = self._password = _FACTORY
        self._codes: set[str] = set()
        self._sessions: set[str] = set()
        self._count = 0
        self._window = False
        self._on = True
        self._brightness = 255
        self._time = CardTime(_FACTORY_TIME)
        self._functions: Mapping[str, Function] = {
            **dict.fromkeys(_NOTHING, lambda _given, _parts: None),
            "getverificationcode": self._new_code,
            "userlogin": self._login,
            "userlogout": self._logout,
            "getproperty": self._properties,
            "getstate": lambda _given, _parts: {"rtctime": f"{self.clock:%Y-%m-%d %H:%M:%S}"},
            "enableuploaddownload": self._enable,
            "screenonoff": self._power,
            "systembrightness": self._dim,
            "systemclockcorrect": self._set_clock,
            **self._player.functions,
        }

    # ---- what every brain does ------------------------------------------------------------------------------

    def configure(self, options: Mapping[str, str]) -> None:
        if unknown := sorted(set(options) - {"user", "password"}):
            raise ConfigError(f"a simulated bxy card has no option {unknown[0]!r}; known: user, password")
        self._user, self._password = options.get("user", _FACTORY), options.get("password", _FACTORY)

    def talk(self, link: Link) -> Talk:
        return BXY(Role.CARD)

    def power_up(self) -> None:
        self._player.power_up()
        self._sessions, self._codes, self._window = set(), set(), False
        self._show("boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "brightness": self._brightness,
            "clock": self.clock.isoformat(timespec="seconds"),
            "window": self._window,
        } | dict(self._player.state())

    @property
    def clock(self) -> datetime:
        return self._time.clock

    def run_on(self, now: Callable[[], float]) -> None:
        self._time.run_on(now)

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, HttpAsk):
            return ()
        try:
            call = read_ask(message)
        except ProtocolError as error:
            return (self._reply(200, {"error": {"code": 3, "mesg": str(error)}, "name": ""}),)
        if isinstance(call, Put):
            return (self._upload(call),)
        name = call.name.lower()
        if name not in LOGIN_FREE and call.token not in self._sessions:
            error_12 = {"code": 12, "mesg": "[Authentication Error] : Access Volation!"}
            return (self._reply(401, {"error": error_12, "name": name}),)
        return (self._call(name, call),)

    def damaged(self, message: Message) -> Sequence[Message]:
        name = ""
        if isinstance(message, HttpAsk):
            try:
                call = read_ask(message)
            except ProtocolError:
                return ()
            name = call.name.lower() if isinstance(call, Say) else "upload"
        return (self._reply(200, {"error": {"code": 13, "mesg": "I/O"}, "name": name}),)

    def foreign(self, message: Message) -> Sequence[Message]:
        return (self._reply(200, {"name": "setvolume"}),)

    @staticmethod
    def _reply(status: int, function: Json) -> HttpReply:
        body = json.dumps({"remotefunction": function}).encode("ascii")
        chunks = f"{len(body):x}\r\n".encode("ascii") + body + b"\r\n0\r\n\r\n"
        headers = (("Server", "nginx/1.10.1"), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
        return HttpReply(status, "OK" if status == 200 else "Unauthorized", headers, chunks)

    def _call(self, name: str, call: Say) -> HttpReply:
        function = self._functions.get(name, _unknown)
        given = lower_keys(call.input or {})
        try:
            output = function(given, dict(call.pictures)) if isinstance(given, dict) else None
        except FunctionError as error:
            return self._reply(200, {"error": {"code": error.code, "mesg": str(error)}, "name": name})
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            return self._reply(200, {"error": {"code": 20, "mesg": str(error)}, "name": name})
        return self._reply(200, {"name": name} | ({"output": output} if output is not None else {}))

    # ---- sessions -------------------------------------------------------------------------------------------

    def _new_code(self, _given: Json, _parts: Mapping[str, bytes]) -> Json:
        self._count += 1
        code = f"{self.clock:%Y%m%d%H%M%S}{self._count:06d}"
        self._codes.add(code)
        return {"verificationcode": code}

    def _login(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        code = text_of(given.get("verificationcode"))
        if code not in self._codes:
            raise FunctionError(27, "verification code")
        self._codes.discard(code)  # good for one login
        inner = hashlib.sha1(self._password.encode("utf-8")).hexdigest()
        if given.get("username") != self._user:
            raise FunctionError(21, "user")
        if given.get("password") != hashlib.sha1((code + inner).encode("ascii")).hexdigest():
            raise FunctionError(22, "password")
        session = hashlib.md5(code.encode("ascii")).hexdigest()
        self._sessions.add(session)
        return {"sessionID": session}

    def _logout(self, _given: Json, _parts: Mapping[str, bytes]) -> None:
        self._sessions.clear()

    # ---- properties -----------------------------------------------------------------------------------------

    def _properties(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        known = {
            "controllertype": "8280",
            "width": str(self._panel.width),
            "height": str(self._panel.height),
            "firmwareversion": "18082800",
            "brightness": str(self._brightness),
            "screenonoffstatus": "on" if self._on else "off",
            "playlist": self._player.playlist,
        }
        return {key: known.get(key, "") for key in given}

    def _power(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        self._on = {"on": True, "off": False}[text_of(given.get("screenonoffstatus"))]
        self._show("power")

    def _dim(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        value = int(text_of(given.get("brightness")))
        if not 1 <= value <= 255:
            raise FunctionError(20, "brightness")
        self._brightness = value

    def _set_clock(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        self._time.set(datetime.fromisoformat(text_of(given.get("datetime"))))

    # ---- files ----------------------------------------------------------------------------------------------

    def _enable(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        if given.get("type") == "upload":
            self._window = given.get("flag") == "on"

    def _upload(self, put: Put) -> HttpReply:
        digest = hashlib.md5(put.data).hexdigest()
        if not self._window or (not put.name.startswith("_") and put.name.partition(".")[0] != digest):
            return self._reply(200, {"error": {"code": 16, "mesg": "upload"}, "name": "upload"})
        self._player.uploaded(put.name, put.data)
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(UPLOADED))))
        return HttpReply(200, "OK", headers, UPLOADED)

    # ---- the glass ------------------------------------------------------------------------------------------

    def _show(self, cause: str) -> None:
        glass: Pixels = np.zeros((self._panel.height, self._panel.width, 3), np.uint8)
        if self._on:
            self._player.draw(glass)
        self._lit(glass, cause)


def _unknown(_given: Json, _parts: Mapping[str, bytes]) -> None:
    raise FunctionError(17, "no such command")


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up; HTTP keeps no order that ``strict`` could mind."""
    return BxyBrain(panel, lit)
