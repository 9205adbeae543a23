"""Reading the ledger for people: tail, export, the quarterly register and a certificate per notice.

Works on a read-only connection, also while the daemon runs. Every figure is counted from the rows
themselves, by the very rule that fed the rotation's accounts, so that a certificate proves what it says.
"""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from sqlite3 import Connection, DatabaseError
from typing import Any, TypeAlias

from ledsign.errors import StoreError
from ledsign.evidence import GENESIS, Head, Line, VerifyResult, shown_of, verify_lines
from ledsign.frame import AckLevel
from ledsign.playlist.exposure import NEVER, Exposure, Key, record
from ledsign.seal import root_holds
from ledsign.trust import ClockTrust

Document: TypeAlias = dict[str, Any]
BOM = "\ufeff"  # spreadsheets read the register as UTF-8 only with it
COLUMNS = (
    "序号", "类别", "事项", "标题", "文号", "公开时间", "起", "止", "有效公开天数", "完整播放次数", "页数",
    "审批", "备案", "摘要值", "更正/撤回",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tally:
    """What the rows prove about one notice revision. ``seconds``: complete, counted page time."""

    key: Key
    digest: str
    exposure: Exposure
    first_at: datetime
    last_at: datetime
    rows: int
    seconds: float
    untrusted_rows: int
    page_sha256: tuple[str, ...]


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
        yield from connection.execute(
            "SELECT seq, line, hash FROM ledger WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last)
        )
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
        walked = connection.execute("SELECT seq, line, hash FROM ledger ORDER BY seq")
        result = verify_lines(walked, anchors, lambda document: root_holds(document, keys))
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    if result.ok and upto > result.rows:
        return replace(result, bad_seq=result.rows + 1, reason="tail")
    return result


def tallies(documents: Iterable[Document], least_ack: AckLevel = AckLevel.ACKED, passes_min: int = 1) -> list[Tally]:
    """Count rows, in order, into one tally per notice revision (and panel: the best shown one is reported)."""
    found: dict[tuple[str, Key], Tally] = {}
    for document in documents:
        if document["row"] != "shown":
            continue
        shown = shown_of(document, least_ack)
        key = document["notice_id"], document["revision"]
        place = document["panel"], key
        before = found.get(place) or Tally(key, document["digest"], NEVER, shown.at, shown.at, 0, 0.0, 0, ())
        page = document["page_sha256"]
        found[place] = replace(
            before,
            exposure=record(before.exposure, shown, passes_min),
            last_at=max(before.last_at, shown.at),
            rows=before.rows + 1,
            seconds=before.seconds + (shown.seconds if shown.counts else 0.0),
            untrusted_rows=before.untrusted_rows + (document["clock"] == ClockTrust.UNTRUSTED),
            page_sha256=before.page_sha256 if page in before.page_sha256 else (*before.page_sha256, page),
        )
    best: dict[Key, Tally] = {}
    for tally in found.values():
        held = best.get(tally.key)
        if held is None or len(held.exposure.counted_days) < len(tally.exposure.counted_days):
            best[tally.key] = tally
    return sorted(best.values(), key=lambda tally: (tally.first_at, tally.key))


def certificate(
    connection: Connection, notice_id: str, least_ack: AckLevel = AckLevel.ACKED, passes_min: int = 1
) -> Certificate | None:
    """Evidence for a notice, also long after it is gone; None when it was never on the screen."""
    counted = tallies(
        _documents(connection, "WHERE notice = ? ORDER BY seq", [notice_id]), least_ack, passes_min
    )
    return Certificate(notice_id, tuple(counted), head(connection)) if counted else None


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


def tally_document(tally: Tally) -> Document:
    """A tally as JSON values, free of any language."""
    exposure = tally.exposure

    def moment(at: datetime | None) -> str | None:
        return None if at is None else at.isoformat(timespec="seconds")

    return {
        "notice_id": tally.key[0],
        "revision": tally.key[1],
        "digest": tally.digest,
        "first_shown_at": moment(tally.first_at),
        "last_shown_at": moment(tally.last_at),
        "first_complete_at": moment(exposure.first_pass_at),
        "last_complete_at": moment(exposure.last_pass_at),
        "passes": exposure.passes,
        "pages": exposure.pages,
        "seconds": round(tally.seconds, 3),
        "counted_days": [day.isoformat() for day in exposure.counted_days],
        "evidence_level": None if exposure.weakest is None else int(exposure.weakest),
        "rows": tally.rows,
        "untrusted_rows": tally.untrusted_rows,
        "page_sha256": list(tally.page_sha256),
    }
