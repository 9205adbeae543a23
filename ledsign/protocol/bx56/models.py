"""Which card is what: numbers, generation, block sizes, dynamic areas.

Source: the device table of the vendor's Java kit (numbers, block sizes), headers and manual of the vendor's C kit
(areas). BX-5Q and 5QS are left out: how their bitmaps are laid out is not known.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Generation(StrEnum):
    """Kind of header."""

    G5 = "g5"
    G6 = "g6"
    AREA = "f0"  # dynamic areas, on cards of both generations
    PROBE = "g3"  # the vendor's question for the generation


class CardError(IntEnum):
    """Error numbers that change what we do; the rest is a refusal."""

    BUSY = 3
    MEMORY = 4
    CHECKSUM = 5
    NO_FILE = 6
    FILE_CRC = 11
    EXISTS = 15
    BLOCK = 16


class FileType(IntEnum):
    """Kinds of files; programmes are P, their pictures D on BX-6."""

    PROGRAMME = 0
    DATA = 9


@dataclass(frozen=True, slots=True)
class Model:
    """A series. ``block``: data bytes of a file block that any firmware takes; ``most``: what the vendor's kit
    sends; ``areas``: how many dynamic areas."""

    name: str
    series: int
    generation: Generation
    block: int
    most: int
    areas: int = 0
    full_color: bool = False
    plain_phy: bool = False  # PHY type 0 on every line


_G5, _G6 = Generation.G5, Generation.G6
MODELS = {
    model.name: model
    for model in (
        Model("5a", 0x51, _G5, 700, 700, plain_phy=True),
        Model("5m", 0x52, _G5, 1024, 1024),
        Model("5c", 0x53, _G5, 1024, 1024),
        Model("5e", 0x54, _G5, 1024, 14336, areas=4),
        Model("5u", 0x55, _G5, 1024, 1024),
        Model("xw", 0x5E, _G5, 1024, 14336),
        Model("xu", 0x5F, _G5, 1024, 14336),
        Model("6m", 0x62, _G6, 1024, 1024, plain_phy=True),
        Model("6a", 0x63, _G6, 1024, 1024),
        Model("6ag", 0x63, _G6, 512, 512, plain_phy=True),
        Model("6w", 0x64, _G6, 1024, 1024, plain_phy=True),
        Model("6q", 0x66, _G6, 1024, 8000, areas=32, full_color=True),
        Model("6e", 0x74, _G6, 1024, 1024, areas=4, plain_phy=True),
    )
}


def is_six(device: bytes) -> bool:
    """Whether the two device bytes name a BX-6 card; the wildcard counts as one."""
    return device[0] >= 0x60


def model_name(device: bytes) -> str:
    """Device bytes for people, such as ``BX-6E (7402)``."""
    known = [model.name for model in MODELS.values() if model.series == device[0]]
    return f"BX-{known[0].upper()} ({device.hex()})" if known else f"BX ({device.hex()})"
