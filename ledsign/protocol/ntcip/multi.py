"""MULTI, the markup language of messages: read strictly, as a sign does before it calls a message valid.

Tags are case-insensitive; ``[[`` and ``]]`` are brackets. Read are the tags in ``SUPPORTED``; every other one is
"unsupported tag", as the standard wants it. Source: MIB 1203v03A (dmsSupportedMultiTags, dmsMultiSyntaxError) and
the tag forms on which two independent implementations agree.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ledsign.errors import LedsignError
from ledsign.protocol.ntcip.codes import CLASSIC_RGB, MultiFault

_BITS = {
    "cb": 0, "cf": 1, "fl": 2, "fo": 3, "g": 4, "hc": 5, "jl": 6, "jp": 7,
    "nl": 10, "np": 11, "pt": 12, "sc": 13, "cr": 27, "pb": 28,
}  # fmt: skip
SUPPORTED = sum(1 << bit for bit in _BITS.values()).to_bytes(4, "little")  # dmsSupportedMultiTags
MAX_LENGTH = 2048  # dmsMaxMultiStringLength
MAX_PAGES = 16  # dmsMaxNumberPages

LEFT, CENTRE, RIGHT, FULL = 2, 3, 4, 5  # line justification
TOP, MIDDLE, BOTTOM = 2, 3, 4  # page justification
PAGE_ON, PAGE_OFF = 30, 0  # tenths of a second, where a message says nothing

Colour: TypeAlias = tuple[int, int, int]

_TOKEN = re.compile(rb"\[\[|\]\]|\[([^\[\]]*)\]|[^\[\]]+|.", re.DOTALL)
_TAG = re.compile(rb"(fl|fo|hc|jl|jp|nl|np|pt|sc|cr|cb|cf|pb|g|/fl|/sc)(.*)", re.DOTALL | re.IGNORECASE)


class MultiError(LedsignError):
    """A message is no MULTI that this sign can show. ``position``: of the tag, in octets from 0."""

    def __init__(self, fault: MultiFault, position: int, text: str = "") -> None:
        super().__init__(f"{fault.name.lower()} at {position} {text}".strip())
        self.fault = fault
        self.position = position
        self.text = text


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text with its justifications; ``number`` counts the lines of its page from 0."""

    number: int
    text: str
    line: int
    page: int
    font: int
    position: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A graphic, by number; x and y from 1; ``identity`` None when the message does not say."""

    number: int
    x: int
    y: int
    identity: int | None
    position: int


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A filled area; x and y from 1."""

    x: int
    y: int
    width: int
    height: int
    colour: Colour
    position: int


@dataclass(frozen=True, slots=True)
class MultiPage:
    """One page. Times in tenths of a second; ``off``: dark so long after the page."""

    on: int
    off: int
    background: Colour
    lines: tuple[Line, ...]
    pictures: tuple[Picture, ...]
    rectangles: tuple[Rectangle, ...]


@dataclass
class _State:
    """What holds from one tag to the next; colours and times hold over pages too."""

    on: int
    off: int
    font: int = 1
    line: int = CENTRE
    page: int = MIDDLE
    background: Colour = (0, 0, 0)
    number: int = 0
    lines: list[Line] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    rectangles: list[Rectangle] = field(default_factory=list)

    def finish(self) -> MultiPage:
        page = MultiPage(
            self.on, self.off, self.background, tuple(self.lines), tuple(self.pictures), tuple(self.rectangles)
        )
        self.number, self.lines, self.pictures, self.rectangles = 0, [], [], []
        return page


def parse(multi: bytes) -> tuple[MultiPage, ...]:
    """The pages of a message. Raises MultiError."""
    if len(multi) > MAX_LENGTH or b"\0" in multi:
        raise MultiError(MultiFault.OTHER, min(len(multi), MAX_LENGTH), "too long, or a null character")
    state = _State(PAGE_ON, PAGE_OFF, line=CENTRE, page=MIDDLE)
    pages: list[MultiPage] = []
    for position, tag, rest, text in _tokens(multi):
        if tag == "np":
            pages.append(state.finish())
            if len(pages) >= MAX_PAGES:
                raise MultiError(MultiFault.TOO_MANY_PAGES, position)
        elif tag:
            try:
                _TAGS[tag](state, rest, position)
            except ValueError as error:
                raise MultiError(MultiFault.UNSUPPORTED_TAG_VALUE, position, rest) from error
        elif text:
            state.lines.append(Line(state.number, text, state.line, state.page, state.font, position))
    return (*pages, state.finish())


def _tokens(multi: bytes) -> Iterator[tuple[int, str, str, str]]:
    """(position, tag, its argument, text): either a tag or a text."""
    for found in _TOKEN.finditer(multi):
        token, inner, position = found.group(), found.group(1), found.start()
        if token in (b"[[", b"]]"):
            yield position, "", "", token[:1].decode("latin-1")
        elif inner is not None:
            tag = _TAG.fullmatch(inner)
            if tag is None:
                raise MultiError(MultiFault.UNSUPPORTED_TAG, position, inner.decode("latin-1"))
            yield position, tag.group(1).decode("ascii").lower(), tag.group(2).decode("latin-1"), ""
        elif token in (b"[", b"]"):
            raise MultiError(MultiFault.UNSUPPORTED_TAG, position, "bracket without its partner")
        else:
            yield position, "", "", token.decode("latin-1")


