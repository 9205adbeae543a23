"""A line with its codec: packets out, messages in, and a note of the last of both, without the secrets in them."""

import logging
from collections import deque

from ledsign.clock import Clock
from ledsign.errors import TransportError
from ledsign.protocol.codec import Codec
from ledsign.protocol.disguise import Secretive
from ledsign.protocol.message import Message
from ledsign.transport import Transport

log = logging.getLogger(__name__)

_KEPT = 65536  # bytes of an answer


class Wire:
    """One opened line. ``heard_at``: clock time of the last byte; ``garbled``: something came that was no message,
    since whoever asks has set it to False."""

    def __init__(self, line: Transport, codec: Codec, clock: Clock, write_s: float, ring: deque[str]) -> None:
        self._line = line
        self._codec = codec
        self._clock = clock
        self._write_s = write_s
        self._ring = ring
        self._public = codec.public if isinstance(codec, Secretive) else bytes
        self._heard = b""  # what the last note in the ring is of, while more of it may come
        self._unread = False  # the last bytes were no message so far
        self.garbled = False
        self.heard_at = clock.monotonic()

    def close(self) -> None:
        self._line.close()

    def seconds(self, count: int) -> float:
        """How long so many bytes take on the line."""
        return self._line.line_seconds(count)

    def write(self, packet: bytes) -> None:
        """Raises TransportError."""
        self.note(">", packet)
        self._line.write(packet, self._write_s + self.seconds(len(packet)))

    def read(self, timeout: float) -> list[Message] | None:
        """Messages that came; None when nothing at all did. Raises TransportError."""
        data = self._line.read(timeout)
        if not data:
            self._heard_out()
            self.garbled, self._unread = self.garbled or self._unread, False  # half a packet, and no more came
            return self._codec.silence() or None
        self.heard_at = self._clock.monotonic()
        self._note_heard(data)
        messages = self._codec.feed(data)
        self._unread = not messages
        return messages

    def drain(self, quiet_s: float) -> None:
        """Read away what is not waited for, until the line has been quiet for ``quiet_s``. Raises TransportError."""
        for _bounded in range(1000):
            rest = max(0.0, self.heard_at + quiet_s - self._clock.monotonic()) if quiet_s else 0.0
            if self.read(min(rest, quiet_s)) is None:
                return
        raise TransportError("the line never falls quiet")

    def _note_heard(self, data: bytes) -> None:
        """An answer comes in pieces and is one note, for where its secrets stand shows only when it is whole."""
        if self._heard and self._ring:
            self._ring.pop()
        self._heard = (self._heard + data)[-_KEPT:]
        self._ring.append(self._line_of("<", self._heard))

    def _heard_out(self) -> None:
        if self._heard and self._ring:
            log.debug("%s", self._ring[-1])
        self._heard = b""

    def note(self, mark: str, data: bytes, text: str = "") -> None:
        """Keep it for the log that a failure will want."""
        self._heard_out()
        self._ring.append(self._line_of(mark, data, text))
        log.debug("%s", self._ring[-1])

    def _line_of(self, mark: str, data: bytes, text: str = "") -> str:
        data = self._public(data)
        shown = data[:40].hex(" ") + (f" … ({len(data)} bytes)" if len(data) > 40 else "")
        return f"{self._clock.monotonic():10.3f} {mark} {shown}{text[:160]}"
