"""``plan``: what the screen shows now and next, until when that holds, and why the rest is not shown.

A pure function of notices, exposures, policy and time. It may be asked at any moment, after every page: an
unfinished slice goes on where its account stands. For every moment in [at, ``valid_until``) the slots are the
same as long as nothing new is shown or received.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import isfinite

from ledsign.notice import Notice, Urgency
from ledsign.playlist import retention
from ledsign.playlist.capacity import USABLE, Need, grant
from ledsign.playlist.entry import Entry, Phase, slices
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.hours import Hours, later
from ledsign.playlist.preempt import CutIn, Level, claim, foremost, outlived
from ledsign.playlist.rotation import Board
from ledsign.playlist.rotation import Slot as Slot
from ledsign.policy import Policy
from ledsign.trust import ClockTrust
from ledsign.visibility import hidden_because

AHEAD = 4
REASK_S = 60.0


@dataclass(frozen=True, slots=True)
class Item:
    """A notice and the dwell of each of its body pages in seconds (index = page number - 1), as rendered.

    ``digest_dwell``: seconds of its digest page, None when it has none. ``arrived_at``: when this screen
    accepted it; one that arrives while another is on is shown next.
    """

    notice: Notice
    dwells: tuple[float, ...]
    digest_dwell: float | None = None
    arrived_at: datetime | None = None


class PlanMode(StrEnum):
    ROTATION = "rotation"
    URGENT = "urgent"  # an urgent notice takes every second turn
    EMERGENCY = "emergency"  # nothing else, at any hour
    SAFE = "safe"  # nothing to show: the safe page stands in
    DARK = "dark"  # outside the lit hours


@dataclass(frozen=True, slots=True)
class Plan:
    """The coming turns, the first one now. ``hidden``: notice id -> why it is not in the rotation (reasons of
    ``visibility`` and expired, released, replaced, corrected, unpresentable, clock_untrusted, outranked)."""

    slots: tuple[Slot, ...]
    valid_until: datetime
    mode: PlanMode
    hidden: Mapping[str, str]


def quota(notice: Notice, pages: int, policy: Policy) -> int:
    """Complete showings a day the notice is owed: the policy's figure for its length, or what it asks if that
    is more. A long one is held to the policy's: its full text runs at few announced times."""
    required = policy.min_daily_shows.required(pages)
    if pages > policy.min_daily_shows.long_pages:
        return required
    return max(required, notice.display.min_daily_shows)


