"""A simulated NTCIP 1203 sign: draws the graphics and rectangles of the message on its glass.

The rules of the standard (memories, states, priorities, errors) are ``protocol.ntcip.sign``, proven by SNMP
tools that nobody here wrote. The pixels are this module's own reading: mono bits row by row without padding,
classic colours, B G R bytes. There are no fonts: every character is a lit block, enough to see where text stands.
Pages take turns as their times say, with darkness between them where a page has an off time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ledsign.errors import ConfigError
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link
from ledsign.protocol.message import Message
from ledsign.protocol.ntcip import NTCIP
from ledsign.protocol.ntcip.codes import CLASSIC_RGB, MultiFault, Scheme
from ledsign.protocol.ntcip.multi import CENTRE, MIDDLE, RIGHT, TOP, Line, MultiError, MultiPage
from ledsign.protocol.ntcip.sign import Graphic, Shape, Shown, Sign
from ledsign.protocol.ntcip.snmp import Bind, Pdu, Snmp
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.canvas import Pixels, paste

CELL_W, CELL_H = 6, 8  # a character's block with its spacing
_SCHEMES = {ColorMode.MONO: Scheme.MONO_1BIT, ColorMode.DUAL: Scheme.CLASSIC, ColorMode.RGB: Scheme.RGB_24BIT}
_GAP_S = 0.02  # the simulated sign works on a graphic's ID for so long
_ADDRESS = 1
_FACTORY_TIME = 1_325_376_000  # 2012-01-01 in Unix seconds: where the clock of a sign begins that nobody set


def read_graphic(graphic: Graphic) -> Pixels:
    """A graphic's bitmap as pixels; missing bytes are dark."""
    height, width = graphic.height, graphic.width
    data = np.frombuffer(graphic.bitmap.ljust(graphic.size, b"\0"), np.uint8)
    if graphic.scheme == Scheme.MONO_1BIT:
        bits = np.unpackbits(data)[: width * height].reshape(height, width, 1)
        return np.repeat(bits * np.uint8(255), 3, axis=2)
    if graphic.scheme == Scheme.RGB_24BIT:
        return np.ascontiguousarray(data.reshape(height, width, 3)[:, :, ::-1])
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(CLASSIC_RGB)] = CLASSIC_RGB
    return palette[data.reshape(height, width)]


def phases(pages: Sequence[MultiPage]) -> tuple[tuple[MultiPage | None, float], ...]:
    """What follows what, with its time in s; None is darkness. A single page without one stands for ever."""
    if len(pages) == 1 and not pages[0].off:
        return ((pages[0], 0.0),)
    turns: list[tuple[MultiPage | None, float]] = []
    for page in pages:
        turns.append((page, page.on / 10))
        if page.off:
            turns.append((None, page.off / 10))
    return tuple(turns)


