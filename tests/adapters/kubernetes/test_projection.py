from __future__ import annotations

import json
from typing import Any

import pytest

from watcher.adapters.kubernetes import marks, pods, revisions, rollouts, workloads
from watcher.adapters.kubernetes.fields import share_of
from watcher.core.model import Manager

Json = dict[str, Any]
TEMPLATE: Json = {"metadata": {"labels": {"app": "cart"}}, "spec": {"containers": [{"name": "app", "image": "cart:1"}]}}


def an_object(spec: Json | None = None, status: Json | None = None, **metadata: Any) -> Json:
    return {
        "metadata": {"namespace": "shop", "name": "cart", "uid": "u1", "generation": 2, **metadata},
        "spec": {"template": TEMPLATE, **(spec or {})},
        "status": {"observedGeneration": 2, **(status or {})},
    }


def owned_by(kind: str, name: str = "owner", uid: str = "u0") -> list[Json]:
    return [{"kind": "Helper", "name": "x", "uid": "x"}, {"kind": kind, "name": name, "uid": uid, "controller": True}]


@pytest.mark.parametrize(
    ("replicas", "rolling", "expected"),
    [
        (4, {}, 1),
        (3, {}, 0),  # 25 % of 3 rounded down; the surge of 1 carries the update
        (10, {"maxUnavailable": "25%", "maxSurge": 0}, 2),
        (3, {"maxUnavailable": "25%", "maxSurge": 0}, 1),  # both would be zero
        (5, {"maxUnavailable": 2}, 2),
        (2, {"maxUnavailable": 5}, 2),
        (1, {"maxUnavailable": "100%"}, 1),
    ],
)
def test_unavailability_of_deployments_is_rounded_as_kubernetes_does(
    replicas: int, rolling: Json, expected: int
) -> None:
    raw = an_object({"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}})
    assert workloads.deployment(raw).max_unavailable == expected


def test_recreate_takes_all_pods_away() -> None:
    raw = an_object({"replicas": 3, "strategy": {"type": "Recreate"}})
    assert workloads.deployment(raw).max_unavailable == 3


@pytest.mark.parametrize(
    ("rolling", "expected"),
    [({}, 1), ({"maxUnavailable": "10%"}, 2), ({"maxUnavailable": 0, "maxSurge": 1}, 0), ({"maxUnavailable": 3}, 3)],
)
def test_unavailability_of_daemon_sets_is_rounded_up(rolling: Json, expected: int) -> None:
    raw = an_object({"updateStrategy": {"rollingUpdate": rolling}}, {"desiredNumberScheduled": 11})
    assert workloads.daemon_set(raw).max_unavailable == expected


@pytest.mark.parametrize(("unavailable", "expected"), [(None, 1), (2, 2), ("10%", 1), ("50%", 5)])
def test_unavailability_of_stateful_sets_is_one_at_the_least(unavailable: int | str | None, expected: int) -> None:
    raw = an_object({"replicas": 10, "updateStrategy": {"rollingUpdate": {"maxUnavailable": unavailable}}})
    assert workloads.stateful_set(raw).max_unavailable == expected


def test_shares_are_counts_or_percentages() -> None:
    assert [share_of(value, 7, up=True) for value in (None, 3, "3", "50%")] == [0, 3, 3, 4]
    assert share_of("50%", 7, up=False) == 3


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("shop-app:apps/Deployment:shop/cart", Manager("argocd", "shop-app")),
        ("argocd_shop-app:apps/Deployment:shop/cart", Manager("argocd", "argocd_shop-app")),
        ("shop-app:apps/Deployment:shop/another", None),
        ("shop-app:argoproj.io/Rollout:shop/cart", None),
        ("nonsense", None),
    ],
)
def test_argo_cd_manages_what_its_tracking_id_names(annotation: str, expected: Manager | None) -> None:
    raw = an_object(
        annotations={"argocd.argoproj.io/tracking-id": annotation}, labels={"app.kubernetes.io/instance": "shop-app"}
    )
    assert workloads.deployment(raw).manager == expected


@pytest.mark.parametrize(("tool", "prefix"), [("flux-kustomize", "kustomize"), ("flux-helm", "helm")])
def test_flux_manages_what_bears_its_labels(tool: str, prefix: str) -> None:
    labels = {f"{prefix}.toolkit.fluxcd.io/name": "shop", f"{prefix}.toolkit.fluxcd.io/namespace": "flux-system"}
    assert workloads.deployment(an_object(labels=labels)).manager == Manager(tool, "flux-system/shop")


def test_an_operator_is_named_and_other_owners_are_not() -> None:
    assert workloads.stateful_set(an_object(ownerReferences=owned_by("Prometheus", "k8s"))).owner == "Prometheus/k8s"
    assert workloads.stateful_set(an_object(ownerReferences=owned_by("Prometheus")[:1])).owner == ""


