"""The last guard before light: identity, telephone and card numbers of persons must not come onto a screen.

Shapes: citizen identity number GB 11643 (18 places) and its 15-place forerunner, mobile numbers 1[3-9] + nine
digits, payment cards ISO/IEC 7812 (16 to 19 digits). A number is judged by shape and plausible date: one with a
wrong check digit is a mistyped number of somebody, so the check digit grades certainty and acquits nobody.
The numbers themselves never leave this module.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledsign.feed.texts import texts

BLOCK, WARN = "block", "warn"

_SEPARATOR = r"[\s\-\u2010\u2011\u2013\u2014.·()+]{1,2}"
_RUN = re.compile(rf"[0-9]+(?:{_SEPARATOR}[0-9]+)*(?:{_SEPARATOR}[Xx]|[Xx])?")
_GROUP = re.compile(r"[0-9]+[Xx]?|[Xx]")
_DATE = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ID_18 = re.compile(rf"[0-9]{{6}}(?:18|19|20)[0-9]{{2}}{_DATE}[0-9]{{3}}[0-9X]")
_ID_15 = re.compile(rf"[0-9]{{8}}{_DATE}[0-9]{{3}}")
_MOBILE = re.compile(r"(?:(?:00)?86|0)?(1[3-9][0-9]{9})")
_TWO_DATES = re.compile(rf"(?:(?:19|20)[0-9]{{2}}{_DATE}){{2}}")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_SPLITS = ((3, 4, 4), (6, 8, 4), (6, 4, 4, 4))  # how mobiles and identity numbers are usually spaced
_SHORTEST = 11


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


def _plain(text: str) -> str:
    """NFKC, any script's digits as 0-9, without characters that take no place."""
    result = []
    for char in unicodedata.normalize("NFKC", text):
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


def _judge(number: str, after_mask: bool, before_mask: bool) -> Found | None:
    """What one unbroken run of digits (perhaps ending in X) is."""
    number = number.upper()
    if _ID_18.fullmatch(number):
        return Found("id_card", number, _identity_check(number))
    digits = number.removesuffix("X")
    if after_mask:
        return None
    if match := _MOBILE.fullmatch(digits):
        return Found("mobile", match[1], True)
    if not before_mask and _ID_15.fullmatch(digits):
        return Found("id_card", digits, False)
    if not 16 <= len(digits) <= 19:
        return None
    valid = _luhn(digits)
    if (digits.startswith(("60", "62")) or valid) and not _TWO_DATES.fullmatch(digits):
        return Found("bank_card", digits, valid)
    return Found("long_number", digits, False)


def _run_findings(groups: list[str], after_mask: bool, before_mask: bool) -> Iterator[Found]:
    """Findings of digits that only separators part: all as one number, or else group by group."""
    whole = _judge("".join(groups), after_mask, before_mask)
    if whole is not None and whole.kind != "long_number":
        yield whole
        return
    inner: list[Found] = []
    last = len(groups) - 1
    for index in range(len(groups)):
        for size in (1, *(len(split) for split in _SPLITS)):
            part = groups[index : index + size]
            if size > 1 and tuple(len(group) for group in part) not in _SPLITS:
                continue
            found = _judge("".join(part), after_mask and index == 0, before_mask and index + size > last)
            if found is not None and (found.kind != "long_number" or len(groups) > 1):
                inner.append(found)
    blocking = [found for found in inner if found.kind != "long_number"]
    yield from blocking or ([whole] if whole is not None else [])


def find(text: str) -> Iterator[Found]:
    """All findings in one text, in order; the same number may come twice."""
    if len(text) < _SHORTEST:
        return
    for plain in _variants(text):
        for match in _RUN.finditer(plain):
            run = match[0]
            if len(run) >= _SHORTEST:
                after_mask = plain[match.start() - 1 : match.start()] == "*"
                before_mask = plain[match.end() : match.end() + 1] == "*"
                yield from _run_findings(_groups(run), after_mask, before_mask)


def _groups(run: str) -> list[str]:
    groups = _GROUP.findall(run)
    if groups[-1] in {"X", "x"}:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


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
        for found in find(text):
            if found.digits in exempt:
                continue
            key = (found.kind, where)
            severity = WARN if found.kind == "long_number" else BLOCK
            certain = found.certain or (key in hits and hits[key].certain)
            hits[key] = PiiHit(found.kind, where, severity, certain)
    return tuple(hits.values())
