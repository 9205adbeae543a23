"""One panel: plan → render → send → record, a page at a time, for years.

The loop holds no schedule. Before every page, and whenever something newer arrives, it asks the pure plan what
belongs on screen; a page that lost its right ends at once, every other one finishes its dwell.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ledsign.card import Card
from ledsign.clock import Clock, ClockTrust, Reading, TrustedClock
from ledsign.errors import CardRefusedError, ProtocolError, TransportError
from ledsign.evidence import FAILED
from ledsign.feed.store import Snapshot
from ledsign.frame import AckLevel, Page, PixelFormat
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.lights import Lights
from ledsign.notice import AssetReader, Notice
from ledsign.pictures import Pictures
from ledsign.playlist.plan import plan
from ledsign.playlist.situation import PlanMode
from ledsign.policy import Policy
from ledsign.recorder import Recorder
from ledsign.render.pack import pack
from ledsign.render.pages import Renderer
from ledsign.repertoire import Repertoire
from ledsign.service import Pulse
from ledsign.showing import PlayerStatus, Showing, View, ends_at_once, newcomer_waits

log = logging.getLogger(__name__)

TICK_S = 2.0  # the longest the loop sleeps without a sign of life, its own and the card's
GLANCE_S = 1.0  # a page cut by a newcomer was on for at least so long
STUMBLES = 3  # failures of the loop without a notice to blame, before the safe page stands in
BLANK = "blank"  # mode of a panel that an operator keeps dark
_DARK = (BLANK, str(PlanMode.DARK))
NAP_S = 1.0  # pause after a card's "no" before the next try


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
        self._pace = pace
        self._lights = Lights(panel_name, card, policy)
        self._recorder = Recorder(panel_name, ledger, pictures, policy, trusted, self._format, accepts)
        self._stumbles = 0
        self._count = 0

    @property
    def disk_failed(self) -> bool:
        """Whether what is shown cannot be written down at present."""
        return self._recorder.disk_failed

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

    def _look(self) -> View:
        snapshot, version = self._notices.get()
        items = self._repertoire.items(snapshot, self._tick)
        reading = self._trusted.read()  # drawing a new notice takes its time
        made = plan(
            items, self._exposures, self._policy, reading.at, reading.trust, self._screen, snapshot.cancelled,
            earliest=reading.earliest,
        )  # fmt: skip
        return View(snapshot, version, made, reading)

    def _choose(self, view: View) -> Showing:
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

    def _announcing(self, notice: Notice, digest: Page, view: View) -> Page:
        """The digest page; that of a long roster says when the full text runs, as long as that is to come."""
        coming = next((each for each in view.plan.announced if each.key == notice.key), None)
        if coming is None or view.reading.at is None or view.reading.at >= coming.starts:
            return digest
        return self._repertoire.announced(notice, digest, coming.starts)

    def _gives_way(self, showing: Showing, view: View) -> bool:
        """Whether what is on the card ends now, by the operator's order or by the plan."""
        return bool(self._blank.get()[0]) or ends_at_once(showing, view.plan, view.snapshot)

    def _send(self, showing: Showing, view: View) -> AckLevel | None:
        """Put the page on the card; None when it did not get there, after the wait that this calls for."""
        seen = view.version

        def overtaken() -> bool:
            nonlocal seen
            self._tick()
            version = self._notices.get()[1]
            if version == seen:
                return False
            seen = version
            return self._gives_way(showing, self._look())

        try:
            self._lights.turn(True, view.reading)
            acknowledged = self._card.show(pack(showing.page, self._format), abort=overtaken)
        except TransportError as error:
            self._lost(view, str(error))
            self._wait(view.version, max(error.retry_in, 0.2))
            return None
        except (CardRefusedError, ProtocolError) as error:
            self._lost(view, str(error))
            if isinstance(error, CardRefusedError):
                self._recorder.page(showing, view.reading, 0.0, AckLevel.SENT, complete=False, kind=FAILED)
            self._wait(view.version, NAP_S)
            return None
        if acknowledged < AckLevel.SENT:  # given up between two packets: something better waits
            return None
        self._recorder.back()
        return acknowledged

    def _dark(self, view: View) -> None:
        """Outside the lit hours, or blanked by an operator: the panel is off, and that is confirmed too."""
        fault = ""
        try:
            self._lights.turn(False, view.reading)
        except (TransportError, CardRefusedError, ProtocolError) as error:
            fault = str(error)
            log.warning("%s: cannot darken the panel: %s", self.name, error)
        self._publish(view, None, BLANK if self._blank.get()[0] else str(PlanMode.DARK), fault)
        until = (view.plan.valid_until - view.reading.at).total_seconds()
        self._wait(view.version, NAP_S if fault else max(until, 0.2))

    def _lost(self, view: View, fault: str) -> None:
        self._recorder.lost(view.reading, fault)
        self._publish(view, None, str(view.plan.mode), fault)

    def _farewell(self) -> None:
        """A safe page stands in for the daemon while it is gone."""
        try:
            self._card.show(self._safe_frame, ttl_s=0)
        except (TransportError, CardRefusedError, ProtocolError) as error:
            log.warning("%s: no safe page left on the card: %s", self.name, error)
        self._card.close()

    def _dwell_and_record(self, showing: Showing, view: View, acknowledged: AckLevel, stop: threading.Event) -> None:
        lit = self._trusted.read()
        started = self._clock.monotonic()
        self._count += 1
        self._publish(view, showing, str(view.plan.mode), "", lit.at)
        self._recorder.picture(showing)
        complete = self._dwell(showing, view, started, stop)
        self._recorder.page(showing, lit, self._clock.monotonic() - started, acknowledged, complete=complete)

    def _dwell_s(self, page: Page, reading: Reading) -> float:
        """At night pages change slowly: a lit street is not to flicker (the policy's anti-glare rule)."""
        night = reading.trust is not ClockTrust.UNTRUSTED and self._policy.is_night(reading.at)
        return max(page.dwell_s, self._policy.dwell.night_min_s if night else 0.0) * self._pace

    def _dwell(self, showing: Showing, view: View, started: float, stop: threading.Event) -> bool:
        """Keep the page until its time is over (True) or it must go (False)."""
        until, complete = started + self._dwell_s(showing.page, view.reading), True
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
                if self._gives_way(showing, view):
                    return False
                if complete and newcomer_waits(showing, view.plan, self._exposures):
                    until, complete = min(until, started + GLANCE_S), False
            elif not self._card_lives(view):
                return False
        return complete

    def _card_lives(self, view: View) -> bool:
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
        self, view: View, showing: Showing | None, mode: str, fault: str, since: datetime | None = None
    ) -> None:
        made = view.plan
        self.status.put(
            PlayerStatus(
                panel=self.name,
                mode=mode,
                showing=showing,
                since=since,
                slots=made.slots,
                valid_until=made.valid_until,
                hidden=made.hidden,
                failed=self._repertoire.failed,
                card_fault=fault,
                dark_confirmed=mode in _DARK and not fault,
                pages_shown=self._count,
                short=made.short,
                blame=made.blame,
                announced=made.announced,
                claims=made.claims,
                items=self._repertoire.whole,
                link=self._card.link,
            )
        )
