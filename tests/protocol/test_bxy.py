"""BX-Y: the wire log of two physical cards and the kit's requests, files by their names, routines, answers."""

import json
from collections import Counter
from contextlib import suppress
from datetime import datetime
from hashlib import md5
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ledsign.errors import CardRefusedError, CardUnusableError, ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.bxy import BXY, calls, files
from ledsign.protocol.bxy.calls import Put, Say
from ledsign.protocol.bxy.codec import level
from ledsign.protocol.codec import Link, Role, Routine, Verdict, create
from ledsign.protocol.http import HttpAsk, HttpReply
from ledsign.protocol.message import Message, Prepare, QueryInfo, SetBrightness, SetClock, SetPower, ShowFrame

Entry = dict[str, Any]
LIST = (
    b'<list deviceType="8280" screenWidth="64" screenHeight="32">\n'
    b'   <program order="1" playMode="1" priority="1" loop="0" programFile="programs/00.xml" playTime="600" '
    b'playCount="1" integrate="1" startDate="1970-01-01" startTime="00:00:00" stopDate="2099-12-31" '
    b'stopTime="23:59:59" weekFlag="127"/>\n</list>'
)


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[Entry]:
    entries: list[Entry] = json.loads((shared / "vectors" / "onbon-bxy.json").read_text())
    return entries


def as_request(entry: Entry) -> HttpAsk:
    """A vector's request as bytes of our own making: the log keeps values, not bytes."""
    request = entry["request"]
    if "parts" in request:
        parts = []
        for part in request["parts"]:
            data = json.dumps(part["body"]).encode() if "body" in part else bytes(part["length"])
            parts.append((part["name"], b"", data))
        kind, body = calls._form(parts)
    else:
        kind, body = request["content_type"], json.dumps(request["body"], indent=2).encode()
    return HttpAsk(
        request["method"], request["path"], (("Content-Type", kind), ("Content-Length", str(len(body)))), body
    )


def test_every_request_is_read_and_said_again(vectors: list[Entry]) -> None:
    """42 requests: same path, same parts, the same JSON value. (The log has values, not bytes.)"""
    codec, strengths = BXY(), Counter()
    for entry in (e for e in vectors if e.get("request")):
        call = calls.read_ask(as_request(entry))
        (packet,) = codec.encode(call)
        (again,) = BXY(Role.CARD).feed(packet)
        assert isinstance(again, HttpAsk)
        request = entry["request"]
        refused = entry["id"] == "Y-LOG-02"  # that program logs out without its session, which no card takes
        assert again.target == ("/;stok=" if refused else request["path"]), entry["id"]
        if "parts" in request:
            parts = calls.parts_of(again)
            assert list(parts) == [part["name"] for part in request["parts"]]
            assert [json.loads(parts[p["name"]]) for p in request["parts"] if "body" in p] == [
                p["body"] for p in request["parts"] if "body" in p
            ]
        else:
            assert json.loads(again.body) == request["body"], entry["id"]
        strengths[entry["strength"]] += 1
    assert strengths == {"capture": 23, "vendor-code": 19}


def test_every_answer_of_the_cards_is_understood(vectors: list[Entry]) -> None:
    judged: Counter[Verdict] = Counter()
    for entry in (e for e in vectors if e.get("response")):
        response = entry["response"]
        body = response["text"].encode() if "text" in response else json.dumps(response["body"]).encode()
        reply = HttpReply(response["status"], "", (), body)
        call = calls.read_ask(as_request(entry))
        judgement = BXY().judge(call, 0, reply)
        judged[judgement.verdict] += 1
        if entry["id"] == "Y-LOG-02":
            assert judgement.code == 12
    assert judged == {Verdict.CONFIRMED: 22, Verdict.REFUSED: 1}


def test_logins_of_the_log_have_our_hash(vectors: list[Entry]) -> None:
    found = 0
    for entry in (e for e in vectors if e["id"].startswith("Y-LOGIN")):
        given = entry["request"]["body"]["protocol"]["remotefunction"]["input"]
        assert calls.hashed_password("guest", given["verificationcode"]) == given["password"]
        found += 1
    assert found == 4


