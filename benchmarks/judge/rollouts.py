"""How a release comes to the pods: rolling, as a canary, or blue-green."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.judge.scenario import NEW, OLD, Array, PodLife, Scenario
from watcher.core.measuring.counting import LEAD_IN
from watcher.daemon.folds import HISTORY

MODES = ("rolling", "canary", "blue-green")
BAKE = 1800.0
"""Seconds of watch after the roll-out (of a canary: beside the old version)."""

EPOCH = 1_700_000_000.0
AGE = 86400.0
"""Seconds that the old pods are old at the release, about."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is made with.  `history`: seconds before the release that the judge looks at; `interval`: of scrapes;
    `memory`: seconds before the release that are simulated at the least."""

    interval: float = 15.0
    history: float = HISTORY
    memory: float = 0.0
    pods: int = 0  # of the old version; 0: drawn
    canaries: int = 0  # 0: drawn
    weight: float = 0.0  # of a canary; 0: drawn
    base_bad: float = 0.0  # 0: drawn


def roll_out(family: str, mode: str, rate: float, seed: int, rng: np.random.Generator, setting: Setting) -> Scenario:
    """A release without any trouble: pods, requests (`rate` a second on the new version), base shares."""
    before = max(setting.history, setting.memory) + LEAD_IN
    began = round(EPOCH + before + 60 + rng.uniform(0, 600), 3)
    t0 = began - before - 20
    number = setting.pods or int(rng.integers(4, 9))
    lay = {"rolling": _rolling, "canary": _canary, "blue-green": _blue_green}[mode]
    pods = [_old_pod(n, t0, rng) for n in range(number)]
    scenario = Scenario(family, mode, rate, setting.interval, seed, t0, began, 0.0, pods, _NOTHING, _NOTHING, _NOTHING)
    lay(scenario, rng, setting)
    served = scenario.switched or max((pod.ready for pod in scenario.pods if np.isfinite(pod.ready)), default=began)
    scenario.end = max(served, scenario.rolled_out or 0.0) + BAKE + 60.0
    for pod in scenario.pods:
        discover(scenario, pod, rng)
    share_traffic(scenario)
    base = setting.base_bad or float(np.exp(rng.uniform(np.log(0.0005), np.log(0.005))))
    scenario.bad = np.full_like(scenario.requests, base)
    scenario.slow = np.full_like(scenario.requests, 0.01)
    scenario.from_zero = bool(rng.random() < 0.5)
    return scenario


def pods_changed(scenario: Scenario) -> None:
    """Share the requests anew after pods came, went or restarted; new pods fail as the first one does by then."""
    more = len(scenario.pods) - len(scenario.bad)
    scenario.bad = np.vstack([scenario.bad, *[scenario.bad[:1]] * more])
    scenario.slow = np.vstack([scenario.slow, *[scenario.slow[:1]] * more])
    share_traffic(scenario)


def share_traffic(scenario: Scenario) -> None:
    """Give each pod its part of the requests in each second, by who serves then."""
    seconds = int(np.ceil(scenario.end - scenario.t0)) + 120
    serving = np.stack([_serving(pod, scenario.t0, seconds) for pod in scenario.pods])
    new = np.array([pod.revision == NEW for pod in scenario.pods])
    total = np.full(seconds, scenario.rate)
    if scenario.weight is not None:
        total /= scenario.weight
        scenario.requests = _split(serving, new, np.full(seconds, scenario.weight), total)
    elif scenario.mode == "blue-green":
        switch = scenario.switched or np.inf
        share = np.clip(scenario.t0 + np.arange(seconds) + 1 - switch, 0.0, 1.0)
        scenario.requests = _split(serving, new, share, total)
    else:
        everybody = np.maximum(serving.sum(axis=0), 1e-9)
        scenario.requests = serving / everybody * total


def _split(serving: Array, new: np.ndarray, share: Array, total: Array) -> Array:
    """Requests by version: `share` of them go to new pods, where there are any that serve."""
    there = serving[new].sum(axis=0)
    olds = serving[~new].sum(axis=0)
    share = np.where(there > 0, np.where(olds > 0, share, 1.0), 0.0)
    parts = np.zeros_like(serving)
    parts[new] = serving[new] / np.maximum(there, 1e-9) * share * total
    parts[~new] = serving[~new] / np.maximum(olds, 1e-9) * (1 - share) * total
    return parts


def _serving(pod: PodLife, t0: float, seconds: int) -> Array:
    """Which part of each second the pod serves."""
    edges = t0 + np.arange(seconds)

    def covered(since: float, until: float) -> Array:
        part: Array = np.clip(np.minimum(edges + 1, until) - np.maximum(edges, since), 0.0, 1.0)
        return part

    served = covered(pod.ready, pod.terminating)
    for restart in pod.restarts:
        served = served - np.minimum(served, covered(restart.at, restart.back))
    return served


_NOTHING: Array = np.zeros((0, 0))


def _ms(time: float) -> float:
    return round(float(time), 3)


def _old_pod(number: int, t0: float, rng: np.random.Generator) -> PodLife:
    created = _ms(t0 - AGE * rng.uniform(0.5, 3.0))
    return PodLife(f"cart-old-{number}", OLD, created, created + 4.0, created + 8.0, 0.0, node=f"node-{number % 3}")


def new_pod(number: int, created: float, rng: np.random.Generator, revision: str = NEW) -> PodLife:
    """A pod that becomes Ready some seconds after it was made."""
    created = _ms(created)
    ready = _ms(created + rng.uniform(4, 18))
    listening = _ms(max(created + 2.0, ready - rng.uniform(1, 4)))
    return PodLife(f"cart-{revision}-{number}", revision, created, listening, ready, 0.0, node=f"node-{number % 3}")


def end(pod: PodLife, at: float, rng: np.random.Generator) -> None:
    """The pod is asked to go: it serves no more, and is gone some seconds later."""
    pod.terminating = _ms(at)
    pod.deleted = _ms(at + rng.uniform(3, 30))


def _rolling(scenario: Scenario, rng: np.random.Generator, _: Setting) -> None:
    olds, at = list(scenario.pods), scenario.began + rng.uniform(0.1, 1.0)
    for number, old in enumerate(olds):
        pod = new_pod(number, at, rng)
        scenario.pods.append(pod)
        end(old, pod.ready + rng.uniform(0.1, 1.0), rng)
        at = pod.ready + rng.uniform(0.5, 2.0)
    scenario.rolled_out = _ms(scenario.pods[-1].ready + 1.0)


def _canary(scenario: Scenario, rng: np.random.Generator, setting: Setting) -> None:
    number = setting.canaries or int(rng.integers(1, 3))
    at = scenario.began + rng.uniform(0.1, 1.0)
    scenario.pods += [new_pod(place, at, rng) for place in range(number)]
    scenario.weight = setting.weight or float(rng.choice([0.10, 0.25]))


def _blue_green(scenario: Scenario, rng: np.random.Generator, _: Setting) -> None:
    olds, at = list(scenario.pods), scenario.began + rng.uniform(0.1, 1.0)
    news = [new_pod(place, at, rng) for place in range(len(olds))]
    scenario.pods += news
    scenario.switched = _ms(max(pod.ready for pod in news) + rng.uniform(2, 90))
    scenario.rolled_out = _ms(scenario.switched + 31.0)
    for old in olds:
        end(old, scenario.switched + 30.0, rng)
        old.deleted = scenario.rolled_out


def discover(scenario: Scenario, pod: PodLife, rng: np.random.Generator) -> None:
    """Prometheus learns of the pod, and scrapes it at a phase of its own."""
    pod.phase = _ms(rng.uniform(0, scenario.interval))
    pod.discovered = _ms(pod.created + rng.uniform(1, 6))
