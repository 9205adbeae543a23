"""JetFile II: the codec against packets of an independent client, and the files it makes."""

import io
import json
import random
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kit import ZONE
from ledsign.card import Card
from ledsign.clock import SystemClock
from ledsign.errors import CardRefusedError, ConfigError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Link, Role, Routine, Verdict, create
from ledsign.protocol.jetfile2 import JetFile2, files, packets
from ledsign.protocol.jetfile2.commands import Other, Plain, Verb, parse
from ledsign.protocol.jetfile2.disk import FilePart, Kind, PutFile, ReadFile, SystemPart
from ledsign.protocol.jetfile2.packets import Reply, Request, Simple
from ledsign.protocol.jetfile2.shelf import Shelf
from ledsign.protocol.message import Clear, Message, Prepare, SetClock, ShowFrame, ShowText
from protocol import case_jetfile2
from protocol import codec_kit as kit

SIMPLE = bytes.fromhex("015a303402410f4554414106484904")
EVACUATE = bytes.fromhex("55a76c041400000001040500020901003c000100015a30300241301c310731455641435541544504")


def codec(role: Role = Role.DRIVER, **options: str) -> JetFile2:
    return JetFile2(Link.NET, role, options)


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[kit.Golden]:
    entries = json.loads((shared / "vectors" / "jetfile2.json").read_text())
    return [kit.Golden(e["id"], bytes.fromhex(e["hex"]), Link.NET, e["strength"]) for e in entries]


def test_all_public_vectors_both_ways(vectors: list[kit.Golden]) -> None:
    assert len(vectors) == 8
    for golden in vectors:
        kit.both_ways(case_jetfile2.case(vectors), golden)


def test_no_binary_vector_survives_a_flipped_bit(vectors: list[kit.Golden]) -> None:
    case = case_jetfile2.case(vectors)
    binary = [golden for golden in vectors if golden.id != "J8"]  # the simple frame has no sum
    assert sum(kit.flipped_bits(case, golden) for golden in binary) > 1000
    for golden in binary:
        kit.false_header(case, golden)
        kit.truncated(case, golden)


def test_the_drivers_own_commands_equal_the_independent_client(vectors: list[kit.Golden]) -> None:
    """Not only what was read is written again: the driver's own encoding gives the client's bytes."""
    sent = {golden.id: golden.data for golden in vectors}
    ours = {
        "J1": Plain(Verb.CONNECTION_TEST),
        "J3": files.clock(datetime(2026, 11, 21, 14, 5, 30, tzinfo=ZONE)),
        "J4": Plain(Verb.BLACK_ON),
    }
    for name, command in ours.items():
        serial = int.from_bytes(sent[name][10:12], "little")
        assert packets.pack(Request(command, serial, 1, 4)) == sent[name]


def test_files_are_cut_as_the_independent_client_cuts_them() -> None:
    """Argument layout and chunks as its own tests state them: 1300 bytes are 512 + 512 + 276, counted from 1."""
    card = codec(Role.CARD)
    driver = codec(chunk="512")
    parts = [m.body for p in driver.encode(PutFile(Kind.PICTURE, "E", "P1", b"\xaa" * 1300)) for m in card.feed(p)]
    assert [(p.total, p.size, p.count, p.current, len(p.data)) for p in parts] == [
        (1300, 512, 3, 1, 512),
        (1300, 512, 3, 2, 512),
        (1300, 512, 3, 3, 276),
    ]
    arg, _data = parts[0].pack()
    assert arg == b"E\0P1" + bytes(10) + bytes.fromhex("14050000 0002 0300 0100")
    read, _nothing = ReadFile(Kind.TEXT, "D", "AB", 512, 2).pack()
    assert read == b"D\0\0\0AB" + bytes(10) + bytes.fromhex("0002 0200")


@pytest.mark.parametrize("code", [0x0204, 0x0202, 0x0209, 0x020A, 0x0403, 0x0504, 0x0606, 0x0707, 0x0A01, 0x0801])
def test_a_command_with_a_wrong_argument_is_read_as_another(code: int) -> None:
    assert parse(code, b"\xff" * 8, b"") == Other(code, b"\xff" * 8, b"")


