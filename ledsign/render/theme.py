"""How a page looks: inks and their light per colour mode, words that are drawn on the screen."""

import re
from typing import Final

from ledsign.panel import ColorMode

BLACK, TEXT, TITLE, HEADING, RULE, WARN, BAND, BAND_RULE, KEY, TOTAL, RED, GREEN = range(12)
"""Ink numbers. RED and GREEN (with TEXT for both) are what a photo is made of on a two-colour panel."""

# Light text on black; yellow and white carry furthest, red only warns. Every bright channel is above 128 and
# every dark one below, so that a card with three 1-bit planes shows the same picture in pure colours.
_RGB: Final = {
    BLACK: (0, 0, 0),
    TEXT: (255, 255, 224),
    TITLE: (255, 216, 0),
    HEADING: (255, 216, 0),
    RULE: (0, 136, 136),
    WARN: (255, 48, 32),
    BAND: (96, 240, 160),
    BAND_RULE: (0, 160, 96),
    KEY: (128, 232, 255),
    TOTAL: (255, 216, 0),
    RED: (255, 0, 0),
    GREEN: (0, 255, 0),
}
_DUAL: Final = {  # (red, green)
    BLACK: (0, 0),
    TEXT: (1, 1),
    TITLE: (0, 1),
    HEADING: (0, 1),
    RULE: (0, 1),
    WARN: (1, 0),
    BAND: (0, 1),
    BAND_RULE: (0, 1),
    KEY: (0, 1),
    TOTAL: (0, 1),
    RED: (1, 0),
    GREEN: (0, 1),
}


def palette(mode: ColorMode) -> tuple[tuple[int, int, int], ...]:
    """sRGB of every ink; channels are 0 or 255 except on a full-colour panel."""
    if mode is ColorMode.RGB:
        return tuple(_RGB[ink] for ink in sorted(_RGB))
    if mode is ColorMode.DUAL:
        return tuple((255 * _DUAL[ink][0], 255 * _DUAL[ink][1], 0) for ink in sorted(_DUAL))
    return tuple((0, 0, 0) if ink == BLACK else (255, 255, 255) for ink in sorted(_RGB))


SHORT_CATEGORY: Final = {
    "C01": "学习", "C02": "村情", "C03": "党务", "C04": "政务", "C05": "会议", "C06": "监督",
    "C07": "财务", "C08": "三资", "C09": "拨款", "C10": "公益", "C11": "回音", "C12": "通告",
}  # fmt: skip

CATEGORY_CHARS: Final = 4  # the longest of the twelve names

EMERGENCY: Final = "紧急"
CORRECTION: Final = "更正"
RELAY: Final = "转发"
DRILL: Final = "演练"
DIGEST_MARK: Final = "摘要"
CODE: Final = "核对码 "
DIGEST: Final = "摘要:"
QUESTION: Final = "问:"
ANSWER: Final = "答:"
COME_CLOSER: Final = "请走近扫码"
VIDEO: Final = "视频"
FULL_TEXT: Final = "今日{hour}:{minute:02}起播全文"
CONTINUED: Final = "(续)"
NO_DATA: Final = "(无内容)"
CN_NUMBERS: Final = "一二三四五六七八九十"


def cn_number(n: int) -> str:
    """1 to 99 as 一 to 九十九, Arabic beyond."""
    if not 1 <= n <= 99:
        return str(n)
    tens, ones = divmod(n, 10)
    head = ("" if tens == 1 else CN_NUMBERS[tens - 1]) + "十" if tens else ""
    return head + (CN_NUMBERS[ones - 1] if ones else "")


def step_number(n: int) -> str:
    """Circled numbers as far as there are: 1 to 20."""
    return chr(0x2460 + n - 1) if 1 <= n <= 20 else f"{n}."


_BODIES: Final = (
    ("村村民委员会", "村委会"), ("村民委员会", "村委会"), ("居民委员会", "居委会"), ("村务监督委员会", "村监委会"),
    ("总支部委员会", "党总支"), ("支部委员会", "党支部"), ("人民政府办公室", "政府办"), ("人民政府", "政府"),
)  # fmt: skip
_PARTY: Final = re.compile("^(中国共产党|中共)(?=.{4})")
_TOWN: Final = re.compile("^.{1,4}?(街道|[镇乡鎮鄉])(?=.{1,5}?(村|社区|社區))")
_PLACE: Final = re.compile("^(.{1,5}?(村|社区|社區)|.{1,4}?(街道|[镇乡鎮鄉区區县縣市]))(?=.)")


def short_issuers(name: str) -> tuple[str, ...]:
    """The issuer's name, then shorter forms that still name it: without the town before the village, the kind
    of body abbreviated as people say it, the village alone."""
    forms = [name, _TOWN.sub("", _PARTY.sub("", name))]
    short = forms[-1]
    for long, brief in _BODIES:
        if short.endswith(long):
            short = short.removesuffix(long) + brief
            break
    forms.append(short)
    if place := _PLACE.match(short):
        forms.append(place.group())
    return tuple(dict.fromkeys(forms))
