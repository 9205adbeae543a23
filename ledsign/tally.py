"""What the ledger's rows prove about each notice, counted from the rows themselves by the rule that fed the accounts.

A screen may have several panels. A notice is public where everybody can read it, so it is reported as its weakest
panel has it: the one with the fewest counted days, then the fewest complete showings. A panel that was in service
while the notice was on and never showed it counts as zero.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledsign.evidence import shown_of
from ledsign.frame import AckLevel
from ledsign.playlist.exposure import NEVER, Exposure, Key, Shown, record_all
from ledsign.trust import ClockTrust

_BATCH = 256  # rows counted in one go


@dataclass(frozen=True, slots=True)
class PanelCount:
    """One panel's part."""

    panel: str
    counted_days: int
    passes: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the rows prove about one notice revision, as its weakest panel has it. ``seconds``: complete, counted
    page time; ``panels``: every panel's figures, by name."""

    key: Key
    digest: str
    exposure: Exposure
    first_at: datetime
    last_at: datetime
    rows: int
    seconds: float
    untrusted_rows: int
    page_sha256: tuple[str, ...]
    panels: tuple[PanelCount, ...]


@dataclass(slots=True)
class _Count:
    """One notice revision on one panel while its rows are counted."""

    key: Key
    digest: str
    first_at: datetime
    last_at: datetime
    exposure: Exposure = NEVER
    rows: int = 0
    seconds: float = 0.0
    untrusted_rows: int = 0
    pages: dict[str, None] = field(default_factory=dict)
    waiting: list[Shown] = field(default_factory=list)

    def add(self, document: Mapping[str, Any], shown: Shown, passes_min: int) -> None:
        self.last_at = max(self.last_at, shown.at)
        self.rows += 1
        self.seconds += shown.seconds if shown.counts else 0.0
        self.untrusted_rows += document["clock"] == ClockTrust.UNTRUSTED
        self.pages[document["page_sha256"]] = None
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
    least_ack: AckLevel = AckLevel.ACKED,
    passes_min: int = 1,
    in_service: Collection[str] = (),
) -> list[Tally]:
    """Count rows, in order, into one tally per notice revision, the first shown first. ``in_service``: panels that
    must have shown every notice, besides those that the rows themselves speak of at the time."""
    found: dict[tuple[str, Key], _Count] = {}
    service: dict[str, tuple[datetime, datetime]] = {}
    for document in documents:
        if document["row"] != "shown":
            continue
        shown = shown_of(document, least_ack)
        panel, key = document["panel"], (document["notice_id"], document["revision"])
        count = found.get((panel, key))
        if count is None:
            count = found[panel, key] = _Count(key, document["digest"], shown.at, shown.at)
        count.add(document, shown, passes_min)
        first, last = service.get(panel, (shown.at, shown.at))
        service[panel] = min(first, shown.at), max(last, shown.at)
    by_key: dict[Key, dict[str, _Count]] = {}
    for (panel, key), count in found.items():
        count.settle(passes_min)
        by_key.setdefault(key, {})[panel] = count
    made = [_weakest(key, counts, service, in_service) for key, counts in by_key.items()]
    return sorted(made, key=lambda tally: (tally.first_at, tally.key))


def _weakest(
    key: Key,
    counts: dict[str, _Count],
    service: Mapping[str, tuple[datetime, datetime]],
    in_service: Collection[str],
) -> Tally:
    """The weakest panel's figures; the span is that of the whole screen."""
    first = min(count.first_at for count in counts.values())
    last = max(count.last_at for count in counts.values())
    digest = next(iter(counts.values())).digest
    beside = {panel for panel, (began, ended) in service.items() if began <= last and ended >= first}
    for panel in sorted({*beside, *in_service} - counts.keys()):
        counts[panel] = _Count(key, digest, first, last)
    weakest = min(counts.values(), key=lambda count: count.rank)
    return Tally(
        key=key,
        digest=digest,
        exposure=weakest.exposure,
        first_at=first,
        last_at=last,
        rows=weakest.rows,
        seconds=weakest.seconds,
        untrusted_rows=weakest.untrusted_rows,
        page_sha256=tuple(dict.fromkeys(page for count in counts.values() for page in count.pages)),
        panels=tuple(PanelCount(panel, *counts[panel].rank) for panel in sorted(counts)),
    )


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
        "counted_days": [day.isoformat() for day in exposure.counted_days],
        "evidence_level": None if exposure.weakest is None else int(exposure.weakest),
        "rows": tally.rows,
        "untrusted_rows": tally.untrusted_rows,
        "page_sha256": list(tally.page_sha256),
        "panels": {
            each.panel: {"counted_days": each.counted_days, "passes": each.passes} for each in tally.panels
        },
    }
