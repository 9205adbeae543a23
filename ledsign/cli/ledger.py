"""``ledsign ledger``: evidence read from the database file, also while the daemon runs."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

import click

from ledsign.cli.common import Exit, emit, fail, json_option
from ledsign.database import read_only
from ledsign.errors import ConfigError, LedgerError, LedsignError, StoreError
from ledsign.evidence import VerifyResult, canonical_line, read_anchor
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.i18n import _
from ledsign.ledgerbook import (
    Document,
    RegisterEntry,
    Tally,
    certificate,
    register_csv,
    rows,
    tail,
    tallies,
    tally_document,
    verify,
)
from ledsign.notice import Notice
from ledsign.policy import Policy, load_policy
from ledsign.resources import resource

DATABASE = "ledsign.db"

state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/var/lib/ledsign"),
    show_default=True,
    help=_("State folder of the daemon."),
)


@contextlib.contextmanager
def _opened(state: Path) -> Iterator[sqlite3.Connection]:
    try:
        with contextlib.closing(read_only(state / DATABASE)) as connection:
            yield connection
    except StoreError as error:
        fail(Exit.TEMPFAIL, str(error))


def _policy() -> Policy:
    try:
        return load_policy(resource("configs", "policy.yaml"))
    except ConfigError as error:
        fail(Exit.CONFIG, str(error))


@click.group(help=_("Evidence of what was shown."))
def ledger() -> None:
    """The daemon may run meanwhile: nothing here writes."""


def _row_text(document: Document) -> str:
    time = str(document["shown_at"])[:19].replace("T", " ")
    if document["row"] == "event":
        return f"{document['seq']:>8}  {time}  {document['kind']}  {canonical_line(document['detail'])}"
    mark = "" if document["complete"] else _(" (cut short)")
    page = f"{document['n']}/{document['of']}"
    return f"{document['seq']:>8}  {time}  {document['notice_id']} r{document['revision']}  {page}{mark}"


@ledger.command("tail", help=_("The newest rows."))
@click.option(
    "-n", "--lines", "count", type=click.IntRange(1, 100_000), default=20, show_default=True, help=_("How many rows.")
)
@state_option
@json_option
def tail_(count: int, state: Path, as_json: bool) -> None:
    """One line a row, the newest last."""
    with _opened(state) as connection:
        for document in tail(connection, count):
            emit(document, _row_text(document), as_json)


@ledger.command("verify", help=_("Walk the chain from the first row to the last. Exit code 30: it is broken."))
@state_option
@json_option
def verify_(state: Path, as_json: bool) -> None:
    """Also checks the anchor written beside the database, so that a cut tail shows."""
    with _opened(state) as connection:
        try:
            anchor = read_anchor(state / f"{DATABASE}.head")
            result = verify(connection, [] if anchor is None else [anchor])
        except LedgerError as error:
            fail(Exit.LEDGER, str(error))
    emit(_verify_document(result), _verify_text(result), as_json)
    if not result.ok:
        raise click.exceptions.Exit(Exit.LEDGER)


def _verify_document(result: VerifyResult) -> dict[str, object]:
    return {
        "ok": result.ok,
        "rows": result.rows,
        "head": result.head.hash,
        "bad_seq": result.bad_seq,
        "reason": result.reason,
    }


def _verify_text(result: VerifyResult) -> str:
    if result.ok:
        text = _("The ledger is sound: {rows} rows, head {head}.")
        return text.format(rows=result.rows, head=result.head.hash[:16])
    text = _("The ledger is broken at row {seq} ({reason}); the {rows} rows before it are sound.")
    return text.format(seq=result.bad_seq, reason=result.reason, rows=result.rows)


def _notices(connection: sqlite3.Connection) -> Iterator[Notice]:
    """What the store still holds of the notices: withdrawn ones left only a tombstone there."""
    try:
        held = connection.execute("SELECT raw FROM notice WHERE raw IS NOT NULL").fetchall()
    except sqlite3.Error:
        return  # a ledger without a store beside it
    for (raw,) in held:
        with contextlib.suppress(LedsignError):
            yield parse_notice(parse_json(bytes(raw)))


def _entries(connection: sqlite3.Connection, policy: Policy) -> Mapping[str, RegisterEntry]:
    entries = {}
    for notice in _notices(connection):
        item, category = policy.item(notice.item), policy.categories.get(notice.category)
        steps = [step for step in notice.approval.steps if step.result == "pass"]
        entries[notice.id] = RegisterEntry(
            category=category.name if category else notice.category,
            item=item.name if item else notice.item,
            title=notice.title,
            doc_number=notice.doc_number,
            published=notice.publish_at.date().isoformat(),
            approval="→".join(step.label or step.step for step in steps if "filing" not in step.step),
            filing="、".join(step.at.date().isoformat() for step in steps if "filing" in step.step),
            change=notice.correction.summary if notice.correction else "",
        )
    return entries


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(_("give a day such as 2026-11-21")) from error


@ledger.command(help=_("Rows as JSON lines, or the register (台账) of a span of days as CSV for a spreadsheet."))
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True, help=_("Form of the file.")
)
@click.option("--from", "since", callback=_day, help=_("First local day."))
@click.option("--to", "until", callback=_day, help=_("Last local day, included."))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=_("File; otherwise standard output."))
@state_option
@json_option
def export(form: str, since: date | None, until: date | None, out: Path | None, state: Path, as_json: bool) -> None:
    """With ``--out`` a line says what was written; the data itself is the same bytes on every run."""
    policy = _policy()
    with _opened(state) as connection, contextlib.ExitStack() as stack:
        try:
            # no newline translation: the register's line ends are CRLF already
            stream = stack.enter_context(out.open("w", encoding="utf-8", newline="")) if out else None
        except OSError as error:
            fail(Exit.DATA, str(error))
        count = 0
        if form == "csv":
            counted = tallies(rows(connection, since, until), passes_min=policy.complete_passes_min)
            count = len(counted)
            _write(stream, register_csv(counted, _entries(connection, policy)))
        else:
            for document in rows(connection, since, until):
                count += 1
                _write(stream, canonical_line(document) + "\n")
        if out is not None:
            written = {"file": str(out), "format": form, "rows": count}
            emit(written, _("{file}: {rows} rows").format(**written), as_json)


def _write(stream: TextIO | None, text: str) -> None:
    click.echo(text, file=stream, nl=False)


@ledger.command("certificate", help=_("What the ledger proves about one notice, also long after it is gone."))
@click.argument("notice_id", metavar="ID")
@state_option
@json_option
def certificate_(notice_id: str, state: Path, as_json: bool) -> None:
    """One object a revision that was shown. Exit code 65: it never was."""
    policy = _policy()
    with _opened(state) as connection:
        made = certificate(connection, notice_id, passes_min=policy.complete_passes_min)
        if made is None:
            fail(Exit.DATA, _("{id}: never shown on this screen").format(id=notice_id))
        titles = {notice.id: notice.title for notice in _notices(connection)}
    for tally in made.tallies:
        head = {"head_seq": made.head.seq, "head": made.head.hash}
        emit({**tally_document(tally), **head}, _certificate_text(tally, titles.get(notice_id, notice_id)), as_json)


def _certificate_text(tally: Tally, title: str) -> str:
    exposure = tally.exposure
    return _(
        "{title} (revision {revision}, digest {digest})\n"
        "  shown from {first} to {last}: {passes} complete showings of {pages} pages, {minutes:.1f} min in all\n"
        "  days that count: {days}; evidence level {level} (0 planned, 1 sent, 2 acknowledged, 3 read back, 4 seen)"
    ).format(
        title=title,
        revision=tally.key[1],
        digest=tally.digest[:16],
        first=_local(tally.first_at),
        last=_local(tally.last_at),
        passes=exposure.passes,
        pages=exposure.pages,
        minutes=tally.seconds / 60,
        days=len(exposure.counted_days),
        level="-" if exposure.weakest is None else int(exposure.weakest),
    )


def _local(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
