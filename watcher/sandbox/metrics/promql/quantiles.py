"""`histogram_quantile` over classic buckets, as `BucketQuantile` of Prometheus' promql/quantile.go defines it."""

from __future__ import annotations

import math
from collections import defaultdict

from watcher.sandbox.metrics.promql.values import Element, Vector, distinct, without_name
from watcher.sandbox.metrics.store import Labels

BOUND = "le"
_SAME = 1e-12
"""Counts that differ by a smaller share than this differ by rounding only."""


def histogram_quantile(share: float, buckets: Vector, at: int) -> Vector:
    """The value below which `share` of the observations lie, one element per histogram."""
    histograms: defaultdict[Labels, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for element in buckets:
        bound = _number(dict(element.labels).get(BOUND, ""))
        if not math.isnan(bound):
            rest = tuple(pair for pair in element.labels if pair[0] != BOUND)
            histograms[rest][bound] += element.value
    return distinct(
        Element(without_name(labels), at, quantile(share, sorted(counts.items())))
        for labels, counts in histograms.items()
    )


def quantile(share: float, buckets: list[tuple[float, float]]) -> float:
    """The quantile of one histogram: (upper bound, cumulative count), bounds ascending."""
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    bounds = [bound for bound, _ in buckets]
    counts = _monotonic([count for _, count in buckets])
    if len(bounds) < 2 or bounds[-1] != math.inf or not counts[-1]:
        return math.nan
    rank = share * counts[-1]
    index = next((i for i, count in enumerate(counts[:-1]) if count >= rank), len(bounds) - 1)
    if index == len(bounds) - 1:
        return bounds[-2]
    if index == 0 and bounds[0] <= 0:
        return bounds[0]
    start, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    return start + (bounds[index] - start) * ((rank - below) / inside if inside else math.nan)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _monotonic(counts: list[float]) -> list[float]:
    """Cumulative counts that never fall: buckets scraped at different moments, or rounded, may seem to."""
    result = counts[:1]
    for count in counts[1:]:
        before = result[-1]
        grew = count > before and (count - before) / (abs(count) + abs(before)) >= _SAME
        result.append(count if grew else before)
    return result
