"""``ledsign plan``: does the day suffice for these notices, what does each get, what comes when."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path

import click

from ledsign.cli.common import Exit, clock_option, emit, fail, json_option, panel_option
from ledsign.cli.whatif import load_figure, print_draft
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError, RefusedError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.frame import PageKind
from ledsign.i18n import _
from ledsign.notice import AssetReader, Image, Notice
from ledsign.panel import Panel
from ledsign.playlist.capacity import Capacity
from ledsign.playlist.forecast import Forecast, Prospect, forecast, what_if
from ledsign.playlist.item import Item
from ledsign.playlist.simulate import Aired
from ledsign.policy import Policy, load_policy
from ledsign.reasons import hidden_reasons
from ledsign.render.pages import Renderer
from ledsign.resources import resource

MAX_ASSET_BYTES = 20_000_000


def _notices(folder: Path) -> Iterator[Notice]:
    """Every notice of the folder; a file that is none is named on stderr and left out."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield _notice(path)
        except (RefusedError, OSError) as error:
            click.echo(_("{file}: left out: {error}").format(file=path.name, error=error), err=True)


def _notice(path: Path) -> Notice:
    return parse_notice(parse_json(path.read_bytes()))


def _assets(folder: Path) -> AssetReader:
    """Assets by content: no name in a notice is ever used as a path."""
    known: dict[str, Path] = {}
    for path in sorted((folder / "assets").glob("*")):
        if path.is_file() and path.stat().st_size <= MAX_ASSET_BYTES:
            known[hashlib.sha256(path.read_bytes()).hexdigest()] = path

    def read(image: Image) -> bytes | None:
        path = known.get(image.sha256)
        return None if path is None else path.read_bytes()

    return read


def _screen(notices: Sequence[Notice]) -> str:
    """The village most notices come from."""
    codes = [notice.village_code for notice in notices]
    return max(sorted(set(codes)), key=codes.count)


def _called_off(notices: Sequence[Notice]) -> frozenset[str]:
    """Identifiers of warnings that another one cancels or updates."""
    alerts = [notice.alert for notice in notices if notice.alert is not None]
    return frozenset(name for alert in alerts if alert.msg_type in ("Cancel", "Update") for name in alert.references)


def _notice_document(prospect: Prospect, notice: Notice, item: Item, blamed: bool) -> dict[str, object]:
    need = prospect.grant.need
    return {
        "kind": "notice",
        "id": notice.id,
        "revision": notice.revision,
        "title": notice.title,
        "pages": len(item.dwells),
        "dwell_s": round(need.loop_s, 1),
        "required_shows": need.quota,
        "promised_shows": prospect.grant.passes,
        "achieved_shows": prospect.achieved,
        "missed": prospect.missed,
        "blamed": blamed,
        "digests": prospect.digests,
        "returns_within_s": round(prospect.gap_s),
    }


def _turn_document(aired: Aired) -> dict[str, object]:
    slot = aired.slot
    return {
        "kind": "turn",
        "at": aired.at.isoformat(timespec="seconds"),
        "seconds": round(slot.seconds, 1),
        "id": slot.notice_id,
        "revision": slot.revision,
        "first": slot.first + 1,
        "last": slot.first + slot.count,
        "digest": slot.digest,
        "level": slot.level.name.lower(),
        "mode": str(aired.mode),
    }


def _summary_document(capacity: Capacity, made: Forecast, panel: Panel, at: datetime) -> dict[str, object]:
    return {
        "kind": "summary",
        "panel": panel.name,
        "at": at.isoformat(timespec="seconds"),
        "notices": len(made.prospects),
        "fit": str(capacity.fit),
        "loop_s": round(capacity.loop_s, 1),
        "demand_s": round(capacity.demand_s, 1),
        "lit_s": capacity.lit_s,
        "usable_s": round(capacity.usable_s, 1),
        "load": load_figure(capacity),
        "missed": [key[0] for key in made.missed],
        "blame": [key[0] for key in capacity.blame],
        "hidden": dict(sorted(made.hidden.items())),
        "digests_promised": made.digests_promised,
        "announced": [
            {
                "id": each.key[0],
                "revision": each.key[1],
                "starts": each.starts.isoformat(timespec="seconds"),
                "ends": each.ends.isoformat(timespec="seconds"),
            }
            for each in made.announced
        ],
    }


def _hours(seconds: float) -> str:
    return _("{hours:.1f} h").format(hours=seconds / 3600)


def _summary_text(made: Forecast, titles: Mapping[str, str]) -> str:
    capacity, comma = made.capacity, _(", ")
    load = "" if not isfinite(capacity.load) else f" ({capacity.load:.0%})"
    lines = [
        _("One loop takes {loop}. The day's showings need {demand} of {usable} usable{load}.").format(
            loop=_hours(capacity.loop_s),
            demand=_hours(capacity.demand_s),
            usable=_hours(capacity.usable_s),
            load=load,
        )
    ]
    reasons = hidden_reasons()
    lines += [
        _("Not shown: {title}: {reason}").format(title=titles[name], reason=reasons.get(reason, reason))
        for name, reason in sorted(made.hidden.items())
    ]
    if made.missed:
        names = comma.join(titles[key[0]] for key in made.missed)
        lines.append(_("These notices miss showings that day: {names}").format(names=names))
    if capacity.blame:
        sentence = _(
            "This screen cannot keep all promised showings: these notices ask for more time than there is: {names}"
        )
        lines.append(sentence.format(names=comma.join(titles[key[0]] for key in capacity.blame)))
    elif not made.prospects:
        lines.append(_("No notice takes part in the rotation."))
    elif not made.missed:
        lines.append(_("Every notice gets its showings."))
    return "\n".join(lines)


