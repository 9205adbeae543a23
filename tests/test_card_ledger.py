"""What the ledger says against what is lit: the player on every family's simulated card, on every line, in simulated
time. Whatever goes wrong on the line, a page written down as confirmed and whole is the one on the glass."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import cardkit
from ledsign.clock import TrustedClock
from ledsign.database import Database
from ledsign.evidence import ShownRow
from ledsign.feed.store import Snapshot
from ledsign.frame import AckLevel
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.notice import AssetReader
from ledsign.pictures import Pictures
from ledsign.player import Player
from ledsign.protocol.codec import Link
from ledsign.render.pages import Renderer
from ledsign.service import Pulse
from ledsign.simulator.desk import Desk
from playlist_kit import at, notice, policy

PLAYED_S = 620.0


class DeskTime:
    """The desk's seconds, from nine in the morning on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def now(self) -> datetime:
        return at(9) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return self._desk.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._desk.clock.sleep(seconds)
        self._desk.arrive()


class Notices(Latest[Snapshot]):
    """Nothing new ever comes, and waiting for it takes no time of ours."""

    def __init__(self, time: DeskTime, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self._time = time

    def wait(self, seen: int, timeout: float) -> bool:
        self._time.sleep(max(0.05, timeout))
        return False


class Witness(Ledger):
    """A ledger that looks at the glass whenever something is written down."""

    def __init__(self, database: Database, bench: cardkit.Bench) -> None:
        super().__init__(database)
        self._bench = bench
        self.rows: list[ShownRow] = []
        self.untrue: list[ShownRow] = []

    def record(self, row: ShownRow) -> None:
        glass = self._bench.desk.glass
        if row.complete and row.ack > AckLevel.SENT and glass != row.page_sha256:
            self.untrue.append(row)
        self.rows.append(row)
        super().record(row)


def no_asset(*_asked: object) -> bytes:
    raise AssertionError("these notices have no pictures")


@pytest.mark.parametrize("line", cardkit.lines(), ids=lambda line: f"{line[0]}-{line[1]}")
def test_the_ledger_is_true_to_the_glass(line: tuple[str, Link], tmp_path: Path) -> None:
    """Late, double and foreign answers and noise all the time, a restart, five minutes of silence."""
    bench = cardkit.bench(*line)
    time = DeskTime(bench.desk)
    ledger = Witness(Database(tmp_path / "ledger.db"), bench)
    assets: AssetReader = no_asset
    player = Player(
        panel_name="main",
        screen=notice().village_code,
        card=bench.card,
        renderer=Renderer(bench.panel, policy()),
        assets=assets,
        ledger=ledger,
        policy=policy(),
        clock=time,
        trusted=TrustedClock(time, at(8)),
        notices=Notices(time, Snapshot((notice("甲"), notice("乙")))),
        blank=Latest(""),
        safe_lines=("某村",),
        pulse=Pulse(time),
        pictures=Pictures(tmp_path / "pages"),
    )
    stop = threading.Event()
    player.step(stop)
    bench.desk.fault("late=0.03:4,duplicate=0.2,foreign=0.3,garbage=0.1,drop=0.03,seed=8")
    todo = [(120.0, lambda: bench.desk.reboot(2.0)), (200.0, lambda: bench.desk.silence(300)), (PLAYED_S, stop.set)]
    for when, happens in todo:
        while time.monotonic() < when:
            player.step(stop)
        happens()
    assert ledger.untrue == []
    assert {row.ack for row in ledger.rows} <= {AckLevel.SENT, bench.card.ack}
    played = [row for row in ledger.rows if row.complete and row.ack is bench.card.ack]
    assert len(played) >= 5
    assert played[-1].shown_at > at(9) + timedelta(seconds=PLAYED_S - 60), "it recovered"
    assert ledger.verify().ok