def _numbers(text: str, *counts: int, most: int = 65535) -> list[int]:
    """Numbers with commas between; as many as one of ``counts``. Raises ValueError."""
    parts = text.split(",") if text else []
    if len(parts) not in counts or not all(re.fullmatch(r"[0-9]{1,5}", part) for part in parts):
        raise ValueError(text)
    numbers = [int(part) for part in parts]
    if any(number > most for number in numbers):
        raise ValueError(text)
    return numbers


def _identity(text: str) -> int:
    """Four hex digits. Raises ValueError."""
    if not re.fullmatch(r"[0-9A-Fa-f]{1,4}", text):
        raise ValueError(text)
    return int(text, 16)


def _colour(numbers: list[int], default: Colour = (0, 0, 0)) -> Colour:
    if not numbers:
        return default
    if len(numbers) == 1:
        if numbers[0] >= len(CLASSIC_RGB):
            raise ValueError(numbers)
        return CLASSIC_RGB[numbers[0]]
    if any(number > 255 for number in numbers):
        raise ValueError(numbers)
    return numbers[0], numbers[1], numbers[2]


def _new_line(state: _State, rest: str, _position: int) -> None:
    _numbers(rest, 0, 1, most=9)
    state.number += 1


def _page_time(state: _State, rest: str, _position: int) -> None:
    found = re.fullmatch(r"([0-9]{0,3})(?:o([0-9]{0,3}))?", rest, re.IGNORECASE)
    if found is None:
        raise ValueError(rest)
    on, off = found.groups()
    state.on = int(on) if on else state.on
    state.off = int(off) if off else state.off
    if max(state.on, state.off) > 255 or not state.on:
        raise ValueError(rest)


def _font(state: _State, rest: str, position: int) -> None:
    number, _comma, identity = rest.partition(",")
    state.font = _numbers(number, 0, 1, most=255)[0] if number else 1
    if state.font != 1:  # the one font that there is
        raise MultiError(MultiFault.FONT_NOT_DEFINED, position, rest)
    if identity:
        _identity(identity)
        raise MultiError(MultiFault.FONT_VERSION_ID, position, rest)


def _graphic(state: _State, rest: str, position: int) -> None:
    parts = rest.split(",")
    identity = _identity(parts.pop()) if len(parts) == 4 else None
    number, *place = _numbers(",".join(parts), 1, 3)
    x, y = place or (1, 1)
    if not (1 <= number <= 255 and x and y):
        raise ValueError(rest)
    state.pictures.append(Picture(number, x, y, identity, position))


def _rectangle(state: _State, rest: str, position: int) -> None:
    x, y, width, height, *colour = _numbers(rest, 5, 7)
    if not (x and y and width and height):
        raise ValueError(rest)
    state.rectangles.append(Rectangle(x, y, width, height, _colour(colour), position))


def _hex_character(state: _State, rest: str, position: int) -> None:
    code = _identity(rest)
    if not code or 0xD800 <= code <= 0xDFFF:
        raise MultiError(MultiFault.CHARACTER_NOT_DEFINED, position, rest)
    state.lines.append(Line(state.number, chr(code), state.line, state.page, state.font, position))


def _justify_line(state: _State, rest: str, _position: int) -> None:
    found = _numbers(rest, 0, 1, most=FULL)
    state.line = found[0] if found else CENTRE
    if state.line < LEFT:
        raise ValueError(rest)


def _justify_page(state: _State, rest: str, _position: int) -> None:
    found = _numbers(rest, 0, 1, most=BOTTOM)
    state.page = found[0] if found else MIDDLE
    if state.page < TOP:
        raise ValueError(rest)


def _page_background(state: _State, rest: str, _position: int) -> None:
    state.background = _colour(_numbers(rest, 0, 1, 3))


def _foreground(_state: _State, rest: str, _position: int) -> None:
    """Read for its syntax: text is drawn in the panel's own colour."""
    _colour(_numbers(rest, 0, 1, 3))


def _flash(_state: _State, rest: str, _position: int) -> None:
    """Read for its syntax: nothing flashes here."""
    if not re.fullmatch(r"(t[0-9]{1,3})?(o[0-9]{1,3})?|(o[0-9]{1,3})(t[0-9]{1,3})", rest, re.IGNORECASE):
        raise ValueError(rest)


def _spacing(_state: _State, rest: str, _position: int) -> None:
    _numbers(rest, 1, most=99)


def _end(_state: _State, rest: str, _position: int) -> None:
    if rest:
        raise ValueError(rest)


_TAGS: Mapping[str, Callable[[_State, str, int], None]] = {
    "nl": _new_line,
    "pt": _page_time,
    "fo": _font,
    "g": _graphic,
    "cr": _rectangle,
    "hc": _hex_character,
    "jl": _justify_line,
    "jp": _justify_page,
    "pb": _page_background,
    "cb": _foreground,
    "cf": _foreground,
    "fl": _flash,
    "sc": _spacing,
    "/fl": _end,
    "/sc": _end,
}


def text_lines(page: MultiPage) -> tuple[str, ...]:
    """The text of a page, line by line, runs joined; an empty line keeps its place."""
    joined: dict[int, str] = {}
    for run in page.lines:
        joined[run.number] = joined.get(run.number, "") + run.text
    return tuple(joined.get(number, "") for number in range(max(joined, default=-1) + 1))
