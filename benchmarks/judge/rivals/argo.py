"""Argo Rollouts with the success rate template of its documentation, as background analysis of the new version.

https://argo-rollouts.readthedocs.io/en/stable/features/analysis/: interval 5m, `result[0] >= 0.95`, failureLimit 3, the
query an `irate` over 5m.  An AnalysisRun fails with the fourth failed measurement; a measurement without a result, or
whose query fails, is an error: it is repeated after ten seconds, and the fifth in a row ends the run with an error,
which aborts the Rollout as a failure does.  0/0 is no error: NaN is not >= 0.95.
"""

from __future__ import annotations

import numpy as np

from benchmarks.judge.rivals.queries import JUST_NEW, Metrics, served_from
from benchmarks.judge.rivals.rates import irate

INTERVAL, RETRY, WINDOW = 300.0, 10.0, 300.0
INITIAL_DELAY = 60.0
"""The template has none; without it a new pod's first scrapes would count as errors in every release."""

LEAST, FAILURE_LIMIT, ERROR_LIMIT = 0.95, 3, 4


def decide(metrics: Metrics, _: np.random.Generator) -> float | None:
    """When the Rollout is aborted; None: it is not."""
    served = served_from(metrics.scenario)
    if served is None:
        return None  # it reports the progress deadline, and waits
    at = np.arange(served + INITIAL_DELAY, metrics.scenario.end, RETRY)
    good, total = metrics.good_share(at, WINDOW, JUST_NEW, irate)
    error = metrics.down(at) | np.isnan(good) | np.isnan(total)
    fails = ~error & ~(good >= LEAST * total) | (total == 0)
    place, failures, errors = 0, 0, 0
    while place < len(at):
        errors = errors + 1 if error[place] else 0
        failures += bool(fails[place])
        if failures > FAILURE_LIMIT or errors > ERROR_LIMIT:
            return float(at[place])
        place += 1 if error[place] else round(INTERVAL / RETRY)
    return None
