"""What each character is to a line: may it begin or end one, does it belong to a figure, does it hang."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.render.glyphs import Codepoints

NO_START: Final = 1  # never first in a line
NO_END: Final = 2  # never last in a line
WORD: Final = 4  # Latin letters, digits and what belongs to them
DIGIT: Final = 8
SPACE: Final = 16  # a line may end after it, and it hangs
GLUE: Final = 32  # never a line end on either side
UNIT: Final = 64  # stays with the number before it
ALNUM: Final = 256  # a letter or digit, not a sign
SQUEEZE: Final = 1024  # a full-width mark with its ink on the left: at a line's end half a cell is enough
LONG_UNIT: Final = 512  # first character of a unit of two: 公里 平方 立方 厘米 毫米 小时
UNIT_TAIL: Final = 2048  # second character of such a unit
INNER: Final = 128  # joins two numbers: 1,280.50  8:30  3~4  10—15
DASH: Final = 4096
OPEN: Final = 8192
CLOSE: Final = 16384
CLAUSE: Final = 32768  # an ASCII mark that ends a clause of Chinese text

NO_START_CHARS = (
    "，。、；：？！）】》〉」』”’〕］｝％‰℃·…～々〗〞﹞﹚﹜°′″ー゛゜ヽヾァィゥェォッャュョヮ" + ",.;:?!)]}%'~/-\u2011"
)
_SQUEEZE_CHARS = "，。、；：！？）】》〉」』”’〕］｝"
NO_END_CHARS = "（【《〈「『“‘〔［｛￥№§〖〝¥$＄£€﹝﹙﹛第" + "([{#+"
_UNIT_CHARS = (
    "元万亿千百年月日时点分秒号人户组名次个岁届期亩吨斤米里天周条项户辆台座间份页楼℃℉％‰㎡㎥㎏㎜㎝㎞角毛只件处所盏升"
)
_INNER_CHARS = ".,:/-–—~～：．×·年月时点"
SPACES = " \u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u200a\u205f\u3000"
_GLUES = "\u00a0\u2007\u2009\u202f"
ASCII_SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def _table() -> NDArray[np.uint16]:
    table = np.zeros(0x10000, dtype=np.uint16)

    def add(chars: str, flag: int) -> None:
        for char in chars:
            table[ord(char)] |= flag

    add(NO_START_CHARS, NO_START)
    add(NO_END_CHARS, NO_END)
    add(_UNIT_CHARS, UNIT)
    add(_INNER_CHARS, INNER)
    add(_SQUEEZE_CHARS, SQUEEZE)
    add("公平立厘毫小", LONG_UNIT)
    add("里顷斤分方米时升克", UNIT_TAIL)
    add(SPACES, SPACE)
    add(_GLUES, GLUE)
    add("0123456789", DIGIT | WORD | ALNUM)
    add("".join(map(chr, range(0xFF10, 0xFF1A))), DIGIT)
    add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", WORD | ALNUM)
    add(ASCII_SYMBOLS + "≤≥≠≈±×÷", WORD)
    add("—", DASH)
    add("(", OPEN)
    add(")", CLOSE)
    add(",.:;!?)]}", CLAUSE)
    for first, last in (
        (0xC0, 0x24F), (0x370, 0x52F), (0x590, 0x6FF), (0xF00, 0xFFF), (0x1E00, 0x1FFF),
        (0x2070, 0x209F), (0xB2, 0xB3), (0xB9, 0xB9), (0x2010, 0x2011),
    ):  # fmt: skip
        table[first : last + 1] |= WORD | ALNUM  # letters of scripts written with blanks between words
    return table


CLASSES: Final = _table()
"""Flags of the characters of the first plane."""


def classes(cps: Codepoints) -> NDArray[np.uint16]:
    """Flags of each character; all ideographs and symbols have none."""
    found: NDArray[np.uint16] = CLASSES.take(cps, mode="clip")  # beyond the table: its last entry, no flags
    return found
