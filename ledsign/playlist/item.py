"""A notice as the rotation knows it: its pages' times, and what it asks of a day."""

from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite

from ledsign.notice import Notice
from ledsign.playlist.capacity import Need
from ledsign.playlist.entry import slices
from ledsign.playlist.hours import Hours, Light
from ledsign.playlist.retention import is_disclosure
from ledsign.policy import Policy


@dataclass(frozen=True, slots=True)
class Item:
    """A notice and the dwell of each of its body pages in seconds (index = page number - 1), as rendered.

    ``digest_dwell``: seconds of its digest page, None when it has none. ``arrived_at``: when this screen
    accepted it; one that arrives while another is on is shown next. ``night_least_s``: shortest dwell of any
    page by night, None for the policy's (a demonstration that shortens every dwell shortens this one too).
    ``loop_s`` is one showing by day, ``turns`` the turns that takes; ``presentable``: it has pages, and every
    one of them ends.
    """

    notice: Notice
    dwells: tuple[float, ...]
    digest_dwell: float | None = None
    arrived_at: datetime | None = None
    night_least_s: float | None = None
    loop_s: float = field(init=False)
    turns: int = field(init=False)
    presentable: bool = field(init=False)

    def __post_init__(self) -> None:
        presentable = bool(self.dwells) and all(isfinite(dwell) and dwell > 0 for dwell in self.dwells)
        object.__setattr__(self, "presentable", presentable)
        object.__setattr__(self, "loop_s", sum(self.dwells))
        object.__setattr__(self, "turns", slices(self.dwells) if presentable else 0)

    def least(self, policy: Policy) -> float:
        """Shortest dwell by night."""
        return policy.dwell.night_min_s if self.night_least_s is None else self.night_least_s

    def by_night(self, policy: Policy) -> tuple[tuple[float, ...], float | None]:
        """Dwell of each page and of the digest page by night."""
        least = self.least(policy)
        digest = None if self.digest_dwell is None else max(self.digest_dwell, least)
        return tuple([max(dwell, least) for dwell in self.dwells]), digest

    def stretches(self, policy: Policy) -> tuple[float, float]:
        """How much longer its least and its most affected page stays by night."""
        least = self.least(policy)
        return max(1.0, least / max(self.dwells)), max(1.0, least / min(self.dwells))


def quota(notice: Notice, pages: int, policy: Policy) -> int:
    """Complete showings a day the notice is owed: the policy's figure for its length, or what it asks if that
    is more. A long one is held to the policy's: its full text runs at few announced times. Never fewer than make
    a day of its term count."""
    required = max(policy.min_daily_shows.required(pages), least_passes(notice, policy))
    if pages > policy.min_daily_shows.long_pages:
        return required
    return max(required, notice.display.min_daily_shows)


def least_passes(notice: Notice, policy: Policy) -> int:
    """Complete showings below which a day is worth nothing to it: those that make it count for its term."""
    return policy.complete_passes_min if is_disclosure(notice, policy) else 1


def need(item: Item, policy: Policy, carried: int = 0, *, cut_into: bool = False) -> Need:
    """What the item asks of a day, ``carried`` showings of a lost one among it; ``cut_into``: urgents have a claim
    on the day."""
    least, most = item.stretches(policy)
    asked = quota(item.notice, len(item.dwells), policy)
    turns = max(item.turns, slices(item.by_night(policy)[0])) if cut_into else 0
    fewest = min(asked, least_passes(item.notice, policy))
    return Need(item.notice.key, asked, item.loop_s, most, least, carried, turns, fewest)


def light_of_day(policy: Policy, day: date) -> Light:
    """The lit time of a local day, by day and by night."""
    return Hours(policy.hours.open, policy.hours.close, policy.zone, policy.brightness.night_from).light(day)
