"""Where a Chinese line may end, and how a paragraph falls into lines.

The rules are those of GB/T 15834-2011 (no closing mark at the start of a line, no opening mark at its end, ——
and …… never cut) and of figures a villager must read in one piece: amounts, dates, times and number with unit
stay whole, Latin words and addresses too, unless one is longer than a line. Blanks hang beyond the edge, and a
full-width mark whose right half is empty may hang out by that half rather than take its neighbour to the next
line. Where this is stricter or looser than UAX 14 as ICU implements it, ``tests/render/test_icu.py`` says why.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledsign.render.atlas import FULL
from ledsign.render.charkind import (
    ALNUM,
    ASCII_SYMBOLS,
    CLASSES,
    CLAUSE,
    CLOSE,
    DASH,
    DIGIT,
    GLUE,
    INNER,
    LONG_UNIT,
    NO_END,
    NO_END_CHARS,
    NO_START,
    NO_START_CHARS,
    OPEN,
    SPACE,
    SPACES,
    UNIT,
    UNIT_TAIL,
    WORD,
    classes,
)
from ledsign.render.glyphs import Codepoints, Text, sums
from ledsign.render.kernel import kernel

Flags: TypeAlias = NDArray[np.bool_]
Lines: TypeAlias = list[tuple[int, int]]
"""Of each line the first character and the one after its last."""

_SOFT: Final = np.isin(np.arange(0x80), [ord(c) for c in "/?&=-_.,;:@"])
_BLANK: Final = CLASSES & SPACE != 0

_BANNED: Final = 1  # no line ends between these two
_IF_LETTER: Final = 2  # none where a letter or digit stands before them: 12:30, not 230户,1753亩
_IF_FIGURE: Final = 4  # none where a digit stands before them: 12.5 and 12公里, 12 m
_IF_GOES_ON: Final = 8  # none where a digit follows them
_IF_THREE: Final = 16  # none where it parts the thousands of a figure: 10 000


def _pairs(kinds: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """What is known of a place between two characters, by the kinds of both."""
    here, after = kinds[:, None], kinds[None, :]
    words = (here & WORD != 0) & (after & WORD != 0)
    clause = here & CLAUSE != 0
    banned = (after & (NO_START | GLUE | SPACE) != 0) | (here & (NO_END | GLUE) != 0) | words & ~clause
    # 12.5公里: neither after the number nor inside its unit
    banned |= (here & DIGIT != 0) & (after & (UNIT | LONG_UNIT) != 0)
    banned |= (here & DASH != 0) & (after & DASH != 0)
    found = banned * np.uint8(_BANNED)
    found |= (words & clause) * np.uint8(_IF_LETTER)
    within = (here & LONG_UNIT != 0) & (after & UNIT_TAIL != 0) | (here & INNER != 0) & (after & DIGIT != 0)
    found |= within * np.uint8(_IF_FIGURE)
    found |= ((here & DIGIT != 0) & (after & INNER != 0)) * np.uint8(_IF_GOES_ON)
    found[(here & CLOSE != 0) & (after & OPEN != 0)] = 0  # 镇(zhèn)(街道)
    found[(here & SPACE != 0) & (after & (NO_START | SPACE) == 0)] = 0
    found |= ((here & SPACE != 0) & (after & DIGIT != 0)) * np.uint8(_IF_THREE)
    # 12 m³/s and 5 公里: a unit in letters has a blank before it (ISO 80000-1, 7.1.4)
    unit = (after & (UNIT | LONG_UNIT) != 0) | (after & ALNUM != 0) & (after & DIGIT == 0)
    found |= ((here & SPACE != 0) & unit) * np.uint8(_IF_FIGURE)
    flat: NDArray[np.uint8] = found.ravel()
    return flat


_AROUND: Final = np.array((0, 3, 4, 5))  # of four characters, the places counted from one before the first
_SHIFTS: Final = np.array((1 << 5, 1 << 7, 1 << 9, 1 << 11))


def _in_context() -> NDArray[np.bool_]:
    """Whether no line may end at a place, by what ``_pairs`` knows of it and the characters around it: the one
    before the pair and the three behind it, bit 0 a letter or digit, bit 1 a digit of any width."""
    every = np.arange(1 << 13)
    found, before, digits = every & 31, every >> 5 & 3, [every >> shift & 2 != 0 for shift in (5, 7, 9, 11)]
    banned: Flags = (found & _BANNED != 0) | (found & _IF_LETTER != 0) & (before & 1 != 0)
    banned |= (found & _IF_FIGURE != 0) & digits[0] | (found & _IF_GOES_ON != 0) & digits[1]
    banned |= (found & _IF_THREE != 0) & digits[0] & digits[1] & digits[2] & ~digits[3]
    return banned


_KINDS, _KIND = np.unique(CLASSES, return_inverse=True)
_KIND = _KIND.astype(np.uint16)
_ROLE: Final = ((_KINDS & ALNUM != 0) | (_KINDS & DIGIT != 0) * 2).astype(np.uint16)
_COUNT: Final = np.uint16(len(_KINDS))
_PAIRS: Final = _pairs(_KINDS)
_CONTEXT: Final = _in_context()


def breaks(text: Text) -> NDArray[np.bool_]:
    """``breaks(t)[i]``: a line may end between characters ``i`` and ``i + 1``; the last one always."""
    compiled = kernel()
    if compiled is not None:
        found = compiled.breaks(text.cps, text.advance, _KIND, _PAIRS, _ROLE, _CONTEXT)
        return np.frombuffer(found, np.bool_)
    count = len(text)
    allowed = np.ones(count, dtype=np.bool_)
    if count < 2:
        return allowed
    kind = _KIND.take(text.cps, mode="clip")  # beyond the table: its last entry, no flags
    found = _PAIRS.take(kind[:-1] * _COUNT + kind[1:])
    if not np.minimum.reduce(text.advance):
        found[text.advance[1:] == 0] = _BANNED
    np.equal(found, 0, out=allowed[:-1])
    if np.maximum.reduce(found) > _BANNED:
        (at,) = (found > _BANNED).nonzero()
        roles = np.zeros(count + 5, dtype=np.uint16)
        roles[1:-4] = _ROLE.take(kind)
        allowed[at] = ~_CONTEXT.take(roles.take(at[:, None] + _AROUND) @ _SHIFTS + found.take(at))
    return allowed


_BETWEEN: Final = 0x4E00
"""An ideograph without flags: what stands on either side of it has no influence on the other."""


def longest_pieces(text: Text, bounds: NDArray[np.intp]) -> NDArray[np.int64]:
    """Of each of the texts that ``text`` holds from one of the ``bounds`` to the next: half cells of the longest
    piece that no line end may cut."""
    ends = bounds[1:]
    inner = ends[:-1]
    cps = np.insert(text.cps, inner, _BETWEEN)
    advance = np.insert(text.advance, inner, 0)
    allowed = breaks(Text(cps, cps, advance)).copy()
    between = inner + np.arange(len(inner))
    allowed[between] = True
    allowed[between[between > 0] - 1] = True
    edges = np.flatnonzero(allowed)
    places = np.concatenate(([0], np.cumsum(advance, dtype=np.int64)[edges]))
    last = np.searchsorted(edges, np.append(between, len(cps) - 1))
    first = np.concatenate(([0], last[:-1] + 1))
    longest: NDArray[np.int64] = np.maximum.reduceat(np.diff(places), first)
    return longest


def hangs(text: Text) -> bool:
    """Whether its last character hangs at a line's end."""
    return chr(text.cps[-1]) in SPACES


