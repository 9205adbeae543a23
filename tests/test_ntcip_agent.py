"""Our screen as a standard sign: a centre with net-snmp's tools, and the desk where its wishes arrive."""

import io
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from PIL import Image

from kit import FakeClock
from ledsign.clock import SystemClock
from ledsign.errors import ConfigError
from ledsign.ntcip_agent import NOTHING_MAY, CentreMessage, DeclinedError, NtcipAgent, Policy
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip import snmp
from ledsign.protocol.ntcip.checks import graphic_id, message_crc
from ledsign.protocol.ntcip.codes import (
    BLANK,
    SCHEDULE,
    ActivateError,
    Activation,
    ControlMode,
    MessageId,
    MultiFault,
    Source,
)
from ledsign.protocol.ntcip.smi import EMPTY, Oid, Value, integer, octets
from ledsign.protocol.ntcip.snmp import Bind, Fault, Pdu, Snmp

PANEL = Panel("village", 24, 10, ColorMode.MONO, 10)
HERE = "127.0.0.1"


@dataclass
class Village:
    """A program behind the sign: a desk that takes everything unless told otherwise."""

    least: int = 1
    brightness: int = 60
    cap: int = 4320
    operator: bool = False
    graver: bool = False
    declines: DeclinedError | None = None
    told: list[CentreMessage | str] = field(default_factory=list)
    memory: str = ""
    rounds: int = 0

    def alive(self) -> None:
        self.rounds += 1

    def percent(self) -> int:
        return self.brightness

    def errors(self) -> int:
        return 1 << 5

    def guard(self) -> int:
        return self.least

    def minutes(self, _priority: int) -> int:
        return self.cap

    def local(self) -> bool:
        return self.operator

    def covered(self) -> bool:
        return self.graver or self.operator

    def show(self, message: CentreMessage) -> None:
        if self.declines is not None:
            raise self.declines
        self.told.append(message)

    def renew(self, message: CentreMessage) -> None:
        self.show(message)

    def release(self) -> None:
        self.told.append("release")

    def kept(self) -> str:
        return self.memory

    def keep(self, memory: str) -> None:
        self.memory = memory

    @property
    def wishes(self) -> list[CentreMessage]:
        return [each for each in self.told if isinstance(each, CentreMessage)]


class Centre:
    """A centre without a line: datagrams straight into the agent."""

    def __init__(self, agent: NtcipAgent, address: str = HERE) -> None:
        self.agent = agent
        self.address = address

    def ask(self, kind: Pdu, *binds: tuple[Oid, Value]) -> Snmp:
        request = Snmp(kind, 5, tuple(Bind(oid, value) for oid, value in binds), community="centre")
        return snmp.parse(self.agent.answer(snmp.pack(request), self.address))

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

    def shown(self) -> tuple[int, int]:
        """(memory type, source mode) of what the sign says is on its glass."""
        return MessageId.unpack(self.get(o.TABLE_SOURCE).octets).memory, self.get(o.SOURCE_MODE).number

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
    return Centre(NtcipAgent(policy(), PANEL, clock, village))


def test_at_rest_the_sign_shows_the_programme_of_the_village(centre: Centre, village: Village) -> None:
    assert centre.get(o.SOURCE_MODE).number == Source.SCHEDULER
    shown = MessageId.unpack(centre.get(o.TABLE_SOURCE).octets)
    assert (shown.memory, shown.number) == (2, 1)
    assert centre.get(o.message(o.MULTI, 5, 1)).octets == b"LOCAL PROGRAMME"
    assert (centre.get(o.ILLUM_STATUS).number, centre.get(o.SHORT_ERRORS).number) == (60, 1 << 5)
    assert village.told == ["release"], "what an earlier run left behind is taken off"


def test_a_message_arrives_with_text_priority_and_duration(centre: Centre, village: Village) -> None:
    text = b"[jp3][jl3][hc6D2A][hc6C34] 12:00[nl]GO UP[np][pt50o0]NOW"
    assert centre.activate(centre.store(text), minutes=30) == 0
    (wish,) = village.wishes
    assert [page.lines for page in wish.pages] == [("洪水 12:00", "GO UP"), ("NOW",)]
    assert [page.seconds for page in wish.pages] == [3.0, 5.0]
    assert (wish.priority, wish.seconds, wish.asker) == (255, 1800.0, "10.9.8.7")
    assert wish.pages[0].picture is None
    assert wish.id == f"ntcip-3-1-{message_crc(text):04x}"


