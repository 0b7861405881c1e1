"""Argo Rollouts with the success rate template of its documentation, as background analysis of the new version.

https://argo-rollouts.readthedocs.io/en/stable/features/analysis/ (docs/features/analysis.md): interval 5m,
`result[0] >= 0.95`, failureLimit 3, the query an `irate` over 5m.  Argo Rollouts 1.9.3 and 1.10.2, analysis.go:
an AnalysisRun fails with the fourth failed measurement; a measurement without a result, or whose query fails, is an
error: it is repeated after ten seconds, and the fifth in a row ends the run with an error, which aborts the Rollout as
a failure does (rollout/analysis.go).  0/0 is no error: NaN is not >= 0.95.

tests/e2e/rivals lets the real controller measure a sample of releases, through a real Prometheus: it measures the same
phases, and aborts after the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.judge.rivals.queries import JUST_NEW, Metrics, served_from
from benchmarks.judge.rivals.rates import irate
from benchmarks.judge.scenario import Array

INTERVAL, RETRY, WINDOW = 300.0, 10.0, 300.0
INITIAL_DELAY = 60.0
"""The template has none; without it a new pod's first scrapes would count as errors in every release."""

LEAST, FAILURE_LIMIT, ERROR_LIMIT = 0.95, 3, 4

SUCCESSFUL, FAILED, ERROR = "Successful", "Failed", "Error"
"""Phases of measurements and of the run."""


@dataclass(frozen=True, slots=True)
class AnalysisRun:
    """Measurements with their times (Unix seconds); `ended` is its last phase, "" where the watch did first."""

    times: list[float]
    phases: list[str]
    ended: str


def decide(metrics: Metrics, _: np.random.Generator) -> float | None:
    """When the Rollout is aborted; None: it is not."""
    run = analyse(metrics)
    return run.times[-1] if run.ended else None


def analyse(metrics: Metrics) -> AnalysisRun:
    """The run until it ends; without measurements where the new version is never served."""
    served, run = served_from(metrics.scenario), AnalysisRun([], [], "")
    if served is None:
        return run  # the Rollout reports the progress deadline, and waits
    at = np.arange(served + INITIAL_DELAY, metrics.scenario.end, RETRY)
    phases = measured(metrics, at)
    place, errors = 0, 0
    while place < len(at):
        phase = phases[place]
        run.times.append(float(at[place]))
        run.phases.append(phase)
        errors = errors + 1 if phase == ERROR else 0
        if errors > ERROR_LIMIT or run.phases.count(FAILED) > FAILURE_LIMIT:
            return AnalysisRun(run.times, run.phases, phase)
        place += 1 if phase == ERROR else round(INTERVAL / RETRY)
    return run


def measured(metrics: Metrics, at: Array) -> list[str]:
    """The phase of a measurement at each of these times."""
    good, total = metrics.good_share(at, WINDOW, JUST_NEW, irate)
    error = metrics.down(at) | np.isnan(good) | np.isnan(total)
    success = (good >= LEAST * total) & (total > 0)
    return [str(each) for each in np.select([error, success], [ERROR, SUCCESSFUL], FAILED)]
