"""Time is the scarce thing: what the notices ask of a day against what the lit hours hold.

A day's promises are passes: notice *i* wants ``quota`` complete showings of ``loop_s`` seconds. Since the
rotation lets no surplus showing go before an owed one once time gets short, the promises of a day hold
exactly when their seconds fit into the usable lit time, whatever their order. What does not fit is not spread
thinly over all: it is taken from the fewest notices, and those are named.

All seconds are those of the daytime dwell ("work"). By night a page stays longer, so a second of night holds
less work: one over the greatest stretch of any page for a promise, one over the least for a refusal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledsign.playlist.exposure import Key
from ledsign.playlist.hours import Light

USABLE = 0.9  # of the lit time: the rest is for blank intervals, cut-ins and a card that must be repaired


class Fit(StrEnum):
    """Whether the day's promises hold."""

    FEASIBLE = "feasible"
    TIGHT = "tight"  # fits into the lit time, but without the reserve
    INFEASIBLE = "infeasible"  # no order of showing could keep them


@dataclass(frozen=True, slots=True)
class Need:
    """What one notice asks of a day: ``quota`` passes of ``loop_s`` seconds each, by day.

    ``stretch``: how much longer its most affected page stays by night, ``least_stretch``: its least affected.
    ``carried``: passes a lost day still owes; they never push out anybody's quota. ``turns``: what one pass takes
    at most, by day or by night; only reckoned on days with urgent notices, which may follow each of them. ``least``:
    passes of the quota that make its day count; fewer are worth nothing.
    """

    key: Key
    quota: int
    loop_s: float
    stretch: float = 1.0
    least_stretch: float = 1.0
    carried: int = 0
    turns: int = 0
    least: int = 1


@dataclass(frozen=True, slots=True)
class Grant:
    """What the day can promise it: all of its quota, its least (so that the day counts), or none; ``extra``
    passes make up for a lost day."""

    need: Need
    passes: int
    extra: int = 0

    @property
    def short(self) -> int:
        """Passes that cannot be promised."""
        return self.need.quota - self.passes


@dataclass(frozen=True, slots=True)
class Capacity:
    """Demand against a day, in seconds. ``grants`` keep the order of the needs and say who gets less; ``blame``
    says why: a smallest set of notices without which all the others would keep their whole quota, the greatest
    demand first."""

    fit: Fit
    demand_s: float
    lit_s: float
    usable_s: float
    loop_s: float
    grants: tuple[Grant, ...]
    blame: tuple[Key, ...]

    @property
    def load(self) -> float:
        """Demand as a share of the usable time; above 1 something is short."""
        return self.demand_s / self.usable_s if self.usable_s else float("inf" if self.demand_s else 0)


def _cut(savings: Sequence[tuple[float, Key]], excess_s: float) -> set[Key]:
    """The fewest notices whose savings cover the excess: the greatest ones."""
    chosen: set[Key] = set()
    for saved, key in sorted(savings, key=lambda pair: (-pair[0], pair[1])):
        if excess_s <= 0 or saved <= 0:
            break
        chosen.add(key)
        excess_s -= saved
    return chosen


def stretch_of(needs: Iterable[Need]) -> float:
    """The rate that no order of showing can exceed: every page by night reckoned as the most affected one."""
    return max((need.stretch for need in needs if need.quota), default=1.0)


@dataclass(frozen=True, slots=True)
class CutIns:
    """What urgent notices may take of a day: they leave at least ``floor`` of its light to the others, and never take
    more than one turn, of at most ``turn_s`` seconds, after each turn of another; ``count`` come unannounced."""

    floor: Light
    turn_s: float
    count: int


