"""What a moment's day holds and owes: its light, what each notice is granted of it, announced times, the board."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from ledsign.playlist.announce import Announcement, Long, announce
from ledsign.playlist.capacity import Grant, Need, grant, stretch_of, usable_work
from ledsign.playlist.claimed import Claimed, claimed
from ledsign.playlist.digest import digests_of
from ledsign.playlist.entry import Entry, Phase
from ledsign.playlist.exposure import NEVER, Exposure, Key
from ledsign.playlist.hours import Hours, deadline_of, seconds_between
from ledsign.playlist.item import Item, least_passes, need
from ledsign.playlist.preempt import Level, foremost
from ledsign.playlist.presence import Presence, Present, edges, newest
from ledsign.playlist.rotation import Board
from ledsign.policy import Policy
from ledsign.trust import ClockTrust


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
        earliest: datetime | None = None,
    ) -> None:
        self._exposures = exposures
        self._policy = policy
        self._believed = trust is not ClockTrust.UNTRUSTED
        self.at = self._certain(items, at) if not self._believed else at.astimezone(policy.zone)
        self.hours = Hours(policy.hours.open, policy.hours.close, policy.zone, policy.brightness.night_from)
        self.lit = not self._believed or self.hours.window(self.at) is not None
        self.night = self._believed and self.hours.is_night(self.at)
        self.grants: list[Grant] = []
        self.announced: tuple[Announcement, ...] = ()  # with the board
        items = newest(items)
        self.edges = self._edges(items)
        presence = Presence(
            items, exposures, policy, self.at, screen, cancelled, earliest, believed=self._believed, lit=self.lit
        )
        self.hidden, self.claims = presence.hidden, presence.claims
        cutting = items if self._believed else []
        day = claimed(self.hours.pieces(self.today), cutting, self.hidden, policy)
        self.light, self.cut_ins = day.light, day.cut_ins
        self.board = self._board(presence.shown, day)
        stretch = stretch_of([granted.need for granted in self.grants])
        dark = not self._believed or not self.lit
        self.deadline = None if dark else deadline_of(day.pieces, stretch)

    def _certain(self, items: Collection[Item], at: datetime) -> datetime:
        """Without a believed clock: the latest moment that has certainly passed. What had left the rotation by
        then stays out; nothing leaves on account of the clock's present word, be it behind or ahead.

        That is the end of the pass that was counted last, in the order of showing: one before it may have been timed
        by a clock that was put right since. Where there is none, a notice that is here was written before now; the
        clock may only say that it is earlier still.
        """
        passed = [(e.pass_air_s, e.last_pass_at) for e in self._exposures.values() if e.last_pass_at is not None]
        written = [item.notice.updated_at for item in items]
        latest = max(passed)[1] if passed else min(at, max(written, default=at))
        return latest.astimezone(self._policy.zone)

    def _edges(self, items: Sequence[Item]) -> list[datetime]:
        """Every moment ahead at which the set of visible notices or the lit state can change."""
        if not self._believed:
            return []
        found = [self.hours.midnight(self.at), self.hours.next_open(self.at), *self.hours.night_edges(self.at)]
        window = self.hours.window(self.at)
        if window is not None:
            found.append(window[1])
        for item in items:
            found += edges(item.notice, self.at)
        return [edge for edge in found if edge > self.at]

    @property
    def starts(self) -> list[datetime]:
        """Announced times ahead."""
        return [each.starts for each in self.announced if each.starts > self.at]

    @property
    def today(self) -> date:
        return self.at.date()

    def _exposure(self, item: Item) -> Exposure:
        return self._exposures.get(item.notice.key, NEVER)

    def _board(self, shown: Sequence[Present], day: Claimed) -> Board:
        by_level: dict[Level, list[Present]] = {level: [] for level in Level}
        for present in shown:
            by_level[present.cut_in.level].append(present)
        grave = by_level[Level.LIFE_SAFETY] + by_level[Level.EMERGENCY]
        chosen = [notice.id for notice in foremost([(each.item.notice, each.cut_in) for each in grave])]
        emergencies = {each.item.notice.id: self._entry(each, 0) for each in grave}
        self.hidden.update((name, "outranked") for name in emergencies if name not in chosen)
        emergency = [emergencies[name] for name in chosen]
        if not self.lit and not self._policy.hours.emergency_overrides:
            emergency = []
        urgent = [self._entry(each, 0) for each in by_level[Level.URGENT]]
        urgent.sort(key=lambda entry: entry.notice.publish_at, reverse=True)  # of new ones the newest goes first
        rest = by_level[Level.STATUTORY] + by_level[Level.NOTICE]
        ordinary_items = [each.item for each in rest]
        needs = [self._need(item) for item in ordinary_items]
        usable = usable_work(needs, self.light, self.cut_ins)
        self.grants = grant(needs, usable)
        self.announced = self._announce(ordinary_items, day)
        sessions = {each.key: each.starts for each in self.announced}
        ordinary = [
            self._entry(each, granted.passes + granted.extra, sessions.get(granted.need.key))
            for each, granted in zip(rest, self.grants, strict=True)
        ]
        turn, air = 0, 0.0
        for exposure in self._exposures.values():
            turn = max(turn, exposure.turn)
            air = max(air, exposure.air_s)
        # also of one that was replaced or withdrawn since: the others get their share before the next
        cut_ins = (exposure for exposure in self._exposures.values() if exposure.urgent)
        latest = max(cut_ins, key=lambda exposure: exposure.turn, default=None)
        spoken = [exposure for exposure in self._exposures.values() if exposure.digest_air_s]
        digest = max(spoken, key=lambda exposure: exposure.digest_air_s, default=None)
        alone = self.cut_ins is None
        digests = digests_of(ordinary_items, self.grants, self.light, usable, self._policy, promised=alone)
        return Board(emergency, urgent, ordinary, self.today, turn, air, latest, digests, digest)

    def _need(self, item: Item) -> Need:
        """What it asks of this day, with the showings that yesterday still owes it."""
        if self.cut_ins is not None:  # what a lost day owes waits for one without urgents
            return need(item, self._policy, cut_into=True)
        return self._need_alone(item)

    def _need_alone(self, item: Item) -> Need:
        """The same of a day without cut-ins."""
        asked = need(item, self._policy)
        carried = self._carried(self._exposure(item), asked.quota)
        return replace(asked, carried=carried) if carried else asked

    def _carried(self, exposure: Exposure, quota: int) -> int:
        """Showings that yesterday owed and did not give; a notice new yesterday was owed no whole day."""
        yesterday = self.today - timedelta(days=1)
        if not self._believed or exposure.began_at is None or exposure.began_at.date() >= yesterday:
            return 0
        return max(0, quota - exposure.passes_on(yesterday))

    def _announce(self, items: Sequence[Item], day: Claimed) -> tuple[Announcement, ...]:
        """Times of the long ones that the day, were there no cut-in, can promise a showing: what was told in the
        morning stays when an urgent notice comes, only the end is later then. None without a believed clock."""
        long_pages = self._policy.min_daily_shows.long_pages
        if not self._believed or all(len(item.dwells) <= long_pages for item in items):
            return ()
        planned = self.grants
        if day.light != day.whole or day.cut_ins is not None:
            needs = [self._need_alone(item) for item in items]
            planned = grant(needs, usable_work(needs, day.whole))
        found = [
            Long(item.notice.key, self._due(item), (granted.passes + granted.extra) * item.loop_s)
            for item, granted in zip(items, planned, strict=True)
            if len(item.dwells) > long_pages and granted.passes + granted.extra
        ]
        return tuple(
            replace(each, ends=day.through(each.starts, seconds_between(each.starts, each.ends)))
            for each in announce(found, self.hours, self.today)
        )

    def _due(self, item: Item) -> datetime:
        """From when on the notice was to be shown; one that came late, in the course of this day, since it came."""
        due, arrived = max(item.notice.publish_at, item.notice.display.not_before), item.arrived_at
        if arrived is None or arrived.astimezone(self._policy.zone).date() != self.today:
            return due
        return max(due, arrived)

    def _entry(self, present: Present, passes: int, announced_at: datetime | None = None) -> Entry:
        item, cut_in = present.item, present.cut_in
        notice = item.notice
        dwells, digest = item.by_night(self._policy) if self.night else (item.dwells, item.digest_dwell)
        until = cut_in.until
        if until is None and not present.disclosure:
            until = notice.display.not_after
        urgency = self._policy.urgency_weights.get(notice.urgency, 1)
        return Entry(
            notice=notice,
            dwells=dwells,
            work=item.dwells,
            digest_s=digest,
            exposure=self._exposure(item),
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
