"""The daemon itself, and the checks a technician runs before and beside it."""

import logging
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ledsign.checks import Finding, Grade, live_checks, static_checks
from ledsign.cli.common import Exit, emit, fail, json_option
from ledsign.clock import SystemClock, network_time
from ledsign.config import DEFAULT_PATH, Config, load_config
from ledsign.daemon import BUILT, Daemon
from ledsign.errors import ConfigError, StoreError
from ledsign.i18n import _
from ledsign.standin import opened

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=DEFAULT_PATH,
    show_default=True,
    envvar="LEDSIGN_CONFIG",
    help=_("Configuration file."),
)

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Format(logging.Formatter):
    """journald reads ``<N>`` as the priority and adds the time itself; a terminal gets the time instead."""

    def __init__(self, journal: bool) -> None:
        super().__init__("%(name)s: %(message)s" if journal else "%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return f"<{_PRIORITY.get(record.levelno, 6)}>{text}" if self._journal else text


def set_up_logging(level: str) -> None:
    """One handler on stderr; libraries speak from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Format(journal=not sys.stderr.isatty()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("ledsign").setLevel(level.upper())


def read_config(path: Path) -> Config:
    """The configuration, or exit 78 with every fault named."""
    try:
        return load_config(path)
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))


@click.command(help=_("Run the screen: the daemon, in the foreground."))
@config_option
def run(config_path: Path) -> None:
    config = read_config(config_path)
    set_up_logging(config.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_received: stop.set())
    clock = SystemClock(ZoneInfo(config.timezone))
    try:
        daemon = opened(lambda: Daemon(config, clock, kept=network_time), config, clock, stop)
        if daemon is not None:
            daemon.run(stop)
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))
    except StoreError as error:
        fail(Exit.TEMPFAIL, str(error))


def _report(findings: Iterable[Finding], as_json: bool) -> None:
    marks = {Grade.PASS: _("ok  "), Grade.WARN: _("warn"), Grade.FAIL: _("FAIL")}
    failed = False
    for finding in findings:
        failed |= finding.grade is Grade.FAIL
        document = {"check": finding.name, "result": str(finding.grade), "detail": finding.text, **finding.data}
        emit(document, f"{marks[finding.grade]}  {finding.name}: {finding.text}", as_json)
    if failed:
        raise click.exceptions.Exit(int(Exit.CHECK))


@click.command(help=_("Check configuration, policy, keys, fonts, disk and clock; touches no card."))
@config_option
@json_option
def check(config_path: Path, as_json: bool) -> None:
    config = read_config(config_path)
    _report(static_checks(config, SystemClock(ZoneInfo(config.timezone)), BUILT), as_json)


@click.command(help=_("All of `check`, and ask the platform and the card (stop the daemon first)."))
@config_option
@json_option
def doctor(config_path: Path, as_json: bool) -> None:
    config = read_config(config_path)
    clock = SystemClock(ZoneInfo(config.timezone))
    _report([*static_checks(config, clock, BUILT), *live_checks(config, clock)], as_json)
