"""The arithmetic of canaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.controllers.canary import basic_counts, next_counts, routed_counts
from watcher.sandbox.controllers.rolling import Limits
from watcher.sandbox.kubernetes.objects import Json

SIZES = st.integers(1, 20)
WEIGHTS = st.integers(0, 100)


def replica_set(size: int) -> Json:
    """A ReplicaSet all of whose pods are available."""
    return {"spec": {"replicas": size}, "status": {"availableReplicas": size}}


@pytest.mark.parametrize(
    ("size", "weight", "surge", "expected"),
    [
        (4, 25, 1, (1, 3)),
        (4, 0, 1, (0, 4)),
        (4, 100, 1, (4, 0)),
        (10, 1, 1, (1, 10)),
        (10, 1, 0, (1, 9)),
        (1, 50, 1, (1, 1)),
        (1, 50, 0, (1, 0)),
        (3, 99, 0, (2, 1)),
        (0, 50, 1, (0, 0)),
    ],
)
def test_counts_of_a_basic_canary(size: int, weight: int, surge: int, expected: tuple[int, int]) -> None:
    assert basic_counts(Limits(size, surge, 1), weight) == expected


def test_counts_under_traffic_routing() -> None:
    assert routed_counts(Limits(10, 1, 0), 5) == (1, 10)


@given(SIZES, WEIGHTS, st.integers(1, 5))
def test_both_sides_have_a_pod_between_nothing_and_everything(size: int, weight: int, surge: int) -> None:
    canary, stable = basic_counts(Limits(size, surge, 0), weight)
    assert size <= canary + stable <= size + 1
    assert (canary > 0) == (weight > 0)
    assert (stable > 0) == (weight < 100)


@given(SIZES, WEIGHTS, WEIGHTS, st.integers(0, 5), st.integers(0, 5))
def test_every_way_from_weight_to_weight_arrives_within_its_bounds(
    size: int, begin: int, end: int, surge: int, unavailable: int
) -> None:
    limits = Limits(size, surge, 1 if surge == 0 else min(unavailable, size))
    sizes, goal = basic_counts(limits, begin), basic_counts(limits, end)
    steps = 0
    while sizes != goal:
        following = next_counts(limits, replica_set(sizes[0]), replica_set(sizes[1]), goal, older=0)
        assert following != sizes, "stuck"
        assert sum(following) <= max(limits.most, sum(sizes))
        assert min(following[0], sizes[0]) + min(following[1], sizes[1]) >= min(limits.least, sum(sizes))
        sizes = following
        steps += 1
    assert steps <= 4 * size + 4