def test_each_packet_has_its_own_serial_and_only_its_reply_confirms_it() -> None:
    driver = codec(chunk="512")
    command = PutFile(Kind.PICTURE, "E", "A", bytes(1000))
    first, second = driver.encode(command)
    serials = [int.from_bytes(packet[10:12], "little") for packet in (first, second)]
    assert serials[1] == serials[0] + 1
    ok, late = b"\x00\x90\0\0", serials[0]

    def verdict(reply: Reply, index: int = 1) -> Verdict:
        return driver.judge(command, index, reply).verdict

    assert verdict(Reply(0x0206, serials[1], True, ok)) is Verdict.CONFIRMED
    assert verdict(Reply(0x0206, serials[1], True, b"OK\0\0")) is Verdict.CONFIRMED
    assert verdict(Reply(0x0206, late, True, ok)) is Verdict.FOREIGN
    assert verdict(Reply(0x0606, serials[1], True, ok)) is Verdict.FOREIGN
    assert verdict(Reply(0x0206, serials[1], True, b"\x02\x90\0\0")) is Verdict.DAMAGED
    assert verdict(Reply(0x0206, serials[1], True, b"\x14\x90\0\0")) is Verdict.DISORDER
    assert verdict(Reply(0x0206, serials[1], True, b"\x02\x21\0\0")) is Verdict.REFUSED
    driver.encode(Plain(Verb.STATUS))
    assert verdict(Reply(0x0206, late, True, ok), 0) is Verdict.CONFIRMED
    assert verdict(Reply(0x0206, serials[1] + 1, True, ok), 2) is Verdict.FOREIGN  # there was no third packet


def test_only_a_question_is_confirmed_by_values() -> None:
    """The document says twice, and differently, which flag marks a status: no write rests on it."""
    driver = codec()
    write, ask = PutFile(Kind.PICTURE, "E", "A", bytes(9)), Plain(Verb.STATUS)
    for command in (write, ask):
        driver.encode(command)
    for flag in (True, False):
        assert driver.judge(write, 0, Reply(0x0206, 0, flag, b"\x00\x90\0\0")).verdict is Verdict.CONFIRMED
        assert driver.judge(write, 0, Reply(0x0206, 0, flag, b"\x02\x90\0\0")).verdict is Verdict.DAMAGED
        assert driver.judge(write, 0, Reply(0x0206, 0, flag, b"", b"\x08\x90")).verdict is Verdict.REFUSED
    assert driver.judge(ask, 0, Reply(0x010B, 1, False, bytes(8))).verdict is Verdict.CONFIRMED
    assert driver.judge(ask, 0, Reply(0x010B, 1, True, b"\x30\x90\0\0")).meaning.startswith("login")


def test_long_pieces_until_a_sign_shows_that_it_takes_none() -> None:
    picture, ok = PutFile(Kind.PICTURE, "E", "A", bytes(3000)), b"\x00\x90\0\0"

    def lengths(driver: JetFile2) -> list[int]:
        return [len(packet) - 40 for packet in driver.encode(picture)]

    fresh = codec()
    fresh.reset()  # as when the line is opened
    assert lengths(fresh) == [1024, 1024, 952]
    fresh.judge(picture, 0, Reply(0x0206, 0, True, ok))
    fresh.reset()  # it has taken one: something else broke the line
    assert lengths(fresh)[0] == 1024
    silent = codec()
    lengths(silent)
    silent.reset()
    assert lengths(silent) == [512] * 5 + [440]
    refusing = codec()
    routine = refusing.routine(ShowFrame(Frame(256, 64, PixelFormat.PLANES_1, bytes(32 * 64), "")))
    put = next(routine)
    refusing.encode(put)
    assert routine.throw(CardRefusedError(0x9013)) == put
    assert len(refusing.encode(put)[0]) == 552
    with pytest.raises(CardRefusedError):
        routine.throw(CardRefusedError(0x9013))


def test_a_text_inside_a_damaged_packet_is_no_simple_frame() -> None:
    """An emergency carries a text file, which looks exactly like a frame of the format that has no sum."""
    damaged = EVACUATE[:-2] + bytes((EVACUATE[-2] ^ 1,)) + EVACUATE[-1:]
    card = codec(Role.CARD)
    assert card.feed(damaged) + card.silence() == []
    (message,) = card.feed(SIMPLE) + card.silence()
    assert message == Simple(4, "A", b"\x0fETAA\x06HI")
    assert [type(m) for m in card.feed(EVACUATE + SIMPLE)] == [Request, Simple]
    assert codec(Role.DRIVER).feed(SIMPLE) == []  # a sign sends none


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=3000) | st.lists(st.sampled_from(b"\x55\xa7\xa8\x01Z04\x02A\x03\x00\xff")).map(bytes))
def test_nothing_that_comes_raises(data: bytes) -> None:
    for role in Role:
        reader = create("jetfile2", Link.SERIAL, role)
        reader.feed(data)
        reader.silence()


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=80), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_chunking_and_noise(noise: bytes, cuts: list[int]) -> None:
    case = case_jetfile2.case()
    kit.any_chunking(case, [golden for golden in case.goldens if golden.link is Link.NET], cuts)
    for golden in case.goldens:
        kit.noise_then_packet(case, golden, noise)


