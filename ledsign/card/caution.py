"""How far a line may be believed whose bits nobody checks but the card and we.

Packets are made smaller as the noise grows, and a command is not completed, so that its page is not lit, when the
noise makes it likelier than ``wrong`` that damage passed the family's checks unseen.
"""

from collections.abc import Sequence

from ledsign.card.meter import Meter
from ledsign.clock import Clock
from ledsign.errors import TransportError
from ledsign.protocol.message import Message
from ledsign.protocol.noise import believed_wrong
from ledsign.protocol.traits import Careful


class Caution:
    """For one conversation. ``careful``: its codec, None where the line has a check of its own."""

    def __init__(self, careful: Careful | None, meter: Meter, clock: Clock, wrong: float) -> None:
        self._careful = careful
        self._meter = meter
        self._clock = clock
        self._wrong = wrong
        self._noise = 0.0  # bit error rate for which packets are cut; it only grows within a command

    @property
    def _ber(self) -> float:
        return self._meter.ber(self._clock.monotonic())

    def begin(self) -> None:
        """A command begins: let the codec cut its packets as the noise demands."""
        if self._careful is not None:
            self._noise = self._ber
            self._careful.suit(self._noise)

    def shrink(self) -> bool:
        """A packet is lost again and again: whether the noise asks for smaller ones, which are cut from now on."""
        if self._careful is None:
            return False
        self._noise = max(self._noise, self._ber)
        return self._careful.suit(self._noise)

    def dare(self, command: Message, packets: Sequence[bytes]) -> None:
        """Raises TransportError when so many packets would probably bring unseen damage with them."""
        ber = self._ber
        if self._careful is None or not ber:
            return
        wrong = 0.0
        for packet in packets:
            wrong += believed_wrong(self._careful.undetected(command, packet, ber), 8 * len(packet), ber)
        if wrong > self._wrong:
            raise TransportError(
                f"line too noisy: bit error rate {ber:.1e}, one page in {max(1, round(1 / wrong))} would be wrong"
            )
