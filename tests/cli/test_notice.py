"""``ledsign notice verify``: output, memory between files, exit codes."""

import base64
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledsign.cli.notice import notice
from ledsign.feed.strictjson import JsonObject
from notices import KEY_ID, SCREEN, SECRET, draft, image, paragraph, raw, withdrawal

CLOCK = "2026-11-21T09:00:00+08:00"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": {KEY_ID: base64.b64encode(SECRET).decode()}}))
    return path


def _file(folder: Path, name: str, document: JsonObject) -> Path:
    path = folder / name
    path.write_bytes(raw(document))
    return path


def _verify(keys: Path, *arguments: object) -> Result:
    words = ["verify", "--keys", str(keys), "--clock", CLOCK, *map(str, arguments)]
    return CliRunner().invoke(notice, words)


def _objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_object_a_file_with_the_agreed_keys(tmp_path: Path, keys: Path) -> None:
    path = _file(tmp_path, "a.json", draft())
    result = _verify(keys, path, "--screen", SCREEN)
    assert result.exit_code == 0
    assert _objects(result) == [
        {
            "file": str(path),
            "id": draft()["id"],
            "revision": 1,
            "accept": True,
            "reason": None,
            "detail": "",
            "display": True,
            "display_reason": None,
            "retain_days": 10,
            "preempts": False,
            "degrade": [],
            "lint": [],
            "pii": [],
        }
    ]


def test_order_state_and_exit_codes(tmp_path: Path, keys: Path) -> None:
    first, gone = _file(tmp_path, "a.json", draft()), _file(tmp_path, "b.json", withdrawal(draft()))
    result = _verify(keys, gone, first, "--state", tmp_path / "state")
    assert [entry["reason"] for entry in _objects(result)] == [None, "revision_rollback"]
    assert result.exit_code == 65
    again = _verify(keys, first, "--state", tmp_path / "state")
    assert _objects(again)[0]["reason"] == "revision_rollback"
    assert _verify(keys, gone, first).exit_code == 0  # without memory each file is judged alone


def test_personal_data_has_its_own_exit_code(tmp_path: Path, keys: Path) -> None:
    bad = _file(tmp_path, "a.json", draft(body=[paragraph("电话13900001234")]))
    result = _verify(keys, bad)
    assert result.exit_code == 22
    assert _objects(result)[0]["pii"] == [{"kind": "mobile", "where": "/body/0/text", "severity": "block"}]
    assert "1390000" not in result.output
    assert _verify(keys, bad, _file(tmp_path, "b.json", draft(status="draft"))).exit_code == 65


def test_a_file_that_cannot_be_read_stops_nobody(tmp_path: Path, keys: Path) -> None:
    result = _verify(keys, tmp_path / "none.json", tmp_path, _file(tmp_path, "a.json", draft()))
    assert [entry["reason"] for entry in _objects(result)] == ["unreadable", "unreadable", None]
    assert result.exit_code == 65


def test_other_screen(tmp_path: Path, keys: Path) -> None:
    path = _file(tmp_path, "a.json", draft())
    assert _objects(_verify(keys, path, "--screen", "990203104206"))[0]["reason"] == "not_targeted"


def test_pictures(tmp_path: Path, keys: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "canal.png").write_bytes(b"other bytes")
    body = [image(), image(src="asset://nothing.png"), image(src="file:///etc/passwd")]
    path = _file(tmp_path, "a.json", draft(body=body))
    result = _verify(keys, path, "--assets", folder)
    assert _objects(result)[0]["degrade"] == ["asset_digest_mismatch", "asset_missing", "asset_refused"]
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--clock", "yesterday"], 2), (["--clock", "2026-11-21"], 2), (["--screen", "1"], 2), (["--profile", "x"], 78)],
)
def test_wrong_use(tmp_path: Path, keys: Path, arguments: list[str], code: int) -> None:
    assert _verify(keys, _file(tmp_path, "a.json", draft()), *arguments).exit_code == code


def test_missing_keys(tmp_path: Path) -> None:
    assert _verify(tmp_path / "none.json", _file(tmp_path, "a.json", draft())).exit_code == 78


def test_the_whole_corpus(corpus: Path, tmp_path: Path) -> None:
    """80 of 80, pictures included."""
    index = json.loads((corpus / "index.json").read_text(encoding="utf-8"))
    entries = [*index["notices"], *index["negative"]]
    files = [str(corpus / entry["file"]) for entry in entries]
    result = CliRunner().invoke(
        notice,
        ["verify", *files, "--keys", str(corpus / "public-test-keys.json"), "--screen", "990102101201",
         "--clock", index["test_clock"], "--state", str(tmp_path / "state")],
    )  # fmt: skip
    assert result.exit_code == 65
    found = dict(zip([entry["file"] for entry in entries], _objects(result), strict=True))
    for entry in entries:
        expect, verdict = entry["expect"], found[entry["file"]]
        assert verdict["accept"] is expect["accept"], entry["file"]
        if not expect["accept"]:
            assert verdict["reason"] == expect["reason"], entry["file"]
        assert verdict["display"] is expect.get("display", verdict["display"]), entry["file"]
    assert found["negative/n21-image-digest-mismatch.json"]["degrade"] == ["asset_digest_mismatch"]
    assert found["negative/n22-asset-bomb.json"]["degrade"] == ["asset_too_large"]
    assert found["negative/n23-asset-truncated.json"]["degrade"] == ["asset_undecodable"]
    assert found["negative/n24-asset-notimage.json"]["degrade"] == ["asset_undecodable"]
    assert found["negative/n25-asset-traversal-ssrf.json"]["degrade"] == ["asset_refused", "asset_refused"]
    assert all(not found[entry["file"]]["degrade"] for entry in index["notices"])


def test_a_link_in_the_folder_of_pictures_is_not_followed(tmp_path: Path, keys: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    target = shutil.copy(keys, tmp_path / "secret")
    (folder / "canal.png").symlink_to(target)
    path = _file(tmp_path, "a.json", draft(body=[image()]))
    assert _objects(_verify(keys, path, "--assets", folder))[0]["degrade"] == ["asset_missing"]
