"""What the round of the night makes up for when the PC is off at night, and what it leaves with a broken chain."""

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from kit import FakeClock
from ledsign.archivecheck import check_bundle
from ledsign.config import load_config
from ledsign.daemon import Daemon
from ledsign.seal import DeviceKey
from ledsign.statement import heartbeat, sentence
from ledsign.trust import ClockTrust
from lonely import lonely
from playlist_kit import SCREEN, at


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at(9, day=12))


@pytest.fixture
def daemon(tmp_path: Path, clock: FakeClock) -> Iterator[Daemon]:
    """A screen without town and card that nobody lets run."""
    made = Daemon(load_config(lonely(tmp_path, tmp_path / "cache", SCREEN)), clock)
    yield made
    made.database.close()


def events(daemon: Daemon) -> list[str]:
    rows = daemon.database.query("SELECT json_extract(line, '$.kind') FROM ledger ORDER BY seq")
    return [str(row[0]) for row in rows]


def bundles(daemon: Daemon) -> list[str]:
    return sorted(path.stem for path in (daemon.config.state / "archive").glob("*"))


def visit(daemon: Daemon, clock: FakeClock, when: datetime) -> list[str]:
    """The PC is on at that hour; the events of its round."""
    clock.advance((when - clock.now()).total_seconds())
    before = len(events(daemon))
    daemon.night.make_up()
    return events(daemon)[before:]


def test_a_pc_that_is_on_only_by_day_signs_once_a_day_and_makes_up_for_every_bundle(
    daemon: Daemon, clock: FakeClock
) -> None:
    daemon.ledger.append_event("start", clock.now(), {})
    assert visit(daemon, clock, at(9, day=12)) == ["verified", "root"]
    assert visit(daemon, clock, at(10, day=12)) == []
    assert visit(daemon, clock, at(2, 59, day=13)) == [], "a day of the round begins at 03:00"
    assert visit(daemon, clock, at(3, day=13))[-2:] == ["verified", "root"]
    # off from the tenth of December over the month's end
    assert visit(daemon, clock, at(9, day=9, month=12))[-2:] == ["verified", "root"]
    assert bundles(daemon) == []
    made_up = visit(daemon, clock, at(9, day=3, month=1, year=2027))
    assert made_up[-3:] == ["verified", "root", "archived"]
    assert bundles(daemon) == ["2026-11"]
    made_up = visit(daemon, clock, at(9, day=1, month=3, year=2027))
    assert made_up[-4:] == ["root", "archived", "archived", "archived"]
    assert bundles(daemon) == ["2026", "2026-11", "2026-12", "2027-01"]
    assert visit(daemon, clock, at(10, day=1, month=3, year=2027)) == []
    months = [check_bundle(daemon.config.state / "archive" / f"{name}.tar") for name in bundles(daemon)[1:]]
    assert [month["before"] for month in months[1:]] == [month["last"] for month in months[:-1]]


def test_a_broken_chain_is_signed_and_archived_no_more_and_the_status_says_so(
    daemon: Daemon, clock: FakeClock
) -> None:
    for _ in range(3):
        daemon.ledger.append_event("start", clock.now(), {})
    assert heartbeat(daemon)["ledger"]["broken"] is None  # type: ignore[index]
    with sqlite3.connect(daemon.database.path) as other:
        other.execute("DROP TRIGGER ledger_no_update")
        other.execute("UPDATE ledger SET line = replace(line, 'start', 'gloss') WHERE seq = 2")
    other.close()
    for day in (1, 2):
        assert {*visit(daemon, clock, at(9, day=day, month=3, year=2027))} <= {"gap"}
    assert bundles(daemon) == []
    assert heartbeat(daemon)["ledger"]["broken"] == "2 hash"  # type: ignore[index]
    assert "THE LEDGER IS BROKEN at row 2 hash" in sentence(daemon)


def test_a_chain_that_breaks_after_the_nights_walk_makes_no_bundle(daemon: Daemon, clock: FakeClock) -> None:
    daemon.ledger.append_event("start", clock.now(), {})
    visit(daemon, clock, at(9, day=10, month=12))
    (daemon.config.state / "archive" / "2026-11.tar").unlink()
    with sqlite3.connect(daemon.database.path) as other:
        other.execute("DROP TRIGGER ledger_no_update")
        other.execute("UPDATE ledger SET line = replace(line, 'start', 'gloss') WHERE seq = 1")
    other.close()
    assert visit(daemon, clock, at(10, day=10, month=12)) == []
    assert bundles(daemon) == []
    assert heartbeat(daemon)["ledger"]["broken"] == "1 hash"  # type: ignore[index]


def test_a_clock_that_nobody_believes_signs_nothing(daemon: Daemon, clock: FakeClock) -> None:
    clock.step(at(9, day=1, month=1, year=1970))
    assert visit(daemon, clock, at(10, day=1, month=1, year=1970)) == []
    clock.step(at(10, day=12))
    assert visit(daemon, clock, at(9, day=14)) == ["verified", "root"]


def test_a_ledger_with_the_roots_of_another_pc_is_not_signed_on(daemon: Daemon, clock: FakeClock) -> None:
    """Somebody put another screen's ledger into this state folder: its roots are genuine, but not by this device."""
    daemon.ledger.append_event("start", clock.now(), {})
    daemon.ledger.seal(DeviceKey(daemon.config.state.parent), SCREEN, clock.now(), ClockTrust.TRUSTED)
    assert visit(daemon, clock, at(10, day=12)) == []
    assert heartbeat(daemon)["ledger"]["broken"] == "2 key"  # type: ignore[index]
    public = DeviceKey(daemon.config.state.parent).public
    with (daemon.config.state / "device.pub").open("a", encoding="ascii") as known:
        known.write(public + "\n")  # the old PC's key, which the town knows: the ledger moved here on purpose
    assert visit(daemon, clock, at(10, day=13)) == ["verified", "root"]
    assert heartbeat(daemon)["ledger"]["broken"] is None  # type: ignore[index]


def test_a_disk_without_room_for_a_bundle_keeps_it_for_rows_and_is_asked_again_later(
    daemon: Daemon, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Usage(NamedTuple):
        free: int

    walks: list[int] = []
    verify = daemon.ledger.verify
    monkeypatch.setattr(daemon.ledger, "verify", lambda keys: (walks.append(1), verify(keys))[1])
    daemon.ledger.append_event("start", clock.now(), {})
    monkeypatch.setattr("ledsign.archive.disk_usage", lambda _: Usage(1 << 20))
    assert visit(daemon, clock, at(9, day=12, month=12))[-1] == "root"
    assert bundles(daemon) == []
    assert "needs 256 MB free, there are 1 MB" in caplog.text
    done = len(walks)
    assert visit(daemon, clock, at(9, 10, day=12, month=12)) == []
    assert len(walks) == done, "no walk of the whole chain every ten minutes"
    monkeypatch.undo()
    assert visit(daemon, clock, at(10, 1, day=12, month=12)) == ["archived"]
    assert bundles(daemon) == ["2026-11"]
