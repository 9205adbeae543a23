"""The disclosure policy as it stands in YAML (``ledsign.policy/1``): names, types and bounds of every key.

Only ``policy.py`` and ``tighten.py`` read these models; the rest of the program sees frozen values. ``source`` and
``note`` may stand in any section: they tell people where a figure comes from.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ledsign.validation import validate
from ledsign.yamlfile import YamlFile, read_yaml

M = TypeVar("M", bound=BaseModel)
Days = Annotated[int, Field(ge=0, le=3660)]
Percent = Annotated[int, Field(ge=1, le=100)]
Seconds = Annotated[float, Field(gt=0, le=600)]
Count = Annotated[int, Field(ge=0, le=100_000_000)]
MonthDay = Annotated[int, Field(ge=1, le=31)]
Month = Annotated[int, Field(ge=1, le=12)]
ClockText = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
StepName = Literal[
    "draft",
    "supervisory_review",
    "secretary_signoff",
    "publish",
    "town_filing",
    "archive",
    "duty_leader",
    "second_check",
]
CheckName = Literal["secrecy", "content", "privacy", "typo"]
Frequency = Literal["fixed", "month", "quarter", "year", "realtime", "event", "notice", "alert"]


class Section(BaseModel):
    """Strict: no conversion between types, no unknown key."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    source: str = ""
    note: str = ""


class OverrideRule(Section):
    mode: Literal["tighten_only"]
    meaning: str = ""


class Profile(Section):
    retain_floor_days: Days
    optional_steps: list[StepName] = []


class FixedDay(Section):
    day: MonthDay
    clamp: Literal["month_end"] = "month_end"


class QuarterDay(Section):
    months: Annotated[list[Month], Field(min_length=4, max_length=4)]
    day: MonthDay


class YearDay(Section):
    month: Month
    day: MonthDay


class Realtime(Section):
    within_hours: Annotated[int, Field(ge=1, le=720)]


class Rhythm(Section):
    every: Literal["half_month", "month", "quarter", "half_year", "year"]


class Deadlines(Section):
    month_fixed_day: FixedDay
    quarter_day: QuarterDay
    yearly: YearDay
    realtime: Realtime
    self_check: FixedDay
    archive_month: FixedDay
    archive_year: YearDay
    town_check: Rhythm
    town_inspection: Rhythm
    district_inspection: Rhythm


class DayCounts(Section):
    complete_passes_min: Annotated[int, Field(ge=1, le=100)]


class LongItems(Section):
    value: Days


class Retention(Section):
    day_counts_when: DayCounts
    also_elapsed_hours: str = ""
    long_items_days: LongItems
    fixed_items: str = ""


class Hours(Section):
    open: ClockText
    close: ClockText


class Brightness(Section):
    day_pct: Percent
    night_pct: Percent
    night_from: ClockText
    night_cap_cd_m2: Count


class Legibility(Section):
    floor_arcmin: Seconds
    target_arcmin: Seconds
    emergency_arcmin: Seconds
    min_px: Annotated[int, Field(ge=8, le=256)]
    dense_px: Annotated[int, Field(ge=8, le=256)]


class Page(Section):
    min_seconds: Seconds
    max_seconds: Seconds
    chars_per_second: Seconds
    chars_per_second_slow: Seconds
    lead_in_seconds: Seconds
    blank_ms: Annotated[int, Field(ge=0, le=5000)]
    night_min_seconds: Seconds
    row_seconds: Seconds = 0.3
    image_seconds: Seconds = 8.0
    qr_seconds: Seconds = 12.0


class Look(Section):
    """How pages look where that is a matter of taste or of the site."""

    dither: Literal["diffusion", "blue_noise"] = "diffusion"
    emergency_border: bool = False
    antialias: Literal["always", "never"] = "always"


class DailyShows(Section):
    digest: Count
    short: Count
    normal: Count
    long: Count
    short_pages: Count = 6
    long_pages: Count = 60


