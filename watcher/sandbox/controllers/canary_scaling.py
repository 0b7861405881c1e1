"""Scales the ReplicaSets of a Rollout to the weight of its current step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher.sandbox.clock import micro_timestamp, parse_timestamp
from watcher.sandbox.controllers import families
from watcher.sandbox.controllers.canary import basic_counts, next_counts, routed_counts
from watcher.sandbox.controllers.families import ROLLOUTS, available, wanted
from watcher.sandbox.controllers.rolling import shrink
from watcher.sandbox.controllers.world import soonest
from watcher.sandbox.kubernetes.kinds import REPLICA_SET
from watcher.sandbox.kubernetes.objects import Json, annotations_of, labels_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.rollout_progress import Progress
    from watcher.sandbox.controllers.rollout_spec import RolloutSpec
    from watcher.sandbox.controllers.world import World

_SCALE_DOWN_DEADLINE = "argo-rollouts.argoproj.io/scale-down-deadline"


class CanaryScaling:
    """The pods of canary and stable. Aborted or superseded pods under traffic routing live on for a while."""

    def __init__(self, world: World) -> None:
        self._world = world

    def step(
        self, rollout: Json, spec: RolloutSpec, progress: Progress, sets: Sequence[Json]
    ) -> tuple[bool, float | None]:
        """Scales one step towards the present weight: whether anything moved, and when to look again (seconds)."""
        if spec.paused:
            return False, None  # `spec.paused` stops the ReplicaSets, also after an abort
        current, stable, others = _split(progress, sets)
        if current is None:
            return False, None
        if stable is None or stable is current:
            return self._alone(rollout, spec, current, others)
        if spec.traffic_routed:
            return self._routed(rollout, spec, progress, (current, stable, others))
        return self._basic(rollout, spec, progress, (current, stable, others))

    def at_weight(self, rollout: Json, spec: RolloutSpec, progress: Progress) -> bool:
        """Whether canary and stable have, available, what the present weight asks for, and nobody else has pods."""
        current, stable, others = _split(progress, families.replica_sets(self._world, rollout))
        if current is None or stable is None:
            return False
        goal = _goal(spec, progress)
        reached = all(wanted(rs) == available(rs) == count for rs, count in zip((current, stable), goal, strict=True))
        return reached and not any(map(wanted, others))

    def weight(self, rollout: Json, spec: RolloutSpec, progress: Progress) -> int:
        """The canary's traffic under traffic routing (percent): raised only when its pods are there."""
        if not spec.traffic_routed or progress.promoted or progress.abort:
            return 0
        if self.at_weight(rollout, spec, progress):
            return spec.weight_at(progress.index)
        return spec.weight_at(progress.index - 1) if progress.index else 0

    def _alone(
        self, rollout: Json, spec: RolloutSpec, current: Json, others: Sequence[Json]
    ) -> tuple[bool, float | None]:
        """Nothing to compare with: straight to full size, the others away."""
        moved = self._scale(rollout, current, spec.size)
        if spec.traffic_routed:
            waits = [self._retire(rollout, rs) for rs in others if wanted(rs)]
            return moved, soonest(*waits)
        if not moved:
            for rs, size in shrink(spec.limits, current, others):
                moved = self._scale(rollout, rs, size) or moved
        return moved, None

    def _basic(
        self, rollout: Json, spec: RolloutSpec, progress: Progress, sides: tuple[Json, Json, Sequence[Json]]
    ) -> tuple[bool, float | None]:
        current, stable, others = sides
        older = sum(map(wanted, others))
        sizes = next_counts(spec.limits, current, stable, _goal(spec, progress), older)
        moved = False
        for rs in others:
            moved = self._scale(rollout, rs, 0) or moved
        for rs, size in zip((current, stable), sizes, strict=True):
            moved = self._scale(rollout, rs, size) or moved
        return moved, None

    def _routed(
        self, rollout: Json, spec: RolloutSpec, progress: Progress, sides: tuple[Json, Json, Sequence[Json]]
    ) -> tuple[bool, float | None]:
        current, stable, others = sides
        canary_size, stable_size = _goal(spec, progress)
        moved = self._scale(rollout, stable, stable_size)
        waits = [self._retire(rollout, rs) for rs in others if wanted(rs)]
        if progress.abort:
            waits.append(self._retire(rollout, current) if wanted(current) else None)
        else:
            moved = self._scale(rollout, current, canary_size) or moved
        return moved, soonest(*waits)

    def _scale(self, rollout: Json, rs: Json, size: int) -> bool:
        if _SCALE_DOWN_DEADLINE in annotations_of(rs):
            rs = self._mark(rs, None)
        if wanted(rs) == size:
            return False
        families.scale(self._world, ROLLOUTS, rollout, rs, size)
        return True

    def _retire(self, rollout: Json, rs: Json) -> float | None:
        """Scales to nothing once the pods have been without traffic long enough; seconds until then."""
        now = self._world.now()
        mark = annotations_of(rs).get(_SCALE_DOWN_DEADLINE)
        if mark is None:
            delay = self._world.timings.traffic_scale_down
            self._mark(rs, micro_timestamp(now + timedelta(seconds=delay)))
            return delay
        left = (parse_timestamp(mark) - now).total_seconds()
        if left > 0:
            return left
        self._scale(rollout, rs, 0)
        return None

    def _mark(self, rs: Json, moment: str | None) -> Json:
        annotations = {key: value for key, value in annotations_of(rs).items() if key != _SCALE_DOWN_DEADLINE}
        if moment is not None:
            annotations[_SCALE_DOWN_DEADLINE] = moment

        def change(live: Json) -> Json:
            return {**live, "metadata": {**live["metadata"], "annotations": annotations}}

        return self._world.modify(REPLICA_SET, rs, change, ROLLOUTS.component)


def _goal(spec: RolloutSpec, progress: Progress) -> tuple[int, int]:
    """Pods of canary and stable at the present weight; after an abort the canary's weight is 0."""
    weight = 0 if progress.abort else spec.weight_at(progress.index)
    return (routed_counts if spec.traffic_routed else basic_counts)(spec.limits, weight)


def _split(progress: Progress, sets: Sequence[Json]) -> tuple[Json | None, Json | None, list[Json]]:
    """Current, stable (the same object when promoted), and the others."""
    by_hash = {labels_of(rs)[ROLLOUTS.hash_label]: rs for rs in sets}
    current, stable = by_hash.get(progress.current), by_hash.get(progress.stable)
    return current, stable, [rs for rs in sets if rs is not current and rs is not stable]
