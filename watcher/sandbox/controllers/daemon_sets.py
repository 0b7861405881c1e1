"""The DaemonSet controller: one pod on every node, replaced within maxUnavailable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.revisions import History
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import active_pods, available_in, is_ready, new_pod, share, soonest
from watcher.sandbox.kubernetes.kinds import DAEMON_SET, NODE, POD
from watcher.sandbox.kubernetes.objects import Json, controller_of, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

_COMPONENT = "daemonset-controller"
_HASH_LABEL = "controller-revision-hash"


class DaemonSetController:
    """Keeps the pods of DaemonSets."""

    name = _COMPONENT

    def __init__(self, world: World) -> None:
        self._world = world
        self._history = History(world, DAEMON_SET, _HASH_LABEL, _COMPONENT)

    def concerns(self, change: Change) -> Iterable[Key]:
        """DaemonSets and their pods."""
        if change.kind is DAEMON_SET and change.type != "DELETED":
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is POD:
            owner = controller_of(change.object)
            if owner is not None and owner["kind"] == DAEMON_SET.kind:
                yield namespace_of(change.object), owner["name"]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One step of the DaemonSet."""
        found = self._world.find(DAEMON_SET, namespace, name)
        if found is None or is_terminating(found):
            return None
        revision = self._history.current(found)
        letters = revision["metadata"]["labels"][_HASH_LABEL]
        if found["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self._replace(found, letters)
        self._fill(found, revision)
        self._world.set_status(DAEMON_SET, found, self._status(found, letters), _COMPONENT)
        pods = active_pods(self._world, found)
        self._history.prune(found, {name_of(revision)}, pods)
        return soonest(*(self._available_in(found, pod) for pod in pods))

    def _available_in(self, owner: Json, pod: Json) -> float | None:
        return available_in(pod, int(owner["spec"].get("minReadySeconds", 0)), self._world.now())

    def _fill(self, owner: Json, revision: Json) -> None:
        """A pod for each node that has none, not even one that is ending."""
        taken = {pod["spec"].get("nodeName") for pod in self._world.owned(POD, owner)}
        labels = {
            _HASH_LABEL: revision["metadata"]["labels"][_HASH_LABEL],
            "pod-template-generation": str(revision["revision"]),
        }
        for node in self._world.registry.store.objects(NODE):
            if name_of(node) in taken:
                continue
            name = f"{name_of(owner)}-{self._world.registry.suffix()}"
            pod = new_pod(DAEMON_SET, owner, owner["spec"]["template"], name, labels)
            pod["metadata"]["generateName"] = f"{name_of(owner)}-"
            pod["spec"]["nodeName"] = name_of(node)
            self._world.create(POD, namespace_of(owner), pod, _COMPONENT)
            self._world.events.normal(_COMPONENT, owner, "SuccessfulCreate", f"Created pod: {name}")

    def _replace(self, owner: Json, letters: str) -> None:
        """Deletes old pods: those out of service at once, the others as long as enough stay available."""
        nodes = len(self._world.registry.store.objects(NODE))
        rolling = owner["spec"]["updateStrategy"].get("rollingUpdate") or {}
        allowed = max(1, share(rolling.get("maxUnavailable", 1), nodes, up=True))
        pods = active_pods(self._world, owner)
        serving = [pod for pod in pods if self._available_in(owner, pod) == 0]
        old = [pod for pod in pods if pod["metadata"]["labels"].get(_HASH_LABEL) != letters]
        budget = allowed - (nodes - len(serving))
        for pod in old:
            if pod in serving:
                if budget <= 0:
                    continue
                budget -= 1
            self._world.delete(POD, pod)
            self._world.events.normal(_COMPONENT, owner, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _status(self, owner: Json, letters: str) -> Json:
        nodes = len(self._world.registry.store.objects(NODE))
        pods = active_pods(self._world, owner)
        available = sum(self._available_in(owner, pod) == 0 for pod in pods)
        optional = {
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(_HASH_LABEL) == letters for pod in pods),
            "numberAvailable": available,
            "numberUnavailable": nodes - available,
        }
        return {
            "observedGeneration": owner["metadata"]["generation"],
            "desiredNumberScheduled": nodes,
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": 0,
            "numberReady": sum(map(is_ready, pods)),
            **{key: value for key, value in optional.items() if value},
        }
