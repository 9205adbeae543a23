"""How long a page takes on a card's line, told before any page is sent: the codec and the simulated card rehearse it
in simulated time, with every byte, answer and pause. The measured figures are the card object's own (``Card.link``).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from ledsign.card import Card, link_of
from ledsign.errors import UnsupportedError
from ledsign.frame import Frame, Page, PixelFormat
from ledsign.panel import ColorMode, Panel
from ledsign.protocol.codec import Ability, Link, codec_class
from ledsign.render.pack import pack
from ledsign.simulator.desk import NET_MBIT, Desk
from ledsign.simulator.simulated import BRAINS
from ledsign.transport import parse_url

DRAW_S = 0.5  # to plan and draw an urgent page, on a small computer
TURN_S = 0.02  # that a real card takes to answer, each time; one whose URL has ``reply``, at most that
_HOW = frozenset(
    {"chunk", "block", "pages", "model", "verify", "disk", "order", "keep", "ends", "sync", "type", "experimental"}
    | {"series", "font"}
)  # options that change what is sent, not where to
_CELL = 16  # pixels of the smallest character that such cards draw
_SCHEMES = {Link.SERIAL: "pty", Link.NET: "tcp", Link.UDP: "udp", Link.RAW: "udp"}


@dataclass(frozen=True, slots=True)
class Promise:
    """A clean line assumed. ``page_*``: the page given, ``worst_s``: the page hardest to bring across;
    ``urgent_s``: from the arrival of an urgent notice at this computer until it is on the glass, whatever page is
    just being sent; ``line_bytes``: in both directions."""

    page_s: float
    page_bytes: int
    line_bytes: int
    packets: int
    worst_s: float
    urgent_s: float

    def document(self) -> dict[str, object]:
        """Plain JSON values; seconds to a hundredth."""
        return {key: round(value, 2) for key, value in asdict(self).items()}


def promised(family: str, url: str, panel: Panel, page: Page | None = None) -> Promise | None:
    """``page``: the hardest, if not given. None for a family without a simulated card, or without pages.

    Raises ConfigError, and UnsupportedError or what else stands in the way of the page.
    """
    address = parse_url(url, codec_class(family).default_port)
    if family not in BRAINS:
        return None
    line = _Line(link_of(address), address.line)
    how = {key: value for key, value in address.options.items() if key in _HOW}
    worst = _worst(family, panel, line, how)
    usual = worst if page is None else _rehearse(family, panel, line, how, page)
    if usual is None or worst is None:
        return None
    worst = max(worst, usual, key=lambda rehearsed: rehearsed[2])
    frame, desk, seconds = usual
    held_up = worst[2] if worst[1].packets == 1 else worst[1].longest * desk.byte_s + 2 * line.turn_s
    urgent = DRAW_S + held_up + worst[2]
    size = desk.sent + desk.answered
    return Promise(seconds, len(frame.data), size, desk.packets, worst[2], urgent)


def beyond(seconds: float, family: str, url: str, panel: Panel) -> float:
    """How much longer than ``seconds`` an urgent notice may take to the glass because of its line: large panels
    take long on families that cut pages into hundreds of packets. Raises ConfigError."""
    try:
        told = promised(family, url, panel)
    except UnsupportedError:  # the hardest page does not fit the card; those that are shown do
        return 0.0
    return max(0.0, told.urgent_s - seconds) if told else 0.0


@dataclass(frozen=True, slots=True)
class _Line:
    """``options`` as in ``transport.Address.line``."""

    link: Link
    options: Mapping[str, int]

    @property
    def turn_s(self) -> float:
        return self.options.get("reply", TURN_S)

    def desk(self, family: str, panel: Panel) -> Desk:
        """A simulated card on such a line. Networks are taken to carry 10 Mbit/s where the URL sets no pace."""
        options = self.options
        baud, mbit = options.get("baud", 57600), options.get("mbit", NET_MBIT)
        return Desk(family, panel, self.link, baud, turn_s=self.turn_s, mbit=mbit)

    def url(self, how: Mapping[str, str]) -> str:
        """Where the desk's card is reached."""
        line = {key: str(self.options[key]) for key in ("baud", "reply") if key in self.options}
        place = "/desk" if self.link is Link.SERIAL else "desk"
        return f"{_SCHEMES[self.link]}://{place}?{urlencode({**how, **line})}".rstrip("?")


def _worst(family: str, panel: Panel, line: _Line, how: Mapping[str, str]) -> tuple[Frame, Desk, float] | None:
    """The hardest page; of its words as many lines as the card takes at once."""
    page = _hardest(panel)
    while True:
        try:
            return _rehearse(family, panel, line, how, page)
        except UnsupportedError:
            if len(page.text) <= 1 or not _draws_words(family, panel, line, how):
                raise
            page = replace(page, text=page.text[:-1])


def _draws_words(family: str, panel: Panel, line: _Line, how: Mapping[str, str]) -> bool:
    """Whether the card is sent words: only of those fewer may fit; pixels are as many with fewer lines."""
    desk = line.desk(family, panel)
    return Card(family, line.url(how), panel, desk.clock, opener=desk.open).formats[:1] == (PixelFormat.TEXT,)


def _rehearse(
    family: str, panel: Panel, line: _Line, how: Mapping[str, str], page: Page
) -> tuple[Frame, Desk, float] | None:
    """Show another page, then this one: frame, desk with its counts, seconds. None for a card of letters only."""
    desk = line.desk(family, panel)
    card = Card(family, line.url(how), panel, desk.clock, opener=desk.open)
    if Ability.FRAME not in card.abilities or not card.formats:
        return None
    dark = Page(panel.width, panel.height, panel.mode, bytes(len(page.pixels)), 0.0)
    card.show(pack(dark, card.formats[0]))
    desk.clock.sleep(desk.last_at - desk.clock.monotonic())  # where nothing is answered it is still on its way
    desk.reset()
    frame, began = pack(page, card.formats[0]), desk.clock.monotonic()
    card.show(frame, urgent=True)
    sent = desk.last_at if desk.turns == 0 else desk.clock.monotonic()
    return frame, desk, max(0.0, sent - began)


def _hardest(panel: Panel) -> Page:
    """Pixels that no picture format makes smaller, always the same; as words, a screen full of hanzi."""
    size = panel.width * panel.height * 3
    if panel.mode is not ColorMode.RGB:
        size = (panel.width + 7) // 8 * panel.height * (1 + (panel.mode is ColorMode.DUAL))
    state, out = 12345, bytearray()
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        out += (state >> 24).to_bytes(5, "big")
    words = ("屏" * max(1, panel.width // _CELL),) * max(1, panel.height // _CELL)
    return Page(panel.width, panel.height, panel.mode, bytes(out[:size]), 0.0, text=words)
