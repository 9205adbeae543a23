"""CP5200 template programmes, files and instant messages: bytes, loss recovery, what answers mean."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import CardRefusedError, ProtocolError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Link, Role, Routine, Verdict, create
from ledsign.protocol.cp5200 import CP5200, basic, calls, files, plans, templates
from ledsign.protocol.cp5200.instant import InstantText
from ledsign.protocol.cp5200.packets import Burst, CallReply, Part, Reply, Request
from ledsign.protocol.gbtext import decode, encode
from ledsign.protocol.message import (
    CardInfo,
    Clear,
    Message,
    Prepare,
    Setup,
    ShowFrame,
    ShowText,
    StorePage,
    UploadFile,
)
from ledsign.simulator.cardtime import CardTime
from ledsign.simulator.cp5200_disk import Disk
from ledsign.simulator.cp5200_templates import Templates

# what the programs of a fielded GPRS system send (their extra device id left out)
FIELD = [
    ("a56832017b01 02000000 82 11 ac01ae", templates.TemplateMode(0x11)),
    (
        "a56832017b01 10000000 85 00000001 01 01 00 68656c6c6f5f3100 5304ae",
        templates.FillText(1, 1, 1, 0, b"hello_1\0"),
    ),
]
WHOLE = templates.TemplateWindow(calls.Window(0, 0, 256, 32), bytes.fromhex("0100000100000300"))
# 81 as the same system builds it for 256x32: stay 3, red, clock content 47, one text window; 40 bytes
FIELD_TEMPLATE = (
    "81 01 0100 0020 01 00 0003 00 00 01 00 00 00 47 00 000000000000 0000 0000 0100 0020 0100000100000300"
)
# and 88: programme 2, a text window; the length leaves out the two bytes of kind and form
FIELD_PROGRAM = "88 00000001 02 00 000000 01 0000 0000 0100 0020 0106020100000300 000000 000004 0100 c4e3bac3"


def clean(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


@pytest.mark.parametrize(("text", "call"), FIELD)
def test_frames_of_a_fielded_system_both_ways(text: str, call: calls.Call) -> None:
    assert create("cp5200", Link.SERIAL, Role.CARD).feed(clean(text)) == [Request(call)]
    assert CP5200(Link.SERIAL).encode(call) == [clean(text)]


def test_bodies_of_a_fielded_system_both_ways() -> None:
    template = templates.parse(clean(FIELD_TEMPLATE))
    assert isinstance(template, templates.DefineTemplate)
    assert (template.width, template.height, template.windows) == (256, 32, (WHOLE,))
    program = templates.parse(clean(FIELD_PROGRAM))
    assert isinstance(program, templates.StandAlone)
    assert (program.program, program.data[2:].decode("gbk")) == (2, "你好")
    for call, text in ((template, FIELD_TEMPLATE), (program, FIELD_PROGRAM)):
        assert bytes((call.code,)) + call.pack() == clean(text)


PAGE = Frame(64, 32, PixelFormat.PLANES_1, random.Random(1).randbytes(256), "")
OTHER = Frame(64, 32, PixelFormat.PLANES_1, random.Random(2).randbytes(256), "")
CALLS: list[calls.Call] = [
    templates.DefineTemplate(0x77, 64, 32, 1, bytes(16), (WHOLE, WHOLE)),
    templates.QueryTemplate(),
    templates.DeletePrograms(),
    templates.DeletePrograms((1, 100)),
    templates.FillText(7, 3, 2, 0x10, bytes(8) + b"abc\0"),
    templates.FillPicture(0xFFFFFFFF, 100, 10, 0x34, bytes(8) + bytes.fromhex("493110000200010080000040")),
    templates.FillPicture(1, 1, 1, 0x01, b"GIF89a;"),
    templates.FillClock(1, 1, 1, 2, bytes(7)),
    templates.StandAlone(
        1, 5, 0x20, (templates.ProgramWindow(WHOLE, 0, 6), templates.ProgramWindow(WHOLE)), b"\1\0abc\0"
    ),
    templates.QueryPrograms(),
    templates.QueryPrograms(2, b"\x05\0\0\0\0"),
    plans.Properties((1, 2), level=3, minutes=600),
    plans.Properties(loops=0, dates=bytes(range(12)), periods=(bytes(6), bytes(range(6)))),
    plans.SetPlan(9, 100, 0x31, 0x7F, b"\x1a\x01\x01", b"\x1a\x0c\x1f", bytes(3), b"\x17\x3b\x3b", b"\x02\x01\x05"),
    plans.DeletePlans(),
    plans.DeletePlans(4, b"\x01\x09"),
    plans.QueryPlans(1, 1, 9),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: type(call).__name__)
def test_every_call_both_ways_and_never_half(call: calls.Call) -> None:
    """81-8D have no vector beside the field frames: their fields and lengths are those of the vendor's tables."""
    stream = bytes((call.code,)) + call.pack()
    assert templates.parse(stream) == call
    for length in range(1, len(stream)):
        try:
            half = templates.parse(stream[:length])
        except ProtocolError:
            continue
        assert bytes((half.code,)) + half.pack() == stream[:length] != stream  # a shorter text is a text
    assert len(templates.DefineTemplate(1, 1, 1, 0, bytes(16), (WHOLE,)).pack()) == 0x28 - 1  # as the field frame
    assert len(plans.Properties((1,), level=1).pack()) == 3 + 2 + 1 + 2 + 2 + 12


