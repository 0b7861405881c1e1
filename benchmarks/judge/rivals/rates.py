"""`rate()` and `irate()` as Prometheus evaluates them, at many times at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.judge.scenario import READ_LAG, Array

EXTRAPOLATED = 1.1
"""Average gaps between samples that an edge of the window may be away to be extrapolated to."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Samples of one series.  `risen` is what it has risen by since the first, resets allowed for."""

    times: Array
    values: Array
    risen: Array

    @classmethod
    def of(cls, times: Array, values: Array) -> Counter:
        """From a series in which NaN says that there is no sample."""
        there = ~np.isnan(values)
        times, values = times[there], values[there]
        steps = np.diff(values, prepend=values[:1])
        steps[steps < 0] = values[steps < 0]  # a lower value began at zero
        return cls(times, values, np.cumsum(steps))


def rate(counter: Counter, at: Array, window: float, lag: float = READ_LAG) -> Array:
    """`rate(counter[window])` at these times; NaN: no result.  Samples can be read `lag` seconds after their time."""
    first, last = _inside(counter, at, window, lag)
    found = np.full(len(at), np.nan)
    some = last > first
    first, last, at = first[some], last[some], at[some]
    if not len(at):
        return found
    sampled = counter.times[last] - counter.times[first]
    increase = counter.risen[last] - counter.risen[first]
    average = sampled / (last - first)
    before, after = counter.times[first] - (at - window), at - counter.times[last]
    before = np.where(before >= EXTRAPOLATED * average, average / 2, before)
    after = np.where(after >= EXTRAPOLATED * average, average / 2, after)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_zero = np.where(increase > 0, sampled * counter.values[first] / increase, np.inf)
    found[some] = increase * (sampled + np.minimum(before, to_zero) + after) / sampled / window
    return found


def irate(counter: Counter, at: Array, window: float, lag: float = READ_LAG) -> Array:
    """`irate(counter[window])` at these times: of the two newest samples."""
    first, last = _inside(counter, at, window, lag)
    found = np.full(len(at), np.nan)
    some = last > first
    last = last[some]
    found[some] = (counter.risen[last] - counter.risen[last - 1]) / (counter.times[last] - counter.times[last - 1])
    return found


def _inside(
    counter: Counter, at: Array, window: float, lag: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The first and the last sample of each window (at - window, at]."""
    first = np.searchsorted(counter.times, at - window, side="right")
    return first, np.searchsorted(counter.times, at - lag, side="right") - 1
