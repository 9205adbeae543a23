"""What a line is worth, measured on what really went over it."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

ANSWER_BITS = 8 * 20
_KEPT = 400  # packets looked back upon
_FRESH_S = 120.0  # noise of the past says little
_NOISY = 3  # lost packets of late; a restart of the card costs one
_BELIEF = 2.0  # how much likelier (natural logarithm) plain loss must be than noise
_PSEUDO_BITS = 20_000  # taken as sound, so that one bad packet on a quiet line is no alarm
_ALPHA = 0.2
_LATENCIES = 16
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Exchange:
    at: float
    bits: int
    arrived: bool
    garbled: bool


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A line's figures. ``goodput``: bytes of pages a second while they are sent, ``page_s``: seconds a page, both
    None before the first; ``ber``: bit error rate; ``flash_writes`` of the last 24 h."""

    goodput: float | None
    page_s: float | None
    packets: int
    repeated: int
    ber: float
    flash_writes: int
    flash_budget: int


class Meter:
    """Measures one card's line; lives as long as the card object, over all reconnections."""

    def __init__(self, flash_budget: int) -> None:
        self.flash_budget = flash_budget
        self.packets = self.repeated = 0
        self.flash_total = 0
        self._seen: deque[_Exchange] = deque(maxlen=_KEPT)
        self._latencies: dict[str, deque[float]] = {}
        self._all: deque[float] = deque(maxlen=_LATENCIES)
        self._goodput: float | None = None
        self._page_s: float | None = None
        self._wear: deque[tuple[float, int]] = deque()
        self._worn = 0

    def packet(self, now: float, question: int, arrived: bool, garbled: bool) -> None:
        """One exchange: bits of the packet; whether it and its answer came through whole; whether what came
        instead was damaged, and not just nothing."""
        self.packets += 1
        self.repeated += not arrived
        self._seen.append(_Exchange(now, question + ANSWER_BITS, arrived, garbled))

    def answered(self, kind: str, seconds: float) -> None:
        """How long an answer to such a command took, without the line's own time."""
        self._latencies.setdefault(kind, deque(maxlen=_LATENCIES)).append(seconds)
        self._all.append(seconds)

    def wait_s(self, kind: str, most: float, least: float, slow: float) -> float:
        """How long to wait for the next answer to such a command: three times the slowest of late, at most ``most``;
        with a card that usually takes longer than half of that, twice as long as usual, at most ``slow``."""
        known = self._latencies.get(kind, self._all)
        usual = median(known) if known else 0.0
        if usual > most / 2:
            return max(most, min(slow, 2 * usual))
        if len(known) < _LATENCIES // 4:
            return most
        return min(most, max(least, 3 * max(known)))

    def page(self, size: int, seconds: float) -> None:
        """A page of so many bytes was brought across."""
        rate = size / max(seconds, 1e-3)
        self._goodput = rate if self._goodput is None else (1 - _ALPHA) * self._goodput + _ALPHA * rate
        self._page_s = seconds if self._page_s is None else (1 - _ALPHA) * self._page_s + _ALPHA * seconds

    def ber(self, now: float) -> float:
        """Bit error rate of late: the likeliest one. 0 when nothing was lost, or when what was lost does not look
        like noise: no answer was ever damaged, and long packets were lost no more often than short ones."""
        fresh = [each for each in self._seen if now - each.at <= _FRESH_S]
        damaged = [each.bits for each in fresh if not each.arrived]
        if not damaged:
            return 0.0
        rate = likeliest(sum(each.bits for each in fresh if each.arrived) + _PSEUDO_BITS, damaged)
        if any(each.garbled for each in fresh):
            return rate
        as_noise = -rate * sum(each.bits for each in fresh if each.arrived)
        as_noise += sum(math.log(-math.expm1(-bits * rate)) for bits in damaged)
        as_noise += sum(math.log1p(-ANSWER_BITS / bits) for bits in damaged)  # noise spared all answers
        share = len(damaged) / len(fresh)
        as_loss = len(damaged) * math.log(share)
        as_loss += (len(fresh) - len(damaged)) * math.log1p(-share) if share < 1 else 0.0
        return 0.0 if as_loss > as_noise + _BELIEF else rate

    def noisy(self, now: float) -> bool:
        """Whether the line loses packets."""
        return sum(not each.arrived for each in self._seen if now - each.at <= _FRESH_S) >= _NOISY

    def may_wear(self, now: float, writes: int) -> bool:
        """Whether so many flash writes are within the day's budget."""
        while self._wear and now - self._wear[0][0] > _DAY_S:
            self._worn -= self._wear.popleft()[1]
        return self._worn + writes <= self.flash_budget

    def wear(self, now: float, writes: int) -> None:
        """The card was told to write."""
        self._wear.append((now, writes))
        self._worn += writes
        self.flash_total += writes

    def status(self, now: float) -> LinkStatus:
        self.may_wear(now, 0)
        return LinkStatus(
            self._goodput, self._page_s, self.packets, self.repeated, self.ber(now), self._worn, self.flash_budget
        )


def likeliest(sound: int, damaged: Iterable[int]) -> float:
    """The bit error rate that makes it likeliest that ``sound`` bits arrived and packets of ``damaged`` bits did
    not: the root of sum(n / (exp(n r) - 1)) = sound."""
    sizes = list(damaged)
    low, high = 1e-9, 0.1
    for _step in range(40):
        rate = math.sqrt(low * high)
        if sum(size / math.expm1(min(700.0, size * rate)) for size in sizes) > sound:
            low = rate
        else:
            high = rate
    return rate
