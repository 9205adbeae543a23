"""Single values on the wire and their bounds: moments, days, addresses, codes."""

import re
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

_MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}$", re.ASCII)
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
_YEARS = range(1900, 3000)  # arithmetic at the ends of the calendar overflows: "for ever" is written null

FAULT_DATETIME, FAULT_WINDOW, FAULT_URL = "ledsign_datetime", "ledsign_window", "ledsign_url"


def _moment(value: object) -> datetime:
    if isinstance(value, str) and _MOMENT.match(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.year in _YEARS:
            return moment
    raise PydanticCustomError(FAULT_DATETIME, "not a date and time with offset (YYYY-MM-DDThh:mm:ss+hh:mm)")


def _day(value: object) -> date:
    if isinstance(value, str) and _DAY.match(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is not None and day.year in _YEARS:
            return day
    raise PydanticCustomError(FAULT_DATETIME, "not a date (YYYY-MM-DD)")


def _url(value: object) -> str:
    if isinstance(value, str) and len(value) <= 2048 and value.isprintable() and " " not in value:
        try:
            parts = urlsplit(value)
            proper = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            proper = False
        if proper and parts.username is None and "\\" not in value:
            return value
    raise PydanticCustomError(FAULT_URL, "not an http or https address")


Moment = Annotated[datetime, BeforeValidator(_moment)]
Day = Annotated[date, BeforeValidator(_day)]
Url = Annotated[str, BeforeValidator(_url)]
Code12 = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Short = Annotated[str, StringConstraints(max_length=400)]
