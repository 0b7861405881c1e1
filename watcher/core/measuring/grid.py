"""The fixed grid of sample time on which blocks lie, and how the scrape interval is learnt for it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

SHORTEST = 5.0
"""Seconds that a block lasts at least."""

ENOUGH = 6
"""Samples of one series from which on the scrape interval counts as known."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Blocks of `length` seconds at multiples of `length` since the epoch; `interval` is the scrape interval.

    Blocks are shorter than a scrape interval, so that each pod's sample counts soon after it was taken.
    """

    interval: float
    length: float

    @classmethod
    def of(cls, interval: float) -> Grid:
        """The grid for a scrape interval in seconds: three blocks a scrape, each at least five seconds."""
        return cls(interval, max(interval / 3, SHORTEST))

    @property
    def reach(self) -> float:
        """Seconds after which a difference reaches too far back: two scrapes were missed."""
        return max(2.5 * self.interval, self.length)

    def index(self, time: float) -> int:
        """Number of the first block that begins at `time` or later."""
        return math.ceil(time / self.length)

    def start(self, index: int) -> float:
        """When the block of this number begins, Unix seconds."""
        return index * self.length


def learn(series: Iterable[Sequence[float]], complete: float) -> float | None:
    """The scrape interval in whole seconds, from the sample times of several series, or None while too little is seen.

    Only samples up to the moment count in which the first of the series has `ENOUGH` of them, so that the result is the
    same whenever it is asked for.  `complete` is the time up to which all samples are known.
    """
    times = [each for each in series if each]
    moment = min((each[ENOUGH - 1] for each in times if len(each) >= ENOUGH), default=None)
    if moment is None or moment > complete:
        return None
    gaps = [after - before for each in times for before, after in pairwise(each) if after <= moment and after > before]
    return float(max(1, round(statistics.median_low(gaps))))
