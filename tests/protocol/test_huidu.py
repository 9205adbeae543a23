"""HuiDu SDK2: every public packet both ways, slices, hostile XML, what a reply means, how a page is brought."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import (
    CardRefusedError,
    CardUnusableError,
    ConfigError,
    ProtocolError,
    TransportError,
    UnsupportedError,
)
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Judgement, Link, Role, Verdict, create
from ledsign.protocol.huidu import HuiDu, codes, packets, xml
from ledsign.protocol.huidu.blank import black_png
from ledsign.protocol.huidu.session import Say, Upload
from ledsign.protocol.message import (
    Message,
    Prepare,
    QueryInfo,
    SetBrightness,
    SetClock,
    SetPower,
    ShowFrame,
    ShowText,
)
from protocol import codec_kit as kit
from protocol.case_huidu import SWITCH, case

GUID = "0123456789abcdef0123456789abcdef"
LINKS = {"tcp": Link.NET, "udp": Link.UDP}
FRAME = Frame(64, 32, PixelFormat.PNG, black_png(64, 32), "")


def ok(method: str, body: str = "", result: str = "kSuccess", guid: str = GUID) -> packets.XmlAnswer:
    return packets.XmlAnswer(xml.answer(guid, method, result, body))


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[kit.Golden]:
    entries = json.loads((shared / "vectors" / "huidu.json").read_text())
    return [
        kit.Golden(e["id"], bytes.fromhex(e["hex"]), LINKS[e["params"]["transport"]], e["strength"])
        for e in entries
        if e["family"] == "huidu-sdk2"
    ]


def test_all_public_vectors_both_ways(vectors: list[kit.Golden]) -> None:
    for golden in vectors:
        kit.both_ways(case(), golden)
    assert Counter(g.source for g in vectors) == {
        "vendor-doc": 4,
        "vendor-code": 2,
        "independent-implementation": 36,
    }


def test_a_whole_session_of_another_client_in_any_pieces(vectors: list[kit.Golden]) -> None:
    stream = [g for g in vectors if g.link is Link.NET]
    kit.any_chunking(case(), stream, [1, 7, 9, 133, 4096, 9000, 12345, 20000])


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_any_chunking(cuts: list[int]) -> None:
    kit.any_chunking(case(), case().goldens, cuts)


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=80) | st.lists(st.sampled_from(b"\x04\x05\x00\x08\x20\x01")).map(bytes))
def test_noise_then_packet(noise: bytes) -> None:
    whole = packets.measure(noise + b"\xff" * 9216, Role.WITNESS) > 0
    for golden in case().goldens if not whole else ():
        kit.noise_then_packet(case(), golden, noise)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=3000), link=st.sampled_from([Link.NET, Link.UDP]), role=st.sampled_from(Role))
def test_nothing_that_comes_raises(data: bytes, link: Link, role: Role) -> None:
    codec = create("huidu", link, role)
    for message in codec.feed(data) + codec.silence():
        codec.judge(Say("GetFiles"), 0, message)


@pytest.mark.parametrize("size", [8000, 9200, 9204])
def test_slices_of_every_client_join_even_inside_a_character(size: int) -> None:
    text = SWITCH.replace("p1", "停水通知" * 2000)
    raw = text.encode()
    card = HuiDu(Link.NET, Role.CARD)
    found: list[Message] = []
    for at in range(0, len(raw), size):
        part = packets.XmlSlice(answer=False, total=len(raw), index=at, data=raw[at : at + size])
        found += card.feed(packets.pack(part) or b"")
    assert found == [packets.XmlAsk(text)]


def test_a_missing_slice_gives_no_text_and_the_next_one_is_whole() -> None:
    raw = SWITCH.encode()
    card = HuiDu(Link.NET, Role.CARD)
    first, third = (packets.XmlSlice(False, len(raw), at, raw[at : at + 20]) for at in (0, 40))
    assert card.feed((packets.pack(first) or b"") + (packets.pack(third) or b"")) == []
    assert card.feed(packets.pack(packets.XmlAsk(SWITCH)) or b"") == [packets.XmlAsk(SWITCH)]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE sdk [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sdk><in method="&b;"/></sdk>',
        '<!DOCTYPE sdk SYSTEM "file:///etc/hostname"><sdk/>',
        "<a>" * 5000 + "</a>" * 5000,
        "<sdk>" + "<a/>" * 30_000 + "</sdk>",
        "<sdk><in",
        "",
        '<?xml version="1.0" encoding="nonsense"?><sdk/>',
        "<sdk>&undefined;</sdk>",
        b"\xff<sdk/>",
    ],
)
def test_hostile_xml_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        xml.read_call(text, "out")


def test_values_are_quoted_and_read_back() -> None:
    nasty = "<\"'&>停"
    call = xml.read_call(xml.request("g", "SetDeviceName", xml.tag("name", {"value": nasty})), "in")
    found = call.body.find("name")
    assert found is not None
    assert found.get("value") == nasty


def script(
    routine_of: HuiDu, intent: object, answers: Callable[[Message], Message | int | None]
) -> tuple[list[Message], object]:
    """Run a routine; numbers are refusals."""
    routine = routine_of.routine(intent)  # type: ignore[arg-type]
    said: list[Message] = []
    try:
        command = next(routine)
        while True:
            said.append(command)
            found = answers(command)
            command = routine.throw(CardRefusedError(found)) if isinstance(found, int) else routine.send(found)
    except StopIteration as end:
        return said, end.value


def card_at(
    now: str = "2026-11-21 12:00:00", listed: bool = True, rotation: str = "0"
) -> Callable[[Message], Message | int | None]:
    """A card that does as it is told."""
    state = {"file": ""}
    programmes: list[str] = []

    def answer(command: Message) -> Message | int | None:
        if isinstance(command, packets.VersionAsk):
            return packets.VersionAnswer(command.version)
        if isinstance(command, packets.FileStart):
            state["file"] = xml.tag(
                "file",
                {"name": command.name, "md5": command.md5, "size": command.size, "existSize": command.size},
            )
            return packets.FileStartAnswer(0, 0)
        if isinstance(command, Upload):
            return packets.FileEndAnswer(0)
        assert isinstance(command, Say)
        if command.method == "AddProgram" and "<program" in command.body:
            programmes[:] = [each.split('"')[0] for each in command.body.split('program guid="')[1:]]
        bodies = {
            "GetDeviceInfo": '<device id="C15-D00-A0000" model="HD-C15"/><version app="7.1"/>'
            f'<screen width="64" height="32" rotation="{rotation}"/>',
            "GetCurrentPlayProgramGUID": xml.tag(
                "program", {"guid": "".join(f"{{{each.upper()}}}" for each in programmes[:1])}
            ),
            "GetProgram": xml.tag(
                "screen", None, *(xml.tag("program", {"guid": f"{{{guid}}}"}) for guid in programmes)
            ),
            "GetTimeInfo": xml.tag("time", {"value": now}),
            "GetFiles": xml.tag("files", None, *([state["file"]] if listed and state["file"] else [])),
        }
        return ok(command.method, bodies.get(command.method, ""))

    return answer


def methods(said: Sequence[Message]) -> list[str]:
    return [m.method if isinstance(m, Say) else type(m).__name__ for m in said]


def prepared(**options: str) -> HuiDu:
    codec = HuiDu.from_options(Link.NET, Role.DRIVER, options)
    script(codec, Prepare(64, 32, ColorMode.MONO), card_at())
    return codec


def test_handshake_then_nothing_old_is_left() -> None:
    codec = HuiDu()
    said, info = script(codec, Prepare(64, 32, ColorMode.MONO, deep=True), card_at())
    assert methods(said) == ["VersionAsk", "GetIFVersion", "GetDeviceInfo", "AddProgram", "GetFiles"]
    assert info.model == "HD-C15"  # type: ignore[attr-defined]
    assert GUID.encode() in codec.encode(Say("GetFiles"))[0]
    stamps = [m.body for m in said if isinstance(m, Say) and m.method == "AddProgram"]
    assert "<program" not in stamps[0]
    codec.reset()
    assert b"##GUID" in codec.encode(Say("GetFiles"))[0]


def test_another_card_or_another_screen_is_no_card_of_ours() -> None:
    with pytest.raises(CardUnusableError, match="C15-D00-A0000"):
        prepared(id="C16-D00-A0001")
    prepared(id="C15-D00-A0000")
    for other in ((128, 64), (32, 64)):
        with pytest.raises(CardUnusableError, match="64x32"):
            script(HuiDu(), Prepare(*other, ColorMode.MONO), card_at())
    script(HuiDu(), Prepare(32, 64, ColorMode.MONO), card_at(rotation="90"))
    with pytest.raises(CardUnusableError, match="64x32"):
        script(HuiDu(), Prepare(32, 65, ColorMode.MONO), card_at(rotation="90"))


def test_a_page_is_a_file_and_a_programme_that_is_played() -> None:
    codec = prepared()
    said, _ = script(codec, ShowFrame(FRAME), card_at())
    assert methods(said) == ["FileStart", "Upload", "AddProgram", "GetCurrentPlayProgramGUID"]
    again, _ = script(codec, ShowFrame(FRAME), card_at())
    assert methods(again) == ["GetCurrentPlayProgramGUID", "AddProgram", "GetCurrentPlayProgramGUID"], (
        "the file is there"
    )
    first, second = (next(m for m in s if isinstance(m, Say) and m.method == "AddProgram") for s in (said, again))
    assert first.body.split("timeStamps")[1][:20] != second.body.split("timeStamps")[1][:20]
    assert first.body.split("program guid=")[1][:34] != second.body.split("program guid=")[1][:34]
    assert 'flag="realtime"' not in first.body
    urgent, _ = script(codec, ShowFrame(FRAME, urgent=True), card_at())
    assert 'flag="realtime"' in urgent[0].body  # type: ignore[attr-defined]


def test_upload_goes_on_where_it_stopped_and_starts_anew_when_broken() -> None:
    codec = prepared()
    good = card_at()
    existing = iter([10, 99_999, 0])

    def answer(command: Message) -> Message | int | None:
        found = good(command)
        return packets.FileStartAnswer(0, next(existing)) if isinstance(command, packets.FileStart) else found

    said, _ = script(codec, ShowFrame(FRAME), answer)
    assert [m.data for m in said if isinstance(m, Upload)] == [FRAME.data[10:]]
    other = Frame(64, 32, PixelFormat.PNG, FRAME.data + b" ", "")
    said, _ = script(codec, ShowFrame(other), answer)
    assert methods(said)[:3] == ["FileStart", "DeleteFiles", "FileStart"]


def resumed(of: Callable[[Message], Message | int | None]) -> Callable[[Message], Message | int | None]:
    """A card that has the first ten bytes of every file."""

    def answer(command: Message) -> Message | int | None:
        found = of(command)
        return packets.FileStartAnswer(0, 10) if isinstance(command, packets.FileStart) else found

    return answer


def test_a_file_with_older_bytes_under_it_must_be_listed_whole() -> None:
    said, _ = script(prepared(), ShowFrame(FRAME), resumed(card_at()))
    assert methods(said) == ["FileStart", "Upload", "GetFiles", "AddProgram", "GetCurrentPlayProgramGUID"]
    with pytest.raises(CardRefusedError) as refused:
        script(prepared(), ShowFrame(FRAME), resumed(card_at(listed=False)))
    assert refused.value.code == codes.FILE_NOT_FINISH


def test_a_file_that_the_programme_lacks_is_brought_anew() -> None:
    """The card has the last word on the MD5: it names in its answer what it does not have."""
    codec, good = prepared(), card_at()

    def lacking(command: Message) -> Message | int | None:
        if isinstance(command, Say) and command.method == "AddProgram":
            name = command.body.split('file name="')[1].split('"')[0]
            entry = xml.tag("file", {"name": name, "result": "kFileNotFound"})
            return ok(command.method, xml.tag("files", None, entry))
        return good(command)

    with pytest.raises(CardRefusedError) as refused:
        script(codec, ShowFrame(FRAME), lacking)
    assert refused.value.code == codes.FILE_NOT_FOUND
    said, _ = script(codec, ShowFrame(FRAME), good)
    assert methods(said)[0] == "FileStart"


@pytest.mark.parametrize("ttl", [None, 300])
def test_a_page_that_stands_is_asked_about_and_not_sent_again(ttl: int | None) -> None:
    codec, good = prepared(), card_at("2026-11-21 23:58:00")  # with an end it has two parts
    intent = ShowFrame(FRAME, ttl_s=ttl)
    script(codec, intent, good)
    asked = ["GetCurrentPlayProgramGUID", "GetProgram"] + (["GetTimeInfo"] if ttl else [])
    for _again in range(2):
        assert methods(script(codec, intent, good)[0]) == asked

    def beside(command: Message) -> Message | int | None:
        found = good(command)
        if isinstance(command, Say) and command.method == "GetProgram":
            assert isinstance(found, packets.XmlAnswer)
            assert isinstance(found.text, str)
            return packets.XmlAnswer(found.text.replace("</screen>", '<program guid="x"/></screen>'))
        return found

    def unknown(command: Message) -> Message | int | None:
        asks = isinstance(command, Say) and command.method == "GetProgram"
        return codes.UNSUPPORT_METHOD if asks else good(command)

    for differs in (beside, unknown):
        assert "AddProgram" in methods(script(codec, intent, differs)[0])
    for changed in (replace(intent, urgent=True), replace(intent, ttl_s=60)):
        assert methods(script(codec, changed, good)[0])[-2:] == ["AddProgram", "GetCurrentPlayProgramGUID"]


@pytest.mark.parametrize(
    ("later", "moved"),
    [("12:02:29", False), ("12:02:30", True), ("12:04:00", True), ("11:59:59", True), ("no time", True)],
)
def test_an_end_is_moved_when_half_of_the_time_is_over(later: str, moved: bool) -> None:
    codec, good = prepared(), card_at()
    script(codec, ShowFrame(FRAME, ttl_s=300), good)

    def answer(command: Message) -> Message | int | None:
        if isinstance(command, Say) and command.method == "GetTimeInfo":
            return ok(command.method, xml.tag("time", {"value": f"2026-11-21 {later}"}))
        return good(command)

    assert ("AddProgram" in methods(script(codec, ShowFrame(FRAME, ttl_s=300), answer)[0])) is moved


def test_a_card_that_plays_something_else_is_no_success() -> None:
    codec = prepared()
    good = card_at()

    def answer(command: Message) -> Message | int | None:
        if isinstance(command, Say) and command.method == "GetCurrentPlayProgramGUID":
            return ok(command.method, '<program guid="old"/>')
        return good(command)

    with pytest.raises(CardRefusedError, match="old"):
        script(codec, ShowFrame(FRAME), answer)
    codec = prepared(verify="0")
    script(codec, ShowFrame(FRAME), answer)

    def knows_not(command: Message) -> Message | int | None:
        asks = isinstance(command, Say) and command.method == "GetCurrentPlayProgramGUID"
        return codes.UNSUPPORT_METHOD if asks else good(command)

    script(prepared(), ShowFrame(FRAME), knows_not)


@pytest.mark.parametrize(
    ("now", "ttl", "spans"),
    [
        ("2026-11-21 12:00:00", 300, [("2026-11-21", "2026-11-21", "12:05:00")]),
        (
            "2026-11-21 23:58:00",
            300,
            [("2026-11-21", "2026-11-21", "23:59:59"), ("2026-11-22", "2026-11-22", "00:03:00")],
        ),
    ],
)
def test_ends_are_counted_by_the_cards_clock(now: str, ttl: int, spans: list[tuple[str, str, str]]) -> None:
    codec = prepared()
    said, _ = script(codec, ShowFrame(FRAME, ttl_s=ttl), card_at(now))
    body = next(m.body for m in said if isinstance(m, Say) and m.method == "AddProgram")
    root = xml.read(body)
    found = [
        (d.get("start"), d.get("end"), t.get("end"))
        for d, t in zip(root.iter("date"), root.iter("time"), strict=True)
    ]
    assert found == spans
    at = datetime(2026, 11, 21, 8, 30, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    said, _ = script(codec, SetClock(at), card_at("2026-11-21 08:30:05"))
    assert methods(said) == ["SetTimeInfo", "GetTimeInfo", "AddProgram", "GetCurrentPlayProgramGUID"]
    assert "(UTC+08:00)Beijing" in said[0].body  # type: ignore[attr-defined]
    said, _ = script(prepared(ends="0"), ShowFrame(FRAME, ttl_s=ttl), card_at(now))
    assert "GetTimeInfo" not in methods(said)
    said, _ = script(prepared(), ShowFrame(FRAME, ttl_s=ttl), card_at("no time"))
    assert "<date" not in "".join(m.body for m in said if isinstance(m, Say))


def test_old_files_of_ours_are_deleted_and_those_of_others_are_not() -> None:
    codec = prepared(keep="2")
    deleted: list[str] = []
    good = card_at()

    def answer(command: Message) -> Message | int | None:
        if isinstance(command, Say) and command.method == "DeleteFiles":
            deleted.append(command.body)
        return good(command)

    for number in range(5):
        script(codec, ShowFrame(Frame(64, 32, PixelFormat.PNG, FRAME.data + bytes(number), "")), answer)
    assert len(deleted) == 3
    assert all('name="ledsign-' in body for body in deleted)


def test_after_an_error_packet_the_line_is_given_up() -> None:
    codec = prepared()
    assert codec.judge(Say("OpenScreen"), 0, packets.ErrorAnswer(43)) == Judgement(
        Verdict.REFUSED, 43, "kInvalidGUID"
    )
    routine = codec.routine(SetPower(True))
    next(routine)
    with pytest.raises(TransportError, match="refused the session"):
        routine.throw(CardRefusedError(43))
    handshake = HuiDu().routine(Prepare(64, 32, ColorMode.MONO))
    next(handshake)
    with pytest.raises(CardRefusedError):  # the card object makes a card of it that cannot be used
        handshake.throw(CardRefusedError(3))


@pytest.mark.parametrize(
    ("command", "reply", "verdict"),
    [
        (packets.VersionAsk(1), packets.VersionAnswer(1), Verdict.CONFIRMED),
        (packets.VersionAsk(1), packets.VersionAnswer(1, b"\0\0"), Verdict.CONFIRMED),
        (Say("OpenScreen"), ok("OpenScreen"), Verdict.CONFIRMED),
        (Say("OpenScreen"), ok("CloseScreen"), Verdict.FOREIGN),
        (Say("OpenScreen"), ok("OpenScreen", guid="f" * 32), Verdict.FOREIGN),
        (Say("OpenScreen"), ok("OpenScreen", result="kParseXmlFailed"), Verdict.DAMAGED),
        (Say("OpenScreen"), ok("OpenScreen", result="kUnsupportMethod"), Verdict.REFUSED),
        (Say("OpenScreen"), ok("OpenScreen", result="kSuccesr"), Verdict.DAMAGED),
        (Say("OpenScreen"), packets.XmlAnswer("<sdk"), Verdict.FOREIGN),
        (Say("OpenScreen"), packets.Heartbeat(True), Verdict.FOREIGN),
        (Say("OpenScreen"), packets.FileEndAnswer(0), Verdict.FOREIGN),
        (packets.FileStart("", 0, 0, ""), packets.FileStartAnswer(9, 0), Verdict.REFUSED),
        (Upload(b""), packets.FileEndAnswer(1), Verdict.CONFIRMED),
        (Upload(b""), packets.FileEndAnswer(13), Verdict.REFUSED),
        (Upload(b""), packets.FileStartAnswer(0, 0), Verdict.FOREIGN),
    ],
)
def test_what_a_reply_means(command: Message, reply: Message, verdict: Verdict) -> None:
    assert prepared().judge(command, 0, reply).verdict is verdict


def test_settings_options_and_limits() -> None:
    codec = prepared()
    said, _ = script(codec, SetBrightness(0), card_at())
    assert 'default value="1"' in said[0].body  # type: ignore[attr-defined]
    said, info = script(codec, QueryInfo(), card_at())
    assert info.details["screen"] == "64x32"  # type: ignore[attr-defined]
    for bad in (ShowText("x"), ShowFrame(Frame(8, 8, PixelFormat.GIF, b"", "")), SetBrightness(101)):
        with pytest.raises(UnsupportedError):
            codec.routine(bad)
    for options in ({"colour": "1"}, {"version": "7"}, {"keep": "0"}, {"keep": "x"}, {"verify": "2"}):
        with pytest.raises(ConfigError):
            create("huidu", options=options)
    assert codec.formats(ColorMode.RGB, 1920, 1080) == (PixelFormat.PNG,)


def test_the_framing_costs_next_to_nothing() -> None:
    data = bytes(500_000)
    assert len(data) / len(packets.contents(data)) > 0.999
