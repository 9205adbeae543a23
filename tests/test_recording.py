"""Lines that are written down, and records that answer in a card's place."""

import hashlib
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardkit import page
from ledsign import simulator
from ledsign.card import Card, link_of
from ledsign.cli.card import card as card_verbs
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError, TransportError
from ledsign.frame import AckLevel
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Role, create, network_scheme
from ledsign.protocol.disguise import Secretive
from ledsign.protocol.message import Prepare
from ledsign.render.pack import pack
from ledsign.transport import Address, Opener, Transport, parse_url, recording
from ledsign.transport.recorded import RecordingLine

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


def decoded(file: Path, family: str, *words: str) -> tuple[int, list[dict[str, object]]]:
    found = CliRunner().invoke(card_verbs, ["decode", "--family", family, "--json", *words, str(file)])
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    return found.exit_code, lines


@pytest.mark.parametrize("family", ["bx56", "bxy", "cp5200", "huidu", "huidu-http", "jetfile2", "ntcip"])
def test_every_byte_of_a_sound_session_is_explained(tmp_path: Path, family: str) -> None:
    file = tmp_path / "session.rec"
    with simulator.serve(family, f"{network_scheme(family)}://127.0.0.1:0", PANEL) as sim:
        card = Card(family, f"record:{file}?line={sim.url}", PANEL, SystemClock())
        card.show(pack(page(PANEL, 1), card.formats[0]))
        card.close()
    code, lines = decoded(file, family)
    assert [line for line in lines if not line["ok"]] == []
    assert code == 0
    assert len(lines) > 4


def test_damage_in_a_recording_is_told_and_no_success(tmp_path: Path) -> None:
    file = record(tmp_path)
    rows = file.read_text().splitlines()
    number = next(n for n, row in enumerate(rows) if " < a5" in row)
    rows[number] = rows[number][:-5] + "00 ae"  # its sum is wrong now
    file.write_text("\n".join(rows))
    code, lines = decoded(file, "cp5200")
    (damage,) = [line for line in lines if not line["ok"]]
    assert code == 65
    assert damage["id"] == f"session.rec:{number + 1}"
    assert damage["from"] == "card"
    assert str(damage["error"]).endswith("00 ae")


def test_another_family_and_nothing_at_all_are_no_success(tmp_path: Path) -> None:
    code, lines = decoded(record(tmp_path), "jetfile2")
    assert code == 65
    assert not any(line["ok"] for line in lines)
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert decoded(empty, "cp5200") == (65, [])


@pytest.mark.parametrize(
    "text",
    ["[1, 2]", '{"a": {}}', '[{"id": "x", "params": [1]}]', '[{"id": "x", "hex": 5}]', '[{"hex": "00"}]', "5", "[]"],
)
def test_a_file_that_holds_no_vectors_is_named_as_such(tmp_path: Path, text: str) -> None:
    file = tmp_path / "vectors.json"
    file.write_text(text)
    found = CliRunner().invoke(card_verbs, ["decode", "--family", "cp5200", "--vectors", str(file)])
    assert found.exit_code == 65, found.output
    assert isinstance(found.exception, SystemExit)


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
    assert parse_url(f"replay:{file}").options == {"key": "k1"}
    assert parse_url(f"replay:{file}?secret=s1").options == {"key": "k1", "secret": "s1"}


SECRETS = [
    ("jetfile2", "user=admin&password=8x9y", b"8x9y"),
    ("cp5200", "code=01020304", bytes.fromhex("01020304")),
    ("ntcip", "community=village", b"village"),
    ("bxy", "password=pa55word", hashlib.sha1(b"pa55word").hexdigest().encode("ascii")),
]


