"""The ledger: append-only record of what was on the screen, in one transaction with the accounts it feeds.

Rows survive the notice. Triggers refuse UPDATE and DELETE; whoever goes round them breaks the hash chain
(``evidence``). What was handed to the town is kept beside the rows, never in them (``outbox``). Reading for people
(``ledgerbook``) and checking (``proof``) need no write access.
"""

import contextlib
import json
import os
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from sqlite3 import Connection, DatabaseError
from types import MappingProxyType
from typing import Any

from ledsign.accounts import packed, unpacked
from ledsign.database import Database, read_only
from ledsign.errors import StoreError
from ledsign.evidence import (
    EVENT,
    GENESIS,
    ROOT,
    Head,
    ShownRow,
    VerifyResult,
    canonical_line,
    chain,
    event_document,
    shown_of,
)
from ledsign.frame import AckLevel
from ledsign.ledgersql import BELIEVED, DARKENED, LAST_ROOT, NAMED_LINES, TABLES
from ledsign.playlist.exposure import NEVER, Exposure, Key, Shown, record
from ledsign.proof import verify
from ledsign.rowsums import RowSums
from ledsign.seal import DeviceKey
from ledsign.trust import ClockTrust

GAP = timedelta(minutes=2)
STEP = timedelta(seconds=30)


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
        self._end = self._newest_end()
        self._writing = threading.RLock()  # the chain's end in memory and on disk change together
        self._opened = False  # a believed row was written in this run
        self._exposures: dict[str, dict[Key, Exposure]] = {}
        self._air_s: dict[str, float] = {}
        self._load()

    def _load(self) -> None:
        days: dict[tuple[str, Key], list[date]] = {}
        try:
            for panel, notice, revision, day in self._database.query("SELECT * FROM exposure_day"):
                days.setdefault((panel, (notice, revision)), []).append(date.fromisoformat(day))
            for panel, notice, revision, state in self._database.query("SELECT * FROM exposure"):
                key = notice, revision
                exposure = unpacked(state, days.get((panel, key), ()))
                self._exposures.setdefault(panel, {})[key] = exposure
                self._air_s[panel] = max(self._air_s.get(panel, 0.0), exposure.air_s)
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self._database.path}: an account is damaged: {error!r}") from error

    def _newest_end(self) -> datetime | None:
        for (line,) in self._database.query(BELIEVED):
            try:
                document = json.loads(line)
                return datetime.fromisoformat(document["shown_at"]) + timedelta(milliseconds=document.get("ms", 0))
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(f"{self._database.path}: the newest row is damaged: {error!r}") from error
        return None

    @property
    def head(self) -> Head:
        """The chain's end; written down elsewhere it proves that the tail was not cut."""
        seq, digest = self._last
        return Head(seq, digest.hex())

    def newest(self) -> datetime | None:
        """End of the latest row whose clock was believed: what the clock, confirmed or not, said last."""
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
            if after.counted_days != before.counted_days:
                self._write_days(connection, place, before, after)
            return self._append(connection, document, row.shown_at, row.clock)

        with self._writing:
            self._commit(self._database.run(work), row.shown_at + timedelta(seconds=row.seconds), row.clock)
        self._turn(row, after, shown)
        return after

    @staticmethod
    def _write_days(
        connection: Connection, place: tuple[str, str, int], before: Exposure, after: Exposure
    ) -> None:
        """The days counted since, without those that a clock since put right had counted."""
        had, have = set(before.counted_days), set(after.counted_days)
        for day in had - have:
            connection.execute(
                "DELETE FROM exposure_day WHERE panel = ? AND notice = ? AND revision = ? AND day = ?",
                (*place, day.isoformat()),
            )
        for day in have - had:
            connection.execute("INSERT INTO exposure_day VALUES (?, ?, ?, ?)", (*place, day.isoformat()))

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
        """Sign the chain so far, and each notice's rows since the last root, as the day's root; the row goes to the
        town like any other. Raises StoreError."""
        since, sums = int(self._database.query(LAST_ROOT)[0][0]), RowSums()
        try:
            with contextlib.closing(read_only(self._database.path)) as connection:
                taken = sums.add(connection.execute(NAMED_LINES, (since, self.head.seq))) or since
                with self._writing:  # a root stands right behind the row it signs
                    head = self.head
                    sums.add(connection.execute(NAMED_LINES, (taken, head.seq)))
                    root = key.root(screen, at.date().isoformat(), head, since, sums.document())
                    self.append_event(ROOT, at, root, clock)
        except DatabaseError as error:
            raise StoreError(f"{self._database.path}: {error}") from error
        return head

    def pages_of(self, notice_id: str) -> frozenset[str]:
        """Identities of all pages ever shown of a notice."""
        rows = self._database.query(
            "SELECT DISTINCT json_extract(line, '$.page_sha256') FROM ledger WHERE notice = ?", (notice_id,)
        )
        return frozenset(str(row[0]) for row in rows)

    def judged(self, key: Key) -> frozenset[str]:
        """The panels whose showings a notice is judged by, as its certificate has it: those in service at its latest
        row (``tally``). None of a notice that was never shown. Raises StoreError."""
        latest = self._database.query(
            "SELECT seq, json_extract(line, '$.panel') FROM ledger"
            " WHERE notice = ? AND json_extract(line, '$.revision') = ? ORDER BY seq DESC LIMIT 1",
            key,
        )
        if not latest:
            return frozenset()
        seq, panel = latest[0]
        starts = self._database.query(
            f"SELECT json_extract(line, '$.detail.panels') FROM ledger WHERE {EVENT} = 'start' AND seq <= ?"
            " ORDER BY seq DESC LIMIT 1",
            (seq,),
        )
        named = json.loads(starts[0][0]) if starts and starts[0][0] else []
        return frozenset([*map(str, named), str(panel)])

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

    def verify(self, keys: Collection[str] = ()) -> VerifyResult:
        """Walk the whole chain up to the row this process wrote last, through a connection of its own: showing
        goes on meanwhile. ``keys``: the device's own, which its roots must be signed by. Raises StoreError."""
        head = self.head
        with contextlib.closing(read_only(self._database.path)) as connection:
            return verify(connection, [head], keys)
