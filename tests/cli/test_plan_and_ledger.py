"""The verbs ``plan`` and ``ledger`` as a person or a script uses them."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledsign.cli.ledger import ledger as ledger_verb
from ledsign.cli.plan import plan as plan_verb
from ledsign.database import Database
from ledsign.evidence import ShownRow
from ledsign.frame import AckLevel
from ledsign.ledger import Ledger
from ledsign.trust import ClockTrust
from playlist_kit import SCREEN, at

CLOCK = "2026-11-21T09:00:00+08:00"


def plan(*arguments: str) -> Result:
    return CliRunner().invoke(plan_verb, [*arguments, "--clock", CLOCK])


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_corpus_fits_on_a_large_panel_and_every_notice_gets_its_showings(corpus: Path) -> None:
    result = plan(str(corpus), "--panel", "p10-320x160-mono", "--hours", "0.5", "--json")
    assert result.exit_code == 0, result.stderr
    found = objects(result)
    summary = found[-1]
    assert (summary["kind"], summary["fit"], summary["missed"], summary["blame"]) == ("summary", "feasible", [], [])
    notices = [document for document in found if document["kind"] == "notice"]
    assert len(notices) == summary["notices"]
    assert all(document["achieved_shows"] >= document["required_shows"] for document in notices)  # type: ignore[operator]
    turns = [document for document in found if document["kind"] == "turn"]
    assert turns[0]["at"] == CLOCK
    hidden = summary["hidden"]
    assert isinstance(hidden, dict)
    assert {"repealed", "withdrawn", "expired"} <= set(hidden.values())


def test_too_much_for_a_day_exits_21_and_names_who(corpus: Path, tmp_path: Path) -> None:
    short = tmp_path / "policy.yaml"
    text = (Path(__file__).parents[2] / "configs" / "policy.yaml").read_text(encoding="utf-8")
    assert 'close: "21:30"' in text
    short.write_text(text.replace('close: "21:30"', 'close: "08:30"'), encoding="utf-8")
    for name in ("p17-finance-q3-214rows.json", "p22-grain-subsidy-230rows.json", "p13-meeting-call-short.json"):
        (tmp_path / name).symlink_to(corpus / name)
    result = plan(str(tmp_path), "--policy", str(short), "--json")
    assert result.exit_code == 21
    *notices, summary = objects(result)
    assert summary["fit"] != "feasible"
    assert len(summary["blame"]) == 1  # type: ignore[arg-type]
    for document in notices:
        assert (document["id"] in summary["blame"]) == document["missed"] == document["blamed"]  # type: ignore[operator]
    words = plan(str(tmp_path), "--policy", str(short), "--hours", "0.1")
    assert words.exit_code == 21
    assert str(notices[0]["title"]) in words.stdout.splitlines()[-1]


def test_a_folder_without_notices_and_odd_arguments(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    result = plan(str(tmp_path))
    assert result.exit_code == 65
    assert "x.json" in result.stderr
    assert CliRunner().invoke(plan_verb, [str(tmp_path), "--clock", "soon"]).exit_code == 2
    assert CliRunner().invoke(plan_verb, [str(tmp_path), "--clock", "2026-11-21T09:00:00"]).exit_code == 2
    for hours in ("0", "-1", "49", "soon"):
        odd = CliRunner().invoke(plan_verb, [str(tmp_path), "--hours", hours])
        assert odd.exit_code == 2
        assert "--hours" in odd.stderr
    assert plan(str(tmp_path), "--policy", str(tmp_path / "none.yaml")).exit_code == 78


@pytest.fixture
def state(tmp_path: Path) -> Path:
    row = ShownRow(
        "n-1", 1, "d" * 64, 1, 1, "body", at(9), 10.0, "e" * 64, AckLevel.ACKED, True, ClockTrust.TRUSTED, "main", 1
    )
    with Database(tmp_path / "ledsign.db", ballast_bytes=4096) as database:
        ledger = Ledger(database)
        for turn in range(1, 6):
            ledger.record(replace(row, turn=turn, shown_at=at(9) + timedelta(minutes=turn)))
        ledger.record(replace(row, turn=6, complete=False, shown_at=at(9, 6)))
        ledger.append_event("stop", at(9, 7), {"why": "test"})
        ledger.anchor()
    return tmp_path


def ask(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(ledger_verb, [*arguments, "--state", str(state)])


def test_tail_in_words_and_json(state: Path) -> None:
    assert [o["seq"] for o in objects(ask(state, "tail", "-n", "2", "--json"))] == [6, 7]
    assert len(ask(state, "tail").stdout.splitlines()) == 7


def test_verify_says_sound_or_names_the_row(state: Path) -> None:
    sound = ask(state, "verify", "--json")
    assert (sound.exit_code, objects(sound)[0]["rows"]) == (0, 7)
    assert ask(state, "verify").exit_code == 0
    with Database(state / "ledsign.db", ballast_bytes=4096) as database, database.transaction() as connection:
        connection.execute("DROP TRIGGER ledger_no_delete")
        connection.execute("DELETE FROM ledger WHERE seq = 3")
    broken = ask(state, "verify", "--json")
    assert (broken.exit_code, objects(broken)[0]["bad_seq"], objects(broken)[0]["reason"]) == (30, 3, "sequence")
    assert "3" in ask(state, "verify").stdout
    (state / "ledsign.db.head").write_text("nonsense")
    assert ask(state, "verify").exit_code == 30


def test_export_as_lines_and_as_register(state: Path, tmp_path: Path) -> None:
    lines = ask(state, "export")
    assert [o["seq"] for o in objects(lines)] == list(range(1, 8))
    register = ask(state, "export", "--format", "csv", "--from", "2026-11-21", "--to", "2026-11-21")
    assert register.stdout.startswith("\ufeff序号,")
    assert ",1,5,1," in register.stdout
    out = tmp_path / "register.csv"
    assert objects(ask(state, "export", "--format", "csv", "--out", str(out), "--json"))[0]["rows"] == 1
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert ask(state, "export", "--from", "today").exit_code == 2
    assert ask(state, "export", "--out", str(tmp_path / "no" / "x")).exit_code == 65


def test_certificate_of_a_notice_and_of_none(state: Path) -> None:
    made = objects(ask(state, "certificate", "n-1", "--json"))[0]
    assert (made["passes"], made["counted_days"], made["evidence_level"]) == (5, ["2026-11-21"], 2)
    assert made["head_seq"] == 7
    assert "n-1" in ask(state, "certificate", "n-1").stdout
    assert ask(state, "certificate", "n-2").exit_code == 65


def test_state_folder_and_policy_come_from_the_configuration(state: Path, tmp_path: Path) -> None:
    """Days are counted by the policy in force: where ten showings make a day, five make none."""
    shipped = (Path(__file__).parents[2] / "configs" / "policy.yaml").read_text(encoding="utf-8")
    assert "complete_passes_min: 1" in shipped
    (tmp_path / "strict.yaml").write_text(
        shipped.replace("complete_passes_min: 1", "complete_passes_min: 10"), encoding="utf-8"
    )
    config = tmp_path / "ledsign.yaml"
    config.write_text(
        f"""screen: {{code: "{SCREEN}", name: test}}