@pytest.mark.parametrize(
    "data",
    [
        "85 00000001 00 01 00 41", "86 00000001 01 0b 04 4931", "88 00000001 65 00 000000 01", "82 02", "8a 01",
        "84 01", "84 01 02 05", "8a 00 01 00 04 0000 0000 000000000000000000000000", "8c 00000000", "8b 00000001 01",
        "81 01",
        "88 00000001 01 00 000000 01 0000 0000 0040 0020 0000000000000000 000001 000009 0100",
    ],
)  # fmt: skip
def test_impossible_calls_are_refused(data: str) -> None:
    with pytest.raises(ProtocolError):
        templates.parse(clean(data))


def test_progress_both_ways() -> None:
    progress = templates.Progress(0x01020304, 2, 1, (1, 7, 255))
    assert progress.pack() == clean("01020304 02 01 03 01 07 ff")
    assert templates.Progress.unpack(progress.pack()) == progress
    for wrong in ("01020304 02 01 02 01", "01020304 02 01 02 07 01", "01020304 02 01"):
        with pytest.raises(ProtocolError):
            templates.Progress.unpack(clean(wrong))


class LossyCard:
    """A card without a line: answers what a routine says, and loses packets that nobody waits for."""

    def __init__(self, lost: Sequence[bool] = ()) -> None:
        self.templates = Templates(64, 32, lambda _cause: None, CardTime(datetime.fromisoformat("2012-08-04")))
        self.disk = Disk()
        self._lost = iter(lost)
        self.packets = 0

    def say(self, command: Message) -> Message:
        if isinstance(command, Burst):
            *first, last = command.bodies
            for body in first:
                if not next(self._lost, False):
                    self._one(body)
            return self._one(last)
        assert isinstance(command, calls.Call | basic.Basic)
        return self._one(command)

    def _one(self, body: Message) -> Message:
        self.packets += 1
        if isinstance(body, Part):
            cc, status, data = self.templates.receive(body)
            return CallReply(cc, status, data)
        if isinstance(body, basic.Basic):
            answer = self.disk.answer(body)
            return Reply(body.code, bytes((0, 5, 1, 1, 0, 0, 0, 0x36)) if answer is None else answer)
        assert isinstance(body, calls.Call)
        status, data = self.templates.do(body) if body.code >= 0x81 else (0, b"")
        return CallReply(body.code, status, data)

    def follow(self, codec: CP5200, routine: Routine) -> None:
        """As the driver does it, with what the codec makes of the answers."""
        try:
            command = next(routine)
            while True:
                reply = self.say(command)
                verdict = codec.judge(command, 0, reply).verdict
                if verdict is Verdict.CONFIRMED:
                    command = routine.send(reply)
                else:
                    assert verdict is Verdict.REFUSED, (command, reply)
                    command = routine.throw(CardRefusedError(1))
        except StopIteration:
            return


def ready(card: LossyCard, chunk: int = 16) -> CP5200:
    codec = CP5200(template=True, chunk=chunk)
    card.follow(codec, codec.routine(Prepare(64, 32, ColorMode.MONO, deep=True)))
    return codec


