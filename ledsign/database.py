"""One SQLite file with exactly one read-write connection.

Why so strict: SQLite 3.7.0 to 3.51.2 can lose a WAL reset when one connection commits while another
checkpoints, so a second writer is never opened (a lock file holds that over processes), and only
``synchronous=FULL`` keeps every commit that returned. Other processes read through ``read_only``.

A ballast file lies beside the database: on a full disk even a DELETE fails, so a withdrawal first gives the
ballast back to the file system (``run(work, urgent=True)``).
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from ledsign.errors import DiskFullError, HeldError, StoreError

BALLAST_BYTES = 8 << 20  # the WAL grows to about 4 MB before a checkpoint gives room back
WAL_LIMIT_BYTES = 4 << 20

T = TypeVar("T")
Cell: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = tuple[Any, ...]
"""One row; SQLite alone knows what its columns hold."""


def _as_store_error(error: sqlite3.Error, path: Path) -> StoreError:
    full = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_FULL
    return (DiskFullError if full else StoreError)(f"{path}: {error}")


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for other processes; works while the daemon holds the file.

    Raises StoreError when the file is missing, unreadable or no database.
    """
    if not path.is_file():
        raise StoreError(f"{path}: no such database")
    try:
        # never immutable=1: on a live WAL database that reads torn pages
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, isolation_level=None)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise _as_store_error(error, path) from error
    return connection


class Database:
    """The process's only read-write connection, guarded by a lock; all threads share it.

    ``path`` is the database file, its folder is created (mode 0700). Raises StoreError when the file is
    damaged, not writable, or held by another process. Close it, or use it as a context manager.
    """

    def __init__(self, path: Path, ballast_bytes: int = BALLAST_BYTES) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._ballast = path.with_name(path.name + ".ballast")
        self._ballast_bytes = ballast_bytes
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._guard = self._take_guard()
        except OSError as error:
            raise StoreError(f"{path}: {error}") from error
        try:
            self._connection = self._open()
        except BaseException:
            os.close(self._guard)
            raise
        self.restore_ballast()

    def _take_guard(self) -> int:
        guard = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(guard)
            raise HeldError(f"{self.path}: another process holds this database") from error
        return guard

    def _open(self) -> sqlite3.Connection:
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5.0)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA foreign_keys=ON")
                connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS component"
                    " (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"
                )
            except BaseException:
                connection.close()
                raise
            self._sync_folder()
        except sqlite3.Error as error:
            raise _as_store_error(error, self.path) from error
        except OSError as error:
            raise StoreError(f"{self.path}: {error}") from error
        return connection

    def _sync_folder(self) -> None:
        """Without it a power cut may take the new file's name away again."""
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk when it returns. A transaction inside another joins it.

        Raises StoreError (DiskFullError on a full disk) after rolling back; any other exception rolls back too.
        """
        with self._lock:
            if self._depth:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._depth = 1
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:  # a full disk may have rolled back already
                        self._connection.execute("ROLLBACK")
                    raise
                finally:
                    self._depth = 0
            except sqlite3.Error as error:
                raise _as_store_error(error, self.path) from error

    def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False) -> T:
        """Do ``work`` in a transaction. ``urgent`` work is repeated once with the ballast thrown off when the
        disk is full: withdrawals and emergencies must get through."""
        try:
            with self.transaction() as connection:
                return work(connection)
        except DiskFullError:
            if not urgent or not self.release_ballast():
                raise
        with self.transaction() as connection:
            return work(connection)

    def query(self, statement: str, values: Sequence[Cell] = ()) -> list[Row]:
        """All rows of a SELECT. Raises StoreError."""
        with self._lock:
            try:
                return self._connection.execute(statement, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise _as_store_error(error, self.path) from error

    def migrate(self, component: str, statements: Sequence[str]) -> None:
        """Bring a component's tables up to date: statement *i* takes version *i* to *i* + 1.

        Statements are only ever appended to the list. Raises StoreError when the file is newer than the program.
        """
        with self.transaction() as connection:
            row = connection.execute("SELECT version FROM component WHERE name = ?", (component,)).fetchone()
            version = int(row[0]) if row else 0
            if version > len(statements):
                raise StoreError(f"{self.path}: {component} is at {version}, this program knows {len(statements)}")
            if version == len(statements):
                return
            for statement in statements[version:]:
                connection.execute(statement)
            connection.execute("INSERT OR REPLACE INTO component VALUES (?, ?)", (component, len(statements)))

    def release_ballast(self) -> bool:
        """Give the ballast's room back to the file system; False when there was none."""
        try:
            self._ballast.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"{self._ballast}: {error}") from error
        return True

    def restore_ballast(self) -> bool:
        """Reserve the ballast's room again; False while the disk has none (call it again later)."""
        try:
            with contextlib.suppress(FileNotFoundError):
                if self._ballast.stat().st_blocks * 512 >= self._ballast_bytes:
                    return True
            part = self._ballast.with_name(self._ballast.name + ".new")
            try:
                handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                try:
                    os.posix_fallocate(handle, 0, self._ballast_bytes)
                finally:
                    os.close(handle)
                part.replace(self._ballast)
            except OSError:
                part.unlink(missing_ok=True)
                return False
        except OSError as error:
            raise StoreError(f"{self._ballast}: {error}") from error
        return True

    @property
    def has_ballast(self) -> bool:
        return self._ballast.exists()

    def close(self) -> None:
        """Checkpoint and let go; safe to call twice."""
        with self._lock:
            if self._guard < 0:
                return
            try:
                self._connection.close()
            except sqlite3.Error as error:
                raise _as_store_error(error, self.path) from error
            finally:
                os.close(self._guard)
                self._guard = -1

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
