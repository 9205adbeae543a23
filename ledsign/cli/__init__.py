"""``ledsign``: one program, one verb a task. Each file of this room holds one family of verbs."""

import click

from ledsign import __version__
from ledsign.cli import card, demo, ledger, notice, operator, plan, preview, run, simulate, town
from ledsign.i18n import _


@click.group(help=_("Controller for village LED notice screens."))
@click.version_option(__version__)
@click.option("--quiet", is_flag=True, help=_("Print nothing but errors (and JSON, where asked for)."))
def cli(quiet: bool) -> None:
    """Verbs are registered below; ``quiet`` is read back by ``cli.common.emit``."""


for command in (
    demo.demo,
    run.run,
    run.check,
    run.doctor,
    notice.notice,
    preview.preview,
    preview.fonts,
    plan.plan,
    simulate.simulate,
    card.card,
    operator.urgent,
    operator.takedown,
    operator.blank,
    operator.unblank,
    operator.status,
    operator.now,
    operator.why,
    operator.timeline,
    operator.notices,
    ledger.ledger,
    town.town,
):
    cli.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    cli(prog_name="ledsign")
