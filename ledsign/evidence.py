"""The form of the ledger's rows, the chain that binds them and how they count: values, no database.

A row's line is canonical JSON (sorted keys, no blanks, no floats); its hash is SHA-256 over the previous
row's hash (32 bytes, zeros before the first) and the line in UTF-8. Whoever changes, removes or swaps a row
changes every hash after it.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from ledsign.errors import LedgerError
from ledsign.frame import AckLevel, PageKind
from ledsign.playlist.exposure import Shown, ShownKind
from ledsign.trust import ClockTrust

GENESIS = bytes(32)
LINES = "SELECT seq, CAST(line AS BLOB), hash FROM ledger"  # as ``Line``: bytes need no decoding to be hashed
EVENT = "json_extract(line, '$.row') = 'event' AND json_extract(line, '$.kind')"  # index ``ledger_event``
ROOT = "root"  # kind of an event: the device signed the chain so far (``seal``)
_ROOT_MARK = b'"kind":"root"'  # cheap to look for; quotes inside texts are escaped, so no title can hold it
FAILED = "failed"  # kind of a row about a page that could not be drawn or was refused: passed over

Line: TypeAlias = tuple[int, bytes, bytes]
"""Sequence number from 1, canonical line in UTF-8, hash."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A page that was on the panel. ``n`` counts from 1; ``kind`` is a PageKind or ``FAILED``; ``shown_at`` is
    wall time in the screen's zone, ``seconds`` was measured by the monotonic clock; ``complete``: the whole
    dwell; ``turn`` is copied from the Slot; ``words``: the card drew the words with its own fonts, so that
    ``page_sha256`` is that of the text and no picture proves anything; ``urgent``: an urgent cut-in's turn;
    ``accepts``: the least acknowledgement that the screen's owner lets count on this panel, written down only
    where it is less than the rule; ``required_days``: the notice's term as the policy had it then, so that it can
    be judged when the notice is gone. Raises ValueError on impossible figures."""

    notice_id: str
    revision: int
    digest: str
    n: int
    of: int
    kind: str
    shown_at: datetime
    seconds: float
    page_sha256: str
    ack: AckLevel
    complete: bool
    clock: ClockTrust
    panel: str
    turn: int
    words: bool = False
    accepts: AckLevel = AckLevel.ACKED
    urgent: bool = False
    required_days: int | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.seconds < 1e6 and 0 <= self.n <= self.of and self.turn > 0):
            raise ValueError(f"impossible row: page {self.n}/{self.of}, {self.seconds} s, turn {self.turn}")
        if self.shown_at.tzinfo is None:
            raise ValueError("shown_at must carry its zone")

    def document(self) -> dict[str, object]:
        """The row as JSON values; times to the millisecond."""
        return (
            {
                "row": "shown",
                "notice_id": self.notice_id,
                "revision": self.revision,
                "digest": self.digest,
                "n": self.n,
                "of": self.of,
                "kind": str(self.kind),
                "shown_at": self.shown_at.isoformat(timespec="milliseconds"),
                "ms": round(self.seconds * 1000),
                "page_sha256": self.page_sha256,
                "ack": int(self.ack),
                "complete": self.complete,
                "clock": str(self.clock),
                "panel": self.panel,
                "turn": self.turn,
            }
            | ({"form": "text"} if self.words else {})
            | ({"accepts": int(self.accepts)} if self.accepts < AckLevel.ACKED else {})
            | ({"urgent": True} if self.urgent else {})
            | ({} if self.required_days is None else {"required_days": self.required_days})
        )


def shown_of(document: Mapping[str, Any], least_ack: AckLevel, air_before_s: float = 0.0) -> Shown:
    """A ``ShownRow``'s values as the accounts count them: complete, believed and acknowledged well enough.

    The daemon feeds its accounts from the very values it writes, so that counting the rows anew gives the same.
    """
    kind = {str(PageKind.DIGEST): ShownKind.DIGEST, FAILED: ShownKind.FAILED}.get(document["kind"], ShownKind.PAGE)
    believed = document["clock"] != ClockTrust.UNTRUSTED
    seconds = document["ms"] / 1000
    return Shown(
        n=document["n"],
        of=0 if kind is ShownKind.DIGEST else document["of"],
        kind=kind,
        at=datetime.fromisoformat(document["shown_at"]),
        seconds=seconds,
        complete=document["complete"],
        counts=document["complete"] and believed and document["ack"] >= document.get("accepts", least_ack),
        ack=AckLevel(document["ack"]),
        turn=document["turn"],
        air_s=air_before_s + seconds,
        believed=believed,
        urgent=document.get("urgent", False),
    )


def event_document(kind: str, at: datetime, detail: Mapping[str, object], clock: ClockTrust) -> dict[str, object]:
    """An event (start, stop, gap, takedown, clock_step, ...) as JSON values."""
    return {
        "row": "event",
        "kind": kind,
        "shown_at": at.isoformat(timespec="milliseconds"),
        "detail": dict(detail),
        "clock": str(clock),
    }


def canonical_line(document: Mapping[str, object]) -> str:
    """The one spelling of a row. Raises ValueError for NaN."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def chain(previous: bytes, line: str) -> bytes:
    """Hash of a row behind ``previous``."""
    return hashlib.sha256(previous + line.encode()).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """The chain up to one row: kept outside the database, so that a cut tail shows."""

    seq: int
    hash: str

    def document(self) -> dict[str, object]:
        return {"seq": self.seq, "hash": self.hash}