@pytest.mark.parametrize("back", [SCHEDULE, BLANK, MessageId(7, 90, 0), MessageId(6, 1, 0)])
def test_the_schedule_and_a_blank_message_give_the_screen_back(
    centre: Centre, village: Village, back: MessageId
) -> None:
    centre.activate(centre.store(b"A", priority=200))
    assert centre.shown() == (3, Source.CENTRAL)
    assert centre.activate(back, priority=199) == Fault.GEN_ERR
    assert centre.activate(back, priority=200) == 0
    assert centre.shown() == (2, Source.SCHEDULER)
    assert village.told[-1] == "release"


def test_it_ends_by_its_duration_or_at_the_cap(centre: Centre, village: Village, clock: FakeClock) -> None:
    message = centre.store(b"A")
    centre.activate(message, minutes=2)
    clock.advance(121)
    assert centre.get(o.SOURCE_MODE).number == Source.SCHEDULER
    assert village.told[-1] == "release"
    village.cap = 30
    centre.activate(message)
    assert centre.get(o.TIME_REMAINING).number == 30, "for ever is as long as its level may be"
    assert village.wishes[-1].seconds == 1800


def test_another_duration_is_another_wish(centre: Centre, village: Village, clock: FakeClock) -> None:
    centre.activate(centre.store(b"A"), minutes=10)
    clock.advance(300)
    assert centre.put((o.TIME_REMAINING, integer(60))) == 0
    assert [wish.seconds for wish in village.wishes] == [600.0, 3600.0]
    clock.advance(3590)
    assert centre.get(o.TIME_REMAINING).number == 1
    assert centre.put((o.TIME_REMAINING, integer(0))) == 0
    assert village.told[-1] == "release"


def test_a_request_that_fails_half_way_is_undone_at_the_desk(centre: Centre, village: Village) -> None:
    first = centre.store(b"A")
    code = octets(Activation(10, 255, first, "10.9.8.7").pack())
    assert centre.put((o.ACTIVATE, code), (o.WIDTH, integer(3))) == Fault.NO_SUCH_NAME
    assert [isinstance(each, CentreMessage) for each in village.told] == [False, True, False]
    assert centre.shown() == (2, Source.SCHEDULER)


def test_what_the_village_shows_guards_itself(centre: Centre, village: Village) -> None:
    message = centre.store(b"A", priority=10)
    village.least = 200
    assert centre.activate(message, priority=199) == Fault.GEN_ERR
    assert centre.get(o.ACTIVATE_ERROR).number == ActivateError.PRIORITY
    assert centre.activate(message, priority=200) == 0
    assert centre.activate(message, priority=199) == Fault.GEN_ERR, "nor may a weak message be used as a door"
    village.least = NOTHING_MAY
    assert centre.activate(message, priority=255) == Fault.GEN_ERR
    assert len(village.wishes) == 1


def test_an_operator_keeps_the_screen(centre: Centre, village: Village) -> None:
    message = centre.store(b"A")
    village.operator = True
    assert centre.get(o.CONTROL_MODE).number == ControlMode.LOCAL
    assert centre.activate(message) == Fault.GEN_ERR
    assert centre.get(o.ACTIVATE_ERROR).number == ActivateError.LOCAL_MODE
    village.operator = False
    assert centre.activate(message) == 0


@pytest.mark.parametrize(
    ("why", "error", "fault", "text"),
    [
        (DeclinedError("pii", by_text=True), ActivateError.SYNTAX_MULTI, MultiFault.OTHER, b"pii"),
        (DeclinedError("disk"), ActivateError.OTHER, MultiFault.NONE, b""),
    ],
)
def test_a_message_that_may_not_be_shown_is_an_activation_error(
    centre: Centre, village: Village, why: DeclinedError, error: int, fault: int, text: bytes
) -> None:
    message = centre.store(b"A")
    village.declines = why
    assert centre.activate(message) == Fault.GEN_ERR
    assert centre.get(o.ACTIVATE_ERROR).number == error
    assert (centre.get(o.MULTI_ERROR).number, centre.get(o.MULTI_OTHER).octets) == (fault, text)
    assert centre.shown() == (2, Source.SCHEDULER)


