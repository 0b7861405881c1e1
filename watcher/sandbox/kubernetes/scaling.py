"""The `/scale` subresource: an `autoscaling/v1` Scale as a view of a workload."""

from __future__ import annotations

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.selectors import label_text

_SHARED_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def as_scale(workload: Json) -> Json:
    """The Scale that shows the workload's size."""
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {part: workload["metadata"][part] for part in _SHARED_METADATA},
        "spec": {"replicas": workload["spec"].get("replicas", 1)},
        "status": {
            "replicas": (workload.get("status") or {}).get("replicas", 0),
            "selector": label_text(workload["spec"].get("selector")),
        },
    }


def scaled(workload: Json, scale: Json) -> Json:
    """The workload at the size the Scale asks for; its resource version stays a precondition. Raises 400."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        raise errors.bad_request(f"spec.replicas of a Scale must be a whole number, got {replicas!r}")
    metadata = dict(workload["metadata"])
    if "resourceVersion" in (scale.get("metadata") or {}):
        metadata["resourceVersion"] = scale["metadata"]["resourceVersion"]
    return {**workload, "metadata": metadata, "spec": {**workload["spec"], "replicas": replicas}}
