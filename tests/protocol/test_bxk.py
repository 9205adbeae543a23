"""BX-K: public packets both ways, texts and programmes, what answers mean, and what is refused."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import CardRefusedError, ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.bxk import BXK, commands
from ledsign.protocol.bxk.packets import ANYONE, Packet, Reply
from ledsign.protocol.bxk.text import LEDS, Area, Programme, compose, plain
from ledsign.protocol.codec import Link, Role, Verdict, create
from ledsign.protocol.message import Prepare, SetBrightness, SetClock, SetPower, ShowFrame, StorePage
from ledsign.render.pack import pack
from protocol import case_bxk
from protocol import codec_kit as kit


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((shared / "vectors" / "onbon-bxk.json").read_text())
    return found


def test_all_public_vectors_both_ways(vectors: list[dict[str, object]]) -> None:
    """20 of 21; the document's sample of "set IP" is broken (its length, its CRC) and must be refused."""
    strengths: Counter[object] = Counter()
    case = case_bxk.case()
    for entry in vectors:
        golden = kit.Golden(str(entry["id"]), bytes.fromhex(str(entry["hex"])), Link.SERIAL, str(entry["strength"]))
        if entry["id"] == "K-DOC-13":
            codec = case.make(Link.SERIAL)
            assert codec.feed(golden.data) + codec.silence() == []
            continue
        kit.both_ways(case, golden)
        (message,) = case.make(Link.NET).feed(golden.data)
        assert isinstance(message, Packet)
        assert not isinstance(message.body, commands.OtherCommand), entry["id"]
        strengths[entry["strength"]] += 1
    assert strengths == {"vendor-doc": 11, "vendor-code": 3, "independent-implementation": 6}


def test_programmes_of_the_document_both_ways(vectors: list[dict[str, object]]) -> None:
    """Both ways of counting an area's length: with itself in the newer sample, without in the older."""
    for name, over, text in (("K-DOC-06", 4, "欢迎光临Onbon"), ("K-DOC-27", 0, "www.onbonbx.com")):
        data = next(bytes.fromhex(str(e["hex"])) for e in vectors if e["id"] == name)
        (message,) = create("bxk", Link.SERIAL, Role.CARD).feed(data)
        assert isinstance(message, Packet)
        assert isinstance(message.body, commands.WriteBlock)
        programme = Programme.unpack(message.body.data)
        assert (programme.over, plain(programme.areas[0].data)[0]) == (over, text)
        assert programme.pack() == message.body.data
        assert BXK().value("programme", message.body.data) == (programme, message.body.data)


def test_a_programme_with_two_areas() -> None:
    """As the document's example of a programme with several areas prints it, CRC included."""
    data = bytes.fromhex(
        "005030303065000000ff000001ffffffffffffffff0100000227000000000080000080801000ff00000000000000020203000a0a"
        "08000000bbb6d3adb9e2c1d923000000000080100080801000ff00000000000000020203000a0a04000000313233348aec"
    )
    programme = Programme.unpack(data)
    assert [(area.y, plain(area.data)[0]) for area in programme.areas] == [(0, "欢迎光临"), (16, "1234")]
    assert programme.pack() == data
    for spoiled in (data[:-1], data[:-3] + b"\0" + data[-2:], data + b"\0"):
        with pytest.raises(ProtocolError):
            Programme.unpack(spoiled)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60), font=st.sampled_from([16, 24, 32]))
def test_text_comes_back_as_far_as_the_fonts_have_it(text: str, font: int) -> None:
    data, missing = compose(text, font)
    words, size = plain(data)
    kept = "".join(char for char in text if char >= " " or char == "\n").replace("\\", "\uff3c")
    expected = "".join("□" if char in missing else char for char in kept)
    same = str.maketrans({"\u00a0": " ", "\u2022": "\u00b7", "\u2015": "\u2014"})
    assert (words.translate(same), size) == (expected.translate(same), font)


def frame(text: str, width: int = 128, height: int = 32) -> Frame:
    return Frame(width, height, PixelFormat.TEXT, text.encode(), "")


def test_a_page_becomes_one_area_over_the_panel() -> None:
    page = Page(128, 32, ColorMode.MONO, bytes(512), 5.0, text=("停水通知", "明日8时"))
    packed = pack(page, PixelFormat.TEXT)
    assert packed.page_sha256 == page.words_sha256 != page.sha256
    (command,) = list(BXK().routine(ShowFrame(packed, ttl_s=300)))
    assert isinstance(command, commands.UpdateAreas)
    (area,) = command.areas
    assert (area.x, area.width, area.height, area.mode, area.end) == (LEDS, LEDS | 128, 32, 2, 300)
    assert area.data == b"\\FO000\\FE000\\C1" + "停水通知\\n明日8时".encode("gb2312")
    (data,) = BXK(card_id=7).encode(command)
    (message,) = create("bxk", Link.NET, Role.CARD).feed(data)
    assert isinstance(message, Packet)
    assert (message.dst, message.display, message.reserved) == (7, 1, b"\x01\0")


