"""The audit trail: one line for each notice that came, went or was turned away, so that nothing vanishes silently."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from ledsign.database import Database

TABLES = (
    """CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, event TEXT NOT NULL, id TEXT NOT NULL DEFAULT '',
        revision INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
        digest TEXT NOT NULL DEFAULT '', times INTEGER NOT NULL DEFAULT 1
    )""",
    "CREATE INDEX audit_same ON audit (event, id, reason, digest)",
)
ROWS = 50_000  # older ones give way
_TEXT = 500


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One event: accepted, refused, withdrawn, retired, takedown, damaged. ``times``: how often the same was
    seen; ``at`` is the last time, None when found while loading."""

    seq: int
    at: datetime | None
    event: str
    id: str
    revision: int
    reason: str
    detail: str
    digest: str
    times: int


def newest(database: Database, limit: int) -> list[AuditLine]:
    """The last lines, newest first. Raises StoreError."""
    rows = database.query(
        "SELECT seq, at, event, id, revision, reason, detail, digest, times FROM audit ORDER BY seq DESC LIMIT ?",
        (max(0, min(limit, ROWS)),),
    )
    return [_audit_line(row) for row in rows]


def _clean(text: str) -> str:
    """No control characters in the audit trail, and no line without end."""
    return "".join(char if char.isprintable() else "?" for char in text[:_TEXT])


def note(
    connection: sqlite3.Connection,
    at: datetime | None,
    event: str,
    notice_id: str,
    revision: int,
    reason: str,
    detail: str,
    digest: str,
) -> None:
    """Write a line in a transaction; the same refusal again only counts up."""
    when = at.isoformat() if at else None
    same = (event, _clean(notice_id), _clean(reason), _clean(digest))
    row = connection.execute(
        "SELECT max(seq) FROM audit WHERE event = ? AND id = ? AND reason = ? AND digest = ?", same
    ).fetchone()
    if event == "refused" and row and row[0] is not None:
        connection.execute("UPDATE audit SET times = times + 1, at = ? WHERE seq = ?", (when, row[0]))
        return
    connection.execute(
        "INSERT INTO audit (at, event, id, revision, reason, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (when, event, same[1], revision, same[2], _clean(detail), same[3]),
    )
    connection.execute("DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?", (ROWS,))


def _audit_line(row: tuple[str | int | float | bytes | None, ...]) -> AuditLine:
    seq, at, event, notice_id, revision, reason, detail, digest, times = row
    return AuditLine(
        int(seq or 0),
        datetime.fromisoformat(str(at)) if at else None,
        str(event),
        str(notice_id),
        int(revision or 0),
        str(reason),
        str(detail),
        str(digest),
        int(times or 1),
    )
