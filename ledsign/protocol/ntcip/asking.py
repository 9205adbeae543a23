"""Asking a sign: requests with ids of their own, what it is, and the one order that changes its glass."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from ledsign.errors import CardRefusedError, ProtocolError
from ledsign.protocol.message import CardInfo, Message, Rest
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.codes import ActivateError, Activation, GraphicStatus, Memory, MessageId, MessageStatus
from ledsign.protocol.ntcip.picture import MAX_BLOCKS
from ledsign.protocol.ntcip.smi import Oid, Value, integer, octets
from ledsign.protocol.ntcip.snmp import Bind, Pdu, Snmp

_FIRST_REST_S, _LAST_REST_S = 0.02, 0.5  # between questions for a state that a sign works on: twice as long each time
_PATIENCE_S = 20.0  # of rests; a large graphic on a slow controller
_WORKING = 3  # validating, calculating
_MOST_BLOCK = 1023  # a block must fit into a packet of any link

T = TypeVar("T")
Steps: TypeAlias = Generator[Message, Message | None, T]


@dataclass(frozen=True, slots=True)
class Batch(Message):
    """Requests that make one command: sent in order, each answered before the next. ``tolerant``: a "no" to one
    of them is as good as a "yes" (deleting what is not there)."""

    requests: tuple[Snmp, ...]
    tolerant: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of the line's URL. ``page`` and ``urgent`` are run-time priorities (1-255); ``loss_min``: minutes
    without a word from us after which the sign goes blank by itself, 0 for never; ``graphics``: how many rows of
    the graphic table are ours, from 1."""

    community: str = "public"
    address: int = 1
    page: int = 32
    urgent: int = 255
    loss_min: int = 10
    graphics: int = 16
    source: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sign said about itself."""

    width: int
    height: int
    scheme: int
    graphics: int
    block: int
    limit: int  # bytes of one graphic
    memory: Memory
    info: CardInfo


class Asker:
    """Asks a sign, and remembers what it said about itself and what it must be showing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._next_id = 0
        self.forget()

    def forget(self) -> None:
        """The sign may have been exchanged or restarted."""
        self._facts: Facts | None = None
        self.showing: MessageId | None = None  # what the sign must say it shows; None while that is open

    def ask(self, *oids: Oid) -> Snmp:
        """A get request with an id of its own."""
        return self._request(Pdu.GET, tuple(Bind(oid) for oid in oids))

    def put(self, *binds: tuple[Oid, Value]) -> Snmp:
        """A set request with an id of its own."""
        return self._request(Pdu.SET, tuple(Bind(oid, value) for oid, value in binds))

    def _request(self, kind: Pdu, binds: tuple[Bind, ...]) -> Snmp:
        self._next_id = self._next_id % 0x7FFF_FFFF + 1
        return Snmp(kind, self._next_id, binds, community=self.settings.community)

    def values(self, *oids: Oid) -> Steps[list[Value]]:
        reply = yield self.ask(*oids)
        if not isinstance(reply, Snmp) or len(reply.binds) != len(oids):
            raise ProtocolError("no answer to a question")
        return [bind.value for bind in reply.binds]

    def optional(self, oid: Oid, missing: Value) -> Steps[Value]:
        """An object that not every sign has."""
        try:
            found = yield from self.values(oid)
        except CardRefusedError:
            return missing
        return found[0]

    def learn(self) -> Steps[CardInfo]:
        """Ask the sign for its measures and its name."""
        width, height, scheme = yield from self.values(o.WIDTH, o.HEIGHT, o.COLOR_SCHEME)
        most, size, block = yield from self.values(o.MAX_GRAPHICS, o.MAX_GRAPHIC_SIZE, o.BLOCK_SIZE)
        volatile = yield from self.optional(o.MAX_VOLATILE, integer(0))
        mode, errors = yield from self.values(o.CONTROL_MODE, o.SHORT_ERRORS)
        names = []
        for column in (3, 4, 5):
            name = yield from self.optional(o.module(column), octets(b""))
            names.append(name.octets.decode("latin-1"))
        if not 1 <= block.number <= _MOST_BLOCK:
            raise ProtocolError(f"sign takes graphics in blocks of {block.number} bytes")
        graphics = min(most.number, self.settings.graphics)
        details = {
            "width": str(width.number),
            "height": str(height.number),
            "color_scheme": str(scheme.number),
            "graphics": str(graphics),
            "control_mode": str(mode.number),
            "errors": f"{errors.number:04x}",
        }
        info = CardInfo("ntcip", f"{names[0]} {names[1]}".strip(), names[2], details)
        self._facts = Facts(
            width.number,
            height.number,
            scheme.number,
            graphics,
            block.number,
            min(size.number, MAX_BLOCKS * block.number),
            Memory.VOLATILE if volatile.number >= 2 else Memory.CHANGEABLE,
            info,
        )
        return info

    def known(self) -> Facts:
        if self._facts is None:
            raise ProtocolError("the sign did not say what it is")
        return self._facts

    def settled(self, done: set[GraphicStatus] | set[MessageStatus], *oids: Oid) -> Steps[tuple[int, int]]:
        """Ask for a state until the sign has made up its mind: it is one of ``done`` or no working state."""
        rest = rested = 0.0
        while rested <= _PATIENCE_S:
            status, number = yield from self.values(*oids)
            if status.number in done or status.number != _WORKING:
                return status.number, number.number
            rest = min(_LAST_REST_S, max(_FIRST_REST_S, 2 * rest))
            rested += rest
            yield Rest(rest)
        raise CardRefusedError(status.number, "the sign does not come to an end")

    def activate(self, message: MessageId, priority: int, minutes: int, *before: Snmp) -> Steps[None]:
        """Put a message on the glass, and read back that it is there. ``before``: requests that go ahead of it."""
        self.showing = None
        code = Activation(minutes, priority, message, self.settings.source)
        try:
            yield Batch((*before, self.put((o.ACTIVATE, octets(code.pack())))))
        except CardRefusedError as refusal:
            fault = yield from self.optional(o.ACTIVATE_ERROR, integer(ActivateError.OTHER))
            raise CardRefusedError(fault.number, f"not activated, error {fault.number}") from refusal
        (shown,) = yield from self.values(o.TABLE_SOURCE)
        if MessageId.unpack(shown.octets) != message:
            raise CardRefusedError(ActivateError.OTHER, "the sign says that it shows another message")
