"""How a sign is made to show a page: graphics into its memory, a message that names them, its activation.

A page is proven three times over before it counts: the sign's own dmsGraphicID of each graphic is read; the sign
activates only under its own CRC of the message, which names graphics *and* their IDs; and dmsMsgTableSource, which
is read, says that this message under this CRC is on the glass.
"""


from collections.abc import Sequence

from ledsign.errors import CardRefusedError, CardUnusableError
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Routine
from ledsign.protocol.message import Clear, Prepare, SetBrightness, SetClock, ShowFrame
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.asking import Batch, Steps
from ledsign.protocol.ntcip.codes import (
    BLANK,
    FOREVER,
    GraphicStatus,
    Memory,
    MessageId,
    MessageStatus,
    Scheme,
)
from ledsign.protocol.ntcip.picture import Band
from ledsign.protocol.ntcip.smi import COUNTER, integer, octets
from ledsign.protocol.ntcip.writing import Writer

_MANUAL_DIRECT, _MANUAL = 5, 4  # dmsIllumControl; the second is what signs before version 2 know
_NO_DAYLIGHT_SAVING = 2  # globalDaylightSaving: disabled
_NEEDED = {ColorMode.MONO: Scheme.MONO_1BIT, ColorMode.DUAL: Scheme.CLASSIC, ColorMode.RGB: Scheme.RGB_24BIT}


class Dialogue(Writer):
    """One conversation's plans, and what it knows of the sign's memory."""

    def forget(self) -> None:
        super().forget()
        self._ponders = False  # validating a message takes the sign a while
        self._urgent_on = False

    def info(self) -> Routine:
        """Who is there?"""
        return (yield from self.learn())

    def greet(self) -> Routine:
        """Who is there now? What was known of another sign is forgotten."""
        self.forget()
        return (yield from self.learn())

    # ---- a known state --------------------------------------------------------------------------------------

    def prepare(self, intent: Prepare) -> Routine:
        """Blank, nothing of ours in the message memory, and blank after every loss."""
        info = yield from self.greet()
        facts = self.known()
        if (facts.width, facts.height) != (intent.width, intent.height):
            raise CardUnusableError(
                0, f"the sign has {facts.width}x{facts.height} pixels, the panel {intent.width}x{intent.height}"
            )
        if facts.scheme < _NEEDED[intent.mode]:
            raise CardUnusableError(0, f"a sign of colour scheme {facts.scheme} cannot show a {intent.mode} panel")
        yield from self._blank()
        yield from self._dead_man()
        yield from self._delete_messages(*({facts.memory, Memory.CHANGEABLE} if intent.deep else {facts.memory}))
        if intent.deep:
            yield from self._delete_graphics(facts.graphics)
        return info

    def clear(self, _intent: Clear) -> Routine:
        """Blank, and nothing of ours left in any memory."""
        facts = self._facts
        if facts is None:
            yield from self.learn()
            facts = self.known()
        yield from self._blank()
        yield from self._delete_messages(facts.memory)
        yield from self._delete_graphics(facts.graphics)
        self.suppose_nothing(wary=False)
        return None

    def _blank(self) -> Steps[None]:
        yield from self.activate(BLANK, self.settings.urgent, FOREVER)
        self.lit(None)
        self._urgent_on = False

    def _dead_man(self) -> Steps[None]:
        """After a power cut, a reset, a lost line or an ended duration the sign is blank."""
        blank = octets(BLANK.pack())
        fallbacks = (o.SHORT_RECOVERY, o.LONG_RECOVERY, o.RESET_MESSAGE, o.END_DURATION, o.COMM_LOSS)
        minutes = self.put((o.COMM_LOSS_MIN, integer(self.settings.loss_min)))
        yield Batch((*(self.put((oid, blank)) for oid in fallbacks), minutes), tolerant=True)  # old signs lack some

    def _delete_messages(self, *memories: Memory) -> Steps[None]:
        order = integer(MessageStatus.NOT_USED_REQ)
        cells = [o.message(o.STATUS, memory, number) for memory in memories for number in (1, 2)]
        yield Batch(tuple(self.put((cell, order)) for cell in cells), tolerant=True)

    def _delete_graphics(self, count: int) -> Steps[None]:
        order = integer(GraphicStatus.NOT_USED_REQ)
        rows = range(1, count + 1)
        yield Batch(tuple(self.put((o.graphic(o.G_STATUS, row), order)) for row in rows), tolerant=True)

    # ---- a page ---------------------------------------------------------------------------------------------

    def show(self, intent: ShowFrame) -> Routine:
        """A page on the glass, proven."""
        if self._facts is None:
            yield from self.learn()
        self.showing = None
        bands = self.bands(intent.frame)
        priority = self.settings.urgent if intent.urgent else self.settings.page
        # what we put there ourselves at the urgent level we may also replace
        asking = max(priority, self.settings.urgent if self._urgent_on else 0)
        minutes = _minutes(intent.ttl_s)
        try:
            message, lit = yield from self._offered(bands, priority, asking, minutes)
        except CardRefusedError:
            self.suppose_nothing()  # what we took for stored may be gone
            message, lit = yield from self._offered(bands, priority, asking, minutes)
        if not lit:
            yield from self.activate(message, asking, minutes)
        self.lit(message, bands)
        self._urgent_on = intent.urgent
        self.showing = message
        return None

    def _offered(
        self, bands: Sequence[Band], priority: int, asking: int, minutes: int
    ) -> Steps[tuple[MessageId, bool]]:
        """A message that the sign has found valid, and whether it is on the glass already: a sign activates nothing
        that is not valid, and under no other CRC than its own, so it is asked about both beforehand only once it has
        refused because it was still at it."""
        message = yield from self.written(bands, priority)
        offer = self.put((o.message(o.STATUS, message.memory, message.number), integer(MessageStatus.VALIDATE_REQ)))
        if self._ponders:
            yield offer
        else:
            try:
                yield from self.activate(message, asking, minutes, offer)
                return message, True
            except CardRefusedError:
                self._ponders = True
        yield from self.valid(message)
        return message, False

    # ---- settings -------------------------------------------------------------------------------------------

    def brightness(self, intent: SetBrightness) -> Routine:
        """One level for day and night; anything above 0 % stays visible."""
        (levels,) = yield from self.values(o.ILLUM_LEVELS)
        level = max(1, round(intent.percent * levels.number / 100)) if intent.percent else 0
        try:
            yield self.put((o.ILLUM_CONTROL, integer(_MANUAL_DIRECT)), (o.ILLUM_LEVEL, integer(level)))
        except CardRefusedError:
            yield self.put((o.ILLUM_CONTROL, integer(_MANUAL)), (o.ILLUM_LEVEL, integer(level)))
        return None

    def clock(self, intent: SetClock) -> Routine:
        """Unix seconds, UTC; a sign's idea of daylight saving is switched off."""
        now = integer(int(intent.at.timestamp()), COUNTER)
        try:
            yield self.put((o.CLOCK, now), (o.DAYLIGHT, integer(_NO_DAYLIGHT_SAVING)))
        except CardRefusedError:
            yield self.put((o.CLOCK, now))
        return None

    def power(self, on: bool) -> Routine:
        """Signs have no switch: off is blank, and on is whatever comes next."""
        if on:
            yield self.ask(o.CONTROL_MODE)
        else:
            yield from self._blank()
        return None


def _minutes(ttl_s: int | None) -> int:
    return FOREVER if ttl_s is None else min(FOREVER - 1, max(1, -(-ttl_s // 60)))
