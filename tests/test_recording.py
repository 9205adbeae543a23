"""Lines that are written down, and records that answer in a card's place."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cardkit import page
from ledsign import simulator
from ledsign.card import Card
from ledsign.cli.card import card as card_verbs
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError, TransportError
from ledsign.frame import AckLevel
from ledsign.panel import ColorMode, Panel
from ledsign.render.pack import pack
from ledsign.transport import Opener, parse_url, recording

PANEL = Panel("test", 64, 32, ColorMode.MONO, 10)


def record(tmp_path: Path) -> Path:
    """Two pages on two connections to a simulated card, written down."""
    file = tmp_path / "session.rec"
    with simulator.serve("cp5200", f"pty://{tmp_path}/ttyLED", PANEL) as sim:
        card = Card("cp5200", f"record:{file}?line={sim.url}?id=1", PANEL, SystemClock())
        for seed in range(2):
            assert card.show(pack(page(PANEL, seed), card.formats[0])) is AckLevel.ACKED
            card.close()
    return file


def test_a_recording_answers_like_the_card(tmp_path: Path) -> None:
    file = record(tmp_path)
    openings = list(recording.read(file))
    assert len(openings) == 2
    assert all(chunk.at >= 0 for chunks in openings for chunk in chunks)
    card = Card("cp5200", f"replay:{file}", PANEL, SystemClock())
    for seed in range(2):
        assert card.show(pack(page(PANEL, seed), card.formats[0])) is AckLevel.ACKED
        card.close()
    with pytest.raises(TransportError, match="recording has ended"):
        card.show(pack(page(PANEL, 3), card.formats[0]))


def test_a_replay_that_is_asked_something_else_names_the_line(tmp_path: Path) -> None:
    file = record(tmp_path)
    card = Card("cp5200", f"replay:{file}", PANEL, SystemClock())
    with pytest.raises(TransportError, match=r"session.rec, line \d+: recorded was a5 68 .*, written was a5 68 "):
        card.show(pack(page(PANEL, 9), card.formats[0]))
    line = Opener()(parse_url(f"replay:{file}"))
    sent = next(recording.read(file))[0].data
    line.write(sent, 1)
    with pytest.raises(TransportError, match="it answers there"):
        line.write(sent, 1)


def test_a_recording_is_decoded_in_both_directions(tmp_path: Path) -> None:
    file = record(tmp_path)
    found = CliRunner().invoke(card_verbs, ["decode", "--family", "cp5200", "--json", str(file)])
    assert found.exit_code == 0, found.output
    lines = found.output.splitlines()
    assert sum('"from": "us"' in line for line in lines) == sum('"from": "card"' in line for line in lines) > 8
    assert all('"reencoded_equal": true' in line for line in lines)


def test_a_recording_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "LIMIT", 200)
    file = tmp_path / "small.rec"
    recorder = recording.Recorder(file, "tcp://127.0.0.1:1")
    for number in range(100):
        recorder.chunk(number / 10, True, b"12345")
    recorder.close()
    assert file.stat().st_size < 300
    assert "# full" in file.read_text()
    assert recording.line_of(file) == "tcp://127.0.0.1:1"


def test_a_recording_holds_no_secret(tmp_path: Path) -> None:
    with simulator.serve("huidu-http", "tcp://127.0.0.1:0?key=k1&secret=s1", PANEL) as sim:
        file = tmp_path / "http.rec"
        url = f"record:{file}?line={sim.url}?key=k1&secret=s1"
        card = Card("huidu-http", url, PANEL, SystemClock())
        assert card.info().firmware
        card.close()
    assert "secret=***" in file.read_text()
    assert parse_url(f"replay:{file}?secret=s1").options == {"key": "k1", "secret": "s1"}


@pytest.mark.parametrize("text", ["", "0.1 > zz", "0.1 ? aa", "x > aa"])
def test_files_that_are_no_recording(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.rec"
    head = f"{recording.HEAD}\n# line tcp://127.0.0.1:1\n# open\n" if text else ""
    file.write_text(head + text)
    with pytest.raises(ConfigError):
        Opener()(parse_url(f"replay:{file}"))


def test_a_recording_that_cannot_be_written_breaks_the_line(tmp_path: Path) -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", PANEL) as sim, pytest.raises(TransportError):
        Opener()(parse_url(f"record:{tmp_path}/no/such/folder?line={sim.url}"))
