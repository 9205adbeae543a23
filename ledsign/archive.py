"""The archive bundle of a span of days: rows, register, certificates, notices and page pictures in one tar file.

The same ledger, notices and pictures give the same bytes: names are sorted, times and owners are fixed. The
manifest names every member's SHA-256, binds its own lines by a hash chain, and says between which two hashes of the
ledger's chain the rows lie, so that bundles of one screen join without a gap. A bundle is checked without the
screen (``check_bundle``).
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import BinaryIO, TypeAlias

from ledsign.errors import LedgerError, StoreError
from ledsign.evidence import GENESIS, Head, canonical_line, chain, verify_lines
from ledsign.ledgerbook import (
    Document,
    Register,
    head_before,
    in_service,
    lines,
    register_csv,
    rows_between,
    stretch,
)
from ledsign.policy import Deadlines
from ledsign.seal import root_holds
from ledsign.tally import tallies, tally_document

MANIFEST = "manifest.jsonl"
ROWS = "ledger.jsonl"
SCHEMA = "ledsign.bundle/1"
_MOST_BYTES = 4 << 30
Member: TypeAlias = bytes | Path


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, both included. ``name`` is the month (2026-10) or the year (2026)."""

    name: str
    since: date
    until: date


def month_span(text: str) -> Span:
    """``2026-10``. Raises ValueError."""
    first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a day has no zone
    after = (first + timedelta(days=31)).replace(day=1)
    return Span(first.strftime("%Y-%m"), first, after - timedelta(days=1))


def year_span(text: str) -> Span:
    """``2026``. Raises ValueError."""
    first = datetime.strptime(text, "%Y").date()  # noqa: DTZ007 - a day has no zone
    return Span(first.strftime("%Y"), first, first.replace(month=12, day=31))


def due_spans(since: date, today: date, due: Deadlines) -> list[Span]:
    """Spans whose bundle must exist by ``today``, for evidence that began on ``since``: each month from the policy's
    day of the next month on, each year from its day of the next year on."""
    spans: list[Span] = []
    now, first = (today.year, today.month, today.day), since.replace(day=1)
    while first <= today:
        span = month_span(first.strftime("%Y-%m"))
        first = span.until + timedelta(days=1)
        if now >= (first.year, first.month, due.archive_month_day):
            spans.append(span)
    closing = due.archive_year_month, due.archive_year_day
    years = range(since.year, today.year)
    return spans + [year_span(f"{year:04}") for year in years if now >= (year + 1, *closing)]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the state folder holds beside the ledger: signed bytes by notice id, the register, pictures by page
    identity."""

    raw: Mapping[str, bytes]
    register: Register
    picture: Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written: its file, members, rows and the digest of its manifest."""

    path: Path
    members: int
    rows: int
    manifest_sha256: str


def write_bundle(
    connection: Connection, span: Span, screen: str, held: Holdings, path: Path, passes_min: int = 1
) -> Bundle:
    """Write the bundle, new beside old. Raises StoreError."""
    part, listed = path.with_name(path.name + ".new"), path.with_name(path.name + ".rows")
    try:
        first, last = stretch(connection, span.since, span.until)
        ends = _write_rows(connection, first, last, listed)
        made = _members(connection, span, (first, last), held, passes_min)
        members: dict[str, Member] = {ROWS: listed, **dict(made)}
        opening = {
            "schema": SCHEMA,
            "screen": screen,
            "span": span.name,
            "since": span.since.isoformat(),
            "until": span.until.isoformat(),
            "rows": last - first + 1,
            "before": ends[0].document(),
            "last": ends[1].document(),
        }
        manifest = _manifest(opening, members)
        members[MANIFEST] = manifest
        with part.open("wb") as file:
            _write_tar(file, members, span)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        for left in (part, listed):
            left.unlink(missing_ok=True)
    return Bundle(path, len(members), last - first + 1, hashlib.sha256(manifest).hexdigest())


def _write_rows(connection: Connection, first: int, last: int, path: Path) -> tuple[Head, Head]:
    """The rows as lines ``seq hash line``; the chain before them and at their end."""
    before = end = head_before(connection, first)
    with path.open("wb") as file:
        for seq, line, digest in lines(connection, first, last):
            file.write(f"{seq} {digest.hex()} ".encode() + line + b"\n")
            end = Head(seq, digest.hex())
    return before, end


