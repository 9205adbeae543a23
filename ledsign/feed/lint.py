"""Signs of damage or carelessness in a notice's texts. Warnings for the town; nothing is refused for them."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from ledsign.feed.texts import texts

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TONES = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹ"
_PINYIN = re.compile(rf"[{_HAN}][(\uff08][a-zü]{{0,5}}[{_TONES}][a-zü]{{0,5}}[)\uff09]")
_HTML = re.compile(
    r"</?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,200})?/?>|/(?:span|p|div|td|br|font)>|&(?:nbsp|lt|gt|amp|quot|#\d{2,5});",
    re.IGNORECASE,
)
_MOJIBAKE = re.compile("\ufffd|锟斤拷|烫烫烫|\\?!\\?|[ÃÂ][\u0080-\u00bf]|â\u0080")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PAIRS = ("“”", "‘’", "「」", "『』", "《》", "〈〉", "【】", "〔〕")
_DATE = re.compile(r"(?<!\d)(\d{4})(?:年|-)(\d{1,2})(?:月|-)(\d{1,2})(?:日|(?!\d))")
_MONTH_DAY = re.compile(r"(?<!\d)(?<!年)(\d{1,2})月(\d{1,2})日")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[-\u2010-\u2015 ]?\d{7,8}(?!\d)")
_LEAP_YEAR = 2000
_SUM_KINDS = ("int", "money")
_PARTIAL = re.compile(r"^\s*(?:小计|其中|合计|总计|累计|本页|本月|本季)")


def _control(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text)


def _unbalanced(text: str) -> bool:
    return any(text.count(pair[0]) != text.count(pair[1]) for pair in _PAIRS if pair != "‘’")


def _possible(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _impossible_date(text: str) -> bool:
    full = (tuple(map(int, match.groups())) for match in _DATE.finditer(text))
    if any(not _possible(year, month, day) for year, month, day in full):
        return True
    return any(not _possible(_LEAP_YEAR, int(m[1]), int(m[2])) for m in _MONTH_DAY.finditer(text))


_CHECKS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("control_char", _control),
    ("bidi_override", _BIDI.search),
    ("pinyin-in-parentheses", _PINYIN.search),
    ("html-remnant", _HTML.search),
    ("replacement-mojibake", _MOJIBAKE.search),
    ("unbalanced_quotes", _unbalanced),
    ("impossible_date", _impossible_date),
)


def lint(document: Mapping[str, object]) -> tuple[str, ...]:
    """Codes of what looks wrong, each once, in a fixed order."""
    strings = [text for _where, text in texts(document)]
    found = [code for code, check in _CHECKS if any(check(text) for text in strings)]
    body = document.get("body")
    tables = [block for block in body if isinstance(block, Mapping)] if isinstance(body, list) else []
    if any(_wrong_total(block) for block in tables if block.get("type") == "table"):
        found.append("total_mismatch")
    if _undeclared_phone(document, strings):
        found.append("undeclared_phone")
    return tuple(found)


def _undeclared_phone(document: Mapping[str, object], strings: Iterable[str]) -> bool:
    """A landline that is not among the declared numbers: lawful, but the town should know."""
    section = document.get("pii")
    declared = section.get("exemptions") if isinstance(section, Mapping) else None
    known = {
        re.sub(r"\D", "", str(entry.get("value")))
        for entry in (declared if isinstance(declared, list) else [])
        if isinstance(entry, Mapping)
    }
    return any(re.sub(r"\D", "", match[0]) not in known for text in strings for match in _LANDLINE.finditer(text))


def _amount(cell: object) -> Decimal | None:
    """The number in a cell, None when it is something else. Empty and dash count as nothing, brackets as minus."""
    if not isinstance(cell, str):
        return None
    text = unicodedata.normalize("NFKC", cell).strip().replace(",", "").replace(" ", "")
    if text in {"", "-", "—", "--", "/"}:
        return Decimal(0)
    if match := re.fullmatch(r"\((\d+(?:\.\d+)?)\)", text):
        return -Decimal(match[1])
    try:
        return Decimal(text.replace("−", "-")) if re.fullmatch(r"[-−]?\d+(?:\.\d+)?", text) else None
    except InvalidOperation:
        return None


def _wrong_total(table: Mapping[str, object]) -> bool:
    """Whether a single 合计 row below the table differs from the sum of its column."""
    columns, rows, foot = table.get("columns"), table.get("rows"), table.get("foot")
    if not (isinstance(columns, list) and isinstance(rows, list) and isinstance(foot, list) and len(foot) == 1):
        return False
    if not all(isinstance(row, list) and len(row) == len(columns) for row in [*rows, foot[0]]):
        return False
    if any(_PARTIAL.match(cell) for row in rows for cell in row[:2] if isinstance(cell, str)):
        return False
    return any(
        isinstance(column, Mapping)
        and column.get("kind") in _SUM_KINDS
        and _differs([row[index] for row in rows], foot[0][index])
        for index, column in enumerate(columns)
    )


def _differs(cells: list[object], total: object) -> bool:
    stated = _amount(total)
    if stated is None or total == "" or not any(char.isdigit() for char in str(total)):
        return False
    amounts = [amount for amount in map(_amount, cells) if amount is not None]
    if len(amounts) < len(cells) or not amounts or amounts[-1] == stated:  # the last one: a running balance
        return False
    return sum(amounts, Decimal(0)) != stated
