"""Packets as they may be shown to others: secrets that a family sends in clear are replaced by the factory's.

Sums and lengths are made anew, so that what is left reads, and plays again, like a talk with a card fresh from the
factory.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ledsign.protocol.codec import Codec
from ledsign.protocol.message import Message


@runtime_checkable
class Secretive(Protocol):
    """A codec whose packets hold a secret that anybody can read in them."""

    def public(self, data: bytes) -> bytes:
        """Bytes of one direction, from the beginning of a packet on, without secrets. Never raises."""
        ...


def disguised(data: bytes, reader: Codec, writer: Codec, plain: Callable[[Message], Message], secret: bytes) -> bytes:
    """Packets read by ``reader`` and said again by ``writer`` as ``plain`` has them. Of bytes that are not wholly
    packets only ``secret`` is blotted out, wherever it stands."""
    messages = reader.feed(data) + reader.silence()
    if data and b"".join(packet for message in messages for packet in reader.encode(message)) == data:
        return b"".join(packet for message in messages for packet in writer.encode(plain(message)))
    return data.replace(secret, b"*" * len(secret)) if secret else data
