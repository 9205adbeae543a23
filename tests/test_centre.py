"""The emergency centre end to end: programs of others activate; the card's glass and the ledger are witnesses."""

import asyncio
import json
import shutil
import subprocess
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from pysnmp.hlapi.v3arch import asyncio as hlapi
from pysnmp.proto import rfc1902

from ledsign.centre_notice import alert_item
from ledsign.checks import Grade, live_checks, static_checks
from ledsign.clock import SystemClock
from ledsign.config import load_config
from ledsign.control import call
from ledsign.daemon import BUILT, Daemon
from ledsign.database import read_only
from ledsign.errors import ConfigError, StoreError
from ledsign.feed.parse import parse_json, parse_notice
from ledsign.notice import Urgency
from ledsign.ntcip_agent import NOTHING_MAY, CentreMessage, CentrePage, DeclinedError
from ledsign.panel import load_panels
from ledsign.playlist.preempt import CAPS, Level, claim
from ledsign.policy import load_policy
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.checks import message_crc
from ledsign.protocol.ntcip.codes import BLANK, SCHEDULE, ActivateError, Activation, MessageId, Source
from ledsign.protocol.ntcip.smi import EMPTY, integer, octets
from ledsign.protocol.ntcip.snmp import Bind, Pdu, Snmp, pack, parse
from ledsign.stage import Setting, play, set_stage
from ledsign.town.samples import load_form, load_samples
from lonely import lonely

SCREEN = "990203104205"
COMMUNITY = "county-7"
SECTION = {
    "listen": "127.0.0.1:0",
    "allow": ["127.0.0.0/24"],
    "community_file": "ntcip.community",
    "name": "清溪县应急指挥中心",
    "approved_by": "柳塘村村委会",
}


def configure(path, **changes):
    """Add the centre's section to a configuration."""
    community = path.parent / "ntcip.community"
    community.write_text(COMMUNITY + "\n", encoding="ascii")
    community.chmod(0o600)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["ntcip"] = {**SECTION, **changes}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def stage(root, tmp_path):
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    with set_stage(Setting(panel, SCREEN, tmp_path / "out", pace=0.05), SystemClock()) as stage:
        configure(stage.config)
        yield stage


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("glyphs")


@pytest.fixture
def bare(tmp_path, cache):
    """The configuration of a screen without town and card."""
    return configure(lonely(tmp_path, cache, SCREEN))


@pytest.fixture
def clock():
    return SystemClock()


def listening(daemon, clock):
    until = clock.monotonic() + 5
    while clock.monotonic() < until:
        try:
            return daemon.agent.address
        except ConfigError:
            clock.sleep(0.02)
    raise AssertionError("the agent does not listen")


def ledger(config, kind):
    connection = read_only(config.parent / "state" / "ledsign.db")
    try:
        rows = [json.loads(line) for (line,) in connection.execute("SELECT line FROM ledger ORDER BY seq")]
    finally:
        connection.close()
    return [row for row in rows if row.get("kind") == kind or row["row"] == kind]


def of_centre(daemon):
    return [each for each in daemon.store.active().notices if each.issuer.name == SECTION["name"]]


def learn(stage, daemon):
    """The centre's notice, its pages drawn by the stage's own renderer."""
    (held,) = of_centre(daemon)
    notice = parse_notice(parse_json(daemon.store.raw(held.id)))
    for page in stage.renderer.render(notice, daemon.store.asset).pages:
        stage.pages[page.sha256] = (notice, page)
    return notice


# ---- net-snmp -------------------------------------------------------------------------------------------------


class NetSnmp:
    """A centre of net-snmp's command line tools."""

    def __init__(self, address):
        self._where = "{}:{}".format(*address)

    def run(self, tool, *arguments):
        command = [tool, "-v1", "-c", COMMUNITY, "-t", "2", "-r", "1", "-Onqv", "-Oe", self._where, *arguments]
        plain = {"MIBS": "", "PATH": "/usr/bin:/bin:/usr/local/bin"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, env=plain)
        return (done.stdout + done.stderr).strip()

    def get(self, oid):
        return self.run("snmpget", name(oid))

    def store(self, text, number=1, priority=250):
        cells = [name(o.message(column, 3, number)) for column in (o.STATUS, o.MULTI, o.RUN_PRIORITY)]
        self.run("snmpset", cells[0], "i", "6")
        self.run("snmpset", cells[1], "s", text, cells[2], "i", str(priority))
        self.run("snmpset", cells[0], "i", "7")
        assert self.run("snmpget", cells[0]) == "4"
        return MessageId(3, number, int(self.get(o.message(o.CRC, 3, number))))

    def activate(self, message, priority=255, minutes=60):
        code = Activation(minutes, priority, message, "10.0.0.9").pack().hex(" ")
        return self.run("snmpset", name(o.ACTIVATE), "x", code)