def test_something_graver_covers_it_and_it_comes_back_while_its_time_lasts(
    centre: Centre, village: Village, clock: FakeClock
) -> None:
    centre.activate(centre.store(b"A"), minutes=10)
    village.graver = True
    assert centre.shown() == (2, Source.LOCAL)
    assert centre.get(o.message(o.MULTI, 5, 1)).octets == b"LOCAL PROGRAMME"
    village.graver = False
    assert centre.shown() == (3, Source.CENTRAL)
    village.graver = True
    clock.advance(601)
    assert centre.shown() == (2, Source.SCHEDULER)
    village.graver = False
    assert centre.shown() == (2, Source.SCHEDULER)
    assert village.told[-1] == "release"


def test_a_message_under_cover_can_be_called_off(centre: Centre, village: Village) -> None:
    centre.activate(centre.store(b"A", priority=200))
    village.graver, village.least = True, NOTHING_MAY
    assert centre.activate(BLANK, priority=199) == Fault.GEN_ERR
    assert centre.activate(BLANK, priority=200) == 0
    village.graver = False
    assert centre.shown() == (2, Source.SCHEDULER)
    assert village.told[-1] == "release"


def test_a_message_and_the_stored_ones_outlive_the_program(
    centre: Centre, village: Village, clock: FakeClock
) -> None:
    centre.activate(centre.store(b"[cr2,3,4,5,7]A"), minutes=10)
    village.told.clear()
    clock.advance(120)
    again = Centre(NtcipAgent(policy(), PANEL, clock, village))
    assert again.shown() == (3, Source.CENTRAL)
    assert again.get(o.TIME_REMAINING).number == 8
    assert again.get(o.message(o.STATUS, 3, 1)).number == 4
    (wish,) = village.wishes
    assert wish.seconds == pytest.approx(480, abs=1)
    assert wish.pages[0].lines == ("A",)
    assert again.activate(SCHEDULE) == 0
    village.told.clear()
    third = Centre(NtcipAgent(policy(), PANEL, clock, village))
    assert third.shown() == (2, Source.SCHEDULER)
    assert village.told == ["release"]


def test_one_that_ended_while_the_program_was_away_is_gone(
    centre: Centre, village: Village, clock: FakeClock
) -> None:
    centre.activate(centre.store(b"A"), minutes=10)
    village.told.clear()
    clock.advance(601)
    assert Centre(NtcipAgent(policy(), PANEL, clock, village)).shown() == (2, Source.SCHEDULER)
    assert village.told == ["release"]


@pytest.mark.parametrize("kept", ["nonsense", "[]", "{}", '{"form":1}', '{"form":99}'])
def test_a_memory_that_cannot_be_read_is_a_new_sign(village: Village, clock: FakeClock, kept: str) -> None:
    village.memory = kept
    assert Centre(NtcipAgent(policy(), PANEL, clock, village)).shown() == (2, Source.SCHEDULER)


def test_graphics_outlive_the_program(centre: Centre, village: Village, clock: FakeClock) -> None:
    bitmap = bytes(range(30))
    for column, number in ((o.G_STATUS, 7), (o.G_NUMBER, 3), (o.G_HEIGHT, 10), (o.G_WIDTH, 24), (o.G_TYPE, 1)):
        assert not centre.put((o.graphic(column, 2), integer(number)))
    assert not centre.put((o.block(2, 1), octets(bitmap)))
    assert not centre.put((o.graphic(o.G_STATUS, 2), integer(8)))
    identity = centre.get(o.graphic(o.G_ID, 2)).number
    centre.activate(centre.store(b"[g3]"))
    again = Centre(NtcipAgent(policy(), PANEL, clock, village))
    assert again.get(o.graphic(o.G_ID, 2)).number == identity == graphic_id(3, 10, 24, 1, False, b"\0\0\0", bitmap)
    assert village.wishes[0].pages == village.wishes[1].pages


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
    (wish,) = village.wishes
    first, second = (Image.open(io.BytesIO(page.picture or b"")) for page in wish.pages)
    assert first.size == (24, 10)
    lit = {(x, y) for x in range(24) for y in range(10) if first.getpixel((x, y)) != (0, 0, 0)}
    assert lit == {(0, 0), (23, 0)}
    assert second.getbbox() == (1, 2, 5, 7)


