"""What a HuiDu card does behind its protocols: files and programmes in flash, a clock, a picture on the glass.

Pictures are read by Pillow, programmes by the brains of the two protocols; nothing comes from the driver. Where
the documents are silent it does the cautious thing: a picture counts only when its file is whole and has the MD5
that the programme names, and a programme outside of its days and times of day is dark.
"""

import hashlib
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from ledsign.panel import Panel
from ledsign.simulator.brain import Lit
from ledsign.simulator.canvas import Pixels, logo, paste

MAX_FILE = 64 << 20
MAX_FILES = 1000
_FORMATS = ("PNG", "BMP", "JPEG", "GIF")
_FACTORY_TIME = datetime(2020, 1, 1)  # noqa: DTZ001 -- a card's clock knows no zone
FACTORY = "factory"  # the programme a card comes with


@dataclass
class StoredFile:
    """A file in flash, perhaps not whole yet."""

    name: str
    md5: str
    size: int
    data: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def whole(self) -> bool:
        found = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return len(self.data) == self.size and found == self.md5


@dataclass(frozen=True)
class Item:
    """What an area shows: a picture file, or something that needs fonts (drawn as a bar)."""

    kind: str
    file: str = ""
    md5: str = ""
    fit: str = "stretch"


@dataclass(frozen=True)
class Area:
    """A rectangle of the screen and its items; the first is shown."""

    x: int
    y: int
    width: int
    height: int
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Programme:
    """``days`` and ``times`` empty: always."""

    guid: str
    name: str
    areas: tuple[Area, ...]
    disabled: bool = False
    days: tuple[tuple[str, str], ...] = ()
    times: tuple[tuple[str, str], ...] = ()

    def may_play(self, now: datetime) -> bool:
        day, clock = now.date().isoformat(), now.strftime("%H:%M:%S")
        in_days = not self.days or any(first <= day <= last for first, last in self.days)
        in_times = not self.times or any(first <= clock <= last for first, last in self.times)
        return in_days and in_times and not self.disabled


