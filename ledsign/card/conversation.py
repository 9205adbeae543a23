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
* Noise: see ``ledsign.card.caution``.
"""

from collections.abc import Callable, Iterator, Sequence

from ledsign.card.caution import Caution
from ledsign.card.meter import Meter
from ledsign.card.patience import Patience
from ledsign.card.wire import Wire
from ledsign.clock import Clock
from ledsign.errors import CardRefusedError, TransportError
from ledsign.frame import AckLevel
from ledsign.protocol.codec import Codec, Judgement, Verdict
from ledsign.protocol.message import Message
from ledsign.protocol.traits import Careful, Numbered


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
        wire: Wire,
        codec: Codec,
        clock: Clock,
        patience: Patience,
        meter: Meter,
        hides_restarts: bool = False,
        noisy: bool = False,
    ) -> None:
        """``noisy``: a line whose bits nobody checks but the card and we."""
        self._wire = wire
        self._hides_restarts = hides_restarts
        self._codec = codec
        self._clock = clock
        self._patience = patience
        self._meter = meter
        careful: Careful | None = codec if noisy and isinstance(codec, Careful) else None
        self._caution = Caution(careful, meter, clock, patience.wrong)
        self._tries = patience.noisy_tries if careful else patience.tries
        self._numbered = isinstance(codec, Numbered)
        self._turn = 0  # probes take turns, so that a late answer to one is not taken for another's
        self._silent_s = 0.0
        self._strays = 0  # messages since the last answer that were sound, and not what was waited for
        self._missed = 0  # questions without an answer, one behind the other
        self._seq = 0
        self._deaf_until = 0.0  # answers that come before are too early to be ours
        self.answers_at = clock.monotonic()  # of the last sound answer that was ours

    def close(self) -> None:
        self._wire.close()

    def say(self, command: Message, abort: Callable[[], bool] = never) -> Message | None:
        """Bring a command across; returns the answer to its last packet.

        Raises TransportError (silent, broken, or never in order), CardRefusedError, UnsupportedError, and
        RestartedError on a line that hides restarts.
        """
        self._seq = (self._seq + 1) & 0xFFFF
        for _restart in range(self._patience.restarts):
            self._caution.begin()
            packets = self._codec.encode(command, self._seq)
            try:
                return self._through(command, packets, abort)
            except _SmallerError:
                self._wire.note("!", b"", "noisy line, again in smaller packets")
            except _DisorderError as disorder:
                self._wire.note("!", b"", "out of order, again from the first packet")
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
                self._wire.write(packet)
            else:
                if index in (0, len(packets) - 1):
                    self._caution.dare(command, packets)
                last = index == len(packets) - 1
                reply = self._confirmed(command, index, packet, last, abort)
        return reply

    def _confirmed(
        self, command: Message, index: int, packet: bytes, last: bool, abort: Callable[[], bool]
    ) -> Message:
        for attempt in range(self._tries):
            if abort():
                raise AbortedError
            if attempt == self._patience.shrink_after and self._caution.shrink():
                raise _SmallerError
            answer = self._asked(command, index, packet, guarded=last and not self._numbered)
            if answer is None:
                continue
            reply, judgement = answer
            if judgement.verdict is Verdict.CONFIRMED:
                return reply
            if judgement.verdict is Verdict.DISORDER:
                raise _DisorderError(repeated=attempt > 0)
            if judgement.verdict is Verdict.REFUSED:
                raise CardRefusedError(judgement.code, _refusal(command, judgement))
        raise TransportError(f"card does not take packet {index + 1} of {type(command).__name__}")

    def _asked(self, command: Message, index: int, packet: bytes, guarded: bool) -> tuple[Message, Judgement] | None:
        """Send a packet once and wait for its answer; None when it got none. ``guarded``: an answer to something
        older would do harm."""
        line_s = self._wire.seconds(len(packet))
        self._wire.drain(max(0.0, self._patience.quiet_s - line_s) if guarded else 0.0)
        began, self._wire.garbled = self._clock.monotonic(), False
        self._wire.write(packet)
        self._deaf_until = began + 0.9 * line_s if guarded else 0.0
        answer = self._await(command, index, len(packet)) or self._sweep(command, index)
        if answer is not None:  # late ones too: from them a slow card is known
            self._meter.answered(type(command).__name__, self._clock.monotonic() - began - line_s)
        arrived = answer is not None and answer[1].verdict is not Verdict.DAMAGED
        self._meter.packet(self._clock.monotonic(), 8 * len(packet), arrived, self._wire.garbled)
        return answer

    def _await(
        self, command: Message, index: int, sent: int, also: Message | None = None
    ) -> tuple[Message, Judgement] | None:
        """Wait for the answer to a packet. ``also``: a probe whose answer ends the waiting without one."""
        most, least = self._patience.reply_s, self._patience.reply_least_s
        patience = self._meter.wait_s(type(also or command).__name__, most, least, self._patience.slow_s)
        patience = min(max(most, patience), patience * 2**self._missed)  # asking a slow card ever faster chokes it
        budget = patience + self._wire.seconds(sent + 64)
        while budget > 0:
            slice_s = min(budget, self._patience.lull_s)
            before = self._clock.monotonic()
            messages = self._wire.read(slice_s)
            # a clock that stands still, or a card that babbles, must not keep us here
            budget -= slice_s if messages is None else max(0.001, self._clock.monotonic() - before)
            for message in messages or ():
                if before < self._deaf_until and self._clock.monotonic() < self._deaf_until:
                    self._wire.note("?", b"", f"too early to be the answer: {message}")
                    continue
                for asked in filter(None, (command, also)):
                    judgement = self._codec.judge(asked, index if asked is command else 0, message)
                    if judgement.verdict is Verdict.FOREIGN:
                        continue
                    self._silent_s, self._missed, self.answers_at = 0.0, 0, self._clock.monotonic()
                    self._strays = 0
                    return (message, judgement) if asked is command else None
                self._wire.note("?", b"", f"not for us: {message}")
                self._strays += 1
        self._silent_s += patience
        self._missed = min(self._missed + 1, 6)
        if self._silent_s >= max(self._patience.dead_s, 2 * patience):
            heard = "answers too late, or is not meant" if self._strays else "silent"
            raise TransportError(f"card {heard} for {self._silent_s:.0f} s")
        return None

    def _sweep(self, command: Message, index: int) -> tuple[Message, Judgement] | None:
        """After a time-out: ask something else until it is answered; a late answer may come before that."""
        self._wire.note("!", b"", "no answer in time")
        answered_at = self.answers_at
        for probe in self._probes(command):
            silent_before = self._silent_s
            self._wire.drain(0.0)
            packet = self._codec.encode(probe, self._seq)[0]
            self._wire.write(packet)
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


def _refusal(command: Message, judgement: Judgement) -> str:
    """What the card said no to, its code, and what that means; the meaning may be the card's own words."""
    meaning = "".join(letter for letter in judgement.meaning[:80] if letter.isprintable())
    told = f"card refuses {type(command).__name__} with code {judgement.code:#04x}"
    return f"{told} ({meaning})" if meaning else told
