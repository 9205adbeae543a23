"""Our program as the agent sees it: what it asks of it, and where the centre's wishes arrive."""

from typing import Protocol

from ledsign.errors import LedsignError
from ledsign.ntcip_agent.wish import CentreMessage

NOTHING_MAY = 256  # a guard above every priority there is


class DeclinedError(LedsignError):
    """The message is not shown. ``by_text``: on account of what it says, not of the moment."""

    def __init__(self, reason: str, by_text: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.by_text = by_text


class Desk(Protocol):
    """Called by the agent's thread; all return at once. ``kept`` and ``keep``: the sign's memory over restarts."""

    def alive(self) -> None:
        """The agent's loop goes round."""

    def percent(self) -> int:
        """Brightness."""

    def errors(self) -> int:
        """Bits of shortErrorStatus that the program has to report (8: controller)."""

    def guard(self) -> int:
        """The least activation priority that any message needs now, 1-255; ``NOTHING_MAY`` when none will do."""

    def minutes(self, priority: int) -> int:
        """How long a message of that activation priority may stay at most."""

    def local(self) -> bool:
        """Whether an operator keeps the screen for himself."""

    def covered(self) -> bool:
        """Whether the centre's message has no place on the screen now: something graver has, or the screen is off."""

    def show(self, message: CentreMessage) -> None:
        """Its message, in place of any earlier one; on disk when it returns. Raises DeclinedError."""

    def renew(self, message: CentreMessage) -> None:
        """The message it has: with another end, or after a restart. One that an operator took down stays down.
        Raises DeclinedError."""

    def release(self) -> None:
        """No message of the centre any more."""

    def kept(self) -> str:
        """What ``keep`` was last given, "" before that."""

    def keep(self, memory: str) -> None:
        """Hold the sign's memory; may fail quietly, for then only a restart is poorer."""