def lit(card: LossyCard) -> bytes:
    return np.packbits(card.templates.picture()[:, :, 0] > 0, axis=1).tobytes()


@settings(max_examples=60, deadline=None)
@given(lost=st.lists(st.booleans(), max_size=60))
def test_lost_packets_are_named_and_sent_again(lost: list[bool]) -> None:
    card = LossyCard(lost)
    codec = ready(card)
    before = card.packets
    card.follow(codec, codec.routine(ShowFrame(PAGE)))
    assert lit(card) == PAGE.data
    needed = -(-(1 + 7 + 8 + 8 + 256) // 16)
    assert card.packets - before <= needed + sum(lost) + 4  # nothing goes twice that had arrived


def test_pages_levels_and_ends() -> None:
    card = LossyCard()
    codec = ready(card)
    assert codec.abilities >= {Ability.TTL, Ability.CUT_IN, Ability.SAFE}
    card.follow(codec, codec.routine(StorePage(OTHER)))
    card.follow(codec, codec.routine(ShowFrame(PAGE, ttl_s=300)))
    assert (lit(card), card.templates.numbers) == (PAGE.data, [1, 2])
    urgent = Frame(64, 32, PixelFormat.PLANES_1, bytes(255) + b"\xff", "")
    card.follow(codec, codec.routine(ShowFrame(urgent, urgent=True)))
    assert (lit(card), card.templates.numbers) == (urgent.data, [1, 2, 3])
    card.follow(codec, codec.routine(ShowFrame(PAGE, ttl_s=300)))  # known: only its minutes are told again
    assert (lit(card), card.templates.numbers) == (PAGE.data, [1, 2])
    due = card.templates.due()
    assert due is not None
    assert 290 < due <= 300  # the card itself ends it
    codec.reset()
    card.follow(codec, codec.routine(Prepare(64, 32, ColorMode.MONO)))
    assert (lit(card), card.templates.numbers) == (OTHER.data, [1])  # the safe page stands in
    card.follow(codec, codec.routine(Clear(64, 32, ColorMode.MONO)))
    assert card.templates.numbers == []


def test_a_repeated_page_is_not_uploaded_again_and_a_vanished_one_is() -> None:
    card = LossyCard()
    codec = ready(card)
    card.follow(codec, codec.routine(ShowFrame(PAGE)))
    before = card.packets
    card.follow(codec, codec.routine(ShowFrame(PAGE)))
    assert card.packets - before == 4, "asked what is there, uncovered, asked whether that is shown"
    card.templates.do(templates.DeletePrograms())
    card.follow(codec, codec.routine(ShowFrame(PAGE)))
    assert lit(card) == PAGE.data


def test_window_mode_keeps_a_page_in_flash() -> None:
    routine = CP5200().routine(StorePage(PAGE))
    kinds = [type(command) for command in routine]
    assert kinds == [calls.Image, calls.SavedWindows]
    assert Ability.TTL not in CP5200().abilities


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (CallReply(0x86, 0, templates.Progress(7, 2, 1, (1,)).pack()), Verdict.CONFIRMED),
        (CallReply(0x83, 0, templates.Progress(7, 2, 1, ()).pack()), Verdict.CONFIRMED),  # as one edition prints it
        (CallReply(0x86, 0, templates.Progress(8, 2, 1, ()).pack()), Verdict.FOREIGN),  # late, for another page
        (CallReply(0x86, 0, b""), Verdict.FOREIGN),
        (CallReply(0x88, 0, templates.Progress(7, 2, 1, ()).pack()), Verdict.FOREIGN),
        (CallReply(0x86, 0x80), Verdict.DISORDER),  # no longer in template mode: it restarted
        (CallReply(0x86, 1), Verdict.DISORDER),
        (CallReply(0x86, 0x12), Verdict.REFUSED),
        (CallReply(0x86, 0, templates.Progress(7, 2, 1, ()).pack(), card_id=5), Verdict.FOREIGN),
        (CallReply(0x86, 0, b"\0\0\0\x07\x02\x01\x34", type=0x68), Verdict.FOREIGN),  # our own packet
    ],
)
def test_what_an_answer_to_an_upload_means(reply: CallReply, verdict: Verdict) -> None:
    burst = Burst((Part(0, 1, b"\x86\0\0\0\x07\x02\x01\x34"),), 0x86, 7)
    assert CP5200().judge(burst, 0, reply).verdict is verdict


