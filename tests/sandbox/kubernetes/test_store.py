from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.kinds import CONFIG_MAP, POD
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.store import Store


def config_map(name: str, value: int = 0) -> Json:
    return {"metadata": {"namespace": "shop", "name": name}, "data": {"value": str(value)}}


def change(store: Store, name: str, value: int) -> None:
    """Puts the value there; -1 takes the object away."""
    there = store.get(CONFIG_MAP, "shop", name)
    if there is None and value >= 0:
        store.insert(CONFIG_MAP, config_map(name, value))
    elif there is not None and value >= 0:
        store.replace(CONFIG_MAP, config_map(name, value), there)
    elif there is not None:
        store.remove(CONFIG_MAP, there)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 3)), max_size=40))
def test_every_state_within_the_history_can_be_listed_again(steps: list[tuple[str, int]]) -> None:
    store = Store(history_limit=1000)
    states = {}
    for name, value in steps:
        change(store, name, value)
        states[store.revision] = [obj["data"] for obj in store.objects(CONFIG_MAP, "shop")]
    for revision, state in states.items():
        assert [obj["data"] for obj in store.list_at(CONFIG_MAP, "shop", revision)] == state


@given(st.integers(1, 5), st.integers(0, 12))
def test_history_is_bounded_and_says_what_it_forgot(limit: int, changes: int) -> None:
    store = Store(history_limit=limit)
    start = store.revision
    for number in range(changes):
        store.insert(CONFIG_MAP, config_map(f"c{number}"))
    assert len(store.since(store.compacted)) == min(limit, changes)
    if changes > limit:
        with pytest.raises(ApiError, match=f"too old resource version: {start}") as caught:
            store.since(start)
        assert (caught.value.code, caught.value.reason) == (410, "Expired")


def test_kinds_and_namespaces_do_not_mix() -> None:
    store = Store(history_limit=10)
    store.insert(CONFIG_MAP, config_map("one"))
    store.insert(POD, {"metadata": {"namespace": "other", "name": "one"}})
    assert len(store.objects(CONFIG_MAP)) == 1
    assert store.objects(CONFIG_MAP, "other") == []
    assert [kind.kind for kind, _ in store.everything("other")] == ["Pod"]
