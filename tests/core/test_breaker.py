"""The breaker counts releases, not attempts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.breaker import is_open, open_namespaces, spent
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


@given(rollbacks, st.integers(1, 5))
def test_it_opens_at_the_limit_and_attempts_of_one_release_count_once(past: list[PastRollback], most: int) -> None:
    limit = Limit(most, 3600.0)
    recent = [each for each in past if NOW - each.at < 3600.0]
    releases = {each.release for each in recent if each.release} | {each.at for each in recent if not each.release}
    assert spent(past, limit, NOW) == len(releases)
    assert is_open(past, limit, NOW) == (len(releases) >= most)
    assert spent(past + past, limit, NOW) == len(releases)


@given(rollbacks)
def test_a_namespace_counts_its_own_only(past: list[PastRollback]) -> None:
    limit = Limit(2, 3600.0)
    own = {name: [each for each in past if each.namespace == name] for name in ("shop", "pay")}
    assert open_namespaces(past, limit, NOW) == {name for name, found in own.items() if is_open(found, limit, NOW)}


def test_the_release_itself_is_no_reason() -> None:
    past = [PastRollback(NOW - 1, "shop", "a/1"), PastRollback(NOW - 2, "shop", "")]
    assert spent(past, Limit(1, 60.0), NOW, besides="a/1") == 1
