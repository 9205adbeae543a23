"""BX-5 and BX-6: every public vector, the vendor's files built again from their pictures, options, answers."""

import json
import struct
import zlib
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import CardRefusedError, ConfigError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol import onbon
from ledsign.protocol.bx56 import BX56, bitmap, commands, packets, programme
from ledsign.protocol.bx56.codec import Upload, level
from ledsign.protocol.bx56.commands import ACK, NACK, Reply
from ledsign.protocol.bx56.models import MODELS, Generation
from ledsign.protocol.bx56.packets import Packet
from ledsign.protocol.bx56.programme import Picture, Place
from ledsign.protocol.codec import Link, Role, Verdict, create
from ledsign.protocol.message import Message, Prepare, SetBrightness, SetClock, ShowFrame, ShowText
from protocol import case_bx56
from protocol import codec_kit as kit

LED = tuple[bool, bool]


def picture_a() -> list[list[LED]]:
    def led(x: int, y: int) -> LED:
        if y == 31:
            return True, True
        if x == 63:
            return False, True
        return (y == 0 or x == 0 or (x + y) % 7 == 0), False

    return [[led(x, y) for x in range(64)] for y in range(32)]


def picture_b() -> list[list[LED]]:
    def led(x: int, y: int) -> LED:
        if x in (0, 39) or y in (0, 15):
            return True, False
        return False, x == y

    return [[led(x, y) for x in range(40)] for y in range(16)]