def read_anchor(path: Path) -> Head | None:
    """The head written beside the database; None when there is none. Raises LedgerError when it is damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Head(int(document["seq"]), str(document["hash"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """``bad_seq``: first row that does not fit, None when all do; ``reason``: sequence, hash, head, root, key or
    tail. ``head`` is the end of the sound part, ``roots`` how many signed roots it holds."""

    rows: int
    head: Head
    bad_seq: int | None = None
    reason: str = ""
    roots: int = 0

    @property
    def ok(self) -> bool:
        return self.bad_seq is None

    def require(self) -> None:
        """Raises LedgerError naming the first bad row."""
        if self.bad_seq is not None:
            raise LedgerError(f"ledger broken at row {self.bad_seq}: {self.reason}", self.bad_seq, self.reason)


def verify_lines(
    lines: Iterable[Line],
    anchors: Iterable[Head] = (),
    fault: Callable[[Mapping[str, Any]], str] | None = None,
    start: Head | None = None,
) -> VerifyResult:
    """Walk the chain once. ``anchors``: heads known from elsewhere; a row that differs from its anchor, or an
    anchor beyond the last row, breaks the chain. ``fault`` says what is wrong with a root's signature ("": nothing);
    a root must speak of one of the few rows just before it. ``start``: the row before the first line (of a part of
    the chain)."""
    known: dict[int, set[str]] = {}
    for anchor in anchors:
        if anchor.seq:
            known.setdefault(anchor.seq, set()).add(anchor.hash)
    previous, seq = (bytes.fromhex(start.hash), start.seq) if start else (GENESIS, 0)
    trail, roots = deque([(seq, previous)], maxlen=4), 0
    sha256 = hashlib.sha256
    for found, line, stored in lines:
        if found != seq + 1:
            return VerifyResult(seq, Head(seq, previous.hex()), seq + 1, "sequence")
        digest = sha256(previous + line).digest()
        if digest != stored:
            return VerifyResult(seq, Head(seq, previous.hex()), found, "hash")
        if found in known and known[found] != {digest.hex()}:
            return VerifyResult(seq, Head(seq, previous.hex()), found, "head")
        if _ROOT_MARK in line and (document := json.loads(line))["row"] == "event":
            wrong = "root" if not _root_fits(document, trail) else fault(document) if fault else ""
            if wrong:
                return VerifyResult(seq, Head(seq, previous.hex()), found, wrong, roots)
            roots += 1
        previous, seq = digest, found
        trail.append((seq, digest))
    head = Head(seq, previous.hex())
    if known and max(known) > seq:
        return VerifyResult(seq, head, seq + 1, "tail", roots)
    return VerifyResult(seq, head, roots=roots)


def _root_fits(document: Mapping[str, Any], trail: Iterable[tuple[int, bytes]]) -> bool:
    detail = document["detail"]
    return any(detail.get("seq") == seq and detail.get("hash") == digest.hex() for seq, digest in trail)
