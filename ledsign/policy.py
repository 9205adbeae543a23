"""The disclosure policy: what must be shown, for how long, by whose approval, and how a page may look.

Values only; the file's form is in ``policyfile.py``. Times of day are minutes since midnight, because a
closing time of 24:00 is lawful and ``datetime.time`` has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledsign import policyfile as form
from ledsign.notice import Notice, Urgency
from ledsign.yamlfile import YamlFile


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the catalogue. ``due`` names a deadline or is None; terms in days."""

    code: str
    name: str
    form: str  # text, table
    frequency: str  # fixed, month, quarter, year, realtime, event, notice, alert
    due: str | None
    retain_min_days: int
    until_replaced: bool
    archive: str
    pii: str
    guide_dept: str | None
    source: str

    @property
    def disclosure(self) -> bool:
        """Whether a minimum term applies: calls, notices and alerts end with their occasion."""
        return self.frequency not in {"notice", "alert"}


@dataclass(frozen=True, slots=True)
class Category:
    code: str
    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of display in minutes since midnight; ``open`` after ``close`` runs over midnight."""

    open: int
    close: int
    emergency_overrides: bool


@dataclass(frozen=True, slots=True)
class Brightness:
    day_pct: int
    night_pct: int
    night_from: int  # minutes since midnight; night ends when the screen opens
    night_cap_cd_m2: int


@dataclass(frozen=True, slots=True)
class DwellRule:
    """Seconds a page stays: ``min(max_s, max(min_s, lead_in_s + N / chars_per_s + row_s * rows))``."""

    min_s: float
    max_s: float
    lead_in_s: float
    chars_per_s: float
    chars_per_s_slow: float
    night_min_s: float
    blank_s: float
    row_s: float = 0.3
    image_s: float = 8.0
    qr_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Legibility:
    """Character heights as angles (arc minutes) and the least number of LEDs."""

    floor_arcmin: float
    target_arcmin: float
    emergency_arcmin: float
    min_px: int
    dense_px: int


@dataclass(frozen=True, slots=True)
class Look:
    """``dither``: how still photos become dots, "diffusion" (closest to the original) or "blue_noise" (calmer, and
    faster to draw). ``emergency_border``: a frame around the pages of an emergency; it never flashes.
    ``antialias``: smooth edges of letters on full-colour panels, "always" or "never"."""

    dither: str = "diffusion"
    emergency_border: bool = False
    antialias: str = "always"


@dataclass(frozen=True, slots=True)
class Limits:
    rows: int
    pages: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DailyShows:
    """Least complete showings a day by length: up to ``short_pages``, more than ``long_pages``, between."""

    digest: int
    short: int
    normal: int
    long: int
    short_pages: int
    long_pages: int

    def required(self, pages: int) -> int:
        if pages <= self.short_pages:
            return self.short
        return self.long if pages > self.long_pages else self.normal


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """``normal``: steps in their order; ``optional`` ones may be absent; ``distinct``: by different persons."""

    normal: tuple[str, ...]
    optional: tuple[str, ...]
    distinct: tuple[str, ...]
    proofread_rounds: int
    checks: tuple[str, ...]
    filing_within_days: int
    emergency_required: tuple[str, ...]
    emergency_distinct_actors: bool
    emergency_file_within_hours: int


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Days clamp to the month's end (30 February is the last of February)."""

    month_day: int
    quarter_months: tuple[int, ...]
    quarter_day: int
    year_month: int
    year_day: int
    realtime_hours: int
    self_check_day: int
    archive_month_day: int
    archive_year_month: int
    archive_year_day: int


@dataclass(frozen=True, slots=True)
class Policy:
    version: str
    timezone: str
    profile: str
    retain_floor_days: int
    complete_passes_min: int  # full passes that make a local day count
    long_items_days: int
    categories: Mapping[str, Category]
    items: Mapping[str, Item]
    deadlines: Deadlines
    hours: Hours
    brightness: Brightness
    legibility: Legibility
    dwell: DwellRule
    min_daily_shows: DailyShows
    limits: Limits
    approval: ApprovalRule
    urgency_weights: Mapping[Urgency, int]  # emergency has none: it is alone on the screen
    sensitive_words: tuple[str, ...]
    look: Look = Look()

    def item(self, code: str) -> Item | None:
        """The item of that code; None when the catalogue has none."""
        return self.items.get(code)

    def is_night(self, at: datetime) -> bool:
        """Whether the night rules hold: from ``night_from`` until the screen opens (in the policy's zone)."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return minute >= self.brightness.night_from or minute < self.hours.open

    def brightness_percent(self, at: datetime) -> int:
        """Brightness the hour allows, in percent of the panel's own."""
        return self.brightness.night_pct if self.is_night(at) else self.brightness.day_pct

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def counts(self) -> tuple[int, int, int]:
        """(categories, items, items with a table form)."""
        return len(self.categories), len(self.items), sum(item.form == "table" for item in self.items.values())


