"""What the ledger costs when it is large: appending beside the disk's own sync, verifying, a certificate.

    python tools/bench_ledger.py [--rows 1000000] [--folder DIR]

A ledger of so many rows is made in one go (forty notices of four pages in turn, 8,000 pages a day), then
measured as the daemon and the verbs use it. The append is timed twice: on disk, every row synced, and without the
sync; what is left then is the ledger's own share. All but the first are seconds of processor time: a busy machine
does not spoil them.
"""

import argparse
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sys import path

ROOT = Path(__file__).resolve().parent.parent
path.insert(0, str(ROOT))

from ledsign.database import Database, read_only  # noqa: E402
from ledsign.evidence import GENESIS, ROOT, Head, ShownRow, canonical_line, chain, event_document  # noqa: E402
from ledsign.frame import AckLevel, PageKind  # noqa: E402
from ledsign.ledger import Ledger  # noqa: E402
from ledsign.ledgerbook import Register, certificate, in_service, register_csv, rows  # noqa: E402
from ledsign.proof import check_notice, verify  # noqa: E402
from ledsign.rowsums import RowSums  # noqa: E402
from ledsign.seal import DeviceKey  # noqa: E402
from ledsign.tally import tallies  # noqa: E402
from ledsign.trust import ClockTrust  # noqa: E402

NOTICES, PAGES, A_DAY = 40, 4, 8_000
SHORT, SHORT_DAYS = "990102101201-20260101-C12-0001", 30  # on show for a usual term, the others all the time
APPENDS = 2_000
START = datetime(2026, 1, 1, 6, 30, tzinfo=UTC)


def shown(number: int) -> ShownRow:
    """The ``number``-th row (from 0)."""
    day, place = divmod(number, A_DAY)
    turn = number // PAGES
    usual = f"990102101201-20260101-C07-{turn % NOTICES:04}"
    return ShownRow(
        notice_id=SHORT if turn % NOTICES == 1 and day < SHORT_DAYS else usual, revision=1, digest="d" * 64,
        n=number % PAGES + 1, of=PAGES, kind=PageKind.BODY, shown_at=START + timedelta(days=day, seconds=6.5 * place),
        seconds=6.0, page_sha256=f"{turn % NOTICES * PAGES + number % PAGES:064x}", ack=AckLevel.ACKED, complete=True,
        clock=ClockTrust.TRUSTED, panel="main", turn=turn + 1,
    )  # fmt: skip


def chained(count: int, key: DeviceKey) -> Iterator[tuple[int, str, bytes]]:
    """The rows, behind each day's a root as the daemon writes it."""
    head, seq, since, sums = GENESIS, 0, 0, RowSums()
    for number in range(count):
        row = shown(number)
        line = canonical_line(row.document())
        seq, head = seq + 1, chain(head, line)
        sums.add([(seq, line.encode(), row.notice_id)])
        yield seq, line, head
        if number % A_DAY == A_DAY - 1:
            root = key.root("bench", row.shown_at.date().isoformat(), Head(seq, head.hex()), since, sums.document())
            line = canonical_line(event_document(ROOT, row.shown_at, root, ClockTrust.TRUSTED))
            since, seq, head, sums = seq, seq + 1, chain(head, line), RowSums()
            sums.add([(seq, line.encode(), None)])
            yield seq, line, head


def fill(database: Database, count: int) -> None:
    """The rows in one transaction; only the bench writes a ledger this way."""
    Ledger(database)
    key = DeviceKey(database.path.parent)
    with database.transaction() as connection:
        connection.executemany("INSERT INTO ledger (seq, line, hash) VALUES (?, ?, ?)", chained(count, key))


def appended(database: Database, first: int, synced: bool) -> float:
    """Seconds a row."""
    with database.transaction() as connection:
        connection.commit()
        connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'OFF'}")
        connection.execute("BEGIN IMMEDIATE")
    ledger = Ledger(database)
    clock = time.perf_counter if synced else time.process_time
    begun = clock()
    for number in range(first, first + APPENDS):
        ledger.record(shown(number))
    return (clock() - begun) / APPENDS


def timed(what: str, connection: sqlite3.Connection) -> None:
    """Verify, certificate and register of a quarter, each once."""
    begun = time.process_time()
    result = verify(connection)
    took = time.process_time() - begun
    assert result.ok
    print(f"verify {what}: {took:.2f} s, {result.rows / took:,.0f} rows a second", flush=True)
    for name in (shown(0).notice_id, SHORT):
        begun = time.process_time()
        checked = check_notice(connection, name)
        middle = time.process_time()
        made = certificate(connection, name)
        took = time.process_time() - begun
        assert made is not None
        assert not checked.whole
        rows_of = made.tallies[0].rows
        print(
            f"certificate of a notice with {rows_of:,} rows: {took:.2f} s, {middle - begun:.2f} s of it checking "
            f"them against {checked.roots} roots and walking {checked.walked:,} rows",
            flush=True,
        )
    first = START.date()
    begun = time.process_time()
    counted = tallies(rows(connection, first, first + timedelta(days=90)), in_service(connection))
    register = register_csv(counted, Register())
    took = time.process_time() - begun
    number = sum(tally.rows for tally in counted)
    print(f"register of a quarter ({number:,} rows, {len(register):,} characters): {took:.2f} s", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--folder", type=Path, help="where the database is made; otherwise a temporary folder")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="ledger-", dir=asked.folder) as folder:
        file = Path(folder) / "ledsign.db"
        with Database(file, ballast_bytes=4096) as database:
            begun = time.perf_counter()
            fill(database, asked.rows)
            print(f"{asked.rows:,} rows made in {time.perf_counter() - begun:.1f} s", flush=True)
            synced = appended(database, asked.rows, synced=True)
            unsynced = appended(database, asked.rows + APPENDS, synced=False)
            print(f"append: {synced * 1000:.3f} ms a row, {unsynced * 1000:.3f} ms of it not the sync", flush=True)
        size = file.stat().st_size
        print(f"file: {size / 1e6:.0f} MB, {size / (asked.rows + 2 * APPENDS):.0f} bytes a row", flush=True)
        with contextlib.closing(read_only(file)) as connection:
            timed(f"{asked.rows:,} rows", connection)


if __name__ == "__main__":
    main()
