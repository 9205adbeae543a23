"""A simulated card's sense of time: seconds that pass, and a clock that shows what it was set to and runs on."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class CardTime:
    """``now``: seconds from any start, the machine's own unless the card lives in another time (``run_on``)."""

    def __init__(self, factory: datetime) -> None:
        """``factory``: what the clock shows before anybody sets it; a card's clock knows no zone."""
        self.run_on(time.monotonic)
        self.set(factory)

    def run_on(self, now: Callable[[], float]) -> None:
        """Said before the card is powered up."""
        self.now = now
        self._set_at = now()

    def set(self, at: datetime) -> None:
        """Set the clock."""
        self._set, self._set_at = at, self.now()

    @property
    def clock(self) -> datetime:
        return self._set + timedelta(seconds=self.now() - self._set_at)
