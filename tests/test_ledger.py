"""Append-only, chained, counted once: what the ledger must stand."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kit import FakeClock
from ledger_kit import filled, row, tampered
from ledsign.clock import TrustedClock
from ledsign.database import Database, read_only
from ledsign.errors import LedgerError, StoreError
from ledsign.evidence import FAILED, Head, read_anchor, verify_lines
from ledsign.frame import AckLevel, PageKind
from ledsign.ledger import Ledger
from ledsign.ledgerbook import (
    BOM,
    Register,
    RegisterEntry,
    certificate,
    head,
    in_service,
    register_csv,
    rows,
    tail,
)
from ledsign.outbox import Outbox
from ledsign.playlist.exposure import Exposure
from ledsign.proof import verify
from ledsign.seal import DeviceKey
from ledsign.tally import tallies, tally_document
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state" / "ledsign.db", ballast_bytes=4096) as opened:
        yield opened


def test_a_row_and_its_account_are_written_together(database: Database) -> None:
    ledger = filled(database)
    exposure = ledger.exposures("main")["a", 1]
    assert (exposure.passes, exposure.day_passes, exposure.bookmark, exposure.turn) == (5, 5, 0, 5)
    assert exposure.air_s == pytest.approx(20 * 10.25)
    assert ledger.verify().rows == 20
    assert ledger.exposures("other") == {}


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = filled(database, 7)
        before, end = dict(ledger.exposures("main")), ledger.head
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        again = Ledger(database)
        assert dict(again.exposures("main")) == before
        assert again.head == end
        assert again.newest() == at(9, 6) + timedelta(seconds=10.25)
        again.record(row(n=4, of=4, turn=2, minute=7))
        assert again.exposures("main")["a", 1].passes == 2
        assert again.verify().ok


def test_nothing_is_counted_when_the_row_cannot_be_written(database: Database) -> None:
    ledger = filled(database, 3)
    before = ledger.exposures("main")["a", 1]
    with database.transaction() as connection:
        connection.execute("CREATE TRIGGER broken BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreError):
        ledger.record(row(n=4, of=4))
    assert ledger.exposures("main")["a", 1] == before
    assert Ledger(database).exposures("main")["a", 1] == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET line = replace(line, '\"n\":1', '\"n\":2') WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 2",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger (seq, line, hash) VALUES (2, '{}', x'00')",
        "INSERT INTO ledger (seq, line, hash) VALUES (99, '{}', x'00')",
    ],
)
def test_the_table_is_append_only(database: Database, statement: str) -> None:
    filled(database, 4)
    with pytest.raises(StoreError, match="append-only"), database.transaction() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statements", "bad", "reason"),
    [
        (["UPDATE ledger SET line = replace(line, '\"n\":1', '\"n\":2') WHERE seq = 5"], 5, "hash"),
        (["UPDATE ledger SET hash = zeroblob(32) WHERE seq = 7"], 7, "hash"),
        (["DELETE FROM ledger WHERE seq = 8"], 8, "sequence"),
        (["DELETE FROM ledger WHERE seq = 1"], 1, "sequence"),
        (["DELETE FROM ledger WHERE seq = 8", "UPDATE ledger SET seq = seq - 1 WHERE seq > 8"], 8, "hash"),
        (
            [
                "UPDATE ledger SET seq = -1 WHERE seq = 3",
                "UPDATE ledger SET seq = 3 WHERE seq = 4",
                "UPDATE ledger SET seq = 4 WHERE seq = -1",
            ],
            3,
            "hash",
        ),
        (["DELETE FROM ledger WHERE seq > 15"], 16, "tail"),
    ],
    ids=["altered", "hash altered", "deleted", "first deleted", "deleted and closed up", "swapped", "tail cut"],
)
def test_verify_names_the_first_bad_row(database: Database, statements: list[str], bad: int, reason: str) -> None:
    ledger = filled(database)
    anchor = ledger.anchor()
    tampered(database, *statements)
    with read_only(database.path) as connection:
        result = verify(connection, [anchor])
    assert (result.bad_seq, result.reason, result.rows) == (bad, reason, bad - 1)
    assert ledger.verify().bad_seq == bad
    with pytest.raises(LedgerError, match=f"row {bad}: {reason}"):
        result.require()


def test_a_rewritten_tail_differs_from_its_anchor(database: Database) -> None:
    ledger = filled(database, 5)
    anchor = ledger.anchor()
    tampered(database, "DELETE FROM ledger WHERE seq = 5")
    other = Ledger(database)
    other.record(row("b", minute=59))
    assert other.verify().ok
    with read_only(database.path) as connection:
        assert verify(connection, [anchor]).reason == "head"


def test_a_tail_cut_below_what_the_town_has_shows_without_an_anchor(database: Database) -> None:
    filled(database, 6)
    outbox = Outbox(database)
    outbox.mark_sent([str(r["receipt_id"]) for r in outbox.unsent()])
    tampered(database, "DELETE FROM ledger WHERE seq > 4")
    with read_only(database.path) as connection:
        assert verify(connection).reason == "tail"


def test_the_anchor_is_read_back_or_refused(database: Database) -> None:
    ledger = filled(database, 2)
    path = database.path.with_name("ledsign.db.head")
    assert read_anchor(path) is None
    assert ledger.anchor() == read_anchor(path) == ledger.head
    path.write_text("{}")
    with pytest.raises(LedgerError):
        read_anchor(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError):
        ledger.anchor()


def test_an_empty_ledger_is_sound(database: Database) -> None:
    ledger = Ledger(database)
    assert ledger.newest() is None
    assert ledger.verify().head == Head(0, bytes(32).hex())
    assert verify_lines([]).ok
    with read_only(database.path) as connection:
        assert verify(connection).ok
        assert head(connection).seq == 0


def test_rows_outlive_the_account_of_a_deleted_notice(database: Database) -> None:
    ledger = filled(database, 4)
    ledger.forget([("a", 1), ("never", 1)])
    assert ledger.exposures("main") == {}
    assert Ledger(database).exposures("main") == {}
    with read_only(database.path) as connection:
        made = certificate(connection, "a")
        assert made is not None
        assert made.tallies[0].exposure.passes == 1
        assert made.head == ledger.head
        assert certificate(connection, "b") is None


def bare(exposure: Exposure) -> Exposure:
    """Without the screen's air time, which the rows of one notice do not know."""
    return replace(exposure, air_s=0.0, page_air_s=0.0, digest_air_s=0.0, pass_air_s=0.0)


