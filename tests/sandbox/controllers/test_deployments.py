from __future__ import annotations

import asyncio

import pytest

from tests.sandbox.controllers.simulation import Simulation, condition, workload
from watcher.sandbox.controllers.rolling import Limits
from watcher.sandbox.controllers.world import is_ready
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.store import Change

pytestmark = pytest.mark.looptime


def deployment(image: str = "shop/web:1", **spec: object) -> Json:
    return workload("apps/v1", "Deployment", "web", image, **{"replicas": 4, **spec})


def done(simulation: Simulation, revision: str) -> bool:
    live = simulation.get("Deployment", "web")
    number = live["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision")
    return number == revision and condition(live, "Progressing").get("reason") == "NewReplicaSetAvailable"


@pytest.mark.parametrize(
    ("size", "surge", "unavailable"), [(4, 1, 0), (4, 0, 1), (10, "25%", "25%"), (1, 1, 0), (5, "100%", "50%")]
)
async def test_a_rollover_never_leaves_its_bounds(
    simulation: Simulation, size: int, surge: int | str, unavailable: int | str
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    simulation.create(deployment(replicas=size, strategy={"type": "RollingUpdate", "rollingUpdate": rolling}))
    await simulation.until(lambda: done(simulation, "1"))
    limits = Limits.of(size, rolling)

    def check(_change: Change) -> None:
        pods = simulation.pods("web")
        assert len(pods) <= limits.most
        assert sum(map(is_ready, pods)) >= limits.least

    with simulation.checking(check):
        simulation.image("Deployment", "web", "shop/web:2")
        await simulation.until(lambda: done(simulation, "2"))
    assert simulation.images("web") == ["shop/web:2"] * size


async def test_an_undo_in_the_middle_of_a_rollover_costs_no_available_pod(simulation: Simulation) -> None:
    simulation.create(deployment())
    await simulation.until(lambda: done(simulation, "1"))
    simulation.image("Deployment", "web", "shop/web:2-neverready")
    await asyncio.sleep(60)
    assert simulation.sizes() == {"shop/web:1": 3, "shop/web:2-neverready": 2}

    def check(_change: Change) -> None:
        assert sum(map(is_ready, simulation.pods("web"))) >= 3

    with simulation.checking(check):
        simulation.image("Deployment", "web", "shop/web:1")
        await simulation.until(lambda: done(simulation, "3"))
    assert simulation.sizes() == {"shop/web:1": 4, "shop/web:2-neverready": 0}


async def test_the_progress_deadline_passes_when_it_says(simulation: Simulation) -> None:
    simulation.create(deployment(progressDeadlineSeconds=90))
    await simulation.until(lambda: done(simulation, "1"))
    simulation.image("Deployment", "web", "shop/web:2-neverready")

    def late() -> bool:
        live = simulation.get("Deployment", "web")
        return bool(condition(live, "Progressing")["reason"] == "ProgressDeadlineExceeded")

    waited = await simulation.until(late)
    assert 90 <= waited <= 92  # from the last progress, which conditions note in whole seconds
    assert condition(simulation.get("Deployment", "web"), "Progressing")["status"] == "False"


async def test_a_crashing_pod_after_completion_is_no_new_rollover(simulation: Simulation) -> None:
    simulation.create(deployment())
    await simulation.until(lambda: done(simulation, "1"))
    simulation.delete("Pod", simulation.pods("web")[0]["metadata"]["name"])
    unavailable = lambda: simulation.get("Deployment", "web")["status"].get("unavailableReplicas") == 1  # noqa: E731
    await simulation.until(unavailable)
    assert done(simulation, "1")
    await simulation.until(lambda: "unavailableReplicas" not in simulation.get("Deployment", "web")["status"])


async def test_a_second_undo_leads_back_to_the_bad_version(simulation: Simulation) -> None:
    simulation.create(deployment())
    for revision, image in (("1", "1"), ("2", "2"), ("3", "1"), ("4", "2")):
        simulation.image("Deployment", "web", f"shop/web:{image}")
        await simulation.until(lambda revision=revision: done(simulation, revision))  # type: ignore[misc]
    assert simulation.images("web") == ["shop/web:2"] * 4
    assert simulation.sizes() == {"shop/web:1": 0, "shop/web:2": 4}


async def test_recreate_has_no_pods_of_two_versions(simulation: Simulation) -> None:
    simulation.create(deployment(strategy={"type": "Recreate"}))
    await simulation.until(lambda: done(simulation, "1"))

    def check(_change: Change) -> None:
        assert len(set(simulation.images("web"))) <= 1

    with simulation.checking(check):
        simulation.image("Deployment", "web", "shop/web:2")
        await simulation.until(lambda: done(simulation, "2"))


async def test_a_paused_deployment_can_be_resized(simulation: Simulation) -> None:
    simulation.create(deployment())
    await simulation.until(lambda: done(simulation, "1"))
    simulation.patch("Deployment", "web", {"spec": {"paused": True, "replicas": 6}})
    await simulation.until(lambda: simulation.get("Deployment", "web")["status"].get("availableReplicas") == 6)


async def test_annotations_reach_the_replica_set_and_raise_the_generation(simulation: Simulation) -> None:
    simulation.create(deployment())
    await simulation.until(lambda: done(simulation, "1"))
    before = simulation.get("Deployment", "web")["metadata"]["generation"]
    cause = {"kubernetes.io/change-cause": "a new image"}
    simulation.patch("Deployment", "web", {"metadata": {"annotations": cause}})
    await asyncio.sleep(1)
    live = simulation.get("Deployment", "web")
    assert live["metadata"]["generation"] == before + 1 == live["status"]["observedGeneration"]
    [rs] = [obj for kind, obj in simulation.registry.store.everything("shop") if kind.kind == "ReplicaSet"]
    assert rs["metadata"]["annotations"]["kubernetes.io/change-cause"] == "a new image"


async def test_a_deleted_namespace_takes_everything_along(simulation: Simulation) -> None:
    simulation.create(deployment())
    await simulation.until(lambda: done(simulation, "1"))
    store = simulation.registry.store
    namespaces = {kind.kind: kind for kind, _ in store.everything("")}["Namespace"]
    simulation.registry.delete(namespaces, "", "shop")
    await simulation.until(lambda: store.get(namespaces, "", "shop") is None, seconds=30)
    assert store.everything("shop") == []
