"""The Job controller: one pod, until it has ended or the deadline is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher.sandbox.clock import parse_timestamp
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import active_pods, new_pod
from watcher.sandbox.kubernetes.kinds import JOB, POD
from watcher.sandbox.kubernetes.objects import Json, condition_of, controller_of, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

_COMPONENT = "job-controller"


class JobController:
    """Runs Jobs of one pod.  Failed pods are replaced up to `backoffLimit`, at once."""

    name = _COMPONENT

    def __init__(self, world: World) -> None:
        self._world = world

    def concerns(self, change: Change) -> Iterable[Key]:
        """Jobs and their pods."""
        if change.kind is JOB and change.type != "DELETED":
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is POD:
            owner = controller_of(change.object)
            if owner is not None and owner["kind"] == JOB.kind:
                yield namespace_of(change.object), owner["name"]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One look at the Job; seconds until its deadline."""
        job = self._world.find(JOB, namespace, name)
        if job is None or is_terminating(job) or _is_over(job) or job["spec"]["suspend"]:
            return None
        ended = [str(pod["status"].get("phase")) for pod in self._world.owned(POD, job)]
        succeeded, failed = ended.count("Succeeded"), ended.count("Failed")
        if succeeded:
            self._end(job, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        elif failed > int(job["spec"]["backoffLimit"]):
            self._end(job, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        else:
            return self._go_on(job, failed)
        return None

    def _go_on(self, job: Json, failed: int) -> float | None:
        left = self._left(job)
        if left is not None and left <= 0.0:
            self._end(job, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
            return None
        if not active_pods(self._world, job):
            pod = new_pod(JOB, job, job["spec"]["template"], f"{name_of(job)}-{self._world.registry.suffix()}", {})
            self._world.create(POD, namespace_of(job), pod, _COMPONENT)
            self._world.events.normal(_COMPONENT, job, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        status = {"active": 1, "failed": failed, "startTime": job["status"].get("startTime") or self._world.stamp()}
        self._world.set_status(JOB, job, {key: value for key, value in status.items() if value}, _COMPONENT)
        return left

    def _left(self, job: Json) -> float | None:
        deadline, started = job["spec"].get("activeDeadlineSeconds"), job["status"].get("startTime")
        if deadline is None:
            return None
        if not started:
            return float(deadline)
        ends = parse_timestamp(str(started)) + timedelta(seconds=int(deadline))
        return (ends - self._world.now()).total_seconds()

    def _end(self, job: Json, kind: str, reason: str, message: str) -> None:
        for pod in active_pods(self._world, job):
            self._world.delete(POD, pod)
        now = self._world.stamp()
        condition = {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}
        count = {"succeeded": 1, "completionTime": now} if kind == "Complete" else {"failed": 1}
        started = {"startTime": job["status"].get("startTime") or now}
        self._world.set_status(JOB, job, {**started, **count, "conditions": [condition]}, _COMPONENT)


def _is_over(job: Json) -> bool:
    return any(condition_of(job, kind) is not None for kind in ("Complete", "Failed"))
