"""A card: a codec, a line, and the patience to bring a message across.

What the card shows counts only when the card said so for every packet. The rules that keep a wrong answer from
confirming a page (cards of most families do not say *which* packet they answer):

* A packet goes out only after what was still coming has been read away; before the packet that completes a
  command the line must have been quiet for a moment, so that an answer that came twice is gone.
* After a time-out nobody knows whether the question or the answer was lost, or whether the answer is late.
  A harmless question of another kind (a *probe*) settles it: lines keep order, so when the probe's answer is
  there, every older answer was before it. Only then the same packet goes again.
* A broken or interrupted exchange poisons the line: it is closed and opened anew, never used again.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledsign.clock import Clock
from ledsign.errors import CardRefusedError, TransportError
from ledsign.frame import AckLevel
from ledsign.protocol.codec import Codec, Judgement, Verdict
from ledsign.protocol.message import Message
from ledsign.transport import Transport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often. Times in s."""

    reply_s: float = 1.0  # for an answer, besides the time its packet takes on the line
    quiet_s: float = 0.03  # silence that must precede the last packet of a command
    lull_s: float = 0.25  # pause inside an answer after which the rest will not come
    write_s: float = 5.0
    tries: int = 6  # of one packet
    restarts: int = 6  # of one command
    dead_s: float = 5.0  # without any sound answer: the card is gone
    stale_s: float = 3.0  # without an answer on a line that hides restarts: prepare the card again
    hold_s: int = 300  # a page goes off by itself after so long without us, where the card can do that
    backoff_first_s: float = 1.0
    backoff_last_s: float = 10.0  # a card on our own line is worth asking often


class AbortedError(Exception):
    """Something more urgent came between two packets."""


class _DisorderError(Exception):
    """The card lost the thread of a command."""


class RestartedError(Exception):
    """On a line that hides restarts: the card may have begun anew, with nothing of ours on it."""


def never() -> bool:
    return False