def _print(made: Forecast, items: Mapping[str, Item], panel: Panel, at: datetime, as_json: bool) -> None:
    capacity = made.capacity
    blamed = set(capacity.blame)
    for prospect in sorted(made.prospects, key=lambda p: (not p.missed, -p.grant.need.loop_s)):
        key = prospect.grant.need.key
        item = items[key[0]]
        document = _notice_document(prospect, item.notice, item, key in blamed)
        text = _("{mark} {title}: {pages} p., {dwell_s:.0f} s; showings a day: {achieved_shows} of {required_shows}")
        emit(document, text.format(mark="✗" if prospect.missed else "✓", **document), as_json)
    for aired in made.timeline:
        turn = _turn_document(aired)
        title = items[aired.slot.notice_id].notice.title
        line = _("{time}  {title}  pages {first} to {last}, {seconds:.0f} s")
        if aired.slot.digest:
            line = _("{time}  {title}  digest, {seconds:.0f} s")
        emit(turn, line.format(time=aired.at.strftime("%H:%M:%S"), title=title, **turn), as_json)
    for each in made.announced:
        said = _("The full text of {title} runs at {time}, until about {end}.")
        title = items[each.key[0]].notice.title
        if not as_json:
            click.echo(said.format(title=title, time=each.starts.strftime("%H:%M"), end=each.ends.strftime("%H:%M")))
    titles = {name: item.notice.title for name, item in items.items()}
    emit(_summary_document(capacity, made, panel, at), _summary_text(made, titles), as_json)


def _load(folder: Path, panel: Panel, policy: Policy, notices: Sequence[Notice]) -> list[Item]:
    renderer, assets = Renderer(panel, policy), _assets(folder)
    items = []
    for notice in notices:
        pages = renderer.render(notice, assets).pages
        body = tuple(page.dwell_s for page in pages if page.kind is not PageKind.DIGEST)
        digest = next((page.dwell_s for page in pages if page.kind is PageKind.DIGEST), None)
        items.append(Item(notice, body, digest))
    return items


def _draft(path: Path) -> Notice:
    try:
        return _notice(path)
    except (RefusedError, OSError) as error:
        fail(Exit.DATA, f"{path}: {error}")


@click.command(
    help=_(
        "Judge a folder of notices: how long one loop takes, whether the lit hours suffice for the showings each "
        "notice is owed a day, who misses them, and what is shown in the next hours. Exit code 21: not schedulable."
    )
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@panel_option
@clock_option(_("Plan as of this time (ISO 8601 with offset)."))
@click.option(
    "--hours",
    type=click.FloatRange(0, 48, min_open=True),
    help=_("Print the turns of so many coming hours, up to 48."),
)
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help=_("Disclosure policy (YAML)."))
@click.option("--profile", help=_("Profile of the policy, such as strict."))
@click.option("--screen", help=_("Code of the screen, 12 digits; otherwise the village most notices come from."))
@click.option(
    "--draft",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("What if this notice were taken in too?"),
)
@json_option
def plan(
    folder: Path,
    panel: Panel,
    moment: datetime | None,
    hours: float | None,
    policy_file: Path | None,
    profile: str | None,
    screen: str | None,
    draft: Path | None,
    as_json: bool,
) -> None:
    """One object a notice, one a turn, a summary; with a draft what it would do, last."""
    try:
        policy = load_policy(policy_file or resource("configs", "policy.yaml"), profile)
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))
    notices = list(_notices(folder))
    if not notices:
        fail(Exit.DATA, _("{folder}: no notice found").format(folder=folder))
    at = (moment or SystemClock(policy.zone).now()).astimezone(policy.zone)
    items = _load(folder, panel, policy, notices)
    screen, cancelled = screen or _screen(notices), _called_off(notices)
    made = forecast(items, {}, policy, at, screen, cancelled, hours or 0.0)
    _print(made, _by_id(items), panel, at, as_json)
    if draft is not None:
        (new,) = _load(folder, panel, policy, [_draft(draft)])
        would = what_if(items, new, policy, at, screen, cancelled)
        titles = {item.notice.id: item.notice.title for item in [*items, new]}
        print_draft(new.notice, would, titles, policy.zone, as_json)
        if not would.admission.admissible:
            raise click.exceptions.Exit(Exit.UNSCHEDULABLE)
    if made.capacity.blame or made.missed:
        raise click.exceptions.Exit(Exit.UNSCHEDULABLE)


def _by_id(items: Sequence[Item]) -> dict[str, Item]:
    """The item shown for each id: its highest revision."""
    return {item.notice.id: item for item in sorted(items, key=lambda item: item.notice.revision)}
