"""The main job end to end: town, daemon and simulated card on loopback; the card's own log is the witness."""

import json
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from ledsign.clock import SystemClock
from ledsign.control import call
from ledsign.database import read_only
from ledsign.panel import load_panels
from ledsign.policy import effective_retention
from ledsign.stage import Setting, play, set_stage
from ledsign.town.samples import load_form, load_samples

SCREEN = "990203104205"


@pytest.fixture
def stage(root, tmp_path):
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    with set_stage(Setting(panel, SCREEN, tmp_path / "out", pace=0.05), SystemClock()) as stage:
        yield stage


@pytest.fixture
def clock():
    return SystemClock()


def rows(stage, kind):
    connection = read_only(stage.config.parent / "state" / "ledsign.db")
    try:
        lines = [json.loads(line) for (line,) in connection.execute("SELECT line FROM ledger ORDER BY seq")]
    finally:
        connection.close()
    return [line for line in lines if line["row"] == kind or line.get("kind") == kind]


def ask(stage, verb, **arguments):
    return call(stage.config.parent / "control.sock", verb, arguments)


def publish(stage, *numbers):
    samples = load_samples()
    return [stage.publish(samples[number]) for number in numbers]


def emergency(stage):
    answer = stage.staff("POST", "/v1/urgent", load_form("emergency-flood"))
    return stage.learn(str(answer["id"]), int(str(answer["revision"]))), str(answer["alert"])


def every_row_was_on_the_glass(stage):
    seen = {entry.sha256 for entry in stage.card.shown}
    for row in rows(stage, "shown"):
        assert row["page_sha256"] in seen, row


def test_published_lit_reported_withdrawn(stage, clock):
    with play(stage, clock) as daemon:
        since = clock.monotonic()
        first, second = publish(stage, 0, 3)
        assert stage.lit(first, since, 15) is not None
        assert stage.lit(second, since, 15) is not None
        assert stage.card.wait_for(lambda card: len(card.shown) >= 6, 30)
        while daemon.outbox.unsent_count():
            time.sleep(0.05)
        since = clock.monotonic()
        stage.staff("POST", f"/v1/notices/{first.id}/withdraw", load_form("withdraw-party-dues"))
        assert stage.gone(first, since, 10) is not None
        since = clock.monotonic()
        assert stage.lit(second, since, 20) is not None
        assert not any(stage.is_page_of(entry.sha256, first) for entry in stage.card.shown if entry.at > since)
        assert daemon.store.raw(first.id) is None
        assert daemon.ledger.verify().ok
    every_row_was_on_the_glass(stage)
    assert [row["detail"]["panels"] for row in rows(stage, "start")] == [[one.name for one in daemon.players]]
    owed = {(row["notice_id"], row["required_days"]) for row in rows(stage, "shown")}
    assert owed == {(one.id, effective_retention(one, daemon.policy)) for one in (first, second)}
    assert all(entry.sha256 in stage.pages for entry in stage.card.shown)
    assert stage.pages[stage.card.glass][0] is None, "the safe page stands in after a clean stop"


def test_an_emergency_fills_the_screen_survives_a_restart_and_leaves_when_called_off(stage, clock):
    with play(stage, clock):
        (notice,) = publish(stage, 6)
        assert stage.lit(notice, 0.0, 15) is not None
        alarm, identifier = emergency(stage)
        assert stage.lit(alarm, 0.0, 10) is not None
    since = clock.monotonic()
    with play(stage, clock):
        assert stage.card.wait_for(lambda card: any(entry.at > since for entry in card.shown), 15)
        first = next(entry for entry in stage.card.shown if entry.at > since)
        assert stage.is_page_of(first.sha256, alarm), "after a restart the emergency comes first"
        stage.staff("POST", f"/v1/alerts/{identifier}/cancel", load_form("cancel-flood"))
        since = clock.monotonic()
        assert stage.lit(notice, since, 30) is not None
        assert not any(stage.is_page_of(entry.sha256, alarm) for entry in stage.card.shown if entry.at > since + 2)


def test_the_rotation_goes_on_without_the_platform(stage, clock):
    with play(stage, clock):
        (notice,) = publish(stage, 3)
        assert stage.lit(notice, 0.0, 15) is not None
    document = json.loads(stage.config.read_text(encoding="utf-8"))
    document["platform"]["url"] = "http://127.0.0.1:9"
    stage.config.write_text(json.dumps(document), encoding="utf-8")
    since = clock.monotonic()
    with play(stage, clock):
        assert stage.lit(notice, since, 15) is not None
        # the card's glass changes a moment before its acknowledgement reaches the player
        until = clock.monotonic() + 5
        while (status := ask(stage, "status"))["panels"][0]["mode"] == "starting" and clock.monotonic() < until:
            time.sleep(0.05)
        assert status["ok"]
        assert status["panels"][0]["mode"] == "rotation"


