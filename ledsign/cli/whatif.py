"""The answer of ``ledsign plan --draft``: what taking one more notice in would cost the others."""

from collections.abc import Mapping
from math import isfinite
from zoneinfo import ZoneInfo

from ledsign.cli.common import emit
from ledsign.i18n import _
from ledsign.notice import Notice
from ledsign.playlist.capacity import Capacity
from ledsign.playlist.forecast import WhatIf
from ledsign.playlist.preempt import Level
from ledsign.reasons import hidden_reasons


def load_figure(capacity: Capacity) -> float | None:
    """None where a day that holds nothing is asked for something."""
    return round(capacity.load, 3) if isfinite(capacity.load) else None


def print_draft(draft: Notice, would: WhatIf, titles: Mapping[str, str], zone: ZoneInfo, as_json: bool) -> None:
    """What taking the draft in would do, and whose demand is to blame."""
    made = would.admission
    document = {
        "kind": "draft",
        "id": draft.id,
        "admissible": made.admissible,
        "harmed": [key[0] for key in made.harmed],
        "because": [draft.id] if would.level is not None and made.harmed else [key[0] for key in made.why],
        "load_before": load_figure(made.before),
        "load_after": load_figure(made.after),
        "level": None if would.level is None else would.level.name.lower(),
        "until": None if would.until is None else would.until.isoformat(timespec="seconds"),
        "hidden": would.hidden,
    }
    said = _draft_text(would).format(
        title=draft.title,
        load=made.after.load,
        until="" if would.until is None else would.until.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        reason="" if would.hidden is None else hidden_reasons().get(would.hidden, would.hidden),
        harmed=_(", ").join(titles[key[0]] for key in made.harmed),
        because=_(", ").join(titles[key[0]] for key in made.why),
    )
    emit(document, said, as_json)


def _draft_text(would: WhatIf) -> str:
    made = would.admission
    if would.hidden is not None:
        text = _("{title} would not be on show now: {reason}.")
    elif would.level is not None and would.level > Level.URGENT:
        text = _("{title} takes the whole screen until {until}, at any hour.")
    elif would.level is not None:
        text = _("{title} takes turns between the others until {until}.")
    elif made.admissible:
        return _("{title} can be taken in: the day is then {load:.0%} full.")
    else:
        return _("With {title} this screen cannot keep the showings of {harmed}, because of {because}.")
    return text if made.admissible else text + " " + _("With it the day cannot keep the showings of {harmed}.")
