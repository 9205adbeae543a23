"""The line to one card over all its reconnections: opened when that is due, the card prepared, left after trouble."""

import logging
from collections import deque
from collections.abc import Callable

from ledsign.card.conversation import AbortedError, Conversation, RestartedError, never
from ledsign.card.meter import Meter
from ledsign.card.patience import Patience
from ledsign.card.wire import Wire
from ledsign.clock import Clock
from ledsign.errors import CardRefusedError, CardUnusableError, TransportError
from ledsign.frame import AckLevel, Frame
from ledsign.panel import Panel
from ledsign.protocol.codec import Codec, Link, Role, Routine, codec_class, create, must_carry
from ledsign.protocol.disguise import Secretive
from ledsign.protocol.message import CardInfo, Clear, Intent, Message, Prepare, Rest, ShowFrame, StorePage
from ledsign.protocol.traits import Greeting, Wearing
from ledsign.transport import Address, Opener, Transport, parse_url, public_url

log = logging.getLogger(__name__)

_RING = 20
_FLASH_REST_S = 86_400.0  # at most one clearing of the card's flash a day, besides the first
BUDGET_SPENT = -2  # code of a refusal that is ours: no more flash writes today
_LINKS = {
    "udp": Link.UDP,
    "raw": Link.RAW,
    "serial": Link.SERIAL,
    "pty": Link.SERIAL,
}


def link_of(address: Address) -> Link:
    """What kind of line an address means: families frame differently on each."""
    return _LINKS.get(address.carrier, Link.NET)