def test_a_graphic_made_smaller_after_its_blocks_came_is_as_large_as_it_says(
    village: Village, clock: FakeClock
) -> None:
    centre = Centre(NtcipAgent(policy(), Panel("village", 24, 10, ColorMode.RGB, 10), clock, village))
    for column, number in ((o.G_STATUS, 7), (o.G_NUMBER, 1), (o.G_HEIGHT, 10), (o.G_WIDTH, 16), (o.G_TYPE, 4)):
        assert not centre.put((o.graphic(column, 1), integer(number)))
    assert not centre.put((o.block(1, 1), octets(bytes(range(240)) * 2)))
    assert not centre.put((o.graphic(o.G_WIDTH, 1), integer(2)))
    assert not centre.put((o.graphic(o.G_STATUS, 1), integer(8)))
    assert centre.activate(centre.store(b"[g1]")) == 0
    (wish,) = village.wishes
    picture = Image.open(io.BytesIO(wish.pages[0].picture or b""))
    assert picture.size == (24, 10)
    assert picture.getpixel((1, 0)) == (5, 4, 3), "B G R on the line"


def test_clock_and_brightness_are_not_the_centres(centre: Centre) -> None:
    assert centre.put((o.CLOCK, integer(5))) == Fault.NO_SUCH_NAME
    assert centre.put((o.ILLUM_LEVEL, integer(5))) == Fault.NO_SUCH_NAME


def test_strangers_get_no_answer(village: Village, clock: FakeClock) -> None:
    agent = NtcipAgent(policy("10.0.0.0/8"), PANEL, clock, village)
    request = snmp.pack(Snmp(Pdu.GET, 1, (Bind(o.WIDTH),), community="centre"))
    assert agent.answer(request, HERE) == b""
    assert agent.answer(request[:-1], "10.1.1.1") == b""
    assert agent.answer(snmp.pack(Snmp(Pdu.GET, 1, (Bind(o.WIDTH),))), "10.1.1.1") == b""
    assert agent.answer(request, "10.1.1.1")
    assert agent.refused == 3


def test_strangers_who_keep_the_port_busy_do_not_lengthen_a_message(village: Village, clock: FakeClock) -> None:
    agent = NtcipAgent(policy("10.0.0.0/8"), PANEL, clock, village)
    agent.open()
    centre = Centre(agent, "10.1.1.1")
    centre.activate(centre.store(b"A"), minutes=1)
    clock.advance(61)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
        stranger.sendto(b"anything", agent.address)
        agent.step()
    assert agent.refused == 1
    assert village.told[-1] == "release"
    agent.close()


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
    agent = NtcipAgent(policy(), PANEL, SystemClock(), village)
    agent.open()
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,), daemon=True)
    thread.start()
    yield agent
    stop.set()
    thread.join(5)


