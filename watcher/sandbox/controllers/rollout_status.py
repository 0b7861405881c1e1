"""The status of a Rollout: counts, weights, conditions, phase and message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from watcher.sandbox.clock import parse_timestamp, timestamp
from watcher.sandbox.controllers.conditions import condition, find, settled
from watcher.sandbox.controllers.families import ROLLOUTS, available, existing, revision_of, total
from watcher.sandbox.kubernetes.defaults import PROGRESS_DEADLINE_SECONDS
from watcher.sandbox.kubernetes.objects import Json, name_of
from watcher.sandbox.kubernetes.selectors import label_text

if TYPE_CHECKING:
    from watcher.sandbox.controllers.rollout_progress import Progress
    from watcher.sandbox.controllers.rollout_spec import RolloutSpec

_FULL = 100
_TIMED_OUT = "ProgressDeadlineExceeded"


@dataclass(frozen=True)
class Picture:
    """A Rollout as it was, and where it now stands. `weight` is the canary's under traffic routing (percent)."""

    rollout: Json
    spec: RolloutSpec
    progress: Progress
    sets: Sequence[Json]
    current: Json | None
    weight: int
    now: datetime

    @property
    def before(self) -> list[Json]:
        """The conditions there were."""
        return (self.rollout.get("status") or {}).get("conditions") or []


def rollout_status(picture: Picture) -> Json:
    """The whole status; `observedGeneration` is a string, as Argo Rollouts has it."""
    rollout, spec, progress = picture.rollout, picture.spec, picture.progress
    current = [picture.current] if picture.current else []
    replicas = total(picture.sets, "replicas")
    status: Json = {
        "observedGeneration": str(rollout["metadata"]["generation"]),
        "replicas": replicas,
        "HPAReplicas": replicas,
        "updatedReplicas": total(current, "replicas"),
        "readyReplicas": total(picture.sets, "readyReplicas"),
        "availableReplicas": total(picture.sets, "availableReplicas"),
    }
    status = {key: value for key, value in status.items() if value}
    status |= progress.fields(spec)
    status |= {"selector": label_text(rollout["spec"].get("selector")), "blueGreen": {}, "canary": _canary(picture)}
    if spec.workload is not None:
        status["workloadObservedGeneration"] = str(spec.workload["metadata"]["generation"])
    conditions = _conditions(picture, status)
    status["conditions"] = conditions
    status["phase"], message = _phase(picture, status, conditions)
    return {**status, "message": message} if message else status


def invalid_status(rollout: Json, problem: str, now: datetime) -> Json:
    """The status of a Rollout that cannot be rolled out: Degraded, and an abort is not acted upon."""
    before = (rollout.get("status") or {}).get("conditions") or []
    wrong = condition("InvalidSpec", holds=True, reason="InvalidSpec", message=problem)
    kept = [entry for entry in before if entry["type"] != "InvalidSpec"]
    return {
        **(rollout.get("status") or {}),
        "observedGeneration": str(rollout["metadata"]["generation"]),
        "conditions": [*kept, settled(before, wrong, timestamp(now))],
        "phase": "Degraded",
        "message": f"InvalidSpec: {problem}",
    }


def _canary(picture: Picture) -> Json:
    if not picture.spec.traffic_routed:
        return {}
    canary = {"weight": picture.weight, "podTemplateHash": picture.progress.current}
    stable = {"weight": _FULL - picture.weight, "podTemplateHash": picture.progress.stable}
    return {"weights": {"canary": canary, "stable": stable}}


