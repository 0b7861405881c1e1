"""Health of an object and of an application, by the rules that Argo CD has for them."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.sandbox.kubernetes.kinds import DAEMON_SET, DEPLOYMENT, ROLLOUT, STATEFUL_SET, Kind
from watcher.sandbox.kubernetes.objects import Json, condition_of

HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED = "Healthy", "Suspended", "Progressing", "Missing", "Degraded"

_WORST_LAST = (HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED)
_OF_ROLLOUTS = {"Healthy": HEALTHY, "Paused": SUSPENDED, "Degraded": DEGRADED}


def health(kind: Kind, obj: Json | None) -> str:
    """Of one object; what is no workload is healthy as soon as it is there."""
    if obj is None:
        return MISSING
    if kind is ROLLOUT:
        return _OF_ROLLOUTS.get(str((obj.get("status") or {}).get("phase")), PROGRESSING)
    if kind not in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET):
        return HEALTHY
    progress = condition_of(obj, "Progressing")
    if progress is not None and progress.get("reason") == "ProgressDeadlineExceeded":
        return DEGRADED
    return HEALTHY if _rolled_out(kind, obj) else PROGRESSING


def worst(found: Iterable[str]) -> str:
    """Of an application: that of its worst object."""
    return max(found, key=_WORST_LAST.index, default=HEALTHY)


def _rolled_out(kind: Kind, obj: Json) -> bool:
    status = obj.get("status") or {}
    if status.get("observedGeneration", 0) < obj["metadata"]["generation"]:
        return False
    if kind is DAEMON_SET:
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("updatedNumberScheduled", 0) >= wanted <= status.get("numberAvailable", 0))
    wanted, updated = obj["spec"].get("replicas", 1), status.get("updatedReplicas", 0)
    available = status.get("availableReplicas" if kind is DEPLOYMENT else "readyReplicas", 0)
    return bool(updated >= wanted and status.get("replicas", 0) <= updated <= available)