class Limits(Section):
    rows: Count
    pages: Count
    bytes: Count


class Display(Section):
    hours: Hours
    emergency_overrides_hours: bool
    brightness: Brightness
    legibility: Legibility
    page: Page
    look: Look = Look()
    min_daily_shows: DailyShows
    limits: Limits


class EmergencyChain(Section):
    required: Annotated[list[StepName], Field(min_length=1)]
    distinct_actors: bool
    file_afterwards_hours: Count


class Approval(Section):
    normal: Annotated[list[StepName], Field(min_length=1)]
    distinct_actors: list[StepName] = ["draft", "supervisory_review", "secretary_signoff"]
    proofread_rounds: Annotated[int, Field(ge=0, le=3)]
    checks: list[CheckName]
    town_filing_within_days: Days
    emergency: EmergencyChain


class EmergencyRank(Section):
    preempt: Literal[True]
    full_screen: Literal[True]
    until: str = ""


class UrgentRank(Section):
    preempt: Literal["next_page"]
    weight: Annotated[int, Field(ge=1, le=100)]


class Rank(Section):
    weight: Annotated[int, Field(ge=1, le=100)]


class Urgencies(Section):
    emergency: EmergencyRank
    urgent: UrgentRank
    important: Rank
    routine: Rank


class Item(Section):
    """``due``, ``form`` and the term must be written out; a list without them is no list."""

    code: Annotated[str, StringConstraints(pattern=r"^C\d{2}-\d{2}$")]
    name: Name
    form: Literal["text", "table"]
    frequency: Frequency
    due: Literal["month_fixed_day", "quarter_day", "yearly"] | None
    retain_min_days: Days
    until_replaced: bool
    archive: Literal["永久", "30年", "10年"]
    pii: Literal["none", "names", "masked", "official", "org_account"]
    guide_dept: str | None


class Category(Section):
    code: Annotated[str, StringConstraints(pattern=r"^C\d{2}$")]
    name: Name
    items: Annotated[list[Item], Field(min_length=1, max_length=99)]


class PolicyFile(Section):
    schema_: Literal["ledsign.policy/1"] = Field(alias="schema")
    version: Name
    timezone: Name
    sources: dict[str, str] = {}
    override_rule: OverrideRule
    profiles: Annotated[dict[str, Profile], Field(min_length=1)]
    active_profile: Name
    deadlines: Deadlines
    retention: Retention
    display: Display
    approval: Approval
    urgency: Urgencies
    sensitive_words: list[Name] = []
    categories: Annotated[list[Category], Field(min_length=1, max_length=99)]


class ItemChange(Section):
    """What a county, town or village asks beyond the base policy for one item."""

    code: Annotated[str, StringConstraints(pattern=r"^C\d{2}-\d{2}$")]
    retain_min_days: Days | None = None
    until_replaced: bool | None = None


class DueChange(Section):
    month_fixed_day: MonthDay | None = None
    quarter_day: MonthDay | None = None
    realtime_hours: Annotated[int, Field(ge=1, le=720)] | None = None


class LimitChange(Section):
    rows: Count | None = None
    pages: Count | None = None
    bytes: Count | None = None


class OverrideFile(Section):
    schema_: Literal["ledsign.policy-override/1"] = Field(alias="schema")
    version: Name
    retain_floor_days: Days | None = None
    proofread_rounds: Annotated[int, Field(ge=0, le=3)] | None = None
    due: DueChange = DueChange()
    limits: LimitChange = LimitChange()
    sensitive_words: list[Name] = []
    items: list[ItemChange] = []
    add_items: list[Item] = []


def read(path: Path, model: type[M]) -> tuple[M, YamlFile]:
    """The document and where its values stand. Raises ConfigError: all faults, one a line, each with its place."""
    file = read_yaml(path)
    return validate(model, file.data, [file]), file