class Situation:
    """Everything ``plan`` derives before it picks: who may be shown, in which lane, and the next edge of any
    window. ``board`` is fresh and may be played forward (``simulate``)."""

    def __init__(
        self,
        items: Sequence[Item],
        exposures: Mapping[Key, Exposure],
        policy: Policy,
        at: datetime,
        trust: ClockTrust,
        screen: str,
        cancelled: Collection[str],
    ) -> None:
        self._exposures = exposures
        self._policy = policy
        self._believed = trust is not ClockTrust.UNTRUSTED
        self.at = self._certain(at) if not self._believed else at.astimezone(policy.zone)
        self.hours = Hours(policy.hours.open, policy.hours.close, policy.zone)
        self.hidden: dict[str, str] = {}
        self.lit = not self._believed or self.hours.window(self.at) is not None
        self.deadline = self.hours.deadline(self.at) if self._believed else None
        newest = self._newest(items)
        self.edges = self._edges(newest)
        shown = self._visible(newest, screen, cancelled)
        self.board = self._board(newest, shown)

    def _certain(self, at: datetime) -> datetime:
        """Without a believed clock: the latest moment that has certainly passed. What had left the rotation by
        then stays out; nothing leaves on account of the clock's present word."""
        shown = [e.last_shown_at for e in self._exposures.values() if e.last_shown_at is not None]
        return max([at, *shown]).astimezone(self._policy.zone)

    def _exposure(self, notice: Notice) -> Exposure:
        return self._exposures.get(notice.key, NEVER)

    def _newest(self, items: Iterable[Item]) -> list[Item]:
        """One item an id, its highest revision; an older one is neither shown nor does it count."""
        newest: dict[str, Item] = {}
        for item in items:
            held = newest.get(item.notice.id)
            if held is None or held.notice.revision < item.notice.revision:
                newest[item.notice.id] = item
        return list(newest.values())

    def _edges(self, items: Iterable[Item]) -> list[datetime]:
        """Every moment ahead at which the set of visible notices or the lit state can change."""
        if not self._believed:
            return []
        edges = [self.hours.midnight(self.at), self.hours.next_open(self.at)]
        window = self.hours.window(self.at)
        if window is not None:
            edges.append(window[1])
        for item in items:
            notice = item.notice
            edges.append(notice.display.not_before)
            edges += retention.edges(notice, self._exposure(notice), self._policy)
            if notice.alert is not None:
                edges.append(notice.alert.expires)
            if notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY):
                until = claim(notice, True, self.at).until
                if until is not None:
                    edges.append(until)
        return [edge for edge in edges if edge > self.at]

    def _visible(
        self, items: Sequence[Item], screen: str, cancelled: Collection[str]
    ) -> list[tuple[Item, CutIn]]:
        notices = [item.notice for item in items]
        successors = retention.Successors(notices, self._exposures, self._policy)
        corrected = {
            notice.correction.of_id
            for notice in notices
            if notice.correction is not None
            and notice.correction.of_id != notice.id
            and hidden_because(notice, self.at, screen, cancelled) is None
        }
        found = []
        for item in items:
            notice = item.notice
            reason = hidden_because(notice, self.at, screen, cancelled)
            if reason == "not_before" and not self._believed:
                reason = None if self._has_started(notice) else "clock_untrusted"
            if reason is None and notice.id in corrected:
                reason = "corrected"
            if reason is None and not (item.dwells and all(isfinite(d) and d > 0 for d in item.dwells)):
                reason = "unpresentable"
            if reason is None:
                reason = retention.leaves(notice, self._exposure(notice), self._policy, self.at, successors)
            if reason is None:
                disclosure = retention.is_disclosure(notice, self._policy)
                cut_in = claim(notice, disclosure, self.at if self._believed else None)
                if not self._believed and outlived(notice, self._exposure(notice).seconds):
                    reason = "alert_expired"
            if reason is None:
                found.append((item, cut_in))
            else:
                self.hidden[notice.id] = reason
        return found

    def _has_started(self, notice: Notice) -> bool:
        """Whether it may be on show at any believable time: it has been, or was due when it was published."""
        return self._exposure(notice).turn > 0 or notice.display.not_before <= notice.publish_at

    def _board(self, items: Sequence[Item], visible: Sequence[tuple[Item, CutIn]]) -> Board:
        by_level: dict[Level, list[tuple[Item, CutIn]]] = {level: [] for level in Level}
        for item, cut_in in visible:
            by_level[cut_in.level].append((item, cut_in))
        chosen = [notice.id for notice in foremost([item.notice for item, _ in by_level[Level.EMERGENCY]])]
        emergencies = {item.notice.id: self._entry(item, cut, 0) for item, cut in by_level[Level.EMERGENCY]}
        self.hidden.update((name, "outranked") for name in emergencies if name not in chosen)
        emergency = [emergencies[name] for name in chosen]
        if not self.lit and not self._policy.hours.emergency_overrides:
            emergency = []
        urgent = [self._entry(item, cut, 0) for item, cut in by_level[Level.URGENT]]
        urgent.sort(key=lambda entry: entry.notice.publish_at, reverse=True)  # of new ones the newest goes first
        rest = by_level[Level.STATUTORY] + by_level[Level.NOTICE]
        needs = [need(item, self._policy) for item, _ in rest]
        grants = grant(needs, self.hours.lit_seconds * USABLE)
        ordinary = [self._entry(item, cut_in, g.passes) for (item, cut_in), g in zip(rest, grants, strict=True)]
        turn, air = 0, 0.0
        for exposure in self._exposures.values():
            turn = max(turn, exposure.turn)
            air = max(air, exposure.air_s)
        ordinary_ids = {item.notice.id for item, _ in rest}  # an urgent notice past its cap is one of them
        cut_ins = (
            self._exposure(item.notice)
            for item in items
            if item.notice.urgency is Urgency.URGENT
            and item.notice.id not in ordinary_ids
            and self._exposure(item.notice).turn
        )
        latest = max(cut_ins, key=lambda exposure: exposure.turn, default=None)
        return Board(emergency, urgent, ordinary, self.today, turn, air, latest)

    @property
    def today(self) -> date:
        return self.at.date()

    def _entry(self, item: Item, cut_in: CutIn, passes: int) -> Entry:
        notice = item.notice
        until = cut_in.until
        if until is None and not retention.is_disclosure(notice, self._policy):
            until = notice.display.not_after
        urgency = self._policy.urgency_weights.get(notice.urgency, 1)
        return Entry(
            notice=notice,
            dwells=item.dwells,
            digest_s=item.digest_dwell,
            exposure=self._exposure(notice),
            level=cut_in.level,
            until=until,
            urgency_weight=urgency,
            passes_owed=passes,
            loop_s=sum(item.dwells),
            weight=max(1, passes * slices(item.dwells)) * urgency,
            arrived_at=item.arrived_at,
        )

    def needs(self) -> list[Need]:
        """What the ordinary notices now visible ask of a day."""
        policy = self._policy
        return [
            Need(entry.notice.key, quota(entry.notice, len(entry.dwells), policy), entry.loop_s)
            for entry in self.board.ordinary
        ]

    def phase(self, at: datetime) -> Phase:
        """How short the day's time is; without a believed clock nothing is owed by the day."""
        return Phase.RELAXED if self.deadline is None else self.board.phase(at, self.deadline)

    @property
    def mode(self) -> PlanMode:
        board = self.board
        if board.emergency:
            return PlanMode.EMERGENCY
        if not self.lit:
            return PlanMode.DARK
        if board.urgent:
            return PlanMode.URGENT
        return PlanMode.ROTATION if board.ordinary else PlanMode.SAFE


