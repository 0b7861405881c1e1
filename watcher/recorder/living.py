"""Pods that the API server still has, as facts.

It keeps the last change of readiness and the last end of each container; what came before is not known from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from watcher.adapters.kubernetes import pods
from watcher.adapters.kubernetes.fields import Json, at, seconds
from watcher.core.model import Pod
from watcher.recorder.facts import PodFacts, Restart

_STARTING = ("ContainerCreating", "PodInitializing")
_ENDED = (("lastState", "terminated"), ("state", "terminated"))


def facts(raw: Json) -> tuple[str, PodFacts] | None:
    """Uid and facts of a pod; None for one that belongs to no workload."""
    slim = pods.pod(raw)
    if slim is None:
        return None
    pod = slim.pod
    restarts = tuple(sorted(set(_restarts(raw, pod)), key=lambda each: each.at))
    return pod.uid, PodFacts(
        name=pod.name,
        revision=pod.revision,
        created=pod.created,
        node=pod.node,
        ready=tuple(_ready(pod)),
        terminating=pod.terminating,
        restarts=restarts,
    )


def forgotten(raw: Json) -> int:
    """Restarts that the API server counts but says nothing more of."""
    statuses = at(raw, "status", "containerStatuses") or ()
    known = [bool(at(each, "lastState", "terminated")) for each in statuses]
    return sum(max(0, int(each.get("restartCount") or 0) - has) for each, has in zip(statuses, known, strict=True))


def _ready(pod: Pod) -> Iterator[tuple[float, float]]:
    """Ready since a time; or, where a container ran before the last change, until then, since nobody knows when."""
    if pod.ready_since is not None:
        yield pod.ready_since, math.inf
    elif pod.unready_since is not None and any(start < pod.unready_since for start in pod.started):
        yield -math.inf, pod.unready_since


def _restarts(raw: Json, pod: Pod) -> Iterator[Restart]:
    for status in at(raw, "status", "containerStatuses") or ():
        waiting = at(status, "state", "waiting", "reason")
        running = seconds(at(status, "state", "running", "startedAt"))
        ended = False
        for place in _ENDED:
            end = seconds(at(status, *place, "finishedAt"))
            if end is not None:
                ended = True
                yield Restart(end, waiting or at(status, *place, "reason") or "Error", running)
        if waiting and waiting not in _STARTING and not ended:
            yield Restart(pod.created, waiting)
