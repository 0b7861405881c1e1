"""Projects Deployments, StatefulSets and DaemonSets."""

from __future__ import annotations

from watcher.adapters.kubernetes import marks
from watcher.adapters.kubernetes.fields import Json, annotations_of, at, condition, count, labels_of, share_of
from watcher.adapters.kubernetes.slim import SlimWorkload
from watcher.core.deciding.holding import Scope
from watcher.core.keepers.keeper import BRIDGE
from watcher.core.model import Workload
from watcher.core.template import template_id
from watcher.core.words import Kind

REVISION = "deployment.kubernetes.io/revision"


def deployment(raw: Json) -> SlimWorkload:
    """Project a Deployment."""
    desired = count(raw, "spec", "replicas", default=1)
    workload = _name(raw, Kind.DEPLOYMENT)
    return SlimWorkload(
        workload=workload,
        uid=raw["metadata"]["uid"],
        generation=count(raw, "metadata", "generation"),
        observed=_observed(raw),
        template_id=template_id(raw["spec"]["template"]),
        number=revision_number(annotations_of(raw).get(REVISION)),
        pointer="",
        desired=desired,
        updated=count(raw, "status", "updatedReplicas"),
        ready=count(raw, "status", "readyReplicas"),
        available=count(raw, "status", "availableReplicas"),
        max_unavailable=_deployment_unavailable(raw, desired),
        deadline_exceeded=deadline_exceeded(raw),
        paused=bool(at(raw, "spec", "paused")),
        labels=tuple(sorted(labels_of(raw).items())),
        hold=marks.hold({"kind": "Deployment", **raw}, Scope(workload.namespace, workload)),
        approval=marks.approval(raw),
        decision=annotations_of(raw).get(marks.DECISION, ""),
        bridge=annotations_of(raw).get(BRIDGE, ""),
        manager=marks.manager(raw, "Deployment", "apps"),
        owner=marks.operator(raw),
        shadow=marks.is_flagger_primary(raw),
    )


def stateful_set(raw: Json) -> SlimWorkload:
    """Project a StatefulSet."""
    desired = count(raw, "spec", "replicas", default=1)
    unavailable = at(raw, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
    workload = _name(raw, Kind.STATEFUL_SET)
    return SlimWorkload(
        workload=workload,
        uid=raw["metadata"]["uid"],
        generation=count(raw, "metadata", "generation"),
        observed=_observed(raw),
        template_id=template_id(raw["spec"]["template"]),
        number=0,
        pointer=at(raw, "status", "updateRevision") or "",
        desired=desired,
        updated=count(raw, "status", "updatedReplicas"),
        ready=count(raw, "status", "readyReplicas"),
        available=count(raw, "status", "availableReplicas"),
        max_unavailable=max(1, share_of(unavailable, desired, up=False)),
        labels=tuple(sorted(labels_of(raw).items())),
        hold=marks.hold({"kind": "StatefulSet", **raw}, Scope(workload.namespace, workload)),
        approval=marks.approval(raw),
        decision=annotations_of(raw).get(marks.DECISION, ""),
        bridge=annotations_of(raw).get(BRIDGE, ""),
        manager=marks.manager(raw, "StatefulSet", "apps"),
        owner=marks.operator(raw),
        on_delete=at(raw, "spec", "updateStrategy", "type") == "OnDelete",
    )


def daemon_set(raw: Json) -> SlimWorkload:
    """Project a DaemonSet."""
    desired = count(raw, "status", "desiredNumberScheduled")
    workload = _name(raw, Kind.DAEMON_SET)
    return SlimWorkload(
        workload=workload,
        uid=raw["metadata"]["uid"],
        generation=count(raw, "metadata", "generation"),
        observed=_observed(raw),
        template_id=template_id(raw["spec"]["template"]),
        number=0,
        pointer="",
        desired=desired,
        updated=count(raw, "status", "updatedNumberScheduled"),
        ready=count(raw, "status", "numberReady"),
        available=count(raw, "status", "numberAvailable"),
        max_unavailable=_daemon_set_unavailable(raw, desired),
        labels=tuple(sorted(labels_of(raw).items())),
        hold=marks.hold({"kind": "DaemonSet", **raw}, Scope(workload.namespace, workload)),
        approval=marks.approval(raw),
        decision=annotations_of(raw).get(marks.DECISION, ""),
        bridge=annotations_of(raw).get(BRIDGE, ""),
        manager=marks.manager(raw, "DaemonSet", "apps"),
        owner=marks.operator(raw),
        on_delete=at(raw, "spec", "updateStrategy", "type") == "OnDelete",
        shadow=marks.is_flagger_primary(raw),
    )


def revision_number(text: str | None) -> int:
    """The number in a revision annotation; 0 where there is none."""
    return int(text) if text and text.isdecimal() else 0


def deadline_exceeded(raw: Json) -> bool:
    """Whether the controller gave up waiting for progress."""
    progressing = condition(raw, "Progressing")
    return progressing.get("status") == "False" and progressing.get("reason") == "ProgressDeadlineExceeded"


def rolling_unavailable(unavailable: int | str | None, surge: int | str | None, desired: int) -> int:
    """How many pods may be missing during a rolling update, as Deployments and canaries resolve it.

    Both default to 25 %; the surge is rounded up, the other down; where both come out as zero it is one.
    """
    missing = share_of("25%" if unavailable is None else unavailable, desired, up=False)
    more = share_of("25%" if surge is None else surge, desired, up=True)
    return min(desired, missing or (0 if more else 1))


def _deployment_unavailable(raw: Json, desired: int) -> int:
    if at(raw, "spec", "strategy", "type") == "Recreate":
        return desired
    rolling = at(raw, "spec", "strategy", "rollingUpdate") or {}
    return rolling_unavailable(rolling.get("maxUnavailable"), rolling.get("maxSurge"), desired)


def _daemon_set_unavailable(raw: Json, desired: int) -> int:
    rolling = at(raw, "spec", "updateStrategy", "rollingUpdate") or {}
    surge = share_of(rolling.get("maxSurge"), desired, up=True)
    unavailable = rolling.get("maxUnavailable")
    return share_of(1 if unavailable is None else unavailable, desired, up=True) or (0 if surge else 1)


def _name(raw: Json, kind: Kind) -> Workload:
    return Workload(kind, raw["metadata"]["namespace"], raw["metadata"]["name"])


def _observed(raw: Json) -> bool:
    return count(raw, "status", "observedGeneration") >= count(raw, "metadata", "generation")
