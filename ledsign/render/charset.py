"""Character sets of the standards: what GB 18030-2022 asks for, the 8 105 characters of the general list, blocks.

Levels are the implementation levels of GB 18030-2022 (clause 9): 1 the hanzi of the basic plane, 2 with the 196
characters of the general list (通用规范汉字表, 2013) beyond it, 3 with CJK extensions B to F and the Kangxi
radicals. The counts 27 584, 27 780 and 88 115 are the published ones.
"""

from bisect import bisect_right
from functools import cache
from typing import Final

from ledsign.resources import resource

_LEVEL_1: Final = (
    range(0x4E00, 0x9FF0),
    range(0x3400, 0x4DB6),
    (0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29),
    (0x2E81, 0x2E84, 0x2E88, 0x2E8B, 0x2E8C, 0x2E97, 0x2EA7, 0x2EAA, 0x2EAE, 0x2EB3, 0x2EB6, 0x2EB7, 0x2EBB, 0x2ECA),
)
_LEVEL_3: Final = (
    range(0x20000, 0x2A6D7),
    range(0x2A700, 0x2B735),
    range(0x2B740, 0x2B81E),
    range(0x2B820, 0x2CEA2),
    range(0x2CEB0, 0x2EBE1),
    range(0x2F00, 0x2FD6),
)


HANZI: Final = (
    range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xF900, 0xFB00), range(0x20000, 0x2FA20),
    range(0x30000, 0x323B0),
)  # fmt: skip
"""Blocks of hanzi, unified and compatibility ones."""


def text(file: str) -> str:
    """The characters of a list in ``fonts/``."""
    lines = resource("fonts", file).read_text(encoding="utf-8").splitlines()
    return "".join(line.strip() for line in lines if not line.startswith("#"))


@cache
def general_list() -> frozenset[int]:
    """The 8 105 characters that names of people and places are to be written with."""
    return frozenset(map(ord, text("tgh.txt")))


@cache
def level(number: int) -> frozenset[int]:
    """All characters that implementation level 1, 2 or 3 asks for."""
    if number == 1:
        return frozenset(cp for part in _LEVEL_1 for cp in part)
    if number == 2:
        return level(1) | general_list()
    return level(2).union(*_LEVEL_3)


def level_of(cp: int) -> int | None:
    """The lowest level that has the character; None: it belongs to none of them."""
    return next((number for number in (1, 2, 3) if cp in level(number)), None)


def gb2312(first_row: int, last_row: int) -> list[int]:
    """Code points of the rows (0xA1 to 0xF7, both included), in the order of the standard."""
    found = []
    for row in range(first_row, last_row + 1):
        for cell in range(0xA1, 0xFF):
            try:
                found.append(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def gbk() -> frozenset[int]:
    """The 21 003 hanzi and components of GBK (its rows 2, 3 and 4 and the cells FE50 to FEA0)."""
    found = set()
    for row in range(0x81, 0xFF):
        for cell in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            hanzi = row < 0xA1 or (row >= 0xAA and cell < 0xA1) or 0xB0 <= row < 0xF8
            if hanzi and (text := bytes((row, cell)).decode("gb18030", "ignore")):
                found.add(PRIVATE.get(ord(text), ord(text)))
    return frozenset(cp for cp in found if not 0xE000 <= cp < 0xF900)


# The 24 private-use places of GB 18030-2005 got real code points in the 2022 edition.
PRIVATE: Final = {
    0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14, 0xE792: 0xFE15,
    0xE793: 0xFE16, 0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19, 0xE81E: 0x9FB4, 0xE826: 0x9FB5,
    0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB,
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE831: 0x215D7, 0xE83B: 0x2298F, 0xE855: 0x241FE,
}  # fmt: skip


@cache
def _blocks() -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    starts, ends, names = [], [], []
    for line in resource("fonts", "blocks.txt").read_text(encoding="ascii").splitlines():
        if not line or line.startswith("#"):
            continue
        reach, name = line.split("; ", 1)
        start, end = reach.split("..")
        starts.append(int(start, 16))
        ends.append(int(end, 16))
        names.append(name)
    return tuple(starts), tuple(ends), tuple(names)


def block(cp: int) -> str:
    """Name of the Unicode block, "No_Block" between blocks."""
    starts, ends, names = _blocks()
    place = bisect_right(starts, cp) - 1
    return names[place] if place >= 0 and cp <= ends[place] else "No_Block"