def test_flaggers_primary_is_no_workload_of_its_own() -> None:
    canary = owned_by("Canary", "cart")
    assert workloads.deployment(an_object(name="cart-primary", ownerReferences=canary)).shadow
    assert not workloads.deployment(an_object(name="cart", ownerReferences=canary)).shadow


@pytest.mark.parametrize(
    ("text", "expected"),
    [("payday", "payday (annotation watcher.dev/hold on Deployment cart)"), (" ", "no reason given")],
)
def test_a_hold_says_why_and_where(text: str, expected: str) -> None:
    hold = workloads.deployment(an_object(annotations={"watcher.dev/hold": text})).hold
    assert hold is not None
    assert hold.text.startswith(expected)


def test_a_deployment_that_gave_up_is_told_from_one_that_waits() -> None:
    def with_reason(reason: str) -> Json:
        return an_object(status={"conditions": [{"type": "Progressing", "status": "False", "reason": reason}]})

    assert workloads.deployment(with_reason("ProgressDeadlineExceeded")).deadline_exceeded
    assert not workloads.deployment(with_reason("Paused")).deadline_exceeded


@pytest.mark.parametrize(
    ("observed", "generation", "taken", "reference", "expected"),
    [
        ("2", None, None, False, True),
        ("1", None, None, False, False),
        ("2", "7", "7", True, True),
        ("2", "8", "7", True, False),  # the annotation moves first
        ("1", "7", "7", True, False),
    ],
)
def test_a_rollout_has_seen_its_spec_when_the_strings_agree(
    observed: str, generation: str | None, taken: str | None, reference: bool, expected: bool
) -> None:
    raw = an_object(status={"observedGeneration": observed})
    if reference:
        del raw["spec"]["template"]
        raw["spec"]["workloadRef"] = {"kind": "Deployment", "name": "cart"}
        raw["metadata"]["annotations"] = {"rollout.argoproj.io/workload-generation": generation}
        raw["status"]["workloadObservedGeneration"] = taken
    assert rollouts.rollout(raw).observed is expected


@pytest.mark.parametrize(
    ("phase", "message", "expected"),
    [
        ("Running", "", "running"),
        ("Pending", "", "running"),
        ("Failed", "", "failed"),
        ("Error", "", "failed"),
        ("Successful", "Run Terminated", ""),
        ("Inconclusive", "", ""),
    ],
)
@pytest.mark.parametrize(
    "place",
    [("canary", "currentStepAnalysisRunStatus"), ("blueGreen", "prePromotionAnalysisRunStatus")],
)
def test_analysis_is_read_from_the_rollouts_own_status(
    place: tuple[str, str], phase: str, message: str, expected: str
) -> None:
    status = {place[0]: {place[1]: {"name": "run", "status": phase, "message": message}}}
    assert rollouts.status(an_object(status=status)).analysis == expected


def test_a_routed_canary_says_its_weight() -> None:
    raw = an_object(
        {"strategy": {"canary": {"trafficRouting": {"nginx": {}}, "steps": [{"setWeight": 25}, {"pause": {}}]}}},
        {
            "stableRS": "a",
            "currentPodHash": "b",
            "currentStepIndex": 1,
            "abort": True,
            "abortedAt": "2026-11-23T10:00:00Z",
            "promoteFull": True,
            "canary": {"weights": {"canary": {"weight": 25}}},
            "conditions": [{"type": "InvalidSpec", "status": "True"}],
        },
    )
    status = rollouts.status(raw)
    assert (status.routed, status.canary_weight, status.in_step) == (True, 25, True)
    assert (status.abort, status.promote_full, status.invalid_spec) == (True, True, True)


def test_a_blue_green_rollout_names_the_version_that_serves() -> None:
    raw = an_object({"strategy": {"blueGreen": {}}}, {"blueGreen": {"activeSelector": "a"}})
    assert (rollouts.status(raw).strategy, rollouts.status(raw).active_selector) == ("blueGreen", "a")
    assert rollouts.rollout(raw).max_unavailable == 0


def test_metadata_for_the_time_of_a_canary_makes_no_version() -> None:
    def replica_set(ephemeral: Json) -> Json:
        template = json.loads(json.dumps(TEMPLATE))
        template["metadata"]["labels"] |= {"rollouts-pod-template-hash": "5c8f", **ephemeral.get("labels", {})}
        raw = an_object({"template": template}, ownerReferences=owned_by("Rollout"))
        raw["metadata"]["labels"] = {"rollouts-pod-template-hash": "5c8f"}
        raw["metadata"]["annotations"] = {
            "rollout.argoproj.io/revision": "7",
            "rollout.argoproj.io/ephemeral-metadata": json.dumps(ephemeral),
        }
        return raw

    canary, plain = (revisions.replica_set(replica_set(each)) for each in ({"labels": {"role": "canary"}}, {}))
    assert canary is not None
    assert plain is not None
    assert canary.revision.template_id == plain.revision.template_id
    assert (canary.revision.number, canary.revision.name) == (7, "5c8f")
    assert revisions.kept_template(replica_set({"labels": {"role": "canary"}})) == TEMPLATE


