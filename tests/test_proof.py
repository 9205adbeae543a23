"""Signed roots, page pictures, certificates with pictures, archive bundles."""

import gzip
import io
import json
import sqlite3
import tarfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from PIL import Image

from ledsign.archive import RESERVE_BYTES, Holdings, due_spans, month_span, write_bundle
from ledsign.archivecheck import check_bundle
from ledsign.cli.ledger import ledger as ledger_verb
from ledsign.database import Database, read_only
from ledsign.errors import DiskFullError, LedgerError, StoreError
from ledsign.evidence import Head, ShownRow, canonical_line, chain
from ledsign.frame import AckLevel, Page, PageKind
from ledsign.ledger import Ledger
from ledsign.ledgerbook import Register, RegisterEntry
from ledsign.outbox import Outbox
from ledsign.panel import ColorMode
from ledsign.pictures import Pictures, picture
from ledsign.proof import verify
from ledsign.seal import KEY_FILE, DeviceKey, known_keys
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at, policy

LATER = "2027-03-01T09:00:00+08:00"


def page(number: int) -> Page:
    return Page(16, 8, ColorMode.MONO, number.to_bytes(2, "big") * 8, 5.0)


def row(number: int, day: int = 21, month: int = 10, notice: str = "n-1", minute: int = 0) -> ShownRow:
    return ShownRow(
        notice_id=notice, revision=1, digest="d" * 64, n=number, of=2, kind=PageKind.BODY,
        shown_at=at(9, minute, day=day, month=month), seconds=10.0, page_sha256=page(number).sha256,
        ack=AckLevel.ACKED, complete=True, clock=ClockTrust.TRUSTED, panel="main", turn=minute + 1,
    )  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """September, October and November with a root each, pictures of both pages."""
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        ledger, key, pictures = Ledger(database), DeviceKey(tmp_path), Pictures(tmp_path / "pages")
        for month in (9, 10, 11):
            for minute in range(6):
                ledger.record(row(minute % 2 + 1, month=month, minute=minute))
            ledger.seal(key, SCREEN, at(23, month=month), ClockTrust.TRUSTED)
        pictures.keep(page(1))
        pictures.keep(page(2))
        with database.transaction() as connection:
            connection.execute("CREATE TABLE memory (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
            connection.execute("INSERT INTO memory VALUES ('screen', ?)", (SCREEN,))
    return tmp_path


def rewritten(state: Path, change: tuple[str, str]) -> None:
    """Whoever has the file may compute the chain anew, but has no key."""
    with Database(state / "ledsign.db", ballast_bytes=4096) as database, database.transaction() as connection:
        rows = connection.execute("SELECT seq, line FROM ledger ORDER BY seq").fetchall()
        for name in ("ledger_no_update", "ledger_no_delete", "ledger_in_order"):
            connection.execute(f"DROP TRIGGER {name}")
        before, head = "", bytes(32)
        for seq, line in rows:
            text = line.replace(*change)
            document = json.loads(text)
            if document.get("kind") == "root":
                document["detail"]["hash"] = head.hex()
                text = canonical_line(document)
            head = chain(head, text)
            before = text
            connection.execute("UPDATE ledger SET line = ?, hash = ? WHERE seq = ?", (text, head, seq))
        assert before


# ---- roots ---------------------------------------------------------------------------------------------------


def test_roots_are_signed_by_a_key_made_on_first_use(state: Path) -> None:
    assert (state / KEY_FILE).stat().st_mode & 0o777 == 0o600
    key = DeviceKey(state)
    assert known_keys(state) == {key.public}
    with read_only(state / "ledsign.db") as connection:
        result = verify(connection, keys=known_keys(state))
    assert (result.ok, result.rows, result.roots) == (True, 21, 3)
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        roots = [r for r in Outbox(database).unsent() if r.get("kind") == "root"]
        assert len(roots) == 3  # they reach the town like any other row
        assert roots[0]["detail"] == {
            "screen": SCREEN, "day": "2026-09-21", "seq": 6, "since": 0, "key": key.public,
            "rows": {"n-1": roots[0]["detail"]["rows"]["n-1"]},  # type: ignore[index]
            "hash": roots[0]["detail"]["hash"], "signature": roots[0]["detail"]["signature"],  # type: ignore[index]
        }  # fmt: skip


def test_a_ledger_made_up_anew_fails_at_its_first_root(state: Path) -> None:
    rewritten(state, ('"ms":10000', '"ms":20000'))
    with read_only(state / "ledsign.db") as connection:
        result = verify(connection, keys=known_keys(state))
    assert (result.bad_seq, result.reason, result.rows) == (7, "root", 6)
    asked = CliRunner().invoke(ledger_verb, ["verify", "--state", str(state), "--json"])
    assert (asked.exit_code, json.loads(asked.stdout)["reason"]) == (30, "root")


def test_a_root_by_a_foreign_key_does_not_hold(state: Path) -> None:
    with read_only(state / "ledsign.db") as connection:
        assert verify(connection, keys=["00" * 32]).reason == "key"
        assert verify(connection).ok  # without a known key it must at least be genuine


def test_a_root_speaks_of_the_row_just_before_it(state: Path) -> None:
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        ledger, key = Ledger(database), DeviceKey(state)
        ledger.append_event("root", at(12), key.root(SCREEN, "2026-11-21", Head(3, "00" * 32), 0, {}))
        assert ledger.verify().reason == "root"


def test_a_key_that_others_can_read_is_refused(state: Path) -> None:
    (state / KEY_FILE).chmod(0o644)
    with pytest.raises(StoreError, match="0600"):
        DeviceKey(state)
    (state / KEY_FILE).chmod(0o600)
    (state / KEY_FILE).write_bytes(b"short")
    with pytest.raises(StoreError):
        DeviceKey(state)
    (state / KEY_FILE).unlink()
    assert len({DeviceKey(state).public} | known_keys(state)) == 2  # the old one's roots stay good
    (state / "device.pub").write_bytes(b"\xff")
    with pytest.raises(LedgerError):
        known_keys(state)


# ---- pictures ------------------------------------------------------------------------------------------------


def test_a_page_is_kept_once_and_drawn_from_its_own_pixels(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path / "pages")
    for _ in range(3):
        pictures.keep(page(7))
    (path,) = (tmp_path / "pages").glob("*")
    assert path.stem == page(7).sha256
    image = Image.open(path)
    lit = [[bool(image.getpixel((x, y))) for x in range(16)] for y in range(8)]
    assert lit == [[bool(7 >> (15 - x) & 1) for x in range(16)]] * 8


def test_the_folder_is_bounded_and_forgets_what_is_withdrawn(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path / "pages", limit_bytes=400)
    for number in range(40):
        pictures.keep(page(number))
        pictures.keep(page(0))
    left = {path.stem for path in (tmp_path / "pages").glob("*.png")}
    assert sum(path.stat().st_size for path in (tmp_path / "pages").glob("*.png")) <= 400
    assert {page(0).sha256, page(39).sha256} <= left
    again = Pictures(tmp_path / "pages")
    assert again.remove([page(39).sha256, "unknown"]) == 1
    assert picture(tmp_path / "pages", page(39).sha256) is None
    with pytest.raises(StoreError):
        Pictures(tmp_path / "pages" / f"{page(0).sha256}.png")


def test_a_full_disk_is_a_store_error(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path / "pages")
    (tmp_path / "pages").rmdir()
    with pytest.raises(StoreError):
        pictures.keep(page(1))


# ---- certificate ---------------------------------------------------------------------------------------------


def test_the_certificate_is_one_page_with_its_pictures(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.html"
    asked = CliRunner().invoke(
        ledger_verb, ["certificate", "n-1", "--format", "html", "--out", str(out), "--state", str(state)]
    )
    assert asked.exit_code == 0, asked.output
    text = out.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 2
    assert "渲染帧，非现场照片" in text
    assert "http" not in text
    assert "<script" not in text
    assert "2026-09-21、2026-10-21、2026-11-21" in text
    (state / "pages" / f"{page(1).sha256}.png").unlink()
    piped = CliRunner().invoke(ledger_verb, ["certificate", "n-1", "--format", "html", "--state", str(state)])
    assert piped.stdout.count("data:image/png") == 1
    assert "图像未存" in piped.stdout
    words = CliRunner().invoke(ledger_verb, ["certificate", "n-1", "--out", str(out), "--state", str(state)])
    assert words.exit_code == 0
    assert "n-1" in out.read_text(encoding="utf-8")


# ---- bundles -------------------------------------------------------------------------------------------------


def archived(state: Path, *arguments: str) -> tuple[int, dict[str, object]]:
    options = ["--clock", LATER, "--state", str(state), "--json"]
    asked = CliRunner().invoke(ledger_verb, ["archive", *arguments, *options])
    return asked.exit_code, json.loads(asked.stdout) if asked.stdout.startswith("{") else {}


def test_the_bundle_is_the_same_on_a_second_run_and_checks_without_the_screen(state: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.tar", tmp_path / "two.tar"
    code, made = archived(state, "--month", "2026-10", "--out", str(one))
    assert (code, made["rows"], made["span"]) == (0, 7, "2026-10")
    archived(state, "--month", "2026-10", "--out", str(two))
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as tar:
        names = tar.getnames()
    assert names[0] == "manifest.jsonl"
    assert {"ledger.jsonl.gz", "register.csv", "certificates.jsonl", f"pages/{page(1).sha256}.png"} <= set(names)
    opening = check_bundle(one)
    assert (opening["screen"], opening["before"]["seq"], opening["last"]["seq"]) == (SCREEN, 7, 14)
    assert archived(state, "--check", str(one))[0] == 0


def test_a_year_names_its_months_and_is_held_against_those_beside_it(state: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    for month in ("2026-09", "2026-10", "2026-11"):
        archived(state, "--month", month, "--out", str(folder / f"{month}.tar"))
    year = folder / "2026.tar"
    assert archived(state, "--year", "2026", "--out", str(year))[1]["rows"] == 21
    with tarfile.open(year) as tar:
        assert sorted(tar.getnames()) == ["certificates.jsonl", "manifest.jsonl", "register.csv"]
    opening = check_bundle(year)
    assert list(opening["months"]) == [f"2026-{month:02}" for month in range(1, 13)]
    assert sum(place["rows"] for place in opening["months"].values()) == opening["rows"] == 21
    assert opening["months"]["2026-10"]["last"] == check_bundle(folder / "2026-10.tar")["last"]
    (folder / "2026-10.tar").rename(folder / "2026-09.tar")
    with pytest.raises(LedgerError, match="not the month"):
        check_bundle(year)
    (folder / "2026-09.tar").write_bytes(b"damaged")
    assert archived(state, "--check", str(year))[0] == 30
    (folder / "2026-09.tar").unlink()
    assert check_bundle(year)["rows"] == 21, "the months may lie elsewhere"


def test_no_bundle_is_begun_without_room_for_it(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle must not take the room that the rows of today need."""

    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr("ledsign.archive.disk_usage", lambda _: Usage(RESERVE_BYTES + 2_000))
    held = Holdings({}, Register(), lambda _: None)
    with read_only(state / "ledsign.db") as connection:
        with pytest.raises(DiskFullError, match="a bundle of 7 rows needs 256 MB free"):
            write_bundle(connection, month_span("2026-10"), SCREEN, held, tmp_path / "o.tar")
        assert not list(tmp_path.glob("o.tar*"))
        assert write_bundle(connection, month_span("2026-08"), SCREEN, held, tmp_path / "a.tar").rows == 0


def test_bundles_join_without_a_gap_and_an_empty_month_is_one_too(state: Path, tmp_path: Path) -> None:
    ends = []
    for month in ("2026-09", "2026-10", "2026-11"):
        archived(state, "--month", month, "--out", str(tmp_path / f"{month}.tar"))
        ends.append(check_bundle(tmp_path / f"{month}.tar"))
    assert [e["before"] for e in ends[1:]] == [e["last"] for e in ends[:-1]]
    assert archived(state, "--month", "2026-08", "--out", str(tmp_path / "e.tar"))[1]["rows"] == 0
    assert check_bundle(tmp_path / "e.tar")["rows"] == 0


def forged(source: Path, target: Path, name: str, change: tuple[bytes, bytes] | None) -> None:
    with tarfile.open(source) as tar, tarfile.open(target, "w") as out:
        for info in tar:
            file = tar.extractfile(info)
            assert file is not None
            data = file.read()
            if info.name == name:
                if change is None:
                    continue
                packed = name.endswith(".gz")
                data = (gzip.decompress(data) if packed else data).replace(*change)
                data = gzip.compress(data) if packed else data
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ledger.jsonl.gz", (b'"ms":10000', b'"ms":20000')),
        ("register.csv", (b"d" * 64, b"e" * 64)),
        ("register.csv", None),
        ("manifest.jsonl", (b'"rows":7', b'"rows":8')),
        ("manifest.jsonl", (b"2026-10", b"2026-09")),
        ("manifest.jsonl", None),
        (f"pages/{page(1).sha256}.png", (b"PNG", b"GIF")),
    ],
)
def test_a_changed_bundle_is_not_sound(
    state: Path, tmp_path: Path, name: str, change: tuple[bytes, bytes] | None
) -> None:
    good, bad = tmp_path / "good.tar", tmp_path / "bad.tar"
    archived(state, "--month", "2026-10", "--out", str(good))
    forged(good, bad, name, change)
    with pytest.raises(LedgerError):
        check_bundle(bad)
    assert archived(state, "--check", str(bad))[0] == 30


def test_no_tar_and_odd_arguments(state: Path, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"no tar")
    assert archived(state, "--check", str(tmp_path / "x.tar"))[0] == 30
    assert archived(state, "--month", "October", "--out", "x")[0] == 2
    assert archived(state, "--month", "2026-10")[0] == 2
    held = Holdings({}, Register(), lambda _: None)
    with read_only(state / "ledsign.db") as connection, pytest.raises(StoreError):
        write_bundle(connection, month_span("2026-10"), SCREEN, held, tmp_path / "no" / "x.tar")


def test_signed_bytes_of_a_notice_go_along_under_a_name_of_ours(state: Path, tmp_path: Path) -> None:
    register = Register({("n-1", 1): RegisterEntry(title="公开表")})
    held = Holdings({"n-1": b"{}", "other": b"{}"}, register, lambda _: None)
    with read_only(state / "ledsign.db") as connection:
        made = write_bundle(connection, month_span("2026-10"), SCREEN, held, tmp_path / "y.tar")
    with tarfile.open(made.path) as tar:
        (name,) = [name for name in tar.getnames() if name.startswith("notices/")]
    assert name.removeprefix("notices/").removesuffix(".json").isalnum()
    assert made.members == 5


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2025, 11, 20), []),
        (date(2025, 12, 9), []),
        (date(2025, 12, 10), ["2025-11"]),
        (date(2026, 1, 1), ["2025-11"]),
        (date(2026, 1, 10), ["2025-11", "2025-12"]),
        (date(2026, 2, 14), ["2025-11", "2025-12", "2026-01"]),
        (date(2026, 2, 15), ["2025-11", "2025-12", "2026-01", "2025"]),
    ],
)
def test_what_is_due_by_a_day_is_all_since_the_first_row(today: date, due: list[str]) -> None:
    assert [span.name for span in due_spans(date(2025, 11, 12), today, policy().deadlines)] == due
    assert month_span("2028-02").until == date(2028, 2, 29)


def test_rows_of_a_jumped_clock_stay_in_their_place(state: Path, tmp_path: Path) -> None:
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        boot = at(0, day=1, month=1, year=1970)
        ledger.record(replace(row(1, month=12), shown_at=boot, clock=ClockTrust.UNTRUSTED))
        ledger.record(row(1, month=11, minute=50))
    archived(state, "--month", "2026-11", "--out", str(tmp_path / "n.tar"))
    assert check_bundle(tmp_path / "n.tar")["rows"] == 10  # and one that says that the believed clock went back


def test_rows_of_a_dead_clock_between_two_months_lie_in_exactly_one_bundle(state: Path, tmp_path: Path) -> None:
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        boot = at(0, day=1, month=1, year=1970)
        ledger.record(replace(row(1), shown_at=boot, clock=ClockTrust.UNTRUSTED, turn=90))
        ledger.record(replace(row(1, month=12), shown_at=at(9, day=20, year=2027, month=1), turn=91))  # a month ahead
        ledger.record(row(1, day=2, month=12, minute=50))
        ledger.record(replace(row(1), shown_at=boot, clock=ClockTrust.UNTRUSTED, turn=92))
        ledger.record(replace(row(1), shown_at=at(9, day=3, year=2027, month=1), turn=93))
        total = ledger.head.seq
    ends = []
    for month in ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01"):
        out = tmp_path / f"{month}.tar"
        with read_only(state / "ledsign.db") as connection:
            write_bundle(connection, month_span(month), SCREEN, Holdings({}, Register(), lambda _: None), out)
        ends.append(check_bundle(out))
    assert [end["before"] for end in ends[1:]] == [end["last"] for end in ends[:-1]]
    assert sum(end["rows"] for end in ends) == total
    assert ends[2]["rows"] == 7, "what ran ahead, dated next year, does not draw other rows after it"
    assert ends[-1]["last"]["seq"] == total


def test_no_bundle_is_made_of_a_broken_chain_of_a_span_not_over_or_of_two_spans(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "no.tar"
    assert archived(state, "--month", "2026-10", "--year", "2026", "--out", str(out))[0] == 2
    for span in (("--month", "2027-03"), ("--month", "2031-11"), ("--year", "2027")):
        assert archived(state, *span, "--out", str(out))[0] == 2
    rewritten(state, ('"ms":10000', '"ms":20000'))
    assert archived(state, "--month", "2026-10", "--out", str(out))[0] == 30
    assert not out.exists()


def roots(state: Path) -> list[str]:
    """The roots as the town names them."""
    with Database(state / "ledsign.db", ballast_bytes=4096) as database:
        details = [row["detail"] for row in Outbox(database).unsent() if row.get("kind") == "root"]
    return [f"{each['seq']}:{each['hash']}" for each in details if isinstance(each, dict)]


def verified(state: Path, *anchors: str) -> tuple[int, dict[str, object]]:
    options = [text for anchor in anchors for text in ("--anchor", anchor)]
    asked = CliRunner().invoke(ledger_verb, ["verify", *options, "--state", str(state), "--json"])
    return asked.exit_code, json.loads(asked.stdout) if asked.stdout.startswith("{") else {}


def test_a_chain_made_up_anew_without_its_roots_fails_at_the_root_the_town_was_told(state: Path) -> None:
    told = roots(state)
    assert len(told) == 3
    assert verified(state, *told)[0] == 0
    connection = sqlite3.connect(state / "ledsign.db")
    for name in ("ledger_no_update", "ledger_no_delete", "ledger_in_order"):
        connection.execute(f"DROP TRIGGER {name}")
    lines = [line for (line,) in connection.execute("SELECT line FROM ledger ORDER BY seq") if '"root"' not in line]
    connection.execute("DELETE FROM ledger")
    head = bytes(32)
    for seq, line in enumerate([*lines, *lines[-3:]], 1):
        head = chain(head, line)
        connection.execute("INSERT INTO ledger (seq, line, hash) VALUES (?, ?, ?)", (seq, line, head))
    connection.commit()
    connection.close()
    assert verified(state)[0] == 0, "the chain alone cannot know it"
    code, document = verified(state, told[-1])
    assert (code, document["reason"], document["bad_seq"]) == (30, "head", 20)
    assert verified(state, f"4711:{'ab' * 32}")[1]["reason"] == "tail"
    assert verified(state, f"3:{'ab' * 32}", f"3:{'cd' * 32}")[1]["bad_seq"] == 3
    for odd in ("7", f"0:{'ab' * 32}", "7:xy", f"7:{'AB' * 32}"):
        assert verified(state, odd)[0] == 2
