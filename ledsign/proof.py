"""What the stored chain proves: walked as a whole, or one notice's rows against the roots that the device signed.

Reads only, also while the daemon writes. A whole walk takes four seconds a million rows. A notice's own rows take a
fraction of that: every root names the digest of each notice's rows since the root before it, so its rows and the
events are held against the signatures, and only what came after the last root is walked.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from sqlite3 import Connection, DatabaseError
from typing import Any, TypeAlias

from ledsign.errors import LedgerError, StoreError
from ledsign.evidence import EVENT, GENESIS, LINES, ROOT, Head, VerifyResult, verify_lines
from ledsign.rowsums import EVENTS, misfits
from ledsign.seal import root_fault

_NAMED = "SELECT seq, CAST(line AS BLOB), notice FROM ledger"
Detail: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """How the rows of a notice were found sound. ``rows``: how long the ledger is; ``roots``: signed roots that name
    their digests, the last of them ``root`` by the device ``key`` and written at ``at`` (ISO 8601), None and "" when
    there is none yet; ``walked``: rows of the chain that were walked one by one; ``whole``: all of them."""

    rows: int
    roots: int
    root: Head | None
    key: str
    at: str
    walked: int
    whole: bool


def verify(connection: Connection, anchors: Iterable[Head] = (), keys: Collection[str] = ()) -> VerifyResult:
    """Walk the chain; rows that the town has settled must still be there, and every root must be signed, by one
    of the device's ``keys`` where they are known. Raises StoreError."""
    return _walk(connection, Head(0, GENESIS.hex()), anchors, keys)


def check_notice(
    connection: Connection,
    notice_id: str,
    anchors: Iterable[Head] = (),
    keys: Collection[str] = (),
    whole: bool = False,
) -> Checked:
    """Check a notice's rows and the events beside them, or the ``whole`` chain. Raises LedgerError naming the first
    row that does not hold, StoreError."""
    try:
        roots = _roots(connection, 0 if whole else _needed_from(connection, notice_id), keys)
        if not whole:
            _hold_against(connection, notice_id, [detail for detail, _ in roots])
    except (DatabaseError, ValueError) as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    last, at = roots[-1] if roots else (None, "")
    root = Head(last["seq"], last["hash"]) if last else None
    start = Head(0, GENESIS.hex()) if whole or root is None else root
    result = _walk(connection, start, anchors, keys)
    result.require()
    walked = result.rows - start.seq
    return Checked(result.rows, len(roots), root, last["key"] if last else "", at, walked, walked == result.rows)


def _walk(connection: Connection, start: Head, anchors: Iterable[Head], keys: Collection[str]) -> VerifyResult:
    """Walk on behind ``start``; anchors before it are held against the rows as they are stored."""
    try:
        (upto,) = connection.execute("SELECT upto FROM ledger_outbox").fetchone()
        ahead = []
        for anchor in anchors:
            if anchor.seq > start.seq:
                ahead.append(anchor)
            elif anchor.seq and anchor.hash != _stored_hash(connection, anchor.seq):
                return VerifyResult(anchor.seq - 1, start, anchor.seq, "head")
        walked = connection.execute(f"{LINES} WHERE seq > ? ORDER BY seq", (start.seq,))
        result = verify_lines(walked, ahead, lambda document: root_fault(document, keys), start)
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    if result.ok and upto > result.rows:
        return replace(result, bad_seq=result.rows + 1, reason="tail")
    return result


def _stored_hash(connection: Connection, seq: int) -> str:
    found = connection.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()
    return found[0].hex() if found else ""


def _needed_from(connection: Connection, notice_id: str) -> int:
    """First row that a certificate rests on: the start that named the panels, or the notice's own first row."""
    query = "SELECT coalesce(min(seq), 1) FROM ledger WHERE notice = ?"
    (first,) = connection.execute(query, (notice_id,)).fetchone()
    starts = connection.execute(
        f"SELECT max(seq) FROM ledger WHERE {EVENT} = 'start' AND +seq <= ?"
        " AND json_extract(line, '$.detail.panels') IS NOT NULL",
        (first,),
    )
    (start,) = starts.fetchone()
    return int(start or first)


def _roots(connection: Connection, first: int, keys: Collection[str]) -> list[tuple[Detail, str]]:
    """What each root over row ``first`` or later says, and when it was written; the last one in any case. Each must
    be genuine and go on where the one before it ended. Raises LedgerError."""
    query = f"SELECT seq, line FROM ledger WHERE {EVENT} = ? AND json_extract(line, '$.detail.seq') >= ? ORDER BY seq"
    newest = f"SELECT seq, line FROM ledger WHERE {EVENT} = ? ORDER BY seq DESC LIMIT 1"
    found = connection.execute(query, (ROOT, first)).fetchall() or connection.execute(newest, (ROOT,)).fetchall()
    roots: list[tuple[Detail, str]] = []
    for seq, line in found:
        document = json.loads(line)
        fault = root_fault(document, keys)
        if fault:
            raise LedgerError(f"ledger broken at row {seq}: {fault}", seq, fault)
        detail = document["detail"]
        follows = detail["since"] == roots[-1][0]["seq"] if roots else detail["since"] < max(first, 1)
        if not follows:
            raise LedgerError(f"ledger broken before row {seq}: a root is missing", seq, "missing")
        roots.append((detail, document["shown_at"]))
    return roots


def _hold_against(connection: Connection, notice_id: str, roots: list[Detail]) -> None:
    """Raises LedgerError when the notice's rows or the events are not those that the roots name."""
    if not roots:
        return
    between = roots[0]["since"], roots[-1]["seq"]
    mine = f"{_NAMED} WHERE notice = ? AND seq > ? AND seq <= ? ORDER BY seq"
    # "+": by the index of events, not by number over all rows
    events = f"{_NAMED} WHERE {EVENT} >= '' AND +seq > ? AND +seq <= ? ORDER BY +seq"
    for name, query, values in ((notice_id, mine, (notice_id, *between)), (EVENTS, events, between)):
        for seq in misfits(roots, name, connection.execute(query, values)):
            what = name or "events"
            text = f"ledger broken at or before row {seq}: rows of {what} are not those the device signed"
            raise LedgerError(text, seq, "sums")