def test_revisions_of_nobody_known_are_ignored() -> None:
    assert revisions.replica_set(an_object(ownerReferences=owned_by("Foo"))) is None
    assert revisions.replica_set(an_object()) is None
    assert revisions.controller_revision({**an_object(ownerReferences=owned_by("StatefulSet")), "data": {}}) is None


def test_a_pod_tells_all_that_availability_is_judged_by() -> None:
    raw = {
        "metadata": {
            "namespace": "shop",
            "name": "cart-1",
            "uid": "p1",
            "creationTimestamp": "2026-11-23T10:00:00Z",
            "deletionTimestamp": "2026-11-23T10:05:30Z",
            "deletionGracePeriodSeconds": 30,
            "labels": {"pod-template-hash": "5c8f"},
            "ownerReferences": owned_by("ReplicaSet", uid="rs1"),
        },
        "spec": {"nodeName": "n1", "containers": [{"name": "app", "image": "cart:1"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T10:00:10Z"}],
            "initContainerStatuses": [
                {"name": "init", "restartCount": 1, "state": {"terminated": {"reason": "Completed"}}}
            ],
            "containerStatuses": [
                {
                    "name": "app",
                    "restartCount": 2,
                    "imageID": "docker.io/cart@sha256:abc",
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"reason": "OOMKilled", "startedAt": "2026-11-23T10:00:05Z"}},
                }
            ],
        },
    }
    slim = pods.pod(raw)
    assert slim is not None
    pod = slim.pod
    start = 1795428000.0
    assert (slim.owner, pod.revision, pod.created, pod.ready_since) == ("rs1", "5c8f", start, start + 10)
    assert (pod.restarts, pod.waiting, pod.terminated) == (3, "CrashLoopBackOff", "OOMKilled")
    assert (pod.started, pod.node, pod.scheduled, pod.terminating) == ((start + 5,), "n1", True, start + 300)
    assert pod.digests == (("cart:1", "sha256:abc"),)
    assert not pod.ready


def a_pod(kind: str, labels: Json, **status: Any) -> Json:
    owners = owned_by(kind, "agent")
    return {
        "metadata": {"namespace": "shop", "name": "p", "uid": "p", "labels": labels, "ownerReferences": owners},
        "spec": {},
        "status": status,
    }


@pytest.mark.parametrize(
    ("kind", "labels", "expected"),
    [
        ("ReplicaSet", {"pod-template-hash": "a", "rollouts-pod-template-hash": "b"}, "b"),
        ("StatefulSet", {"controller-revision-hash": "agent-5c8f"}, "agent-5c8f"),
        ("DaemonSet", {"controller-revision-hash": "5c8f"}, "agent-5c8f"),
        ("DaemonSet", {}, ""),
    ],
)
def test_a_pod_is_joined_to_its_revision(kind: str, labels: Json, expected: str) -> None:
    slim = pods.pod(a_pod(kind, labels))
    assert slim is not None
    assert slim.pod.revision == expected


def test_starting_is_no_trouble_and_eviction_is() -> None:
    starting = [{"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}}]
    slim = pods.pod(a_pod("ReplicaSet", {}, containerStatuses=starting))
    evicted = pods.pod(a_pod("ReplicaSet", {}, phase="Failed", reason="Evicted"))
    assert slim is not None
    assert evicted is not None
    assert (slim.pod.waiting, slim.pod.scheduled) == ("", False)
    assert evicted.pod.terminated == "Evicted"


def test_pods_of_jobs_are_ignored() -> None:
    assert pods.pod(a_pod("Job", {})) is None


@pytest.mark.parametrize(
    "until",
    [
        "tomorrow",
        "2026-11-30T18:00:00",  # whose evening?
        "2026-11-30",
        "9999-12-31T23:59:59-05:00",  # the year 10000 in UTC, which no library can write
        "9999-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_hold_does_not_end_where_its_end_says_no_one_time(until: str) -> None:
    found = an_object(annotations={"watcher.dev/hold": "stocktaking", "watcher.dev/hold-until": until})
    hold = workloads.deployment(found).hold
    everything = marks.config_map_hold({**found, "data": {"reason": "stocktaking", "until": until}})
    for each in (hold, everything):
        assert each is not None
        assert each.until is None
        assert each.text.startswith("stocktaking (")
        assert "no RFC 3339 time" in each.text


@pytest.mark.parametrize("until", ["2026-11-30T18:00:00Z", "2026-11-30T20:00:00+02:00", " 2026-11-30t10:00:00-08:00 "])
def test_a_hold_ends_at_the_time_that_its_offset_makes_it(until: str) -> None:
    found = an_object(annotations={"watcher.dev/hold": "stocktaking", "watcher.dev/hold-until": until})
    hold = workloads.deployment(found).hold
    assert hold is not None
    assert hold.until == 1796061600.0
