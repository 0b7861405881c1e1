"""Projects pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watcher.adapters.kubernetes.fields import Json, at, condition, controller, count, created, labels_of, seconds
from watcher.adapters.kubernetes.slim import SlimPod
from watcher.core.measuring.versions import HASH_LABELS, names_a_version
from watcher.core.model import Pod

_ORDINARY = {"ContainerCreating", "PodInitializing"}
_POD_LABEL = {"ReplicaSet": ("rollouts-pod-template-hash", "pod-template-hash")}


def pod(raw: Json) -> SlimPod | None:
    """Project a pod; None for one whose controller is no ReplicaSet, StatefulSet or DaemonSet."""
    owner = controller(raw)
    if owner is None or owner.kind not in ("ReplicaSet", "StatefulSet", "DaemonSet"):
        return None
    metadata = raw["metadata"]
    ready = condition(raw, "Ready")
    changed = seconds(ready.get("lastTransitionTime"))
    return SlimPod(
        namespace=metadata["namespace"],
        owner=owner.uid,
        pod=Pod(
            name=metadata["name"],
            uid=metadata["uid"],
            revision=_revision(raw, owner.kind, owner.name),
            created=created(raw),
            ready_since=changed if ready.get("status") == "True" else None,
            unready_since=None if ready.get("status") == "True" else changed,
            started=tuple(sorted(set(_starts(raw)))),
            restarts=sum(count(each, "restartCount") for each in _statuses(raw)),
            waiting=_waiting(raw),
            terminated=_terminated(raw),
            scheduled=bool(at(raw, "spec", "nodeName")),
            node=at(raw, "spec", "nodeName") or "",
            terminating=_terminating(raw),
            digests=tuple(_digests(raw)),
            versions=tuple(sorted(each for each in labels_of(raw).items() if _is_kept(each[0]))),
            scheduled_at=_scheduled_at(raw),
        ),
    )


def _is_kept(label: str) -> bool:
    return names_a_version(label) and label not in HASH_LABELS


def _revision(raw: Json, kind: str, owner: str) -> str:
    """The name that joins it to its revision; a DaemonSet's pods carry the ControllerRevision's hash alone."""
    for label in _POD_LABEL.get(kind, ()):
        if label in labels_of(raw):
            return labels_of(raw)[label]
    value = labels_of(raw).get("controller-revision-hash", "")
    return f"{owner}-{value}" if kind == "DaemonSet" and value else value


def _scheduled_at(raw: Json) -> float | None:
    scheduled = condition(raw, "PodScheduled")
    return seconds(scheduled.get("lastTransitionTime")) if scheduled.get("status") == "True" else None


def _statuses(raw: Json) -> Iterator[Json]:
    for field in ("initContainerStatuses", "containerStatuses"):
        yield from at(raw, "status", field) or ()


def _starts(raw: Json) -> Iterator[float]:
    """When each container began, now and the time before: its counters began anew then."""
    for status in at(raw, "status", "containerStatuses") or ():
        for place in (("state", "running"), ("state", "terminated"), ("lastState", "terminated")):
            start = seconds(at(status, *place, "startedAt"))
            if start is not None:
                yield start


def _waiting(raw: Json) -> str:
    return _first(
        reason for each in _statuses(raw) if (reason := at(each, "state", "waiting", "reason")) not in _ORDINARY
    )


def _terminated(raw: Json) -> str:
    """Reason of the last termination of a container, or of the whole pod (Evicted, ...)."""
    reasons = (at(each, place, "terminated", "reason") for each in _statuses(raw) for place in ("state", "lastState"))
    of_pod = at(raw, "status", "reason") if at(raw, "status", "phase") == "Failed" else None
    return of_pod or _first(reason for reason in reasons if reason != "Completed")


def _first(reasons: Iterable[str | None]) -> str:
    return next((reason for reason in reasons if reason), "")


def _terminating(raw: Json) -> float | None:
    """When it was told to go: `deletionTimestamp` is when its grace period ends."""
    end = seconds(at(raw, "metadata", "deletionTimestamp"))
    return None if end is None else end - count(raw, "metadata", "deletionGracePeriodSeconds")


def _digests(raw: Json) -> Iterator[tuple[str, str]]:
    images = {each.get("name"): each.get("image", "") for each in at(raw, "spec", "containers") or ()}
    for status in at(raw, "status", "containerStatuses") or ():
        _, found, digest = (status.get("imageID") or "").rpartition("sha256:")
        if found and status.get("name") in images:
            yield images[status["name"]], f"sha256:{digest}"
