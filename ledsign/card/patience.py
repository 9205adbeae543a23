"""How long and how often: the figures by which a conversation waits, repeats and gives up."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in s."""

    reply_s: float = 1.0  # for an answer, besides the time its packet takes on the line
    slow_s: float = 10.0  # the same, once the card is known to need it
    reply_least_s: float = 0.1  # of that, once the card is known to be faster
    quiet_s: float = 0.03  # silence that must precede the last packet of a command
    lull_s: float = 0.25  # pause inside an answer after which the rest will not come
    write_s: float = 5.0
    tries: int = 6  # of one packet
    noisy_tries: int = 40  # of one packet on a serial line, where the card answers other questions
    shrink_after: int = 2  # tries of one packet, before the command is cut into smaller ones
    wrong: float = 5e-3  # most chance of a page with unseen damage
    restarts: int = 6  # of one command
    dead_s: float = 5.0  # without any sound answer: the card is gone; longer with a card known to be slow
    boot_s: float = 0.4  # silence with a question lost in it that may have been a restart
    outage_s: float = 2.0  # the same where the card does not answer at all, or where noise loses questions
    stale_s: float = 3.0  # without an answer on a line that hides restarts: prepare the card again
    hold_s: int = 300  # a page goes off by itself after so long without us, where the card can do that
    shared_s: float = 60.0  # without sending a page again on a line where another client may have taken it off
    backoff_first_s: float = 1.0
    backoff_last_s: float = 10.0  # a card on our own line is worth asking often

    def with_replies_in(self, reply_s: int | None) -> Self:
        """The same with a card that may take so long for any answer, the first one included; None: as it is. Twice
        that without one, and the card is gone."""
        if reply_s is None:
            return self
        slow = max(self.slow_s, 2.0 * reply_s)
        return replace(self, reply_s=float(reply_s), slow_s=slow, dead_s=max(self.dead_s, 2.0 * reply_s))
