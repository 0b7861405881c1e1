"""Objects the tests create. Image tags ask for behaviour: `neverready` runs and never gets Ready."""

from __future__ import annotations

from typing import Any

from tests.contract.kubernetes.api import Json


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> Json:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels or {}}, "data": data}


def template(name: str, image: str) -> Json:
    """A pod template with one container called `app`."""
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": image}]}}


def workload(version: str, kind: str, name: str, image: str, **spec: Any) -> Json:
    """A workload that selects its pods by the label `app`."""
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name, image), **spec},
    }


def deployment(name: str, image: str = "shop/web:1", **spec: Any) -> Json:
    """A Deployment of two pods."""
    return workload("apps/v1", "Deployment", name, image, **{"replicas": 2, **spec})


def stateful_set(name: str, image: str = "shop/db:1", **spec: Any) -> Json:
    """A StatefulSet of two pods."""
    return workload("apps/v1", "StatefulSet", name, image, **{"replicas": 2, "serviceName": name, **spec})


def daemon_set(name: str, image: str = "shop/agent:1", **spec: Any) -> Json:
    """A DaemonSet."""
    return workload("apps/v1", "DaemonSet", name, image, **spec)


def rollout(name: str, image: str = "shop/cart:1", **spec: Any) -> Json:
    """A Rollout of four pods that stays at 25 % until it is promoted."""
    canary = {"steps": [{"setWeight": 25}, {"pause": {}}], "maxSurge": 1, "maxUnavailable": 0}
    more = {"replicas": 4, "strategy": {"canary": canary}, **spec}
    return workload("argoproj.io/v1alpha1", "Rollout", name, image, **more)


def with_image(image: str) -> Json:
    """A merge patch that gives the one container another image."""
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}}


def condition(obj: Json, kind: str) -> Json:
    """The condition of that type, empty when absent."""
    found = [entry for entry in obj.get("status", {}).get("conditions", []) if entry["type"] == kind]
    return dict(found[0]) if found else {}


def complete(obj: Json) -> bool:
    """Whether a Deployment or StatefulSet is fully rolled out and the controller has seen its newest spec."""
    status, size = obj.get("status", {}), obj["spec"]["replicas"]
    observed = status.get("observedGeneration", 0) >= obj["metadata"]["generation"]
    return observed and all(
        status.get(field, 0) == size for field in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    )


def revision(obj: Json) -> str:
    """The revision annotation of a Deployment or of one of its ReplicaSets."""
    return str(obj["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", ""))
