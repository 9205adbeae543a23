"""The daemon's configuration: one YAML file plus ``conf.d/*.yaml``, later files win, strict.

Every fault is a ConfigError with file, line, key and, for an unknown key, the nearest known one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ledsign.errors import ConfigError
from ledsign.i18n import _
from ledsign.panel import ColorMode, Panel, load_panels
from ledsign.policy import Policy, load_policy
from ledsign.protocol.traits import FLASH_A_DAY
from ledsign.resources import resource
from ledsign.tighten import merge
from ledsign.validation import mapping, validate
from ledsign.yamlfile import YamlFile, read_yaml

DEFAULT_PATH = Path("/etc/ledsign/ledsign.yaml")
_PATHS = {
    "keys_file", "state", "control", "cache", "policy", "policy_override", "key_file", "ca_file", "community_file",
}  # fmt: skip


def _clock_time(value: str) -> str:
    if value != "24:00":
        time.fromisoformat(value)
    return value


def _listed(value: object) -> object:
    """One file as the list of it; none as an empty one."""
    return [] if value is None else [value] if isinstance(value, str | Path) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(_("no such time zone")) from error
    return value


ClockTime = Annotated[str, Field(pattern=r"^\d\d:\d\d$"), AfterValidator(_clock_time)]


Overrides = Annotated[tuple[Path, ...], BeforeValidator(_listed), Field(max_length=8)]


class Section(BaseModel):
    """Unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ScreenSection(Section):
    """Which screen this is: the 12-digit code that notices are addressed to, and its name."""

    code: str = Field(pattern=r"^\d{12}$")
    name: str = Field(min_length=1, max_length=60)


class PlatformSection(Section):
    """Where approved notices come from. Times in seconds."""

    url: str = Field(pattern=r"^https?://")
    key_file: Path | None = None
    ca_file: Path | None = None
    wait_seconds: int = Field(25, ge=0, le=30)
    poll_seconds: int = Field(60, ge=1, le=3600)
    heartbeat_seconds: int = Field(30, ge=1, le=60)


class CardSection(Section):
    """The control card behind one panel. ``url`` names the line and its options (docs/cards/); ``flash_per_day``:
    writes of the card's flash in 24 hours before more are refused; ``least_ack``: what a page needs to be counted,
    ``sent`` for receivers that never answer, whose pages the owner lets count all the same (the ledger and every
    certificate say so)."""

    family: str = Field("cp5200", pattern=r"^[a-z0-9-]+$")
    url: str = Field(pattern=r"^([a-z]+://|record:|replay:)")
    flash_per_day: int = Field(FLASH_A_DAY, ge=10, le=1_000_000)
    least_ack: Literal["acked", "sent"] = "acked"


class CustomPanel(Section):
    """A panel that is not in ``panels.yaml``. Sizes in LEDs, pitch in mm, distance in m."""

    width: int = Field(ge=32, le=4096)
    height: int = Field(ge=16, le=4096)
    mode: ColorMode
    pitch_mm: float = Field(ge=1, le=50)
    distance_m: float = Field(15.0, gt=0, le=200)
    text_px: int = Field(16, ge=12, le=96)


class PanelSection(Section):
    """One screen surface: a profile by name or its own measures, and its card."""

    name: str = Field("main", pattern=r"^[a-z0-9-]+$")
    profile: str | CustomPanel
    card: CardSection


class HoursSection(Section):
    """Lit hours, ``open`` before ``close``; "24:00" is the end of the day."""

    open: ClockTime
    close: ClockTime


