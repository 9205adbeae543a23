"""What the state folder holds beside the ledger, for registers, certificates and archive bundles."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ledsign.archive import Holdings
from ledsign.errors import RefusedError, StoreError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.ledgerbook import Register, RegisterEntry
from ledsign.notice import Notice
from ledsign.pictures import picture_file
from ledsign.playlist.exposure import Key
from ledsign.policy import Policy

PAGES = "pages"  # folder of the page pictures in the state folder
ARCHIVE = "archive"  # folder of the bundles
BROKEN = "ledger_broken"  # the daemon's memory: first row of the chain that does not fit and why, "" when sound
_GONE = {"withdrawn": "撤回", "takedown": "现场撤下", "retired": "失效撤下"}  # what the store notes of a tombstone


def held_notices(connection: sqlite3.Connection) -> Iterator[tuple[Notice, bytes]]:
    """The notices held, with the signed bytes: withdrawn ones left only a tombstone. Raises StoreError, also for one
    that cannot be read any more."""
    for (raw,) in _stored(connection, "notice", "SELECT raw FROM notice WHERE state = 'held' ORDER BY id"):
        try:
            yield parse_notice(parse_json(bytes(raw))), bytes(raw)
        except RefusedError as error:
            raise StoreError(f"a notice held is damaged: {error}") from error


def _stored(connection: sqlite3.Connection, table: str, query: str) -> list[tuple[Any, ...]]:
    """The rows; none where there is a ledger without a store beside it. Raises StoreError."""
    try:
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        return connection.execute(query).fetchall() if there else []
    except sqlite3.Error as error:
        raise StoreError(f"the store cannot be read: {error}") from error


def register(connection: sqlite3.Connection, policy: Policy) -> Register:
    """What the register says about every revision ever accepted, besides the evidence. Raises StoreError."""
    entries: dict[Key, RegisterEntry] = {}
    query = (
        "SELECT id, revision, digest, at, category, item, title, doc_number, published, approval, filing, summary"
        " FROM register ORDER BY at, id, revision"
    )
    for notice_id, revision, digest, at, category, item, *words in _stored(connection, "register", query):
        title, doc_number, published, approval, filing, summary = map(str, words)
        known, group = policy.item(str(item)), policy.categories.get(str(category))
        entries[str(notice_id), int(revision)] = RegisterEntry(
            category=group.name if group else str(category),
            item=known.name if known else str(item),
            title=title,
            doc_number=doc_number,
            published=published,
            approval=approval,
            filing=filing,
            change=summary,
            digest=str(digest),
            accepted=str(at)[:10],
        )
    tombstones = _stored(connection, "notice", "SELECT id, at, note FROM notice WHERE state = 'gone'")
    return Register(entries, {str(each): f"{_GONE[str(event)]} {str(at)[:10]}" for each, at, event in tombstones})


def holdings(connection: sqlite3.Connection, state: Path, policy: Policy) -> Holdings:
    """Everything a bundle takes from the state folder besides the rows."""
    return Holdings(
        raw={notice.id: raw for notice, raw in held_notices(connection)},
        register=register(connection, policy),
        picture=partial(picture_file, state / PAGES),
    )


def remembered(connection: sqlite3.Connection, name: str) -> str:
    """A word of the daemon's own memory; "" when it holds none, or before its first run. Raises StoreError."""
    words = {str(each): str(value) for each, value in _stored(connection, "memory", "SELECT name, value FROM memory")}
    return words.get(name, "")


def screen_of(connection: sqlite3.Connection) -> str:
    """The screen's code as the daemon wrote it down; "" before its first run. Raises StoreError."""
    return remembered(connection, "screen")