def test_the_vendors_worked_example() -> None:
    sent = calls.hashed_password("guest", "20190828100254557689")
    assert sent == "47c23acb1e499353853c9fb9efb8079c325c1e4a"


def test_files_of_the_log_and_of_the_kit_come_out_again(vectors: list[Entry]) -> None:
    found = [e for e in vectors if e["id"].startswith("Y-XML")]
    assert len(found) == 3
    for entry in found:
        data = bytes.fromhex(entry["hex"])
        assert BXY().value("file", data)[1] == data
        assert md5(data).hexdigest() == entry["params"]["md5"]


def test_our_list_is_the_logs_but_for_the_programme(vectors: list[Entry]) -> None:
    (entry,) = (e for e in vectors if e["id"] == "Y-XML-1")
    theirs = bytes.fromhex(entry["hex"])
    programme = files.CardFile(
        "programs", "xml", bytes.fromhex(next(e["hex"] for e in vectors if e["id"] == "Y-XML-0"))
    )
    made = files.play_list([programme], "8280", 128, 96)
    assert (made.data, made.path) == (theirs, entry["params"]["path"])


def test_our_programme_has_the_shape_of_the_kits() -> None:
    image = files.CardFile("share", "png", b"x")
    lines = files.programme(image, 64, 32).data.decode().split("\n")
    assert lines[0] == '<program name="program_1">'
    assert lines[1] == '   <picture x="0" y="0" w="64" h="32" z="0" t="100">'
    assert lines[2].startswith(
        f'      <picUnit order="0" file="{image.path}" fileType="png" stuntType="0" stuntSpeed="16"'
    )
    assert lines[3:] == ["   </picture>", "</program>"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: b[:-1], lambda b: b + b"\n<x/>", lambda b: b.replace(b"   <", b"   text<"), lambda b: b"\xff" + b,
        lambda b: b.replace(b"</list>", b"</lost>"), lambda b: b.replace(b"</list>", b""),
    ],
)  # fmt: skip
def test_damaged_files_are_refused(spoil) -> None:  # type: ignore[no-untyped-def]
    assert files.write(files.read(LIST)) == LIST
    with pytest.raises(ProtocolError):
        files.read(spoil(LIST))


def test_attributes_with_quotes_come_back() -> None:
    element = files.Element("a", (("b", "x\"y'<&>"),))
    data = files.write(element)
    assert data == b'<a b="x&quot;y\'&lt;&amp;&gt;"/>'
    assert files.read(data) == element


def test_bitmap_as_a_picture_program_reads_it() -> None:
    pixels = bytes(range(5 * 3 * 3))
    suffix, data = files.picture(Frame(5, 3, PixelFormat.RGB888, pixels, ""))
    with Image.open(BytesIO(data)) as picture:
        assert (suffix, picture.format, picture.size, picture.convert("RGB").tobytes()) == (
            "bmp",
            "BMP",
            (5, 3),
            pixels,
        )
    assert files.picture(Frame(5, 3, PixelFormat.PNG, b"png", "")) == ("png", b"png")
    for wrong in (Frame(5, 3, PixelFormat.RGB888, b"x", ""), Frame(5, 3, PixelFormat.GIF, b"x", "")):
        with pytest.raises(UnsupportedError):
            BXY().routine(ShowFrame(wrong))


def answer(name: str, output: object = None, status: int = 200, code: int = 0) -> HttpReply:
    function: dict[str, object] = {"name": name}
    if output is not None:
        function["output"] = output
    if code:
        function["error"] = {"code": code, "mesg": "x"}
    return HttpReply(status, "", (), json.dumps({"remotefunction": function}).encode())


def good(command: Message) -> HttpReply:
    if isinstance(command, Put):
        return HttpReply(200, "", (), b"Upload OK")
    assert isinstance(command, Say)
    outputs: dict[str, object] = {
        "getVerificationCode": {"verificationcode": "20190828100254557689"},
        "userLogin": {"sessionID": "aa" * 16},
        "getProperty": {"controllertype": "8536", "width": "4", "height": "2", "firmwareversion": "18082700"},
        "findFile": {"items": [{"fileName": "x", "mtime": "", "size": "0"}]},
        "findTempFile": {"size": "0"},
        "checkPlayer": {"playstatus": "Unlock"},
    }
    return answer(command.name.lower(), outputs.get(command.name))


