"""How a page looks: inks and their light per colour mode, words that are drawn on the screen."""

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

EMERGENCY: Final = "紧急"
CORRECTION: Final = "更正"
RELAY: Final = "转发"
DIGEST: Final = "摘要:"
QUESTION: Final = "问:"
ANSWER: Final = "答:"
COME_CLOSER: Final = "请走近扫码"
VIDEO: Final = "视频"
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


def short_issuers(name: str) -> tuple[str, ...]:
    """The issuer's name, then shorter forms that still name it: without the town before the village."""
    forms = [name]
    for mark in ("街道", "镇", "乡"):
        head, found, rest = name.partition(mark)
        if found and len(head) <= 4 and len(rest) >= 4 and "村" in rest and not rest.startswith("人民"):
            forms.append(rest)
            break
    return tuple(forms)
