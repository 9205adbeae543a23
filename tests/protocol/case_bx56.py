"""Onbon BX-5/BX-6 for the codec kit: frames as the vendor's kits send them, so that a bare clone tests too."""

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

LEADS = "a5" * 8
FRAMES = [
    ("G5-J-14", "010000800500540201" + "00aa3400909678000000000000060068c49901a205010001"),
    ("G6-J-14", "010000800700740200" + "0020459001966d000000000000060068c4005501a205010001"),
    ("G5-J-36", "01000080f0005402000000000600000001a7010100ffb2b4"),
]


def goldens() -> list[kit.Golden]:
    links = (Link.SERIAL, Link.NET)
    return [
        kit.Golden(name, bytes.fromhex(LEADS + text + "5a"), link, "vendor code")
        for name, text in FRAMES
        for link in links
    ]


def case(found: list[kit.Golden] | None = None) -> kit.Case:
    # command a2 42 in a G5 header, which nobody knows
    unknown = bytes.fromhex(LEADS + "010000800500540201000000009096000000000000000500be6c0201a24200005a")
    return kit.Case(
        family="bx56",
        goldens=found or goldens(),
        make=lambda link: create("bx56", link, Role.WITNESS),
        false_header=dict.fromkeys(Link, b"\xa5\xa5\x01\x00\x00\x80\x05"),
        unknown={Link.SERIAL: unknown, Link.NET: unknown},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        preamble=8,
    )
