"""The power goes while an archive bundle is written: nothing half is found, and the next run is byte-identical."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ledsign.archive import Bundle, Holdings, month_span, write_bundle
from ledsign.archivecheck import check_bundle
from ledsign.database import Database, read_only
from ledsign.evidence import ShownRow
from ledsign.frame import AckLevel, PageKind
from ledsign.ledger import Ledger
from ledsign.ledgerbook import Register
from ledsign.seal import DeviceKey, known_keys
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at

PICTURE = bytes(range(256)) * 400
PAGES = 12


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        ledger, key = Ledger(database), DeviceKey(tmp_path)
        for number in range(PAGES):
            page, when = f"{number:064x}", at(9, number, month=10)
            shown = ShownRow(
                "n-1", 1, "d" * 64, number + 1, PAGES, PageKind.BODY, when, 10.0, page, AckLevel.ACKED, True,
                ClockTrust.TRUSTED, "main", number + 1,
            )  # fmt: skip
            ledger.record(shown)
        ledger.seal(key, SCREEN, at(23, month=10), ClockTrust.TRUSTED)
    (tmp_path / "page.png").write_bytes(PICTURE)
    return tmp_path


def written(state: Path, path: Path, picture: Callable[[str], Path | None]) -> Bundle:
    connection = read_only(state / "ledsign.db")
    try:
        return write_bundle(connection, month_span("2026-10"), SCREEN, Holdings({}, Register(), picture), path)
    finally:
        connection.close()


def cut_off(state: Path, path: Path, before: str, count: int) -> None:
    """Write the bundle in a process of its own that is killed at the ``count``-th call of that kind."""
    left = count

    def gone(*_: object) -> Path:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return state / "page.png"

    child = os.fork()
    if not child:
        try:
            if before == "sync":
                os.fsync = gone  # type: ignore[assignment]
            elif before == "rename":
                Path.replace = gone  # type: ignore[assignment, method-assign]
            written(state, path, gone if before == "picture" else lambda _: state / "page.png")
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize(("before", "count"), [("picture", 0), ("picture", PAGES // 2), ("sync", 0), ("rename", 0)])
def test_a_power_cut_while_archiving_leaves_the_next_run_byte_identical(
    state: Path, before: str, count: int
) -> None:
    whole, path = state / "whole.tar", state / "2026-10.tar"
    made = written(state, whole, lambda _: state / "page.png")
    cut_off(state, path, before, count)
    assert not path.exists(), "a bundle is there whole or not at all"
    again = written(state, path, lambda _: state / "page.png")
    assert path.read_bytes() == whole.read_bytes()
    assert again.manifest_sha256 == made.manifest_sha256
    assert check_bundle(path, known_keys(state))["rows"] == PAGES + 1
    assert sorted(file.name for file in state.glob("2026-10*")) == ["2026-10.tar"], "what was left half is tidied up"


def test_a_power_cut_leaves_the_bundle_that_was_there_before(state: Path) -> None:
    path = state / "2026-10.tar"
    written(state, path, lambda _: state / "page.png")
    before = path.read_bytes()
    cut_off(state, path, "rename", 0)
    assert path.read_bytes() == before