def need(item: Item, policy: Policy) -> Need:
    """What the item asks of a day."""
    return Need(item.notice.key, quota(item.notice, len(item.dwells), policy), sum(item.dwells))


def plan(
    items: Sequence[Item],
    exposures: Mapping[Key, Exposure],
    policy: Policy,
    at: datetime,
    trust: ClockTrust,
    screen: str,
    cancelled: Collection[str] = (),
    ahead: int = AHEAD,
) -> Plan:
    """What to show at ``at`` (aware) and the ``ahead`` turns to come, as if nothing interfered.

    ``exposures`` must hold the account of every revision shown lately, also of those that are gone: turn
    numbers and air time come from them. ``cancelled``: identifiers of cancelled or updated alerts.
    """
    situation = Situation(items, exposures, policy, at, trust, screen, cancelled)
    board, phase = situation.board, situation.phase(at)
    noon = situation.at.replace(hour=12)  # the turns ahead are counted as shown on this same day
    edges = list(situation.edges)
    if situation.deadline is not None:
        edges += [edge for edge in board.phase_edges(situation.deadline) if edge > at]
    mode = situation.mode
    slots: list[Slot] = []
    while len(slots) < ahead:
        slot = board.next(phase, situation.lit)
        if slot is None:
            break
        board.shown(slot, noon, passes_min=policy.complete_passes_min)
        slots.append(slot)
    if slots or not situation.edges:
        edges.append(later(at, slots[0].seconds if slots else REASK_S))
    return Plan(tuple(slots), min(edges).astimezone(policy.zone), mode, situation.hidden)
