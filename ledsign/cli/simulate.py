"""``ledsign simulate``: be a card."""

import signal
import threading
from pathlib import Path

import click

from ledsign import simulator
from ledsign.cli.common import Exit, emit, fail, json_option, panel_option
from ledsign.errors import ConfigError
from ledsign.i18n import _
from ledsign.panel import Panel


def _host_port(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    host, _colon, port = value.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535):
        raise click.BadParameter(_("HOST:PORT is needed, such as 127.0.0.1:8080"))
    return value


@click.command("simulate", help=_("Be a card of a family and draw what it would show."))
@click.argument("family")
@click.option("--listen", required=True, metavar="URL", help=_("tcp://HOST:PORT or pty:///PATH"))
@panel_option
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help=_("Keep every page as PNG here."))
@click.option("--web", metavar="HOST:PORT", callback=_host_port, help=_("Show the glass in a browser."))
@click.option("--fault", default="", metavar="SPEC", help=_("Misbehave, such as drop=0.05,delay=0.2,reboot=12."))
@click.option("--baud", type=click.IntRange(300, 921_600), help=_("Pace a pseudo-terminal like a real line."))
@click.option("--seconds", type=click.FloatRange(min=0), help=_("Stop by itself after so long."))
@json_option
def simulate(
    family: str,
    listen: str,
    panel: Panel,
    out: Path | None,
    web: str | None,
    fault: str,
    baud: int | None,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Runs until interrupted; prints one line a displayed page."""
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: done.set())
    try:
        with simulator.serve(family, listen, panel, out, web, fault, baud) as card:
            text = _("simulated {family} card listens on {url}").format(family=family, url=card.url)
            emit({"listen": card.url, "family": family, "panel": panel.name}, text, as_json)
            _watch(card, done, seconds, as_json)
    except ConfigError as error:
        fail(Exit.USAGE, str(error))
    except OSError as error:
        fail(Exit.TEMPFAIL, f"{listen}: {error}")


def _watch(card: simulator.SimulatedCard, done: threading.Event, seconds: float | None, as_json: bool) -> None:
    waited, printed = 0.0, 0
    while not done.is_set() and (seconds is None or waited < seconds):
        step = 0.2 if seconds is None else min(0.2, seconds - waited)
        done.wait(step)
        waited += step
        for number, page in enumerate(card.shown[printed:], printed + 1):
            name = page.path.name if page.path else ""
            emit({"n": number, "sha256": page.sha256, "file": name, "cause": page.cause},
                 f"{number:5d}  {page.sha256[:16]}  {name}", as_json)  # fmt: skip
            printed = number