def name(oid):
    return "." + ".".join(map(str, oid))


@pytest.fixture
def _net_snmp():
    if shutil.which("snmpset") is None:
        pytest.skip("net-snmp's tools (Debian package snmp) are not installed")


@pytest.mark.usefixtures("_net_snmp")
def test_net_snmp_lights_the_screen_and_calls_it_off(stage, clock):
    with play(stage, clock) as daemon:
        centre = NetSnmp(listening(daemon, clock))
        ordinary = stage.publish(load_samples()[3])
        assert stage.lit(ordinary, 0.0, 15) is not None
        since = clock.monotonic()
        message = centre.store("[jp3][jl3]FLOOD[nl][hc7ACB][hc5373][hc8F6C][hc79FB]")
        assert "Error" not in centre.activate(message)
        notice = learn(stage, daemon)
        assert notice.urgency is Urgency.EMERGENCY
        assert "立即转移" in notice.body[0].text
        assert stage.lit(notice, since, 15) is not None
        assert centre.get(o.TIME_REMAINING) == "60"
        assert int(centre.get(o.SOURCE_MODE)) == Source.CENTRAL
        cut_in = call(stage.config.parent / "control.sock", "status", {})["cut_ins"][0]
        assert (cut_in["owner"], cut_in["level"]) == (SECTION["name"], "emergency")
        since = clock.monotonic()
        assert "Error" not in centre.activate(BLANK)
        assert stage.gone(notice, since, 10) is not None
        assert stage.lit(ordinary, since, 20) is not None
        assert int(centre.get(o.SOURCE_MODE)) == Source.SCHEDULER
        assert daemon.store.raw(notice.id) is None
        assert daemon.ledger.verify().ok
    (shown,) = ledger(stage.config, "centre_shown")
    assert shown["detail"] == {
        "by": SECTION["name"], "asker": "10.0.0.9", "leave": SECTION["approved_by"], "priority": 255,
        "message": f"ntcip-3-1-{message.crc:04x}", "level": "emergency", "seconds": 3600, "id": notice.id,
        "revision": 1,
    }  # fmt: skip
    assert [row["detail"]["id"] for row in ledger(stage.config, "centre_released")] == [notice.id]
    assert any(row["notice_id"] == notice.id for row in ledger(stage.config, "shown"))


@pytest.mark.usefixtures("_net_snmp")
def test_net_snmp_is_refused_as_the_standard_says(stage, clock):
    with play(stage, clock) as daemon:
        centre = NetSnmp(listening(daemon, clock))
        assert "noSuchName" in centre.run("snmpset", name(o.WIDTH), "i", "3")
        assert len(centre.run("snmpwalk", name(o.dms(10))).splitlines()) > 150
        message = centre.store("A")
        assert "genError" in centre.activate(message, priority=127), "below urgent_from"
        assert int(centre.get(o.ACTIVATE_ERROR)) == ActivateError.PRIORITY
        assert "genError" in centre.activate(MessageId(3, 1, message.crc ^ 1))
        assert int(centre.get(o.ACTIVATE_ERROR)) == ActivateError.MESSAGE_CRC
        assert "genError" in centre.activate(MessageId(3, 2, 0))
        assert int(centre.get(o.ACTIVATE_ERROR)) == ActivateError.MESSAGE_STATUS
        assert int(centre.get(o.SHORT_ERRORS)) & (1 << 7)
        call(stage.config.parent / "control.sock", "blank", {"reason": "维修"})
        assert centre.get(o.CONTROL_MODE) == "2"
        assert "genError" in centre.activate(message)
        assert int(centre.get(o.ACTIVATE_ERROR)) == ActivateError.LOCAL_MODE
        call(stage.config.parent / "control.sock", "unblank", {})
        assert "Error" not in centre.activate(message)
        assert int(centre.get(o.SHORT_ERRORS)) & (1 << 7) == 0


