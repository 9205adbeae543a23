"""What the register (台账) keeps of every revision accepted: codes, dates and steps, written with the notice.

Titles and summaries are the notice's own words, so they go with its withdrawal; what was ordered gone for secrecy
leaves no line here at all, only the tombstone.
"""

import sqlite3
from datetime import datetime

from ledsign.notice import Notice

TABLE = """CREATE TABLE register (
    id TEXT, revision INTEGER, digest TEXT NOT NULL, at TEXT NOT NULL, category TEXT NOT NULL, item TEXT NOT NULL,
    title TEXT NOT NULL, doc_number TEXT NOT NULL, published TEXT NOT NULL, approval TEXT NOT NULL,
    filing TEXT NOT NULL, summary TEXT NOT NULL, PRIMARY KEY (id, revision)) WITHOUT ROWID"""
SECRECY = "secrecy"


def enter(connection: sqlite3.Connection, notice: Notice, at: datetime) -> None:
    """Enter the revision accepted at that time; one that is entered stays as it is."""
    steps = [step for step in notice.approval.steps if step.result == "pass"]
    connection.execute(
        "INSERT OR IGNORE INTO register VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            notice.id,
            notice.revision,
            notice.digest,
            at.isoformat(),
            notice.category,
            notice.item,
            notice.title,
            notice.doc_number,
            notice.publish_at.date().isoformat(),
            "→".join(step.label or step.step for step in steps if "filing" not in step.step),
            "、".join(step.at.date().isoformat() for step in steps if "filing" in step.step),
            notice.correction.summary if notice.correction else "",
        ),
    )


def forget(connection: sqlite3.Connection, notice_id: str, reason: str) -> None:
    """The notice was withdrawn: its words go, of every revision."""
    if reason == SECRECY:
        connection.execute("DELETE FROM register WHERE id = ?", (notice_id,))
    else:
        connection.execute("UPDATE register SET title = '', summary = '' WHERE id = ?", (notice_id,))
