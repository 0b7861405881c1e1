"""A Kubernetes API server with controllers behind it, a person who works on it, and the adapter under test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from watcher.adapters.kubernetes import Client, KubernetesActuator, KubernetesCluster
from watcher.adapters.kubernetes.resources import CONFIG_MAPS, NAMESPACES, WORKLOADS
from watcher.core.model import Revision, Workload, WorkloadView
from watcher.core.orders import AbortOrder, UndoOrder
from watcher.core.words import Kind

Json = dict[str, Any]
Found = TypeVar("Found")
PATIENCE = 40.0
SILENCE = 2.0
OWN_NAMESPACE = "watcher"


class WallClock:
    """The real clock, which a test can set `ahead` of it (seconds)."""

    ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Person:
    """Someone with kubectl, or a pipeline: everything but the adapter that changes the cluster."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def create(self, collection: str, manifest: Json) -> Json:
        response = await self.http.post(collection, json=manifest, params={"fieldManager": "pipeline"})
        return _checked(response)

    async def merge(self, path: str, change: Json) -> Json:
        headers = {"Content-Type": "application/merge-patch+json"}
        response = await self.http.patch(path, json=change, headers=headers, params={"fieldManager": "pipeline"})
        return _checked(response)

    async def get(self, path: str) -> Json:
        return _checked(await self.http.get(path))

    async def delete(self, path: str) -> Json:
        return _checked(await self.http.delete(path))


def _checked(response: httpx.Response) -> Json:
    assert response.is_success, f"{response.request.method} {response.request.url.path}: {response.text}"
    answer: Json = response.json()
    return answer


@dataclass
class World:
    """One namespace of an API server, seen through the adapter."""

    person: Person
    client: Client
    namespace: str = field(default_factory=lambda: f"shop-{uuid4().hex[:8]}")
    followed: frozenset[Workload] = frozenset()

    def __post_init__(self) -> None:
        self.clock = WallClock()
        self.cluster = KubernetesCluster(self.client, self.clock, own_namespace=OWN_NAMESPACE)
        self.actuator = KubernetesActuator(self.client, self.clock, OWN_NAMESPACE)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[World]:
        await self.person.create(NAMESPACES.path(), {"metadata": {"name": self.namespace}})
        running = asyncio.create_task(self.cluster.run())
        try:
            async with asyncio.timeout(PATIENCE):
                await self.cluster.settled()
            yield self
        finally:
            running.cancel()
            await asyncio.wait([running])
            await self.client.close()
            await self.person.delete(NAMESPACES.path(name=self.namespace))
            await self.person.http.aclose()

    def path(self, workload: Workload) -> str:
        return WORKLOADS[workload.kind].path(workload.namespace, workload.name)

    async def deploy(self, manifest: Json) -> Workload:
        """Create a workload, follow it, and wait until it is rolled out."""
        await self.person.create(WORKLOADS[Kind(manifest["kind"])].path(self.namespace), manifest)
        return await self.deployed(manifest)

    async def deployed(self, manifest: Json) -> Workload:
        """Follow a workload that was created, and wait until it is rolled out."""
        workload = Workload(Kind(manifest["kind"]), self.namespace, manifest["metadata"]["name"])
        self.followed |= {workload}
        await self.cluster.follow(self.followed)
        await self.until(lambda: (view := self.cluster.view(workload)) is not None and view.rolled_out)
        return workload

    async def release(self, workload: Workload, image: str, **container: Any) -> Revision:
        """Change the image and wait until the controller has made a revision of it."""
        before = self.view(workload).current
        spec = {"containers": [{"name": "app", "image": image, **container}]}
        await self.person.merge(self.path(workload), {"spec": {"template": {"spec": spec}}})
        return await self.revision_after(workload, before)

    async def revision_after(self, workload: Workload, number: int) -> Revision:
        def newest() -> Revision | None:
            view = self.view(workload)
            return view.newest() if view.current > number and view.observed else None

        return await self.until(newest)

    def view(self, workload: Workload) -> WorkloadView:
        view = self.cluster.view(workload)
        assert view is not None, f"{workload} is not in the cache"
        return view

    async def rolled_out(self, workload: Workload, template_id: str) -> WorkloadView:
        def there() -> WorkloadView | None:
            view = self.view(workload)
            newest = view.newest()
            return view if newest is not None and newest.template_id == template_id and view.rolled_out else None

        return await self.until(there)

    async def taken_over(self, workload: Workload) -> None:
        """Wait until the controller has observed the newest spec, past the cache."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            live = await self.person.get(self.path(workload))
            if str(live.get("status", {}).get("observedGeneration")) == str(live["metadata"]["generation"]):
                return
            try:
                async with asyncio.timeout(SILENCE):
                    await self.cluster.changed()
            except TimeoutError:
                await self._prod()
        raise AssertionError(f"not taken over within {PATIENCE:.0f} s: {live}")

    async def until(self, found: Callable[[], Found | None]) -> Found:
        """Wait for the cache to show something."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if answer := found():
                return answer
            try:
                async with asyncio.timeout(SILENCE):
                    await self.cluster.changed()
            except TimeoutError:
                await self._prod()
        raise AssertionError(f"not seen within {PATIENCE:.0f} s: {found}; {list(self.cluster.workloads())}")

    async def _prod(self) -> None:
        """Some versions of Argo Rollouts overlook a change right after a write of their own, until the next one."""
        note = {"metadata": {"annotations": {"prodded": f"{time.monotonic()}"}}}
        for workload in self.followed:
            if workload.kind is Kind.ROLLOUT and self.cluster.view(workload) is not None:
                await self.person.merge(self.path(workload), note)

    async def hold_everything(self, reason: str) -> None:
        await self.person.create(
            CONFIG_MAPS.path(OWN_NAMESPACE), {"metadata": {"name": "watcher-hold"}, "data": {"reason": reason}}
        )

    async def release_everything(self) -> None:
        await self.person.delete(CONFIG_MAPS.path(OWN_NAMESPACE, "watcher-hold"))


