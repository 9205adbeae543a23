"""Rows and ledgers for the tests of evidence."""

from dataclasses import replace

from ledsign.database import Database
from ledsign.evidence import ShownRow
from ledsign.frame import AckLevel, PageKind
from ledsign.ledger import Ledger
from ledsign.trust import ClockTrust
from playlist_kit import at


def row(name: str = "a", n: int = 1, of: int = 1, turn: int = 1, minute: int = 0, **values: object) -> ShownRow:
    made = ShownRow(
        notice_id=name, revision=1, digest="d" * 64, n=n, of=of, kind=PageKind.BODY, shown_at=at(9, minute),
        seconds=10.25, page_sha256=f"{n:064x}", ack=AckLevel.ACKED, complete=True, clock=ClockTrust.TRUSTED,
        panel="main", turn=turn,
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]


def filled(database: Database, count: int = 20) -> Ledger:
    ledger = Ledger(database)
    for index in range(count):
        ledger.record(row(n=index % 4 + 1, of=4, turn=index // 4 + 1, minute=index))
    return ledger


def tampered(database: Database, *statements: str) -> None:
    """Go round the triggers, as somebody with the file and time would."""
    with database.transaction() as connection:
        for name in ("ledger_no_update", "ledger_no_delete", "ledger_in_order"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
