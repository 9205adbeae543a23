"""Notices, items and policies for the tests of the playlist and the ledger."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import FrameType
from zoneinfo import ZoneInfo

from ledsign.frame import AckLevel
from ledsign.notice import (
    Alert,
    Approval,
    Correction,
    Display,
    Issuer,
    Notice,
    Period,
    Status,
    Urgency,
)
from ledsign.playlist.exposure import NEVER, Exposure, Key, Shown, ShownKind, record
from ledsign.playlist.item import Item
from ledsign.playlist.plan import Plan, plan
from ledsign.playlist.preempt import Level
from ledsign.playlist.rotation import Slot
from ledsign.policy import Policy, load_policy
from ledsign.trust import ClockTrust

ZONE = ZoneInfo("Asia/Shanghai")
SCREEN = "990102101201"
DAY = date(2026, 11, 21)


def at(hour: int, minute: int = 0, second: int = 0, day: int = 21, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


@cache
def policy() -> Policy:
    return load_policy(Path(__file__).parent.parent / "configs" / "policy.yaml")


def hours(open_min: int, close_min: int, base: Policy | None = None) -> Policy:
    base = base or policy()
    return replace(base, hours=replace(base.hours, open=open_min, close=close_min))


def display(
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    retain: int = 0,
    shows: int = 0,
) -> Display:
    return Display(not_before or at(6, day=1), not_after, retain, shows, "")


def alert(
    identifier: str = "alert-1",
    msg_type: str = "Alert",
    sent: datetime | None = None,
    expires: datetime | None = None,
    severity: str = "red",
    references: Sequence[str] = (),
) -> Alert:
    sent = sent or at(6)
    return Alert(
        identifier, msg_type, tuple(references), "11B03", "暴雨", severity, "台", sent, sent,
        expires or at(12), (), "全域", "立即转移", "应急办",
    )  # fmt: skip


def notice(
    name: str = "a",
    item: str = "C01-01",
    urgency: Urgency = Urgency.ROUTINE,
    revision: int = 1,
    shown: Display | None = None,
    warning: Alert | None = None,
    period: Period | None = None,
    status: Status = Status.PUBLISHED,
    publish_at: datetime | None = None,
    correction: Correction | None = None,
) -> Notice:
    shown = shown or display()
    publish = publish_at or shown.not_before
    return Notice(
        id=name, revision=revision, status=status, village_code=SCREEN, level="village", targets=(SCREEN,),
        category=item[:3], item=item, title=name, subtitle="", doc_number="", index_number="", lang="zh-Hans",
        issuer=Issuer(SCREEN, "村"), period=period, validity=None,
        approval=Approval("normal", (), (), ()), publish_at=publish, updated_at=publish, display=shown,
        urgency=urgency, priority=0, alert=warning, channels=("led",), canonical_url="", exemptions=(),
        correction=correction, withdrawal=None, body=(), digest=f"{name}-{revision}",
    )  # fmt: skip


def item(name: str = "a", pages: int = 1, dwell: float = 10.0, digest: float | None = None, **values: object) -> Item:
    return Item(notice(name, **values), (dwell,) * pages, digest)  # type: ignore[arg-type]


def ask(
    items: Sequence[Item],
    exposures: Mapping[Key, Exposure] | None = None,
    when: datetime | None = None,
    trust: ClockTrust = ClockTrust.TRUSTED,
    cancelled: Sequence[str] = (),
    rules: Policy | None = None,
    ahead: int = 4,
) -> Plan:
    return plan(items, exposures or {}, rules or policy(), when or at(9), trust, SCREEN, cancelled, ahead)


class Screen:
    """Plays page by page what ``plan`` says, as the daemon does, asking again after every page."""

    def __init__(self, start: datetime | None = None, rules: Policy | None = None) -> None:
        self.now = start or at(9)
        self.rules = rules or policy()
        self.exposures: dict[Key, Exposure] = {}
        self.air_s = 0.0
        self.log: list[tuple[str, int]] = []
        self.trust = ClockTrust.TRUSTED
        self.earliest: datetime | None = None

    def ask(self, items: Sequence[Item], cancelled: Sequence[str] = (), ahead: int = 4) -> Plan:
        return plan(items, self.exposures, self.rules, self.now, self.trust, SCREEN, cancelled, ahead, self.earliest)

    def page(self, items: Sequence[Item], cancelled: Sequence[str] = (), part: float = 1.0) -> Plan:
        """Show one page (or ``part`` of its dwell); time passes even when nothing is shown."""
        made = self.ask(items, cancelled, ahead=1)
        if not made.slots:
            self.now = made.valid_until
            return made
        slot = made.slots[0]
        found = next(i for i in items if i.notice.key == (slot.notice_id, slot.revision))
        if slot.digest:
            self._show(slot, found, ShownKind.DIGEST, 0, found.digest_dwell or 0.0, 1.0)
        else:
            self._show(slot, found, ShownKind.PAGE, slot.first + 1, found.dwells[slot.first], part)
        return made

    def _show(self, slot: Slot, found: Item, kind: ShownKind, n: int, dwell: float, part: float) -> None:
        believed = self.trust is not ClockTrust.UNTRUSTED
        if believed and self.rules.is_night(self.now):
            dwell = max(dwell, found.least(self.rules))
        seconds = dwell * part
        self.air_s += seconds
        key = found.notice.key
        shown = Shown(
            n, len(found.dwells), kind, self.now, seconds, part >= 1.0,
            part >= 1.0 and believed, AckLevel.ACKED, slot.turn, self.air_s, believed,
            urgent=slot.level is Level.URGENT,
        )  # fmt: skip
        self.exposures[key] = record(self.exposures.get(key, NEVER), shown)
        self.now += timedelta(seconds=seconds)
        self.log.append((slot.notice_id, n))

    def pages(self, items: Sequence[Item], count: int, cancelled: Sequence[str] = ()) -> list[tuple[str, int]]:
        """The next ``count`` pages shown, as (notice, page number)."""
        mark = len(self.log)
        while len(self.log) < mark + count:
            self.page(items, cancelled)
        return self.log[mark:]


def calls(work: Callable[[], object]) -> int:
    """Function calls, of the interpreter and of C alike, that ``work`` makes: the same on every machine."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
