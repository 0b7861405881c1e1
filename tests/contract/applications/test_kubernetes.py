from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.applications.suite import CART, ApplicationsContract
from tests.contract.kubernetes_adapter.world import WallClock, manifest
from tests.core.applications import OLD, a_git_repository, a_helm_release, a_kustomization, merged
from watcher.adapters.kubernetes import Client, KubernetesApplications
from watcher.adapters.kubernetes.resources import (
    APPLICATIONS,
    DEPLOYMENTS,
    GIT_REPOSITORIES,
    HELM_RELEASES,
    KUSTOMIZATIONS,
)
from watcher.core.gitops import Application, GitSource
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.ports import Changed, Forbidden, Rejected
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.kubernetes.server import ApiSettings

Json = dict[str, Any]
REQUESTED = "reconcile.fluxcd.io/requestedAt"
RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
SETTINGS = SandboxSettings(namespaces=("shop", "argocd", "flux-system"), controllers=False)


class Interfered(Client):
    """Lets somebody change the object right before a patch."""

    def __init__(self, client: Client) -> None:
        super().__init__(client._access)
        self.change: Json | None = None

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:
        change, self.change = self.change, None
        if change is not None:
            await merge(self, path, change)
        return await super().patch(path, operations)


async def merge(client: Client, path: str, change: Json) -> None:
    """Merge patches have no method of their own: nobody but tests needs them."""
    raw = await client.get(path)
    patched = merge_patch(raw, change)
    await client.put(path, patched)


class SandboxWorld:
    """The Application in the sandbox."""

    path = APPLICATIONS.path("argocd", "cart")
    through = ""

    def __init__(self, sandbox: SandboxCluster, client: Interfered) -> None:
        self.sandbox, self.client = sandbox, client
        self.applications = KubernetesApplications(client, WallClock())

    async def make(self, raw: Json) -> None:
        await self.client.post(APPLICATIONS.path("argocd"), raw)

    async def raw(self) -> Json:
        return dict(await self.client.get(self.path))

    async def merge(self, change: Json) -> None:
        await merge(self.client, self.path, change)

    def before_next_write(self, change: Json) -> None:
        self.client.change = change


@pytest.fixture
async def world() -> AsyncIterator[SandboxWorld]:
    async with SandboxCluster(SETTINGS) as sandbox:
        client = Interfered(await Client.connect(str(sandbox.kubeconfig_path)))
        yield SandboxWorld(sandbox, client)
        await client.close()


class TestSandbox(ApplicationsContract):
    pass


async def test_without_the_permission_it_is_said_which_one_is_missing() -> None:
    rules = [AccessRule(("get", "create"), ("*",), ("*",))]
    async with SandboxCluster(replace(SETTINGS, api=ApiSettings(rules=rules))) as sandbox:
        client = Interfered(await Client.connect(str(sandbox.kubeconfig_path)))
        world = SandboxWorld(sandbox, client)
        await world.make({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "cart"}})
        found = await world.applications.read(Application("argocd", "argocd/cart"))
        assert found is not None
        with pytest.raises(Forbidden, match="grant the verb `patch` on `applications`"):
            await world.applications.refresh(found)
        await client.close()


async def test_a_sync_that_was_only_asked_for_is_taken_back(world: SandboxWorld) -> None:
    ours = {"info": [{"name": "watcher.dev/decision", "value": "d-1"}], "sync": {"revision": OLD}}
    raw = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "cart"},
        "operation": ours,
    }
    await world.make(raw)
    found = await world.applications.read(Application("argocd", "argocd/cart"))
    assert found is not None
    await world.applications.stop_sync(found)
    assert "operation" not in await world.raw()


async def flux(world: SandboxWorld, raw: Json, tool: str) -> Application:
    """Flux has brought this to the cluster beside its repository and the workload."""
    cart = manifest(Kind.DEPLOYMENT, "cart", replicas=1)
    for each in (a_git_repository(), raw, merged(cart, {"metadata": {"namespace": "shop"}})):
        applied = await world.sandbox.apply(each)
        assert applied["metadata"]["uid"]
    name = f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"
    found = await world.applications.read(Application(tool, name))
    assert found is not None
    return found


def annotated(raw: Any) -> Json:
    return dict(raw["metadata"].get("annotations") or {})


@pytest.mark.parametrize(
    ("raw", "tool", "path"),
    [
        (a_kustomization(), "flux-kustomize", KUSTOMIZATIONS.path("flux-system", "shop")),
        (a_helm_release(), "flux-helm", HELM_RELEASES.path("shop", "cart")),
    ],
)
async def test_flux_is_asked_to_look_at_the_repository_and_then_at_the_object(
    world: SandboxWorld, raw: Json, tool: str, path: str
) -> None:
    found = await flux(world, raw, tool)
    assert found.sources[0].branch == "main"
    await world.applications.refresh(found)
    asked = annotated(await world.client.get(path))[REQUESTED]
    assert annotated(await world.client.get(GIT_REPOSITORIES.path("flux-system", "deploy")))[REQUESTED] == asked
    again = await world.applications.read(found)
    assert again is not None
    assert again.syncing


