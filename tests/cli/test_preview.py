"""``ledsign preview`` and ``ledsign fonts`` as a script sees them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledsign.cli.preview import fonts, preview


def run(*arguments: object) -> Result:
    return CliRunner().invoke(preview, [str(argument) for argument in arguments])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def short(corpus: Path) -> Path:
    return corpus / "p13-meeting-call-short.json"


def test_json_and_pictures(short: Path, tmp_path: Path) -> None:
    result = run(short, "--json", "--out", tmp_path, "--gif", "--verify")
    assert result.exit_code == 0
    (row,) = rows(result)
    assert list(row)[:3] == ["file", "pages", "missing_glyphs"]
    pages = row["pages"]
    assert isinstance(pages, list)
    assert [set(page) for page in pages] == [{"n", "of", "dwell_s", "sha256", "png"}] * len(pages)
    assert all(Path(page["png"]).read_bytes().startswith(b"\x89PNG") for page in pages)
    assert len(list(tmp_path.glob("*.gif"))) == 1


def test_missing_glyphs_fail_only_on_request(corpus: Path) -> None:
    file = corpus / "p40-unicode-mix.json"
    assert run(file, "--json").exit_code == 0
    result = run(file, "--json", "--verify")
    assert result.exit_code == 23
    assert rows(result)[0]["missing_glyphs"] == ["U+21334"]


def test_bad_file_does_not_stop_the_others(short: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    result = run(bad, tmp_path / "none.json", short, "--json")
    assert result.exit_code == 65
    assert [row.get("error") for row in rows(result)] == ["malformed_json", "unreadable", None]


def test_terminal_and_round_leds(short: Path, tmp_path: Path) -> None:
    assert "█" in run(short, "--term").stdout
    assert run(short, "--led", "--out", tmp_path, "--panel", "p8-320x160-rgb").exit_code == 0


def test_asset_names_never_leave_the_folder(corpus: Path) -> None:
    (row,) = rows(run(corpus / "negative" / "n25-asset-traversal-ssrf.json", "--json"))
    assert row.get("error") or row["degraded"]


def test_fonts(tmp_path: Path) -> None:
    listed = CliRunner().invoke(fonts, ["list", "--json"])
    assert json.loads(listed.stdout)["licence"] == "OFL-1.1"
    text = tmp_path / "a.txt"
    text.write_text("村务\U00021334", encoding="utf-8")
    result = CliRunner().invoke(fonts, ["coverage", str(text), "--json"])
    assert result.exit_code == 23
    assert json.loads(result.stdout)["missing_glyphs"] == [{"codepoint": "U+21334", "count": 1}]
