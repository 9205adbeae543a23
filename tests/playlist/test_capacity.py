"""What fits, what does not, and who is to blame: checked against trying everything."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.playlist.capacity import USABLE, CutIns, Fit, Need, check, grant, usable_work
from ledsign.playlist.hours import Light

needs = st.lists(
    st.builds(
        lambda index, quota, loop: Need((f"n{index}", 1), quota, float(loop)),
        st.integers(0, 10**6),
        st.integers(0, 6),
        st.integers(1, 4000),
    ),
    max_size=8,
    unique_by=lambda need: need.key,
)


def fewest(savings: list[float], excess: float) -> int:
    """Brute force: size of the smallest subset whose savings cover the excess."""
    for size in range(len(savings) + 1):
        if any(sum(chosen) >= excess for chosen in combinations(savings, size)):
            return size
    return len(savings)


@settings(max_examples=300, deadline=None)
@given(needs, st.integers(1, 20_000))
def test_grants_fit_and_cut_the_fewest(asked: list[Need], usable: int) -> None:
    grants = grant(asked, usable)
    duty = [need for need in asked if need.quota]
    assert sum(g.passes * g.need.loop_s for g in grants) <= usable
    none = [g for g in grants if g.need.quota and not g.passes]
    assert len(none) == fewest([n.loop_s for n in duty], sum(n.loop_s for n in duty) - usable)
    served = [g for g in grants if g.passes]
    excess = sum(g.need.quota * g.need.loop_s for g in served) - usable
    held = [g for g in served if g.short]
    assert len(held) == fewest([(g.need.quota - 1) * g.need.loop_s for g in served], excess)


@settings(max_examples=300, deadline=None)
@given(needs, st.integers(1, 20_000))
def test_the_verdict_is_the_arithmetic(asked: list[Need], lit: int) -> None:
    verdict = check(asked, Light(lit))
    demand = sum(need.quota * need.loop_s for need in asked)
    assert verdict.demand_s == demand
    assert (verdict.fit is Fit.INFEASIBLE) == (demand > lit)
    assert (verdict.fit is Fit.FEASIBLE) == (demand <= lit * USABLE)
    assert bool(verdict.blame) == (verdict.fit is not Fit.FEASIBLE)
    asked_s = [need.quota * need.loop_s for need in asked]
    assert len(verdict.blame) == fewest(asked_s, demand - lit * USABLE)
    rest = [need for need in asked if need.key not in verdict.blame]
    assert check(rest, Light(lit)).fit is Fit.FEASIBLE
    assert any(g.short for g in verdict.grants) == bool(verdict.blame)


def test_a_draft_is_judged_by_asking_again() -> None:
    asked = [Need(("a", 1), 3, 100.0), Need(("b", 1), 1, 500.0)]
    assert check(asked, Light(1000)).fit is Fit.FEASIBLE
    verdict = check([*asked, Need(("draft", 1), 6, 400.0)], Light(1000))
    assert verdict.fit is Fit.INFEASIBLE
    assert verdict.blame == (("draft", 1), ("b", 1)) or verdict.blame[0] == ("draft", 1)
    assert verdict.load > 1


def test_a_dark_screen_promises_nothing() -> None:
    assert check([Need(("a", 1), 1, 10.0)], Light(0)).load == float("inf")
    assert check([], Light(0)).load == 0


def test_a_day_under_urgents_holds_what_they_surely_leave() -> None:
    """The better of two bounds: the floor, and one urgent turn after every turn of another."""
    light, floor = Light(1000.0), Light(300.0)
    few_turns = [Need(("a", 1), 2, 200.0, turns=2)]  # four turns of it, so five of the urgent at most
    assert usable_work(few_turns, light, CutIns(floor, 20.0, 1)) == USABLE * 1000 - 100
    assert check(few_turns, light, CutIns(floor, 20.0, 1)).fit is Fit.FEASIBLE
    many_turns = [Need(("a", 1), 2, 200.0, turns=40)]
    verdict = check(many_turns, light, CutIns(floor, 20.0, 1))
    assert (verdict.usable_s, verdict.fit, verdict.blame) == (USABLE * 300, Fit.TIGHT, (("a", 1),))
    assert [g.passes for g in verdict.grants] == [1]


@settings(max_examples=200, deadline=None)
@given(needs, st.integers(1, 20_000), st.integers(1, 4))
def test_a_day_that_does_not_count_is_not_half_given(asked: list[Need], usable: int, least: int) -> None:
    """Where a day counts from its second showing on, one showing would be given away for nothing."""
    wanting = [replace(need, least=min(need.quota, least)) for need in asked]
    grants = grant(wanting, usable)
    assert sum(g.passes * g.need.loop_s for g in grants) <= usable
    assert all(g.passes == 0 or g.passes >= g.need.least for g in grants)
    duty = [need for need in wanting if need.quota]
    none = [g for g in grants if g.need.quota and not g.passes]
    floors = [need.least * need.loop_s for need in duty]
    assert len(none) == fewest(floors, sum(floors) - usable)
