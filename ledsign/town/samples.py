"""The sample notices of ``configs/samples``: read them, and move their dates so that they are of this week.

The files are complete drafts with fixed dates around ``ANCHOR``. ``dated`` moves a document as a whole: days by
days, months by months, years by years, in its fields and in its wording, so that a text of "11月24日" stays the
date of its window. A signed notice cannot be moved; its bytes go out as they are.
"""

import json
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from ledsign.errors import ConfigError, RefusedError
from ledsign.feed.strictjson import JsonObject, JsonValue, parse_json
from ledsign.resources import resource

ANCHOR = date(2026, 11, 20)
"""The "today" of the sample files: the newest of them was published the day before."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}(?=T\d{2}:\d{2}:\d{2})")
_QUARTERS = "一二三四"
_WORDS = re.compile(
    r"(?P<dy>\d{4})年(?P<dm>\d{1,2})月(?P<dd>\d{1,2})日"
    r"|(?<!\d)(?P<sm>\d{1,2})月(?P<sd>\d{1,2})日"
    r"|(?P<my>\d{4})年(?P<mm>\d{1,2})月"
    r"|(?P<qy>\d{4})年第(?P<qq>[一二三四])季度"
    r"|(?<!\d)(?P<lm>\d{1,2})月(?=主题)"
    r"|(?<!\d)(?P<y>\d{4})(?=年|〕)"
)
_VERBATIM = frozenset({"matrix", "sha256", "src", "canonical_url", "value", "key"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One notice file. ``signed`` ones are published byte for byte, drafts through ``dated``."""

    path: Path
    raw: bytes
    document: JsonObject

    @property
    def signed(self) -> bool:
        return "integrity" in self.document

    def assets(self) -> Mapping[str, Path]:
        """SHA-256 to file of the pictures it names that lie beside it in ``assets/``."""
        found: dict[str, Path] = {}
        body = self.document.get("body")
        for block in body if isinstance(body, list) else []:
            for image in (block, block.get("poster")) if isinstance(block, dict) else ():
                if not isinstance(image, dict) or image.get("type", "image") not in ("image", None):
                    continue
                name = str(image.get("src", "")).removeprefix("asset://")
                path = self.path.parent / "assets" / name
                if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name) and path.is_file():
                    found[str(image.get("sha256"))] = path
        return found


def load_samples(folder: Path | None = None) -> tuple[Sample, ...]:
    """The notices of a folder (the shipped samples without one), in the order of their names.

    JSON files of other schemas are passed over. Raises ConfigError for a folder without any notice or a file
    that is no JSON.
    """
    folder = folder if folder is not None else resource("configs", "samples")
    samples = []
    for path in sorted(folder.glob("*.json")):
        try:
            raw = path.read_bytes()
            document = parse_json(raw, floats=True)
        except (OSError, RefusedError) as error:
            raise ConfigError(f"{path}: {error}") from error
        if document.get("schema") == "ledsign.notice/1":
            samples.append(Sample(path, raw, document))
    if not samples:
        raise ConfigError(f"{folder}: no notices in this folder")
    return tuple(samples)


def load_form(name: str) -> JsonObject:
    """A sample request of the staff interface: urgent-water-cut, emergency-flood, cancel-flood,
    withdraw-party-dues."""
    document: JsonObject = json.loads(resource("configs", "samples", "forms", f"{name}.json").read_bytes())
    return document


def dated(document: Mapping[str, JsonValue], now: datetime) -> JsonObject:
    """The document as if ``now`` were its ``ANCHOR`` day; pure."""
    shift = _Shift(now.date())
    moved = {key: shift.value(key, value) for key, value in document.items()}
    notice_id = moved.get("id")
    if isinstance(notice_id, str) and (parts := notice_id.split("-"))[1:2] and len(parts) == 4:
        issued = datetime.strptime(parts[1] + "+0000", "%Y%m%d%z").date()
        moved["id"] = "-".join([parts[0], f"{shift.day(issued):%Y%m%d}", *parts[2:]])
    period = document.get("period")
    if isinstance(period, dict):
        moved["period"] = shift.period(period)
    archive, published = moved.get("archive"), moved.get("publish_at")
    if isinstance(archive, dict) and isinstance(published, str):
        moved["archive"] = {**archive, "series": published[:7]}
    return moved


class _Shift:
    def __init__(self, today: date) -> None:
        self._days = (today - ANCHOR).days
        self._months = (today.year - ANCHOR.year) * 12 + today.month - ANCHOR.month
        self._quarters = (today.year - ANCHOR.year) * 4 + (today.month - 1) // 3 - (ANCHOR.month - 1) // 3
        self._years = today.year - ANCHOR.year

    def day(self, at: date) -> date:
        return at + timedelta(days=self._days)

    def month(self, year: int, month: int, by: int | None = None) -> tuple[int, int]:
        count = year * 12 + month - 1 + (self._months if by is None else by)
        return count // 12, count % 12 + 1

    def value(self, key: str, value: JsonValue) -> JsonValue:
        if key in _VERBATIM:
            return value
        if isinstance(value, dict):
            return {name: self.value(name, inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value("", inner) for inner in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        if _DATE.fullmatch(text) or _DATETIME.match(text):
            return self.day(date.fromisoformat(text[:10])).isoformat() + text[10:]
        return _WORDS.sub(self._word, text)

    def period(self, period: Mapping[str, JsonValue]) -> JsonObject:
        """A reporting period: whole months stay whole months."""
        by = self._quarters * 3 if period["kind"] == "quarter" else self._months
        start, end = (date.fromisoformat(str(period[name])) for name in ("start", "end"))
        first = date(*self.month(start.year, start.month, by), 1)
        year, month = self.month(end.year, end.month, by)
        last = date(year, month, monthrange(year, month)[1])
        label = self.text(str(period["label"]))
        return {"kind": period["kind"], "label": label, "start": first.isoformat(), "end": last.isoformat()}

    def _word(self, found: re.Match[str]) -> str:
        moves: Mapping[str, Callable[[re.Match[str]], str]] = {
            "dd": self._full_date,
            "sd": self._short_date,
            "mm": self._year_month,
            "qq": self._quarter,
            "lm": lambda match: f"{self.month(ANCHOR.year, int(match['lm']))[1]}月",
            "y": lambda match: str(int(match["y"]) + self._years),
        }
        return moves[str(found.lastgroup)](found)

    def _full_date(self, found: re.Match[str]) -> str:
        at = self.day(date(int(found["dy"]), int(found["dm"]), int(found["dd"])))
        return f"{at.year}年{at.month}月{at.day}日"

    def _short_date(self, found: re.Match[str]) -> str:
        month, day = int(found["sm"]), int(found["sd"])
        if not 1 <= month <= 12 or not 1 <= day <= monthrange(ANCHOR.year, month)[1]:
            return found[0]
        at = self.day(date(ANCHOR.year, month, day))
        return f"{at.month}月{at.day}日"

    def _year_month(self, found: re.Match[str]) -> str:
        year, month = self.month(int(found["my"]), int(found["mm"]))
        return f"{year}年{month}月"

    def _quarter(self, found: re.Match[str]) -> str:
        count = int(found["qy"]) * 4 + _QUARTERS.index(found["qq"]) + self._quarters
        return f"{count // 4}年第{_QUARTERS[count % 4]}季度"