def test_what_is_counted_again_from_the_rows_equals_the_accounts(database: Database) -> None:
    ledger = Ledger(database)
    shapes = [("a", 1, 3), ("b", 1, 1), ("a", 2, 3), ("a", 3, 3), ("b", 1, 1), ("a", 1, 3)]
    for turn, (name, n, of) in enumerate(shapes, 1):
        ledger.record(row(name, n, of, turn, turn, seconds=7.0004))
    ledger.record(row("a", 2, 3, 7, 8, complete=False, seconds=2.0))
    ledger.record(row("a", 2, 3, 7, 9, kind=FAILED, complete=False, seconds=0.0))
    ledger.record(row("a", 0, 3, 8, 10, kind=PageKind.DIGEST))
    ledger.record(row("a", 3, 3, 8, 11, clock=ClockTrust.UNTRUSTED))
    ledger.record(row("b", 1, 1, 9, 12, ack=AckLevel.SENT))
    with read_only(database.path) as connection:
        counted = {t.key: t for t in tallies(rows(connection), in_service(connection))}
    for key, exposure in ledger.exposures("main").items():
        assert bare(counted[key].exposure) == bare(exposure)
    assert counted["a", 1].exposure.passes == 1
    assert counted["a", 1].untrusted_rows == 1
    assert tally_document(counted["b", 1])["evidence_level"] == 2


