"""What a Prometheus holds of a scenario: counters of each pod, as they stood at its scrapes.

Requests are independent given the rates of the scenario, so the increments between two scrapes are Poisson; failures
and slow requests are a binomial part of them.  That is the same as drawing each second, and cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.judge.scenario import OLD, Array, PodLife, Scenario

CALLERS = 3
"""Pods that call the service, where the check reads what callers count."""


@dataclass(frozen=True, slots=True)
class PodSamples:
    """One scraped pod.  `attempts`: all scrapes, also those in vain; the counters are those of `times` only.

    Counters are whole numbers; a counter that does not exist yet at a scrape is NaN.
    """

    pod: PodLife
    attempts: Array
    times: Array
    good: Array  # requests that did not fail
    bad: Array
    every: Array  # the histogram: all requests, and those within the bound
    within: Array


def simulate(scenario: Scenario, rng: np.random.Generator) -> list[PodSamples]:
    """Draw the requests and scrape them."""
    if scenario.from_outside:
        return _callers(scenario, rng)
    sums = _cumulated(scenario.requests, scenario.bad, scenario.slow)
    return [
        _scraped(scenario, place, pod, tuple(each[place] for each in sums), rng)
        for place, pod in enumerate(scenario.pods)
    ]


def _callers(scenario: Scenario, rng: np.random.Generator) -> list[PodSamples]:
    """Callers see all requests, and not which pod served them."""
    everything = scenario.requests.sum(axis=0, keepdims=True)
    some = np.maximum(everything, 1e-12)
    bad = (scenario.requests * scenario.bad).sum(axis=0, keepdims=True) / some
    slow = (scenario.requests * scenario.slow).sum(axis=0, keepdims=True) / some
    sums = tuple(each[0] for each in _cumulated(everything / CALLERS, bad, slow))
    found = []
    for number in range(CALLERS):
        born = scenario.t0 - 86400.0
        pod = PodLife(f"web-{number}", OLD, born, born + 2, born + 5, round(rng.uniform(0, scenario.interval), 3), born)
        found.append(_scraped(scenario, -1, pod, sums, rng))
    return found


def _cumulated(requests: Array, bad: Array, slow: Array) -> tuple[Array, Array, Array]:
    def cumulate(intensity: Array) -> Array:
        sums = np.zeros((intensity.shape[0], intensity.shape[1] + 1))
        np.cumsum(intensity, axis=1, out=sums[:, 1:])
        return sums

    return cumulate(requests), cumulate(requests * bad), cumulate(requests * slow)


def _scraped(
    scenario: Scenario, place: int, pod: PodLife, sums: tuple[Array, ...], rng: np.random.Generator
) -> PodSamples:
    attempts = _attempts(scenario, pod)
    times = attempts[_answers(scenario, place, pod, attempts)]
    stale = scenario.stale_reads
    lag = 0.0 if stale is None else stale[place, np.minimum((times - scenario.t0).astype(int), scenario.seconds - 1)]
    reads = times - lag
    total, bad, slow = _counts(scenario, pod, reads, sums, rng)
    never = np.inf if scenario.from_zero else 0
    good, within = total - bad, total - slow
    nothing = np.nan
    return PodSamples(
        pod,
        attempts,
        times,
        good=np.where((good > 0) | (never > 0), good, nothing),
        bad=np.where(bad > 0, bad, nothing),
        every=np.where((total > 0) | (never > 0), total, nothing),
        within=np.where((total > 0) | (never > 0), within, nothing),
    )


def _attempts(scenario: Scenario, pod: PodLife) -> Array:
    """When the pod is scraped, whole milliseconds: while Prometheus knows it and is up."""
    since, until = max(scenario.t0, pod.discovered), min(pod.deleted, scenario.end + 60.0)
    first = np.ceil((since - pod.phase) / scenario.interval)
    last = np.ceil((until - pod.phase) / scenario.interval)
    times: Array = np.round(pod.phase + np.arange(first, max(first, last)) * scenario.interval, 3)
    for outage in scenario.outages:
        times = times[~outage.covers(times)]
    return times


def _answers(scenario: Scenario, place: int, pod: PodLife, attempts: Array) -> npt.NDArray[np.bool_]:
    """At which attempts the pod answers."""
    up = attempts >= pod.listening
    for restart in pod.restarts:
        up &= ~((attempts >= restart.at) & (attempts < restart.back))
    for gap in scenario.gaps:
        if gap.pod in (place, -1):
            up &= ~gap.covers(attempts)
    return up


def _counts(
    scenario: Scenario, pod: PodLife, reads: Array, sums: tuple[Array, ...], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """All, bad and slow requests since the process began, at these times."""
    restarts = [each.at for each in pod.restarts]
    points = np.unique(np.concatenate([reads, restarts])) if restarts or scenario.stale_reads is not None else reads
    seconds = np.arange(sums[0].shape[0], dtype=float)
    expected = [np.diff(np.interp(points - scenario.t0, seconds, each), prepend=0.0) for each in sums]
    total = rng.poisson(np.maximum(expected[0], 0.0)).astype(float)
    if pod.revision == OLD and len(total) and pod.created < scenario.t0:
        total[0] += rng.poisson(max(sums[0][-1], 1.0))  # what it counted before; about as much again
    some = np.maximum(expected[0], 1e-12)
    shares = [np.clip(each / some, 0.0, 1.0) for each in expected[1:]]
    bad, slow = (rng.binomial(total.astype(np.int64), share).astype(float) for share in shares)
    found = [np.cumsum(each) for each in (total, bad, slow)]
    if points is reads:
        return found[0], found[1], found[2]
    return _since_restart(found, points, reads, restarts)


def _since_restart(
    found: list[Array], points: Array, reads: Array, restarts: list[float]
) -> tuple[Array, Array, Array]:
    where = np.searchsorted(points, reads)
    before = np.zeros(len(reads))
    counts = []
    for each in found:
        before = np.zeros(len(reads))
        for at in restarts:
            before[reads > at] = each[np.searchsorted(points, at)]
        counts.append(each[where] - before)
    return counts[0], counts[1], counts[2]
