"""The NTCIP driver: what it asks for a page, what that costs, and how it gets on with signs of other habits."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ledsign.errors import CardRefusedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Link, Routine, Verdict
from ledsign.protocol.message import Clear, Message, Prepare, Rest, ShowFrame
from ledsign.protocol.ntcip import NTCIP
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.codes import GraphicStatus, MessageStatus, Scheme
from ledsign.protocol.ntcip.sign import Shape, Sign
from ledsign.protocol.ntcip.smi import integer, octets
from ledsign.protocol.ntcip.snmp import Bind, Fault, Pdu, Snmp, pack

WIDTH, HEIGHT = 192, 96
PREPARE = Prepare(WIDTH, HEIGHT, ColorMode.MONO, True)


@dataclass
class Line:
    """A driver and a sign in one process, in simulated time. ``habit`` may answer in the sign's place."""

    habit: Callable[[Snmp, float], Snmp | None] = lambda _request, _now: None
    link: Link = Link.SERIAL
    calculating_s: float = 0.02
    requests: list[Snmp] = field(default_factory=list)
    sent: int = 0
    now: float = 0.0

    def __post_init__(self) -> None:
        self.codec, self.far = NTCIP(self.link), NTCIP(self.link)
        self.sign = Sign(Shape(WIDTH, HEIGHT, Scheme.MONO_1BIT, calculating_s=self.calculating_s))
        self.sign.start(0.0)

    def do(self, routine: Routine) -> None:
        """Raises CardRefusedError when the routine gives up."""
        try:
            command = next(routine)
            while True:
                try:
                    reply = self._said(command)
                except CardRefusedError as refusal:
                    command = routine.throw(refusal)
                else:
                    command = routine.send(reply)
        except StopIteration:
            return

    def _said(self, command: Message) -> Message | None:
        if isinstance(command, Rest):
            self.now += command.seconds
            return None
        reply: Message | None = None
        for index, packet in enumerate(self.codec.encode(command)):
            self.sent += len(packet)
            self.now += len(packet) * 10 / 57600
            (request,) = self.far.feed(packet)
            assert isinstance(request, Snmp)
            self.requests.append(request)
            answer = self.habit(request, self.now) or self.sign.handle(request, self.now, 0)
            assert answer is not None
            (echo,) = self.far.encode(answer)
            self.now += len(echo) * 10 / 57600
            (reply,) = self.codec.feed(echo)
            judgement = self.codec.judge(command, index, reply)
            if judgement.verdict is Verdict.REFUSED:
                raise CardRefusedError(judgement.code, "no")
            assert judgement.verdict is Verdict.CONFIRMED
        return reply

    def show(self, seed: int) -> None:
        """One page; what was asked before is forgotten."""
        self.requests.clear()
        self.sent = 0
        data = random.Random(seed).randbytes(WIDTH * HEIGHT // 8)
        self.do(self.codec.routine(ShowFrame(Frame(WIDTH, HEIGHT, PixelFormat.PLANES_1, data, ""))))
        shown = self.sign.state.shown
        assert [g.bitmap for g in shown.graphics.values()] == [data]

    def said(self) -> str:
        """The requests of the page in a letter each."""
        return "".join(_letter(request) for request in self.requests)


def _letter(request: Snmp) -> str:
    oid, value = request.binds[0].oid, request.binds[0].value
    part = oid[len(o.DMS) :]
    if request.pdu is Pdu.GET:
        return "?"
    if part[:3] == (10, 6, 1) and part[3] == o.G_STATUS:
        return {GraphicStatus.MODIFY_REQ: "m", GraphicStatus.READY_REQ: "r", GraphicStatus.NOT_USED_REQ: "n"}[
            GraphicStatus(value.number)
        ]
    if part[:3] == (5, 8, 1) and part[3] == o.STATUS:
        return {MessageStatus.MODIFY_REQ: "M", MessageStatus.VALIDATE_REQ: "V"}[MessageStatus(value.number)]
    return {(10, 6): "d", (10, 7): "b", (5, 8): "T", (6, 3): "A"}[part[:2]]


@pytest.fixture
def line() -> Line:
    made = Line()
    made.do(made.codec.routine(PREPARE))
    return made


def test_a_page_takes_no_more_requests_than_it_must(line: Line) -> None:
    """Graphic and message opened; described, blocks, closed; message written while the sign works on the ID; ID read;
    offered and activated; what is on the glass is read. A row once described is not described again."""
    line.show(1)
    assert line.said() == "mdbbbbbrT?VA?"
    first = line.sent
    for seed in range(2, 17):
        line.show(seed)
    line.show(17)
    assert line.said() == "mbbbbbrT?VA?"
    assert line.sent < first
    line.show(16)  # stored
    assert line.said() == "MTVA?"


@pytest.mark.parametrize("link", [Link.SERIAL, Link.UDP])
def test_bytes_of_a_page_against_the_least_that_would_do(link: Link) -> None:
    """The least: the six orders without which no page is lit, each in a message of its own, and the blocks; nothing
    asked, nothing proven."""
    line = Line(link=link)
    line.do(line.codec.routine(PREPARE))
    for seed in range(20):
        line.show(seed)
    needed = [request for request in line.requests if request.pdu is Pdu.SET]
    opened = [Snmp(Pdu.SET, 1, (bind,)) for bind in needed[0].binds]
    assert (len(opened), len(needed)) == (2, 5 + 5)
    bare = sum(len(line.codec.encode(request)[0]) for request in (*opened, *needed[1:]))
    assert bare / line.sent >= 0.97


def test_a_sign_whose_rows_must_be_empty_before_they_are_opened() -> None:
    cells = {o.graphic(o.G_STATUS, row): row for row in range(1, 21)}

    def habit(request: Snmp, _now: float) -> Snmp | None:
        bind = request.binds[0]
        if bind.oid not in cells or bind.value != integer(GraphicStatus.MODIFY_REQ):
            return None
        graphic = line.sign.graphic(cells[bind.oid])
        assert graphic is not None
        return None if graphic.status is GraphicStatus.NOT_USED else request.fault(Fault.GEN_ERR, 1)

    line = Line(habit)
    line.do(line.codec.routine(PREPARE))
    for seed in range(16):
        line.show(seed)
    line.show(16)  # no row is empty any more
    assert line.said().startswith("m?nmdbbbbbr")


def test_a_sign_that_takes_its_time_to_validate() -> None:
    """An activation that comes too early is refused; the sign is then asked, now and for every later page."""
    offered: list[float] = []

    def habit(request: Snmp, now: float) -> Snmp | None:
        early = bool(offered) and now < offered[-1] + 0.3
        bind = request.binds[0]
        state = bind.oid[: len(o.DMS) + 4] == o.dms(5, 8, 1, o.STATUS)
        if state and bind.value == integer(MessageStatus.VALIDATE_REQ):
            offered.append(now)
        elif early and bind.oid == o.ACTIVATE:
            return request.fault(Fault.GEN_ERR, 1)
        elif early and state and request.pdu is Pdu.GET:
            return request.reply(tuple(Bind(each.oid, integer(MessageStatus.VALIDATING)) for each in request.binds))
        return None

    line = Line(habit)
    line.do(line.codec.routine(PREPARE))
    offered.clear()
    line.show(1)
    assert line.said().startswith("mdbbbbbrT?VA??")
    assert line.said().endswith("A?")
    line.show(2)
    assert line.said().count("A") == 1
    line.do(line.codec.routine(Clear(WIDTH, HEIGHT, ColorMode.MONO)))
    assert line.sign.state.shown.blank


def test_a_sign_that_works_long_on_an_id_is_asked_until_it_has_it() -> None:
    line = Line(calculating_s=3.0)
    line.do(line.codec.routine(PREPARE))
    line.show(1)
    assert "???" in line.said()
    assert line.now > 3.0


@pytest.mark.parametrize("community", ["public", "", "\x04\xa3", "0", "c" * 127, "c" * 300])
@pytest.mark.parametrize("size", [0, 1, 100, 200, 1000])
def test_the_answer_yes_is_the_request_under_another_tag(community: str, size: int) -> None:
    """Made without encoding, and recognised without decoding."""
    codec, far = NTCIP(Link.UDP), NTCIP(Link.UDP)
    request = Snmp(Pdu.SET, 7000, (Bind(o.block(1, 1), octets(bytes(size))),), community=community)
    (packet,) = codec.encode(request)
    assert far.feed(packet) == [request]
    yes = request.reply(request.binds)
    assert far.encode(yes) == [pack(yes)]
    assert codec.feed(pack(yes)) == [yes]


def test_a_request_with_an_error_of_its_own_is_answered_without() -> None:
    far = NTCIP(Link.UDP)
    odd = Snmp(Pdu.SET, 7, (Bind(o.CONTROL_MODE, integer(4)),), error=5, index=1)
    assert far.feed(pack(odd)) == [odd]
    assert far.encode(odd.reply(odd.binds)) == [pack(odd.reply(odd.binds))]


def test_the_answer_yes_is_known_before_it_comes_and_no_other() -> None:
    """The echo of a SET is recognised without being decoded; whatever differs in a bit is read as what it is."""
    codec, far = NTCIP(Link.UDP), NTCIP(Link.UDP)
    request = Snmp(Pdu.SET, 77, (Bind(o.CONTROL_MODE, integer(4)), Bind(o.COMM_LOSS_MIN, integer(10))))
    (packet,) = codec.encode(request)
    (heard,) = far.feed(packet)
    assert heard == request
    yes = request.reply(request.binds)
    (echo,) = far.encode(yes)
    assert codec.feed(echo) == [yes] == NTCIP(Link.UDP).feed(echo)
    (no,) = far.encode(request.fault(Fault.GEN_ERR, 1))
    assert codec.feed(no) == [request.fault(Fault.GEN_ERR, 1)]
    for bit in range(len(echo) * 8):
        spoiled = bytearray(echo)
        spoiled[bit // 8] ^= 1 << bit % 8
        assert codec.feed(bytes(spoiled)) == NTCIP(Link.UDP).feed(bytes(spoiled))
