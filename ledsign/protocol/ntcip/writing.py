"""A page into a sign's memory: graphics into rows of its graphic table, and a message that names them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ledsign.errors import CardRefusedError, UnsupportedError
from ledsign.frame import Frame
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.asking import Asker, Batch, Settings, Steps
from ledsign.protocol.ntcip.checks import message_crc
from ledsign.protocol.ntcip.codes import GraphicStatus, MessageId, MessageStatus, MultiFault
from ledsign.protocol.ntcip.picture import Band, cut
from ledsign.protocol.ntcip.smi import EMPTY, Oid, Value, integer, octets
from ledsign.protocol.ntcip.snmp import Snmp

Setting: TypeAlias = tuple[Oid, Value]


class Writer(Asker):
    """Writes pages, and knows what of them the sign still has."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._services = True  # the sign has columns for beacons and pixel service

    def forget(self) -> None:
        super().forget()
        self._stored: dict[int, Band] = {}  # graphic rows with what they hold, least recently used first
        self._described: dict[int, tuple[int, int, int]] = {}  # rows with the measures that they were last given
        self._signed: set[int] = set()  # message rows that bear our name
        self._wary = False  # the sign refused what should have been possible
        self._permanent: set[int] = set()
        self._on_glass: frozenset[int] = frozenset()  # graphic rows
        self._row = 0  # of the message on the glass

    def suppose_nothing(self, wary: bool = True) -> None:
        """Nothing that was written earlier may be relied on. ``wary``: until a page stands, empty each row that is
        to be written, whatever state it should be in."""
        self._stored.clear()
        self._described.clear()
        self._signed.clear()
        self._wary = wary

    def lit(self, message: MessageId | None, bands: Sequence[Band] = ()) -> None:
        """This message with these bands is on the glass now; None: nothing of ours."""
        self._row = self._row if message is None else message.number
        self._wary = False
        self._on_glass = frozenset(row for row, band in self._stored.items() if band in bands)

    def bands(self, frame: Frame) -> Sequence[Band]:
        facts = self.known()
        bands = cut(frame, facts.limit)
        if 2 * len(bands) > facts.graphics:
            raise UnsupportedError(f"a page takes {len(bands)} graphics, twice that many are needed")
        return bands

    def written(self, bands: Sequence[Band], priority: int) -> Steps[MessageId]:
        """Graphics that the sign has not got, and a message that shows them, not yet offered for validation. The
        message is opened together with the first graphic, and written while the sign works on the graphics' IDs."""
        rows = {band: row for row, band in self._stored.items() if band in bands}
        fresh = [band for band in dict.fromkeys(bands) if band not in rows]
        number = 2 if self._row == 1 else 1  # not the one on the glass
        order = o.message(o.STATUS, self.known().memory, number), integer(MessageStatus.MODIFY_REQ)
        together = bool(fresh) and not self._wary
        for band in fresh:
            opening = (order,) if together and band is fresh[0] else ()
            rows[band] = yield from self._place(band, set(rows.values()), opening)
        multi = _text(bands, rows)
        message = MessageId(self.known().memory, number, message_crc(multi))
        yield from self._draft(message, multi, priority, () if together else (self.put(order),))
        for band in fresh:
            yield from self._arrived(rows[band], band)
        for band, row in rows.items():
            self._stored.pop(row, None)
            self._stored[row] = band  # most recently used
        return message

    def _place(self, band: Band, taken: set[int], opening: Sequence[Setting]) -> Steps[int]:
        """A graphic into the row that was not needed for the longest time."""
        unused = [row for row in range(1, self.known().graphics + 1) if row not in self._stored]
        for row in [*unused, *self._stored]:
            if row in taken or row in self._on_glass or row in self._permanent:
                continue
            self._stored.pop(row, None)
            try:
                yield from self._upload(row, band, opening)
            except CardRefusedError:
                (status,) = yield from self.values(o.graphic(o.G_STATUS, row))
                if status.number != GraphicStatus.PERMANENT:
                    raise
                self._permanent.add(row)
            else:
                return row
        raise UnsupportedError("no graphic row of this sign is free")

    def _upload(self, row: int, band: Band, opening: Sequence[Setting]) -> Steps[None]:
        """The row opened, and ``opening`` set with it, described unless it is so already, filled, and closed. Opening
        a row that holds an older graphic is lawful; if not on this sign, it is emptied first the second time."""
        size = self.known().block
        measures = (band.width, band.height, band.scheme)
        described = self._described.pop(row, None) == measures
        order = o.graphic(o.G_STATUS, row)
        blocks = [
            self.put((o.block(row, at // size + 1), octets(band.bitmap[at : at + size])))
            for at in range(0, len(band.bitmap), size)
        ]
        yield Batch(
            (
                *((self.put((order, integer(GraphicStatus.NOT_USED_REQ))),) if self._wary else ()),
                self.put((order, integer(GraphicStatus.MODIFY_REQ)), *opening),
                *(() if described else (self._description(row, band),)),
                *blocks,
                self.put((order, integer(GraphicStatus.READY_REQ))),
            )
        )
        self._described[row] = measures

    def _description(self, row: int, band: Band) -> Snmp:
        return self.put(
            (o.graphic(o.G_NUMBER, row), integer(row)),
            (o.graphic(o.G_HEIGHT, row), integer(band.height)),
            (o.graphic(o.G_WIDTH, row), integer(band.width)),
            (o.graphic(o.G_TYPE, row), integer(band.scheme)),
            (o.graphic(o.G_TRANSPARENT, row), integer(0)),
            (o.graphic(o.G_COLOUR, row), octets(b"\0\0\0")),
        )

    def _arrived(self, row: int, band: Band) -> Steps[None]:
        """The ID says that the row holds this band: its pixels, its measures and its number. Only while it does not,
        the sign is asked whether it is still working it out."""
        known = yield from self.optional(o.graphic(o.G_ID, row), EMPTY)
        if known.content == band.identity(row):
            return
        done = {GraphicStatus.READY, GraphicStatus.IN_USE}
        status, found = yield from self.settled(done, o.graphic(o.G_STATUS, row), o.graphic(o.G_ID, row))
        if status not in done or found != band.identity(row):
            raise CardRefusedError(status, f"graphic {row} did not arrive whole (status {status}, ID {found:04x})")

    def _draft(self, message: MessageId, multi: bytes, priority: int, before: Sequence[Snmp]) -> Steps[None]:
        """The message written, not yet offered. Owner and services stay as they were set when the row was first
        used; the CRC counts the services, so that it shows if they did not."""

        def cell(column: int) -> Oid:
            return o.message(column, message.memory, message.number)

        text = ((cell(o.MULTI), octets(multi)), (cell(o.RUN_PRIORITY), integer(priority)))
        owner = (cell(o.OWNER), octets(b"ledsign"))
        services = ((cell(o.BEACON), integer(0)), (cell(o.PIXEL_SERVICE), integer(0)))
        if message.number in self._signed:
            yield Batch((*before, self.put(*text)))
            return
        try:
            yield Batch((*before, self.put(*text, owner, *(services if self._services else ()))))
        except CardRefusedError:
            if not self._services:
                raise
            self._services = False
            yield Batch((*before, self.put(*text, owner)))
        self._signed.add(message.number)

    def valid(self, message: MessageId) -> Steps[None]:
        cells = (o.message(column, message.memory, message.number) for column in (o.STATUS, o.CRC))
        status, crc = yield from self.settled({MessageStatus.VALID}, *cells)
        if status != MessageStatus.VALID or crc != message.crc:
            fault = yield from self.optional(o.MULTI_ERROR, integer(MultiFault.OTHER))
            raise CardRefusedError(fault.number, f"message refused: status {status}, MULTI error {fault.number}")


def _text(bands: Sequence[Band], rows: Mapping[Band, int]) -> bytes:
    """A message that shows the bands one below the other."""
    text, y = "", 1
    for band in bands:
        row = rows[band]
        text += f"[g{row},1,{y},{band.identity(row):04X}]"
        y += band.height
    return text.encode("ascii")
