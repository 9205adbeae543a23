"""Which device a screen is: the town remembers the key that signed a screen's first root and speaks up about another.

A screen signs the end of its evidence once a night (``ledsign.seal``). The first genuine root pins its key. A root
by another key, with a false signature or about another screen is kept like any receipt (evidence is never turned
away) but raises an alarm on the screen, until the town's staff pins the new key: a PC was replaced, or somebody
else speaks for the screen. So does a root or a row that contradicts an earlier root (``fork``): the ledger was made
up anew, or an older copy of it is in use. The last root is for ``ledger verify --anchor``: only what was told to
somebody else proves that a chain is still the same one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ledsign.clock import Clock
from ledsign.database import Database
from ledsign.evidence import ROOT, Head
from ledsign.seal import root_fault
from ledsign.town.access import ApiKey, Role, require
from ledsign.town.forms import PinForm
from ledsign.town.http import answer, read_form

_TABLES = (
    """CREATE TABLE town_device (
        screen TEXT PRIMARY KEY, key TEXT NOT NULL, pinned_at TEXT NOT NULL, pinned_by TEXT NOT NULL,
        alarm TEXT NOT NULL, alarm_key TEXT NOT NULL, alarm_at TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE TABLE town_root (screen TEXT, seq INTEGER, hash TEXT NOT NULL, PRIMARY KEY (screen, seq)) WITHOUT ROWID",
)


class Devices:
    """The pinned keys. Blocking methods; raises StoreError."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
        database.migrate("town_devices", _TABLES)

    def hear(self, screen: str, row: Mapping[str, Any]) -> None:
        """A receipt of that screen came in: a root is judged, any other row must not contradict a root."""
        detail = row.get("detail")
        if row.get("row") == "event" and row.get("kind") == ROOT and isinstance(detail, dict):
            self._hear_root(screen, row, detail)
        elif isinstance(row.get("seq"), int):
            known = self._root(screen, row["seq"])
            if known is not None and known != row.get("receipt_id"):
                self._alarm(screen, "fork", "")

    def _hear_root(self, screen: str, row: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
        key = str(detail.get("key", ""))[:64]
        if detail.get("screen") != screen:
            self._alarm(screen, "screen", key)
            return
        if root_fault(row, ()) or not isinstance(detail["seq"], int):
            self._alarm(screen, "signature", key)
            return
        pinned = self._pinned(screen)
        if pinned is None:
            self._pin_first(screen, key)
        elif key != pinned:
            self._alarm(screen, "key", key)
            return
        self._follow(screen, key, Head(detail["seq"], str(detail["hash"])))

    def _follow(self, screen: str, key: str, head: Head) -> None:
        """A genuine root is one that is known, or speaks of more rows than every one before it."""
        known, last = self._root(screen, head.seq), self._last(screen)
        if known == head.hash:
            return
        if known is not None or (last is not None and head.seq < last.seq):
            self._alarm(screen, "fork", key)
            return
        with self._db.transaction() as connection:
            connection.execute("INSERT INTO town_root VALUES (?, ?, ?)", (screen, head.seq, head.hash))

    def _root(self, screen: str, seq: int) -> str | None:
        rows = self._db.query("SELECT hash FROM town_root WHERE screen = ? AND seq = ?", (screen, seq))
        return str(rows[0][0]) if rows else None

    def _last(self, screen: str) -> Head | None:
        query = "SELECT seq, hash FROM town_root WHERE screen = ? ORDER BY seq DESC LIMIT 1"
        return next((Head(int(seq), str(digest)) for seq, digest in self._db.query(query, (screen,))), None)

    def _alarm(self, screen: str, alarm: str, key: str) -> None:
        """Raise it; the first one stands until staff has ended it."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO town_device VALUES (?, '', '', '', ?, ?, ?) ON CONFLICT (screen) DO UPDATE SET"
                " alarm = excluded.alarm, alarm_key = excluded.alarm_key, alarm_at = excluded.alarm_at"
                " WHERE alarm = ''",
                (screen, alarm, key, self._clock.now().isoformat()),
            )

    def _pinned(self, screen: str) -> str | None:
        rows = self._db.query("SELECT key FROM town_device WHERE screen = ? AND key != ''", (screen,))
        return str(rows[0][0]) if rows else None

    def _pin_first(self, screen: str, key: str) -> None:
        """The key of the first genuine root; an alarm that was raised before stands."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO town_device VALUES (?, ?, ?, 'first root', '', '', '') ON CONFLICT (screen) DO UPDATE"
                " SET key = excluded.key, pinned_at = excluded.pinned_at, pinned_by = excluded.pinned_by",
                (screen, key, self._clock.now().isoformat()),
            )

    def _pin(self, screen: str, key: str, by: str, at: datetime) -> None:
        """Staff accepts the device and the chain it tells from now on."""
        with self._db.transaction() as connection:
            values = screen, key, at.isoformat(), by
            connection.execute("INSERT OR REPLACE INTO town_device VALUES (?, ?, ?, ?, '', '', '')", values)
            connection.execute("DELETE FROM town_root WHERE screen = ?", (screen,))

    def state(self, screen: str) -> Mapping[str, str] | None:
        """Pinned key, alarm ("" when all is well; key, signature, screen or fork) and the last root as SEQ:HASH, the
        form that ``ledger verify --anchor`` takes; None before the first root."""
        names = ("key", "pinned_at", "pinned_by", "alarm", "alarm_key", "alarm_at")
        rows = self._db.query(f"SELECT {', '.join(names)} FROM town_device WHERE screen = ?", (screen,))
        if not rows:
            return None
        last = self._last(screen)
        root = "" if last is None else f"{last.seq}:{last.hash}"
        return {**{name: str(value) for name, value in zip(names, rows[0], strict=True)}, "root": root}

    async def pin(self, request: Request, key: ApiKey) -> Response:
        """Staff says which device the screen is; the alarm is over."""
        screen = str(request.path_params["code"])
        require(key, (Role.TOWN_ADMIN,), [screen])
        form = await read_form(request, PinForm, 10.0)
        await run_in_threadpool(self._pin, screen, form.key, key.name, self._clock.now())
        return answer({"screen": screen, "device": await run_in_threadpool(self.state, screen)})
