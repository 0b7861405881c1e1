"""The cluster through a cache that follows it: the port `Cluster` over list and watch."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from watcher.adapters.kubernetes import marks, pods, resources, revisions, rollouts, workloads
from watcher.adapters.kubernetes.cache import Cache
from watcher.adapters.kubernetes.canaries import canary
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, at
from watcher.adapters.kubernetes.keeping import ControlPlanes, Keeping
from watcher.adapters.kubernetes.reflector import PAGE, Reader, Reflector
from watcher.adapters.kubernetes.sinks import Methods
from watcher.adapters.kubernetes.slim import SlimHold
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Pod, Workload, WorkloadView
from watcher.core.words import Kind
from watcher.ports import Clock

FIRST_LIST_SECONDS = 10.0
TIDY_SECONDS = 300.0
AT_ONCE = 8  # ConfigMaps that are read at the same time


class KubernetesCluster:
    """Follows workloads, their revisions and holds in all namespaces, or in those given.

    `own_namespace` is where the ConfigMap `watcher-hold` is looked for; empty: nowhere.  `planes` tells where Argo CD
    and Flux are.  `run` must be running for anything to be seen.
    """

    def __init__(
        self,
        client: Reader,
        clock: Clock,
        namespaces: tuple[str, ...] = (),
        own_namespace: str = "",
        planes: ControlPlanes = ControlPlanes(),  # noqa: B008 - frozen
    ) -> None:
        self._client = client
        self._clock = clock
        self._namespaces = namespaces
        self._cache = Cache(clock, planes.argocd)
        self._of_kind = self._of_workloads()
        self._holds = self._of_holds(own_namespace)
        self.keeping = Keeping(client, clock, self._cache.keepers, planes, namespaces)
        self._canaries = self._of_canaries()
        self._reflectors = [*self._of_kind.values(), *self._holds, *self._canaries]
        self._pods: dict[str, tuple[Reflector[Any], asyncio.Task[None] | None]] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Follow the cluster until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._tidy_up())
                for follower in (*self._reflectors, *self.keeping.followers):
                    group.create_task(follower.run())
                for namespace, (reflector, _) in self._pods.items():
                    self._pods[namespace] = (reflector, group.create_task(reflector.run()))
        finally:
            self._group = None

    async def settled(self) -> None:
        """Wait until everything that can be read was read once.

        What fails for half a minute (a broken conversion webhook of a custom resource) is not waited for any longer,
        as long as some kind of workload can be read: what depends on it is not known then, the rest goes on.
        """
        while not self.complete:
            await self._clock.sleep(0.05)

    @property
    def complete(self) -> bool:
        """Whether everything that can be read was read once."""
        every = (*self._reflectors, *self.keeping.followers)
        if all(follower.settled for follower in every):
            return True
        kinds = {resource.kind for resource in resources.WORKLOADS.values()}
        read = any(reflector.listed for (kind, _), reflector in self._of_kind.items() if kind in kinds)
        return read and all(follower.settled or follower.unreadable for follower in every)

    def holds(self) -> tuple[Hold, ...]:
        """Holds that stand in the cluster and are in force."""
        return self._cache.holds()

    def rehearses(self, namespace: str) -> bool:
        """Whether this namespace is there for rehearsals only; False while that cannot be read."""
        return self._cache.rehearses(namespace)

    def problems(self) -> tuple[str, ...]:
        """What cannot be followed now and why, one sentence each; what is not installed is no problem."""
        every = [*self._reflectors, *(reflector for reflector, _ in self._pods.values())]
        own = {each.problem for each in every if each.problem and not each.absent}
        return tuple(sorted(own.union(self.keeping.problems())))

    def workloads(self) -> Iterable[WorkloadView]:
        """All workloads; pods only of those that are followed."""
        return (view for view in self._cache.workloads() if self._has_history(view.workload))

    def view(self, workload: Workload) -> WorkloadView | None:
        """One workload, or None when there is no such, or its revisions could never be read."""
        return self._cache.view(workload) if self._has_history(workload) else None

    def knows(self, workload: Workload) -> bool:
        """Whether it would be seen if it existed; False while its kind cannot be read in its namespace."""
        return self._is_listed(workload.kind, workload.namespace) and self._has_history(workload)

    def age(self) -> float:
        """Seconds since all of it was last known to be true; infinite before the first complete reading."""
        if not self.complete:
            return float("inf")
        every = [*self._reflectors, *(reflector for reflector, _ in self._pods.values())]
        return max(each.age() for each in every if not each.unreadable)

    def age_of(self, workload: Workload) -> float:
        """Seconds since all that concerns this workload was last known to be true; infinite if some never was read."""
        parts = [*self._parts_of(workload), *self._holds, *(each for each in self._canaries if not each.unreadable)]
        if not all(each.settled for each in parts):
            return float("inf")
        if workload.namespace in self._pods:
            parts.append(self._pods[workload.namespace][0])
        return max(*(each.age() for each in parts), self.keeping.age(workload))

    def clock_offset(self) -> float | None:
        """Seconds by which the API server's clock is ahead of ours, as of its last answer; None: not known."""
        return self._client.clock_offset if isinstance(self._client, Client) else None

    async def pending(self) -> tuple[tuple[Workload, Pod], ...]:
        """Pods that have not started, a page a namespace at the most.  Raises Unavailable, Forbidden."""
        found: list[tuple[Workload, Pod]] = []
        for namespace in self._namespaces or ("",):
            query = {"fieldSelector": "status.phase=Pending", "limit": str(PAGE)}
            answer = await self._client.get(resources.PODS.path(namespace), query)
            slim = (pods.pod(raw) for raw in answer.get("items") or () if at(raw, "status", "phase") == "Pending")
            found += self._cache.owned(each for each in slim if each is not None)
        return tuple(found)

    async def follow(self, workloads: frozenset[Workload]) -> None:
        """Keep the pods of just these.

        Returns when the pods of newly followed namespaces were listed, at the latest after ten seconds.
        """
        self._cache.follow(workloads)
        wanted = {workload.namespace for workload in workloads}
        left = self._pods.keys() - wanted
        for namespace in left:
            _, task = self._pods.pop(namespace)
            if task is not None:
                task.cancel()
        self._cache.forget_pods(left)
        fresh = [self._follow_pods(namespace) for namespace in sorted(wanted - self._pods.keys())]
        deadline = self._clock.now() + FIRST_LIST_SECONDS
        while self._group is not None and not all(each.settled for each in fresh) and self._clock.now() < deadline:
            await self._clock.sleep(0.05)

    async def changed(self) -> frozenset[Workload]:
        """Wait until something changed; the workloads concerned since the last call."""
        return await self._cache.changed()

    async def configurations(self, namespace: str, names: Iterable[str]) -> Mapping[str, str]:
        """Content hash of each "ConfigMap/name" that exists, read now.  Raises Unavailable, Forbidden."""
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(reference: str) -> tuple[str, str]:
            path = resources.CONFIG_MAPS.path(namespace, reference.removeprefix("ConfigMap/"))
            async with limit:
                try:
                    return reference, content_hash(await self._client.get(path))
                except NotFound:
                    return reference, ""

        found = await asyncio.gather(*(one(name) for name in sorted(set(names)) if name.startswith("ConfigMap/")))
        return {reference: digest for reference, digest in found if digest}

    def _parts_of(self, workload: Workload) -> Iterator[Reflector[Any]]:
        """What its view is made of, but for pods and holds; the template of a Rollout may be in a Deployment."""
        kinds = {workload.kind, resources.HISTORY[workload.kind].kind}
        if workload.kind is Kind.ROLLOUT:
            kinds.add(Kind.DEPLOYMENT)
        for kind in sorted(kinds):
            yield from self._following(kind, workload.namespace)

    def _following(self, kind: str, namespace: str) -> list[Reflector[Any]]:
        found = (self._of_kind.get((kind, each)) for each in dict.fromkeys(("", namespace)))
        return [each for each in found if each is not None]

    def _is_listed(self, kind: str, namespace: str) -> bool:
        return any(each.listed for each in self._following(kind, namespace))

    def _has_history(self, workload: Workload) -> bool:
        history = self._following(resources.HISTORY[workload.kind].kind, workload.namespace)
        return all(each.settled for each in history)

    async def _tidy_up(self) -> None:
        while True:
            await self._clock.sleep(TIDY_SECONDS)
            self._cache.forget_pods()

    def _follow_pods(self, namespace: str) -> Reflector[Any]:
        sink = Methods(self._cache.put_pod, self._cache.drop_pod)
        reflector = Reflector(self._client, resources.PODS, pods.pod, sink, self._clock).within(namespace)
        task = self._group.create_task(reflector.run()) if self._group is not None else None
        self._pods[namespace] = (reflector, task)
        return reflector

    def _of_workloads(self) -> dict[tuple[str, str], Reflector[Any]]:
        """By kind and namespace; the latter is empty for all."""
        put, revision = (
            Methods(self._cache.put_workload, self._cache.drop_workload),
            Methods(self._cache.put_revision, self._cache.drop_revision),
        )
        table: tuple[tuple[resources.Resource, Callable[[Json], Any], Methods], ...] = (
            (resources.REPLICA_SETS, revisions.replica_set, revision),
            (resources.CONTROLLER_REVISIONS, revisions.controller_revision, revision),
            (resources.DEPLOYMENTS, workloads.deployment, put),
            (resources.STATEFUL_SETS, workloads.stateful_set, put),
            (resources.DAEMON_SETS, workloads.daemon_set, put),
            (resources.ROLLOUTS, rollouts.rollout, put),
        )
        return {
            (resource.kind, namespace): Reflector(self._client, resource, project, sink, self._clock).within(namespace)
            for resource, project, sink in table
            for namespace in self._namespaces or ("",)
        }

    def _of_canaries(self) -> list[Reflector[Any]]:
        """Flagger's, where its CRD is installed."""
        sink = Methods(self._cache.put_canary, self._cache.drop_canary)
        return [
            Reflector(self._client, resources.CANARIES, canary, sink, self._clock).within(namespace)
            for namespace in self._namespaces or ("",)
        ]

    def _of_holds(self, own_namespace: str) -> list[Reflector[Any]]:
        spaces = Methods(self._cache.put_namespace, self._cache.drop_namespace)
        found = [
            Reflector(self._client, resources.NAMESPACES, _namespace, spaces, self._clock).within(
                field_selector=f"metadata.name={name}" if name else ""
            )
            for name in self._namespaces or ("",)
        ]
        if own_namespace:
            hold = Methods(self._cache.put_hold, self._cache.drop_hold)
            found.append(
                Reflector(self._client, resources.CONFIG_MAPS, _config_map, hold, self._clock).within(
                    own_namespace, f"metadata.name={marks.HOLD_CONFIG_MAP}"
                )
            )
        return found


def _namespace(raw: Json) -> SlimHold:
    name = raw["metadata"]["name"]
    return SlimHold(name, marks.hold({"kind": "Namespace", **raw}, Scope(name)), marks.rehearses(raw))


def _config_map(raw: Json) -> SlimHold | None:
    """A server that knows no field selectors would send them all."""
    if raw["metadata"]["name"] != marks.HOLD_CONFIG_MAP:
        return None
    return SlimHold(raw["metadata"]["name"], marks.config_map_hold(raw))


def content_hash(raw: Json) -> str:
    """SHA-256 (hex) over what a ConfigMap holds."""
    content = {"data": raw.get("data") or {}, "binaryData": raw.get("binaryData") or {}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
