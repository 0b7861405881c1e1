"""Kayenta's judge: Mann-Whitney with tolerance 0.25 and confidence 0.98 on one-minute points, each ten minutes.

https://github.com/spinnaker/kayenta.  The rules are those of its NetflixACAJudge-v1.0 (master of April 2025):

- kayenta-judge, NetflixACAJudge.scala: tolerance 0.25 and confidence 0.98 are fixed; NaN points are left out.
- kayenta-judge, MannWhitneyClassifier.scala: a metric is High when the lower end of the confidence interval of the
  shift between new and old lies above a quarter of the estimated shift, and the mean has risen.  Values that are all
  the same pass.  Without a point of either version it is Nodata.
- kayenta-mannwhitney, MannWhitney.scala: that interval is the normal approximation, corrected for continuity and ties;
  an end beyond all differences is the outermost one.  The estimate is Hodges-Lehmann's.  It finds them with a solver
  that stops within 0.0001: exact here, which is the same for points in per cent.
- kayenta-judge, WeightedSumScorer.scala: the release fails where at least half of the metrics are Nodata.

The metrics are errors and slow requests, weighing the same, marginal 75: one of them that is High fails the release.
The old version is compared with at the same minutes where both serve (canary), else at as many minutes before the
release.  A judgement while Prometheus is down is left to the next one.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from benchmarks.judge.rivals.queries import JUST_NEW, JUST_OLD, Metrics, served_from
from benchmarks.judge.scenario import Array

POINT, EVERY = 60.0, 600.0
TOLERANCE, CONFIDENCE = 0.25, 0.98
MOST_NODATA = 0.5

PASS, HIGH, NODATA = "Pass", "High", "Nodata"
"""Kayenta's names of what a metric can be."""


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
        fails = failed([classified(new[:count], olds[known]) for new, olds in pairs])
        if fails and not metrics.down(np.array([end]))[0]:
            return float(end)
    return None


def _slow(metrics: Metrics, at: Array, whose: frozenset[str]) -> Array:
    return metrics.slow_share(at, metrics.window, whose)


def failed(classes: list[str]) -> bool:
    """Whether a release fails with metrics of these classes."""
    return HIGH in classes or classes.count(NODATA) >= MOST_NODATA * len(classes)


def classified(new: Array, old: Array) -> str:
    """The class of a metric by its points; NaN: no data at that minute."""
    new, old = new[~np.isnan(new)], old[~np.isnan(old)]
    if not len(new) or not len(old):
        return NODATA
    if len(np.unique(np.concatenate([new, old]))) == 1:
        return PASS
    lower, estimate = shift(new, old, CONFIDENCE)
    risen = new.mean() >= old.mean() or not new.mean()
    return HIGH if lower > TOLERANCE * abs(estimate) and risen else PASS


def shift(new: Array, old: Array, confidence: float) -> tuple[float, float]:
    """The lower end of the shift's confidence interval, and its estimate."""
    differences = np.sort((new[:, None] - old[None, :]).ravel())
    pairs, both = len(differences), len(new) + len(old)
    variance = pairs / 12 * (both + 1 - (_ties(new) + _ties(old)) / (both * (both - 1)))
    far = NormalDist().inv_cdf(0.5 + confidence / 2) * np.sqrt(max(variance, 0.0)) + 0.5
    place = max(int(np.floor(pairs / 2 - far)), 0)
    return float(differences[place]), float(np.median(differences))


def _ties(values: Array) -> float:
    """What equal values take from the variance of the ranks: the sum of t^3 - t over groups of t.

    At a shift by no difference of two points, values are equal to others of their own version only.
    """
    _, counts = np.unique(values, return_counts=True)
    return float((counts.astype(np.float64) ** 3 - counts).sum())