# ---- files ------------------------------------------------------------------------------------------------------


def opened(bmp: bytes) -> np.ndarray:
    """A BMP as another program reads it."""
    return np.asarray(Image.open(io.BytesIO(bmp)).convert("RGB"))


@pytest.mark.parametrize(("width", "height"), [(96, 32), (37, 19), (8, 16)])
def test_pictures_are_read_by_others_as_they_were_meant(width: int, height: int) -> None:
    dice, row = random.Random(7), (width + 7) // 8
    mask = bytes([0xFF] * (row - 1) + [0xFF << (-width % 8) & 0xFF])
    planes = [b"".join(bytes(a & b for a, b in zip(dice.randbytes(row), mask, strict=True)) for _ in range(height))
              for _ in range(2)]  # fmt: skip
    bits = [np.unpackbits(np.frombuffer(p, np.uint8).reshape(height, row), axis=1)[:, :width] * 255 for p in planes]
    mono = opened(files.picture(Frame(width, height, PixelFormat.PLANES_1, planes[0], "")))
    assert (mono == bits[0][:, :, None]).all()
    dual = opened(files.picture(Frame(width, height, PixelFormat.PLANES_2, b"".join(planes), "")))
    assert (dual == np.stack([bits[0], bits[1], np.zeros_like(bits[0])], axis=2)).all()
    rgb = dice.randbytes(width * height * 3)
    full = opened(files.picture(Frame(width, height, PixelFormat.RGB888, rgb, "")))
    assert full.tobytes() == rgb


@pytest.mark.parametrize(("count", "bits"), [(1, 1), (2, 1), (3, 4), (16, 4), (17, 8), (256, 8), (257, 24)])
@pytest.mark.parametrize("width", [37, 40])
def test_few_colors_take_few_bits_and_lose_nothing(width: int, count: int, bits: int) -> None:
    dice, height = random.Random(count), 19
    colors = [bytes((n & 255, n >> 8, 7 * n & 255)) for n in range(count)]
    pixels = [*colors, *(dice.choice(colors) for _ in range(width * height - count))]
    frame = Frame(width, height, PixelFormat.RGB888, b"".join(pixels), "")
    made = files.picture(frame)
    assert int.from_bytes(made[28:30], "little") == bits
    assert opened(made).tobytes() == frame.data
    assert len(files.picture(frame, fewest=False)) == 54 + height * ((width * 3 + 3) // 4 * 4)


@pytest.mark.parametrize("color", [(255, 0, 0), (0, 255, 0), (255, 255, 0), None])
def test_one_color_of_a_two_color_sign_takes_one_bit(color: tuple[int, int, int] | None) -> None:
    plane, row = random.Random(3).randbytes(3 * 8), 3
    red, green = (plane if color and color[at] else bytes(len(plane)) for at in (0, 1))
    made = files.picture(Frame(24, 8, PixelFormat.PLANES_2, red + green, ""))
    assert len(made) == 62 + 4 * 8
    lit = np.unpackbits(np.frombuffer(plane, np.uint8).reshape(8, row), axis=1)[:, :, None]
    assert (opened(made) == lit * np.array(color or (0, 0, 0), np.uint8)).all()


def test_large_full_color_pages_take_a_palette_and_at_last_round() -> None:
    width, height = 512, 256
    few = (bytes(range(240)) * 1639)[: width * height * 3]
    few = bytes(value // 16 * 16 for value in few)
    exact = files.picture(Frame(width, height, PixelFormat.RGB888, few, ""))
    assert len(exact) < files.MAX_FILE
    assert opened(exact).tobytes() == few
    many = random.Random(1).randbytes(width * height * 3)
    rounded = files.picture(Frame(width, height, PixelFormat.RGB888, many, ""))
    assert len(rounded) < files.MAX_FILE
    error = np.abs(opened(rounded).astype(int).ravel() - np.frombuffer(many, np.uint8).astype(int))
    assert error.max() <= 8
    with pytest.raises(UnsupportedError):
        files.picture(Frame(1920, 1080, PixelFormat.RGB888, few[:300].ljust(1920 * 1080 * 3, b"\0"), ""))


@pytest.mark.parametrize(
    ("mode", "size", "fits"),
    [
        (ColorMode.MONO, (1920, 1080), True),
        (ColorMode.DUAL, (1920, 1080), False),
        (ColorMode.RGB, (512, 256), True),
        (ColorMode.RGB, (1920, 1080), False),
    ],
)
def test_a_panel_whose_pages_are_too_long_is_refused_beforehand(
    mode: ColorMode, size: tuple[int, int], fits: bool
) -> None:
    assert bool(codec().formats(mode, *size)) is fits
    assert codec().formats(mode)
    panel = Panel("big", *size, mode, 10)
    if not fits:
        with pytest.raises(ConfigError, match=f"cannot show {size[0]}x{size[1]}"):
            Card("jetfile2", "tcp://127.0.0.1:1", panel, SystemClock())


@settings(max_examples=100, deadline=None)
@given(
    pages=st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["stand", "cut", "interrupted"])), max_size=40),
    longest=st.sampled_from([2366, 262_210]),
)
def test_no_picture_in_use_is_written_over(pages: list[tuple[int, str]], longest: int) -> None:
    """Against a plain model: what each label holds, and those that the glass may depend on."""
    shelf, disk = Shelf(), dict[str, bytes]()
    shelf.forget(longest)
    standing = cut = told = ""
    for number, end in pages:
        picture = bytes((number,))
        label = shelf.find(picture)
        if label is None:
            label = shelf.free()
            assert label not in {standing, cut, told} - {""}
            disk[label] = picture
            shelf.put(label, picture)
        assert disk[label] == picture
        shelf.named(label)
        told = label
        if end != "interrupted":
            shelf.shown(label, standing=end == "stand", cut=end == "cut")
            standing, cut = (label, cut) if end == "stand" else (standing, label)
    assert len(disk) * longest <= 4 * files.MAX_FILE


