"""The Deployment controller: one ReplicaSet for each template, moved over as the strategy allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers import families
from watcher.sandbox.controllers.deployment_status import Rollover, deployment_status, seconds_to_deadline
from watcher.sandbox.controllers.families import DEPLOYMENTS, wanted
from watcher.sandbox.controllers.rolling import Limits, new_size, shrink
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import active_pods
from watcher.sandbox.kubernetes.kinds import DEPLOYMENT, REPLICA_SET
from watcher.sandbox.kubernetes.objects import (
    Json,
    annotations_of,
    controller_of,
    is_terminating,
    name_of,
    namespace_of,
)
from watcher.sandbox.kubernetes.ownership import Writer

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change


class DeploymentController:
    """Rolls Deployments over to their current template."""

    name = DEPLOYMENTS.component

    def __init__(self, world: World) -> None:
        self._world = world

    def concerns(self, change: Change) -> Iterable[Key]:
        """Deployments and their ReplicaSets."""
        if change.kind is DEPLOYMENT and change.type != "DELETED":
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is REPLICA_SET:
            owner = controller_of(change.object)
            if owner is not None and owner["kind"] == DEPLOYMENT.kind:
                yield namespace_of(change.object), owner["name"]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One step of the Deployment; seconds until its progress deadline."""
        deployment = self._world.find(DEPLOYMENT, namespace, name)
        if deployment is None or is_terminating(deployment):
            return None
        created = self._settle_current(deployment)
        sides = self._sides(deployment)
        if deployment["spec"].get("paused"):
            self._resize_only(deployment, sides)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, sides)
        else:
            self._roll(deployment, sides)
        return self._publish(deployment, created=created)

    def _sides(self, deployment: Json) -> tuple[Json | None, list[Json]]:
        """The ReplicaSet of the current template, and the others, oldest first."""
        sets = families.replica_sets(self._world, deployment)
        current = families.matching(DEPLOYMENTS, sets, deployment["spec"]["template"])
        return current, [rs for rs in sets if rs is not current]

    def _settle_current(self, deployment: Json) -> bool:
        """Creates the current template's ReplicaSet or gives it the highest number; whether it was created."""
        current, old = self._sides(deployment)
        spec: Json = deployment["spec"]
        created = False
        if current is None:
            if spec.get("paused") or (spec["strategy"]["type"] == "Recreate" and self._any_pods(old)):
                return False
            size = self._first_size(deployment, old)
            current = families.create(
                self._world, DEPLOYMENTS, deployment, spec["template"], size, int(spec["replicas"])
            )
            created = True
        current = families.number(self._world, DEPLOYMENTS, current, old)
        families.inherit(self._world, DEPLOYMENTS, deployment, current)
        return created

    def _first_size(self, deployment: Json, old: list[Json]) -> int:
        size = int(deployment["spec"]["replicas"])
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            return size
        return new_size(_limits(deployment), size, 0, sum(map(wanted, old)))

    def _any_pods(self, sets: list[Json]) -> bool:
        return any(wanted(rs) or active_pods(self._world, rs) for rs in sets)

    def _roll(self, deployment: Json, sides: tuple[Json | None, list[Json]]) -> None:
        current, old = sides
        if current is None:
            return
        limits = _limits(deployment)
        asked_for = wanted(current) + sum(map(wanted, old))
        size = new_size(limits, limits.size, wanted(current), asked_for)
        if size != wanted(current):
            families.scale(self._world, DEPLOYMENTS, deployment, current, size)
            return
        for rs, fewer in shrink(limits, current, old):
            families.scale(self._world, DEPLOYMENTS, deployment, rs, fewer)

    def _recreate(self, deployment: Json, sides: tuple[Json | None, list[Json]]) -> None:
        current, old = sides
        for rs in old:
            if wanted(rs):
                families.scale(self._world, DEPLOYMENTS, deployment, rs, 0)
        size = int(deployment["spec"]["replicas"])
        if current is not None and not self._any_pods(old) and wanted(current) != size:
            families.scale(self._world, DEPLOYMENTS, deployment, current, size)

    def _resize_only(self, deployment: Json, sides: tuple[Json | None, list[Json]]) -> None:
        """Paused: a changed size goes to the one ReplicaSet that has pods, nothing else moves."""
        current, old = sides
        active = [rs for rs in [*old, *([current] if current else [])] if wanted(rs)]
        size = int(deployment["spec"]["replicas"])
        if len(active) == 1 and wanted(active[0]) != size:
            families.scale(self._world, DEPLOYMENTS, deployment, active[0], size)

    def _publish(self, deployment: Json, *, created: bool) -> float | None:
        current, old = self._sides(deployment)
        status = deployment_status(deployment, Rollover(current, old, created), self._world.now())
        annotations = annotations_of(deployment)
        if current is not None:
            annotations[DEPLOYMENTS.revision] = str(families.revision_of(DEPLOYMENTS, current))
        self._world.registry.modify(
            DEPLOYMENT,
            namespace_of(deployment),
            name_of(deployment),
            lambda live: {**live, "metadata": {**live["metadata"], "annotations": annotations}, "status": status},
            Writer(self.name, "status"),
        )
        if current is not None and status.get("updatedReplicas", 0) == status.get("replicas", 0):
            families.prune(self._world, DEPLOYMENTS, old, int(deployment["spec"]["revisionHistoryLimit"]))
        return seconds_to_deadline(deployment, status, self._world.now())


def _limits(deployment: Json) -> Limits:
    return Limits.of(int(deployment["spec"]["replicas"]), deployment["spec"]["strategy"].get("rollingUpdate") or {})
