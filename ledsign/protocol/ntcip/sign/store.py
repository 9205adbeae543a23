"""A sign's memories by the standard's rules: message rows, graphics, what is valid and what is not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from ledsign.protocol.ntcip.codes import (
    ActivateError,
    ControlMode,
    GraphicStatus,
    Memory,
    MessageStatus,
    MultiFault,
    Scheme,
    Source,
    ValidateError,
)
from ledsign.protocol.ntcip.multi import MultiError, MultiPage, parse
from ledsign.protocol.ntcip.sign.memory import Graphic, Row, Shape, Shown, State
from ledsign.protocol.ntcip.sign.scalars import SetError
from ledsign.protocol.ntcip.snmp import Fault

Fits: TypeAlias = Callable[[tuple[MultiPage, ...]], None]
"""Raises MultiError for a text that has no room."""

EVENTS = {
    Source.POWER_RECOVERY: "long_recovery",
    Source.RESET: "reset_message",
    Source.COMM_LOSS: "comm_loss",
    Source.END_DURATION: "end_duration",
}


@dataclass
class Report:
    """Why something was refused; a SET that fails leaves these all the same."""

    validate: ValidateError = ValidateError.NONE
    activate: ActivateError = ActivateError.NONE
    multi: MultiFault = MultiFault.NONE
    position: int = 0
    other: str = ""
    code: bytes = bytes(12)


def every_text_fits(_pages: tuple[MultiPage, ...]) -> None:
    """A sign on which every text finds room."""


class Store:
    """What the sign remembers, and the orders that change it. ``now`` is monotonic, of the request in hand."""

    def __init__(self, shape: Shape, fits: Fits) -> None:
        self.shape = shape
        self.report = Report()
        self.now = 0.0
        self._fits = fits
        self.state = State(
            messages={
                (Memory.PERMANENT, n): Row(text, b"", 0, 0, 1, MessageStatus.VALID)
                for n, text in enumerate(shape.permanent, 1)
            },
            graphics={},
            shown=Shown(),
            numbers={"control_mode": ControlMode.CENTRAL, "short_loss_s": 0, "comm_loss_min": 0, "daylight": 2,
                     "illum_control": 5},
            codes=dict.fromkeys((*EVENTS.values(), "short_recovery", "power_loss"), shape.resting),
        )  # fmt: skip

    # ---- messages -------------------------------------------------------------------------------------------

    def row(self, memory: int, number: int) -> Row | None:
        """A row of the message table; None where there is none."""
        if memory == Memory.CURRENT and number == 1:
            return self.state.shown.row
        if memory == Memory.SCHEDULE and number == 1:
            return self.row(Memory.PERMANENT, 1) or Row(status=MessageStatus.VALID)
        if memory == Memory.BLANK and 1 <= number <= 255:
            return Row(priority=number, status=MessageStatus.VALID)
        rows = {Memory.CHANGEABLE: self.shape.changeable, Memory.VOLATILE: self.shape.volatile}.get(Memory(memory), 0)
        return self.state.messages.get((memory, number)) or (Row() if 1 <= number <= rows else None)

    def order_message(self, memory: int, number: int, order: int) -> None:
        """modifyReq, validateReq, notUsedReq. Raises SetError when that makes no sense now."""
        row = self.row(memory, number) or Row()
        status = row.status
        if order == MessageStatus.NOT_USED_REQ:
            self.state.messages[memory, number] = Row()
        elif order == MessageStatus.MODIFY_REQ:
            self.state.messages[memory, number] = replace(row, status=MessageStatus.MODIFYING)
        elif order == MessageStatus.VALIDATE_REQ and status is not MessageStatus.NOT_USED:
            self.state.messages[memory, number] = replace(row, status=self._validated(row))
        else:
            raise SetError(Fault.GEN_ERR)

    def _validated(self, row: Row) -> MessageStatus:
        self.report.validate, self.report.multi = ValidateError.NONE, MultiFault.NONE
        if row.beacon or row.pixel_service:
            self.report.validate = ValidateError.BEACONS if row.beacon else ValidateError.PIXEL_SERVICE
            return MessageStatus.ERROR
        try:
            self.pages(row.multi)
        except MultiError as error:
            self.report.validate = ValidateError.SYNTAX_MULTI
            self.note(error)
            return MessageStatus.ERROR
        return MessageStatus.VALID

    def note(self, error: MultiError) -> None:
        """Remember what is wrong with a message."""
        self.report.multi, self.report.position, self.report.other = error.fault, error.position, error.text

    def pages(self, multi: bytes) -> tuple[MultiPage, ...]:
        """A message as pages that this sign can show. Raises MultiError."""
        pages = parse(multi)
        ready = {graphic.number: graphic for graphic in self.state.graphics.values() if graphic.ready}
        for page in pages:
            for picture in page.pictures:
                graphic = ready.get(picture.number)
                if graphic is None:
                    raise MultiError(MultiFault.GRAPHIC_NOT_DEFINED, picture.position, str(picture.number))
                if picture.identity is not None and picture.identity != graphic.identity:
                    raise MultiError(MultiFault.GRAPHIC_ID, picture.position)
                if (
                    picture.x + graphic.width - 1 > self.shape.width
                    or picture.y + graphic.height - 1 > self.shape.height
                ):
                    raise MultiError(MultiFault.UNSUPPORTED_TAG_VALUE, picture.position)
        self._fits(pages)
        return pages

    def clear(self, memory: Memory) -> None:
        """dmsMemoryMgmt: forget the messages of a memory; graphics stay."""
        self.state.messages = {key: row for key, row in self.state.messages.items() if key[0] != memory}

    # ---- graphics -------------------------------------------------------------------------------------------

    def graphic(self, row: int) -> Graphic | None:
        """A row of the graphic table; None where there is none."""
        return self.state.graphics.get(row, Graphic(row)) if 1 <= row <= self.shape.graphics else None

    def order_graphic(self, row: int, order: int) -> None:
        """modifyReq, readyForUseReq, notUsedReq. Raises SetError."""
        graphic = self.graphic(row)
        if graphic is None or graphic.status in (GraphicStatus.IN_USE, GraphicStatus.PERMANENT):
            raise SetError(Fault.GEN_ERR)
        if order == GraphicStatus.NOT_USED_REQ:
            self.state.graphics.pop(row, None)
        elif order == GraphicStatus.MODIFY_REQ:
            self.state.graphics[row] = replace(graphic, status=GraphicStatus.MODIFYING)
        elif order == GraphicStatus.READY_REQ and graphic.status is not GraphicStatus.NOT_USED:
            self._check(row, graphic)
            self.state.graphics[row] = replace(
                graphic,
                status=GraphicStatus.CALCULATING_ID,
                ready_at=self.now + self.shape.calculating_s,
                bitmap=graphic.bitmap[: graphic.size],  # it may have been made smaller since its blocks came
            )
        else:
            raise SetError(Fault.GEN_ERR)

    def _check(self, row: int, graphic: Graphic) -> None:
        others = {other.number for key, other in self.state.graphics.items() if key != row}
        if (
            not (graphic.width and graphic.height)
            or graphic.size > self.shape.graphic_size
            or graphic.scheme > self.shape.scheme
            or graphic.scheme == Scheme.MONO_8BIT
            or graphic.number in others
        ):
            raise SetError(Fault.GEN_ERR)
