"""The card object: connects when needed, prepares the card, shows frames, backs off."""

import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from ledsign.card.conversation import AbortedError, Conversation, Patience, RestartedError, never
from ledsign.card.meter import LinkStatus, Meter
from ledsign.clock import Clock
from ledsign.errors import CardRefusedError, ProtocolError, TransportError
from ledsign.frame import AckLevel, Frame, PixelFormat
from ledsign.panel import Panel
from ledsign.protocol.codec import Ability, Link, Role, Routine, codec_class, create
from ledsign.protocol.message import (
    CardInfo,
    Clear,
    Intent,
    Message,
    Prepare,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    Setup,
    ShowFrame,
    ShowText,
    StorePage,
    UploadFile,
)
from ledsign.protocol.traits import FLASH_A_DAY, Wearing
from ledsign.transport import Address, Opener, Transport, parse_url, public_url

log = logging.getLogger(__name__)

_RING = 20
_FLASH_REST_S = 86_400.0  # at most one clearing of the card's flash a day, besides the first
BUDGET_SPENT = -2  # code of a refusal that is ours: no more flash writes today
_LINKS = {
    "udp": Link.UDP,
    "raw": Link.UDP,  # datagrams, too
    "serial": Link.SERIAL,
    "pty": Link.SERIAL,
}


