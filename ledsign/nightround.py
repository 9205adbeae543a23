"""The round of the night: tidy up, read the whole chain of evidence, sign its end, write the bundles that are due.

A village PC may be off every night, so nothing hangs on a time of day: ``make_up`` is asked again and again while
the daemon runs and does what is missing. A day begins here at 03:00, so that a PC that is never off works at night.
"""

import contextlib
import logging
from datetime import datetime, timedelta
from typing import Protocol

from ledsign.archive import due_spans, write_bundle
from ledsign.database import Database, read_only
from ledsign.errors import LedgerError, StoreError
from ledsign.holdings import ARCHIVE, BROKEN, holdings
from ledsign.ledgerbook import first_day
from ledsign.seal import DeviceKey, known_keys
from ledsign.statement import Office
from ledsign.trust import ClockTrust, Reading

log = logging.getLogger(__name__)

NIGHT = timedelta(hours=3)
ROUND = "night_round"  # the daemon's memory: the day that was done
AGAIN_S = 3600.0  # from a bundle that failed (a full disk) to the next try: each walks the whole chain first


class House(Office, Protocol):
    """What the round needs of the daemon besides."""

    database: Database
    device_key: DeviceKey


class NightRound:
    """One thread at a time. Nothing is signed and nothing archived from a broken chain, which the status names."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._bundles_from = 0.0  # monotonic s

    def make_up(self) -> None:
        """Do what is missing today; what fails is tried again later. Waits for a clock to be believed."""
        reading = self._house.trusted.read()
        if reading.trust is ClockTrust.UNTRUSTED:
            return
        local = reading.at.astimezone(self._house.policy.zone)
        try:
            self._daily(reading, (local - NIGHT).date().isoformat())
            now = self._house.clock.monotonic()
            if not self._house.recall(BROKEN) and now >= self._bundles_from:
                self._bundles_from = now + AGAIN_S
                self._bundles(reading, local)
                self._bundles_from = 0.0
        except (StoreError, LedgerError) as error:
            log.critical("the round of the night comes later: %s", error)

    def _daily(self, reading: Reading, day: str) -> None:
        house = self._house
        if house.recall(ROUND) == day:
            return
        house.database.restore_ballast()
        log.info("round of the night: %d pictures removed", house.store.purge())
        if self._sound():
            house.ledger.append_event("verified", reading.at, {"rows": house.ledger.head.seq}, reading.trust)
            house.ledger.seal(house.device_key, house.config.screen.code, reading.at, reading.trust)
            house.ledger.anchor()
        house.remember(ROUND, day)

    def _sound(self) -> bool:
        """Read the whole chain, whose roots must be by this device; the first row that does not fit is kept in mind
        until a walk finds none."""
        result = self._house.ledger.verify(known_keys(self._house.config.state) | {self._house.device_key.public})
        self._house.remember(BROKEN, "" if result.ok else f"{result.bad_seq} {result.reason}")
        if not result.ok:
            log.critical("the ledger is broken at row %s: %s", result.bad_seq, result.reason)
        return result.ok

    def _bundles(self, reading: Reading, local: datetime) -> None:
        """Every month and year since the first row that is over and has no file. One that exists is never made
        anew."""
        house = self._house
        folder = house.config.state / ARCHIVE
        with contextlib.closing(read_only(house.database.path)) as connection:
            began = first_day(connection)
            if began is None:
                return
            due = due_spans(began, local.date(), house.policy.deadlines)
            missing = [span for span in due if not (folder / f"{span.name}.tar").exists()]
            if not missing or not self._sound():
                return
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise StoreError(f"{folder}: {error}") from error
            held = holdings(connection, house.config.state, house.policy)
            code, least = house.config.screen.code, house.policy.complete_passes_min
            for span in missing:
                made = write_bundle(connection, span, code, held, folder / f"{span.name}.tar", least)
                detail = {"span": span.name, "rows": made.rows, "manifest": made.manifest_sha256}
                house.ledger.append_event("archived", reading.at, detail, reading.trust)
