"""Template programmes as a simulated CP5200 card keeps and plays them.

It takes packets in any order once the first is there, names those that are missing, and plays the valid programmes
of the highest level one after the other. Programmes and the template are on the disk and outlive a power cut; half
an upload does not. A programme whose minutes are over is not played and not deleted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ledsign.errors import ProtocolError
from ledsign.protocol.cp5200 import calls, plans, templates
from ledsign.protocol.cp5200.packets import Part
from ledsign.protocol.cp5200.templates import CLOCK, PICTURE, TEXT
from ledsign.protocol.gbtext import decode
from ledsign.simulator.canvas import Pixels, paste, read_gif, read_i1
from ledsign.simulator.cardtime import CardTime
from ledsign.simulator.lettering import letter

_SIZES = (12, 12, 16, 24, 32, 32, 48, 48)  # of the font codes, as near as our letters come
Answer = tuple[int, bytes]
"""Status and data of a reply."""


@dataclass(frozen=True)
class _Program:
    """``pictures``: what stands where, by window number; ``until``: when it ends (monotonic), None never."""

    user: int
    pictures: dict[int, tuple[int, int, Pixels]] = field(default_factory=dict)
    stay_s: int = 1
    level: int = 1
    loops: int = 1
    until: float | None = None

    def plays(self, now: float) -> bool:
        return self.loops > 0 and (self.until is None or now < self.until)


@dataclass
class _Upload:
    """A command in several packets. ``missing`` ascending."""

    first: Part
    came: dict[int, bytes]

    @property
    def missing(self) -> tuple[int, ...]:
        return tuple(n for n in range(self.first.last + 1) if n not in self.came)

    def progress(self) -> bytes:
        user = int.from_bytes(self.first.data[1:5], "big")
        window = 0 if self.first.code == templates.StandAlone.CODE else self.first.data[6]
        return templates.Progress(user, self.first.data[5], window, self.missing).pack()


class Templates:
    """The programmes of one card. ``changed`` is called with a cause when the glass may look different."""

    def __init__(self, width: int, height: int, changed: Callable[[str], None], time: CardTime) -> None:
        self._time = time
        self._size = (width, height)
        self._changed = changed
        self._template: templates.DefineTemplate | None = None
        self._programs: dict[int, _Program] = {}
        self._plans: dict[int, bytes] = {}
        self._starts = False  # in this mode after a power cut
        self.on = False
        self._upload: _Upload | None = None
        self._turn = 0  # number of the programme on the glass
        self._since = 0.0

    def power_up(self) -> None:
        self.on = self._starts and self._template is not None
        self._upload, self._turn = None, 0

    @property
    def numbers(self) -> list[int]:
        return sorted(self._programs)

    # ---- packets --------------------------------------------------------------------------------------------

    def receive(self, part: Part) -> tuple[int, int, bytes]:
        """A packet of an upload: CC, status and data of the answer."""
        if part.index == 0:
            if not self.on:
                return part.code, templates.NOT_IN_MODE, b""
            if self._upload is None or self._upload.first != part or not self._upload.missing:
                self._upload = _Upload(part, {})
        upload = self._upload
        if upload is None or part.last != upload.first.last:
            return 0, 2, b""
        whole_before = not upload.missing
        upload.came[part.index] = part.data
        if upload.missing or whole_before:
            return upload.first.code, 0, upload.progress()
        try:
            status, _data = self.do(templates.parse(b"".join(upload.came[n] for n in sorted(upload.came))))
        except ProtocolError:
            status = 1
        if status:
            self._upload = None
        return upload.first.code, status, upload.progress()

    # ---- commands -------------------------------------------------------------------------------------------

    def do(self, call: calls.Call) -> Answer:
        """Carry out a command that is whole. Raises ProtocolError for a picture that is none."""
        if isinstance(call, templates.DefineTemplate):
            return self._define(call)
        if isinstance(call, templates.TemplateMode):
            return self._enter(call.options)
        if isinstance(call, templates.QueryTemplate):
            return 0, bytes((call.options, self.on, self._template is not None))
        if not self.on:
            return templates.NOT_IN_MODE, b""
        if isinstance(call, templates.FillText | templates.FillPicture | templates.FillClock):
            return self._fill(call)
        if isinstance(call, templates.StandAlone):
            return self._stand_alone(call)
        if isinstance(call, templates.DeletePrograms):
            gone = call.numbers or tuple(self._programs)
            self._programs = {n: each for n, each in self._programs.items() if n not in gone}
            self._changed("stored")
            return 0, b""
        if isinstance(call, plans.Properties):
            return self._properties(call)
        return self._query(call)

    def _define(self, call: templates.DefineTemplate) -> Answer:
        width, height = self._size
        if call.width > width or call.height > height:
            return templates.OUTSIDE, b""
        self._template = call
        self._programs = {}  # their windows are not those of the new template
        self.on = self.on or bool(call.options & 1)
        self._changed("template")
        return 0, b""

    def _enter(self, options: int) -> Answer:
        if options & 1 and self._template is None:
            return templates.NO_TEMPLATE, b""
        self.on = bool(options & 1)
        if options & 0x10:
            self._starts = self.on
        self._changed("template")
        return 0, b""

    def _fill(self, call: templates.FillText | templates.FillPicture | templates.FillClock) -> Answer:
        assert self._template is not None
        if call.window > len(self._template.windows):
            return templates.NO_WINDOW, b""
        place = self._template.windows[call.window - 1].place
        kind = PICTURE if isinstance(call, templates.FillPicture) else TEXT
        if isinstance(call, templates.FillClock):
            kind = CLOCK
        font = call.format[3] & 7 if kind == TEXT and call.format else self._template.defaults[3] & 7
        pixels = _draw(place, kind, call.attributes & 15, call.content, font)
        before = self._programs.get(call.program) or _Program(call.user)
        stay = int.from_bytes(call.format[:2] or self._template.defaults[:2], "big")
        pictures = before.pictures | {call.window: (place.x, place.y, pixels)}
        self._programs[call.program] = replace(before, user=call.user, pictures=pictures, stay_s=stay)
        self._filled(call.program, call.attributes)
        return 0, templates.Progress(call.user, call.program, call.window, ()).pack()

    def _stand_alone(self, call: templates.StandAlone) -> Answer:
        pictures = {}
        for number, each in enumerate(call.windows, 1):
            place, data = each.window.place, call.data[each.offset :][: each.length]
            if place.x + place.width > self._size[0] or place.y + place.height > self._size[1]:
                return templates.OUTSIDE, b""
            kind, form = (data[0], data[1]) if len(data) > 2 else (0, 0)
            pictures[number] = (place.x, place.y, _draw(place, kind, form, data[2:], each.window.content[2] & 7))
        stay = int.from_bytes(call.windows[0].window.content[5:7], "big")
        self._programs[call.program] = _Program(call.user, pictures, stay)
        self._filled(call.program, call.attributes)
        return 0, templates.Progress(call.user, call.program, 0, ()).pack()

    def _filled(self, number: int, attributes: int) -> None:
        if attributes & templates.PLAY_NOW:
            self._turn, self._since = number, self._time.now()
        self._changed("page")

    def _properties(self, call: plans.Properties) -> Answer:
        for number in call.numbers or tuple(self._programs):
            if (known := self._programs.get(number)) is None:
                return templates.OUT_OF_RANGE, b""
            level = known.level if call.level is None else call.level
            loops = known.loops if call.loops is None else call.loops
            until = known.until
            if call.minutes is not None:
                until = self._time.now() + call.minutes * 60 if call.minutes else None
            self._programs[number] = replace(known, level=level, loops=loops, until=until)
        self._changed("page")
        return 0, b""

    def _query(self, call: calls.Call) -> Answer:
        if isinstance(call, templates.QueryPrograms):
            head = bytes((call.item,)) + call.parameters
            if call.item == 1:
                return 0, head + bytes((len(self._programs), *self.numbers))
            known = self._programs.get(call.parameters[0])
            if call.item != 2 or known is None:
                return (templates.OUT_OF_RANGE if call.item == 2 else templates.UNKNOWN_ITEM), head
            return 0, head + bytes((1, call.parameters[0])) + known.user.to_bytes(4, "big")
        if isinstance(call, plans.SetPlan):
            self._plans[call.plan] = call.pack()
            return 0, call.user.to_bytes(4, "big") + bytes((call.plan,))
        if isinstance(call, plans.DeletePlans):
            gone = call.plans[1:] if call.plans[0] else bytes(self._plans)
            self._plans = {n: plan for n, plan in self._plans.items() if n not in gone}
            return 0, call.user.to_bytes(4, "big") + call.plans[:1]
        if isinstance(call, plans.QueryPlans):
            head = call.user.to_bytes(4, "big") + bytes((call.item,))
            if call.item == 0:
                return 0, head + bytes((len(self._plans), *sorted(self._plans)))
            plan = self._plans.get(call.plan)
            return (templates.NO_WINDOW, head) if plan is None else (0, head + bytes((call.plan,)) + plan)
        return 0xFF, b""

    # ---- the glass ------------------------------------------------------------------------------------------

    def _playing(self) -> Sequence[int]:
        now = self._time.now()
        valid = [number for number, each in sorted(self._programs.items()) if each.plays(now)]
        top = max((self._programs[number].level for number in valid), default=0)
        return [number for number in valid if self._programs[number].level == top]

    def picture(self) -> Pixels:
        """What the programmes show now; dark when none plays."""
        glass: Pixels = np.zeros((self._size[1], self._size[0], 3), np.uint8)
        playing = self._playing()
        if playing and self._turn not in playing:
            self._turn, self._since = playing[0], self._time.now()
        if self._turn in playing:
            for x, y, pixels in self._programs[self._turn].pictures.values():
                paste(glass, pixels, x, y)
        return glass

    def due(self) -> float | None:
        """Seconds until another programme comes up by itself; None when none will."""
        if not self.on:
            return None
        now, playing = self._time.now(), self._playing()
        ends = [each.until for each in self._programs.values() if each.until is not None and each.plays(now)]
        if len(playing) > 1 and self._turn in playing:
            ends.append(self._since + max(1, self._programs[self._turn].stay_s))
        if self._turn and self._turn not in playing:
            return 0.0
        return max(0.0, min(ends) - now) if ends else None

    def tick(self) -> None:
        playing = self._playing()
        if self._turn in playing and len(playing) > 1:
            self._turn = playing[(playing.index(self._turn) + 1) % len(playing)]
            self._since = self._time.now()
        elif self._turn not in playing:
            self._turn = 0
        self._changed("expired")


def _draw(place: calls.Window, kind: int, form: int, data: bytes, font: int) -> Pixels:
    """A window's content; letters are ours. Raises ProtocolError."""
    if kind == PICTURE and form in (calls.I1, calls.GIF):
        pixels: Pixels = np.zeros((place.height, place.width, 3), np.uint8)
        paste(pixels, read_i1(data) if form == calls.I1 else read_gif(data), 0, 0)
        return pixels
    text = "00:00" if kind == CLOCK else decode(data.rstrip(b"\0")) if kind == TEXT else ""
    return letter(text.replace("\r\n", "\n"), place.width, place.height, _SIZES[font])