# ---- pysnmp ---------------------------------------------------------------------------------------------------


async def _pysnmp(address, orders):
    """SETs with pysnmp, one after another; the error status of each, and a reader for afterwards."""
    engine = hlapi.SnmpEngine()
    who = hlapi.CommunityData(COMMUNITY, mpModel=0)
    target = await hlapi.UdpTransportTarget.create(address, timeout=2, retries=1)
    found = []
    for oid, value in orders:
        kind = hlapi.ObjectType(hlapi.ObjectIdentity(oid), *([] if value is None else [value]))
        verb = hlapi.get_cmd if value is None else hlapi.set_cmd
        fault, status, _index, binds = await verb(engine, who, target, hlapi.ContextData(), kind)
        assert fault is None
        found.append(int(status) if value is not None else binds[0][1])
    engine.close_dispatcher()
    return found


def test_pysnmp_may_not_show_a_persons_number(bare, clock):
    text = b"CALL 13812345678"
    cell = [o.message(column, 4, 2) for column in (o.STATUS, o.MULTI, o.STATUS)]
    values = [rfc1902.Integer(6), rfc1902.OctetString(text), rfc1902.Integer(7)]
    code = Activation(30, 255, MessageId(4, 2, message_crc(text)), "10.0.0.9").pack()
    orders = [*zip(cell, values, strict=True), (o.ACTIVATE, rfc1902.OctetString(code))]
    asked = [(oid, None) for oid in (o.ACTIVATE_ERROR, o.MULTI_ERROR, o.MULTI_OTHER, o.SOURCE_MODE)]
    daemon, stop = Daemon(load_config(bare), clock), threading.Event()
    thread = threading.Thread(target=daemon.agent.run, args=(stop,), daemon=True)
    thread.start()
    try:
        *done, error, fault, why, source = asyncio.run(_pysnmp(listening(daemon, clock), [*orders, *asked]))
    finally:
        stop.set()
        thread.join(5)
    assert done == [0, 0, 0, 5]
    assert (int(error), int(fault), bytes(why)) == (ActivateError.SYNTAX_MULTI, 1, b"pii")
    assert int(source) == Source.SCHEDULER
    assert of_centre(daemon) == []
    assert [line.reason for line in daemon.store.audit() if line.event == "refused"] == ["pii"]
    daemon.database.close()
    assert [row["detail"]["reason"] for row in ledger(bare, "centre_refused")] == ["pii"]


# ---- with the village's own emergencies -----------------------------------------------------------------------


class Line:
    """A centre without a port, for a daemon that does not run: requests straight into its agent."""

    def __init__(self, daemon):
        self.agent = daemon.agent

    def ask(self, kind, *binds):
        request = Snmp(kind, 5, tuple(Bind(*bind) for bind in binds), community=COMMUNITY)
        return parse(self.agent.answer(pack(request), "127.0.0.1"))

    def get(self, oid):
        return self.ask(Pdu.GET, (oid, EMPTY)).binds[0].value

    def show(self, text, priority=255, minutes=60):
        status = o.message(o.STATUS, 4, 1)
        for binds in (
            ((status, integer(6)),),
            ((o.message(o.MULTI, 4, 1), octets(text)), (o.message(o.RUN_PRIORITY, 4, 1), integer(priority))),
            ((status, integer(7)),),
        ):
            assert not self.ask(Pdu.SET, *binds).error
        return self.activate(MessageId(4, 1, message_crc(text)), priority, minutes)

    def activate(self, message, priority=255, minutes=60):
        code = Activation(minutes, priority, message, "10.0.0.9").pack()
        return self.ask(Pdu.SET, (o.ACTIVATE, octets(code))).error


@pytest.fixture
def daemon(bare, clock):
    daemon = Daemon(load_config(bare), clock)
    yield daemon
    daemon.database.close()


