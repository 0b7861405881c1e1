"""Exact 95 % confidence intervals: of a share (Clopper and Pearson) and of a quantile (order statistics)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, its interval, and from how many runs."""

    value: float
    low: float
    high: float
    runs: int

    def times(self, factor: float) -> Estimate:
        """The same in another unit."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor, self.runs)


def share(count: int, runs: int) -> Estimate:
    """Of so many of so many."""
    if not runs:
        return Estimate(math.nan, 0.0, 1.0, 0)
    low = 0.0 if count == 0 else _solve(lambda p: 1 - _at_most(count - 1, runs, p), rising=True)
    high = 1.0 if count == runs else _solve(lambda p: _at_most(count, runs, p), rising=False)
    return Estimate(count / runs, low, high, runs)


def median(values: Sequence[float]) -> Estimate:
    """Of values from 0 to infinity."""
    runs = len(values)
    if not runs:
        return Estimate(math.nan, math.nan, math.nan, 0)
    ordered = sorted(values)
    below = 0
    while _at_most(below, runs, 0.5) <= _TAIL:
        below += 1
    low, high = (ordered[below - 1], ordered[runs - below]) if below else (0.0, math.inf)
    return Estimate(quantile(ordered, 0.5), low, high, runs)


def quantile(values: Sequence[float], q: float) -> float:
    """The smallest value that at least a share of `q` does not exceed; of an even number's median, the lower one."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else math.nan


def _at_most(count: int, runs: int, p: float) -> float:
    """Probability of at most `count` successes."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return 1.0 if count >= runs else 0.0
    ks = np.arange(count + 1)
    logs = _log_choose(runs)[: count + 1] + ks * math.log(p) + (runs - ks) * math.log1p(-p)
    return float(min(1.0, np.exp(logs).sum()))


_choose: dict[int, np.ndarray] = {}


def _log_choose(runs: int) -> np.ndarray:
    if runs not in _choose:
        logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, runs + 1)))])
        _choose[runs] = logs[-1] - logs - logs[::-1]
    return _choose[runs]


def _solve(tail: Callable[[float], float], *, rising: bool) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (tail(middle) < _TAIL) == rising else (low, middle)
    return (low + high) / 2