@pytest.mark.parametrize("trouble", ["reboot", "silence", "garbage"])
def test_a_troubled_card_comes_back_and_nothing_false_is_counted(stage, clock, trouble):
    with play(stage, clock) as daemon, ExitStack() as after:
        (notice,) = publish(stage, 9)
        assert stage.lit(notice, 0.0, 15) is not None
        if trouble == "reboot":
            stage.card.reboot(0.5)
        elif trouble == "silence":
            stage.card.silence(8.0)
        else:
            stage.card.fault("garbage=1.0,corrupt=0.5,seed=3")
            after.callback(stage.card.fault, "")
            time.sleep(3)
            stage.card.fault("")
        since = clock.monotonic()
        assert stage.lit(notice, since, 40) is not None
        if trouble != "garbage":  # a noisy line is bridged by repeats, the others must be seen and written down
            deadline = time.monotonic() + 20
            while not rows(stage, "card_back") and time.monotonic() < deadline:
                time.sleep(0.1)
            assert rows(stage, "card_lost")
            assert rows(stage, "card_back")
        assert daemon.ledger.verify().ok
    every_row_was_on_the_glass(stage)


def test_a_daemon_without_a_card_keeps_running_and_lights_it_when_it_comes(stage, clock, root, tmp_path):
    document = json.loads(stage.config.read_text(encoding="utf-8"))
    right = document["panels"][0]["card"]["url"]
    document["panels"][0]["card"]["url"] = "tcp://127.0.0.1:9"
    stage.config.write_text(json.dumps(document), encoding="utf-8")
    with play(stage, clock) as daemon:
        publish(stage, 3)
        deadline = time.monotonic() + 10
        while daemon.players[0].status.get()[0].card_fault == "" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert daemon.players[0].status.get()[0].card_fault
        assert not rows(stage, "shown")
        while not daemon.notices.get()[0].notices and time.monotonic() < deadline + 10:
            time.sleep(0.05)
        assert daemon.notices.get()[0].notices, "the feed does not wait for the card"
    document["panels"][0]["card"]["url"] = right
    stage.config.write_text(json.dumps(document), encoding="utf-8")
    with play(stage, clock):
        assert stage.card.wait_for(lambda card: any(stage.pages.get(e.sha256, (None,))[0] for e in card.shown), 15)


def test_the_operators_verbs(stage, clock):
    with play(stage, clock) as daemon:
        first, second = publish(stage, 0, 3)
        assert stage.lit(first, 0.0, 20) is not None
        now = ask(stage, "now")
        assert now["panels"][0]["page_sha256"] in stage.pages
        assert ask(stage, "why", id=first.id)["state"] in {"showing", "waiting"}
        assert ask(stage, "why", id="990203104205-20200101-C01-9999")["state"] == "unknown"
        assert {row["id"] for row in ask(stage, "notices")["notices"]} == {first.id, second.id}
        assert ask(stage, "timeline")["slots"]

        assert ask(stage, "takedown", id=first.id, reason="写错了", dry_run=True)["ok"]
        assert ask(stage, "takedown", id=first.id, reason="写错了")["ok"]
        assert stage.gone(first, clock.monotonic(), 10) is not None
        assert ask(stage, "why", id=first.id)["state"] == "takedown"
        assert ask(stage, "takedown", id=first.id, reason="x")["error"] == "unknown_notice"

        refused = ask(stage, "push", raw='{"schema": "ledsign.notice/1"}', wait=1)
        assert (refused["ok"], refused["error"]) == (False, "refused")
        assert refused["detail"].startswith("unsigned")

        assert ask(stage, "blank", reason="检修")["ok"]
        assert stage.card.wait_for(lambda card: not any(card.pixels), 10)
        assert daemon.recall("blank") == "检修"
        since = clock.monotonic()
        assert ask(stage, "unblank")["ok"]
        assert stage.card.wait_for(lambda card: any(card.pixels), 10)
        assert stage.lit(second, since - 1, 15) is not None
        assert ask(stage, "nonsense")["error"] == "unknown_verb"
    assert {row["kind"] for row in rows(stage, "event")} >= {"start", "takedown", "blank", "unblank", "stop"}


def test_blank_holds_over_a_restart(stage, clock):
    with play(stage, clock):
        (notice,) = publish(stage, 3)
        assert stage.lit(notice, 0.0, 15) is not None
        assert ask(stage, "blank", reason="被篡改")["ok"]
        assert stage.card.wait_for(lambda card: not any(card.pixels), 10)
    with play(stage, clock):
        time.sleep(1.5)
        assert not any(stage.card.pixels)
        assert ask(stage, "status")["panels"][0]["mode"] == "blank"