def picture_c() -> list[list[LED]]:
    return [[((x // 8 + y // 4) % 2 == 1,) * 2 for x in range(40)] for y in range(16)]


def frame_of(rows: list[list[LED]], dual: bool) -> Frame:
    width, height = len(rows[0]), len(rows)
    planes = [[[led[c] for led in row] for row in rows] for c in (0, 1)]
    if not dual:
        planes = [[[any(led) for led in row] for row in rows]]
    data = b"".join(
        sum(on << width - 1 - x for x, on in enumerate(row)).to_bytes(width // 8, "big")
        for plane in planes
        for row in plane
    )
    form = PixelFormat.PLANES_2 if dual else PixelFormat.PLANES_1
    return Frame(width, height, form, data, "")


@pytest.fixture(scope="module")
def vectors(shared: Path) -> dict[str, kit.Golden]:
    entries = json.loads((shared / "vectors" / "onbon-bx56.json").read_text())
    return {e["id"]: kit.Golden(e["id"], bytes.fromhex(e["hex"]), Link.NET, e["strength"]) for e in entries}


def body(golden: kit.Golden) -> commands.Command:
    (message,) = kit.read(BX56(Link.NET, Role.WITNESS), golden.data)
    assert isinstance(message, Packet)
    assert isinstance(message.body, commands.Command)
    return message.body


def test_all_public_vectors_both_ways(vectors: dict[str, kit.Golden]) -> None:
    for golden in vectors.values():
        for link in (Link.NET, Link.SERIAL):
            kit.both_ways(case_bx56.case(), kit.Golden(golden.id, golden.data, link, golden.source))
    assert Counter(g.source for g in vectors.values()) == {"vendor-code": 86}


def test_what_the_vectors_say(vectors: dict[str, kit.Golden]) -> None:
    assert body(vectors["G5-J-11"]) == commands.SetTime("2026-11-21T18:30:45", 6)
    assert body(vectors["G5-J-15"]) == commands.Brightness((4,) * 48)
    assert body(vectors["G6-J-36"]) == commands.DeleteFiles(("P001", "D001"))
    assert body(vectors["G6-J-38"]).code == (0xA7, 0)
    raw = [name for name, golden in vectors.items() if kit_is_raw(golden)]
    assert raw == ["G5-J-19", "G5-J-20", "G6-J-19", "G6-J-20"]  # programme locks: read, never sent


def kit_is_raw(golden: kit.Golden) -> bool:
    (message,) = kit.read(BX56(Link.NET, Role.WITNESS), golden.data)
    return isinstance(message, Packet) and isinstance(message.body, commands.OtherCommand)


def test_no_vector_survives_a_flipped_bit(vectors: dict[str, kit.Golden]) -> None:
    case, tried = case_bx56.case(), 0
    for golden in vectors.values():
        kit.false_header(case, golden)
        if len(golden.data) < 60:
            tried += kit.flipped_bits(case, golden)
            kit.truncated(case, golden)
    assert tried > 20_000


def test_long_vectors_flipped_in_every_byte(vectors: dict[str, kit.Golden]) -> None:
    for golden in (g for g in vectors.values() if len(g.data) >= 60):
        for position in range(8, len(golden.data)):
            spoiled = bytearray(golden.data)
            spoiled[position] ^= 1 << position % 8
            codec = BX56(Link.NET, Role.CARD)
            assert codec.feed(bytes(spoiled)) + codec.silence() == []


JAVA_A = {"stay": 500, "effect": 2, "speed": 3}
FULL, PART = Place(0, 0, 64, 32), Place(3, 8, 40, 16)


def pages(model: str, dual: bool) -> tuple[list[Picture], list[Picture]]:
    def pack(rows: list[list[LED]], x: int) -> bytes:
        return bitmap.pack(frame_of(rows, dual), MODELS[model], x=x)

    a = Picture(pack(picture_a(), 0), **JAVA_A)
    b = Picture(pack(picture_b(), 3), stay=0, effect=4, speed=1)
    c = Picture(pack(picture_c(), 3), stay=300, effect=1, speed=8, repeat=2)
    return [a], [b, c]


@pytest.mark.parametrize(
    ("model", "dual", "number", "blocks"),
    [
        ("5e", False, 0, ["G5-J-27"]),
        ("5e", False, 1, ["G5-J-30"]),
        ("6e", False, 0, ["G6-J-27", "G6-J-29"]),
        ("6e", False, 1, ["G6-J-32", "G6-J-34"]),
        ("5m", True, 0, ["G5-JD-02"]),
        ("6m", True, 0, ["G6-JD-02", "G6-JD-04"]),
    ],
)
def test_the_vendors_programme_files_come_out_again(
    vectors: dict[str, kit.Golden], model: str, dual: bool, number: int, blocks: list[str]
) -> None:
    """All bytes but the file's sum, which that kit computes in its own way, and a programme's turn: that kit gives
    BX-6 programmes 5 s, we let the pages play in sequence (0)."""
    places = (FULL, PART)
    files = programme.programme(MODELS[model].generation, number, places[number], pages(model, dual)[number])
    for file, name in zip(files, blocks, strict=True):
        block = body(vectors[name])
        assert isinstance(block, commands.WriteBlock)
        theirs = block.data[:-4]
        if model.startswith("6") and file.type == 0:
            assert theirs[8:10] == b"\x05\0"
            theirs = theirs[:8] + b"\0\0" + theirs[10:]
        assert (file.name, file.data[:-4]) == (block.name, theirs)
        assert file.crc == struct.pack("<I", zlib.crc32(theirs))
        assert block.data[-4:] == struct.pack("<I", zlib.crc32(block.data[:-4], 0xFFFFFFFF) ^ 0xFFFFFFFF)


@pytest.mark.parametrize(("model", "name"), [("5e", "G5-J-34"), ("6e", "G6-J-38")])
def test_the_vendors_dynamic_areas_come_out_again(vectors: dict[str, kit.Golden], model: str, name: str) -> None:
    frame = frame_of(picture_a(), dual=False)
    picture = Picture(bitmap.pack(frame, MODELS[model]), stay=200)
    content = programme.dynamic_area(MODELS[model].generation, FULL, [picture])
    theirs = body(vectors[name]).pack()
    if model == "6e":  # a time-out of 60 s, which run mode 0 ignores
        assert theirs[7:10] == b"\0\x3c\0"
        theirs = theirs[:8] + b"\0\0" + theirs[10:]
    assert content == theirs


def test_full_colour_bytes_are_not_inverted(vectors: dict[str, kit.Golden]) -> None:
    command = body(vectors["6Q-JAVA-dyn_4x2"])
    pixels = command.pack()[-24:]
    assert pixels[:9].hex() == "ff000000ff000000ff"
    assert bitmap.pack(Frame(4, 2, PixelFormat.RGB888, pixels, ""), MODELS["6q"]) == pixels


def test_colour_order_is_a_setting() -> None:
    frame = Frame(8, 1, PixelFormat.PLANES_2, b"\xf0\x0f", "")
    assert bitmap.pack(frame, MODELS["5m"], "rg").hex() == "0ff0"
    assert bitmap.pack(frame, MODELS["5m"], "gr").hex() == "f00f"
    assert bitmap.pack(frame, MODELS["6m"], "rg").hex() == "ffffff0f" + "fffffff0"


def test_planes_become_full_colour() -> None:
    frame = Frame(3, 1, PixelFormat.PLANES_3, b"\x80\x40\x20", "")
    assert bitmap.pack(frame, MODELS["6q"]).hex() == "ff000000ff000000ff"
    for wrong in (Frame(3, 1, PixelFormat.PLANES_3, b"\x80", ""), Frame(3, 1, PixelFormat.GIF, b"x", "")):
        with pytest.raises(UnsupportedError):
            bitmap.pack(wrong, MODELS["6q"])
    with pytest.raises(UnsupportedError):
        bitmap.pack(frame, MODELS["6e"])


def test_generation_probe() -> None:
    """The vendor's C kit: CRC b823 over the body, xor e3 over the header."""
    probe = Packet(Generation.PROBE, commands.OtherCommand(0xA2, 0, b"\0\0"), seq=2, device=b"\xfe\x01")
    content = packets.pack(probe)
    assert content[12:15].hex() == "23b8e3"
    assert packets.parse(content) == probe


def test_barcode_header() -> None:
    packet = Packet(Generation.G6, commands.Ping(), barcode=b"0123456789ABCDEF", seq=9)
    assert packets.parse(packets.pack(packet)) == packet
    assert len(packets.pack(packet)) == 44 + 5


def test_leads_and_strays_do_not_matter() -> None:
    (packet,) = BX56(Link.SERIAL).encode(commands.Ping())
    for wire in (packet[7:], b"\xa5" * 30 + packet, packet + b"\x5a\x5a\x5a" + packet):
        card = BX56(Link.SERIAL, Role.CARD)
        assert {type(m) for m in card.feed(wire)} == {Packet}


def test_uploads_are_cut_in_blocks() -> None:
    file = programme.CardFile("P000", 0, bytes(2500))
    said = Upload((file,), 1024).commands()
    blocks = [c for c in said if isinstance(c, commands.WriteBlock)]
    assert [(b.offset, len(b.data), b.last) for b in blocks] == [(0, 1024, 0), (1024, 1024, 0), (2048, 452, 1)]
    assert [type(said[0]), type(said[1]), type(said[-1])] == [
        commands.BeginTransfer,
        commands.StartWrite,
        commands.EndTransfer,
    ]
    frame = Frame(192, 96, PixelFormat.PLANES_1, bytes(24 * 96), "")
    for options, size in (({"model": "6ag"}, 512), ({"model": "5a"}, 700), ({"model": "5e", "block": "4096"}, 4096)):
        codec = create("bx56", options={**options, "pages": "programme"})
        upload = next(codec.routine(ShowFrame(frame)))
        assert isinstance(upload, Upload)
        assert upload.block == size


def ping(address: int = 1) -> Reply:
    return Reply(
        0xA2, 0x80, data=b"\x54\x02" + b"22.04.15" + b"\1" + struct.pack("<HBHH", address, 2, 64, 32) + bytes(14)
    )


def reply(codec: BX56, body: Reply, **fields: int) -> Packet:
    return Packet(Generation.G6, body, **{"dst": 0x8000, "src": 0xFFFE, **fields})


def judged(command: Message, answer: Message, index: int = 0) -> Verdict:
    return BX56(Link.SERIAL).judge(command, index, answer).verdict


UPLOAD = Upload((programme.CardFile("P000", 0, bytes(8)),), 64)


@pytest.mark.parametrize(
    ("command", "body", "verdict"),
    [
        (commands.Ping(), ping(), Verdict.CONFIRMED),
        (commands.Ping(), Reply(0xA2, 0x80, data=bytes(9)), Verdict.FOREIGN),
        (commands.Ping(), Reply(*ACK), Verdict.FOREIGN),
        (commands.Power(True), Reply(*ACK), Verdict.CONFIRMED),
        (commands.Power(True), Reply(*ACK, error=4), Verdict.REFUSED),
        (commands.Power(True), Reply(*NACK, error=5), Verdict.DAMAGED),
        (commands.Power(True), Reply(*NACK, error=3), Verdict.DAMAGED),
        (commands.Power(True), Reply(*NACK, error=16), Verdict.REFUSED),
        (UPLOAD, Reply(*ACK), Verdict.CONFIRMED),
        (UPLOAD, Reply(*NACK, error=16), Verdict.DISORDER),
        (UPLOAD, Reply(*NACK, error=11), Verdict.DISORDER),
        (UPLOAD, Reply(*NACK, error=4), Verdict.REFUSED),
        (commands.DeleteAreas(), Reply(*ACK), Verdict.FOREIGN),  # not in an area packet
    ],
)
def test_what_a_reply_means(command: Message, body: Reply, verdict: Verdict) -> None:
    assert judged(command, reply(BX56(), body), 1) is verdict


def test_answers_to_others_and_our_own_echo_mean_nothing() -> None:
    ack = reply(BX56(), Reply(*ACK))
    codec = BX56(Link.SERIAL, card_id=1)
    assert codec.judge(commands.Power(True), 0, ack).verdict is Verdict.FOREIGN  # source fffe, 0001 was asked
    assert judged(commands.Power(True), reply(BX56(), Reply(*ACK), dst=0x8001)) is Verdict.FOREIGN
    (echo,) = BX56(Link.SERIAL).feed(BX56(Link.SERIAL).encode(commands.Power(True))[0])
    assert judged(commands.Power(True), echo) is Verdict.FOREIGN


def test_numbers_tell_answers_apart_once_the_card_repeats_them() -> None:
    codec = BX56(Link.SERIAL)
    first, second = commands.Power(True), commands.Power(False)
    codec.encode(first)
    strange = reply(codec, Reply(*ACK), seq=0x1234)
    assert codec.judge(first, 0, strange).verdict is Verdict.CONFIRMED  # nobody knows yet whether it counts
    assert codec.judge(first, 0, reply(codec, Reply(*ACK), seq=0x8001)).verdict is Verdict.CONFIRMED
    codec.encode(second)
    assert codec.judge(second, 0, reply(codec, Reply(*ACK), seq=0x8001)).verdict is Verdict.FOREIGN
    assert codec.judge(second, 0, reply(codec, Reply(*ACK), seq=0x8002)).verdict is Verdict.CONFIRMED


def run(codec: BX56, routine: object, answers: dict[type, Reply]) -> list[str]:
    said: list[str] = []
    generator = iter(routine)  # type: ignore[call-overload]
    answer: Packet | None = None
    try:
        while True:
            command = generator.send(answer)
            said.append(type(command).__name__)
            answer = reply(codec, answers.get(type(command), Reply(*ACK)))
    except StopIteration:
        return said


def test_prepare_empties_the_card_and_spares_the_flash() -> None:
    codec = BX56()
    empty = {commands.Ping: ping(), commands.ListFiles: Reply(0xA1, 0x86, data=b"\0\0")}
    shallow = codec.routine(Prepare(64, 32, ColorMode.MONO))
    assert run(codec, shallow, empty) == ["Ping", "DeleteAreas"]
    deep = codec.routine(Prepare(64, 32, ColorMode.MONO, deep=True))
    assert run(codec, deep, empty) == ["Ping", "DeleteAreas", "ListFiles", "ListFiles"]  # nothing to delete
    full = empty | {commands.ListFiles: Reply(0xA1, 0x86, data=b"\2\0")}
    deep = codec.routine(Prepare(64, 32, ColorMode.MONO, deep=True))
    with pytest.raises(CardRefusedError):  # deleted, and still there
        run(codec, deep, full)


def test_programme_mode_writes_only_what_is_new_and_never_without_end() -> None:
    codec = BX56(model=MODELS["6e"], stored=True, writes=5)
    one, two = (Frame(32, 16, PixelFormat.PLANES_1, bytes((n,)) * 64, "") for n in (1, 2))
    answers = [Reply(0xA2, 0x8F, data=bytes((1, 0, 0, 15, left)) + bytes(28)) for left in (1, 0)]
    there, gone = ({commands.QueryStatus: answer} for answer in answers)
    assert run(codec, codec.routine(ShowFrame(one)), there) == ["Upload"]
    assert run(codec, codec.routine(ShowFrame(one)), there) == ["QueryStatus"]
    assert run(codec, codec.routine(ShowFrame(one, urgent=True, ttl_s=60)), there) == ["UpdateAreas"]
    assert run(codec, codec.routine(ShowFrame(one)), there) == ["QueryStatus", "DeleteAreas"]
    assert run(codec, codec.routine(ShowFrame(one)), gone) == ["QueryStatus", "Upload"], "somebody has deleted it"
    with pytest.raises(CardRefusedError):
        run(codec, codec.routine(ShowFrame(two)), {})


def test_dead_man() -> None:
    frame = Frame(32, 16, PixelFormat.PLANES_1, bytes(64), "")
    for ttl, mode in ((300, b"\x02\x2c\x01"), (None, b"\0\0\0")):
        command = next(BX56().routine(ShowFrame(frame, ttl_s=ttl)))
        assert isinstance(command, commands.UpdateAreas)
        assert command.content[7:10] == mode  # behind count, length and number
    with pytest.raises(UnsupportedError):
        BX56().routine(ShowFrame(frame, ttl_s=70_000))


def test_settings_as_bytes() -> None:
    at = datetime(2026, 11, 21, 18, 30, 45, 999, tzinfo=ZoneInfo("Asia/Shanghai"))
    clock = next(BX56().routine(SetClock(at)))
    assert isinstance(clock, commands.SetTime)
    assert clock.pack().hex() == "2620112118304506"
    assert [level(p) for p in (0, 1, 50, 100)] == [0, 1, 8, 15]
    assert next(BX56().routine(SetBrightness(100))) == commands.Brightness((15,) * 48)
    with pytest.raises(UnsupportedError):
        level(101)
    with pytest.raises(UnsupportedError):
        BX56().routine(ShowText("x"))


def test_options() -> None:
    for bad in (
        {"colour": "1"}, {"model": "9z"}, {"id": "x"}, {"id": "40000"}, {"order": "bg"}, {"block": "20"},
        {"block": "2000", "model": "5m", "pages": "programme"}, {"model": "5m"}, {"pages": "slow"},
    ):  # fmt: skip
        with pytest.raises(ConfigError):
            create("bx56", options=bad)
    codec = create("bx56", Link.SERIAL, options={"model": "5e", "id": "7", "order": "gr"})
    assert codec.encode(commands.Ping())[0].hex().startswith("a5" * 8 + "0700008005")
    assert codec.formats(ColorMode.DUAL, 64, 32) == (PixelFormat.PLANES_2,)
    assert codec.formats(ColorMode.RGB, 64, 32) == ()
    assert create("bx56").formats(ColorMode.RGB, 416, 208) == (PixelFormat.RGB888,)
    assert create("bx56").formats(ColorMode.RGB, 1920, 1080) == ()


def test_phy_type_by_line_and_model() -> None:
    def phy(link: Link, model: str) -> int:
        made = create("bx56", link, options={"model": model, "pages": "programme"}).encode(commands.Ping())[0]
        return onbon.unwrap(made)[8]

    assert [phy(Link.NET, m) for m in ("5e", "5a", "6e", "6q", "6a")] == [1, 0, 0, 1, 1]
    assert phy(Link.SERIAL, "5e") == 0


@settings(max_examples=300, deadline=None)
@given(data=st.lists(st.binary(max_size=300) | st.sampled_from([b"\xa5", b"\x5a", b"\xa6\x02"])).map(b"".join))
def test_nothing_that_comes_raises(data: bytes) -> None:
    codec = BX56(Link.SERIAL, Role.WITNESS)
    codec.feed(data)
    codec.silence()


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(min_size=5, max_size=60),
    generation=st.sampled_from([Generation.G5, Generation.G6, Generation.AREA]),
    group=st.integers(0, 255),
)
def test_any_sound_body_comes_back(content: bytes, generation: Generation, group: int) -> None:
    packet = Packet(generation, commands.parse(group, content[0], content[1:]), dst=1)
    (found,) = BX56(Link.NET, Role.CARD).feed(onbon.wrap(packets.pack(packet)))
    assert found == packet
