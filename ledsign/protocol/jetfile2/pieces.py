"""How many bytes of a file go into one packet: as many as the sign takes and the noise on the line lets through."""

from ledsign.protocol.jetfile2.options import LEAST_CHUNK
from ledsign.protocol.noise import best_chunk

EVERYWHERE = 512  # bytes that every sign takes; 1024 are as usual, says the document
_AROUND, _ANSWER = 40, 20  # bytes around the data of a packet, bytes of an answer


class Pieces:
    """``size``: bytes of the pieces that are cut now."""

    def __init__(self, most: int, checked: bool) -> None:
        """``checked``: damage that the packets' sum lets pass is found by reading back."""
        self._most = self.size = most
        self._checked = checked
        self._tried = self._taken = False  # long ones

    def cut(self, data: bytes) -> list[bytes]:
        """An empty file is one empty piece."""
        self._tried = self._tried or len(data) > EVERYWHERE < self.size
        return [data[at : at + self.size] for at in range(0, len(data), self.size)] or [b""]

    def taken(self, size: int) -> None:
        """The sign confirmed a piece of so many bytes."""
        self._taken = self._taken or size > EVERYWHERE

    def broken(self) -> None:
        """The line was closed. A sign that was sent long pieces and never took one may be unable to."""
        if self._tried and not self._taken:
            self.shorten()

    def shorten(self) -> bool:
        """The sign takes no long pieces; whether they were long."""
        long = self._most > EVERYWHERE
        self._most, self.size = min(self._most, EVERYWHERE), min(self.size, EVERYWHERE)
        return long

    def suit(self, ber: float) -> bool:
        """Cut for a line of this bit error rate; whether in smaller pieces than before."""
        before = self.size
        self.size = best_chunk(ber, self._most, LEAST_CHUNK, _AROUND, _ANSWER, checked=self._checked)
        return self.size < before
