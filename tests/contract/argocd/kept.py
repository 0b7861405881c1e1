"""A Deployment that Argo CD keeps as a repository says, and what its developers and operators do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from tests.contract.kubernetes.api import JSON_PATCH, Api
from tests.e2e.controlplane.repository import MAIN, Repository
from tests.e2e.workloads import deployment

Json = dict[str, Any]
Found = TypeVar("Found")

GOOD, BAD = "shop/cart:1.8", "shop/cart:1.9-err20"
REFRESH = "argocd.argoproj.io/refresh"
TRACKING = "argocd.argoproj.io/tracking-id"
SELF_HEALING = {"automated": {"enabled": True, "prune": True, "selfHeal": True}}
WITHIN = 60.0
"""Seconds; far more than is needed on an idle machine."""


@dataclass
class Kept:
    """A service, its workload and its Application.  `applications` and `workloads` are the same server."""

    applications: Api
    workloads: Api
    repository: Repository
    sizes: list[tuple[str, int]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """That of the Application."""
        return f"{self.workloads.namespace}-cart"

    def commit(self, image: str) -> str:
        """Somebody commits another image; the sha."""
        manifest = deployment(self.workloads.namespace, "cart", image)
        return self.repository.commit(f"cart: {image}", {"cart/workload.yaml": yaml.safe_dump(manifest)})

    async def create(self, *, automated: bool = True, path: str = "cart") -> None:
        """The Application, with auto-sync, pruning and self-heal, or with no automation at all."""
        source = {"repoURL": self.repository.file_url, "targetRevision": MAIN, "path": path}
        destination = {"server": "https://kubernetes.default.svc", "namespace": self.workloads.namespace}
        spec = {"project": "default", "source": source, "destination": destination}
        application = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.name},
            "spec": spec | ({"syncPolicy": SELF_HEALING} if automated else {}),
        }
        await self.applications.create("applications", application)

    async def deploy(self, image: str) -> str:
        """A first commit, with an Application that has settled on it; the sha."""
        sha = self.commit(image)
        await self.create()
        await self.settles(sha, image)
        return sha

    async def live(self) -> Json:
        """The Application as it is now."""
        return await self.applications.get("applications", self.name)

    async def workload(self) -> Json:
        """The Deployment as it is now."""
        return await self.workloads.get("deployments", "cart")

    async def image(self) -> str:
        """That of the Deployment's template."""
        return image_of(await self.workload())

    async def history(self) -> list[str]:
        """The commits of the full syncs, oldest first."""
        return [each["revision"] for each in (await self.live())["status"].get("history", [])]

    async def refresh(self) -> None:
        """Have it look at Git now."""
        await self.patch({"metadata": {"annotations": {REFRESH: "normal"}}})

    async def patch(self, patch: Json) -> None:
        """Merge a patch into the Application."""
        await self.applications.patch("applications", self.name, patch)

    async def set_image(self, image: str) -> None:
        """What `kubectl rollout undo` does: the template is another, and Git does not know of it."""
        operation = {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}
        await self.workloads.patch("deployments", "cart", [operation], JSON_PATCH)

    async def sync_to(self, sha: str, code: int = 200) -> None:
        """Ask for a sync to a commit; refused (422) while an operation runs."""
        operation = {"initiatedBy": {"username": "alice"}, "sync": {"revision": sha}}
        patch = [
            {"op": "test", "path": "/operation", "value": None},
            {"op": "add", "path": "/operation", "value": operation},
        ]
        await self.applications.patch("applications", self.name, patch, JSON_PATCH, code=code)

    async def settles(self, sha: str, image: str) -> Json:
        """The Application once it is Synced with a commit and Healthy, nothing is under way, and the image serves."""

        async def settled() -> Json | None:
            live, workload = await self.live(), await self.workload()
            status, metadata = live.get("status", {}), live["metadata"]
            sync, health = status.get("sync", {}), status.get("health", {})
            asked = "operation" in live or REFRESH in metadata.get("annotations", {})
            done = (sync.get("status"), sync.get("revision"), health.get("status")) == ("Synced", sha, "Healthy")
            return live if done and not asked and image_of(workload) == image and _serves(workload) else None

        return await self.until(settled, f"it is Synced with {sha[:8]} and Healthy")

    async def until(self, found: Callable[[], Awaitable[Found | None]], what: str) -> Found:
        """What `found` answers as soon as that is something.  Fails after the deadline, with the last state."""
        try:
            async with asyncio.timeout(WITHIN):
                while True:
                    with suppress(AssertionError):  # of an object that is not there yet
                        if answer := await found():
                            return answer
                    await asyncio.sleep(0.25)
        except TimeoutError:
            raise AssertionError(f"not within {WITHIN:.0f} s: {what}: {await self.live()}") from None

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[list[tuple[str, int]]]:
        """(image, replicas asked for) of the ReplicaSets at each change, in order."""
        listed = await self.workloads.get("replicasets")
        changes = asyncio.create_task(self._record(listed["metadata"]["resourceVersion"]))
        try:
            yield self.sizes
            await asyncio.sleep(0.2)
        finally:
            changes.cancel()
            with suppress(asyncio.CancelledError):
                await changes

    async def _record(self, version: str) -> None:
        async with self.workloads.watch("replicasets", resourceVersion=version) as events:
            async for event in events:
                if event["type"] in ("ADDED", "MODIFIED"):
                    seen = event["object"]
                    self.sizes.append((image_of(seen), seen["spec"]["replicas"]))


def image_of(workload: Json) -> str:
    """That of the template."""
    return str(workload["spec"]["template"]["spec"]["containers"][0]["image"])


def sizes_of(recorded: list[tuple[str, int]], image: str) -> list[int]:
    """The replicas of an image, each other than the one before."""
    sizes = [replicas for seen, replicas in recorded if seen == image]
    return [size for index, size in enumerate(sizes) if index == 0 or sizes[index - 1] != size]


def _serves(workload: Json) -> bool:
    status, wanted = workload.get("status", {}), workload["spec"]["replicas"]
    current = status.get("observedGeneration") == workload["metadata"]["generation"]
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return bool(current and counts == [wanted] * 3)
