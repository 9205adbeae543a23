"""XML of HuiDu cards: building requests, and reading what comes from the line without trusting it.

Reading refuses document types and entities (neither is ever needed here), and bounds size, depth and number of
elements, so that nothing from the line can make a small text grow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from ledsign.errors import ProtocolError
from ledsign.protocol.huidu.packets import MAX_XML

MAX_DEPTH = 24
MAX_ELEMENTS = 20_000
NO_GUID = "##GUID"  # before the card has given one
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;"))


class _Bounded(TreeBuilder):
    """Builds elements until there are too many of them, or too deep ones."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self._depth, self._count = self._depth + 1, self._count + 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise ProtocolError("XML is too deep or too long")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise ProtocolError("XML with a document type is refused")


def read(text: str | bytes) -> Element:
    """The root element. Raises ProtocolError."""
    if isinstance(text, bytes):
        raise ProtocolError("XML is no UTF-8")
    if len(text) > MAX_XML or "<!ENTITY" in text:
        raise ProtocolError("XML is too long or declares entities")
    parser = XMLParser(target=_Bounded())
    try:
        parser.feed(text)
        root = parser.close()
    except (ParseError, ValueError, LookupError) as error:  # the last two: an encoding that nobody knows
        raise ProtocolError(f"XML: {error}") from error
    if not isinstance(root, Element):
        raise ProtocolError("XML without an element")
    return root


@dataclass(frozen=True, slots=True)
class Call:
    """A request or answer, read: ``result`` is empty in a request. ``body`` holds the children."""

    guid: str
    method: str
    result: str
    body: Element


def read_call(text: str | bytes, tag: str) -> Call:
    """``tag``: ``in`` for a request, ``out`` for an answer. Raises ProtocolError."""
    root = read(text)
    body = root.find(tag)
    if root.tag != "sdk" or body is None or not body.get("method"):
        raise ProtocolError(f"XML has no {tag} with a method")
    return Call(root.get("guid", ""), body.get("method", ""), body.get("result", ""), body)


def quote(value: object) -> str:
    """A value for an attribute."""
    text = str(value)
    for plain, entity in _ENTITIES:
        text = text.replace(plain, entity)
    return text


def tag(name: str, attributes: Mapping[str, object] | None = None, *children: str) -> str:
    """One element."""
    head = name + "".join(f' {key}="{quote(value)}"' for key, value in (attributes or {}).items())
    return f"<{head}>{''.join(children)}</{name}>" if children else f"<{head}/>"


def request(guid: str, method: str, body: str = "") -> str:
    """A whole request."""
    return _HEAD + tag("sdk", {"guid": guid}, tag("in", {"method": method}, *filter(None, [body])))


def answer(guid: str, method: str, result: str, body: str = "") -> str:
    """A whole answer, as cards write it."""
    inner = f'<out method="{quote(method)}" result="{quote(result)}">{body}</out>'
    return f'{_HEAD}\n<sdk guid="{quote(guid)}">\n    {inner}\n</sdk>\n'


@dataclass(frozen=True, slots=True)
class Window:
    """When a programme may play: on these days, between these times of day (both included)."""

    first: date
    last: date
    start: str = "00:00:00"
    end: str = "23:59:59"


@dataclass(frozen=True, slots=True)
class Programme:
    """One full-screen picture. ``guid`` names it for the card; ``window`` None: always."""

    guid: str
    width: int
    height: int
    file: str
    md5: str
    size: int
    realtime: bool = False
    window: Window | None = None


def screen(stamp: int, programmes: Sequence[Programme]) -> str:
    """The body of AddProgram. A ``stamp`` unlike the stored one replaces every programme on the card."""
    return tag("screen", {"timeStamps": stamp}, *map(programme, programmes))


def programme(item: Programme) -> str:
    """A programme with one area, one picture, no effect; it stays until something else is to be played. The last
    eight digits of its ID are its own: they name its parts."""
    flag = {"flag": "realtime"} if item.realtime else {}
    control = []
    if window := item.window:
        control = [
            tag("date", {"start": window.first.isoformat(), "end": window.last.isoformat()}),
            tag("time", {"start": window.start, "end": window.end}),
        ]
    picture = tag(
        "image",
        {"guid": f"{item.guid[-8:]}i", "fit": "stretch"},  # same size: stretching changes nothing
        tag("effect", {"in": 0, "out": 0, "inSpeed": 0, "outSpeed": 0, "duration": 100}),
        tag("file", {"name": item.file, "md5": item.md5, "size": item.size}),
    )
    place = tag("rectangle", {"x": 0, "y": 0, "width": item.width, "height": item.height})
    return tag(
        "program",
        {"guid": item.guid, "type": "normal", **flag},
        tag("playControl", {"count": 1, "disabled": "false"}, *control),
        tag("area", {"guid": f"{item.guid[-8:]}a", "alpha": 255}, place, tag("resources", None, picture)),
    )


def files(names: Sequence[str]) -> str:
    """The body of DeleteFiles."""
    return tag("files", None, *(tag("file", {"name": name}) for name in names))


def luminance(percent: int) -> str:
    """The body of SetLuminancePloy: the same all day, whatever schedule or sensor was set before."""
    return (
        tag("mode", {"value": "default"})
        + tag("default", {"value": percent})
        + tag("ploy", None, tag("item", {"enable": "false", "start": "08:00:00", "percent": 100}))
        + tag("sensor", {"min": 1, "max": 100, "time": 5})
    )