def said(routine: Routine) -> list[Message]:
    """What a routine says to a sign that answers everything with zeros."""
    commands: list[Message] = []
    try:
        command = next(routine)
        while True:
            commands.append(command)
            command = routine.send(Reply(0, 0, False, bytes(20)))
    except StopIteration:
        return commands


def test_what_may_be_on_the_glass_is_not_written_over_by_a_preparation() -> None:
    """After a broken line nobody knows which picture is lit; the black one has a label of its own."""
    driver = codec()
    frame = Frame(8, 8, PixelFormat.PLANES_1, bytes(8), "")
    shown = said(driver.routine(ShowFrame(frame, ttl_s=60))) + said(driver.routine(ShowFrame(frame)))
    prepared = said(driver.routine(Prepare(8, 8, ColorMode.MONO)))
    cleared = said(driver.routine(Clear(8, 8, ColorMode.MONO)))

    def pictures(commands: list[Message]) -> list[str]:
        return [each.label for each in commands if isinstance(each, PutFile) and each.kind is Kind.PICTURE]

    assert pictures(shown) == ["A", "B"]
    assert pictures(prepared) == pictures(cleared) == ["0"]


def test_text_clock_and_playlist() -> None:
    assert files.words("L", "通知\nA").endswith("通知".encode("gb2312") + b"\x0dA\x04")
    with pytest.raises(UnsupportedError):
        files.words("L", "㐀")
    night = files.clock(datetime(2026, 1, 4, 23, 59, tzinfo=ZONE), seconds=False)
    assert (night.code, night.weekday, night.zone, night.second) == (0x0502, 1, 20, None)
    assert parse(0x0502, *night.pack()) == night
    sequence = files.playlist("E", "L")
    assert len(sequence) == 8 + 36
    (part,) = codec(Role.CARD).feed(codec().encode(SystemPart("SEQUENT.SYS", 44, 512, 1, 1, sequence))[0])
    assert part.body == SystemPart("SEQUENT.SYS", 44, 512, 1, 1, sequence)


def test_routines_refuse_before_the_first_command() -> None:
    for intent in (ShowFrame(Frame(8, 8, PixelFormat.GIF, b"GIF", "")), ShowText("㐀")):
        with pytest.raises(UnsupportedError):
            codec().routine(intent)


def test_an_old_board_gets_its_clock_to_the_minute() -> None:
    routine = codec().routine(SetClock(datetime(2026, 11, 21, 14, 5, 30, tzinfo=ZONE)))
    assert next(routine).code == 0x0504
    assert routine.throw(CardRefusedError(0x9005)).code == 0x0502


@pytest.mark.parametrize(
    "options",
    [{"groop": "1"}, {"group": "x"}, {"unit": "256"}, {"chunk": "64"}, {"disk": "F"}, {"password": "toolong"}],
)
def test_options_that_make_no_sense(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        create("jetfile2", Link.NET, Role.DRIVER, options)


def test_file_parts_of_every_kind_are_read() -> None:
    for kind in Kind:
        part = FilePart(kind, "D", 0, "A", 3, 512, 1, 1, b"abc")
        assert parse(part.code, part.pack()[0], part.data) == part
