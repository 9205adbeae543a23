"""How a sign is made to show a page: graphics into its memory, a message that names them, its activation.

A page is proven three times over before it counts: the sign's own dmsGraphicID of each graphic, its CRC of the
message that names graphics *and* their IDs, and dmsMsgTableSource, the message it says is on the glass.
"""

from collections.abc import Sequence

from ledsign.errors import CardRefusedError, CardUnusableError, UnsupportedError
from ledsign.frame import Frame
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Routine
from ledsign.protocol.message import Clear, Prepare, SetBrightness, SetClock, ShowFrame
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.asking import Asker, Batch, Settings, Steps
from ledsign.protocol.ntcip.ber import COUNTER, Oid, integer, octets
from ledsign.protocol.ntcip.checks import message_crc
from ledsign.protocol.ntcip.codes import (
    BLANK,
    FOREVER,
    GraphicStatus,
    Memory,
    MessageId,
    MessageStatus,
    MultiFault,
    Scheme,
)
from ledsign.protocol.ntcip.picture import Band, cut

_MANUAL_DIRECT, _MANUAL = 5, 4  # dmsIllumControl; the second is what signs before version 2 know
_NO_DAYLIGHT_SAVING = 2  # globalDaylightSaving: disabled
_NEEDED = {ColorMode.MONO: Scheme.MONO_1BIT, ColorMode.DUAL: Scheme.CLASSIC, ColorMode.RGB: Scheme.RGB_24BIT}

class Dialogue(Asker):
    """One conversation's plans, and what it knows of the sign's memory."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._services = True  # the sign has columns for beacons and pixel service

    def forget(self) -> None:
        super().forget()
        self._stored: dict[int, Band] = {}  # graphic rows with what they hold, least recently used first
        self._on_glass: frozenset[int] = frozenset()
        self._permanent: set[int] = set()
        self._row = 0
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
        self._stored.clear()
        return None

    def _blank(self) -> Steps[None]:
        yield from self.activate(BLANK, self.settings.urgent, FOREVER)
        self._on_glass, self._urgent_on = frozenset(), False

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
        bands = self._bands(intent.frame)
        priority = self.settings.urgent if intent.urgent else self.settings.page
        try:
            message = yield from self._written(bands, priority)
        except CardRefusedError:
            self._stored.clear()  # what we took for stored may be gone
            message = yield from self._written(bands, priority)
        # what we put there ourselves at the urgent level we may also replace
        asking = max(priority, self.settings.urgent if self._urgent_on else 0)
        yield from self.activate(message, asking, _minutes(intent.ttl_s))
        self._row, self._urgent_on = message.number, intent.urgent
        self._on_glass = frozenset(row for row, band in self._stored.items() if band in bands)
        self.showing = message
        return None

    def _bands(self, frame: Frame) -> Sequence[Band]:
        facts = self.known()
        bands = cut(frame, facts.limit)
        if 2 * len(bands) > facts.graphics:
            raise UnsupportedError(f"a page takes {len(bands)} graphics, twice that many are needed")
        return bands

    def _written(self, bands: Sequence[Band], priority: int) -> Steps[MessageId]:
        rows = yield from self._store(bands)
        return (yield from self._compose(bands, rows, priority))

    def _store(self, bands: Sequence[Band]) -> Steps[dict[Band, int]]:
        """Every band in a row of the graphic table; what is there already stays."""
        rows = {band: row for row, band in self._stored.items() if band in bands}
        for band in dict.fromkeys(bands):
            if band not in rows:
                rows[band] = yield from self._place(band, set(rows.values()))
            row = rows[band]
            self._stored.pop(row, None)
            self._stored[row] = band  # most recently used
        return rows

    def _place(self, band: Band, taken: set[int]) -> Steps[int]:
        """A graphic into the row that was not needed for the longest time."""
        fresh = [row for row in range(1, self.known().graphics + 1) if row not in self._stored]
        for row in [*fresh, *self._stored]:
            if row in taken or row in self._on_glass or row in self._permanent:
                continue
            self._stored.pop(row, None)
            try:
                yield from self._upload(row, band)
            except CardRefusedError:
                (status,) = yield from self.values(o.graphic(o.G_STATUS, row))
                if status.number != GraphicStatus.PERMANENT:
                    raise
                self._permanent.add(row)
            else:
                return row
        raise UnsupportedError("no graphic row of this sign is free")

    def _upload(self, row: int, band: Band) -> Steps[None]:
        size = self.known().block
        state = o.graphic(o.G_STATUS, row)
        yield Batch(
            (
                self.put((state, integer(GraphicStatus.NOT_USED_REQ))),
                self.put((state, integer(GraphicStatus.MODIFY_REQ))),
                self.put(
                    (o.graphic(o.G_NUMBER, row), integer(row)),
                    (o.graphic(o.G_NAME, row), octets(f"page {row}".encode())),
                    (o.graphic(o.G_HEIGHT, row), integer(band.height)),
                    (o.graphic(o.G_WIDTH, row), integer(band.width)),
                    (o.graphic(o.G_TYPE, row), integer(band.scheme)),
                    (o.graphic(o.G_TRANSPARENT, row), integer(0)),
                    (o.graphic(o.G_COLOUR, row), octets(b"\0\0\0")),
                ),
                *(
                    self.put((o.block(row, at // size + 1), octets(band.bitmap[at : at + size])))
                    for at in range(0, len(band.bitmap), size)
                ),
                self.put((state, integer(GraphicStatus.READY_REQ))),
            )
        )
        done = {GraphicStatus.READY, GraphicStatus.IN_USE}
        status, found = yield from self.settled(done, state, o.graphic(o.G_ID, row))
        if status not in done or found != band.identity(row):
            raise CardRefusedError(status, f"graphic {row} did not arrive whole (status {status}, ID {found:04x})")

    def _compose(self, bands: Sequence[Band], rows: dict[Band, int], priority: int) -> Steps[MessageId]:
        """A message that shows the bands one below the other; in the row that is not on the glass."""
        text, y = "", 1
        for band in bands:
            row = rows[band]
            text += f"[g{row},1,{y},{band.identity(row):04X}]"
            y += band.height
        multi = text.encode("ascii")
        message = MessageId(self.known().memory, 2 if self._row == 1 else 1, message_crc(multi))
        try:
            yield self._message(message, multi, priority)
        except CardRefusedError:
            if not self._services:
                raise
            self._services = False
            yield self._message(message, multi, priority)
        cells = (o.message(column, message.memory, message.number) for column in (o.STATUS, o.CRC))
        status, crc = yield from self.settled({MessageStatus.VALID}, *cells)
        if status != MessageStatus.VALID or crc != message.crc:
            fault = yield from self.optional(o.MULTI_ERROR, integer(MultiFault.OTHER))
            raise CardRefusedError(fault.number, f"message refused: status {status}, MULTI error {fault.number}")
        return message

    def _message(self, message: MessageId, multi: bytes, priority: int) -> Batch:
        def cell(column: int) -> Oid:
            return o.message(column, message.memory, message.number)

        services = ((cell(o.BEACON), integer(0)), (cell(o.PIXEL_SERVICE), integer(0)))
        return Batch(
            (
                self.put((cell(o.STATUS), integer(MessageStatus.MODIFY_REQ))),
                self.put(
                    (cell(o.MULTI), octets(multi)),
                    (cell(o.OWNER), octets(b"ledsign")),
                    *(services if self._services else ()),
                    (cell(o.RUN_PRIORITY), integer(priority)),
                ),
                self.put((cell(o.STATUS), integer(MessageStatus.VALIDATE_REQ))),
            )
        )

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
