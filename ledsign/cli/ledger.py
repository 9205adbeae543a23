"""``ledsign ledger``: evidence read from the database file, also while the daemon runs."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from ledsign.archive import Span, month_span, write_bundle, year_span
from ledsign.archivecheck import check_bundle
from ledsign.certificate import Paper, certificate_document, certificate_html, certificate_text
from ledsign.cli.common import Exit, clock_option, emit, fail, json_option
from ledsign.cli.ledgercheck import checked, insist, verify_document, verify_text, walked
from ledsign.cli.outfile import written_whole
from ledsign.cli.place import Place, place_options
from ledsign.clock import SystemClock
from ledsign.errors import LedgerError
from ledsign.evidence import Head, canonical_line
from ledsign.holdings import PAGES, held_notices, holdings, register, screen_of
from ledsign.i18n import _
from ledsign.ledgerbook import (
    Document,
    certificate,
    in_service,
    register_csv,
    rows,
    tail,
)
from ledsign.pictures import picture
from ledsign.seal import known_keys
from ledsign.tally import tallies


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
@place_options
@json_option
def tail_(count: int, place: Place, as_json: bool) -> None:
    """One line a row, the newest last."""
    with place.opened() as connection:
        for document in tail(connection, count):
            emit(document, _row_text(document), as_json)


def _heads(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Head, ...]:
    found = [re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text) for text in texts]
    heads = tuple(Head(int(each[1]), each[2]) for each in found if each)
    if len(heads) < len(texts):
        raise click.BadParameter(_("give the row's number and its hash, such as 7:ab…, 64 hex digits"))
    return heads


@ledger.command("verify", help=_("Walk the chain from the first row to the last. Exit code 30: it is broken."))
@click.option(
    "--anchor",
    "anchors",
    metavar="SEQ:HASH",
    multiple=True,
    callback=_heads,
    help=_("What the town names as the screen's last root: the chain must hold this row. May be given again."),
)
@place_options
@json_option
def verify_(anchors: tuple[Head, ...], place: Place, as_json: bool) -> None:
    """Also checks the anchor written beside the database, so that a cut tail shows."""
    with place.opened() as connection:
        result = walked(connection, place.state, anchors)
    emit(verify_document(result), verify_text(result), as_json)
    if not result.ok:
        raise click.exceptions.Exit(Exit.LEDGER)


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(_("give a day such as 2026-11-21")) from error


@ledger.command(help=_("Rows as JSON lines, or the register (台账) of a span of days as CSV for a spreadsheet."))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help=_("Form of the file."),
)
@click.option("--from", "since", callback=_day, help=_("First local day."))
@click.option("--to", "until", callback=_day, help=_("Last local day, included."))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=_("File; otherwise standard output."))
@place_options
@json_option
def export(form: str, since: date | None, until: date | None, out: Path | None, place: Place, as_json: bool) -> None:
    """With ``--out`` a line says what was written; the data itself is the same bytes on every run."""
    policy = place.policy
    if since is not None and until is not None and since > until:
        raise click.UsageError(_("--from lies after --to"))
    with place.opened() as connection:
        insist(connection, place.state)
        with written_whole(out) as stream:  # the register's line ends are CRLF already
            count = 0
            if form == "csv":
                documents, service = rows(connection, since, until), in_service(connection)
                counted = tallies(documents, service, passes_min=policy.complete_passes_min)
                count = len(counted)
                _write(stream, register_csv(counted, register(connection, policy), since, until))
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
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html"]),
    default="text",
    show_default=True,
    help=_("Form of the certificate."),
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=_("File; otherwise standard output."))
@click.option(
    "--whole-chain",
    "whole",
    is_flag=True,
    help=_("Walk the whole chain first; otherwise the notice's rows are checked against the signed roots."),
)
@place_options
@json_option
def certificate_(notice_id: str, form: str, out: Path | None, whole: bool, place: Place, as_json: bool) -> None:
    """One object a revision that was shown, or one page with pictures. Exit code 65: it never was."""
    with place.opened() as connection:
        connection.execute("BEGIN")  # the rows that are counted are the rows that were checked
        found_sound = checked(connection, notice_id, place.state, whole)
        made = certificate(connection, notice_id, passes_min=place.policy.complete_passes_min)
        if made is None:
            fail(Exit.DATA, _("{id}: never shown on this screen").format(id=notice_id))
        notice = next((held for held, _raw in held_notices(connection) if held.id == notice_id), None)
        title = notice.title if notice else notice_id
        paper = Paper(made, found_sound, title, screen_of(connection), notice, place.policy)
    if form == "html":
        _put(certificate_html(paper, partial(picture, place.state / PAGES)), out, as_json)
        return
    if out is not None:
        _put("".join(certificate_text(paper, tally) + "\n" for tally in made.tallies), out, as_json)
        return
    for tally in made.tallies:
        emit(certificate_document(paper, tally), certificate_text(paper, tally), as_json)


def _put(text: str, out: Path | None, as_json: bool) -> None:
    """Into the file, or to standard output as it is."""
    with written_whole(out) as stream:
        if stream is None:
            click.echo(text, nl=False)
            return
        stream.write(text)
    emit({"file": str(out), "bytes": len(text.encode("utf-8"))}, str(out), as_json)


def _span(text: str | None, read: Callable[[str], Span]) -> Span | None:
    try:
        return None if text is None else read(text)
    except ValueError as error:
        raise click.BadParameter(_("give a month such as 2026-10 or a year such as 2026")) from error


@ledger.command(
    help=_(
        "Write the archive bundle of a month or a year (rows, register, certificates, notices, page pictures; the "
        "same bytes on every run), or check one. Exit code 30: the bundle is not sound."
    )
)
@click.option("--month", help=_("Such as 2026-10."))
@click.option("--year", help=_("Such as 2026."))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help=_("The bundle's file (tar)."))
@click.option(
    "--check",
    "checked",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("Check this bundle instead."),
)
@clock_option(_("Take this for the present time (ISO 8601 with offset): a span that is not over makes no bundle."))
@place_options
@json_option
def archive(
    month: str | None,
    year: str | None,
    out: Path | None,
    checked: Path | None,
    moment: datetime | None,
    place: Place,
    as_json: bool,
) -> None:
    """A bundle is checked with the device's public key where the state folder has it."""
    span = _span(month, month_span) or _span(year, year_span)
    if checked is not None:
        _check_archive(checked, place.state, as_json)
        return
    if span is None or out is None or (month and year):
        raise click.UsageError(_("give --month or --year, and --out; or --check"))
    policy = place.policy
    today = (moment or SystemClock(policy.zone).now()).astimezone(policy.zone).date()
    if span.until >= today:
        raise click.UsageError(_("{span} is not over yet").format(span=span.name))
    with place.opened() as connection:
        insist(connection, place.state)
        held = holdings(connection, place.state, policy)
        made = write_bundle(connection, span, screen_of(connection), held, out, policy.complete_passes_min)
    document = {
        "file": str(made.path),
        "span": span.name,
        "members": made.members,
        "rows": made.rows,
        "manifest_sha256": made.manifest_sha256,
    }
    emit(document, _("{file}: {span}, {rows} rows, {members} files").format(**document), as_json)


def _check_archive(path: Path, state: Path, as_json: bool) -> None:
    try:
        opening = check_bundle(path, known_keys(state))
    except LedgerError as error:
        fail(Exit.LEDGER, str(error))
    text = _("{file} is sound: {span}, {rows} rows").format(file=path, span=opening["span"], rows=opening["rows"])
    emit({"ok": True, "file": str(path), **opening}, text, as_json)