state: {state}
keys_file: keys.json
policy: strict.yaml
panels: [{{name: main, profile: p10-192x96-mono, card: {{family: bxy, url: "tcp://127.0.0.1:5005"}}}}]
""",
        encoding="utf-8",
    )
    arguments = ["certificate", "n-1", "--config", str(config), "--json"]
    made = objects(CliRunner().invoke(ledger_verb, arguments))[0]
    assert (made["passes"], made["counted_days"]) == (5, [])
    assert ask(state, "certificate", "n-1", "--config", str(tmp_path / "none.yaml")).exit_code == 78


def test_no_state_folder_is_try_later(tmp_path: Path) -> None:
    assert ask(tmp_path / "none", "tail").exit_code == 75


def test_what_if_a_draft_were_taken_in(corpus: Path, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "configs" / "policy.yaml").read_text(encoding="utf-8")
    short = tmp_path / "policy.yaml"
    short.write_text(text.replace('close: "21:30"', 'close: "08:30"'), encoding="utf-8")
    (tmp_path / "p13-meeting-call-short.json").symlink_to(corpus / "p13-meeting-call-short.json")
    (tmp_path / "notice.json").symlink_to(corpus / "p17-finance-q3-214rows.json")
    options = [str(tmp_path), "--policy", str(short), "--panel", "p10-192x96-mono"]
    light = [*options, "--draft", str(corpus / "p02-fraud-bullets.json")]
    heavy = [*options, "--draft", str(corpus / "p22-grain-subsidy-230rows.json")]
    assert objects(plan(*light, "--json"))[-1]["admissible"] is True
    assert plan(*light).exit_code == 0
    refused = plan(*heavy, "--json")
    draft = objects(refused)[-1]
    assert (refused.exit_code, draft["kind"], draft["admissible"]) == (21, "draft", False)
    assert draft["harmed"]
    assert draft["because"]
    assert draft["load_after"] > 1 > draft["load_before"]  # type: ignore[operator]
    assert plan(*heavy).exit_code == 21
    assert plan(str(tmp_path), "--draft", str(short)).exit_code == 65


def test_an_export_that_fails_leaves_the_old_file(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    out.write_text("old", encoding="utf-8")
    assert ask(state, "export", "--from", "2026-11-22", "--to", "2026-11-21", "--out", str(out)).exit_code == 2
    (tmp_path / "rows.jsonl.new").mkdir()
    assert ask(state, "export", "--out", str(out)).exit_code != 0
    assert out.read_text(encoding="utf-8") == "old"
    (tmp_path / "rows.jsonl.new").rmdir()
    assert ask(state, "export", "--out", str(out)).exit_code == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 7
    assert not (tmp_path / "rows.jsonl.new").exists()


def test_hidden_notices_are_named_and_a_date_beyond_the_calendar_is_refused(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "notice.json").symlink_to(corpus / "p08-xichuan-2017-repealed.json")
    result = plan(str(tmp_path))
    assert "Every notice" not in result.stdout
    assert len(result.stdout.splitlines()) == 3
    late = CliRunner().invoke(plan_verb, [str(tmp_path), "--clock", "9999-12-31T23:00:00+08:00"])
    assert late.exit_code == 2


def test_a_drafted_emergency_is_said_to_take_the_screen(corpus: Path, tmp_path: Path) -> None:
    """A red warning in force until noon: whole screen, its level and end; where that leaves the day too short for the
    others they are named and the verb says no; before its time and after its end it is said not to be on show."""
    short = tmp_path / "policy.yaml"
    text = (Path(__file__).parents[2] / "configs" / "policy.yaml").read_text(encoding="utf-8")
    short.write_text(text.replace('close: "21:30"', 'close: "12:02"'), encoding="utf-8")
    (tmp_path / "notice.json").symlink_to(corpus / "p02-fraud-bullets.json")
    options = [str(tmp_path), "--screen", "990102101201", "--draft", str(corpus / "p29-flood-red-emergency.json")]

    def asked(at: str, *more: str) -> Result:
        return CliRunner().invoke(plan_verb, [*options, "--clock", f"2026-11-07T{at}:00+08:00", *more])

    inside = objects(asked("06:10", "--json"))[-1]
    names = ("level", "until", "hidden", "admissible", "harmed")
    assert [inside[name] for name in names] == ["life_safety", "2026-11-07T12:00:00+08:00", None, True, []]
    words = asked("06:10")
    assert words.exit_code == 0
    assert "takes the whole screen until 2026-11-07 12:00, at any hour." in words.stdout.splitlines()[-1]
    crowded = asked("06:10", "--policy", str(short), "--json")
    assert crowded.exit_code == 21
    refused = objects(crowded)[-1]
    assert (refused["admissible"], refused["because"]) == (False, [inside["id"]])
    assert refused["harmed"] == ["990102101000-20261102-C01-0001"]
    assert "cannot keep the showings of 警惕" in asked("06:10", "--policy", str(short)).stdout.splitlines()[-1]
    for moment, hidden in (("05:50", "not_before"), ("12:30", "alert_expired")):
        assert objects(asked(moment, "--json"))[-1]["hidden"] == hidden
