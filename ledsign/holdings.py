"""What the state folder holds beside the ledger, for registers, certificates and archive bundles."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from ledsign.archive import Holdings
from ledsign.errors import LedsignError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.ledgerbook import RegisterEntry
from ledsign.notice import Notice
from ledsign.pictures import picture
from ledsign.policy import Policy

PAGES = "pages"  # folder of the page pictures in the state folder
ARCHIVE = "archive"  # folder of the bundles


def held_notices(connection: sqlite3.Connection) -> Iterator[tuple[Notice, bytes]]:
    """What the store still holds of the notices, with the signed bytes: withdrawn ones left only a tombstone."""
    try:
        held = connection.execute("SELECT raw FROM notice WHERE raw IS NOT NULL ORDER BY id").fetchall()
    except sqlite3.Error:
        return  # a ledger without a store beside it
    for (raw,) in held:
        with contextlib.suppress(LedsignError):
            yield parse_notice(parse_json(bytes(raw))), bytes(raw)


def register_entry(notice: Notice, policy: Policy) -> RegisterEntry:
    """What the register says about a notice besides the evidence."""
    item, category = policy.item(notice.item), policy.categories.get(notice.category)
    steps = [step for step in notice.approval.steps if step.result == "pass"]
    return RegisterEntry(
        category=category.name if category else notice.category,
        item=item.name if item else notice.item,
        title=notice.title,
        doc_number=notice.doc_number,
        published=notice.publish_at.date().isoformat(),
        approval="→".join(step.label or step.step for step in steps if "filing" not in step.step),
        filing="、".join(step.at.date().isoformat() for step in steps if "filing" in step.step),
        change=notice.correction.summary if notice.correction else "",
    )


def register_entries(connection: sqlite3.Connection, policy: Policy) -> Mapping[str, RegisterEntry]:
    """Entries of all notices held, by id."""
    return {notice.id: register_entry(notice, policy) for notice, _ in held_notices(connection)}


def holdings(connection: sqlite3.Connection, state: Path, policy: Policy) -> Holdings:
    """Everything a bundle takes from the state folder besides the rows."""
    held = list(held_notices(connection))
    return Holdings(
        raw={notice.id: raw for notice, raw in held},
        entries={notice.id: register_entry(notice, policy) for notice, _ in held},
        picture=partial(picture, state / PAGES),
    )


def screen_of(connection: sqlite3.Connection) -> str:
    """The screen's code as the daemon wrote it down; "" before its first run."""
    try:
        found = connection.execute("SELECT value FROM memory WHERE name = 'screen'").fetchone()
    except sqlite3.Error:
        return ""
    return str(found[0]) if found else ""
