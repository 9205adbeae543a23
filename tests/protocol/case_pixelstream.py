"""DDP, Art-Net and sACN for the codec kit: datagrams that other programs made. None of them has a checksum."""

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

DDP = [
    ("P1 LedFx", "41010b0100000000000cff000000ff000000ffffffff"),
    ("P2", "40010b01000000000003ff0000"),
]
ARTNET = [
    ("P4 stupidArtnet", "4172742d4e6574000050000e00000100000cff000000ff000000ffffffff"),
    ("stupidArtnet sync", "4172742d4e6574000052000e0000"),
]
CID = bytes(range(16)).hex()
SACN_DATA = (
    "001000004153432d45312e3137000000726e00000004" + CID + "725800000002" + b"town hall".ljust(64, b"\0").hex()
    + "96f9ff09000007" + "720b02a100000001020100" + "ff000000ff000000ff" + "00" * 503
)  # fmt: skip
SACN = [
    ("sacn 1.11 data", SACN_DATA),
    ("sacn 1.11 sync", "001000004153432d45312e3137000000702100000008" + CID + "700b0000000109f9ff0000"),
]


def _case(family: str, frames: list[tuple[str, str]], false: bytes, unknown: bytes, mark: str) -> kit.Case:
    return kit.Case(
        family=family,
        goldens=[kit.Golden(name, bytes.fromhex(text), Link.UDP, "independent") for name, text in frames],
        make=lambda link: create(family, link, Role.WITNESS),
        false_header={Link.UDP: false},
        unknown={Link.UDP: unknown},
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark=mark,
        checked=False,
    )


def ddp() -> kit.Case:
    return _case("ddp", DDP, b"\x41\x01\x0b\x01", bytes.fromhex("4101660100000000000112"), "type=102")


def artnet() -> kit.Case:
    return _case("artnet", ARTNET, b"Art-Net\0\0\x50", b"Art-Net\0\x00\x66\x00\x0e", "opcode=26112")


def sacn() -> kit.Case:
    other = bytearray.fromhex(SACN_DATA)
    other[125] = 0x66  # a start code that is not light
    return _case("sacn", SACN, bytes(other[:60]), bytes(other), "start_code=102")