def test_what_cannot_be_drawn_is_refused_before_a_byte() -> None:
    for wrong in (
        ShowFrame(Frame(64, 32, PixelFormat.PLANES_1, bytes(256), "")),
        ShowFrame(frame("字" * 300)),
        ShowFrame(frame("x"), ttl_s=70_000),
        StorePage(frame("字" * 300)),
        SetBrightness(101),
    ):
        with pytest.raises(UnsupportedError):
            BXK().routine(wrong)
    assert list(create("bxk", options={"series": "6k"}).routine(ShowFrame(frame("字" * 300))))


def test_settings_as_values() -> None:
    codec = BXK()
    at = datetime(2013, 1, 25, 11, 17, 26, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert next(codec.routine(SetClock(at))) == commands.SetTime("2013-01-25T11:17:26", 5)
    assert next(codec.routine(SetPower(False))) == commands.Power(2)
    assert next(codec.routine(SetBrightness(50))) == commands.Brightness(1, 8)


@pytest.mark.parametrize(
    ("command", "reply", "verdict"),
    [
        (commands.Ping(), Reply(0xA0, 0), Verdict.CONFIRMED),
        (commands.Ping(), Reply(0xA0, 1, 5), Verdict.DAMAGED),
        (commands.Ping(), Reply(0xA0, 1, 3), Verdict.DAMAGED),  # busy: again
        (commands.Ping(), Reply(0xA0, 1, 2), Verdict.REFUSED),
        (commands.QueryStatus(), Reply(0xA0, 0), Verdict.FOREIGN),  # an ACK to something else
        (commands.QueryStatus(), Reply(0xA1, 2, 0, bytes(20)), Verdict.CONFIRMED),
        (commands.QueryStatus(), Reply(0xA1, 2, 0, bytes(3)), Verdict.FOREIGN),
        (commands.Ping(), Reply(0xA1, 2, 0, bytes(20)), Verdict.FOREIGN),
        (commands.ReadParameters(), Reply(0xA2, 0x8A, 0, bytes(25)), Verdict.CONFIRMED),
        (commands.ReadParameters(), Reply(0xA2, 0x0A, 0, bytes(25)), Verdict.CONFIRMED),
        (commands.WriteBlock(b"P000", 1, 0, 0, 0, b""), Reply(0xA1, 6, 16, bytes(4)), Verdict.REFUSED),
    ],
)
def test_what_an_answer_means(command: commands.Command, reply: Reply, verdict: Verdict) -> None:
    assert BXK().judge(command, 0, Packet(reply, 0x8000, ANYONE)).verdict is verdict
    assert BXK(card_id=2).judge(command, 0, Packet(reply, 0x8000, 3)).verdict is Verdict.FOREIGN


def test_old_programmes_that_stay_are_said() -> None:
    routine = BXK().routine(Prepare(128, 32, ColorMode.MONO, deep=True))
    status = Packet(Reply(0xA1, 2, 0, bytes(10) + b"\x02" + bytes(20)), 0x8000, ANYONE)
    answers = {commands.QueryStatus: status}
    command = next(routine)
    with pytest.raises(CardRefusedError, match="2 programmes"):
        _through(routine, command, answers, Packet(Reply(0xA2, 0x8A, 0, bytes(25)), 0x8000, ANYONE))


def _through(routine: object, command: object, answers: dict[type, Packet], other: Packet) -> None:
    while True:
        command = routine.send(answers.get(type(command), other))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "options", [{"id": "0"}, {"id": "40000"}, {"series": "7k"}, {"font": "12"}, {"color": "blue"}, {"size": "1"}]
)
def test_options_that_make_no_sense(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        create("bxk", options=options)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400) | st.lists(st.sampled_from(b"\xa5\xa6\x5a\x5b\x01\x02\xfe\x80")).map(bytes))
def test_nothing_that_comes_raises(data: bytes) -> None:
    codec = create("bxk", Link.SERIAL, Role.WITNESS)
    codec.feed(data)
    codec.silence()
    for read in (Area.unpack, Programme.unpack):
        try:
            read(data)
        except ProtocolError:
            continue
