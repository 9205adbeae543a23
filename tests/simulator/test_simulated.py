"""The simulated card as a program of its own: raw packets in, pixels, files and web view out."""

import io
import json
import os
import socket
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from ledsign import simulator
from ledsign.errors import ConfigError
from ledsign.frame import Page
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.cp5200 import CP5200, basic, calls, i1
from ledsign.protocol.cp5200.packets import CallReply, Part, Reply, Request
from ledsign.protocol.message import Message
from ledsign.simulator.faults import Dice, Faults, parse_faults

MONO = Panel("mono", 48, 32, ColorMode.MONO, 10)
DUAL = Panel("dual", 48, 32, ColorMode.DUAL, 10)
RGB = Panel("rgb", 48, 32, ColorMode.RGB, 8)
SPLIT = calls.SplitWindows((calls.Window(0, 0, 48, 32),))


class Client:
    """A client that trusts nobody: a socket, a codec, no retries."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("tcp://").partition(":")
        self._socket = socket.create_connection((host, int(port)), 5)
        self._codec = CP5200(Link.NET)

    def ask(self, message: Message, answers: int = 1) -> list[Message]:
        found: list[Message] = []
        for packet in self._codec.encode(message):
            self._socket.sendall(packet)
            found += self.read(answers)
        return found

    def read(self, count: int = 1) -> list[Message]:
        found: list[Message] = []
        self._socket.settimeout(2)
        while len(found) < count and (data := self._socket.recv(4096)):
            found += self._codec.feed(data)
        return found

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()


def picture(prop: int, planes: bytes) -> calls.Image:
    return calls.Image(0, 0, 1, 0, calls.I1, 0, 0, i1.I1Image(48, 32, prop, planes).pack())


def gif(colors: list[tuple[int, int, int]]) -> tuple[bytes, bytes]:
    image = Image.new("RGB", (48, 32))
    image.putdata([colors[n % len(colors)] for n in range(48 * 32)])
    out = io.BytesIO()
    image.quantize(256).save(out, "GIF")
    return out.getvalue(), image.tobytes()


@pytest.mark.parametrize(
    ("panel", "prop", "pixels"),
    [
        (MONO, 0x01, bytes(range(192))),
        (DUAL, 0x03, bytes(range(192)) + bytes(reversed(range(192)))),
    ],
)
def test_planes_become_the_same_page(panel: Panel, prop: int, pixels: bytes, tmp_path: Path) -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", panel, tmp_path) as sim, Client(sim.url) as client:
        assert client.ask(SPLIT) == [CallReply(1)]
        assert client.ask(picture(prop, pixels))[-1] == CallReply(3)
        page = Page(48, 32, panel.mode, pixels, 1.0)
        assert sim.glass == page.sha256
        assert sim.pixels == pixels
        (entry,) = sim.shown
        assert entry.path is not None
        assert entry.path.name == f"0001-{page.sha256[:8]}.png"
        with Image.open(entry.path) as png:
            assert png.size == (48, 32)
        (line,) = (tmp_path / "index.jsonl").read_text().splitlines()
        assert json.loads(line)["sha256"] == page.sha256


def test_eight_bit_planes_and_gif_are_lossless_on_colour_panels() -> None:
    colors = [(0, 0, 0), (255, 40, 1), (7, 200, 90), (255, 255, 255), (3, 2, 250)]
    data, pixels = gif(colors)
    planes = b"".join(pixels[n::3] for n in range(3))
    expected = Page(48, 32, ColorMode.RGB, pixels, 1.0).sha256
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", RGB) as sim, Client(sim.url) as client:
        client.ask(SPLIT)
        client.ask(picture(0x77, planes))
        assert sim.glass == expected
        client.ask(calls.LeaveWindows())
        assert sim.changes[-1].cause == "stored"
        client.ask(SPLIT)
        client.ask(calls.Image(0, 0, 1, 0, calls.GIF, 0, 0, data))
        assert sim.glass == expected


def test_order_damage_and_windows() -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO) as sim, Client(sim.url) as client:
        logo = sim.glass
        assert client.ask(picture(1, bytes(192)))[-1] == CallReply(3)
        assert sim.glass == logo  # no window: accepted, not shown
        stream = b"\x03" + picture(1, b"\xff" * 192).pack()
        client.ask(SPLIT)
        before = sim.glass
        assert client.ask(Part(1, 2, stream[70:140])) == [CallReply(0, 2)]
        assert client.ask(Part(0, 2, stream[:70])) == [CallReply(3)]
        assert client.ask(Part(2, 2, stream[140:])) == [CallReply(3, 2)]
        assert client.ask(Part(1, 2, stream[70:140])) == [CallReply(3)]
        assert client.ask(Part(1, 2, stream[70:140])) == [CallReply(3)]  # came twice
        assert sim.glass == before
        assert client.ask(Part(2, 2, stream[140:-1])) == [CallReply(3, 1)]  # not whole
        assert sim.glass == before
        assert client.ask(Request(SPLIT, card_id=9), 0) == []
        assert client.ask(Request(SPLIT, card_id=255)) == [CallReply(1)]


def test_saved_windows_survive_a_power_cycle_and_can_be_cleared() -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO) as sim:
        with Client(sim.url) as client:
            client.ask(SPLIT)
            client.ask(picture(1, b"\x55" * 192))
            saved = sim.glass
            client.ask(calls.SavedWindows(clear=False))
        sim.power_cycle(0.05)
        assert sim.wait_for(lambda s: s.changes[-1].cause == "saved", 5)
        assert sim.glass == saved
        with Client(sim.url) as client:
            client.ask(calls.SavedWindows(clear=True))
        sim.power_cycle(0.05)
        assert sim.wait_for(lambda s: s.changes[-1].cause == "boot", 5)
        assert sim.state()["flash_writes"] == 2


def test_basic_commands() -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO) as sim, Client(sim.url) as client:
        (clock,) = client.ask(basic.WriteClock(5, 30, 8, 6, 21, 11, 26))
        assert clock == Reply(0x47, b"\x01")
        (clock,) = client.ask(basic.QueryClock())
        assert isinstance(clock, Reply)
        assert clock.data[2:] == bytes((30, 8, 6, 21, 11, 26))
        for query, length in ((basic.QueryVersion(), 8), (basic.QueryBrightness(), 25), (basic.QueryPower(), 10)):
            (reply,) = client.ask(query)
            assert isinstance(reply, Reply)
            assert query.accepts(reply.data)
            assert len(reply.data) == length
        assert client.ask(basic.WritePower(False)) == [Reply(0x76, b"\0\0")]
        assert not any(sim.pixels)


def test_pty_is_paced_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "run" / "ttyLED"
    path.parent.mkdir()
    with simulator.serve("cp5200", f"pty://{path}", MONO, baud=9600) as sim:
        end = os.open(path, os.O_RDWR | os.O_NOCTTY)
        start = time.monotonic()
        codec = CP5200(Link.SERIAL)
        packets = b"".join(p for m in (SPLIT, picture(1, bytes(192))) for p in codec.encode(m))
        os.write(end, packets)
        found: list[Message] = []
        while len(found) < 2 and time.monotonic() - start < 5:
            found += codec.feed(os.read(end, 100))
        took = time.monotonic() - start
        os.close(end)
        assert found == [CallReply(1), CallReply(3)]
        assert took >= len(packets) * 10 / 9600 * 0.95
        assert sim.shown
    assert not path.is_symlink()


def test_web_view(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO, web=f"127.0.0.1:{port}") as sim:
        def get(path: str) -> bytes:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return bytes(answer.read())

        assert b"<canvas" in get("/")
        assert json.loads(get("/state.json"))["sha256"] == sim.glass
        with Image.open(io.BytesIO(get("/frame.png"))) as png:
            assert png.size == (48, 32)


def test_fault_words() -> None:
    assert parse_faults("") == Faults()
    faults = parse_faults("drop=0.05, late=0.1:2,silent=5@20,reboot=12,strict=1,seed=9")
    assert (faults.drop, faults.late, faults.late_s, faults.silent, faults.silent_at) == (0.05, 0.1, 2.0, 5.0, 20)
    assert (faults.reboot, faults.strict, faults.seed) == (12, True, 9)
    for bad in ("drop", "drop=2", "drop=x", "melt=1", "delay=-1"):
        with pytest.raises(ValueError, match="fault"):
            parse_faults(bad)


def test_noise_has_the_asked_rate_and_repeats() -> None:
    def flipped(seed: int) -> int:
        spoiled = Dice(Faults(ber=0.01, seed=seed)).noisy(bytes(10_000))
        return sum(byte.bit_count() for byte in spoiled)

    assert 600 < flipped(1) < 1000
    assert flipped(1) == flipped(1)


def test_what_cannot_be_served() -> None:
    for arguments in (("nothing", "tcp://127.0.0.1:0"), ("cp5200", "ftp://x"), ("cp5200", "pty:x")):
        with pytest.raises(ConfigError), simulator.serve(*arguments, MONO):
            pass
    with pytest.raises(ConfigError), simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO, faults="melt=1"):
        pass


def test_garbage_and_foreign_answers_come_before_the_own_one() -> None:
    faults = "garbage=1,foreign=1"
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO, faults=faults) as sim, Client(sim.url) as client:
        found = client.ask(SPLIT, 3)
        assert found[-1] == CallReply(1)
        assert CallReply(3, card_id=2) in found


def test_one_bit_flipped_on_the_way_never_reaches_the_glass() -> None:
    with simulator.serve("cp5200", "tcp://127.0.0.1:0", MONO) as sim, Client(sim.url) as client:
        client.ask(SPLIT)
        black = sim.glass
        sim.fault("corrupt=1,seed=4")
        codec = CP5200(Link.NET)
        for _ in range(200):
            client._socket.sendall(codec.encode(picture(1, b"\xaa" * 192))[0])
        sim.wait_for(lambda s: s.received >= 150, 3)
        lit = {entry.sha256 for entry in sim.changes[1:]}
        assert lit <= {black, Page(48, 32, ColorMode.MONO, b"\xaa" * 192, 1.0).sha256}


def test_roles_are_not_mixed_up() -> None:
    (packet,) = CP5200(Link.NET, Role.CARD).encode(CallReply(3))
    assert CP5200(Link.NET, Role.WITNESS).feed(packet) == [CallReply(3)]
