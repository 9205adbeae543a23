"""Documents the town writes itself: urgent pushes, their cancellation, withdrawals. Pure: time is an argument.

The town relays warnings, it does not author them: an urgent push names who issued it and until when it holds,
and two different persons who released it. Everything built here still has to pass the accept rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from ledsign.feed.strictjson import JsonObject, JsonValue

Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_ITEMS = {"emergency": "C12-01", "urgent": "C12-05"}
_PRIORITY = {"emergency": 100, "urgent": 90}
_STEPS = (("duty_leader", "值班领导审签"), ("second_check", "双人复核"))
_DIGEST_CHARS = 80


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Release(_Form):
    """One person's release. ``actor`` is an office or a name, ``at`` when, the time of the push if left out."""

    actor: Words = Field(max_length=60)
    at: AwareDatetime | None = Field(None, strict=False)


class Issuer(_Form):
    code: Code
    name: Words = Field(max_length=60)


class UrgentForm(_Form):
    """``POST /v1/urgent``: a short text for screens now, gone after ``expires_minutes`` at the latest."""

    title: Words = Field(max_length=60)
    text: Words = Field(max_length=600)
    level: Literal["urgent", "emergency"]
    instruction: str = Field("", max_length=120)
    targets: list[Code] = Field(min_length=1, max_length=200)
    expires_minutes: int = Field(ge=1, le=24 * 60)
    approvals: list[Release] = Field(min_length=2, max_length=2)
    issuer: Issuer | None = None
    sender: str = Field("", max_length=60)
    event_name: str = Field("", max_length=30)
    event_type: str = Field("", max_length=20)
    severity: Literal["red", "orange", "yellow", "blue", "unknown"] = "unknown"
    area_desc: str = Field("", max_length=60)
    item: str | None = Field(None, pattern=r"^C12-[0-9]{2}$")


class CancelForm(_Form):
    """``POST /v1/alerts/{identifier}/cancel``: the all-clear, with its own two releases."""

    text: Words = Field("预警解除,请留意后续通知。", max_length=600)
    approvals: list[Release] = Field(min_length=2, max_length=2)
    expires_minutes: int = Field(60, ge=1, le=24 * 60)


class WithdrawForm(_Form):
    """``POST /v1/notices/{id}/withdraw``: one person is enough, failing safe must be easy."""

    reason_code: Literal["privacy", "secrecy", "public_opinion", "error", "expired", "other"]
    reason: Words = Field(max_length=120)
    ordered_by: Words = Field(max_length=60)
    purge: bool = True
    replacement_id: str | None = Field(None, max_length=64)


