"""The sign's object tree: which objects there are, what they say, what may be written to them."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.codes import GraphicStatus, Memory, MessageStatus
from ledsign.protocol.ntcip.multi import MAX_LENGTH
from ledsign.protocol.ntcip.sign.memory import Graphic, Row
from ledsign.protocol.ntcip.sign.scalars import SetError, number_of, octets_of, scalars
from ledsign.protocol.ntcip.smi import Oid, Value, integer, octets
from ledsign.protocol.ntcip.snmp import Fault

if TYPE_CHECKING:
    from ledsign.protocol.ntcip.sign.sign import Sign

_MESSAGE_COLUMNS = range(1, 10)
_GRAPHIC_COLUMNS = range(1, 11)
_WRITABLE = (Memory.CHANGEABLE, Memory.VOLATILE)


class Tree:
    """Read, written and walked through by name."""

    def __init__(self, sign: "Sign") -> None:
        self._sign = sign
        self._leaves = scalars(sign)
        self._names = sorted([*self._leaves, *self._cells()])

    # ---- names ----------------------------------------------------------------------------------------------

    def _cells(self) -> list[Oid]:
        shape = self._sign.shape
        counts = {
            Memory.PERMANENT: len(shape.permanent),
            Memory.CHANGEABLE: shape.changeable,
            Memory.VOLATILE: shape.volatile,
            Memory.CURRENT: 1,
            Memory.SCHEDULE: 1,
            Memory.BLANK: 255,
        }
        messages = [
            o.message(column, memory, number)
            for column in _MESSAGE_COLUMNS
            for memory, count in counts.items()
            for number in range(1, count + 1)
        ]
        graphics = [o.graphic(c, row) for c in _GRAPHIC_COLUMNS for row in range(1, shape.graphics + 1)]
        modules = [o.module(column) for column in (3, 4, 5)]
        return messages + graphics + modules

    def after(self, oid: Oid) -> Oid | None:
        """The next object's name, for a walk; blocks of bitmaps are read by name only."""
        at = bisect_right(self._names, oid)
        return self._names[at] if at < len(self._names) else None

    def get(self, oid: Oid) -> Value | None:
        """An object's value; None where there is no such object."""
        if leaf := self._leaves.get(oid):
            return leaf.get()
        rest = oid[len(o.DMS) :] if oid[: len(o.DMS)] == o.DMS else ()
        if len(rest) == 6 and rest[:3] == (5, 8, 1):
            return self._message_cell(*rest[3:])
        if len(rest) == 5 and rest[:3] == (10, 6, 1):
            return self._graphic_cell(*rest[3:])
        if len(rest) == 6 and rest[:4] == (10, 7, 1, 3):
            return self._block(*rest[4:])
        names = {o.module(3): "make", o.module(4): "model", o.module(5): "version"}
        return octets(str(getattr(self._sign.shape, names[oid])).encode()) if oid in names else None

    def set(self, oid: Oid, value: Value) -> None:
        """Raises SetError; an object that nobody may write is "no such name", as RFC 1157 wants it."""
        rest = oid[len(o.DMS) :]
        leaf = self._leaves.get(oid)
        if leaf is not None and leaf.set is not None:
            leaf.set(value)
        elif self.get(oid) is None or leaf is not None or oid[: len(o.DMS)] != o.DMS:
            raise SetError(Fault.NO_SUCH_NAME)
        elif rest[0] == 5:
            self._set_message(value, *rest[3:])
        elif rest[1] == 6:
            self._set_graphic(value, *rest[3:])
        else:
            self._set_block(value, *rest[4:])

    # ---- messages -------------------------------------------------------------------------------------------

    def _message_cell(self, column: int, memory: int, number: int) -> Value | None:
        row = self._sign.row(memory, number) if memory in tuple(Memory) else None
        if row is None or column not in _MESSAGE_COLUMNS:
            return None
        blank = memory == Memory.BLANK or (memory == Memory.SCHEDULE and not self._sign.shape.permanent)
        cells: tuple[Value, ...] = (
            integer(memory),
            integer(number),
            octets(row.multi),
            octets(row.owner),
            integer(0 if blank or row.status is MessageStatus.NOT_USED else row.crc),
            integer(row.beacon),
            integer(row.pixel_service),
            integer(row.priority),
            integer(row.status),
        )
        return cells[column - 1]

    def _set_message(self, value: Value, column: int, memory: int, number: int) -> None:
        if column in (1, 2, o.CRC):
            raise SetError(Fault.NO_SUCH_NAME)
        if memory not in _WRITABLE:
            raise SetError(Fault.GEN_ERR)
        if column == o.STATUS:
            order = number_of(value, MessageStatus.MODIFY_REQ, MessageStatus.NOT_USED_REQ)
            self._sign.order_message(memory, number, order)
            return
        row = self._sign.row(memory, number) or Row()
        if row.status is not MessageStatus.MODIFYING:
            raise SetError(Fault.GEN_ERR)
        changes: dict[int, Callable[[], Row]] = {
            o.MULTI: lambda: replace(row, multi=octets_of(value, MAX_LENGTH)),
            o.OWNER: lambda: replace(row, owner=octets_of(value, 127)),
            o.BEACON: lambda: replace(row, beacon=number_of(value, 0, 1)),
            o.PIXEL_SERVICE: lambda: replace(row, pixel_service=number_of(value, 0, 1)),
            o.RUN_PRIORITY: lambda: replace(row, priority=number_of(value, 1, 255)),
        }
        changed = changes[column]()
        if b"\0" in changed.multi:
            raise SetError(Fault.BAD_VALUE)
        self._sign.state.messages[memory, number] = changed

    # ---- graphics -------------------------------------------------------------------------------------------

    def _graphic_cell(self, column: int, row: int) -> Value | None:
        graphic = self._sign.graphic(row)
        if graphic is None or column not in _GRAPHIC_COLUMNS:
            return None
        cells: tuple[Value, ...] = (
            integer(row),
            integer(graphic.number),
            octets(graphic.name),
            integer(graphic.height),
            integer(graphic.width),
            integer(graphic.scheme),
            integer(graphic.identity if graphic.ready else 0),
            integer(graphic.transparent),
            octets(graphic.colour),
            integer(graphic.status),
        )
        return cells[column - 1]

    def _modifying(self, row: int) -> Graphic:
        graphic = self._sign.graphic(row)
        if graphic is None or graphic.status is not GraphicStatus.MODIFYING:
            raise SetError(Fault.GEN_ERR)
        return graphic

    def _set_graphic(self, value: Value, column: int, row: int) -> None:
        if column in (1, o.G_ID):
            raise SetError(Fault.NO_SUCH_NAME)
        if column == o.G_STATUS:
            self._sign.order_graphic(row, number_of(value, GraphicStatus.MODIFY_REQ, GraphicStatus.NOT_USED_REQ))
            return
        graphic = self._modifying(row)
        changes: dict[int, Callable[[], Graphic]] = {
            o.G_NUMBER: lambda: replace(graphic, number=number_of(value, 1, 255)),
            o.G_NAME: lambda: replace(graphic, name=octets_of(value, 64)),
            o.G_HEIGHT: lambda: replace(graphic, height=number_of(value, 1, 255)),
            o.G_WIDTH: lambda: replace(graphic, width=number_of(value, 1, 65535)),
            o.G_TYPE: lambda: replace(graphic, scheme=number_of(value, 1, 4)),
            o.G_TRANSPARENT: lambda: replace(graphic, transparent=number_of(value, 0, 1)),
            o.G_COLOUR: lambda: replace(graphic, colour=octets_of(value, 3).ljust(3, b"\0")),
        }
        self._sign.state.graphics[row] = changes[column]()

    def _block(self, row: int, number: int) -> Value | None:
        graphic = self._sign.graphic(row)
        if graphic is None or not 1 <= number <= 255:
            return None
        size = self._sign.shape.block
        return octets(graphic.bitmap[(number - 1) * size : number * size])

    def _set_block(self, value: Value, row: int, number: int) -> None:
        graphic, size = self._modifying(row), self._sign.shape.block
        data, start = octets_of(value, size), (number - 1) * size
        if start >= min(graphic.size, self._sign.shape.graphic_size):
            raise SetError(Fault.BAD_VALUE)
        bitmap = graphic.bitmap.ljust(start + size, b"\0")
        bitmap = bitmap[:start] + data.ljust(size, b"\0") + bitmap[start + size :]
        self._sign.state.graphics[row] = replace(graphic, bitmap=bitmap[: graphic.size])
