"""What only some families have: a codec that has it answers ``isinstance``."""

from typing import ClassVar, Protocol, runtime_checkable

from ledsign.protocol.codec import Routine
from ledsign.protocol.message import Message, Prepare

FLASH_A_DAY = 20_000  # writes; a card's flash stands about 100,000 on each of its many sectors

@runtime_checkable
class Careful(Protocol):
    """A codec that knows how its packets fare on a noisy line."""

    def suit(self, ber: float) -> bool:
        """Cut what is encoded from now on as suits a line with this bit error rate; whether smaller than before."""
        ...

    def undetected(self, command: Message, packet: bytes, ber: float) -> float:
        """The chance that this packet of ``command`` arrives damaged and is believed."""
        ...


@runtime_checkable
class Greeting(Protocol):
    """A codec whose cards want a login, or must be known, before they are told anything."""

    def greet(self, intent: Prepare) -> Routine:
        """The beginning of ``intent``: log in, learn the card, and change nothing on it."""
        ...


@runtime_checkable
class Wearing(Protocol):
    """A codec with commands that write the card's flash, which is worn out by that."""

    def wear(self, command: Message) -> int:
        """How many files or records in flash the command writes or deletes; 0 for most."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A codec whose answers name the packet that they answer: a late or doubled one cannot be mistaken."""

    numbered: ClassVar[bool]