class HuiduPlayer:
    """The card behind both protocols. Everything here but the running programme is in flash."""

    def __init__(self, panel: Panel, lit: Lit) -> None:
        self.panel = panel
        self.files: dict[str, StoredFile] = {}
        self.programmes: list[Programme] = [Programme(FACTORY, "", ())]
        self.on = True
        self.brightness = 100
        self.programme_writes = 0
        self._lit = lit
        self._forced = ""  # switched to, until normal play is asked for
        self._now: Callable[[], float] = time.monotonic
        self._set_clock = _FACTORY_TIME
        self._set_at = self._now()
        self._last: Programme | None = None

    # ---- clock ----------------------------------------------------------------------------------------------

    def run_on(self, now: Callable[[], float]) -> None:
        self._now, self._set_at = now, now()

    @property
    def clock(self) -> datetime:
        return self._set_clock + timedelta(seconds=self._now() - self._set_at)

    def set_clock(self, text: str) -> bool:
        try:
            at = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return False
        if not 2000 <= at.year < 2100:
            return False
        self._set_clock, self._set_at = at, self._now()
        return True

    def due(self) -> float | None:
        """Looked at once a second while a programme with an end is played."""
        playing = self.playing()
        if playing is self._last and (playing is None or not (playing.days or playing.times)):
            return None
        return 0.0 if playing is not self._last else 1.0 - self.clock.microsecond / 1e6

    def tick(self) -> None:
        if self.playing() is not self._last:
            self.show("expired")

    # ---- files ----------------------------------------------------------------------------------------------

    def whole(self, name: str, md5: str = "") -> bool:
        stored = self.files.get(name)
        return stored is not None and stored.whole and md5.lower() in ("", stored.md5)

    def missing(self, programmes: Sequence[Programme]) -> list[str]:
        """Picture files that the programmes name and the card does not have."""
        items = [item for each in programmes for area in each.areas for item in area.items]
        return [item.file for item in items if item.kind == "image" and not self.whole(item.file, item.md5)]

    # ---- programmes -----------------------------------------------------------------------------------------

    def replace(self, programmes: Sequence[Programme]) -> None:
        self.programmes = list(programmes)
        self._forced = ""
        self._written()

    def append(self, programmes: Sequence[Programme]) -> None:
        """One with the ID of an older one takes its place."""
        new = {each.guid: each for each in programmes}
        self.programmes = [new.pop(each.guid, each) for each in self.programmes] + list(new.values())
        self._written()

    def remove(self, guids: Sequence[str]) -> bool:
        left = [each for each in self.programmes if each.guid not in guids]
        found = len(left) < len(self.programmes)
        self.programmes = left
        self._written()
        return found

    def switch(self, guid: str) -> bool:
        """Play this one until told otherwise; "" plays normally."""
        if guid and guid not in {each.guid for each in self.programmes}:
            return False
        self._forced = guid
        self.show("page")
        return True

    def _written(self) -> None:
        self.programme_writes += 1
        self.show("page" if self.programmes else "cleared")

    def playing(self) -> Programme | None:
        """The programme on the glass: the one switched to, else the first that may play now."""
        now = self.clock
        ready = [each for each in self.programmes if each.may_play(now)]
        forced = [each for each in ready if each.guid == self._forced]
        return next(iter(forced or ready), None)

    # ---- glass ----------------------------------------------------------------------------------------------

    def state(self) -> Mapping[str, object]:
        """What the card would say of itself, whatever protocol asks."""
        return {
            "on": self.on,
            "brightness": self.brightness,
            "clock": self.clock.isoformat(timespec="seconds"),
            "programmes": [each.guid for each in self.programmes],
            "playing": (playing.guid if (playing := self.playing()) else ""),
            "files": {name: len(stored.data) for name, stored in self.files.items()},
            "programme_writes": self.programme_writes,
        }

    def power_up(self) -> None:
        self.on, self._forced = True, ""
        self.show("boot")

    def set_power(self, on: bool) -> None:
        self.on = on
        self.show("power")

    def show(self, cause: str) -> None:
        """Light what is to be seen now."""
        glass: Pixels = np.zeros((self.panel.height, self.panel.width, 3), np.uint8)
        self._last = playing = self.playing()
        if playing is not None and self.on:
            if playing.guid == FACTORY:
                glass = logo(self.panel)
            for area in playing.areas:
                paste(glass, self._drawn(area), area.x, area.y)
        self._lit(glass, cause)

    def _drawn(self, area: Area) -> Pixels:
        pixels: Pixels = np.zeros((area.height, area.width, 3), np.uint8)
        item = area.items[0] if area.items else Item("")
        if item.kind == "image":
            if self.whole(item.file, item.md5):
                placed(pixels, read_picture(bytes(self.files[item.file].data)), item.fit)
        elif item.kind:
            pixels[area.height // 3 : area.height // 3 * 2] = 255
        return pixels


def read_picture(blob: bytes) -> Pixels:
    """A picture file as pixels; one black pixel for a file that is none, as a real card would show nothing."""
    try:
        with Pictures.open(io.BytesIO(blob), formats=_FORMATS) as picture:
            if picture.width * picture.height <= 4096 * 4096:
                return np.asarray(picture.convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, EOFError, SyntaxError):
        return np.zeros((1, 1, 3), np.uint8)
    return np.zeros((1, 1, 3), np.uint8)


def placed(target: Pixels, picture: Pixels, fit: str) -> None:
    """Put a picture into its area: at its place when the sizes agree, else as ``fit`` says."""
    height, width = target.shape[:2]
    if picture.shape[:2] == (height, width):
        target[:] = picture
    elif fit == "tile":
        rows, columns = -(-height // picture.shape[0]), -(-width // picture.shape[1])
        target[:] = np.tile(picture, (rows, columns, 1))[:height, :width]
    elif fit == "center":
        paste(target, picture, max(0, (width - picture.shape[1]) // 2), max(0, (height - picture.shape[0]) // 2))
    else:
        target[:] = np.asarray(Pictures.fromarray(picture).resize((width, height), Pictures.Resampling.NEAREST))


def day(text: str) -> str:
    """A date as the card compares it; empty when it is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
