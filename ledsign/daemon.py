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
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from ledsign import __version__
from ledsign.answers import QUESTIONS, Answers
from ledsign.card import Card
from ledsign.centre import LOOP as CENTRE_LOOP
from ledsign.centre import CentreDesk, agent_policy
from ledsign.clock import Clock, ClockTrust, TrustedClock
from ledsign.config import Config, NtcipSection, PanelSection, access_key, policy_of
from ledsign.control import ControlServer
from ledsign.darkness import DarkWatch
from ledsign.database import Database
from ledsign.errors import FeedError, StoreError
from ledsign.feed.client import Backoff, PlatformClient
from ledsign.feed.integrity import load_keys
from ledsign.feed.store import Store
from ledsign.feed.sync import Syncer, send_receipts
from ledsign.frame import AckLevel, PixelFormat
from ledsign.holdings import PAGES
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.nightround import NightRound
from ledsign.ntcip_agent import NtcipAgent
from ledsign.pictures import Pictures
from ledsign.player import Player
from ledsign.render.pack import most_colours, shows_shades
from ledsign.render.pages import Renderer
from ledsign.seal import DeviceKey
from ledsign.service import Pulse, notify, watchdog_seconds
from ledsign.statement import heartbeat, sentence

log = logging.getLogger(__name__)

BUILT = datetime(2026, 11, 1, tzinfo=UTC)  # no honest clock is before the program was written
STEP_S = 2.0  # wall time moving against monotonic time by more than this is a clock step
BEAT_S = 1.0  # the main loop's own beat
FLOOR_EVERY_S = 600.0
MAKE_UP_MINUTES = 10  # how often is asked what the round of the night has to make up for
READY_WITHOUT_CARD_S = 60.0
UPLOAD_EVERY_S = 2.0
NAP_S = 1.0
FEED_LIMIT_S = 120.0  # a long-poll of 30 s and the assets behind it


