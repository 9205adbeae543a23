"""What every verb shares: exit codes, output, the panel option."""

import json
import sys
from collections.abc import Callable, Mapping
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
    elif not _quiet():
        click.echo(text)


def _quiet() -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("quiet"))


def fail(code: int, message: str) -> NoReturn:
    """Say what is wrong on stderr and exit with ``code``."""
    click.echo(message, err=True)
    raise click.exceptions.Exit(int(code))


json_option = click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))


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
