"""Functions of a range vector, each of one series: Prometheus 3's arithmetic, extrapolation included.

What they do is defined by `extrapolatedRate` and `instantValue` of Prometheus' promql/functions.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from watcher.sandbox.metrics.store import Point

_CLOSE_ENOUGH = 1.1
"""A border of the window nearer than this many sample distances is reached by extrapolation."""


class Window(NamedTuple):
    """The stretch of time (start, end] that a range selector covers, Unix milliseconds."""

    start: int
    end: int


def _change(points: Sequence[Point], *, counter: bool) -> float:
    change = points[-1][1] - points[0][1]
    if counter:
        change += sum(before for (_, before), (_, after) in pairwise(points) if after < before)
    return change


def _extrapolated(points: Sequence[Point], window: Window, *, counter: bool, per: float = 1.0) -> float | None:
    """The change over the whole window divided by `per`; None for fewer than two samples."""
    if len(points) < 2:
        return None
    (first_at, first), (last_at, _) = points[0], points[-1]
    change = _change(points, counter=counter)
    sampled = (last_at - first_at) / 1000
    distance = sampled / (len(points) - 1)
    to_start = _reach((first_at - window.start) / 1000, distance)
    if counter and change > 0 and first >= 0:  # a counter was never below zero
        to_start = min(to_start, sampled * (first / change))
    to_end = _reach((window.end - last_at) / 1000, distance)
    return change * ((sampled + to_start + to_end) / sampled / per)


def _reach(gap: float, distance: float) -> float:
    """How far to extrapolate over a gap: all of it when a sample may just be due, else half a sample distance."""
    return gap if gap < distance * _CLOSE_ENOUGH else distance / 2


def increase(points: Sequence[Point], window: Window) -> float | None:
    """Growth of a counter over the window."""
    return _extrapolated(points, window, counter=True)


def delta(points: Sequence[Point], window: Window) -> float | None:
    """Change of a gauge over the window."""
    return _extrapolated(points, window, counter=False)


def rate(points: Sequence[Point], window: Window) -> float | None:
    """Growth of a counter per second."""
    return _extrapolated(points, window, counter=True, per=(window.end - window.start) / 1000)


def irate(points: Sequence[Point], _: Window) -> float | None:
    """Growth of a counter per second between its last two samples."""
    if len(points) < 2:
        return None
    (before_at, before), (last_at, last) = points[-2:]
    return (last if last < before else last - before) / ((last_at - before_at) / 1000)


RANGE_FUNCTIONS: Mapping[str, Callable[[Sequence[Point], Window], float | None]] = {
    "rate": rate,
    "increase": increase,
    "delta": delta,
    "irate": irate,
}
