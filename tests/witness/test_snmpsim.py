"""Our NTCIP driver against snmpsim, an SNMP agent of others that answers from a table.

It has no memory of a sign: every SET is confirmed and changes nothing, every GET says what the table says. That
judges the driver's SNMP, and one piece of its conduct: a sign that agrees to everything but goes on naming another
message on its glass has not shown the page.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kit import NOON
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.errors import CardRefusedError
from ledsign.frame import Page
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.checks import graphic_id, message_crc
from ledsign.protocol.ntcip.codes import BLANK
from ledsign.render.pack import pack

PANEL = Panel("test", 24, 10, ColorMode.MONO, 10)
BITMAP = bytes(range(30))
PAGE = Page(24, 10, ColorMode.MONO, BITMAP, 1.0)
IDENTITY = graphic_id(1, 10, 24, 1, False, b"\0\0\0", BITMAP)
MULTI = b"[g1,1,1,%04X]" % IDENTITY
GRAPHICS = 4

NUMBERS = {
    o.WIDTH: 24, o.HEIGHT: 10, o.COLOR_SCHEME: 1, o.MAX_VOLATILE: 2, o.MAX_GRAPHICS: GRAPHICS,
    o.MAX_GRAPHIC_SIZE: 4096, o.BLOCK_SIZE: 512, o.CONTROL_MODE: 4, o.SHORT_ERRORS: 0, o.COMM_LOSS_MIN: 10,
    o.ILLUM_LEVELS: 100, o.ILLUM_CONTROL: 5, o.ILLUM_LEVEL: 60, o.DAYLIGHT: 2, o.ACTIVATE_ERROR: 2,
    **{o.graphic(column, row): value for row in range(1, GRAPHICS + 1) for column, value in
       ((o.G_NUMBER, row), (o.G_HEIGHT, 10), (o.G_WIDTH, 24), (o.G_TYPE, 1), (o.G_TRANSPARENT, 0), (o.G_STATUS, 4))},
    **{o.graphic(o.G_ID, row): IDENTITY for row in range(1, GRAPHICS + 1)},
    **{o.message(column, memory, row): value for memory in (3, 4) for row in (1, 2) for column, value in
       ((o.STATUS, 4), (o.CRC, message_crc(MULTI)), (o.BEACON, 0), (o.PIXEL_SERVICE, 0), (o.RUN_PRIORITY, 32))},
}  # fmt: skip
TEXTS = {
    **dict.fromkeys((o.SHORT_RECOVERY, o.LONG_RECOVERY, o.RESET_MESSAGE, o.END_DURATION, o.COMM_LOSS), BLANK.pack()),
    o.TABLE_SOURCE: BLANK.pack(), o.ACTIVATE: bytes(12), o.module(3): b"others", o.module(4): b"table",
    o.module(5): b"1", **{o.block(row, 1): BITMAP for row in range(1, GRAPHICS + 1)},
    **{o.graphic(column, row): b"\0\0\0" for row in range(1, GRAPHICS + 1) for column in (o.G_NAME, o.G_COLOUR)},
    **{o.message(column, memory, row): MULTI for memory in (3, 4) for row in (1, 2) for column in (o.MULTI, o.OWNER)},
}  # fmt: skip


def table() -> str:
    """In snmpsim's form; its "delay" module confirms a SET and forgets it."""
    rows = [(oid, f"2:delay|value={number},wait=0") for oid, number in NUMBERS.items()]
    rows += [(oid, f"4:delay|hexvalue={text.hex()},wait=0") for oid, text in TEXTS.items()]
    rows.append((o.CLOCK, "65:delay|value=1000000000,wait=0"))
    return "".join(".".join(map(str, oid)) + f"|{rest}\n" for oid, rest in sorted(rows))


def answers(port: int) -> bool:
    """Whether anybody answers an SNMP question there yet."""
    card = Card("ntcip", f"udp://127.0.0.1:{port}?community=public", PANEL, SystemClock())
    try:
        return bool(card.info().details)
    except Exception:
        return False
    finally:
        card.close()


@pytest.fixture(scope="module")
def agent() -> Iterator[str]:
    pytest.importorskip("snmpsim", reason="snmpsim is not installed")
    command = shutil.which("snmpsim-command-responder", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("snmpsim's command is not installed")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        data, cache = Path(folder) / "data", Path(folder) / "cache"
        data.mkdir()
        cache.mkdir()
        (data / "public.snmprec").write_text(table(), encoding="ascii")
        options = [f"--data-dir={data}", f"--cache-dir={cache}", f"--agent-udpv4-endpoint=127.0.0.1:{port}"]
        if os.geteuid() == 0:  # asked to name an account, for it would rather not be root
            options += ["--process-user=root", "--process-group=root"]
        process = subprocess.Popen([command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 20
            while not answers(port):
                if process.poll() is not None or time.monotonic() > until:
                    pytest.skip(f"snmpsim does not start here (exit {process.poll()})")
                time.sleep(0.1)
            yield f"udp://127.0.0.1:{port}?community=public"
        finally:
            process.terminate()
            process.wait(5)


def test_it_takes_everything_the_driver_says(agent: str) -> None:
    card = Card("ntcip", agent, PANEL, SystemClock())
    card.ensure()
    info = card.info()
    assert (info.model, info.details["width"], info.details["color_scheme"]) == ("others table", "24", "1")
    card.set_brightness(50)
    card.set_clock(NOON)
    card.clear()
    card.close()


def test_a_page_counts_only_when_the_sign_names_it(agent: str) -> None:
    card = Card("ntcip", agent, PANEL, SystemClock())
    with pytest.raises(CardRefusedError, match="another message"):
        card.show(pack(PAGE, card.formats[0]))
    card.close()
