"""Small signed notices for tests, written for this project: an invented village, invented people, our own key."""

import copy
import json

from ledsign.feed.integrity import Algorithm, Key, Keyring, sign
from ledsign.feed.strictjson import JsonObject

SCREEN = "990203104205"
TOWN = "990203104000"
COUNTY = "990203000000"
KEY_ID = "unit"
SECRET = b"not a secret: unit tests only"
KEYS = Keyring({KEY_ID: Key(Algorithm.HMAC_SHA256, SECRET)})

ALERT: JsonObject = {
    "identifier": "99020300000000_20261121053000_0",
    "msg_type": "Alert",
    "references": [],
    "event_type": "11B01",
    "event_name": "大风",
    "severity": "orange",
    "sender": "云溪区气象台",
    "sent": "2026-11-21T05:30:00+08:00",
    "effective": "2026-11-21T05:30:00+08:00",
    "expires": "2026-11-21T18:00:00+08:00",
    "area_codes": [TOWN],
    "area_desc": "清溪镇",
    "instruction": "远离广告牌,关好门窗。",
    "relayed_by": "清溪镇值班室",
}

_NORMAL_STEPS = (
    ("draft", "村文书", "08:00"),
    ("supervisory_review", "监委会主任", "08:30"),
    ("secretary_signoff", "村支书", "09:00"),
    ("publish", "村文书", "09:10"),
    ("town_filing", "镇公开办", "10:00"),
)
_EMERGENCY_STEPS = (
    ("draft", "值班员", "05:31"),
    ("duty_leader", "带班领导", "05:33"),
    ("second_check", "应急办", "05:35"),
)


def _steps(rows: tuple[tuple[str, str, str], ...]) -> list[JsonObject]:
    return [
        {"step": step, "label": step, "actor": actor, "at": f"2026-11-20T{time}:00+08:00", "result": "pass"}
        for step, actor, time in rows
    ]


def draft(**changes: object) -> JsonObject:
    """A lawful village notice without ``integrity``; ``changes`` replace members, ``a__b`` reaches inside."""
    document: JsonObject = {
        "schema": "ledsign.notice/1",
        "id": f"{SCREEN}-20261120-C10-0001",
        "revision": 1,
        "status": "published",
        "village_code": SCREEN,
        "level": "village",
        "targets": [SCREEN],
        "category": "C10",
        "item": "C10-02",
        "title": "水渠维修项目立项公示",
        "lang": "zh-Hans",
        "issuer": {"code": SCREEN, "name": "清溪镇柳塘村民委员会"},
        "approval": {
            "procedure": "normal",
            "steps": _steps(_NORMAL_STEPS),
            "proofread": [
                {"round": number, "by": f"{number}校", "at": f"2026-11-20T08:1{number}:00+08:00"}
                for number in (1, 2, 3)
            ],
            "checks": {"secrecy": "pass", "content": "pass", "privacy": "pass", "typo": "pass"},
        },
        "publish_at": "2026-11-20T09:10:00+08:00",
        "updated_at": "2026-11-20T09:10:00+08:00",
        "display": {
            "not_before": "2026-11-20T09:10:00+08:00",
            "not_after": None,
            "retain_min_days": 10,
            "min_daily_shows": 3,
            "digest": "东渠维修600米,预算4万元。",
        },
        "urgency": "routine",
        "priority": 50,
        "alert": None,
        "channels": ["led", "board"],
        "canonical_url": "https://platform.example.invalid/n/1",
        "pii": {
            "level": "none",
            "reviewed_by": "村文书",
            "reviewed_at": "2026-11-20T08:20:00+08:00",
            "exemptions": [],
        },
        "archive": {"series": "2026-11", "retention": "永久"},
        "body": [paragraph("东渠三处渗漏,拟维修600米,预算40,000元。")],
    }
    for name, value in changes.items():
        target: JsonObject = document
        *outer, last = name.split("__")
        for part in outer:
            inner = target[part]
            assert isinstance(inner, dict)
            target = inner
        target[last] = copy.deepcopy(value)  # type: ignore[assignment]
    return document


def emergency(**changes: object) -> JsonObject:
    """A relayed warning with two signatures."""
    return draft(
        **{
            "id": f"{TOWN}-20261121-C12-0001",
            "village_code": TOWN,
            "level": "town",
            "targets": [TOWN],
            "category": "C12",
            "item": "C12-01",
            "title": "大风橙色预警",
            "urgency": "emergency",
            "alert": ALERT,
            "approval__procedure": "emergency",
            "approval__steps": _steps(_EMERGENCY_STEPS),
            "approval__proofread": [],
            "display__retain_min_days": 0,
            **changes,
        }
    )


def withdrawal(document: JsonObject, **changes: object) -> JsonObject:
    """The next revision of ``document``, taking it back."""
    revision = document["revision"]
    assert isinstance(revision, int)
    taken: JsonObject = {
        **copy.deepcopy(document),
        "revision": revision + 1,
        "status": "withdrawn",
        "body": [],
        "withdrawal": {
            "reason_code": "privacy",
            "reason": "涉及个人信息",
            "ordered_by": "镇公开办",
            "at": "2026-11-21T08:00:00+08:00",
            "purge": True,
        },
    }
    return {**taken, **changes}  # type: ignore[dict-item]


def paragraph(text: str) -> JsonObject:
    return {"type": "paragraph", "text": text, "align": "justify", "indent": 2}


def image(**changes: object) -> JsonObject:
    block = {
        "type": "image",
        "src": "asset://canal.png",
        "sha256": "0" * 64,
        "media_type": "image/png",
        "alt": "渗漏位置",
        "role": "photo",
    }
    return {**block, **changes}  # type: ignore[dict-item]


def table(rows: list[list[str]], **changes: object) -> JsonObject:
    width = len(rows[0]) if rows else 2
    columns = [
        {"key": f"k{n}", "title": f"列{n}", "kind": "text", "align": "left", "pin": n == 0} for n in range(width)
    ]
    return {"type": "table", "columns": columns, "rows": rows, **changes}  # type: ignore[dict-item]


def raw(document: JsonObject) -> bytes:
    """Signed with the test key, as bytes on the wire."""
    return json.dumps(sign(document, KEY_ID, SECRET, Algorithm.HMAC_SHA256), ensure_ascii=False).encode()
