"""CP5200: fields, chunks, pictures, replies, limits."""

import random
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Link, Role, Verdict, codec_class, create, families
from ledsign.protocol.cp5200 import CP5200, basic, calls, files, i1
from ledsign.protocol.cp5200.codec import level
from ledsign.protocol.cp5200.packets import CallReply, Part, Reply, Request, parse
from ledsign.protocol.message import Prepare, SetBrightness, SetClock, SetPower, ShowFrame, ShowText, describe
from ledsign.protocol.wire import Splitter

# vendor converter output (vectors cp-048, cp-049)
MONO_BLOB = bytes.fromhex("493110000200010080000040")
RGB_BLOB = bytes.fromhex("4931100002000700800000014000000120000001")


def lit(blob: bytes) -> set[tuple[str, int, int]]:
    image = i1.parse(blob)
    names = [name for bit, name in enumerate("RGB") if image.prop >> bit & 1]
    row = (image.width + 7) // 8
    found = set()
    for n, name in enumerate(names):
        for y in range(image.height):
            for x in range(image.width):
                if image.planes[(n * image.height + y) * row + x // 8] & 0x80 >> x % 8:
                    found.add((name, x, y))
    return found


def test_i1_pixels_as_the_vendor_converter_makes_them() -> None:
    assert lit(MONO_BLOB) == {("R", 0, 0), ("R", 9, 1)}
    white = {(name, 15, 1) for name in "RGB"}
    assert lit(RGB_BLOB) == {("R", 0, 0), ("G", 1, 0), ("B", 2, 0)} | white
    for blob in (MONO_BLOB, RGB_BLOB):
        assert i1.parse(blob).pack() == blob


@pytest.mark.parametrize(
    ("size", "prop", "count"), [((16, 2), 1, 4), ((17, 2), 1, 6), ((128, 64), 7, 3072), ((16, 2), 0x77, 96)]
)
def test_i1_plane_sizes(size: tuple[int, int], prop: int, count: int) -> None:
    image = i1.I1Image(*size, prop, b"")
    assert i1.plane_size(*size, image.depth) * image.colors == count


@pytest.mark.parametrize(
    "blob", [RGB_BLOB[:-1], RGB_BLOB + b"\0", RGB_BLOB[:6] + b"\x0f" + RGB_BLOB[7:], RGB_BLOB[:5], b""]
)
def test_damaged_i1_is_refused(blob: bytes) -> None:
    with pytest.raises(ProtocolError):
        i1.parse(blob)


@pytest.mark.parametrize(("size", "count"), [(512, 1), (513, 2), (1024, 2), (1025, 3)])
def test_streams_are_cut_at_512_without_an_empty_tail(size: int, count: int) -> None:
    call = calls.OtherCall(0x60, bytes(size - 1))
    packets = CP5200(Link.NET).encode(call)
    assert len(packets) == count
    card = CP5200(Link.NET, Role.CARD)
    got = [m.body for p in packets for m in card.feed(p)]  # type: ignore[attr-defined]
    joined = b"".join(p.data for p in got) if count > 1 else bytes((got[0].code,)) + got[0].pack()
    assert joined == b"\x60" + bytes(size - 1)
    assert all(isinstance(p, Part) == (count > 1) for p in got)


def test_the_largest_command_is_256_packets() -> None:
    for chunk in (512, 200, 16):
        codec = CP5200(Link.NET, chunk=chunk)
        packets = codec.encode(calls.OtherCall(0x60, bytes(256 * chunk - 1)))
        assert len(packets) == 256
        found = [m.body for p in packets for m in CP5200(Link.NET, Role.CARD).feed(p)]  # type: ignore[attr-defined]
        assert [(part.index, part.last) for part in found] == [(n, 255) for n in range(256)]
        with pytest.raises(UnsupportedError):
            codec.encode(calls.OtherCall(0x60, bytes(256 * chunk)))


def test_a_128x64_colour_page_takes_seven_packets() -> None:
    frame = Frame(128, 64, PixelFormat.PLANES_3, bytes(3072), "")
    command = next(CP5200().routine(ShowFrame(frame)))
    packets = CP5200(Link.NET).encode(command)
    assert [len(p) - 8 - 7 - 4 for p in packets] == [512] * 6 + [19]


def test_what_does_not_fit_is_refused_before_a_byte() -> None:
    big = Frame(320, 160, PixelFormat.PLANES_24, bytes(320 * 160 * 3), "")
    with pytest.raises(UnsupportedError):
        CP5200().encode(next(CP5200().routine(ShowFrame(big))))
    with pytest.raises(UnsupportedError):
        CP5200().routine(ShowFrame(Frame(8, 8, PixelFormat.PNG, b"", "")))
    with pytest.raises(UnsupportedError):
        CP5200().routine(ShowFrame(Frame(8, 8, PixelFormat.PLANES_1, b"123", "")))
    with pytest.raises(UnsupportedError):
        CP5200().routine(ShowText("\N{GRINNING FACE}"))


def test_formats_put_lossless_ones_that_fit_first() -> None:
    codec = CP5200()
    assert codec.formats(ColorMode.MONO)[0] is PixelFormat.PLANES_1
    assert codec.formats(ColorMode.DUAL)[0] is PixelFormat.PLANES_2
    assert codec.formats(ColorMode.RGB, 192, 96)[0] is PixelFormat.PLANES_24
    assert codec.formats(ColorMode.RGB, 320, 160) == (PixelFormat.GIF, PixelFormat.PLANES_3)


def test_settings_as_bytes() -> None:
    codec = CP5200(Link.SERIAL)
    at = datetime(2026, 11, 21, 8, 30, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    clock = next(codec.routine(SetClock(at)))
    assert clock == basic.WriteClock(5, 30, 8, 6, 21, 11, 26)
    assert next(codec.routine(SetBrightness(100))) == basic.WriteBrightness((31,) * 24)
    assert codec.encode(next(codec.routine(SetPower(False))))[0].hex() == "a568320176010000000000000000" + "1201ae"
    assert [level(p) for p in (0, 1, 50, 100)] == [0, 1, 16, 31]
    with pytest.raises(UnsupportedError):
        level(101)


def test_prepare_clears_flash_only_when_deep() -> None:
    def steps(deep: bool) -> list[object]:
        routine = CP5200().routine(Prepare(64, 32, ColorMode.MONO, deep))
        found: list[object] = [next(routine), routine.send(Reply(0x2E, bytes((0, 5, 16, 12, 0, 0, 0, 0x36))))]
        while not isinstance(found[-1], calls.SplitWindows):
            found.append(routine.send(None))
        with pytest.raises(StopIteration) as end:
            routine.send(None)
        assert end.value.value.firmware == "3.6"
        return found

    assert any(isinstance(s, calls.SavedWindows) for s in steps(True))
    assert not any(isinstance(s, calls.SavedWindows) for s in steps(False))
    assert steps(False)[-1] == calls.SplitWindows((calls.Window(0, 0, 64, 32),))


@pytest.mark.parametrize(
    ("command", "reply", "verdict"),
    [
        # what the vendor's own client makes of a reply (vector cp-047), seen from the driver
        (calls.LeaveWindows(), CallReply(0x06), Verdict.CONFIRMED),
        (calls.LeaveWindows(), CallReply(None), Verdict.FOREIGN),
        (calls.LeaveWindows(), CallReply(0x03), Verdict.FOREIGN),
        (calls.LeaveWindows(), CallReply(0x06, 1), Verdict.DAMAGED),
        (calls.LeaveWindows(), CallReply(0x06, 2), Verdict.DISORDER),
        (calls.LeaveWindows(), CallReply(0x06, 0x13), Verdict.REFUSED),
        (calls.LeaveWindows(), CallReply(0x06, card_id=2), Verdict.FOREIGN),
        (calls.LeaveWindows(), CallReply(0x06, index=3, last=9), Verdict.FOREIGN),
        (calls.LeaveWindows(), CallReply(0x06, type=0x68), Verdict.CONFIRMED),
        (basic.Restart(), Reply(0x2D, b"\x01", status=0), Verdict.CONFIRMED),
        (basic.Restart(), Reply(0x2D, b"\x01", status=7, type=0x68), Verdict.CONFIRMED),
        (basic.Restart(), Reply(0x2D, b"\0"), Verdict.REFUSED),
        (basic.Restart(), Reply(0x2E, b"\x01"), Verdict.FOREIGN),
        (basic.Restart(), CallReply(0x06), Verdict.FOREIGN),
        (basic.WritePower(True), Reply(0x76, b"\0\x01"), Verdict.CONFIRMED),
        (basic.WritePower(False), Reply(0x76, b"\0\0"), Verdict.CONFIRMED),
        (basic.WritePower(False), Reply(0x76, b"\0\x01"), Verdict.REFUSED),
        (basic.WritePower(True), Reply(0x76, b"\x01\x01" + bytes(8)), Verdict.FOREIGN),
        (basic.WriteClock(0, 0, 0, 0, 1, 1, 26), Reply(0x47, b"\x01" + bytes(7)), Verdict.FOREIGN),
        (basic.QueryVersion(), Reply(0x2E, b"\x01"), Verdict.FOREIGN),
        (files.EndUpload(3), Reply(0x52, b"\x01\x02\0"), Verdict.CONFIRMED),  # a list of what is missing
        (files.EndUpload(3), Reply(0x52, b"\x02\x02\0"), Verdict.FOREIGN),
        (files.InstantMessage(0, b"x"), Reply(0x74, b"\x05\0\0\0\0"), Verdict.CONFIRMED),
    ],
)
def test_what_a_reply_means(command: object, reply: object, verdict: Verdict) -> None:
    assert CP5200().judge(command, 0, reply).verdict is verdict  # type: ignore[arg-type]


def test_a_broadcast_takes_any_answer_and_missing_segments_are_listed() -> None:
    assert CP5200(card_id=255).judge(calls.LeaveWindows(), 0, CallReply(6, card_id=9)).verdict is Verdict.CONFIRMED
    assert files.EndUpload.missing(bytes.fromhex("0202000500")) == (2, 5)
    with pytest.raises(ProtocolError):
        files.EndUpload.missing(bytes.fromhex("02020005"))


def test_driver_takes_replies_of_old_firmware() -> None:
    old = CallReply(0x03, type=0x68)
    for link in (Link.SERIAL, Link.NET):
        (packet,) = CP5200(link, Role.CARD).encode(old)
        assert CP5200(link, Role.DRIVER).feed(packet) == [old]


def test_heap_garbage_behind_a_packet_is_skipped() -> None:
    """One known client appends as many bytes of garbage as the packet is long."""
    for link in (Link.SERIAL, Link.NET):
        (packet,) = CP5200(link).encode(calls.LeaveWindows())
        garbage = random.Random(7).randbytes(len(packet))
        card = CP5200(link, Role.CARD)
        got = card.feed((packet + garbage) * 20) + card.silence()
        assert got == [Request(calls.LeaveWindows())] * 20


def test_a_wrong_id_code_is_noise() -> None:
    (packet,) = CP5200(Link.NET, id_code=b"\x01\x02\x03\x04").encode(calls.LeaveWindows())
    card = CP5200(Link.NET, Role.CARD)
    assert card.feed(packet) + card.silence() == []


def test_options_and_registry() -> None:
    assert "cp5200" in families()
    assert codec_class("cp5200") is CP5200
    with pytest.raises(ConfigError):
        codec_class("nothing")
    for bad in ({"colour": "1"}, {"id": "0"}, {"code": "ff"}, {"chunk": "9"}, {"id": "x"}):
        with pytest.raises(ConfigError):
            create("cp5200", options=bad)
    codec = create("cp5200", options={"id": "7", "code": "01020304", "chunk": "200"})
    assert codec.encode(calls.LeaveWindows())[0].hex() == "01020304" + "0c000000683207" + "7b01010000000624" + "01"


def test_lengths_must_agree_even_when_the_sum_does() -> None:
    """A lost zero byte does not change the sum; the lengths notice."""
    frame = Frame(64, 32, PixelFormat.PLANES_1, bytes(256), "")
    (packet,) = CP5200(Link.SERIAL).encode(next(CP5200().routine(ShowFrame(frame))))
    body = packet[1:-1]
    zero = body.index(b"\0\0\0\0")
    with pytest.raises(ProtocolError):
        parse(body[:zero] + body[zero + 1 :], Role.CARD)


def test_opposite_flips_of_one_column_stay_hidden() -> None:
    """The known hole of an additive sum, written down in docs/cards/cp5200.md."""
    frame = Frame(64, 32, PixelFormat.PLANES_1, b"\x80" + bytes(255), "")
    (packet,) = CP5200(Link.NET).encode(next(CP5200().routine(ShowFrame(frame))))
    spoiled = bytearray(packet)
    spoiled[packet.index(b"\x80")] ^= 0x80
    spoiled[-10] ^= 0x80
    assert len(CP5200(Link.NET, Role.CARD).feed(bytes(spoiled))) == 1


def test_splitter_memory_is_bounded() -> None:
    splitter = Splitter(lambda _data: 0, 100)
    splitter.feed(bytes(10_000))
    assert splitter.skipped >= 9_800


def test_describe_is_plain_json() -> None:
    assert describe(Request(files.WriteFile(b"\x01\x02"))) == {
        "kind": "Request",
        "body": {"kind": "WriteFile", "data": "0102"},
        "card_id": 1,
        "flag": 1,
    }
