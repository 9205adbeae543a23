"""Every verb explains itself, stands in the README, and answers wrongly used with the right exit code."""

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ledsign.cli import cli


def walk(command, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*path, name))


VERBS = [path for path, _command in walk(cli) if path]


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_verb_explains_itself(path):
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0, result.output
    command = cli
    for name in path:
        command = command.get_command(click.Context(command), name)
    assert command.help, path
    assert all(option.help for option in command.params if isinstance(option, click.Option)), path


def test_the_readme_names_no_verb_that_does_not_exist(root):
    known = {" ".join(path) for path in VERBS}
    for readme in ("README.md", "README.zh.md"):
        text = (root / readme).read_text(encoding="utf-8")
        for block in re.findall(r"```\n(.*?)```", text, re.S):
            for line in block.splitlines():
                words = line.split()
                if words[:1] == ["ledsign"]:
                    assert " ".join(words[1:3]) in known or words[1] in known, line


def test_the_contract_of_verbs_is_kept():
    assert {path[0] for path in VERBS} == {
        "demo", "run", "check", "doctor", "notice", "preview", "fonts", "plan", "simulate", "card", "urgent",
        "takedown", "blank", "unblank", "status", "now", "why", "timeline", "notices", "ledger", "town",
    }  # fmt: skip


def test_exit_codes_of_common_mistakes(tmp_path):
    def run(*arguments):
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    assert run("no-such-verb").exit_code == 2
    assert run("status", "--socket", tmp_path / "nobody.sock").exit_code == 3
    missing = run("check", "--config", tmp_path / "nowhere.yaml")
    assert missing.exit_code == 78
    assert "nowhere.yaml" in missing.output
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("screen: {code: '1'}\n", encoding="utf-8")
    result = run("run", "--config", wrong)
    assert result.exit_code == 78
    assert "wrong.yaml:1" in result.output
    assert run("preview", "--panel", "p99", tmp_path).exit_code == 2


@pytest.mark.parametrize("line", [("--quiet", "fonts", "list"), ("fonts", "list", "--quiet")], ids=" ".join)
def test_quiet_may_stand_on_either_side_of_the_verb(line):
    assert CliRunner().invoke(cli, ["fonts", "list"]).output
    result = CliRunner().invoke(cli, line)
    assert (result.exit_code, result.output) == (0, "")


def test_quiet_leaves_json_and_errors_alone(tmp_path):
    nobody = str(tmp_path / "nobody.sock")
    assert json.loads(CliRunner().invoke(cli, ["fonts", "list", "--quiet", "--json"]).output.splitlines()[0])
    plain = CliRunner().invoke(cli, ["status", "--quiet", "--socket", nobody])
    assert plain.exit_code == 3
    assert plain.stdout == ""
    assert plain.stderr


def test_errors_are_json_where_json_was_asked_for(tmp_path):
    result = CliRunner().invoke(cli, ["status", "--json", "--socket", str(tmp_path / "nobody.sock")])
    assert result.stdout == ""
    error = json.loads(result.stderr)
    assert (error["error"], error["exit"]) == ("not_running", 3)
    assert error["detail"]


def test_check_reports_every_finding_and_fails_with_ten(tmp_path):
    (tmp_path / "ledsign.yaml").write_text(
        "screen: {code: '990203104205', name: 柳塘村}\nkeys_file: keys.json\nstate: state\ncache: cache\npanels:\n"
        "  - {profile: p10-192x96-mono, card: {family: cp5200, url: 'tcp://127.0.0.1:9'}}\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(cli, ["check", "--json", "--config", str(tmp_path / "ledsign.yaml")])
    findings = {row["check"]: row["result"] for row in map(json.loads, result.output.splitlines())}
    assert result.exit_code == 10
    assert findings["keys"] == "fail"
    assert findings["policy"] == findings["legibility.main"] == findings["fonts.main"] == "pass"
    (tmp_path / "keys.json").write_text('{"keys": {"k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}', encoding="utf-8")
    result = CliRunner().invoke(cli, ["check", "--config", str(tmp_path / "ledsign.yaml")])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("pitch", "height", "result"),
    [(10, 96, "pass"), (5, 96, "warn"), (2, 160, "warn"), (2, 32, "fail")],
    ids=["large", "lawful", "raised", "too small"],
)
def test_check_judges_what_would_be_drawn(pitch: int, height: int, result: str, tmp_path: Path) -> None:
    """From 15 m 16 LEDs of 10 mm are good, of 5 mm lawful; of 2 mm they are raised, but a low panel has no room for
    larger ones."""
    panel = f"{{width: 512, height: {height}, mode: mono, pitch_mm: {pitch}, distance_m: 15, text_px: 16}}"
    (tmp_path / "ledsign.yaml").write_text(
        "screen: {code: '990203104205', name: 柳塘村}\nkeys_file: keys.json\nstate: state\ncache: cache\npanels:\n"
        f"  - {{profile: {panel}, card: {{family: cp5200, url: 'tcp://127.0.0.1:9'}}}}\n",
        encoding="utf-8",
    )
    found = CliRunner().invoke(cli, ["check", "--json", "--config", str(tmp_path / "ledsign.yaml")])
    rows = {row["check"]: row for row in map(json.loads, found.output.splitlines())}
    assert rows["legibility.main"]["result"] == result, rows["legibility.main"]
