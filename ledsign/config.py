"""The daemon's configuration: one YAML file plus ``conf.d/*.yaml``, later files win, strict.

Every fault is a ConfigError with file, line, key and, for an unknown key, the nearest known one.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ledsign.errors import ConfigError
from ledsign.i18n import _
from ledsign.panel import ColorMode, Panel, load_panels
from ledsign.policy import Policy, load_policy
from ledsign.resources import resource
from ledsign.tighten import merge
from ledsign.validation import mapping, validate
from ledsign.yamlfile import read_yaml

DEFAULT_PATH = Path("/etc/ledsign/ledsign.yaml")
_PATHS = {"keys_file", "state", "control", "cache", "policy", "policy_override", "key_file", "ca_file"}


def _clock_time(value: str) -> str:
    if value != "24:00":
        time.fromisoformat(value)
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(_("no such time zone")) from error
    return value


ClockTime = Annotated[str, Field(pattern=r"^\d\d:\d\d$"), AfterValidator(_clock_time)]


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
    """The control card behind one panel. ``url`` names the line and its options (docs/cards/)."""

    family: str = Field("cp5200", pattern=r"^[a-z0-9-]+$")
    url: str = Field(pattern=r"^[a-z]+://")


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
    policy_override: Path | None = None  # may only tighten
    profile: str | None = None
    hours: HoursSection | None = None
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    operators: OperatorSection = OperatorSection()
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
    found = {
        key: str(folder / value) if key in _PATHS and isinstance(value, str) else value
        for key, value in document.items()
    }
    if isinstance(platform := found.get("platform"), dict):
        found["platform"] = _resolved(platform, folder)
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
    return config


def policy_of(config: Config) -> Policy:
    """The policy in force: shipped or configured, with the screen's own lit hours. Raises ConfigError."""
    policy = load_policy(config.policy or resource("configs", "policy.yaml"), config.profile)
    if config.policy_override is not None:
        policy = merge(policy, config.policy_override)
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
