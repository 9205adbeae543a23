"""The certificate's verdict: was the notice on show as long as it had to be, by the rows alone once it is gone."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ledsign.certificate import Paper, certificate_document, certificate_html, certificate_text
from ledsign.database import Database, read_only
from ledsign.evidence import ShownRow
from ledsign.frame import AckLevel, PageKind
from ledsign.ledger import Ledger
from ledsign.ledgerbook import certificate
from ledsign.notice import Notice, Status
from ledsign.playlist.retention import TermState
from ledsign.proof import check_notice
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at, display, notice, policy

MET, NOT_MET, RUNNING, AT_RISK = TermState.MET, TermState.NOT_MET, TermState.RUNNING, TermState.AT_RISK
HELD = notice("a", shown=display(not_before=at(6)))
ROW = ShownRow(
    "a", 1, "d" * 64, 1, 1, PageKind.BODY, at(9), 10.0, "e" * 64, AckLevel.ACKED, True, ClockTrust.TRUSTED, "main", 1,
    required_days=10,
)  # fmt: skip


def paper(folder: Path, *rows: ShownRow, held: Notice | None = None, panels: tuple[str, ...] = ("main",)) -> Paper:
    """The certificate of "a" from these rows."""
    with Database(folder / "l.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        ledger.append_event("start", at(8), {"panels": list(panels)}, rows[0].clock)
        for row in rows:
            ledger.record(row)
        with read_only(database.path) as connection:
            made, checked = certificate(connection, "a"), check_notice(connection, "a")
    assert made is not None
    return Paper(made, checked, "标题", SCREEN, held, policy())


def days(*numbers: int, **values: object) -> list[ShownRow]:
    """One complete showing on each of these days, counted from the first."""
    made = [replace(ROW, turn=number + 1, shown_at=at(9) + timedelta(days=number)) for number in numbers]
    return [replace(row, **values) for row in made]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "held", "state"),
    [
        (days(*range(12)), HELD, MET),
        (days(*range(12)), None, MET),
        (days(*range(3)), HELD, RUNNING),
        (days(0, 1, 4), HELD, AT_RISK),
        (days(*range(3)), None, NOT_MET),
        (days(*range(3)), replace(HELD, status=Status.WITHDRAWN), NOT_MET),
        (days(*range(3)), replace(HELD, revision=2), NOT_MET),  # another revision took its place
        (days(*range(10)), None, NOT_MET),  # ten days counted, and not yet ten times 24 hours
        (days(*range(12), required_days=None), HELD, MET),
        (days(*range(3), required_days=0), None, MET),
    ],
)
def test_the_certificate_says_how_long_it_had_to_be_and_whether_it_was(
    tmp_path: Path, rows: list[ShownRow], held: Notice | None, state: TermState
) -> None:
    made = paper(tmp_path, *rows, held=held)
    (tally,) = made.made.tallies
    required = 0 if rows[0].required_days == 0 else 10
    assert made.term(tally) == (required, state)
    document = certificate_document(made, tally)
    assert (document["required_days"], document["term"]) == (required, str(state))
    word = {MET: "met", NOT_MET: "not met", RUNNING: "running", AT_RISK: "at risk"}[state]
    said = f"term: {word}; {len(tally.exposure.counted_days)} of {required} required days count"
    assert said in certificate_text(made, tally)
    word = {MET: "已达标", NOT_MET: "未达标", RUNNING: "进行中", AT_RISK: "风险"}[state]
    html = certificate_html(made, lambda _page: None)
    assert f"<th>应公开天数<td>{required}<tr><th>公开期限<td>{word}<tr>" in html


@pytest.mark.parametrize(
    ("values", "required"), [({"required_days": None}, None), ({"clock": ClockTrust.UNTRUSTED}, 10)]
)
def test_no_verdict_is_made_up(tmp_path: Path, values: dict[str, object], required: int | None) -> None:
    """Neither where no row says what was owed and the notice is gone, nor where no clock was ever believed."""
    made = paper(tmp_path, *days(0, 1, **values))
    (tally,) = made.made.tallies
    document = certificate_document(made, tally)
    assert (document["required_days"], document["term"]) == (required, None)
    assert "term: not known" in certificate_text(made, tally)
    assert "<th>公开期限<td>不详" in certificate_html(made, lambda _page: None)


def test_a_dead_panel_keeps_the_term_from_being_met(tmp_path: Path) -> None:
    made = paper(tmp_path, *days(*range(12)), held=HELD, panels=("main", "side"))
    assert made.term(made.made.tallies[0]) == (10, AT_RISK)
    assert replace(made, notice=None).term(made.made.tallies[0]) == (10, NOT_MET)


def test_the_certificate_in_words_stands_alone(tmp_path: Path) -> None:
    """Notice, screen, chain and clock are on it, and a line for each panel."""
    late = replace(ROW, turn=9, shown_at=at(9, day=24), clock=ClockTrust.UNTRUSTED)
    made = paper(tmp_path, *days(0, 1), late, panels=("main", "side"))
    (tally,) = made.made.tallies
    text = certificate_text(made, tally)
    assert f"notice a, screen {SCREEN}" in text
    assert made.made.head.hash in text
    assert "row 4 of 2026-11-22 09:00:00, CLOCK WRONG; rows without a believed clock: 0" in text  # side has no row
    assert text.splitlines()[-2:] == [
        "  panel main: 2 days count, 2 complete showings",
        "  panel side: 0 days count, 0 complete showings",
    ]
    document = certificate_document(made, tally)
    told = [document[name] for name in ("screen", "head_seq", "head", "counted_at", "clock")]
    assert told == [SCREEN, 4, made.made.head.hash, "2026-11-22T09:00:00+08:00", "untrusted"]
