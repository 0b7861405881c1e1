"""What a recorded workload looks like at any time, and after the replay's own ways back."""

from __future__ import annotations

from typing import Any

import pytest

from watcher.core.model import Pod, WorkloadView
from watcher.replay.spec import WorkloadSpec
from watcher.replay.workload import RecordedWorkload

START = 1000.0


def pod(name: str, revision: str, created: float, **more: Any) -> dict[str, Any]:
    return {"pod": name, "revision": revision, "created": created, "ready": created + 10, **more}


def recorded(kind: str = "Deployment", **more: Any) -> RecordedWorkload:
    """Two pods of v1; v2 replaces them one by one from 2000 on."""
    spec = {
        "workload": f"{kind}/shop/cart",
        "revisions": [
            {"revision": "v1", "image": "cart:1", "created": 10, "knownGood": True},
            {"revision": "v2", "image": "cart:2", "created": 2000},
        ],
        "pods": [
            pod("a", "v1", 10, terminating=2012, deleted=2017),
            pod("b", "v1", 10, terminating=2032, deleted=2037),
            pod("c", "v2", 2001),
            pod("d", "v2", 2021),
        ],
    }
    return RecordedWorkload(WorkloadSpec.model_validate(spec | more), START)


def look(workload: RecordedWorkload, at: float) -> WorkloadView:
    view = workload.view(at, START)
    assert view is not None
    return view


def seen(workload: RecordedWorkload, at: float, name: str) -> Pod:
    return next(each for each in look(workload, at).pods if each.name == name)


def test_a_rolling_update_goes_on_as_its_pods_say() -> None:
    workload = recorded()
    assert workload.view(5, None) is None
    before, begun, half, done = (look(workload, at) for at in (1500, 2000, 2015, 2032))
    assert (before.current, before.desired, before.updated, before.ready, before.rolled_out) == (1, 2, 2, 2, True)
    assert (begun.current, begun.updated, begun.ready, begun.rolled_out) == (2, 0, 2, False)
    assert (half.updated, half.ready, [each.desired for each in half.revisions]) == (1, 2, [1, 1])
    assert (done.updated, done.ready, done.rolled_out) == (2, 2, True)
    assert [each.deleted for each in look(workload, 2040).pods if each.revision == "v1"] == [2017, 2037]


def test_the_recorded_end_of_a_rollout_counts() -> None:
    revisions = [{"revision": "v1", "created": 10}, {"revision": "v2", "created": 2000, "rolledOut": 2050}]
    workload = recorded(revisions=revisions)
    assert not look(workload, 2049).rolled_out
    assert look(workload, 2050).rolled_out


def test_pods_are_seen_only_while_they_are_followed() -> None:
    workload = recorded()
    unfollowed, late = workload.view(2025, None), workload.view(2025, 2020)
    assert unfollowed is not None
    assert late is not None
    assert (unfollowed.pods, unfollowed.ready) == ((), 2)
    assert [each.name for each in late.pods] == ["b", "c", "d"]


def test_an_old_template_that_comes_back_has_a_new_number() -> None:
    revisions = [{"revision": name, "created": at} for name, at in (("v1", 10), ("v2", 2000), ("v1", 3000))]
    view = look(recorded(revisions=revisions), 3000)
    assert [(each.number, each.name) for each in view.revisions] == [(2, "v2"), (3, "v1")]
    assert view.current == 3


def test_replicas_are_as_recorded() -> None:
    workload = recorded(replicas=[{"at": 10, "desired": 2}, {"at": 1200, "desired": 3}])
    assert [look(workload, at).desired for at in (1100, 1200)] == [2, 3]


@pytest.mark.parametrize(
    ("kind", "more", "wanted"),
    [("Deployment", {}, 0), ("StatefulSet", {}, 1), ("Deployment", {"maxUnavailable": 2}, 2)],
)
def test_how_many_may_be_missing(kind: str, more: dict[str, Any], wanted: int) -> None:
    assert look(recorded(kind, **more), 1500).max_unavailable == wanted