def link_of(address: Address) -> Link:
    """What kind of line an address means: families frame differently on each."""
    return _LINKS.get(address.carrier, Link.NET)


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
        kind = codec_class(family)
        self.family = family
        self.url = public_url(url)
        self.panel = panel
        self._address = parse_url(url, kind.default_port)
        self._link = link_of(self._address)
        self._codec = create(family, self._link, Role.DRIVER, self._address.options)
        self._meter = Meter(flash_a_day)
        self._clock = clock
        self._patience = patience or Patience()
        self._opener = opener or Opener()
        self._jitter = jitter
        self._ring: deque[str] = deque(maxlen=_RING)
        self._talk: Conversation | None = None
        self._busy = False  # an exchange is in the middle
        self._failures = 0
        self._next_try = clock.monotonic()
        self._flash_at: float | None = None
        self._held: Frame | None = None  # confirmed on this connection, nothing else said since
        self._told_at = 0.0  # when the card was last told what stands
        self._standing: Intent | None = None  # what the glass should show, for cards that must be told again
        self._safe: Frame | None = None  # kept on the card, for when nothing of ours stands there
        self.preparations = 0  # grows whenever the card may have forgotten power, brightness and clock

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
        return self._talk is not None

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
        return tuple(self._ring)

    def ensure(self) -> None:
        """Connect and prepare the card if that is due, else prove that it lives. Raises TransportError."""
        if self._talk is None:
            self._connect()
        else:
            self.poll()

    def show(
        self,
        frame: Frame,
        abort: Callable[[], bool] = never,
        *,
        urgent: bool = False,
        ttl_s: int | None = None,
    ) -> AckLevel:
        """Put a page on the glass. ``abort`` is asked before every packet; then the answer is PLANNED and
        nothing may be counted. A page that this very connection has confirmed last is not sent again.

        ``ttl_s``: after so many seconds without a repetition the card takes the page off by itself, where it can;
        0: never; None: as ``Patience.hold_s`` says. ``poll`` repeats the page in time.

        Raises TransportError (``retry_in``: do not ask earlier), CardRefusedError, UnsupportedError.
        """
        if ttl_s is None and Ability.TTL in self._codec.abilities:
            ttl_s = self._patience.hold_s  # a dead-man: without us the card takes the page off by itself
        intent = ShowFrame(frame, urgent, ttl_s or None)
        if self._still_holds(intent):
            return self._codec.ack
        preparations, began = self.preparations, self._clock.monotonic()
        try:
            self._held = self._standing = None
            self._run(intent, abort)
        except AbortedError:
            return AckLevel.PLANNED
        if self.preparations == preparations:  # else the time is not the page's alone
            self._meter.page(len(frame.data), self._clock.monotonic() - began)
        self._held, self._standing, self._told_at = frame, intent, self._clock.monotonic()
        return self._codec.ack

    def _still_holds(self, intent: ShowFrame) -> bool:
        if intent.frame != self._held or self._talk is None or self._codec.ack <= AckLevel.SENT:
            return False
        if intent != self._standing:
            return False  # the same pixels, but to stay for another time
        self.poll()
        return self._held is not None

    def poll(self) -> None:
        """Prove that the card lives, if connected; call it every 2 s while a page stands. A pixel stream
        proves nothing, but goes dark without this: what stands is sent again. Raises TransportError when the
        card is gone."""
        if self._talk is None or not self._trusted(self._talk):
            return
        try:
            if Ability.STREAM in self._codec.abilities or self._runs_out():
                self._repeat()
            else:
                self._guarded(lambda talk: talk.probe())
        except (RestartedError, CardRefusedError) as error:
            why = f"card may have restarted, or does not take its page again: {error}"
            self._lost(why)
            raise TransportError(why, self._wait()) from error

    def _repeat(self) -> None:
        """Tell the card again what stands."""
        if self._standing is not None:
            again = self._codec.routine(self._standing)
            self._guarded(partial(self._follow, routine=again, abort=never))
            self._told_at = self._clock.monotonic()

    def _runs_out(self) -> bool:
        """Whether the page that stands has used up half of the time after which the card takes it off."""
        standing = self._standing
        if not isinstance(standing, ShowFrame) or standing.ttl_s is None:
            return False
        return self._clock.monotonic() - self._told_at >= standing.ttl_s / 2

    def set_brightness(self, percent: int) -> None:
        self._command(SetBrightness(percent))

    def set_power(self, on: bool) -> None:
        self._command(SetPower(on))

    def set_clock(self, now: datetime) -> None:
        self._command(SetClock(now))

    def keep(self, frame: Frame) -> None:
        """The page that the card shows by itself after a power cut, or when another has ended without us, where
        its family can. It is stored whenever the card's flash is cleared: at the first connection, then daily."""
        self._safe = frame if Ability.SAFE in self._codec.abilities else None

    def clear(self) -> None:
        """Take everything off the glass."""
        self._held = self._standing = None
        intent = Clear(self.panel.width, self.panel.height, self.panel.mode)
        self._command(intent)
        self._standing = intent

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
        talk, self._talk, self._held, self._standing = self._talk, None, None, None
        self._codec.reset()
        if talk is not None:
            talk.close()

    def _command(self, intent: Intent) -> CardInfo | None:
        return self._run(intent, never)

    def _run(self, intent: Intent, abort: Callable[[], bool]) -> CardInfo | None:
        routine = self._codec.routine(intent)  # what cannot be done raises before a byte
        if self._busy:
            self._lost("an exchange was interrupted")
        if self._talk is None:
            self._connect()
        elif not self._trusted(self._talk):
            self._guarded(self._prepared)
        for _again in range(self._patience.restarts):
            try:
                result = self._guarded(partial(self._follow, routine=routine, abort=abort))
            except RestartedError:
                self._guarded(self._prepared)
                routine = self._codec.routine(intent)
            else:
                self._failures = 0
                return result
        self._lost("card restarts again and again")
        raise TransportError(f"{self.url}: card restarts again and again", self._wait())

    def _wait(self) -> float:
        return max(0.0, self._next_try - self._clock.monotonic())

    def _trusted(self, talk: Conversation) -> bool:
        """Whether the card cannot have restarted unseen."""
        if self._address.session or self._codec.ack <= AckLevel.SENT:
            return True
        return self._clock.monotonic() - talk.answers_at <= self._patience.stale_s

    def _guarded(self, action: "Callable[[Conversation], CardInfo | None]") -> CardInfo | None:
        if self._talk is None:
            raise TransportError("not connected")
        self._busy = True
        try:
            result = action(self._talk)
        except TransportError as error:
            self._lost(str(error))
            raise TransportError(str(error), self._wait()) from error
        except CardRefusedError as refusal:
            self._busy = False  # said and answered: the line is in order
            log.warning("%s: %s; last exchanges:\n%s", self.url, refusal, "\n".join(self._ring))
            raise
        except (AbortedError, RestartedError):
            self._busy = False
            raise
        self._busy = False
        return result

    def _follow(self, talk: Conversation, routine: Routine, abort: Callable[[], bool]) -> CardInfo | None:
        try:
            command = next(routine)
            while True:
                try:
                    self._count_wear(command)
                    reply = talk.say(command, abort)
                except CardRefusedError as refusal:
                    command = routine.throw(refusal)  # a routine may have steps that need not succeed
                else:
                    command = routine.send(reply)
        except StopIteration as end:
            info: CardInfo | None = end.value
            return info

    def _count_wear(self, command: Message) -> None:
        """Raises CardRefusedError when the card's flash was written often enough today."""
        writes = self._codec.wear(command) if isinstance(self._codec, Wearing) else 0
        if not writes:
            return
        now = self._clock.monotonic()
        if not self._meter.may_wear(now, writes):
            text = f"no more writes of the card's flash today ({self._meter.flash_budget} allowed)"
            raise CardRefusedError(BUDGET_SPENT, text)
        self._meter.wear(now, writes)

    def _connect(self) -> None:
        if (wait := self._wait()) > 0:
            raise TransportError(f"{self.url}: next try in {wait:.1f} s", wait)
        try:
            line = self._opener(self._address)
        except TransportError as error:
            self._lost(str(error))
            raise TransportError(str(error), self._wait()) from error
        self._codec.reset()
        self._talk = Conversation(
            line,
            self._codec,
            self._clock,
            self._patience,
            self._ring,
            self._meter,
            hides_restarts=not self._address.session,
            noisy=self._link is Link.SERIAL,
        )
        info = self._guarded(self._prepared)
        log.info("%s: connected, %s", self.url, info or self.family)

    def _prepared(self, talk: Conversation) -> CardInfo | None:
        for _again in range(self._patience.restarts):
            try:
                return self._prepare(talk)
            except RestartedError:
                continue
            except CardRefusedError as refusal:  # half prepared is not prepared: from the beginning, later
                raise TransportError(f"card refuses to be prepared: {refusal}") from refusal
        raise TransportError(f"{self.url}: card restarts again and again")

    def _prepare(self, talk: Conversation) -> CardInfo | None:
        """Nothing old may stay on the card; what its flash holds is cleared, but seldom."""
        now = self._clock.monotonic()
        self.preparations += 1
        deep = self._flash_at is None or now - self._flash_at >= _FLASH_REST_S
        self._held = None
        panel = self.panel
        routine = self._codec.routine(Prepare(panel.width, panel.height, panel.mode, deep))
        info = self._follow(talk, routine=routine, abort=never)
        if deep:
            self._store_safe(talk)
            self._flash_at = now
        return info

    def _store_safe(self, talk: Conversation) -> None:
        if self._safe is None:
            return
        try:
            self._follow(talk, self._codec.routine(StorePage(self._safe)), never)
        except CardRefusedError as refusal:  # a card that cannot keep a page still shows pages
            log.warning("%s: keeps no safe page: %s", self.url, refusal)

    def _lost(self, why: str) -> None:
        """Close the line and set the time of the next try."""
        first = self._patience.backoff_first_s * 2 ** min(self._failures, 16)
        wait = min(first, self._patience.backoff_last_s) * (1 + 0.25 * self._jitter())
        if self._failures == 0:
            log.warning("%s: %s; last exchanges:\n%s", self.url, why, "\n".join(self._ring))
        self._failures += 1
        self._next_try = self._clock.monotonic() + wait
        self._busy = False
        try:
            self.close()
        except TransportError as error:
            log.warning("%s", error)
