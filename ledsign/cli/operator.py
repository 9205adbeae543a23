"""Verbs of the people at the screen: they ask and tell the running daemon through its control socket."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ledsign.cli.common import Exit, emit, fail, json_option
from ledsign.config import DEFAULT_PATH, load_config
from ledsign.control import NotRunningError, call
from ledsign.errors import ConfigError
from ledsign.i18n import _

F = TypeVar("F", bound=Callable[..., Any])

_ERRORS = {
    "not_permitted": Exit.NOT_PERMITTED,
    "refused": Exit.DATA,
    "pii": Exit.PII,
    "unconfirmed": Exit.UNCONFIRMED,
    "unknown_notice": Exit.DATA,
}


def _socket(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path:
    if value is not None:
        return value
    if DEFAULT_PATH.exists():
        try:
            return load_config(DEFAULT_PATH).control
        except ConfigError as error:
            fail(Exit.CONFIG, str(error))
    return Path(os.environ.get("RUNTIME_DIRECTORY", "/run/ledsign")) / "control.sock"


def socket_option(function: F) -> F:
    """Add ``--socket PATH``: which daemon is meant, when it is not the one of /etc/ledsign."""
    return click.option(
        "--socket",
        type=click.Path(path_type=Path),
        envvar="LEDSIGN_CONTROL",
        callback=_socket,
        help=_("Control socket of the daemon."),
    )(function)


def _ask(socket: Path, verb: str, **arguments: object) -> dict[str, Any]:
    """Ask the daemon; on its "no" say why and exit with the code that fits."""
    try:
        answer = call(socket, verb, arguments)
    except NotRunningError as error:
        fail(Exit.NOT_RUNNING, _("the daemon does not answer: {error}").format(error=error))
    if not answer.pop("ok", False):
        code = str(answer.get("error"))
        detail = str(answer.get("detail", ""))
        fail(_ERRORS.get(code, Exit.UNEXPECTED), f"{code}: {detail}" if detail else code)
    return answer


def _tell(answer: Mapping[str, Any], as_json: bool) -> None:
    """The daemon sends its answer's sentence along as ``text``; JSON output leaves it out."""
    document = {key: value for key, value in answer.items() if key != "text"}
    emit(document, str(answer.get("text", json.dumps(document, ensure_ascii=False))), as_json)


@click.command(help=_("What the screen, the card, the clock and the feed are doing."))
@socket_option
@json_option
def status(socket: Path, as_json: bool) -> None:
    _tell(_ask(socket, "status"), as_json)


@click.command(help=_("What should be lit this minute, to compare on site."))
@socket_option
@json_option
def now(socket: Path, as_json: bool) -> None:
    _tell(_ask(socket, "now"), as_json)


@click.command(help=_("Why a notice is on the screen, or why not."))
@click.argument("notice_id")
@click.option("--at", "moment", help=_("Ask about another time, gone by or to come (ISO 8601 with offset)."))
@socket_option
@json_option
def why(notice_id: str, moment: str | None, socket: Path, as_json: bool) -> None:
    asked = {"id": notice_id} if moment is None else {"id": notice_id, "at": moment}
    _tell(_ask(socket, "why", **asked), as_json)


@click.command(help=_("What comes next."))
@socket_option
@json_option
def timeline(socket: Path, as_json: bool) -> None:
    answer = _ask(socket, "timeline")
    for row in [*answer["slots"], *answer["announced"]]:
        _tell(row, as_json)


@click.command(help=_("All notices the screen holds, with their retention."))
@socket_option
@json_option
def notices(socket: Path, as_json: bool) -> None:
    for row in _ask(socket, "notices")["notices"]:
        _tell(row, as_json)


@click.group(help=_("Urgent and emergency notices at this screen."))
def urgent() -> None:
    """Push, list, cancel."""


@urgent.command("push", help=_("Hand signed FILES, notices or withdrawals, to the screen from a USB stick."))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wait", default=30.0, show_default=True, help=_("Seconds to wait until the card confirms."))
@click.option("--dry-run", is_flag=True, help=_("Only judge the notice."))
@socket_option
@json_option
def urgent_push(files: Sequence[Path], wait: float, dry_run: bool, socket: Path, as_json: bool) -> None:
    """A file that is refused does not stop those behind it; the first failure is the exit code."""
    failed = 0
    for file in files:
        try:
            _tell(_ask(socket, "push", raw=_text(file), wait=min(wait, 35.0), dry_run=dry_run), as_json)
        except click.exceptions.Exit as refused:
            failed = failed or refused.exit_code
    if failed:
        raise click.exceptions.Exit(failed)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(Exit.DATA, f"{file}: {error}")


@urgent.command("list", help=_("Urgent and emergency notices the screen holds."))
@socket_option
@json_option
def urgent_list(socket: Path, as_json: bool) -> None:
    for row in _ask(socket, "notices", urgent=True)["notices"]:
        _tell(row, as_json)


def _takedown(socket: Path, notice_id: str, reason: str, dry_run: bool, as_json: bool) -> None:
    _tell(_ask(socket, "takedown", id=notice_id, reason=reason, dry_run=dry_run), as_json)


@urgent.command("cancel", help=_("Take an urgent notice off this screen."))
@click.argument("notice_id")
@click.option("--reason", required=True, help=_("Why; it goes into the ledger."))
@click.option("--dry-run", is_flag=True, help=_("Only say what would happen."))
@socket_option
@json_option
def urgent_cancel(notice_id: str, reason: str, dry_run: bool, socket: Path, as_json: bool) -> None:
    _takedown(socket, notice_id, reason, dry_run, as_json)


@click.command(help=_("Take a notice off this screen at once and keep it off."))
@click.argument("notice_id")
@click.option("--reason", required=True, help=_("Why; it goes into the ledger."))
@click.option("--dry-run", is_flag=True, help=_("Only say what would happen."))
@socket_option
@json_option
def takedown(notice_id: str, reason: str, dry_run: bool, socket: Path, as_json: bool) -> None:
    _takedown(socket, notice_id, reason, dry_run, as_json)


@click.command(help=_("Darken the screen until `unblank` (tampering, wrong content, repair)."))
@click.option("--reason", required=True, help=_("Why; it goes into the ledger."))
@click.option("--dry-run", is_flag=True, help=_("Only say what would happen."))
@socket_option
@json_option
def blank(reason: str, dry_run: bool, socket: Path, as_json: bool) -> None:
    _tell(_ask(socket, "blank", reason=reason, dry_run=dry_run), as_json)


@click.command(help=_("Light the screen again after `blank`."))
@click.option("--dry-run", is_flag=True, help=_("Only say what would happen."))
@socket_option
@json_option
def unblank(dry_run: bool, socket: Path, as_json: bool) -> None:
    _tell(_ask(socket, "unblank", dry_run=dry_run), as_json)
