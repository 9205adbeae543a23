"""A state folder that a bad disk, a power cut or a person has damaged: errors that name the file, never a traceback
and never a wrong certificate."""

import json
import os
import resource
import shutil
import threading
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from ledger_kit import row
from ledsign.cli.ledger import ledger as ledger_verb
from ledsign.database import Database, read_only
from ledsign.errors import LedgerError, StoreError
from ledsign.evidence import read_anchor
from ledsign.feed.store import Store
from ledsign.ledger import Ledger
from ledsign.ledgerbook import certificate, rows, tail
from ledsign.proof import check_notice, verify
from ledsign.seal import DeviceKey, known_keys
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at

TRIES = 100


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three notices over a week, a root, and a day behind it."""
    state = tmp_path_factory.mktemp("sound")
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        Store(database, state / "assets")
        ledger = Ledger(database)
        ledger.append_event("start", at(8, day=2), {"panels": ["main"]})
        with database.transaction():
            for number in range(200):
                when = at(9, number % 25, day=2 + number // 25)
                ledger.record(row("abc"[number % 3], turn=number + 1, shown_at=when))
        ledger.seal(DeviceKey(state), SCREEN, at(23, day=9), ClockTrust.TRUSTED)
        ledger.record(row("a", turn=500, shown_at=at(9, day=10)))
        ledger.anchor()
    return state


@pytest.fixture
def state(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound, tmp_path / "state")


def ask(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(ledger_verb, [*arguments, "--state", str(state)])


def proven(file: Path) -> tuple[object, ...]:
    """What a certificate and the verbs say of this file. Raises StoreError, LedgerError."""
    with closing(read_only(file)) as connection:
        anchor, keys = read_anchor(file.with_name("ledsign.db.head")), known_keys(file.parent)
        assert anchor is not None
        checked = check_notice(connection, "a", [anchor], keys)
        made = certificate(connection, "a")
    return checked, made


def walked(file: Path) -> object:
    with closing(read_only(file)) as connection:
        result = verify(connection, (), known_keys(file.parent))
        result.require()
        return result, list(rows(connection))


def test_garbage_in_the_file_is_named_or_changes_nothing(state: Path) -> None:
    """Of damaged copies whatever is said at all is what was said of the sound one."""
    file = state / "ledsign.db"
    whole = file.read_bytes()
    honest = {ask_for: ask_for(file) for ask_for in (proven, walked)}
    said = refused = 0
    for seed in range(TRIES):
        chance = Random(seed)
        place, size = chance.randrange(len(whole)), chance.choice([1, 16, 512, 4096])
        file.write_bytes(whole[:place] + chance.randbytes(size) + whole[place + size :])
        for ask_for, truth in honest.items():
            try:
                found = ask_for(file)
            except (StoreError, LedgerError):
                refused += 1
                continue
            said += 1
            assert found == truth, (seed, ask_for)
    assert said > TRIES / 3, (said, refused)
    assert refused > TRIES / 3, (said, refused)


def test_the_daemons_rooms_open_a_damaged_file_or_say_which(state: Path) -> None:
    file = state / "ledsign.db"
    whole = file.read_bytes()
    faults = []
    for seed in range(TRIES):
        chance = Random(seed)
        place = chance.randrange(len(whole))
        file.write_bytes(whole[:place] + chance.randbytes(600) + whole[place + 600 :])
        for left in state.glob("ledsign.db-*"):
            left.unlink()
        try:
            with Database(file, ballast_bytes=4096) as database:
                Store(database, state / "assets")
                Ledger(database).verify()
        except StoreError as error:
            faults.append(str(error))
    assert len(faults) > TRIES / 12
    assert all(str(file) in fault or "the ledger cannot be read" in fault for fault in faults), faults


@pytest.mark.parametrize("kept", [0, 100, 5000, 60_000])
def test_a_file_cut_short_is_said_to_be_so(state: Path, kept: int) -> None:
    file = state / "ledsign.db"
    file.write_bytes(file.read_bytes()[:kept])
    for verb in ("verify", "tail", "export", "certificate a"):
        result = ask(state, *verb.split())
        assert result.exit_code == 75
        assert str(file) in result.stderr


def test_a_write_ahead_log_cut_anywhere_leaves_a_sound_shorter_ledger(state: Path) -> None:
    """What a power cut leaves of the log: the rows before the cut, and each of them whole."""
    file, log = state / "ledsign.db", state / "ledsign.db-wal"
    with Database(file, ballast_bytes=4096) as database:
        ledger = Ledger(database)
        for number in range(20):
            ledger.record(row("b", turn=600 + number, shown_at=at(10, number, day=10)))
        whole, main, rows = log.read_bytes(), file.read_bytes(), ledger.head.seq
    assert len(whole) > 20_000
    seen = set()
    for cut in range(0, len(whole) + 1, len(whole) // 12):
        copy = state.parent / f"cut{cut}"
        copy.mkdir()
        (copy / "ledsign.db").write_bytes(main)
        (copy / "ledsign.db-wal").write_bytes(whole[:cut])
        shutil.copy(state / "device.pub", copy)
        with Database(copy / "ledsign.db", ballast_bytes=4096) as database:
            again = Ledger(database)
            assert again.verify().ok
            seen.add(again.head.seq)
            again.record(row("b", turn=700, shown_at=at(11, day=10)))
    assert len(seen) > 5
    assert max(seen) <= rows


def test_an_anchor_or_key_list_that_cannot_be_read_is_named(state: Path) -> None:
    for name, text in (("ledsign.db.head", b'{"seq":'), ("device.pub", b"\xff\xfe")):
        before = (state / name).read_bytes()
        (state / name).write_bytes(text)
        for verb in ("verify", "certificate a"):
            result = ask(state, *verb.split())
            assert result.exit_code == 30
            assert str(state / name) in result.stderr
        (state / name).write_bytes(before)
    assert ask(state, "verify").exit_code == 0


def test_a_second_daemon_is_turned_away_and_disturbs_nothing(state: Path) -> None:
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        with pytest.raises(StoreError, match=r"ledsign\.db: another process holds this database"):
            Database(state / "ledsign.db")
        ledger.record(row("c", turn=900, shown_at=at(12, day=10)))
        with closing(read_only(state / "ledsign.db")) as connection:
            assert tail(connection, 1)[0]["turn"] == 900


def test_an_export_that_the_disk_cuts_off_half_way_leaves_what_was_there(state: Path, tmp_path: Path) -> None:
    """A file-size limit stands in for the full disk: the write in the middle fails."""
    for arguments in (["export"], ["certificate", "a", "--format", "html"], ["export", "--format", "csv"]):
        out = tmp_path / "out"
        out.write_text("what the inspector has already", encoding="utf-8")
        ask(state, *arguments, "--out", str(tmp_path / "whole"))
        limit = (tmp_path / "whole").stat().st_size // 2
        ask(state, "tail")  # the readers' shared memory is there already
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        with closing(read_only(state / "ledsign.db")):
            resource.setrlimit(resource.RLIMIT_FSIZE, (max(limit, 1), hard))
            try:
                cut = ask(state, *arguments, "--out", str(out))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert cut.exit_code == 65, (arguments, cut.output, cut.exception)
        assert str(out) in cut.stderr
        assert out.read_text(encoding="utf-8") == "what the inspector has already"
        assert not (tmp_path / "out.new").exists()
        assert ask(state, *arguments, "--out", str(out)).exit_code == 0
        assert out.read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_device_or_pipe_is_written_to_and_stays_one(state: Path, tmp_path: Path) -> None:
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    result = ask(state, "export", "--out", str(pipe))
    reader.join(10)
    assert result.exit_code == 0
    assert pipe.is_fifo()
    assert len(received[0].splitlines()) == 203
    assert json.loads(received[0].splitlines()[0])["seq"] == 1
