"""What the screen shows while its state cannot be opened: the safe page, and another try every half minute.

A damaged database, a full or read-only disk at the start must leave neither a dark panel nor a page of yesterday that
was withdrawn since. Nothing is known then but the configuration: no notice is shown and nothing is written down.
"""

import logging
import threading
from collections.abc import Callable

from ledsign.card import Card
from ledsign.clock import Clock, ClockTrust, Reading
from ledsign.config import Config, PanelSection, policy_of
from ledsign.daemon import BUILT, Daemon
from ledsign.drawing import renderer_for
from ledsign.errors import CardRefusedError, HeldError, ProtocolError, RenderError, StoreError, TransportError
from ledsign.frame import Frame
from ledsign.lights import Lights
from ledsign.playlist.plan import plan
from ledsign.playlist.situation import PlanMode
from ledsign.policy import Policy
from ledsign.render.pack import pack
from ledsign.service import notify

log = logging.getLogger(__name__)

RETRY_S = 30.0
BEAT_S = 1.0


def opened(
    make: Callable[[], Daemon], config: Config, clock: Clock, stop: threading.Event, retry_s: float = RETRY_S
) -> Daemon | None:
    """The daemon as soon as it can be made; None when ``stop`` came first. Raises ConfigError, and HeldError when
    another process has the state: that one shows."""
    panels: list[_Panel] = []
    try:
        while not stop.is_set():
            try:
                return make()
            except HeldError:
                raise
            except StoreError as error:
                log.critical("the safe page stands in: %s", error)
                _tell(f"READY=1\nSTATUS={error}")
            if not panels:
                policy = policy_of(config)
                panels = [_Panel(config, section, policy, clock) for section in config.panels]
            again = clock.monotonic() + retry_s
            while not stop.is_set() and clock.monotonic() < again:
                for panel in panels:
                    panel.show()
                _tell("WATCHDOG=1")
                stop.wait(BEAT_S)
        return None
    finally:
        for panel in panels:
            panel.close()


def _tell(state: str) -> None:
    try:
        notify(state)
    except StoreError as error:
        log.error("%s", error)


class _Panel:
    """The safe page on one panel, dark outside the lit hours."""

    def __init__(self, config: Config, section: PanelSection, policy: Policy, clock: Clock) -> None:
        self._config = config
        self._policy = policy
        self._clock = clock
        self._name = section.name
        self._panel = config.panel(section)
        self._card = Card(section.card.family, section.card.url, self._panel, clock)
        self._lights = Lights(section.name, self._card, policy)
        self._frame: Frame | None = None
        self._fault = ""

    def show(self) -> None:
        """Put the page on the card; what fails is said once and tried again at the next call."""
        at = self._clock.now()
        reading = Reading(at, ClockTrust.HOLDOVER if at >= BUILT else ClockTrust.UNTRUSTED)
        made = plan((), {}, self._policy, reading.at, reading.trust, self._config.screen.code, frozenset())
        try:
            dark = made.mode is PlanMode.DARK
            self._lights.turn(not dark, reading)
            if not dark:
                self._card.show(self._safe_frame())
            self._fault = ""
        except (TransportError, CardRefusedError, ProtocolError, RenderError, StoreError) as error:
            if str(error) != self._fault:
                log.error("%s: no safe page: %s", self._name, error)
            self._fault = str(error)

    def _safe_frame(self) -> Frame:
        if self._frame is None:
            form = self._card.formats[0]
            renderer = renderer_for(self._panel, self._policy, self._config.cache, form)
            self._frame = pack(renderer.safe_page(self._config.safe_page), form)
        return self._frame

    def close(self) -> None:
        self._card.close()
