"""What the daemon says when it is asked, and does when it is told: the verbs of the control socket.

Each answer is a JSON document; ``text`` in it is the same for people. Verbs in ``QUESTIONS`` change nothing.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

from ledsign import __version__
from ledsign.clock import Clock, ClockTrust, TrustedClock
from ledsign.config import Config
from ledsign.control import Caller
from ledsign.errors import LedsignError
from ledsign.feed.accept import Context, Verdict, judge
from ledsign.feed.integrity import Keyring
from ledsign.feed.store import Snapshot, Store
from ledsign.feed.sync import Syncer
from ledsign.i18n import _
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.notice import Notice, Urgency
from ledsign.player import Player, PlayerStatus
from ledsign.playlist.exposure import NEVER, Exposure
from ledsign.playlist.retention import TermState, account
from ledsign.policy import Policy

QUESTIONS = frozenset({"status", "now", "why", "timeline", "notices"})
HEARTBEAT_SCHEMA = "ledsign.heartbeat/1"
POLL_S = 0.05


class RefusedOrderError(LedsignError):
    """The order cannot be carried out; ``code`` is the machine word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Office(Protocol):
    """What the answers need of the daemon."""

    config: Config
    clock: Clock
    trusted: TrustedClock
    policy: Policy
    keys: Keyring
    store: Store
    ledger: Ledger
    notices: Latest[Snapshot]
    blank: Latest[str]
    players: list[Player]
    syncer: Syncer | None

    def recall(self, name: str) -> str: ...
    def remember(self, name: str, value: str) -> None: ...


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _modes() -> dict[str, str]:
    return {
        "starting": _("starting"),
        "rotation": _("rotation"),
        "urgent": _("urgent notice among the others"),
        "emergency": _("EMERGENCY"),
        "safe": _("safe page, nothing to show"),
        "dark": _("dark outside the lit hours"),
        "blank": _("blanked by an operator"),
    }


def _reasons() -> dict[str, str]:
    return {
        "not_before": _("its time has not come"),
        "repealed": _("repealed"),
        "withdrawn": _("withdrawn"),
        "takedown": _("taken down at the screen"),
        "retired": _("no longer addressed to this screen"),
        "alert_expired": _("the warning has expired"),
        "alert_cancelled": _("the warning was called off"),
        "alert_area": _("the warning is for another area"),
        "channel": _("not meant for the screen"),
        "superseded": _("superseded"),
        "expired": _("its time is over"),
        "released": _("its term is complete"),
        "replaced": _("a newer one of the same item was shown"),
        "corrected": _("a correction took its place"),
        "unpresentable": _("it cannot be drawn on this panel"),
        "clock_untrusted": _("the clock cannot be believed"),
        "outranked": _("two graver emergencies have the screen"),
        "damaged": _("its stored copy was damaged; it will be fetched again"),
    }


def _states() -> dict[TermState, str]:
    return {
        TermState.NOT_MET: _("not met"),
        TermState.RUNNING: _("running"),
        TermState.MET: _("met"),
        TermState.AT_RISK: _("at risk"),
    }


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
        "since": _iso(status.since) if showing else None,
        "card": "fault" if status.card_fault else "ok" if status.pages_shown else "unknown",
        "card_fault": status.card_fault,
        "pages_shown": status.pages_shown,
        "valid_until": _iso(status.valid_until),
    }


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
        "at": _iso(reading.at),
        "version": __version__,
        "panels": [panel_document(each) for each in statuses],
        "playlist_sha256": hashlib.sha256(slots.encode("utf-8")).hexdigest(),
        "hidden": dict(statuses[0].hidden),
        "held": [
            {"id": line.id, "reason": line.reason, "times": line.times}
            for line in office.store.audit(50)
            if line.event == "refused"
        ],
        "clock": {"trust": str(reading.trust), "offset_s": sync.offset_s if sync else None},
        "disk_free": disk.free,
        "disk_failed": any(player.disk_failed for player in office.players),
        "ledger": {"seq": office.ledger.head.seq, "head": office.ledger.head.hash},
        "unsent": office.ledger.unsent_count(),
    }


def sentence(office: Office) -> str:
    """The state in one line, for systemd and the terminal."""
    snapshot, _version = office.notices.get()
    parts = [_("{count} notices").format(count=len(snapshot.notices))]
    for player in office.players:
        status = player.status.get()[0]
        showing = status.showing
        text = f"{status.panel}: {_modes().get(status.mode, status.mode)}"
        if showing and showing.notice:
            page = _("digest") if showing.number == 0 else f"{showing.number}/{showing.of}"
            text += f" 《{showing.notice.title}》 {page}"
        text += "; " + (_("card: {fault}").format(fault=status.card_fault) if status.card_fault else _("card ok"))
        parts.append(text)
    trust = office.trusted.read().trust
    names = {
        ClockTrust.TRUSTED: _("clock trusted"),
        ClockTrust.HOLDOVER: _("clock not confirmed"),
        ClockTrust.UNTRUSTED: _("CLOCK WRONG"),
    }
    return "; ".join([*parts, names[trust]])


