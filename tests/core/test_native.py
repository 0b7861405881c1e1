"""A native histogram reduced to two counters counts what a classic one would, by one bound at every resolution."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.counted import LATENCY, Series, by_scrape, counts, fold, pod, scraped, series, steps, up
from watcher.core.measuring.native import (
    SCHEMA,
    Bucket,
    NativeSample,
    counted_bound,
    native_sample,
    reduce,
    split_bucket,
)
from watcher.core.measuring.podtable import PodTable

TIMES = st.floats(0.001, 60.0)
OBSERVED = st.lists(TIMES, min_size=1, max_size=60)


def exponential(observed: list[float], schema: int, at: float = 0.0) -> NativeSample:
    """What a client of this resolution exposes."""
    places = Counter(math.ceil(math.log2(each) * 2.0**schema - 1e-12) for each in observed)
    edges = ((2.0 ** ((n - 1) / 2.0**schema), 2.0 ** (n / 2.0**schema), count) for n, count in places.items())
    return NativeSample(at, len(observed), tuple(Bucket(*each) for each in sorted(edges)))


def custom(bounds: tuple[float, ...], observed: list[float], at: float = 0.0) -> NativeSample:
    """The same with custom buckets; empty ones are left out."""
    edges = list(zip((-math.inf, *bounds), (*bounds, math.inf), strict=True))
    found = [Bucket(low, high, sum(low < each <= high for each in observed)) for low, high in edges]
    return NativeSample(at, len(observed), tuple(each for each in found if each.observed))


@given(OBSERVED, st.integers(SCHEMA, 8), TIMES)
@example([0.3, 0.31], 8, 0.3)
def test_every_resolution_from_schema_3_on_counts_by_one_bound(
    observed: list[float], schema: int, bound: float
) -> None:
    coarse, fine = (reduce([exponential(observed, each)], bound) for each in (SCHEMA, schema))

    assert fine == coarse
    assert fine.split is None
    assert bound * (1 - 1e-4) <= fine.bound <= bound * 2 ** (1 / 2**SCHEMA) * (1 + 1e-9)


@given(OBSERVED, st.integers(-2, 8), st.sampled_from([0.0625, 1.0, 16.0]))
def test_powers_of_sixteen_are_exact_at_every_resolution(observed: list[float], schema: int, bound: float) -> None:
    reduced = reduce([exponential(observed, schema)], bound)

    assert (reduced.bound, reduced.split) == (bound, None)
    assert reduced.within == [(0.0, sum(each <= bound for each in observed))]


@given(OBSERVED, st.integers(-4, 8), TIMES)
def test_no_request_is_counted_as_slow_that_was_not(observed: list[float], schema: int, bound: float) -> None:
    reduced = reduce([exponential(observed, schema)], bound)

    if reduced.split is None:
        assert reduced.within[0][1] >= sum(each <= bound * (1 - 1e-9) for each in observed)
    else:
        assert reduced.within == []
        assert reduced.split[1] < reduced.bound < reduced.split[2]


@given(OBSERVED, st.sampled_from([0.1, 0.3, 2.5]))
def test_custom_buckets_count_as_classic_ones(observed: list[float], bound: float) -> None:
    reduced = reduce([custom((0.1, 0.3, 2.5), observed)], bound)

    assert reduced.within == [(0.0, sum(each <= bound for each in observed))]


def test_a_bound_inside_a_custom_bucket_is_none() -> None:
    sample = custom((0.1, 0.3, 2.5), [0.05, 0.2, 1.0, 9.0])

    assert split_bucket(sample, counted_bound(sample, 0.5)) == Bucket(0.3, 2.5, 1)
    assert reduce([sample], 0.5).within == []


def test_a_bound_written_with_six_digits_means_the_one_beside_it() -> None:
    sample = exponential([0.3, 0.4], 1)

    assert reduce([sample], 0.353553).within == [(0.0, 1)]


def test_values_around_zero_count_as_fast() -> None:
    sample = native_sample(5.0, "7", [[3, "-0.001", "0.001", "2"], [0, "0.25", "0.5", "4"], [0, "0.5", "1", "1"]])

    assert reduce([sample], 0.5)[:2] == ([(5.0, 7.0)], [(5.0, 6.0)])


def test_a_bucket_without_width_or_end_makes_no_schema() -> None:
    for left, right in (("0.5", "0.5"), ("5e-324", "1.7e308"), ("0.5", "+Inf")):
        assert counted_bound(native_sample(0.0, "1", [[0, left, right, "1"]]), 0.3) == 0.3


def latency(samples: list[NativeSample], on: str = "a") -> list[Series]:
    """What the reader makes of a native histogram."""
    labels, _ = series("seconds", [], on)
    reduced = reduce(samples, LATENCY.bound)
    return [({**labels, "le": "+Inf"}, reduced.every), ({**labels, "le": "0.5"}, reduced.within)]


def grown(values: list[tuple[int, int]]) -> list[NativeSample]:
    """Scrapes of a pod with so many fast and slow requests so far."""
    return [
        NativeSample(at, fast + slow, (Bucket(0.25, 0.5, fast), Bucket(0.5, 1.0, slow)))
        for (at, _), (fast, slow) in zip(steps(-10, [0.0] * len(values)), values, strict=True)
    ]


def test_slow_requests_are_those_above_the_bound() -> None:
    found = latency(grown([(100, 1), (190, 11), (280, 12)]))

    assert counts(scraped(LATENCY, [up(-25, 5), *found], until=30)) == [(100, 10), (91, 1)]


def test_a_histogram_begun_anew_by_its_client_never_makes_requests_slow() -> None:
    """`+Inf` is back at its mark (1,000) while the bucket of the bound is not yet (990): nothing counts until it is."""
    values = [(980, 10), (990, 10), (100, 5), (600, 30), (970, 50), (985, 60), (1100, 70), (1200, 75)]
    found = scraped(LATENCY, [up(-25, 9), *latency(grown(values))], until=105)

    assert [each for each in counts(found) if each != (0, 0)] == [(10, 0), (105, 5)]


def test_a_resolution_that_becomes_too_coarse_gives_no_data_and_names_the_nearest() -> None:
    samples = grown([(100, 1), (200, 2)])
    samples.append(NativeSample(samples[-1].at + 15, 303, (Bucket(0.25, 1.0, 303),)))
    counting, presence = fold(LATENCY, [up(-25, 5), *latency(samples)])
    counting.contract.note_native(reduce(samples, LATENCY.bound))
    table = PodTable()
    table.update([pod()])
    closed = by_scrape(counting.close(samples[-1].at + 10, table, presence))

    assert [each.broken for each in closed] == [
        "",
        "metric-contract-changed: 0.5 is no bucket bound of seconds on old; nearest: 0.25, 1",
    ]
    assert list(counting.contract.notes()) == [
        "buckets of a native histogram are as wide as from 0.25 to 1: such samples are left out"
    ]
