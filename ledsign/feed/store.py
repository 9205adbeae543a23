"""What this screen knows: accepted notices, tombstones, cancelled warnings, pictures, the feed's cursor, audit lines.

One transaction a delivery, on disk before anybody hears of it (``database.py``: WAL, synchronous=FULL). A
withdrawn text is overwritten, not only unlinked: ``secure_delete`` zeroes its pages and the log is truncated.
Emergency state needs no table of its own: it follows from the accepted notices.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ledsign.database import Database
from ledsign.errors import RefusedError, StoreError
from ledsign.feed import audit, register
from ledsign.feed.accept import Known, Verdict
from ledsign.feed.assets import AssetFolder
from ledsign.feed.audit import AuditLine
from ledsign.feed.parse import digest_of, parse_json, parse_notice
from ledsign.latest import Latest
from ledsign.notice import Image, Notice, Status, Urgency

_TABLES = (
    """CREATE TABLE notice (
        id TEXT PRIMARY KEY, revision INTEGER NOT NULL, digest TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'gone', 'damaged')),
        raw BLOB, at TEXT NOT NULL, note TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID""",
    """CREATE TABLE cancelled_alert (
        identifier TEXT PRIMARY KEY, by_notice TEXT NOT NULL, at TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE feed_state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    *audit.TABLES,
    register.TABLE,
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All notices held, withdrawn ones not among them, and the warnings that were called off."""

    notices: tuple[Notice, ...] = ()
    cancelled: frozenset[str] = frozenset()
    arrived: Mapping[str, datetime] = field(default_factory=dict)  # notice id -> when it was accepted here


class Store:
    """Safe for several threads. ``assets``: folder of the pictures, beside the database when None.

    Raises StoreError from every method that touches the disk.
    """

    def __init__(self, database: Database, assets: Path | None = None) -> None:
        self._db = database
        self._lock = threading.RLock()
        self._fresh: set[str] = set()  # pictures stored since the last purge
        self._assets = AssetFolder(assets or database.path.parent / "assets")
        database.migrate("feed", _TABLES)
        database.query("PRAGMA secure_delete=ON")
        self._truncate_log()
        self._known: dict[str, Known] = {}
        self._notices: dict[str, Notice] = {}
        self._arrived: dict[str, datetime] = {}
        self._cancelled = frozenset(str(row[0]) for row in database.query("SELECT identifier FROM cancelled_alert"))
        try:
            self._load()
        except ValueError as error:
            raise StoreError(f"{database.path}: a notice's entry is damaged: {error}") from error

    # -- reading

    def known(self, notice_id: str) -> Known | None:
        """Newest revision ever held of this id, tombstones included."""
        with self._lock:
            return self._known.get(notice_id)

    def active(self) -> Snapshot:
        with self._lock:
            held = tuple(self._notices[key] for key in sorted(self._notices))
            return Snapshot(held, self._cancelled, dict(self._arrived))

    def tell(self, out: Latest[Snapshot]) -> int:
        """Put what is held now into ``out``, in order with other threads; returns the version."""
        with self._lock:
            return out.put(self.active())

    def cancelled(self) -> frozenset[str]:
        """Identifiers of warnings that a Cancel or Update named, known here or not."""
        with self._lock:
            return self._cancelled

    def tombstones(self) -> frozenset[str]:
        """Ids of everything that was withdrawn, taken down or retired here."""
        with self._lock:
            return frozenset(notice_id for notice_id, known in self._known.items() if known.withdrawn)

    def raw(self, notice_id: str) -> bytes | None:
        """The signed bytes of a notice held, as delivered."""
        rows = self._db.query("SELECT raw FROM notice WHERE id = ? AND state = 'held'", (notice_id,))
        return bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else None

    def cursor(self) -> str | None:
        rows = self._db.query("SELECT value FROM feed_state WHERE name = 'cursor'")
        return str(rows[0][0]) if rows and rows[0][0] is not None else None

    def set_cursor(self, cursor: str | None) -> None:
        with self._db.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO feed_state VALUES ('cursor', ?)", (cursor,))

    def audit(self, limit: int = 100) -> list[AuditLine]:
        """The last lines, newest first."""
        return audit.newest(self._db, limit)

    # -- deliveries

    def apply(self, verdict: Verdict, raw: bytes, at: datetime) -> None:
        """Keep what was accepted; what was refused becomes an audit line (and retires its older revision
        where the verdict says so). On disk when it returns; the same delivery twice changes nothing."""
        notice = verdict.notice
        if not verdict.accept or notice is None:
            self._apply_refused(verdict, at)
            return
        with self._lock:
            known = self.known(notice.id)
            if known is not None and not _newer(notice, known):
                return  # judged before something newer came in: a tombstone is never overwritten
            self._take(notice, raw, verdict, at)

    def _take(self, notice: Notice, raw: bytes, verdict: Verdict, at: datetime) -> None:
        if notice.status is Status.WITHDRAWN:
            reason = notice.withdrawal.reason_code if notice.withdrawal else ""
            self._remove(notice.id, notice.revision, notice.digest, ("withdrawn", reason, ""), at)
            return
        self._keep(notice, raw, verdict, at)

    def _apply_refused(self, verdict: Verdict, at: datetime) -> None:
        notice = verdict.notice
        if verdict.retires and notice is not None:
            event = ("retired", verdict.reason or "", verdict.detail)
            self._remove(notice.id, notice.revision, notice.digest, event, at)
        else:
            digest = notice.digest if notice else ""
            self.refuse(verdict.reason or "schema", verdict.detail, verdict.id, digest, at)

    def _keep(self, notice: Notice, raw: bytes, verdict: Verdict, at: datetime) -> None:
        alert = notice.alert
        ends = alert is not None and alert.msg_type in {"Cancel", "Update"} and notice.status is Status.PUBLISHED
        ended = alert.references if alert is not None and ends else ()
        detail = " ".join((*verdict.degrade, *verdict.lint))
        replaced = self.known(notice.id) is not None

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO notice VALUES (?, ?, ?, 'held', ?, ?, '')",
                (notice.id, notice.revision, notice.digest, raw, at.isoformat()),
            )
            connection.executemany(
                "INSERT OR IGNORE INTO cancelled_alert VALUES (?, ?, ?)",
                [(identifier, notice.id, at.isoformat()) for identifier in ended],
            )
            register.enter(connection, notice, at)
            audit.note(connection, at, "accepted", notice.id, notice.revision, "", detail, notice.digest)

        with self._lock:
            self._db.run(work, urgent=alert is not None or notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY))
            before = self._notices.get(notice.id)
            self._known[notice.id] = Known(notice.revision, notice.digest, False)
            self._notices[notice.id] = notice
            self._arrived[notice.id] = at
            self._cancelled |= frozenset(ended)
            self._drop_pictures(before)
        if replaced:
            self._truncate_log()

    def _remove(self, notice_id: str, revision: int, digest: str, event: tuple[str, str, str], at: datetime) -> None:
        """A tombstone in place of the text; pictures that no other notice needs go with it."""
        name, reason, detail = event

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO notice VALUES (?, ?, ?, 'gone', NULL, ?, ?)",
                (notice_id, revision, digest, at.isoformat(), name),
            )
            register.forget(connection, notice_id, reason)
            audit.note(connection, at, name, notice_id, revision, reason, detail, digest)

        with self._lock:
            before = self._notices.pop(notice_id, None)  # off the screen even when the disk fails
            self._arrived.pop(notice_id, None)
            self._db.run(work, urgent=True)
            self._known[notice_id] = Known(revision, digest, True)
            self._drop_pictures(before)
        self._truncate_log()
        self._db.restore_ballast()

    def refuse(self, reason: str, detail: str, notice_id: str | None, digest: str, at: datetime) -> None:
        """One audit line; the same refusal again only counts up."""
        with self._db.transaction() as connection:
            audit.note(connection, at, "refused", notice_id or "", 0, reason, detail, digest)

    def takedown(self, notice_id: str, reason: str, by: str, at: datetime) -> bool:
        """The local operator's withdrawal: this revision never comes back, a higher one may. False when no
        such notice is held."""
        with self._lock:
            notice = self._notices.get(notice_id)
            if notice is None:
                return False
            self._remove(notice.id, notice.revision, notice.digest, ("takedown", reason, f"by {by}"), at)
            return True

    # -- pictures

    def asset(self, image: Image) -> bytes | None:
        """Checked bytes of a picture; None when it is missing, damaged or was never to be fetched."""
        return self._assets.read(image.sha256) if image.name else None

    def put_asset(self, sha256: str, data: bytes) -> None:
        """Raises StoreError when ``data`` is not what ``sha256`` says."""
        with self._lock:
            self._assets.write(sha256, data)
            self._fresh.add(sha256)

    def missing_assets(self) -> list[Image]:
        """Pictures that notices held refer to and that are not here, each once."""
        with self._lock:
            images = {image.sha256: image for image in self._images() if image.name}
        return [image for image in images.values() if not self._assets.has(image.sha256)]

    def purge(self) -> int:
        """Delete every picture that no notice held refers to, but for those that came since the last time: their
        notice may still be on its way. Returns how many."""
        with self._lock:
            used = self._fresh | {image.sha256 for image in self._images()}
            self._fresh = set()
            return self._assets.remove([name for name in self._assets.names() if name not in used])

    def _images(self) -> Iterator[Image]:
        for notice in self._notices.values():
            yield from notice.images()

    def _drop_pictures(self, before: Notice | None) -> None:
        if before is None:
            return
        used = {image.sha256 for image in self._images()}
        self._assets.remove([image.sha256 for image in before.images() if image.sha256 not in used])

    # -- starting

    def _load(self) -> None:
        damaged = False
        rows = self._db.query("SELECT id, revision, digest, state, at FROM notice ORDER BY id")
        for notice_id, revision, digest, state, at in rows:
            key, number, sha256 = str(notice_id), int(revision or 0), str(digest)
            if state == "held":
                notice = self._reread(key, number, sha256)
                if notice is not None:
                    self._notices[key] = notice
                    self._arrived[key] = datetime.fromisoformat(str(at))
                    self._known[key] = Known(number, sha256, False)
                    continue
                damaged = True
                state = "damaged"
            # a damaged revision may be delivered again, older ones may not
            self._known[key] = Known(number, sha256, True) if state == "gone" else Known(number - 1, "", False)
        with self._db.transaction() as connection:  # of a screen that kept no register yet
            for notice in self._notices.values():
                register.enter(connection, notice, self._arrived[notice.id])
        if damaged:
            self.set_cursor(None)  # ask for a full listing, so that it comes again

    def _reread(self, notice_id: str, revision: int, digest: str) -> Notice | None:
        """The notice if its bytes are still those that were accepted, else None and a mark in the table."""
        try:
            document = parse_json(self.raw(notice_id) or b"")
            notice = parse_notice(document)
            if digest_of(document) == digest and notice.key == (notice_id, revision):
                return notice
            detail = "the stored bytes have changed"
        except (RefusedError, StoreError) as error:
            detail = str(error)
        with self._db.transaction() as connection:
            connection.execute("UPDATE notice SET state = 'damaged' WHERE id = ?", (notice_id,))
            audit.note(connection, None, "damaged", notice_id, revision, "", detail, digest)
        return None

    def _truncate_log(self) -> None:
        """Write the log back and empty it, so that overwritten text is not left in it. Readers may delay it."""
        self._db.query("PRAGMA wal_checkpoint(TRUNCATE)")


def _newer(notice: Notice, known: Known) -> bool:
    """Whether a delivery may replace what is known: a higher revision, or the first copy of a damaged one."""
    return notice.revision > known.revision or (notice.revision == known.revision and not known.digest)
