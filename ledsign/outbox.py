"""Receipts: the ledger's rows on their way to the town, each settled once.

What is settled stands in tables of its own, never in the ledger: a row that the town will never take does not hold up
those behind it.
"""

import json
from collections.abc import Iterable, Mapping
from sqlite3 import Connection

from ledsign.database import Database


class Outbox:
    """The rows not yet settled, oldest first. For the one thread that sends; the ledger made the tables. Every method
    raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._handed: dict[str, int] = {}

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
        rows = self._database.query(
            "SELECT (SELECT coalesce(max(seq), 0) FROM ledger) - upto - (SELECT count(*) FROM ledger_settled)"
            " FROM ledger_outbox"
        )
        return int(rows[0][0])
