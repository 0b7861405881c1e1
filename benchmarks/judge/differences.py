"""What each sample of a counter adds, as `watcher.core.measuring.differences` has it, for whole columns of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.judge.scenario import Array
from benchmarks.judge.simulate import PodSamples
from watcher.core.measuring.counter import Counter, Step, begin


@dataclass(frozen=True, slots=True)
class Added:
    """Per sample of one counter: its place among the pod's scrapes, what it adds, since when, and whether it tells of
    a gap."""

    places: npt.NDArray[np.intp]
    values: Array
    since: Array
    gap: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reach:
    """`begins`: all samples since are known; `reach`: seconds that two scrapes may be apart."""

    begins: float
    reach: float


def added(scraped: PodSamples, times: Array, values: Array, known: Reach, *, outside: bool) -> Added:
    """The differences of one counter of a pod; `values` are NaN where it does not exist.

    `outside`: the counter is another's (a caller's), of whose pod nothing is known.
    """
    places = np.flatnonzero(~np.isnan(values))
    if not len(places):
        return Added(places, np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
    there, at = values[places], times[places]
    steps = np.diff(there)
    if scraped.pod.restarts or np.any(steps < 0):
        return _one_by_one(scraped, places, times, values, known, outside=outside)
    counts, since = np.empty(len(places)), np.empty(len(places))
    gap = np.zeros(len(places), dtype=bool)
    counts[1:], since[1:] = steps, at[:-1]
    gap[1:] = (steps > 0) & (np.diff(at) > known.reach)
    _, difference = _first(scraped, places[0], times, float(there[0]), known, outside=outside)
    counts[0], since[0], gap[0] = difference
    return Added(places, counts, since, gap)


_One = tuple[float, float, bool]
"""What one sample adds, since when, and whether that is a gap."""


def _first(
    scraped: PodSamples, place: int, times: Array, value: float, known: Reach, *, outside: bool
) -> tuple[Counter | None, _One]:
    """The first sample: from zero where the pod was scraped without it shortly before, or began shortly before."""
    at = float(times[place])
    before = float(times[place - 1]) if place else -np.inf
    shortly = before if before >= at - known.reach else None
    begun = [] if outside else [each for each in _starts(scraped) if min(at - known.reach, known.begins) <= each <= at]
    counter, difference = begin(at, value, shortly, max(begun, default=None))
    if difference is None:  # only NaN says nothing, and those were left out
        return None, (0.0, at, False)
    lost = difference.step is Step.BASELINE and value > 0
    long = difference.value > 0 and at - difference.since > known.reach
    return counter, (difference.value, difference.since, lost or long)


def _one_by_one(
    scraped: PodSamples, places: npt.NDArray[np.intp], times: Array, values: Array, known: Reach, *, outside: bool
) -> Added:
    """Restarts and older readings, by the core's own counter."""
    counter, first = _first(scraped, int(places[0]), times, float(values[places[0]]), known, outside=outside)
    starts = [] if outside else _starts(scraped)
    found = [first]
    for place in places[1:]:
        difference = counter.advance(float(times[place]), float(values[place]), starts) if counter else None
        if difference is not None:
            long = difference.value > 0 and difference.until - difference.since > known.reach
            found.append((difference.value, difference.since, long))
    counts, since, gap = zip(*found, strict=True)
    return Added(places, np.array(counts), np.array(since), np.array(gap, dtype=bool))


def _starts(scraped: PodSamples) -> list[float]:
    pod = scraped.pod
    return [pod.created, pod.began, *(each.back for each in pod.restarts if np.isfinite(each.back))]