class Connection:
    """One card's line. ``preparations`` grows whenever the card may have forgotten what it was told, ``openings``
    with every line that was opened."""

    def __init__(
        self,
        family: str,
        url: str,
        panel: Panel,
        clock: Clock,
        patience: Patience,
        opener: Callable[[Address], Transport] | None,
        jitter: Callable[[], float],
        meter: Meter,
    ) -> None:
        """Raises ConfigError for a family, URL or option that does not exist; touches no line yet."""
        self.url = public_url(url)
        self._address = parse_url(url, codec_class(family).default_port)
        self._link = link_of(self._address)
        must_carry(family, self._link, f"panel {panel.name}, {self.url}")
        self.codec: Codec = create(family, self._link, Role.DRIVER, self._address.options)
        self.meter = meter
        self._panel = panel
        self._clock = clock
        self.patience = patience.with_replies_in(self._address.line.get("reply"))
        public = self.codec.public if isinstance(self.codec, Secretive) else bytes
        self._opener = opener or Opener(public)
        self._jitter = jitter
        self.ring: deque[str] = deque(maxlen=_RING)
        self.talk: Conversation | None = None
        self._busy = False  # an exchange is in the middle
        self._failures = 0
        self._next_try = clock.monotonic()
        self._flash_at: float | None = None
        self.safe: Frame | None = None  # kept on the card, for when nothing of ours stands there
        self.preparations = self.openings = 0
        self._claimed = False

    @property
    def shared(self) -> bool:
        """Whether somebody else may talk with the card beside us: a serial port is ours alone."""
        return self._link is not Link.SERIAL

    @property
    def trusted(self) -> bool:
        """Whether there is a line, and the card cannot have restarted unseen."""
        if self.talk is None:
            return False
        if self._address.session or self.codec.ack <= AckLevel.SENT:
            return True
        return self._clock.monotonic() - self.talk.answers_at <= self.patience.stale_s

    def run(self, intent: Intent, abort: Callable[[], bool]) -> CardInfo | None:
        """Do it, on a new line or with a card prepared anew where that must be.

        Raises TransportError, CardRefusedError, UnsupportedError (before a byte), AbortedError.
        """
        routine = self.codec.routine(intent)
        if self._busy:
            self.lost("an exchange was interrupted")
        if isinstance(intent, ShowFrame | StorePage | Clear):
            self.claim()
        if self.talk is None:
            self.open()
        elif not self.trusted:
            self._guarded(self._prepared)
        for _again in range(self.patience.restarts):
            try:
                result = self.once(routine, abort)
            except RestartedError:
                self._guarded(self._prepared)
                routine = self.codec.routine(intent)
            else:
                self._failures = 0
                return result
        self.lost("card restarts again and again")
        raise TransportError(f"{self.url}: card restarts again and again", self.wait_s)

    def once(self, routine: Routine, abort: Callable[[], bool] = never) -> CardInfo | None:
        """Do it on the line that is there. Raises besides what ``run`` does RestartedError."""
        return self._guarded(lambda talk: self._follow(talk, routine, abort))

    def probe(self) -> None:
        """Prove that the card lives. Raises as ``once`` does."""
        self._guarded(lambda talk: talk.probe())

    def claim(self) -> None:
        """Our pages will stand on the card: from now on nothing of others may be left on it. Until then the card
        is only greeted, and keeps what it shows. Raises TransportError."""
        if not self._claimed:
            self._claimed = True
            if self.talk is not None:
                self._guarded(self._prepared)

    def open(self) -> None:
        """Open the line and greet the card, or prepare it once it is claimed. Raises TransportError, also while it
        is too early for another try."""
        if (wait := self.wait_s) > 0:
            raise TransportError(f"{self.url}: next try in {wait:.1f} s", wait)
        try:
            line = self._opener(self._address)
        except TransportError as error:
            self.lost(str(error))
            error.retry_in = self.wait_s
            raise
        self.codec.reset()
        self.openings += 1
        self.talk = Conversation(
            Wire(line, self.codec, self._clock, self.patience.write_s, self.ring),
            self.codec,
            self._clock,
            self.patience,
            self.meter,
            hides_restarts=not self._address.session,
            noisy=self._link is Link.SERIAL,
        )
        info = self._guarded(self._prepared)
        log.info("%s: connected, %s", self.url, info or self.codec.family)

    def close(self) -> None:
        """Leave the line. The card keeps showing what it shows. Raises TransportError."""
        talk, self.talk = self.talk, None
        self.codec.reset()
        if talk is not None:
            talk.close()

    def lost(self, why: str) -> None:
        """Close the line and set the time of the next try."""
        first = self.patience.backoff_first_s * 2 ** min(self._failures, 16)
        wait = min(first, self.patience.backoff_last_s) * (1 + 0.25 * self._jitter())
        if self._failures == 0:
            self._log_trouble(why)
        self._failures += 1
        self._next_try = self._clock.monotonic() + wait
        self._busy = False
        try:
            self.close()
        except TransportError as error:
            log.warning("%s", error)

    @property
    def wait_s(self) -> float:
        """Until the next try may be made."""
        return max(0.0, self._next_try - self._clock.monotonic())

    # ---- one exchange ---------------------------------------------------------------------------------------

    def _guarded(self, action: Callable[[Conversation], CardInfo | None]) -> CardInfo | None:
        if self.talk is None:
            raise TransportError("not connected")
        self._busy = True
        try:
            result = action(self.talk)
        except TransportError as error:
            self.lost(str(error))
            error.retry_in = self.wait_s
            raise
        except CardRefusedError as refusal:
            self._busy = False  # said and answered: the line is in order
            self._log_trouble(str(refusal))
            raise
        except (AbortedError, RestartedError):
            self._busy = False
            raise
        self._busy = False
        return result

    def _log_trouble(self, why: str) -> None:
        log.warning("%s: %s; last exchanges:\n%s", self.url, why, "\n".join(self.ring))

    def _follow(self, talk: Conversation, routine: Routine, abort: Callable[[], bool] = never) -> CardInfo | None:
        try:
            command = next(routine)
            while True:
                try:
                    self._count_wear(command)
                    reply = self._said(talk, command, abort)
                except CardRefusedError as refusal:
                    command = routine.throw(refusal)  # a routine may have steps that need not succeed
                else:
                    command = routine.send(reply)
        except StopIteration as end:
            info: CardInfo | None = end.value
            return info

    def _said(self, talk: Conversation, command: Message, abort: Callable[[], bool]) -> Message | None:
        if isinstance(command, Rest):
            self._clock.sleep(command.seconds)
            return None
        return talk.say(command, abort)

    def _count_wear(self, command: Message) -> None:
        """Raises CardRefusedError when the card's flash was written often enough today."""
        writes = self.codec.wear(command) if isinstance(self.codec, Wearing) else 0
        if not writes:
            return
        now = self._clock.monotonic()
        if not self.meter.may_wear(now, writes):
            text = f"no more writes of the card's flash today ({self.meter.flash_budget} allowed)"
            raise CardRefusedError(BUDGET_SPENT, text)
        self.meter.wear(now, writes)

    # ---- a known state --------------------------------------------------------------------------------------

    def _prepared(self, talk: Conversation) -> CardInfo | None:
        for _again in range(self.patience.restarts):
            try:
                return self._prepare(talk)
            except RestartedError:
                continue
            except CardRefusedError as refusal:  # half prepared is not prepared: from the beginning, later
                raise CardUnusableError(refusal.code, f"card cannot be prepared: {refusal}") from refusal
        raise TransportError(f"{self.url}: card restarts again and again")

    def _prepare(self, talk: Conversation) -> CardInfo | None:
        """Nothing old may stay on a card that is ours; what its flash holds is cleared, but seldom."""
        now = self._clock.monotonic()
        self.preparations += 1
        deep = self._flash_at is None or now - self._flash_at >= _FLASH_REST_S
        panel = self._panel
        intent = Prepare(panel.width, panel.height, panel.mode, deep)
        if not self._claimed:
            return self._follow(talk, self.codec.greet(intent)) if isinstance(self.codec, Greeting) else None
        info = self._follow(talk, self.codec.routine(intent))
        if deep:
            self._store_safe(talk)
            self._flash_at = now
        return info

    def _store_safe(self, talk: Conversation) -> None:
        if self.safe is None:
            return
        try:
            self._follow(talk, self.codec.routine(StorePage(self.safe)))
        except CardRefusedError as refusal:  # a card that cannot keep a page still shows pages
            log.warning("%s: keeps no safe page: %s", self.url, refusal)
