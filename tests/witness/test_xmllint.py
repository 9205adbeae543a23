"""Every request of the HuiDu driver and every answer of the simulated card is XML to libxml2 as well."""

import random
import re
import shutil
import subprocess

import pytest

from capture_kit import tcp_relay
from kit import NOON
from ledsign import simulator
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.frame import Page
from ledsign.panel import ColorMode, Panel
from ledsign.render.pack import pack

PANEL = Panel("test", 64, 32, ColorMode.RGB, 10)
_DOCUMENT = re.compile(rb"<\?xml.*?</sdk>", re.DOTALL)


def test_what_is_said_is_well_formed() -> None:
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint (Debian package libxml2-utils) is not installed")
    drawn = Page(64, 32, ColorMode.RGB, random.Random(3).randbytes(64 * 32 * 3), 1.0)
    with simulator.serve("huidu", "tcp://127.0.0.1:0", PANEL) as served:
        with tcp_relay(int(served.url.rpartition(":")[2])) as heard:
            card = Card("huidu", f"tcp://127.0.0.1:{heard.port}", PANEL, SystemClock())
            card.set_clock(NOON)
            card.set_brightness(40)
            card.show(pack(drawn, card.formats[0]), ttl_s=300)
            card.clear()
            card.close()
        spoken = {side: b"".join(data for ours, data in heard.pieces if ours is side) for side in (True, False)}
    for stream in spoken.values():
        documents = _DOCUMENT.findall(stream)
        assert len(documents) >= 10
        for document in documents:
            said = subprocess.run(["xmllint", "--noout", "-"], input=document, capture_output=True, timeout=10)
            assert said.returncode == 0, (document, said.stderr)
