"""``ledsign town``: the embedded town platform."""

import signal
import threading
from dataclasses import replace
from pathlib import Path

import click

from ledsign.cli.common import Exit, emit, fail, json_option
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError, StoreError
from ledsign.i18n import _
from ledsign.resources import resource
from ledsign.town.config import load_town, parse_listen
from ledsign.town.server import serve


@click.group(help=_("The town's side: publishes notices to screens and takes their receipts."))
def town() -> None:
    """Verbs below."""


@town.command("serve", help=_("Run the town platform until it is told to stop."))
@click.option("--config", "config_file", type=click.Path(path_type=Path), help=_("Town configuration (YAML)."))
@click.option("--listen", metavar="HOST:PORT", help=_("Address to answer on; port 0 picks a free one."))
@click.option("--data", type=click.Path(path_type=Path), help=_("Folder of database, assets and keys."))
@json_option
def serve_command(config_file: Path | None, listen: str | None, data: Path | None, as_json: bool) -> None:
    """Run the town platform until it is told to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_args: stop.set())
    try:
        config = load_town(config_file or resource("configs", "town.yaml"))
        if listen is not None:
            config = replace(config, listen=parse_listen(listen))
        folder = data or config.data or Path("town-data")
        with serve(folder, config, SystemClock()) as running:
            document = {
                "event": "serving",
                "url": running.url,
                "data": str(folder),
                "keys_file": str(running.keys_file),
            }
            text = _("The town answers on {url}; data in {data}. Screens trust {keys_file}.")
            emit(document, text.format(**document), as_json)
            stop.wait()
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))
    except StoreError as error:
        fail(Exit.TEMPFAIL, str(error))
    emit({"event": "stopped"}, _("The town has stopped."), as_json)
