"""Art-Net and sACN against programs of the Node world, in both roles; what is on the glass must be the page."""

import json
import os
import queue
import random
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel

HERE = Path(__file__).parent
PANEL = Panel("test", 32, 16, ColorMode.RGB, 10)  # 1536 bytes: four universes
USED = 510


def page(seed: int) -> Page:
    return Page(PANEL.width, PANEL.height, PANEL.mode, random.Random(seed).randbytes(32 * 16 * 3), 1.0)


def frame(seed: int) -> Frame:
    drawn = page(seed)
    return Frame(drawn.width, drawn.height, PixelFormat.RGB888, drawn.pixels, drawn.sha256)


def universes(seed: int) -> list[bytes]:
    pixels = page(seed).pixels
    return [pixels[at : at + USED] for at in range(0, len(pixels), USED)]


def free_port() -> int:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Peer:
    """A running program of others."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._said: queue.Queue[object] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(json.loads(line))

    def said(self, seconds: float = 10.0) -> object:
        return self._said.get(timeout=seconds)

    def send(self, pages: Sequence[bytes]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([list(data) for data in pages]) + "\n")
        self._process.stdin.flush()


@contextmanager
def peer(role: str, port: int, address: str = "127.0.0.1") -> Iterator[Peer]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed (Debian packages nodejs and npm)")
    if not (HERE / "node_modules" / role.partition("-")[0]).is_dir():
        pytest.skip("its packages are not installed (npm install --prefix tests/witness)")
    process = subprocess.Popen(
        [node, str(HERE / "peers.js"), role, str(port), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OWN_PORT": str(free_port())},
    )
    try:
        yield Peer(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@pytest.mark.parametrize(("family", "options"), [("artnet", ""), ("sacn", "?sync=0")])
def test_our_pages_arrive_whole(family: str, options: str) -> None:
    """The sACN receiver knows no synchronisation packets and calls them corrupt, so none are sent to it."""
    port = free_port()
    with peer({"artnet": "dmxnet-receive", "sacn": "sacn-receive"}[family], port) as receiver:
        assert receiver.said() == "ready"
        card = Card(family, f"udp://127.0.0.1:{port}{options}", PANEL, SystemClock())
        for seed in (1, 2):
            card.show(frame(seed))
            found: dict[int, bytes] = {}  # the card is darkened first
            while [found.get(n, b"")[: len(data)] for n, data in enumerate(universes(seed))] != universes(seed):
                datagram = receiver.said()
                assert isinstance(datagram, dict)
                found[datagram["universe"]] = bytes.fromhex(datagram["data"])
        card.close()


@pytest.mark.parametrize("role", ["dmxnet-send", "artnet-send", "sacn-send"])
def test_their_pages_are_shown(role: str) -> None:
    family = "sacn" if role.startswith("sacn") else "artnet"
    with simulator.serve(family, "udp://127.0.0.1:0", PANEL) as receiver:
        with peer(role, int(receiver.url.rpartition(":")[2])) as sender:
            for seed in (1, 2):
                sender.send(universes(seed))
                assert sender.said() == "sent"
                assert receiver.wait_for(lambda it, seed=seed: it.glass == page(seed).sha256, 5), role
        assert {entry.sha256 for entry in receiver.shown} >= {page(1).sha256, page(2).sha256}