def _members(
    connection: Connection, span: Span, between: tuple[int, int], held: Holdings, passes_min: int
) -> Iterator[tuple[str, bytes]]:
    counted = tallies(rows_between(connection, *between), in_service(connection), passes_min=passes_min)
    yield "register.csv", register_csv(counted, held.register, span.since, span.until).encode("utf-8")
    certificates = "".join(canonical_line(tally_document(tally)) + "\n" for tally in counted)
    yield "certificates.jsonl", certificates.encode("utf-8")
    for notice_id in sorted({tally.key[0] for tally in counted}):
        if raw := held.raw.get(notice_id):
            name = hashlib.sha256(notice_id.encode()).hexdigest()[:16]  # an id is never used as a path
            yield f"notices/{name}.json", raw
    for page in sorted({page for tally in counted for page in tally.page_sha256}):
        if data := held.picture(page):
            yield f"pages/{page}.png", data


def _digest(member: Member) -> tuple[int, str]:
    """Length and SHA-256."""
    if isinstance(member, bytes):
        return len(member), hashlib.sha256(member).hexdigest()
    with member.open("rb") as file:
        return member.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(opening: Mapping[str, object], members: Mapping[str, Member]) -> bytes:
    """One line a member behind the opening line; each line carries the hash of the chain up to itself."""
    entries: list[Mapping[str, object]] = [opening]
    for name in sorted(members):
        size, digest = _digest(members[name])
        entries.append({"file": name, "bytes": size, "sha256": digest})
    text, previous = io.StringIO(), GENESIS
    for entry in entries:
        line = canonical_line(entry)
        previous = chain(previous, line)
        text.write(f"{previous.hex()} {line}\n")
    return text.getvalue().encode("utf-8")


def _write_tar(file: BinaryIO, members: Mapping[str, Member], span: Span) -> None:
    moment = datetime(span.until.year, span.until.month, span.until.day, tzinfo=UTC)
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(members, key=lambda name: (name != MANIFEST, name)):
            member = members[name]
            info = tarfile.TarInfo(name)
            info.mtime, info.mode = int(moment.timestamp()), 0o644
            with io.BytesIO(member) if isinstance(member, bytes) else member.open("rb") as data:
                info.size = _digest(member)[0]
                tar.addfile(info, data)


def check_bundle(path: Path, keys: Iterable[str] = ()) -> Document:
    """Check every member, the manifest's chain, the ledger's chain and its roots; the opening line when all is
    sound. Raises LedgerError naming what is not."""
    members = _read(path)
    try:
        opening, *entries = _manifest_lines(members.pop(MANIFEST))
        listed = {str(entry["file"]): str(entry["sha256"]) for entry in entries}
        for name in sorted(listed.keys() | members.keys()):
            if name not in members or hashlib.sha256(members[name]).hexdigest() != listed.get(name):
                raise LedgerError(f"{path}: {name} is not what the manifest names")
        start, last = (Head(int(opening[each]["seq"]), str(opening[each]["hash"])) for each in ("before", "last"))
        parts = (line.split(b" ", 2) for line in members[ROWS].split(b"\n")[:-1])
        chained = [(int(seq), line, bytes.fromhex(digest.decode("ascii"))) for seq, digest, line in parts]
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path}: {error!r}") from error
    if opening["schema"] != SCHEMA:
        raise LedgerError(f"{path}: {opening['schema']}")
    known = frozenset(keys)
    result = verify_lines(chained, [last], lambda document: root_holds(document, known), start)
    result.require()
    return opening


def _read(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, mode="r:") as tar:
            for info in tar:
                file = tar.extractfile(info) if info.isreg() and info.size <= _MOST_BYTES else None
                if file is None:
                    raise LedgerError(f"{path}: {info.name} is no plain file")
                found[info.name] = file.read()
    except (OSError, tarfile.TarError) as error:
        raise LedgerError(f"{path}: {error}") from error
    return found


def _manifest_lines(data: bytes) -> list[Document]:
    found: list[Document] = []
    previous = GENESIS
    for text in data.decode("utf-8").splitlines():
        digest, _, line = text.partition(" ")
        previous = chain(previous, line)
        if previous.hex() != digest:
            raise ValueError(f"the manifest's chain breaks at line {len(found) + 1}")
        found.append(json.loads(line))
    return found
