"""Every way to use a day, tried one after the other: what the capacity check's verdicts are held against."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

from ledsign.playlist.capacity import Capacity, Fit, check
from ledsign.playlist.hours import Light
from ledsign.playlist.item import need
from playlist_kit import item, policy

Loops = Sequence[tuple[int, ...]]
"""Of each notice the dwell of its pages in seconds."""


def fits_somehow(loops: Loops, light: Light, least: float, *, over_dusk: bool) -> bool:
    """Brute force: whether any choice of pages for the night keeps both pieces of the day within their time.
    ``over_dusk``: the page that is on when night falls keeps its daytime dwell and ends by night."""
    pages = [dwell for loop in loops for dwell in loop]
    for by_night in product((False, True), repeat=len(pages)):
        day = [d for d, night in zip(pages, by_night, strict=True) if not night]
        dark = sum(max(d, least) for d, night in zip(pages, by_night, strict=True) if night)
        over = max(0, sum(day) - light.day_s)
        if over and not (over_dusk and light.day_s > sum(day) - max(day)):
            continue
        if over + dark <= light.night_s:
            return True
    return False


def false_verdict(loops: Loops, day: int, night: int) -> str | None:
    """What is wrong with the verdict on one showing of each in so many seconds by day and by night; None: nothing."""
    items = [replace(item(f"n{i}"), dwells=tuple(map(float, loop))) for i, loop in enumerate(loops)]
    verdict = check([replace(need(one, policy()), quota=1) for one in items], Light(float(day), float(night)))
    light, least = Light(day, night), policy().dwell.night_min_s
    if verdict.fit is Fit.FEASIBLE and not fits_somehow(loops, light, least, over_dusk=True):
        return "feasible, but no way was found"
    if verdict.fit is Fit.INFEASIBLE and fits_somehow(loops, light, least, over_dusk=False):
        return "infeasible, but there is a way"  # the one page over dusk is a gift that no verdict counts on
    return None if _blames_the_fewest(verdict) else "another, smaller set is to blame"


def _blames_the_fewest(verdict: Capacity) -> bool:
    """Whether without those blamed the others fit, and without no smaller set."""
    asked = {granted.need.key: granted.need.loop_s for granted in verdict.grants}

    def fits_without(keys: Sequence[object]) -> bool:
        return sum(seconds for key, seconds in asked.items() if key not in keys) <= verdict.usable_s + 1e-6

    size = next(n for n in range(len(asked) + 1) if any(map(fits_without, combinations(asked, n))))
    return size == len(verdict.blame) and fits_without(verdict.blame)
