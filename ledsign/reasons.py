"""Why a notice is, or is not, on the screen: one machine word and one sentence that a village clerk understands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ledsign.feed.audit import AuditLine
from ledsign.i18n import _
from ledsign.moments import Ahead, On
from ledsign.notice import Notice, Urgency
from ledsign.playlist.announce import Announcement
from ledsign.playlist.situation import PlanMode
from ledsign.policy import Policy
from ledsign.showing import PlayerStatus
from ledsign.trust import ClockTrust


@dataclass(frozen=True, slots=True)
class Reason:
    """``state``: showing, waiting, not_schedulable, waits_for_emergency, waits_for_its_time, dark, blank, starting,
    or a reason of the plan; ``text``: the same for people."""

    state: str
    text: str


def modes() -> dict[str, str]:
    """What a panel is doing."""
    return {
        "starting": _("starting"),
        "rotation": _("rotation"),
        "urgent": _("urgent notice among the others"),
        "emergency": _("EMERGENCY"),
        "safe": _("safe page, nothing to show"),
        "dark": _("dark outside the lit hours"),
        "blank": _("blanked by an operator"),
    }


def hidden_reasons() -> dict[str, str]:
    """Why the plan, or the store, leaves a notice out."""
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
        "outranked": _("a graver emergency has the screen"),
        "exercise_unmarked": _("an exercise whose title does not say so"),
        "exercise_over": _("the exercise is over"),
        "exercise_dark": _("an exercise lights no dark screen"),
        "damaged": _("its stored copy was damaged; it will be fetched again"),
    }


def _refusals() -> dict[str, str]:
    return {
        "pii": _("held back for privacy: there is personal data in it"),
        "sensitive_word": _("held back: there is a word in it that the policy bars"),
        "not_targeted": _("not addressed to this screen"),
        "status_not_published": _("not published yet"),
    }


def why(notice: Notice, status: PlayerStatus, policy: Policy) -> Reason:
    """Why a notice that the screen holds is, or is not, on this panel now."""
    showing = status.showing
    if showing and showing.key == notice.key:
        if showing.number == 0:
            return Reason("showing", _("on the screen now: its digest"))
        return Reason("showing", _("on the screen now, page {n} of {of}").format(n=showing.number, of=showing.of))
    if notice.id in status.hidden:
        return _hidden(notice, status)
    if status.mode == "blank":
        return Reason("blank", modes()["blank"])
    if status.mode == "dark":
        opens = f"{policy.hours.open // 60:02}:{policy.hours.open % 60:02}"
        return Reason("dark", _("not a lawful hour: the screen is dark until {time}").format(time=opens))
    if status.mode == "emergency" and notice.urgency is not Urgency.EMERGENCY:
        return Reason("waits_for_emergency", _("an emergency has the screen"))
    return _waiting(notice, status)


def _hidden(notice: Notice, status: PlayerStatus) -> Reason:
    reason = status.hidden[notice.id]
    text = hidden_reasons().get(reason, reason)
    if reason == "unpresentable" and notice.key in status.failed:
        text += f" ({status.failed[notice.key]})"
    if reason == "not_before":
        text += f" ({notice.display.not_before:%Y-%m-%d %H:%M})"
    return Reason(reason, text)


def _waiting(notice: Notice, status: PlayerStatus) -> Reason:
    short = next((each for each in status.short if each.need.key == notice.key), None)
    if short is not None:
        text = _("not schedulable: the lit hours do not suffice, {promised} of {required} showings a day can be kept")
        said = text.format(promised=short.passes, required=short.need.quota)
        return Reason("not_schedulable" if not short.passes else "waiting", said)
    announced = next((each for each in status.announced if each.key == notice.key), None)
    places = [place for place, slot in enumerate(status.slots) if (slot.notice_id, slot.revision) == notice.key]
    if places:
        return Reason("waiting", _("in the rotation, turn {place} from now").format(place=places[0] + 1))
    if announced is not None:
        return Reason("waits_for_its_time", its_time(announced))
    return Reason("waiting", _("in the rotation, waiting for its turn"))


def its_time(announced: Announcement) -> str:
    """When a long one's full text runs."""
    text = _("its full text runs at {time}, until about {end}")
    return text.format(time=f"{announced.starts:%H:%M}", end=f"{announced.ends:%H:%M}")


def showing_on(status: PlayerStatus, at: datetime, now: datetime) -> On | None:
    """The page that is on the panel now, if it was at ``at`` too: its row comes when it ends."""
    showing = status.showing
    if showing is None or showing.notice is None or status.since is None or not status.since <= at <= now:
        return None
    return On(showing.notice.id, showing.notice.revision, showing.number, status.since, now)


def why_past(notice_id: str, at: datetime, on: On | None) -> Reason:
    """Whether a notice was on the panel at a moment gone by, after the ledger; if not, what was."""
    time = f"{at:%Y-%m-%d %H:%M:%S}"
    if on is None:
        return Reason("was_not_on", _("nothing was on at {time}, after the ledger").format(time=time))
    if on.notice_id == notice_id:
        return Reason("was_on", _("it was on at {time}: {page}").format(time=time, page=_page(on)))
    return Reason("was_not_on", _("{other} was on at {time}").format(other=on.notice_id, time=time))


def why_future(notice_id: str, at: datetime, ahead: Ahead) -> Reason:
    """Whether a notice will be on the panel at a moment to come, by the plan; if not, what will, and why."""
    time, on = f"{at:%Y-%m-%d %H:%M:%S}", ahead.on
    if on is not None and on.notice_id == notice_id:
        said = _("by the plan it will be on at {time}, from {page} on").format(time=time, page=_page(on))
        return Reason("will_be_on", said)
    if on is not None:
        said = _("by the plan {other} will be on at {time}").format(other=on.notice_id, time=time)
    elif ahead.mode is PlanMode.DARK:
        said = _("the screen will be dark at {time}").format(time=time)
    else:
        said = _("the safe page will be on at {time}").format(time=time)
    if notice_id in ahead.hidden:
        reason = ahead.hidden[notice_id]
        said += f" ({notice_id}: {hidden_reasons().get(reason, reason)})"
    return Reason("will_not_be_on", said)


def cannot_tell(status: PlayerStatus, clock: ClockTrust) -> Reason | None:
    """Why nothing can be said of the time to come; None when the plan can."""
    if status.mode == "blank":
        return Reason("blank", _("blanked by an operator until he lights it again"))
    if clock is ClockTrust.UNTRUSTED:
        return Reason("clock_untrusted", hidden_reasons()["clock_untrusted"])
    if status.mode == "starting":
        return Reason("starting", modes()["starting"])
    return None


def _page(on: On) -> str:
    return _("its digest") if on.n == 0 else _("page {n}").format(n=on.n)


def why_absent(notice_id: str, line: AuditLine | None) -> Mapping[str, object]:
    """What became of a notice that the screen does not hold, after its latest audit line."""
    if line is None:
        text = _("{id}: this screen has never received it").format(id=notice_id)
        return {"id": notice_id, "state": "unknown", "text": text}
    at = line.at.isoformat(timespec="seconds") if line.at else None
    if line.event == "refused":
        said = _refusals().get(line.reason) or _("refused: {reason} {detail}").format(
            reason=line.reason, detail=line.detail
        )
    else:
        said = hidden_reasons().get(line.event, line.event)
        if line.detail:
            said += f" ({line.detail})"
    return {
        "id": notice_id,
        "revision": line.revision,
        "state": line.event,
        "reason": line.reason,
        "at": at,
        "text": f"{notice_id}: {said} ({at})",
    }
