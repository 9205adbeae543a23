"""JetFile II for the codec kit: packets of an independent client, so that a bare clone tests both ways too."""

from ledsign.protocol.codec import Link, Role, create
from ledsign.protocol.message import QueryInfo, ShowText
from protocol import codec_kit as kit

FRAMES = [
    ("J1", "55a70a00000000000104010003010000"),
    ("J3", "55a7f600000000000104090005040300262011211405300714000000"),
    ("J7", "55a7f60000000000010408000606040044544100000000000000000000000000"),
]


def case(found: list[kit.Golden] | None = None) -> kit.Case:
    unknown = bytes.fromhex("55a76b010200000001040700066600007879")  # command 06 66, which nobody knows
    return kit.Case(
        family="jetfile2",
        goldens=found
        or [
            kit.Golden(name, bytes.fromhex(text), link, "independent implementation")
            for name, text in FRAMES
            for link in Link
        ],
        make=lambda link: create("jetfile2", link, Role.WITNESS),
        false_header=dict.fromkeys(Link, bytes.fromhex("55a70a001800000001040100")),
        unknown=dict.fromkeys(Link, unknown),
        unsupported=[QueryInfo(), ShowText("x"), object()],
        mark="other=1638",
    )
