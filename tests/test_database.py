"""One writer, whole transactions, a reserve for withdrawals."""

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ledsign.database import BALLAST_BYTES, Database, read_only
from ledsign.errors import DiskFullError, StoreError

SMALL = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "x.db"


def test_settings_that_keep_every_commit(path: Path) -> None:
    with Database(path, ballast_bytes=SMALL) as database:
        assert database.query("PRAGMA journal_mode") == [("wal",)]
        assert database.query("PRAGMA synchronous") == [(2,)]
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0


def test_all_or_nothing(path: Path) -> None:
    with Database(path, ballast_bytes=SMALL) as database:
        database.migrate("t", ["CREATE TABLE t (a)"])

        def fails(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO t VALUES (1)")
            with database.transaction() as inner:  # joins the outer one
                inner.execute("INSERT INTO t VALUES (2)")
            raise KeyError

        def nonsense(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO t VALUES (1)")
            connection.execute("NONSENSE")

        with pytest.raises(KeyError):
            database.run(fails)
        with pytest.raises(StoreError, match="syntax"):
            database.run(nonsense)
        assert database.query("SELECT * FROM t") == []
        with pytest.raises(StoreError):
            database.query("SELECT * FROM missing")
        assert database.run(lambda c: c.execute("INSERT INTO t VALUES (3) RETURNING a").fetchone()[0]) == 3
        assert database.query("SELECT * FROM t WHERE a > ?", [1]) == [(3,)]


def test_migrations_run_once_and_only_forward(path: Path) -> None:
    steps = ["CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"]
    with Database(path, ballast_bytes=SMALL) as database:
        database.migrate("t", steps[:1])
        database.migrate("t", steps)
        database.migrate("t", steps)
        database.migrate("other", ["CREATE TABLE u (a)"])
        assert database.query("SELECT * FROM t") == [(1,)]
        with pytest.raises(StoreError, match="t is at 2"):
            database.migrate("t", steps[:1])
        with pytest.raises(StoreError):
            database.migrate("bad", ["CREATE TABLE v (a)", "NONSENSE"])
        with pytest.raises(StoreError):
            database.query("SELECT * FROM v")


def test_nobody_else_gets_a_second_writer(path: Path) -> None:
    with Database(path, ballast_bytes=SMALL):
        with pytest.raises(StoreError, match="another process"):
            Database(path, ballast_bytes=SMALL)
        script = f"from pathlib import Path; from ledsign.database import Database; Database(Path({str(path)!r}))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
        assert "another process holds" in done.stderr
    with Database(path, ballast_bytes=SMALL) as again:
        again.close()
        again.close()


def test_readers_see_commits_and_cannot_write(path: Path) -> None:
    with Database(path, ballast_bytes=SMALL) as database:
        database.migrate("t", ["CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"])
        with read_only(path) as connection:
            assert connection.execute("SELECT * FROM t").fetchall() == [(1,)]
            database.run(lambda c: c.execute("INSERT INTO t VALUES (2)"))
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute("DELETE FROM t")
    with read_only(path) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_what_is_no_database_is_said_so(path: Path) -> None:
    with pytest.raises(StoreError, match="no such database"):
        read_only(path)
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, but long enough to look" * 40)
    with pytest.raises(StoreError, match="not a database"):
        read_only(path)
    for _ in range(2):  # the second time shows that the lock was let go
        with pytest.raises(StoreError, match="not a database"):
            Database(path, ballast_bytes=SMALL)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Database(tmp_path / "file" / "x.db")
    (tmp_path / "x.db").mkdir()
    with pytest.raises(StoreError):
        Database(tmp_path / "x.db")


def test_ballast_is_really_reserved_and_comes_back(path: Path) -> None:
    with Database(path) as database:
        ballast = path.with_name("x.db.ballast")
        assert database.has_ballast
        assert ballast.stat().st_blocks * 512 >= BALLAST_BYTES
        assert database.restore_ballast()
        assert database.release_ballast()
        assert not database.release_ballast()
        assert not database.has_ballast
        assert database.restore_ballast()
        ballast.unlink()
        ballast.mkdir()
        with pytest.raises(StoreError):
            database.release_ballast()
        assert not database.restore_ballast()
        ballast.rmdir()


class Full:
    """Stands for a disk: no room until the ballast is gone."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.calls = 0

    def work(self, connection: sqlite3.Connection) -> str:
        self.calls += 1
        if self.database.has_ballast:
            # SQLite's own report of a full disk, without filling one: no page may be added any more
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        else:
            connection.execute("PRAGMA max_page_count = 100000")
        connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
        return "written"


def test_a_withdrawal_gets_through_on_a_full_disk(path: Path) -> None:
    with Database(path, ballast_bytes=SMALL) as database:
        database.migrate("t", ["CREATE TABLE t (a)"])
        disk = Full(database)
        with pytest.raises(DiskFullError):
            database.run(disk.work)
        assert database.has_ballast
        assert disk.calls == 1
        assert database.run(disk.work, urgent=True) == "written"
        assert disk.calls == 3
        assert not database.has_ballast
        assert database.query("SELECT count(*) FROM t") == [(1,)]


def test_threads_share_the_one_connection(path: Path) -> None:
    with Database(path, ballast_bytes=SMALL) as database:
        database.migrate("t", ["CREATE TABLE t (a)"])

        def write() -> None:
            for number in range(25):
                database.run(lambda c, n=number: c.execute("INSERT INTO t VALUES (?)", (n,)))

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert database.query("SELECT count(*) FROM t") == [(100,)]


@pytest.mark.parametrize("instant", [1, 7, 30])
def test_kill_at_any_moment_keeps_every_reported_commit(path: Path, instant: int) -> None:
    script = (
        "import sys; from pathlib import Path; from ledsign.database import Database\n"
        f"d = Database(Path({str(path)!r}), ballast_bytes={SMALL}); d.migrate('t', ['CREATE TABLE t (a)'])\n"
        "for n in range(10000):\n"
        "    d.run(lambda c: c.execute('INSERT INTO t VALUES (?)', (n,)))\n"
        "    print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        reported = [child.stdout.readline() for _ in range(instant)]
        os.kill(child.pid, 9)
        child.wait(30)
    with Database(path, ballast_bytes=SMALL) as database:
        ((count,),) = database.query("SELECT count(*) FROM t")
        assert count >= len(reported) == instant
