"""What was approved: a notice and its blocks, as frozen values.

Field meanings follow the feed's schema ``ledsign.notice/1``; building these values from bytes is the job of
``feed/parse.py``. All texts are kept exactly as signed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

EXERCISE_WORDS = ("演练", "演习", "演練", "演習")
"""An alarm whose wording has one of these is an exercise; the feed's schema has no field for it."""


class Urgency(StrEnum):
    ROUTINE = "routine"
    IMPORTANT = "important"
    URGENT = "urgent"  # cuts in at the next page boundary
    EMERGENCY = "emergency"  # cuts in inside the page, full screen, day and night


class Status(StrEnum):
    DRAFT = "draft"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    align: str  # justify, left, center, right
    indent: int  # first-line indent in ems


@dataclass(frozen=True, slots=True)
class ListBlock:
    style: str  # dot, number, cn, none
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    kind: str  # text, int, money, percent, date, id, phone
    align: str  # left, center, right
    pin: bool  # key column, repeated when a wide table is cut


@dataclass(frozen=True, slots=True)
class HeaderCell:
    """A cell of a two-level header row."""

    text: str
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A body cell that covers more than one row or column; ``row`` and ``col`` count from 0."""

    row: int
    col: int
    rowspan: int = 1
    colspan: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """All cells are strings as signed; every row has as many cells as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    unit: str = ""
    header: tuple[tuple[HeaderCell, ...], ...] = ()
    spans: tuple[Span, ...] = ()
    foot: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """``name`` is the asset's file name, ``sha256`` binds its bytes. The name is never used as a path."""

    name: str
    sha256: str
    media_type: str
    alt: str
    caption: str
    role: str  # photo, map, flowchart, seal, ...
    width: int = 0
    height: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Video:
    alt: str
    duration_s: float
    poster: Image | None


@dataclass(frozen=True, slots=True)
class Qr:
    """``matrix``: rows of '0' and '1' without the quiet zone."""

    text: str
    caption: str
    matrix: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Qa:
    question: str
    answer: str
    asked_on: str
    answered_on: str
    state: str
    dept: str


@dataclass(frozen=True, slots=True)
class Signature:
    issuer: str
    date: str


@dataclass(frozen=True, slots=True)
class UnknownBlock:
    """A block of a later schema: its ``alt`` or ``text`` is shown, nothing if it has neither."""

    type: str
    text: str


Block: TypeAlias = (
    Heading | Paragraph | ListBlock | Table | Image | Video | Qr | Steps | Qa | Signature | UnknownBlock
)


@dataclass(frozen=True, slots=True)
class Issuer:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Period:
    kind: str
    label: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Validity:
    state: str
    effective_on: date | None = None
    repealed_on: date | None = None


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    step: str
    label: str
    actor: str
    at: datetime
    result: str  # pass, reject


@dataclass(frozen=True, slots=True)
class Proofread:
    round: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    procedure: str  # normal, emergency
    steps: tuple[ApprovalStep, ...]
    proofread: tuple[Proofread, ...]
    checks: tuple[tuple[str, str], ...]  # (name, pass | fail | pending)


@dataclass(frozen=True, slots=True)
class Display:
    not_before: datetime
    not_after: datetime | None
    retain_min_days: int
    min_daily_shows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A relayed warning, after CAP: who issued it, when, for which area, until when."""

    identifier: str
    msg_type: str  # Alert, Update, Cancel
    references: tuple[str, ...]
    event_type: str
    event_name: str
    severity: str
    sender: str
    sent: datetime
    effective: datetime
    expires: datetime
    area_codes: tuple[str, ...]
    area_desc: str
    instruction: str
    relayed_by: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """A number that may be public: an official telephone, an organisation's account."""

    kind: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    of_id: str
    of_revision: int
    reason: str
    summary: str
    issued_at: datetime
    approved_by: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    reason_code: str
    reason: str
    ordered_by: str
    at: datetime
    purge: bool
    replacement_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One revision of one notice. ``digest`` is the SHA-256 of its canonical form, lower-case hex."""

    id: str
    revision: int
    status: Status
    village_code: str
    level: str
    targets: tuple[str, ...]
    category: str
    item: str
    title: str
    subtitle: str
    doc_number: str
    index_number: str
    lang: str
    issuer: Issuer
    period: Period | None
    validity: Validity | None
    approval: Approval
    publish_at: datetime
    updated_at: datetime
    display: Display
    urgency: Urgency
    priority: int
    alert: Alert | None
    channels: tuple[str, ...]
    canonical_url: str
    exemptions: tuple[Exemption, ...]
    correction: Correction | None
    withdrawal: Withdrawal | None
    body: tuple[Block, ...]
    digest: str

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.revision

    @property
    def is_exercise(self) -> bool:
        """Whether it is an alarm that says, in its titles or the warning's event, that it is only an exercise."""
        if self.alert is None and self.urgency is not Urgency.EMERGENCY:
            return False  # an invitation to an exercise is an ordinary notice
        texts = [self.title, self.subtitle, self.alert.event_name if self.alert else ""]
        return any(word in text for text in texts for word in EXERCISE_WORDS)

    def images(self) -> Iterator[Image]:
        """Every image the notice refers to, posters included, in order."""
        for block in self.body:
            if isinstance(block, Image):
                yield block
            elif isinstance(block, Video) and block.poster is not None:
                yield block.poster


AssetReader: TypeAlias = Callable[[Image], bytes | None]
"""Bytes of an asset whose SHA-256 was checked, or None when it is missing, differs or was refused."""


def no_assets(_image: Image) -> bytes | None:
    """An AssetReader that has nothing: every image degrades to its alt text."""
    return None


def covers(target: str, code: str) -> bool:
    """Whether a 12-digit target addresses ``code``: itself, or all below when it ends in 000 (town: 9 digits
    fixed) or 000000 (county: 6 digits fixed)."""
    if target == code:
        return True
    if target.endswith("000000"):
        return code.startswith(target[:6])
    return target.endswith("000") and code.startswith(target[:9])
