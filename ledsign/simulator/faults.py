"""How a simulated card misbehaves: a seeded dice for every packet, and a few things that happen once.

``drop=0.05,corrupt=0.01,delay=0.2,nak=0.1,reboot=12,silent=5@20,garbage=0.1,duplicate=0.1,late=0.1:1.5,
foreign=0.1,ber=0.0001,strict=1,seed=7``

==============  =======================================================================================
``drop=P``      with probability P a packet is lost: the request or the reply, as the dice fall
``corrupt=P``   one bit of a request or of a reply is flipped
``ber=P``       every bit in both directions is flipped with probability P
``delay=S``     every reply waits S seconds
``late=P:S``    with probability P the card stalls S seconds before it answers (default 1.5)
``nak=P``       the card says "damaged" and does nothing
``duplicate=P`` the reply goes out twice
``garbage=P``   noise before the reply
``foreign=P``   before its own reply comes one of another card on the line
``reboot=N``    once, at the N-th packet, the card restarts
``silent=S@N``  once, from the N-th packet on (default 8), the card says and does nothing for S seconds
``strict=1``    a packet that comes twice is out of order instead of being confirmed again
``seed=N``      the dice
==============  =======================================================================================
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities are a packet's; times in s; packet numbers count from 1, 0 is never."""

    drop: float = 0.0
    corrupt: float = 0.0
    ber: float = 0.0
    delay: float = 0.0
    late: float = 0.0
    late_s: float = 1.5
    nak: float = 0.0
    duplicate: float = 0.0
    garbage: float = 0.0
    foreign: float = 0.0
    reboot: int = 0
    silent: float = 0.0
    silent_at: int = 8
    strict: bool = False
    seed: int = 1


_PROBABILITIES = {"drop", "corrupt", "ber", "late", "nak", "duplicate", "garbage", "foreign"}


def parse_faults(spec: str) -> Faults:
    """Read a fault specification. Raises ValueError that names the part which is wrong."""
    faults = Faults()
    for item in filter(None, (part.strip() for part in spec.split(","))):
        name, equals, value = item.partition("=")
        if not equals or name not in {f.name for f in fields(Faults)}:
            raise ValueError(f"unknown fault {item!r}")
        try:
            faults = replace(faults, **_values(name, value))
        except ValueError as error:
            raise ValueError(f"fault {item!r}: {error}") from error
    return faults


def _values(name: str, text: str) -> dict[str, Any]:
    if name == "late" and ":" in text:
        chance, _, seconds = text.partition(":")
        return _values("late", chance) | _values("late_s", seconds)
    if name == "silent" and "@" in text:
        seconds, _, number = text.partition("@")
        return _values("silent", seconds) | _values("silent_at", number)
    if name == "strict":
        return {name: text not in ("", "0", "no")}
    if name in ("reboot", "silent_at", "seed"):
        return {name: int(text)}
    value = float(text)
    if value < 0 or (name in _PROBABILITIES and value > 1):
        raise ValueError("out of range")
    return {name: value}


class Dice:
    """Seeded chance; ``faults`` may be replaced while the card runs."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)

    def hits(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def either(self, one: Callable[[], None], other: Callable[[], None]) -> None:
        """One of two things, evenly."""
        (one if self._random.random() < 0.5 else other)()

    def flip_one(self, data: bytes) -> bytes:
        """One bit flipped."""
        spoiled = bytearray(data)
        spoiled[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(spoiled)

    def noisy(self, data: bytes) -> bytes:
        """Every bit flipped with the bit error rate."""
        rate = self.faults.ber
        if rate <= 0:
            return data
        spoiled = bytearray(data)
        position = self._gap(rate)
        while position < len(spoiled) * 8:
            spoiled[position // 8] ^= 1 << position % 8
            position += 1 + self._gap(rate)
        return bytes(spoiled)

    def _gap(self, rate: float) -> int:
        return int(self._random.expovariate(rate))

    def noise(self) -> bytes:
        """Up to 40 bytes of nothing."""
        return self._random.randbytes(self._random.randint(1, 40))