def test_a_full_disk_stops_the_counting_and_not_the_rotation(stage, clock):
    with play(stage, clock) as daemon:
        publish(stage, 6, 9)
        assert stage.card.wait_for(lambda card: len(card.shown) > 6, 30)
        daemon.database.query("PRAGMA max_page_count=1")  # SQLite clamps it to what is used: nothing more fits
        deadline = time.monotonic() + 30
        while not daemon.players[0].disk_failed and time.monotonic() < deadline:
            time.sleep(0.05)
        assert daemon.players[0].disk_failed
        count, pictures = len(stage.card.shown), {entry.sha256 for entry in stage.card.shown[-3:]}
        assert stage.card.wait_for(lambda card: len(card.shown) > count + 5, 30)
        assert {entry.sha256 for entry in stage.card.shown[-5:]} - pictures, "the rotation stands still"
        rows_then = daemon.ledger.head.seq
        daemon.database.query("PRAGMA max_page_count=1000000")
        while daemon.ledger.head.seq <= rows_then and time.monotonic() < deadline + 30:
            time.sleep(0.05)
        assert daemon.ledger.head.seq > rows_then
        assert daemon.ledger.verify().ok


def test_in_quiet_hours_the_screen_is_dark_but_for_an_emergency(stage, clock):
    document = json.loads(stage.config.read_text(encoding="utf-8"))
    early = {"open": "00:00", "close": "01:00"}
    document["hours"] = early if clock.now().hour >= 12 else {"open": "22:00", "close": "23:00"}
    stage.config.write_text(json.dumps(document), encoding="utf-8")
    with play(stage, clock) as daemon:
        (notice,) = publish(stage, 3)
        assert stage.card.wait_for(lambda card: not any(card.pixels), 15)
        assert not any(stage.is_page_of(entry.sha256, notice) for entry in stage.card.shown)
        since = clock.monotonic()
        alarm, identifier = emergency(stage)
        assert stage.lit(alarm, since, 10) is not None
        stage.staff("POST", f"/v1/alerts/{identifier}/cancel", load_form("cancel-flood"))
        assert stage.card.wait_for(lambda card: not any(card.pixels), 15)
        deadline = time.monotonic() + 10
        while daemon.players[0].status.get()[0].mode != "dark" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert daemon.players[0].status.get()[0].mode == "dark"


class Stepping(SystemClock):
    shift = timedelta(0)

    def now(self):
        return super().now() + self.shift


def test_the_wall_clock_jumping_changes_nothing_on_the_screen(stage):
    """Boot in 1970, then NTP: nothing is released or counted by a clock that cannot be right."""

    clock = Stepping()
    with play(stage, clock) as daemon:
        (notice,) = publish(stage, 3)
        assert stage.lit(notice, 0.0, 15) is not None
        counted = len(rows(stage, "shown"))
        clock.shift = timedelta(days=-20_000)
        since = clock.monotonic()
        assert stage.lit(notice, since + 3, 20) is not None, "an accepted notice stays on while the time is unknown"
        assert ask(stage, "status")["clock"]["trust"] == "untrusted"
        clock.shift = timedelta(0)
        assert stage.lit(notice, clock.monotonic() + 2, 20) is not None
        assert daemon.ledger.verify().ok
    assert rows(stage, "clock_moved")
    untrusted = [row for row in rows(stage, "shown")[counted:] if row["clock"] == "untrusted"]
    assert untrusted, "rows carry the state of the clock"


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=3652)], ids=["a day", "ten years"])
def test_a_clock_moved_ahead_far_from_the_platform_darkens_no_warning_and_pins_no_date(stage, ahead):
    clock = Stepping()
    with play(stage, clock):
        alarm, _ = emergency(stage)
        assert stage.lit(alarm, 0.0, 15) is not None
    document = json.loads(stage.config.read_text(encoding="utf-8"))
    document["platform"]["url"] = "http://127.0.0.1:9"
    stage.config.write_text(json.dumps(document), encoding="utf-8")
    since = clock.monotonic()
    with play(stage, clock):
        assert stage.lit(alarm, since, 15) is not None
        clock.shift, since = ahead, clock.monotonic()
        assert stage.lit(alarm, since + 3, 20) is not None, "no date that it may end by can be believed"
        assert ask(stage, "status")["clock"]["trust"] == "untrusted"
    clock.shift = timedelta(0)
    since = clock.monotonic()
    with play(stage, clock) as daemon:
        assert stage.lit(alarm, since, 15) is not None
        assert ask(stage, "status")["clock"]["trust"] == "holdover"
        assert daemon.trusted.floor < clock.now()
        assert daemon.ledger.verify().ok
    assert {row["clock"] for row in rows(stage, "clock_moved")} == {"untrusted"}
