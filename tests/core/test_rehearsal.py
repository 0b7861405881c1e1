"""When a way back can be rehearsed, what is broken for it, and what counts as different afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from watcher.core.drill import BROKEN_TAG, DRILL, MOST_DIFFERENCES, broken, differences, missing, steps

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "cart"}},
    "spec": {"containers": [{"name": "app", "image": "shop/cart:1.9"}, {"name": "proxy", "image": "proxy:1"}]},
}


def test_the_image_of_the_first_container_is_one_that_is_not_there() -> None:
    found = broken(TEMPLATE, "9c41d0e2")
    assert [each["image"] for each in found["spec"]["containers"]] == [f"shop/cart:{BROKEN_TAG}9c41d0e2", "proxy:1"]
    assert found["metadata"] == {"labels": {"app": "cart"}, "annotations": {DRILL: "9c41d0e2"}}
    assert "annotations" not in TEMPLATE["metadata"], "the original is as it was"


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("cart", "cart"),
        ("cart:1", "cart"),
        ("registry:5000/shop/cart", "registry:5000/shop/cart"),
        ("registry:5000/shop/cart:1.9@sha256:00", "registry:5000/shop/cart"),
    ],
)
def test_a_missing_image_is_of_the_same_repository(image: str, path: str) -> None:
    assert missing(image, "x1") == f"{path}:{BROKEN_TAG}x1"


def test_a_fault_switch_is_set_and_the_image_kept() -> None:
    switched = broken(TEMPLATE, "x1", "env:FAULT=errors=20")
    assert switched["spec"]["containers"][0] == {
        "name": "app",
        "image": "shop/cart:1.9",
        "env": [{"name": "FAULT", "value": "errors=20"}],
    }
    assert broken(switched, "x2", "env:FAULT=none")["spec"]["containers"][0]["env"] == [
        {"name": "FAULT", "value": "none"}
    ]
    noted = broken(TEMPLATE, "x1", "annotation:shop.example/fault=errors")
    assert noted["metadata"]["annotations"] == {DRILL: "x1", "shop.example/fault": "errors"}
    assert noted["spec"] == TEMPLATE["spec"]


@pytest.mark.parametrize("fault", ["errors", "env:FAULT", "label:a=b", "env:=x"])
def test_another_fault_is_refused(fault: str) -> None:
    with pytest.raises(ValueError, match="env:NAME=VALUE"):
        broken(TEMPLATE, "x1", fault)


def test_differences_name_field_old_and_new_value() -> None:
    before = {"spec": {"replicas": 4, "containers": [{"image": "a:1"}]}, "annotations": {"team": "shop"}}
    after = {"spec": {"replicas": 3, "containers": [{"image": "a:2"}]}, "annotations": {"owner": "x" * 200}}
    assert differences(before, before) == ()
    assert differences(before, after) == (
        f"annotations.owner: was not there, is '{'x' * 78}…",
        "annotations.team: was 'shop', is not there",
        "spec.containers[0].image: was 'a:1', is 'a:2'",
        "spec.replicas: was 4, is 3",
    )


def test_very_many_differences_are_counted() -> None:
    found = differences({}, {f"k{n:03}": n for n in range(MOST_DIFFERENCES + 7)})
    assert len(found) == MOST_DIFFERENCES + 1
    assert found[-1] == "7 more fields"


def test_steps_count_from_the_bad_release() -> None:
    decision = {
        "first_bad_at": 99.0,
        "decided_at": 110.04,
        "rungs": [{"rung": "abort", "at": None, "took_s": None}, {"rung": "undo", "at": 111.0, "took_s": 4.26}],
        "restored_at": None,
    }
    assert steps(decision, 100.0) == {"breach": 0.0, "decided": 10.0, "undo done": 15.3}
