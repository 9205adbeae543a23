"""Where a Chinese line may end, and how a paragraph falls into lines.

The rules are those of GB/T 15834-2011 (no closing mark at the start of a line, no opening mark at its end, ——
and …… never cut) and of figures a villager must read in one piece: amounts, dates, times and number with unit
stay whole, Latin words and addresses too, unless one is longer than a line. Blanks hang beyond the edge, and a
full-width mark whose right half is empty may hang out by that half rather than take its neighbour to the next
line. Where this is stricter or looser than UAX 14 as ICU implements it, ``tests/render/test_icu.py`` says why.
"""

from bisect import bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledsign.render.glyphs import Codepoints, Text

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

_NO_START_CHARS = (
    "，。、；：？！）】》〉」』”’〕］｝％‰℃·…～々〗〞﹞﹚﹜°′″ー゛゜ヽヾァィゥェォッャュョヮ" + ",.;:?!)]}%'~/-\u2011"
)
_SQUEEZE_CHARS = "，。、；：！？）】》〉」』”’〕］｝"
_NO_END_CHARS = "（【《〈「『“‘〔［｛￥№§〖〝¥$＄£€﹝﹙﹛第" + "([{#+"
_UNIT_CHARS = (
    "元万亿千百年月日时点分秒号人户组名次个岁届期亩吨斤米里天周条项户辆台座间份页楼℃℉％‰㎡㎥㎏㎜㎝㎞角毛只件处所盏升"
)
_INNER_CHARS = ".,:/-–—~～：．×·年月时点"
_SPACES = " \u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u200a\u205f\u3000"
_GLUES = "\u00a0\u2007\u2009\u202f"
_ASCII_SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def _table() -> NDArray[np.uint16]:
    table = np.zeros(0x10000, dtype=np.uint16)

    def add(chars: str, flag: int) -> None:
        for char in chars:
            table[ord(char)] |= flag

    add(_NO_START_CHARS, NO_START)
    add(_NO_END_CHARS, NO_END)
    add(_UNIT_CHARS, UNIT)
    add(_INNER_CHARS, INNER)
    add(_SQUEEZE_CHARS, SQUEEZE)
    add("公平立厘毫小", LONG_UNIT)
    add("里顷斤分方米时升克", UNIT_TAIL)
    add(_SPACES, SPACE)
    add(_GLUES, GLUE)
    add("0123456789", DIGIT | WORD | ALNUM)
    add("".join(map(chr, range(0xFF10, 0xFF1A))), DIGIT)
    add("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", WORD | ALNUM)
    add(_ASCII_SYMBOLS + "≤≥≠≈±×÷", WORD)
    for first, last in (
        (0xC0, 0x24F), (0x370, 0x52F), (0x590, 0x6FF), (0xF00, 0xFFF), (0x1E00, 0x1FFF),
        (0x2070, 0x209F), (0xB2, 0xB3), (0xB9, 0xB9), (0x2010, 0x2011),
    ):  # fmt: skip
        table[first : last + 1] |= WORD | ALNUM  # letters of scripts written with blanks between words
    return table


_CLASS: Final = _table()
_DASH, _OPEN, _CLOSE = 0x2014, 0x28, 0x29
_CLAUSE: Final = np.isin(np.arange(0x80), [ord(c) for c in ",.:;!?)]}"])
_SOFT: Final = np.isin(np.arange(0x80), [ord(c) for c in "/?&=-_.,;:@"])


def classes(cps: Codepoints) -> NDArray[np.uint16]:
    """Flags of each character; all ideographs and symbols have none."""
    return np.where(cps < 0x10000, _CLASS[np.minimum(cps, 0xFFFF)], 0).astype(np.uint16)


def breaks(text: Text) -> NDArray[np.bool_]:
    """``breaks(t)[i]``: a line may end between characters ``i`` and ``i + 1``; the last one always."""
    count = len(text)
    allowed = np.ones(count, dtype=np.bool_)
    if count < 2:
        return allowed
    cps, kind = text.cps, classes(text.cps)
    here, after = kind[:-1], kind[1:]
    ban = (after & (NO_START | GLUE | SPACE) != 0) | (here & (NO_END | GLUE) != 0)
    ban |= text.advance[1:] == 0
    ban |= (here & WORD != 0) & (after & WORD != 0) & ~_clause_end(cps, kind)
    ban |= (here & DIGIT != 0) & (after & (UNIT | LONG_UNIT) != 0)
    # 12.5公里: neither after the number nor inside its unit
    ban[1:] |= (here[:-1] & DIGIT != 0) & (here[1:] & LONG_UNIT != 0) & (kind[2:] & UNIT_TAIL != 0)
    ban |= (cps[:-1] == _DASH) & (cps[1:] == _DASH)
    digit, inner = kind & DIGIT != 0, kind & INNER != 0
    joined = digit[:-2] & inner[1:-1] & digit[2:]
    ban[:-1] |= joined
    ban[1:] |= joined
    ban &= ~((cps[:-1] == _CLOSE) & (cps[1:] == _OPEN))  # 镇(zhèn)(街道)
    spaced = (here & SPACE != 0) & (after & (NO_START | SPACE) == 0)
    allowed[:-1] = ~ban | (spaced & (text.advance[1:] != 0))
    if count > 4:
        # 10 000: a blank before three digits belongs to the figure
        thousands = digit[:-4] & (kind[1:-3] & SPACE != 0) & digit[2:-2] & digit[3:-1] & digit[4:]
        thousands[:-1] &= ~digit[5:]
        allowed[1:-3] &= ~thousands
    return allowed