def effective_retention(notice: Notice, policy: Policy) -> int:
    """Days the notice must be on show: the longest of what it asks, its item's term and the floor.

    Items that are calls, notices or alerts have no floor: only what the notice itself asks. An item that
    the catalogue does not know is treated as disclosure, so that a typing error never shortens a term.
    """
    item = policy.item(notice.item)
    asked = notice.display.retain_min_days
    if item is None:
        return max(asked, policy.retain_floor_days)
    if not item.disclosure:
        return asked
    return max(asked, item.retain_min_days, policy.retain_floor_days)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def load_policy(path: Path, profile: str | None = None) -> Policy:
    """Read a policy under ``profile`` (the file's own when None); a local file tightens it (``tighten.py``).

    Raises ConfigError naming file and line.
    """
    document, file = form.read(path, form.PolicyFile)
    name = profile or document.active_profile
    for wanted, where in ((document.active_profile, "active_profile"), (name, "profiles")):
        if wanted not in document.profiles:
            raise file.error((where,), f"no profile {wanted!r}; known: {', '.join(document.profiles)}")
    _check_catalogue(document, file)
    try:
        ZoneInfo(document.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise file.error(("timezone",), f"no time zone {document.timezone!r}") from error
    return _build(document, name)


def _check_catalogue(document: form.PolicyFile, file: YamlFile) -> None:
    seen: set[str] = set()
    for number, category in enumerate(document.categories):
        where = ("categories", number, "code")
        if category.code in seen:
            raise file.error(where, f"category {category.code} stands twice")
        seen.add(category.code)
        for index, item in enumerate(category.items):
            place = ("categories", number, "items", index, "code")
            if not item.code.startswith(category.code + "-"):
                raise file.error(place, f"item {item.code} does not belong to category {category.code}")
            if item.code in seen:
                raise file.error(place, f"item {item.code} stands twice")
            seen.add(item.code)


def build_item(item: form.Item, own_floor: int, floor: int) -> Item:
    """An item whose term is just the floor of the file's own profile follows the floor of the chosen one."""
    days = floor if item.retain_min_days == own_floor else item.retain_min_days
    return Item(
        item.code, item.name, item.form, item.frequency, item.due, days, item.until_replaced, item.archive,
        item.pii, item.guide_dept, item.source,
    )  # fmt: skip


def _build(document: form.PolicyFile, name: str) -> Policy:
    chosen = document.profiles[name]
    own_floor = document.profiles[document.active_profile].retain_floor_days
    categories = {
        category.code: Category(
            category.code,
            category.name,
            tuple(build_item(item, own_floor, chosen.retain_floor_days) for item in category.items),
        )
        for category in document.categories
    }
    display = document.display
    shows = display.min_daily_shows
    light = display.brightness
    sight = display.legibility
    return Policy(
        version=document.version,
        timezone=document.timezone,
        profile=name,
        retain_floor_days=chosen.retain_floor_days,
        complete_passes_min=document.retention.day_counts_when.complete_passes_min,
        long_items_days=document.retention.long_items_days.value,
        categories=MappingProxyType(categories),
        items=index(categories),
        deadlines=_deadlines(document.deadlines),
        hours=Hours(_minutes(display.hours.open), _minutes(display.hours.close), display.emergency_overrides_hours),
        brightness=Brightness(light.day_pct, light.night_pct, _minutes(light.night_from), light.night_cap_cd_m2),
        legibility=Legibility(
            sight.floor_arcmin, sight.target_arcmin, sight.emergency_arcmin, sight.min_px, sight.dense_px
        ),
        dwell=_dwell(display.page),
        min_daily_shows=DailyShows(
            shows.digest, shows.short, shows.normal, shows.long, shows.short_pages, shows.long_pages
        ),
        limits=Limits(display.limits.rows, display.limits.pages, display.limits.bytes),
        approval=_approval(document.approval, tuple(chosen.optional_steps)),
        urgency_weights=MappingProxyType(
            {
                Urgency.URGENT: document.urgency.urgent.weight,
                Urgency.IMPORTANT: document.urgency.important.weight,
                Urgency.ROUTINE: document.urgency.routine.weight,
            }
        ),
        sensitive_words=tuple(document.sensitive_words),
        look=Look(display.look.dither, display.look.emergency_border, display.look.antialias),
    )


def index(categories: Mapping[str, Category]) -> Mapping[str, Item]:
    return MappingProxyType({item.code: item for category in categories.values() for item in category.items})


def _dwell(page: form.Page) -> DwellRule:
    return DwellRule(
        page.min_seconds, page.max_seconds, page.lead_in_seconds, page.chars_per_second,
        page.chars_per_second_slow, page.night_min_seconds, page.blank_ms / 1000, page.row_seconds,
        page.image_seconds, page.qr_seconds,
    )  # fmt: skip


def _approval(rule: form.Approval, optional: tuple[str, ...]) -> ApprovalRule:
    return ApprovalRule(
        tuple(rule.normal), optional, tuple(rule.distinct_actors), rule.proofread_rounds, tuple(rule.checks),
        rule.town_filing_within_days, tuple(rule.emergency.required), rule.emergency.distinct_actors,
        rule.emergency.file_afterwards_hours,
    )  # fmt: skip


def _deadlines(due: form.Deadlines) -> Deadlines:
    return Deadlines(
        due.month_fixed_day.day, tuple(due.quarter_day.months), due.quarter_day.day, due.yearly.month,
        due.yearly.day, due.realtime.within_hours, due.self_check.day, due.archive_month.day,
        due.archive_year.month, due.archive_year.day,
    )  # fmt: skip
