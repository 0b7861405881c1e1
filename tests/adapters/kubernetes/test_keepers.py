"""Which application keeps which workload, through the reflectors of an API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.adapters.kubernetes.test_views import a_workload
from tests.contract.kubernetes_adapter.world import WallClock, manifest
from tests.core.applications import (
    CART as LISTED,
)
from tests.core.applications import (
    NEW,
    a_git_repository,
    a_helm_release,
    a_kustomization,
    an_application,
    merged,
)
from watcher.adapters.kubernetes import Client, KubernetesCluster
from watcher.adapters.kubernetes.cache import Cache
from watcher.adapters.kubernetes.keepers import CLAIMED_TWICE, ELSEWHERE
from watcher.adapters.kubernetes.keeping import ControlPlanes
from watcher.core.gitops import Application
from watcher.core.keepers import argocd, flux
from watcher.core.model import Manager, Workload, WorkloadView
from watcher.core.words import Kind
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.server import ApiSettings

Json = dict[str, Any]
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
ROLLOUT = Workload(Kind.ROLLOUT, "shop", "cart")
TRACKED = {"argocd.argoproj.io/tracking-id": "cart:apps/Deployment:shop/cart"}
FLUX_LABELS = {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


def cached(*applications: Json, manager: Manager | None = None, **workload: Any) -> Cache:
    cache = Cache(WallClock())
    cache.put_workload(a_workload(manager=manager, **workload))
    for raw in applications:
        cache.keepers.put(argocd.keeper(raw))
    return cache


def kept(cache: Cache, name: Workload = CART) -> tuple[Manager | None, Application | None]:
    view = cache.view(name)
    assert view is not None
    return view.manager, view.application


def listing_nothing(name: str = "cart", namespace: str = "argocd") -> Json:
    return an_application({"status": {"resources": None}}, name, namespace)


def listing_another(name: str = "cart", namespace: str = "argocd") -> Json:
    return an_application({"status": {"resources": [merged(LISTED, {"name": "other"})]}}, name, namespace)


@pytest.mark.parametrize(
    ("tracked", "applications", "found"),
    [
        ("cart", [an_application()], "argocd/cart"),
        ("cart", [an_application(namespace="gitops")], "gitops/cart"),
        ("cart", [an_application(), an_application(namespace="gitops")], "argocd/cart"),
        ("cart", [listing_nothing()], "argocd/cart"),
        ("cart", [listing_nothing(namespace="gitops")], ""),
        ("cart", [listing_another()], ""),
        ("cart", [listing_another(), an_application(namespace="gitops")], "gitops/cart"),
        ("cart", [], ""),
        ("team_cart", [an_application(namespace="team"), an_application()], "team/cart"),
        ("team_cart", [listing_nothing(namespace="team")], "team/cart"),
        ("team_cart", [listing_another(namespace="team"), an_application()], ""),
        ("other", [an_application()], ""),
    ],
)
def test_a_tracking_id_names_its_application(tracked: str, applications: list[Json], found: str) -> None:
    manager, application = kept(cached(*applications, manager=Manager("argocd", tracked)))
    assert manager == Manager("argocd", tracked), "managed elsewhere is never nobody"
    assert (application.name if application else "") == found


def test_an_application_is_found_by_what_it_lists() -> None:
    assert kept(cached()) == (None, None)
    manager, application = kept(cached(an_application(name="shops")))
    assert manager == Manager("argocd", "argocd/shops")
    assert application is not None
    assert application.refused == ""


def test_one_that_deploys_elsewhere_keeps_nothing_by_listing_it() -> None:
    remote = an_application({"spec": {"destination": {"server": "https://10.0.0.7"}}})
    assert kept(cached(remote)) == (None, None)
    _, application = kept(cached(remote, manager=Manager("argocd", "cart")))
    assert application is not None
    assert application.refused == ELSEWHERE


def test_a_workload_that_two_claim_is_left_to_a_person() -> None:
    _, application = kept(cached(an_application(name="b"), an_application(name="a")))
    assert application is not None
    assert application.refused == CLAIMED_TWICE.format("argocd/a and argocd/b")


def test_namesakes_here_and_in_a_hub_are_told_apart() -> None:
    hub = "https://argocd.example.com"
    cache = cached(an_application(), manager=Manager("argocd", "cart"))
    cache.keepers.put(argocd.keeper(listing_another(), through=hub))
    _, application = kept(cache)
    assert application is not None
    assert (application.through, application.refused) == ("", "")
    remote = argocd.keeper(an_application(), through=hub)
    cache.keepers.put(remote)
    _, application = kept(cache)
    assert application is not None
    assert application.refused == CLAIMED_TWICE.format(f"argocd/cart and argocd/cart at {hub}")
    cache.keepers.drop(argocd.keeper(an_application()))
    _, application = kept(cache)
    assert application is not None
    assert (application.through, application.refused) == (hub, "")


def test_the_marks_of_a_deployment_count_for_the_rollout_that_takes_its_template() -> None:
    cache = cached(an_application(), manager=Manager("argocd", "cart"))
    cache.put_workload(a_workload(workload=ROLLOUT, uid="r1", template_in="cart"))
    manager, application = kept(cache, ROLLOUT)
    assert (manager, application and application.name) == (Manager("argocd", "cart"), "argocd/cart")


async def test_only_what_matters_wakes_and_the_view_is_new_in_any_case() -> None:
    cache = cached(an_application(), an_application(name="other"))
    kept(cache)
    await cache.changed()
    later = {"status": {"reconciledAt": "2026-11-02T10:08:00Z"}}
    cache.keepers.put(argocd.keeper(an_application(later)))
    _, application = kept(cache)
    assert application is not None
    assert application.reconciled == argocd.application(an_application(later)).reconciled
    assert not cache._changed
    cache.keepers.put(argocd.keeper(an_application(merged(later, {"status": {"health": {"status": "Degraded"}}}))))
    assert await cache.changed() == {CART}
    cache.keepers.drop(argocd.keeper(an_application(name="cart")))
    cache.keepers.drop(argocd.keeper(an_application(name="other")))
    assert await cache.changed() == {CART}
    assert kept(cache) == (None, None)


async def test_what_an_application_gives_up_is_nobodys() -> None:
    cache = cached(an_application())
    kept(cache)
    cache.keepers.put(argocd.keeper(listing_another()))
    assert kept(cache) == (None, None)


async def test_an_application_wakes_nothing_that_it_does_not_keep() -> None:
    cache = cached(manager=Manager("argocd", "cart"))
    kept(cache)
    await cache.changed()
    cache.keepers.put(argocd.keeper(listing_another("web")))
    assert not cache._changed
    cache.keepers.put(argocd.keeper(an_application()))
    assert await cache.changed() == {CART}


def test_flux_is_seen_with_its_repository() -> None:
    cache = cached(manager=Manager("flux-kustomize", "flux-system/shop"), bridge="d-1")
    assert kept(cache) == (Manager("flux-kustomize", "flux-system/shop"), None)
    cache.keepers.put(flux.kustomization(a_kustomization()))
    _, application = kept(cache)
    assert application is not None
    assert "cannot be seen" in application.refused
    cache.keepers.put_repository(flux.git_repository(a_git_repository()))
    _, application = kept(cache)
    assert application is not None
    assert (application.refused, application.sources[0].deployed, application.pinned) == ("", NEW, "d-1")
    cache.keepers.drop_repository(flux.git_repository(a_git_repository()))
    _, application = kept(cache)
    assert application is not None
    assert "cannot be seen" in application.refused


def test_a_workload_that_is_deleted_is_forgotten() -> None:
    cache = cached(an_application(), manager=Manager("argocd", "cart"))
    cache.drop_workload(a_workload(manager=Manager("argocd", "cart")))
    assert not cache.keepers.names("argocd")
    assert cache.keepers.tool_of(CART) == "argocd", "the Application lists it still"


@asynccontextmanager
async def followed(*denied: str, **options: Any) -> AsyncIterator[tuple[SandboxCluster, KubernetesCluster]]:
    plurals = ("applications", "kustomizations", "helmreleases", "gitrepositories")
    rules = [
        AccessRule(("*",), ("apps", ""), ("*",), ("*",)),
        AccessRule(("*",), ("*",), ("rollouts", "canaries"), ("*",)),
        *(AccessRule(("*",), ("*",), (plural,), ("*",)) for plural in plurals if plural not in denied),
    ]
    namespaces = ("shop", "argocd", "gitops", "flux-system")
    settings = SandboxSettings(api=ApiSettings(rules=rules), namespaces=namespaces, controllers=False)
    async with SandboxCluster(settings) as sandbox:
        client = await Client.connect(str(sandbox.kubeconfig_path))
        cluster = KubernetesCluster(client, WallClock(), **options)
        task = asyncio.create_task(cluster.run())
        async with asyncio.timeout(10):
            await cluster.settled()
        yield sandbox, cluster
        task.cancel()
        await asyncio.wait([task])
        await client.close()


async def seen(cluster: KubernetesCluster, *, application: bool = True) -> WorkloadView:
    async with asyncio.timeout(10):
        while True:
            view = cluster.view(CART)
            if view is not None and (view.application is not None or not application):
                return view
            await cluster.changed()


def cart(**metadata: Any) -> Json:
    return merged(manifest(Kind.DEPLOYMENT, "cart", replicas=1), {"metadata": {"namespace": "shop", **metadata}})


@pytest.mark.parametrize("namespaces", [(), ("shop",)])
async def test_applications_are_followed_beside_the_watched_namespaces(namespaces: tuple[str, ...]) -> None:
    async with followed(namespaces=namespaces) as (sandbox, cluster):
        await sandbox.apply(cart(annotations=TRACKED))
        await sandbox.apply(merged(an_application(), {"metadata": {"name": "odd"}, "spec": {"sources": "x"}}))
        await sandbox.apply(an_application())
        view = await seen(cluster)
        assert view.application is not None
        assert (view.application.name, view.application.sources[0].deployed) == ("argocd/cart", NEW)
        assert cluster.age_of(CART) < 60


@pytest.mark.parametrize(("planes", "found"), [(ControlPlanes("gitops"), True), (ControlPlanes(""), False)])
async def test_where_argo_cd_is_can_be_said(planes: ControlPlanes, found: bool) -> None:
    async with followed(namespaces=("shop",), planes=planes) as (sandbox, cluster):
        await sandbox.apply(an_application(namespace="gitops"))
        await sandbox.apply(cart(annotations=TRACKED))
        view = await seen(cluster, application=found)
        assert (view.application is not None) is found
        assert view.manager is not None


async def test_flux_is_followed_too() -> None:
    async with followed() as (sandbox, cluster):
        await sandbox.apply(a_git_repository())
        await sandbox.apply(a_kustomization())
        await sandbox.apply(a_helm_release())
        await sandbox.apply(cart(labels=FLUX_LABELS))
        view = await seen(cluster)
        assert view.application is not None
        assert view.application.name == "flux-system/shop"


@pytest.mark.parametrize(
    ("marks", "told"),
    [({}, 0), ({"annotations": TRACKED}, 1), ({"labels": FLUX_LABELS}, 2)],
)
async def test_what_is_forbidden_matters_only_where_it_keeps_something(marks: Json, told: int) -> None:
    async with followed("applications", "kustomizations", "gitrepositories") as (sandbox, cluster):
        await sandbox.apply(cart(**marks))
        await seen(cluster, application=False)
        assert len(cluster.problems()) == told
        assert all("grant the verb `list`" in problem for problem in cluster.problems())
        assert cluster.age() < 60


async def test_applications_of_another_cluster_come_from_who_is_added() -> None:
    async with followed(planes=ControlPlanes(applications_here=False)) as (sandbox, cluster):
        await sandbox.apply(an_application())
        await sandbox.apply(cart(annotations=TRACKED))
        assert (await seen(cluster, application=False)).application is None
        remote = an_application({"spec": {"destination": {"server": "https://10.0.0.7"}}}, namespace="hub")
        cluster.keeping.put(argocd.keeper(remote, frozenset({"https://10.0.0.7"})))
        view = await seen(cluster)
        assert view.application is not None
        assert (view.application.name, view.application.refused) == ("hub/cart", "")