def test_untrusted_time_and_weak_acknowledgement_count_nothing_but_move_on(database: Database) -> None:
    ledger = Ledger(database)
    after = ledger.record(row(n=1, of=2, clock=ClockTrust.UNTRUSTED, shown_at=at(0, day=1, month=1, year=1970)))
    assert (after.passes, after.counted_days, after.bookmark) == (0, (), 1)
    after = ledger.record(row(n=2, of=2, ack=AckLevel.SENT))
    assert (after.passes, after.counted_days, after.bookmark) == (0, (), 0)
    lenient = Ledger(database, least_ack=AckLevel.SENT)
    assert lenient.record(row("b", ack=AckLevel.SENT, minute=1)).counted_days == (at(9).date(),)


def test_gaps_and_clock_steps_become_rows(tmp_path: Path) -> None:
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = filled(database, 2)
        ledger.record(row(minute=59))  # a long dark span inside one run is no gap: the hours may be over
        assert [r["kind"] for r in Outbox(database).unsent()] == ["body"] * 3
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        ledger.append_event("start", at(12), {"version": "x"})
        ledger.record(row(shown_at=at(12, 1)))
        ledger.record(row(shown_at=at(11)))
        ledger.record(row(shown_at=at(0, day=1, month=1, year=1970), clock=ClockTrust.UNTRUSTED))
        with read_only(database.path) as connection:
            newest = tail(connection, 6)
    assert [r["kind"] for r in newest] == ["gap", "start", "body", "clock_step", "body", "body"]
    assert newest[0]["detail"] == {"since": "2026-11-21T09:59:10.250+08:00"}


BOOT = at(8, day=1, month=1, year=1970)


def test_a_gap_over_a_boot_in_1970_is_told_once_the_time_is_known(tmp_path: Path) -> None:
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        Ledger(database).record(row())
    for _ in range(2):  # the first run never learns the time
        with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
            ledger = Ledger(database)
            ledger.append_event("start", BOOT, {}, ClockTrust.UNTRUSTED)
            ledger.record(row(shown_at=BOOT, clock=ClockTrust.UNTRUSTED))
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        ledger.append_event("start", BOOT, {}, ClockTrust.UNTRUSTED)
        ledger.append_event("clock_moved", at(8, day=23), {"seconds": 1}, ClockTrust.HOLDOVER)
        ledger.record(row(shown_at=at(8, day=23)))
        with read_only(database.path) as connection:
            newest = tail(connection, 9)
        assert ledger.verify().ok
    kinds = [r["kind"] for r in newest]
    assert kinds == ["body", "start", "body", "start", "body", "start", "gap", "clock_moved", "body"]
    assert newest[6]["detail"] == {"since": "2026-11-21T09:00:10.250+08:00"}


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=3652)])
def test_an_unbelieved_row_of_the_future_moves_no_floor(tmp_path: Path, ahead: timedelta) -> None:
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = filled(database, 1)
        end = ledger.newest()
        ledger.record(row(shown_at=at(10) + ahead, clock=ClockTrust.UNTRUSTED))
        ledger.append_event("stop", at(10) + ahead, {}, ClockTrust.UNTRUSTED)
        assert ledger.newest() == end
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        floor = ledger.newest()
        assert floor == end
        assert TrustedClock(FakeClock(at(10)), at(8), latest=floor).read().trust is ClockTrust.HOLDOVER
        ledger.record(row(shown_at=at(10)))
        kinds = [r["kind"] for r in Outbox(database).unsent()]
        assert kinds == ["body", "body", "stop", "gap", "body"]  # no step back


def test_a_root_stands_right_behind_the_row_it_signs(database: Database, tmp_path: Path) -> None:
    """Rows that other loops write while the key signs must wait: four of them once broke a sound chain."""
    ledger, writers = filled(database, 3), []

    class Slow(DeviceKey):
        def root(self, screen: str, day: str, head: Head, since: int, rows: Mapping[str, str]) -> dict[str, object]:
            for _ in range(4):
                writers.append(threading.Thread(target=ledger.append_event, args=("x", at(11), {})))
                writers[-1].start()
            writers[0].join(0.2)
            assert ledger.head == head
            return super().root(screen, day, head, since, rows)

    ledger.seal(Slow(tmp_path), SCREEN, at(11), ClockTrust.TRUSTED)
    for writer in writers:
        writer.join(10)
    assert ledger.head.seq == 8
    assert [r["kind"] for r in Outbox(database).unsent()][3:] == ["root"] + ["x"] * 4
    result = ledger.verify()
    assert (result.ok, result.roots) == (True, 1)


