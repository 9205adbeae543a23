"""What the ledger's rows prove about each notice, counted from the rows themselves by the rule that fed the accounts.

A screen may have several panels. A notice is public where everybody can read it, so it is reported as its weakest
panel has it: the one with the fewest counted days, then the fewest complete showings. Judged are the panels in
service when the notice was shown for the last time (``Service``): those that the program's last start before it
named, and any other that showed it since. One that never showed it counts as zero.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledsign.evidence import shown_of
from ledsign.frame import AckLevel
from ledsign.playlist.exposure import NEVER, Exposure, Key, Shown, record_all
from ledsign.trust import ClockTrust

_BATCH = 256  # rows counted in one go


@dataclass(frozen=True, slots=True)
class Service:
    """Row and panels of each start of the program that names its panels, in order."""

    starts: tuple[tuple[int, frozenset[str]], ...]

    def at(self, seq: int) -> tuple[int, frozenset[str]]:
        """The start in force at row ``seq``: its row and the panels it names; row 0 and none before the first."""
        place = bisect_right(self.starts, seq, key=lambda start: start[0])
        return self.starts[place - 1] if place else (0, frozenset())


@dataclass(frozen=True, slots=True)
class PanelCount:
    """One panel's part."""

    panel: str
    counted_days: int
    passes: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the rows prove about one notice revision, as its weakest panel has it. ``seconds``: complete, counted
    page time; ``required_days``: the term as its last row has it, None where no row says; ``pages``: number (0: a
    digest page) and identity of each distinct page, in that order; ``panels``: the figures of every panel in service
    at its last row, by name."""

    key: Key
    digest: str
    exposure: Exposure
    first_at: datetime
    last_at: datetime
    rows: int
    seconds: float
    untrusted_rows: int
    required_days: int | None
    pages: tuple[tuple[int, str], ...]
    panels: tuple[PanelCount, ...]

    @property
    def page_sha256(self) -> tuple[str, ...]:
        """Identities of all its pages, the digest pages first, then the body in reading order."""
        return tuple(dict.fromkeys(name for _, name in self.pages))

    @property
    def digest_sha256(self) -> tuple[str, ...]:
        """Those of its digest pages: a long roster has one more for each hour it was announced for."""
        return tuple(name for n, name in self.pages if n == 0)


@dataclass(slots=True)
class _Count:
    """One notice revision on one panel while its rows are counted."""

    key: Key
    digest: str
    first_at: datetime
    last_at: datetime
    last_seq: int = 0
    exposure: Exposure = NEVER
    rows: int = 0
    seconds: float = 0.0
    untrusted_rows: int = 0
    required_days: int | None = None
    pages: dict[tuple[int, str], None] = field(default_factory=dict)
    waiting: list[Shown] = field(default_factory=list)

    def add(self, document: Mapping[str, Any], shown: Shown, passes_min: int) -> None:
        self.last_at, self.last_seq = max(self.last_at, shown.at), document["seq"]
        self.rows += 1
        self.seconds += shown.seconds if shown.counts else 0.0
        self.required_days = document.get("required_days", self.required_days)
        self.untrusted_rows += document["clock"] == ClockTrust.UNTRUSTED
        self.pages[document["n"], document["page_sha256"]] = None
        self.waiting.append(shown)
        if len(self.waiting) >= _BATCH:
            self.settle(passes_min)

    def settle(self, passes_min: int) -> None:
        self.exposure = record_all(self.exposure, self.waiting, passes_min)
        self.waiting.clear()

    @property
    def rank(self) -> tuple[int, int]:
        return len(self.exposure.counted_days), self.exposure.passes


def tallies(
    documents: Iterable[Mapping[str, Any]],
    service: Service,
    least_ack: AckLevel = AckLevel.ACKED,
    passes_min: int = 1,
) -> list[Tally]:
    """Count rows, in order, into one tally per notice revision, the first shown first."""
    found: dict[tuple[str, Key], _Count] = {}
    for document in documents:
        if document["row"] != "shown":
            continue
        shown = shown_of(document, least_ack)
        panel, key = document["panel"], (document["notice_id"], document["revision"])
        count = found.get((panel, key))
        if count is None:
            count = found[panel, key] = _Count(key, document["digest"], shown.at, shown.at)
        count.add(document, shown, passes_min)
    by_key: dict[Key, dict[str, _Count]] = {}
    for (panel, key), count in found.items():
        count.settle(passes_min)
        by_key.setdefault(key, {})[panel] = count
    made = []
    for key, counts in by_key.items():
        last = max(counts.values(), key=lambda count: count.last_seq)
        since, named = service.at(last.last_seq)
        judged = named | {panel for panel, count in counts.items() if count.last_seq > since}
        made.append(_weakest(key, counts, last.required_days, judged))
    return sorted(made, key=lambda tally: (tally.first_at, tally.key))


def _weakest(key: Key, counts: Mapping[str, _Count], required: int | None, panels: Iterable[str]) -> Tally:
    """The figures of the weakest of these panels; span and pages are those of the whole screen."""
    first = min(count.first_at for count in counts.values())
    last = max(count.last_at for count in counts.values())
    digest = next(iter(counts.values())).digest
    judged = {panel: counts.get(panel) or _Count(key, digest, first, last) for panel in sorted(panels)}
    weakest = min(judged.values(), key=lambda count: count.rank)
    return Tally(
        key=key,
        digest=digest,
        exposure=weakest.exposure,
        first_at=first,
        last_at=last,
        rows=weakest.rows,
        seconds=weakest.seconds,
        untrusted_rows=weakest.untrusted_rows,
        required_days=required,
        pages=_pages(counts.values()),
        panels=tuple(PanelCount(panel, *count.rank) for panel, count in judged.items()),
    )


def _pages(counts: Iterable[_Count]) -> tuple[tuple[int, str], ...]:
    """By number; those of one number (drawn anew, another panel, another hour announced) as they were first shown."""
    found = dict.fromkeys(page for count in counts for page in count.pages)
    return tuple(sorted(found, key=lambda page: page[0]))


def tally_document(tally: Tally) -> dict[str, Any]:
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
        "required_days": tally.required_days,
        "counted_days": [day.isoformat() for day in exposure.counted_days],
        "evidence_level": None if exposure.weakest is None else int(exposure.weakest),
        "rows": tally.rows,
        "untrusted_rows": tally.untrusted_rows,
        "page_sha256": list(tally.page_sha256),
        "digest_sha256": list(tally.digest_sha256),
        "panels": {each.panel: {"counted_days": each.counted_days, "passes": each.passes} for each in tally.panels},
    }
