"""Time is the scarce thing: what the notices ask of a day against what the lit hours hold.

A day's promises are passes: notice *i* wants ``quota`` complete showings of ``loop_s`` seconds. Since the
rotation lets no surplus showing go before an owed one once time gets short, the promises of a day hold
exactly when their seconds fit into the usable lit time, whatever their order. What does not fit is not spread
thinly over all: it is taken from the fewest notices, and those are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledsign.playlist.exposure import Key

USABLE = 0.9  # of the lit time: the rest is for blank intervals, cut-ins and a card that must be repaired


class Fit(StrEnum):
    """Whether the day's promises hold."""

    FEASIBLE = "feasible"
    TIGHT = "tight"  # fits into the lit time, but without the reserve
    INFEASIBLE = "infeasible"  # no order of showing could keep them


@dataclass(frozen=True, slots=True)
class Need:
    """What one notice asks of a day: ``quota`` passes of ``loop_s`` seconds each."""

    key: Key
    quota: int
    loop_s: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What the day can promise it: all of its quota, one pass (so that the day counts), or none."""

    need: Need
    passes: int

    @property
    def short(self) -> int:
        """Passes that cannot be promised."""
        return self.need.quota - self.passes


@dataclass(frozen=True, slots=True)
class Capacity:
    """Demand against a day, in seconds. ``grants`` keep the order of the needs; ``blame`` names a smallest set
    of notices whose quota must be cut so that all the others keep theirs, the greatest demand first."""

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


def grant(needs: Sequence[Need], usable_s: float) -> list[Grant]:
    """Share out a day. First the fewest notices are left without any pass so that all others can have one,
    then the fewest of those are held to one pass so that the rest keep their whole quota."""
    duty = [need for need in needs if need.quota > 0]
    none = _cut([(need.loop_s, need.key) for need in duty], sum(need.loop_s for need in duty) - usable_s)
    served = [need for need in duty if need.key not in none]
    one = _cut(
        [((need.quota - 1) * need.loop_s, need.key) for need in served],
        sum(need.quota * need.loop_s for need in served) - usable_s,
    )
    return [
        Grant(need, 0 if need.key in none else min(need.quota, 1) if need.key in one else need.quota)
        for need in needs
    ]


def check(needs: Sequence[Need], lit_s: float) -> Capacity:
    """Judge a day. What-if for a draft: ask again with its need appended."""
    demand = sum(need.quota * need.loop_s for need in needs)
    usable = lit_s * USABLE
    grants = tuple(grant(needs, usable))
    short = sorted((g for g in grants if g.short), key=lambda g: (-g.short * g.need.loop_s, g.need.key))
    fit = Fit.FEASIBLE if demand <= usable else Fit.TIGHT if demand <= lit_s else Fit.INFEASIBLE
    return Capacity(
        fit=fit,
        demand_s=demand,
        lit_s=lit_s,
        usable_s=usable,
        loop_s=sum(need.loop_s for need in needs),
        grants=grants,
        blame=tuple(g.need.key for g in short),
    )
