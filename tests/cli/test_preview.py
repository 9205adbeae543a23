"""``ledsign preview`` and ``ledsign fonts`` as a script sees them."""

import json
import re
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


def test_missing_glyphs_fail_only_on_request(corpus: Path, tmp_path: Path) -> None:
    assert rows(run(corpus / "p40-unicode-mix.json", "--json", "--verify"))[0]["missing_glyphs"] == []
    document = json.loads((corpus / "p13-meeting-call-short.json").read_text(encoding="utf-8"))
    document["title"] += "\U00031350"
    file = tmp_path / "notice.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert run(file, "--json").exit_code == 0
    result = run(file, "--json", "--verify")
    assert result.exit_code == 23
    assert rows(result)[0]["missing_glyphs"] == ["U+31350"]


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


def test_fonts_are_listed_by_size() -> None:
    listed = rows(CliRunner().invoke(fonts, ["list", "--json"]))
    assert {row["px"] for row in listed} == {12, 16, 24, 32, 48, 64}
    assert next(row for row in listed if row["px"] == 16)["licence"] == "OFL-1.1"
    assert "48 px: Noto Sans CJK SC" in CliRunner().invoke(fonts, ["list"]).stdout


def test_coverage_names_what_is_missing_and_who_drew_the_rare(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("村务\U00031350 \U0002a6a5", encoding="utf-8")
    result = CliRunner().invoke(fonts, ["coverage", str(text), "--json"])
    assert result.exit_code == 23
    (row,) = rows(result)
    assert row["missing_glyphs"] == [
        {"codepoint": "U+31350", "count": 1, "block": "CJK Unified Ideographs Extension H", "level": None}
    ]
    assert row["rare_glyphs"] == [
        {
            "codepoint": "U+2A6A5",
            "count": 1,
            "block": "CJK Unified Ideographs Extension B",
            "level": 3,
            "font": "HanaMinB",
            "px": 16,
        }
    ]
    said = CliRunner().invoke(fonts, ["coverage", str(text), "--px", "48"]).stdout
    assert "\U0002a6a5 U+2A6A5 drawn from HanaMinB at 24 px" in said
    assert "[CJK Unified Ideographs Extension H]" in said


def test_contact_sheet_and_report(short: Path, tmp_path: Path) -> None:
    html = tmp_path / "预览.html"
    document = json.loads(short.read_text(encoding="utf-8"))
    document["title"] = "通知\U0010fffd"
    rare = tmp_path / "rare.json"
    rare.write_text(json.dumps(document), encoding="utf-8")
    assert run(short, rare, "--sheet", "--out", tmp_path, "--html", html).exit_code == 0
    assert len(list(tmp_path.glob("*-sheet.png"))) == 2
    text = html.read_text(encoding="utf-8")
    assert text.count("<figure>") == len(list(tmp_path.glob("*-[0-9][0-9][0-9].png")))
    assert "(U+10FFFD),1 处" in text
    assert "播一遍" in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)  # nothing is fetched
    assert "<script" not in text


def test_report_escapes_what_notices_say(corpus: Path, tmp_path: Path) -> None:
    document = json.loads((corpus / "p13-meeting-call-short.json").read_text(encoding="utf-8"))
    document["title"] = "<script>alert(1)</script>"
    file = tmp_path / "a.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    run(file, "--html", tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_sixel(short: Path) -> None:
    drawn = run(short, "--sixel", "--panel", "p10-256x128-dual").stdout
    assert drawn.count('\x1bPq"1;1;256;128') == drawn.count("\x1b\\")
    first = drawn[drawn.index("\x1bPq") : drawn.index("\x1b\\")]
    assert first.count("-") == 22  # bands of six rows
