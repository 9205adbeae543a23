"""Play thousands of random screen-days and hold the playlist to its promises; a corpus month against its plan.

    python tools/soak.py [--days 10000] [--seed 1] [--jobs 2]
    python tools/soak.py --corpus DIR

Every random screen has notices of all kinds, hours of its own, perhaps an outage and urgent traffic. On each whole
day the showings granted beforehand must be reached, also the digests; a term must be complete before a notice leaves;
the urgents must leave the others their floor. A violation is printed with its seed and makes the exit code 1.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ledsign.notice import Urgency  # noqa: E402
from ledsign.playlist.exposure import NEVER  # noqa: E402
from ledsign.playlist.item import Item  # noqa: E402
from ledsign.playlist.retention import TermState, account  # noqa: E402
from ledsign.playlist.simulate import Simulation  # noqa: E402
from ledsign.playlist.situation import Situation  # noqa: E402
from ledsign.policy import Policy  # noqa: E402
from ledsign.trust import ClockTrust  # noqa: E402
from month_kit import PANELS, apart_s, month  # noqa: E402
from playlist_kit import SCREEN, at, display, item, policy  # noqa: E402

SPAN = 60
FLOOR = 0.30


def screen(seed: int) -> tuple[Policy, list[Item], list[tuple[datetime, datetime]]]:
    """A random screen: its rules, its notices, its outages."""
    rng = random.Random(seed)
    opens = rng.choice([390, 390, 480, 0, 1080])
    closes = min(1440, opens + rng.choice([900, 900, 600, 240]))
    rules = replace(policy(), hours=replace(policy().hours, open=opens, close=closes))
    found = []
    for index in range(rng.randint(1, 14)):
        pages = rng.choice([1, 3, 6, 12, 30, 61, 120])
        digest = rng.choice([None, 6.0, 9.0])
        shown = display(at(0, day=1), None, rng.choice([0, 10, 20, 30]))
        found.append(item(f"n{index:02}", pages, rng.choice([8.0, 15.0, 22.5, 30.0]), digest, shown=shown))
    if rng.random() < 0.3:
        begin = at(rng.randint(0, 20), day=rng.randint(3, 28))
        shown = display(begin, begin + timedelta(hours=rng.randint(1, 9)))
        found.append(item("urgent", 2, 15.0, item="C12-05", urgency=Urgency.URGENT, shown=shown))
    outages = []
    if rng.random() < 0.3:
        begin = at(0, day=rng.randint(3, 25))
        outages.append((begin, begin + timedelta(hours=rng.randint(1, 60))))
    return rules, found, outages


def disturbed(day: date, found: list[Item], outages: list[tuple[datetime, datetime]]) -> bool:
    """Whether part of the local day was lost, or given to an urgent notice."""
    spans = list(outages)
    for one in found:
        shown = one.notice.display
        if one.notice.urgency is Urgency.URGENT and shown.not_after is not None:
            spans.append((shown.not_before, shown.not_after))
    return any(begin.date() <= day <= end.date() for begin, end in spans)


def missed(
    morning: Situation, simulation: Simulation, found: list[Item], rules: Policy, *, first: bool
) -> Iterator[str]:
    """Promises of the day just played that were not kept. Digests are promised for a set that stays: not on the
    first day, when all are new, nor on one when a notice leaves and the time it frees makes up for a lost day."""
    day, night = morning.today, morning.at + timedelta(days=1)
    gone = Situation(found, simulation.exposures, rules, night, ClockTrust.TRUSTED, SCREEN, ()).hidden
    first = first or gone.keys() != morning.hidden.keys()
    entries = {entry.notice.key: entry for entry in morning.board.ordinary}
    for granted in morning.grants:
        key, shows = granted.need.key, morning.board.digests.shows
        if key[0] in gone:
            continue  # its term was over in the course of the day
        passes, exposure = simulation.passes.get((key, day), 0), simulation.exposures.get(key, NEVER)
        if passes < granted.passes:
            yield f"{day} {key[0]}: {passes} of {granted.passes} showings"
        if entries[key].digest_s is not None and not first and exposure.digests_on(day) < shows:
            yield f"{day} {key[0]}: {exposure.digests_on(day)} of {shows} digests"


def play(seed: int) -> list[str]:
    """Sixty days of one screen; what went wrong."""
    rules, found, outages = screen(seed)
    start = at(0, day=1)
    simulation = Simulation(found, {}, rules, start, SCREEN, outages=outages)
    wrong: list[str] = []
    for number in range(SPAN):
        begin = start + timedelta(days=number)
        morning = Situation(found, simulation.exposures, rules, begin, ClockTrust.TRUSTED, SCREEN, ())
        day, urgent_s, total_s = begin.date(), 0.0, 0.0
        for aired in simulation.run(begin + timedelta(days=1)):
            total_s += aired.slot.seconds
            urgent_s += aired.slot.seconds if aired.slot.notice_id == "urgent" else 0.0
        if disturbed(day, found, outages):
            if total_s - urgent_s < FLOOR * (total_s - 90.0) and morning.board.ordinary:
                wrong.append(f"{day}: the floor was not kept")
            continue
        wrong += missed(morning, simulation, found, rules, first=not number)
    end = start + timedelta(days=SPAN)
    final = Situation(found, simulation.exposures, rules, end, ClockTrust.TRUSTED, SCREEN, ())
    for one in found:
        if final.hidden.get(one.notice.id) == "released":
            state = account(one.notice, simulation.exposures[one.notice.key], rules, end).state
            if state is not TermState.MET:
                wrong.append(f"{one.notice.id}: left as {state}")
    return [f"seed {seed}: {text}" for text in wrong]


def soak(days: int, seed: int, jobs: int) -> int:
    begun, screens, faults = time.monotonic(), -(-days // SPAN), 0
    with ProcessPoolExecutor(jobs) as pool:
        for done, wrong in enumerate(pool.map(play, range(seed, seed + screens)), 1):
            faults += len(wrong)
            for text in wrong[:5]:
                print(text)
            if done % 20 == 0:
                print(f"{done * SPAN} screen-days, {faults} violations, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{screens * SPAN} screen-days, {faults} violations, {time.monotonic() - begun:.0f} s")
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
