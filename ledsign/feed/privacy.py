"""The last guard before light: identity, telephone and card numbers of persons must not come onto a screen.

Shapes: citizen identity number GB 11643 (18 places) and its 15-place forerunner, mobile numbers 1[3-9] + nine
digits, payment cards ISO/IEC 7812 (16 to 19 digits). A number is judged by shape and plausible date: one with a
wrong check digit is a mistyped number of somebody, so the check digit grades certainty and acquits nobody.
The numbers themselves never leave this module.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from ledsign.feed.texts import texts

BLOCK, WARN = "block", "warn"

_LISTING = ",/:;|\\"  # marks that also part the members of a list, the halves of a ratio or of a time
_DASH = "\\-\u2010-\u2015\u2212"
_SEPARATOR = rf"[\s{_DASH}.·\u2022\u30fb()+_{re.escape(_LISTING)}]{{1,8}}"
_RUN = re.compile(rf"[0-9]+(?:{_SEPARATOR}[0-9]+)*(?:{_SEPARATOR}[Xx]|[Xx])?")
_GROUP = re.compile(rf"[0-9]+(?:(?:{_SEPARATOR})?[Xx])?")
_DATE = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ID_18 = re.compile(rf"[0-9]{{6}}(?:18|19|20)[0-9]{{2}}{_DATE}[0-9]{{3}}[0-9X]")
_ID_15 = re.compile(rf"[0-9]{{8}}{_DATE}[0-9]{{3}}")
_MOBILE = re.compile(r"(?:(?:00)?86|0)?(1[3-9][0-9]{9})")
_TWO_DATES = re.compile(rf"(?:(?:19|20)[0-9]{{2}}{_DATE}){{2}}")
_AMOUNT = re.compile(
    r"(?<![0-9.,])(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|(?:0|[1-9][0-9]*)\.[0-9]{2})(?![0-9]|[.,][0-9])"
)
_MASKED = re.compile(r"(?<![0-9*])[0-9]+\*{2,}[0-9]+[Xx]?(?![0-9*])")
_OTHER = re.compile(
    r"(?<![0-9])(?<![0-9][-./])(?:19|20)[0-9]{2}([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])(?!\1?[0-9])"
    r"|(?<![0-9:])(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9])?(?!:?[0-9])"  # time of day
    rf"|(?<![0-9])(?<![0-9][{_DASH}])0(?:10|00[0-9]|[2-9][0-9]{{1,2}})[){_DASH}][2-9][0-9]{{6,7}}(?![0-9])"
    r"|GB(?:/[TZ])?\s?[0-9]{3,6}(?:\.[0-9]+)?[-\u2014](?:19|20)[0-9]{2}(?![-\u2014]?[0-9])"  # a standard
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_MOBILE_SPLITS = {(3, 4, 4), (3, 8), (7, 4), (4, 3, 4), (3, 3, 5), (3, 4, 2, 2), (3, 2, 2, 2, 2), (1,) * 11}
_ID_15_SPLITS = {(6, 6, 3), (6, 9), (12, 3), (6, 2, 2, 2, 3), (5, 5, 5), (3,) * 5, (1,) * 15}
_CARD_SPLIT = re.compile(r"4,4,4,4(?:,[1-4])?|6,[0-9]+(?:,[0-9]+)?|1(?:,1)*")
_MASKED_PLACES = {11, *range(15, 20)}
_LIST_MEMBERS = 4
_SHORTEST, _LONGEST = 11, 19


@dataclass(frozen=True, slots=True)
class PiiHit:
    """``kind``: id_card, mobile, bank_card, long_number. ``where``: JSON pointer. ``severity``: block or warn.

    ``certain``: the check digit fits as well.
    """

    kind: str
    where: str
    severity: str
    certain: bool = False

    @property
    def cell(self) -> tuple[int, int] | None:
        """Row and column from 0 when the hit stands in a table's body."""
        match = re.search(r"/rows/([0-9]+)/([0-9]+)$", self.where)
        return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Found:
    kind: str
    digits: str
    certain: bool

    @property
    def whole(self) -> bool:
        """So surely one number that shapes within it mean nothing."""
        return len(self.digits) == 18 if self.kind == "id_card" else self.digits.startswith("62")


