"""Flagger with its built-in checks: success rate >= 99 %, and duration, over one minute, each minute, threshold 5.

https://docs.flagger.app/usage/metrics.  The rules are those of Flagger 1.44.0:

- pkg/controller/scheduler.go, advanceCanary: a failed analysis adds one to the failed checks, which nothing but a new
  revision takes back.  The tick that finds them at the threshold rolls back, before it looks at metrics: that is the
  tick after the fifth.  A tick at which not all pods are Ready neither checks nor rolls back.
- pkg/controller/scheduler_metrics.go, runBuiltinMetricChecks: no values, NaN and a failed query fail as too low a rate
  does.  pkg/metrics/providers/prometheus.go: NaN is no value.
- pkg/canary/deployment_ready.go: a Deployment past its progress deadline (600 s), or that long without the pods that it
  must have at the least, is rolled back.

The analysis lasts as long as the watch; real ones are often shorter.  The duration's quantile is the 95th instead of
the 99th: that is the benchmark's own bound (5 % slower than 500 ms), and with the 99th every release of a service with
1 % slow requests fails.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.judge.rivals.queries import JUST_NEW, Metrics, served_from
from benchmarks.judge.scenario import NEW, OLD, Array, PodLife, Scenario

TICK, THRESHOLD = 60.0, 5
LEAST, MOST_SLOW = 0.99, 0.05
DEADLINE = 600.0
LEAST_AVAILABLE = 0.75
"""Share of its pods that a Deployment must have, rounded up: maxUnavailable is 25 % unless it says otherwise."""

Flags = npt.NDArray[np.bool_]


def decide(metrics: Metrics, rng: np.random.Generator) -> float | None:
    """When it rolls back; None: it does not."""
    scenario = metrics.scenario
    served = served_from(scenario)
    if served is None:
        late = scenario.deadline_exceeded
        return None if late is None else late + float(rng.uniform(0, TICK))
    at = np.arange(served + TICK, scenario.end + TICK, TICK)
    ready, stuck = _pods(scenario, at)
    failed = (metrics.down(at) | _unsuccessful(metrics, at)) & ready
    if not scenario.from_outside:
        failed |= ~(metrics.slow_share(at, metrics.window, JUST_NEW) <= MOST_SLOW) & ready
    before: npt.NDArray[np.int_] = np.cumsum(failed) - failed
    places = np.flatnonzero((ready & (before >= THRESHOLD)) | stuck)
    return float(at[places[0]]) if len(places) else None


def _unsuccessful(metrics: Metrics, at: Array) -> Flags:
    good, total = metrics.good_share(at, metrics.window, JUST_NEW)
    found: Flags = ~((good >= LEAST * total) & (total > 0))
    return found


def _pods(scenario: Scenario, at: Array) -> tuple[Flags, Flags]:
    """At which ticks the pods of both versions are Ready, and at which too few of the new ones were so for too long."""
    all_ready, stuck = np.ones(len(at), dtype=bool), np.zeros(len(at), dtype=bool)
    for revision in (OLD, NEW):
        wanted, ready = np.zeros(len(at)), np.zeros(len(at))
        for place in scenario.of(revision):
            there, serves = _states(scenario.pods[place], at)
            wanted += there
            ready += serves
        all_ready &= ready >= wanted
        if revision == NEW:
            available = ready >= np.ceil(LEAST_AVAILABLE * wanted)
            stuck = at - np.maximum.accumulate(np.where(available, at, at[:1])) > DEADLINE
    return all_ready, stuck


def _states(pod: PodLife, at: Array) -> tuple[Flags, Flags]:
    """At which of these times a pod is one of its Deployment's, and is Ready."""
    there = (at >= pod.created) & (at < min(pod.terminating, pod.deleted))
    serves = there & (at >= pod.ready)
    for restart in pod.restarts:
        serves &= ~((at >= restart.at) & (at < restart.back))
    return there, serves