def _clause_end(cps: Codepoints, kind: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """For all but the last character: an ASCII mark that ends a clause of Chinese text, as in 230户,1753亩,
    not one inside a figure, a time or a word."""
    small = np.minimum(cps[:-1], 0x7F)
    before = np.concatenate((kind[:1], kind[:-2]))
    ends: NDArray[np.bool_] = _CLAUSE[small] & (cps[:-1] < 0x80) & (before & ALNUM == 0)
    return ends


def _soft(cps: Codepoints) -> tuple[list[bool], list[bool]]:
    """Better places for cutting a piece that is longer than a line (between a number and its unit, before a
    bracket, after the signs of an address, never inside a figure), and tolerable ones: where at least no mark
    stands at the wrong end of a line."""
    kind = classes(cps)
    after = np.append(kind[1:], 0)
    digit, following = kind & DIGIT != 0, after & DIGIT != 0
    soft = np.where(cps < 0x80, _SOFT[np.minimum(cps, 0x7F)], False) & ~following
    soft |= digit & (after & UNIT != 0) | (kind & UNIT != 0) & following
    fair = (after & NO_START == 0) & (kind & NO_END == 0)
    soft |= after & NO_END != 0
    return (soft & fair).tolist(), fair.tolist()


def wrap(
    text: Text, width: int, first: int | None = None, squeeze: NDArray[np.bool_] | None = None
) -> list[tuple[int, int]]:
    """Lines as ``(start, end)`` of characters; ``width`` in half cells, ``first`` that of the first line.

    Blanks at a line's end are left out of it. Every character except those blanks lies in exactly one line, no
    line is wider than its width (a width under one full cell is taken as one); one that ends with a character
    of ``squeeze`` may be a half cell wider, for that character is then to be drawn half.
    """
    count = len(text)
    if not count:
        return []
    width = max(2, width)
    limit = width if first is None else max(2, first)
    blank = (classes(text.cps) & SPACE != 0).tolist()
    if text.width <= limit:
        return [(0, _strip(0, count, blank))]
    places = [0, *np.cumsum(text.advance, dtype=np.int64).tolist()]
    allowed = breaks(text)
    latest = np.maximum.accumulate(np.where(allowed, np.arange(1, count + 1), 0)).tolist()
    narrow = squeeze.tolist() if squeeze is not None and squeeze.any() else None
    lines: list[tuple[int, int]] = []
    soft: tuple[list[bool], list[bool]] | None = None
    start = 0
    while start < count:
        reach = bisect_right(places, places[start] + limit) - 1
        if narrow is not None and reach < count and narrow[reach] and places[reach + 1] - places[start] == limit + 1:
            reach += 1
        while reach < count and blank[reach]:
            reach += 1
        end = latest[reach - 1] if reach < count else count
        if end <= start:
            soft = soft or _soft(text.cps)
            end = _emergency(start, reach, soft, places)
        lines.append((start, end))
        start, limit = end, width
    _no_lonely_end(lines, latest, places, width, lone=text.cps)
    return [(a, _strip(a, b, blank)) for a, b in lines]


def _emergency(start: int, reach: int, soft: tuple[list[bool], list[bool]], places: list[int]) -> int:
    """Cut what fits no line: at one of its better places, at a tolerable one, else where the line is full."""
    reach = max(reach, start + 1)
    for good in soft:
        for end in range(reach, start, -1):
            if good[end - 1] and (end == len(good) or places[end + 1] > places[end]):  # no accent is cut off
                return end
    while reach > start + 1 and places[reach] == places[reach - 1]:
        reach -= 1
    return reach


def _no_lonely_end(
    lines: list[tuple[int, int]], latest: list[int], places: list[int], width: int, *, lone: Codepoints
) -> None:
    """A last line of one character, marks behind it not counted, gets company from the line above (孤字)."""
    if len(lines) < 2:
        return
    (a, b), (_, end) = lines[-2:]
    tail = np.minimum(lone[b + 1 : end], 0xFFFF)
    if places[b + 1] - places[b] > 2 or not (_PUNCTUATION[tail] | (_CLASS[tail] & SPACE != 0)).all():
        return
    earlier = latest[b - 2] if b - 2 >= a else 0
    if earlier > a and places[b] - places[earlier] <= 8 and places[end] - places[earlier] <= width:
        lines[-2:] = [(a, earlier), (earlier, end)]


def _strip(start: int, end: int, blank: list[bool]) -> int:
    while end > start and blank[end - 1]:
        end -= 1
    return end


_PUNCTUATION: Final = np.zeros(0x10000, dtype=np.bool_)
for _char in _NO_START_CHARS + _NO_END_CHARS.replace("第", "") + _ASCII_SYMBOLS + "—–―•●■◆▲→↓·":
    _PUNCTUATION[ord(_char)] = True


def weight(text: Text) -> int:
    """Reading effort in quarters of a Han character: Han 4, Latin letter or digit 2, punctuation 1, blank 0."""
    cps = np.minimum(text.cps, 0xFFFF)
    quarters = text.advance.astype(np.int64) * 2
    quarters[_PUNCTUATION[cps]] = 1
    quarters[_CLASS[cps] & (SPACE | GLUE) != 0] = 0
    return int(quarters.sum())
