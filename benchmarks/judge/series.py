"""A scraped pod's samples as series with labels, as Prometheus has them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.judge.checks import CALLED, REQUESTS, SECONDS
from benchmarks.judge.scenario import NAMESPACE, NEW, SERVICE, Array, Scenario
from benchmarks.judge.simulate import PodSamples

Labels = dict[str, str]


def counters(scenario: Scenario, scraped: PodSamples) -> Iterator[tuple[Labels, Array, Array]]:
    """Labels, times and values of each counter of a pod; values are NaN where the counter does not exist."""
    base = _base(scraped)
    if scenario.from_outside:
        base |= {"destination_namespace": NAMESPACE, "destination": SERVICE, "__name__": CALLED}
        yield {**base, "code": "200"}, scraped.times, scraped.good
        yield {**base, "code": "503"}, scraped.times, scraped.bad
        return
    renamed = scenario.renamed if scraped.pod.revision == NEW else ""
    requests = base | {"__name__": "requests_total" if renamed == "metric" else REQUESTS}
    code = "status" if renamed == "label" else "code"
    yield {**requests, code: "200"}, scraped.times, scraped.good
    yield {**requests, code: "500"}, scraped.times, scraped.bad
    yield {**base, "__name__": SECONDS, "le": "+Inf"}, scraped.times, scraped.every
    yield {**base, "__name__": SECONDS, "le": "0.5"}, scraped.times, scraped.within


def up(scraped: PodSamples) -> tuple[Labels, Array, Array]:
    """The series that says of each scrape whether it was answered."""
    return (
        {**_base(scraped), "__name__": "up"},
        scraped.attempts,
        np.isin(scraped.attempts, scraped.times).astype(np.float64),
    )


def by_job(scenario: Scenario, labels: Labels, times: Array, values: Array) -> Iterator[tuple[Labels, Array, Array]]:
    """The same series as it is scraped under one job after another."""
    if scenario.relabelled is None:
        yield labels, times, values
        return
    later = times >= scenario.relabelled
    yield labels, times[~later], values[~later]
    yield {**labels, "job": "cart-stable", "service": "cart-stable"}, times[later], values[later]


def _base(scraped: PodSamples) -> Labels:
    name = scraped.pod.name
    service = name.partition("-")[0]
    return {
        "namespace": NAMESPACE,
        "pod": name,
        "container": "app",
        "instance": f"{name}:8080",
        "job": service,
        "service": service,
        "endpoint": "metrics",
    }
