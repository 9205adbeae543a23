"""kill -9 at random moments of a scripted run. Witnesses: the card's own log, the town's own receipts."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from ledsign.clock import SystemClock
from ledsign.database import read_only
from ledsign.evidence import LINES, verify_lines
from ledsign.panel import load_panels
from ledsign.stage import STAFF_KEY, Setting, Stage, set_stage
from ledsign.town.samples import load_form, load_samples

SCREEN = "990203104205"
KNOWN_S = 3.0  # an online screen knows of a withdrawal after this time at the latest


class Script(threading.Thread):
    """Staff that publishes, pushes, cancels and withdraws without pause; notes when each withdrawal was ordered."""

    def __init__(self, stage: Stage, seed: int) -> None:
        super().__init__(name="staff", daemon=True)
        self.stage = stage
        self.dice = random.Random(seed)
        self.withdrawn: dict[str, float] = {}
        self.published: dict[str, int] = {}
        self.over = threading.Event()
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            samples = list(load_samples())
            for number in range(100_000):
                if self.over.wait(self.dice.uniform(0.1, 0.6)):
                    return
                self.act(samples, number)
        except BaseException as error:  # handed to the test, which fails with it
            self.fault = error

    def act(self, samples, number):
        what = self.dice.choice(["publish", "publish", "urgent", "emergency", "withdraw"])
        if what == "publish" and samples:
            notice = self.stage.publish(samples.pop(self.dice.randrange(len(samples))))
            self.published[notice.id] = notice.revision
        elif what in {"urgent", "emergency"}:
            form = load_form("urgent-water-cut" if what == "urgent" else "emergency-flood")
            form["title"] = f"{form['title']}{number}"
            answer = self.stage.staff("POST", "/v1/urgent", form)
            notice = self.stage.learn(str(answer["id"]), int(str(answer["revision"])))
            self.published[notice.id] = notice.revision
            if what == "emergency" and self.over.wait(self.dice.uniform(0.3, 1.0)) is False:
                path = f"/v1/alerts/{answer['alert']}/cancel"
                cancelled = self.stage.staff("POST", path, load_form("cancel-flood"))
                self.stage.learn(str(cancelled["id"]), int(str(cancelled["revision"])))
        elif what == "withdraw" and len(self.published) > 2:
            notice_id = self.dice.choice([key for key in self.published if key not in self.withdrawn] or [""])
            if notice_id:
                self.stage.staff("POST", f"/v1/notices/{notice_id}/withdraw", load_form("withdraw-party-dues"))
                self.withdrawn[notice_id] = time.monotonic()


def start(config: Path) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), "LEDSIGN_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-m", "ledsign", "run", "--config", str(config)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment,
    )  # fmt: skip


def held(database: Path) -> tuple[set[str], set[str]]:
    """(held, gone) as the daemon's database has them on disk."""
    connection = read_only(database)
    try:
        rows = connection.execute("SELECT id, state FROM notice").fetchall()
        lines = connection.execute(f"{LINES} ORDER BY seq")
        result = verify_lines(lines)
        assert result.ok, result
    finally:
        connection.close()
    return {row[0] for row in rows if row[1] == "held"}, {row[0] for row in rows if row[1] == "gone"}


def ledger_ids(database: Path) -> list[str]:
    connection = read_only(database)
    try:
        return [row[0].hex() for row in connection.execute("SELECT hash FROM ledger ORDER BY seq")]
    finally:
        connection.close()


def town_receipts(stage: Stage) -> list[dict]:
    answer = requests.get(
        f"{stage.town.url}/v1/receipts?limit=5000",
        headers={"Authorization": f"Bearer {STAFF_KEY}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return [each["row"] for each in answer.json()["receipts"]]


def owners(stage: Stage, since: float) -> list[set[str]]:
    """Of each page lit since then the notices whose page it is: two urgents of one form differ in their title alone,
    so that their later pages are the same."""
    whose: dict[str, set[str]] = {}
    for notice in list(stage.notices.values()):
        for page in stage.renderer.render(notice, lambda _image: None).pages:
            whose.setdefault(stage.seen(page), set()).add(notice.id)
    for name, (notice, _page) in list(stage.pages.items()):
        if notice is not None:
            whose.setdefault(name, set()).add(notice.id)
    return [whose[entry.sha256] for entry in stage.card.shown if entry.at > since and entry.sha256 in whose]


@pytest.mark.timeout(1500)
def test_kill_at_random_moments(root, tmp_path, request, capsys):
    kills = request.config.getoption("--kills")
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    dice = random.Random(20261121)
    clock = SystemClock()
    first_page: list[float] = []
    with set_stage(Setting(panel, SCREEN, tmp_path / "out"), clock) as stage:
        database = stage.config.parent / "state" / "ledsign.db"
        script = Script(stage, 7)
        script.start()
        process = None
        try:
            for _round in range(kills):
                begun, count = time.monotonic(), len(stage.card.shown)
                process = start(stage.config)
                lit = stage.card.wait_for(lambda card, n=count: len(card.shown) > n, 30)
                assert lit, "no page within 30 s of a restart"
                first_page.append(time.monotonic() - begun)
                time.sleep(dice.uniform(0.0, 2.5))
                process.send_signal(signal.SIGKILL)
                process.wait(10)
                now_held, gone = held(database)
                # nothing accepted is lost: whatever the card ever showed is held, or was withdrawn
                lost = [each for each in owners(stage, 0) if not each & (now_held | gone)]
                assert not lost, lost
                # nothing withdrawn came back: a withdrawal known for a while was not lit after this start
                old = {key for key, at in script.withdrawn.items() if at < begun - KNOWN_S and key in gone}
                again = [each for each in owners(stage, begun) if each <= old]
                assert not again, "withdrawn, and shown again after a restart"
                assert script.fault is None, script.fault
            before_gone, count = gone, len(stage.card.shown)
            process = start(stage.config)
            assert stage.card.wait_for(lambda card: len(card.shown) > count, 30)
            script.over.set()
            script.join(30)
            settle(stage, database)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            now_held, gone = held(database)
            assert before_gone <= gone
            assert set(script.withdrawn) <= gone, set(script.withdrawn) - gone
            ids = ledger_ids(database)
            received = [row["receipt_id"] for row in town_receipts(stage)]
            assert len(received) == len(set(received))
            assert set(received) <= set(ids)
            assert len(received) >= len(ids) - 3, "rows missing at the town"  # the stop itself is written last
        finally:
            script.over.set()
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(10)
    first_page.sort()
    with capsys.disabled():
        print(
            f"\n{kills} kills: 0 lost, 0 shown again, ledger of {len(ids)} rows sound and with the town once each; "
            f"first page after a start: median {first_page[len(first_page) // 2]:.2f} s, worst {first_page[-1]:.2f} s"
        )


def settle(stage: Stage, database: Path) -> None:
    """Wait until the town has the rows and the screen the withdrawals."""
    for _try in range(100):
        ids = set(ledger_ids(database))
        if len(ids - {row["receipt_id"] for row in town_receipts(stage)}) <= 1:
            time.sleep(2)
            return
        time.sleep(0.3)
    raise AssertionError("the town never got all rows")
