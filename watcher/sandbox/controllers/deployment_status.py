"""The status of a Deployment: counts, and the conditions Available and Progressing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.sandbox.clock import parse_timestamp, timestamp
from watcher.sandbox.controllers.conditions import condition, find, settled
from watcher.sandbox.controllers.families import total
from watcher.sandbox.controllers.rolling import Limits
from watcher.sandbox.kubernetes.objects import Json, name_of

_COMPLETE = "NewReplicaSetAvailable"
_TIMED_OUT = "ProgressDeadlineExceeded"


@dataclass(frozen=True)
class Rollover:
    """The ReplicaSets of a Deployment: of the current template (perhaps just created), and the others."""

    current: Json | None
    old: list[Json]
    created: bool

    @property
    def all(self) -> list[Json]:
        """Both sides."""
        return [*self.old, *([self.current] if self.current else [])]


def deployment_status(deployment: Json, sets: Rollover, now: datetime) -> Json:
    """The whole status; counts that are 0 are left out, as the real API does."""
    before: list[Json] = (deployment.get("status") or {}).get("conditions") or []
    wanted = sum(int(rs["spec"]["replicas"]) for rs in sets.all)
    available = total(sets.all, "availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": total(sets.all, "replicas"),
        "updatedReplicas": total([sets.current] if sets.current else [], "replicas"),
        "readyReplicas": total(sets.all, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
    }
    status = {key: value for key, value in counts.items() if value}
    progress = _progressing(deployment, status, sets, before, now)
    return {**status, "conditions": [_available(deployment, available, before, now), *progress]}


def _available(deployment: Json, available: int, before: list[Json], now: datetime) -> Json:
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {"maxUnavailable": 0, "maxSurge": 1}
    enough = available >= Limits.of(int(deployment["spec"]["replicas"]), rolling).least
    if enough:
        new = condition(
            "Available",
            holds=True,
            reason="MinimumReplicasAvailable",
            message="Deployment has minimum availability.",
        )
    else:
        new = condition(
            "Available",
            holds=False,
            reason="MinimumReplicasUnavailable",
            message="Deployment does not have minimum availability.",
        )
    return settled(before, new, timestamp(now))


def _progressing(deployment: Json, status: Json, sets: Rollover, before: list[Json], now: datetime) -> list[Json]:
    old = find(before, "Progressing")
    stamp = timestamp(now)
    if deployment["spec"].get("paused"):
        paused = condition("Progressing", holds=None, reason="DeploymentPaused", message="Deployment is paused")
        return [settled(before, paused, stamp)]
    if sets.current is None:
        return [old] if old else []
    name = name_of(sets.current)
    if sets.created:
        return [_news(before, "NewReplicaSetCreated", f'Created new replica set "{name}"', stamp)]
    if _complete(deployment, status):
        if old is not None and old["reason"] == _COMPLETE and old["message"].startswith(f'ReplicaSet "{name}"'):
            return [old]
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return [_news(before, _COMPLETE, message, stamp)]
    if old is not None and old["reason"] == _COMPLETE and not _old_pods(status):
        return [old]  # a pod lost after completion is not a rollover
    if old is None or _moved(deployment, status) or old["reason"] in (_COMPLETE, "DeploymentPaused"):
        return [_news(before, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.', stamp)]
    if _deadline_passed(deployment, old, now):
        late = condition(
            "Progressing", holds=False, reason=_TIMED_OUT, message=f'ReplicaSet "{name}" has timed out progressing.'
        )
        return [settled(before, late, stamp)]
    return [old]


def _news(before: list[Json], reason: str, message: str, stamp: str) -> Json:
    return settled(before, condition("Progressing", holds=True, reason=reason, message=message), stamp, touched=True)


def _complete(deployment: Json, status: Json) -> bool:
    size = int(deployment["spec"]["replicas"])
    return all(status.get(field, 0) == size for field in ("updatedReplicas", "replicas", "availableReplicas"))


def _moved(deployment: Json, status: Json) -> bool:
    """Whether the rollover came on since the status before."""
    before = deployment.get("status") or {}
    grown = any(
        status.get(field, 0) > before.get(field, 0)
        for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grown or _old_pods(status) < _old_pods(before)


def _old_pods(status: Json) -> int:
    return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))


def _deadline_passed(deployment: Json, progressing: Json, now: datetime) -> bool:
    if progressing["reason"] == _TIMED_OUT:
        return True
    deadline = timedelta(seconds=int(deployment["spec"]["progressDeadlineSeconds"]))
    return now >= parse_timestamp(progressing["lastUpdateTime"]) + deadline


def seconds_to_deadline(deployment: Json, status: Json, now: datetime) -> float | None:
    """Seconds until progress is too late; None when there is none to be made or it is late already."""
    progressing = find(status["conditions"], "Progressing")
    if progressing is None or progressing["reason"] in (_COMPLETE, _TIMED_OUT, "DeploymentPaused"):
        return None
    deadline = timedelta(seconds=int(deployment["spec"]["progressDeadlineSeconds"]))
    return max(0.01, (parse_timestamp(progressing["lastUpdateTime"]) + deadline - now).total_seconds())
