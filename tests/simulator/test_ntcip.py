"""The simulated NTCIP sign, driven by the real card object and by SNMP tools that nobody here wrote."""

import asyncio
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pysnmp.hlapi.v1arch import asyncio as pysnmp

from ledsign import simulator
from ledsign.card import Card, Patience
from ledsign.clock import SystemClock
from ledsign.errors import CardRefusedError, CardUnusableError, TransportError
from ledsign.frame import AckLevel, Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.checks import graphic_id, message_crc
from ledsign.protocol.ntcip.codes import Activation, MessageId, MultiFault, Source
from ledsign.protocol.ntcip.multi import parse
from ledsign.protocol.ntcip.smi import Value, integer, octets
from ledsign.protocol.ntcip.snmp import Bind, Pdu, Snmp
from ledsign.simulator import ntcip
from ledsign.simulator.canvas import Pixels

MONO = Panel("mono", 96, 64, ColorMode.MONO, 10)
DUAL = Panel("dual", 72, 20, ColorMode.DUAL, 10)
COLOR = Panel("color", 40, 20, ColorMode.RGB, 5)
TALL = Panel("tall", 40, 300, ColorMode.MONO, 10)  # more rows than a graphic can have
ODD = Panel("odd", 33, 17, ColorMode.MONO, 10)
HASTY = Patience(reply_s=0.3, dead_s=1.2, quiet_s=0.01, lull_s=0.1, backoff_first_s=0.05, backoff_last_s=0.2)
FORMS = {
    ColorMode.MONO: PixelFormat.PLANES_1,
    ColorMode.DUAL: PixelFormat.PLANES_2,
    ColorMode.RGB: PixelFormat.RGB888,
}


def page(panel: Panel, seed: int) -> Page:
    dice, row = random.Random(seed), (panel.width + 7) // 8
    if panel.mode is ColorMode.RGB:
        pixels = dice.randbytes(panel.width * panel.height * 3)
    else:
        spare = (0xFF << row * 8 - panel.width) & 0xFF
        planes = panel.height * (1 if panel.mode is ColorMode.MONO else 2)
        rows = [bytearray(dice.randbytes(row)) for _row in range(planes)]
        for line in rows:
            line[-1] &= spare
        pixels = b"".join(rows)
    return Page(panel.width, panel.height, panel.mode, pixels, 1.0)


def frame(panel: Panel, seed: int) -> Frame:
    drawn = page(panel, seed)
    return Frame(panel.width, panel.height, FORMS[panel.mode], drawn.pixels, drawn.sha256)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture(params=["udp", "tcp", "pty"])
