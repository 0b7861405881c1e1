"""Native histograms: a whole distribution in one sample, reduced to the two counters that a check needs.

Prometheus' own `histogram_fraction` interpolates inside the bucket in which a bound lies
(https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_fraction); that is an estimate, and evidence
is made of counts.  Exponential buckets have bounds at powers of 2^(2^-schema), and each schema has the bounds of all
coarser ones (https://prometheus.io/docs/specs/native_histograms/).  So a bound is moved up to the next one of
`SCHEMA`, which is the same for all pods at all times, whatever finer resolution each of them has just now.  Custom
buckets (schema -53) have the bounds that were given, as classic ones have.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SCHEMA = 3
"""Resolution at which requests are counted: bounds that are 2^(1/8) apart, so at most 9.1 % above the one wanted."""

_SAME = 1e-9  # relative: bounds are powers that everybody computes a little differently
_MEANT = 1e-5  # relative: a bound written with six digits means the one beside it

Samples = list[tuple[float, float]]
"""Unix seconds, value."""


class Bucket(NamedTuple):
    """Observations in (left, right]."""

    left: float
    right: float
    observed: float


class NativeSample(NamedTuple):
    """One sample of a native histogram; buckets without observations may be left out."""

    at: float
    total: float
    buckets: tuple[Bucket, ...]


class Reduced(NamedTuple):
    """What a classic histogram's buckets `+Inf` and that of the bound would have shown.

    `bound`: the one that was counted by, in the metric's unit.  `split`: the earliest sample whose bucket contains that
    bound, as (Unix seconds, left, right); such samples have no value in `within`.
    """

    every: Samples
    within: Samples
    bound: float
    split: tuple[float, float, float] | None


def native_sample(at: float, total: str, buckets: Iterable[Sequence[str | int]]) -> NativeSample:
    """A sample from the texts of the query API; each bucket is (boundary rule, left, right, count).

    Raises ValueError, TypeError or IndexError for anything else.
    """
    found = tuple(Bucket(float(each[1]), float(each[2]), float(each[3])) for each in buckets)
    return NativeSample(at, float(total), found)


def reduce(samples: Iterable[NativeSample], bound: float) -> Reduced:
    """The counters of all requests and of those that took `bound` (in the metric's unit) at most."""
    every, within, used, splits = Samples(), Samples(), bound, list[tuple[float, float, float]]()
    for sample in samples:
        every.append((sample.at, sample.total))
        if math.isnan(sample.total):
            within.append((sample.at, sample.total))
            continue
        own = counted_bound(sample, bound)
        used = max(used, own)
        split = split_bucket(sample, own)
        if split is None:
            high = own * (1 + _SAME)
            within.append((sample.at, math.fsum(each.observed for each in sample.buckets if each.right <= high)))
        else:
            splits.append((sample.at, split.left, split.right))
    return Reduced(every, within, used, min(splits, default=None))


def counted_bound(sample: NativeSample, bound: float) -> float:
    """The bound that is counted by for this one: itself for custom buckets, for exponential ones that of `SCHEMA`."""
    if bound <= 0 or not _is_exponential(sample):
        return bound
    steps = math.log2(bound) * 2**SCHEMA
    above = 2.0 ** (math.ceil(steps - _MEANT * 2**SCHEMA) / 2**SCHEMA)
    return bound if math.isclose(above, bound, rel_tol=_SAME) else above


def split_bucket(sample: NativeSample, bound: float) -> Bucket | None:
    """The bucket with requests on both sides of the bound, or None: then they can be counted."""
    low, high = bound * (1 - _SAME), bound * (1 + _SAME)
    return next((each for each in sample.buckets if each.left < low and each.right > high), None)


def _is_exponential(sample: NativeSample) -> bool:
    """Whether all buckets are of one exponential schema; those around zero and to infinity say nothing."""
    regular = [each for each in sample.buckets if each.left > 0 and each.right < math.inf]
    factor = regular[0].right / regular[0].left if regular else 0.0
    if not 1 < factor < math.inf:
        return False
    schema = -math.log2(math.log2(factor))
    place = math.log2(regular[0].right) * 2.0 ** round(schema)
    same = factor * _SAME
    return _whole(schema) and _whole(place) and all(abs(each.right / each.left - factor) <= same for each in regular)


def _whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6