class Daemon:
    """The whole screen PC: construct, ``run`` until the event is set, done. ``pace`` shortens dwell (demos).

    Raises ConfigError for a wrong file, StoreError when the state cannot be opened.
    """

    def __init__(self, config: Config, clock: Clock, *, pace: float = 1.0) -> None:
        self.config = config
        self.clock = clock
        self.policy = policy_of(config)
        self.keys = load_keys(config.keys_file)
        self.database = Database(config.state / "ledsign.db")
        self.database.migrate("daemon", ["CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID"])
        self.store = Store(self.database, config.state / "assets")
        self.ledger = Ledger(self.database, passes_min=self.policy.complete_passes_min)
        self.device_key = DeviceKey(config.state)
        self.pictures = Pictures(config.state / PAGES)
        self.remember("screen", config.screen.code)
        self.trusted = TrustedClock(clock, self._floor(), built=BUILT)
        self.notices = Latest(self.store.active())
        self.blank = Latest(self.recall("blank"))
        self.pulse = Pulse(clock)
        self.players = [self._player(section, pace) for section in config.panels]
        self.client: PlatformClient | None = None
        self.syncer: Syncer | None = None
        if config.platform:
            self.client = PlatformClient(
                config.platform.url, config.screen.code, access_key(config.platform), config.platform.ca_file, clock
            )
            self.syncer = Syncer(
                self.client,
                self.store,
                self.policy,
                self.keys,
                config.screen.code,
                clock,
                self.trusted,
                self.notices,
                alive=lambda: self.pulse.tick("feed", FEED_LIMIT_S),
            )
        self.answers = Answers(self)
        self.night = NightRound(self)
        self.agent = self._agent(config.ntcip) if config.ntcip else None
        self._darkness = DarkWatch(clock, self.trusted, self.store, self.ledger, self.players, BEAT_S)
        self._stop = threading.Event()
        self._forgotten: set[str] = set()
        self._ready = False
        self._origin = clock.monotonic()
        self._wall_minus_monotonic = self._offset()
        self._calendar_due = True  # to be made, or made anew after a step, once the time is believed
        self._floor_written = clock.monotonic()

    # ---- wiring ---------------------------------------------------------------------------------------------

    def _player(self, section: PanelSection, pace: float) -> Player:
        panel = self.config.panel(section)
        flash = section.card.flash_per_day
        card = Card(section.card.family, section.card.url, panel, self.clock, flash_a_day=flash)
        return Player(
            panel_name=section.name,
            screen=self.config.screen.code,
            card=card,
            renderer=Renderer(
                panel,
                self.policy,
                self.config.cache,
                most_colours(card.formats[0]),
                PixelFormat.TEXT in card.formats,
                shows_shades(card.formats[0]),
            ),
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

    def _agent(self, section: NtcipSection) -> NtcipAgent:
        """The screen as a standard sign for the emergency centre."""
        shown = next(each for each in self.config.panels if section.panel in (None, each.name))
        panel = replace(self.config.panel(shown), name=shown.name)
        return NtcipAgent(agent_policy(section), panel, self.clock, CentreDesk(self, section), __version__)

    def _floor(self) -> datetime:
        """The earliest time it can be: build date, last time written down, end of the newest believed row."""
        times = [BUILT, self.ledger.newest() or BUILT]
        if written := self.recall("floor"):
            times.append(datetime.fromisoformat(written))
        return max(times)

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
        if self.client is not None:
            loops.append(self._start("feed", self._feed_loop))
            loops.append(self._start("evidence", self._evidence_loop))
        if self.agent is not None:
            loops.append(self._start(CENTRE_LOOP, self.agent.run))
        try:
            self._watch(stop, calendar)
        finally:
            self._stop.set()
            self._notify("STOPPING=1")
            self.store.tell(self.notices)  # wakes the players
            if self.client is not None:
                self.client.close()
            if calendar.running:
                calendar.shutdown(wait=False)
            control.close()
            for thread in loops:
                thread.join(10)
            self._event("stop")
            self._anchor()
            self._write_floor()
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
            if self._ready and now - shown >= UPLOAD_EVERY_S:
                self._notify(f"STATUS={sentence(self)}")
                shown = now
            if now - self._floor_written >= FLOOR_EVERY_S:
                self._write_floor()

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

    # ---- time -----------------------------------------------------------------------------------------------

    def _offset(self) -> float:
        return self.clock.now().timestamp() - self.clock.monotonic()

    def _check_clock(self, calendar: BackgroundScheduler) -> None:
        """Notice a step of wall time: the plan is asked again and the calendar made anew. A coarse scheduler
        that slept through a step would stay asleep for as long as the step was."""
        offset = self._offset()
        step = offset - self._wall_minus_monotonic
        stepped = abs(step) > STEP_S
        self._wall_minus_monotonic = offset
        if stepped:
            log.warning("the clock was moved by %.1f s", step)
            self._event("clock_moved", seconds=round(step, 1))
            self.store.tell(self.notices)
        self._calendar_due = self._calendar_due or stepped
        believed = self.trusted.read().trust is not ClockTrust.UNTRUSTED
        if stepped and not believed:
            log.warning("the time is not believed until it is confirmed or moved back")
        if believed and self._calendar_due:
            self._calendar_due = False
            calendar.remove_all_jobs()
            calendar.add_job(self.night.make_up, "interval", minutes=MAKE_UP_MINUTES, misfire_grace_time=3600)
            if not calendar.running:
                calendar.start()

    def _write_floor(self) -> None:
        self._floor_written = self.clock.monotonic()
        reading = self.trusted.read()
        if reading.trust is ClockTrust.TRUSTED:  # an unconfirmed clock may be in the future
            floor = reading.at - timedelta(minutes=1)
            self.trusted.raise_floor(floor)
            try:
                self.remember("floor", floor.isoformat())
            except StoreError as error:
                log.error("the time floor cannot be written: %s", error)

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

    # ---- loops ----------------------------------------------------------------------------------------------

    def _feed_loop(self, stop: threading.Event) -> None:
        assert self.syncer is not None
        assert self.config.platform is not None
        backoff, lost = Backoff(base=1.0, cap=float(self.config.platform.poll_seconds)), 0
        while not stop.is_set():
            self.pulse.tick("feed", FEED_LIMIT_S)
            try:
                pulled = self.syncer.pull(self.config.platform.wait_seconds)
            except (FeedError, StoreError) as error:
                if not lost and not stop.is_set():
                    log.warning("no news: %s", error)
                lost += 1
                stop.wait(backoff.next())
                continue
            if lost:
                log.info("news again after %d failures", lost)
                lost = 0
                backoff.reset()
            for refused in pulled.refused:
                log.warning("refused %s: %s %s", refused.id, refused.reason, refused.detail)
            for notice_id, revision in pulled.accepted:
                log.info("accepted %s revision %d", notice_id, revision)
            if self.config.platform.wait_seconds == 0:
                stop.wait(self.config.platform.poll_seconds)

    def _evidence_loop(self, stop: threading.Event) -> None:
        """Rows to the platform, each once; a heartbeat between them."""
        assert self.client is not None
        assert self.config.platform is not None
        client = self.client.twin()
        backoff = Backoff(base=1.0, cap=60.0)
        beat = self.clock.monotonic() - self.config.platform.heartbeat_seconds
        while not stop.is_set():
            self.pulse.tick("evidence", FEED_LIMIT_S)
            try:
                while rows := self.ledger.unsent(200):
                    self.pulse.tick("evidence", FEED_LIMIT_S)
                    sent = send_receipts(client, rows)
                    for receipt, reason in sent.rejected.items():
                        log.error("the platform refuses receipt %s: %s", receipt, reason)
                    if not sent.accepted and not sent.rejected:
                        break
                    self.ledger.mark_sent(sent.accepted, sent.rejected)
                if self.clock.monotonic() - beat >= self.config.platform.heartbeat_seconds:
                    client.heartbeat(heartbeat(self))
                    beat = self.clock.monotonic()
                backoff.reset()
                stop.wait(UPLOAD_EVERY_S)
            except (FeedError, StoreError) as error:
                log.debug("evidence waits: %s", error)
                stop.wait(backoff.next())
        client.close()

    def _event(self, kind: str, **detail: object) -> None:
        reading = self.trusted.read()
        try:
            self.ledger.append_event(kind, reading.at, detail, reading.trust)
        except StoreError as error:
            log.error("%s cannot be written down: %s", kind, error)
