from pathlib import Path

import pytest

from ledsign.errors import ConfigError
from ledsign.yamlfile import MAX_BYTES, read_yaml


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_are_kept_for_every_value(tmp_path):
    file = read_yaml(write(tmp_path, "a: 1\nb:\n  - c: x\n  - c: y\n"))
    assert file.data == {"a": 1, "b": [{"c": "x"}, {"c": "y"}]}
    assert file.line(("b", 1, "c")) == 4
    assert file.line(("b", 1, "nowhere")) == 4
    assert str(file.error(("b", 1, "c"), "wrong")) == f"{file.path}:4: b.1.c: wrong"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", ":2: key 'a' stands twice"),
        ("open: 21:30\n", ":1: 21:30 would load as a number"),
        ("x:\n  on: 1\n", ":2: a key must be plain text"),
        ("x: off\n", ":1: off would load as a boolean"),
        ("a: &x [1]\nb: *x\n", ":1: anchors and aliases"),
        ("a: [1\n", ":2:"),
        ("a: " + "[" * 3000, "a.yaml"),
    ],
)
def test_traps_are_errors_with_their_line(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        read_yaml(write(tmp_path, text))
    assert said in str(caught.value)


def test_quoted_times_and_plain_dates_stay_texts(tmp_path):
    assert read_yaml(write(tmp_path, 'a: "21:30"\nb: 2026-11-21\nc: true\n')).data == {
        "a": "21:30",
        "b": "2026-11-21",
        "c": True,
    }


def test_missing_large_and_foreign_files_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        read_yaml(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="larger"):
        read_yaml(write(tmp_path, "#" * (MAX_BYTES + 1)))
    path = tmp_path / "gb.yaml"
    path.write_bytes("名: 村".encode("gb18030"))
    with pytest.raises(ConfigError, match=r"gb\.yaml"):
        read_yaml(path)


def test_an_empty_file_is_an_empty_mapping(tmp_path):
    assert read_yaml(write(tmp_path, "# nothing\n")).data == {}
