"""A rollback at an alert of the whole service: `> 1 % for 5m`, and the fast burn rate of the SRE workbook.

Rules are evaluated each 30 s.  An alert that fires already when the release begins does not fire because of it.  The
rules know no versions.  Those of latency look at the benchmark's own bound, 5 % slower than 500 ms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.judge.rivals.queries import BOTH, Metrics
from benchmarks.judge.scenario import Array

EVERY = 30.0
BEFORE = 900.0
"""Seconds before the release from which on rules are evaluated."""

WINDOW, FOR = 300.0, 300.0
MOST_BAD, MOST_SLOW = 0.01, 0.05

BUDGET, BURN = 0.001, 14.4
"""An objective of 99.9 %; https://sre.google/workbook/alerting-on-slos/."""

SHORT, LONG = 300.0, 3600.0


def threshold(metrics: Metrics, rng: np.random.Generator) -> float | None:
    """When one of the alerts for more than 1 % errors, or 5 % slow requests, for 5m fires."""
    at = _evaluations(metrics, rng)
    over = [metrics.bad_share(at, WINDOW, BOTH) > MOST_BAD]
    if not metrics.scenario.from_outside:
        over.append(metrics.slow_share(at, WINDOW, BOTH) > MOST_SLOW)
    down = metrics.down(at)
    fired = (_fires(metrics, at, _lasts(at, each & ~down)) for each in over)
    return min((each for each in fired if each is not None), default=None)


def burn_rate(metrics: Metrics, rng: np.random.Generator) -> float | None:
    """When errors burn the budget 14.4 times too fast, over an hour and over 5 minutes."""
    at = _evaluations(metrics, rng)
    fast = [metrics.bad_share(at, window, BOTH) > BURN * BUDGET for window in (SHORT, LONG)]
    return _fires(metrics, at, fast[0] & fast[1] & ~metrics.down(at))


def _evaluations(metrics: Metrics, rng: np.random.Generator) -> Array:
    scenario = metrics.scenario
    return np.arange(scenario.began - BEFORE + rng.uniform(0, EVERY), scenario.end, EVERY)


def _lasts(at: Array, over: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where the condition has held since `FOR` seconds ago."""
    since = np.maximum.accumulate(np.where(over, -np.inf, at + EVERY))
    return over & (at - since >= FOR)


def _fires(metrics: Metrics, at: Array, firing: npt.NDArray[np.bool_]) -> float | None:
    begins = firing & ~np.append(False, firing[:-1]) & (at >= metrics.scenario.began)
    places = np.flatnonzero(begins)
    return float(at[places[0]]) if len(places) else None
