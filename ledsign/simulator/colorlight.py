"""A simulated Colorlight receiving card: keeps the rows that come and shows them when it is told to.

It answers nothing. Levels are remembered and do not change the pixels: light is not seen here.
"""

from collections.abc import Mapping, Sequence

from ledsign.errors import ConfigError
from ledsign.panel import Panel
from ledsign.protocol.codec import Link, Role
from ledsign.protocol.colorlight import Colorlight, Dim, Row, Show
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Lit, Talk
from ledsign.simulator.pixelstream import StreamBrain


class ColorlightBrain(StreamBrain):
    """The card. Options behind the ``?`` of its URL: ``order`` of the colours, as it is set up."""

    family = "colorlight"

    def __init__(self, panel: Panel, lit: Lit) -> None:
        super().__init__(panel, lit)
        self._reader = Colorlight(Link.UDP, Role.CARD, {})
        self._levels = (255, 255, 255)

    def configure(self, options: Mapping[str, str]) -> None:
        if unknown := sorted(set(options) - {"order", "experimental"}):
            raise ConfigError(f"colorlight: unknown option {unknown[0]!r}")
        if "order" in options:
            self._reader = Colorlight(Link.UDP, Role.CARD, {"order": options["order"]})

    def talk(self, link: Link) -> Talk:
        return self._reader

    def state(self) -> Mapping[str, object]:
        return {**super().state(), "levels": list(self._levels)}

    def answer(self, message: Message) -> Sequence[Message]:
        if isinstance(message, Row) and message.y < self._panel.height and message.x < self._panel.width:
            pixels = self._reader.pixels_of(message)[: (self._panel.width - message.x) * 3]
            self._write((message.y * self._panel.width + message.x) * 3, pixels)
        elif isinstance(message, Dim):
            self._levels = (message.red, message.green, message.blue)
        elif isinstance(message, Show) and self._heard_at is not None:
            self._told = True
            self._levels = (message.red, message.green, message.blue)
            self._show(whole=self._anew())
        return ()


def make(panel: Panel, lit: Lit, strict: bool) -> Brain:
    """A receiving card, not yet powered up."""
    return ColorlightBrain(panel, lit)