class OperatorSection(Section):
    """Who may change things through the control socket, beside root and the daemon's own user."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class NtcipSection(Section):
    """Our screen as a standard road sign for an emergency centre (docs/cards/ntcip.md); absent: no such port.

    ``listen``: IPv4 address and port; ``allow``: networks that are heard; ``panel``: whose measures the sign has, the
    first without one; ``name``: the centre, as villagers read it; ``approved_by``: who gave it standing leave;
    ``urgent_from`` and ``emergency_from``: the least activation priority that is urgent, and an emergency.
    """

    listen: str = Field(pattern=r"^[0-9.]+:[0-9]+$")
    allow: tuple[str, ...] = Field(min_length=1, max_length=16)
    community_file: Path
    name: str = Field(min_length=1, max_length=50)
    approved_by: str = Field(min_length=1, max_length=60)
    panel: str | None = None
    urgent_from: int = Field(128, ge=2, le=255)
    emergency_from: int = Field(224, ge=2, le=255)


class Config(Section):
    """The whole configuration. Paths are absolute or relative to the file that names them."""

    screen: ScreenSection
    platform: PlatformSection | None = None
    keys_file: Path
    panels: tuple[PanelSection, ...] = Field(min_length=1, max_length=8)
    state: Path = Path("/var/lib/ledsign")
    control: Path = Path("/run/ledsign/control.sock")
    cache: Path | None = None
    policy: Path | None = None
    policy_override: Overrides = ()  # county, then town, then village: each may only tighten what stands before it
    profile: str | None = None
    hours: HoursSection | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    operators: OperatorSection = OperatorSection()
    ntcip: NtcipSection | None = None
    safe_page: tuple[str, ...] = Field(("村务公开",), min_length=1, max_length=4)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def panel(self, section: PanelSection) -> Panel:
        """The panel a section means. Raises ConfigError for an unknown profile."""
        if isinstance(section.profile, CustomPanel):
            return Panel(name=section.name, **section.profile.model_dump())
        panels = load_panels(resource("configs", "panels.yaml"))
        if section.profile not in panels:
            raise ConfigError(
                _("panel {name}: no profile {profile!r}; known: {known}").format(
                    name=section.name, profile=section.profile, known=", ".join(panels)
                )
            )
        return panels[section.profile]


def _resolved(document: Mapping[str, object], folder: Path) -> dict[str, object]:
    """The document with its paths made absolute, relative to the folder of the file they stand in."""
    found: dict[str, object] = dict(document)
    for key in _PATHS & found.keys():
        value = found[key]
        if isinstance(value, str):
            found[key] = str(folder / value)
        elif isinstance(value, list):
            found[key] = [str(folder / part) if isinstance(part, str) else part for part in value]
    for name in ("platform", "ntcip"):
        if isinstance(section := found.get(name), dict):
            found[name] = _resolved(section, folder)
    return found


def _merge(base: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def load_config(path: Path) -> Config:
    """Read ``path`` and ``conf.d/*.yaml`` beside it. Raises ConfigError naming file, line and key."""
    files = [
        read_yaml(path),
        *(read_yaml(extra) for extra in sorted((path.parent / "conf.d").glob("*.yaml"))),
    ]
    document: dict[str, object] = {}
    for file in files:
        document = _merge(document, _resolved(mapping(file), file.path.parent.resolve()))
    config = validate(Config, document, files)
    names = [section.name for section in config.panels]
    if len(set(names)) != len(names):
        raise files[0].error(("panels",), _("two panels have the same name"))
    if config.hours and config.hours.open >= config.hours.close:
        raise files[0].error(("hours",), _("open must be before close"))
    for section in config.panels:
        config.panel(section)
    _check_ntcip(config, files[0], names)
    return config


def _check_ntcip(config: Config, file: YamlFile, names: Sequence[str]) -> None:
    ntcip = config.ntcip
    if ntcip is None:
        return
    if ntcip.panel is not None and ntcip.panel not in names:
        raise file.error(("ntcip",), _("ntcip.panel: there is no panel {name!r}").format(name=ntcip.panel))
    if ntcip.emergency_from < ntcip.urgent_from:
        raise file.error(("ntcip",), _("emergency_from must not be below urgent_from"))


def policy_of(config: Config) -> Policy:
    """The policy in force: shipped or configured, with the screen's own lit hours. Raises ConfigError."""
    policy = load_policy(config.policy or resource("configs", "policy.yaml"), config.profile)
    for override in config.policy_override:
        policy = merge(policy, override)
    if config.hours is None:
        return policy
    hours = replace(policy.hours, open=_minutes(config.hours.open), close=_minutes(config.hours.close))
    return replace(policy, hours=hours)


def access_key(section: PlatformSection) -> str:
    """The screen's key to the platform, "" when none is configured. Raises ConfigError."""
    if section.key_file is None:
        return ""
    try:
        return section.key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{section.key_file}: {error}") from error


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
