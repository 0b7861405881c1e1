"""The life of a pod's containers, and the pod status that shows it.

How a container behaves is a word in its image tag: `neverready` runs and is never Ready, `crashloop` exits after
a while and is started again with growing pauses, `nopull` never gets its image; every other tag is healthy.  A pod that
runs once ends well, with `fails` in a tag it fails, with `hangs` it goes on for ever.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from watcher.sandbox.clock import timestamp
from watcher.sandbox.kubernetes.objects import Json, condition_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import Timings

Behaviour = Literal["healthy", "neverready", "crashloop", "nopull"]
_BEHAVIOURS: tuple[Behaviour, ...] = ("neverready", "crashloop", "nopull")
_MAX_BACKOFF_DOUBLINGS = 4


def behaviour_of(image: str) -> Behaviour:
    """What a container with this image does."""
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return next((name for name in _BEHAVIOURS if name in tag), "healthy")


@dataclass(frozen=True)
class Life:
    """Where a pod's containers are. `due` is when the next step comes, None when none will.

    `started` is the beginning of the present run, `ended` that of the present pause of a crash loop.
    """

    address: str
    due: datetime | None
    started: datetime | None = None
    ended: datetime | None = None
    ready: bool = False
    unpullable: bool = False
    restarts: int = 0
    over: str = ""  # Succeeded or Failed: of a pod that runs once

    def next(self, pod: Json, timings: Timings, now: datetime) -> Life:
        """The life after the step that is due."""
        behaviours = {behaviour_of(container["image"]) for container in pod["spec"]["containers"]}
        if "nopull" in behaviours:
            return replace(self, unpullable=True, due=None)
        crashes = "crashloop" in behaviours
        if self.started is not None and pod["spec"].get("restartPolicy") == "Never":
            return replace(self, over=_end_of(pod), due=None)
        if self.started is None:
            wait = timings.crash_after if crashes else timings.pod_ready
            return replace(self, started=now, due=now + timedelta(seconds=wait))
        if self.ended is not None:
            due = now + timedelta(seconds=timings.crash_after)
            return replace(self, started=now, ended=None, restarts=self.restarts + 1, due=due)
        if crashes:
            pause = timings.crash_backoff * 2 ** min(self.restarts, _MAX_BACKOFF_DOUBLINGS)
            return replace(self, ended=now, due=now + timedelta(seconds=pause))
        return replace(self, ready=True, due=None)


def _end_of(pod: Json) -> str:
    """How a pod ends that runs once; empty: it does not."""
    tags = " ".join(container["image"].rsplit(":", 1)[-1] for container in pod["spec"]["containers"])
    return "" if "hangs" in tags else "Failed" if "fails" in tags else "Succeeded"


def image_id(image: str) -> str:
    """Repository and digest; the digest stands for the tag, since there is no registry to ask."""
    name = image.rsplit("/", 1)[-1]
    repository = image[: len(image) - len(name)] + name.split(":")[0].split("@")[0]
    return f"{repository}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def pod_status(pod: Json, life: Life, now: datetime) -> Json:
    """`status` of the pod at this point of its life."""
    statuses = [_container_status(pod, container, life) for container in pod["spec"]["containers"]]
    ready = all(status["ready"] for status in statuses)
    flags = {
        "PodScheduled": True,
        "Initialized": True,
        "ContainersReady": ready,
        "Ready": ready,
        "PodReadyToStartContainers": life.started is not None,
    }
    status: Json = {
        "phase": life.over or ("Pending" if life.started is None else "Running"),
        "conditions": [_condition(pod, name, holds, now) for name, holds in flags.items()],
        "hostIP": "127.0.0.1",
        "qosClass": "BestEffort",
        "startTime": pod["metadata"]["creationTimestamp"],
        "containerStatuses": statuses,
    }
    if life.started is not None:
        status |= {"podIP": life.address, "podIPs": [{"ip": life.address}]}
    return status


def _condition(pod: Json, name: str, holds: bool, now: datetime) -> Json:  # noqa: FBT001 (a condition's status)
    status = "True" if holds else "False"
    before = condition_of(pod, name)
    since = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now)
    condition: Json = {"type": name, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
    if not holds and name in ("Ready", "ContainersReady"):
        names = " ".join(container["name"] for container in pod["spec"]["containers"])
        condition |= {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
    return condition


def _container_status(pod: Json, container: Json, life: Life) -> Json:
    behaviour = behaviour_of(container["image"])
    crashed = behaviour == "crashloop"
    started = life.started is not None and not (crashed and life.ended)
    status: Json = {
        "name": container["name"],
        "image": container["image"],
        "imageID": image_id(container["image"]) if life.started else "",
        "ready": behaviour == "healthy" and life.ready,
        "started": started,
        "restartCount": life.restarts if crashed else 0,
        "state": _state(life, crashed=crashed),
        "lastState": _last_state(life) if crashed and (life.ended or life.restarts) else {},
    }
    if life.started is not None:
        digest = hashlib.sha256(f"{pod['metadata']['uid']}/{container['name']}/{life.restarts}".encode())
        status["containerID"] = f"containerd://{digest.hexdigest()}"
    return status


def _state(life: Life, *, crashed: bool) -> Json:
    if life.unpullable:
        return {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
    if life.started is None:
        return {"waiting": {"reason": "ContainerCreating"}}
    if life.over:
        code, reason = (0, "Completed") if life.over == "Succeeded" else (1, "Error")
        return {"terminated": {"exitCode": code, "reason": reason, "startedAt": timestamp(life.started)}}
    if crashed and life.ended is not None:
        message = "back-off restarting failed container"
        return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return {"running": {"startedAt": timestamp(life.started)}}


def _last_state(life: Life) -> Json:
    """The exit before; during a run its times are those of this run's start, since one moment is kept."""
    moment = timestamp(life.ended or life.started) if life.started else ""
    return {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": moment, "finishedAt": moment}}
