"""A blue-noise threshold mask by void and cluster (Ulichney 1993), in whole numbers: the same on every machine.

A picture compared with it becomes dots without a visible pattern, each LED by itself: nothing crawls when only a
part of a picture changes, and it costs one comparison.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 64
_SIGMA: Final = 1.5
_ONES: Final = SIDE * SIDE // 10  # dots of the first pattern


@cache
def mask() -> NDArray[np.uint16]:
    """``(64, 64)``: every number from 0 to 4095 once, neighbours far apart in value; tiles without a seam."""
    spread = _kernel()
    pattern = _first(spread)
    rank = np.zeros(SIDE * SIDE, dtype=np.uint16)
    # take the first pattern apart, its tightest dot last
    dots, heat = pattern.copy(), _heat(pattern, spread)
    for number in range(int(pattern.sum()) - 1, -1, -1):
        place = _tightest(dots, heat)
        rank[place] = number
        dots[place] = False
        heat -= spread[place]
    # then fill its largest voids one by one
    dots, heat = pattern.copy(), _heat(pattern, spread)
    for number in range(int(pattern.sum()), SIDE * SIDE):
        place = _emptiest(dots, heat)
        rank[place] = number
        dots[place] = True
        heat += spread[place]
    found = rank.reshape(SIDE, SIDE)
    found.flags.writeable = False
    return found


class _Spread:
    """What a dot at a place adds to the heat of every other, around the edges."""

    def __init__(self, centred: NDArray[np.int64]) -> None:
        # twice the tile each way: any shift is a window into it
        self.tile = np.tile(centred, (2, 2))

    def __getitem__(self, place: int) -> NDArray[np.int64]:
        row, column = divmod(place, SIDE)
        window = self.tile[SIDE - row : 2 * SIDE - row, SIDE - column : 2 * SIDE - column]
        return window.ravel()


def _kernel() -> _Spread:
    away = np.minimum(np.arange(SIDE), SIDE - np.arange(SIDE))
    distance = away[:, None] ** 2 + away**2
    # rounded to whole numbers, so that sums do not depend on their order
    return _Spread(np.rint(np.exp(-distance / (2 * _SIGMA**2)) * (1 << 30)).astype(np.int64))


def _heat(dots: NDArray[np.bool_], spread: _Spread) -> NDArray[np.int64]:
    heat = np.zeros(SIDE * SIDE, dtype=np.int64)
    for place in np.flatnonzero(dots).tolist():
        heat += spread[place]
    return heat


def _tightest(dots: NDArray[np.bool_], heat: NDArray[np.int64]) -> int:
    return int(np.argmax(np.where(dots, heat, -1)))


def _emptiest(dots: NDArray[np.bool_], heat: NDArray[np.int64]) -> int:
    return int(np.argmin(np.where(dots, np.iinfo(np.int64).max, heat)))


def _first(spread: _Spread) -> NDArray[np.bool_]:
    """Scattered dots, moved from the tightest cluster to the largest void until that changes nothing."""
    dots = np.zeros(SIDE * SIDE, dtype=np.bool_)
    state = 1
    while int(dots.sum()) < _ONES:
        state = (state * 1103515245 + 12345) % (1 << 31)  # the generator of ISO C's example
        dots[(state >> 8) % (SIDE * SIDE)] = True
    heat = _heat(dots, spread)
    while True:
        cluster = _tightest(dots, heat)
        dots[cluster] = False
        heat -= spread[cluster]
        void = _emptiest(dots, heat)
        dots[void] = True
        heat += spread[void]
        if void == cluster:
            return dots
