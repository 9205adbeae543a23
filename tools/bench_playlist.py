"""How planning and simulating grow with the number of notices, and what one screen's sixty days cost.

    python tools/bench_playlist.py [--days 6] [--rounds 5]

``plan()`` is asked in the middle of a day, as the player does after every page. Each figure stands beside its ratio
to the smallest board; the column "n log n" is what that ratio may be at most. All boards have the same mix of
notices: one page to a roster of a hundred, some with a digest, terms that end within the month.

Seconds grow for reasons that are not the plan's: a small board stays in the processor's cache, and a great one sets
off the collector of cyclic garbage, which walks everything that is alive. So the calls of one ``plan()`` are counted
too (they are the same on every machine), and it is timed once more with the collector at rest.
"""

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from math import log
from pathlib import Path
from statistics import median
from sys import path

ROOT = Path(__file__).resolve().parent.parent
path[:0] = [str(ROOT), str(ROOT / "tests")]

from ledsign.playlist.item import Item  # noqa: E402
from ledsign.playlist.plan import plan  # noqa: E402
from ledsign.playlist.simulate import Simulation  # noqa: E402
from ledsign.trust import ClockTrust  # noqa: E402
from playlist_kit import SCREEN, at, calls, display, item, policy  # noqa: E402

SIZES = (100, 500, 1_000, 10_000)
PAGES = (1, 2, 3, 5, 8, 13, 30, 100)
SCREENS = (44, 100, 500)
SCREEN_DAYS = 60


def board(count: int) -> list[Item]:
    """``count`` notices; the same ones first whatever the count."""
    return [
        item(
            f"n{index:05}",
            PAGES[index % len(PAGES)],
            (8.0, 10.0, 15.0)[index % 3],
            7.0 if index % 4 == 0 else None,
            shown=display(at(0, day=1), None, (10, 20, 30)[index % 3]),
        )
        for index in range(count)
    ]


def seconds(work: Callable[[], object], rounds: int = 1) -> float:
    """Processor time, which a busy machine does not spoil: the median of ``rounds`` runs."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return median(found)


def simulated(found: Sequence[Item], days: int) -> Simulation:
    """A screen played forward for so many days."""
    start = at(0, day=1)
    simulation = Simulation(found, {}, policy(), start, SCREEN)
    for _ in simulation.run(start + timedelta(days=days)):
        pass
    return simulation


def at_rest(work: Callable[[], object], rounds: int) -> float:
    """As ``seconds``, without the collector."""
    gc.collect()
    gc.disable()
    try:
        return seconds(work, rounds)
    finally:
        gc.enable()


def growth(days: int, rounds: int) -> None:
    """Both curves, side by side with n log n."""
    first: tuple[float, float, int, float] | None = None
    noon = at(12, day=2)
    names = ("plan", "no collector", "its calls", f"{days} days")
    print(f"{'notices':>8}" + "".join(f"{name:>13}{'ratio':>7}" for name in names) + f"{'n log n':>9}")
    for count in SIZES:
        found = board(count)
        lived = simulated(found, 1)  # accounts as a running screen has them

        def ask(found: list[Item] = found, lived: Simulation = lived) -> object:
            return plan(found, lived.exposures, policy(), noon, ClockTrust.TRUSTED, SCREEN)

        asked = seconds(ask, rounds)
        played = seconds(lambda found=found: simulated(found, days))  # type: ignore[misc]
        figures = asked, at_rest(ask, rounds), calls(ask), played
        first = first or figures
        texts = f"{asked * 1000:.2f} ms", f"{figures[1] * 1000:.2f} ms", str(figures[2]), f"{played:.2f} s"
        ratios = [figure / least for figure, least in zip(figures, first, strict=True)]
        bound = count * log(count) / (SIZES[0] * log(SIZES[0]))
        columns = "".join(f"{text:>13}{ratio:>7.1f}" for text, ratio in zip(texts, ratios, strict=True))
        print(f"{count:>8}{columns}{bound:>9.1f}", flush=True)


def screens() -> None:
    """Sixty days of one screen."""
    for count in SCREENS:
        found = board(count)
        took = seconds(lambda found=found: simulated(found, SCREEN_DAYS))  # type: ignore[misc]
        print(f"{SCREEN_DAYS} days of a screen with {count} notices: {took:.2f} s", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--days", type=int, default=6)
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args()
    growth(asked.days, asked.rounds)
    screens()


if __name__ == "__main__":
    main()
