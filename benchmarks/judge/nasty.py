"""Good releases on bad days: what a hasty judge would blame on them."""

from __future__ import annotations

import numpy as np

from benchmarks.judge.families import NASTY, Family
from benchmarks.judge.scenario import NEW, OLD, Scenario

Rng = np.random.Generator


def error_bursts(scenario: Scenario, rng: Rng) -> None:
    """Some per cent more failures for up to a minute, every half hour."""
    at = scenario.t0 + rng.uniform(0, 1800)
    while at < scenario.end:
        everywhere(scenario, rng.uniform(0.02, 0.05), at, at + rng.uniform(15, 60))
        at += 1800 * rng.uniform(0.8, 1.2)


def cold_start(scenario: Scenario, rng: Rng) -> None:
    """Each pod fails part of its first requests, and is slow."""
    for place, pod in enumerate(scenario.pods):
        begin = max(pod.ready, scenario.switched or 0.0) if pod.revision == NEW else pod.ready
        until = begin + rng.uniform(10, 60)
        scenario.hits(scenario.bad, rng.uniform(0.05, 0.30), begin, until, [place])
        scenario.hits(scenario.slow, rng.uniform(0.05, 0.30), begin, until, [place])


def bad_node(scenario: Scenario, rng: Rng) -> None:
    """One node fails part of the requests of its pods: of one pod of each version."""
    at = rng.uniform(scenario.t0, scenario.end - 300) if rng.random() < 0.5 else scenario.t0
    share = rng.uniform(0.03, 0.20)
    for revision in (OLD, NEW):
        place = int(rng.choice(scenario.of(revision)))
        scenario.hits(scenario.bad, share, at, scenario.end + 60, [place])


def pinned_client(scenario: Scenario, rng: Rng) -> None:
    """A client of one long-lived connection sends requests that fail; it connects anew when its pod goes.

    In a canary it comes to a new pod at some moment, as any connection may.
    """
    share, at = rng.uniform(0.01, 0.10), scenario.t0
    moves = rng.uniform(scenario.began, scenario.end) if scenario.mode == "canary" else np.inf
    place = int(rng.choice(scenario.of(OLD)))
    while at < scenario.end:
        pod = scenario.pods[place]
        until = min(pod.terminating, moves, scenario.end + 60)
        _pinned(scenario, place, share, at, until)
        serving = [n for n, each in enumerate(scenario.pods) if each.ready <= until < each.terminating]
        serving = scenario.of(NEW) if until == moves else serving
        moves = np.inf if until == moves else moves
        if not serving or until <= at:
            break
        place, at = int(rng.choice(serving)), until


def _pinned(scenario: Scenario, place: int, share: float, since: float, until: float) -> None:
    """The client's requests come on top of the pod's; half of them fail."""
    first, last = scenario.second(since), scenario.second(until)
    extra = share * scenario.requests[:, first:last].sum(axis=0)
    usual = scenario.requests[place, first:last]
    failing = usual * scenario.bad[place, first:last] + extra / 2
    scenario.requests[place, first:last] = usual + extra
    scenario.bad[place, first:last] = failing / np.maximum(usual + extra, 1e-12)


def broken_before(scenario: Scenario, rng: Rng) -> None:
    """It failed before the release, and goes on to."""
    everywhere(scenario, rng.uniform(0.03, 0.20), scenario.t0, scenario.end + 60)


def flapping_before(scenario: Scenario, rng: Rng) -> None:
    """It fails on and off, before the release and after."""
    share, at = rng.uniform(0.05, 0.30), scenario.t0 - rng.uniform(0, 300)
    while at < scenario.end:
        lasts = rng.uniform(30, 120)
        everywhere(scenario, share, at, at + lasts)
        at += lasts + rng.uniform(60, 300)


def dependency_outage(scenario: Scenario, rng: Rng) -> None:
    """Something that all use fails for some minutes: old pods show it too, or at least four other services."""
    beside = scenario.mode == "canary" or rng.random() < 0.5
    olds_until = min(pod.terminating for pod in scenario.pods if pod.revision == OLD)
    if scenario.mode == "blue-green":
        olds_until = (scenario.switched or olds_until) + 10
    until = scenario.end - 600 if scenario.mode == "canary" or not beside else olds_until
    at = rng.uniform(scenario.began, max(until, scenario.began + 5))
    everywhere(scenario, rng.uniform(0.10, 0.60), at, at + rng.uniform(120, 600))
    if not beside or scenario.mode != "canary":
        scenario.fleet_onsets = sorted(at + rng.uniform(-5, 20) for _ in range(int(rng.integers(4, 12))))


def ha_pair(scenario: Scenario, rng: Rng) -> None:
    """Samples come from one or the other of two servers, one of which read some seconds earlier."""
    lags = np.zeros_like(scenario.requests)
    at, behind = 0.0, False
    lag = rng.uniform(1, 1.2 * scenario.interval)
    while at < scenario.seconds:
        until = at + rng.uniform(60, 300)
        lags[:, int(at) : int(until)] = lag if behind else 0.0
        at, behind = until, not behind
    scenario.stale_reads = lags


def relabelled(scenario: Scenario, rng: Rng) -> None:
    """At promotion the same pods are scraped under another job."""
    promoted = scenario.switched or scenario.rolled_out or scenario.began + rng.uniform(300, 1500)
    scenario.relabelled = promoted + rng.uniform(0, 30)


def not_found_spikes(scenario: Scenario, rng: Rng) -> None:
    """Somebody asks for what is not there, again and again: many requests more, none of them counted as bad."""
    for _ in range(int(rng.integers(2, 6))):
        since = rng.uniform(scenario.t0, scenario.end)
        first, last = scenario.second(since), scenario.second(since + rng.uniform(30, 180))
        more = 1 + rng.uniform(0.5, 20.0)
        scenario.requests[:, first:last] *= more
        scenario.bad[:, first:last] /= more
        scenario.slow[:, first:last] /= more


def clean_sibling(scenario: Scenario, rng: Rng) -> None:
    """Another service of the same commit is bad and is called by this one, which fails with it, old pods and new."""
    began = scenario.began + rng.uniform(-120, 60)
    broken = began + rng.uniform(10, 90)
    everywhere(scenario, rng.uniform(0.05, 0.30), broken, scenario.end + 60)
    scenario.others = [(began, broken)]


def renamed(scenario: Scenario, rng: Rng) -> None:
    """The release renames the metric, or its label."""
    scenario.renamed = "metric" if rng.random() < 0.5 else "label"


def everywhere(scenario: Scenario, share: float, since: float, until: float) -> None:
    """More failures on all pods."""
    scenario.hits(scenario.bad, share, since, until, list(range(len(scenario.pods))))


FAMILIES = (
    Family("error_bursts", NASTY, error_bursts),
    Family("cold_start", NASTY, cold_start),
    Family("bad_node", NASTY, bad_node, canaries=2),
    Family("pinned_client", NASTY, pinned_client, canaries=2),
    Family("broken_before", NASTY, broken_before),
    Family("flapping_before", NASTY, flapping_before),
    Family("dependency_outage", NASTY, dependency_outage),
    Family("ha_pair", NASTY, ha_pair),
    Family("relabelled", NASTY, relabelled),
    Family("not_found_spikes", NASTY, not_found_spikes),
    Family("clean_sibling", NASTY, clean_sibling),
    Family("renamed_metric", NASTY, renamed),
)
