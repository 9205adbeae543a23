"""``why`` in plain Chinese and as a machine word, for every case a clerk may ask about."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kit import FakeClock
from ledsign import reasons
from ledsign.answers import Answers
from ledsign.clock import ClockTrust, TrustedClock
from ledsign.control import Caller
from ledsign.database import Database
from ledsign.evidence import ShownRow
from ledsign.feed.accept import Verdict
from ledsign.feed.store import Snapshot, Store
from ledsign.frame import AckLevel, Page, PageKind
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.notice import Status, Urgency, Validity
from ledsign.orders import RefusedOrderError
from ledsign.panel import ColorMode
from ledsign.playlist.item import Item
from ledsign.playlist.situation import PlanMode
from ledsign.showing import PlayerStatus, Showing
from ledsign.statement import cannot_keep
from playlist_kit import SCREEN, alert, ask, at, display, hours, item, policy

PAGE = Page(8, 8, ColorMode.MONO, bytes(8), 5.0, PageKind.BODY, 2, 3)


@pytest.fixture(autouse=True)
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue is asked once a process: begin and end with an empty cache."""
    from ledsign import i18n

    monkeypatch.setenv("LEDSIGN_LANG", "zh_CN")
    i18n._catalogue.cache_clear()
    yield
    i18n._catalogue.cache_clear()


def status(
    found: Sequence[Item], when: datetime | None = None, trust: ClockTrust = ClockTrust.TRUSTED, **values: object
) -> PlayerStatus:
    """What a player says that has just made its plan."""
    made = ask(found, when=when, trust=trust)
    plain = PlayerStatus(
        "main", str(made.mode), slots=made.slots, valid_until=made.valid_until, hidden=made.hidden,
        short=made.short, blame=made.blame, announced=made.announced, claims=made.claims, pages_shown=1,
    )  # fmt: skip
    return replace(plain, **values)  # type: ignore[arg-type]


def test_on_the_screen_now() -> None:
    one = item("a", 3)
    shown = Showing(PAGE, PlanMode.ROTATION, None, one.notice, 2, 3)
    reason = reasons.why(one.notice, status([one], showing=shown), policy())
    assert (reason.state, reason.text) == ("showing", "正在播,第 2/3 页")
    digest = replace(shown, number=0)
    assert "摘要" in reasons.why(one.notice, status([one], showing=digest), policy()).text


def test_waiting_with_its_place_in_the_queue() -> None:
    found = [item(f"n{i}") for i in range(9)]
    state = status(found)
    first = reasons.why(found[0].notice, state, policy())
    last = reasons.why(found[8].notice, state, policy())
    assert (first.state, first.text) == ("waiting", "在轮播队列里,从现在起第 1 个轮到")
    assert (last.state, last.text) == ("waiting", "在轮播队列里,等待轮到")


def test_a_long_roster_waits_for_its_announced_time() -> None:
    found = [item("roster", 100), *(item(f"n{i}") for i in range(6))]
    reason = reasons.why(found[0].notice, status(found, slots=()), policy())
    assert (reason.state, reason.text) == ("waits_for_its_time", "全文 16:00 开始播放,约 16:33 播完")


@pytest.mark.parametrize(
    ("made", "when", "state", "words"),
    [
        (item("a", shown=display(at(10))), at(9), "not_before", "还没到播放时间 (2026-11-21 10:00)"),
        (item("a", item="C12-05", shown=display(at(6), at(8))), at(9), "expired", "播放期已过"),
        (item("a", urgency=Urgency.EMERGENCY, warning=alert(expires=at(8))), at(9), "alert_expired", "预警已过期"),
        (item("a", status=Status.WITHDRAWN), at(9), "withdrawn", "已撤回"),
    ],
    ids=["not before", "expired", "alert expired", "withdrawn"],
)
def test_hidden_by_the_plan(made: Item, when: datetime, state: str, words: str) -> None:
    reason = reasons.why(made.notice, status([made], when), policy())
    assert (reason.state, reason.text) == (state, words)


def test_repealed() -> None:
    one = item("a")
    one = replace(one, notice=replace(one.notice, validity=Validity("repealed", None, date(2026, 11, 20))))
    assert reasons.why(one.notice, status([one]), policy()) == reasons.Reason("repealed", "文件已废止")


def test_not_a_lawful_hour() -> None:
    one = item("a")
    reason = reasons.why(one.notice, status([one], at(23)), policy())
    assert (reason.state, reason.text) == ("dark", "不在准许播放的时段,屏幕将于 06:30 点亮")
    blank = reasons.why(one.notice, status([one], mode="blank"), policy())
    assert blank.state == "blank"


