"""The screen's memory: restart, tombstones, overwriting, damage, a killed process, a full disk."""

import contextlib
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ledsign.database import Database
from ledsign.errors import StoreError
from ledsign.feed.accept import Context, Known, Verdict, judge
from ledsign.feed.parse import digest_of
from ledsign.feed.store import Store
from ledsign.feed.strictjson import JsonObject
from ledsign.policy import load_policy
from notices import ALERT, KEYS, SCREEN, TOWN, draft, emergency, image, paragraph, raw, withdrawal

NOW = datetime.fromisoformat("2026-11-21T09:00:00+08:00")
SECRET_TEXT = "此段文字撤回后不得留存"
PICTURE = b"not really a picture"
PICTURE_SHA = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture(scope="module")
def context(root: Path) -> Context:
    return Context(SCREEN, KEYS, load_policy(root / "configs" / "policy.yaml"), NOW)


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the store; opening it again closes it first, as a restart would."""
    opened: list[Database] = []

    def start() -> Store:
        while opened:
            opened.pop().close()
        opened.append(Database(tmp_path / "ledsign.db", ballast_bytes=4096))
        return Store(opened[0])

    yield start
    for database in opened:
        database.close()


def deliver(store: Store, context: Context, document: JsonObject, at: datetime = NOW) -> Verdict:
    here = replace(context, known=store.known, cancelled=store.cancelled())
    verdict = judge(raw(document), here)
    store.apply(verdict, raw(document), at)
    return verdict


def titles(store: Store) -> list[str]:
    return [notice.title for notice in store.active().notices]


def test_a_notice_survives_a_restart_unchanged(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    assert store.active().notices == ()
    deliver(store, context, draft())
    deliver(store, context, emergency())
    before = store.active()
    after = open_store()
    assert after.active() == before
    assert after.known(str(draft()["id"])) == Known(1, digest_of(draft()), False)
    assert after.raw(str(draft()["id"])) == raw(draft())
    assert after.known("nobody") is None


def test_a_correction_replaces(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    deliver(store, context, draft())
    deliver(store, context, draft(revision=2, title="更正后的标题"))
    assert titles(store) == titles(open_store()) == ["更正后的标题"]


def test_the_same_delivery_twice_is_one(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    deliver(store, context, draft())
    deliver(store, context, draft())
    assert [line.event for line in store.audit()] == ["accepted"]


def _on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [1, 40])  # within one page of the file, and on overflow pages
def test_a_withdrawal_leaves_only_a_tombstone(
    open_store: Callable[[], Store], context: Context, tmp_path: Path, size: int
) -> None:
    store = open_store()
    store.put_asset(PICTURE_SHA, PICTURE)
    first = draft(body=[*[paragraph(SECRET_TEXT * 20)] * size, image(sha256=PICTURE_SHA)], title="撤回的标题")
    deliver(store, context, first)
    assert SECRET_TEXT.encode() in _on_disk(tmp_path)
    verdict = deliver(store, context, withdrawal(first))
    assert (verdict.accept, verdict.display) == (True, False)
    for again in (lambda: store, open_store):
        memory = again()
        assert memory.active().notices == ()
        known = memory.known(str(first["id"]))
        assert known is not None
        assert (known.revision, known.withdrawn) == (2, True)
        content = _on_disk(tmp_path)
        for trace in (SECRET_TEXT.encode(), "撤回的标题".encode(), PICTURE):
            assert trace not in content
        assert deliver(memory, context, first).reason == "revision_rollback"


def test_a_picture_in_use_elsewhere_stays(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    store.put_asset(PICTURE_SHA, PICTURE)
    first = draft(body=[image(sha256=PICTURE_SHA)])
    deliver(store, context, first)
    deliver(store, context, draft(id=f"{SCREEN}-20261120-C10-0002", body=[image(sha256=PICTURE_SHA)]))
    deliver(store, context, withdrawal(first))
    (notice,) = store.active().notices
    assert [store.asset(picture) for picture in notice.images()] == [PICTURE]


def test_takedown_by_the_local_operator(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    deliver(store, context, draft())
    assert store.takedown(str(draft()["id"]), "public_opinion", "clerk", NOW)
    assert not store.takedown(str(draft()["id"]), "again", "clerk", NOW)
    store = open_store()
    assert store.active().notices == ()
    assert deliver(store, context, draft()).reason == "revision_rollback"
    assert deliver(store, context, draft(revision=2)).accept
    events = [(line.event, line.reason, line.detail) for line in store.audit() if line.event == "takedown"]
    assert events == [("takedown", "public_opinion", "by clerk")]


def test_cancel_before_alert_is_remembered(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    cancel = {**ALERT, "identifier": "99020300000000_20261121060000_0", "msg_type": "Cancel"}
    document = emergency(
        id=f"{TOWN}-20261121-C12-0002", alert={**cancel, "references": [ALERT["identifier"]]}, urgency="urgent"
    )
    assert deliver(store, context, document).display
    store = open_store()
    assert store.cancelled() == store.active().cancelled == {ALERT["identifier"]}
    late = deliver(store, context, emergency())
    assert (late.accept, late.display_reason) == (True, "alert_cancelled")


def test_a_successor_for_others_retires_the_old_one(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    deliver(store, context, draft())
    verdict = deliver(store, context, draft(revision=2, targets=["990203104206"]))
    assert (verdict.accept, verdict.reason) == (False, "not_targeted")
    assert store.active().notices == ()
    assert [line.event for line in store.audit()] == ["retired", "accepted"]


def test_audit_lines(open_store: Callable[[], Store], context: Context) -> None:
    store = open_store()
    bad = draft(body=[paragraph("电话13900001234")])
    deliver(store, context, bad)
    deliver(store, context, bad, NOW + timedelta(minutes=1))
    store.refuse("malformed_json", "line\n1\x1b[31m", None, "", NOW)
    store = open_store()
    lines = store.audit()
    assert [(line.event, line.reason, line.times) for line in lines] == [
        ("refused", "malformed_json", 1),
        ("refused", "pii", 2),
    ]
    assert lines[0].detail == "line?1?[31m"
    assert lines[1].at == NOW + timedelta(minutes=1)
    assert lines[1].id == bad["id"]
    assert "1390000" not in lines[1].detail
    assert len(store.audit(1)) == 1


def test_cursor(open_store: Callable[[], Store]) -> None:
    store = open_store()
    assert store.cursor() is None
    store.set_cursor("c-7")
    assert open_store().cursor() == "c-7"


def test_pictures(open_store: Callable[[], Store], context: Context, tmp_path: Path) -> None:
    store = open_store()
    refused = image(src="http://192.0.2.1/x.png", sha256=PICTURE_SHA)
    deliver(
        store, context, draft(body=[paragraph("文"), image(sha256=PICTURE_SHA), image(sha256=PICTURE_SHA), refused])
    )
    (missing,) = store.missing_assets()
    assert missing.sha256 == PICTURE_SHA
    assert store.asset(missing) is None
    with pytest.raises(StoreError, match="differs"):
        store.put_asset(PICTURE_SHA, PICTURE + b"!")
    with pytest.raises(StoreError, match="SHA-256"):
        store.put_asset("../../etc/passwd", PICTURE)
    store.put_asset(PICTURE_SHA, PICTURE)
    assert store.missing_assets() == []
    assert store.asset(missing) == PICTURE
    assert store.asset(replace(missing, name="")) is None  # a refused address gets nothing, whatever its digest
    (tmp_path / "assets" / PICTURE_SHA).write_bytes(b"rotten")
    assert store.asset(missing) is None
    assert store.missing_assets() == [missing]  # to be fetched again


def test_purge_keeps_what_is_used(open_store: Callable[[], Store], context: Context, tmp_path: Path) -> None:
    store = open_store()
    other = hashlib.sha256(b"other").hexdigest()
    store.put_asset(PICTURE_SHA, PICTURE)
    store.put_asset(other, b"other")
    (tmp_path / "assets" / "half.part").write_bytes(b"x")
    deliver(store, context, draft(body=[image(sha256=PICTURE_SHA)]))
    assert store.purge() == 0, "its notice may still be on its way"
    assert store.purge() == 1
    assert [path.name for path in (tmp_path / "assets").iterdir() if path.suffix == ""] == [PICTURE_SHA]
    open_store()
    assert not (tmp_path / "assets" / "half.part").exists()


def test_a_damaged_row_is_set_aside_and_comes_again(
    open_store: Callable[[], Store], context: Context, tmp_path: Path
) -> None:
    store = open_store()
    second = draft(revision=2)
    deliver(store, context, second)
    deliver(store, context, emergency())
    store.set_cursor("c-9")
    store = _damage(open_store, tmp_path, raw(second).replace("东渠".encode(), "西渠".encode()))
    assert titles(store) == ["大风橙色预警"]
    assert store.cursor() is None
    assert store.audit(1)[0].event == "damaged"
    assert deliver(store, context, draft()).reason in {"revision_rollback", "revision_conflict"}
    assert deliver(store, context, second).accept
    assert len(open_store().active().notices) == 2


def _damage(open_store: Callable[[], Store], tmp_path: Path, damaged: bytes) -> Store:
    """Change stored bytes behind the store's back and start it again."""
    with contextlib.closing(sqlite3.connect(tmp_path / "ledsign.db")) as connection, connection:
        connection.execute("UPDATE notice SET raw = ? WHERE id = ?", (damaged, str(draft()["id"])))
    return open_store()


