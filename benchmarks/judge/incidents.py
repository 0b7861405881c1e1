"""The incidents of `examples/recordings`: what is released, and what goes wrong when.

Times of troubles are seconds after the release, or after all its pods are Ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.judge.families import Trouble
from benchmarks.judge.faults import first_second, latency, never_ready, step
from benchmarks.judge.nasty import cold_start, everywhere
from benchmarks.judge.rollouts import pods_changed
from benchmarks.judge.scenario import NEW, Scenario, Window

Rng = np.random.Generator

NODE = "node-1"
"""The node that fails."""


@dataclass(frozen=True, slots=True)
class Service:
    """One workload.

    `rate`: requests a second on the new version; `share`: the canary's; `released`: without it there is the old version
    only; `after`: seconds after the first service's release that its own begins; `deadline`: its progress deadline in
    seconds, without it Kubernetes' own.
    """

    name: str
    trouble: Trouble
    mode: str = "rolling"
    rate: float = 40.0
    pods: int = 4
    share: float = 0.0
    released: bool = True
    after: float = 0.0
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """Some services, recorded until `minutes` after the release of the first."""

    seed: int
    services: tuple[Service, ...]
    minutes: float = 16.0


def _cart(trouble: Trouble, mode: str = "rolling", rate: float = 40.0, share: float = 0.0) -> tuple[Service]:
    return (Service("cart", trouble, mode, rate, share=share),)


def _served(scenario: Scenario) -> float:
    """When all new pods serve."""
    return max(scenario.pods[place].ready for place in scenario.of(NEW))


def _nothing(_: Scenario, __: Rng) -> None:
    """All is well."""


def _failing(share: float, after: float) -> Trouble:
    """A share of the new version's requests fails from so long after the roll-out on."""

    def onset(scenario: Scenario, _: Rng) -> float:
        return _served(scenario) + after

    return partial(step, onset=onset, share=share)


def _failing_at_once(share: float) -> Trouble:
    """A share of the new version's requests fails from the first one on."""
    return partial(step, onset=first_second, share=share)


def _bursts(scenario: Scenario, _: Rng) -> None:
    """Three times all pods fail one request in twenty for 40 s: before the release and after it."""
    for at in (scenario.began - 900, _served(scenario) + 100, _served(scenario) + 400):
        everywhere(scenario, 0.05, at, at + 40)


def _bad_node(scenario: Scenario, _: Rng) -> None:
    """Three minutes after the roll-out a node begins to fail three requests in ten; one new pod runs there."""
    pods = [place for place, pod in enumerate(scenario.pods) if pod.node == NODE]
    scenario.hits(scenario.bad, 0.30, _served(scenario) + 180, np.inf, pods)


def _gap(scenario: Scenario, _: Rng) -> None:
    """All scrapes fail for 90 s, those of one new pod for three minutes more."""
    at = _served(scenario) + 120
    scenario.gaps += [Window(at, at + 90), Window(at, at + 270, scenario.of(NEW)[0])]


def _blind(scenario: Scenario, rng: Rng) -> None:
    """Prometheus is down for four minutes; one in five fails from the middle of them on."""
    at = _served(scenario) + 60
    scenario.outages.append(Window(at, at + 240))
    _failing(0.20, 180)(scenario, rng)


def _renamed(scenario: Scenario, _: Rng) -> None:
    """The new version counts its requests under another name."""
    scenario.renamed = "metric"


def _broken_before(scenario: Scenario, _: Rng) -> None:
    """One in twelve failed before, and does after."""
    everywhere(scenario, 0.08, scenario.t0, np.inf)


def _worse(scenario: Scenario, rng: Rng) -> None:
    """One in twenty failed before; of the new version's requests three in twenty do."""
    everywhere(scenario, 0.05, scenario.t0, np.inf)
    _failing_at_once(1 - 0.85 / 0.95)(scenario, rng)


def _outage(scenario: Scenario, rng: Rng) -> None:
    """What all services call fails one in four for five minutes; each feels it within some seconds."""
    at = scenario.began + 300 + rng.uniform(0, 8)
    everywhere(scenario, 0.25, at, at + 300)


def _caller(scenario: Scenario, _: Rng) -> None:
    """It calls what was released 40 s later and is bad: one request in ten fails with it, on old pods and new."""
    everywhere(scenario, 0.10, scenario.began + 60, np.inf)


def _never_ready(scenario: Scenario, rng: Rng) -> None:
    """The first new pod never starts, and the roll-out waits for it."""
    never_ready(scenario, rng)
    pods_changed(scenario)


def _not_reached(scenario: Scenario, _: Rng) -> None:
    """Nobody reaches the new version: its pods are Ready, and not one request comes."""
    news = scenario.of(NEW)
    scenario.requests[news] = 0.0
    scenario.from_zero = True
    scenario.bad_from = min(scenario.pods[place].ready for place in news)


_OTHERS = tuple(
    Service(name, _outage, "canary", rate=2.0, pods=2, share=0.1, released=False)
    for name in ("account", "catalog", "payment", "search", "shipping")
)

INCIDENTS: Mapping[str, Incident] = {
    "bad-node": Incident(1, _cart(_bad_node)),
    "broken-before": Incident(2, _cart(_broken_before)),
    "bursts": Incident(3, _cart(_bursts)),
    "canary": Incident(4, _cart(_failing(0.20, 90), "canary", 5.0, 0.1)),
    "clean": Incident(5, _cart(_nothing)),
    "clean-sibling": Incident(6, (Service("cart", _caller), Service("checkout", _failing_at_once(0.30), after=40.0))),
    "cold-start": Incident(7, _cart(cold_start)),
    "crash-loop": Incident(8, (Service("cart", _never_ready, deadline=180.0),)),
    "dependency-outage": Incident(9, (*_cart(_outage), *_OTHERS)),
    "errors-20": Incident(10, _cart(_failing_at_once(0.20))),
    "gap": Incident(11, _cart(_gap)),
    "latency": Incident(12, _cart(partial(latency, share=0.20))),
    "low-traffic": Incident(13, _cart(_failing(0.40, 90), rate=0.3)),
    "no-traffic": Incident(14, _cart(_not_reached)),
    "prometheus-outage": Incident(15, _cart(_blind)),
    "renamed-metric": Incident(16, _cart(_renamed)),
    "slow-burn": Incident(17, _cart(_failing(0.03, 90))),
    "too-quiet": Incident(18, _cart(_nothing, rate=0.02)),
    "two-releases": Incident(19, (Service("cart", _failing_at_once(0.10)), Service("payment", _nothing, after=15.0))),
    "worse-than-before": Incident(20, _cart(_worse, "canary", 5.0, 0.1)),
}
