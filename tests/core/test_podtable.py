from __future__ import annotations

from tests.core.counted import T0, pod
from watcher.core.measuring.podtable import PodTable


def test_a_name_is_resolved_by_time() -> None:
    table = PodTable()
    table.update([pod("db-0", "old", T0, "1", deleted=T0 + 50), pod("db-0", "new", T0 + 60, "2")])

    found = [table.at("db-0", T0 + after) for after in (-20, -5, 0, 59, 60, 500)]

    assert [each and each.uid for each in found] == [None, "1", "1", "1", "2", "2"]
    assert table.at("db-1", T0) is None


def test_what_was_known_of_a_pod_is_kept() -> None:
    table = PodTable()
    assert not table
    table.update([pod("a", started=(T0,), ready_since=T0 + 5)])
    table.update([pod("a", started=(T0 + 90,), ready_since=None, deleted=T0 + 100)])
    table.update([pod("a", started=(T0 + 90,), ready_since=T0 + 95)])

    found = table.at("a", T0 + 200)

    assert found is not None
    assert (found.started, found.ready_since, found.deleted) == ((T0, T0 + 90), T0 + 5, T0 + 100)
    assert table


def test_pods_that_are_long_gone_are_forgotten_and_not_taken_up_again() -> None:
    table = PodTable()
    first = pod("db-0", "old", T0, "1", deleted=T0 + 50)
    pods = [first, pod("db-0", "new", T0 + 60, "2"), pod("a", deleted=T0 + 90), pod("b")]
    table.update(pods)

    assert table.forget(T0 + 60) == [first]
    table.update(pods)
    assert ("db-0" in table, "a" in table, "b" in table) == (True, True, True)
    assert [found and found.uid for found in (table.at("db-0", T0 + 10), table.at("db-0", T0 + 70))] == [None, "2"]

    assert [each.name for each in table.forget(T0 + 100)] == ["a"]
    assert ("db-0" in table, "a" in table) == (True, False)
    assert table.forget(T0 + 10) == []


def test_names_are_those_of_pods_that_existed_then() -> None:
    table = PodTable()
    table.update([pod("a", deleted=T0), pod("b")])

    assert table.names(T0) == ["a", "b"]
    assert table.names(T0 + 1) == ["b"]
    assert {name: len(pods) for name, pods in table.of_revision().items()} == {"old": 2}
