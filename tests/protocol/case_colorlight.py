"""Colorlight for the codec kit: frames of an open sender (P10, P11). They have no checksum of their own."""

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

HEAD = "112233445566" + "222233445566"
ROW = HEAD + "5500000000" + "00040888" + "0000ff00ff00ff0000102030"
SHOW = HEAD + "0107" + "00" * 21 + "600500405060" + "00" * 71


def case() -> kit.Case:
    return kit.Case(
        family="colorlight",
        goldens=[
            kit.Golden("P10", bytes.fromhex(ROW), Link.UDP, "independent sender"),
            kit.Golden("P11", bytes.fromhex(SHOW), Link.UDP, "independent sender"),
            kit.Golden("0A", bytes.fromhex(HEAD + "0affffffff" + "00" * 60), Link.UDP, "notes of two senders"),
        ],
        make=lambda link: create("colorlight", link, Role.WITNESS),
        false_header={Link.UDP: bytes.fromhex(ROW)[:20]},
        unknown={Link.UDP: bytes.fromhex(HEAD + "66" + "0102")},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark="type=102",
        checked=False,
    )
