"""The codec kit over every registered family, with packets that others made."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledsign.protocol.codec import Ability, Link, Role, create, families, network_scheme
from ledsign.protocol.cp5200.packets import Part
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import (
    case_bx56,
    case_bxk,
    case_bxy,
    case_colorlight,
    case_huidu,
    case_jetfile2,
    case_ntcip,
    case_pixelstream,
)
from protocol import codec_kit as kit

# a few packets of the vendor's document, so that a bare clone tests both ways too
DOCUMENT = [
    ("cp-001", "a56832017b010f0000001200000000000302ff0000616263006203ae", Link.SERIAL),
    ("cp-003", "ffffffff1d0000006832ff7b011200000012000d050300030200ff00bfebc3d1a4a400d807", Link.NET),
    ("cp-005", "a5e832013c01015901ae", Link.SERIAL),
    ("cp-007", "a568320176010000000000000000001201ae", Link.SERIAL),
]
LINKS = {"serial": Link.SERIAL, "tcp": Link.NET}


def cp5200(goldens: list[kit.Golden]) -> kit.Case:
    return kit.Case(
        family="cp5200",
        goldens=goldens,
        make=lambda link: create("cp5200", link, Role.WITNESS),
        false_header={Link.SERIAL: b"\xa5\x68\x32\x01", Link.NET: bytes.fromhex("ffffffffff0300006832017b")},
        unknown={
            Link.SERIAL: bytes.fromhex("a568320142010102e100ae"),
            Link.NET: bytes.fromhex("ffffffff0900000068320142010102e100"),
        },
        unsupported=[QueryInfo(), ShowText("x"), object()],
    )


def document() -> list[kit.Golden]:
    return [kit.Golden(name, bytes.fromhex(text), link, "vendor document") for name, text, link in DOCUMENT]


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[kit.Golden]:
    entries = json.loads((shared / "vectors" / "cp5200.json").read_text())
    return [
        kit.Golden(e["id"], bytes.fromhex(e["hex"]), LINKS[e["params"]["transport"]], e["strength"])
        for e in entries
        if (e.get("params") or {}).get("transport")
    ]


CASES: dict[str, Callable[[], kit.Case]] = {
    "artnet": case_pixelstream.artnet,
    "bx56": case_bx56.case,
    "bxk": case_bxk.case,
    "bxy": case_bxy.case,
    "colorlight": case_colorlight.case,
    "cp5200": lambda: cp5200(document()),
    "ddp": case_pixelstream.ddp,
    "huidu": case_huidu.case,
    "huidu-http": case_huidu.http_case,
    "ntcip": case_ntcip.case,
    "jetfile2": case_jetfile2.case,
    "sacn": case_pixelstream.sacn,
}


@pytest.fixture(params=families())
def case(request: pytest.FixtureRequest) -> kit.Case:
    assert request.param in CASES, "a registered family must bring its case to the kit"
    return CASES[request.param]()


def test_golden_both_ways(case: kit.Case) -> None:
    for golden in case.goldens:
        kit.both_ways(case, golden)


def test_flipped_truncated_false_header(case: kit.Case) -> None:
    for golden in case.goldens:
        kit.flipped_bits(case, golden)
        kit.truncated(case, golden)
        kit.false_header(case, golden)


def test_unknown_kind_names_itself(case: kit.Case) -> None:
    for link, data in case.unknown.items():
        (message,) = kit.read(case.make(link), data)
        assert case.mark in repr(message)
        assert case.make(link).encode(message) == [data]


def test_unsupported_raises_before_a_byte(case: kit.Case) -> None:
    for link in (Link.SERIAL, Link.NET):
        kit.unsupported(case, link)


@pytest.mark.parametrize("family", families())
def test_an_intent_without_its_ability_raises_before_a_byte(family: str) -> None:
    """Also what only one family knows, a set-up or an upload: nothing may pass for done that was not said."""
    link = Link.NET if network_scheme(family) == "tcp" else Link.UDP
    assert kit.beyond_abilities(create(family, link, Role.DRIVER)) >= 2


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_any_chunking(cuts: list[int]) -> None:
    case = cp5200(document())
    for link in (Link.SERIAL, Link.NET):
        kit.any_chunking(case, [g for g in case.goldens if g.link is link], cuts)


@settings(max_examples=80, deadline=None)
@given(noise=st.binary(max_size=80) | st.lists(st.sampled_from(b"\xa5\xae\xaa\xff\x68\x32\x00")).map(bytes))
def test_noise_then_packet(noise: bytes) -> None:
    case = cp5200(document())
    for golden in case.goldens:
        kit.noise_then_packet(case, golden, noise)


def test_all_public_vectors_both_ways(vectors: list[kit.Golden]) -> None:
    case = cp5200(vectors)
    for golden in vectors:
        kit.both_ways(case, golden)
    by_strength = Counter(g.source for g in vectors)
    assert by_strength == {"vendor-doc": 7, "vendor-code": 39, "independent-implementation": 26}


def test_no_public_vector_survives_a_flipped_bit(vectors: list[kit.Golden]) -> None:
    case = cp5200(vectors)
    tried = 0
    for golden in vectors:
        tried += kit.flipped_bits(case, golden) if len(golden.data) < 100 else 0
        kit.false_header(case, golden)
    assert tried > 10_000


def test_long_vectors_flipped_in_every_byte(vectors: list[kit.Golden]) -> None:
    for golden in (g for g in vectors if len(g.data) >= 100):
        for position in range(len(golden.data)):
            spoiled = bytearray(golden.data)
            spoiled[position] ^= 1 << position % 8
            codec = create("cp5200", golden.link, Role.CARD)
            assert codec.feed(bytes(spoiled)) + codec.silence() == []


def test_parts_of_the_long_picture_join(vectors: list[kit.Golden]) -> None:
    parts = [
        message.body  # type: ignore[attr-defined]
        for golden in vectors
        if golden.id in ("cp-056", "cp-057", "cp-058", "cp-059")
        for message in kit.read(create("cp5200", golden.link, Role.CARD), golden.data)
    ]
    assert [(p.index, p.last, len(p.data)) for p in parts if isinstance(p, Part)] == [
        (0, 3, 200),
        (1, 3, 200),
        (2, 3, 200),
        (3, 3, 187),
    ]


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=3000), link=st.sampled_from([Link.SERIAL, Link.NET]), role=st.sampled_from(Role))
def test_nothing_that_comes_raises(data: bytes, link: Link, role: Role) -> None:
    codec = create("cp5200", link, role)
    codec.feed(data)
    codec.silence()


def test_the_table_of_abilities_is_true(root: Path) -> None:
    """docs/cards/README.md against the codecs: every family, every ability, what it proves."""
    lines = (root / "docs" / "cards" / "README.md").read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("| family | proves |"))
    head = [cell.strip() for cell in lines[begin].strip("|").split("|")]
    listed = set()
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        name, proves, *marks = (cell.strip() for cell in line.strip("|").split("|"))
        family, _, option = name.replace("`", "").partition(", ")
        link = Link.NET if network_scheme(family) == "tcp" else Link.UDP
        codec = create(family, link, Role.DRIVER, dict([option.split("=")]) if option else {})
        assert {column for column, mark in zip(head[2:], marks, strict=True) if mark} == codec.abilities, name
        assert proves == codec.ack.name.lower().replace("_", " "), name
        listed.add(family)
    assert listed == set(families())
    assert set(head[2:]) == set(Ability)
