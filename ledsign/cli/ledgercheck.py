"""Before evidence is given out: is the ledger sound, and if not, where and why, in words."""

import sqlite3
from pathlib import Path
from typing import NoReturn

from ledsign.cli.common import Exit, fail
from ledsign.cli.place import DATABASE
from ledsign.errors import LedgerError
from ledsign.evidence import Head, VerifyResult, read_anchor
from ledsign.holdings import BROKEN, remembered
from ledsign.i18n import _
from ledsign.proof import Checked, check_notice, verify
from ledsign.seal import known_keys


def walked(connection: sqlite3.Connection, state: Path, anchors: tuple[Head, ...] = ()) -> VerifyResult:
    try:
        return verify(connection, [*anchors, *_anchor(state)], known_keys(state))
    except LedgerError as error:
        fail(Exit.LEDGER, str(error))


def _anchor(state: Path) -> list[Head]:
    """What the daemon wrote beside the database; none before its first end. Raises LedgerError."""
    anchor = read_anchor(state / f"{DATABASE}.head")
    return [] if anchor is None else [anchor]


def insist(connection: sqlite3.Connection, state: Path) -> None:
    """No evidence is issued from a broken chain."""
    result = walked(connection, state)
    if not result.ok:
        fail(Exit.LEDGER, verify_text(result))


def verify_document(result: VerifyResult) -> dict[str, object]:
    return {
        "ok": result.ok,
        "rows": result.rows,
        "head": result.head.hash,
        "bad_seq": result.bad_seq,
        "reason": result.reason,
        "roots": result.roots,
    }


def verify_text(result: VerifyResult) -> str:
    if result.ok:
        text = _("The ledger is sound: {rows} rows, {roots} of them signed roots, head {head}.")
        return text.format(rows=result.rows, roots=result.roots, head=result.head.hash[:16])
    text = _("The ledger is broken at row {seq} ({reason}); the {rows} rows before it are sound.")
    return text.format(seq=result.bad_seq, reason=_reasons()[result.reason], rows=result.rows)


def _reasons() -> dict[str, str]:
    """What is wrong with a row, by the words of ``VerifyResult`` and ``proof``."""
    return {
        "sequence": _("rows are missing or not in order"),
        "hash": _("the row was changed"),
        "head": _("it is not the row that was written down elsewhere"),
        "root": _("a signature that is not genuine"),
        "key": _("signed by another device, whose key is not in device.pub beside the ledger"),
        "tail": _("rows at the end are missing"),
        "missing": _("a signed root before it is missing"),
        "sums": _("the rows before it are not those that the device signed"),
    }


def _fail_as(error: LedgerError) -> NoReturn:
    """No evidence from a ledger that does not hold: say where and why."""
    reason = _reasons().get(error.reason)
    if reason is None:
        fail(Exit.LEDGER, str(error))
    fail(Exit.LEDGER, _("The ledger is broken at row {seq} ({reason}).").format(seq=error.seq, reason=reason))


def checked(connection: sqlite3.Connection, notice_id: str, state: Path, whole: bool) -> Checked:
    if not whole and (broken := remembered(connection, BROKEN)):
        fail(Exit.LEDGER, _("The daemon found the ledger broken at row {where}.").format(where=broken))
    try:
        return check_notice(connection, notice_id, _anchor(state), known_keys(state), whole)
    except LedgerError as error:
        _fail_as(error)