class PinForm(_Form):
    """``POST /v1/screens/{code}/device``: this device key speaks for the screen from now on."""

    key: str = Field(pattern=r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a new document is called: its id, its alert's identifier, its public address, and when."""

    notice_id: str
    identifier: str
    url: str
    at: datetime


def stamp(at: datetime) -> str:
    """Time as notices write it: whole seconds with offset."""
    return at.isoformat(timespec="seconds")


def alert_identifier(code: str, at: datetime, number: int) -> str:
    """The 31 characters of a warning's name: area and issuer, time, a digit for warnings of the same second."""
    return f"{code[:6]}00000000_{at:%Y%m%d%H%M%S}_{number % 10}"


def urgent_document(form: UrgentForm, issuer: Issuer, naming: Naming) -> JsonObject:
    """A complete notice without integrity from the short form."""
    at = naming.at
    expires = at + timedelta(minutes=form.expires_minutes)
    event = form.event_name or form.title[:30]
    body = [_paragraph(part.strip()) for part in form.text.splitlines() if part.strip()]
    if form.instruction and form.instruction not in form.text:
        body.append(_paragraph(form.instruction))
    return {
        **_frame(naming, issuer, form.targets, form.title, form.approvals),
        "item": form.item or _ITEMS[form.level],
        "display": _display(at, expires, form.instruction or form.title),
        "urgency": form.level,
        "priority": _PRIORITY[form.level],
        "alert": {
            "identifier": naming.identifier,
            "msg_type": "Alert",
            "references": [],
            "event_type": form.event_type or "other",
            "event_name": event,
            "severity": form.severity,
            "sender": form.sender or issuer.name,
            "sent": stamp(at),
            "effective": stamp(at),
            "expires": stamp(expires),
            "area_codes": [*form.targets],
            "area_desc": form.area_desc or f"{issuer.name}发布范围",
            "instruction": form.instruction or form.title,
            "relayed_by": issuer.name,
        },
        "body": [*body],
    }


def cancel_document(form: CancelForm, alert: Mapping[str, JsonValue], naming: Naming) -> JsonObject:
    """The all-clear for the notice ``alert``, addressed to the same screens."""
    now = naming.at
    old, issuer, targets = alert["alert"], alert["issuer"], alert["targets"]
    if not isinstance(old, dict) or not isinstance(issuer, dict) or not isinstance(targets, list):
        raise TypeError("the document carries no alert")
    expires = now + timedelta(minutes=form.expires_minutes)
    title = f"{old['event_name']}解除"[:60]
    office = Issuer(code=str(issuer["code"]), name=str(issuer["name"]))
    return {
        **_frame(naming, office, [str(t) for t in targets], title, form.approvals),
        "item": alert["item"],
        "display": _display(now, expires, title),
        "urgency": "urgent",
        "priority": 70,
        "alert": {
            **old,
            "identifier": naming.identifier,
            "msg_type": "Cancel",
            "references": [old["identifier"]],
            "sent": stamp(now),
            "effective": stamp(now),
            "expires": stamp(expires),
            "instruction": form.text[:120],
        },
        "body": [_paragraph(form.text)],
    }


def withdrawn_document(
    form: WithdrawForm, latest: Mapping[str, JsonValue], revision: int, at: datetime
) -> JsonObject:
    """The next revision of ``latest`` that takes it off every screen: no body, no image, its reason."""
    document = {key: value for key, value in latest.items() if key != "integrity"}
    document.update(
        revision=revision,
        status="withdrawn",
        updated_at=stamp(at),
        correction=None,
        body=[],
        withdrawal={
            "reason_code": form.reason_code,
            "reason": form.reason,
            "ordered_by": form.ordered_by,
            "at": stamp(at),
            "purge": form.purge,
            "replacement_id": form.replacement_id,
        },
    )
    return document


def _paragraph(text: str) -> JsonObject:
    return {"type": "paragraph", "text": text, "align": "justify", "indent": 0}


def _display(at: datetime, until: datetime, summary: str) -> JsonObject:
    return {
        "not_before": stamp(at),
        "not_after": stamp(until),
        "retain_min_days": 0,
        "min_daily_shows": 0,
        "digest": summary[:_DIGEST_CHARS],
    }


def _frame(
    naming: Naming, issuer: Issuer, targets: Sequence[str], title: str, approvals: Sequence[Release]
) -> JsonObject:
    """What all documents of the town have in common."""
    at = naming.at
    level = "county" if issuer.code.endswith("000000") else "town" if issuer.code.endswith("000") else "village"
    times = [release.at or at for release in approvals]
    actors = [release.actor for release in approvals]
    released = [(*step, actor, when) for step, actor, when in zip(_STEPS, actors, times, strict=True)]
    steps: list[JsonValue] = [
        {"step": step, "label": label, "actor": actor, "at": stamp(when), "result": "pass"}
        for step, label, actor, when in [("draft", "编制", "值班员", min(times)), *released]
    ]
    return {
        "schema": "ledsign.notice/1",
        "id": naming.notice_id,
        "revision": 1,
        "status": "published",
        "village_code": issuer.code,
        "level": level,
        "targets": [*targets],
        "category": "C12",
        "title": title,
        "subtitle": None,
        "doc_number": None,
        "index_number": None,
        "lang": "zh-Hans",
        "issuer": {"code": issuer.code, "name": issuer.name},
        "period": None,
        "validity": None,
        "approval": {
            "procedure": "emergency",
            "steps": steps,
            "proofread": [],
            "checks": {"secrecy": "pass", "content": "pass", "privacy": "pass", "typo": "pass"},
        },
        "publish_at": stamp(at),
        "updated_at": stamp(at),
        "channels": ["led"],
        "canonical_url": naming.url,
        "pii": {"level": "none", "reviewed_by": approvals[-1].actor, "reviewed_at": stamp(at), "exemptions": []},
        "correction": None,
        "withdrawal": None,
        "archive": {"series": f"{at:%Y-%m}", "retention": "10年"},
    }
