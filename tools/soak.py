"""Play thousands of random screen-days and hold the playlist to its promises; a corpus month against its plan.

    python tools/soak.py [--days 10000] [--seed 1] [--jobs 2]
    python tools/soak.py --corpus DIR

Every random screen has notices of all kinds, hours of its own, perhaps an outage, urgents and an emergency. On each
day without an outage the showings granted in the morning must be reached, those that make up for a lost day among
them, and the digests; announced times must be kept; a term must be complete before a notice leaves; the urgents must
leave the others their floor; a day called infeasible must leave somebody short. Small days are tried in every order
against their verdict. A violation is printed with its seed and makes the exit code 1.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ledsign.notice import Urgency  # noqa: E402
from ledsign.playlist.announce import Announcement  # noqa: E402
from ledsign.playlist.capacity import Fit, check  # noqa: E402
from ledsign.playlist.entry import SLICE_S, Phase  # noqa: E402
from ledsign.playlist.exposure import NEVER  # noqa: E402
from ledsign.playlist.item import Item, light_of_day  # noqa: E402
from ledsign.playlist.preempt import Level  # noqa: E402
from ledsign.playlist.retention import TermState, account  # noqa: E402
from ledsign.playlist.simulate import Aired, Simulation  # noqa: E402
from ledsign.playlist.situation import Situation  # noqa: E402
from ledsign.policy import Policy  # noqa: E402
from ledsign.trust import ClockTrust  # noqa: E402
from month_kit import PANELS, apart_s, month  # noqa: E402
from playlist_brute import false_verdict  # noqa: E402
from playlist_kit import SCREEN, alert, at, display, item, policy  # noqa: E402

SPAN = 60
FLOOR = 0.30
SOON_S = 300.0  # an announced text begins within that, unless time gets short meanwhile
SMALL_DAYS = 30  # tried in every order, for each screen


def screen(seed: int) -> tuple[Policy, list[Item], list[tuple[datetime, datetime]]]:
    """A random screen: its rules, its notices, its outages."""
    rng = random.Random(seed)
    opens = rng.choice([390, 390, 480, 0, 1080])
    closes = min(1440, opens + rng.choice([900, 900, 600, 240]))
    rules = replace(policy(), hours=replace(policy().hours, open=opens, close=closes))
    found = []
    for index in range(rng.choice([rng.randint(1, 14), rng.randint(1, 14), rng.randint(20, 45)])):
        pages = rng.choice([1, 3, 6, 12, 30, 61, 120])
        digest = rng.choice([None, 6.0, 9.0])
        shown = display(at(0, day=1), None, rng.choice([0, 10, 20, 30]))
        found.append(item(f"n{index:02}", pages, rng.choice([8.0, 15.0, 22.5, 30.0]), digest, shown=shown))
    for number in range(rng.choice([0, 0, 1, 2])):
        begin = at(rng.randint(0, 23), day=rng.randint(1, 28))
        shown = display(begin, begin + timedelta(hours=rng.choice([1, 3, 9, 30, 100])))
        pages, dwell = rng.choice([(2, 15.0), (1, 8.0), (12, 15.0)])
        found.append(item(f"u{number}", pages, dwell, item="C12-05", urgency=Urgency.URGENT, shown=shown))
    if rng.random() < 0.2:
        begin = at(rng.randint(0, 23), day=rng.randint(1, 28))
        warning = alert(sent=begin, expires=begin + timedelta(hours=rng.choice([1, 5, 20, 80])))
        alarm = display(begin)
        found.append(item("alarm", 2, 15.0, item="C12-01", urgency=Urgency.EMERGENCY, warning=warning, shown=alarm))
    outages = []
    if rng.random() < 0.3:
        begin = at(0, day=rng.randint(3, 25))
        outages.append((begin, begin + timedelta(hours=rng.randint(1, 60))))
    return rules, found, outages


@dataclass
class Played:
    """What came of one screen. ``days``: how many had which verdict; ``wrong``: promises not kept, verdicts false."""

    wrong: list[str] = field(default_factory=list)
    days: Counter[str] = field(default_factory=Counter)


def dark(day: date, outages: list[tuple[datetime, datetime]]) -> bool:
    """Whether part of the local day was lost."""
    return any(begin.date() <= day <= end.date() for begin, end in outages)


def missed(morning: Situation, simulation: Simulation, *, first: bool) -> Iterator[str]:
    """Promises of the day just played that were not kept, showings that make up for a lost day among them. Digests
    are promised from the second day on: on the first all notices are new."""
    day, shows = morning.today, morning.board.digests.shows
    entries = {entry.notice.key: entry for entry in morning.board.ordinary}
    for granted in morning.grants:
        key, promised = granted.need.key, granted.passes + granted.extra
        passes, exposure = simulation.passes.get((key, day), 0), simulation.exposures.get(key, NEVER)
        if passes < promised:
            yield f"{day} {key[0]}: {passes} of {promised} showings ({granted.extra} of a lost day)"
        if entries[key].digest_s is not None and not first and exposure.digests_on(day) < shows:
            yield f"{day} {key[0]}: {exposure.digests_on(day)} of {shows} digests"


def begins(morning: Situation, day: list[Aired], relaxed: Collection[Announcement]) -> Iterator[str]:
    """Announced times that were not kept, by more than the turns under way, though time was plenty (``relaxed``) and
    no emergency was in their way."""
    longest = max((sum(entry.dwells) for entry in morning.board.urgent), default=0.0) + 2 * SLICE_S
    for each in relaxed:
        mine = [aired for aired in day if aired.slot.notice_id == each.key[0] and not aired.slot.digest]
        late = [aired for aired in mine if aired.at >= each.starts][:1]
        alarm = any(aired.at >= each.starts for aired in day if aired.slot.level >= Level.EMERGENCY)
        if late and not alarm and (late[0].at - each.starts).total_seconds() > longest:
            yield f"{morning.today} {each.key[0]}: began {late[0].at:%H:%M:%S}, announced {each.starts:%H:%M}"


def verdict(morning: Situation, simulation: Simulation, tally: Counter[str]) -> Iterator[str]:
    """The day's verdict against what was played: where no order could keep all, nobody got all."""
    judged = check(morning.needs(), morning.light, morning.cut_ins)
    tally[judged.fit] += 1
    day = morning.today
    kept = all(simulation.passes.get((each.need.key, day), 0) >= each.need.quota for each in judged.grants)
    if judged.fit is Fit.INFEASIBLE and kept:
        yield f"{day}: called infeasible, and yet everything was shown"
    if judged.fit is Fit.FEASIBLE and any(each.short for each in judged.grants):
        yield f"{day}: called feasible, and yet {[each.need.key for each in judged.grants if each.short]} are short"


