"""The emergency centre's message as a notice of this screen, unsigned: pure, like any form that a town fills in.

Level: by the priority of the activation, from ``urgent_from`` on urgent, from ``emergency_from`` on an emergency. It
is never life-safety: no warning of the centre's is red.
"""

import hashlib
from datetime import datetime, timedelta

from ledsign.config import NtcipSection
from ledsign.errors import ConfigError
from ledsign.feed.strictjson import JsonObject, JsonValue
from ledsign.ntcip_agent import CentreMessage
from ledsign.playlist.preempt import CAPS, Level
from ledsign.policy import Policy

EVENT = "NTCIP 1203"
NUMBER = "9999"  # of a day's notices: far above what a town numbers
_STEPS = ("duty_leader", "second_check")  # the centre's order, the standing leave
_TITLE_CHARS, _INSTRUCTION_CHARS = 60, 120


def alert_item(policy: Policy) -> str:
    """The first item for relayed warnings in the catalogue. Raises ConfigError when it has none, or when the policy
    asks for more persons than an order and a standing leave are."""
    if missing := sorted(set(policy.approval.emergency_required) - set(_STEPS)):
        raise ConfigError(f"ntcip: the policy wants the steps {', '.join(missing)} for an emergency")
    for item in policy.items.values():
        if item.frequency == "alert":
            return item.code
    raise ConfigError("ntcip: the policy has no item of frequency 'alert'")


def level_of(section: NtcipSection, priority: int) -> Level:
    """What an activation of that priority is on this screen."""
    if priority >= section.emergency_from:
        return Level.EMERGENCY
    return Level.URGENT if priority >= section.urgent_from else Level.NOTICE


def minutes_at_most(section: NtcipSection, priority: int) -> int:
    """The cap of that level."""
    return int(CAPS[max(Level.URGENT, level_of(section, priority))].total_seconds() // 60)


def notice_id(screen: str, item: str, at: datetime) -> str:
    """One a day: a later message of that day is its next revision."""
    return f"{screen}-{at:%Y%m%d}-{item[:3]}-{NUMBER}"


def document(
    message: CentreMessage, section: NtcipSection, screen: str, item: str, revision: int, at: datetime
) -> JsonObject:
    """A whole notice. Ends with the message's duration, at the latest with the cap of its level. Times have whole
    seconds: the end is rounded up."""
    level = level_of(section, message.priority)
    cap = minutes_at_most(section, message.priority) * 60
    start = at.replace(microsecond=0)
    seconds = cap if message.seconds is None else min(max(message.seconds, 1.0), cap)
    now, until = _stamp(start), _stamp(start + timedelta(seconds=-int(-seconds // 1)))
    name = notice_id(screen, item, at)
    lines = [line.strip() for line in message.pages[0].lines if line.strip()] if message.pages else []
    order = {"step": _STEPS[0], "label": "应急中心下达", "actor": f"{section.name} {message.asker}"}
    leave = {"step": _STEPS[1], "label": "常设授权", "actor": section.approved_by}
    return {
        "schema": "ledsign.notice/1",
        "id": name,
        "revision": revision,
        "status": "published",
        "village_code": screen,
        "level": "county",
        "targets": [screen],
        "category": item[:3],
        "item": item,
        "title": f"{section.name}通知"[:_TITLE_CHARS],
        "lang": "zh-Hans",
        "issuer": {"code": screen, "name": section.name},
        "approval": {
            "procedure": "emergency",
            "steps": [{**step, "at": now, "result": "pass"} for step in (order, leave)],
            "proofread": [],
            "checks": dict.fromkeys(("secrecy", "content", "privacy", "typo"), "pass"),
        },
        "publish_at": now,
        "updated_at": now,
        "display": {
            "not_before": now,
            "not_after": until,
            "retain_min_days": 0,
            "min_daily_shows": 0,
            "digest": "",
        },
        "urgency": "emergency" if level >= Level.EMERGENCY else "urgent",
        "priority": message.priority * 100 // 255,
        "alert": {
            "identifier": f"{screen}00_{start:%Y%m%d%H%M%S}_0",
            "msg_type": "Alert",
            "references": [],
            "event_type": EVENT,
            "event_name": "应急中心通知",
            "severity": "unknown",
            "sender": section.name,
            "sent": now,
            "effective": now,
            "expires": until,
            "area_codes": [screen],
            "area_desc": "",
            "instruction": "\n".join(lines)[:_INSTRUCTION_CHARS],
            "relayed_by": "",
        },
        "channels": ["led"],
        "canonical_url": f"https://ntcip.invalid/{name}",
        "pii": {"level": "none", "reviewed_by": section.approved_by, "reviewed_at": now, "exemptions": []},
        "archive": {"series": f"{at:%Y-%m}", "retention": "10年"},
        "body": _body(message),
    }


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _body(message: CentreMessage) -> list[JsonValue]:
    """A paragraph for each page's text, a picture for each page's graphics, in their order."""
    blocks: list[JsonValue] = []
    for number, page in enumerate(message.pages, 1):
        text = "\n".join(line.strip() for line in page.lines if line.strip())
        if page.picture is not None:
            digest = hashlib.sha256(page.picture).hexdigest()
            blocks.append(
                {
                    "type": "image",
                    "src": f"asset://{digest[:16]}.png",
                    "sha256": digest,
                    "media_type": "image/png",
                    "alt": text or f"第{number}页图",
                    "role": "flowchart",
                }
            )
        if text:
            blocks.append({"type": "paragraph", "text": text, "align": "center", "indent": 0})
    return blocks
