"""A simulated HuiDu card on HTTP SDK 3.0: signatures, properties, uploads, programmes.

It checks signatures once it has a key and a secret (options of the URL it listens on), as a card that was set up;
without them it takes every request, as a new one. Connections are kept until the other side ends them.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence

from ledsign.errors import ConfigError, ProtocolError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.http import HttpAsk, HttpReply, header
from ledsign.protocol.huidu_http import HuiDuHttp
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.huidu_player import MAX_FILE, MAX_FILES, Area, HuiduPlayer, Item, Programme, StoredFile, day

CARD_ID = "C16L-D00-A000F"
_OK = "kSuccess"
_PART = re.compile(rb'\r\n[^\r]*name="file"; filename="([^"\r\n/\\]{1,200})"(?:\r\n[^\r\n]+)*\r\n\r\n', re.IGNORECASE)


class HuiduHttpBrain:
    """The card. Options: ``key`` and ``secret``."""

    family = "huidu-http"

    def __init__(self, panel: Panel, lit: Lit) -> None:
        self._player = HuiduPlayer(panel, lit)
        self._key = self._secret = ""
        self._name = "BoxPlayer"
        self._methods: Mapping[str, Callable[[object], object]] = {
            "getDeviceProperty": self._properties,
            "setDeviceProperty": self._set_properties,
            "getDeviceStatus": self._status,
            "openDeviceScreen": lambda _data: self._power(on=True),
            "closeDeviceScreen": lambda _data: self._power(on=False),
            "rebootDevice": lambda _data: _OK,  # the restart itself is the loop's business
            "getAll": self._all,
            "replace": self._replace,
            "append": self._append,
            "update": self._append,
            "remove": self._remove,
        }

    # ---- what every brain does ------------------------------------------------------------------------------

    def configure(self, options: Mapping[str, str]) -> None:
        if set(options) not in (set(), {"key", "secret"}):
            raise ConfigError("a simulated huidu-http card has the options key and secret")
        self._key, self._secret = options.get("key", ""), options.get("secret", "")

    def talk(self, link: Link) -> Talk:
        return HuiDuHttp(Role.CARD)

    def power_up(self) -> None:
        self._player.power_up()

    def run_on(self, now: Callable[[], float]) -> None:
        self._player.run_on(now)

    def due(self) -> float | None:
        return self._player.due()

    def tick(self) -> None:
        self._player.tick()

    def state(self) -> Mapping[str, object]:
        return self._player.state()

    def damaged(self, message: Message) -> Sequence[Message]:
        """HTTP has no word for "damaged": the answer is one that cannot be read."""
        return (HttpReply(200, "OK", (("Content-Length", "1"),), b"?"),) if isinstance(message, HttpAsk) else ()

    def foreign(self, message: Message) -> Sequence[Message]:
        return (_reply({"method": "getScheduledTask", "message": "ok", "data": [{"id": "C16-D00-A0001"}]}),)

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, HttpAsk):
            return ()
        path = message.target.partition("?")[0]
        upload = path.startswith("/api/file/")
        if not self._signed(message, upload):
            return (_reply({"message": "failed", "data": "sign error"}, 401, "Unauthorized"),)
        if message.method == "GET" and path == "/api/device/list/":
            return (_reply({"total": "1", "message": "ok", "data": [CARD_ID]}),)
        if message.method == "POST" and upload:
            return (self._upload(message.content),)
        if message.method == "POST" and path.startswith(("/api/device/", "/api/program/")):
            return (self._json(message),)
        return (_reply({"message": "failed", "data": "not found"}, 404, "Not Found"),)

    def _signed(self, ask: HttpAsk, upload: bool) -> bool:
        if not self._secret:
            return True
        body = b"" if upload or ask.method == "GET" else ask.content
        text = body + (self._key + header(ask.headers, "date")).encode("latin-1")
        wanted = hmac.new(self._secret.encode("utf-8"), text, hashlib.md5).hexdigest()
        right_key = header(ask.headers, "sdkkey") == self._key
        return right_key and hmac.compare_digest(wanted, header(ask.headers, "sign"))

    # ---- requests -------------------------------------------------------------------------------------------

    def _upload(self, body: bytes) -> Message:
        boundary, _line, _rest = body.partition(b"\r\n")
        part = _PART.match(body, len(boundary))
        end = body.rfind(b"\r\n" + boundary + b"--")
        if part is None or end < part.end():
            return _reply({"message": "failed", "data": "no file"})
        data = body[part.end() : end]
        name = part.group(1).decode("utf-8", "replace")
        files = self._player.files
        if len(data) > MAX_FILE or (len(files) >= MAX_FILES and name not in files):
            return _reply({"message": "failed", "data": "kNotSpaceToSave"})
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
        files[name] = StoredFile(name, digest, len(data), bytearray(data))
        self._player.show("files")
        entry = {"message": "ok", "name": name, "md5": digest, "size": str(len(data))}
        url = f"http://127.0.0.1:30080/api/file/{name}"
        return _reply({"data": [{**entry, "data": url}], "message": "ok"})

    def _json(self, ask: HttpAsk) -> Message:
        try:
            document = json.loads(ask.content)
        except (ValueError, RecursionError):
            return _reply({"message": "failed", "data": "kParseXmlFailed"})
        if not isinstance(document, dict):
            return _reply({"message": "failed", "data": "kInvalidParam"})
        name = str(document.get("method", ""))
        method = self._methods.get(name)
        if method is None:
            return _reply({"method": name, "message": "failed", "data": "kUnsupportMethod"})
        try:
            done = method(document.get("data"))
        except ProtocolError as error:
            return _reply({"method": name, "message": "failed", "data": str(error)})
        return _reply({"method": name, "message": "ok", "data": [{"id": CARD_ID, "message": "ok", "data": done}]})

    def _properties(self, _data: object) -> object:
        player = self._player
        return {
            "name": self._name,
            "screen.width": str(player.panel.width),
            "screen.height": str(player.panel.height),
            "screen.rotation": "0",
            "version.hardware": "HD-C16L-V1.X",
            "version.fpga": "16.12.0.0",
            "version.app": "7.10.78.1",
            "time": player.clock.strftime("%Y-%m-%d %H:%M:%S"),
            "time.sync": "none",
            "luminance": str(player.brightness),
            "luminance.mode": "default",
        }

    def _set_properties(self, data: object) -> object:
        values = data if isinstance(data, dict) else {}
        percent = str(values.get("luminance", self._player.brightness))
        if not (percent.isdecimal() and 0 <= int(percent) <= 100):
            raise ProtocolError("kInvalidParam")
        self._player.brightness = int(percent)
        self._name = str(values.get("name", self._name))
        if "time" in values and not self._player.set_clock(str(values["time"])):
            raise ProtocolError("kInvalidParam")
        return _OK

    def _status(self, _data: object) -> object:
        return {"screen.openStatus": str(self._player.on).lower(), "eth.valid": "true"}

    def _power(self, on: bool) -> object:
        self._player.set_power(on)
        return _OK

    def _all(self, _data: object) -> object:
        return {"item": [{"id": each.guid, "name": each.name} for each in self._player.programmes]}

    def _replace(self, data: object) -> object:
        self._player.replace(self._read(data))
        return _OK

    def _append(self, data: object) -> object:
        self._player.append(self._read(data))
        return _OK

    def _remove(self, data: object) -> object:
        entries = data if isinstance(data, list) else []
        self._player.remove([str(each.get("uuid", "")) for each in entries if isinstance(each, dict)])
        return _OK

    def _read(self, data: object) -> list[Programme]:
        if not isinstance(data, list):
            raise ProtocolError("kInvalidParam")
        try:
            found = [read_programme(each) for each in data]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ProtocolError("kInvalidParam") from error
        if self._player.missing(found):
            raise ProtocolError("kFileNotFound")
        return found


def read_programme(node: dict[str, object]) -> Programme:
    """A programme in JSON. Raises AttributeError, KeyError, TypeError or ValueError for one that is none."""
    control = node.get("playControl") or {}
    days, times = (_spans(control, key) for key in ("date", "time"))
    areas = node["area"]
    if not isinstance(areas, list):
        raise TypeError("areas are a list")
    checked = tuple((day(first), day(last)) for first, last in days)
    guid = str(node.get("uuid") or hashlib.md5(repr(node).encode(), usedforsecurity=False).hexdigest())
    return Programme(guid, str(node.get("name") or ""), tuple(_area(each) for each in areas), False, checked, times)


def _spans(control: object, key: str) -> tuple[tuple[str, str], ...]:
    spans = control.get(key) or [] if isinstance(control, dict) else []
    return tuple((str(each["start"]), str(each["end"])) for each in ([spans] if isinstance(spans, dict) else spans))


def _area(node: dict[str, object]) -> Area:
    x, y, width, height = (int(str(node[key])) for key in ("x", "y", "width", "height"))
    if min(x, y) < 0 or not (0 < width <= 4096 and 0 < height <= 4096):
        raise ValueError("an area outside of every screen")
    items = node["item"]
    if not isinstance(items, list):
        raise TypeError("items are a list")
    return Area(x, y, width, height, tuple(_item(each) for each in items))


def _item(node: dict[str, object]) -> Item:
    name = str(node.get("file") or "").partition("?")[0].rpartition("/")[2]  # a name, or a URL on this card
    return Item(str(node["type"]), name, str(node.get("fileMd5") or ""), str(node.get("fit") or "stretch"))


def _reply(document: object, status: int = 200, reason: str = "OK") -> HttpReply:
    body = json.dumps(document).encode("ascii")
    headers = (("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return HttpReply(status, reason, headers, body)


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up. Requests of this family have no order that ``strict`` could ask for."""
    return HuiduHttpBrain(panel, lit)