@pytest.mark.usefixtures("_net_snmp")
def test_a_red_warning_stands_above_the_centre(stage, clock):
    with play(stage, clock) as daemon:
        centre = NetSnmp(listening(daemon, clock))
        message = centre.store("LANDSLIDE")
        centre.activate(message)
        notice = learn(stage, daemon)
        assert stage.lit(notice, 0.0, 15) is not None
        answer = stage.staff("POST", "/v1/urgent", load_form("emergency-flood"))
        red = stage.learn(str(answer["id"]), 1)
        assert stage.lit(red, 0.0, 15) is not None
        until = clock.monotonic() + 10
        while int(centre.get(o.SOURCE_MODE)) != Source.LOCAL and clock.monotonic() < until:
            clock.sleep(0.1)
        assert int(centre.get(o.SOURCE_MODE)) == Source.LOCAL, "the centre can see that it is not lit"
        assert "genError" in centre.activate(message)
        assert int(centre.get(o.ACTIVATE_ERROR)) == ActivateError.PRIORITY
        stage.staff("POST", f"/v1/alerts/{answer['alert']}/cancel", load_form("cancel-flood"))
        since = clock.monotonic()
        assert stage.lit(notice, since, 20) is not None, "it comes back while its time lasts"


def test_a_message_outlives_a_restart_and_can_still_be_called_off(bare, clock):
    daemon = Daemon(load_config(bare), clock)
    assert Line(daemon).show(b"EVACUATE") == 0
    (before,) = of_centre(daemon)
    daemon.database.close()
    again = Daemon(load_config(bare), clock)
    centre = Line(again)
    assert centre.get(o.SOURCE_MODE).number == Source.CENTRAL
    (after,) = of_centre(again)
    assert (after.id, after.body) == (before.id, before.body)
    assert abs(after.alert.expires - before.alert.expires) <= timedelta(seconds=2)
    assert centre.activate(SCHEDULE) == 0
    assert of_centre(again) == []
    assert again.store.known(before.id).withdrawn
    again.database.close()


@pytest.mark.parametrize(
    ("priority", "minutes", "level", "lasts"),
    [
        (128, 65535, Level.URGENT, CAPS[Level.URGENT]),
        (223, 30, Level.URGENT, timedelta(minutes=30)),
        (224, 65535, Level.EMERGENCY, CAPS[Level.EMERGENCY]),
        (255, 1, Level.EMERGENCY, timedelta(minutes=1)),
    ],
)
def test_level_and_end_follow_the_activation(daemon, clock, priority, minutes, level, lasts):
    assert Line(daemon).show(b"ROAD CLOSED", priority, minutes) == 0
    (notice,) = of_centre(daemon)
    found = claim(notice, disclosure=False, at=clock.now() + timedelta(seconds=2))
    assert found.level is level
    assert abs(notice.alert.expires - notice.publish_at - lasts) <= timedelta(seconds=1)
    assert notice.alert.severity == "unknown", "never red"


def test_an_earlier_message_goes_when_another_comes(daemon):
    centre = Line(daemon)
    centre.show(b"ONE")
    (one,) = of_centre(daemon)
    centre.show(b"TWO")
    (two,) = of_centre(daemon)
    assert (two.id, two.revision) == (one.id, one.revision + 1)
    assert two.body[0].text == "TWO"


def test_a_picture_comes_with_the_notice(daemon):
    centre = Line(daemon)
    assert centre.show(b"[cr10,10,20,20,1]GO LEFT") == 0
    (notice,) = of_centre(daemon)
    picture, paragraph = notice.body
    assert daemon.store.asset(picture).startswith(b"\x89PNG")
    assert paragraph.text == "GO LEFT"


def test_what_the_operator_took_down_stays_down_until_another_order(bare, clock):
    daemon = Daemon(load_config(bare), clock)
    centre = Line(daemon)
    centre.show(b"ONE")
    (notice,) = of_centre(daemon)
    daemon.store.takedown(notice.id, "mistake", "clerk", clock.now())
    daemon.store.tell(daemon.notices)
    assert centre.get(o.SOURCE_MODE).number == Source.LOCAL
    assert not centre.ask(Pdu.SET, (o.TIME_REMAINING, integer(600))).error
    assert of_centre(daemon) == []
    daemon.database.close()
    again = Daemon(load_config(bare), clock)
    centre = Line(again)
    assert centre.get(o.SOURCE_MODE).number == Source.LOCAL
    assert of_centre(again) == []
    centre.show(b"TWO")
    (notice,) = of_centre(again)
    assert notice.revision == 2
    again.database.close()


