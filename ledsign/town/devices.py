"""Which device a screen is: the town remembers the key that signed a screen's first root and speaks up about another.

A screen signs the end of its evidence once a night (``ledsign.seal``). The first genuine root pins its key. A root
by another key, with a false signature or about another screen is kept like any receipt (evidence is never turned
away) but raises an alarm on the screen, until the town's staff pins the new key: a PC was replaced, or somebody
else speaks for the screen.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ledsign.clock import Clock
from ledsign.database import Database
from ledsign.evidence import ROOT
from ledsign.seal import root_holds
from ledsign.town.access import ApiKey, Role, require
from ledsign.town.forms import PinForm
from ledsign.town.http import answer, read_form

_TABLES = (
    """CREATE TABLE town_device (
        screen TEXT PRIMARY KEY, key TEXT NOT NULL, pinned_at TEXT NOT NULL, pinned_by TEXT NOT NULL,
        alarm TEXT NOT NULL, alarm_key TEXT NOT NULL, alarm_at TEXT NOT NULL) WITHOUT ROWID""",
)


class Devices:
    """The pinned keys. Blocking methods; raises StoreError."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
        database.migrate("town_devices", _TABLES)

    def hear(self, screen: str, row: Mapping[str, Any]) -> None:
        """A receipt of that screen came in; only roots matter here."""
        detail = row.get("detail")
        if row.get("row") != "event" or row.get("kind") != ROOT or not isinstance(detail, dict):
            return
        key, now = str(detail.get("key", ""))[:64], self._clock.now()
        alarm = ""
        if detail.get("screen") != screen:
            alarm = "screen"
        elif not root_holds(row, ()):
            alarm = "signature"
        pinned = self._pinned(screen)
        if not alarm and pinned is None:
            self._pin(screen, key, "first root", now)
        elif alarm or key != pinned:
            with self._db.transaction() as connection:
                connection.execute(
                    "INSERT INTO town_device VALUES (?, '', '', '', ?, ?, ?) ON CONFLICT (screen) DO UPDATE SET"
                    " alarm = excluded.alarm, alarm_key = excluded.alarm_key, alarm_at = excluded.alarm_at",
                    (screen, alarm or "key", key, now.isoformat()),
                )

    def _pinned(self, screen: str) -> str | None:
        rows = self._db.query("SELECT key FROM town_device WHERE screen = ? AND key != ''", (screen,))
        return str(rows[0][0]) if rows else None

    def _pin(self, screen: str, key: str, by: str, at: datetime) -> None:
        with self._db.transaction() as connection:
            values = screen, key, at.isoformat(), by
            connection.execute("INSERT OR REPLACE INTO town_device VALUES (?, ?, ?, ?, '', '', '')", values)

    def state(self, screen: str) -> Mapping[str, str] | None:
        """Pinned key and alarm ("" when all is well; key, signature or screen), None before the first root."""
        names = ("key", "pinned_at", "pinned_by", "alarm", "alarm_key", "alarm_at")
        rows = self._db.query(f"SELECT {', '.join(names)} FROM town_device WHERE screen = ?", (screen,))
        return {name: str(value) for name, value in zip(names, rows[0], strict=True)} if rows else None

    async def pin(self, request: Request, key: ApiKey) -> Response:
        """Staff says which device the screen is; the alarm is over."""
        screen = str(request.path_params["code"])
        require(key, (Role.TOWN_ADMIN,), [screen])
        form = await read_form(request, PinForm, 10.0)
        await run_in_threadpool(self._pin, screen, form.key, key.name, self._clock.now())
        return answer({"screen": screen, "device": await run_in_threadpool(self.state, screen)})
