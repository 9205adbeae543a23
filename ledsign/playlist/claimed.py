"""What the cut-ins of a day leave to the ordinary notices: nothing beside an emergency, the floor beside urgents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ledsign.notice import Notice, Urgency
from ledsign.playlist.capacity import CutIns
from ledsign.playlist.entry import SLICE_S
from ledsign.playlist.hours import Light, Piece, later, light_of, parted, seconds_between
from ledsign.playlist.item import Item
from ledsign.playlist.preempt import STATUTORY_FLOOR, Level, claim
from ledsign.policy import Policy

_BY_TIME = {"not_before", "alert_expired", "expired", "exercise_over"}  # hidden now, on show at another hour


@dataclass(frozen=True, slots=True)
class Claimed:
    """The lit time of a day beside its cut-ins. ``whole``: as if there were none; ``light`` is what no emergency
    takes; ``pieces`` have the share that is certain to be left; ``cut_ins``: what urgents may take of the light, None
    on a day without."""

    whole: Light
    light: Light
    pieces: tuple[Piece, ...]
    cut_ins: CutIns | None

    def through(self, start: datetime, seconds: float) -> datetime:
        """When so many seconds of ordinary showing from ``start`` on are about over: one urgent turn may follow each
        slice, and an emergency stops them."""
        turn_s = self.cut_ins.turn_s if self.cut_ins else 0.0
        at = start
        for piece in self.pieces:
            begin = max(piece.start, start)
            if begin >= piece.end:
                continue
            share = max(piece.share, SLICE_S / (SLICE_S + turn_s))
            held = seconds_between(begin, piece.end) * share
            if held >= seconds:
                return later(begin, seconds / share).astimezone(start.tzinfo)
            at, seconds = piece.end, seconds - held
        return later(at, seconds).astimezone(start.tzinfo)


def claimed(pieces: tuple[Piece, ...], items: Sequence[Item], hidden: Mapping[str, str], policy: Policy) -> Claimed:
    """The day of ``pieces`` beside the cut-ins among ``items``; one that is ``hidden`` counts when only the hour
    hides it. A warning that may yet be called off counts to its end."""
    cutting = [
        item
        for item in items
        if item.notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY)
        and item.presentable
        and hidden.get(item.notice.id, "not_before") in _BY_TIME
    ]
    free, urgents, left = pieces, [], pieces
    if not pieces or not cutting:
        return Claimed(light_of(pieces), light_of(pieces), pieces, None)
    opens, closes = pieces[0].start, pieces[-1].end
    for item in cutting:
        for start, end, level in _spans(item.notice):
            if start >= closes or end <= opens:
                continue
            if level is Level.URGENT:
                urgents.append(item)
                left = parted(left, start, end, STATUTORY_FLOOR)
            else:
                free, left = parted(free, start, end, 0.0), parted(left, start, end, 0.0)
    if not urgents:
        return Claimed(light_of(pieces), light_of(free), left, None)
    longest = max(_turn_s(item, policy) for item in urgents)
    return Claimed(light_of(pieces), light_of(free), left, CutIns(light_of(left), longest, len(urgents)))


def _spans(notice: Notice) -> Iterator[tuple[datetime, datetime, Level]]:
    """Its claims one after the other, each a level lower than the one before."""
    start = notice.display.not_before.astimezone(UTC)
    cut = claim(notice, True, start)
    while cut.until is not None and start < cut.until:
        yield start, cut.until, cut.level
        start, cut = cut.until, claim(notice, True, cut.until)


def _turn_s(item: Item, policy: Policy) -> float:
    """The longest turn it can have, by night."""
    dwells = item.by_night(policy)[0]
    return min(sum(dwells), max(SLICE_S, *dwells))
