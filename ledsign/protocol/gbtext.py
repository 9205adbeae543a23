"""Text for cards that draw it themselves: the bytes of their character set, and what it does not have.

Cards with Chinese fonts hold GB 2312 or GBK. Both are subsets of GB 18030: its one- and two-byte codes, in which
a private-use place of the older editions stands for a character that got a real code point later.
"""

from collections.abc import Mapping

BOX = "□"  # in every Chinese font: says that something is missing here
_SAME = {"\u00a0": " ", "\u2022": "\u00b7", "\u2015": "\u2014"}  # as good, and in every font
_ROWS: Mapping[str, range] = {"gb2312": range(0xA1, 0xF8), "gbk": range(0x81, 0xFF)}


def encode(text: str, charset: str = "gb2312") -> tuple[bytes, tuple[str, ...]]:
    """The text in the card's character set (``gb2312`` or ``gbk``), and the characters it does not have, each
    once, in order; a box stands for them. Line ends stay; other controls are left out."""
    out = bytearray()
    missing: dict[str, None] = {}
    for char in text:
        if char < " " and char != "\n":
            continue
        code = _code(char, charset)
        if code is None:
            code = _code(_SAME.get(char, ""), charset)
        if code is None:
            missing[char] = None
            code = _code(BOX, charset)
            assert code is not None
        out += code
    return bytes(out), tuple(missing)


def _code(char: str, charset: str) -> bytes | None:
    if not char:
        return None
    code = char.encode("gb18030", "replace")
    if len(code) == 1:
        return code if code == char.encode("ascii", "replace") and (code != b"?" or char == "?") else None
    if len(code) != 2 or code[0] not in _ROWS[charset] or 0xE000 <= ord(char) < 0xF900:
        return None
    return code if charset != "gb2312" or (code[1] >= 0xA1 and _in_gb2312(code)) else None


def _in_gb2312(code: bytes) -> bool:
    """The cells that the standard of 1980 fills: rows A1-A9 and B0-F7, as Python's own table has them."""
    try:
        code.decode("gb2312")
    except UnicodeDecodeError:
        return False
    return True


def decode(data: bytes) -> str:
    """What the card would read; bytes that are no character become a box."""
    return data.decode("gb18030", "replace").replace("\ufffd", BOX)