def ends_blank(text: Text, end: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether the character before each of ``end`` hangs at a line's end."""
    if not len(text):
        return np.zeros(len(end), dtype=np.bool_)
    found: NDArray[np.bool_] = _BLANK.take(text.cps.take(end - 1, mode="clip"), mode="clip")
    return found


def _soft(cps: Codepoints) -> tuple[list[bool], ...]:
    """Places for cutting a piece that is longer than a line, the best first: between the parts of a date (年, 月),
    before a bracket, after the signs of an address; between a number and its unit; after the hyphen of a
    telephone number; at last wherever no mark stands at the wrong end of a line."""
    kind = classes(cps)
    after = np.append(kind[1:], 0)
    digit, following = kind & DIGIT != 0, after & DIGIT != 0
    soft = np.where(cps < 0x80, _SOFT[np.minimum(cps, 0x7F)], False) & ~following
    soft |= (after & NO_END != 0) | (kind & UNIT != 0) & following
    fair = (after & NO_START == 0) & (kind & NO_END == 0)
    unit = digit & (after & UNIT != 0)
    hyphen = (cps == ord("-")) & following
    return (soft & fair).tolist(), (unit & fair).tolist(), (hyphen & fair).tolist(), fair.tolist()


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
    blank = _BLANK.take(text.cps, mode="clip")
    lines: Lines = [(0, count)]
    if text.width > limit:
        allowed = breaks(text)
        filled = _filler(text.advance, allowed, blank, squeeze, width)
        soft: tuple[list[bool], ...] | None = None
        lines, start, reach = filled(0, limit)
        while start < count:
            soft = soft or _soft(text.cps)
            end = _emergency(start, reach, soft, text.advance)
            more, start, reach = filled(end, width)
            lines += [(lines[-1][1] if lines else 0, end), *more]
        _no_lonely_end(lines, allowed, text, width)
    return [(a, _strip(a, b, blank)) for a, b in lines] if np.logical_or.reduce(blank) else lines


def _filler(
    advance: NDArray[np.uint8], allowed: Flags, blank: Flags, narrow: Flags | None, width: int
) -> Callable[[int, int], tuple[Lines, int, int]]:
    """Fills lines from a character on, the first up to a limit of half cells and the others up to ``width``, until
    the end or a line that holds no place where it may end: the lines, that line's start, and the first character
    that it has no room for."""
    compiled = kernel()
    if compiled is not None:

        def compactly(start: int, limit: int) -> tuple[Lines, int, int]:
            found, start, reach = compiled.fill(advance, allowed, blank, narrow, start, limit, width)
            pairs = np.frombuffer(found, np.int64).tolist()
            return list(zip(pairs[::2], pairs[1::2], strict=True)), start, reach

        return compactly
    count = len(advance)
    places = sums(advance).tolist()
    latest = np.maximum.accumulate(np.where(allowed, np.arange(1, count + 1), 0))

    def filled(start: int, limit: int) -> tuple[Lines, int, int]:
        lines: Lines = []
        reach = start
        while start < count:
            room = places[start] + limit
            reach = bisect_right(places, room, start) - 1
            if narrow is not None and reach < count and narrow[reach] and places[reach + 1] == room + 1:
                reach += 1
            while reach < count and blank[reach]:
                reach += 1
            end = int(latest[reach - 1]) if reach < count else count
            if end <= start:
                break
            lines.append((start, end))
            start, limit = end, width
        return lines, start, reach

    return filled


def _emergency(start: int, reach: int, soft: tuple[list[bool], ...], advance: NDArray[np.uint8]) -> int:
    """Cut what fits no line: at one of its better places, at a tolerable one, else where the line is full."""
    reach = max(reach, start + 1)
    for good in soft:
        for end in range(reach, start, -1):
            if good[end - 1] and (end == len(good) or advance[end]):  # no accent is cut off
                return end
    while reach > start + 1 and not advance[reach - 1]:
        reach -= 1
    return reach


def _no_lonely_end(lines: Lines, allowed: Flags, text: Text, width: int) -> None:
    """A last line of one character, marks behind it not counted, gets company from the line above (孤字)."""
    if len(lines) < 2:
        return
    (a, b), (_, end) = lines[-2:]
    if text.advance[b] > FULL or not _SLIGHT.take(text.cps[b + 1 : end], mode="clip").all():
        return
    found = np.flatnonzero(allowed[a : b - 1])
    earlier = a + int(found[-1]) + 1 if len(found) else 0
    if earlier > a and text.advance[earlier:b].sum() <= 8 and text.advance[earlier:end].sum() <= width:
        lines[-2:] = [(a, earlier), (earlier, end)]


def _strip(start: int, end: int, blank: NDArray[np.bool_]) -> int:
    while end > start and blank[end - 1]:
        end -= 1
    return end


_PUNCTUATION: Final = np.zeros(0x10000, dtype=np.bool_)
for _char in NO_START_CHARS + NO_END_CHARS.replace("第", "") + ASCII_SYMBOLS + "—–―•●■◆▲→↓·":
    _PUNCTUATION[ord(_char)] = True
_SLIGHT: Final = _PUNCTUATION | _BLANK

_EFFORT: Final = np.full(0x10000, 2, dtype=np.uint8)
"""What a half cell takes to read, and above the fourth bit what the character takes on top of that."""
_EFFORT[_PUNCTUATION] = 1 << 4
_EFFORT[CLASSES & (SPACE | GLUE) != 0] = 0


def effort_sums(text: Text) -> NDArray[np.int64]:
    """What all characters before each one take to read, and last all of them, in quarters of a Han character: Han
    4, Latin letter or digit 2, punctuation 1, blank 0."""
    compiled = kernel()
    if compiled is not None:
        return np.frombuffer(compiled.tally(text.cps, text.advance, _EFFORT), np.int64)
    found = _EFFORT.take(text.cps, mode="clip")
    return sums((found & 15) * text.advance + (found >> 4))


def weight(text: Text) -> int:
    """Reading effort of all of it."""
    return int(effort_sums(text)[-1])
