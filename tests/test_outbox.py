"""Receipts on their way to the town: each row once, whatever happens in between."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ledger_kit import filled, row
from ledsign.database import Database
from ledsign.ledger import Ledger
from ledsign.outbox import Outbox
from playlist_kit import at


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "state" / "ledsign.db", ballast_bytes=4096) as opened:
        yield opened


def test_receipts_go_out_exactly_once(database: Database) -> None:
    ledger = filled(database, 10)
    outbox = Outbox(database)
    first = outbox.unsent(4)
    assert [r["seq"] for r in first] == [1, 2, 3, 4]
    assert first == outbox.unsent(4)
    outbox.unsent(4)
    outbox.mark_sent([str(first[1]["receipt_id"]), str(first[3]["receipt_id"]), "unheard of"])
    assert [r["seq"] for r in outbox.unsent(4)] == [1, 3, 5, 6]
    assert outbox.unsent_count() == 8
    outbox.mark_sent([str(r["receipt_id"]) for r in outbox.unsent(100)])
    assert outbox.unsent(4) == []
    assert outbox.unsent_count() == 0
    ledger.record(row(minute=30))
    assert [r["seq"] for r in Outbox(database).unsent()] == [11]


def test_one_bad_row_does_not_block_upload(database: Database) -> None:
    ledger = filled(database, 5)
    outbox = Outbox(database)
    receipts = outbox.unsent()
    bad = str(receipts[0]["receipt_id"])
    outbox.mark_sent([str(r["receipt_id"]) for r in receipts[1:]], rejected={bad: "schema"})
    assert outbox.unsent() == []
    assert database.query("SELECT seq, reason FROM ledger_rejected") == [(1, "schema")]
    assert ledger.verify().ok


def test_six_hours_offline_arrive_once_in_order_with_true_times(database: Database) -> None:
    ledger = Ledger(database)
    outbox = Outbox(database)
    for minute in range(360):
        ledger.record(row(turn=minute + 1, shown_at=at(9) + timedelta(minutes=minute)))
    received: list[object] = []
    while batch := outbox.unsent(50):
        received += [r["shown_at"] for r in batch]
        outbox.mark_sent([str(r["receipt_id"]) for r in batch])
    assert len(received) == 360
    assert received == sorted(received, key=str)
    assert received[-1] == "2026-11-21T14:59:00.000+08:00"
