"""Reading the ledger for people: tail, export, the quarterly register and a certificate per notice.

Works on a read-only connection, also while the daemon runs. Every figure is counted from the rows themselves
(``tally``), so that a certificate proves what it says.
"""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from sqlite3 import Connection, DatabaseError
from typing import Any, TypeAlias

from ledsign.errors import StoreError
from ledsign.evidence import GENESIS, LINES, Head, Line, VerifyResult, verify_lines
from ledsign.frame import AckLevel
from ledsign.seal import root_holds
from ledsign.tally import Tally, tallies

Document: TypeAlias = dict[str, Any]
BOM = "\ufeff"  # spreadsheets read the register as UTF-8 only with it
COLUMNS = (
    "序号", "类别", "事项", "标题", "文号", "公开时间", "起", "止", "有效公开天数", "完整播放次数", "页数",
    "审批", "备案", "摘要值", "更正/撤回",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """Evidence for one notice: a tally for each revision shown, oldest first; ``head``: the chain's end it was
    counted at."""

    notice_id: str
    tallies: tuple[Tally, ...]
    head: Head


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """What the register says about a notice besides the evidence; empty where it is not kept any more."""

    category: str = ""
    item: str = ""
    title: str = ""
    doc_number: str = ""
    published: str = ""
    approval: str = ""
    filing: str = ""
    change: str = ""


def _documents(connection: Connection, where: str, values: Iterable[object]) -> Iterator[Document]:
    try:
        cursor = connection.execute(f"SELECT seq, line, hash FROM ledger {where}", tuple(values))
        for seq, line, digest in cursor:
            yield {"seq": seq, "hash": digest.hex(), **json.loads(line)}
    except (DatabaseError, ValueError) as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error


def tail(connection: Connection, count: int) -> list[Document]:
    """The newest rows, oldest of them first."""
    return list(_documents(connection, "ORDER BY seq DESC LIMIT ?", [count]))[::-1]


def rows(connection: Connection, since: date | None = None, until: date | None = None) -> Iterator[Document]:
    """Rows of the local days from ``since`` to ``until``, both included, in order."""
    first = "0000" if since is None else since.isoformat()
    last = "9999-99" if until is None else until.isoformat()
    return _documents(connection, "WHERE day BETWEEN ? AND ? ORDER BY seq", [first, last])


def stretch(connection: Connection, since: date, until: date) -> tuple[int, int]:
    """First and last row of those local days, (0, 0) when there is none. What lies between belongs to it, also
    a row whose clock had jumped: a part of the chain has no holes. Raises StoreError."""
    try:
        (found,) = connection.execute(
            "SELECT min(seq), max(seq) FROM ledger WHERE day BETWEEN ? AND ?", (since.isoformat(), until.isoformat())
        ).fetchall()
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    return (int(found[0]), int(found[1])) if found[0] is not None else (0, 0)


def lines(connection: Connection, first: int, last: int) -> Iterator[Line]:
    """Rows as stored, from ``first`` to ``last``. Raises StoreError."""
    try:
        yield from connection.execute(f"{LINES} WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last))
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error


def head_before(connection: Connection, seq: int) -> Head:
    """The chain before a row: the hash it builds on."""
    for _, _line, digest in lines(connection, seq - 1, seq - 1):
        return Head(seq - 1, digest.hex())
    return Head(0, GENESIS.hex())


def head(connection: Connection) -> Head:
    """End of the chain as stored."""
    for seq, digest in connection.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"):
        return Head(seq, digest.hex())
    return Head(0, "")


def verify(connection: Connection, anchors: Iterable[Head] = (), keys: Collection[str] = ()) -> VerifyResult:
    """Walk the chain; rows that the town has settled must still be there, and every root must be signed, by one
    of the device's ``keys`` where they are known. Raises StoreError."""
    try:
        (upto,) = connection.execute("SELECT upto FROM ledger_outbox").fetchone()
        walked = connection.execute(f"{LINES} ORDER BY seq")
        result = verify_lines(walked, anchors, lambda document: root_holds(document, keys))
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    if result.ok and upto > result.rows:
        return replace(result, bad_seq=result.rows + 1, reason="tail")
    return result


def certificate(
    connection: Connection, notice_id: str, least_ack: AckLevel = AckLevel.ACKED, passes_min: int = 1
) -> Certificate | None:
    """Evidence for a notice, also long after it is gone; None when it was never on the screen."""
    documents = _documents(connection, "WHERE notice = ? ORDER BY seq", [notice_id])
    counted = tallies(documents, least_ack, passes_min, in_service(connection, notice_id))
    return Certificate(notice_id, tuple(counted), head(connection)) if counted else None


def in_service(connection: Connection, notice_id: str) -> frozenset[str]:
    """Panels, of those the screen has now, that showed anything on the notice's last day on show; one that was put
    up later owes it nothing. Raises StoreError."""
    try:
        (last,) = connection.execute("SELECT max(day) FROM ledger WHERE notice = ?", (notice_id,)).fetchone()
        found = connection.execute(
            "SELECT panel FROM (SELECT DISTINCT panel FROM exposure) AS held WHERE EXISTS"
            " (SELECT 1 FROM ledger WHERE day = ? AND json_extract(line, '$.panel') = held.panel)",
            (last,),
        )
        return frozenset(str(panel) for (panel,) in found)
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error


def _safe_cell(text: str) -> str:
    """A spreadsheet must not take a title for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def register_csv(counted: Iterable[Tally], entries: Mapping[str, RegisterEntry]) -> str:
    """The quarterly register (台账) as CSV with a byte-order mark, one line a notice revision."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, tally in enumerate(counted, 1):
        entry = entries.get(tally.key[0], RegisterEntry())
        change = entry.change or (f"修订第{tally.key[1]}版" if tally.key[1] > 1 else "")
        cells = (
            str(number), entry.category, entry.item, entry.title, entry.doc_number, entry.published,
            tally.first_at.date().isoformat(), tally.last_at.date().isoformat(),
            str(len(tally.exposure.counted_days)), str(tally.exposure.passes), str(tally.exposure.pages),
            entry.approval, entry.filing, tally.digest, change,
        )  # fmt: skip
        writer.writerow([_safe_cell(cell) for cell in cells])
    return text.getvalue()
