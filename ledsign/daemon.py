"""The room that constructs and wires everything, and keeps the loops alive.

Loops, each a thread that reads top to bottom: one a panel (``player``), one for the feed, one for the evidence
going back (receipts, heartbeat), one for the emergency centre where there is one (``centre``). The main thread
feeds the watchdog, watches the clock for steps and keeps the coarse calendar. Loops meet only in ``Latest`` values
and in the database.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from ledsign import __version__
from ledsign.answers import QUESTIONS, Answers
from ledsign.card import Card
from ledsign.centre import LOOP as CENTRE_LOOP
from ledsign.centre import CentreDesk, agent_policy
from ledsign.clock import Clock, ClockTrust, TrustedClock, no_network_time
from ledsign.config import Config, NtcipSection, PanelSection, PlatformSection, access_key, policy_of
from ledsign.control import ControlServer
from ledsign.darkness import DarkWatch
from ledsign.database import Database
from ledsign.drawing import renderer_for
from ledsign.errors import StoreError
from ledsign.feed.client import PlatformClient
from ledsign.feed.integrity import load_keys
from ledsign.feed.store import Store
from ledsign.feed.sync import Syncer
from ledsign.frame import AckLevel
from ledsign.holdings import PAGES
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.nightround import NightRound
from ledsign.ntcip_agent import NtcipAgent
from ledsign.outbox import Outbox
from ledsign.pictures import Pictures
from ledsign.player import Player
from ledsign.seal import DeviceKey
from ledsign.service import Pulse, notify, watchdog_seconds
from ledsign.statement import heartbeat, sentence
from ledsign.timewatch import FLOOR, TimeWatch, earliest
from ledsign.uplink import EVIDENCE, FEED, FEED_LIMIT_S, Uplink

log = logging.getLogger(__name__)

BUILT = datetime(2026, 11, 1, tzinfo=UTC)  # no honest clock is before the program was written
BEAT_S = 1.0  # the main loop's own beat
MAKE_UP_MINUTES = 10  # how often is asked what the round of the night has to make up for
READY_WITHOUT_CARD_S = 60.0
STATUS_EVERY_S = 2.0
NAP_S = 1.0


class Daemon:
    """The whole screen PC: construct, ``run`` until the event is set, done. ``pace`` shortens dwell
    (demos); ``kept`` says whether network time keeps the clock.

    Raises ConfigError for a wrong file, StoreError when the state cannot be opened.
    """

    def __init__(
        self, config: Config, clock: Clock, *, pace: float = 1.0, kept: Callable[[], bool] = no_network_time
    ) -> None:
        self.config = config
        self.clock = clock
        self.policy = policy_of(config)
        self.keys = load_keys(config.keys_file)
        self.database = Database(config.state / "ledsign.db")
        try:
            self._furnish(pace, kept)
        except BaseException:
            self.database.close()
            raise

    def _furnish(self, pace: float, kept: Callable[[], bool]) -> None:
        """Everything that rests on the database."""
        config, clock = self.config, self.clock
        self.database.migrate("daemon", ["CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"])
        self.store = Store(self.database, config.state / "assets")
        self.ledger = Ledger(self.database, passes_min=self.policy.complete_passes_min)
        self.outbox = Outbox(self.database)
        self.device_key = DeviceKey(config.state)
        self.pictures = Pictures(config.state / PAGES)
        self.remember("screen", config.screen.code)
        floor, latest = earliest(BUILT, self.recall(FLOOR)), self.ledger.newest()
        self.trusted = TrustedClock(clock, floor, built=BUILT, latest=latest, kept=kept)
        self.watch = TimeWatch(clock, self.trusted, self.remember)
        self.notices = Latest(self.store.active())
        self.blank = Latest(self.recall("blank"))
        self.pulse = Pulse(clock)
        self.players = [self._player(section, pace) for section in config.panels]
        self.uplink = self._uplink(config.platform) if config.platform else None
        self.syncer = self.uplink.syncer if self.uplink else None
        self.answers = Answers(self)
        self.night = NightRound(self)
        self.agent = self._agent(config.ntcip) if config.ntcip else None
        self._darkness = DarkWatch(clock, self.trusted, self.store, self.ledger, self.players, BEAT_S)
        self._stop = threading.Event()
        self._forgotten: set[str] = set()
        self._ready = False
        self._origin = clock.monotonic()
        self._calendar_due = True  # to be made, or made anew after a step, once the time is believed

    # ---- wiring ---------------------------------------------------------------------------------------------

    def _player(self, section: PanelSection, pace: float) -> Player:
        panel = self.config.panel(section)
        flash = section.card.flash_per_day
        card = Card(section.card.family, section.card.url, panel, self.clock, flash_a_day=flash)
        return Player(
            panel_name=section.name,
            screen=self.config.screen.code,
            card=card,
            renderer=renderer_for(panel, self.policy, self.config.cache, card.formats[0]),
            assets=self.store.asset,
            ledger=self.ledger,
            policy=self.policy,
            clock=self.clock,
            trusted=self.trusted,
            notices=self.notices,
            blank=self.blank,
            safe_lines=self.config.safe_page,
            pulse=self.pulse,
            pictures=self.pictures,
            pace=pace,
            accepts=AckLevel[section.card.least_ack.upper()],
        )

    def _uplink(self, section: PlatformSection) -> Uplink:
        client = PlatformClient(
            section.url, self.config.screen.code, access_key(section), section.ca_file, self.clock
        )
        syncer = Syncer(
            client,
            self.store,
            self.policy,
            self.keys,
            self.config.screen.code,
            self.clock,
            self.trusted,
            self.notices,
            alive=lambda: self.pulse.tick(FEED, FEED_LIMIT_S),
        )
        return Uplink(client, syncer, self.outbox, section, self.clock, self.pulse, lambda: heartbeat(self))

    def _agent(self, section: NtcipSection) -> NtcipAgent:
        """The screen as a standard sign for the emergency centre."""
        shown = next(each for each in self.config.panels if section.panel in (None, each.name))
        panel = replace(self.config.panel(shown), name=shown.name)
        return NtcipAgent(agent_policy(section), panel, self.clock, CentreDesk(self, section), __version__)

    def recall(self, name: str) -> str:
        """A word of the daemon's own memory, "" when it holds none."""
        rows = self.database.query("SELECT value FROM memory WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else ""

    def remember(self, name: str, value: str) -> None:
        """Write the word down; on disk when it returns."""
        with self.database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO memory VALUES (?, ?)", (name, value))

    # ---- running --------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Keep everything going until ``stop`` is set, then leave in order."""
        control = ControlServer(
            self.config.control,
            self.answers.handle,
            QUESTIONS,
            self.config.operators.users,
            self.config.operators.groups,
        )
        calendar = BackgroundScheduler(timezone=self.policy.zone, job_defaults={"coalesce": True})
        self._event("start", panels=[player.name for player in self.players])
        loops = [self._start(f"player {player.name}", player.run, player.stumbled) for player in self.players]
        if self.uplink is not None:
            loops.append(self._start(FEED, self.uplink.feed))
            loops.append(self._start(EVIDENCE, self.uplink.evidence))
        if self.agent is not None:
            loops.append(self._start(CENTRE_LOOP, self.agent.run))
        try:
            self._watch(stop, calendar)
        finally:
            self._stop.set()
            self._notify("STOPPING=1")
            self.store.tell(self.notices)  # wakes the players
            if self.uplink is not None:
                self.uplink.close()
            if calendar.running:
                calendar.shutdown(wait=False)
            control.close()
            for thread in loops:
                thread.join(10)
            self._event("stop")
            self._anchor()
            self.watch.write_floor()
            self.database.close()

    def _start(
        self, name: str, body: Callable[[threading.Event], None], recover: Callable[[str], None] | None = None
    ) -> threading.Thread:
        def guarded() -> None:
            while not self._stop.is_set():
                try:
                    body(self._stop)
                except Exception as error:
                    # the one place where anything is caught: the loop is started anew, the sign goes on
                    log.exception("%s failed and starts again", name)
                    if recover is not None:
                        recover(f"{type(error).__name__}: {error}")
                    self._stop.wait(NAP_S)
            self.pulse.retire(name)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _watch(self, stop: threading.Event, calendar: BackgroundScheduler) -> None:
        interval = watchdog_seconds()
        fed = shown = self.clock.monotonic()
        while not stop.wait(BEAT_S):
            now = self.clock.monotonic()
            self._check_clock(calendar)
            self._check_ready()
            self._forget_pictures()
            self._darkness.look()
            if stuck := self.pulse.stuck():
                log.critical("loops without a sign of life: %s", ", ".join(stuck))
            elif interval is not None and now - fed >= interval / 3:
                self._notify("WATCHDOG=1")
                fed = now
            if self._ready and now - shown >= STATUS_EVERY_S:
                self._notify(f"STATUS={sentence(self)}")
                shown = now
            self.watch.write_floor_in_time()

    def _check_ready(self) -> None:
        if self._ready:
            return
        statuses = [player.status.get()[0] for player in self.players]
        if any(status.pages_shown or status.dark_confirmed for status in statuses):
            self._ready = True
            self._notify("READY=1\nSTATUS=showing")
        elif self.clock.monotonic() - self._origin > READY_WITHOUT_CARD_S:
            self._ready = True
            self._notify("READY=1\nSTATUS=the card does not answer")

    @staticmethod
    def _notify(state: str) -> None:
        """Tell the service manager; that it does not listen must not end the sign."""
        try:
            notify(state)
        except StoreError as error:
            log.error("%s", error)

    def _check_clock(self, calendar: BackgroundScheduler) -> None:
        """After a step of wall time the plan is asked again and the calendar made anew: a coarse scheduler that slept
        through a step would stay asleep for as long as the step was."""
        step = self.watch.step()
        if step:
            self._event("clock_moved", seconds=round(step, 1))
            self.store.tell(self.notices)
        self._calendar_due = self._calendar_due or bool(step)
        if self._calendar_due and self.trusted.read().trust is not ClockTrust.UNTRUSTED:
            self._calendar_due = False
            calendar.remove_all_jobs()
            calendar.add_job(self.night.make_up, "interval", minutes=MAKE_UP_MINUTES, misfire_grace_time=3600)
            if not calendar.running:
                calendar.start()

    def _anchor(self) -> None:
        """Write the chain's end beside the database, so that a tail cut off later shows."""
        try:
            self.ledger.anchor()
        except StoreError as error:
            log.error("the ledger's anchor cannot be written: %s", error)

    def _forget_pictures(self) -> None:
        """Page pictures of what was withdrawn or taken down go with it."""
        gone = self.store.tombstones()
        self._forgotten &= gone
        for notice_id in gone - self._forgotten:
            try:
                self.pictures.remove(self.ledger.pages_of(notice_id))
            except StoreError as error:
                log.error("pictures of %s cannot be removed: %s", notice_id, error)
                continue
            self._forgotten.add(notice_id)

    def _event(self, kind: str, **detail: object) -> None:
        reading = self.trusted.read()
        try:
            self.ledger.append_event(kind, reading.at, detail, reading.trust)
        except StoreError as error:
            log.error("%s cannot be written down: %s", kind, error)
