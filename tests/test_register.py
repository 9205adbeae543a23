"""The register (台账) says what became of every notice accepted: corrected, withdrawn, never shown, damaged."""

import csv
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from ledsign.database import Database, read_only
from ledsign.errors import StoreError
from ledsign.evidence import ShownRow
from ledsign.feed.accept import Context, judge
from ledsign.feed.store import Store
from ledsign.feed.strictjson import JsonObject
from ledsign.frame import AckLevel, PageKind
from ledsign.holdings import held_notices, register
from ledsign.ledger import Ledger
from ledsign.ledgerbook import BOM, in_service, register_csv, rows
from ledsign.tally import tallies
from ledsign.trust import ClockTrust
from notices import KEYS, SCREEN, draft, raw, withdrawal
from playlist_kit import at, policy


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        yield database


def deliver(store: Store, document: JsonObject, when: datetime) -> None:
    here = Context(SCREEN, KEYS, policy(), when)
    verdict = judge(raw(document), replace(here, known=store.known, cancelled=store.cancelled()))
    assert verdict.accept, verdict
    store.apply(verdict, raw(document), when)


def show(ledger: Ledger, document: JsonObject, when: datetime, kind: PageKind = PageKind.BODY) -> None:
    number = 0 if kind is PageKind.DIGEST else 1
    ledger.record(
        ShownRow(
            str(document["id"]), int(str(document["revision"])), "d" * 64, number, 1, kind, when, 10.0, "p" * 64,
            AckLevel.ACKED, True, ClockTrust.TRUSTED, "main", ledger.head.seq + 1,
        )
    )  # fmt: skip


def lines(database: Database, since: date | None = None, until: date | None = None) -> list[dict[str, str]]:
    with read_only(database.path) as connection:
        counted = tallies(rows(connection, since, until), in_service(connection))
        text = register_csv(counted, register(connection, policy()), since, until)
    return list(csv.DictReader(text.removeprefix(BOM).splitlines()))


def test_a_withdrawn_notice_keeps_its_line_without_its_words(database: Database, tmp_path: Path) -> None:
    store, ledger = Store(database), Ledger(database)
    first = draft(title="欠款人张某某公示")
    deliver(store, first, at(9))
    show(ledger, first, at(9, 5))
    before = lines(database)[0]
    assert (before["标题"], before["更正/撤回"]) == ("欠款人张某某公示", "")
    deliver(store, withdrawal(first, title="撤回"), at(10, day=22))
    after = lines(database)[0]
    assert (after["标题"], after["更正/撤回"]) == ("", "撤回 2026-11-22")
    kept = ("类别", "事项", "公开时间", "审批", "摘要值")
    assert all(after[name] == before[name] for name in kept)
    assert all(before[name] for name in kept)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert "欠款人张某某公示".encode() not in written


def test_what_is_withdrawn_for_secrecy_leaves_only_its_end(database: Database) -> None:
    store, ledger = Store(database), Ledger(database)
    deliver(store, first := draft(), at(9))
    show(ledger, first, at(9, 5))
    order = withdrawal(first)["withdrawal"]
    assert isinstance(order, dict)
    deliver(store, withdrawal(first, withdrawal={**order, "reason_code": "secrecy"}), at(10))
    (line,) = lines(database)
    assert (line["类别"], line["事项"], line["更正/撤回"]) == ("", "", "撤回 2026-11-21")


def test_an_operators_takedown_stands_in_the_register(database: Database) -> None:
    store, ledger = Store(database), Ledger(database)
    deliver(store, first := draft(), at(9))
    show(ledger, first, at(9, 5))
    store.takedown(str(first["id"]), "error", "root", at(11))
    assert lines(database)[0]["更正/撤回"] == "现场撤下 2026-11-21"


def test_each_revision_keeps_its_own_title(database: Database) -> None:
    store, ledger = Store(database), Ledger(database)
    for revision, title in ((1, "十月收支"), (2, "十月收支(更正)")):
        document = draft(revision=revision, title=title)
        deliver(store, document, at(9, revision))
        show(ledger, document, at(9, revision, 30))
    assert [line["标题"] for line in lines(database)] == ["十月收支", "十月收支(更正)"]
    assert [line["更正/撤回"] for line in lines(database)] == ["", "修订第2版"]


def test_a_notice_accepted_and_never_shown_has_a_line_of_its_days(database: Database) -> None:
    store = Store(database)
    Ledger(database)
    deliver(store, draft(title="从未上屏"), at(9))
    (line,) = lines(database, date(2026, 11, 1), date(2026, 11, 30))
    assert (line["标题"], line["起"], line["有效公开天数"], line["完整播放次数"]) == ("从未上屏", "", "0", "0")
    assert lines(database, date(2026, 12, 1), date(2026, 12, 31)) == []


def test_one_shown_only_as_a_digest_says_so(database: Database) -> None:
    store, ledger = Store(database), Ledger(database)
    deliver(store, first := draft(), at(9))
    show(ledger, first, at(9, 5), PageKind.DIGEST)
    assert lines(database)[0]["页数"] == "仅摘要"


def test_a_screen_that_kept_no_register_yet_enters_what_it_holds(database: Database) -> None:
    store = Store(database)
    Ledger(database)
    deliver(store, draft(title="旧库公告"), at(9))
    with database.transaction() as connection:
        connection.execute("DELETE FROM register")
    Store(database)
    (line,) = lines(database)
    assert line["标题"] == "旧库公告"
    with read_only(database.path) as connection:
        assert register(connection, policy()).entries[str(draft()["id"]), 1].accepted == "2026-11-21"


def test_a_damaged_notice_and_a_locked_database_are_errors_not_blank_lines(database: Database) -> None:
    store = Store(database)
    deliver(store, draft(), at(9))
    with database.transaction() as connection:
        connection.execute("UPDATE notice SET raw = X'7B'")
    with read_only(database.path) as connection, pytest.raises(StoreError, match="damaged"):
        list(held_notices(connection))
    closed = sqlite3.connect(":memory:")
    closed.close()
    with pytest.raises(StoreError):
        register(closed, policy())
