"""A card: a codec, a line, and the patience to bring a message across.

What the card shows counts only when the card said so for every packet. The rules that keep a wrong answer from
confirming a page (cards of most families do not say *which* packet they answer):

* A packet goes out only after what was still coming has been read away; before the packet that completes a
  command the line must have been quiet for a moment, so that an answer that came twice is gone. The packet's own
  time on the line counts towards that moment: what comes before it can have arrived is no answer to it. Cards
  whose answers name their packet need no such moment.
* After a time-out nobody knows whether the question or the answer was lost, or whether the answer is late.
  A harmless question of another kind (a *probe*) settles it: lines keep order, so when the probe's answer is
  there, every older answer was before it. Only then the same packet goes again.
* A broken or interrupted exchange poisons the line: it is closed and opened anew, never used again.
* On a noisy serial line packets are made smaller; and a command is not completed, so that its page is not lit, when
  the noise makes it likelier than ``Patience.wrong`` that damage passed the family's checks unseen.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledsign.card.meter import Meter
from ledsign.clock import Clock
from ledsign.errors import CardRefusedError, TransportError
from ledsign.frame import AckLevel
from ledsign.protocol.codec import Codec, Judgement, Verdict
from ledsign.protocol.message import Message
from ledsign.protocol.noise import believed_wrong
from ledsign.protocol.traits import Careful, Numbered
from ledsign.transport import Transport

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often. Times in s."""

    reply_s: float = 1.0  # for an answer, besides the time its packet takes on the line
    reply_least_s: float = 0.1  # of that, once the card is known to be faster
    quiet_s: float = 0.03  # silence that must precede the last packet of a command
    lull_s: float = 0.25  # pause inside an answer after which the rest will not come
    write_s: float = 5.0
    tries: int = 6  # of one packet
    noisy_tries: int = 40  # of one packet on a serial line, where the card answers other questions
    shrink_after: int = 2  # tries of one packet, before the command is cut into smaller ones
    wrong: float = 5e-3  # most chance of a page with unseen damage
    restarts: int = 6  # of one command
    dead_s: float = 5.0  # without any sound answer: the card is gone
    boot_s: float = 0.4  # silence with a question lost in it that may have been a restart
    outage_s: float = 2.0  # the same where the card does not answer at all, or where noise loses questions
    stale_s: float = 3.0  # without an answer on a line that hides restarts: prepare the card again
    hold_s: int = 300  # a page goes off by itself after so long without us, where the card can do that
    backoff_first_s: float = 1.0
    backoff_last_s: float = 10.0  # a card on our own line is worth asking often


class AbortedError(Exception):
    """Something more urgent came between two packets."""


class _DisorderError(Exception):
    """The card lost the thread of a command. ``repeated``: a packet had gone twice, which may be why."""

    def __init__(self, repeated: bool) -> None:
        super().__init__()
        self.repeated = repeated


