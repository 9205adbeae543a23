"""Power, clock and brightness of one card, as the hour demands."""

import logging
from collections.abc import Callable

from ledsign.card import Card
from ledsign.clock import ClockTrust, Reading
from ledsign.errors import CardRefusedError
from ledsign.policy import Policy
from ledsign.protocol.codec import Ability

log = logging.getLogger(__name__)


class Lights:
    """Tells the card only what has changed since it was prepared last. A card without a switch is cleared instead,
    and none is asked for what it cannot do."""

    def __init__(self, name: str, card: Card, policy: Policy) -> None:
        self._name = name
        self._card = card
        self._policy = policy
        self._lit: bool | None = None
        self._percent: int | None = None
        self._preparation = -1

    def turn(self, on: bool, reading: Reading) -> None:
        """Raises TransportError, ProtocolError; CardRefusedError only for the switch itself."""
        self._card.ensure()
        can = self._card.abilities
        if self._card.preparations != self._preparation:
            self._preparation, self._lit, self._percent = self._card.preparations, None, None
            if Ability.CLOCK in can and reading.trust is not ClockTrust.UNTRUSTED:
                self._may_refuse(lambda: self._card.set_clock(reading.at))
        if self._lit is not on:
            if Ability.POWER in can:
                self._card.set_power(on)
            elif not on:
                self._card.clear()
            self._lit = on
        percent = self._policy.brightness_percent(reading.at)
        if on and percent != self._percent and Ability.BRIGHTNESS in can:
            self._may_refuse(lambda: self._card.set_brightness(percent))
            self._percent = percent

    def _may_refuse(self, order: Callable[[], None]) -> None:
        """A card that will not set its clock or brightness still shows pages."""
        try:
            order()
        except CardRefusedError as error:
            log.warning("%s: %s", self._name, error)