def _plain(text: str) -> str:
    """NFKC, any script's digits as 0-9, without characters that take no place."""
    result = []
    for char in unicodedata.normalize("NFKC", text.replace("，", ";")):  # a wide comma parts no thousands
        category = unicodedata.category(char)
        if category == "Nd":
            result.append(str(unicodedata.decimal(char)))
        elif category != "Cf" and not "\ufe00" <= char <= "\ufe0f":
            result.append(char)
    return "".join(result)


def _variants(text: str) -> Iterator[str]:
    """As read; and once more with numerals that are marks (①, ², ⑴) taken as gaps: they may hide an edge."""
    yield _plain(text)
    bare = "".join("\ufffc" if unicodedata.category(char) == "No" else char for char in text)
    if bare != text:
        yield _plain(bare)


def _luhn(digits: str) -> bool:
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _identity_check(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return _ID_CHECK[total % 11] == number[17]


def _judge(number: str) -> Found | None:
    """What digits (perhaps ending in X) are when read as one number."""
    number = number.upper()
    if _ID_18.fullmatch(number):
        return Found("id_card", number, _identity_check(number))
    digits = number.removesuffix("X")
    if match := _MOBILE.fullmatch(digits):
        return Found("mobile", match[1], True)
    if _ID_15.fullmatch(digits):
        return Found("id_card", digits, False)
    if not 16 <= len(digits) <= _LONGEST:
        return None
    valid = _luhn(digits)
    if (digits.startswith(("60", "62")) or valid) and not _TWO_DATES.fullmatch(digits):
        return Found("bank_card", digits, valid)
    return Found("long_number", digits, False)


class _Run:
    """Digit groups that only separators part. Any neighbouring groups may together be a number."""

    def __init__(self, plain: str, start: int, end: int) -> None:
        self._plain = plain
        self._spans = [match.span() for match in _GROUP.finditer(plain, start, end)]
        self._groups = [re.sub(r"[^0-9X]", "", plain[left:right].upper()) for left, right in self._spans]
        gaps = [plain[left[1] : right[0]] for left, right in pairwise(self._spans)]
        self._gaps = gaps
        self._listed = [True, *(any(mark in gap for mark in _LISTING) for gap in gaps), True]
        self._amounts, self._others = self._read_otherwise()

    def _read_otherwise(self) -> tuple[frozenset[int], frozenset[int]]:
        """Indices of groups in amounts, and of those in dates, times, landlines, standards and masked numbers."""
        if len(self._groups) == 1:
            return frozenset(), frozenset()
        low, high = max(0, self._spans[0][0] - _LONGEST), self._spans[-1][1] + _LONGEST
        near = self._plain[low:high]
        masked = (match for match in _MASKED.finditer(near) if len(match[0]) in _MASKED_PLACES)
        return (
            self._within(low, _AMOUNT.finditer(near)),
            self._within(low, (*_OTHER.finditer(near), *masked)),
        )

    def _within(self, low: int, matches: Iterable[re.Match[str]]) -> frozenset[int]:
        covered = {low + place for match in matches for place in range(match.start(), match.end())}
        return frozenset(
            index for index, span in enumerate(self._spans) if any(place in covered for place in range(*span))
        )

    def findings(self, exempt: Collection[str]) -> Iterator[Found]:
        """Every window of neighbouring groups; none that shares a group with a number declared public."""
        windows = [(range(first, last + 1), found) for first, last, found in self._windows()]
        public = {index for places, found in windows if found.digits in exempt for index in places}
        hits = [
            (places, found)
            for places, found in windows
            if public.isdisjoint(places) and not self._acquitted(places[0], places[-1], found)
        ]
        blocked = {index for places, found in hits if found.kind != "long_number" for index in places}
        reach = -1  # the last group of any number so far that makes shapes within it meaningless
        for places, found in sorted(hits, key=lambda hit: (hit[0][0], -hit[0][-1])):
            if found.kind == "long_number":
                if blocked.isdisjoint(places):
                    yield found
            elif places[-1] > reach:
                yield found
                reach = places[-1] if found.whole else reach

    def _windows(self) -> Iterator[tuple[int, int, Found]]:
        for first in range(len(self._groups)):
            number = ""
            for last in range(first, len(self._groups)):
                number += self._groups[last]
                if len(number) > _LONGEST:
                    break
                if len(number) >= _SHORTEST and (found := _judge(number)):
                    yield first, last, found

    def _acquitted(self, first: int, last: int, found: Found) -> bool:
        """Whether the digits, as they stand here, are better read as something else."""
        weak = found.kind == "long_number" or (found.kind == "id_card" and len(found.digits) == 15)
        if weak and self._remnant(first, last, len(found.digits)):
            return True
        if first == last:
            return False
        places = frozenset(range(first, last + 1))
        if places <= self._amounts | self._others:
            return True
        if found.kind == "id_card" and len(found.digits) == 18:
            return False
        return bool(places & self._others) or self._a_list(first, last) or not self._spaced_like(first, last, found)

    def _remnant(self, first: int, last: int, places: int) -> bool:
        """What is left of a masked number: several asterisks touch it, and together they are as long as one."""
        left, right = self._spans[first][0], self._spans[last][1]
        before, after = self._plain[max(0, left - _LONGEST) : left], self._plain[right : right + _LONGEST]
        stars = max(len(before) - len(before.rstrip("*")), len(after) - len(after.lstrip("*")))
        return stars > 1 and places + stars <= _LONGEST

    def _a_list(self, first: int, last: int) -> bool:
        """Rising numbers, all parted alike."""
        members = self._groups[first : last + 1]
        if len(members) < _LIST_MEMBERS or len(set(self._gaps[first:last])) > 1:
            return False
        if any(not member.isdigit() or member[0] == "0" for member in members):
            return False
        return all(int(left) < int(right) for left, right in pairwise(members))

    def _spaced_like(self, first: int, last: int, found: Found) -> bool:
        """Whether one would space such a number so. Kinds of weak shape, and marks of lists, need the usual way."""
        sizes = tuple(len(group) for group in self._groups[first : last + 1])
        listed = any(self._listed[first + 1 : last + 1])
        alone = not listed and self._listed[first] and self._listed[last + 1]
        if found.kind == "mobile":
            return not listed or sizes in _MOBILE_SPLITS
        if found.kind == "id_card":
            return alone or sizes in _ID_15_SPLITS
        if alone or found.kind == "long_number":
            return alone
        if found.digits.startswith("62") and not listed:
            return sum(size in (7, 8) for size in sizes) < 2  # two such are local telephone numbers
        usual = _CARD_SPLIT.fullmatch(",".join(map(str, sizes))) is not None
        return usual and found.digits[0] in ("6" if listed else "34569")  # the first digits of card issuers


def find(text: str, exempt: Collection[str] = ()) -> Iterator[Found]:
    """All findings in one text, in order, but for ``exempt`` digits; the same number may come twice."""
    if len(text) < _SHORTEST:
        return
    for plain in _variants(text):
        for match in _RUN.finditer(plain):
            if len(match[0]) >= _SHORTEST:
                yield from _Run(plain, *match.span()).findings(exempt)


def _exempt(document: Mapping[str, object]) -> frozenset[str]:
    """Digits of the numbers that the notice declares public (official telephones, organisations' accounts)."""
    section = document.get("pii")
    entries = section.get("exemptions") if isinstance(section, Mapping) else None
    numbers = set()
    for entry in entries if isinstance(entries, list) else []:
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if isinstance(value, str):
            number = "".join(char for char in _plain(value).upper() if char in "0123456789X")
            match = _MOBILE.fullmatch(number)
            numbers.add(match[1] if match else number)
    return frozenset(numbers)


def scan(document: Mapping[str, object]) -> tuple[PiiHit, ...]:
    """Hits in everything a notice would show, one for each kind and place, in reading order.

    A hit with severity ``block`` refuses the notice; ``warn`` (a long number of no known kind) does not.
    """
    exempt = _exempt(document)
    hits: dict[tuple[str, str], PiiHit] = {}
    for where, text in texts(document):
        for found in find(text, exempt):
            key = (found.kind, where)
            severity = WARN if found.kind == "long_number" else BLOCK
            certain = found.certain or (key in hits and hits[key].certain)
            hits[key] = PiiHit(found.kind, where, severity, certain)
    return tuple(hits.values())
