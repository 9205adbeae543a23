"""The pixel surface: size, colour mode, pitch, and who reads it from how far."""

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ledsign.errors import ConfigError
from ledsign.yamlfile import YamlFile, read_yaml


class ColorMode(StrEnum):
    """What one LED can show."""

    MONO = "mono"  # one colour, on or off
    DUAL = "dual"  # red and green, each on or off (both: yellow)
    RGB = "rgb"  # three times 8 bits


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel profile. Sizes in LEDs, pitch in mm, viewing distance in m."""

    name: str
    width: int
    height: int
    mode: ColorMode
    pitch_mm: float
    distance_m: float = 15.0
    text_px: int = 16

    def arcmin(self, px: int) -> float:
        """Angle under which ``px`` LEDs are seen from the viewing distance, in arc minutes."""
        return math.degrees(math.atan(px * self.pitch_mm / 1000 / self.distance_m)) * 60


_KEYS = {"width", "height", "mode", "pitch_mm", "distance_m", "text_px"}


def _panel(name: str, entry: Any, file: YamlFile) -> Panel:
    where = ("panels", name)
    if not isinstance(entry, dict):
        raise file.error(where, f"panel {name}: expected a mapping")
    if unknown := sorted(set(entry) - _KEYS):
        raise file.error((*where, unknown[0]), f"panel {name}: unknown key {unknown[0]!r}")
    if missing := sorted({"width", "height", "mode", "pitch_mm"} - set(entry)):
        raise file.error(where, f"panel {name}: key {missing[0]!r} is missing")
    try:
        panel = Panel(name=name, **{**entry, "mode": ColorMode(entry["mode"])})
        fits = 32 <= panel.width <= 4096 and 16 <= panel.height <= 4096 and 1 <= panel.pitch_mm <= 50
    except (TypeError, ValueError) as error:
        raise file.error(where, f"panel {name}: {error}") from error
    if not fits:
        raise file.error(where, f"panel {name}: size or pitch out of range")
    return panel


def load_panels(path: Path) -> dict[str, Panel]:
    """Read ``panels.yaml``. Raises ConfigError naming the file, the line, the panel and the key."""
    file = read_yaml(path)
    if not isinstance(file.data, dict) or not isinstance(file.data.get("panels"), dict):
        raise ConfigError(f"{path}: expected a mapping 'panels'")
    return {name: _panel(name, entry, file) for name, entry in file.data["panels"].items()}
