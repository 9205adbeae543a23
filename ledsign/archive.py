"""The archive bundle of a month: rows, register, certificates, notices and page pictures in one tar file. That of a
year has register, certificates and notices of the whole year and names the ends of its months: rows and pictures lie
once, in the bundles of the months.

The same ledger, notices and pictures give the same bytes: names are sorted, times and owners are fixed. The
manifest names every member's SHA-256, binds its own lines by a hash chain, and says between which two hashes of the
ledger's chain the rows lie, so that bundles of one screen join without a gap. A bundle is checked without the
screen (``archivecheck``). The rows are compressed; nothing larger than a register or a notice is held in memory.
"""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import disk_usage
from sqlite3 import Connection
from typing import BinaryIO, TypeAlias

from ledsign.errors import DiskFullError, StoreError
from ledsign.evidence import GENESIS, canonical_line, chain
from ledsign.ledgerbook import (
    Register,
    head_before,
    in_service,
    lines,
    register_csv,
    rows_between,
    stretch,
)
from ledsign.policy import Deadlines
from ledsign.tally import tallies, tally_document

MANIFEST = "manifest.jsonl"
ROWS = "ledger.jsonl.gz"
SCHEMA = "ledsign.bundle/1"
RESERVE_BYTES = 256 << 20  # room that a bundle leaves on its disk, so that showing goes on being written down
_ROW_BYTES = 400  # room for a row, compressed, twice: beside the bundle and in it
_BUFFER = 1 << 18
Member: TypeAlias = bytes | Path


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, both included. ``name`` is the month (2026-10) or the year (2026); ``months``: those of a year."""

    name: str
    since: date
    until: date
    months: tuple["Span", ...] = ()


def month_span(text: str) -> Span:
    """``2026-10``. Raises ValueError."""
    first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a day has no zone
    after = (first + timedelta(days=31)).replace(day=1)
    return Span(first.strftime("%Y-%m"), first, after - timedelta(days=1))


def year_span(text: str) -> Span:
    """``2026``. Raises ValueError."""
    first = datetime.strptime(text, "%Y").date()  # noqa: DTZ007 - a day has no zone
    months = tuple(month_span(f"{first:%Y}-{number:02}") for number in range(1, 13))
    return Span(first.strftime("%Y"), first, first.replace(month=12, day=31), months)


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
    identity (None where there is none)."""

    raw: Mapping[str, bytes]
    register: Register
    picture: Callable[[str], Path | None]


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
    """Write the bundle, new beside old. Raises StoreError; DiskFullError, before anything is written, where the disk
    has no room for it."""
    part, listed = path.with_name(path.name + ".new"), path.with_name(path.name + ".rows")
    try:
        first, last = stretch(connection, span.since, span.until)
        _insist_on_room(path.parent, last - first + 1)
        members: dict[str, Member] = dict(_members(connection, span, (first, last), held, passes_min))
        if not span.months:
            _write_rows(connection, first, last, listed)
            members[ROWS] = listed
        opening = {
            "schema": SCHEMA,
            "screen": screen,
            "span": span.name,
            "since": span.since.isoformat(),
            "until": span.until.isoformat(),
            **_place(connection, first, last),
        }
        if span.months:
            places = ((month.name, *stretch(connection, month.since, month.until)) for month in span.months)
            opening["months"] = {name: _place(connection, *between) for name, *between in places}
        sizes = {name: _digest(member) for name, member in members.items()}
        manifest = members[MANIFEST] = _manifest(opening, sizes)
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


def _insist_on_room(folder: Path, rows: int) -> None:
    needed, free = rows * _ROW_BYTES + RESERVE_BYTES, disk_usage(folder).free
    if free < needed:
        text = f"a bundle of {rows} rows needs {needed >> 20} MB free, there are {free >> 20} MB"
        raise DiskFullError(f"{folder}: {text}")


def _place(connection: Connection, first: int, last: int) -> dict[str, object]:
    """Where in the chain the rows lie: how many, the chain before them and at their end."""
    before, end = head_before(connection, first), head_before(connection, last + 1)
    return {"rows": last - first + 1, "before": before.document(), "last": end.document()}


def _write_rows(connection: Connection, first: int, last: int, path: Path) -> None:
    """The rows as compressed lines ``seq hash line``."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
        io.BufferedWriter(packed, _BUFFER) as file,
    ):
        for seq, line, digest in lines(connection, first, last):
            file.write(f"{seq} {digest.hex()} ".encode() + line + b"\n")


def _members(
    connection: Connection, span: Span, between: tuple[int, int], held: Holdings, passes_min: int
) -> Iterator[tuple[str, Member]]:
    counted = tallies(rows_between(connection, *between), in_service(connection), passes_min=passes_min)
    yield "register.csv", register_csv(counted, held.register, span.since, span.until).encode("utf-8")
    certificates = "".join(canonical_line(tally_document(tally)) + "\n" for tally in counted)
    yield "certificates.jsonl", certificates.encode("utf-8")
    for notice_id in sorted({tally.key[0] for tally in counted}):
        if raw := held.raw.get(notice_id):
            name = hashlib.sha256(notice_id.encode()).hexdigest()[:16]  # an id is never used as a path
            yield f"notices/{name}.json", raw
    pages = set() if span.months else {page for tally in counted for page in tally.page_sha256}
    for page in sorted(pages):
        if file := held.picture(page):
            yield f"pages/{page}.png", file


def _digest(member: Member) -> tuple[int, str]:
    """Length and SHA-256."""
    if isinstance(member, bytes):
        return len(member), hashlib.sha256(member).hexdigest()
    with member.open("rb") as file:
        return member.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(opening: Mapping[str, object], sizes: Mapping[str, tuple[int, str]]) -> bytes:
    """One line a member behind the opening line; each line carries the hash of the chain up to itself."""
    members = ({"file": name, "bytes": size, "sha256": digest} for name, (size, digest) in sorted(sizes.items()))
    text, previous = io.StringIO(), GENESIS
    for entry in (opening, *members):
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
                info.size = len(member) if isinstance(member, bytes) else member.stat().st_size
                tar.addfile(info, data)
