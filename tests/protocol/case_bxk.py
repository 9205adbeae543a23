"""Onbon BX-K for the codec kit: samples of the vendor's document and frames of a fielded rain station."""

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

LEADS = "a5" * 8
FRAMES = [
    ("K-DOC-16", "01000080000000000000fe020500a20001000068f8", "vendor document"),
    ("K-DOC-17", "01000080000000000000fe020d00a2030108001320012511172605b03f", "vendor document"),
    (
        "K-DOC-00",
        "feff0080000000000000fe022c00a306010000000123000000800000808020000000000a0000000002010100020a08000000"
        "bbb6d3adb9e2c1d93c49",
        "vendor document",
    ),
    ("K-STM-3", "00800100000000000000fe020500a00000000064dc", "fielded firmware"),
]


def case(found: list[kit.Golden] | None = None) -> kit.Case:
    goldens = [
        kit.Golden(name, bytes.fromhex(LEADS + text + "5a"), link, source)
        for name, text, source in FRAMES
        for link in (Link.SERIAL, Link.NET)
    ]
    # group a7, command 42, which nobody knows
    unknown = bytes.fromhex(LEADS + "01000080000000000000fe020500a742010000b0805a")
    return kit.Case(
        family="bxk",
        goldens=found or goldens,
        make=lambda link: create("bxk", link, Role.WITNESS),
        false_header=dict.fromkeys(Link, b"\xa5\xa5\x01\x00\x00\x80\x00"),
        unknown={Link.SERIAL: unknown, Link.NET: unknown},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        preamble=8,
    )
