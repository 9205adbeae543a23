"""A notice's account as the database keeps it: JSON, its counted days apart (they have a table of their own)."""

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime

from ledsign.frame import AckLevel
from ledsign.playlist.exposure import Exposure

_TIMES = tuple(field.name for field in fields(Exposure) if field.type == (datetime | None))
_DAYS = tuple(field.name for field in fields(Exposure) if field.type == (date | None))


def packed(exposure: Exposure) -> str:
    """The account without its counted days."""
    values: dict[str, object] = {
        name: getattr(exposure, name) for name in Exposure.__slots__ if name != "counted_days"
    }
    for name in (*_TIMES, *_DAYS):
        moment = values[name]
        values[name] = moment.isoformat() if isinstance(moment, date) else None
    for name in ("pass_mask", "day_mask"):
        values[name] = f"{values[name]:x}"  # hundreds of bits: no JSON number
    return json.dumps(values)


def unpacked(text: str, days: Iterable[date]) -> Exposure:
    """The account again, with those days; what an older program did not write is none."""
    values = json.loads(text)
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values.get(name) else None
    for name in _DAYS:
        values[name] = date.fromisoformat(values[name]) if values.get(name) else None
    for name in ("pass_mask", "day_mask"):
        values[name] = int(values[name], 16)
    values["weakest"] = None if values["weakest"] is None else AckLevel(values["weakest"])
    return Exposure(counted_days=tuple(sorted(days)), **values)
