"""A simulated CP5200 card: windows, pictures, template programmes, instant messages, power, brightness, clock, disk.

Where the documents are silent it does the cautious thing: a picture counts only when its last packet is there
and all of it fits together, packets out of order are refused with 02, and replies carry their own PO and TP
(00 00), so that they do not say which packet they answer.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np

from ledsign.errors import ConfigError, ProtocolError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.cp5200 import CP5200, basic, calls, files, templates
from ledsign.protocol.cp5200.instant import InstantText
from ledsign.protocol.cp5200.packets import CallReply, Part, Reply, Request
from ledsign.protocol.gbtext import decode
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import Pixels, WindowArea, logo, paste, read_gif, read_i1
from ledsign.simulator.cardtime import CardTime
from ledsign.simulator.cp5200_disk import Disk
from ledsign.simulator.cp5200_templates import Templates
from ledsign.simulator.lettering import letter

_VERSION = bytes((0, 5, 16, 12, 0, 0, 0, 0x36))
_OK = b"\x01"
_FACTORY_TIME = datetime(2012, 8, 4)  # noqa: DTZ001 -- a card's clock knows no zone


class Cp5200Brain:
    """The card. ``lit`` is told whenever the glass may have changed."""

    family = "cp5200"

    def __init__(self, panel: Panel, lit: Lit, strict: bool, card_id: int = 1) -> None:
        self._panel = panel
        self._lit = lit
        self._strict = strict
        self._id = card_id
        self._baud = 1
        self._logo = logo(panel)
        self._saved: list[WindowArea] = []  # flash
        self._levels: tuple[int, ...] = (31,) * 24
        self._schedule = b"\0\0\0\0"
        self._time = CardTime(_FACTORY_TIME)
        self._on = True
        self._windows: list[WindowArea] = []
        self._network = bytes.fromhex("c0a801dec0a80101ffffff001450ffffffff")
        self._disk = Disk()
        self._templates = Templates(panel.width, panel.height, self._show, self._time)
        self._slices = b""  # of an instant message
        self._instant: tuple[Pixels, float] | None = None  # and until when it stands (monotonic)
        self.flash_writes = 0
        self._part: Part | None = None  # the last packet of a call in parts, and what came so far
        self._stream = b""

    def configure(self, options: Mapping[str, str]) -> None:
        """``id`` and ``code``, as in a driver's URL."""
        if unknown := sorted(set(options) - {"id", "code"}):
            raise ConfigError(f"a simulated cp5200 card has no option {unknown[0]!r}; known: code, id")
        CP5200.from_options(Link.NET, Role.CARD, options)  # raises ConfigError for values that make no sense
        self._id = int(options.get("id", "1"))
        self._network = self._network[:-4] + bytes.fromhex(options.get("code", "ffffffff"))

    def talk(self, link: Link) -> Talk:
        """A packet with another ID code than the card's is noise to it."""
        return CP5200(link, Role.CARD, id_code=self._network[-4:])

    def power_up(self) -> None:
        self._windows = [window.copy() for window in self._saved]
        self._part, self._stream = None, b""
        self._instant, self._slices = None, b""
        self._on = True
        self._templates.power_up()
        self._show("saved" if self._saved else "boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "brightness": list(self._levels),
            "windows": [[w.x, w.y, w.width, w.height] for w in self._windows],
            "saved": len(self._saved),
            "template": self._templates.on,
            "programs": self._templates.numbers,
            "files": self._disk.names,
            "id": self._id,
            "baud": self._baud,
            "flash_writes": self.flash_writes,
            "clock": self.clock.isoformat(timespec="seconds"),
        }

    @property
    def clock(self) -> datetime:
        return self._time.clock

    def run_on(self, now: Callable[[], float]) -> None:
        self._time.run_on(now)

    def due(self) -> float | None:
        ends = [self._templates.due(), None if self._instant is None else self._instant[1] - self._time.now()]
        return min((max(0.0, end) for end in ends if end is not None), default=None)

    def tick(self) -> None:
        if self._instant is not None and self._instant[1] <= self._time.now():
            self._instant = None
            self._show("expired")
        if self._templates.due() == 0:
            self._templates.tick()

    def damaged(self, message: Message) -> Sequence[Message]:
        if isinstance(message, Request) and isinstance(message.body, calls.Call | Part) and message.flag & 1:
            cc = self._stream[0] if self._stream else message.body.code
            return (CallReply(max(cc, 0), 1, card_id=self._id),)
        return ()

    def foreign(self, message: Message) -> Sequence[Message]:
        if isinstance(message, Request) and isinstance(message.body, calls.Call | Part):
            return (CallReply(0x03, card_id=self._id % 254 + 1), CallReply(0x55, card_id=self._id))
        return (Reply(0x29, b"\x01\0\0\0\0", card_id=self._id), Reply(0x2E, _VERSION, 1, self._id % 254 + 1))

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Request) or message.card_id not in (self._id, 255):
            return ()
        body = message.body
        if isinstance(body, basic.Basic):
            data = self._basic(body, message.flag)
            return (Reply(body.code, data, 1, self._id),) if message.flag & 1 and data else ()
        replies = self._call(body) if isinstance(body, calls.Call) else self._collect(body)
        if not message.flag & 1:
            return ()
        return [CallReply(cc, status, data, card_id=self._id) for cc, status, data in replies]

    def _collect(self, part: Part) -> Sequence[tuple[int, int, bytes]]:
        if part.index == 0:
            self._stream, self._part = part.data, part
            if part.code in templates.UPLOADS:
                self._part = None
                return (self._templates.receive(part),)
            return _said(part.code)
        before = self._part
        if before is None:
            return (self._templates.receive(part),)
        cc = self._stream[0]
        if part == before and not self._strict:
            return _said(cc)  # came twice
        if part.index != before.index + 1 or part.last != before.last:
            return _said(cc, 2)
        self._stream, self._part = self._stream + part.data, part
        if part.index < part.last:
            return _said(cc)
        try:
            return self._call(templates.parse(self._stream))
        except ProtocolError:
            return _said(cc, 1)

    def _call(self, call: calls.Call) -> Sequence[tuple[int, int, bytes]]:
        if call.code >= templates.DefineTemplate.CODE:
            try:
                return ((call.code, *self._templates.do(call)),)
            except ProtocolError:
                return _said(call.code, 1)
        if isinstance(call, calls.SplitWindows):
            if any(w.x + w.width > self._panel.width or w.y + w.height > self._panel.height for w in call.windows):
                return _said(call.code, templates.OUTSIDE)  # as documented for template windows
            self._windows = [WindowArea(w.x, w.y, w.width, w.height) for w in call.windows]
            self._show("split")
        elif isinstance(call, calls.Image):
            try:
                self._picture(call)
            except ProtocolError:
                return _said(call.code, 1)
        elif isinstance(call, calls.PureText | calls.RichText | calls.StaticText):
            self._text(call)
        elif isinstance(call, calls.LeaveWindows):
            self._windows = []
            self._show("stored")
        elif isinstance(call, calls.SavedWindows):
            self._saved = [] if call.clear else [window.copy() for window in self._windows]
            self.flash_writes += 1
        return _said(call.code)

    def _picture(self, call: calls.Image) -> None:
        if call.format == calls.I1:
            pixels = read_i1(call.data)
        elif call.format == calls.GIF:
            pixels = read_gif(call.data)
        else:
            return  # a stored picture that this card does not have: a real one shows nothing either
        # a window that was never made takes pictures without showing them, and still says yes
        if call.window < len(self._windows):
            paste(self._windows[call.window].pixels, pixels, call.x, call.y)
            self._show("page")

    def _text(self, call: calls.PureText | calls.RichText | calls.StaticText) -> None:
        if call.window >= len(self._windows):
            return
        window = self._windows[call.window]
        data = call.cells if isinstance(call, calls.RichText) else call.text
        if isinstance(call, calls.RichText):  # colour and size, then two bytes a character
            data = b"".join(data[at + 1 : at + 3].lstrip(b"\0") for at in range(0, len(data), 3))
        window.pixels[:] = letter(decode(data).replace("\r", "\n"), window.width, window.height)
        self._show("text")

    def _show(self, cause: str) -> None:
        glass: Pixels = np.zeros_like(self._logo)
        if self._on and self._windows:
            for window in self._windows:
                paste(glass, window.pixels, window.x, window.y)
        elif self._on:
            glass = self._templates.picture() if self._templates.on else self._logo.copy()
        if self._on and self._instant is not None:
            paste(glass, self._instant[0], 0, 0)
        self._lit(glass, cause)

    def _message(self, slice_: files.InstantMessage, flag: int) -> bytes:
        """A slice of an instant message; the last one lights it."""
        if slice_.offset > len(self._slices):
            return b"\0"
        self._slices = self._slices[: slice_.offset] + slice_.data
        if flag & 0x10:
            try:
                said = InstantText.unpack(self._slices)
            except ProtocolError:
                return b"\0"
            until = self._time.now() + said.times * said.stay_s if said.times else float("inf")
            size = (said.width or self._panel.width, said.height or self._panel.height)
            self._instant = (letter(decode(said.text), *size), until)
            self._show("text")
        return _OK + len(self._slices).to_bytes(4, "little")

    def _basic(self, body: basic.Basic, flag: int) -> bytes:
        if isinstance(body, basic.Restart | basic.RestartApp):
            self.power_up()
        elif isinstance(body, basic.WritePower):
            self._on = body.on
            self._show("power")
            return bytes((0, self._on))
        elif isinstance(body, basic.WriteBrightness):
            self._levels = body.levels
        elif isinstance(body, basic.WriteClock):
            return self._set_clock(body)
        elif isinstance(body, basic.WriteSchedule):
            self._schedule = body.pack()[1:5]
        elif isinstance(body, basic.WriteNetwork):
            self._network = body.pack()[1:]
        elif isinstance(body, basic.WriteId):
            self._id, self._baud = body.id, body.baud
        elif isinstance(body, files.InstantMessage):
            return self._message(body, flag)
        else:
            answer = self._disk.answer(body)
            return self._query(body) if answer is None else answer
        return _OK

    def _set_clock(self, body: basic.WriteClock) -> bytes:
        try:
            at = datetime(2000 + body.year, body.month, body.day, body.hour, body.minute, body.second)  # noqa: DTZ001
        except ValueError:
            return b"\0"
        self._time.set(at)
        return _OK

    def _query(self, body: basic.Basic) -> bytes:
        now = self.clock
        date = (now.day, now.month, now.year - 2000)
        answers: dict[type[basic.Basic], bytes] = {
            basic.QueryVersion: _VERSION,
            basic.QueryPower: _OK + bytes((self._on,)) + self._schedule + bytes(4),
            basic.QueryBrightness: _OK + bytes(self._levels),
            basic.QuerySchedule: _OK + self._schedule + bytes(2),
            basic.QueryClock: _OK + bytes((now.second, now.minute, now.hour, now.isoweekday() % 7, *date)),
            basic.QueryNetwork: _OK + self._network,
            basic.QueryId: _OK + bytes((self._id, self._baud)),
            basic.QueryTemperature: bytes((3, 24, 0, 0, 0, 0, 0, 0)),
            basic.QueryItem: _OK,
        }
        return answers.get(type(body), b"")


def _said(cc: int, status: int = 0) -> Sequence[tuple[int, int, bytes]]:
    """CC, status and data of an answer without data."""
    return ((max(cc, 0), status, b""),)


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up."""
    return Cp5200Brain(panel, lit, strict)