@pytest.mark.parametrize(("family", "option", "secret"), SECRETS)
def test_neither_recording_nor_log_holds_what_must_not_be_told(
    tmp_path: Path, family: str, option: str, secret: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The packets are those that a card fresh from the factory would get, sums and lengths included: they read, and
    play again without the secret."""
    file = tmp_path / "session.rec"
    simulated = {"ntcip": f"?{option}", "bxy": f"?{option}", "cp5200": f"?{option}"}.get(family, "")
    with simulator.serve(family, f"{network_scheme(family)}://127.0.0.1:0{simulated}", PANEL) as sim:
        url = f"record:{file}?line={sim.url.partition('?')[0]}?{option}"
        card = Card(family, url, PANEL, SystemClock())
        shown = pack(page(PANEL, 1), card.formats[0])
        with caplog.at_level("DEBUG"):
            assert card.show(shown) is card.ack
        card.close()
        assert sim.glass == page(PANEL, 1).sha256
    bytes_written = b"".join(chunk.data for chunks in recording.read(file) for chunk in chunks)
    told = file.read_text() + caplog.text + "".join(card.exchanges)
    assert secret not in bytes_written
    assert secret.hex(" ") not in told
    assert option.rpartition("=")[2] not in told
    assert f"{option.rpartition('&')[2].partition('=')[0]}=***" in recording.line_of(file)
    code, lines = decoded(file, family)
    assert code == 0, [line for line in lines if not line["ok"]]
    again = Card(family, f"replay:{file}", PANEL, SystemClock())
    assert again.show(shown) is again.ack


def test_a_secret_that_is_set_is_not_recorded_either(tmp_path: Path) -> None:
    """The new ID code of a card, told to it in a packet, and read back: also on a serial line."""
    file = tmp_path / "session.rec"
    with simulator.serve("cp5200", f"pty://{tmp_path}/ttyLED", PANEL) as sim:
        card = Card("cp5200", f"record:{file}?line={sim.url}", PANEL, SystemClock())
        card.setup({"code": "0badcafe", "mask": "255.255.255.0"})
        assert card.setup({})["code"] == "0badcafe"
        card.close()
    assert "0b ad ca fe" not in file.read_text() + "".join(card.exchanges)
    assert "ff ff ff 00" in file.read_text(), "what is no secret is there"


def test_a_secret_in_a_broken_packet_is_blotted_out() -> None:
    for family, option, secret in SECRETS[:3]:
        address = parse_url(f"{network_scheme(family)}://127.0.0.1:9?{option}")
        codec = create(family, link_of(address), Role.DRIVER, address.options)
        assert isinstance(codec, Secretive)
        packet = codec.encode(next(codec.routine(Prepare(64, 32, ColorMode.MONO))))[0]
        assert secret in packet
        broken = packet[: packet.index(secret) + len(secret)]
        assert codec.public(broken) == broken.replace(secret, b"*" * len(secret))


@pytest.mark.parametrize(("family", "option", "secret"), SECRETS)
def test_whatever_bytes_come_are_written_down(family: str, option: str, secret: bytes) -> None:
    dice = random.Random(5)
    address = parse_url(f"{network_scheme(family)}://127.0.0.1:9?{option}")
    codec = create(family, link_of(address), Role.DRIVER, address.options)
    assert isinstance(codec, Secretive)
    packet = codec.encode(next(codec.routine(Prepare(64, 32, ColorMode.MONO))))[0]
    for _round in range(1500):
        data = bytearray(packet + dice.randbytes(dice.randint(0, 30)))
        for _change in range(dice.randint(0, 3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        cut = bytes(data[: dice.randrange(len(data) + 1)])
        if family != "bxy":  # its secret is only in the second request
            assert secret not in codec.public(cut)
        else:
            assert len(codec.public(cut)) == len(cut)


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


def test_a_full_disk_breaks_a_recorded_line_and_frees_its_port(tmp_path: Path) -> None:
    """``/dev/full`` refuses every write; the port, opened exclusively, can be opened again at once."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with simulator.serve("cp5200", f"pty://{tmp_path}/ttyLED", PANEL) as sim:
        file = tmp_path / "session.rec"
        line = Opener()(parse_url(f"record:{file}?line={sim.url}"))
        assert isinstance(line, RecordingLine)
        swap(line, full)
        with pytest.raises(TransportError, match=r"recording: .*No space left"):
            line.write(b"question", 1)
        line.close()  # a second time, and quietly
        again = Opener()(parse_url(f"record:{file}?line={sim.url}"))
        assert isinstance(again, RecordingLine)
        swap(again, full)
        with pytest.raises(TransportError, match=r"recording: .*No space left"):
            again.close()
        Opener()(parse_url(sim.url)).close()


def test_a_card_whose_recording_is_full_is_a_broken_line_and_no_crash(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", PANEL) as sim:
        card = Card("cp5200", f"record:{tmp_path}/a.rec?line={sim.url}", PANEL, SystemClock(), opener=Swapping())
        with pytest.raises(TransportError, match="recording"):
            card.show(pack(page(PANEL, 1), card.formats[0]))
        card.close()


def swap(line: RecordingLine, target: Path) -> None:
    """Let the record go on where nothing can be written."""
    line._recorder._file = target.open("a", encoding="ascii")


class Swapping:
    """Opens lines whose disk is full from the first byte on."""

    def __call__(self, address: Address) -> Transport:
        line = Opener()(address)
        assert isinstance(line, RecordingLine)
        swap(line, Path("/dev/full"))
        return line
