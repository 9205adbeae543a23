"""How the screen is: its state as the town and the operator get it, in figures and in one sentence."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ledsign import __version__
from ledsign.clock import Clock, ClockTrust, TrustedClock
from ledsign.config import Config
from ledsign.feed.integrity import Keyring
from ledsign.feed.store import Snapshot, Store
from ledsign.feed.sync import Syncer
from ledsign.holdings import BROKEN
from ledsign.i18n import _
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.notice import Notice
from ledsign.outbox import Outbox
from ledsign.player import Player
from ledsign.playlist.exposure import Key
from ledsign.policy import Policy
from ledsign.reasons import modes
from ledsign.showing import PlayerStatus

HEARTBEAT_SCHEMA = "ledsign.heartbeat/1"
NAMED = 3  # titles in a sentence; the document names all


class Office(Protocol):
    """What statements, answers and orders need of the daemon."""

    config: Config
    clock: Clock
    trusted: TrustedClock
    policy: Policy
    keys: Keyring
    store: Store
    ledger: Ledger
    outbox: Outbox
    notices: Latest[Snapshot]
    blank: Latest[str]
    players: list[Player]
    syncer: Syncer | None

    def recall(self, name: str) -> str: ...
    def remember(self, name: str, value: str) -> None: ...


def stamp(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def held(office: Office, notice_id: str) -> Notice | None:
    """The notice if the screen holds it."""
    return next((notice for notice in office.notices.get()[0].notices if notice.id == notice_id), None)


def panel_document(status: PlayerStatus) -> dict[str, object]:
    """A panel's state, as status, heartbeat and ``now`` give it."""
    showing = status.showing
    notice = showing.notice if showing else None
    return {
        "panel": status.panel,
        "mode": status.mode,
        "notice_id": notice.id if notice else None,
        "revision": notice.revision if notice else None,
        "title": notice.title if notice else None,
        "n": showing.number if showing else None,
        "of": showing.of if showing else None,
        "page_sha256": showing.page.sha256 if showing else None,
        "since": stamp(status.since) if showing else None,
        "card": "fault" if status.card_fault else "ok" if status.pages_shown else "unknown",
        "card_fault": status.card_fault,
        "pages_shown": status.pages_shown,
        "valid_until": stamp(status.valid_until),
    }


def cannot_keep(statuses: Sequence[PlayerStatus]) -> list[dict[str, object]]:
    """Promises that do not fit into this day, and whose demand that is due to. A report: nothing is refused."""
    return [
        {
            "panel": status.panel,
            "id": each.need.key[0],
            "revision": each.need.key[1],
            "required_shows": each.need.quota,
            "promised_shows": each.passes,
            "because": [key[0] for key in status.blame],
        }
        for status in statuses
        for each in status.short
    ]


def heartbeat(office: Office) -> dict[str, object]:
    """What the town hears every half minute: what is lit now, what is held back and why, how the PC is."""
    reading = office.trusted.read()
    statuses = [player.status.get()[0] for player in office.players]
    slots = json.dumps([[slot.notice_id, slot.revision, slot.first] for each in statuses for slot in each.slots])
    disk = shutil.disk_usage(office.config.state)
    sync = office.syncer.status if office.syncer else None
    return {
        "schema": HEARTBEAT_SCHEMA,
        "screen": office.config.screen.code,
        "at": stamp(reading.at),
        "version": __version__,
        "panels": [panel_document(each) for each in statuses],
        "playlist_sha256": hashlib.sha256(slots.encode("utf-8")).hexdigest(),
        "hidden": dict(statuses[0].hidden),
        "cannot_keep": cannot_keep(statuses),
        "cut_ins": [
            {
                "panel": each.panel,
                "id": one.notice_id,
                "level": one.level.name.lower(),
                "until": stamp(one.until),
                "owner": one.owner,
                "reason": one.reason,
                "exercise": one.exercise,
                "overdue": one.overdue,
            }
            for each in statuses
            for one in each.claims
        ],
        "announced": [
            {
                "panel": each.panel,
                "id": one.key[0],
                "revision": one.key[1],
                "starts": stamp(one.starts),
                "ends": stamp(one.ends),
            }
            for each in statuses
            for one in each.announced
        ],
        "held": [
            {"id": line.id, "reason": line.reason, "times": line.times}
            for line in office.store.audit(50)
            if line.event == "refused"
        ],
        "clock": {"trust": str(reading.trust), "offset_s": sync.offset_s if sync else None},
        "disk_free": disk.free,
        "disk_failed": any(player.disk_failed for player in office.players),
        "ledger": {
            "seq": office.ledger.head.seq,
            "head": office.ledger.head.hash,
            "broken": office.recall(BROKEN) or None,
        },
        "unsent": office.outbox.unsent_count(),
    }


def sentence(office: Office) -> str:
    """The state in one line, for systemd and the terminal."""
    snapshot, _version = office.notices.get()
    parts = [_("{count} notices").format(count=len(snapshot.notices))]
    for player in office.players:
        status = player.status.get()[0]
        showing = status.showing
        text = f"{status.panel}: {modes().get(status.mode, status.mode)}"
        if showing and showing.notice:
            page = _("digest") if showing.number == 0 else f"{showing.number}/{showing.of}"
            text += f" 《{showing.notice.title}》 {page}"
        if overdue := [each for each in status.claims if each.overdue]:
            listed = _(", ").join(each.notice_id for each in overdue[:NAMED])
            text += "; " + _("still on after its expected end: {names}").format(names=listed)
        if status.short:
            text += "; " + _short_text(status, {each.id: each.title for each in snapshot.notices})
        if status.loop_fault:
            text += "; " + _("PROGRAM FAULT: {fault}").format(fault=status.loop_fault)
        text += "; " + (_("card: {fault}").format(fault=status.card_fault) if status.card_fault else _("card ok"))
        parts.append(text)
    if broken := office.recall(BROKEN):
        parts.append(_("THE LEDGER IS BROKEN at row {where}").format(where=broken))
    trust = office.trusted.read().trust
    names = {
        ClockTrust.TRUSTED: _("clock trusted"),
        ClockTrust.HOLDOVER: _("clock not confirmed"),
        ClockTrust.UNTRUSTED: _("CLOCK WRONG"),
    }
    return "; ".join([*parts, names[trust]])


def _short_text(status: PlayerStatus, titles: Mapping[str, str]) -> str:
    def names(keys: Sequence[Key]) -> str:
        return _(", ").join(f"《{titles.get(key[0], key[0])}》" for key in keys[:NAMED])

    text = _("this screen cannot keep the showings of {short}, because of {blame}")
    return text.format(short=names([each.need.key for each in status.short]), blame=names(status.blame))