class Conversation:
    """One opened line to one card. After an exception it must not be used again."""

    def __init__(
        self,
        line: Transport,
        codec: Codec,
        clock: Clock,
        patience: Patience,
        ring: deque[str],
        hides_restarts: bool = False,
    ) -> None:
        self._line = line
        self._hides_restarts = hides_restarts
        self._codec = codec
        self._clock = clock
        self._patience = patience
        self._ring = ring
        self._turn = 0  # probes take turns, so that a late answer to one is not taken for another's
        self._silent_s = 0.0
        self._seq = 0
        self.heard_at = clock.monotonic()  # of the last byte
        self.answers_at = clock.monotonic()  # of the last sound answer that was ours

    def close(self) -> None:
        self._line.close()

    def say(self, command: Message, abort: Callable[[], bool] = never) -> Message | None:
        """Bring a command across; returns the answer to its last packet.

        Raises TransportError (silent, broken, or never in order), CardRefusedError, UnsupportedError, and
        RestartedError on a line that hides restarts.
        """
        self._seq = (self._seq + 1) & 0xFFFF
        packets = self._codec.encode(command, self._seq)
        for _restart in range(self._patience.restarts):
            try:
                return self._through(command, packets, abort)
            except _DisorderError:
                self._note("!", b"", "out of order, again from the first packet")
                if self._hides_restarts:
                    raise RestartedError from None
        raise TransportError(f"card loses the order of {type(command).__name__} again and again")

    def probe(self) -> None:
        """Prove that the card lives. Raises TransportError."""
        for probe in self._probes(None):
            self.say(probe)
            return

    def _probes(self, besides: Message | None) -> Iterator[Message]:
        """Harmless questions without end, none that could be taken for an answer to ``besides``."""
        while probes := self._codec.probes(besides):
            self._turn += 1
            yield probes[self._turn % len(probes)]

    def _through(
        self, command: Message, packets: Sequence[bytes], abort: Callable[[], bool]
    ) -> Message | None:
        reply: Message | None = None
        for index, packet in enumerate(packets):
            if self._codec.ack <= AckLevel.SENT:
                if abort():
                    raise AbortedError
                self._write(packet)
            else:
                last = index == len(packets) - 1
                reply = self._confirmed(command, index, packet, last, abort)
        return reply

    def _confirmed(
        self, command: Message, index: int, packet: bytes, last: bool, abort: Callable[[], bool]
    ) -> Message:
        for _try in range(self._patience.tries):
            if abort():
                raise AbortedError
            self._drain(self._patience.quiet_s if last else 0.0)
            self._write(packet)
            answer = self._await(command, index, len(packet)) or self._sweep(command, index)
            if answer is None:
                continue
            reply, judgement = answer
            if judgement.verdict is Verdict.CONFIRMED:
                return reply
            if judgement.verdict is Verdict.DISORDER:
                raise _DisorderError
            if judgement.verdict is Verdict.REFUSED:
                raise CardRefusedError(judgement.code)
        raise TransportError(f"card does not take packet {index + 1} of {type(command).__name__}")

    def _await(
        self, command: Message, index: int, sent: int, also: Message | None = None
    ) -> tuple[Message, Judgement] | None:
        """Wait for the answer to a packet. ``also``: a probe whose answer ends the waiting without one."""
        budget = self._patience.reply_s + self._line.line_seconds(sent + 64)
        while budget > 0:
            slice_s = min(budget, self._patience.lull_s)
            before = self._clock.monotonic()
            messages = self._read(slice_s)
            # a clock that stands still, or a card that babbles, must not keep us here
            budget -= slice_s if messages is None else max(0.001, self._clock.monotonic() - before)
            for message in messages or ():
                for asked in filter(None, (command, also)):
                    judgement = self._codec.judge(asked, index, message)
                    if judgement.verdict is Verdict.FOREIGN:
                        continue
                    self._silent_s, self.answers_at = 0.0, self._clock.monotonic()
                    return (message, judgement) if asked is command else None
                self._note("?", b"", f"not for us: {message}")
        self._silent_s += self._patience.reply_s
        if self._silent_s >= self._patience.dead_s:
            raise TransportError(f"card silent for {self._silent_s:.0f} s")
        return None

    def _sweep(self, command: Message, index: int) -> tuple[Message, Judgement] | None:
        """After a time-out: ask something else until it is answered; a late answer may come before that."""
        self._note("!", b"", "no answer in time")
        for probe in self._probes(command):
            silent_before = self._silent_s
            self._drain(0.0)
            packet = self._codec.encode(probe, self._seq)[0]
            self._write(packet)
            answer = self._await(command, index, len(packet), probe)
            if answer is not None or self._silent_s <= silent_before:
                return answer
            if self._hides_restarts:
                raise RestartedError
        return None

    def _read(self, timeout: float) -> list[Message] | None:
        """Messages that came; None when nothing at all did."""
        data = self._line.read(timeout)
        if not data:
            return self._codec.silence() or None
        self.heard_at = self._clock.monotonic()
        self._note("<", data)
        return self._codec.feed(data)

    def _drain(self, quiet_s: float) -> None:
        """Read away what is not waited for, until the line has been quiet for ``quiet_s``."""
        for _bounded in range(1000):
            rest = max(0.0, self.heard_at + quiet_s - self._clock.monotonic()) if quiet_s else 0.0
            if self._read(min(rest, quiet_s)) is None:
                return
        raise TransportError("the line never falls quiet")

    def _write(self, packet: bytes) -> None:
        self._note(">", packet)
        self._line.write(packet, self._patience.write_s + self._line.line_seconds(len(packet)))

    def _note(self, mark: str, data: bytes, text: str = "") -> None:
        shown = data[:40].hex(" ") + (f" … ({len(data)} bytes)" if len(data) > 40 else "")
        line = f"{self._clock.monotonic():10.3f} {mark} {shown}{text[:160]}"
        self._ring.append(line)
        log.debug("%s", line)
