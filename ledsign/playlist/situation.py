"""Who may be shown at a moment, in which lane, and what the day owes: everything ``plan`` derives before it picks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from ledsign.notice import Notice, Urgency
from ledsign.playlist import retention
from ledsign.playlist.announce import Announcement, Long, announce
from ledsign.playlist.capacity import Grant, Need, grant, stretch_of, usable_work
from ledsign.playlist.claimed import claimed
from ledsign.playlist.digest import digests_of
from ledsign.playlist.entry import Entry, Phase
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.hours import Hours, deadline_of, later
from ledsign.playlist.item import Item, least_passes, need, quota
from ledsign.playlist.preempt import (
    EXERCISE_CAP,
    Claimant,
    CutIn,
    Level,
    claim,
    exercise_over,
    expected_end,
    foremost,
    outlived,
    owner_of,
    reason_of,
    says_exercise,
)
from ledsign.playlist.rotation import Board
from ledsign.policy import Policy
from ledsign.trust import ClockTrust
from ledsign.visibility import hidden_because


class PlanMode(StrEnum):
    ROTATION = "rotation"
    URGENT = "urgent"  # an urgent notice takes every second turn
    EMERGENCY = "emergency"  # nothing else, at any hour
    SAFE = "safe"  # nothing to show: the safe page stands in
    DARK = "dark"  # outside the lit hours


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
        self.at = self._certain(items, at) if not self._believed else at.astimezone(policy.zone)
        self.hours = Hours(policy.hours.open, policy.hours.close, policy.zone, policy.brightness.night_from)
        self.hidden: dict[str, str] = {}
        self.lit = not self._believed or self.hours.window(self.at) is not None
        self.night = self._believed and self.hours.is_night(self.at)
        self.grants: list[Grant] = []
        self.announced: tuple[Announcement, ...]  # with the board
        self.claims: list[Claimant] = []
        newest = self._newest(items)
        self.edges = self._edges(newest)
        shown = self._visible(newest, screen, cancelled)
        cutting = newest if self._believed else []
        day = claimed(self.hours.pieces(self.today), cutting, self.hidden, policy)
        self.light, self.cut_ins = day.light, day.cut_ins
        self.board = self._board(newest, shown)
        stretch = stretch_of([granted.need for granted in self.grants])
        dark = not self._believed or not self.lit
        self.deadline = None if dark else deadline_of(day.pieces, stretch)

    def _certain(self, items: Collection[Item], at: datetime) -> datetime:
        """Without a believed clock: the latest moment that has certainly passed. What had left the rotation by
        then stays out; nothing leaves on account of the clock's present word, be it behind or ahead.

        Counted passes were timed by a believed clock (``last_shown_at`` need not be). Where there are none, a
        notice that is here was written before now; the clock may only say that it is earlier still.
        """
        passed = [e.last_pass_at for e in self._exposures.values() if e.last_pass_at is not None]
        written = [item.notice.updated_at for item in items]
        return max(passed or [min(at, max(written, default=at))]).astimezone(self._policy.zone)

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
        edges = [self.hours.midnight(self.at), self.hours.next_open(self.at), *self.hours.night_edges(self.at)]
        window = self.hours.window(self.at)
        if window is not None:
            edges.append(window[1])
        for item in items:
            notice = item.notice
            edges.append(notice.display.not_before)
            if notice.is_exercise:
                edges.append(later(notice.display.not_before, EXERCISE_CAP.total_seconds()))
            edges += retention.edges(notice, self._exposure(notice), self._policy)
            if notice.alert is not None:
                edges.append(notice.alert.expires)
            if notice.urgency in (Urgency.URGENT, Urgency.EMERGENCY):
                until = claim(notice, True, self.at).until
                if until is not None:
                    edges.append(until)
        return [edge for edge in edges if edge > self.at]

    def _visible(self, items: Sequence[Item], screen: str, cancelled: Collection[str]) -> list[tuple[Item, CutIn]]:
        notices = [item.notice for item in items]
        successors = retention.Successors(notices, self._exposures, self._policy, self.today)
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
            if reason is None and notice.is_exercise:
                reason = self._exercise_hidden(notice)
            if reason is None and not item.presentable:
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
                self._claimed(notice, cut_in)
            else:
                self.hidden[notice.id] = reason
        return found

    def _claimed(self, notice: Notice, cut_in: CutIn) -> None:
        """Remember a visible notice that came as a cut-in, also when its claim is over by now."""
        end = expected_end(notice)
        if end is None:
            return
        overdue = not self._believed or end <= self.at
        owner, reason = owner_of(notice), reason_of(notice)
        self.claims.append(Claimant(notice.id, cut_in.level, end, owner, reason, cut_in.exercise, overdue))

    def _exercise_hidden(self, notice: Notice) -> str | None:
        """An exercise must be recognised by everybody, ends by itself and lights no dark screen."""
        if not says_exercise(notice):
            return "exercise_unmarked"
        if exercise_over(notice, self.at if self._believed else None):
            return "exercise_over"
        return None if self.lit else "exercise_dark"

    def _has_started(self, notice: Notice) -> bool:
        """Whether it may be on show at any believable time: it has been, or was due when it was published."""
        return self._exposure(notice).turn > 0 or notice.display.not_before <= notice.publish_at

    def _board(self, items: Sequence[Item], visible: Sequence[tuple[Item, CutIn]]) -> Board:
        by_level: dict[Level, list[tuple[Item, CutIn]]] = {level: [] for level in Level}
        for item, cut_in in visible:
            by_level[cut_in.level].append((item, cut_in))
        grave = by_level[Level.LIFE_SAFETY] + by_level[Level.EMERGENCY]
        chosen = [notice.id for notice in foremost([(item.notice, cut) for item, cut in grave])]
        emergencies = {item.notice.id: self._entry(item, cut, 0) for item, cut in grave}
        self.hidden.update((name, "outranked") for name in emergencies if name not in chosen)
        emergency = [emergencies[name] for name in chosen]
        if not self.lit and not self._policy.hours.emergency_overrides:
            emergency = []
        urgent = [self._entry(item, cut, 0) for item, cut in by_level[Level.URGENT]]
        urgent.sort(key=lambda entry: entry.notice.publish_at, reverse=True)  # of new ones the newest goes first
        rest = by_level[Level.STATUTORY] + by_level[Level.NOTICE]
        needs = [self._need(item) for item, _ in rest]
        usable = usable_work(needs, self.light, self.cut_ins)
        self.grants = grant(needs, usable)
        self.announced = self._announce([item for item, _ in rest])
        starts = {each.key: each.starts for each in self.announced}
        self.edges += [start for start in starts.values() if start > self.at]
        ordinary = [
            self._entry(item, cut_in, g.passes + g.extra, starts.get(item.notice.key))
            for (item, cut_in), g in zip(rest, self.grants, strict=True)
        ]
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
        spoken = [exposure for exposure in self._exposures.values() if exposure.digest_air_s]
        digest = max(spoken, key=lambda exposure: exposure.digest_air_s, default=None)
        alone, spare = self.cut_ins is None, (item for item, _ in rest)
        digests = digests_of(spare, self.grants, self.light, usable, self._policy, promised=alone)
        return Board(emergency, urgent, ordinary, self.today, turn, air, latest, digests, digest)

    def _need(self, item: Item) -> Need:
        """What it asks of this day, with the showings that yesterday still owes it."""
        asked = quota(item.notice, len(item.dwells), self._policy)
        if self.cut_ins is not None:  # what a lost day owes waits for one without urgents
            return need(item, self._policy, cut_into=True)
        return need(item, self._policy, self._carried(self._exposure(item.notice), asked))

    def _carried(self, exposure: Exposure, quota: int) -> int:
        """Showings that yesterday owed and did not give; a notice new yesterday was owed no whole day."""
        yesterday = self.today - timedelta(days=1)
        if not self._believed or exposure.began_at is None or exposure.began_at.date() >= yesterday:
            return 0
        return max(0, quota - exposure.passes_on(yesterday))

    def _announce(self, items: Iterable[Item]) -> tuple[Announcement, ...]:
        """Times of the long ones that the day can promise a showing; none without a believed clock, nor on a day
        with urgents, under which nobody can say how long a roster takes."""
        if not self._believed or self.cut_ins is not None:
            return ()
        granted = {each.need.key: each.passes + each.extra for each in self.grants}
        found = [
            Long(item.notice.key, item.notice.publish_at, granted[item.notice.key] * item.loop_s)
            for item in items
            if len(item.dwells) > self._policy.min_daily_shows.long_pages and granted[item.notice.key]
        ]
        return announce(found, self.hours, self.today)

    @property
    def today(self) -> date:
        return self.at.date()

    def _entry(self, item: Item, cut_in: CutIn, passes: int, announced_at: datetime | None = None) -> Entry:
        notice = item.notice
        dwells, digest = item.by_night(self._policy) if self.night else (item.dwells, item.digest_dwell)
        until = cut_in.until
        if until is None and not retention.is_disclosure(notice, self._policy):
            until = notice.display.not_after
        urgency = self._policy.urgency_weights.get(notice.urgency, 1)
        return Entry(
            notice=notice,
            dwells=dwells,
            work=item.dwells,
            digest_s=digest,
            exposure=self._exposure(notice),
            level=cut_in.level,
            until=until,
            urgency_weight=urgency,
            passes_owed=passes,
            loop_s=item.loop_s,
            weight=max(1, passes * item.turns) * urgency,
            arrived_at=item.arrived_at,
            announced_at=announced_at,
            least=least_passes(notice, self._policy),
            announced=announced_at is not None and announced_at <= self.at,
        )

    def needs(self) -> list[Need]:
        """What the ordinary notices now visible ask of a day."""
        return [each.need for each in self.grants]

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