def test_the_head_read_beside_a_writer_is_one_value(database: Database) -> None:
    ledger, seen, stop = Ledger(database), set[Head](), threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(ledger.head)

    reader = threading.Thread(target=look)
    reader.start()
    for minute in range(50):
        ledger.record(row(minute=minute))
    stop.set()
    reader.join(10)
    with read_only(database.path) as connection:
        written = {Head(seq, digest.hex()) for seq, digest in connection.execute("SELECT seq, hash FROM ledger")}
    assert seen
    assert seen <= written | {Head(0, bytes(32).hex())}


@pytest.mark.parametrize(
    "values",
    [{"seconds": -1.0}, {"seconds": float("nan")}, {"n": 2}, {"turn": 0}, {"shown_at": at(9).replace(tzinfo=None)}],
)
def test_impossible_rows_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"impossible|zone"):
        row(**values)  # type: ignore[arg-type]


def test_the_register_is_a_spreadsheet_with_fifteen_columns(database: Database) -> None:
    ledger = filled(database, 8)
    ledger.record(row("b", minute=40, revision=2))
    entries = Register({("a", 1): RegisterEntry(title="=1+1", category="财务往来")})
    with read_only(database.path) as connection:
        text = register_csv(tallies(rows(connection, at(9).date(), at(9).date()), in_service(connection)), entries)
        assert list(rows(connection, at(9, day=22).date())) == []
    lines = text.split("\r\n")
    assert lines[0].startswith(f"{BOM}序号,类别,事项,标题,文号,公开时间,起,止,有效公开天数,完整播放次数,页数,")
    assert lines[1] == f"1,财务往来,,'=1+1,,,2026-11-21,2026-11-21,1,2,4,,,{'d' * 64},"
    assert lines[2].endswith("修订第2版")
    assert len(lines[0].split(",")) == len(lines[1].split(",")) == 15


def test_the_register_is_the_same_on_a_second_run(database: Database) -> None:
    filled(database, 8)
    with read_only(database.path) as connection:
        once, again = (register_csv(tallies(rows(connection), in_service(connection)), Register()) for _ in range(2))
    assert once == again


def test_a_notice_is_reported_as_its_weakest_panel_has_it(database: Database) -> None:
    ledger = Ledger(database)
    for minute in (0, 1):
        ledger.record(row(turn=minute + 1, minute=minute))
    ledger.record(row(panel="side", minute=2))
    with read_only(database.path) as connection:
        (tally,) = tallies(rows(connection), in_service(connection))
        made = certificate(connection, "a")
    assert made is not None
    assert made.tallies == (tally,)
    assert (tally.exposure.passes, tally.rows) == (1, 1)
    assert (tally.first_at, tally.last_at) == (at(9), at(9, 2))  # the span is that of the whole screen
    assert tally_document(tally)["panels"] == {
        "main": {"counted_days": 1, "passes": 2},
        "side": {"counted_days": 1, "passes": 1},
    }


