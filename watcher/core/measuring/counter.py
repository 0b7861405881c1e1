"""Differences of one counter: what it went up by since the sample before, and when it began anew.

A lower value is believed to be a restart only where Kubernetes, or the process's own start time, shows one.  Else it is
an older reading (an HA pair, a deduplicating query layer): the highest value stays until it is passed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

TOLERANCE = 5.0
"""Seconds by which the clock of a node may differ from that of the metrics source."""


class Step(Enum):
    """How a sample followed the one before."""

    ROSE = "rose"
    RESET = "reset"
    REGRESSED = "regressed"
    BEGAN = "began"  # counted from zero
    BASELINE = "baseline"  # first value of unknown age: nothing to compare with


class Difference(NamedTuple):
    """Requests counted in (since, until]; the block of `until` has them."""

    since: float
    until: float
    value: float
    step: Step


@dataclass(slots=True)
class Counter:
    """The highest value so far and when it was last confirmed; `began` is the start that was last believed."""

    mark: float
    marked_at: float
    began: float = -math.inf
    ended: bool = False

    def advance(self, at: float, value: float, starts: Iterable[float]) -> Difference | None:
        """The next sample, in the order of time.  `starts`: when the process is known to have begun anew."""
        if math.isnan(value):
            self.ended = True
            return None
        since, below = self.marked_at, value < self.mark
        if not below:
            return self._mark(at, value, Difference(since, at, value - self.mark, Step.ROSE))
        start = self._restart(at, starts)
        if start is None and not self.ended:
            return Difference(since, at, 0.0, Step.REGRESSED)
        self.began = self.began if start is None else start
        return self._mark(at, value, Difference(since, at, value, Step.RESET))

    def _mark(self, at: float, value: float, difference: Difference) -> Difference:
        self.mark, self.marked_at, self.ended = value, at, False
        return difference

    def _restart(self, at: float, starts: Iterable[float]) -> float | None:
        """The newest start between the last confirmed value and now that no earlier reset was explained with."""
        begun = (each for each in starts if self.marked_at - TOLERANCE <= each <= at + TOLERANCE)
        return max((each for each in begun if each > self.began + TOLERANCE), default=None)


def begin(
    at: float, value: float, scraped: float | None, start: float | None
) -> tuple[Counter | None, Difference | None]:
    """The first sample of a counter.

    `scraped`: when its target was last scraped without it, shortly before.  `start`: when its process began, where
    nothing older can hide in the value.  With neither, the value's age is unknown and it is a baseline only.
    """
    if math.isnan(value):
        return None, None
    counter = Counter(value, at, began=-math.inf if start is None else start)
    since = scraped if scraped is not None else start
    if since is None:
        return counter, Difference(at, at, 0.0, Step.BASELINE)
    return counter, Difference(min(since, at), at, value, Step.BEGAN)
