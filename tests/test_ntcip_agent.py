"""Our screen as a standard sign: a centre with net-snmp's tools, and the desk where its wishes arrive."""

import io
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PIL import Image

from kit import FakeClock
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError
from ledsign.ntcip_agent import CentreMessage, Desk, NtcipAgent, Policy
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip import snmp
from ledsign.protocol.ntcip.ber import EMPTY, Oid, Value, integer, octets
from ledsign.protocol.ntcip.checks import graphic_id, message_crc
from ledsign.protocol.ntcip.codes import BLANK, SCHEDULE, Activation, MessageId, Source
from ledsign.protocol.ntcip.snmp import Bind, Fault, Pdu, Snmp

PANEL = Panel("village", 24, 10, ColorMode.MONO, 10)
HERE = "127.0.0.1"


@dataclass
class Village:
    """A program behind the sign."""

    priority: int = 1
    percent: int = 60
    willing: bool = True
    told: list[CentreMessage | int | str] = field(default_factory=list)

    def desk(self) -> Desk:
        return Desk(
            priority=lambda: self.priority,
            percent=lambda: self.percent,
            errors=lambda: 1 << 5,
            may=lambda _message: self.willing,
            show=self.told.append,
            blank=self.told.append,
            release=lambda: self.told.append("release"),
        )


class Centre:
    """A centre without a line: datagrams straight into the agent."""

    def __init__(self, agent: NtcipAgent) -> None:
        self.agent = agent

    def ask(self, kind: Pdu, *binds: tuple[Oid, Value]) -> Snmp:
        request = Snmp(kind, 5, tuple(Bind(oid, value) for oid, value in binds), community="centre")
        answer = self.agent.answer(snmp.pack(request), HERE)
        self.agent._tell()
        return snmp.parse(answer)

    def put(self, *binds: tuple[Oid, Value]) -> int:
        return self.ask(Pdu.SET, *binds).error

    def get(self, oid: Oid) -> Value:
        reply = self.ask(Pdu.GET, (oid, EMPTY))
        assert not reply.error
        return reply.binds[0].value

    def store(self, text: bytes, priority: int = 200) -> MessageId:
        def cell(column: int) -> Oid:
            return o.message(column, 3, 1)

        assert not self.put((cell(o.STATUS), integer(6)))
        assert not self.put((cell(o.MULTI), octets(text)), (cell(o.RUN_PRIORITY), integer(priority)))
        assert not self.put((cell(o.STATUS), integer(7)))
        assert self.get(cell(o.STATUS)).number == 4
        return MessageId(3, 1, message_crc(text))

    def activate(self, message: MessageId, priority: int = 255, minutes: int = 65535) -> int:
        return self.put((o.ACTIVATE, octets(Activation(minutes, priority, message, "10.9.8.7").pack())))


def policy(allow: str = "127.0.0.0/8") -> Policy:
    return Policy.parse("127.0.0.1:0", (allow,), "centre")


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def centre(village: Village, clock: FakeClock) -> Centre:
    return Centre(NtcipAgent(policy(), PANEL, clock, village.desk()))


def test_at_rest_the_sign_shows_the_programme_of_the_village(centre: Centre, village: Village) -> None:
    assert centre.get(o.SOURCE_MODE).number == Source.SCHEDULER
    shown = MessageId.unpack(centre.get(o.TABLE_SOURCE).octets)
    assert (shown.memory, shown.number) == (2, 1)
    assert centre.get(o.message(o.MULTI, 5, 1)).octets == b"LOCAL PROGRAMME"
    assert (centre.get(o.ILLUM_STATUS).number, centre.get(o.SHORT_ERRORS).number) == (60, 1 << 5)
    assert village.told == []


def test_a_message_arrives_with_text_priority_and_duration(centre: Centre, village: Village) -> None:
    text = b"[jp3][jl3][hc6D2A][hc6C34] 12:00[nl]GO UP[np][pt50o0]NOW"
    assert centre.activate(centre.store(text), minutes=30) == 0
    (wish,) = village.told
    assert isinstance(wish, CentreMessage)
    assert [page.lines for page in wish.pages] == [("洪水 12:00", "GO UP"), ("NOW",)]
    assert [page.seconds for page in wish.pages] == [3.0, 5.0]
    assert (wish.priority, wish.minutes, wish.asker) == (200, 30, "10.9.8.7")
    assert wish.pages[0].picture is None
    assert wish.id == f"ntcip-3-1-{message_crc(text):04x}"


def test_it_ends_by_duration_by_the_schedule_or_by_blanking(
    centre: Centre, village: Village, clock: FakeClock
) -> None:
    message = centre.store(b"A")
    centre.activate(message, minutes=2)
    clock.advance(121)
    assert centre.get(o.SOURCE_MODE).number == Source.SCHEDULER
    assert village.told[-1] == "release"
    centre.activate(message)
    centre.activate(SCHEDULE)
    centre.activate(MessageId(7, 90, 0))
    assert len(village.told) == 5
    assert village.told[3:] == ["release", 90]
    centre.agent.close()
    assert village.told[-1] == "release"


def test_what_the_village_shows_may_guard_itself(centre: Centre, village: Village) -> None:
    message = centre.store(b"A")
    village.priority = 200
    assert centre.activate(message, priority=199) == Fault.GEN_ERR
    assert centre.get(o.ACTIVATE_ERROR).number == 3
    village.willing = False  # the operator has blanked the screen
    assert centre.activate(message, priority=200) == Fault.GEN_ERR
    assert centre.get(o.ACTIVATE_ERROR).number == 1
    village.willing = True
    assert centre.activate(message, priority=200) == 0
    assert len(village.told) == 1


