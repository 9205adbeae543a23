"""What the daemon says when it is asked, and does when it is told: the verbs of the control socket.

Each answer is a JSON document; ``text`` in it is the same for people. Verbs in ``QUESTIONS`` change nothing.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Protocol

from ledsign import __version__
from ledsign.clock import Clock, ClockTrust, TrustedClock
from ledsign.config import Config
from ledsign.control import Caller
from ledsign.darkness import shows
from ledsign.errors import LedsignError
from ledsign.feed.accept import Context, Verdict, judge
from ledsign.feed.integrity import Keyring
from ledsign.feed.store import Snapshot, Store
from ledsign.feed.sync import Syncer
from ledsign.i18n import _
from ledsign.latest import Latest
from ledsign.ledger import Ledger
from ledsign.moments import AHEAD, was_on, will_be_on
from ledsign.notice import Notice, Status, Urgency
from ledsign.player import Player, PlayerStatus
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.retention import TermState, account
from ledsign.playlist.rotation import Slot
from ledsign.policy import Policy
from ledsign.promise import promised
from ledsign.reasons import hidden_reasons, modes, why, why_absent, why_then

QUESTIONS = frozenset({"status", "now", "why", "timeline", "notices"})
HEARTBEAT_SCHEMA = "ledsign.heartbeat/1"
POLL_S = 0.05
CONFIRM_S = 8.0  # an order that no card confirmed by then is called unconfirmed
NAMED = 3  # titles in a sentence; the document names all


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
        "at": _iso(reading.at),
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
                "until": _iso(one.until),
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
                "starts": _iso(one.starts),
                "ends": _iso(one.ends),
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
    trust = office.trusted.read().trust
    names = {
        ClockTrust.TRUSTED: _("clock trusted"),
        ClockTrust.HOLDOVER: _("clock not confirmed"),
        ClockTrust.UNTRUSTED: _("CLOCK WRONG"),
    }
    return "; ".join([*parts, names[trust]])


def _turn_text(slot: Slot) -> str:
    text = _("from page {first}, {count} pages, {seconds:.0f} s")
    if slot.digest:
        text = _("digest, {seconds:.0f} s")
    return text.format(first=slot.first + 1, count=slot.count, seconds=slot.seconds)


def _short_text(status: PlayerStatus, titles: Mapping[str, str]) -> str:
    def names(keys: Sequence[Key]) -> str:
        return _(", ").join(f"《{titles.get(key[0], key[0])}》" for key in keys[:NAMED])

    text = _("this screen cannot keep the showings of {short}, because of {blame}")
    return text.format(short=names([each.need.key for each in status.short]), blame=names(status.blame))


class Answers:
    """The handler behind the control socket."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._promises: Mapping[str, object] | None = None  # rehearsed when first asked for

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
        return {**heartbeat(office), "feed": feed, "links": self._links(), "text": sentence(office)}

    def _links(self) -> dict[str, object]:
        """Each card's line: what it promises, told before any page, and what was measured since."""
        config = self._office.config
        if self._promises is None:
            found = ((s, promised(s.card.family, s.card.url, config.panel(s))) for s in config.panels)
            self._promises = {section.name: made.document() if made else None for section, made in found}
        measured = {player.name: player.status.get()[0].link for player in self._office.players}
        return {
            name: {"promise": promise, "measured": asdict(link) if (link := measured.get(name)) else None}
            for name, promise in self._promises.items()
        }

    def _now(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        panels = [panel_document(player.status.get()[0]) for player in self._office.players]
        return {"at": _iso(self._office.trusted.read().at), "panels": panels, "text": sentence(self._office)}

    def _why(self, arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        notice_id = str(arguments.get("id", ""))
        if arguments.get("at") is not None:
            return self._why_then(notice_id, str(arguments["at"]))
        notice = self._held(notice_id)
        if notice is None:
            lines = self._office.store.audit(5000)
            return dict(why_absent(notice_id, next((line for line in lines if line.id == notice_id), None)))
        reasons = [
            (player.name, why(notice, player.status.get()[0], self._office.policy)) for player in self._office.players
        ]
        first = reasons[0][1]
        return {
            "id": notice.id,
            "revision": notice.revision,
            "title": notice.title,
            "state": first.state,
            "panels": {name: reason.state for name, reason in reasons},
            **self._term(notice),
            "text": f"{notice.id} 《{notice.title}》: {first.text}; {self._term_text(notice)}",
        }

    def _why_then(self, notice_id: str, moment: str) -> dict[str, object]:
        """Was it, or will it be, on the screen at that moment?"""
        office = self._office
        try:
            at = datetime.fromisoformat(moment).astimezone(office.policy.zone)
        except ValueError as error:
            raise RefusedOrderError("bad_time", str(error)) from error
        now = office.trusted.read().at.astimezone(office.policy.zone)
        if at > now + AHEAD:
            raise RefusedOrderError("bad_time", _("the plan reaches {hours} hours ahead").format(hours=48))
        panels: dict[str, object] = {}
        texts = []
        for player in office.players:
            items, cancelled = player.status.get()[0].items, office.notices.get()[0].cancelled
            exposures, code = office.ledger.exposures(player.name), office.config.screen.code
            past = at <= now
            if past:
                on = was_on(office.ledger, player.name, at)
            else:
                on = will_be_on(items, exposures, office.policy, now, code, cancelled, at)
            reason = why_then(notice_id, at, on, past=past)
            panels[player.name] = {"state": reason.state, "on": on and on.notice_id, "n": on and on.n}
            texts.append(f"{player.name}: {reason.text}")
        return {"id": notice_id, "at": _iso(at), "panels": panels, "text": "; ".join(texts)}

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
                    "digest": slot.digest,
                    "seconds": round(slot.seconds, 1),
                    "level": slot.level.name.lower(),
                    "text": f"{status.panel}: 《{titles.get((slot.notice_id, slot.revision), slot.notice_id)}》 "
                    + _turn_text(slot),
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
            reason = hidden.get(notice.id)
            rows.append(
                {
                    "id": notice.id,
                    "revision": notice.revision,
                    "title": notice.title,
                    "category": notice.category,
                    "urgency": str(notice.urgency),
                    "hidden": reason,
                    **self._term(notice),
                    "text": f"{notice.id} 《{notice.title}》 "
                    + (hidden_reasons().get(reason, reason) + "; " if reason else "")
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
        seen = [player.status.get()[1] for player in office.players]
        try:
            office.store.apply(verdict, raw, at)
        finally:
            office.store.tell(office.notices)  # a withdrawal is off the screen even when the disk fails
        office.ledger.append_event("pushed", at, {"id": notice.id, "by": caller.name}, office.trusted.read().trust)
        if notice.status is Status.WITHDRAWN:
            self._await_players(seen, lambda status: not shows(status, notice.id))
            return {**document, "lit": False, "text": _("《{title}》 taken off").format(title=notice.title)}
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
        seen = [player.status.get()[1] for player in office.players]
        try:
            office.store.takedown(notice_id, reason, caller.name, reading.at)
        finally:
            office.store.tell(office.notices)  # off the screen even when the disk fails
        detail = {"id": notice_id, "revision": notice.revision, "reason": reason, "by": caller.name}
        office.ledger.append_event("takedown", reading.at, detail, reading.trust, urgent=True)
        self._await_players(seen, lambda status: not shows(status, notice.id))
        return {"id": notice_id, "text": _("《{title}》 taken off").format(title=notice.title)}

    def _await_players(self, seen: Sequence[int], done: Callable[[PlayerStatus], bool]) -> None:
        """Follow an order to every card. Raises RefusedOrderError ``unconfirmed``: the old page may still be lit."""
        until = self._office.clock.monotonic() + CONFIRM_S
        for player, version in zip(self._office.players, seen, strict=True):
            while True:
                status, now = player.status.get()
                if now > version and not status.card_fault and done(status):
                    break
                left = until - self._office.clock.monotonic()
                if left <= 0:
                    said = _("{panel}: the card has not confirmed it; the old page may still be lit. {fault}")
                    raise RefusedOrderError("unconfirmed", said.format(panel=player.name, fault=status.card_fault))
                player.status.wait(now, min(left, 0.5))

    def _blank(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
        office = self._office
        blank = arguments["verb"] == "blank"
        if arguments.get("dry_run"):
            return {"blank": blank, "text": _("the screen would go dark") if blank else _("the screen would be lit")}
        reading = office.trusted.read()
        reason = str(arguments.get("reason") or "-") if blank else ""
        seen = [player.status.get()[1] for player in office.players]
        office.blank.put(reason)
        office.store.tell(office.notices)  # wakes the players
        office.remember("blank", reason)
        detail = {"reason": reason, "by": caller.name}
        office.ledger.append_event("blank" if blank else "unblank", reading.at, detail, reading.trust, urgent=True)
        self._await_players(seen, lambda status: (status.mode == "blank") is blank)
        return {"blank": blank, "text": _("the screen is dark") if blank else _("the screen is lit again")}
