"""What the daemon says when it is asked: the verbs of the control socket, orders (``orders``) among them.

Each answer is a JSON document; ``text`` in it is the same for people. Verbs in ``QUESTIONS`` change nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from ledsign.clock import ClockTrust
from ledsign.config import PanelSection
from ledsign.control import Caller
from ledsign.errors import LedsignError
from ledsign.i18n import _
from ledsign.moments import AHEAD, On, next_on, was_on, will_be_on
from ledsign.notice import Notice, Urgency
from ledsign.orders import Orders, RefusedOrderError
from ledsign.panel import Panel
from ledsign.player import Player
from ledsign.playlist.exposure import NEVER
from ledsign.playlist.retention import TermState, account
from ledsign.playlist.rotation import Slot
from ledsign.playlist.simulate import Simulation
from ledsign.promise import promised
from ledsign.reasons import (
    Reason,
    cannot_tell,
    hidden_reasons,
    its_time,
    showing_on,
    why,
    why_absent,
    why_future,
    why_past,
)
from ledsign.statement import Office, heartbeat, held, panel_document, sentence, stamp

WAITS = frozenset({"waiting", "waits_for_its_time", "waits_for_emergency", "dark"})  # it comes, but when?
QUESTIONS = frozenset({"status", "now", "why", "timeline", "notices"})


def _states() -> dict[TermState, str]:
    return {
        TermState.NOT_MET: _("not met"),
        TermState.RUNNING: _("running"),
        TermState.MET: _("met"),
        TermState.AT_RISK: _("at risk"),
    }


def _turn_text(slot: Slot) -> str:
    text = _("from page {first}, {count} pages, {seconds:.0f} s")
    if slot.digest:
        text = _("digest, {seconds:.0f} s")
    return text.format(first=slot.first + 1, count=slot.count, seconds=slot.seconds)


def _next_text(at: datetime | None) -> str:
    return "" if at is None else "; " + _("next on at about {time}").format(time=f"{at:%m-%d %H:%M}")


def _promise(section: PanelSection, panel: Panel) -> dict[str, object] | None:
    """None where there is none; ``check`` says why."""
    try:
        made = promised(section.card.family, section.card.url, panel)
    except LedsignError:
        return None
    return made.document() if made else None


class Answers:
    """The handler behind the control socket."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._orders = Orders(office)
        self._promises: Mapping[str, object] | None = None  # rehearsed when first asked for

    def handle(self, verb: str, arguments: Mapping[str, object], caller: Caller) -> Mapping[str, object]:
        """One verb. Raises LedsignError, which the socket turns into an answer."""
        verbs = {
            "status": self._status,
            "now": self._now,
            "why": self._why,
            "timeline": self._timeline,
            "notices": self._notices,
            "push": self._orders.push,
            "takedown": self._orders.takedown,
            "blank": self._orders.blank,
            "unblank": self._orders.blank,
        }
        if verb not in verbs:
            raise RefusedOrderError("unknown_verb", verb)
        return verbs[verb]({**arguments, "verb": verb}, caller)

    # ---- questions ------------------------------------------------------------------------------------------

    def _status(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        office = self._office
        sync = office.syncer.status if office.syncer else None
        feed = {
            "last_ok": stamp(sync.last_ok) if sync else None,
            "failures": sync.failures if sync else 0,
            "last_error": sync.last_error if sync else "",
        }
        return {**heartbeat(office), "feed": feed, "links": self._links(), "text": sentence(office)}

    def _links(self) -> dict[str, object]:
        """Each card's line: what it promises, told before any page, and what was measured since."""
        config = self._office.config
        if self._promises is None:
            self._promises = {section.name: _promise(section, config.panel(section)) for section in config.panels}
        measured = {player.name: player.status.get()[0].link for player in self._office.players}
        return {
            name: {"promise": promise, "measured": asdict(link) if (link := measured.get(name)) else None}
            for name, promise in self._promises.items()
        }

    def _now(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        panels = [panel_document(player.status.get()[0]) for player in self._office.players]
        return {"at": stamp(self._office.trusted.read().at), "panels": panels, "text": sentence(self._office)}

    def _why(self, arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        notice_id = str(arguments.get("id", ""))
        if arguments.get("at") is not None:
            return self._why_then(notice_id, str(arguments["at"]))
        notice = held(self._office, notice_id)
        if notice is None:
            return self._absent(notice_id)
        reasons = [
            (player.name, why(notice, player.status.get()[0], self._office.policy)) for player in self._office.players
        ]
        first, term = reasons[0][1], self._term(notice)
        coming = {
            player.name: self._next(player, notice) if reason.state in WAITS else None
            for player, (_name, reason) in zip(self._office.players, reasons, strict=True)
        }
        said = first.text + _next_text(coming[reasons[0][0]])
        return {
            "id": notice.id,
            "revision": notice.revision,
            "title": notice.title,
            "state": first.state,
            "panels": {name: reason.state for name, reason in reasons},
            "next": {name: stamp(at) for name, at in coming.items()},
            **term,
            "text": f"{notice.id} 《{notice.title}》: {said}; {_term_text(term)}",
        }

    def _next(self, player: Player, notice: Notice) -> datetime | None:
        """When the notice is on again on that panel; None when the plan does not know."""
        office, status, reading = self._office, player.status.get()[0], self._office.trusted.read()
        if cannot_tell(status, reading.trust) is not None or not status.items:
            return None
        now = reading.at.astimezone(office.policy.zone)
        ahead = Simulation(
            status.items, office.ledger.exposures(player.name), office.policy, now, office.config.screen.code,
            office.notices.get()[0].cancelled,
        )  # fmt: skip
        return next_on(ahead, notice.key)

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
        absent = self._absent(notice_id) if held(office, notice_id) is None else {}
        unheard = absent.get("state") == "unknown"
        if unheard and not office.ledger.pages_of(notice_id):
            return absent
        panels: dict[str, object] = {}
        texts = []
        for player in office.players:
            on, reason = self._then(player, notice_id, at, now)
            panels[player.name] = {"state": reason.state, "on": on and on.notice_id, "n": on and on.n}
            texts.append(f"{player.name}: {reason.text}")
        if absent and not unheard:
            texts.append(str(absent["text"]))
        return {"id": notice_id, "at": stamp(at), "panels": panels, "text": "; ".join(texts)}

    def _then(self, player: Player, notice_id: str, at: datetime, now: datetime) -> tuple[On | None, Reason]:
        office, status = self._office, player.status.get()[0]
        if at <= now:
            on = showing_on(status, at, now) or was_on(office.ledger, player.name, at)
            return on, why_past(notice_id, at, on)
        if (reason := cannot_tell(status, office.trusted.read().trust)) is not None:
            return None, reason
        ahead = will_be_on(
            status.items, office.ledger.exposures(player.name), office.policy, now, office.config.screen.code,
            office.notices.get()[0].cancelled, at,
        )  # fmt: skip
        return ahead.on, why_future(notice_id, at, ahead)

    def _absent(self, notice_id: str) -> dict[str, object]:
        lines = self._office.store.audit(5000)
        return dict(why_absent(notice_id, next((line for line in lines if line.id == notice_id), None)))

    def _timeline(self, _arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        titles = {notice.key: notice.title for notice in self._office.notices.get()[0].notices}
        rows: list[dict[str, object]] = []
        announced: list[dict[str, object]] = []
        for player in self._office.players:
            status = player.status.get()[0]
            begins = [status.since or self._office.trusted.read().at]
            for slot in status.slots:
                begins.append(begins[-1] + timedelta(seconds=slot.seconds))
            rows += [
                {
                    "panel": status.panel,
                    "at": stamp(at),
                    "notice_id": slot.notice_id,
                    "revision": slot.revision,
                    "first": slot.first + 1,
                    "pages": slot.count,
                    "digest": slot.digest,
                    "seconds": round(slot.seconds, 1),
                    "level": slot.level.name.lower(),
                    "text": f"{status.panel}: {at:%H:%M:%S} "
                    f"《{titles.get((slot.notice_id, slot.revision), slot.notice_id)}》 " + _turn_text(slot),
                }
                for at, slot in zip(begins, status.slots, strict=False)
            ]
            announced += [
                {
                    "panel": status.panel,
                    "notice_id": each.key[0],
                    "revision": each.key[1],
                    "starts": stamp(each.starts),
                    "ends": stamp(each.ends),
                    "text": f"{status.panel}: 《{titles.get(each.key, each.key[0])}》 " + its_time(each),
                }
                for each in status.announced
            ]
        return {"slots": rows, "announced": announced}

    def _notices(self, arguments: Mapping[str, object], _caller: Caller) -> dict[str, object]:
        urgent_only = bool(arguments.get("urgent"))
        hidden = self._office.players[0].status.get()[0].hidden
        rows = []
        for notice in self._office.notices.get()[0].notices:
            if urgent_only and notice.urgency not in (Urgency.URGENT, Urgency.EMERGENCY):
                continue
            reason, term = hidden.get(notice.id), self._term(notice)
            rows.append(
                {
                    "id": notice.id,
                    "revision": notice.revision,
                    "title": notice.title,
                    "category": notice.category,
                    "urgency": str(notice.urgency),
                    "hidden": reason,
                    **term,
                    "text": f"{notice.id} 《{notice.title}》 "
                    + (hidden_reasons().get(reason, reason) + "; " if reason else "")
                    + _term_text(term),
                }
            )
        return {"notices": rows}

    def _term(self, notice: Notice) -> dict[str, object]:
        """The term as its weakest panel has it: a notice is public where every panel in service showed it. Of one not
        shown yet those are the panels of today."""
        ledger, reading = self._office.ledger, self._office.trusted.read()
        panels = ledger.judged(notice.key) or {player.name for player in self._office.players}
        exposures = [ledger.exposures(panel).get(notice.key, NEVER) for panel in panels]
        weakest = min(exposures, key=lambda exposure: (len(exposure.counted_days), exposure.passes))
        if reading.trust is ClockTrust.UNTRUSTED:
            return {"passes": weakest.passes, "counted_days": len(weakest.counted_days), "term": None}
        found = account(notice, weakest, self._office.policy, reading.at)
        return {
            "passes": weakest.passes,
            "counted_days": found.counted_days,
            "required_days": found.required_days,
            "term": str(found.state),
            "releasable_at": stamp(found.releasable_at),
        }


def _term_text(term: Mapping[str, object]) -> str:
    """For a notice without a minimum term (a warning, a call) nothing but how often it was shown."""
    if term["term"] is None or not term["required_days"]:
        return _("shown completely {passes} times").format(passes=term["passes"])
    return _("shown completely {passes} times, {counted} of {required} days counted, {state}").format(
        passes=term["passes"],
        counted=term["counted_days"],
        required=term["required_days"],
        state=_states()[TermState(str(term["term"]))],
    )