class NtcipBrain:
    """The sign. ``lit`` is told whenever the glass may have changed."""

    family = "ntcip"

    def __init__(self, panel: Panel, lit: Lit, _strict: bool) -> None:
        self._panel = panel
        self._lit = lit
        shape = Shape(
            panel.width, panel.height, _SCHEMES[panel.mode], graphics=32, model="simulated", calculating_s=_GAP_S
        )
        self._shape = shape
        self._sign = Sign(shape, fits=self._fits)
        self._now = time.monotonic
        self._drawn: Shown | None = None
        self._phase = -1
        self._since = 0.0

    def configure(self, options: Mapping[str, str]) -> None:
        if unknown := sorted(set(options) - {"community"}):
            raise ConfigError(f"a simulated ntcip sign has no option {unknown[0]!r}; known: community")
        self._sign = Sign(self._shape, community=options.get("community", "public"), fits=self._fits)

    def talk(self, link: Link) -> Talk:
        return NTCIP(link)

    def run_on(self, now: Callable[[], float]) -> None:
        self._now = now

    def power_up(self) -> None:
        self._sign.start(self._now())
        self._draw("boot")

    def due(self) -> float | None:
        now = self._now()
        waits = [self._sign.due(now), self._page_left(now)]
        return min((wait for wait in waits if wait is not None), default=None)

    def tick(self) -> None:
        self._sign.tick(self._now(), self._unix())
        self._draw("page")

    def _unix(self) -> int:
        """A sign's clock runs on from where it was set."""
        return _FACTORY_TIME + int(self._now())

    def state(self) -> Mapping[str, object]:
        shown = self._sign.state.shown
        return {
            "message": shown.message.pack().hex(),
            "source": shown.source.name.lower(),
            "priority": self._sign.priority,
            "brightness": self._sign.level,
            "remaining": self._sign.remaining,
            "messages": sum(row.status > 1 for row in self._sign.state.messages.values()),
            "graphics": sorted(self._sign.state.graphics),
            "clock": self._unix() + self._sign.clock_offset,
            "comm_loss": self._sign.state.numbers["comm_loss_min"],
        }

    def damaged(self, message: Message) -> Sequence[Message]:
        """Nothing in SNMP says "damaged": such a request is not answered."""
        return ()

    def foreign(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Snmp):
            return ()
        stale = replace(message.reply(message.binds), request_id=message.request_id - 1)
        other = replace(message.reply((Bind((1, 3, 6), message.binds[0].value),)), community="other")
        return (stale, other, replace(message, pdu=Pdu.GET))

    def answer(self, message: Message) -> Sequence[Message]:
        if not isinstance(message, Snmp) or message.address not in (None, _ADDRESS):
            return ()
        reply = self._sign.handle(message, self._now(), self._unix())
        self._draw("page")
        return () if reply is None else (reply,)

    # ---- glass ----------------------------------------------------------------------------------------------

    def _draw(self, cause: str) -> None:
        shown, now = self._sign.state.shown, self._now()
        if shown is not self._drawn:
            self._drawn, self._since, self._phase = shown, now, -1
        phase = self._turn(now)[0]
        if phase == self._phase:
            return
        self._phase = phase
        page = phases(shown.pages)[phase][0] if shown.pages else None
        if page is None:
            dark: Pixels = np.zeros((self._panel.height, self._panel.width, 3), np.uint8)
            self._lit(dark, cause if cause == "boot" else "blank")
        else:
            self._lit(self._picture(shown, page), "page" if page.pictures else "text")

    def _turn(self, now: float) -> tuple[int, float]:
        """Which phase it is, and how long it still lasts; 0 where nothing changes."""
        turns = phases(self._drawn.pages) if self._drawn is not None else ()
        if len(turns) < 2:
            return 0, 0.0
        at = (now - self._since) % sum(seconds for _page, seconds in turns)
        for number, (_page, seconds) in enumerate(turns):
            if at < seconds:
                return number, seconds - at
            at -= seconds
        return 0, 0.0

    def _page_left(self, now: float) -> float | None:
        number, left = self._turn(now)
        if number != self._phase:
            return 0.0
        return left or None

    def _picture(self, shown: Shown, page: MultiPage) -> Pixels:
        glass: Pixels = np.zeros((self._panel.height, self._panel.width, 3), np.uint8)
        glass[:] = page.background
        for area in page.rectangles:
            glass[area.y - 1 : area.y - 1 + area.height, area.x - 1 : area.x - 1 + area.width] = area.colour
        for picture in page.pictures:
            paste(glass, read_graphic(shown.graphics[picture.number]), picture.x - 1, picture.y - 1)
        for line in page.lines:
            self._text(glass, page, line)
        return glass

    def _text(self, glass: Pixels, page: MultiPage, line: Line) -> None:
        """Lit blocks, one a character, where the justification puts them."""
        runs = [run for run in page.lines if run.number == line.number]
        before = sum(len(run.text) for run in runs[: runs.index(line)])
        whole = sum(len(run.text) for run in runs) * CELL_W
        free = glass.shape[1] - whole
        x = {CENTRE: free // 2, RIGHT: free}.get(line.line, 0) + before * CELL_W
        room = glass.shape[0] - (max(run.number for run in page.lines) + 1) * CELL_H
        y = {TOP: 0, MIDDLE: room // 2}.get(line.page, room) + line.number * CELL_H
        for number, character in enumerate(line.text):
            if not character.isspace():
                left = x + number * CELL_W
                glass[max(y, 0) : y + CELL_H - 1, max(left, 0) : left + CELL_W - 1] = 255

    def _fits(self, pages: Sequence[MultiPage]) -> None:
        for page in pages:
            widths: dict[int, int] = {}
            for run in page.lines:
                widths[run.number] = widths.get(run.number, 0) + len(run.text) * CELL_W
                tall = (run.number + 1) * CELL_H - 1 > self._panel.height
                if tall or widths[run.number] - 1 > self._panel.width:
                    raise MultiError(MultiFault.TEXT_TOO_BIG, run.position)
            for area in page.rectangles:
                if area.x + area.width - 1 > self._panel.width or area.y + area.height - 1 > self._panel.height:
                    raise MultiError(MultiFault.UNSUPPORTED_TAG_VALUE, area.position)


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A new sign, not yet powered up."""
    return NtcipBrain(panel, lit, strict)