def test_a_container_that_ended_is_not_ready_until_it_is_back() -> None:
    restarts = [{"at": 1100, "reason": "OOMKilled", "back": 1130}, {"at": 1500, "reason": "CrashLoopBackOff"}]
    workload = recorded(pods=[pod("a", "v1", 10, restarts=restarts)])
    well, down, back, loops = (seen(workload, at, "a") for at in (1099, 1100, 1130, 1500))
    assert (well.ready, well.restarts, well.terminated) == (True, 0, "")
    assert (down.ready, down.unready_since, down.terminated, down.waiting) == (False, 1100, "OOMKilled", "")
    assert (back.ready, back.ready_since, back.restarts, back.started) == (True, 1130, 1, (10, 1130))
    assert (loops.ready, loops.waiting, loops.terminated) == (False, "CrashLoopBackOff", "Error")


def test_a_pod_that_cannot_pull_its_image_waits_without_a_restart() -> None:
    restarts = [{"at": 2005, "reason": "ImagePullBackOff"}]
    stuck = seen(recorded(pods=[pod("c", "v2", 2001, ready=[], restarts=restarts)]), 2100, "c")
    assert (stuck.ready, stuck.waiting, stuck.restarts, stuck.terminated) == (False, "ImagePullBackOff", 0, "")
    assert stuck.unready_since == 2001


def test_readiness_may_come_and_go() -> None:
    workload = recorded(pods=[pod("a", "v1", 10, ready=[{"from": 20, "to": 1100}, {"from": 1200}])])
    assert [seen(workload, at, "a").ready_since for at in (1099, 1100, 1200)] == [20, None, 1200]


def test_the_progress_deadline_counts_from_the_last_progress() -> None:
    pods = [pod("a", "v1", 10), pod("b", "v1", 10), pod("c", "v2", 2001), pod("d", "v2", 2021, ready=[])]
    workload = recorded(progressDeadline="2m", pods=pods)
    assert [look(workload, at).deadline_exceeded for at in (2140, 2141)] == [False, True]


def test_a_canary_is_in_progress_beside_the_stable_version() -> None:
    pods = [pod("a", "v1", 10), pod("b", "v1", 10, terminating=2012, deleted=2017), pod("c", "v2", 2001)]
    workload = recorded("Rollout", pods=pods, weights=[{"at": 2001, "canary": 5}, {"at": 2100, "canary": 25}])
    before, early, later = (look(workload, at) for at in (1500, 2050, 9000))
    assert before.rollout is not None
    assert early.rollout is not None
    assert later.rollout is not None
    assert (before.rollout.stable, before.rollout.in_progress, before.rolled_out) == ("v1", False, True)
    assert (early.rollout.stable, early.rollout.current, early.rollout.canary_weight) == ("v1", "v2", 5)
    assert (later.rollout.canary_weight, later.rollout.routed, later.deadline_exceeded) == (25, True, False)


def test_a_hold_and_a_manager_are_read_from_the_annotations() -> None:
    tracking = "shop:apps/Deployment:shop/cart"
    annotations = {"watcher.dev/hold": "sale", "argocd.argoproj.io/tracking-id": tracking}
    view = look(recorded(annotations=annotations), 1500)
    assert view.hold.startswith("sale (annotation watcher.dev/hold on Deployment cart)")
    assert view.manager is not None
    assert (view.manager.tool, view.manager.name) == ("argocd", "shop")


def test_an_undo_shows_at_once_and_until_the_next_recorded_revision() -> None:
    revisions = [{"revision": name, "created": at} for name, at in (("v1", 10), ("v2", 2000), ("v3", 3000))]
    workload = recorded(revisions=revisions)
    workload.undo("v1", "d1", 2100)
    undone, later = look(workload, 2100), look(workload, 3000)
    assert (undone.current, undone.decision, undone.rolled_out) == (3, "d1", True)
    assert [(each.number, each.name) for each in undone.revisions] == [(2, "v2"), (3, "v1")]
    assert {each.revision for each in undone.pods if each.deleted is None} == {"v1"}
    assert (later.current, later.decision, later.newest() is not None) == (4, "", True)
    assert {each.revision for each in later.pods if each.deleted is None} == {"v2"}


def test_an_abort_gives_everything_back_to_the_stable_version() -> None:
    workload = recorded("Rollout")
    assert workload.abort("d1", 2020) == "v1"
    view = look(workload, 2020)
    assert view.rollout is not None
    assert (view.rollout.aborted_at, view.rollout.in_progress, view.decision) == ("2020.000", True, "d1")
    assert [(each.name, each.desired, each.available) for each in view.revisions] == [("v1", 2, 2), ("v2", 0, 0)]
