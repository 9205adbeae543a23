"""The reference corpus on a panel: what the plan says beforehand against a month played turn by turn.

Two witnesses: the promises of each notice on each day, and the clock. A screen that asks ``plan`` after every page,
as the daemon does, must begin each turn at the very moment that the simulation foretold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from ledsign.cli.plan import _assets, _called_off, _notices, _screen
from ledsign.frame import PageKind
from ledsign.notice import Notice
from ledsign.panel import load_panels
from ledsign.playlist.exposure import Key
from ledsign.playlist.forecast import Forecast, forecast
from ledsign.playlist.item import Item
from ledsign.playlist.simulate import Aired, Simulation
from ledsign.render.pages import Renderer
from ledsign.resources import resource
from playlist_kit import Screen, at, policy

PANELS = ("p10-192x96-mono", "p10-320x160-mono", "p8-320x160-rgb", "p4.81-416x208-rgb")


@dataclass(frozen=True)
class Month:
    """``below``: (notice, day) with fewer showings than promised; ``late_s``: how long after its announced time a
    roster's full text began at worst; ``begun``: when and with which page each turn of the first day began."""

    forecast: Forecast
    days: int
    below: Sequence[tuple[Key, date]]
    late_s: float
    items: Sequence[Item]
    begun: Sequence[tuple[datetime, str, int]]


def drawn(folder: Path, panel: str) -> tuple[list[Item], str, frozenset[str]]:
    """The corpus as items of that panel, the screen's code, the warnings called off."""
    notices = list(_notices(folder))
    renderer, assets = Renderer(load_panels(resource("configs", "panels.yaml"))[panel], policy()), _assets(folder)
    items = []
    for notice in notices:
        pages = renderer.render(notice, assets).pages
        body = tuple(page.dwell_s for page in pages if page.kind is not PageKind.DIGEST)
        digest = next((page.dwell_s for page in pages if page.kind is PageKind.DIGEST), None)
        items.append(Item(notice, body, digest))
    return items, _screen(notices), _called_off(notices)


def _lasting(notice: Notice) -> Notice:
    """The notice without an end inside the month, so that every day has the set that was planned for."""
    return replace(notice, display=replace(notice.display, not_after=None, retain_min_days=60))


def month(folder: Path, panel: str, days: int = 30) -> Month:
    """Plan at nine in the morning of the corpus's day, then play so many whole days of that set."""
    items, village, cancelled = drawn(folder, panel)
    made = forecast(items, {}, policy(), at(9), village, cancelled)
    held = [replace(one, notice=_lasting(one.notice)) for one in items if one.notice.id not in made.hidden]
    simulation = Simulation(held, {}, policy(), at(0), village, cancelled)
    aired = list(simulation.run(at(0) + timedelta(days=days)))
    dates = [at(0).date() + timedelta(days=number) for number in range(days)]
    below = [
        (prospect.grant.need.key, day)
        for prospect in made.prospects
        for day in dates
        if simulation.passes.get((prospect.grant.need.key, day), 0) < prospect.grant.passes
    ]
    first = [(one.at, one.slot.notice_id, _page(one)) for one in aired if one.at.date() == dates[0]]
    return Month(made, days, below, _latest_start(made, aired, dates[1:]), held, first)


def _page(aired: Aired) -> int:
    return 0 if aired.slot.digest else aired.slot.first + 1


def _latest_start(made: Forecast, aired: Sequence[Aired], days: Sequence[date]) -> float:
    """Seconds between an announced time and the full text's first page, at worst."""
    worst = 0.0
    begun: dict[tuple[str, date], datetime] = {}
    for one in aired:
        if not one.slot.digest:
            begun.setdefault((one.slot.notice_id, one.at.date()), one.at)
    for each in made.announced:
        for day in days:
            told = each.starts.replace(year=day.year, month=day.month, day=day.day)
            worst = max(worst, (begun[each.key[0], day] - told).total_seconds())
    return worst


def apart_s(made: Month, until: datetime) -> float:
    """Ask ``plan`` after every page of the first day until that moment: the greatest distance in seconds between
    the begin of a turn and what the simulation foretold; infinite when another page came."""
    screen, worst = Screen(made.begun[0][0]), 0.0
    foretold = [each for each in made.begun if each[0] < until]
    for moment, name, page in foretold:
        while screen.now < moment:
            screen.page(made.items)
        begun = screen.now
        screen.page(made.items)
        if screen.log[-1] != (name, page):
            return float("inf")
        worst = max(worst, abs((begun - moment).total_seconds()))
    return worst