def test_not_schedulable_names_numbers_and_whom_it_is_due_to() -> None:
    rules = hours(8 * 60, 9 * 60)
    found = [item("small"), item("huge", 500)]
    made = ask(found, rules=rules, when=at(8, 30))
    state = replace(status(found), short=made.short, blame=made.blame, slots=())
    reason = reasons.why(found[1].notice, state, rules)
    assert reason.state == "not_schedulable"
    assert reason.text == "排不下:亮屏时间不够,每天应播的 1 次中只能保证 0 次"
    assert cannot_keep([state]) == [
        {
            "panel": "main", "id": "huge", "revision": 1, "required_shows": 1, "promised_shows": 0,
            "because": ["huge"],
        }
    ]  # fmt: skip


def test_the_clock_cannot_be_believed() -> None:
    dated = item("a", shown=display(at(10)), publish_at=at(8))
    state = status([dated], at(0, day=1, month=1, year=1970), ClockTrust.UNTRUSTED)
    assert reasons.why(dated.notice, state, policy()) == reasons.Reason("clock_untrusted", "时钟不可信")


def test_an_emergency_has_the_screen() -> None:
    flood = item("f", item="C12-01", urgency=Urgency.EMERGENCY, warning=alert(), shown=display(at(6)))
    found = [item("a"), flood]
    assert reasons.why(found[0].notice, status(found), policy()).state == "waits_for_emergency"
    assert reasons.why(flood.notice, status(found), policy()).state == "waiting"


@pytest.mark.parametrize("reason", ["repealed", "exercise_over", "exercise_dark", "exercise_unmarked", "outranked"])
def test_every_reason_has_chinese_words(reason: str) -> None:
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reasons.hidden_reasons()[reason])


# ---- through the daemon's answers ----------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[SimpleNamespace]:
    with Database(tmp_path / "l.db", ballast_bytes=4096) as database:
        clock = FakeClock(at(9))
        yield SimpleNamespace(
            clock=clock, trusted=TrustedClock(clock, at(6)), policy=policy(), store=Store(database),
            ledger=Ledger(database), notices=Latest(Snapshot()), players=[],
        )  # fmt: skip


def asked(office: SimpleNamespace, notice_id: str) -> dict[str, object]:
    return dict(Answers(office).handle("why", {"id": notice_id}, Caller(0, 0, "test")))  # type: ignore[arg-type]


def test_held_for_privacy_and_never_received(office: SimpleNamespace) -> None:
    office.store.refuse("pii", "id_card in body", "n-1", "d" * 64, at(8))
    document = asked(office, "n-1")
    assert (document["state"], document["reason"]) == ("refused", "pii")
    assert "含有个人信息" in str(document["text"])
    assert "id_card" not in str(document["text"])
    assert asked(office, "n-2")["state"] == "unknown"


def test_withdrawn_says_when_and_by_what_reason(office: SimpleNamespace) -> None:
    gone = replace(item("n-1").notice, status=Status.WITHDRAWN, revision=2)
    verdict = Verdict(
        accept=True, reason=None, detail="", notice=gone, display=False, display_reason="withdrawn", retain_days=0,
        preempts=False, degrade=(), lint=(), pii=(), id="n-1",
    )  # fmt: skip
    office.store.apply(verdict, b"{}", at(8, 30))
    document = asked(office, "n-1")
    assert document["state"] == "withdrawn"
    assert "已撤回" in str(document["text"])
    assert document["at"] == "2026-11-21T08:30:00+08:00"


def test_a_held_notice_is_answered_for_every_panel_with_its_term(office: SimpleNamespace) -> None:
    one = item("n-1")
    office.notices.put(Snapshot((one.notice,)))
    for name, when in (("main", at(9)), ("side", at(23))):
        office.players.append(SimpleNamespace(name=name, status=Latest(status([one], when))))
    document = asked(office, "n-1")
    assert (document["state"], document["panels"]) == ("waiting", {"main": "waiting", "side": "dark"})
    assert (document["required_days"], document["term"]) == (10, "at_risk")
    assert str(document["text"]).startswith("n-1 《n-1》: 在轮播队列里")


def test_an_expired_call_has_no_term_to_meet(office: SimpleNamespace) -> None:
    call = item("n-1", item="C12-05", shown=display(at(6), at(8)))
    office.notices.put(Snapshot((call.notice,)))
    office.players.append(SimpleNamespace(name="main", status=Latest(status([call]))))
    assert str(asked(office, "n-1")["text"]).endswith("播放期已过; 已完整播放 0 次")


