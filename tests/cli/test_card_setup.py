"""``ledsign card setup``, ``text`` and ``upload``, against a simulated card."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ledsign import simulator
from ledsign.cli.card import card as verbs
from ledsign.panel import ColorMode, Panel
from ledsign.simulator import SimulatedCard

PANEL = Panel("mono", 192, 96, ColorMode.MONO, 10)


@pytest.fixture
def card() -> Iterator[SimulatedCard]:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", PANEL) as sim:
        yield sim


def run(sim: SimulatedCard, *words: str) -> Result:
    return CliRunner().invoke(verbs, [*words, "--url", sim.url, "--panel", "p10-192x96-mono", "--json"])


def test_settings_are_read_and_changed(card: SimulatedCard) -> None:
    found = json.loads(run(card, "setup").output)
    assert (found["address"], found["baud"], found["port"]) == ("192.168.1.222", "57600", "5200")
    changed = json.loads(run(card, "setup", "on=06:00", "off=21:30", "mask=255.255.0.0").output)
    assert (changed["on"], changed["off"], changed["mask"]) == ("06:00", "21:30", "255.255.0.0")
    assert json.loads(run(card, "setup").output)["mask"] == "255.255.0.0"
    assert run(card, "setup", "nonsense").exit_code == 2
    assert run(card, "setup", "colour=red").exit_code == 2
    assert json.loads(run(card, "setup", "id=9", "--dry-run").output)["dry_run"] is True
    assert card.state()["id"] == 1


def test_a_new_card_id_is_confirmed_by_the_card_that_has_it(card: SimulatedCard) -> None:
    """The answer comes from the new ID; so does what is read after it."""
    done = run(card, "setup", "id=7", "off=22:30")
    assert done.exit_code == 0, done.output
    assert {"id": "7", "off": "22:30"}.items() <= json.loads(done.output).items()
    assert card.state()["id"] == 7


def test_a_text_is_written_and_a_file_put(card: SimulatedCard, tmp_path: Path) -> None:
    assert json.loads(run(card, "text", "停水", "--seconds", "5").output)["seconds"] == 5
    assert card.changes[-1].cause == "text"
    file = tmp_path / "logo.gif"
    file.write_bytes(b"GIF89a" + bytes(5000))
    assert json.loads(run(card, "upload", str(file)).output)["bytes"] == 5006
    assert card.state()["files"] == ["logo.gif"]
    assert run(card, "upload", str(file), "--name", "a-name-too-long.gif").exit_code == 2
    assert run(card, "text", "x", "--family", "ddp").exit_code == 2