class _SmallerError(Exception):
    """The packets are too long for the noise on the line."""


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
        meter: Meter,
        hides_restarts: bool = False,
        noisy: bool = False,
    ) -> None:
        """``noisy``: a line whose bits nobody checks but the card and we."""
        self._line = line
        self._hides_restarts = hides_restarts
        self._codec = codec
        self._clock = clock
        self._patience = patience
        self._ring = ring
        self._meter = meter
        self._careful: Careful | None = codec if noisy and isinstance(codec, Careful) else None
        self._tries = patience.noisy_tries if self._careful else patience.tries
        self._numbered = isinstance(codec, Numbered)
        self._turn = 0  # probes take turns, so that a late answer to one is not taken for another's
        self._silent_s = 0.0
        self._missed = 0  # questions without an answer, one behind the other
        self._seq = 0
        self._garbled = self._unread = False  # something came that was no message; the last bytes were none so far
        self._noise = 0.0  # bit error rate for which packets are cut; it only grows within a command
        self._deaf_until = 0.0  # answers that come before are too early to be ours
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
        for _restart in range(self._patience.restarts):
            self._noise = self._meter.ber(self._clock.monotonic())
            self._suits()
            packets = self._codec.encode(command, self._seq)
            try:
                return self._through(command, packets, abort)
            except _SmallerError:
                self._note("!", b"", "noisy line, again in smaller packets")
            except _DisorderError as disorder:
                self._note("!", b"", "out of order, again from the first packet")
                # on a noisy line a packet that went twice explains it; else the card may have begun anew
                explained = disorder.repeated and self._meter.noisy(self._clock.monotonic())
                if self._hides_restarts and not explained:
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
                if index in (0, len(packets) - 1):
                    self._dare(command, packets)
                last = index == len(packets) - 1
                reply = self._confirmed(command, index, packet, last, abort)
        return reply

    def _suits(self) -> bool:
        """Let the codec cut packets as the noise demands; whether they become smaller by that."""
        return self._careful is not None and self._careful.suit(self._noise)

    def _dare(self, command: Message, packets: Sequence[bytes]) -> None:
        """Raises TransportError when so many packets would probably bring unseen damage with them."""
        careful, ber = self._careful, self._meter.ber(self._clock.monotonic())
        if careful is None or not ber:
            return
        wrong = 0.0
        for packet in packets:
            bits = 8 * len(packet)
            wrong += believed_wrong(careful.undetected(command, packet, ber), bits, ber)
        if wrong > self._patience.wrong:
            raise TransportError(
                f"line too noisy: bit error rate {ber:.1e}, one page in {max(1, round(1 / wrong))} would be wrong"
            )

    def _confirmed(
        self, command: Message, index: int, packet: bytes, last: bool, abort: Callable[[], bool]
    ) -> Message:
        line_s = self._line.line_seconds(len(packet))
        guarded = last and not self._numbered
        quiet_s = max(0.0, self._patience.quiet_s - line_s) if guarded else 0.0
        for attempt in range(self._tries):
            if abort():
                raise AbortedError
            if attempt == self._patience.shrink_after:
                self._noise = max(self._noise, self._meter.ber(self._clock.monotonic()))
                if self._suits():
                    raise _SmallerError
            self._drain(quiet_s)
            began, self._garbled = self._clock.monotonic(), False
            self._write(packet)
            self._deaf_until = began + 0.9 * line_s if guarded else 0.0
            answer = self._await(command, index, len(packet))
            if answer is not None:
                self._meter.answered(type(command).__name__, self._clock.monotonic() - began - line_s)
            else:
                answer = self._sweep(command, index)
            arrived = answer is not None and answer[1].verdict is not Verdict.DAMAGED
            self._meter.packet(self._clock.monotonic(), 8 * len(packet), arrived, self._garbled)
            if answer is None:
                continue
            reply, judgement = answer
            if judgement.verdict is Verdict.CONFIRMED:
                return reply
            if judgement.verdict is Verdict.DISORDER:
                raise _DisorderError(repeated=attempt > 0)
            if judgement.verdict is Verdict.REFUSED:
                raise CardRefusedError(judgement.code)
        raise TransportError(f"card does not take packet {index + 1} of {type(command).__name__}")

    def _await(
        self, command: Message, index: int, sent: int, also: Message | None = None
    ) -> tuple[Message, Judgement] | None:
        """Wait for the answer to a packet. ``also``: a probe whose answer ends the waiting without one."""
        most, least = self._patience.reply_s, self._patience.reply_least_s
        patience = self._meter.wait_s(type(also or command).__name__, most, least)
        patience = min(most, patience * 2**self._missed)  # asking a slow card ever faster chokes it
        budget = patience + self._line.line_seconds(sent + 64)
        while budget > 0:
            slice_s = min(budget, self._patience.lull_s)
            before = self._clock.monotonic()
            messages = self._read(slice_s)
            # a clock that stands still, or a card that babbles, must not keep us here
            budget -= slice_s if messages is None else max(0.001, self._clock.monotonic() - before)
            for message in messages or ():
                if before < self._deaf_until and self._clock.monotonic() < self._deaf_until:
                    self._note("?", b"", f"too early to be the answer: {message}")
                    continue
                for asked in filter(None, (command, also)):
                    judgement = self._codec.judge(asked, index if asked is command else 0, message)
                    if judgement.verdict is Verdict.FOREIGN:
                        continue
                    self._silent_s, self._missed, self.answers_at = 0.0, 0, self._clock.monotonic()
                    return (message, judgement) if asked is command else None
                self._note("?", b"", f"not for us: {message}")
        self._silent_s += patience
        self._missed = min(self._missed + 1, 6)
        if self._silent_s >= self._patience.dead_s:
            raise TransportError(f"card silent for {self._silent_s:.0f} s")
        return None

    def _sweep(self, command: Message, index: int) -> tuple[Message, Judgement] | None:
        """After a time-out: ask something else until it is answered; a late answer may come before that."""
        self._note("!", b"", "no answer in time")
        answered_at = self.answers_at
        for probe in self._probes(command):
            silent_before = self._silent_s
            self._drain(0.0)
            packet = self._codec.encode(probe, self._seq)[0]
            self._write(packet)
            answer = self._await(command, index, len(packet), probe)
            if answer is not None:
                return answer
            if self._silent_s <= silent_before:  # the probe was answered, what was asked before it was not
                noisy = self._meter.noisy(self._clock.monotonic())  # noise swallows a question without a restart
                least = self._patience.outage_s if noisy else self._patience.boot_s
                if self._hides_restarts and self.answers_at - answered_at >= least:
                    raise RestartedError
                return None
            if self._hides_restarts and self._clock.monotonic() - self.answers_at >= self._patience.outage_s:
                raise RestartedError
        return None

    def _read(self, timeout: float) -> list[Message] | None:
        """Messages that came; None when nothing at all did."""
        data = self._line.read(timeout)
        if not data:
            self._garbled, self._unread = self._garbled or self._unread, False  # half a packet, and no more came
            return self._codec.silence() or None
        self.heard_at = self._clock.monotonic()
        self._note("<", data)
        messages = self._codec.feed(data)
        self._unread = not messages
        return messages

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
