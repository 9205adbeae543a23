"""How often digest pages come: what the promised showings leave of a day, at most a quarter of its air time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledsign.playlist.capacity import USABLE, Grant, stretch_of
from ledsign.playlist.hours import Light
from ledsign.playlist.item import Item
from ledsign.policy import Policy

DIGEST_SHARE = 0.25  # of the air time, at most


@dataclass(frozen=True, slots=True)
class Digests:
    """The day's plan for digest pages: each notice's comes after ``every_s`` of air time, ``shows`` a day are
    promised, and ``share`` of the usable time is set aside for them (0: only while time is plenty); ``round_s``:
    the work of one digest page of everybody."""

    every_s: float
    shows: int = 0
    share: float = 0.0
    round_s: float = 0.0


NO_DIGESTS = Digests(float("inf"))


def digests_of(
    items: Iterable[Item],
    grants: Sequence[Grant],
    light: Light,
    usable_s: float,
    policy: Policy,
    *,
    promised: bool = True,
) -> Digests:
    """The plan for a day of so much light whose showings are ``grants``. Not ``promised``: beside an urgent notice
    none comes, so a day with one holds as many as there is time for."""
    wanted = policy.min_daily_shows.digest
    stretch = stretch_of(granted.need for granted in grants)
    around = sum(_work(item, stretch, policy) for item in items)
    if not around or not wanted or not usable_s:
        return NO_DIGESTS
    granted_s = sum((each.passes + each.extra) * each.need.loop_s for each in grants)
    # room for one round more than is promised: the first comes late in the morning's queue
    rounds = min(wanted + 1, int(min(DIGEST_SHARE * usable_s, usable_s - granted_s) / around))
    every = light.seconds * USABLE / max(1, rounds)
    if rounds <= 1 or not promised or any(each.extra for each in grants):  # what a lost day owes goes first
        return Digests(every)
    return Digests(every, rounds - 1, USABLE * rounds * around / usable_s, around)


def _work(item: Item, stretch: float, policy: Policy) -> float:
    """What one digest page costs of a day's work at worst, by day or by night."""
    if item.digest_dwell is None:
        return 0.0
    return max(item.digest_dwell, item.least(policy) / stretch)