def _conditions(picture: Picture, status: Json) -> list[Json]:
    healthy = _healthy(picture, status)
    enough = status.get("availableReplicas", 0) >= picture.spec.size
    paused = bool(picture.progress.pauses) or picture.spec.paused
    has = "has" if enough else "does not have"
    plain = [
        condition("Available", holds=enough, reason="AvailableReason", message=f"Rollout {has} minimum availability"),
        condition("Paused", holds=paused, reason="RolloutPaused", message="Rollout is paused"),
        condition(
            "Healthy",
            holds=healthy,
            reason="RolloutHealthy",
            message="Rollout is healthy" if healthy else "Rollout is not healthy",
        ),
        condition("Completed", holds=picture.progress.promoted, reason="RolloutCompleted", message="RolloutCompleted"),
    ]
    stamp = timestamp(picture.now)
    return [*(settled(picture.before, entry, stamp) for entry in plain), _progressing(picture, status, healthy=healthy)]


def _progressing(picture: Picture, status: Json, *, healthy: bool) -> Json:
    old = find(picture.before, "Progressing")
    stamp = timestamp(picture.now)

    def entry(holds: bool | None, reason: str, message: str, *, touched: bool = False) -> Json:  # noqa: FBT001
        new = condition("Progressing", holds=holds, reason=reason, message=message)
        return settled(picture.before, new, stamp, touched=touched)

    if picture.progress.abort:
        revision = revision_of(ROLLOUTS, picture.rollout)
        return entry(holds=False, reason="RolloutAborted", message=f"Rollout aborted update to revision {revision}")
    if picture.progress.pauses or picture.spec.paused:
        return entry(holds=None, reason="RolloutPaused", message="Rollout is paused")
    name = name_of(picture.current) if picture.current else name_of(picture.rollout)
    if healthy:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return entry(holds=True, reason="NewReplicaSetAvailable", message=message)
    fresh = old is None or old["reason"] not in ("ReplicaSetUpdated", _TIMED_OUT)
    if old is None or fresh or _moved(picture, status):
        message = f'ReplicaSet "{name}" is progressing.'
        return entry(holds=True, reason="ReplicaSetUpdated", message=message, touched=True)
    if picture.now >= deadline(picture.rollout, old):
        return entry(holds=False, reason=_TIMED_OUT, message=f'ReplicaSet "{name}" has timed out progressing.')
    return old


def deadline(rollout: Json, progressing: Json) -> datetime:
    """When progress is too late."""
    seconds = int(rollout["spec"].get("progressDeadlineSeconds", PROGRESS_DEADLINE_SECONDS))
    return parse_timestamp(progressing["lastUpdateTime"]) + timedelta(seconds=seconds)


def _moved(picture: Picture, status: Json) -> bool:
    before = picture.rollout.get("status") or {}
    grown = any(
        status.get(field, 0) > before.get(field, 0)
        for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grown or status.get("currentStepIndex", 0) != before.get("currentStepIndex", 0)


def _healthy(picture: Picture, status: Json) -> bool:
    """Fully promoted, all pods of the current template and available."""
    current = picture.current
    return (
        picture.progress.promoted
        and current is not None
        and existing(current) == available(current) == picture.spec.size
        and (picture.spec.traffic_routed or status.get("replicas", 0) == picture.spec.size)
    )


def _phase(picture: Picture, status: Json, conditions: Sequence[Json]) -> tuple[str, str]:
    """Phase and message, by the order of precedence of Argo Rollouts."""
    progressing = find(conditions, "Progressing")
    if progressing is not None and progressing["reason"] in ("RolloutAborted", _TIMED_OUT):
        return "Degraded", f"{progressing['reason']}: {progressing['message']}"
    if picture.spec.paused:
        return "Paused", "manually paused"
    if picture.progress.pauses:
        return "Paused", str(picture.progress.pauses[0]["reason"])
    updated, size = status.get("updatedReplicas", 0), picture.spec.size
    waiting = (
        (updated < size, "more replicas need to be updated"),
        (status.get("availableReplicas", 0) < updated, "updated replicas are still becoming available"),
        (
            not picture.spec.traffic_routed and status.get("replicas", 0) > updated,
            "old replicas are pending termination",
        ),
        (not picture.progress.promoted, "waiting for all steps to complete"),
    )
    return next((("Progressing", message) for holds, message in waiting if holds), ("Healthy", ""))