class Tools:
    """The command-line tools of net-snmp."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._where = "{}:{}".format(*address)

    def run(self, tool: str, *arguments: str) -> str:
        command = [tool, "-v1", "-c", "centre", "-t", "2", "-r", "1", "-Onqv", "-Oe", self._where, *arguments]
        plain = {"MIBS": "", "PATH": "/usr/bin"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=plain)
        return (done.stdout + done.stderr).strip()

    def get(self, oid: Oid) -> str:
        return self.run("snmpget", name(oid))

    def put(self, *binds: tuple[Oid, str, str]) -> str:
        return self.run("snmpset", *(part for oid, kind, value in binds for part in (name(oid), kind, value)))

    def store(self, text: str, number: int, priority: int) -> MessageId:
        """A changeable message, valid."""
        status, multi = o.message(o.STATUS, 3, number), o.message(o.MULTI, 3, number)
        assert self.put((status, "i", "6")) == "6"
        assert "Error" not in self.put((multi, "s", text), (o.message(o.RUN_PRIORITY, 3, number), "i", str(priority)))
        assert self.put((status, "i", "7")) == "7", "a SET is echoed as it was sent"
        assert self.get(status) == "4"
        crc = int(self.get(o.message(o.CRC, 3, number)))
        assert crc == message_crc(text.encode())
        return MessageId(3, number, crc)

    def activate(self, message: MessageId, minutes: int = 60, priority: int = 255) -> str:
        return self.put((o.ACTIVATE, "x", Activation(minutes, priority, message, "10.0.0.9").pack().hex(" ")))


def name(oid: Oid) -> str:
    return "." + ".".join(map(str, oid))


@pytest.fixture
def tools(running: NtcipAgent) -> Tools:
    if shutil.which("snmpset") is None:
        pytest.skip("net-snmp's tools (Debian package snmp) are not installed")
    return Tools(running.address)


def test_net_snmp_is_a_centre(tools: Tools, village: Village) -> None:
    message = tools.store("EVACUATE", 2, 250)
    assert "Error" not in tools.activate(message)
    assert tools.get(o.TIME_REMAINING) == "60"
    assert "genError" in tools.activate(BLANK, priority=249)
    assert tools.get(o.ACTIVATE_ERROR) == "3"
    assert "noSuchName" in tools.put((o.WIDTH, "i", "3"))
    assert "noSuchName" in tools.put((o.PAGE_ON, "i", "3"))
    defaults = (o.PAGE_ON, o.PAGE_OFF, o.JUSTIFY_LINE, o.JUSTIFY_PAGE, o.FONT, o.FLASH_OFF)
    assert [int(tools.get(oid)) for oid in defaults] == [30, 0, 3, 3, 1, 0]
    assert len(tools.run("snmpwalk", name(o.dms(10))).splitlines()) > 150
    (wish,) = village.wishes
    assert wish.pages[0].lines == ("EVACUATE",)


def test_net_snmp_brings_a_picture(tools: Tools, village: Village) -> None:
    """A graphic in blocks, its identity read, named with it in a message; a wrong identity is a syntax error."""
    bitmap = bytes((0x80, 0x01) * 4)  # 16 x 4, without padding

    def cell(column: int) -> Oid:
        return o.graphic(column, 3)

    assert tools.put((cell(o.G_STATUS), "i", "7")) == "7"
    measures = ((o.G_NUMBER, 3), (o.G_HEIGHT, 4), (o.G_WIDTH, 16), (o.G_TYPE, 1), (o.G_TRANSPARENT, 0))
    assert "Error" not in tools.put(*((cell(column), "i", str(number)) for column, number in measures))
    assert "Error" not in tools.put((o.block(3, 1), "x", bitmap.hex(" ")))
    assert "badValue" in tools.put((o.block(3, 1), "x", bytes(513).hex(" ")))
    assert "Error" not in tools.put((cell(o.G_STATUS), "i", "8"))
    assert tools.get(cell(o.G_STATUS)) == "4"
    identity = int(tools.get(cell(o.G_ID)))
    assert identity == graphic_id(3, 4, 16, 1, False, b"\0\0\0", bitmap)
    message = tools.store(f"[g3,1,1,{identity:04x}]", 1, 10)
    assert "Error" not in tools.activate(message)
    assert tools.get(cell(o.G_STATUS)) == "5", "in use"
    (wish,) = village.wishes
    assert wish.pages[0].picture is not None
    assert tools.put((o.message(o.STATUS, 3, 2), "i", "6")) == "6"
    assert "Error" not in tools.put((o.message(o.MULTI, 3, 2), "s", f"[g3,1,1,{identity ^ 1:04x}]"))
    tools.put((o.message(o.STATUS, 3, 2), "i", "7"))
    assert tools.get(o.message(o.STATUS, 3, 2)) == "5"
    assert (tools.get(o.VALIDATE_ERROR), tools.get(o.MULTI_ERROR)) == ("5", "14")


def test_net_snmp_sets_what_follows_and_ends_a_message(tools: Tools, village: Village) -> None:
    """End of duration and lost communication lead where the centre says; 0 minutes end a message at once."""
    after, message = tools.store("DETOUR", 1, 5), tools.store("FLOOD", 2, 200)
    assert "Error" not in tools.put((o.END_DURATION, "x", after.pack().hex(" ")))
    assert "Error" not in tools.put((o.COMM_LOSS, "x", after.pack().hex(" ")), (o.COMM_LOSS_MIN, "i", "5"))
    assert tools.get(o.COMM_LOSS_MIN) == "5"
    assert "badValue" in tools.put((o.END_DURATION, "x", "09 00 01 00 00"))
    assert "Error" not in tools.activate(message, minutes=30)
    assert tools.get(o.SOURCE_MODE) == str(int(Source.CENTRAL))
    assert "Error" not in tools.put((o.TIME_REMAINING, "i", "0"))
    assert tools.get(o.TABLE_SOURCE).replace('"', "").strip() == after.pack().hex(" ").upper()
    assert tools.get(o.SOURCE_MODE) == str(int(Source.END_DURATION))
    assert "genError" in tools.activate(MessageId(3, 2, message.crc ^ 1))
    assert (tools.get(o.ACTIVATE_ERROR), int(tools.get(o.SHORT_ERRORS)) & 1 << 7) == ("7", 1 << 7)
    assert village.wishes[-1].pages[0].lines == ("DETOUR",)
