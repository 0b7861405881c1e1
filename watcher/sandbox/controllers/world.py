"""What every controller is given: the objects, the time, how long things take, and a way to record Events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from watcher.sandbox.clock import Clock, parse_timestamp, timestamp
from watcher.sandbox.kubernetes.kinds import POD, Kind
from watcher.sandbox.kubernetes.objects import (
    Json,
    condition_of,
    duplicate,
    is_controlled_by,
    is_terminating,
    name_of,
    namespace_of,
)
from watcher.sandbox.kubernetes.ownership import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.sandbox.controllers.recorder import EventRecorder
    from watcher.sandbox.kubernetes.registry import Registry


@dataclass(frozen=True)
class Timings:
    """How long the simulated machinery takes, in seconds.

    `traffic_scale_down` is how long pods that lost their traffic live on under traffic routing (Argo Rollouts:
    30 s); `crash_backoff` is the first pause of a crash loop, doubled up to 16 times that; `git_poll` is after how long
    the GitOps controller looks at Git without being asked to (Argo CD: 120 s and up to 60 s more).
    """

    pod_start: float = 0.5
    pod_ready: float = 1.0
    pod_stop: float = 0.5
    crash_after: float = 1.0
    crash_backoff: float = 10.0
    traffic_scale_down: float = 30.0
    git_poll: float = 150.0


@dataclass(frozen=True)
class World:
    """The sandbox as a controller sees it."""

    registry: Registry
    clock: Clock
    timings: Timings
    events: EventRecorder

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    def stamp(self) -> str:
        """The present moment as RFC 3339, whole seconds."""
        return timestamp(self.clock.now())

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """The object, if it is there."""
        return self.registry.store.get(kind, namespace, name)

    def owned(self, kind: Kind, owner: Json) -> list[Json]:
        """The objects of that kind whose controller is `owner`."""
        there = self.registry.store.objects(kind, namespace_of(owner))
        return [obj for obj in there if is_controlled_by(obj, owner)]

    def create(self, kind: Kind, namespace: str, obj: Json, manager: str) -> Json:
        """Creates as the controller called `manager`."""
        return self.registry.create(kind, namespace, obj, Writer(manager))

    def modify(self, kind: Kind, obj: Json, change: Callable[[Json], Json], manager: str) -> Json:
        """Changes the object itself (not its status). `change` leaves alone what it is given."""
        live = self.registry.get(kind, namespace_of(obj), name_of(obj))
        if change(live) == live:
            return live  # most looks at an object change nothing: they cost no copies
        return self.registry.modify(kind, namespace_of(obj), name_of(obj), change, Writer(manager))

    def set_status(self, kind: Kind, obj: Json, status: Json, manager: str) -> Json:
        """Writes the whole status; what did not change costs nothing."""
        live = self.registry.get(kind, namespace_of(obj), name_of(obj))
        if live.get("status") == status:
            return live
        return self.registry.modify(
            kind,
            namespace_of(obj),
            name_of(obj),
            lambda live: {**live, "status": status},
            Writer(manager, "status"),
        )

    def delete(self, kind: Kind, obj: Json) -> None:
        """Deletes the object, gracefully where the kind has that."""
        self.registry.delete(kind, namespace_of(obj), name_of(obj))


def owner_reference(kind: Kind, owner: Json) -> Json:
    """The reference that makes `owner` the controller of a new object."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": name_of(owner),
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def new_pod(kind: Kind, owner: Json, template: Json, name: str, labels: dict[str, str]) -> Json:
    """A pod made from a template, with more labels."""
    made = duplicate(template)
    metadata: Json = {
        "name": name,
        "labels": {**(made.get("metadata", {}).get("labels") or {}), **labels},
        "ownerReferences": [owner_reference(kind, owner)],
    }
    if annotations := made.get("metadata", {}).get("annotations"):
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made["spec"]}


def active_pods(world: World, owner: Json) -> list[Json]:
    """The owner's pods that are neither ending nor ended."""
    return [
        pod
        for pod in world.owned(POD, owner)
        if not is_terminating(pod) and pod["status"].get("phase") not in ("Failed", "Succeeded")
    ]


def is_ready(pod: Json) -> bool:
    """Whether the pod's condition Ready is True."""
    condition = condition_of(pod, "Ready")
    return condition is not None and condition["status"] == "True"


def available_in(pod: Json, min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the pod counts as available: 0 if it does, None while it is not ready."""
    condition = condition_of(pod, "Ready")
    if condition is None or condition["status"] != "True":
        return None
    ready_since = parse_timestamp(str(condition["lastTransitionTime"]))
    return max(0.0, (ready_since + timedelta(seconds=min_ready_seconds) - now).total_seconds())


def soonest(*delays: float | None) -> float | None:
    """The smallest of the delays (seconds) that are given and positive."""
    return min((delay for delay in delays if delay), default=None)


def share(value: Any, total: int, *, up: bool) -> int:
    """A number, or a percentage of `total` rounded up or down."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    scaled = int(text[:-1]) * total
    return -(-scaled // 100) if up else scaled // 100
