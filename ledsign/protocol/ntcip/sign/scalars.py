"""The sign's scalar objects: what they say and what may be written to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ledsign.errors import ProtocolError
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.codes import ActivateError, ControlMode, Memory, MessageId, MessageStatus, Source
from ledsign.protocol.ntcip.multi import CENTRE, MAX_LENGTH, MAX_PAGES, MIDDLE, PAGE_OFF, PAGE_ON, SUPPORTED
from ledsign.protocol.ntcip.smi import COUNTER, IP_ADDRESS, Oid, Value, integer, octets
from ledsign.protocol.ntcip.snmp import Fault

if TYPE_CHECKING:
    from ledsign.protocol.ntcip.sign.sign import Sign

_VMS_FULL, _LED = 6, 1 << 1
_STEADY = 10, 0  # flashing text, in tenths of a second on and off: nothing flashes here
_FONT = 1
_MESSAGE_ERROR = 1 << 7  # of shortErrorStatus


class SetError(Exception):
    """A SET is refused."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


Get: TypeAlias = Callable[[], Value]
Set: TypeAlias = Callable[[Value], None]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar; without ``set`` it is read-only."""

    get: Get
    set: Set | None = None


def number_of(value: Value, least: int, most: int) -> int:
    """A number within bounds. Raises SetError."""
    try:
        number = value.number
    except ProtocolError:
        raise SetError(Fault.BAD_VALUE) from None
    if not least <= number <= most:
        raise SetError(Fault.BAD_VALUE)
    return number


def octets_of(value: Value, most: int) -> bytes:
    try:
        data = value.octets
    except ProtocolError:
        raise SetError(Fault.BAD_VALUE) from None
    if len(data) > most:
        raise SetError(Fault.BAD_VALUE)
    return data


def _constant(value: Value) -> Leaf:
    return Leaf(lambda: value)


class _Scalars:
    def __init__(self, sign: "Sign") -> None:
        self._sign = sign

    def all(self) -> Mapping[Oid, Leaf]:
        return {**self._fixed(), **self._counts(), **self._control(), **self._reports(), **self._light()}

    def _fixed(self) -> Mapping[Oid, Leaf]:
        shape = self._sign.shape
        values = {
            o.SIGN_TYPE: integer(_VMS_FULL),
            o.TECHNOLOGY: integer(_LED),
            o.HEIGHT: integer(shape.height),
            o.WIDTH: integer(shape.width),
            o.FLASH_ON: integer(_STEADY[0]),
            o.FLASH_OFF: integer(_STEADY[1]),
            o.FONT: integer(_FONT),
            o.JUSTIFY_LINE: integer(CENTRE),
            o.JUSTIFY_PAGE: integer(MIDDLE),
            o.PAGE_ON: integer(PAGE_ON),
            o.PAGE_OFF: integer(PAGE_OFF),
            o.COLOR_SCHEME: integer(shape.scheme),
            o.MULTI_TAGS: octets(SUPPORTED),
            o.MAX_PAGES: integer(MAX_PAGES),
            o.MAX_MULTI: integer(MAX_LENGTH),
            o.NUM_PERMANENT: integer(len(shape.permanent)),
            o.MAX_CHANGEABLE: integer(shape.changeable),
            o.MAX_VOLATILE: integer(shape.volatile),
            o.FREE_CHANGEABLE: integer(shape.changeable * MAX_LENGTH),
            o.FREE_VOLATILE: integer(shape.volatile * MAX_LENGTH),
            o.MAX_GRAPHICS: integer(shape.graphics),
            o.MAX_GRAPHIC_SIZE: integer(shape.graphic_size),
            o.GRAPHIC_MEMORY: integer(shape.graphic_size, COUNTER),
            o.BLOCK_SIZE: integer(shape.block),
            o.ILLUM_LEVELS: integer(shape.levels),
        }
        return {oid: _constant(value) for oid, value in values.items()}

    def _counts(self) -> Mapping[Oid, Leaf]:
        sign = self._sign

        def used(memory: Memory) -> Value:
            rows = (row for key, row in sign.state.messages.items() if key[0] == memory)
            return integer(sum(row.status is not MessageStatus.NOT_USED for row in rows))

        return {
            o.NUM_CHANGEABLE: Leaf(lambda: used(Memory.CHANGEABLE)),
            o.NUM_VOLATILE: Leaf(lambda: used(Memory.VOLATILE)),
            o.NUM_GRAPHICS: Leaf(lambda: integer(len(sign.state.graphics))),
        }

    def _scalar(self, name: str, least: int, most: int) -> Leaf:
        def put(value: Value) -> None:
            self._sign.state.numbers[name] = number_of(value, least, most)

        return Leaf(lambda: integer(self._sign.state.numbers[name]), put)

    def _code(self, name: str) -> Leaf:
        def put(value: Value) -> None:
            data = octets_of(value, 5)
            if len(data) != 5 or data[0] not in tuple(Memory):
                raise SetError(Fault.BAD_VALUE)
            self._sign.state.codes[name] = MessageId.unpack(data)

        return Leaf(lambda: octets(self._sign.state.codes[name].pack()), put)

    def _control(self) -> Mapping[Oid, Leaf]:
        sign = self._sign

        def reset(value: Value) -> None:
            if number_of(value, 0, 1):
                sign.reset()

        def manage(value: Value) -> None:
            order = number_of(value, 2, 4)  # normal, clear changeable, clear volatile
            if order != 2:
                sign.clear(Memory.CHANGEABLE if order == 3 else Memory.VOLATILE)

        def mode(value: Value) -> None:
            if (number := number_of(value, 2, 5)) not in tuple(ControlMode):
                raise SetError(Fault.BAD_VALUE)
            sign.state.numbers["control_mode"] = number

        return {
            o.CONTROL_MODE: Leaf(lambda: integer(sign.control_mode), mode),
            o.RESET: Leaf(lambda: integer(0), reset),
            o.ACTIVATE: Leaf(
                lambda: octets(sign.state.shown.code.pack()), lambda value: sign.activate(octets_of(value, 12))
            ),
            o.TIME_REMAINING: Leaf(
                lambda: integer(sign.remaining), lambda value: sign.set_remaining(number_of(value, 0, 65535))
            ),
            o.SHORT_RECOVERY: self._code("short_recovery"),
            o.LONG_RECOVERY: self._code("long_recovery"),
            o.SHORT_LOSS_S: self._scalar("short_loss_s", 0, 65535),
            o.RESET_MESSAGE: self._code("reset_message"),
            o.COMM_LOSS: self._code("comm_loss"),
            o.COMM_LOSS_MIN: self._scalar("comm_loss_min", 0, 65535),
            o.POWER_LOSS: self._code("power_loss"),
            o.END_DURATION: self._code("end_duration"),
            o.MEMORY_MGMT: Leaf(lambda: integer(2), manage),
        }

    def _reports(self) -> Mapping[Oid, Leaf]:
        sign = self._sign

        def source() -> Value:
            address = bytes(int(part) for part in sign.state.shown.code.source.split("."))
            return octets(address if sign.state.shown.source is Source.CENTRAL else bytes(4), IP_ADDRESS)

        def errors() -> Value:
            return integer(sign.errors | (_MESSAGE_ERROR if sign.report.activate is not ActivateError.NONE else 0))

        return {
            o.VALIDATE_ERROR: Leaf(lambda: integer(sign.report.validate)),
            o.TABLE_SOURCE: Leaf(lambda: octets(sign.state.shown.message.pack())),
            o.REQUESTER: Leaf(source),
            o.SOURCE_MODE: Leaf(lambda: integer(sign.state.shown.source)),
            o.ACTIVATE_ERROR: Leaf(lambda: integer(sign.report.activate)),
            o.MULTI_ERROR: Leaf(lambda: integer(sign.report.multi)),
            o.MULTI_POSITION: Leaf(lambda: integer(sign.report.position)),
            o.MULTI_OTHER: Leaf(lambda: octets(sign.report.other.encode("latin-1", "replace")[:50])),
            o.ERROR_CODE: Leaf(lambda: octets(sign.report.code)),
            o.SHORT_ERRORS: Leaf(errors),
        }

    def _light(self) -> Mapping[Oid, Leaf]:
        """Brightness and clock; where they do not obey the network they can only be read."""
        sign = self._sign

        def level(value: Value) -> None:
            sign.level = number_of(value, 0, sign.shape.levels)

        def clock(value: Value) -> None:
            sign.clock_offset = number_of(value, 0, 0xFFFF_FFFF) - sign.unix

        leaves = {
            o.ILLUM_CONTROL: self._scalar("illum_control", 2, 6),
            o.ILLUM_STATUS: Leaf(lambda: integer(sign.level)),
            o.ILLUM_LEVEL: Leaf(lambda: integer(sign.level), level),
            o.CLOCK: Leaf(lambda: integer(sign.unix + sign.clock_offset, COUNTER), clock),
            o.DAYLIGHT: self._scalar("daylight", 1, 5),
        }
        if sign.shape.settable:
            return leaves
        return {oid: Leaf(leaf.get) for oid, leaf in leaves.items()}


def scalars(sign: "Sign") -> Mapping[Oid, Leaf]:
    """All of a sign's scalar objects by name."""
    return _Scalars(sign).all()