def play(seed: int) -> Played:
    """Sixty days of one screen, and small days of it tried in every order."""
    rules, found, outages = screen(seed)
    start = at(0, day=1)
    simulation = Simulation(found, {}, rules, start, SCREEN, outages=outages)
    played = Played()
    for number in range(SPAN):
        begin = start + timedelta(days=number)
        morning = Situation(found, simulation.exposures, rules, begin, ClockTrust.TRUSTED, SCREEN, ())
        turns, relaxed = [], []
        for each in morning.announced:
            turns += simulation.run(each.starts)
            then = Situation(found, simulation.exposures, rules, simulation.at, ClockTrust.TRUSTED, SCREEN, ())
            soon = max(each.starts, simulation.at) + timedelta(seconds=SOON_S)
            relaxed += [each] if then.phase(soon) is Phase.RELAXED else []
        turns += simulation.run(begin + timedelta(days=1))
        day = begin.date()
        total_s = sum(aired.slot.seconds for aired in turns if aired.slot.level < Level.EMERGENCY)
        urgent_s = sum(aired.slot.seconds for aired in turns if aired.slot.level is Level.URGENT)
        if total_s - urgent_s < FLOOR * (total_s - 90.0) and morning.board.ordinary:
            played.wrong.append(f"{day}: the floor was not kept")
        if dark(day, outages):
            played.days["dark"] += 1
            continue
        played.days["with cut-ins"] += morning.light != light_of_day(rules, day) or morning.cut_ins is not None
        played.days["after a lost day"] += any(each.extra for each in morning.grants)
        played.wrong += verdict(morning, simulation, played.days)
        played.wrong += missed(morning, simulation, first=not number)
        played.days["announced times kept"] += len(relaxed)
        played.wrong += begins(morning, turns, relaxed)
    end = start + timedelta(days=SPAN)
    final = Situation(found, simulation.exposures, rules, end, ClockTrust.TRUSTED, SCREEN, ())
    for one in found:
        if final.hidden.get(one.notice.id) == "released":
            state = account(one.notice, simulation.exposures[one.notice.key], rules, end).state
            if state is not TermState.MET:
                played.wrong.append(f"{one.notice.id}: left as {state}")
    for text in in_every_order(random.Random(seed)):
        played.days["tried in every order"] += 1
        if text is not None:
            played.wrong.append(text)
    played.wrong = [f"seed {seed}: {text}" for text in played.wrong]
    return played


def in_every_order(rng: random.Random) -> Iterator[str | None]:
    """Small days, each verdict against every way to use the day; None where they agree."""
    for _ in range(SMALL_DAYS):
        loops = [tuple(rng.randint(5, 30) for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(1, 3))]
        yield false_verdict(loops, rng.randint(0, 120), rng.randint(0, 120))


def soak(days: int, seed: int, jobs: int) -> int:
    begun, screens, faults = time.monotonic(), -(-days // SPAN), 0
    tally: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        for done, played in enumerate(pool.map(play, range(seed, seed + screens)), 1):
            faults += len(played.wrong)
            tally += played.days
            for text in played.wrong[:5]:
                print(text)
            if done % 20 == 0:
                print(f"{done * SPAN} screen-days, {faults} violations, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{screens * SPAN} screen-days, {faults} violations, {time.monotonic() - begun:.0f} s")
    print(", ".join(f"{count} {name}" for name, count in sorted(tally.items())))
    return 1 if faults else 0


def corpus_months(folder: Path) -> Iterator[str]:
    """The corpus on four panels: promises by plan, then thirty played days against them."""
    for name in PANELS:
        made = month(folder, name)
        capacity, prospects = made.forecast.capacity, made.forecast.prospects
        apart = apart_s(made, at(12))
        yield (
            f"{name}: {capacity.fit}, load {capacity.load:.0%}, loop {capacity.loop_s / 3600:.2f} h, "
            f"{len(prospects)} notices, {sum(each.missed for each in prospects)} miss by plan; in {made.days} days "
            f"{len(made.below)} notice-days below their promise; rosters at most {made.late_s:.0f} s after their "
            f"announced time; plan() page by page until noon at most {apart:.1f} s apart"
        )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--corpus", type=Path)
    asked = arguments.parse_args()
    if asked.corpus is not None:
        for line in corpus_months(asked.corpus):
            print(line, flush=True)
        return 0
    return soak(asked.days, asked.seed, asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
