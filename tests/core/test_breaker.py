"""The breaker counts releases, not attempts, and only those since it was closed by hand last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.deciding.breaker import CLUSTER, Closing, breakers, closes_at, counted, of_namespace, spent
from watcher.core.model import PastRollback
from watcher.core.policy import Limit

NOW = 10_000.0
rollbacks = st.lists(
    st.builds(
        PastRollback,
        st.floats(NOW - 7200, NOW),
        st.sampled_from(["shop", "pay"]),
        st.sampled_from(["a/1", "a/2", "b/1", "c/9", ""]),
    )
)
closings = st.lists(
    st.builds(
        Closing,
        st.sampled_from([CLUSTER, of_namespace("shop")]),
        st.floats(NOW - 7200, NOW),
        st.just("ada"),
        st.just(""),
    )
)


@given(rollbacks, st.integers(1, 5))
def test_it_opens_at_the_limit_and_attempts_of_one_release_count_once(past: list[PastRollback], most: int) -> None:
    limit = Limit(most, 3600.0)
    recent = [each for each in past if NOW - each.at < 3600.0]
    releases = {each.release for each in recent if each.release} | {each.at for each in recent if not each.release}
    assert spent(past, limit, NOW) == len(releases)
    assert spent(past + past, limit, NOW) == len(releases)
    assert (closes_at(past, limit, NOW) is not None) == (len(releases) >= most)


@given(rollbacks, st.integers(1, 5))
def test_it_closes_by_itself_just_when_it_says(past: list[PastRollback], most: int) -> None:
    limit = Limit(most, 3600.0)
    closes = closes_at(past, limit, NOW)
    if closes is not None:
        assert spent(past, limit, closes - 1e-3) >= most
        assert spent(past, limit, closes + 1e-3) < most


@given(rollbacks, closings)
def test_each_counts_its_own_since_it_was_closed(past: list[PastRollback], closed: list[Closing]) -> None:
    limits = Limit(3, 3600.0), Limit(2, 3600.0)
    found = {each.scope: each for each in breakers(past, limits, closed, NOW)}
    for scope, own in (
        (CLUSTER, past),
        (of_namespace("shop"), [each for each in past if each.namespace == "shop"]),
        (of_namespace("pay"), [each for each in past if each.namespace == "pay"]),
    ):
        last = max((each.at for each in closed if each.scope == scope), default=0.0)
        expected = spent([each for each in own if each.at >= last], limits[scope != CLUSTER], NOW)
        assert expected == (found[scope].count if scope in found else 0)
        if scope in found:
            assert found[scope].open == (expected >= found[scope].limit.max)


def test_the_release_itself_is_no_reason() -> None:
    past = [PastRollback(NOW - 1, "shop", "a/1"), PastRollback(NOW - 2, "shop", "")]
    assert spent(past, Limit(1, 60.0), NOW, besides="a/1") == 1


def test_a_closing_of_the_cluster_leaves_the_namespaces_alone() -> None:
    past = (PastRollback(NOW - 10, "shop", "a/1"),)
    closed = ((CLUSTER, NOW - 5),)
    assert counted(past, CLUSTER, closed) == ()
    assert counted(past, of_namespace("shop"), closed) == past
    assert counted(past, of_namespace("shop"), ((of_namespace("pay"), NOW),)) == past