def test_only_the_last_packet_of_a_burst_asks_for_an_answer() -> None:
    parts = tuple(Part(n, 2, bytes((0x86, 0, 0, 0, 7, 2, 1, 4)) if not n else b"x") for n in range(3))
    for link in (Link.SERIAL, Link.NET):
        (blob,) = CP5200(link, card_id=9).encode(Burst(parts, 0x86, 7))
        found = CP5200(link, Role.CARD, card_id=9).feed(blob)
        assert [(m.body, m.flag, m.card_id) for m in found] == [  # type: ignore[attr-defined]
            (part, int(part.index == 2), 9) for part in parts
        ]


@settings(max_examples=40, deadline=None)
@given(lost=st.lists(st.booleans(), max_size=300), size=st.integers(1, 40_000))
def test_files_arrive_whole_whatever_is_lost(lost: list[bool], size: int) -> None:
    card, data = LossyCard(lost[:200]), random.Random(size).randbytes(size)
    at = datetime(2026, 11, 21, 8, 30, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    card.follow(CP5200(), CP5200().routine(UploadFile("logo.gif", data, at)))
    assert card.disk.read("logo.gif") == data


@pytest.mark.parametrize(
    ("name", "size"), [("toolongname.gif", 1), ("a.jpeg", 1), ("a.b.c", 1), ("名.gif", 1), ("a.gif", 0), ("", 1)]
)
def test_files_that_the_card_cannot_hold(name: str, size: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
    with pytest.raises(UnsupportedError):
        CP5200().routine(UploadFile(name, bytes(size), at))


def test_an_instant_message_as_the_vendor_makes_it() -> None:
    """The payload of vectors cp-045 and cp-046."""
    payload = clean("770078 03 0000 0000 0040 0010 12 000000 0006 05 04 0004 cda3cbae")
    text = InstantText("停水".encode("gbk"), 3, 0, 0, 64, 16, 0x12, 6, 5, 4)
    assert text.pack() == payload
    assert InstantText.unpack(payload) == text
    with pytest.raises(ProtocolError):
        InstantText.unpack(payload[:-1])
    said = list(CP5200().routine(ShowText("停水" * 150, 20)))
    assert all(isinstance(each, Request) for each in said)
    assert [each.flag for each in said] == [1, 1, 1, 0x11]  # type: ignore[attr-defined]
    whole = InstantText.unpack(b"".join(each.body.data for each in said))  # type: ignore[attr-defined]
    assert (decode(whole.text), whole.times, whole.stay_s) == ("停水" * 150, 1, 20)
    for wrong in (ShowText(""), ShowText("x", 300), ShowText("x" * 2001)):
        with pytest.raises(UnsupportedError):
            CP5200().routine(wrong)


class Settings:
    """A card's records as they are asked for and written; ``mute``: codes of questions that it refuses."""

    def __init__(self, mute: tuple[int, ...] = ()) -> None:
        self.mute = mute
        self.told = {
            0x3C: bytes.fromhex("c0a801dec0a80101ffffff001450ffffffff"), 0x3E: b"\1\2",
            0x45: bytes((5, 0, 22, 30, 0, 0)), 0x46: bytes(24), 0x29: b"\0\0\1\0",
        }  # fmt: skip
        self.said: list[basic.Basic] = []
        self.written: list[basic.Basic] = []

    def follow(self, link: Link, **changes: str) -> Mapping[str, str]:
        """What the set-up says in the end; the codec judges every answer."""
        codec = CP5200(link)
        routine = codec.routine(Setup(changes))
        try:
            command = next(routine)
            while True:
                body = command.body if isinstance(command, Request) else command
                assert isinstance(body, basic.Basic)
                assert not isinstance(command, Request) or command.card_id == self.told[0x3E][0]
                reply = Reply(body.code, b"\1" + self.answer(body), card_id=self.told[0x3E][0])
                if body.code in self.mute and isinstance(body, basic.Query):
                    command = routine.throw(CardRefusedError(0, "no"))
                    continue
                assert codec.judge(command, 0, reply).verdict is Verdict.CONFIRMED, command
                command = routine.send(reply)
        except StopIteration as end:
            found: CardInfo = end.value
            return found.details

    def answer(self, body: basic.Basic) -> bytes:
        self.said.append(body)
        if isinstance(body, basic.Query | files.QueryFreeSpace):
            return self.told[body.code]
        self.written.append(body)
        self.told[body.code] = body.pack()[1:]
        return b""


def test_setup_reads_changes_and_reads_before_it_writes() -> None:
    card = Settings()
    details = card.follow(Link.SERIAL, address="10.0.0.9", id="7", on="06:30", brightness="20")
    assert card.written == [
        basic.WriteBrightness((20,) * 24),
        basic.WriteSchedule(6, 30, 22, 30),
        basic.WriteNetwork(b"\n\0\0\t", b"\xc0\xa8\1\1", b"\xff\xff\xff\0", 5200, b"\xff" * 4),
        basic.WriteId(7, 2),
    ]
    assert (details["address"], details["gateway"], details["id"]) == ("10.0.0.9", "192.168.1.1", "7")
    assert "unread" not in details
    assert isinstance(card.said[-1], basic.QueryId), "under the new ID"


def test_setup_says_what_the_card_tells_and_not_what_was_wished() -> None:
    """A card that confirms a change and keeps its old value."""

    class Stubborn(Settings):
        def answer(self, body: basic.Basic) -> bytes:
            return super().answer(body) if isinstance(body, basic.Query | files.QueryFreeSpace) else b""

    assert Stubborn().follow(Link.NET, on="06:30", mask="255.255.0.0")["on"] == "05:00"
    assert Stubborn().follow(Link.NET, mask="255.255.0.0")["mask"] == "255.255.255.0"


def test_setup_does_not_claim_to_have_read_a_card_that_is_elsewhere_now() -> None:
    details = Settings().follow(Link.NET, address="10.0.0.9", id="7")
    assert details["unread"] == "address gateway mask port code"
    assert "address" not in details
    assert details["id"] == "7", "changed before the address"
    details = Settings().follow(Link.SERIAL, baud="9600")
    assert details["unread"] == "id baud"


@pytest.mark.parametrize(
    ("mute", "changes"),
    [(0x3C, {"address": "10.0.0.9"}), (0x3E, {"baud": "9600"}), (0x3E, {"id": "7"}), (0x45, {"on": "06:00"})],
)
def test_setup_writes_no_guess_beside_a_change(mute: int, changes: dict[str, str]) -> None:
    """A card that does not tell its gateway keeps it: nothing at all is written."""
    card = Settings((mute,))
    with pytest.raises(CardRefusedError, match="does not tell"):
        card.follow(Link.SERIAL, brightness="20", **changes)
    assert card.written == []
    mute_but_given = Settings((0x45,))
    mute_but_given.follow(Link.SERIAL, on="06:00", off="22:00")


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "1"},
        {"address": "1.2.3"},
        {"id": "0"},
        {"baud": "1"},
        {"on": "25:00"},
        {"brightness": "1,2"},
        {"code": "ff"},
    ],
)
def test_setup_that_makes_no_sense_is_refused_before_a_byte(changes: dict[str, str]) -> None:
    with pytest.raises(UnsupportedError):
        CP5200().routine(Setup(changes))


@pytest.mark.parametrize(
    ("text", "charset", "data", "missing"),
    [
        ("停水A1", "gb2312", "cda3cbae4131", ()),
        ("水\n电", "gb2312", "cbae0ab5e7", ()),
        ("囍", "gb2312", "a1f5", ("囍",)),
        ("囍", "gbk", "87d6", ()),
        ("𠮷𠮷x", "gbk", "a1f5a1f578", ("𠮷",)),
        ("—•?", "gb2312", "a1aaa1a43f", ()),
        ("\ud800\x00", "gbk", "a1f5", ("\ud800",)),
        ("é", "gb2312", "a8a6", ()),
    ],
)
def test_text_in_the_cards_character_set(text: str, charset: str, data: str, missing: tuple[str, ...]) -> None:
    assert encode(text, charset) == (bytes.fromhex(data), missing)