def manifest(kind: Kind, name: str, image: str = "shop:v1", **spec: Any) -> Json:
    """A workload with one container `app`."""
    version = WORKLOADS[kind].api_version
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": image}]}}
    if kind is Kind.STATEFUL_SET:
        spec = {"serviceName": name, **spec}
    if kind is Kind.ROLLOUT:
        steps = [{"setWeight": 25}, {"pause": {}}]
        spec = {"strategy": {"canary": {"steps": steps, "maxSurge": 1, "maxUnavailable": 0}}, **spec}
    if kind is not Kind.DAEMON_SET:
        spec = {"replicas": 4, **spec}
    return {
        "apiVersion": version,
        "kind": str(kind),
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template} | spec,
    }


def referring_rollout(name: str, source: Json) -> Json:
    """A Rollout whose template is in the Deployment `source`."""
    subject = manifest(Kind.ROLLOUT, name, selector=source["spec"]["selector"])
    del subject["spec"]["template"]
    subject["spec"]["workloadRef"] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": source["metadata"]["name"],
    }
    return subject


def undo_order(view: WorkloadView, bad: Revision, target: Revision, **more: Any) -> UndoOrder:
    given: dict[str, Any] = {"decision": "d-1", "tried": 1, "reason": "errors", **more}
    return UndoOrder(
        workload=view.workload,
        uid=view.uid,
        bad_template=bad.template_id,
        target_template=target.template_id,
        target_revision=target.name,
        **given,
    )


def abort_order(view: WorkloadView, **more: Any) -> AbortOrder:
    assert view.rollout is not None
    given: dict[str, Any] = {
        "decision": "d-1",
        "tried": 1,
        "pod_hash": view.rollout.current,
        "clear_promotion": False,
        "reason": "errors",
        **more,
    }
    return AbortOrder(workload=view.workload, uid=view.uid, **given)
