"""The ReplicaSet controller: as many pods as asked for, and a status that counts them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import active_pods, available_in, is_ready, new_pod, soonest
from watcher.sandbox.kubernetes.kinds import POD, REPLICA_SET
from watcher.sandbox.kubernetes.objects import Json, controller_of, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

_COMPONENT = "replicaset-controller"


class ReplicaSetController:
    """Creates and deletes the pods of ReplicaSets."""

    name = _COMPONENT

    def __init__(self, world: World) -> None:
        self._world = world

    def concerns(self, change: Change) -> Iterable[Key]:
        """ReplicaSets and their pods."""
        if change.kind is REPLICA_SET and change.type != "DELETED":
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is POD:
            owner = controller_of(change.object)
            if owner is not None and owner["kind"] == REPLICA_SET.kind:
                yield namespace_of(change.object), owner["name"]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One look at the ReplicaSet."""
        rs = self._world.find(REPLICA_SET, namespace, name)
        if rs is None or is_terminating(rs):
            return None
        pods = active_pods(self._world, rs)
        missing = int(rs["spec"]["replicas"]) - len(pods)
        for _ in range(missing):
            self._create_pod(rs)
        for pod in _deletion_order(pods)[: max(0, -missing)]:
            self._world.delete(POD, pod)
            self._world.events.normal(_COMPONENT, rs, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        return self._count(rs)

    def _create_pod(self, rs: Json) -> None:
        name = f"{name_of(rs)}-{self._world.registry.suffix()}"
        pod = new_pod(REPLICA_SET, rs, rs["spec"]["template"], name, {})
        pod["metadata"]["generateName"] = f"{name_of(rs)}-"
        self._world.create(POD, namespace_of(rs), pod, _COMPONENT)
        self._world.events.normal(_COMPONENT, rs, "SuccessfulCreate", f"Created pod: {name}")

    def _count(self, rs: Json) -> float | None:
        """Writes the status; seconds until a ready pod counts as available."""
        pods = active_pods(self._world, rs)
        min_ready = int(rs["spec"].get("minReadySeconds", 0))
        waits = [available_in(pod, min_ready, self._world.now()) for pod in pods]
        status: Json = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": sum(is_ready(pod) for pod in pods),
            "availableReplicas": sum(wait == 0 for wait in waits),
            "observedGeneration": rs["metadata"]["generation"],
        }
        status = {key: value for key, value in status.items() if value or key == "replicas"}
        self._world.set_status(REPLICA_SET, rs, status, _COMPONENT)
        return soonest(*waits)


def _deletion_order(pods: list[Json]) -> list[Json]:
    """Pods that do not run go before running ones, unready before ready, young before old."""
    young_first = sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)
    return sorted(young_first, key=lambda pod: (pod["status"].get("phase") == "Running", is_ready(pod)))
