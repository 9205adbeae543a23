"""Checking an archive bundle without the screen: every member, the manifest's chain, the ledger's chain, its roots.

The bundle of a year is held against those of its months as far as they lie beside it.
Whatever a bundle holds is read in pieces, the rows line by line: a file made to be large costs time, not memory.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ledsign.archive import MANIFEST, ROWS, SCHEMA
from ledsign.errors import LedgerError
from ledsign.evidence import GENESIS, Head, Line, VerifyResult, chain, verify_lines
from ledsign.ledgerbook import Document
from ledsign.seal import root_fault

_LONGEST_LINE = 4 << 20  # a root that names ten thousand notices
_LONGEST_MANIFEST = 64 << 20


def check_bundle(path: Path, keys: Iterable[str] = ()) -> Document:
    """The manifest's opening line when all is sound. Raises LedgerError naming what is not."""
    known = frozenset(keys)
    try:
        with tarfile.open(path, mode="r:") as tar:
            members = iter(tar)
            opening, *entries = _manifest(_content(tar, next(members, None), MANIFEST))
            if opening["schema"] != SCHEMA:
                raise LedgerError(f"{path}: {opening['schema']}")
            waiting = {str(entry["file"]): str(entry["sha256"]) for entry in entries}
            for info in members:
                content = _content(tar, info, info.name)
                if waiting.pop(info.name, None) != hashlib.file_digest(content, "sha256").hexdigest():
                    raise LedgerError(f"{path}: {info.name} is not what the manifest names")
                if info.name == ROWS:
                    content.seek(0)
                    _walk(content, opening, known).require()
            if waiting:
                raise LedgerError(f"{path}: {min(waiting)} is not what the manifest names")
        _hold_against_months(path, opening, known)
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path}: {error!r}") from error
    return opening


def _hold_against_months(path: Path, opening: Document, keys: frozenset[str]) -> None:
    """Raises LedgerError where a month's bundle beside a year's is not sound, or tells of other rows."""
    for name, place in opening.get("months", {}).items():
        beside = path.with_name(f"{name}.tar")
        if beside.exists():
            found = check_bundle(beside, keys)
            same = found["screen"] == opening["screen"] and all(found[each] == place[each] for each in place)
            if not same:
                raise LedgerError(f"{beside}: not the month that {path} names")


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo | None, name: str) -> io.BufferedReader:
    """What a plain file of that name holds. Raises ValueError."""
    file = tar.extractfile(info) if info is not None and info.isreg() and info.name == name else None
    if isinstance(file, io.BufferedReader):
        return file
    raise ValueError(f"{name} is no plain file")


def _manifest(file: io.BufferedReader) -> list[Document]:
    """The lines of the manifest. Raises ValueError where their chain breaks."""
    data = file.read(_LONGEST_MANIFEST)
    found: list[Document] = []
    previous = GENESIS
    for text in data.decode("utf-8").splitlines():
        digest, _, line = text.partition(" ")
        previous = chain(previous, line)
        if previous.hex() != digest:
            raise ValueError(f"the manifest's chain breaks at line {len(found) + 1}")
        found.append(json.loads(line))
    return found


def _walk(file: io.BufferedReader, opening: Document, keys: frozenset[str]) -> VerifyResult:
    before, last = (Head(int(opening[each]["seq"]), str(opening[each]["hash"])) for each in ("before", "last"))
    result = verify_lines(_lines(file), [last], lambda document: root_fault(document, keys), before)
    if result.ok and result.head != last:
        raise ValueError(f"the rows end at {result.rows}, not at {last.seq}")
    return result


def _lines(file: io.BufferedReader) -> Iterator[Line]:
    with gzip.GzipFile(fileobj=file, mode="rb") as rows:
        while line := rows.readline(_LONGEST_LINE):
            seq, digest, text = line.split(b" ", 2)
            yield int(seq), text.removesuffix(b"\n"), bytes.fromhex(digest.decode("ascii"))
