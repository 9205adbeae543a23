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

from ledsign.cli.plan import _assets, _called_off, _notices, _screen  # noqa: E402
from ledsign.frame import PageKind  # noqa: E402
from ledsign.notice import Notice, Urgency  # noqa: E402
from ledsign.panel import load_panels  # noqa: E402
from ledsign.playlist.exposure import NEVER  # noqa: E402
from ledsign.playlist.forecast import forecast  # noqa: E402
from ledsign.playlist.retention import TermState, account  # noqa: E402
from ledsign.playlist.simulate import Simulation  # noqa: E402
from ledsign.playlist.situation import Item, Situation  # noqa: E402
from ledsign.policy import Policy  # noqa: E402
from ledsign.render.pages import Renderer  # noqa: E402
from ledsign.resources import resource  # noqa: E402
from ledsign.trust import ClockTrust  # noqa: E402
from playlist_kit import SCREEN, at, display, item, policy  # noqa: E402

SPAN = 60
PANELS = ("p10-192x96-mono", "p10-320x160-mono", "p8-320x160-rgb", "p4.81-416x208-rgb")
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


def month(folder: Path) -> Iterator[str]:
    """The corpus on four panels: promises by plan, then thirty simulated days against them."""
    notices = list(_notices(folder))
    village, cancelled = _screen(notices), _called_off(notices)
    when = at(9)
    for name in PANELS:
        renderer, assets = Renderer(load_panels(resource("configs", "panels.yaml"))[name], policy()), _assets(folder)
        items = []
        for notice in notices:
            pages = renderer.render(notice, assets).pages
            body = tuple(page.dwell_s for page in pages if page.kind is not PageKind.DIGEST)
            digest = next((page.dwell_s for page in pages if page.kind is PageKind.DIGEST), None)
            items.append(Item(notice, body, digest))
        made = forecast(items, {}, policy(), when, village, cancelled)
        shown = [one for one in items if one.notice.id not in made.hidden]
        held = [replace(one, notice=_lasting(one.notice)) for one in shown]
        simulation = Simulation(held, {}, policy(), at(0), village, cancelled)
        for _ in simulation.run(at(0) + timedelta(days=30)):
            pass
        days = [at(0).date() + timedelta(days=number) for number in range(30)]
        least = [
            min(simulation.passes.get((p.grant.need.key, day), 0) for day in days) - p.grant.passes
            for p in made.prospects
        ]
        capacity = made.capacity
        yield (
            f"{name}: {capacity.fit}, load {capacity.load:.0%}, loop {capacity.loop_s / 3600:.2f} h, "
            f"{len(made.prospects)} notices, {sum(p.missed for p in made.prospects)} miss, "
            f"{sum(short < 0 for short in least)} below their promise on any of 30 days"
        )


def _lasting(notice: Notice) -> Notice:
    """The notice without an end inside the month, so that every day has the set that was planned for."""
    return replace(notice, display=replace(notice.display, not_after=None, retain_min_days=60))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--corpus", type=Path)
    asked = arguments.parse_args()
    if asked.corpus is not None:
        for line in month(asked.corpus):
            print(line, flush=True)
        return 0
    return soak(asked.days, asked.seed, asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
