"""What the simulated byte-oriented Onbon cards share: power, clock, and dynamic areas that end by themselves."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Generic, TypeVar

import numpy as np

from ledsign.panel import Panel
from ledsign.simulator.brain import Lit
from ledsign.simulator.canvas import Pixels, logo
from ledsign.simulator.cardtime import CardTime

A = TypeVar("A")
_FACTORY_TIME = datetime(2015, 1, 1)  # noqa: DTZ001 -- a card's clock knows no zone


class Areas(Generic[A]):
    """Dynamic areas in memory by number, lowest first; some of them end by themselves."""

    def __init__(self, time: CardTime) -> None:
        self._time = time
        self._held: dict[int, tuple[A, float | None]] = {}

    def put(self, number: int, area: A, end_s: float | None) -> None:
        """``end_s``: goes off after so long, None never."""
        self._held[number] = area, None if end_s is None else self._time.now() + end_s

    def drop(self, numbers: Collection[int]) -> None:
        """No numbers: all."""
        self._held = {n: held for n, held in self._held.items() if numbers and n not in numbers}

    @property
    def shown(self) -> dict[int, A]:
        return {number: self._held[number][0] for number in sorted(self._held)}

    def due(self) -> float | None:
        """Seconds until the first one ends."""
        ends = [until for _area, until in self._held.values() if until is not None]
        return max(0.0, min(ends) - self._time.now()) if ends else None

    def expire(self) -> bool:
        """Take off those whose time is over; whether there were any."""
        now, before = self._time.now() + 0.001, len(self._held)
        self._held = {n: held for n, held in self._held.items() if held[1] is None or held[1] > now}
        return len(self._held) < before


class OnbonBrain(Generic[A]):
    """Base of both cards: ``draw`` says what is on the glass while the light is on."""

    def __init__(self, panel: Panel, lit: Lit, address: int) -> None:
        self._panel = panel
        self._lit = lit
        self._address = address
        self._logo = logo(panel)
        self._time = CardTime(_FACTORY_TIME)
        self._areas: Areas[A] = Areas(self._time)
        self._on = True

    @property
    def clock(self) -> datetime:
        return self._time.clock

    def run_on(self, now: Callable[[], float]) -> None:
        self._time.run_on(now)

    def due(self) -> float | None:
        return self._areas.due()

    def tick(self) -> None:
        if self._areas.expire():
            self._show("expired")

    def draw(self, glass: Pixels) -> None:
        """Draw programme and areas onto a dark glass."""
        raise NotImplementedError

    def _show(self, cause: str) -> None:
        glass: Pixels = np.zeros_like(self._logo)
        if self._on:
            self.draw(glass)
        self._lit(glass, cause)