def test_a_graphic_arrives_as_a_picture(centre: Centre, village: Village) -> None:
    bitmap = bytes.fromhex("800001") + bytes(27)

    def cell(column: int) -> Oid:
        return o.graphic(column, 1)

    assert not centre.put((cell(o.G_STATUS), integer(7)))
    measures = ((o.G_NUMBER, 1), (o.G_HEIGHT, 10), (o.G_WIDTH, 24), (o.G_TYPE, 1))
    assert not centre.put(*((cell(column), integer(number)) for column, number in measures))
    assert not centre.put((o.block(1, 1), octets(bitmap)))
    assert not centre.put((cell(o.G_STATUS), integer(8)))
    identity = graphic_id(1, 10, 24, 1, False, b"\0\0\0", bitmap)
    centre.activate(centre.store(b"[g1,1,1,%04X][np][cr2,3,4,5,7]" % identity))
    (wish,) = village.told
    assert isinstance(wish, CentreMessage)
    first, second = (Image.open(io.BytesIO(page.picture or b"")) for page in wish.pages)
    assert first.size == (24, 10)
    lit = {(x, y) for x in range(24) for y in range(10) if first.getpixel((x, y)) != (0, 0, 0)}
    assert lit == {(0, 0), (23, 0)}
    assert second.getbbox() == (1, 2, 5, 7)


def test_clock_and_brightness_are_not_the_centres(centre: Centre) -> None:
    assert centre.put((o.CLOCK, integer(5))) == Fault.NO_SUCH_NAME
    assert centre.put((o.ILLUM_LEVEL, integer(5))) == Fault.NO_SUCH_NAME


def test_strangers_get_no_answer(village: Village, clock: FakeClock) -> None:
    agent = NtcipAgent(policy("10.0.0.0/8"), PANEL, clock, village.desk())
    request = snmp.pack(Snmp(Pdu.GET, 1, (Bind(o.WIDTH),), community="centre"))
    assert agent.answer(request, HERE) == b""
    assert agent.answer(request[:-1], "10.1.1.1") == b""
    assert agent.answer(snmp.pack(Snmp(Pdu.GET, 1, (Bind(o.WIDTH),))), "10.1.1.1") == b""
    assert agent.answer(request, "10.1.1.1")
    assert agent.refused == 3


@pytest.mark.parametrize(
    ("listen", "allow", "community"),
    [("nowhere", ("10.0.0.0/8",), "c"), ("127.0.0.1:1", (), "c"), ("127.0.0.1:1", ("10.0.0.1/8",), "c"),
     ("127.0.0.1:99999", ("10.0.0.0/8",), "c"), ("127.0.0.1:1", ("10.0.0.0/8",), "")],
)  # fmt: skip
def test_bad_settings_are_named(listen: str, allow: tuple[str, ...], community: str) -> None:
    with pytest.raises(ConfigError, match="ntcip"):
        Policy.parse(listen, allow, community)


# ---- from outside ---------------------------------------------------------------------------------------------


@pytest.fixture
def running(village: Village) -> Iterator[NtcipAgent]:
    agent = NtcipAgent(policy(), PANEL, SystemClock(), village.desk())
    agent.open()
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,), daemon=True)
    thread.start()
    yield agent
    stop.set()
    thread.join(5)


def test_net_snmp_is_a_centre(running: NtcipAgent, village: Village) -> None:
    if shutil.which("snmpset") is None:
        pytest.skip("net-snmp's tools (Debian package snmp) are not installed")
    where = "{}:{}".format(*running.address)

    def run(tool: str, *arguments: str) -> str:
        command = [tool, "-v1", "-c", "centre", "-t", "2", "-r", "1", "-Onqv", "-Oe", where, *arguments]
        plain = {"MIBS": "", "PATH": "/usr/bin"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=plain)
        return (done.stdout + done.stderr).strip()

    def name(oid: Oid) -> str:
        return "." + ".".join(map(str, oid))

    status = name(o.message(o.STATUS, 3, 2))
    assert run("snmpset", status, "i", "6") == "6"
    text = "EVACUATE"
    run("snmpset", name(o.message(o.MULTI, 3, 2)), "s", text, name(o.message(o.RUN_PRIORITY, 3, 2)), "i", "250")
    run("snmpset", status, "i", "7")
    assert run("snmpget", status) == "4"
    crc = int(run("snmpget", name(o.message(o.CRC, 3, 2))))
    assert crc == message_crc(text.encode())
    code = Activation(60, 255, MessageId(3, 2, crc), "10.0.0.9").pack().hex(" ")
    assert "Error" not in run("snmpset", name(o.ACTIVATE), "x", code)
    assert run("snmpget", name(o.TIME_REMAINING)) == "60"
    low = Activation(60, 249, BLANK, "10.0.0.9").pack().hex(" ")
    assert "genError" in run("snmpset", name(o.ACTIVATE), "x", low)
    assert run("snmpget", name(o.ACTIVATE_ERROR)) == "3"
    assert "noSuchName" in run("snmpset", name(o.WIDTH), "i", "3")
    assert len(run("snmpwalk", name(o.dms(10))).splitlines()) > 150
    (wish,) = village.told
    assert isinstance(wish, CentreMessage)
    assert wish.pages[0].lines == ("EVACUATE",)
