"""Flagger with its built-in checks: success rate >= 99 %, and duration, over one minute, each minute, threshold 5.

https://docs.flagger.app/usage/metrics.  Failed checks add up over the whole analysis; no data, and a failed query,
count as failed; the tick after the fifth rolls back.  The duration's quantile is the 95th instead of the 99th: that is
the benchmark's own bound (5 % slower than 500 ms), and with the 99th every release of a service with 1 % slow requests
fails.
"""

from __future__ import annotations

import numpy as np

from benchmarks.judge.rivals.queries import JUST_NEW, Metrics, served_from

TICK, THRESHOLD = 60.0, 5
LEAST, MOST_SLOW = 0.99, 0.05


def decide(metrics: Metrics, rng: np.random.Generator) -> float | None:
    """When it rolls back; None: it does not."""
    scenario = metrics.scenario
    served = served_from(scenario)
    if served is None:
        late = scenario.deadline_exceeded
        return None if late is None else late + float(rng.uniform(0, TICK))
    at = np.arange(served + TICK, scenario.end, TICK)
    failed = metrics.down(at) | _unsuccessful(metrics, at)
    if not scenario.from_outside:
        failed |= ~(metrics.slow_share(at, metrics.window, JUST_NEW) <= MOST_SLOW)
    places = np.flatnonzero(failed)
    return float(at[places[THRESHOLD - 1]] + TICK) if len(places) >= THRESHOLD else None


def _unsuccessful(metrics: Metrics, at: np.ndarray) -> np.ndarray:
    good, total = metrics.good_share(at, metrics.window, JUST_NEW)
    found: np.ndarray = ~((good >= LEAST * total) & (total > 0))
    return found
