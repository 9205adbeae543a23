"""The ledger: append-only record of what was on the screen, in one transaction with the accounts it feeds.

Rows survive the notice. Triggers refuse UPDATE and DELETE; whoever goes round them breaks the hash chain
(``evidence``). What was handed to the town is kept beside the rows, never in them. Reading for people
(verify, export, certificate) is in ``ledgerbook`` and needs no write access.
"""

import contextlib
import json
import os
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from sqlite3 import Connection
from types import MappingProxyType
from typing import Any

from ledsign.accounts import packed, unpacked
from ledsign.database import Database, read_only
from ledsign.errors import StoreError
from ledsign.evidence import (
    GENESIS,
    LINES,
    ROOT,
    Head,
    ShownRow,
    VerifyResult,
    canonical_line,
    chain,
    event_document,
    shown_of,
    verify_lines,
)
from ledsign.frame import AckLevel
from ledsign.playlist.exposure import NEVER, Exposure, Key, Shown, record
from ledsign.seal import DeviceKey, root_holds
from ledsign.trust import ClockTrust

GAP = timedelta(minutes=2)
STEP = timedelta(seconds=30)
TABLES = (
    """CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY,
        line TEXT NOT NULL,
        hash BLOB NOT NULL,
        notice TEXT GENERATED ALWAYS AS (json_extract(line, '$.notice_id')) VIRTUAL,
        day TEXT GENERATED ALWAYS AS (substr(json_extract(line, '$.shown_at'), 1, 10)) VIRTUAL
    )""",
    "CREATE INDEX ledger_notice ON ledger (notice, seq) WHERE notice IS NOT NULL",
    "CREATE INDEX ledger_day ON ledger (day, seq)",
    """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    # also stops INSERT OR REPLACE, which fires no delete trigger
    """CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    "CREATE TABLE exposure (panel TEXT, notice TEXT, revision INTEGER, state TEXT NOT NULL,"
    " PRIMARY KEY (panel, notice, revision)) WITHOUT ROWID",
    "CREATE TABLE exposure_day (panel TEXT, notice TEXT, revision INTEGER, day TEXT,"
    " PRIMARY KEY (panel, notice, revision, day)) WITHOUT ROWID",
    # every row up to `upto` is settled with the town; the two tables below hold what is out of order
    "CREATE TABLE ledger_outbox (id INTEGER PRIMARY KEY CHECK (id = 1), upto INTEGER NOT NULL)",
    "INSERT INTO ledger_outbox VALUES (1, 0)",
    "CREATE TABLE ledger_settled (seq INTEGER PRIMARY KEY)",
    "CREATE TABLE ledger_rejected (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL)",
    "CREATE INDEX ledger_dark ON ledger (json_extract(line, '$.detail.id'), json_extract(line, '$.detail.revision'))"
    " WHERE json_extract(line, '$.kind') = 'dark'",
)
BELIEVED = (
    "SELECT line FROM ledger WHERE json_extract(line, '$.clock') IS NOT 'untrusted' ORDER BY seq DESC LIMIT 1"
)
DARKENED = (
    "SELECT json_extract(line, '$.detail.id'), max(json_extract(line, '$.detail.revision')) FROM ledger"
    " WHERE json_extract(line, '$.kind') = 'dark' GROUP BY 1"
)


