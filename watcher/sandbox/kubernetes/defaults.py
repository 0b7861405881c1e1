"""Defaults that the API server writes into the objects of the apps group and into pods.

A client that compares templates meets them: the ReplicaSet of a Rollout carries defaults that the Rollout, a
custom resource without any, does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from watcher.sandbox.kubernetes.kinds import CONFIG_MAP, DAEMON_SET, DEPLOYMENT, JOB, NAMESPACE, POD, REPLICA_SET, Kind
from watcher.sandbox.kubernetes.kinds import STATEFUL_SET as STATEFUL
from watcher.sandbox.kubernetes.objects import Json

PROGRESS_DEADLINE_SECONDS = 600
REVISION_HISTORY_LIMIT = 10


def apply_defaults(kind: Kind, obj: Json) -> None:
    """Fills in, in place, what the request left out."""
    fill = _DEFAULTS.get(kind.plural)
    if fill is not None:
        fill(obj)


def default_template(template: Json) -> None:
    """Defaults of a pod template, in place."""
    template.setdefault("metadata", {})
    _pod_spec(template.setdefault("spec", {}))


def _pod_spec(spec: Json) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        if isinstance(container, dict):
            _container(container)


def _container(container: Json) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(str(container.get("image", ""))))
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")


def _pull_policy(image: str) -> str:
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return "Always" if tag in {"", "latest"} and "@" not in image else "IfNotPresent"


def _deployment(obj: Json) -> None:
    spec: Json = obj["spec"]
    spec.setdefault("replicas", 1)
    default_template(spec["template"])
    strategy: Json = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling: Json = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    spec.setdefault("revisionHistoryLimit", REVISION_HISTORY_LIMIT)
    spec.setdefault("progressDeadlineSeconds", PROGRESS_DEADLINE_SECONDS)


def _replica_set(obj: Json) -> None:
    spec: Json = obj["spec"]
    spec.setdefault("replicas", 1)
    default_template(spec["template"])


def _stateful_set(obj: Json) -> None:
    spec: Json = obj["spec"]
    spec.setdefault("replicas", 1)
    default_template(spec["template"])
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy: Json = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    spec.setdefault("revisionHistoryLimit", REVISION_HISTORY_LIMIT)
    spec.setdefault("persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"})


def _daemon_set(obj: Json) -> None:
    spec: Json = obj["spec"]
    default_template(spec["template"])
    strategy: Json = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling: Json = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", REVISION_HISTORY_LIMIT)


def _job(obj: Json) -> None:
    """With the labels that join its pods to it."""
    spec, name = obj["spec"], obj["metadata"]["name"]
    default_template(spec["template"])
    for key, value in (("backoffLimit", 6), ("completions", 1), ("parallelism", 1), ("suspend", False)):
        spec.setdefault(key, value)
    labels = spec["template"]["metadata"].setdefault("labels", {})
    labels |= {"job-name": name, "batch.kubernetes.io/job-name": name}


def _pod(obj: Json) -> None:
    spec: Json = obj["spec"]
    _pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("serviceAccountName", "default")


def _namespace(obj: Json) -> None:
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    labels: dict[str, Any] = obj["metadata"].setdefault("labels", {})
    labels.setdefault("kubernetes.io/metadata.name", obj["metadata"]["name"])


def _config_map(obj: Json) -> None:
    for part in ("data", "binaryData"):
        if part in obj and obj[part] is None:
            del obj[part]


_DEFAULTS: dict[str, Callable[[Json], None]] = {
    DEPLOYMENT.plural: _deployment,
    REPLICA_SET.plural: _replica_set,
    STATEFUL.plural: _stateful_set,
    DAEMON_SET.plural: _daemon_set,
    JOB.plural: _job,
    POD.plural: _pod,
    NAMESPACE.plural: _namespace,
    CONFIG_MAP.plural: _config_map,
}
