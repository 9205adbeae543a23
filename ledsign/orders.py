"""What an operator may order through the control socket: show a signed file, take a notice off, darken the screen.

An order is done when every card has confirmed it; until then it is ``unconfirmed``.
"""

from collections.abc import Callable, Mapping, Sequence

from ledsign.control import Caller
from ledsign.darkness import shows
from ledsign.errors import LedsignError
from ledsign.feed.accept import Context, Verdict, judge
from ledsign.i18n import _
from ledsign.notice import Notice, Status
from ledsign.showing import PlayerStatus
from ledsign.statement import Office, held

POLL_S = 0.05
CONFIRM_S = 8.0  # an order that no card confirmed by then is called unconfirmed


class RefusedOrderError(LedsignError):
    """The order cannot be carried out; ``code`` is the machine word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Orders:
    """Carries out what it is told. Every method raises RefusedOrderError; StoreError when the disk fails."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def push(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
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

    def takedown(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
        office = self._office
        notice_id, reason = str(arguments.get("id", "")), str(arguments.get("reason", ""))
        notice = held(self._office, notice_id)
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

    def blank(self, arguments: Mapping[str, object], caller: Caller) -> dict[str, object]:
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