def listen(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"pty://{tmp_path}/ttyLED" if request.param == "pty" else f"{request.param}://127.0.0.1:0"


def pair(
    stack: ExitStack, listen: str = "udp://127.0.0.1:0", panel: Panel = MONO, options: str = ""
) -> tuple[simulator.SimulatedCard, Card]:
    sim = stack.enter_context(simulator.serve("ntcip", listen, panel))
    card = Card("ntcip", sim.url + options, panel, SystemClock(), HASTY)
    stack.callback(card.close)
    return sim, card


def bring(card: Card, wanted: Frame, seconds: float = 12.0) -> None:
    """Show a frame whatever it takes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            assert card.show(wanted) is AckLevel.READ_BACK
            return
        except (TransportError, CardRefusedError) as error:
            time.sleep(max(0.01, getattr(error, "retry_in", 0.0)))
    raise AssertionError(f"not shown in {seconds} s: {card.exchanges}")


def restart(sim: simulator.SimulatedCard) -> None:
    """A power cut so short that nobody asks in the meantime."""
    sim.reboot(0.05)
    for _wait in range(100):
        if not sim.state()["booting"]:
            return
        time.sleep(0.02)
    raise AssertionError("still booting")


@pytest.mark.parametrize("panel", [MONO, DUAL, COLOR, TALL, ODD], ids=lambda panel: panel.name)
def test_every_layout_is_drawn_as_it_was_meant(panel: Panel, stack: ExitStack) -> None:
    sim, card = pair(stack, panel=panel)
    for seed in range(3):
        assert card.show(frame(panel, seed)) is AckLevel.READ_BACK
        assert sim.glass == page(panel, seed).sha256


def test_pages_that_are_stored_are_not_sent_again(stack: ExitStack) -> None:
    sim, card = pair(stack)
    card.show(frame(MONO, 1))
    card.show(frame(MONO, 2))
    before = sim.state()["received"]
    card.show(frame(MONO, 1))
    assert sim.glass == page(MONO, 1).sha256
    assert int(str(sim.state()["received"])) - int(str(before)) == 5  # message, activation, proof
    for seed in range(3, 19):  # more pages than there are rows
        card.show(frame(MONO, seed))
    card.show(frame(MONO, 1))
    assert sim.glass == page(MONO, 1).sha256


@pytest.mark.parametrize(
    ("listen", "faults"),
    [
        ("udp", "corrupt=0.06,seed=5"),
        ("udp", "reboot=11"),
        ("udp", "ber=0.00003,seed=8"),
        ("tcp", "corrupt=0.06,seed=5"),
        ("pty", "ber=0.00005,garbage=0.2,seed=4"),
        ("pty", "reboot=11"),
    ],
    indirect=["listen"],
)
def test_every_confirmed_page_is_lit_and_no_other(listen: str, faults: str, stack: ExitStack) -> None:
    """Damage and restarts over real sockets and ptys; every other fault in simulated time (test_card_faults)."""
    sim, card = pair(stack, listen)
    card.ensure()
    sim.fault(faults)
    for seed in range(2):
        bring(card, frame(MONO, seed))
        assert sim.glass == page(MONO, seed).sha256
    assert {s.sha256 for s in sim.shown} <= {page(MONO, seed).sha256 for seed in range(2)}


def test_a_restart_that_nobody_saw_is_noticed(stack: ExitStack) -> None:
    """A sign on UDP that is back before it is asked again says itself that it shows something else."""
    sim, card = pair(stack)
    bring(card, frame(MONO, 1))
    restart(sim)
    with pytest.raises(TransportError):
        card.poll()
    bring(card, frame(MONO, 1))
    assert sim.glass == page(MONO, 1).sha256


def test_nothing_old_survives_a_new_master(stack: ExitStack) -> None:
    sim, old = pair(stack)
    bring(old, frame(MONO, 7))
    old.show(frame(MONO, 8), urgent=True)
    old.close()
    card = Card("ntcip", sim.url, MONO, SystemClock(), HASTY)
    stack.callback(card.close)
    card.ensure()
    assert not any(sim.pixels)
    assert (sim.state()["messages"], sim.state()["graphics"]) == (0, [])
    bring(card, frame(MONO, 1))
    restart(sim)
    assert not any(sim.pixels)
    assert sim.state()["source"] == "power_recovery"


def test_urgent_pages_guard_themselves_and_give_way_to_us(stack: ExitStack) -> None:
    sim, card = pair(stack)
    card.show(frame(MONO, 1))
    assert sim.state()["priority"] == 32
    card.show(frame(MONO, 2), urgent=True, ttl_s=90)
    assert (sim.state()["priority"], sim.state()["remaining"]) == (255, 2)
    card.show(frame(MONO, 3))
    assert sim.state()["priority"] == 32
    assert sim.glass == page(MONO, 3).sha256


def test_settings_reach_the_sign(listen: str, stack: ExitStack) -> None:
    sim, card = pair(stack, listen)
    info = card.info()
    assert (info.model, info.details["width"], info.details["graphics"]) == ("ledsign simulated", "96", "16")
    bring(card, frame(MONO, 1))
    card.set_brightness(50)
    assert sim.state()["brightness"] == 128
    now = SystemClock().now()
    card.set_clock(now)
    assert abs(int(str(sim.state()["clock"])) - now.timestamp()) < 3
    card.set_power(False)
    assert not any(sim.pixels)
    card.set_power(True)
    bring(card, frame(MONO, 1))
    card.clear()
    assert not any(sim.pixels)
    assert sim.state()["comm_loss"] == 10


def test_a_sign_of_another_size_is_refused(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("ntcip", "udp://127.0.0.1:0", DUAL))
    card = Card("ntcip", sim.url, MONO, SystemClock(), HASTY)
    stack.callback(card.close)
    with pytest.raises(CardUnusableError, match="72x20"):
        card.ensure()


# ---- what it draws -------------------------------------------------------------------------------------------


class Glass:
    """A sign without a line, and what it lights."""

    def __init__(self, panel: Panel) -> None:
        self.pictures: list[tuple[Pixels, str]] = []
        self.brain = ntcip.NtcipBrain(panel, lambda pixels, cause: self.pictures.append((pixels, cause)), False)
        self.brain.power_up()

    def put(self, *binds: tuple[tuple[int, ...], Value]) -> int:
        request = Snmp(Pdu.SET, 1, tuple(Bind(oid, value) for oid, value in binds))
        (reply,) = self.brain.answer(request)
        assert isinstance(reply, Snmp)
        return reply.error

    def get(self, oid: tuple[int, ...]) -> int:
        (reply,) = self.brain.answer(Snmp(Pdu.GET, 2, (Bind(oid),)))
        assert isinstance(reply, Snmp)
        return reply.binds[0].value.number

    def show(self, text: bytes) -> tuple[int, int]:
        """The message's state and its MULTI error."""
        for column, value in ((o.STATUS, integer(6)), (o.MULTI, octets(text)), (o.STATUS, integer(7))):
            assert not self.put((o.message(column, 4, 1), value))
        code = Activation(65535, 255, MessageId(4, 1, message_crc(text)), "0.0.0.0")
        self.put((o.ACTIVATE, octets(code.pack())))
        return self.get(o.message(o.STATUS, 4, 1)), self.get(o.MULTI_ERROR)


def test_renderings_of_an_independent_implementation() -> None:
    """Vectors N20 to N22: what its renderer draws and refuses on a sign of 24x10 pixels."""
    glass = Glass(Panel("n20", 24, 10, ColorMode.RGB, 10))
    assert glass.show(b"[cr1,1,4,3,0,0,255]") == (4, 2)
    lit = glass.pictures[-1][0]
    assert (lit[:3, :4] == (0, 0, 255)).all()
    assert lit.sum() == 12 * 255
    assert glass.show(b"[g6]") == (5, MultiFault.GRAPHIC_NOT_DEFINED)
    assert glass.show(b"[zz]") == (5, MultiFault.UNSUPPORTED_TAG)
    assert glass.show(b"AAAAAAAAAA") == (5, MultiFault.TEXT_TOO_BIG)
    assert (glass.pictures[-1][0] == lit).all()  # refused messages leave the glass alone
    turns = ntcip.phases(parse(b"[pt10o5]A[np]B"))
    assert [(page is None, seconds) for page, seconds in turns] == [(False, 1), (True, 0.5), (False, 1), (True, 0.5)]


def test_pages_take_turns() -> None:
    glass = Glass(Panel("turns", 24, 10, ColorMode.RGB, 10))
    assert glass.show(b"[pt1o0]A[np][cr1,1,1,1,7]") == (4, 2)
    end = time.monotonic() + 2
    while len(glass.pictures) < 5 and time.monotonic() < end:
        time.sleep(min(0.05, glass.brain.due() or 0.05))
        glass.brain.tick()
    assert {int(pixels.sum()) for pixels, _cause in glass.pictures[1:]} == {3 * 255, 3 * 255 * 5 * 7}


# ---- witnesses from outside -----------------------------------------------------------------------------------


def name(oid: tuple[int, ...]) -> str:
    return "." + ".".join(map(str, oid))


class NetSnmp:
    """The command-line tools of net-snmp."""

    def __init__(self, url: str) -> None:
        self._where = url.removeprefix("udp://")

    def run(self, tool: str, *arguments: str) -> tuple[bool, str]:
        command = [tool, "-v1", "-c", "public", "-t", "2", "-r", "0", "-Onq", "-Oe", self._where, *arguments]
        plain = {"MIBS": "", "PATH": "/usr/bin"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=plain)
        return done.returncode == 0, done.stdout + done.stderr

    def get(self, oid: tuple[int, ...]) -> str:
        good, text = self.run("snmpget", name(oid))
        assert good, text
        return text.split(" ", 1)[1].strip().strip('"').strip()

    def put(self, *binds: tuple[tuple[int, ...], str, str]) -> tuple[bool, str]:
        return self.run("snmpset", *(part for oid, kind, value in binds for part in (name(oid), kind, value)))


@pytest.fixture
def tools() -> None:
    if shutil.which("snmpset") is None:
        pytest.skip("net-snmp's tools (Debian package snmp) are not installed")


@pytest.mark.usefixtures("tools")
def test_net_snmp_stores_validates_activates_and_is_refused(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("ntcip", "udp://127.0.0.1:0", MONO))
    centre = NetSnmp(sim.url)
    text = "[jp3]TEST [fl]Flashing[/fl]"  # the official example: CRC 95F9
    status = o.message(o.STATUS, 3, 7)
    assert centre.put((status, "i", "6"))[0]
    good, why = centre.put(
        (o.message(o.MULTI, 3, 7), "s", text),
        (o.message(o.OWNER, 3, 7), "s", "centre"),
        (o.message(o.RUN_PRIORITY, 3, 7), "i", "50"),
    )
    assert good, why
    assert centre.put((status, "i", "7"))[0]
    assert centre.get(status) == "4"
    assert centre.get(o.message(o.CRC, 3, 7)) == str(0x95F9)
    assert centre.put((o.ACTIVATE, "x", "01 0B 37 03 00 07 95 F9 67 08 09 0A"))[0]
    assert sim.shown[-1].cause == "text"
    assert centre.get(o.TABLE_SOURCE) == "03 00 07 95 F9"
    assert centre.get(o.TIME_REMAINING) == "267"
    assert centre.get(o.REQUESTER) == "103.8.9.10"
    low = Activation(65535, 49, MessageId(7, 1, 0), "0.0.0.0").pack().hex(" ")
    good, why = centre.put((o.ACTIVATE, "x", low))
    assert not good
    assert "genError" in why
    assert centre.get(o.ACTIVATE_ERROR) == "3"
    good, why = centre.put((o.WIDTH, "i", "5"))
    assert "noSuchName" in why
    good, walk = centre.run("snmpwalk", name(o.dms(6)))
    assert good
    assert walk.count("\n") >= 20


@pytest.mark.usefixtures("tools")
def test_net_snmp_uploads_a_graphic_and_sees_it_lit(stack: ExitStack) -> None:
    sim = stack.enter_context(simulator.serve("ntcip", "udp://127.0.0.1:0", MONO))
    centre, wanted = NetSnmp(sim.url), page(MONO, 5)
    state, data = o.graphic(o.G_STATUS, 2), wanted.pixels  # 96 is a multiple of 8: no padding to leave out
    assert centre.put((state, "i", "7"))[0]
    assert centre.put(
        (o.graphic(o.G_NUMBER, 2), "i", "2"), (o.graphic(o.G_HEIGHT, 2), "i", "64"),
        (o.graphic(o.G_WIDTH, 2), "i", "96"), (o.graphic(o.G_TYPE, 2), "i", "1"),
        (o.graphic(o.G_TRANSPARENT, 2), "i", "0"), (o.graphic(o.G_COLOUR, 2), "x", "00 00 00"),
    )[0]  # fmt: skip
    for number, at in enumerate(range(0, len(data), 512), 1):
        assert centre.put((o.block(2, number), "x", data[at : at + 512].hex(" ")))[0]
    assert not centre.put((o.block(2, 1), "x", bytes(513).hex(" ")))[0]
    assert centre.put((state, "i", "8"))[0]
    time.sleep(0.05)
    assert centre.get(state) == "4"
    identity = graphic_id(2, 64, 96, 1, False, b"\0\0\0", data)
    assert centre.get(o.graphic(o.G_ID, 2)) == str(identity)
    text = f"[g2,1,1,{identity:04x}]"
    assert centre.put((o.message(o.STATUS, 4, 1), "i", "6"))[0]
    assert centre.put((o.message(o.MULTI, 4, 1), "s", text))[0]
    assert centre.put((o.message(o.STATUS, 4, 1), "i", "7"))[0]
    code = Activation(65535, 255, MessageId(4, 1, message_crc(text.encode())), "0.0.0.0")
    assert centre.put((o.ACTIVATE, "x", code.pack().hex(" ")))[0]
    assert sim.glass == wanted.sha256


def test_pysnmp_reads_what_we_say(stack: ExitStack) -> None:
    sim, card = pair(stack)
    bring(card, frame(MONO, 1))
    shown = str(sim.state()["message"])

    async def ask() -> tuple[object, int, list[object]]:
        host, port = sim.url.removeprefix("udp://").split(":")
        with pysnmp.SnmpDispatcher() as dispatcher:
            where = await pysnmp.UdpTransportTarget.create((host, int(port)), timeout=2, retries=0)
            names = [name(oid)[1:] for oid in (o.TABLE_SOURCE, o.WIDTH, o.SOURCE_MODE, o.GRAPHIC_MEMORY)]
            objects = [pysnmp.ObjectType(pysnmp.ObjectIdentity(each)) for each in names]
            community = pysnmp.CommunityData("public", mpModel=0)
            trouble, status, _index, binds = await pysnmp.get_cmd(dispatcher, community, where, *objects)
            return trouble, int(status), [bind[1] for bind in binds]

    trouble, status, values = asyncio.run(ask())
    assert trouble is None
    assert status == 0
    source, width, mode, _memory = values
    assert bytes(source).hex() == shown  # type: ignore[call-overload]
    assert (int(width), int(mode)) == (96, Source.CENTRAL)  # type: ignore[call-overload]