class Answers:
    """The handler behind the control socket."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def handle(self, verb: str, arguments: Mapping[str, object], caller: Caller) -> Mapping[str, object]:
        """One verb. Raises LedsignError, which the socket turns into an answer."""
        verbs = {
            "status": self._status,
            "now": self._now,
            "why": self._why,
            "timeline": self._timeline,
            "notices": self._notices,
            "push": self._push,
            "takedown": self._takedown,
            "blank": self._blank,
            "unblank": self._blank,
        }
        if verb not in verbs:
            raise RefusedOrderError("unknown_verb", verb)
        return verbs[verb]({**arguments, "verb": verb}, caller)

    # ---- questions ------------------------------------------------------------------------------------------

    def _status(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        office = self._office
        sync = office.syncer.status if office.syncer else None
        feed = {
            "last_ok": _iso(sync.last_ok) if sync else None,
            "failures": sync.failures if sync else 0,
            "last_error": sync.last_error if sync else "",
        }
        return {**heartbeat(office), "feed": feed, "text": sentence(office)}

    def _now(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        panels = [panel_document(player.status.get()[0]) for player in self._office.players]
        return {"at": _iso(self._office.trusted.read().at), "panels": panels, "text": sentence(self._office)}

    def _why(self, arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        notice_id = str(arguments.get("id", ""))
        notice = self._held(notice_id)
        status = self._office.players[0].status.get()[0]
        if notice is None:
            return self._why_absent(notice_id)
        key = notice.key
        document: dict[str, object] = {"id": notice.id, "revision": notice.revision, "title": notice.title}
        showing = status.showing
        if showing and showing.key == key:
            state, text = "showing", _("on the screen now, page {n} of {of}").format(n=showing.number, of=showing.of)
        elif notice.id in status.hidden:
            reason = status.hidden[notice.id]
            state, text = reason, _reasons().get(reason, reason)
            if reason == "unpresentable" and key in status.failed:
                text += f" ({status.failed[key]})"
        elif status.mode in {"dark", "blank"}:
            state, text = status.mode, _modes()[status.mode]
        elif self._outranked(notice, status):
            state, text = "waits_for_emergency", _("an emergency has the screen")
        else:
            state, text = "waiting", _("in the rotation, waiting for its turn")
        document |= {"state": state, **self._term(notice)}
        return {**document, "text": f"{notice.id} 《{notice.title}》: {text}; {self._term_text(notice)}"}

    def _why_absent(self, notice_id: str) -> dict[str, object]:
        for line in self._office.store.audit(5000):
            if line.id == notice_id:
                reason = line.reason if line.event == "refused" else line.event
                text = _("refused: {reason} {detail}") if line.event == "refused" else "{word}"
                said = text.format(reason=line.reason, detail=line.detail, word=_reasons().get(reason, reason))
                return {
                    "id": notice_id,
                    "revision": line.revision,
                    "state": line.event,
                    "reason": line.reason,
                    "at": _iso(line.at),
                    "text": f"{notice_id}: {said} ({_iso(line.at)})",
                }
        text = _("{id}: this screen has never received it").format(id=notice_id)
        return {"id": notice_id, "state": "unknown", "text": text}

    def _timeline(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        titles = {notice.key: notice.title for notice in self._office.notices.get()[0].notices}
        rows = []
        for player in self._office.players:
            status = player.status.get()[0]
            rows += [
                {
                    "panel": status.panel,
                    "notice_id": slot.notice_id,
                    "revision": slot.revision,
                    "first": slot.first + 1,
                    "pages": slot.count,
                    "seconds": round(slot.seconds, 1),
                    "level": slot.level.name.lower(),
                    "text": f"{status.panel}: 《{titles.get((slot.notice_id, slot.revision), slot.notice_id)}》 "
                    + _("from page {first}, {count} pages, {seconds:.0f} s").format(
                        first=slot.first + 1, count=slot.count, seconds=slot.seconds
                    ),
                }
                for slot in status.slots
            ]
        return {"slots": rows}

    def _notices(self, arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        urgent_only = bool(arguments.get("urgent"))
        hidden = self._office.players[0].status.get()[0].hidden
        rows = []
        for notice in self._office.notices.get()[0].notices:
            if urgent_only and notice.urgency not in (Urgency.URGENT, Urgency.EMERGENCY):
                continue
            why = hidden.get(notice.id)
            rows.append(
                {
                    "id": notice.id,
                    "revision": notice.revision,
                    "title": notice.title,
                    "category": notice.category,
                    "urgency": str(notice.urgency),
                    "hidden": why,
                    **self._term(notice),
                    "text": f"{notice.id} 《{notice.title}》 "
                    + (_reasons().get(why, why) + "; " if why else "")
                    + self._term_text(notice),
                }
            )
        return {"notices": rows}

    def _held(self, notice_id: str) -> Notice | None:
        notices = self._office.notices.get()[0].notices
        return next((notice for notice in notices if notice.id == notice_id), None)

    def _exposures(self, notice: Notice) -> Iterator[Exposure]:
        for player in self._office.players:
            yield self._office.ledger.exposures(player.name).get(notice.key, NEVER)

    def _term(self, notice: Notice) -> dict[str, object]:
        """The term as its weakest panel has it: a notice is public where every panel showed it."""
        reading = self._office.trusted.read()
        exposures = list(self._exposures(notice))
        weakest = min(exposures, key=lambda exposure: (len(exposure.counted_days), exposure.passes))
        if reading.trust is ClockTrust.UNTRUSTED:
            return {"passes": weakest.passes, "counted_days": len(weakest.counted_days), "term": None}
        found = account(notice, weakest, self._office.policy, reading.at)
        return {
            "passes": weakest.passes,
            "counted_days": found.counted_days,
            "required_days": found.required_days,
            "term": str(found.state),
            "releasable_at": _iso(found.releasable_at),
        }

    def _term_text(self, notice: Notice) -> str:
        term = self._term(notice)
        if term["term"] is None:
            return _("shown completely {passes} times").format(passes=term["passes"])
        return _("shown completely {passes} times, {counted} of {required} days counted, {state}").format(
            passes=term["passes"],
            counted=term["counted_days"],
            required=term["required_days"],
            state=_states()[TermState(str(term["term"]))],
        )

    @staticmethod
    def _outranked(notice: Notice, status: PlayerStatus) -> bool:
        return status.mode == "emergency" and notice.urgency is not Urgency.EMERGENCY

    # ---- orders ---------------------------------------------------------------------------------------------

    def _push(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
        office = self._office
        raw = str(arguments.get("raw", "")).encode("utf-8", "surrogateescape")
        at = office.trusted.read().at
        verdict = judge(
            raw,
            Context(
                screen=office.config.screen.code,
                keys=office.keys,
                policy=office.policy,
                now=at,
                known=office.store.known,
                cancelled=office.store.cancelled(),
            ),
        )
        if not verdict.accept or verdict.notice is None:
            if not arguments.get("dry_run"):
                office.store.apply(verdict, raw, at)
            code = "pii" if verdict.reason == "pii" else "refused"
            raise RefusedOrderError(code, f"{verdict.reason}: {verdict.detail}")
        notice = verdict.notice
        document = {"id": notice.id, "revision": notice.revision, "display": verdict.display}
        if arguments.get("dry_run"):
            return {**document, "text": _("it would be accepted")}
        office.store.apply(verdict, raw, at)
        office.notices.put(office.store.active())
        office.ledger.append_event("pushed", at, {"id": notice.id, "by": caller.name}, office.trusted.read().trust)
        return {**document, **self._await_card(notice, verdict, float(str(arguments.get("wait", 0))))}

    def _await_card(self, notice: Notice, verdict: Verdict, wait: float) -> dict[str, object]:
        """Follow a pushed notice to the card's acknowledgement."""
        if not verdict.display:
            text = _("accepted, not shown: {reason}").format(reason=verdict.display_reason)
            return {"lit": False, "text": text}
        until = self._office.clock.monotonic() + wait
        while self._office.clock.monotonic() < until:
            for player in self._office.players:
                showing = player.status.get()[0].showing
                if showing and showing.key == notice.key:
                    return {"lit": True, "text": _("on the screen")}
            self._office.clock.sleep(POLL_S)
        raise RefusedOrderError("unconfirmed", _("accepted; the card has not confirmed it yet"))

    def _takedown(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
        office = self._office
        notice_id, reason = str(arguments.get("id", "")), str(arguments.get("reason", ""))
        notice = self._held(notice_id)
        if notice is None:
            raise RefusedOrderError("unknown_notice", _("{id}: the screen holds no such notice").format(id=notice_id))
        if arguments.get("dry_run"):
            return {"id": notice_id, "text": _("《{title}》 would be taken off").format(title=notice.title)}
        reading = office.trusted.read()
        office.store.takedown(notice_id, reason, caller.name, reading.at)
        version = office.notices.put(office.store.active())
        detail = {"id": notice_id, "revision": notice.revision, "reason": reason, "by": caller.name}
        office.ledger.append_event("takedown", reading.at, detail, reading.trust, urgent=True)
        return {"id": notice_id, "version": version, "text": _("《{title}》 taken off").format(title=notice.title)}

    def _blank(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
        office = self._office
        blank = arguments["verb"] == "blank"
        if arguments.get("dry_run"):
            return {"blank": blank, "text": _("the screen would go dark") if blank else _("the screen would be lit")}
        reading = office.trusted.read()
        reason = str(arguments.get("reason") or "-") if blank else ""
        office.remember("blank", reason)
        office.blank.put(reason)
        office.notices.put(office.store.active())  # wakes the players
        detail = {"reason": reason, "by": caller.name}
        office.ledger.append_event("blank" if blank else "unblank", reading.at, detail, reading.trust, urgent=True)
        return {"blank": blank, "text": _("the screen goes dark") if blank else _("the screen is lit again")}
