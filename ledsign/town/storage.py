"""What the town keeps: notices, alerts, receipts, screens, assets. The only town module that
knows SQL, but for ``devices``.

A publish takes the next number of one strictly growing sequence; a screen's cursor is the last number it has
seen, together with the name of this database, so that a cursor of another or restored database is recognised
and answered with a full listing.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledsign.database import Cell, Database
from ledsign.errors import StoreError
from ledsign.notice import Notice, Urgency, covers

_SCHEMA = (
    """CREATE TABLE town_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE town_notice (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL, revision INTEGER NOT NULL, status TEXT NOT NULL, category TEXT NOT NULL,
        urgency TEXT NOT NULL, digest TEXT NOT NULL, targets TEXT NOT NULL, updated_at TEXT NOT NULL,
        raw BLOB, published_by TEXT NOT NULL, published_at TEXT NOT NULL, latest INTEGER NOT NULL,
        UNIQUE (id, revision))""",
    """CREATE INDEX town_notice_latest ON town_notice (latest, seq)""",
    """CREATE TABLE town_alert (
        identifier TEXT PRIMARY KEY, notice_id TEXT, cancelled INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE town_receipt (
        screen TEXT NOT NULL, receipt_id TEXT NOT NULL, notice_id TEXT NOT NULL, digest TEXT NOT NULL,
        row TEXT NOT NULL, received_at TEXT NOT NULL, PRIMARY KEY (screen, receipt_id)) WITHOUT ROWID""",
    """CREATE INDEX town_receipt_notice ON town_receipt (notice_id, received_at)""",
    """CREATE TABLE town_screen (
        code TEXT PRIMARY KEY, heartbeat TEXT NOT NULL, heartbeat_at TEXT NOT NULL) WITHOUT ROWID""",
)
_COLUMNS = "seq, id, revision, status, category, urgency, digest, targets, updated_at"


@dataclass(frozen=True, slots=True)
class Listed:
    """One published revision as a feed lists it."""

    seq: int
    id: str
    revision: int
    status: str
    category: str
    urgency: str
    digest: str
    targets: tuple[str, ...]
    updated_at: str

    def reaches(self, screen: str) -> bool:
        return any(covers(target, screen) for target in self.targets)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    screen: str
    document: Mapping[str, object]
    at: datetime


class TownStorage:
    """Embedded storage on one SQLite file and one folder of assets. Thread-safe; all methods block shortly.

    Raises StoreError when the disk or the database fails.
    """

    def __init__(self, database: Database, assets: Path) -> None:
        self._db = database
        self._assets = assets
        assets.mkdir(mode=0o700, parents=True, exist_ok=True)
        database.migrate("town", _SCHEMA)
        with database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO town_meta VALUES ('epoch', ?)", (secrets.token_hex(6),))
        self.epoch = str(database.query("SELECT value FROM town_meta WHERE name = 'epoch'")[0][0])

    # -- notices

    def last_seq(self) -> int:
        """Number of the newest publish, 0 when there was none."""
        row = self._db.query("SELECT coalesce(max(seq), 0) FROM town_notice")[0]
        return _int(row[0])

    def add(self, notice: Notice, raw: bytes, actor: str, at: datetime) -> int:
        """Keep one accepted revision and return its number. A withdrawal with purge forgets older bytes."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE town_notice SET latest = 0 WHERE id = ?", (notice.id,))
            if notice.withdrawal is not None and notice.withdrawal.purge:
                connection.execute("UPDATE town_notice SET raw = NULL WHERE id = ?", (notice.id,))
            cursor = connection.execute(
                "INSERT INTO town_notice (id, revision, status, category, urgency, digest, targets,"
                " updated_at, raw, published_by, published_at, latest) VALUES (?,?,?,?,?,?,?,?,?,?,?,1)",
                (
                    notice.id,
                    notice.revision,
                    notice.status.value,
                    notice.category,
                    notice.urgency.value,
                    notice.digest,
                    json.dumps(notice.targets),
                    notice.updated_at.isoformat(),
                    raw,
                    actor,
                    at.isoformat(),
                ),
            )
            if notice.alert is not None:
                connection.execute(
                    "INSERT INTO town_alert VALUES (?, ?, 0)"
                    " ON CONFLICT (identifier) DO UPDATE SET notice_id = excluded.notice_id",
                    (notice.alert.identifier, notice.id),
                )
                if notice.alert.msg_type in ("Cancel", "Update"):
                    connection.executemany(
                        "INSERT INTO town_alert VALUES (?, NULL, 1)"
                        " ON CONFLICT (identifier) DO UPDATE SET cancelled = 1",
                        [(identifier,) for identifier in notice.alert.references],
                    )
            return int(cursor.lastrowid or 0)

    def latest(self, notice_id: str) -> Listed | None:
        rows = self._db.query(f"SELECT {_COLUMNS} FROM town_notice WHERE id = ? AND latest = 1", (notice_id,))
        return _listed(rows[0]) if rows else None

    def raw(self, notice_id: str, revision: int) -> tuple[Listed, bytes | None] | None:
        """A revision and its signed bytes; bytes None when they were purged."""
        rows = self._db.query(
            f"SELECT {_COLUMNS}, raw FROM town_notice WHERE id = ? AND revision = ?", (notice_id, revision)
        )
        if not rows:
            return None
        raw = rows[0][-1]
        return _listed(rows[0][:-1]), raw if isinstance(raw, bytes) else None

    def listing(self, screen: str, after: int) -> tuple[Listed, ...]:
        """The newest revision of every notice that reaches ``screen`` and was published after ``after``:
        emergencies first, then withdrawals, then in the order of publishing."""
        rows = self._db.query(
            f"SELECT {_COLUMNS} FROM town_notice WHERE latest = 1 AND seq > ? ORDER BY seq", (after,)
        )
        found = [entry for entry in map(_listed, rows) if entry.reaches(screen)]
        return tuple(sorted(found, key=lambda entry: (_haste(entry), entry.seq)))

    def next_id(self, prefix: str) -> str:
        """``prefix`` and the first four-digit number after the highest one used with it."""
        rows = self._db.query("SELECT max(id) FROM town_notice WHERE id GLOB ?", (prefix + "-[0-9][0-9][0-9][0-9]",))
        last = rows[0][0]
        number = int(last[-4:]) + 1 if isinstance(last, str) else 1
        if number > 9999:
            raise StoreError(f"no number left for {prefix}")
        return f"{prefix}-{number:04d}"

    # -- alerts

    def alert_notice(self, identifier: str) -> str | None:
        """Id of the notice that carries an alert."""
        rows = self._db.query("SELECT notice_id FROM town_alert WHERE identifier = ?", (identifier,))
        return str(rows[0][0]) if rows and rows[0][0] is not None else None

    def alert_known(self, identifier: str) -> bool:
        return bool(self._db.query("SELECT 1 FROM town_alert WHERE identifier = ?", (identifier,)))

    def cancelled(self) -> Collection[str]:
        rows = self._db.query("SELECT identifier FROM town_alert WHERE cancelled = 1")
        return frozenset(str(row[0]) for row in rows)

    # -- receipts and screens

    def add_receipts(
        self, screen: str, rows: Sequence[tuple[str, Mapping[str, object]]], at: datetime
    ) -> Mapping[str, bool]:
        """Keep (receipt id, row) pairs; per id False when another row is kept under the same id already."""
        kept: dict[str, bool] = {}
        with self._db.transaction() as connection:
            for receipt_id, row in rows:
                text = json.dumps(row, ensure_ascii=False, sort_keys=True)
                digest = hashlib.sha256(text.encode()).hexdigest()
                connection.execute(
                    "INSERT OR IGNORE INTO town_receipt VALUES (?,?,?,?,?,?)",
                    (screen, receipt_id, str(row.get("notice_id") or ""), digest, text, at.isoformat()),
                )
                found = connection.execute(
                    "SELECT digest FROM town_receipt WHERE screen = ? AND receipt_id = ?", (screen, receipt_id)
                ).fetchone()
                kept[receipt_id] = found[0] == digest
        return kept

    def receipts(self, notice_id: str | None, limit: int) -> list[tuple[str, Mapping[str, object], str]]:
        """(screen, row, received_at) of the newest receipts, of one notice or of all."""
        where, values = ("WHERE notice_id = ?", (notice_id,)) if notice_id is not None else ("", ())
        rows = self._db.query(
            f"SELECT screen, row, received_at FROM town_receipt {where}"
            " ORDER BY received_at DESC, receipt_id LIMIT ?",
            (*values, limit),
        )
        return [(str(screen), json.loads(str(row)), str(at)) for screen, row, at in rows]

    def set_heartbeat(self, screen: str, document: Mapping[str, object], at: datetime) -> None:
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO town_screen VALUES (?,?,?)",
                (screen, json.dumps(document, ensure_ascii=False), at.isoformat()),
            )

    def heartbeats(self) -> Mapping[str, Heartbeat]:
        rows = self._db.query("SELECT code, heartbeat, heartbeat_at FROM town_screen")
        return {
            str(code): Heartbeat(str(code), json.loads(str(text)), datetime.fromisoformat(str(at)))
            for code, text, at in rows
        }

    # -- assets

    def asset_path(self, sha256: str) -> Path | None:
        """File of an asset, None when it was never uploaded. ``sha256`` has been checked to be 64 hex digits."""
        path = self._assets / sha256[:2] / sha256
        return path if path.is_file() else None

    def put_asset(self, sha256: str, data: bytes) -> None:
        """Keep an asset whose digest the caller has checked: new file beside, sync, rename."""
        folder = self._assets / sha256[:2]
        part = folder / f".{sha256}.{secrets.token_hex(4)}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            with part.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            part.replace(folder / sha256)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StoreError(f"{folder}: {error}") from error


def _haste(entry: Listed) -> int:
    if entry.urgency == Urgency.EMERGENCY:
        return 0
    return 1 if entry.status == "withdrawn" else 2


def _listed(row: tuple[Cell, ...]) -> Listed:
    seq, notice_id, revision, status, category, urgency, digest, targets, updated_at = row
    return Listed(
        _int(seq),
        str(notice_id),
        _int(revision),
        str(status),
        str(category),
        str(urgency),
        str(digest),
        tuple(json.loads(str(targets))),
        str(updated_at),
    )


def _int(value: Cell) -> int:
    if not isinstance(value, int):
        raise StoreError("a number is missing in the town's database")
    return value
