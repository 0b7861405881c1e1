"""When a way back can be rehearsed, what is broken for it, and what counts as different afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.test_coverage import NOW, running
from watcher.core import rehearsal
from watcher.core.drill import BROKEN_TAG, DRILL, MOST_DIFFERENCES, broken, differences, missing, steps
from watcher.core.gitops import Application
from watcher.core.model import Frozen, Manager, PastRollback, Surroundings, WorkloadView
from watcher.core.policy import Limit, Policy
from watcher.core.state import WorkloadState
from watcher.core.words import Mode, Rung

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


def test_what_a_controller_writes_out_though_it_means_nothing_is_no_difference() -> None:
    container = {"name": "app", "env": [{"name": "A", "value": ""}]}
    before = {"containers": [container]}
    after: dict[str, object] = {"containers": [container | {"resources": {}, "lifecycle": None}]}
    assert differences(before, after) == differences(after, before) == ()
    limited = {"containers": [container | {"resources": {"limits": {"cpu": "1"}}}]}
    assert differences(before, limited) == ("containers[0].resources: was not there, is {'limits': {'cpu': '1'}}",)
    assert differences({"emptyDir": {}}, {}) == ("emptyDir: was {}, is not there",)


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


ACT = Policy(mode=Mode.ACT)
NOTHING = Surroundings()
SYNCED = Application("argocd", "argocd/shop", synced=True, healthy=True, automated=True)


def obstacles(
    policy: Policy = ACT,
    around: Surroundings = NOTHING,
    **changes: Any,
) -> tuple[str, ...]:
    view, state = running()
    of_state = {key: changes.pop(key) for key in ("last_rollback", "known_good") if key in changes}
    return told(replace(state, **of_state), replace(view, **changes), policy, around)


def told(state: WorkloadState | None, view: WorkloadView, policy: Policy, around: Surroundings) -> tuple[str, ...]:
    found = rehearsal.obstacles(state, view, policy, around, NOW)
    assert all(each.remedy for each in found)
    return tuple(each.what for each in found)


def test_where_a_bad_release_would_be_undone_a_rehearsal_can_be_held() -> None:
    assert obstacles() == ()
    assert rehearsal.rungs(running()[0], ACT) == (Rung.UNDO,)


def test_an_abort_that_git_makes_last_is_rehearsed_with_the_revert() -> None:
    view, _ = running(SimulatedRollout())
    assert rehearsal.rungs(view, ACT) == (Rung.ABORT,)
    managed = replace(view, manager=Manager("argocd", "shop"), application=SYNCED)
    assert rehearsal.rungs(managed, ACT) == (Rung.ABORT, Rung.GIT)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"policy": Policy(mode=Mode.OBSERVE)}, "its mode is observe"),
        ({"policy": replace(ACT, rungs=((Rung.UNDO, Mode.PROPOSE),))}, "rung undo is only propose"),
        ({"policy": replace(ACT, never=True)}, "the workload is on the never list"),
        ({"hold": "stocktaking"}, "it is held: stocktaking"),
        ({"owner": "Postgres/db"}, "it is owned by Postgres/db"),
        ({"paused": True}, "it is paused"),
        ({"ready": 0}, "it is not rolled out"),
        ({"known_good": ()}, "what runs is not known good yet"),
        ({"last_rollback": NOW - 60.0}, "it was rolled back 60 s ago and is cooling down"),
        ({"around": Surroundings(frozen=(Frozen("year-end", NOW + 60.0),))}, "the freeze window year-end is open"),
        (
            {
                "policy": replace(ACT, breaker=Limit(1, 3600.0)),
                "around": Surroundings(rollbacks=(PastRollback(NOW - 1.0, "pay", "p/2"),)),
            },
            "the breaker is open",
        ),
        (
            {"application": replace(SYNCED, synced=False), "manager": Manager("argocd", "shop")},
            "argocd argocd/shop is not synced and healthy",
        ),
        (
            {"application": replace(SYNCED, automated=False), "manager": Manager("argocd", "shop")},
            "argocd argocd/shop does not sync by itself, so no commit releases anything",
        ),
    ],
)
def test_what_would_keep_a_bad_release_from_being_undone_is_told_beforehand(change: dict[str, Any], what: str) -> None:
    assert what in obstacles(**change)
