"""What is said to a card and what it says back, as frozen values that every family shares.

An *intent* is what the program wants ("show this frame"); a codec's routine turns it into the family's own
messages, which live beside the codec. ``Message`` is the base of all of those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from ledsign.frame import Frame
from ledsign.panel import ColorMode


class Message:
    """Base of everything that travels on a wire."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ShowFrame:
    """Show a page now. ``ttl_s``: the card takes it off by itself after that many seconds where it can.

    ``urgent``: use the family's cut-in level (dynamic area, priority) where it has one.
    """

    frame: Frame
    urgent: bool = False
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True)
class ShowText:
    """Let a card that only has its own fonts draw a text."""

    text: str
    ttl_s: int | None = None


@dataclass(frozen=True, slots=True)
class StorePage:
    """Keep a page that stands by itself: after a power cycle, and where another page ended without us.

    Writes the card's flash.
    """

    frame: Frame


@dataclass(frozen=True, slots=True)
class Prepare:
    """Bring the card into a known state: nothing old on it, one window as large as the panel.

    ``deep`` also clears what would survive a power cycle; that writes the card's flash.
    """

    width: int
    height: int
    mode: ColorMode
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Clear:
    """Take everything off the glass, and off the card's memory where the family can."""

    width: int
    height: int
    mode: ColorMode


@dataclass(frozen=True, slots=True)
class SetBrightness:
    """Brightness for the whole day, in percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class SetPower:
    """Light on or off; the card itself stays on."""

    on: bool


@dataclass(frozen=True, slots=True)
class SetClock:
    """Set the card's clock, in the screen's own zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class QueryInfo:
    """Ask who is there; also the cheapest proof that the card lives."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A technician's set-up values by the family's own names: ``changes`` are written, then all are read."""

    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadFile:
    """Put a file on the card's disk. Writes flash. ``at``: its date, in the screen's own zone."""

    name: str
    data: bytes
    at: datetime


Intent: TypeAlias = (
    ShowFrame | ShowText | StorePage | Prepare | Clear | SetBrightness | SetPower | SetClock | QueryInfo
    | Setup | UploadFile
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rest(Message):
    """Said to nobody: a routine's wish that so many seconds pass before its next command."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CardInfo:
    """What a card says about itself. ``details`` are the family's own words, stable and language-free."""

    family: str
    model: str
    firmware: str
    details: Mapping[str, str] = field(default_factory=dict)


def describe(value: object) -> object:
    """A message as plain JSON values: ``kind`` is its class, bytes become lower-case hex."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"kind": type(value).__name__} | {f.name: describe(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [describe(item) for item in value]
    return value
