"""The sign: answers requests, keeps its memories by the standard's rules, knows what is on its glass."""

from collections.abc import Callable
from dataclasses import replace

from ledsign.protocol.ntcip.codes import (
    BLANK,
    FOREVER,
    SCHEDULE,
    ActivateError,
    Activation,
    ControlMode,
    GraphicStatus,
    Memory,
    MessageId,
    MessageStatus,
    Source,
)
from ledsign.protocol.ntcip.multi import MultiError
from ledsign.protocol.ntcip.sign.memory import Shape, Shown, State
from ledsign.protocol.ntcip.sign.scalars import SetError
from ledsign.protocol.ntcip.sign.store import EVENTS, Fits, Store, every_text_fits
from ledsign.protocol.ntcip.sign.tables import Tree
from ledsign.protocol.ntcip.smi import EMPTY
from ledsign.protocol.ntcip.snmp import Bind, Fault, Pdu, Snmp

MOST_BINDS = 64  # of one request
_SELF = "127.0.0.1"


def _nothing() -> int:
    return 0


def _agree(_shown: Shown) -> ActivateError:
    return ActivateError.NONE


def _as_asked(code: Activation) -> int:
    return code.minutes


class Sign(Store):
    """A sign of NTCIP 1203. Not thread-safe.

    ``fits`` raises MultiError for a text that has no room; ``guard`` is the priority that any message of the network
    must have (above 255: none will do); ``consent`` may say no to what the network wants to show, or raise MultiError
    for its text; ``minutes`` may shorten how long it stays. ``level`` (brightness), ``errors`` (bits of
    shortErrorStatus) and ``local`` (the network is to keep its hands off) belong to the owner.
    """

    def __init__(
        self,
        shape: Shape,
        community: str = "public",
        fits: Fits = every_text_fits,
        guard: Callable[[], int] = _nothing,
        consent: Callable[[Shown], ActivateError] = _agree,
        minutes: Callable[[Activation], int] = _as_asked,
    ) -> None:
        super().__init__(shape, fits)
        self.level = shape.levels
        self.errors = 0
        self.local = False
        self.clock_offset = 0  # set by the network, s
        self.unix = 0
        self._community = community
        self._guard = guard
        self._consent = consent
        self._minutes = minutes
        self._heard = 0.0
        self._lossy = False  # a lost line was dealt with already
        self._tree = Tree(self)

    # ---- requests -------------------------------------------------------------------------------------------

    def handle(self, request: Snmp, at: float, unix: int) -> Snmp | None:
        """The answer to a request; None where the standard says to keep quiet (foreign community, no request).
        ``at`` is monotonic, ``unix`` seconds since 1970."""
        if request.community != self._community or request.pdu is Pdu.RESPONSE:
            return None
        self.tick(at, unix)
        self._heard, self._lossy = at, False
        if len(request.binds) > MOST_BINDS:
            return request.fault(Fault.TOO_BIG, 0)
        if request.pdu is Pdu.SET:
            return self._set(request)
        answers: list[Bind] = []
        for index, bind in enumerate(request.binds, 1):
            oid = self._tree.after(bind.oid) if request.pdu is Pdu.GET_NEXT else bind.oid
            value = self._tree.get(oid) if oid is not None else None
            if oid is None or value is None:
                return request.fault(Fault.NO_SUCH_NAME, index)
            answers.append(Bind(oid, value))
        return request.reply(tuple(answers))

    def _set(self, request: Snmp) -> Snmp:
        """All binds or none."""
        before, level, offset = self.state.copy(), self.level, self.clock_offset
        for index, bind in enumerate(request.binds, 1):
            try:
                self._tree.set(bind.oid, bind.value)
            except SetError as error:
                self.state, self.level, self.clock_offset = before, level, offset
                return request.fault(error.fault if bind.value != EMPTY else Fault.BAD_VALUE, index)
        return request.reply(request.binds)

    # ---- time and mains -------------------------------------------------------------------------------------

    def tick(self, at: float, unix: int) -> None:
        """Time passes: identities are calculated, durations end, a silent centre is noticed."""
        self.now, self.unix = at, unix
        for row, graphic in self.state.graphics.items():
            if graphic.status is GraphicStatus.CALCULATING_ID and at >= graphic.ready_at:
                self.state.graphics[row] = replace(graphic, status=GraphicStatus.READY)
        until = self.wanted.until
        if until is not None and at >= until:
            self.event(Source.END_DURATION)
        minutes = self.state.numbers["comm_loss_min"]
        if minutes and self.control_mode != ControlMode.LOCAL and not self._lossy and at - self._heard > minutes * 60:
            self._lossy = True
            if self.wanted.source is not Source.SCHEDULER:
                self.event(Source.COMM_LOSS)

    def due(self, at: float) -> float | None:
        """Seconds from ``at`` until ``tick`` has something to do; None when nothing runs out."""
        ends = [] if self.wanted.until is None else [self.wanted.until]
        minutes = self.state.numbers["comm_loss_min"]
        if minutes and not self._lossy:
            ends.append(self._heard + minutes * 60 + 0.001)
        return max(0.0, min(ends) - at) if ends else None

    def start(self, at: float, lost_s: float = 0.0) -> None:
        """Power is back after ``lost_s`` s: volatile messages are gone, the recovery message is shown."""
        self.now = self._heard = at
        self.clear(Memory.VOLATILE)
        short = lost_s < self.state.numbers["short_loss_s"]
        self.event(Source.POWER_RECOVERY, self.state.codes["short_recovery"] if short else None)

    def resume(self, state: State, at: float) -> None:
        """Go on with memories kept over a restart of the program, in place of ``start``."""
        self.now = self._heard = at
        self.state = state

    def event(self, source: Source, code: MessageId | None = None) -> None:
        """Something inside the sign changes the glass; what cannot be shown becomes blank."""
        wanted = code or self.state.codes[EVENTS[source]]
        try:
            self._activate(Activation(FOREVER, 255, wanted, _SELF), source, internal=True)
        except SetError:
            self._activate(Activation(FOREVER, 255, BLANK, _SELF), source, internal=True)

    # ---- activation -----------------------------------------------------------------------------------------

    def activate(self, data: bytes) -> None:
        """A SET of dmsActivateMessage. Raises SetError, with the reason in the report."""
        if len(data) != 12:
            raise SetError(Fault.BAD_VALUE)
        self._activate(Activation.unpack(data), Source.CENTRAL)

    def _activate(self, code: Activation, source: Source, internal: bool = False) -> None:
        try:
            shown = self._prepared(code, source, internal)
            consent = ActivateError.NONE if internal else self._consent(shown)
        except MultiError as error:
            self.note(error)
            self._refuse(code, ActivateError.SYNTAX_MULTI)
            return
        if consent is not ActivateError.NONE:
            self._refuse(code, consent)
        self.report.activate = ActivateError.NONE
        self._take(shown)

    def _refuse(self, code: Activation, error: ActivateError) -> None:
        self.report.activate, self.report.code = error, code.pack()
        raise SetError(Fault.GEN_ERR)

    def _prepared(self, code: Activation, source: Source, internal: bool) -> Shown:
        """The new content of the glass. Raises SetError, MultiError."""
        asked = code.message
        if self.control_mode == ControlMode.LOCAL and not internal:
            self._refuse(code, ActivateError.LOCAL_MODE)
        if asked.memory not in (
            Memory.PERMANENT, Memory.CHANGEABLE, Memory.VOLATILE, Memory.SCHEDULE, Memory.BLANK
        ):  # fmt: skip
            self._refuse(code, ActivateError.MEMORY_TYPE)
        row = self.row(asked.memory, asked.number)
        if row is None:
            self._refuse(code, ActivateError.MESSAGE_NUMBER)
        assert row is not None
        if row.status is not MessageStatus.VALID:
            self._refuse(code, ActivateError.MESSAGE_STATUS)
        named = asked.memory not in (Memory.SCHEDULE, Memory.BLANK)
        if asked.crc != row.crc if named else asked.crc not in (0, row.crc):
            self._refuse(code, ActivateError.MESSAGE_CRC)
        back = asked.memory == Memory.SCHEDULE or (asked.memory == Memory.BLANK and not self.shape.darkens)
        if not internal and code.priority < (self._own_priority if back else self.priority):
            self._refuse(code, ActivateError.PRIORITY)
        if back:
            return self._resting(code)
        pages = () if asked.memory == Memory.BLANK else self.pages(row.multi)
        used = {picture.number for page in pages for picture in page.pictures}
        graphics = {g.number: g for g in self.state.graphics.values() if g.ready and g.number in used}
        return Shown(code, source, row, asked, self._until(code, internal), pages, graphics)

    def _resting(self, code: Activation, source: Source = Source.SCHEDULER) -> Shown:
        """What the schedule shows."""
        row = self.row(Memory.SCHEDULE, 1)
        assert row is not None
        message = MessageId(Memory.PERMANENT, 1, row.crc) if self.shape.permanent else BLANK
        pages = () if message.memory == Memory.BLANK else self.pages(row.multi)
        return Shown(code, source, row, message, self._until(code, internal=True), pages)

    def _until(self, code: Activation, internal: bool) -> float | None:
        minutes = code.minutes if internal else min(code.minutes, self._minutes(code))
        return None if minutes == FOREVER else self.now + minutes * 60

    def _take(self, shown: Shown) -> None:
        self.state.shown, self.state.aside = shown, None
        for number, graphic in self.state.graphics.items():
            if graphic.status in (GraphicStatus.READY, GraphicStatus.IN_USE):
                used = GraphicStatus.IN_USE if graphic.number in shown.graphics else GraphicStatus.READY
                self.state.graphics[number] = replace(graphic, status=used)

    @property
    def wanted(self) -> Shown:
        """The latest message activated, also while the owner covers it."""
        return self.state.aside or self.state.shown

    @property
    def control_mode(self) -> int:
        return ControlMode.LOCAL if self.local else self.state.numbers["control_mode"]

    @property
    def priority(self) -> int:
        """What an activation must at least have."""
        return max(self._guard(), self._own_priority)

    @property
    def _own_priority(self) -> int:
        """Of the network's own message, 0 where it has none."""
        own = self.wanted.source in (Source.SCHEDULER, Source.LOCAL)
        return 0 if own and self.shape.permanent else self.wanted.row.priority

    def cover(self, cover: bool) -> None:
        """The owner shows something of his own over the network's message, or shows that again. It comes back only
        while its time lasts and no other was activated."""
        aside = self.state.aside
        if cover and aside is None and self.state.shown.source is not Source.SCHEDULER:
            self.state.aside = self.state.shown
            self.state.shown = self._resting(Activation(FOREVER, 255, SCHEDULE, _SELF), Source.LOCAL)
        elif not cover and aside is not None:
            self.state.shown, self.state.aside = aside, None

    def set_remaining(self, minutes: int) -> None:
        """A SET of dmsMessageTimeRemaining; 0 ends the message now."""
        if minutes == 0:
            self.event(Source.END_DURATION)
            return
        wanted = self.wanted
        code = replace(wanted.code, minutes=minutes)
        changed = replace(wanted, until=self._until(code, wanted.source is not Source.CENTRAL))
        if self.state.aside is None:
            self.state.shown = changed
        else:
            self.state.aside = changed

    @property
    def remaining(self) -> int:
        """Minutes, rounded up; 65535 for ever."""
        until = self.state.shown.until
        return FOREVER if until is None else max(0, -int(-(until - self.now) // 60))

    def reset(self) -> None:
        """dmsSWReset."""
        self.clear(Memory.VOLATILE)
        self.event(Source.RESET)
