"""Our Art-Net pages as the Open Lighting Architecture receives them: its daemon listens, its recorder writes down.

Art-Net alone, on the loopback interface; its other plugins stay off, for some of them speak to the whole network.
"""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel

PANEL = Panel("test", 32, 16, ColorMode.RGB, 10)  # four universes
USED = 510
PLUGINS = (
    "dummy", "e131", "espnet", "ftdidmx", "gpio", "karate", "kinet", "milinst", "nanoleaf", "opendmx",
    "openpixelcontrol", "osc", "pathport", "renard", "sandnet", "shownet", "spi", "stageprofi", "uartdmx", "usbdmx",
    "usbserial",
)  # fmt: skip
ARTNET_PORT, RPC_PORT = 6454, 9010  # both fixed in its tools


def free(kind: int, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def folder() -> Iterator[Path]:
    """Its settings; readable for the account it runs under."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        for plugin in PLUGINS:
            (path / f"ola-{plugin}.conf").write_text("enabled = false\n", encoding="ascii")
        settings = "enabled = true\nip = 127.0.0.1\nuse_loopback = true\n"
        (path / "ola-artnet.conf").write_text(settings, encoding="ascii")
        for each in (path, *path.iterdir()):
            each.chmod(0o777)
        yield path


@pytest.fixture
def _ola(folder: Path) -> Iterator[None]:
    if shutil.which("olad") is None:
        pytest.skip("OLA (Debian package ola) is not installed")
    if not (free(socket.SOCK_DGRAM, ARTNET_PORT) and free(socket.SOCK_STREAM, RPC_PORT)):
        pytest.skip("another program has the ports of Art-Net or of OLA")
    who = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None  # it refuses to be root
    command = ["olad", "--no-http", "-c", str(folder), "-l", "0", "-i", "127.0.0.1", "--no-register-with-dns-sd"]
    daemon = subprocess.Popen(command, user=who, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 15
        while subprocess.run(["ola_patch", "-d", "1", "-p", "0", "-i", "-u", "1"], capture_output=True).returncode:
            if daemon.poll() is not None or time.monotonic() > until:
                pytest.skip(f"olad does not start here (exit {daemon.poll()})")
            time.sleep(0.2)
        for number in (1, 2, 3):
            port = ["ola_patch", "-d", "1", "-p", str(number), "-i", "-u", str(number + 1)]
            subprocess.run(port, check=True, capture_output=True)
        yield
    finally:
        daemon.terminate()
        daemon.wait(10)


def recorded(path: Path) -> dict[int, bytes]:
    """The last channels of each universe in OLA's show file: lines of "universe value,value,…"."""
    found = {}
    for line in path.read_text(encoding="ascii").splitlines():
        universe, gap, values = line.partition(" ")
        if gap and "," in values:
            found[int(universe)] = bytes(map(int, values.split(",")))
    return found


@pytest.mark.usefixtures("_ola")
def test_ola_receives_a_page_whole(tmp_path: Path) -> None:
    drawn = Page(32, 16, ColorMode.RGB, random.Random(11).randbytes(32 * 16 * 3), 1.0)
    show = tmp_path / "show.txt"
    recorder = subprocess.Popen(
        ["ola_recorder", "--record", str(show), "--universes", "1,2,3,4"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        card = Card("artnet", f"udp://127.0.0.1:{ARTNET_PORT}?universe=1", PANEL, SystemClock())
        wanted = [drawn.pixels[at : at + USED] for at in range(0, len(drawn.pixels), USED)]
        time.sleep(0.5)  # it tells the daemon which universes it wants
        for _round in range(5):  # a page is repeated anyway
            card.show(Frame(32, 16, PixelFormat.RGB888, drawn.pixels, drawn.sha256))
            card.poll()
            time.sleep(0.2)
        card.close()
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait(10)
    found = recorded(show)
    assert [found[number][: len(data)] for number, data in enumerate(wanted, 1)] == wanted
