"""Scales of a chart: where values lie in the picture, and at which round numbers there are ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

_ROUND = (1, 2, 5, 10)
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [low, high] to [start, stop] in the picture."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Where this value lies; values outside lie on the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


def value_ticks(most: float, count: int = 4) -> tuple[float, ...]:
    """Round values from 0 to at least `most`, about so many."""
    most = most if math.isfinite(most) and most > 0 else 1.0
    rough = most / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(each * magnitude for each in _ROUND if each * magnitude >= rough * 0.999)
    last = math.ceil(most / step - 1e-9)
    return tuple(round(step * index, 12) for index in range(last + 1))


def time_ticks(begin: float, end: float, count: int = 8) -> tuple[float, ...]:
    """Round moments (Unix seconds) within, about so many."""
    rough = (end - begin) / count
    step = next((each for each in _STEPS if each >= rough), _STEPS[-1])
    first = math.ceil(begin / step) * step
    return tuple(float(each) for each in range(first, math.floor(end) + 1, step))
