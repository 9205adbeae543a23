"""What every verb shares: exit codes, output, the panel option."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

import click

from ledsign.errors import ConfigError
from ledsign.i18n import _
from ledsign.panel import Panel, load_panels
from ledsign.resources import resource

F = TypeVar("F", bound=Callable[..., Any])


class Exit(IntEnum):
    """Exit codes: a script can tell "again later" from "broken"."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_RUNNING = 3
    NOT_PERMITTED = 4
    CHECK = 10
    UNCONFIRMED = 20
    UNSCHEDULABLE = 21
    PII = 22
    GLYPHS = 23
    LEDGER = 30
    DATA = 65
    TEMPFAIL = 75
    CONFIG = 78


def emit(document: Mapping[str, object], text: str, as_json: bool) -> None:
    """Print one finding: a JSON object on one line, or the text unless ``--quiet``."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        sys.stdout.flush()
    elif not _asked("quiet"):
        click.echo(text)


def fail(code: int, message: str) -> NoReturn:
    """Say what is wrong on stderr, as one JSON object where JSON was asked for, and exit with ``code``."""
    document = {"error": Exit(code).name.lower(), "exit": int(code), "detail": message}
    click.echo(json.dumps(document, ensure_ascii=False) if _asked("as_json") else message, err=True)
    raise click.exceptions.Exit(int(code))


_ASKED = "ledsign.asked."


def _asked(name: str) -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_ASKED + name))


def _note(context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    """Remember the flag for ``emit`` and ``fail``, which stand far from the verb's arguments."""
    context.meta[_ASKED + str(parameter.name)] = value or _asked(str(parameter.name))
    return value


quiet_option = click.option(
    "--quiet",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_note,
    help=_("Print nothing but errors (and JSON, where asked for)."),
)


def json_option(function: F) -> F:
    """Add ``--json`` and ``--quiet``; the command receives the first as ``as_json``."""
    option = click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=_note, help=_("One JSON object a line.")
    )
    return option(quiet_option(function))


def _moment(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise click.BadParameter(_("give date, time and offset, such as 2026-11-21T09:00:00+08:00"))
    if not 1970 <= moment.year < 9999:  # days before and after it must exist, in any zone
        raise click.BadParameter(_("give a year from 1970 to 9998"))
    return moment


def clock_option(text: str) -> Callable[[F], F]:
    """Add ``--clock ISO`` with this help; the command receives an aware ``datetime`` or None as ``moment``."""
    return click.option("--clock", "moment", callback=_moment, help=text)


def _resolve_panel(_context: click.Context, _parameter: click.Parameter, name: str) -> Panel:
    try:
        panels = load_panels(resource("configs", "panels.yaml"))
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))
    if name not in panels:
        raise click.BadParameter(_("no such panel; known: {names}").format(names=", ".join(panels)))
    return panels[name]


def panel_option(function: F) -> F:
    """Add ``--panel NAME``; the command receives a ``Panel`` as ``panel``."""
    option = click.option(
        "--panel", default="p10-192x96-mono", show_default=True, callback=_resolve_panel, help=_("Panel profile.")
    )
    return option(function)
