"""How a simulated card carries itself: what it answers and what goes wrong, without any line or clock.

The brain knows only its protocol; losses, noise, delays and restarts are decided here, the same for every family.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledsign.protocol.codec import Link
from ledsign.protocol.message import Message
from ledsign.simulator.brain import Brain, Talk
from ledsign.simulator.faults import Dice, Faults


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves the card, ``wait_s`` after the request: pieces as they go onto the line."""

    wait_s: float
    pieces: Sequence[bytes]


class Conduct:
    """One card's behaviour. ``received`` counts the messages understood, whatever was done with them."""

    def __init__(self, brain: Brain, link: Link, faults: Faults) -> None:
        self._brain = brain
        self._link = link
        self._silent_until = 0.0
        self.dice = Dice(faults)
        self.received = 0
        self.restarts = False  # the last message made the card restart; whoever carries that out resets it

    def fault(self, faults: Faults) -> None:
        """Misbehave from now on; packet numbers count from here."""
        self.dice = Dice(faults)
        self._silent_until = 0.0
        self.received = 0

    def silence(self, until: float) -> None:
        """Say and do nothing until then."""
        self._silent_until = until

    def answer(self, talk: Talk, message: Message, now: float) -> Answer | None:
        """Carry out a message at ``now``; None when nothing is said."""
        self.received += 1
        dice, faults = self.dice, self.dice.faults
        if self._struck(now):
            return None
        lost, lost_reply = dice.hits(faults.drop), dice.hits(0.5)
        if lost and not lost_reply:
            return None
        if dice.hits(faults.corrupt / 2):
            self._damaged(talk, message)
            return None
        replies = self._brain.damaged(message) if dice.hits(faults.nak) else self._brain.answer(message)
        packets = [packet for reply in replies for packet in talk.encode(reply)]
        wait_s = faults.delay + (faults.late_s if dice.hits(faults.late) else 0.0)
        if not packets or lost:
            return None
        return Answer(wait_s, self._pieces(talk, message, packets))

    def _struck(self, now: float) -> bool:
        """Things that happen once, at a given packet."""
        faults = self.dice.faults
        if faults.reboot and self.received == faults.reboot:
            self.restarts = True
            return True
        if faults.silent and self.received == faults.silent_at:
            self._silent_until = now + faults.silent
        return now < self._silent_until

    def _damaged(self, talk: Talk, message: Message) -> None:
        """One bit of a request flips on the way. What the card's own reading makes of it is what counts."""
        for packet in talk.encode(message):
            reader = self._brain.talk(self._link)
            for misread in [*reader.feed(self.dice.flip_one(packet)), *reader.silence()]:
                self._brain.answer(misread)

    def _pieces(self, talk: Talk, message: Message, packets: Sequence[bytes]) -> Sequence[bytes]:
        dice, faults = self.dice, self.dice.faults
        out: list[bytes] = []
        if dice.hits(faults.garbage):
            out.append(dice.noise())
        if dice.hits(faults.foreign):
            out += [p for m in self._brain.foreign(message) for p in talk.encode(m)]
        for packet in packets:
            sent = dice.flip_one(packet) if dice.hits(faults.corrupt / 2) else packet
            out += [sent] * (2 if dice.hits(faults.duplicate) else 1)
        pieces = out if self._link is Link.UDP else [b"".join(out)]  # a datagram carries one packet
        return [dice.noisy(piece) for piece in pieces]