async def test_flux_syncs_nothing_but_its_branch(world: SandboxWorld) -> None:
    found = await flux(world, a_kustomization(), "flux-kustomize")
    with pytest.raises(Rejected, match="revert in Git"):
        await world.applications.sync(found, (OLD,), "d-1")
    with pytest.raises(Rejected, match="revert in Git"):
        await world.applications.stop_sync(found)


async def test_a_kustomization_is_kept_off_one_workload(world: SandboxWorld) -> None:
    found = await flux(world, a_kustomization(), "flux-kustomize")
    path = DEPLOYMENTS.path("shop", "cart")
    before = annotated(await world.client.get(path))
    await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
    await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
    marked = annotated(await world.client.get(path))
    assert (marked[RECONCILE], marked["watcher.dev/bridge"]) == ("disabled", "d-1")
    with pytest.raises(Rejected, match="already by d-1"):
        await world.applications.pin(found, CART, found.sources[0], OLD, "d-2")
    with pytest.raises(Rejected, match="not by d-2"):
        await world.applications.unpin(found, CART, "d-2")
    await world.applications.unpin(found, CART, "d-1")
    await world.applications.unpin(found, CART, "d-1")
    after = annotated(await world.client.get(path))
    assert RECONCILE not in after
    assert {*after} == {*before}


async def test_a_rollout_whose_template_is_in_a_deployment_is_not_kept_off(world: SandboxWorld) -> None:
    found = await flux(world, a_kustomization(), "flux-kustomize")
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {
            "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"},
            "strategy": {"canary": {}},
        },
    }
    before = await world.sandbox.apply(rollout)
    with pytest.raises(Rejected, match="in Deployment cart"):
        await world.applications.pin(found, Workload(Kind.ROLLOUT, "shop", "web"), found.sources[0], OLD, "d-1")
    assert annotated(world.sandbox.get("Rollout", "shop", "web")) == annotated(before)


async def test_a_helm_release_is_suspended(world: SandboxWorld) -> None:
    found = await flux(world, a_helm_release(), "flux-helm")
    path = HELM_RELEASES.path("shop", "cart")
    await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
    raw = await world.client.get(path)
    assert raw["spec"]["suspend"] is True
    pinned = await world.applications.read(found)
    assert pinned is not None
    assert (pinned.pinned, pinned.refused, pinned.automated) == ("d-1", "", False)
    await world.applications.unpin(found, CART, "d-1")
    raw = await world.client.get(path)
    assert "suspend" not in raw["spec"]
    assert "watcher.dev/bridge" not in annotated(raw)


@pytest.mark.parametrize("tool", ["flux-kustomize", "flux-helm"])
async def test_what_a_person_keeps_off_is_left_to_that_person(world: SandboxWorld, tool: str) -> None:
    raw = a_kustomization() if tool == "flux-kustomize" else a_helm_release({"spec": {"suspend": True}})
    found = await flux(world, raw, tool)
    if tool == "flux-kustomize":
        change = {"metadata": {"annotations": {RECONCILE: "disabled"}}}
        await merge(world.client, DEPLOYMENTS.path("shop", "cart"), change)
    source = GitSource("", "", "", ())
    with pytest.raises(Rejected, match="already by somebody else"):
        await world.applications.pin(found, CART, source, OLD, "d-1")
    await world.applications.unpin(found, CART, "d-1")


async def test_flux_goes_on_with_what_somebody_else_has_set_since(world: SandboxWorld) -> None:
    found = await flux(world, a_helm_release(), "flux-helm")
    await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
    await merge(world.client, HELM_RELEASES.path("shop", "cart"), {"spec": {"suspend": False}})
    await world.applications.unpin(found, CART, "d-1")
    raw = await world.client.get(HELM_RELEASES.path("shop", "cart"))
    assert raw["spec"]["suspend"] is False
    assert "watcher.dev/bridge" not in annotated(raw)


async def test_a_workload_that_is_gone_needs_no_end_of_its_bridge(world: SandboxWorld) -> None:
    found = await flux(world, a_kustomization(), "flux-kustomize")
    path = DEPLOYMENTS.path("shop", "cart")
    await world.client.delete(path, (await world.client.get(path))["metadata"]["uid"])
    async with asyncio.timeout(5):
        await world.applications.unpin(found, CART, "d-1")
    with pytest.raises(Changed):
        await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
