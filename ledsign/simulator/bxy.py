"""A simulated BX-Y card: logins, files, play list, bulletins, dynamic areas, power, brightness, clock.

What the wire log shows is answered as it was (names in lower case, no output where there is nothing to say, 401
without a session); the rest follows the specification. It draws from the files it stores: list, programme, picture.
After a restart it plays the last list and undeleted bulletins; unsaved dynamic areas and sessions are gone.
"""

import base64
import hashlib
import io
import json
import time
import xml.etree.ElementTree as Xml
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from ledsign.errors import ProtocolError
from ledsign.panel import Panel
from ledsign.protocol.bxy import BXY
from ledsign.protocol.bxy.calls import LOGIN_FREE, UPLOADED, Json, Put, Say, lower_keys, read_ask
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.huidu_http.wire import HttpAsk, HttpReply
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import Pixels, logo, paste

PASSWORD = "guest"
_FACTORY_TIME = datetime(2015, 1, 1)  # noqa: DTZ001 -- a card's clock knows no zone
_DEMO = "lists/demo.xml"  # what the vendor's tool left
_MOST_LEDS = 4096 * 4096
_STILL_SPEED = "16"


class _FunctionError(Exception):
    """A function that ends with one of the card's error numbers."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def _several(given: Json, key: str) -> list[Any]:
    """A list in the input; what is in it only shows when it is used."""
    value = given.get(key)
    if not isinstance(value, list):
        raise _FunctionError(18 if value is None else 20, key)
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class BxyBrain:
    """The card. ``lit`` is told whenever the glass may have changed."""

    family = "bxy"

    def __init__(self, panel: Panel, lit: Lit) -> None:
        self._panel = panel
        self._lit = lit
        self._logo = logo(panel)
        self._files: dict[str, tuple[bytes, str]] = {_DEMO: (b"", "2019-01-01 00:00:00")}
        self._waiting: dict[str, bytes] = {}
        self._playlist = _DEMO  # named in the last play; survives
        self._bulletins: dict[str, Json] = {}
        self._areas: dict[str, tuple[int, int, Pixels]] = {}
        self._alone = False
        self._codes: set[str] = set()
        self._sessions: set[str] = set()
        self._count = 0
        self._window = False
        self._on = True
        self._brightness = 255
        self._clock_set = _FACTORY_TIME
        self._clock_set_at = time.monotonic()
        self._functions: Mapping[str, Callable[[Json, Mapping[str, bytes]], Json | None]] = {
            "getverificationcode": self._new_code,
            "userlogin": self._login,
            "userlogout": self._logout,
            "getproperty": self._properties,
            "getstate": lambda _given, _parts: {"rtctime": f"{self.clock:%Y-%m-%d %H:%M:%S}"},
            "enableuploaddownload": self._enable,
            "findfile": self._find,
            "findtempfile": self._find_waiting,
            "movefile": self._move,
            "play": self._play,
            "stopplay": self._stop,
            "checkplayer": lambda _given, _parts: self._playing(),
            "clearallprogram": self._clear_programmes,
            "clearuselessmaterial": lambda _given, _parts: None,
            "querybulletin": lambda _given, _parts: (
                {n: b.get("name", "") for n, b in self._bulletins.items()} or None
            ),
            "createbulletin": self._new_bulletin,
            "deletebulletin": self._delete_bulletin,
            "playbulletin": lambda _given, _parts: None,
            "stopbulletin": lambda _given, _parts: None,
            "updatedynamic": self._update,
            "cleardynamic": self._clear_areas,
            "deletedynamicfile": lambda _given, _parts: None,
            "stopinsertlist": lambda _given, _parts: None,
            "screenonoff": self._power,
            "systembrightness": self._dim,
            "systemclockcorrect": self._set_clock,
            "setvolume": lambda _given, _parts: None,
            "lockscreen": lambda _given, _parts: None,
        }

    # ---- what every brain does ------------------------------------------------------------------------------

    def talk(self, link: Link) -> Talk:
        return BXY(Role.CARD)

    def power_up(self) -> None:
        self._areas, self._alone, self._waiting = {}, False, {}
        self._sessions, self._codes, self._window = set(), set(), False
        self._show("boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "brightness": self._brightness,
            "clock": self.clock.isoformat(timespec="seconds"),
            "files": sorted(self._files),
            "playlist": self._playlist,
            "bulletins": sorted(self._bulletins),
            "areas": sorted(self._areas),
            "window": self._window,
        }

    @property
    def clock(self) -> datetime:
        """The card's clock: runs on from what it was set to."""
        return self._clock_set + timedelta(seconds=time.monotonic() - self._clock_set_at)

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
        except _FunctionError as error:
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
        code = _text(given.get("verificationcode"))
        if code not in self._codes:
            raise _FunctionError(27, "verification code")
        self._codes.discard(code)  # good for one login
        inner = hashlib.sha1(PASSWORD.encode("ascii")).hexdigest()
        if given.get("username") != "guest":
            raise _FunctionError(21, "user")
        if given.get("password") != hashlib.sha1((code + inner).encode("ascii")).hexdigest():
            raise _FunctionError(22, "password")
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
            "playlist": self._playlist,
        }
        return {key: known.get(key, "") for key in given}

    def _power(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        self._on = {"on": True, "off": False}[_text(given.get("screenonoffstatus"))]
        self._show("power")

    def _dim(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        value = int(_text(given.get("brightness")))
        if not 1 <= value <= 255:
            raise _FunctionError(20, "brightness")
        self._brightness = value

    def _set_clock(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        self._clock_set = datetime.fromisoformat(_text(given.get("datetime")))
        self._clock_set_at = time.monotonic()

    # ---- files ----------------------------------------------------------------------------------------------

    def _enable(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        if given.get("type") == "upload":
            self._window = given.get("flag") == "on"

    def _upload(self, put: Put) -> HttpReply:
        digest = hashlib.md5(put.data).hexdigest()
        if not self._window or (not put.name.startswith("_") and put.name.partition(".")[0] != digest):
            return self._reply(200, {"error": {"code": 16, "mesg": "upload"}, "name": "upload"})
        self._waiting[put.name] = put.data
        headers = (("Content-Type", "application/json"), ("Content-Length", str(len(UPLOADED))))
        return HttpReply(200, "OK", headers, UPLOADED)

    def _find(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        items = _several(given, "items")
        return {"items": [self._entry(_text(item.get("filename"))) for item in items]}

    def _entry(self, path: str) -> Json:
        data, when = self._files.get(path, (b"", ""))
        return {"fileName": path, "mtime": when, "size": str(len(data))}

    def _find_waiting(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        name = _text(given.get("filename"))
        return {"filename": name, "size": str(len(self._waiting.get(name, b"")))}

    def _move(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        source, target = _text(given.get("src")), _text(given.get("dst"))
        if source not in self._waiting:
            if source and target in self._files:
                return
            raise _FunctionError(24, "path")
        self._files[target] = (self._waiting.pop(source), f"{self.clock:%Y-%m-%d %H:%M:%S}")

    # ---- playing --------------------------------------------------------------------------------------------

    def _play(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        wanted = _text(given.get("playlist"))
        if given.get("type") != "program" or wanted not in self._files:
            raise _FunctionError(30, "player")
        self._playlist = wanted
        self._show("page")
        return {"message": wanted, "type": "program"}

    def _stop(self, given: Json, _parts: Mapping[str, bytes]) -> Json:
        if given.get("type") == "program":
            self._playlist = ""
            self._show("stored")
        return {"type": _text(given.get("type"))}

    def _playing(self) -> Json:
        if not self._playlist:
            return {"playstatus": "Unlock"}
        return {"programlist": self._playlist, "programname": "program_1", "playstatus": "Unlock"}

    def _clear_programmes(self, _given: Json, _parts: Mapping[str, bytes]) -> None:
        self._files, self._playlist = {}, ""
        self._show("stored")

    def _new_bulletin(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        base64.b64decode(_text(given.get("content")), validate=True).decode("utf-8")
        self._bulletins[_text(given.get("order"))] = given
        self._show("text")

    def _delete_bulletin(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        items = _several(given, "items")
        self._bulletins = {n: each for n, each in self._bulletins.items() if "*" not in items and n not in items}
        self._show("stored")

    def _update(self, given: Json, parts: Mapping[str, bytes]) -> None:
        for area in _several(given, "dynamics"):
            unit = area["unit"][0]
            name = _text(unit["content"])
            data = parts[name] if name in parts else base64.b64decode(name, validate=True)
            size = (int(area["width"]), int(area["height"]))
            self._areas[_text(area["id"])] = (int(area["xcoord"]), int(area["ycoord"]), _picture(data, size))
            self._alone = given.get("cover") == "1"
        self._show("page")

    def _clear_areas(self, given: Json, _parts: Mapping[str, bytes]) -> None:
        gone = _several(given, "id")
        self._areas = {n: area for n, area in self._areas.items() if "*" not in gone and n not in gone}
        self._show("stored")

    # ---- the glass ------------------------------------------------------------------------------------------

    def _show(self, cause: str) -> None:
        glass: Pixels = np.zeros_like(self._logo)
        if self._on:
            if not (self._areas and self._alone):
                self._programme(glass)
            for x, y, pixels in self._areas.values():
                paste(glass, pixels, x, y)
            for _bulletin in self._bulletins.values():  # no fonts here: a lit bar shows that there is one
                glass[: self._panel.height // 6] = 255
        self._lit(glass, cause)

    def _programme(self, glass: Pixels) -> None:
        """The first picture of the first programme on the list."""
        if self._playlist == _DEMO:
            glass[:] = self._logo
            return
        try:
            listed = Xml.fromstring(self._files[self._playlist][0]).find("program")
            if listed is None:
                return
            shown = Xml.fromstring(self._files[listed.attrib["programFile"]][0])
            for area in shown.iter("picture"):
                unit = next(iter(area))
                size = (int(area.attrib["w"]), int(area.attrib["h"]))
                pixels = _picture(self._files[unit.attrib["file"]][0], size)
                paste(glass, pixels, int(area.attrib["x"]), int(area.attrib["y"]))
        except (KeyError, ValueError, StopIteration, Xml.ParseError):
            return  # a file is missing or damaged: a real player shows nothing


def _unknown(_given: Json, _parts: Mapping[str, bytes]) -> None:
    raise _FunctionError(17, "no such command")


def _picture(data: bytes, size: tuple[int, int]) -> Pixels:
    """A picture file at the size of its area. Raises ValueError."""
    try:
        with Pictures.open(io.BytesIO(data), formats=("BMP", "PNG")) as picture:
            if picture.width * picture.height > _MOST_LEDS:
                raise ValueError("picture is too large")
            shown = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"picture: {error}") from error
    return np.asarray(shown if shown.size == size else shown.resize(size), np.uint8)


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up; HTTP keeps no order that ``strict`` could mind."""
    return BxyBrain(panel, lit)
