"""What every simulated card is, whatever it speaks: a brain that answers messages and lights pixels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from ledsign.panel import Panel
from ledsign.protocol.codec import Link
from ledsign.protocol.message import Message
from ledsign.simulator.canvas import Pixels

Lit: TypeAlias = Callable[[Pixels, str], None]
"""Called with the picture and its cause: page, text, split, boot, power, stored, saved, zones."""


class Talk(Protocol):
    """One conversation (a TCP connection, the serial line): the codec's two verbs, and no more."""

    def encode(self, message: Message, seq: int = 0) -> list[bytes]: ...

    def feed(self, data: bytes) -> list[Message]: ...

    def silence(self) -> list[Message]: ...


class Brain(Protocol):
    """A card without its line. Called by one thread at a time."""

    family: str

    def talk(self, link: Link) -> Talk:
        """A fresh conversation."""
        ...

    def answer(self, message: Message) -> Sequence[Message]:
        """Carry out a message; the replies in order, none when the card keeps quiet."""
        ...

    def damaged(self, message: Message) -> Sequence[Message]:
        """The reply to a message that is to count as damaged on the way."""
        ...

    def foreign(self, message: Message) -> Sequence[Message]:
        """What another card on the same line might say instead."""
        ...

    def power_up(self) -> None:
        """Start: volatile memory is gone, flash is not."""
        ...

    def state(self) -> Mapping[str, object]:
        """For people and tests: what the card would report."""
        ...


@runtime_checkable
class Timed(Protocol):
    """A brain in which something ends by itself: content with a time to live, a stream that dries up."""

    def due(self) -> float | None:
        """Seconds until ``tick`` is to be called, 0 when it is time, None when nothing is running out."""
        ...

    def tick(self) -> None: ...


@runtime_checkable
class Clocked(Protocol):
    """A brain that can live in another time than the machine's own."""

    def run_on(self, now: Callable[[], float]) -> None:
        """``now``: seconds from any start, as ``time.monotonic`` counts them. Said before ``power_up``."""
        ...


@runtime_checkable
class Configurable(Protocol):
    """A brain with options, given behind the ``?`` of the URL that the card listens on."""

    def configure(self, options: Mapping[str, str]) -> None:
        """Raises ConfigError for an option that it does not know."""
        ...


BrainMaker: TypeAlias = Callable[[Panel, Lit, bool], Brain]
"""Panel, where pictures go, strict packet order."""
