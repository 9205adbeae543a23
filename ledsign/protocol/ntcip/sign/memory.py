"""What a sign remembers: message rows, graphics, the message on the glass. Values; changing makes new ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ledsign.protocol.ntcip.checks import graphic_id, message_crc
from ledsign.protocol.ntcip.codes import (
    BLANK,
    FOREVER,
    Activation,
    GraphicStatus,
    Memory,
    MessageId,
    MessageStatus,
    Scheme,
    Source,
)
from ledsign.protocol.ntcip.multi import MultiPage


@dataclass(frozen=True, slots=True)
class Shape:
    """A sign's measures and limits. ``permanent``: the texts of its permanent messages; the first of them, if
    any, is what the schedule shows. ``settable``: clock and brightness obey the network; ``darkens``: so does the
    glass, else a blank message only gives it back to the schedule."""

    width: int
    height: int
    scheme: Scheme
    permanent: tuple[bytes, ...] = ()
    changeable: int = 16
    volatile: int = 16
    graphics: int = 20
    block: int = 512
    graphic_size: int = 130_560  # bytes: 255 blocks; real signs too go beyond the MIB's 65535
    levels: int = 255
    settable: bool = True
    darkens: bool = True
    make: str = "ledsign"
    model: str = "sign"
    version: str = "1"
    calculating_s: float = 0.0  # how long a graphic's ID takes
    resting: MessageId = BLANK  # what is shown after an ended duration, a restart, a lost line, until told otherwise


@dataclass(frozen=True)
class Row:
    """A row of the message table."""

    multi: bytes = b""
    owner: bytes = b""
    beacon: int = 0
    pixel_service: int = 0
    priority: int = 1
    status: MessageStatus = MessageStatus.NOT_USED

    @cached_property
    def crc(self) -> int:
        return message_crc(self.multi, self.beacon, self.pixel_service)


@dataclass(frozen=True)
class Graphic:
    """A row of the graphic table. ``ready_at``: monotonic time from which its ID is known."""

    number: int
    name: bytes = b""
    height: int = 0
    width: int = 0
    scheme: int = Scheme.MONO_1BIT
    transparent: int = 0
    colour: bytes = b"\0\0\0"
    status: GraphicStatus = GraphicStatus.NOT_USED
    bitmap: bytes = b""
    ready_at: float = 0.0

    @property
    def size(self) -> int:
        """Bytes of the whole bitmap."""
        pixels = self.width * self.height
        return {Scheme.MONO_1BIT: (pixels + 7) // 8, Scheme.RGB_24BIT: pixels * 3}.get(Scheme(self.scheme), pixels)

    @property
    def ready(self) -> bool:
        return self.status in (GraphicStatus.READY, GraphicStatus.IN_USE, GraphicStatus.PERMANENT)

    @cached_property
    def identity(self) -> int:
        bitmap = self.bitmap.ljust(self.size, b"\0")
        return graphic_id(
            self.number, self.height, self.width, self.scheme, bool(self.transparent), self.colour, bitmap
        )


_NEVER = Activation(FOREVER, 255, BLANK, "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Shown:
    """The current buffer: what is on the glass and why. ``until``: monotonic end, None for never; ``graphics`` by
    number, as they were when the message was activated."""

    code: Activation = _NEVER
    source: Source = Source.RESET
    row: Row = field(default_factory=Row)
    message: MessageId = BLANK  # what code.message led to: the schedule leads to another one
    until: float | None = None
    pages: tuple[MultiPage, ...] = ()
    graphics: Mapping[int, Graphic] = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        return self.message.memory == Memory.BLANK


@dataclass
class State:
    """All of it. ``numbers`` and ``codes`` are scalar objects by name; ``aside`` is what the network activated and
    the owner covers for now. A copy undoes a SET that fails half-way."""

    messages: dict[tuple[int, int], Row]
    graphics: dict[int, Graphic]
    shown: Shown
    numbers: dict[str, int]
    codes: dict[str, MessageId]
    aside: Shown | None = None

    def copy(self) -> "State":
        return State(
            dict(self.messages), dict(self.graphics), self.shown, dict(self.numbers), dict(self.codes), self.aside
        )
