from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.patches import MAX_OPERATIONS, json_patch, merge_patch
from watcher.sandbox.kubernetes.strategic import strategic_merge

VALUES = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=2), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_rfc_7386_says(target: Json, patch: Json, result: Json) -> None:
    assert merge_patch(target, patch) == result


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_applied_twice_is_applied_once(target: Json, patch: Json) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(OBJECTS, OBJECTS)
def test_a_json_patch_whose_test_fails_changes_nothing(target: Json, other: Json) -> None:
    before = repr(target)
    operations = [{"op": "add", "path": "/new", "value": 1}, {"op": "test", "path": "", "value": {"not": "so"}}]
    with pytest.raises(ApiError) as caught:
        json_patch(target, operations)
    assert (caught.value.code, caught.value.details) == (422, {})
    assert repr(target) == before


@pytest.mark.parametrize(("found", "tested"), [(1, True), (True, 1), (0, False), ("1", 1), ([], {}), ([1, 2], [2, 1])])
def test_values_of_different_types_are_not_equal(found: Any, tested: Any) -> None:
    with pytest.raises(ApiError):
        json_patch({"a": found}, [{"op": "test", "path": "/a", "value": tested}])


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ({"op": "add"}, 400),
        ([{"op": "add", "path": "/a"}], 400),
        ([{"op": "jump", "path": "/a"}], 400),
        ([{"op": "remove", "path": "/absent"}], 422),
        ([{"op": "replace", "path": "/absent/deep", "value": 1}], 422),
        ([{"op": "test", "path": "/a"}], 400),
        ([{"op": "replace", "path": "", "value": 1}], 400),
        ([{"op": "test", "path": "/a", "value": 1}] * (MAX_OPERATIONS + 1), 413),
    ],
)
def test_what_is_not_a_patch_is_refused(operations: Any, code: int) -> None:
    with pytest.raises(ApiError) as caught:
        json_patch({"a": 1}, operations)
    assert caught.value.code == code


CONTAINERS: Json = {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]}


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({"containers": [{"name": "b", "image": "2"}]}, [{"a"}, {"b"}]),
        ({"containers": [{"name": "c"}]}, [{"a"}, {"b"}, {"c"}]),
        ({"containers": [{"name": "a", "$patch": "delete"}]}, [{"b"}]),
        ({"containers": [{"name": "z"}, {"$patch": "replace"}]}, [{"z"}]),
        (
            {
                "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                "containers": [{"name": "a", "image": "2"}],
            },
            [{"b"}, {"a"}],
        ),
        ({"containers": None}, None),
    ],
)
def test_lists_with_a_merge_key_merge_by_it(patch: Json, result: list[set[str]] | None) -> None:
    merged = strategic_merge(CONTAINERS, patch)
    found = merged.get("containers")
    assert (None if found is None else [{entry["name"]} for entry in found]) == result


def test_members_of_a_merged_item_stay() -> None:
    patch = {"containers": [{"name": "a", "env": [{"name": "Y", "value": "2"}]}]}
    container = strategic_merge(CONTAINERS, patch)["containers"][0]
    assert container["image"] == "1"
    assert container["env"] == [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]


def test_directives_of_objects_and_plain_lists() -> None:
    target = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"a": 1}}, "finalizers": ["x", "y"]}
    retained = strategic_merge(target, {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}})
    assert retained["strategy"] == {"type": "Recreate"}
    replaced = strategic_merge(target, {"strategy": {"$patch": "replace", "type": "Recreate"}})
    assert replaced["strategy"] == {"type": "Recreate"}
    added = strategic_merge(target, {"finalizers": ["y", "z"]})
    assert added["finalizers"] == ["x", "y", "z"]
    removed = strategic_merge(target, {"$deleteFromPrimitiveList/finalizers": ["x"]})
    assert removed["finalizers"] == ["y"]


@pytest.mark.parametrize(
    "patch",
    [{"containers": [{"image": "without a name"}]}, {"containers": ["text"]}, {"strategy": {"$patch": "explode"}}],
)
def test_a_patch_that_cannot_be_merged_is_a_400(patch: Json) -> None:
    with pytest.raises(ApiError) as caught:
        strategic_merge(CONTAINERS, patch)
    assert caught.value.code == 400
