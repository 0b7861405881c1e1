"""What the adapter does with few rights, and what only its own bookkeeping shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from tests.adapters.kubernetes.scripted import LoopClock, Script, Stream, page
from tests.adapters.kubernetes.test_views import NEW, OLD, a_workload
from tests.contract.kubernetes_adapter.world import Json, WallClock, manifest, undo_order
from watcher.adapters.kubernetes import Client, KubernetesActuator, KubernetesCluster, Permission, missing, needed
from watcher.adapters.kubernetes.cache import REMEMBER_SECONDS, Cache
from watcher.adapters.kubernetes.errors import NoAnswer
from watcher.adapters.kubernetes.resources import ROLLOUTS
from watcher.adapters.kubernetes.slim import SlimPod
from watcher.core.model import Pod, Result, Revision, Workload
from watcher.core.words import Kind
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.server import ApiSettings

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
CANARY = Workload(Kind.ROLLOUT, "shop", "canary")
SET = Workload(Kind.STATEFUL_SET, "shop", "store")


def rules(wanted: Sequence[Permission]) -> list[AccessRule]:
    return [
        AccessRule(
            (each.verb,),
            (each.resource.group,),
            (f"{each.resource.plural}/{each.subresource}" if each.subresource else each.resource.plural,),
            (each.namespace or "*",),
        )
        for each in wanted
    ]


@asynccontextmanager
async def allowed(wanted: Sequence[Permission], *namespaces: str) -> AsyncIterator[tuple[SandboxCluster, Client]]:
    settings = SandboxSettings(api=ApiSettings(rules=rules(wanted)), namespaces=namespaces)
    async with SandboxCluster(settings) as sandbox:
        client = await Client.connect(str(sandbox.kubeconfig_path))
        yield sandbox, client
        await client.close()


@asynccontextmanager
async def running(cluster: KubernetesCluster) -> AsyncIterator[KubernetesCluster]:
    task = asyncio.create_task(cluster.run())
    async with asyncio.timeout(10):
        await cluster.settled()
    yield cluster
    task.cancel()
    await asyncio.wait([task])


def in_namespace(name: str) -> Json:
    subject = manifest(Kind.DEPLOYMENT, "cart", replicas=1)
    subject["metadata"]["namespace"] = name
    return subject


async def test_permissions_for_one_namespace_show_that_namespace_only() -> None:
    wanted = needed(act=False, namespaces=("shop",))
    async with allowed(wanted, "shop", "other") as (sandbox, client):
        for name in ("shop", "other"):
            await sandbox.apply(in_namespace(name))
        await sandbox.until(lambda: len(sandbox.objects("ReplicaSet")) == 2)
        assert await missing(client, wanted) == ()
        async with running(KubernetesCluster(client, WallClock(), ("shop",))) as cluster:
            assert [view.workload for view in cluster.workloads()] == [CART]
            assert cluster.problems() == ()
            assert cluster.age() < 60


async def test_what_is_forbidden_is_named_and_the_rest_goes_on() -> None:
    wanted = [each for each in needed(act=False) if each.resource.plural not in ("rollouts", "namespaces")]
    async with allowed(wanted, "shop") as (sandbox, client):
        await sandbox.apply(in_namespace("shop"))
        await sandbox.until(lambda: sandbox.objects("ReplicaSet"))
        async with running(KubernetesCluster(client, WallClock())) as cluster:
            assert [view.workload for view in cluster.workloads()] == [CART]
            assert len(cluster.problems()) == 2
            assert any("grant the verb `list` on `rollouts`" in problem for problem in cluster.problems())
            assert cluster.age() < 60
        lacking = await missing(client, needed(act=False))
        assert {each.resource.plural for each in lacking} == {"rollouts", "namespaces"}
        assert "in all namespaces" in str(lacking[0])


@pytest.mark.parametrize(("readable", "result"), [(True, Result.FORBIDDEN), (False, Result.APPLIED)])
async def test_a_namespace_that_cannot_be_read_is_an_error_only_where_it_should_be(readable: bool, result: str) -> None:
    wanted = [each for each in needed(act=True) if each.resource.plural != "namespaces"]
    async with allowed(wanted, "shop") as (sandbox, client):
        await sandbox.apply(in_namespace("shop"))
        async with running(KubernetesCluster(client, WallClock())) as cluster:
            await sandbox.until(lambda: sandbox.objects("ReplicaSet"))
            good = await revision(cluster, 1)
            change = in_namespace("shop")
            change["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:v2"
            await sandbox.apply(change)
            bad = await revision(cluster, 2)
            view = cluster.view(CART)
            assert view is not None
            actuator = KubernetesActuator(client, WallClock(), namespaces_readable=readable)
            report = await actuator.perform(undo_order(view, bad, good))
            assert report.result == result, report.message
            assert ("`namespaces`" in report.message) is readable


async def revision(cluster: KubernetesCluster, number: int) -> Revision:
    async with asyncio.timeout(10):
        while True:
            view = cluster.view(CART)
            found = view.newest() if view is not None else None
            if found is not None and found.number == number:
                return found
            await cluster.changed()


@pytest.mark.looptime
async def test_nothing_is_known_before_everything_was_read() -> None:
    cluster = KubernetesCluster(Script([page()]), LoopClock())
    task = asyncio.create_task(cluster.run())
    await asyncio.sleep(1)
    assert cluster.age() == float("inf")
    task.cancel()
    await asyncio.wait([task])


@dataclass
class Partly:
    """Answers everything but some paths; `after` is the time at which those fail."""

    broken: tuple[str, ...]
    after: float = 0.0

    def fails(self, path: str) -> bool:
        return path.endswith(self.broken) and asyncio.get_running_loop().time() >= self.after

    async def get(self, path: str, params: Mapping[str, str] | None = None, seconds: float = 1.0) -> Json:
        if self.fails(path):
            raise NoAnswer(f"LIST {path}: the API server answered 500: conversion webhook failed")
        return dict(page())

    async def watch(self, path: str, params: Mapping[str, str], quiet: float) -> AsyncGenerator[Json, None]:
        if self.fails(path):
            raise NoAnswer(f"WATCH {path}: the API server answered 500: conversion webhook failed")
        yield {}
        await asyncio.sleep(30)


@asynccontextmanager
async def followed(reader: Partly) -> AsyncIterator[KubernetesCluster]:
    cluster = KubernetesCluster(reader, LoopClock())
    task = asyncio.create_task(cluster.run())
    yield cluster
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.looptime
@pytest.mark.parametrize(("broken", "known"), [("/rollouts", {CART}), ("/replicasets", {SET}), ("/namespaces", {CART})])
async def test_what_cannot_be_read_at_start_stops_only_what_depends_on_it(broken: str, known: set[Workload]) -> None:
    async with followed(Partly((broken,))) as cluster:
        await cluster.settled()
        assert 30 <= asyncio.get_running_loop().time() < 40
        assert [problem.split(":")[0] for problem in cluster.problems()] == [
            f"LIST {path}"
            for path in ("/api/v1/namespaces", "/apis/apps/v1/replicasets", ROLLOUTS.path())
            if path.endswith(broken)
        ]
        assert cluster.age() < 60
        assert all(cluster.knows(each) for each in known)
        assert cluster.knows(CANARY) is (broken == "/namespaces")
        assert cluster.age_of(CANARY) == float("inf")
        assert (cluster.age_of(SET) == float("inf")) is (broken == "/namespaces")


@pytest.mark.looptime
async def test_an_api_server_of_which_nothing_can_be_read_is_waited_for() -> None:
    async with followed(Partly(("deployments", "sets", "rollouts"))) as cluster:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(cluster.settled(), 600)
        assert cluster.age() == float("inf")


@pytest.mark.looptime
async def test_pods_that_cannot_be_read_make_only_their_namespace_old() -> None:
    elsewhere = replace(CART, namespace="other")
    async with followed(Partly(("shop/pods",), after=5.0)) as cluster:
        await cluster.settled()
        await cluster.follow(frozenset({CART, elsewhere}))
        await asyncio.sleep(300)
        assert cluster.age_of(CART) > 240
        assert cluster.age_of(elsewhere) < 60
        assert cluster.age() > 240


@pytest.mark.looptime
async def test_following_does_not_wait_for_ever() -> None:
    cluster = KubernetesCluster(Script([page()] * 12, [Stream()] * 12), LoopClock())
    async with running(cluster):
        before = asyncio.get_running_loop().time()
        await cluster.follow(frozenset({CART}))
        assert asyncio.get_running_loop().time() - before == pytest.approx(10, abs=0.2)


def a_pod(name: str, revision: str = "ht2", owner: str = "rst2") -> SlimPod:
    return SlimPod("shop", owner, Pod(name, f"uid-{name}", revision, 0.0, started=(1.0,)))


@pytest.fixture
def cache() -> Cache:
    cache = Cache(LoopClock())
    for each in (OLD, NEW):
        cache.put_revision(each)
    cache.put_workload(a_workload())
    cache.follow(frozenset({CART}))
    return cache


def names(cache: Cache) -> list[str]:
    view = cache.view(CART)
    assert view is not None
    return [pod.name for pod in view.pods]


@pytest.mark.looptime
async def test_deleted_pods_are_forgotten_after_two_hours(cache: Cache) -> None:
    cache.put_pod(a_pod("a"))
    cache.put_pod(a_pod("b"))
    cache.drop_pod(a_pod("a"))
    await asyncio.sleep(REMEMBER_SECONDS - 1)
    cache.forget_pods()
    assert names(cache) == ["a", "b"]
    await asyncio.sleep(2)
    cache.forget_pods()
    assert names(cache) == ["b"]


@pytest.mark.looptime
async def test_pods_outlive_the_replica_set_that_was_deleted_with_them(cache: Cache) -> None:
    cache.put_pod(a_pod("a", "ht1", "rst1"))
    cache.drop_pod(a_pod("a", "ht1", "rst1"))
    cache.drop_revision(OLD)
    assert names(cache) == ["a"]


@pytest.mark.looptime
async def test_starts_of_containers_are_collected(cache: Cache) -> None:
    cache.put_pod(a_pod("a"))
    again = a_pod("a")
    cache.put_pod(replace(again, pod=replace(again.pod, started=(7.0,))))
    view = cache.view(CART)
    assert view is not None
    assert view.pods[0].started == (1.0, 7.0)


@pytest.mark.looptime
async def test_only_the_followed_show_pods(cache: Cache) -> None:
    cache.put_pod(a_pod("a"))
    cache.follow(frozenset())
    assert names(cache) == []
    cache.follow(frozenset({CART}))
    assert names(cache) == ["a"]
    cache.forget_pods(["shop"])
    assert names(cache) == []


@pytest.mark.looptime
async def test_a_workload_made_anew_is_another(cache: Cache) -> None:
    cache.put_workload(a_workload(uid="u2", desired=9))
    cache.drop_workload(a_workload())
    view = cache.view(CART)
    assert view is not None
    assert (view.uid, view.revisions, view.scaled_up) == ("u2", (), None)


@pytest.mark.looptime
async def test_a_primary_of_flagger_is_not_shown(cache: Cache) -> None:
    cache.put_workload(a_workload(shadow=True))
    assert cache.view(CART) is None
    assert list(cache.workloads()) == []
