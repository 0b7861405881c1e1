"""Kayenta's judge: Mann-Whitney with tolerance 0.25 and confidence 0.98 on one-minute points, each ten minutes.

https://github.com/spinnaker/kayenta.  A metric is High when the confidence interval of the shift between new
and old lies wholly above a quarter of the estimated shift.  The old version is compared with at the same minutes where
both serve (canary), else at as many minutes before the release.  One metric that is High fails the release.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from benchmarks.judge.rivals.queries import JUST_NEW, JUST_OLD, Metrics, served_from
from benchmarks.judge.scenario import Array

POINT, EVERY = 60.0, 600.0
TOLERANCE, CONFIDENCE = 0.25, 0.98


def decide(metrics: Metrics, _: np.random.Generator) -> float | None:
    """When the release is judged to be worse than the old version; None: never."""
    scenario = metrics.scenario
    served = served_from(scenario)
    if served is None:
        return None
    at = np.arange(served + POINT, scenario.end, POINT)
    beside = scenario.mode == "canary" and not scenario.from_outside
    before = at if beside else np.arange(scenario.began - POINT * (len(at) - 1), scenario.began + 1, POINT)[: len(at)]
    old = JUST_NEW if scenario.from_outside else JUST_OLD
    pairs = [(metrics.bad_points(at, JUST_NEW), metrics.bad_points(before, old))]
    if not scenario.from_outside:
        pairs.append((_slow(metrics, at, JUST_NEW), _slow(metrics, before, JUST_OLD)))
    for end in np.arange(served + EVERY, scenario.end, EVERY):
        count = int(np.searchsorted(at, end, side="right"))
        known = slice(0, count) if beside else slice(len(before) - count, None)
        if any(is_high(new[:count], olds[known]) for new, olds in pairs) and not metrics.down(np.array([end]))[0]:
            return float(end)
    return None


def _slow(metrics: Metrics, at: Array, whose: frozenset[str]) -> Array:
    return metrics.slow_share(at, metrics.window, whose)


def is_high(new: Array, old: Array) -> bool:
    """Whether the new values are surely higher.  NaN are points without data; without any there is no result."""
    new, old = new[~np.isnan(new)], old[~np.isnan(old)]
    if not len(new) or not len(old) or len(np.unique(np.concatenate([new, old]))) == 1:
        return False
    lower, estimate = shift(new, old, CONFIDENCE)
    return lower > TOLERANCE * abs(estimate)


def shift(new: Array, old: Array, confidence: float) -> tuple[float, float]:
    """The lower end of the shift's confidence interval (normal approximation), and its estimate (Hodges-Lehmann)."""
    differences = np.sort((new[:, None] - old[None, :]).ravel())
    pairs, both = len(differences), len(new) + len(old)
    far = NormalDist().inv_cdf(0.5 + confidence / 2) * np.sqrt(pairs * (both + 1) / 12) + 0.5
    place = int(np.floor(pairs / 2 - far))
    return (float(differences[place]) if place >= 0 else -np.inf), float(np.median(differences))