class FullDisk(Database):
    """A database whose disk is full from the moment ``full`` is set."""

    full = False

    def run(self, work, urgent=False):  # type: ignore[no-untyped-def]
        if self.full:
            raise StoreError("disk full")
        return super().run(work, urgent)


def test_a_withdrawal_leaves_the_screen_even_when_the_disk_fails(context: Context, tmp_path: Path) -> None:
    with FullDisk(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        store = Store(database)
        deliver(store, context, draft())
        database.full = True
        with pytest.raises(StoreError):
            deliver(store, context, withdrawal(draft()))
        assert store.active().notices == ()
        database.full = False
        assert deliver(store, context, withdrawal(draft())).accept  # and is not taken as settled
        known = store.known(str(draft()["id"]))
        assert known is not None
        assert known.withdrawn


WRITER = """
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
sys.path[:0] = {path!r}
from ledsign.database import Database
from ledsign.feed.accept import Context, judge
from ledsign.feed.store import Store
from ledsign.policy import load_policy
from notices import KEYS, SCREEN, draft, raw, withdrawal

NOW = datetime.fromisoformat("2026-11-21T09:00:00+08:00")
context = Context(SCREEN, KEYS, load_policy(Path({policy!r})), NOW)
with Database(Path({db!r}), ballast_bytes=4096) as database:
    store = Store(database)
    for number in range({start}, 10_000):
        document = draft(id=f"{{SCREEN}}-20261120-C10-{{number:04d}}")
        for step in (document, withdrawal(document)) if number % 2 else (document,):
            delivered = raw(step)
            store.apply(judge(delivered, replace(context, known=store.known)), delivered, NOW)
            print(number, step["status"], flush=True)
"""


def test_kill_9_loses_nothing_that_was_said(root: Path, tmp_path: Path, context: Context) -> None:
    said: dict[int, str] = {}
    for _round in range(5):
        code = textwrap.dedent(WRITER).format(
            path=[str(root), str(root / "tests")],
            policy=str(root / "configs" / "policy.yaml"),
            db=str(tmp_path / "ledsign.db"),
            start=len(said),
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for count, line in enumerate(writer.stdout):
                number, status = line.split()
                said[int(number)] = status
                if count == 6 + 3 * _round:
                    os.kill(writer.pid, signal.SIGKILL)
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        store = Store(database)
        for number, status in said.items():
            known = store.known(f"{SCREEN}-20261120-C10-{number:04d}")
            assert known is not None
            assert known.withdrawn >= (status == "withdrawn")
        withdrawn = {number for number, status in said.items() if status == "withdrawn"}
        shown = {int(notice.id[-4:]) for notice in store.active().notices}
        assert not shown & withdrawn
        assert {number for number in said if number % 2 == 0} <= shown
        assert database.query("PRAGMA integrity_check") == [("ok",)]
