"""NTCIP 1203 for the codec kit: HDLC frames as an independent program makes them."""

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

FRAMES = [
    ("N10", "7e0513c1302c02010004067075626c6963a01f02e3067e"),
    ("N11", "7e200713c17d5e7d5d00014c667e"),
    ("N12", "7efd13c1aaa9b37e"),
]


def case() -> kit.Case:
    unknown = bytes.fromhex("7e051366010211e67e")  # protocol identifier 66, which nobody knows
    return kit.Case(
        family="ntcip",
        goldens=[
            kit.Golden(name, bytes.fromhex(text), link, "independent implementation")
            for name, text in FRAMES
            for link in (Link.SERIAL, Link.NET)
        ],
        make=lambda link: create("ntcip", link, Role.WITNESS),
        false_header=dict.fromkeys(Link, b"\x7e\x05\x13\xc1\x30\x2c"),
        unknown={Link.SERIAL: unknown, Link.NET: unknown},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark="ipi=102",
    )
