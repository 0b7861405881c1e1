"""Manifests of workloads for the scenarios. Names of pods' container and label are ``app`` and the workload's name."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from tests.e2e.controlplane import Json


def pod_template(name: str, image: str, annotations: dict[str, str] | None = None, **spec: Any) -> Json:
    """A pod template with one container; ``spec`` adds to the pod's spec."""
    metadata: Json = {"labels": {"app": name}} | ({"annotations": annotations} if annotations else {})
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": image}], **spec}}


def with_image(manifest: Json, image: str, annotations: dict[str, str] | None = None) -> Json:
    """The same workload with another image, and with these annotations on its pods."""
    template = copy.deepcopy(manifest["spec"]["template"])
    template["spec"]["containers"][0]["image"] = image
    if annotations:
        template["metadata"]["annotations"] = annotations
    return {**manifest, "spec": {**manifest["spec"], "template": template}}


def _workload(version: str, kind: str, namespace: str, name: str, image: str, **spec: Any) -> Json:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": pod_template(name, image), **spec},
    }


def deployment(namespace: str, name: str, image: str, replicas: int = 4, **spec: Any) -> Json:
    """A Deployment; ``spec`` adds to its spec or replaces parts of it."""
    return _workload("apps/v1", "Deployment", namespace, name, image, replicas=replicas, **spec)


def stateful_set(namespace: str, name: str, image: str, replicas: int = 3, **spec: Any) -> Json:
    """A StatefulSet (OrderedReady unless ``spec`` says otherwise)."""
    return _workload("apps/v1", "StatefulSet", namespace, name, image, replicas=replicas, serviceName=name, **spec)


def daemon_set(namespace: str, name: str, image: str, **spec: Any) -> Json:
    """A DaemonSet: one pod a node."""
    return _workload("apps/v1", "DaemonSet", namespace, name, image, **spec)


PAUSE_AT_25_PERCENT: Sequence[Json] = ({"setWeight": 25}, {"pause": {}})

# The second pause begins when nothing else moves, so no later event makes the controller look at the Rollout again.
# Rollouts 1.9.3 then loses an abort that lands 20 to 50 ms after its status shows step 2 with a pause condition, and
# acts on one that lands 100 ms after it.
PAUSE_THAT_LOSES_ABORTS: Sequence[Json] = ({"setWeight": 25}, {"pause": {"duration": "2s"}}, {"pause": {}})


def rollout(
    namespace: str, name: str, image: str, replicas: int = 4, steps: Sequence[Json] = PAUSE_AT_25_PERCENT, **spec: Any
) -> Json:
    """An Argo Rollout with the canary strategy; without other ``steps`` it stays at 25 % until promoted."""
    strategy = {"canary": {"steps": list(steps), "maxSurge": 1, "maxUnavailable": 0}}
    more = {"replicas": replicas, "strategy": strategy, **spec}
    return _workload("argoproj.io/v1alpha1", "Rollout", namespace, name, image, **more)


def rolled_out(live: Json) -> bool:
    """Whether the controller has finished: every pod is of the current template and available."""
    status = live.get("status", {})
    if str(status.get("observedGeneration")) != str(live["metadata"]["generation"]):
        return False
    if live["kind"] == "Rollout":
        return bool(status.get("phase") == "Healthy")
    if live["kind"] == "DaemonSet":
        wanted, fields = status["desiredNumberScheduled"], ["updatedNumberScheduled", "numberAvailable"]
    else:
        wanted, fields = live["spec"]["replicas"], ["replicas", "updatedReplicas", "availableReplicas"]
    return all(status.get(field, 0) == wanted for field in fields)