def test_a_notice_is_judged_by_the_panels_in_service_when_it_was_shown_last(office: SimpleNamespace) -> None:
    """As its certificate has it, whatever panels the screen has today."""
    one, again = item("n-1"), item("n-2")
    office.notices.put(Snapshot((one.notice, again.notice)))
    ledger, on = office.ledger, Latest(status([one, again]))
    ledger.append_event("start", at(6), {"panels": ["main", "side"]})
    shown = ShownRow(
        "n-1", 1, "d" * 64, 1, 1, PageKind.BODY, at(7), 10.0, "e" * 64, AckLevel.ACKED, True, ClockTrust.TRUSTED,
        "main", 1,
    )  # fmt: skip
    for turn, panel in enumerate(("main", "side"), 1):
        ledger.record(replace(shown, panel=panel, turn=turn))
    office.players = [SimpleNamespace(name=name, status=on) for name in ("main", "side")]
    assert asked(office, "n-1")["passes"] == 1
    ledger.append_event("start", at(8), {"panels": ["main", "new"]})
    office.players[1] = SimpleNamespace(name="new", status=on)
    assert asked(office, "n-1")["passes"] == 1, "a panel put up since does not undo it"
    assert asked(office, "n-2")["passes"] == 0
    ledger.record(replace(shown, shown_at=at(8, 30), turn=3))
    assert asked(office, "n-1")["passes"] == 0, "but whoever reads the new one has not seen it"
    assert [row["passes"] for row in listed(office, "notices", "notices")] == [0, 0]


def listed(office: SimpleNamespace, verb: str, name: str) -> list[dict[str, Any]]:
    return list(Answers(office).handle(verb, {}, Caller(0, 0, "test"))[name])  # type: ignore[arg-type, call-overload]


# ---- when ------------------------------------------------------------------------------------------------------


def coming(office: SimpleNamespace, found: list[Item], when: datetime) -> None:
    """One panel that has just begun to play these."""
    office.clock.advance((when - office.clock.now()).total_seconds())
    office.config = SimpleNamespace(screen=SimpleNamespace(code=SCREEN))
    office.notices.put(Snapshot(tuple(one.notice for one in found)))
    state = replace(status(found, when), items=tuple(found), since=when)
    office.players = [SimpleNamespace(name="main", status=Latest(state))]


def test_who_waits_is_told_when_it_comes(office: SimpleNamespace) -> None:
    found = [*(item(f"n{i}", 9) for i in range(3)), item("roster", 100)]
    coming(office, found, at(9))
    answers = [asked(office, name) for name in ("n0", "n1", "n2")]
    assert [answer["next"] for answer in answers] == [
        {"main": f"2026-11-21T09:0{minute}+08:00"} for minute in ("0:00", "1:30", "3:00")
    ]
    assert "11-21 09:01" in str(answers[1]["text"])
    coming(office, found, at(23))
    dark = asked(office, "n0")
    assert (dark["state"], dark["next"]) == ("dark", {"main": "2026-11-22T06:30:00+08:00"})


def test_of_a_notice_that_does_not_come_no_time_is_told(office: SimpleNamespace) -> None:
    coming(office, [item("late", shown=display(at(9, day=25)))], at(9))
    assert asked(office, "late")["next"] == {"main": None}
    coming(office, [item("n0"), item("n1")], at(9))
    office.trusted = TrustedClock(office.clock, at(10))
    assert asked(office, "n1")["next"] == {"main": None}, "nobody knows what time it is"


def test_the_timeline_says_when_each_turn_begins_and_when_long_texts_run(office: SimpleNamespace) -> None:
    coming(office, [*(item(f"n{i}", 6) for i in range(3)), item("roster", 100)], at(9))
    rows, announced = listed(office, "timeline", "slots"), listed(office, "timeline", "announced")
    assert [row["at"][11:19] for row in rows] == ["09:00:00", "09:01:00", "09:02:00", "09:03:00"]
    assert rows[1]["text"].startswith("main: 09:01:00 《n1》")
    assert announced[0]["starts"] == "2026-11-21T16:00:00+08:00"
    assert announced[0]["text"] == "main: 《roster》 全文 16:00 开始播放,约 16:33 播完"


# ---- at another time -------------------------------------------------------------------------------------------


@pytest.fixture
def played(office: SimpleNamespace) -> SimpleNamespace:
    """One panel that showed a, then b for ten seconds each until a little before nine, then nothing; both go on."""
    shown = ShownRow(
        "a", 1, "d" * 64, 1, 2, PageKind.BODY, at(8, 59), 10.0, "e" * 64, AckLevel.ACKED, True, ClockTrust.TRUSTED,
        "main", 1,
    )  # fmt: skip
    office.ledger.record(shown)
    office.ledger.record(replace(shown, notice_id="b", n=0, kind=PageKind.DIGEST, shown_at=at(8, 59, 10), turn=2))
    office.ledger.append_event("stop", at(8, 59, 30), {})
    items = (item("a", 2), item("b", 2))
    office.players = [SimpleNamespace(name="main", status=Latest(PlayerStatus("main", "rotation", items=items)))]
    office.config = SimpleNamespace(screen=SimpleNamespace(code=SCREEN))
    return office