class Ledger:
    """The daemon's end of the ledger; thread-safe through the database's lock.

    ``least_ack``: acknowledgement a page needs to count; ``passes_min``: full passes that make a day count.
    """

    def __init__(self, database: Database, least_ack: AckLevel = AckLevel.ACKED, passes_min: int = 1) -> None:
        self._database = database
        self._least_ack = least_ack
        self._passes_min = passes_min
        database.migrate("ledger", TABLES)
        last = database.query("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")
        self._last: tuple[int, bytes] = last[0] if last else (0, GENESIS)  # one value: read without the lock
        believed = database.query(BELIEVED)
        self._end = self._row_end(json.loads(believed[0][0])) if believed else None
        self._writing = threading.RLock()  # the chain's end in memory and on disk change together
        self._opened = False  # a believed row was written in this run
        self._handed: dict[str, int] = {}
        self._exposures: dict[str, dict[Key, Exposure]] = {}
        self._air_s: dict[str, float] = {}
        self._load()

    def _load(self) -> None:
        days: dict[tuple[str, Key], list[date]] = {}
        for panel, notice, revision, day in self._database.query("SELECT * FROM exposure_day"):
            days.setdefault((panel, (notice, revision)), []).append(date.fromisoformat(day))
        for panel, notice, revision, state in self._database.query("SELECT * FROM exposure"):
            key = notice, revision
            exposure = unpacked(state, days.get((panel, key), ()))
            self._exposures.setdefault(panel, {})[key] = exposure
            self._air_s[panel] = max(self._air_s.get(panel, 0.0), exposure.air_s)

    @staticmethod
    def _row_end(document: Mapping[str, Any]) -> datetime:
        return datetime.fromisoformat(document["shown_at"]) + timedelta(milliseconds=document.get("ms", 0))

    @property
    def head(self) -> Head:
        """The chain's end; written down elsewhere it proves that the tail was not cut."""
        seq, digest = self._last
        return Head(seq, digest.hex())

    def newest(self) -> datetime | None:
        """End of the latest row whose clock was believed; a floor for the time of day."""
        return self._end

    def exposures(self, panel: str) -> Mapping[Key, Exposure]:
        """A live, read-only view of the panel's accounts, by (notice id, revision)."""
        return MappingProxyType(self._exposures.setdefault(panel, {}))

    def record(self, row: ShownRow) -> Exposure:
        """Write a row and bring its account up to date, both or neither. Returns the new account.

        Raises StoreError; nothing is counted then.
        """
        before, document = self._account(row), row.document()
        shown = shown_of(document, self._least_ack, self._air_s.get(row.panel, 0.0))
        after = record(before, shown, self._passes_min)

        def work(connection: Connection) -> tuple[int, bytes]:
            place = row.panel, row.notice_id, row.revision
            connection.execute("INSERT OR REPLACE INTO exposure VALUES (?, ?, ?, ?)", (*place, packed(after)))
            for day in after.counted_days[len(before.counted_days) :]:
                connection.execute("INSERT INTO exposure_day VALUES (?, ?, ?, ?)", (*place, day.isoformat()))
            return self._append(connection, document, row.shown_at, row.clock)

        with self._writing:
            self._commit(self._database.run(work), row.shown_at + timedelta(seconds=row.seconds), row.clock)
        self._turn(row, after, shown)
        return after

    def pass_over(self, row: ShownRow) -> None:
        """The disk would not take the row: turn the page in memory, so that the rotation goes on, count nothing."""
        shown = shown_of(row.document(), self._least_ack, self._air_s.get(row.panel, 0.0))
        self._turn(row, record(self._account(row), replace(shown, counts=False), self._passes_min), shown)

    def _account(self, row: ShownRow) -> Exposure:
        return self._exposures.get(row.panel, {}).get((row.notice_id, row.revision), NEVER)

    def _turn(self, row: ShownRow, after: Exposure, shown: Shown) -> None:
        self._exposures.setdefault(row.panel, {})[row.notice_id, row.revision] = after
        self._air_s[row.panel] = shown.air_s

    def append_event(
        self,
        kind: str,
        at: datetime,
        detail: Mapping[str, object],
        clock: ClockTrust = ClockTrust.TRUSTED,
        urgent: bool = False,
    ) -> None:
        """Write an event. ``urgent`` ones (a takedown) may use up the ballast on a full disk."""

        def work(connection: Connection) -> tuple[int, bytes]:
            return self._append(connection, event_document(kind, at, detail, clock), at, clock)

        with self._writing:
            self._commit(self._database.run(work, urgent=urgent), at, clock)

    def _append(
        self, connection: Connection, document: Mapping[str, object], at: datetime, clock: ClockTrust
    ) -> tuple[int, bytes]:
        """Insert a row, before it a gap when the screen was unattended or a step when the clock jumped back.
        Both are told by believed rows alone: after a boot in 1970 the gap comes once the time is known."""
        seq, head = self._last
        documents = [document]
        if self._end is not None and clock is not ClockTrust.UNTRUSTED:
            since = {"since": self._end.isoformat(timespec="milliseconds")}
            if not self._opened and at - self._end > GAP:
                documents.insert(0, event_document("gap", at, since, clock))
            elif self._end - at > STEP:
                documents.insert(0, event_document("clock_step", at, since, clock))
        for each in documents:
            seq, line = seq + 1, canonical_line(each)
            head = chain(head, line)
            connection.execute("INSERT INTO ledger (seq, line, hash) VALUES (?, ?, ?)", (seq, line, head))
        return seq, head

    def seal(self, key: DeviceKey, screen: str, at: datetime, clock: ClockTrust) -> Head:
        """Sign the chain so far as the day's root; the row goes to the town like any other. Raises StoreError."""
        with self._writing:  # a root stands right behind the row it signs
            head = self.head
            self.append_event(ROOT, at, key.root(screen, at.date().isoformat(), head), clock)
        return head

    def pages_of(self, notice_id: str) -> frozenset[str]:
        """Identities of all pages ever shown of a notice."""
        rows = self._database.query(
            "SELECT DISTINCT json_extract(line, '$.page_sha256') FROM ledger WHERE notice = ?", (notice_id,)
        )
        return frozenset(str(row[0]) for row in rows)

    def darkened(self) -> dict[str, int]:
        """Notices whose end is written down, with the highest revision that it speaks of. Raises StoreError."""
        return {str(notice_id): int(revision) for notice_id, revision in self._database.query(DARKENED)}

    def row_at(self, panel: str, at: datetime) -> dict[str, Any] | None:
        """The latest page that the panel began on the local day of ``at`` or the day before, not after ``at``.
        Raises StoreError."""
        rows = self._database.query(
            "SELECT line FROM ledger WHERE day IN (?, ?) AND json_extract(line, '$.panel') = ?"
            " AND json_extract(line, '$.shown_at') <= ? AND json_extract(line, '$.row') = 'shown'"
            " ORDER BY seq DESC LIMIT 1",
            (
                (at.date() - timedelta(days=1)).isoformat(),
                at.date().isoformat(),
                panel,
                at.isoformat(timespec="milliseconds"),
            ),
        )
        return json.loads(rows[0][0]) if rows else None

    def anchor(self) -> Head:
        """Write the chain's end beside the database (``<file>.head``), new beside old; a tail that was cut off
        behind the anchor then shows. Raises StoreError."""
        head = self.head
        path = self._database.path.with_name(self._database.path.name + ".head")
        part = path.with_name(path.name + ".new")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(canonical_line(head.document()) + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise StoreError(f"{path}: {error}") from error
        return head

    def _commit(self, last: tuple[int, bytes], end: datetime, clock: ClockTrust) -> None:
        self._last = last
        if clock is not ClockTrust.UNTRUSTED:  # a time nobody believes is no floor and ends no gap
            self._end, self._opened = end, True

    def forget(self, keys: Collection[Key]) -> None:
        """Drop accounts of notices that are gone for good; their rows stay."""

        def work(connection: Connection) -> None:
            for notice, revision in keys:
                for table in ("exposure", "exposure_day"):
                    connection.execute(
                        f"DELETE FROM {table} WHERE notice = ? AND revision = ?",
                        (notice, revision),
                    )

        self._database.run(work)
        for accounts in self._exposures.values():
            for key in keys:
                accounts.pop(key, None)

    # ---- receipts -------------------------------------------------------------------------------------------

    def unsent(self, limit: int = 500) -> list[dict[str, object]]:
        """The oldest rows the town has not settled, as receipts: the row's values, its ``seq`` and a
        ``receipt_id`` that is the same for ever (the row's hash)."""
        rows = self._database.query(
            "SELECT seq, line, hash FROM ledger WHERE seq > (SELECT upto FROM ledger_outbox)"
            " AND seq NOT IN (SELECT seq FROM ledger_settled) ORDER BY seq LIMIT ?",
            (limit,),
        )
        receipts = []
        self._handed = {}
        for seq, line, digest in rows:
            receipt_id = digest.hex()
            self._handed[receipt_id] = seq
            receipts.append({"receipt_id": receipt_id, "seq": seq, **json.loads(line)})
        return receipts

    def mark_sent(self, ids: Iterable[str], rejected: Mapping[str, str] | None = None) -> None:
        """The town has these rows, or will never take them (id -> reason): neither is offered again. Ids that
        the latest ``unsent`` did not hand out are ignored."""
        refused = {self._handed[i]: reason for i, reason in (rejected or {}).items() if i in self._handed}
        settled = {self._handed[i] for i in ids if i in self._handed} | set(refused)

        def work(connection: Connection) -> None:
            connection.executemany("INSERT OR IGNORE INTO ledger_settled VALUES (?)", [(seq,) for seq in settled])
            connection.executemany("INSERT OR IGNORE INTO ledger_rejected VALUES (?, ?)", list(refused.items()))
            upto = int(connection.execute("SELECT upto FROM ledger_outbox").fetchone()[0])
            for (seq,) in connection.execute("SELECT seq FROM ledger_settled ORDER BY seq").fetchall():
                if seq != upto + 1:
                    break
                upto = seq
            connection.execute("UPDATE ledger_outbox SET upto = ?", (upto,))
            connection.execute("DELETE FROM ledger_settled WHERE seq <= ?", (upto,))

        self._database.run(work)

    def unsent_count(self) -> int:
        """Rows the town still has to get."""
        upto, settled = self._database.query(
            "SELECT upto, (SELECT count(*) FROM ledger_settled) FROM ledger_outbox"
        )[0]
        return self._last[0] - int(upto) - int(settled)

    def verify(self, anchors: Iterable[Head] = ()) -> VerifyResult:
        """Walk the whole chain up to the row this process wrote last, through a connection of its own: showing
        goes on meanwhile."""
        anchors = [*anchors, self.head]
        with contextlib.closing(read_only(self._database.path)) as connection:
            lines = connection.execute(f"{LINES} ORDER BY seq")
            return verify_lines(lines, anchors, lambda document: root_holds(document, ()))