def run(routine: Routine, replies: dict[str, list[HttpReply]] | None = None) -> list[str]:
    """What a routine says; ``replies`` replaces the first answers to some functions."""
    said: list[str] = []
    queue = {name: list(each) for name, each in (replies or {}).items()}
    codec = BXY()
    try:
        command = next(routine)
        while True:
            name = command.name if isinstance(command, Say) else type(command).__name__
            said.append(name)
            reply = queue[name].pop(0) if queue.get(name) else good(command)
            judgement = codec.judge(command, 0, reply)
            if judgement.verdict is Verdict.CONFIRMED:
                command = routine.send(reply)
            else:
                command = routine.throw(CardRefusedError(judgement.code))
    except StopIteration:
        return said


FRAME = Frame(4, 2, PixelFormat.RGB888, bytes(24), "")
LOGIN = ["getVerificationCode", "userLogin"]
EMPTY = ["clearDynamic", "deleteBulletin", "queryBulletin"]
DEEP = ["deleteDynamicFile", "stopPlay", "clearAllProgram", "checkPlayer"]


def test_prepare_empties_all_places() -> None:
    codec = BXY()
    assert run(codec.routine(Prepare(4, 2, ColorMode.RGB))) == [*LOGIN, "getProperty", *EMPTY]
    again = run(codec.routine(Prepare(4, 2, ColorMode.RGB, deep=True)))
    assert again == ["userLogout", *LOGIN, "getProperty", *EMPTY, *DEEP]
    with pytest.raises(CardUnusableError, match="4x2"):
        run(codec.routine(Prepare(8, 2, ColorMode.RGB)))
    nameless = {"getProperty": [answer("getproperty", {"controllertype": "8536"})]}
    assert run(codec.routine(Prepare(8, 2, ColorMode.RGB)), nameless)[-1] == "queryBulletin", "it tells no size"
    for stubborn in (
        {"queryBulletin": [answer("querybulletin", {"1": "old"})]},
        {"checkPlayer": [answer("checkplayer", {"programname": "old"})]},
    ):
        with pytest.raises(CardRefusedError):
            run(codec.routine(Prepare(4, 2, ColorMode.RGB, deep=True)), stubborn)


def test_a_lost_session_is_opened_again_and_the_work_done_once_more() -> None:
    codec = BXY()
    run(codec.routine(Prepare(4, 2, ColorMode.RGB)))
    gone = {"screenOnOff": [answer("screenonoff", status=401, code=12)]}
    assert run(codec.routine(SetPower(on=True)), gone) == ["screenOnOff", "userLogout", *LOGIN, "screenOnOff"]
    both = {"screenOnOff": [answer("screenonoff", status=401, code=12)] * 2}
    with pytest.raises(CardRefusedError):
        run(codec.routine(SetPower(on=True)), both)
    with pytest.raises(CardRefusedError):
        run(codec.routine(SetPower(on=True)), {"screenOnOff": [answer("screenonoff", code=14)]})


def test_pages_in_memory_and_as_files() -> None:
    window = ["enableUploadDownload"]
    dynamic = BXY()
    run(dynamic.routine(Prepare(4, 2, ColorMode.RGB)))
    assert run(dynamic.routine(ShowFrame(FRAME))) == [*window, "UpdateDynamic", *window]
    stored = BXY(stored=True)
    run(stored.routine(Prepare(4, 2, ColorMode.RGB)))
    each = ["findFile", "findTempFile", "Put", "moveFile"]
    assert run(stored.routine(ShowFrame(FRAME))) == [*window, *each * 3, *window, "play"]
    image = files.CardFile("share", *files.picture(FRAME))
    there = {"findFile": [answer("findfile", {"items": [{"size": str(len(image.data))}]})]}
    assert run(stored.routine(ShowFrame(FRAME)), there) == [*window, "findFile", *each * 2, *window, "play"]
    assert run(stored.routine(ShowFrame(FRAME, urgent=True))) == [*window, "UpdateDynamic", *window]
    assert run(stored.routine(ShowFrame(FRAME)))[-1] == "clearDynamic"


