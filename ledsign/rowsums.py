"""One SHA-256 for each notice over its rows between two roots: what a root signs besides the end of the chain.

The chain binds every row, but whoever asks for one notice's rows would have to walk all others as well. A root
therefore also names, for each notice shown since the root before it, the digest of just those rows, and under ``""``
that of the events. A certificate is then checked from its own rows and the roots over them, however long the ledger
is.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

EVENTS = ""
NamedLine: TypeAlias = tuple[int, bytes, str | None]
"""Sequence number, canonical line in UTF-8, notice id (None for an event)."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


class RowSums:
    """Running digests; feed the rows in their order."""

    def __init__(self) -> None:
        self._found: dict[str, _Digest] = {}

    def add(self, rows: Iterable[NamedLine]) -> int:
        """Take the rows in; returns the number of the last one, 0 when there was none."""
        last = 0
        for last, line, notice in rows:
            name = notice or EVENTS
            digest = self._found.get(name)
            if digest is None:
                digest = self._found[name] = hashlib.sha256()
            digest.update(b"%d %s\n" % (last, line))
        return last

    def document(self) -> dict[str, str]:
        """Digest (64 hex digits) by notice id."""
        return {name: digest.hexdigest() for name, digest in sorted(self._found.items())}


def misfits(roots: Iterable[Mapping[str, Any]], name: str, rows: Iterable[NamedLine]) -> Iterator[int]:
    """Where the rows of a notice (``EVENTS``: the events) are not those that the roots name: the last row under each
    such root. ``roots``: details of roots that follow one another, oldest first; ``rows``: all of that name under
    them, in order."""
    waiting = iter(rows)
    row = next(waiting, None)
    for root in roots:
        mine = []
        while row is not None and row[0] <= root["seq"]:
            mine.append(row)
            row = next(waiting, None)
        sums = RowSums()
        sums.add(mine)
        if sums.document().get(name) != root["rows"].get(name):
            yield int(root["seq"])
