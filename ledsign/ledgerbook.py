"""Reading the ledger for people: tail, export, the quarterly register and a certificate per notice.

Works on a read-only connection, also while the daemon runs. Every figure is counted from the rows themselves
(``tally``), so that a certificate proves what it says.
"""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from sqlite3 import Connection, DatabaseError
from typing import Any, TypeAlias

from ledsign.errors import StoreError
from ledsign.evidence import EVENT, GENESIS, LINES, Head, Line
from ledsign.frame import AckLevel
from ledsign.playlist.exposure import Key
from ledsign.tally import Service, Tally, tallies
from ledsign.trust import ClockTrust

Document: TypeAlias = dict[str, Any]
BOM = "\ufeff"  # spreadsheets read the register as UTF-8 only with it
COLUMNS = (
    "序号", "类别", "事项", "标题", "文号", "公开时间", "起", "止", "有效公开天数", "完整播放次数", "页数",
    "审批", "备案", "摘要值", "更正/撤回",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """Evidence for one notice: a tally for each revision shown, oldest first; ``head``: the chain's end it was
    counted at; ``at``: time of the newest row whose clock was believed, None when there is none; ``clock``: how far
    the clock of the newest row was believed."""

    notice_id: str
    tallies: tuple[Tally, ...]
    head: Head
    at: datetime | None
    clock: ClockTrust


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
    digest: str = ""
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """Entries by notice revision, in the order of their coming; how and when a notice went, by its id."""

    entries: Mapping[Key, RegisterEntry] = field(default_factory=dict)
    gone: Mapping[str, str] = field(default_factory=dict)

    def entry(self, key: Key) -> RegisterEntry:
        """The revision's own entry, its last column complete."""
        entry = self.entries.get(key, RegisterEntry())
        changed = entry.change or (f"修订第{key[1]}版" if key[1] > 1 else "")
        return replace(entry, change="；".join(filter(None, (changed, self.gone.get(key[0])))))

    def unseen(self, seen: Collection[Key], since: date | None, until: date | None) -> list[Key]:
        """Revisions accepted on the days from ``since`` to ``until`` that are not among those seen."""
        first, last = since.isoformat() if since else "", until.isoformat() if until else "9999-99"
        accepted = ((key, entry.accepted) for key, entry in self.entries.items())
        return [key for key, day in accepted if key not in seen and first <= day <= last]


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


def rows_between(connection: Connection, first: int, last: int) -> Iterator[Document]:
    """Rows by number, both included, in order."""
    return _documents(connection, "WHERE seq BETWEEN ? AND ? ORDER BY seq", [first, last])


def stretch(connection: Connection, since: date, until: date) -> tuple[int, int]:
    """First and last row of those local days; the last is one less than the first when there is none.

    A stretch goes on where the one before it ends, so that together they hold every row once: it ends with the last
    row of its days, or of days before, whose clock was believed. Rows of a clock that nobody believed, or that ran
    ahead and was set right, stay between their neighbours. Raises StoreError.
    """
    return _border(connection, since) + 1, _border(connection, until + timedelta(days=1))


def _border(connection: Connection, day: date) -> int:
    """Number of the last believed row of a local day before ``day``, 0 when there is none."""
    try:
        found = connection.execute(
            "SELECT seq FROM ledger NOT INDEXED WHERE day < ? AND json_extract(line, '$.clock') <> ?"
            " ORDER BY seq DESC LIMIT 1",
            (day.isoformat(), str(ClockTrust.UNTRUSTED)),
        ).fetchone()
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    return int(found[0]) if found else 0


def first_day(connection: Connection) -> date | None:
    """Local day of the first row whose clock was believed, None when there is none. Raises StoreError."""
    try:
        found = connection.execute(
            "SELECT day FROM ledger WHERE json_extract(line, '$.clock') <> ? ORDER BY seq LIMIT 1",
            (str(ClockTrust.UNTRUSTED),),
        ).fetchone()
    except DatabaseError as error:
        raise StoreError(f"the ledger cannot be read: {error}") from error
    return date.fromisoformat(str(found[0])) if found else None


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


def certificate(
    connection: Connection, notice_id: str, least_ack: AckLevel = AckLevel.ACKED, passes_min: int = 1
) -> Certificate | None:
    """Evidence for a notice, also long after it is gone; None when it was never on the screen."""
    documents = _documents(connection, "WHERE notice = ? ORDER BY seq", [notice_id])
    counted = tallies(documents, in_service(connection), least_ack, passes_min)
    if not counted:
        return None
    newest = "WHERE json_extract(line, '$.clock') <> ? ORDER BY seq DESC LIMIT 1"
    believed = [document["shown_at"] for document in _documents(connection, newest, [ClockTrust.UNTRUSTED.value])]
    return Certificate(
        notice_id,
        tuple(counted),
        head(connection),
        datetime.fromisoformat(believed[0]) if believed else None,
        ClockTrust(tail(connection, 1)[0]["clock"]),
    )


def in_service(connection: Connection) -> Service:
    """Which panels each start of the program named. Raises StoreError."""
    starts = _documents(connection, f"WHERE {EVENT} = 'start' ORDER BY seq", ())
    named = ((document["seq"], document["detail"].get("panels")) for document in starts)
    return Service(tuple((seq, frozenset(map(str, panels))) for seq, panels in named if panels))


def _safe_cell(text: str) -> str:
    """A spreadsheet must not take a title for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def register_csv(
    counted: Iterable[Tally], register: Register, since: date | None = None, until: date | None = None
) -> str:
    """The quarterly register (台账) as CSV with a byte-order mark: one line a notice revision that was shown, then
    those that came from ``since`` to ``until`` and were not."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    shown = {tally.key: (tally.digest, *_evidence(tally)) for tally in counted}
    waiting = register.unseen(shown, since, until)
    unseen = {key: (register.entries[key].digest, "", "", "0", "0", "") for key in waiting}
    for number, (key, (digest, *evidence)) in enumerate({**shown, **unseen}.items(), 1):
        entry = register.entry(key)
        cells = (
            str(number), entry.category, entry.item, entry.title, entry.doc_number, entry.published,
            *evidence, entry.approval, entry.filing, digest, entry.change,
        )  # fmt: skip
        writer.writerow([_safe_cell(cell) for cell in cells])
    return text.getvalue()


def _evidence(tally: Tally) -> tuple[str, str, str, str, str]:
    """First and last day, days that count, complete showings, pages."""
    exposure = tally.exposure
    pages = "仅摘要" if not exposure.pages and tally.digest_sha256 else str(exposure.pages)
    first, last = tally.first_at.date().isoformat(), tally.last_at.date().isoformat()
    return first, last, str(len(exposure.counted_days)), str(exposure.passes), pages
