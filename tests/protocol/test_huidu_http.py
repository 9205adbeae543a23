"""HuiDu HTTP SDK 3.0: signatures, HTTP in every form, what a reply means, how a page is brought."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import CardRefusedError, ConfigError, ProtocolError, TransportError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Link, Role, Verdict, create
from ledsign.protocol.http import HttpAsk, HttpReply, Reader, header
from ledsign.protocol.huidu.blank import black_png
from ledsign.protocol.huidu_http import HuiDuHttp
from ledsign.protocol.huidu_http.session import DEVICE, Put, Say, sign
from ledsign.protocol.message import Message, Prepare, SetBrightness, SetPower, ShowFrame, ShowText
from protocol import codec_kit as kit
from protocol.case_huidu import answer, http_case

FRAME = Frame(64, 32, PixelFormat.PNG, black_png(64, 32), "")


def test_every_public_signature(shared: Path) -> None:
    entries = [e for e in json.loads((shared / "vectors" / "huidu.json").read_text()) if e["family"] == "huidu-http"]
    for entry in entries:
        given_ = entry["params"]
        assert sign(given_["sdkSecret"], given_["sdkKey"], given_["date"], given_["body"]) == entry["hex"], entry[
            "id"
        ]
    assert Counter(e["strength"] for e in entries) == {"vendor-code": 5, "independent-implementation": 1}


def test_requests_are_signed_like_the_vendors() -> None:
    """Body, key and date as in vector hd-http-002."""
    codec = HuiDuHttp.from_options(
        Link.NET,
        Role.DRIVER,
        {"key": "a7fa6795aaa891e2", "secret": "0123456789abcdef0123456789abcdef", "id": "C16L-D00-A000F"},
    )
    date = "Sat Nov 21 19:03:10  2026"
    codec.judge(Say(DEVICE, "getDeviceStatus"), 0, HttpReply(401, "", (("Date", date),)))
    (packet,) = codec.encode(Say(DEVICE, "getDeviceStatus"))
    (ask,) = Reader(Role.CARD).feed(packet)
    assert isinstance(ask, HttpAsk)
    assert ask.body == b'{"method": "getDeviceStatus", "data": [], "id": "C16L-D00-A000F"}'
    assert header(ask.headers, "sign") == "9d86c4364f51c3d941055bf6c9cf677b"
    assert header(ask.headers, "date") == date


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n",
        b"HTTP/1.0 200\r\nServer: card\r\n\r\n{}",
    ],
)
def test_answers_with_a_length_in_chunks_and_up_to_the_end(raw: bytes) -> None:
    for cut in range(len(raw)):
        reader = Reader(Role.DRIVER)
        (reply,) = reader.feed(raw[:cut]) + reader.feed(raw[cut:]) + reader.silence()
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.content) == (200, b"{}")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ],
)
def test_damaged_answers_are_skipped(raw: bytes) -> None:
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    reader = Reader(Role.DRIVER)
    found = reader.feed(raw) + reader.silence()
    assert found == []
    assert len(reader.feed(raw + good) + reader.silence()) == 1


def test_memory_is_bounded() -> None:
    reader = Reader(Role.DRIVER)
    for _ in range(40):
        reader.feed(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000)
    reader.feed(bytes(3 << 20))
    assert len(reader._buffer) < 32_768


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 700), max_size=12))
def test_any_chunking(cuts: list[int]) -> None:
    kit.any_chunking(http_case(), http_case().goldens, cuts)


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=2000)
    | st.lists(
        st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"\r\n", b"POST / HTTP/1.1", b"Content-Length: 3", b"{}"])
    ).map(b"".join),
    role=st.sampled_from(Role),
)
def test_nothing_that_comes_raises(data: bytes, role: Role) -> None:
    codec = create("huidu-http", Link.NET, role)
    for message in codec.feed(data) + codec.silence():
        codec.judge(Say(DEVICE, "getDeviceStatus"), 0, message)


def reply(method: str | None, data: object = "kSuccess", message: str = "ok") -> HttpReply:
    document = {"message": message, "data": [{"id": "C16L-D00-A000F", "message": "ok", "data": data}]}
    raw = answer(document if method is None else {"method": method, **document})
    (found,) = Reader(Role.DRIVER).feed(raw)
    assert isinstance(found, HttpReply)
    return found


def uploaded(put: Put, size: int | None = None) -> HttpReply:
    from hashlib import md5

    entry = {
        "message": "ok",
        "name": put.name,
        "md5": md5(put.data).hexdigest(),
        "size": str(size or len(put.data)),
    }
    (found,) = Reader(Role.DRIVER).feed(answer({"data": [{**entry, "data": "http://x/"}], "message": "ok"}))
    assert isinstance(found, HttpReply)
    return found


PUT = Put("a.png", b"abc")


@pytest.mark.parametrize(
    ("command", "found", "verdict"),
    [
        (Say(DEVICE, "openDeviceScreen"), reply("openDeviceScreen"), Verdict.CONFIRMED),
        (Say(DEVICE, "openDeviceScreen"), reply("closeDeviceScreen"), Verdict.FOREIGN),
        (Say(DEVICE, "openDeviceScreen"), reply("openDeviceScreen", "kProcessError"), Verdict.REFUSED),
        (Say(DEVICE, "openDeviceScreen"), reply("openDeviceScreen", message="failed"), Verdict.REFUSED),
        (
            Say(DEVICE, "getDeviceStatus"),
            reply("getDeviceStatus", {"screen.openStatus": "true"}),
            Verdict.CONFIRMED,
        ),
        (Say(DEVICE, "openDeviceScreen"), HttpReply(401, "no", ()), Verdict.REFUSED),
        (Say(DEVICE, "openDeviceScreen"), HttpReply(200, "OK", (), b"?"), Verdict.DAMAGED),
        (Say(DEVICE, "openDeviceScreen"), HttpReply(200, "OK", (), b"[" * 100_000), Verdict.DAMAGED),
        (PUT, uploaded(PUT), Verdict.CONFIRMED),
        (PUT, uploaded(PUT, size=2), Verdict.DAMAGED),
        (PUT, uploaded(Put("b.png", b"abc")), Verdict.DAMAGED),
        (PUT, reply("openDeviceScreen"), Verdict.FOREIGN),
    ],
)
def test_what_a_reply_means(command: Message, found: Message, verdict: Verdict) -> None:
    assert HuiDuHttp().judge(command, 0, found).verdict is verdict


def run(codec: HuiDuHttp, intent: object, answers: Callable[[Message], Message | int]) -> list[Message]:
    routine = codec.routine(intent)  # type: ignore[arg-type]
    said: list[Message] = []
    try:
        command = next(routine)
        while True:
            said.append(command)
            found = answers(command)
            command = routine.throw(CardRefusedError(found)) if isinstance(found, int) else routine.send(found)
    except StopIteration:
        return said


def card(stored: list[dict[str, str]], now: str = "2026-11-21 23:58:00") -> Callable[[Message], Message | int]:
    def answers(command: Message) -> Message | int:
        if isinstance(command, Put):
            return uploaded(command)
        assert isinstance(command, Say)
        if command.method == "replace":
            stored[:] = [{"id": "its-own", "name": each["name"]} for each in json.loads(command.data)]
        if command.method == "remove":
            stored.clear()
        values = {
            "getAll": {"item": list(stored)},
            "getDeviceProperty": {"screen.width": "64", "screen.height": "32", "time": now},
        }
        return reply(command.method, values.get(command.method, "kSuccess"))

    return answers


def names(said: list[Message]) -> list[str]:
    return [m.method if isinstance(m, Say) else type(m).__name__ for m in said]


def test_prepare_removes_what_is_stored_and_learns_the_cards_date() -> None:
    codec = HuiDuHttp()
    stored = [{"id": "old", "name": "旧"}]
    refused = iter([401])
    good = card(stored)
    said = run(codec, Prepare(64, 32, ColorMode.MONO), lambda m: next(refused, None) or good(m))
    assert names(said) == ["getDeviceProperty", "getDeviceProperty", "getAll", "remove"]
    assert stored == []
    with pytest.raises(TransportError, match="64x32"):
        run(codec, Prepare(128, 64, ColorMode.MONO), good)


def test_a_page_stands_alone_on_the_card() -> None:
    codec = HuiDuHttp()
    stored: list[dict[str, str]] = []
    said = run(codec, ShowFrame(FRAME, ttl_s=300), card(stored))
    assert names(said) == ["Put", "getDeviceProperty", "replace", "getAll"]
    document = json.loads(said[2].data)  # type: ignore[attr-defined]
    assert [each["playControl"]["time"][0]["end"] for each in document] == ["23:59:59", "00:03:00"]
    assert names(run(codec, ShowFrame(FRAME), card(stored))) == ["replace", "getAll"]
    good = card(stored)
    assert names(run(codec, ShowFrame(FRAME), good)) == ["getAll"], "it stands: sending it again would wear the flash"
    stored.append({"id": "another", "name": "another"})
    assert names(run(codec, ShowFrame(FRAME), good)) == ["getAll", "replace", "getAll"]
    lasting = ShowFrame(FRAME, ttl_s=300)
    assert names(run(codec, lasting, good)) == ["getDeviceProperty", "replace", "getAll"]
    assert names(run(codec, lasting, good)) == ["getAll", "getDeviceProperty"], "both parts, and its end is far"
    late = card(stored, "2026-11-22 00:00:30")
    assert names(run(codec, lasting, late))[2:] == ["getDeviceProperty", "replace", "getAll"], "half of it is over"

    def keeps_old(command: Message) -> Message | int:
        found = good(command)
        stored.append({"id": "old", "name": "old"})
        return found

    with pytest.raises(CardRefusedError):
        run(codec, ShowFrame(FRAME, ttl_s=60), keeps_old)


def test_file_names_are_used_again() -> None:
    codec = HuiDuHttp.from_options(Link.NET, Role.DRIVER, {"keep": "2"})
    puts = []
    for number in range(4):
        frame = Frame(64, 32, PixelFormat.PNG, FRAME.data + bytes(number), "")
        puts += [m.name for m in run(codec, ShowFrame(frame), card([])) if isinstance(m, Put)]
    assert puts == ["ledsign-000.png", "ledsign-001.png", "ledsign-000.png", "ledsign-001.png"]


def test_options_and_limits() -> None:
    codec = HuiDuHttp()
    assert names(run(codec, SetPower(on=False), card([]))) == ["closeDeviceScreen"]
    for bad in (ShowText("x"), ShowFrame(Frame(8, 8, PixelFormat.GIF, b"", "")), SetBrightness(101)):
        with pytest.raises(UnsupportedError):
            codec.routine(bad)
    for options in ({"colour": "1"}, {"key": "k"}, {"keep": "1"}, {"ends": "x"}):
        with pytest.raises(ConfigError):
            create("huidu-http", options=options)
    with pytest.raises(ProtocolError):
        codec.value("signature", b"{}")
    with pytest.raises(UnsupportedError):
        codec.value("other", b"{}")
