"""Recorded pods as Kubernetes would show them at a time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

from watcher.core.model import Pod
from watcher.replay.spec import PodSpec, RestartSpec

_PULLING = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError")
"""Reasons with which a container waits that has not run yet."""

_WAITING = ("CrashLoopBackOff", *_PULLING)
"""Reasons with which a container waits until it is `back`; after any other it is begun again at once."""


class RecordedPod:
    """One pod of a recording.  `changes` are the times (Unix seconds) at which it looks different, sorted."""

    def __init__(self, spec: PodSpec) -> None:
        self.spec = spec
        self.uid = f"{spec.pod}@{spec.created:.3f}"
        self._ready = _intervals(spec)
        self.changes = sorted({at for at in self._moments() if at < math.inf})
        self._seen: dict[int, Pod] = {}

    def _moments(self) -> Iterator[float]:
        yield self.spec.created
        for begin, end in self._ready:
            yield from (begin, end)
        for restart in self.spec.restarts:
            yield from (restart.at, _back(restart))
        yield from (at for at in (self.spec.terminating, self.spec.deleted) if at is not None)

    @property
    def ready_times(self) -> list[float]:
        """When it became Ready, each time."""
        return [begin for begin, _ in self._ready]

    def at(self, now: float) -> Pod | None:
        """The pod at this time; None before it was made.  Between two changes it is the same object."""
        index = bisect_right(self.changes, now)
        if index == 0:
            return None
        if index not in self._seen:
            self._seen[index] = self._look(self.changes[index - 1])
        return self._seen[index]

    def _look(self, now: float) -> Pod:
        spec = self.spec
        ended = [each for each in spec.restarts if each.at <= now]
        ran = [each for each in ended if each.reason not in _PULLING]
        ready = next((begin for begin, end in self._ready if begin <= now < end), None)
        unready = max((end for _, end in self._ready if end <= now), default=spec.created)
        waits = ready is None and bool(ended) and ended[-1].reason in _WAITING and _back(ended[-1]) > now
        return Pod(
            name=spec.pod,
            uid=self.uid,
            revision=spec.revision,
            created=spec.created,
            ready_since=ready,
            unready_since=unready if ready is None else None,
            started=(spec.created, *(_back(each) for each in ran if _back(each) <= now)),
            restarts=sum(_back(each) <= now for each in ran),
            waiting=ended[-1].reason if waits else "",
            terminated=_terminated(ran[-1].reason) if ran else "",
            node=spec.node,
            terminating=spec.terminating if _is_over(spec.terminating, now) else None,
            deleted=spec.deleted if _is_over(spec.deleted, now) else None,
        )


def _back(restart: RestartSpec) -> float:
    """When the container runs again; a wait without an end goes on, any other termination is followed by a start."""
    if restart.back is not None:
        return restart.back
    return math.inf if restart.reason in _WAITING else restart.at


def _terminated(reason: str) -> str:
    return "Error" if reason in _WAITING else reason


def _is_over(at: float | None, now: float) -> bool:
    return at is not None and at <= now


def _intervals(spec: PodSpec) -> list[tuple[float, float]]:
    """When it was Ready.  A stretch without an end is interrupted by restarts; those with one are as they are."""
    gone = min((at for at in (spec.deleted,) if at is not None), default=math.inf)
    found: list[tuple[float, float]] = []
    for ready in spec.ready:
        if ready.end < math.inf:
            found.append((ready.begin, min(ready.end, gone)))
            continue
        begin = ready.begin
        for restart in spec.restarts:
            if begin <= restart.at < _back(restart):
                found.append((begin, restart.at))
                begin = _back(restart)
        found.append((begin, gone))
    return [(begin, end) for begin, end in found if begin < end]
