"""Scheduler and kubelet in one: gives pods a node and an address, starts, fails and stops their containers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.containers import Life, pod_status
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.kubernetes.kinds import NODE, POD
from watcher.sandbox.kubernetes.objects import Json, is_terminating, name_of, namespace_of, uid_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

_MANAGER = "kubelet"


class Kubelet:
    """Moves pods from Pending to Ready and, when deleted, out of the store."""

    name = _MANAGER

    def __init__(self, world: World) -> None:
        self._world = world
        self._lives: dict[str, Life] = {}
        self._stops: dict[str, datetime] = {}
        self._addresses = count(2)
        self._turns = count()

    def concerns(self, change: Change) -> Iterable[Key]:
        """Pods; those that are gone are forgotten."""
        if change.kind is not POD:
            return
        if change.type == "DELETED":
            self._lives.pop(uid_of(change.object), None)
            self._stops.pop(uid_of(change.object), None)
        else:
            yield namespace_of(change.object), name_of(change.object)

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Takes the pod's step that is due; seconds until the next one."""
        pod = self._world.find(POD, namespace, name)
        if pod is None:
            return None
        if is_terminating(pod):
            return self._stop(pod)
        now = self._world.now()
        uid = uid_of(pod)
        if uid not in self._lives:
            pod = self._admit(pod)
        life = self._lives[uid]
        if life.due is not None and now >= life.due:
            life = self._lives[uid] = life.next(pod, self._world.timings, now)
            self._tell(pod, life)
        self._world.set_status(POD, pod, pod_status(pod, life, now), _MANAGER)
        return None if life.due is None else max(0.0, (life.due - now).total_seconds())

    def _admit(self, pod: Json) -> Json:
        """First sight: a node, an address, and the beginning of its life."""
        nodes = self._world.registry.store.objects(NODE)
        if not pod["spec"].get("nodeName"):
            node = name_of(nodes[next(self._turns) % len(nodes)])
            pod = self._world.modify(
                POD, pod, lambda live: {**live, "spec": {**live["spec"], "nodeName": node}}, "kube-scheduler"
            )
            message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
            self._world.events.normal("default-scheduler", pod, "Scheduled", message)
        index = next(self._addresses)
        address = f"10.244.{index // 250 % 250}.{index % 250 + 1}"
        due = self._world.now() + timedelta(seconds=self._world.timings.pod_start)
        self._lives[uid_of(pod)] = Life(address, due)
        return pod

    def _tell(self, pod: Json, life: Life) -> None:
        if life.ended is not None:
            message = f"Back-off restarting failed container in pod {name_of(pod)}"
            self._world.events.warning(_MANAGER, pod, "BackOff", message)
        elif life.unpullable:
            self._world.events.warning(_MANAGER, pod, "Failed", "Error: ImagePullBackOff")
        elif not life.ready:
            for container in pod["spec"]["containers"]:
                message = f"Created and started container {container['name']} from image {container['image']}"
                self._world.events.normal(_MANAGER, pod, "Started", message)

    def _stop(self, pod: Json) -> float | None:
        now = self._world.now()
        grace = min(self._world.timings.pod_stop, float(pod["metadata"]["deletionGracePeriodSeconds"]))
        ends = self._stops.setdefault(uid_of(pod), now + timedelta(seconds=grace))
        if now < ends:
            return (ends - now).total_seconds()
        self._world.registry.finish(POD, pod)
        return None
