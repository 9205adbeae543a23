"""A simulated CP5200 card: windows, pictures, power, brightness, clock, flash.

Where the documents are silent it does the cautious thing: a picture counts only when its last packet is there
and all of it fits together, packets out of order are refused with 02, and replies carry their own PO and TP
(00 00), so that they do not say which packet they answer.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from ledsign.errors import ProtocolError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.cp5200 import CP5200, basic, calls
from ledsign.protocol.cp5200.packets import CallReply, Part, Reply, Request
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import Pixels, WindowArea, logo, paste, read_gif, read_i1

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
        self._logo = logo(panel)
        self._saved: list[WindowArea] = []  # flash
        self._levels: tuple[int, ...] = (31,) * 24
        self._schedule = b"\0\0\0\0"
        self._clock_set = _FACTORY_TIME
        self._clock_set_at = time.monotonic()
        self._on = True
        self._windows: list[WindowArea] = []
        self._network = bytes.fromhex("c0a801dec0a80101ffffff001450ffffffff")
        self.flash_writes = 0
        self._part: Part | None = None  # the last packet of a call in parts, and what came so far
        self._stream = b""

    def talk(self, link: Link) -> Talk:
        return CP5200(link, Role.CARD)

    def power_up(self) -> None:
        self._windows = [window.copy() for window in self._saved]
        self._part, self._stream = None, b""
        self._on = True
        self._show("saved" if self._saved else "boot")

    def state(self) -> Mapping[str, object]:
        return {
            "on": self._on,
            "brightness": list(self._levels),
            "windows": [[w.x, w.y, w.width, w.height] for w in self._windows],
            "saved": len(self._saved),
            "flash_writes": self.flash_writes,
            "clock": self.clock.isoformat(timespec="seconds"),
        }

    @property
    def clock(self) -> datetime:
        """The card's clock: runs on from what it was set to."""
        return self._clock_set + timedelta(seconds=time.monotonic() - self._clock_set_at)

    def damaged(self, message: Message) -> Sequence[Message]:
        if isinstance(message, Request) and isinstance(message.body, calls.Call | Part):
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
            data = self._basic(body)
            return (Reply(body.code, data, 1, self._id),) if message.flag & 1 and data else ()
        replies = self._call(body) if isinstance(body, calls.Call) else self._collect(body)
        return replies if message.flag & 1 else ()

    def _collect(self, part: Part) -> Sequence[Message]:
        if part.index == 0:
            self._stream, self._part = part.data, part
            return self._reply(part.code)
        before = self._part
        if before is None:
            return self._reply(0, 2)
        cc = self._stream[0]
        if part == before and not self._strict:
            return self._reply(cc)  # came twice
        if part.index != before.index + 1 or part.last != before.last:
            return self._reply(cc, 2)
        self._stream, self._part = self._stream + part.data, part
        if part.index < part.last:
            return self._reply(cc)
        try:
            return self._call(calls.parse(self._stream))
        except ProtocolError:
            return self._reply(cc, 1)

    def _reply(self, cc: int, status: int = 0) -> Sequence[Message]:
        return (CallReply(cc, status, card_id=self._id),)

    def _call(self, call: calls.Call) -> Sequence[Message]:
        if isinstance(call, calls.SplitWindows):
            self._windows = [WindowArea(w.x, w.y, w.width, w.height) for w in call.windows]
            self._show("split")
        elif isinstance(call, calls.Image):
            try:
                self._picture(call)
            except ProtocolError:
                return self._reply(call.code, 1)
        elif isinstance(call, calls.PureText | calls.RichText | calls.StaticText):
            self._text(call.window)
        elif isinstance(call, calls.LeaveWindows):
            self._windows = []
            self._show("stored")
        elif isinstance(call, calls.SavedWindows):
            self._saved = [] if call.clear else [window.copy() for window in self._windows]
            self.flash_writes += 1
        return self._reply(call.code)

    def _picture(self, call: calls.Image) -> None:
        if call.format == calls.Image.I1:
            pixels = read_i1(call.data)
        elif call.format == calls.Image.GIF:
            pixels = read_gif(call.data)
        else:
            return  # a stored picture that this card does not have: a real one shows nothing either
        # a window that was never made takes pictures without showing them, and still says yes
        if call.window < len(self._windows):
            paste(self._windows[call.window].pixels, pixels, call.x, call.y)
            self._show("page")

    def _text(self, number: int) -> None:
        """No fonts here: a text is a lit bar, which is enough to see that one came."""
        if number < len(self._windows):
            window = self._windows[number]
            window.pixels[:] = 0
            window.pixels[window.height // 3 : window.height // 3 * 2] = 255
            self._show("text")

    def _show(self, cause: str) -> None:
        glass: Pixels = np.zeros_like(self._logo)
        if self._on and not self._windows:
            glass = self._logo
        elif self._on:
            for window in self._windows:
                paste(glass, window.pixels, window.x, window.y)
        self._lit(glass, cause)

    def _basic(self, body: basic.Basic) -> bytes:
        if isinstance(body, basic.Restart | basic.RestartApp):
            self.power_up()
            return _OK
        if isinstance(body, basic.WritePower):
            self._on = body.on
            self._show("power")
            return bytes((0, self._on))
        if isinstance(body, basic.WriteBrightness):
            self._levels = body.levels
            return _OK
        if isinstance(body, basic.WriteClock):
            return self._set_clock(body)
        if isinstance(body, basic.WriteSchedule):
            self._schedule = body.pack()[1:5]
            return _OK
        return self._query(body)

    def _set_clock(self, body: basic.WriteClock) -> bytes:
        try:
            at = datetime(2000 + body.year, body.month, body.day, body.hour, body.minute, body.second)  # noqa: DTZ001
        except ValueError:
            return b"\0"
        self._clock_set, self._clock_set_at = at, time.monotonic()
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
            basic.QueryId: _OK + bytes((self._id, 1)),
            basic.QueryFreeSpace: _OK + (1_400_000).to_bytes(4, "little"),
            basic.QueryTemperature: bytes((3, 24, 0, 0, 0, 0, 0, 0)),
            basic.QueryItem: _OK,
            basic.EndUpload: b"\0",
        }
        accepted = isinstance(
            body,
            basic.DeleteFile | basic.FormatDisk | basic.OpenFile | basic.WriteFile | basic.CloseFile
            | basic.UploadSegment | basic.InstantMessage | basic.WriteNetwork | basic.WriteId,
        )  # fmt: skip
        return answers.get(type(body), _OK if accepted else b"")


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new card, not yet powered up."""
    return Cp5200Brain(panel, lit, strict)
