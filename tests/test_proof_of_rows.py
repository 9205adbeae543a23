"""A certificate without a walk of the whole chain: whoever changes what it says is found out by the roots."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner, Result

from ledger_kit import row
from ledsign.cli.ledger import ledger as ledger_verb
from ledsign.database import Database, read_only
from ledsign.errors import LedgerError
from ledsign.evidence import canonical_line, chain, read_anchor
from ledsign.ledger import Ledger
from ledsign.ledgerbook import certificate
from ledsign.proof import Checked, check_notice, verify
from ledsign.rowsums import EVENTS, RowSums, misfits
from ledsign.seal import DeviceKey, known_keys
from ledsign.tally import tally_document
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at

DAYS, A_DAY = 5, 12
Documents: TypeAlias = list[dict[str, Any]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Three notices on two panels, five days with a root each and a day behind the last; a start in between."""
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        ledger, key = Ledger(database), DeviceKey(tmp_path)
        ledger.append_event("start", at(8, day=2), {"panels": ["main", "side"]})
        for day in range(2, 2 + DAYS + 1):
            for number in range(A_DAY):
                name, panel = "abc"[number % 3], ("main", "side")[number // 3 % 2]
                ledger.record(row(name, turn=day * A_DAY + number, shown_at=at(9, number, day=day), panel=panel))
            if day == 4:
                ledger.append_event("start", at(10, day=4), {"panels": ["main", "side", "third"]})
            if day < 2 + DAYS:
                ledger.seal(key, SCREEN, at(23, day=day), ClockTrust.TRUSTED)
        ledger.anchor()
        with database.transaction() as connection:
            connection.execute("CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    return tmp_path


def check(state: Path, name: str = "a", whole: bool = False) -> Checked:
    with closing(read_only(state / "ledsign.db")) as connection:
        return check_notice(connection, name, (), known_keys(state), whole)


def says(state: Path, name: str = "a") -> list[dict[str, Any]]:
    with closing(read_only(state / "ledsign.db")) as connection:
        made = certificate(connection, name)
    return [tally_document(tally) for tally in made.tallies] if made else []


def rewrite(state: Path, change: Callable[[Documents], Documents]) -> None:
    """As whoever has the file, but not the key: change rows and compute the whole chain anew."""
    connection = sqlite3.connect(state / "ledsign.db")
    for name in ("ledger_no_update", "ledger_no_delete", "ledger_in_order"):
        connection.execute(f"DROP TRIGGER {name}")
    documents = [json.loads(line) for (line,) in connection.execute("SELECT line FROM ledger ORDER BY seq")]
    connection.execute("DELETE FROM ledger")
    head = bytes(32)
    for seq, document in enumerate(change(documents), 1):
        line = canonical_line(document)
        head = chain(head, line)
        connection.execute("INSERT INTO ledger (seq, line, hash) VALUES (?, ?, ?)", (seq, line, head))
    connection.commit()
    connection.close()


def test_a_certificate_is_checked_without_walking_the_chain(state: Path) -> None:
    quick, whole = check(state), check(state, whole=True)
    assert (quick.whole, quick.roots, quick.walked) == (False, DAYS, A_DAY + 1)  # the last root and the day behind it
    assert (whole.whole, whole.walked, whole.roots) == (True, whole.rows, DAYS)
    assert quick.root == whole.root
    assert quick.key == DeviceKey(state).public


def _changes(chance: Random, documents: Documents) -> Documents:
    """One change that a forger could think of."""
    place = chance.randrange(len(documents))
    kind = chance.choice(["drop", "twice", "longer", "other", "panel", "swap", "start", "root"])
    if kind == "drop":
        del documents[place]
    elif kind == "twice":
        documents.insert(place, documents[place])
    elif kind == "swap":
        documents[place - 1], documents[place] = documents[place], documents[place - 1]
    elif kind == "start":
        documents.insert(place, {**documents[0], "detail": {"panels": ["main"]}})
    elif kind == "root":
        return [document for document in documents if document.get("kind") != "root"]
    else:
        value = {"longer": {"ms": 99_000}, "other": {"notice_id": "a"}, "panel": {"panel": "third"}}[kind]
        documents[place] = {**documents[place], **value}
    return documents


def test_no_change_that_a_certificate_would_show_passes(state: Path) -> None:
    """Without key and anchor, whatever is changed in front of the last root is found out or changes nothing that the
    certificate says; what is changed behind it shows by the anchor."""
    honest = says(state)
    pristine = (state / "ledsign.db").read_bytes()
    found = unseen = 0
    for seed in range(300):
        (state / "ledsign.db").write_bytes(pristine)
        for left in state.glob("ledsign.db-*"):
            left.unlink()
        chance = Random(seed)
        rewrite(state, lambda documents, chance=chance: _changes(chance, documents))  # type: ignore[misc]
        try:
            with closing(read_only(state / "ledsign.db")) as connection:
                anchor = read_anchor(state / "ledsign.db.head")
                assert anchor is not None
                check_notice(connection, "a", [anchor], known_keys(state))
        except LedgerError:
            found += 1
            continue
        unseen += 1
        assert says(state) == honest, seed
    assert found > 250, (found, unseen)


@pytest.mark.parametrize("whole", [False, True])
def test_a_changed_row_of_the_notice_is_named(state: Path, whole: bool) -> None:
    rewrite(state, lambda found: [{**each, "ms": 20_000} if each.get("notice_id") == "a" else each for each in found])
    with pytest.raises(LedgerError, match=r"row 1[34]"):
        check(state, whole=whole)


def test_a_root_left_out_is_missed(state: Path) -> None:
    """Roots that are all genuine, one of them gone: the rows under it would be bound by nobody."""
    with sqlite3.connect(state / "ledsign.db") as connection:
        connection.execute("DROP TRIGGER ledger_no_delete")
        roots = connection.execute("SELECT seq FROM ledger WHERE json_extract(line, '$.kind') = 'root'").fetchall()
        connection.execute("DELETE FROM ledger WHERE seq = ?", roots[2])
    connection.close()
    with pytest.raises(LedgerError, match="a root is missing"):
        check(state)


def test_a_ledger_of_another_pc_is_named_so(state: Path, tmp_path: Path) -> None:
    (state / "device.pub").write_text("ab" * 32 + "\n", encoding="ascii")
    for whole in (False, True):
        with pytest.raises(LedgerError, match="key"):
            check(state, whole=whole)
    said = CliRunner().invoke(ledger_verb, ["verify", "--state", str(state)])
    assert said.exit_code == 30
    assert "device.pub" in said.output


def test_a_ledger_without_a_root_yet_is_walked(tmp_path: Path) -> None:
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        for minute in range(3):
            ledger.record(row(minute=minute))
    checked = check(tmp_path)
    assert (checked.whole, checked.roots, checked.root, checked.walked) == (True, 0, None, 3)


def test_a_notice_shown_only_since_the_last_root(state: Path) -> None:
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        Ledger(database).record(row("new", shown_at=at(12, day=2 + DAYS)))
    checked = check(state, "new")
    assert (checked.whole, checked.walked) == (False, A_DAY + 3)  # and the gap before it
    assert checked.roots == 3, "those since the start that named its panels"


def ask(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(ledger_verb, ["certificate", "a", *arguments, "--state", str(state)])


def test_the_certificate_says_what_was_checked(state: Path) -> None:
    quick, whole = (json.loads(ask(state, *how, "--json").stdout)["checked"] for how in ((), ("--whole-chain",)))
    assert (quick["whole_chain"], quick["roots"], quick["walked"]) == (False, DAYS, A_DAY + 1)
    assert (whole["whole_chain"], whole["walked"]) == (True, whole["rows"])
    assert quick["key"] == DeviceKey(state).public
    assert "against 5 roots signed by device key" in ask(state).stdout
    assert f"all {whole['rows']} rows of the chain" in ask(state, "--whole-chain").stdout
    assert "已与 5 个签名根核对一致" in ask(state, "--format", "html").stdout
    assert f"已逐行核对全链 {whole['rows']} 行" in ask(state, "--format", "html", "--whole-chain").stdout


def test_what_the_daemon_found_broken_gives_no_quick_certificate(state: Path) -> None:
    with sqlite3.connect(state / "ledsign.db") as connection:
        connection.execute("INSERT INTO memory VALUES ('ledger_broken', '7 hash')")
    connection.close()
    refused = ask(state)
    assert refused.exit_code == 30
    assert "row 7 hash" in refused.stderr
    assert ask(state, "--whole-chain").exit_code == 0, "a walk of today outweighs what was found then"


def test_the_daemon_holds_its_ledger_to_its_own_keys(state: Path) -> None:
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        assert ledger.verify(known_keys(state)).ok
        assert (ledger.verify(["ab" * 32]).reason, ledger.verify(["ab" * 32]).bad_seq) == ("key", 14)


def test_sums_name_each_notice_and_the_events_apart() -> None:
    lines = [(1, b"e", None), (2, b"x", "a"), (3, b"y", "b"), (4, b"z", "a")]
    one, two = RowSums(), RowSums()
    assert one.add(lines) == 4
    assert (two.add(lines[:2]), two.add([]), two.add(lines[2:])) == (2, 0, 4)
    assert one.document() == two.document()
    assert sorted(one.document()) == ["", "a", "b"]
    root = {"seq": 4, "rows": one.document()}
    assert list(misfits([root], "a", [lines[1], lines[3]])) == []
    assert list(misfits([root], EVENTS, lines[:1])) == []
    assert list(misfits([root], "a", lines[3:])) == [4]
    assert list(misfits([root], "a", [])) == [4]
    assert list(misfits([root], "c", [(4, b"z", "c")])) == [4]


def test_the_chain_is_walked_from_the_first_row_by_verify(state: Path) -> None:
    with closing(read_only(state / "ledsign.db")) as connection:
        assert verify(connection, keys=known_keys(state)).roots == DAYS