def usable_work(needs: Sequence[Need], light: Light, cut_ins: CutIns | None = None) -> float:
    """Seconds of showing (by day) that a day holds for sure, whatever is shown by night. ``light`` is without the
    time of emergencies; of the two bounds on the urgents the better one holds."""
    stretch = stretch_of(needs)
    usable = light.work(stretch) * USABLE
    if cut_ins is None:
        return usable
    turns = cut_ins.count + sum(need.quota * need.turns for need in needs)
    return max(cut_ins.floor.work(stretch) * USABLE, usable - turns * cut_ins.turn_s)


def grant(needs: Sequence[Need], usable_s: float) -> list[Grant]:
    """Share out a day. First the fewest notices are left without any pass so that all others can have their least,
    then the fewest of those are held to that so that the rest keep their whole quota. What is left makes up for
    lost days, the shortest showings first."""
    duty = [need for need in needs if need.quota > 0]
    least = [(need.least * need.loop_s, need.key) for need in duty]
    none = _cut(least, sum(seconds for seconds, _ in least) - usable_s)
    served = [need for need in duty if need.key not in none]
    held = _cut(
        [((need.quota - need.least) * need.loop_s, need.key) for need in served],
        sum(need.quota * need.loop_s for need in served) - usable_s,
    )
    passes = [0 if n.key in none else min(n.quota, n.least) if n.key in held else n.quota for n in needs]
    left = usable_s - sum(need.loop_s * count for need, count in zip(needs, passes, strict=True))
    extra: dict[Key, int] = {}
    for need in sorted((n for n in served if n.carried), key=lambda n: (n.loop_s, n.key)):
        extra[need.key] = max(0, min(need.carried, int(left // need.loop_s)))
        left -= extra[need.key] * need.loop_s
    return [Grant(need, count, extra.get(need.key, 0)) for need, count in zip(needs, passes, strict=True)]


def check(needs: Sequence[Need], light: Light, cut_ins: CutIns | None = None) -> Capacity:
    """Judge a day. What-if for a draft: ask again with its need appended.

    Feasible: kept in every order of showing, with the reserve, whatever the urgents take. Infeasible: no order could,
    even with the pages that night affects least kept for the night and the urgents silent.
    """
    demand = sum(need.quota * need.loop_s for need in needs)
    usable = usable_work(needs, light, cut_ins)
    grants = tuple(grant(needs, usable))
    asked = [(need.quota * need.loop_s, need.key) for need in needs]
    blamed = _cut(asked, demand - usable)
    at_best = light.work(min((need.least_stretch for need in needs if need.quota), default=1.0))
    fit = Fit.FEASIBLE if demand <= usable else Fit.TIGHT if demand <= at_best else Fit.INFEASIBLE
    return Capacity(
        fit=fit,
        demand_s=demand,
        lit_s=light.seconds,
        usable_s=usable,
        loop_s=sum(need.loop_s for need in needs),
        grants=grants,
        blame=tuple(key for _, key in sorted(asked, key=lambda pair: (-pair[0], pair[1])) if key in blamed),
    )


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a draft could be taken in. ``harmed``: notices whose promises it would break; ``why``: a smallest
    set to blame once it is in, the draft perhaps among them."""

    before: Capacity
    after: Capacity
    harmed: tuple[Key, ...]

    @property
    def admissible(self) -> bool:
        """Whether nothing gets shorter by it and its own promise holds."""
        return not self.harmed

    @property
    def why(self) -> tuple[Key, ...]:
        return self.after.blame


def admit(needs: Sequence[Need], draft: Need, light: Light, cut_ins: CutIns | None = None) -> Admission:
    """What if ``draft`` were added (or took the place of its earlier revision)? Changes nothing."""
    others = [need for need in needs if need.key[0] != draft.key[0]]
    return compare(check(needs, light, cut_ins), check([*others, draft], light, cut_ins))


def compare(before: Capacity, after: Capacity) -> Admission:
    """Whose promises are shorter after than before."""
    had = {g.need.key: g.passes for g in before.grants}
    harmed = tuple(g.need.key for g in after.grants if g.passes < had.get(g.need.key, g.need.quota))
    return Admission(before, after, harmed)