def then(office: SimpleNamespace, notice_id: str, when: datetime | str) -> dict[str, object]:
    moment = when if isinstance(when, str) else when.isoformat()
    return dict(Answers(office).handle("why", {"id": notice_id, "at": moment}, Caller(0, 0, "test")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "when", "state", "on", "n"),
    [
        ("a", at(8, 59, 9), "was_on", "a", 1),
        ("a", at(8, 59, 10), "was_not_on", "b", 0),
        ("b", at(8, 59, 10), "was_on", "b", 0),
        ("b", at(8, 59, 20), "was_not_on", None, None),  # a gap is a gap
        ("a", at(8, 58), "was_not_on", None, None),
        ("a", at(9), "was_not_on", None, None),
        ("a", at(9, 0, 15), "will_not_be_on", "b", 1),
        ("b", at(9, 0, 15), "will_be_on", "b", 1),
        ("a", at(23), "will_not_be_on", None, None),
        ("a", at(9, 0, 5), "will_be_on", "a", 2),
    ],
)
def test_what_was_and_what_will_be_on_at_a_moment(
    played: SimpleNamespace, name: str, when: datetime, state: str, on: str | None, n: int | None
) -> None:
    found = then(played, name, when)
    assert found["panels"] == {"main": {"state": state, "on": on, "n": n}}
    assert str(found["text"]).startswith("main: ")


def test_the_page_on_now_was_on_since_it_came(played: SimpleNamespace) -> None:
    """Its row is written when it ends."""
    status = played.players[0].status
    showing = Showing(PAGE, PlanMode.ROTATION, None, item("c", 2).notice, 2, 2)
    status.put(replace(status.get()[0], showing=showing, since=at(8, 59, 50)))
    played.notices = Latest(Snapshot((item("c", 2).notice,)))
    assert then(played, "c", at(8, 59, 55))["panels"] == {"main": {"state": "was_on", "on": "c", "n": 2}}
    played.ledger.append_event("start", at(8, 59, 40), {})
    assert then(played, "c", at(8, 59, 49))["panels"] == {"main": {"state": "was_not_on", "on": None, "n": None}}


def test_a_page_over_midnight_was_on_after_it(played: SimpleNamespace) -> None:
    shown = ShownRow(
        "a", 1, "d" * 64, 1, 2, PageKind.BODY, at(23, 59, 55) - timedelta(days=1), 20.0, "e" * 64, AckLevel.ACKED,
        True, ClockTrust.TRUSTED, "side", 1,
    )  # fmt: skip
    played.ledger.record(shown)
    played.players[0].name = "side"
    assert then(played, "a", at(0, 0, 3))["panels"] == {"side": {"state": "was_on", "on": "a", "n": 1}}


def test_an_unknown_notice_is_said_to_be_unknown_at_any_time(played: SimpleNamespace) -> None:
    for when in (at(8, 59, 9), at(9, 0, 15)):
        assert then(played, "nobody", when)["state"] == "unknown"


def test_of_the_time_to_come_nothing_is_said_that_the_plan_cannot_know(played: SimpleNamespace) -> None:
    status = played.players[0].status
    for mode, state in (("blank", "blank"), ("starting", "starting")):
        status.put(replace(status.get()[0], mode=mode))
        assert then(played, "a", at(9, 0, 15))["panels"] == {"main": {"state": state, "on": None, "n": None}}
    status.put(replace(status.get()[0], mode="rotation"))
    played.trusted = TrustedClock(played.clock, at(10))  # it is nine: the clock is before its floor
    found = then(played, "a", at(23))
    assert found["panels"] == {"main": {"state": "clock_untrusted", "on": None, "n": None}}


def test_who_will_not_be_on_is_told_why_and_an_empty_screen_is_not_a_dark_one(played: SimpleNamespace) -> None:
    status = played.players[0].status
    late = item("late", 1, shown=display(at(12)))
    played.notices = Latest(Snapshot((late.notice,)))
    status.put(replace(status.get()[0], items=(item("a", 2), late)))
    assert "还没到播放时间" in str(then(played, "late", at(9, 0, 15))["text"])
    status.put(replace(status.get()[0], items=(late,)))
    assert "安全页" in str(then(played, "late", at(9, 0, 15))["text"])


@pytest.mark.parametrize("moment", ["soon", "2026-11-24T09:00:00+08:00"])
def test_a_moment_that_is_none_or_too_far_is_refused(played: SimpleNamespace, moment: str) -> None:
    with pytest.raises(RefusedOrderError) as refused:
        then(played, "a", moment)
    assert refused.value.code == "bad_time"
