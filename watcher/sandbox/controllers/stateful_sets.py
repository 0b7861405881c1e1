"""The StatefulSet controller: numbered pods, created and replaced one at a time, in order.

With OrderedReady nothing goes on past a pod that is not Ready, also not its replacement by a mended template:
that pod has to be deleted. Parallel creates all at once and replaces from the highest ordinal down.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.ordinals import Replacement, ordinal_of, stateful_pod
from watcher.sandbox.controllers.revisions import History
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import available_in, is_ready, soonest
from watcher.sandbox.kubernetes.kinds import POD, STATEFUL_SET
from watcher.sandbox.kubernetes.objects import Json, controller_of, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

_COMPONENT = "statefulset-controller"
_REVISION_LABEL = "controller-revision-hash"


class StatefulSetController:
    """Keeps the pods of StatefulSets."""

    name = _COMPONENT

    def __init__(self, world: World) -> None:
        self._world = world
        self._history = History(world, STATEFUL_SET, "controller.kubernetes.io/hash", _COMPONENT)

    def concerns(self, change: Change) -> Iterable[Key]:
        """StatefulSets and their pods."""
        if change.kind is STATEFUL_SET and change.type != "DELETED":
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is POD:
            owner = controller_of(change.object)
            if owner is not None and owner["kind"] == STATEFUL_SET.kind:
                yield namespace_of(change.object), owner["name"]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One step of the StatefulSet."""
        found = self._world.find(STATEFUL_SET, namespace, name)
        if found is None or is_terminating(found):
            return None
        update = self._history.current(found)
        known = {name_of(revision): revision for revision in self._history.of(found)}
        current = known.get(str((found["status"]).get("currentRevision", "")), update)
        self._take_step(found, Replacement.of(found, current, update))
        status = self._status(found, current, update)
        self._world.set_status(STATEFUL_SET, found, status, _COMPONENT)
        pods = self._pods(found)
        self._history.prune(found, {status["currentRevision"], status["updateRevision"]}, list(pods.values()))
        minimum = int(found["spec"].get("minReadySeconds", 0))
        return soonest(*(available_in(pod, minimum, self._world.now()) for pod in pods.values()))

    def _pods(self, owner: Json) -> dict[int, Json]:
        return {ordinal_of(pod): pod for pod in self._world.owned(POD, owner)}

    def _take_step(self, owner: Json, plan: Replacement) -> None:
        """Fill up, then shrink, then update: each only when the step before it is done."""
        pods = self._pods(owner)
        size = int(owner["spec"]["replicas"])
        if not self._fill(owner, plan, pods, size):
            return
        if not self._shrink(owner, plan, pods, size):
            return
        if plan.on_delete:
            return
        self._update(owner, plan, pods, size)

    def _fill(self, owner: Json, plan: Replacement, pods: dict[int, Json], size: int) -> bool:
        """Creates missing pods; whether the controller may go on to the next step."""
        for ordinal in range(size):
            pod = pods.get(ordinal)
            if pod is None:
                self._create(owner, plan, ordinal)
                if plan.ordered:
                    return False
            elif plan.ordered and (is_terminating(pod) or not self._healthy(owner, pod)):
                return False
        return True

    def _shrink(self, owner: Json, plan: Replacement, pods: dict[int, Json], size: int) -> bool:
        for ordinal in sorted((ordinal for ordinal in pods if ordinal >= size), reverse=True):
            if not is_terminating(pods[ordinal]):
                self._delete(owner, pods[ordinal])
            if plan.ordered:
                return False
        return True

    def _update(self, owner: Json, plan: Replacement, pods: dict[int, Json], size: int) -> None:
        """Deletes the highest pod of another revision, unless a pod above it is not yet well."""
        for ordinal in range(size - 1, plan.partition - 1, -1):
            pod = pods.get(ordinal)
            if pod is None:
                return
            outdated = pod["metadata"]["labels"][_REVISION_LABEL] != name_of(plan.update)
            if outdated and not is_terminating(pod):
                self._delete(owner, pod)
                return
            if is_terminating(pod) or not self._healthy(owner, pod):
                return

    def _healthy(self, owner: Json, pod: Json) -> bool:
        return available_in(pod, int(owner["spec"].get("minReadySeconds", 0)), self._world.now()) == 0

    def _create(self, owner: Json, plan: Replacement, ordinal: int) -> None:
        pod = stateful_pod(owner, plan.revision_for(ordinal), ordinal)
        self._world.create(POD, namespace_of(owner), pod, _COMPONENT)
        message = f"create Pod {pod['metadata']['name']} in StatefulSet {name_of(owner)} successful"
        self._world.events.normal(_COMPONENT, owner, "SuccessfulCreate", message)

    def _delete(self, owner: Json, pod: Json) -> None:
        self._world.delete(POD, pod)
        message = f"delete Pod {name_of(pod)} in StatefulSet {name_of(owner)} successful"
        self._world.events.normal(_COMPONENT, owner, "SuccessfulDelete", message)

    def _status(self, owner: Json, current: Json, update: Json) -> Json:
        pods = [pod for pod in self._pods(owner).values() if not is_terminating(pod)]

        def of_revision(revision: Json) -> int:
            return sum(pod["metadata"]["labels"][_REVISION_LABEL] == name_of(revision) for pod in pods)

        ready = sum(map(is_ready, pods))
        updated = of_revision(update)
        finished = updated == ready == len(pods) == int(owner["spec"]["replicas"])
        rolling = owner["spec"]["updateStrategy"]["type"] == "RollingUpdate"
        settled = update if finished and rolling else current
        optional = {
            "readyReplicas": ready,
            "currentReplicas": of_revision(settled),
            "updatedReplicas": updated,
        }
        return {
            "observedGeneration": owner["metadata"]["generation"],
            "replicas": len(pods),
            "availableReplicas": sum(self._healthy(owner, pod) for pod in pods),
            **{key: value for key, value in optional.items() if value},
            "currentRevision": name_of(settled),
            "updateRevision": name_of(update),
            "collisionCount": 0,
        }
