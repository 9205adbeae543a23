"""The card object: shows pages, tells them again in time, and gives orders. Its line looks after itself."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ledsign.card.connection import Connection
from ledsign.card.conversation import AbortedError, RestartedError, never
from ledsign.card.meter import LinkStatus, Meter
from ledsign.card.patience import Patience
from ledsign.clock import Clock
from ledsign.errors import CardRefusedError, ConfigError, ProtocolError, TransportError, UnsupportedError
from ledsign.frame import AckLevel, Frame, PixelFormat
from ledsign.panel import Panel
from ledsign.protocol.codec import Ability
from ledsign.protocol.message import (
    CardInfo,
    Clear,
    Intent,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    Setup,
    ShowFrame,
    ShowText,
    UploadFile,
)
from ledsign.protocol.traits import FLASH_A_DAY
from ledsign.transport import Address, Transport


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the glass should show: confirmed on the connection number ``opening``, after the preparation number
    ``preparation``, told last at ``told_at``."""

    intent: ShowFrame | Clear
    told_at: float
    opening: int
    preparation: int


class Card:
    """A card on a line. Connects by itself when needed; used by one thread."""

    def __init__(
        self,
        family: str,
        url: str,
        panel: Panel,
        clock: Clock,
        patience: Patience | None = None,
        opener: Callable[[Address], Transport] | None = None,
        jitter: Callable[[], float] = random.random,
        flash_a_day: int = FLASH_A_DAY,
    ) -> None:
        """Raises ConfigError for a family, URL or option that does not exist; touches no line yet."""
        self.family = family
        self.panel = panel
        self._clock = clock
        self._meter = Meter(flash_a_day)
        self._line = Connection(family, url, panel, clock, patience or Patience(), opener, jitter, self._meter)
        self._patience = self._line.patience
        self.url = self._line.url
        self._codec = self._line.codec
        if not self.formats:
            size = f"{panel.width}x{panel.height} {panel.mode}"
            raise ConfigError(f"panel {panel.name}, {self.url}: {family} cards cannot show {size}")
        self._standing: _Standing | None = None

    @property
    def abilities(self) -> frozenset[Ability]:
        return self._codec.abilities

    @property
    def ack(self) -> AckLevel:
        """The most that ``show`` of this family can prove."""
        return self._codec.ack

    @property
    def formats(self) -> tuple[PixelFormat, ...]:
        """Pixel formats for this panel, lossless ones first."""
        return self._codec.formats(self.panel.mode, self.panel.width, self.panel.height)

    @property
    def connected(self) -> bool:
        return self._line.talk is not None

    @property
    def preparations(self) -> int:
        """Grows whenever the card may have forgotten power, brightness and clock."""
        return self._line.preparations

    @property
    def link(self) -> LinkStatus:
        """What the line is worth, measured on what went over it."""
        return self._meter.status(self._clock.monotonic())

    @property
    def flash_writes(self) -> int:
        """Files and records that this object wrote or deleted in the card's flash."""
        return self._meter.flash_total

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The last 20 things that went over the line."""
        return tuple(self._line.ring)

    def ensure(self) -> None:
        """Connect and prepare the card if that is due, else prove that it lives. Raises TransportError."""
        self._line.claim()
        if self.connected:
            self.poll()
        else:
            self._line.open()

    # ---- pages ----------------------------------------------------------------------------------------------

    def show(
        self,
        frame: Frame,
        abort: Callable[[], bool] = never,
        *,
        urgent: bool = False,
        ttl_s: int | None = None,
    ) -> AckLevel:
        """Put a page on the glass. ``abort`` is asked before every packet; then the answer is PLANNED and
        nothing may be counted. A page that this very connection has confirmed last is not sent again, on a line
        that others can reach too not for ``Patience.shared_s``.

        ``ttl_s``: after so many seconds without a repetition the card takes the page off by itself, where it can;
        0: never; None: as ``Patience.hold_s`` says. ``poll`` repeats the page in time.

        Raises TransportError (``retry_in``: do not ask earlier), CardRefusedError, UnsupportedError.
        """
        self._must_fit(frame)
        if ttl_s is None and Ability.TTL in self.abilities:
            ttl_s = self._patience.hold_s  # a dead-man: without us the card takes the page off by itself
        intent = ShowFrame(frame, urgent, ttl_s or None)
        if self._still_holds(intent):
            return self.ack
        preparations, began = self.preparations, self._clock.monotonic()
        self._standing = None
        try:
            self._line.run(intent, abort)
        except AbortedError:
            return AckLevel.PLANNED
        if self.preparations == preparations:  # else the time is not the page's alone
            self._meter.page(len(frame.data), self._clock.monotonic() - began)
        self._stands(intent)
        return self.ack

    def clear(self) -> None:
        """Take everything off the glass."""
        self._standing = None
        intent = Clear(self.panel.width, self.panel.height, self.panel.mode)
        self._command(intent)
        self._stands(intent)

    def keep(self, frame: Frame) -> None:
        """The page that the card shows by itself after a power cut, or when another has ended without us, where
        its family can. It is stored whenever the card's flash is cleared: at the first connection, then daily.
        Raises UnsupportedError for a page that is not as large as the panel."""
        self._must_fit(frame)
        self._line.safe = frame if Ability.SAFE in self.abilities else None

    def _must_fit(self, frame: Frame) -> None:
        panel = self.panel
        if (frame.width, frame.height) != (panel.width, panel.height):
            size = f"{frame.width}x{frame.height}"
            raise UnsupportedError(f"a page of {size} on a panel of {panel.width}x{panel.height}")

    def poll(self) -> None:
        """Prove that the card lives, if connected; call it every 2 s while a page stands. Where that is no proof
        of the page, the page itself goes again: always on a pixel stream, which is dark without; after half of a
        page's time to live; and once in ``Patience.shared_s`` on a line that others share. Raises TransportError
        when the card is gone."""
        if not self._line.trusted:
            return
        try:
            if Ability.STREAM in self.abilities or self._runs_out():
                self._repeat()
            else:
                self._line.probe()
        except (RestartedError, CardRefusedError, ProtocolError) as error:
            why = f"card may have restarted, or does not take its page again: {error}"
            self._line.lost(why)
            raise TransportError(why, self._line.wait_s) from error

    def _stands(self, intent: ShowFrame | Clear) -> None:
        line = self._line
        self._standing = _Standing(intent, self._clock.monotonic(), line.openings, line.preparations)

    def _still_holds(self, intent: ShowFrame) -> bool:
        """Whether this very page stands, for as long as it shall, and the card says that it lives. That is no
        proof where another client can have taken the page off: there it must have been sent lately, which
        ``poll`` sees to."""
        if not self._holds(intent) or self.ack <= AckLevel.SENT:
            return False
        self.poll()
        return self._holds(intent)

    def _holds(self, intent: ShowFrame) -> bool:
        standing = self._standing
        if standing is None or not self.connected or standing.preparation != self.preparations:
            return False
        return standing.intent == intent and not self._doubtful(standing)

    def _doubtful(self, standing: _Standing) -> bool:
        """Whether another client may have taken the page off since it was sent."""
        return self._line.shared and self._age_s(standing) >= self._patience.shared_s

    def _told(self) -> _Standing | None:
        """What this connection was last told to show."""
        standing = self._standing
        return standing if standing is not None and standing.opening == self._line.openings else None

    def _repeat(self) -> None:
        """Tell the card again what stands."""
        if (standing := self._told()) is not None:
            self._line.once(self._codec.routine(standing.intent))
            self._standing = replace(standing, told_at=self._clock.monotonic())

    def _runs_out(self) -> bool:
        """Whether the page that stands is to be told again: it has used up half of the time after which the card
        takes it off, or somebody else may have done so."""
        standing = self._told()
        if standing is None or not isinstance(standing.intent, ShowFrame):
            return False
        ttl_s = standing.intent.ttl_s
        return self._doubtful(standing) or (ttl_s is not None and self._age_s(standing) >= ttl_s / 2)

    def _age_s(self, standing: _Standing) -> float:
        return self._clock.monotonic() - standing.told_at

    # ---- orders ---------------------------------------------------------------------------------------------

    def set_brightness(self, percent: int) -> None:
        self._command(SetBrightness(percent))

    def set_power(self, on: bool) -> None:
        self._command(SetPower(on))

    def set_clock(self, now: datetime) -> None:
        self._command(SetClock(now))

    def say(self, text: str, seconds: int) -> None:
        """Let the card write a text over its page for so long, in its own letters."""
        self._command(ShowText(text, seconds))

    def setup(self, changes: Mapping[str, str]) -> Mapping[str, str]:
        """A technician's values by the family's own names: change some, then read all."""
        found = self._command(Setup(changes))
        return {} if found is None else found.details

    def upload(self, file: UploadFile) -> None:
        """Put a file on the card's disk."""
        self._command(file)

    def info(self) -> CardInfo:
        """Ask the card who it is. Raises ProtocolError when its family cannot say."""
        info = self._command(QueryInfo())
        if info is None:
            raise ProtocolError(f"{self.family} cards do not say who they are")
        return info

    def close(self) -> None:
        """Leave the line. The card keeps showing what it shows."""
        self._standing = None
        self._line.close()

    def _command(self, intent: Intent) -> CardInfo | None:
        return self._line.run(intent, never)
