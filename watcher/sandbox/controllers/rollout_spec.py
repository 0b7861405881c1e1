"""What a Rollout asks for: its template, its canary steps, its limits; and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.rolling import Limits
from watcher.sandbox.controllers.templates import defaulted, template_hash
from watcher.sandbox.kubernetes.kinds import DEPLOYMENT
from watcher.sandbox.kubernetes.objects import Json, namespace_of
from watcher.sandbox.kubernetes.selectors import selects

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World

_DURATION = re.compile(r"^(\d+)([smh]?)$")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_FULL = 100


class InvalidSpecError(Exception):
    """The Rollout cannot be rolled out; the message is the condition's."""


@dataclass(frozen=True)
class RolloutSpec:
    """A Rollout's spec, read. `template` has the API server's defaults; `workload` is the referenced Deployment."""

    template: Json
    steps: Sequence[Json]
    limits: Limits
    traffic_routed: bool
    paused: bool
    history_limit: int
    rollback_window: int
    workload: Json | None

    @property
    def size(self) -> int:
        """`spec.replicas`, 1 by default."""
        return self.limits.size

    @property
    def step_hash(self) -> str:
        """Changes with any change of the steps."""
        return template_hash({"steps": list(self.steps)})

    def weight_at(self, index: int) -> int:
        """The canary's share of the traffic (percent) from step `index` on: the last setWeight reached."""
        if index >= len(self.steps):
            return _FULL
        weights = [int(step["setWeight"]) for step in self.steps[: index + 1] if "setWeight" in step]
        return weights[-1] if weights else 0


def read_spec(world: World, rollout: Json) -> RolloutSpec:
    """The spec with its reference resolved. Raises InvalidSpecError."""
    spec: Json = rollout["spec"]
    workload = _workload(world, rollout)
    template = workload["spec"]["template"] if workload is not None else spec.get("template")
    if template is None:
        raise InvalidSpecError("Rollout has missing field '.spec.template' or '.spec.workloadRef'")
    labels = (template.get("metadata") or {}).get("labels") or {}
    selector = spec.get("selector") or (workload["spec"]["selector"] if workload is not None else None)
    if not selects(selector, labels):
        raise InvalidSpecError(
            "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`"
        )
    canary: Json = spec["strategy"]["canary"]
    return RolloutSpec(
        template=defaulted(template),
        steps=_steps(canary.get("steps") or ()),
        limits=Limits.of(int(spec.get("replicas", 1)), canary),
        traffic_routed=bool(canary.get("trafficRouting")),
        paused=bool(spec.get("paused")),
        history_limit=int(spec.get("revisionHistoryLimit", 10)),
        rollback_window=int((spec.get("rollbackWindow") or {}).get("revisions", 0)),
        workload=workload,
    )


def _workload(world: World, rollout: Json) -> Json | None:
    reference = rollout["spec"].get("workloadRef")
    if not reference:
        return None
    if reference.get("kind") != DEPLOYMENT.kind:
        raise InvalidSpecError(f"spec.workloadRef.kind: the sandbox resolves Deployments only, not {reference!r}")
    found = world.find(DEPLOYMENT, namespace_of(rollout), str(reference.get("name", "")))
    if found is None:
        raise InvalidSpecError(f"spec.workloadRef: deployment {reference.get('name')!r} not found")
    return found


def _steps(steps: Sequence[Json]) -> Sequence[Json]:
    for index, step in enumerate(steps):
        weight = step.get("setWeight", 0)
        if not isinstance(weight, int) or not 0 <= weight <= _FULL:
            raise InvalidSpecError(f"spec.strategy.canary.steps[{index}].setWeight: Invalid value: {weight!r}")
        if "pause" in step:
            pause_seconds(step)
    return steps


def pause_seconds(step: Json) -> float | None:
    """How long a pause step lasts; None until somebody resumes it. Raises InvalidSpecError."""
    duration = (step["pause"] or {}).get("duration")
    if duration is None:
        return None
    found = _DURATION.match(str(duration))
    if found is None:
        raise InvalidSpecError(f"spec.strategy.canary.steps.pause.duration: Invalid value: {duration!r}")
    return float(found[1]) * _UNITS[found[2]]