def test_a_panel_that_never_showed_it_counts_as_zero_while_it_was_in_service(database: Database) -> None:
    ledger = Ledger(database)
    ledger.append_event("start", at(8), {"panels": ["main", "side"]})
    ledger.record(row("a"))
    ledger.record(row("b", minute=1))
    ledger.record(row("b", panel="side", minute=1))
    ledger.record(row("a", turn=2, minute=5))
    ledger.append_event("start", at(8, day=22), {"panels": ["main", "side", "later"]})  # put up when "a" was gone
    ledger.record(row("c", panel="later", shown_at=at(9, day=22)))
    with read_only(database.path) as connection:
        counted = {tally.key[0]: tally for tally in tallies(rows(connection), in_service(connection))}
        made = certificate(connection, "a")
    assert made is not None
    assert counted["a"].exposure == made.tallies[0].exposure == Exposure()
    assert [(each.panel, each.passes) for each in made.tallies[0].panels] == [("main", 2), ("side", 0)]
    assert counted["a"].page_sha256  # its pictures are those of the panel that did show it
    assert [each.panel for each in counted["b"].panels] == ["main", "side"]
    assert [(each.panel, each.passes) for each in counted["c"].panels] == [("later", 1), ("main", 0), ("side", 0)]


def test_certificate_and_every_register_judge_the_same_panels(database: Database) -> None:
    """Two panels, one of them dead for the whole term: no document says that the notice was on show everywhere,
    whether the dead one is dark for good, comes back, or shows something just before and after."""
    ledger = Ledger(database)
    ledger.append_event("start", at(8), {"panels": ["main", "side"]})
    ledger.record(row("other", panel="side"))
    for day in range(2, 13):
        ledger.record(row("a", turn=day, shown_at=at(9, day=day, month=12)))
    last = at(9, day=12, month=12).date()
    for comes_back in (False, True):
        if comes_back:
            ledger.record(row("other", panel="side", turn=2, shown_at=at(9, day=20, month=12)))
        with read_only(database.path) as connection:
            service, made = in_service(connection), certificate(connection, "a")
            spans = [(None, None), (at(9, day=2, month=12).date(), last)]
            registers = [tallies(rows(connection, *span), service) for span in spans]
        assert made is not None
        for counted in (made.tallies, *registers):
            (tally,) = (each for each in counted if each.key[0] == "a")
            figures = {each.panel: each.counted_days for each in tally.panels}
            assert (figures, tally.exposure.counted_days) == ({"main": 11, "side": 0}, ())


def test_a_panel_is_in_service_from_the_start_that_names_it_to_the_one_that_does_not(database: Database) -> None:
    ledger = Ledger(database)
    ledger.append_event("start", at(8), {"panels": ["main", "side"]})  # 1: "side" never shows a thing
    ledger.record(row("a"))
    ledger.append_event("start", at(10), {})  # 3: says nothing about panels
    ledger.record(row("b", minute=1))
    ledger.append_event("start", at(11), {"panels": ["main", "third"]})  # 5: "side" was taken down, another put up
    ledger.record(row("c", minute=2))
    ledger.record(row("c", minute=3, panel="fourth"))  # the disk did not take the start that names it
    with read_only(database.path) as connection:
        service = in_service(connection)
        found = {each.key[0]: [one.panel for one in each.panels] for each in tallies(rows(connection), service)}
        made = [certificate(connection, name) for name in "abc"]
    assert found == {"a": ["main", "side"], "b": ["main", "side"], "c": ["fourth", "main", "third"]}
    assert [[one.panel for one in each.tallies[0].panels] for each in made if each] == list(found.values())
    assert service.at(0) == (0, frozenset())


def test_a_database_without_a_ledger_is_said_so(tmp_path: Path) -> None:
    with Database(tmp_path / "l.db", ballast_bytes=4096), read_only(tmp_path / "l.db") as connection:
        with pytest.raises(StoreError):
            verify(connection)
        with pytest.raises(StoreError):
            tail(connection, 1)


def test_reading_goes_on_while_the_daemon_writes(database: Database) -> None:
    ledger = filled(database, 50)
    stop = threading.Event()
    faults: list[sqlite3.Error] = []

    def read() -> None:
        try:
            with read_only(database.path) as connection:
                while not stop.is_set():
                    assert verify(connection).ok
        except sqlite3.Error as error:
            faults.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for index in range(100):
        ledger.record(row(turn=index + 1, minute=50))
    stop.set()
    reader.join(20)
    assert not reader.is_alive()
    assert faults == []
    assert ledger.verify().rows == 150
