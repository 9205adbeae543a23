"""Off the screen however the order comes: by feed, by USB stick, late, offline; and proof of how long it took."""

import json
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from kit import FakeClock
from ledsign.cli.operator import urgent
from ledsign.clock import SystemClock, TrustedClock
from ledsign.control import call
from ledsign.darkness import LATE_S, DarkWatch
from ledsign.database import Database, read_only
from ledsign.feed.accept import Known
from ledsign.frame import Page
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.ledgersql import DARKENED
from ledsign.panel import ColorMode, load_panels
from ledsign.playlist.situation import PlanMode
from ledsign.showing import PlayerStatus, Showing
from ledsign.stage import Setting, Stage, play, set_stage
from ledsign.town.samples import load_form, load_samples
from playlist_kit import at, notice

PAGE = Page(8, 8, ColorMode.MONO, bytes(8), 5.0)


class Watched:
    """A watch over two panels whose state the test sets by hand."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "l.db", ballast_bytes=4096)
        self.clock = FakeClock(at(9))
        self.gone: frozenset[str] = frozenset()
        self.ledger = Ledger(self.database)
        self.revision = 2
        self.start()
        for panel in (0, 1):
            self.put(panel, "before")

    def start(self) -> None:
        """A daemon begins: no card has confirmed anything to it."""
        self.panels = [SimpleNamespace(status=Latest(PlayerStatus(name))) for name in ("main", "side")]
        store = SimpleNamespace(tombstones=lambda: self.gone, known=lambda _id: Known(self.revision, "", True))
        trusted = TrustedClock(self.clock, at(6))
        self.watch = DarkWatch(self.clock, trusted, store, self.ledger, self.panels, 1.0)  # type: ignore[arg-type]

    def put(self, panel: int, shown: str | None = None, fault: str = "") -> None:
        showing = Showing(PAGE, PlanMode.ROTATION, notice=notice(shown)) if shown else None
        status = self.panels[panel].status
        status.put(replace(status.get()[0], showing=showing, card_fault=fault, pages_shown=1))

    def rows(self) -> list[tuple[str, dict[str, object]]]:
        found = self.database.query("SELECT line FROM ledger ORDER BY seq")
        documents = [json.loads(line) for (line,) in found]
        return [(document["kind"], document["detail"]) for document in documents if document["kind"] != "clock_step"]


@pytest.fixture
def watched(tmp_path: Path) -> object:
    made = Watched(tmp_path)
    yield made
    made.database.close()


def test_time_to_dark_runs_until_every_panel_has_confirmed_something_else(watched: Watched) -> None:
    watched.put(0, "a")
    watched.put(1, "a")
    watched.watch.look()
    assert watched.rows() == []
    watched.gone |= {"a"}
    watched.watch.look()
    watched.clock.advance(2.0)
    watched.put(0, "b")
    watched.watch.look()
    assert watched.rows() == []
    watched.clock.advance(1.5)
    watched.put(1)
    watched.watch.look()
    watched.watch.look()
    assert watched.rows() == [("dark", {"id": "a", "revision": 2, "ms": 4500, "panels": ["main", "side"]})]


def test_a_card_that_does_not_answer_may_still_be_lit_and_that_is_said_once(watched: Watched) -> None:
    watched.put(0, fault="no answer")
    watched.gone |= {"a"}
    for _ in range(5):
        watched.watch.look()
        watched.clock.advance(LATE_S / 2)
    assert watched.rows() == [("not_dark", {"id": "a", "revision": 2, "panels": {"main": "no answer"}})]
    watched.put(0, "b")
    watched.watch.look()
    assert [kind for kind, _ in watched.rows()] == ["not_dark", "dark"]


def test_a_notice_that_came_back_by_a_higher_revision_can_go_again(watched: Watched) -> None:
    for _ in range(2):
        watched.gone |= {"a"}
        watched.watch.look()
        watched.gone -= {"a"}
        watched.watch.look()
    assert [kind for kind, _ in watched.rows()] == ["dark", "dark"]


def test_killed_between_a_withdrawal_and_its_row_the_next_start_closes_it_once(watched: Watched) -> None:
    """Nobody measured it: no milliseconds, and the row's time is the moment by which it was dark at the latest."""
    watched.put(0, "a")
    watched.gone |= {"a"}
    watched.start()  # killed before the beat that would have seen it
    watched.watch.look()
    assert watched.rows() == [], "the cards of this run have confirmed nothing yet"
    watched.put(0, "b")
    watched.watch.look()
    assert watched.rows() == [], "the second one may still show it"
    watched.clock.advance(5.0)
    watched.put(1, "b")
    watched.watch.look()
    closed = [("dark", {"id": "a", "revision": 2, "ms": None, "panels": ["main", "side"]})]
    assert watched.rows() == closed
    (at_latest,) = watched.database.query("SELECT json_extract(line, '$.shown_at') FROM ledger WHERE seq = 1")[0]
    assert datetime.fromisoformat(at_latest) == watched.clock.now()
    watched.start()
    watched.put(0)
    watched.put(1)
    watched.watch.look()
    assert watched.rows() == closed, "what an earlier run wrote down is not written again"


