"""NTCIP 1203: vectors, BER, HDLC, MULTI, pictures, the sign's rules."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import CardRefusedError, ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Link, Role, Verdict, create
from ledsign.protocol.message import Rest, SetBrightness, SetClock, ShowFrame, ShowText
from ledsign.protocol.ntcip import NTCIP, checks, hdlc, multi, picture, snmp
from ledsign.protocol.ntcip import objects as o
from ledsign.protocol.ntcip.asking import Asker, Settings
from ledsign.protocol.ntcip.codes import BLANK, Activation, GraphicStatus, MessageId, MultiFault, Scheme, Source
from ledsign.protocol.ntcip.sign import Shape, Sign
from ledsign.protocol.ntcip.smi import COUNTER, EMPTY, GAUGE, OID, OPAQUE, TICKS, Value, integer, octets
from ledsign.protocol.ntcip.snmp import Bind, Fault, Pdu, Snmp
from protocol import case_ntcip
from protocol import codec_kit as kit

FAULTS = {"GraphicNotDefined": MultiFault.GRAPHIC_NOT_DEFINED, "UnsupportedTag": MultiFault.UNSUPPORTED_TAG}


# ---- vectors --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads((shared / "vectors" / "ntcip1203.json").read_text())
    return found


def test_all_vectors_with_bytes_are_read_and_written_again(vectors: list[Mapping[str, Any]]) -> None:
    strengths: Counter[str] = Counter()
    for entry in (e for e in vectors if e["hex"]):
        data = bytes.fromhex(entry["hex"])
        _value, again = NTCIP().value(entry["params"]["kind"], data)
        assert again == data, entry["id"]
        strengths[entry["strength"]] += 1
    assert strengths == {"vendor-doc": 6, "capture": 8, "independent-implementation": 9}


def test_sums_agree_with_the_vectors(vectors: list[Mapping[str, Any]]) -> None:
    checked = 0
    for entry in vectors:
        params = entry["params"]
        if params["kind"] == "message-crc":
            crc = checks.message_crc(params["multi"].encode(), params["beacon"], params["pixel_service"])
        elif params["kind"] in ("font-id", "graphic-id"):
            crc = checks.identity(bytes.fromhex(params["stream"]))
        else:
            continue
        assert f"{crc:04x}" == entry["hex"], entry["id"]
        checked += 1
    assert checked == 9


def test_graphic_streams_are_made_as_the_official_examples() -> None:
    # the streams of vectors N6 and N7: without and with a transparent colour
    mono = bytes.fromhex("84926308c248a170")
    assert checks.graphic_stream(4, 6, 10, 1, False, b"\0\0\0", mono).hex() == "040006000a010000000084926308c248a170"
    rgb = bytes.fromhex("ffffff00ff00ff00ff00ff")
    assert checks.graphic_stream(7, 2, 2, 4, True, b"\0\xff\0", rgb)[:10].hex() == "07000200020401" + "00ff00"


def test_codes_and_frames_say_what_the_vectors_say(vectors: list[Mapping[str, Any]]) -> None:
    by_id = {entry["id"]: entry for entry in vectors}
    code = Activation.unpack(bytes.fromhex(by_id["N2"]["hex"]))
    assert code == Activation(267, 55, MessageId(4, 5, 0x95F9), "103.8.9.10")
    for name in ("N10", "N11", "N12"):
        params = by_id[name]["params"]
        frame = hdlc.HdlcFrame(params["address"], 0x13, 0xC1, bytes.fromhex(params["pdu"]))
        assert hdlc.pack(frame).hex() == by_id[name]["hex"]
    asked = snmp.parse(bytes.fromhex(by_id["N13"]["hex"]))
    assert asked == Snmp(Pdu.SET, 1000, (Bind(o.message(o.STATUS, 3, 3), integer(6)),))
    activate = snmp.parse(bytes.fromhex(by_id["N14"]["hex"]))
    assert Activation.unpack(activate.binds[0].value.octets).message == MessageId(3, 3, 0x9929)
    fault = snmp.parse(bytes.fromhex(by_id["N16b"]["hex"]))
    assert (fault.error, fault.index) == (Fault.NO_SUCH_NAME, 1)
    assert fault == snmp.parse(bytes.fromhex(by_id["N16a"]["hex"])).fault(Fault.NO_SUCH_NAME, 1)
    memory = snmp.parse(bytes.fromhex(by_id["N18"]["hex"])).binds[0]
    assert (memory.oid, memory.value.tag, memory.value.number) == (o.GRAPHIC_MEMORY, COUNTER, 0x100000)


def test_bitmap_of_the_official_example(vectors: list[Mapping[str, Any]]) -> None:
    entry = next(e for e in vectors if e["id"] == "N19")
    bitmap = bytes.fromhex(entry["hex"])
    padded = b"".join(bitmap[y * 3 : y * 3 + 3] for y in range(7))
    (band,) = picture.cut(Frame(24, 7, PixelFormat.PLANES_1, padded, ""), 1000)
    assert band.bitmap == bitmap


def test_messages_that_a_real_parser_accepts_or_refuses(vectors: list[Mapping[str, Any]]) -> None:
    (page,) = multi.parse(b"[cr1,1,4,3,0,0,255]")  # N20
    assert [(r.x, r.y, r.width, r.height, r.colour) for r in page.rectangles] == [(1, 1, 4, 3, (0, 0, 255))]
    first, second = multi.parse(b"[pt10o5]A[np]B")  # N22: dark half a second after each
    assert [(p.on, p.off) for p in (first, second)] == [(10, 5)] * 2
    sign = Sign(Shape(24, 10, Scheme.RGB_24BIT))
    for entry in (e for e in vectors if e["params"]["kind"] == "render-error"):
        fault = FAULTS.get(entry["params"]["expected"].partition("(")[0])
        if fault is not None:
            with pytest.raises(multi.MultiError) as error:
                sign.pages(entry["params"]["multi"].encode())
            assert error.value.fault is fault


# ---- BER and SNMP ---------------------------------------------------------------------------------------------

GET = bytes.fromhex("302c02010004067075626c6963a01f0202520002010002010030133011060d2b0601040189360402030601000500")


def carried(value: Value, oid: tuple[int, ...] = (1, 3, 6)) -> Bind:
    """A bind as it comes out of a message that it went into."""
    (bind,) = snmp.parse(snmp.pack(Snmp(Pdu.SET, 7, (Bind(oid, value),)))).binds
    return bind


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 65535, -1, -128, -129, 0x7FFFFFFF, -0x80000000])
def test_numbers_come_back(number: int) -> None:
    assert carried(integer(number)).value == integer(number)
    assert integer(number).number == number


@pytest.mark.parametrize(
    "value",
    [
        *(integer(number, tag) for tag in (COUNTER, GAUGE, TICKS) for number in (0, 0x80, 0x7FFFFFFF, 0xFFFFFFFF)),
        octets(b""), octets(bytes(range(256)) * 4), octets(bytes((10, 0, 0, 1)), 0x40), octets(b"\x9f\x78", OPAQUE),
        Value(OID, (1, 3, 6, 1, 4, 1, 1206)), EMPTY,
    ],
)  # fmt: skip
def test_every_kind_of_value_comes_back(value: Value) -> None:
    assert carried(value).value == value


def test_values_are_numbers_or_octets() -> None:
    for wrong in (octets(b"1"), EMPTY, Value(OID, (1, 3)), integer(1 << 64)):
        with pytest.raises(ProtocolError):
            wrong.number  # noqa: B018 -- reading is the test
    for wrong in (integer(1), EMPTY, Value(OID, (1, 3))):
        with pytest.raises(ProtocolError):
            wrong.octets  # noqa: B018
    for beyond in (integer(1 << 32, COUNTER), integer(-1, GAUGE), octets(b"12345", 0x40)):
        with pytest.raises(ProtocolError):
            snmp.pack(Snmp(Pdu.SET, 1, (Bind((1, 3), beyond),)))


def test_long_lengths_are_read_however_they_are_written() -> None:
    long_form = b"\x30\x82\x00\x2c" + GET[2:]
    assert snmp.parse(long_form) == snmp.parse(GET)
    assert snmp.pack(snmp.parse(GET)) == GET


def of(content: bytes, tag: int = 0x30) -> bytes:
    """An element with a length of two bytes."""
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content


def holding(element: bytes) -> bytes:
    """A whole SetRequest with this as its value."""
    pdu = GET[15:25] + of(of(GET[29:44] + element))  # numbers; binds; one bind with its name
    return of(GET[2:13] + of(pdu, 0xA3))


NESTED = b""
for _level in range(300):
    NESTED = of(NESTED)[-4000:]


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"\x30", b"\x30\x80\0\0", GET[:-1], GET + b"\0", GET.replace(b"\x02\x01\x00\x04", b"\x02\x01\x01\x04"),
        GET.replace(b"\xa0\x1f", b"\xa4\x1f"), b"\x30\x85" + bytes(9),
        b"\x30\x88" + b"\xff" * 8 + GET[2:], b"\x30\x84\x7f\xff\xff\xff" + GET[2:],  # lengths of another world
        b"\x30\x80" + GET[2:] + b"\0\0",  # a length that is not said
        NESTED, holding(NESTED), holding(b"\x24\x84\x7f\xff\xff\xff"), holding(b"\x24\x80\x04\x01a\0\0"),
        holding(of(b"\x7f" * 3000, 0x41)), holding(of(b"\x84" * 200 + b"\x01", 6)), holding(b"\x1f" + b"\xff" * 50),
        holding(of(bytes(3), 0x40)), holding(of(bytes(5000), 4)), holding(b""), holding(b"\x05\x01\x00"),
        GET.replace(b"\x02\x02\x52\x00", b"\x02\x05\x01\0\0\0\0").replace(b"\xa0\x1f", b"\xa0\x22").replace(
            b"\x30\x2c", b"\x30\x2f"),
    ],
)  # fmt: skip
def test_damaged_and_hostile_messages_are_refused(bad: bytes) -> None:
    with pytest.raises(ProtocolError):
        snmp.parse(bad)


def test_octets_in_pieces_are_put_together() -> None:
    """BER allows it, SNMP does not; it does no harm."""
    assert snmp.parse(holding(b"\x24\x06\x04\x01a\x04\x01b")).binds[0].value == octets(b"ab")


def test_a_huge_number_is_read_and_is_no_number() -> None:
    """The type has no bounds; whoever wants a number has."""
    (bind,) = snmp.parse(holding(of(b"\x7f" * 2000, 2))).binds
    assert bind.oid == snmp.parse(GET).binds[0].oid
    with pytest.raises(ProtocolError):
        bind.value.number  # noqa: B018


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20), st.integers(0, 2), st.integers(0, 39))
def test_names_come_back(parts: list[int], first: int, second: int) -> None:
    oid = (first, second, *parts)
    assert carried(EMPTY, oid).oid == oid


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=400), link=st.sampled_from(Link))
def test_nothing_that_comes_raises(data: bytes, link: Link) -> None:
    codec = create("ntcip", link, Role.DRIVER)
    codec.feed(data)
    codec.silence()


def test_mutated_messages_never_raise() -> None:
    dice = random.Random(4)
    goldens = [GET, *(golden.data for golden in case_ntcip.case().goldens)]
    codecs = {link: create("ntcip", link) for link in Link}
    sign = Sign(Shape(24, 10, Scheme.MONO_1BIT))
    for _round in range(4000):
        data = bytearray(dice.choice(goldens))
        for _change in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        for codec in codecs.values():
            for message in codec.feed(bytes(data)) + codec.silence():
                if isinstance(message, Snmp):
                    sign.handle(message, 0.0, 0)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 200), max_size=10), noise=st.binary(max_size=60))
def test_frames_are_found_in_any_chunks_and_behind_noise(cuts: list[int], noise: bytes) -> None:
    case = case_ntcip.case()
    goldens = [golden for golden in case.goldens if golden.link is Link.SERIAL]
    kit.any_chunking(case, goldens, cuts)
    for golden in goldens:
        kit.noise_then_packet(case, golden, noise)


def test_a_datagram_is_whole_or_nothing() -> None:
    codec = NTCIP()
    assert codec.feed(GET[:20]) == []
    assert codec.feed(GET[20:]) == []
    assert codec.feed(b"noise" + GET) == []
    assert codec.silence() == []
    assert codec.feed(GET) == [snmp.parse(GET)]
    kit.truncated(kit.Case("ntcip", [], lambda _link: NTCIP(), {}, {}, []), kit.Golden("", GET, Link.UDP, ""))


# ---- MULTI ----------------------------------------------------------------------------------------------------


def test_tags_in_any_case_and_brackets() -> None:
    (page,) = multi.parse(b"[JP3][Jl4]A[[1]][NL]B[fl]C[/FL][hc6C34]")
    assert multi.text_lines(page) == ("A[1]", "BC水")
    assert {line.line for line in page.lines} == {4}


@pytest.mark.parametrize(
    ("text", "fault", "position"),
    [
        (b"AB[zz]", MultiFault.UNSUPPORTED_TAG, 2),
        (b"[mvtcw96,s1,r2,x]", MultiFault.UNSUPPORTED_TAG, 0),
        (b"[f1]", MultiFault.UNSUPPORTED_TAG, 0),
        (b"A[nl", MultiFault.UNSUPPORTED_TAG, 1),
        (b"[jl9]", MultiFault.UNSUPPORTED_TAG_VALUE, 0),
        (b"[pt0]", MultiFault.UNSUPPORTED_TAG_VALUE, 0),
        (b"[cr1,1,0,3,1]", MultiFault.UNSUPPORTED_TAG_VALUE, 0),
        (b"[cf10]", MultiFault.UNSUPPORTED_TAG_VALUE, 0),
        (b"[cf1,2,300]", MultiFault.UNSUPPORTED_TAG_VALUE, 0),
        (b"[fo7]", MultiFault.FONT_NOT_DEFINED, 0),
        (b"[fo1,B62F]", MultiFault.FONT_VERSION_ID, 0),
        (b"[hcD800]", MultiFault.CHARACTER_NOT_DEFINED, 0),
        (b"[np]" * 16, MultiFault.TOO_MANY_PAGES, 60),
        (b"x" * 3000, MultiFault.OTHER, 2048),
    ],
)
def test_errors_name_the_fault_and_the_place(text: bytes, fault: MultiFault, position: int) -> None:
    with pytest.raises(multi.MultiError) as error:
        multi.parse(text)
    assert (error.value.fault, error.value.position) == (fault, position)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([b"[", b"]", b"g1", b"nl", b"np", b",", b"9", b"A", b"[pt", b"\xff", b"[hc"])))
def test_any_text_is_read_or_refused(pieces: list[bytes]) -> None:
    with suppress(multi.MultiError):
        assert len(multi.parse(b"".join(pieces))) <= multi.MAX_PAGES


# ---- pictures -------------------------------------------------------------------------------------------------


def test_pages_become_graphics_of_the_sign() -> None:
    mono = Frame(10, 2, PixelFormat.PLANES_1, bytes.fromhex("80400140"), "")
    (band,) = picture.cut(mono, 100)
    assert band == picture.Band(10, 2, Scheme.MONO_1BIT, bytes.fromhex("804050"))
    dual = Frame(8, 1, PixelFormat.PLANES_2, b"\xc0\x60", "")
    assert picture.cut(dual, 100)[0].bitmap == bytes((1, 2, 3, 0, 0, 0, 0, 0))
    rgb = Frame(2, 1, PixelFormat.RGB888, bytes((1, 2, 3, 4, 5, 6)), "")
    assert picture.cut(rgb, 100)[0].bitmap == bytes((3, 2, 1, 6, 5, 4))


def test_large_pages_are_cut_into_bands() -> None:
    tall = Frame(8, 600, PixelFormat.PLANES_1, bytes(600), "")
    assert [band.height for band in picture.cut(tall, 10_000)] == [255, 255, 90]
    assert [band.height for band in picture.cut(tall, 256)] == [255, 255, 90]
    assert [band.height for band in picture.cut(tall, 200)] == [200, 200, 200]
    for bad in (Frame(8, 8, PixelFormat.GIF, b"", ""), Frame(8, 8, PixelFormat.PLANES_1, b"123", "")):
        with pytest.raises(UnsupportedError):
            NTCIP().routine(ShowFrame(bad))
    with pytest.raises(UnsupportedError):
        picture.cut(tall, 0)


def test_what_cannot_be_done_raises_before_a_byte() -> None:
    for intent in (ShowText("x"), SetBrightness(101)):
        with pytest.raises(UnsupportedError):
            NTCIP().routine(intent)
    with pytest.raises(UnsupportedError):
        NTCIP().encode(hdlc.HdlcFrame(1, 0x13, 0xC1, b""))  # no frames on UDP
    for options in ({"colour": "red"}, {"priority": "0"}, {"loss": "x"}, {"source": "here"}, {"community": "你"}):
        with pytest.raises(ConfigError):
            create("ntcip", Link.UDP, Role.DRIVER, options)
    assert NTCIP().formats(ColorMode.RGB, 8, 8)[0] is PixelFormat.RGB888


def test_the_clock_is_told_in_utc_as_a_counter() -> None:
    at = datetime(2026, 11, 21, 8, 30, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    asked = next(NTCIP().routine(SetClock(at)))
    assert isinstance(asked, Snmp)
    assert asked.binds[0] == Bind(o.CLOCK, integer(int(at.timestamp()), COUNTER))


# ---- what an answer is worth ----------------------------------------------------------------------------------


def test_only_the_own_answer_counts() -> None:
    codec = NTCIP()
    (asked,) = codec.probes()
    assert isinstance(asked, Snmp)
    shown = (Bind(o.TABLE_SOURCE, octets(BLANK.pack())),)
    good = asked.reply(shown)
    verdicts = [
        (good, Verdict.CONFIRMED),
        (asked, Verdict.FOREIGN),
        (asked.fault(Fault.GEN_ERR, 1), Verdict.REFUSED),
        (asked.reply((Bind(o.SOURCE_MODE, integer(1)),)), Verdict.DAMAGED),
        (Snmp(Pdu.RESPONSE, asked.request_id - 1, shown), Verdict.FOREIGN),
        (Snmp(Pdu.RESPONSE, asked.request_id, shown, community="other"), Verdict.FOREIGN),
        (Snmp(Pdu.RESPONSE, asked.request_id, shown, address=2), Verdict.FOREIGN),
    ]
    for reply, verdict in verdicts:
        assert codec.judge(asked, 0, reply).verdict is verdict
    ids = {message.request_id for message in (*codec.probes(), *codec.probes(), asked) if isinstance(message, Snmp)}
    assert len(ids) == 3


# ---- the sign's rules -----------------------------------------------------------------------------------------


class Centre:
    """A manager that talks to a sign without a line."""

    def __init__(self, sign: Sign) -> None:
        self.sign = sign
        self.at = 0.0

    def ask(self, kind: Pdu, *binds: Bind) -> Snmp:
        reply = self.sign.handle(Snmp(kind, 7, binds), self.at, 1_000_000)
        assert reply is not None
        return reply

    def put(self, *binds: tuple[tuple[int, ...], Value]) -> int:
        return self.ask(Pdu.SET, *(Bind(oid, value) for oid, value in binds)).error

    def get(self, oid: tuple[int, ...]) -> Value:
        reply = self.ask(Pdu.GET, Bind(oid))
        assert not reply.error, oid
        return reply.binds[0].value

    def store(self, multi_text: bytes, memory: int = 3, number: int = 1, priority: int = 10) -> int:
        def cell(column: int) -> tuple[int, ...]:
            return o.message(column, memory, number)

        assert not self.put((cell(o.STATUS), integer(6)))
        assert not self.put((cell(o.MULTI), octets(multi_text)), (cell(o.RUN_PRIORITY), integer(priority)))
        assert not self.put((cell(o.STATUS), integer(7)))
        return self.get(cell(o.STATUS)).number

    def activate(self, message: MessageId, priority: int = 255, minutes: int = 65535) -> int:
        code = Activation(minutes, priority, message, "10.1.2.3")
        self.put((o.ACTIVATE, octets(code.pack())))
        return self.get(o.ACTIVATE_ERROR).number


@pytest.fixture
def centre() -> Centre:
    sign = Sign(Shape(24, 10, Scheme.MONO_1BIT, block=16))
    sign.start(0.0)
    return Centre(sign)


def message(text: bytes, memory: int = 3, number: int = 1) -> MessageId:
    return MessageId(memory, number, checks.message_crc(text))


def test_store_validate_activate_and_blank(centre: Centre) -> None:
    assert centre.store(b"HELLO") == 4
    assert centre.get(o.message(o.CRC, 3, 1)).number == 0xECF8  # vector N8a
    assert centre.activate(message(b"HELLO")) == 2
    assert centre.get(o.TABLE_SOURCE).octets == message(b"HELLO").pack()
    assert centre.get(o.SOURCE_MODE).number == Source.CENTRAL
    assert centre.get(o.REQUESTER).octets == bytes((10, 1, 2, 3))
    assert centre.get(o.message(o.MULTI, 5, 1)).octets == b"HELLO"
    assert centre.activate(MessageId(7, 200, 0)) == 2
    assert centre.sign.priority == 200


@pytest.mark.parametrize(
    ("code", "priority", "error"),
    [
        (message(b"A"), 9, 3),  # below the run-time priority of what is shown
        (message(b"A", 3, 2), 255, 4),  # that row was never made valid
        (MessageId(9, 1, 0), 255, 5),
        (MessageId(5, 1, 0), 255, 5),  # the current buffer is legal in ID codes only
        (MessageId(3, 17, 0), 255, 6),
        (MessageId(7, 0, 0), 255, 6),
        (message(b"B"), 255, 7),
        (MessageId(7, 1, 5), 255, 7),
    ],
)
def test_activation_errors_keep_the_old_display(centre: Centre, code: MessageId, priority: int, error: int) -> None:
    centre.store(b"A")
    assert centre.activate(message(b"A")) == 2
    refused = centre.ask(Pdu.SET, Bind(o.ACTIVATE, octets(Activation(5, priority, code, "0.0.0.0").pack())))
    assert (refused.error, refused.index) == (Fault.GEN_ERR, 1)
    assert centre.get(o.ACTIVATE_ERROR).number == error
    assert centre.get(o.ERROR_CODE).octets[3:8] == code.pack()
    assert centre.get(o.TABLE_SOURCE).octets == message(b"A").pack()
    assert centre.get(o.SHORT_ERRORS).number & 1 << 7


def test_local_mode_and_bad_syntax(centre: Centre) -> None:
    assert centre.store(b"A[zz]") == 5
    assert [centre.get(oid).number for oid in (o.VALIDATE_ERROR, o.MULTI_ERROR, o.MULTI_POSITION)] == [5, 3, 1]
    assert centre.activate(message(b"A[zz]")) == 4
    assert not centre.put((o.CONTROL_MODE, integer(2)))
    assert centre.activate(BLANK) == 9


def test_a_graphic_that_went_away_is_a_syntax_error(centre: Centre) -> None:
    upload(centre, 3, bytes(30))
    assert centre.store(b"[g3]") == 4
    assert not centre.put((o.graphic(o.G_STATUS, 3), integer(9)))
    assert centre.activate(message(b"[g3]")) == 8
    assert centre.get(o.MULTI_ERROR).number == MultiFault.GRAPHIC_NOT_DEFINED


def upload(centre: Centre, row: int, bitmap: bytes) -> int:
    """A 24x10 graphic in blocks of 16; returns its ID."""

    def cell(column: int) -> tuple[int, ...]:
        return o.graphic(column, row)

    assert not centre.put((cell(o.G_STATUS), integer(7)))
    assert not centre.put(
        (cell(o.G_NUMBER), integer(row)), (cell(o.G_HEIGHT), integer(10)), (cell(o.G_WIDTH), integer(24)),
        (cell(o.G_TYPE), integer(1)),
    )  # fmt: skip
    for at in range(0, len(bitmap), 16):
        assert not centre.put((o.block(row, at // 16 + 1), octets(bitmap[at : at + 16])))
    assert not centre.put((cell(o.G_STATUS), integer(8)))
    assert centre.get(cell(o.G_STATUS)).number == 4
    return centre.get(cell(o.G_ID)).number


def test_graphics_are_checked_in_use_and_bounded(centre: Centre) -> None:
    bitmap = random.Random(1).randbytes(30)
    identity = upload(centre, 3, bitmap)
    assert identity == checks.graphic_id(3, 10, 24, 1, False, b"\0\0\0", bitmap)
    assert centre.store(b"[g3,1,1,%04X]" % (identity ^ 1)) == 5
    assert centre.get(o.MULTI_ERROR).number == MultiFault.GRAPHIC_ID
    assert centre.store(b"[g3,2,1]") == 5  # does not fit the glass
    text = b"[g3,1,1,%04X]" % identity
    assert centre.store(text) == 4
    assert centre.activate(message(text)) == 2
    assert centre.get(o.graphic(o.G_STATUS, 3)).number == 5
    assert centre.put((o.graphic(o.G_STATUS, 3), integer(9))) == Fault.GEN_ERR  # in use
    assert centre.put((o.block(3, 1), octets(bytes(4)))) == Fault.GEN_ERR  # not being modified
    assert not centre.put((o.graphic(o.G_STATUS, 4), integer(7)))
    assert centre.put((o.block(4, 1), octets(bytes(4)))) == Fault.BAD_VALUE  # no measures yet
    assert not centre.put((o.graphic(o.G_HEIGHT, 4), integer(10)), (o.graphic(o.G_WIDTH, 4), integer(24)))
    assert centre.put((o.block(4, 1), octets(bytes(17)))) == Fault.BAD_VALUE  # longer than a block
    assert centre.put((o.graphic(o.G_STATUS, 4), integer(8))) == 0
    assert centre.get(o.graphic(o.G_ID, 4)).number  # missing blocks count as dark


def test_a_set_is_all_or_nothing(centre: Centre) -> None:
    reply = centre.ask(
        Pdu.SET,
        Bind(o.COMM_LOSS_MIN, integer(3)),
        Bind(o.ILLUM_LEVEL, integer(7)),
        Bind(o.WIDTH, integer(3)),
    )
    assert (reply.error, reply.index) == (Fault.NO_SUCH_NAME, 3)
    assert reply.binds[0].value.number == 3  # echoed as sent
    assert centre.get(o.COMM_LOSS_MIN).number == 0
    assert centre.get(o.ILLUM_LEVEL).number == 255
    assert centre.put((o.COMM_LOSS_MIN, octets(b"x"))) == Fault.BAD_VALUE
    assert centre.put((o.message(o.MULTI, 3, 1), octets(b"x"))) == Fault.GEN_ERR  # not being modified
    assert centre.put((o.message(o.MULTI, 7, 1), octets(b"x"))) == Fault.GEN_ERR
    assert centre.put((o.message(o.CRC, 3, 1), integer(1))) == Fault.NO_SUCH_NAME


def test_durations_end_and_a_lost_line_is_noticed(centre: Centre) -> None:
    centre.store(b"A")
    centre.activate(message(b"A"), minutes=2)
    centre.at = 61.0
    assert centre.get(o.TIME_REMAINING).number == 1
    assert centre.sign.due(61.0) == pytest.approx(59)
    centre.at = 121.0
    assert centre.get(o.TABLE_SOURCE).octets == BLANK.pack()
    assert centre.get(o.SOURCE_MODE).number == Source.END_DURATION
    centre.activate(message(b"A"))
    assert not centre.put((o.COMM_LOSS_MIN, integer(1)))
    centre.sign.tick(180.0, 0)
    assert not centre.sign.state.shown.blank
    centre.sign.tick(182.0, 0)
    assert centre.sign.state.shown.source is Source.COMM_LOSS
    assert not centre.put((o.TIME_REMAINING, integer(0)))
    assert centre.get(o.SOURCE_MODE).number == Source.END_DURATION


def test_power_recovery_forgets_the_volatile_and_shows_what_was_ordered(centre: Centre) -> None:
    centre.store(b"A", memory=4)
    centre.store(b"B", memory=3)
    assert not centre.put((o.SHORT_RECOVERY, octets(message(b"B").pack())), (o.SHORT_LOSS_S, integer(60)))
    centre.sign.start(200.0, lost_s=10.0)
    assert centre.sign.state.shown.message == message(b"B")
    assert centre.get(o.message(o.STATUS, 4, 1)).number == 1
    centre.sign.start(300.0, lost_s=100.0)
    assert centre.sign.state.shown.blank
    assert centre.put((o.LONG_RECOVERY, octets(b"\x09\0\1\0\0"))) == Fault.BAD_VALUE
    assert not centre.put((o.RESET, integer(1)))
    assert centre.get(o.SOURCE_MODE).number == Source.RESET


def test_the_tree_can_be_walked_to_its_end(centre: Centre) -> None:
    oid: tuple[int, ...] = (1, 3)
    seen: list[tuple[int, ...]] = []
    while not (reply := centre.ask(Pdu.GET_NEXT, Bind(oid))).error:
        oid = reply.binds[0].oid
        seen.append(oid)
    assert reply.error == Fault.NO_SUCH_NAME
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) > 2000


def test_strangers_and_floods() -> None:
    sign = Sign(Shape(24, 10, Scheme.MONO_1BIT), "secret")
    assert sign.handle(Snmp(Pdu.GET, 1, (Bind(o.WIDTH),)), 0.0, 0) is None
    assert sign.handle(Snmp(Pdu.RESPONSE, 1, (Bind(o.WIDTH),), community="secret"), 0.0, 0) is None
    flood = sign.handle(Snmp(Pdu.GET, 1, (Bind(o.WIDTH),) * 65, community="secret"), 0.0, 0)
    assert flood is not None
    assert flood.error == Fault.TOO_BIG


def test_a_refusal_names_the_reason() -> None:
    codec = NTCIP()
    routine = codec.routine(ShowFrame(Frame(8, 8, PixelFormat.PLANES_1, bytes(8), "")))
    next(routine)
    with pytest.raises(CardRefusedError):
        routine.throw(CardRefusedError(5))


def test_a_sign_that_works_is_given_time_and_not_forever() -> None:
    """Between questions for a state the driver rests, ever longer, 20 s in all; then it says what is wrong."""
    asker = Asker(Settings())
    cell = o.graphic(o.G_STATUS, 1)

    def rests(states: Iterator[int]) -> tuple[list[float], tuple[int, int]]:
        steps = asker.settled({GraphicStatus.READY}, cell, o.graphic(o.G_ID, 1))
        found: list[float] = []
        reply: Snmp | None = None
        try:
            while True:
                said = steps.send(reply)
                reply = None
                if isinstance(said, Rest):
                    found.append(said.seconds)
                elif isinstance(said, Snmp):
                    reply = said.reply((Bind(cell, integer(next(states))), Bind(cell, integer(7))))
        except StopIteration as end:
            return found, end.value

    assert rests(iter([3, 3, 3, GraphicStatus.READY])) == ([0.02, 0.04, 0.08], (GraphicStatus.READY, 7))
    assert rests(iter([GraphicStatus.READY])) == ([], (GraphicStatus.READY, 7))
    asked = count()
    with pytest.raises(CardRefusedError, match="does not come to an end"):
        rests(3 for _question in asked)
    assert next(asked) < 60
