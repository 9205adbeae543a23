"""One panel: plan → render → send → record, a page at a time, for years.

The loop holds no schedule. Before every page, and whenever something newer arrives, it asks the pure plan what
belongs on screen; a page that lost its right ends at once, every other one finishes its dwell.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledsign.card import Card, LinkStatus
from ledsign.clock import Clock, ClockTrust, Reading, TrustedClock
from ledsign.errors import CardRefusedError, ProtocolError, StoreError, TransportError
from ledsign.evidence import FAILED, ShownRow
from ledsign.feed.store import Snapshot
from ledsign.frame import AckLevel, Page, PixelFormat
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.notice import AssetReader, Notice
from ledsign.pictures import Pictures
from ledsign.playlist.announce import Announcement
from ledsign.playlist.capacity import Grant
from ledsign.playlist.exposure import Key
from ledsign.playlist.item import Item
from ledsign.playlist.plan import Plan, plan
from ledsign.playlist.preempt import Claimant
from ledsign.playlist.rotation import Slot
from ledsign.playlist.situation import PlanMode
from ledsign.policy import Policy, effective_retention
from ledsign.protocol.codec import Ability
from ledsign.render.pack import pack
from ledsign.render.pages import Renderer
from ledsign.repertoire import Repertoire
from ledsign.service import Pulse

log = logging.getLogger(__name__)

TICK_S = 2.0  # the longest the loop sleeps without a sign of life, its own and the card's
GLANCE_S = 1.0  # a page cut by a newcomer was on for at least so long
STUMBLES = 3  # failures of the loop without a notice to blame, before the safe page stands in
NAP_S = 1.0  # pause after a card's "no" before the next try
MAY_FINISH = frozenset({"released", "replaced", "expired"})  # ends by date, not by order: no hurry inside a page


@dataclass(frozen=True, slots=True)
class Showing:
    """What one turn of the loop puts on the card; ``number``/``of`` count body pages, 0 is the digest."""

    page: Page
    mode: PlanMode
    slot: Slot | None = None
    notice: Notice | None = None
    number: int = 0
    of: int = 0

    @property
    def key(self) -> tuple[str, int] | None:
        return self.notice.key if self.notice else None


@dataclass(frozen=True, slots=True)
class PlayerStatus:
    """What this panel is doing, for the operator, the heartbeat and the service manager."""

    panel: str
    mode: str = "starting"
    showing: Showing | None = None  # None: dark, or nothing confirmed
    since: datetime | None = None
    slots: tuple[Slot, ...] = ()
    valid_until: datetime | None = None
    hidden: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[tuple[str, int], str] = field(default_factory=dict)
    card_fault: str = ""
    loop_fault: str = ""  # what the loop last failed with, until it shows a page again
    dark_confirmed: bool = False  # switched off, and the card said so
    pages_shown: int = 0
    short: tuple[Grant, ...] = ()  # showings this screen cannot keep today
    blame: tuple[Key, ...] = ()  # and the smallest set of notices that this is due to
    announced: tuple[Announcement, ...] = ()
    claims: tuple[Claimant, ...] = ()
    items: tuple[Item, ...] = ()  # what the panel can play; none while some are still to be drawn
    link: LinkStatus | None = None  # what the card's line is worth, measured


@dataclass(frozen=True, slots=True)
class _View:
    """One consistent look: the notices, the plan made of them, and when."""

    snapshot: Snapshot
    version: int
    plan: Plan
    reading: Reading


class Player:
    """Plays one panel until told to stop; runs in a thread of its own and owns its card.

    ``pace`` shortens every dwell (demos only). ``blank`` holds the operator's reason while the screen must stay
    dark, "" otherwise; whoever changes it wakes the player through ``notices``.
    """

    def __init__(
        self,
        *,
        panel_name: str,
        screen: str,
        card: Card,
        renderer: Renderer,
        assets: AssetReader,
        ledger: Ledger,
        policy: Policy,
        clock: Clock,
        trusted: TrustedClock,
        notices: Latest[Snapshot],
        blank: Latest[str],
        safe_lines: Sequence[str],
        pulse: Pulse,
        pictures: Pictures,
        pace: float = 1.0,
        accepts: AckLevel = AckLevel.ACKED,
    ) -> None:
        self.name = panel_name
        self.status = Latest(PlayerStatus(panel_name))
        self._screen = screen
        self._card = card
        self._repertoire = Repertoire(renderer, assets, clock, pace, policy.dwell.night_min_s)
        self._ledger = ledger
        self._exposures = ledger.exposures(panel_name)
        self._policy = policy
        self._clock = clock
        self._trusted = trusted
        self._notices = notices
        self._blank = blank
        self._safe = renderer.safe_page(safe_lines)
        self._format = card.formats[0]
        self._safe_frame = pack(self._safe, self._format)
        if self._format is PixelFormat.TEXT:
            log.warning("%s: the card draws words with its own fonts; no picture here is what it shows", self.name)
        self._pulse = pulse
        self._pictures = pictures
        self._pace = pace
        self._accepts = accepts
        self._lit: bool | None = None
        self._percent: int | None = None
        self._preparation = -1
        self._stumbles = 0
        self._lost_since: datetime | None = None
        self.disk_failed = False
        self._count = 0

    # ---- the loop -------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Play until ``stop`` is set, then leave the safe page on the card."""
        while not stop.is_set():
            self.step(stop)
        self._farewell()

    def step(self, stop: threading.Event) -> None:
        """One page with its dwell, or one wait when there is nothing to show."""
        self._tick()
        if self._stumbles >= STUMBLES:
            self._stand_in()
            return
        view = self._look()
        if view.plan.mode is not PlanMode.EMERGENCY:  # some cards light a page to store it: not before an emergency
            self._card.keep(self._safe_frame)
        if self._blank.get()[0] or view.plan.mode is PlanMode.DARK:
            self._dark(view)
            return
        showing = self._choose(view)
        acknowledged = self._send(showing, view)
        if acknowledged is not None:
            self._dwell_and_record(showing, view, acknowledged, stop)

    def stumbled(self, why: str) -> None:
        """The loop failed unforeseen and starts anew: the notice it was at is set aside, so that one bad notice
        never stops the others; where none is to blame, the safe page stands in after a few tries."""
        if not self._repertoire.set_aside(why):
            self._stumbles += 1
        self.status.put(replace(self.status.get()[0], loop_fault=why))

    def _stand_in(self) -> None:
        """Planning or evidence fails again and again: the safe page, then another try."""
        self._card.show(self._safe_frame)
        self._tick()
        self._clock.sleep(TICK_S)
        self._stumbles = 0

    # ---- deciding -------------------------------------------------------------------------------------------

    def _look(self) -> _View:
        snapshot, version = self._notices.get()
        items = self._repertoire.items(snapshot, self._tick)
        reading = self._trusted.read()  # drawing a new notice takes its time
        made = plan(items, self._exposures, self._policy, reading.at, reading.trust, self._screen, snapshot.cancelled)
        return _View(snapshot, version, made, reading)

    def _least_dwell(self, reading: Reading) -> float:
        """At night pages change slowly: a lit street is not to flicker (the policy's anti-glare rule)."""
        night = reading.trust is not ClockTrust.UNTRUSTED and self._policy.is_night(reading.at)
        return self._policy.dwell.night_min_s if night else 0.0

    def _choose(self, view: _View) -> Showing:
        """The page that belongs on screen now; the safe page when no notice does."""
        if not view.plan.slots:
            return Showing(self._safe, view.plan.mode)
        slot = view.plan.slots[0]
        notice = next(each for each in view.snapshot.notices if each.key == (slot.notice_id, slot.revision))
        drawn = self._repertoire.drawn(notice)
        if slot.digest and drawn.digest is not None:
            digest = self._announcing(notice, drawn.digest, view)
            return Showing(digest, view.plan.mode, slot, notice, 0, len(drawn.body))
        return Showing(drawn.body[slot.first], view.plan.mode, slot, notice, slot.first + 1, len(drawn.body))

    def _announcing(self, notice: Notice, digest: Page, view: _View) -> Page:
        """The digest page; that of a long roster says when the full text runs, as long as that is to come."""
        coming = next((each for each in view.plan.announced if each.key == notice.key), None)
        if coming is None or view.reading.at is None or view.reading.at >= coming.starts:
            return digest
        return self._repertoire.announced(notice, digest, coming.starts)

    def _ends_at_once(self, showing: Showing, view: _View) -> bool:
        """Whether what is on the card must not stay until its dwell is over (docs/decisions/0002)."""
        made = view.plan
        if self._blank.get()[0]:
            return True
        if showing.notice is None:
            return bool(made.slots)
        if showing.key not in {notice.key for notice in view.snapshot.notices}:
            return True
        reason = made.hidden.get(showing.notice.id)
        if reason is not None and reason not in MAY_FINISH:
            return True
        if PlanMode.EMERGENCY in (made.mode, showing.mode):
            alternating = {(slot.notice_id, slot.revision) for slot in made.slots}
            return made.mode is not showing.mode or showing.key not in alternating
        return False

    def _newcomer_waits(self, showing: Showing, made: Plan) -> bool:
        """Whether the plan puts a notice next that was never shown: it is lit within seconds of its arrival."""
        if made.mode is PlanMode.EMERGENCY or not made.slots:
            return False
        first = made.slots[0].notice_id, made.slots[0].revision
        return first != showing.key and first not in self._exposures

    # ---- the card -------------------------------------------------------------------------------------------

    def _send(self, showing: Showing, view: _View) -> AckLevel | None:
        """Put the page on the card; None when it did not get there, after the wait that this calls for."""
        seen = view.version

        def overtaken() -> bool:
            nonlocal seen
            self._tick()
            version = self._notices.get()[1]
            if version == seen:
                return False
            seen = version
            return self._ends_at_once(showing, self._look())

        try:
            self._lights(True, view.reading)
            acknowledged = self._card.show(pack(showing.page, self._format), abort=overtaken)
        except TransportError as error:
            self._lost(view, str(error))
            self._wait(view.version, max(error.retry_in, 0.2))
            return None
        except (CardRefusedError, ProtocolError) as error:
            self._lost(view, str(error))
            if isinstance(error, CardRefusedError) and showing.slot is not None:
                self._record(showing, view.reading, 0.0, AckLevel.SENT, complete=False, kind=FAILED)
            self._wait(view.version, NAP_S)
            return None
        if acknowledged < AckLevel.SENT:  # given up between two packets: something better waits
            return None
        self._found()
        return acknowledged

    def _lights(self, on: bool, reading: Reading) -> None:
        """Power, clock and brightness as the hour demands, told to the card only when they change; a card that
        has no such thing is cleared instead of switched off, and not asked for the rest."""
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
            log.warning("%s: %s", self.name, error)

    def _dark(self, view: _View) -> None:
        """Outside the lit hours, or blanked by an operator: the panel is off, and that is confirmed too."""
        fault = ""
        try:
            self._lights(False, view.reading)
        except (TransportError, CardRefusedError, ProtocolError) as error:
            fault = str(error)
            log.warning("%s: cannot darken the panel: %s", self.name, error)
        mode = "blank" if self._blank.get()[0] else str(PlanMode.DARK)
        self._publish(view, None, mode, fault, dark=not fault)
        until = (view.plan.valid_until - view.reading.at).total_seconds()
        self._wait(view.version, NAP_S if fault else max(until, 0.2))

    def _lost(self, view: _View, fault: str) -> None:
        if self._lost_since is None:
            self._lost_since = view.reading.at
            log.error("%s: card lost: %s", self.name, fault)
            self._event("card_lost", view.reading, fault=fault)
        self._publish(view, None, str(view.plan.mode), fault)

    def _found(self) -> None:
        if self._lost_since is not None:
            reading = self._trusted.read()
            self._event("card_back", reading, since=self._lost_since.isoformat(timespec="seconds"))
            log.info("%s: card back after %s", self.name, reading.at - self._lost_since)
            self._lost_since = None

    def _event(self, kind: str, reading: Reading, **detail: object) -> None:
        try:
            self._ledger.append_event(kind, reading.at, {"panel": self.name, **detail}, reading.trust)
        except StoreError as error:
            self._disk_fails(error)

    def _farewell(self) -> None:
        """A safe page stands in for the daemon while it is gone."""
        try:
            self._card.show(self._safe_frame, ttl_s=0)
        except (TransportError, CardRefusedError, ProtocolError) as error:
            log.warning("%s: no safe page left on the card: %s", self.name, error)
        self._card.close()

    # ---- dwell and evidence ---------------------------------------------------------------------------------

    def _dwell_and_record(self, showing: Showing, view: _View, acknowledged: AckLevel, stop: threading.Event) -> None:
        lit = self._trusted.read()
        started = self._clock.monotonic()
        self._count += 1
        self._publish(view, showing, str(view.plan.mode), "", lit.at)
        if showing.slot is not None and self._format is not PixelFormat.TEXT:
            self._keep_picture(showing.page)
        complete = self._dwell(showing, view, started, stop)
        if showing.slot is not None:
            self._record(showing, lit, self._clock.monotonic() - started, acknowledged, complete=complete)

    def _dwell_s(self, showing: Showing, view: _View) -> float:
        return max(showing.page.dwell_s, self._least_dwell(view.reading)) * self._pace

    def _record(
        self, showing: Showing, lit: Reading, seconds: float, ack: AckLevel, *, complete: bool, kind: str = ""
    ) -> None:
        assert showing.notice is not None
        assert showing.slot is not None
        row = ShownRow(
            notice_id=showing.notice.id,
            revision=showing.notice.revision,
            digest=showing.notice.digest,
            n=showing.number,
            of=showing.of,
            kind=kind or str(showing.page.kind),
            shown_at=lit.at,
            seconds=round(seconds, 3),
            page_sha256=showing.page.identity(self._format),
            ack=ack,
            complete=complete,
            clock=lit.trust,
            panel=self.name,
            turn=showing.slot.turn,
            words=self._format is PixelFormat.TEXT,
            accepts=self._accepts,
            required_days=effective_retention(showing.notice, self._policy),
        )
        try:
            self._ledger.record(row)
            self.disk_failed = False
        except StoreError as error:
            self._ledger.pass_over(row)
            self._disk_fails(error)

    def _keep_picture(self, page: Page) -> None:
        """The picture of a page that the card has acknowledged, once for each distinct page."""
        try:
            self._pictures.keep(page)
        except StoreError as error:
            self._disk_fails(error)

    def _disk_fails(self, error: StoreError) -> None:
        """The sign goes on; what is shown meanwhile is not counted, and said once."""
        if not self.disk_failed:
            log.critical("%s: evidence cannot be written: %s", self.name, error)
        self.disk_failed = True

    def _dwell(self, showing: Showing, view: _View, started: float, stop: threading.Event) -> bool:
        """Keep the page until its time is over (True) or it must go (False)."""
        until, complete = started + self._dwell_s(showing, view), True
        while (left := until - self._clock.monotonic()) > 0:
            if stop.is_set():
                return False
            self._tick()
            edge = (view.plan.valid_until - self._trusted.read().at).total_seconds()
            if self._repertoire.pending:  # go on drawing while the page stands
                self._repertoire.items(view.snapshot, self._tick)
            changed = self._wait(view.version, 0.0 if self._repertoire.pending else min(left, max(edge, 0.05)))
            if changed or edge <= 0:
                view = self._look()
                if self._ends_at_once(showing, view):
                    return False
                if complete and self._newcomer_waits(showing, view.plan):
                    until, complete = min(until, started + GLANCE_S), False
            elif not self._card_lives(view):
                return False
        return complete

    def _card_lives(self, view: _View) -> bool:
        """A page counts only if the card was there to the end of its dwell."""
        try:
            self._card.poll()
        except TransportError as error:
            self._lost(view, str(error))
            return False
        return True

    def _wait(self, version: int, seconds: float) -> bool:
        """Sleep until something newer than ``version`` is there (True) or ``seconds``, at most a tick, are over."""
        return self._notices.wait(version, min(seconds, TICK_S))

    def _tick(self) -> None:
        self._pulse.tick(f"player {self.name}")

    def _publish(
        self,
        view: _View,
        showing: Showing | None,
        mode: str,
        fault: str,
        since: datetime | None = None,
        dark: bool = False,
    ) -> None:
        self.status.put(
            PlayerStatus(
                panel=self.name,
                mode=mode,
                showing=showing,
                since=since,
                slots=view.plan.slots,
                valid_until=view.plan.valid_until,
                hidden=view.plan.hidden,
                failed=self._repertoire.failed,
                card_fault=fault,
                dark_confirmed=dark,
                pages_shown=self._count,
                short=view.plan.short,
                blame=view.plan.blame,
                announced=view.plan.announced,
                claims=view.plan.claims,
                items=self._repertoire.whole,
                link=self._card.link,
            )
        )
