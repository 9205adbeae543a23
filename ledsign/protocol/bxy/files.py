"""Files for BX-Y cards: 32-bit bitmaps, programme XML and list XML, each named by the MD5 of its bytes.

The XML has line feeds, three blanks of indent, no declaration and no line feed at the end. Sources: the wire log of
two physical cards (list, programme, 32-bit BMP), the vendor's Java kit (picture programme).
"""

import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr, unescape

from ledsign.errors import ProtocolError, UnsupportedError
from ledsign.frame import Frame, PixelFormat

STILL = {"stuntType": "0", "stuntSpeed": "16"}  # instant; any other speed makes it flash
_TAG = re.compile(r'( *)<(/?)(\w+)((?: [\w]+="[^"<>]*")*)(/?)>\Z')
_ATTRIBUTE = re.compile(r' (\w+)="([^"<>]*)"')


@dataclass(frozen=True, slots=True)
class Element:
    """An XML element of such a file; it has children or is empty, never text."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: "tuple[Element, ...]" = ()

    def get(self, name: str) -> str:
        """An attribute, "" when it is not there."""
        return dict(self.attributes).get(name, "")


def _lines(element: Element, depth: int) -> list[str]:
    blanks = "   " * depth
    attributes = "".join(f" {name}={_quoted(value)}" for name, value in element.attributes)
    if not element.children:
        return [f"{blanks}<{element.tag}{attributes}/>"]
    inner = [line for child in element.children for line in _lines(child, depth + 1)]
    return [f"{blanks}<{element.tag}{attributes}>", *inner, f"{blanks}</{element.tag}>"]


def _quoted(value: str) -> str:
    quoted = quoteattr(value)
    return quoted if quoted.startswith('"') else f'"{escape(value, {chr(34): "&quot;"})}"'


def write(element: Element) -> bytes:
    """The bytes of a file."""
    return "\n".join(_lines(element, 0)).encode("utf-8")


def read(data: bytes) -> Element:
    """A file in exactly this form; anything else raises ProtocolError."""
    open_tags: list[tuple[str, tuple[tuple[str, str], ...], list[Element]]] = []
    done: Element | None = None
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ProtocolError("no UTF-8") from error
    for line in lines:
        tag = _TAG.match(line)
        if tag is None or done is not None:
            raise ProtocolError("not a programme or list file")
        _blanks, closing, name, attributes, empty = tag.groups()
        pairs = tuple((key, unescape(value, {"&quot;": '"'})) for key, value in _ATTRIBUTE.findall(attributes))
        if not closing and not empty:
            open_tags.append((name, pairs, []))
            continue
        if closing:
            if not open_tags or open_tags[-1][0] != name:
                raise ProtocolError("tags do not match")
            opened, pairs, children = open_tags.pop()
            element = Element(opened, pairs, tuple(children))
        else:
            element = Element(name, pairs)
        if open_tags:
            open_tags[-1][2].append(element)
        else:
            done = element
    if done is None or open_tags:
        raise ProtocolError("file is cut off")
    return done


@dataclass(frozen=True, slots=True)
class CardFile:
    """A file and where it belongs."""

    folder: str
    suffix: str
    data: bytes

    @property
    def name(self) -> str:
        return hashlib.md5(self.data).hexdigest()

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}.{self.suffix}"


def picture(frame: Frame) -> tuple[str, bytes]:
    """A frame as a picture file: suffix and bytes. Raises UnsupportedError."""
    if frame.format is PixelFormat.PNG:
        return "png", frame.data
    if frame.format is not PixelFormat.RGB888 or len(frame.data) != frame.width * frame.height * 3:
        raise UnsupportedError(f"bxy takes no such {frame.format} frame")
    stride = frame.width * 3
    rows = [frame.data[at : at + stride] for at in range(0, len(frame.data), stride)]
    upside = b"".join(reversed(rows))
    pixels = bytearray(b"\xff" * (frame.width * frame.height * 4))
    pixels[0::4], pixels[1::4], pixels[2::4] = upside[2::3], upside[1::3], upside[0::3]
    info = struct.pack("<IiiHHIIiiII", 40, frame.width, frame.height, 1, 32, 0, len(pixels), 2835, 2835, 0, 0)
    return "bmp", struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54) + info + pixels


def programme(image: CardFile, width: int, height: int) -> CardFile:
    """A programme that shows one picture over the whole screen."""
    kind = "BMP" if image.suffix == "bmp" else image.suffix
    unit = Element(
        "picUnit", (("order", "0"), ("file", image.path), ("fileType", kind), *STILL.items(), ("stayTime", "60"))
    )
    place = (("x", "0"), ("y", "0"), ("w", str(width)), ("h", str(height)), ("z", "0"), ("t", "100"))
    document = Element("program", (("name", "program_1"),), (Element("picture", place, (unit,)),))
    return CardFile("programs", "xml", write(document))


def play_list(programmes: Sequence[CardFile], device: str, width: int, height: int) -> CardFile:
    """A list that plays the programmes one after the other, every day."""
    entries = tuple(
        Element(
            "program",
            (
                ("order", str(number)),
                ("playMode", "1"),
                ("priority", "1"),
                ("loop", "0"),
                ("programFile", each.path),
                ("playTime", "600"),
                ("playCount", "1"),
                ("integrate", "1"),
                ("startDate", "1970-01-01"),
                ("startTime", "00:00:00"),
                ("stopDate", "2099-12-31"),
                ("stopTime", "23:59:59"),
                ("weekFlag", "127"),
            ),
        )
        for number, each in enumerate(programmes, 1)
    )
    screen = (("deviceType", device), ("screenWidth", str(width)), ("screenHeight", str(height)))
    return CardFile("lists", "xml", write(Element("list", screen, entries)))
