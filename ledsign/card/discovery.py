"""Cards that name themselves when asked by broadcast, for families that can do that."""

import socket
from typing import Protocol, runtime_checkable

from ledsign.clock import Clock
from ledsign.errors import TransportError, UnsupportedError
from ledsign.protocol.codec import Link, Role, codec_class, create
from ledsign.protocol.message import CardInfo, Message

REPEAT_S = 2.0  # a datagram may be lost
_KEPT = 1000


@runtime_checkable
class Findable(Protocol):
    """A codec whose cards answer a broadcast."""

    def search(self) -> Message:
        """The question."""
        ...

    def found(self, message: Message) -> CardInfo | None:
        """Who answers; None for what is no answer."""
        ...


def find_cards(
    family: str, address: str, port: int | None, seconds: float, clock: Clock
) -> list[tuple[str, CardInfo]]:
    """Host and identity of every card that answers within ``seconds``, in the order of their answers.

    Raises ConfigError, UnsupportedError for a family without discovery, TransportError.
    """
    if not hasattr(codec_class(family), "search"):
        raise UnsupportedError(f"{family} cards cannot be asked by broadcast")
    codec = create(family, Link.UDP, Role.DRIVER)
    assert isinstance(codec, Findable)
    question = codec.encode(codec.search())[0]
    cards: dict[tuple[str, str], CardInfo] = {}
    end, next_ask = clock.monotonic() + seconds, clock.monotonic()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            while (now := clock.monotonic()) < end and len(cards) < _KEPT:
                if now >= next_ask:
                    line.sendto(question, (address, port or codec.default_port))
                    next_ask = now + REPEAT_S
                line.settimeout(max(0.01, min(end, next_ask) - now))
                try:
                    data, peer = line.recvfrom(2048)
                except TimeoutError:
                    continue
                for message in codec.feed(data):
                    if (info := codec.found(message)) is not None:
                        cards.setdefault((str(peer[0]), info.details.get("id", "")), info)
    except OSError as error:
        raise TransportError(f"{address}: {error}") from error
    return [(host, info) for (host, _card_id), info in cards.items()]
