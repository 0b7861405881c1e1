"""The Rollout controller: canary releases step by step, as Argo Rollouts does them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.sandbox.controllers import families
from watcher.sandbox.controllers.canary_scaling import CanaryScaling
from watcher.sandbox.controllers.families import ROLLOUTS, available, wanted
from watcher.sandbox.controllers.rollout_progress import Progress
from watcher.sandbox.controllers.rollout_spec import InvalidSpecError, RolloutSpec, read_spec
from watcher.sandbox.controllers.rollout_status import Picture, deadline, invalid_status, rollout_status
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import soonest
from watcher.sandbox.kubernetes.kinds import DEPLOYMENT, REPLICA_SET, ROLLOUT
from watcher.sandbox.kubernetes.objects import (
    Json,
    annotations_of,
    controller_of,
    duplicate,
    is_terminating,
    labels_of,
    name_of,
    namespace_of,
)

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

_WORKLOAD_GENERATION = "rollout.argoproj.io/workload-generation"


@dataclass(frozen=True)
class Sides:
    """A Rollout's ReplicaSets: all (oldest first), that of the current template, that of the stable one."""

    all: Sequence[Json]
    current: Json
    stable: Json | None


class RolloutController:
    """Takes Rollouts through their canary steps."""

    name = ROLLOUTS.component

    def __init__(self, world: World) -> None:
        self._world = world
        self._scaling = CanaryScaling(world)

    def concerns(self, change: Change) -> Iterable[Key]:
        """Rollouts, their ReplicaSets, and Deployments they refer to."""
        if change.kind is ROLLOUT and change.type != "DELETED":
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is REPLICA_SET:
            owner = controller_of(change.object)
            if owner is not None and owner["kind"] == ROLLOUT.kind:
                yield namespace_of(change.object), owner["name"]
        elif change.kind is DEPLOYMENT:
            yield from self._referring(change.object)

    def _referring(self, deployment: Json) -> Iterable[Key]:
        for rollout in self._world.registry.store.objects(ROLLOUT, namespace_of(deployment)):
            if (rollout["spec"].get("workloadRef") or {}).get("name") == name_of(deployment):
                yield namespace_of(rollout), name_of(rollout)

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One step of the Rollout; seconds until a pause or a deadline ends."""
        rollout = self._world.find(ROLLOUT, namespace, name)
        if rollout is None or is_terminating(rollout):
            return None
        try:
            spec = read_spec(self._world, rollout)
        except InvalidSpecError as error:
            status = invalid_status(rollout, str(error), self._world.now())
            self._world.set_status(ROLLOUT, rollout, status, self.name)
            return None
        sides = self._settle_current(rollout, spec)
        rollout = self._write_back(rollout, spec, sides.current)
        progress = Progress.of(rollout.get("status") or {})
        pod_hash = labels_of(sides.current)[ROLLOUTS.hash_label]
        if (progress.current, progress.step_hash) != (pod_hash, spec.step_hash):
            skip = pod_hash == progress.stable or self._within_window(spec, sides)
            return self._publish(rollout, spec, progress.restarted(pod_hash, spec, skip_steps=skip))
        return self._advance(rollout, spec, progress, sides)

    def _settle_current(self, rollout: Json, spec: RolloutSpec) -> Sides:
        """Creates the current template's ReplicaSet or gives it the highest number."""
        sets = families.replica_sets(self._world, rollout)
        current = families.matching(ROLLOUTS, sets, spec.template)
        if current is None:
            current = families.create(self._world, ROLLOUTS, rollout, spec.template, 0, spec.size)
            message = f"Created ReplicaSet {name_of(current)}"
            self._world.events.normal(self.name, rollout, "NewReplicaSetCreated", message)
        others = [rs for rs in sets if name_of(rs) != name_of(current)]
        numbered = families.number(self._world, ROLLOUTS, current, others)
        families.inherit(self._world, ROLLOUTS, rollout, numbered)
        return self._sides(rollout, name_of(current))

    def _sides(self, rollout: Json, current: str) -> Sides:
        sets = families.replica_sets(self._world, rollout)
        stable = str((rollout.get("status") or {}).get("stableRS", ""))
        return Sides(
            sets,
            next(rs for rs in sets if name_of(rs) == current),
            next((rs for rs in sets if labels_of(rs)[ROLLOUTS.hash_label] == stable), None),
        )

    def _write_back(self, rollout: Json, spec: RolloutSpec, current: Json) -> Json:
        """The controller's own write of the Rollout: its revision, and the spec in the form of its Go types.

        That form has `resources: {}` in each container, so a template written without it raises the generation
        twice: by the client's write and by this one.
        """
        annotations = {**annotations_of(rollout), ROLLOUTS.revision: str(families.revision_of(ROLLOUTS, current))}
        if spec.workload is not None:
            annotations[_WORKLOAD_GENERATION] = str(spec.workload["metadata"]["generation"])
        wanted_spec = duplicate(rollout["spec"])
        for container in ((wanted_spec.get("template") or {}).get("spec") or {}).get("containers") or ():
            container.setdefault("resources", {})

        def change(live: Json) -> Json:
            return {**live, "metadata": {**live["metadata"], "annotations": annotations}, "spec": wanted_spec}

        return self._world.modify(ROLLOUT, rollout, change, self.name)

    def _within_window(self, spec: RolloutSpec, sides: Sides) -> bool:
        """A return to a ReplicaSet with pods, at most `rollbackWindow.revisions` older than the stable one."""
        if not spec.rollback_window or sides.stable is None or not wanted(sides.current):
            return False
        ages = [name_of(rs) for rs in sides.all]
        distance = ages.index(name_of(sides.stable)) - ages.index(name_of(sides.current))
        return 0 < distance <= spec.rollback_window

    def _advance(self, rollout: Json, spec: RolloutSpec, progress: Progress, sides: Sides) -> float | None:
        now = self._world.now()
        progress = progress.settled(spec, now, skip_steps=self._within_window(spec, sides))
        if self._promotable(spec, progress, sides):
            self._tell_promotion(rollout, progress)
            progress = progress.promoted_now(spec)
        moved, wait = self._scaling.step(rollout, spec, progress, sides.all)
        if not moved:
            at_weight = self._scaling.at_weight(rollout, spec, progress)
            progress = self._stepped(rollout, spec, progress, at_weight=at_weight)
        return soonest(self._publish(rollout, spec, progress), wait)

    def _promotable(self, spec: RolloutSpec, progress: Progress, sides: Sides) -> bool:
        if not progress.stable:
            return True  # the first deployment has nothing to compare with
        done = progress.index >= len(spec.steps) and not progress.abort
        return done and available(sides.current) >= spec.size

    def _tell_promotion(self, rollout: Json, progress: Progress) -> None:
        if progress.promoted:
            return
        revision = families.revision_of(ROLLOUTS, rollout)
        message = f"Rollout completed update to revision {revision} ({progress.current})"
        self._world.events.normal(self.name, rollout, "RolloutCompleted", message)

    def _stepped(self, rollout: Json, spec: RolloutSpec, progress: Progress, *, at_weight: bool) -> Progress:
        after = progress.stepped(spec, self._world.now(), at_weight=at_weight)
        if after.index > progress.index:
            message = f"Rollout step {after.index}/{len(spec.steps)} completed"
            self._world.events.normal(self.name, rollout, "RolloutStepCompleted", message)
        if after.pauses and not progress.pauses:
            self._world.events.normal(self.name, rollout, "RolloutPaused", "Rollout is paused (CanaryPauseStep)")
        return after

    def _publish(self, rollout: Json, spec: RolloutSpec, progress: Progress) -> float | None:
        """Writes the status; seconds until the pause is over or progress is too late."""
        now = self._world.now()
        sets = families.replica_sets(self._world, rollout)
        current = next((rs for rs in sets if labels_of(rs)[ROLLOUTS.hash_label] == progress.current), None)
        weight = self._scaling.weight(rollout, spec, progress)
        status = rollout_status(Picture(rollout, spec, progress, sets, current, weight, now))
        aborted_before = (rollout.get("status") or {}).get("abortedAt")
        self._world.set_status(ROLLOUT, rollout, status, self.name)
        if progress.aborted_at and not aborted_before:
            self._world.events.warning(self.name, rollout, "RolloutAborted", status["message"].split(": ", 1)[1])
        keep = {progress.current, progress.stable}
        old = [rs for rs in sets if labels_of(rs)[ROLLOUTS.hash_label] not in keep]
        families.prune(self._world, ROLLOUTS, old, spec.history_limit)
        return soonest(progress.pause_left(spec, now), self._to_deadline(rollout, status))

    def _to_deadline(self, rollout: Json, status: Json) -> float | None:
        progressing = next(entry for entry in status["conditions"] if entry["type"] == "Progressing")
        if progressing["reason"] != "ReplicaSetUpdated":
            return None
        return max(0.01, (deadline(rollout, progressing) - self._world.now()).total_seconds())