def test_nothing_of_the_feed_can_use_the_centres_key(daemon):
    assert "centre" not in daemon.keys.ids()


def test_a_disk_that_fails_is_an_activation_error(daemon, monkeypatch):
    def full(*_arguments, **_more):
        raise StoreError("no space left")

    centre = Line(daemon)
    monkeypatch.setattr(daemon.store, "apply", full)
    assert centre.show(b"ONE") == 5
    assert centre.get(o.ACTIVATE_ERROR).number == ActivateError.OTHER
    assert of_centre(daemon) == []
    monkeypatch.undo()
    monkeypatch.setattr(daemon.ledger, "append_event", full)
    assert centre.activate(MessageId(4, 1, message_crc(b"ONE"))) == 0, "the sign goes on without its ledger"
    assert len(of_centre(daemon)) == 1


def test_a_message_without_anything_to_see_is_refused(daemon):
    desk = daemon.agent._desk
    with pytest.raises(DeclinedError, match="empty_body"):
        desk.show(CentreMessage("ntcip-3-1-0000", "", (CentrePage((" ",), None, 3.0),), 255, 60.0, "10.0.0.9"))
    assert desk.guard() < NOTHING_MAY


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"panel": "side"}, "side"),
        ({"emergency_from": 100}, "emergency_from"),
        ({"listen": "0.0.0.0"}, "listen"),
        ({"listen": "300.0.0.1:161"}, "ntcip"),
        ({"allow": ["10.0.0.1/8"]}, "ntcip"),
        ({"community_file": "missing"}, "community_file"),
    ],
)
def test_bad_settings_are_configuration_errors(bare, clock, changes, said):
    configure(bare, **changes)
    with pytest.raises(ConfigError, match=said):
        Daemon(load_config(bare), clock)


@pytest.mark.parametrize(
    ("changes", "mode", "community", "grade"),
    [
        ({}, 0o600, COMMUNITY, Grade.PASS),
        ({}, 0o604, COMMUNITY, Grade.WARN),
        ({}, 0o600, "public", Grade.WARN),
        ({"allow": ["0.0.0.0/0"]}, 0o600, COMMUNITY, Grade.WARN),
        ({"listen": "300.0.0.1:161"}, 0o600, COMMUNITY, Grade.FAIL),
    ],
)
def test_check_reports_it(bare, clock, changes, mode, community, grade):
    configure(bare, **changes)
    path = bare.parent / "ntcip.community"
    path.write_text(community, encoding="ascii")
    path.chmod(mode)
    findings = {each.name: each for each in static_checks(load_config(bare), clock, BUILT)}
    assert findings["ntcip"].grade is grade, findings["ntcip"].text


@pytest.mark.parametrize(
    ("listen", "grade"),
    [("127.0.0.1:0", Grade.PASS), ("192.0.2.77:1161", Grade.FAIL), ("127.0.0.1:99999", Grade.FAIL)],
)
def test_doctor_tries_the_port(bare, clock, listen, grade):
    configure(bare, listen=listen)
    findings = {each.name: each for each in live_checks(load_config(bare), clock)}
    assert findings["ntcip_port"].grade is grade, findings["ntcip_port"].text


def test_a_policy_that_has_no_place_for_a_centre_is_named(root):
    policy = load_policy(root / "configs" / "policy.yaml")
    assert alert_item(policy) == "C12-01"
    strict = replace(policy.approval, emergency_required=("duty_leader", "second_check", "publish"))
    with pytest.raises(ConfigError, match="publish"):
        alert_item(replace(policy, approval=strict))
    with pytest.raises(ConfigError, match="alert"):
        alert_item(replace(policy, items={}))


def test_without_the_section_there_is_no_port(bare, clock):
    document = json.loads(bare.read_text(encoding="utf-8"))
    del document["ntcip"]
    bare.write_text(json.dumps(document), encoding="utf-8")
    daemon = Daemon(load_config(bare), clock)
    assert daemon.agent is None
    daemon.database.close()
