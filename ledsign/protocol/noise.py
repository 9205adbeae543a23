"""What noise does to packets, and what a family's checks do not see of it: plain arithmetic.

Bit errors are taken as independent. A packet of ``bits`` is sound with (1 - ber)^bits; whoever checks it takes it
for sound a little more often than that. The share of *damaged* packets among those that were believed is what
counts for a page, because damaged ones that are recognised go again.
"""

import math

HALF_LIT = 1 / 16  # chance that two flips cancel in a sum of bytes: same bit of two bytes, one up and one down
THREE_OR_MORE = 1 / 80  # the same for more flips, tried at random on pictures (docs/cards/cp5200.md)
CRC16_EVEN = 2**-15  # four, six, ... flips; every odd number and every two are found


def _flips(bits: int, ber: float) -> tuple[float, float, float]:
    """Chances of no, one and two flipped bits (Poisson)."""
    mean = bits * ber
    none = math.exp(-mean)
    return none, none * mean, none * mean * mean / 2


def clean(bits: int, ber: float) -> float:
    """The chance that nothing is flipped."""
    return math.exp(-bits * ber)


def additive(packet: bytes, ber: float) -> float:
    """Undetected by a 16-bit sum of bytes with all lengths checked. Two flips cancel where the same bit goes up in
    one byte and down in another, or the same way in a byte and in the sum."""
    none, one, two = _flips(8 * len(packet), ber)
    lit = [sum(packet.translate(table)) for table in _BIT_OF]
    pairs = sum(count * (len(packet) - count) for count in lit) + 4 * len(packet)
    return pairs * ber * ber * none + max(0.0, 1 - none - one - two) * THREE_OR_MORE


_BIT_OF = tuple(bytes(byte >> bit & 1 for byte in range(256)) for bit in range(8))


def crc16(packet: bytes, ber: float) -> float:
    """Undetected by a CRC-16 of packets shorter than 4 KB."""
    bits = 8 * len(packet)
    none, _one, two = _flips(bits, ber)
    even = (1 + math.exp(-2 * bits * ber)) / 2  # no flip counts as even
    return max(0.0, even - none - two) * CRC16_EVEN


def believed_wrong(undetected: float, bits: int, ber: float) -> float:
    """The share of packets that are damaged among those that are believed."""
    return undetected / (undetected + clean(bits, ber)) if undetected > 0 else 0.0


_LOST_BYTES = 1000  # what a packet that got lost costs besides: the wait for its answer, a question
_SAFE_PAGE = 2304  # bytes of a page of 192x96 LEDs, and the chance of a wrong one that is aimed for
_AIM = 1e-4


def best_chunk(ber: float, most: int, least: int, overhead: int, answer: int, *, checked: bool = False) -> int:
    """Data bytes a packet, from ``most`` down to ``least`` by halves: the fastest at which a page is safe enough
    behind an additive sum, else the safest. ``overhead``: bytes around the data, ``answer``: of a reply;
    ``checked``: pages are read back besides, so that the fastest is safe."""
    sizes = [most]
    while sizes[-1] // 2 >= least:
        sizes.append(sizes[-1] // 2)

    def wrong(size: int) -> float:
        bits = 8 * (size + overhead)
        none, one, two = _flips(bits, ber)
        unseen = two * HALF_LIT + max(0.0, 1 - none - one - two) * THREE_OR_MORE
        return _SAFE_PAGE / size * believed_wrong(unseen, bits, ber)

    def cost(size: int) -> float:
        length = size + overhead + answer
        tries = 1 / clean(8 * length, ber)
        return (length + (tries - 1) * (length + _LOST_BYTES)) / size

    safe = [size for size in sizes if checked or wrong(size) <= _AIM]
    return min(safe, key=cost) if safe else min(sizes, key=wrong)
