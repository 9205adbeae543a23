"""``ledsign``: one program, one verb a task. Each file of this room holds one family of verbs."""

import logging
from importlib import import_module

import click

from ledsign import __version__
from ledsign.cli.common import quiet_option
from ledsign.i18n import _

# a verb says itself what went wrong; where nobody set up a log, its lines would stand there a second time
logging.getLogger("ledsign").addHandler(logging.NullHandler())

_VERBS = {
    "demo": "demo",
    "run": "run",
    "check": "run",
    "doctor": "run",
    "notice": "notice",
    "preview": "preview",
    "fonts": "preview",
    "plan": "plan",
    "simulate": "simulate",
    "card": "card",
    "urgent": "operator",
    "takedown": "operator",
    "blank": "operator",
    "unblank": "operator",
    "status": "operator",
    "now": "operator",
    "why": "operator",
    "timeline": "operator",
    "notices": "operator",
    "ledger": "ledger",
    "town": "town",
}


class _Verbs(click.Group):
    """Loads the file of a verb when it is called: the daemon starts without the web server of the demo."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command = getattr(import_module(f"ledsign.cli.{_VERBS[cmd_name]}"), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Verbs, help=_("Controller for village LED notice screens."))
@click.version_option(__version__)
@quiet_option
def cli() -> None:
    """``--quiet`` may stand before the verb or after it."""


def main() -> None:
    """Entry point of the console script."""
    cli(prog_name="ledsign")