def test_a_card_that_stays_silent_after_the_start_leaves_an_old_withdrawal_open_and_says_so(watched: Watched) -> None:
    watched.gone |= {"a"}
    watched.start()
    watched.put(0)
    for _ in range(4):
        watched.watch.look()
        watched.clock.advance(LATE_S / 2)
    assert watched.rows() == [("not_dark", {"id": "a", "revision": 2, "panels": {"side": ""}})]


def test_a_higher_revision_withdrawn_while_the_daemon_was_down_is_another_end(watched: Watched) -> None:
    watched.gone |= {"a"}
    watched.watch.look()
    watched.revision = 4
    watched.start()
    watched.put(0)
    watched.put(1)
    watched.watch.look()
    assert [(kind, detail["revision"], detail["ms"]) for kind, detail in watched.rows()] == [
        ("dark", 2, 1000),
        ("dark", 4, None),
    ]


def test_the_start_asks_an_index_and_not_the_whole_ledger(watched: Watched) -> None:
    steps = watched.database.query(f"EXPLAIN QUERY PLAN {DARKENED}")
    assert any("ledger_event" in str(step[3]) for step in steps), steps


# ---- on stage: town, daemon, simulated card -------------------------------------------------------------------


@pytest.fixture
def stage(root: Path, tmp_path: Path) -> object:
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    with set_stage(Setting(panel, "990203104205", tmp_path / "out", pace=0.05), SystemClock()) as made:
        yield made


def events(stage: Stage, kind: str) -> list[dict[str, object]]:
    connection = read_only(stage.config.parent / "state" / "ledsign.db")
    try:
        found = [json.loads(line) for (line,) in connection.execute("SELECT line FROM ledger ORDER BY seq")]
    finally:
        connection.close()
    return [document["detail"] for document in found if document.get("kind") == kind]


def test_a_signed_withdrawal_from_a_usb_stick_beats_cache_card_and_a_late_copy(stage: Stage, tmp_path: Path) -> None:
    """The platform is unreachable; the clerk hands the screen the town's own signed file."""
    clock = SystemClock()
    samples = load_samples()
    with play(stage, clock):
        going, staying = stage.publish(samples[0]), stage.publish(samples[3])
        assert stage.lit(going, 0.0, 20) is not None
        assert stage.lit(staying, 0.0, 20) is not None
    original = _raw(stage, going.id, 1)
    answer = stage.staff("POST", f"/v1/notices/{going.id}/withdraw", load_form("withdraw-party-dues"))
    tombstone = _raw(stage, going.id, int(str(answer["revision"])))
    offline = json.loads(stage.config.read_text(encoding="utf-8"))
    del offline["platform"]
    stage.config.write_text(json.dumps(offline), encoding="utf-8")
    with play(stage, clock) as daemon:
        assert stage.lit(going, clock.monotonic() - 0.1, 20) is not None  # nobody told it yet
        since = clock.monotonic()
        stick = [tmp_path / "broken.json", tmp_path / "withdrawal.json"]
        for path, text in zip(stick, ("{}", tombstone), strict=True):
            path.write_text(text, encoding="utf-8")
        order = ["push", *map(str, stick), "--socket", str(stage.config.parent / "control.sock"), "--json"]
        told = CliRunner().invoke(urgent, order)
        assert told.exit_code != 0, "the broken file is reported"
        assert json.loads(told.stdout)["lit"] is False, "and does not stop the one behind it"
        assert stage.gone(going, since, 10) is not None
        late = call(stage.config.parent / "control.sock", "push", {"raw": original, "wait": 1})
        assert (late["ok"], late["error"]) == (False, "refused")
        assert daemon.store.raw(going.id) is None
        until = clock.monotonic() + 10
        while not events(stage, "dark") and clock.monotonic() < until:
            time.sleep(0.1)
        names = daemon.ledger.pages_of(going.id)
        assert names
        assert not any((daemon.pictures.folder / f"{name}.png").exists() for name in names)
        seen = clock.monotonic()
    (dark,) = events(stage, "dark")
    assert dark["id"] == going.id
    assert 0 < int(str(dark["ms"])) <= 10_000
    with play(stage, clock):  # a restart, and the card's own memory: it never comes back
        assert stage.lit(staying, clock.monotonic() - 0.1, 20) is not None
    assert not any(stage.is_page_of(entry.sha256, going) for entry in stage.card.shown if entry.at > seen)


def _raw(stage: Stage, notice_id: str, revision: int) -> str:
    return json.dumps(stage.staff("GET", f"/v1/notices/{notice_id}/{revision}"), ensure_ascii=False)
