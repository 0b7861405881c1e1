"""Good releases on ordinary days."""

from __future__ import annotations

import numpy as np

from benchmarks.judge.families import ORDINARY, Family
from benchmarks.judge.rollouts import discover, end, new_pod, pods_changed
from benchmarks.judge.scenario import Array, Restart, Scenario, Window

Rng = np.random.Generator


def steady(scenario: Scenario, rng: Rng) -> None:
    """Nothing happens."""


def diurnal(scenario: Scenario, rng: Rng) -> None:
    """The rate rises or falls by up to a half over some hours."""
    times = np.arange(scenario.seconds)
    period, phase = rng.uniform(3600, 6 * 3600), rng.uniform(0, 2 * np.pi)
    scenario.requests *= 1 + 0.5 * np.sin(2 * np.pi * times / period + phase)


def bursty(scenario: Scenario, rng: Rng) -> None:
    """Rate and failures wander: AR(1) of the logarithm, sd 0.5, time constant 60 s, mean kept."""
    scenario.requests *= wandering(scenario.seconds, 0.5, 60.0, rng)
    scenario.bad = np.minimum(scenario.bad * wandering(scenario.seconds, 0.5, 60.0, rng), 1.0)


def wandering(seconds: int, deviation: float, tau: float, rng: Rng) -> Array:
    """A log-normal factor of mean 1, one value a second."""
    keep = np.exp(-1 / tau)
    noise = rng.normal(0, deviation * np.sqrt(1 - keep**2), seconds)
    noise[0] = rng.normal(0, deviation)
    level, found = 0.0, np.empty(seconds)
    for place, each in enumerate(noise.tolist()):
        level = keep * level + each
        found[place] = level
    factor: Array = np.exp(found - deviation**2 / 2)
    return factor


def traffic_change(scenario: Scenario, rng: Rng) -> None:
    """At some moment of the watch the traffic becomes a fifth to fourfold."""
    at = scenario.second(rng.uniform(scenario.began - 300, scenario.end - 300))
    scenario.requests[:, at:] *= np.exp(rng.uniform(np.log(0.2), np.log(4.0)))


def pod_churn(scenario: Scenario, rng: Rng) -> None:
    """Pods are moved to other nodes: each is replaced by one of the same version."""
    for number in range(int(rng.integers(2, 7))):
        at = float(rng.uniform(scenario.t0 + 60, scenario.end - 60))
        alive = [pod for pod in scenario.pods if pod.ready + 30 < at < pod.terminating - 90]
        if not alive:
            continue
        moved = alive[int(rng.integers(len(alive)))]
        follower = new_pod(100 + number, at, rng, moved.revision)
        follower.terminating, follower.deleted = moved.terminating, moved.deleted
        discover(scenario, follower, rng)
        end(moved, follower.ready + rng.uniform(0.1, 2.0), rng)
        scenario.pods.append(follower)
    pods_changed(scenario)


def resets(scenario: Scenario, rng: Rng) -> None:
    """Containers restart and serve again after some seconds."""
    for _ in range(int(rng.integers(1, 5))):
        pod = scenario.pods[int(rng.integers(len(scenario.pods)))]
        since, until = max(pod.ready, scenario.t0) + 90, min(pod.terminating, scenario.end) - 60
        if until > since and not pod.restarts:
            at = round(rng.uniform(since, until), 3)
            pod.restarts.append(Restart(at, round(at + rng.uniform(2, 20), 3)))
    pods_changed(scenario)


def gaps(scenario: Scenario, rng: Rng) -> None:
    """Scrapes fail now and then, of one pod or of all."""
    for _ in range(int(rng.integers(2, 6))):
        since = round(rng.uniform(scenario.t0, scenario.end), 3)
        pod = int(rng.integers(-1, len(scenario.pods)))
        scenario.gaps.append(Window(since, round(since + rng.uniform(15, 180), 3), pod))


def outages(scenario: Scenario, rng: Rng) -> None:
    """Prometheus is down, once or twice."""
    for _ in range(int(rng.integers(1, 3))):
        since = round(rng.uniform(scenario.began - 200, scenario.end - 300), 3)
        scenario.outages.append(Window(since, round(since + rng.uniform(30, 400), 3)))


def idle(scenario: Scenario, rng: Rng) -> None:
    """Hardly anybody calls: half a minute of requests every ten minutes or so, or none at all."""
    calls = np.zeros(scenario.seconds)
    if rng.random() < 0.8:
        at = rng.uniform(0, 600)
        while at < scenario.seconds:
            calls[int(at) : int(at + rng.uniform(5, 30))] = 1.0
            at += rng.uniform(300, 900)
    scenario.requests *= calls


FAMILIES = (
    Family("steady", ORDINARY, steady),
    Family("diurnal", ORDINARY, diurnal),
    Family("bursty", ORDINARY, bursty),
    Family("traffic_change", ORDINARY, traffic_change),
    Family("pod_churn", ORDINARY, pod_churn),
    Family("resets", ORDINARY, resets),
    Family("gaps", ORDINARY, gaps),
    Family("outages", ORDINARY, outages),
    Family("idle", ORDINARY, idle),
)