def test_settings() -> None:
    codec = BXY()
    run(codec.routine(Prepare(4, 2, ColorMode.RGB)))
    at = datetime(2026, 11, 21, 18, 30, 45, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    said = next(codec.routine(SetClock(at)))
    assert said == Say("systemClockCorrect", {"datetime": "2026-11-21 18:30:45", "isutc": "no"})
    assert next(codec.routine(SetBrightness(100))) == Say(
        "systemBrightness", {"brightness": "255", "changemode": "yes"}
    )
    assert [level(p) for p in (0, 50, 100)] == [1, 128, 255]
    with pytest.raises(UnsupportedError):
        level(-1)
    assert codec.formats(ColorMode.RGB, 416, 208)[0] is PixelFormat.RGB888
    assert codec.formats(ColorMode.RGB, 1920, 1080)[0] is PixelFormat.PNG


@pytest.mark.parametrize(
    ("command", "reply", "verdict"),
    [
        (Say("checkPlayer"), answer("checkplayer", {}), Verdict.CONFIRMED),
        (Say("checkPlayer"), answer("CheckPlayer", {}), Verdict.CONFIRMED),
        (Say("checkPlayer"), answer("play", {}), Verdict.FOREIGN),
        (Say("checkPlayer"), answer("checkplayer", code=13), Verdict.DAMAGED),
        (Say("checkPlayer"), answer("checkplayer", code=30), Verdict.REFUSED),
        (Say("checkPlayer"), answer("checkplayer", status=401, code=12), Verdict.REFUSED),
        (Say("checkPlayer"), HttpReply(502, "", (), b"<html>"), Verdict.REFUSED),
        (Say("checkPlayer"), HttpReply(200, "", (), b"<html>"), Verdict.FOREIGN),
        (Put("a", b""), HttpReply(200, "", (), b"Upload OK\n"), Verdict.CONFIRMED),
        (Put("a", b""), HttpReply(200, "", (), b"Upload failed"), Verdict.FOREIGN),
        (Say("play"), HttpReply(200, "", (), b"Upload OK"), Verdict.FOREIGN),
    ],
)
def test_what_an_answer_means(command: Message, reply: HttpReply, verdict: Verdict) -> None:
    assert BXY().judge(command, 0, reply).verdict is verdict


def test_info_and_options() -> None:
    codec = BXY()
    learned = {}

    def ask() -> Routine:
        learned["info"] = yield from codec.routine(QueryInfo())
        return None

    run(ask())
    info = learned["info"]
    assert info is not None
    assert (info.model, info.details["size"]) == ("BX-Y08", "4x2")
    for bad in ({"colour": "1"}, {"pages": "slow"}):
        with pytest.raises(ConfigError):
            create("bxy", options=bad)
    assert codec.links == {Link.NET}


def test_a_boundary_never_stands_in_a_picture() -> None:
    data = b"ledsign00000000 ledsign00000001"
    (packet,) = BXY().encode(Say("UpdateDynamic", {}, (("_a", data),), "00"))
    (asked,) = BXY(Role.CARD).feed(packet)
    assert isinstance(asked, HttpAsk)
    assert calls.read_ask(asked) == Say("UpdateDynamic", {}, (("_a", data),), "00")


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode()),
    target=st.sampled_from(["/", "/upload"]),
)
def test_strange_requests_and_answers_only_raise_what_is_declared(body: bytes, target: str) -> None:
    for kind in ("application/json", "multipart/form-data; boundary=x"):
        with suppress(ProtocolError):
            calls.read_ask(HttpAsk("POST", target, (("Content-Type", kind),), body))
    assert BXY().judge(Say("play"), 0, HttpReply(200, "", (), body)).verdict in Verdict
