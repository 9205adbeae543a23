"""DDP, Art-Net and sACN: vectors, cutting of pages, and what cannot be said."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.errors import ConfigError, ProtocolError, UnsupportedError
from ledsign.frame import AckLevel, Frame, PixelFormat
from ledsign.panel import ColorMode
from ledsign.protocol.codec import Ability, Link, Role, codec_class, create, network_scheme
from ledsign.protocol.message import Clear, QueryInfo, SetBrightness, SetPower, ShowFrame
from ledsign.protocol.pixelstream.artnet import ArtDmx, ArtSync
from ledsign.protocol.pixelstream.ddp import PUSH, DdpHeader, DdpPacket
from ledsign.protocol.pixelstream.sacn import SacnData, SacnSync
from ledsign.protocol.pixelstream.stream import Pixels
from protocol import codec_kit as kit

FAMILIES = ("ddp", "artnet", "sacn")


@pytest.fixture(scope="module")
def vectors(shared: Path) -> dict[str, dict[str, object]]:
    return {e["id"]: e for e in json.loads((shared / "vectors" / "pixel-streams.json").read_text())}


@pytest.mark.parametrize(("name", "family", "count"), [("P1", "ddp", 1), ("P2", "ddp", 2), ("P4", "artnet", 1)])
def test_public_vectors_both_ways(vectors, name, family, count) -> None:
    texts = vectors[name]["hex"]
    texts = texts if isinstance(texts, list) else [texts]
    pixels = b""
    for text in texts:
        reader = create(family, Link.UDP, Role.WITNESS)
        (message,) = reader.feed(bytes.fromhex(text))
        assert reader.encode(message) == [bytes.fromhex(text)]
        pixels += message.data
    assert len(texts) == count
    assert pixels.hex() == "".join(vectors[name]["params"]["pixels"])


def test_headers_of_a_thousand_pixels(vectors) -> None:
    """P3: LedFx cut 1000 pixels so; we cut them so, too."""
    heads = [bytes.fromhex(text) for text in vectors["P3"]["hex"]]
    codec = create("ddp", Link.UDP, Role.DRIVER)
    for _page in range(7):
        codec.encode(Pixels(bytes(3)))
    assert [packet[:10] for packet in codec.encode(Pixels(bytes(3000)))] == heads
    for head, length in zip(heads, (1440, 1440, 120), strict=True):
        value, again = codec.value("headers-only", head)
        assert isinstance(value, DdpHeader)
        assert (again, value.length) == (head, length)
        with pytest.raises(ProtocolError):
            codec.value("headers-only", head[:9])


def read(family: str, packets: list[bytes]) -> list[object]:
    reader = create(family, Link.UDP, Role.CARD)
    return [message for packet in packets for message in reader.feed(packet)]


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 3000), seed=st.integers(0, 9))
def test_a_page_comes_out_whole(size: int, seed: int) -> None:
    pixels = random.Random(seed).randbytes(size * 3)
    parts = read("ddp", create("ddp", Link.UDP).encode(Pixels(pixels)))
    assert b"".join(p.data for p in parts if isinstance(p, DdpPacket)) == pixels
    assert [p.header.flags & PUSH for p in parts] == [0] * (len(parts) - 1) + [PUSH]
    artnet = create("artnet", Link.UDP, Role.DRIVER, {"universe": "5"})
    *universes, sync = read("artnet", artnet.encode(Pixels(pixels)))
    assert isinstance(sync, ArtSync)
    assert [u.universe for u in universes if isinstance(u, ArtDmx)] == list(range(5, 5 + -(-size // 170)))
    assert b"".join(u.data for u in universes)[: len(pixels)] == pixels
    *universes, sync = read("sacn", create("sacn", Link.UDP).encode(Pixels(pixels)))
    assert isinstance(sync, SacnSync)
    assert {len(u.data) for u in universes if isinstance(u, SacnData)} == {512}
    assert b"".join(u.data[:510] for u in universes if isinstance(u, SacnData))[: len(pixels)] == pixels
    assert {u.sync for u in universes} == {sync.universe}


@pytest.mark.parametrize("family", FAMILIES)
def test_sequences_go_on_over_a_reconnect(family: str) -> None:
    """A receiver drops what looks older than the last it saw."""
    codec = create(family, Link.UDP)
    before = codec.encode(Pixels(bytes(6)), 1)
    codec.reset()
    assert codec.encode(Pixels(bytes(6)), 1) != before


@pytest.mark.parametrize("family", FAMILIES)
def test_honest_about_what_it_can(family: str) -> None:
    kind = codec_class(family)
    codec = create(family, Link.UDP)
    assert kind.ack is AckLevel.SENT
    assert kind.abilities == {Ability.FRAME, Ability.CLEAR, Ability.STREAM}
    assert not codec.probes()
    assert network_scheme(family) == "udp"
    assert codec.formats(ColorMode.MONO) == (PixelFormat.RGB888,)
    for intent in (SetBrightness(50), SetPower(False), QueryInfo(), ShowFrame(Frame(8, 8, PixelFormat.GIF, b"", ""))):
        with pytest.raises(UnsupportedError):
            codec.routine(intent)
    routine = codec.routine(Clear(16, 16, ColorMode.RGB))
    assert next(routine) == Pixels(bytes(16 * 16 * 3))
    kit.unsupported(kit.Case(family, (), lambda link: codec, {}, {}, (QueryInfo(), object())), Link.UDP)


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("ddp", {"id": "0"}),
        ("ddp", {"id": "246"}),  # JSON, no pixels
        ("ddp", {"type": "1b"}),
        ("artnet", {"universe": "32768"}),
        ("artnet", {"universe": "x"}),
        ("sacn", {"priority": "201"}),
        ("sacn", {"cid": "zz"}),
        ("sacn", {"name": "n" * 64}),
        ("ddp", {"universe": "1"}),
    ],
)
def test_options_that_make_no_sense(family: str, options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        create(family, Link.UDP, Role.DRIVER, options)


@pytest.mark.parametrize("family", FAMILIES)
def test_needs_datagrams(family: str) -> None:
    with pytest.raises(ConfigError):
        create(family, Link.NET)


def test_no_universe_beyond_the_last() -> None:
    for family, last in (("artnet", "32767"), ("sacn", "63999")):
        codec = create(family, Link.UDP, Role.DRIVER, {"universe": last})
        codec.encode(Pixels(bytes(510)))
        with pytest.raises(UnsupportedError):
            codec.encode(Pixels(bytes(511)))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=700), cut=st.integers(0, 700), flips=st.lists(st.integers(0, 5103), max_size=3))
def test_nothing_that_comes_raises(data: bytes, cut: int, flips: list[int]) -> None:
    for family in FAMILIES:
        reader = create(family, Link.UDP, Role.CARD)
        reader.feed(data)
        spoiled = bytearray(create(family, Link.UDP).encode(Pixels(bytes(510)))[0][:cut])
        for flip in flips:
            if flip // 8 < len(spoiled):
                spoiled[flip // 8] ^= 1 << flip % 8
        for message in reader.feed(bytes(spoiled)):
            again = reader.encode(message)
            # the sacn library pads slots and names with zeros and drops the reserved option bits
            assert again == [bytes(spoiled)] or (family == "sacn" and reader.encode(*reader.feed(again[0])) == again)


def test_sacn_refuses_what_only_looks_like_it() -> None:
    """Every fixed field and length of E1.31, also those that the library does not look at."""
    head = bytes.fromhex(
        "001000004153432d45312e3137000000726e00000004ef07c8dd00644401a3a2459ef8e6143e725800000002"
        + b"Source_A".ljust(64, b"\0").hex()
        + "641f1a9a000001720b02a1000000010201"
        + "00"
    )
    packet = head + bytes(slot % 256 for slot in range(512))
    assert len(packet) == 638
    (message,) = read("sacn", [packet])
    assert isinstance(message, SacnData)
    told = (message.name, message.priority, message.sync, message.sequence, message.universe, message.start_code)
    assert told == ("Source_A", 100, 7962, 154, 1, 0)
    assert message.data == packet[126:]
    for place in (0, 4, 16, 17, 21, 38, 39, 43, 115, 116, 117, 118, 122, 123, 124):
        spoiled = bytearray(packet)
        spoiled[place] ^= 0x20
        assert read("sacn", [bytes(spoiled)]) == [], place
    spoiled = bytearray(packet)
    spoiled[108] = 201  # priority
    assert read("sacn", [bytes(spoiled)]) == []
    spoiled[108], spoiled[44] = 100, 0xFF  # a name that is no text
    assert read("sacn", [bytes(spoiled)]) == []
    assert create("sacn", Link.UDP).encode(message) == [packet]
