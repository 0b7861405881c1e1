from __future__ import annotations

import asyncio

import pytest

from tests.sandbox.controllers.simulation import Simulation, condition, workload
from watcher.sandbox.kubernetes.objects import Json

pytestmark = pytest.mark.looptime


def pod(image: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "labels": {"app": "one"}},
        "spec": {"containers": [{"name": "app", "image": image}]},
    }


async def test_a_pod_runs_after_one_second_and_is_ready_after_three(simulation: Simulation) -> None:
    simulation.create(pod("shop/web:1"))
    assert await simulation.until(lambda: simulation.get("Pod", "one")["status"]["phase"] == "Running") == 1.0
    live = simulation.get("Pod", "one")
    assert condition(live, "Ready")["status"] == "False"
    assert live["status"]["containerStatuses"][0]["state"] == {"running": {"startedAt": "2026-11-01T12:00:01Z"}}
    ready = lambda: condition(simulation.get("Pod", "one"), "Ready")["status"] == "True"  # noqa: E731
    assert await simulation.until(ready) == 2.0
    assert simulation.get("Pod", "one")["spec"]["nodeName"].startswith("node-")


async def test_a_pod_that_is_never_ready_runs(simulation: Simulation) -> None:
    simulation.create(pod("shop/web:2-neverready"))
    await asyncio.sleep(3600)
    live = simulation.get("Pod", "one")
    assert live["status"]["phase"] == "Running"
    assert condition(live, "Ready")["reason"] == "ContainersNotReady"
    assert live["status"]["containerStatuses"][0]["restartCount"] == 0


async def test_a_crash_loop_restarts_with_growing_pauses(simulation: Simulation) -> None:
    simulation.create(pod("shop/web:2-crashloop"))

    def container() -> Json:
        return dict(simulation.get("Pod", "one")["status"]["containerStatuses"][0])

    def restarts(count: int) -> bool:
        started = simulation.get("Pod", "one")["status"].get("containerStatuses")
        return bool(started) and container()["restartCount"] == count

    assert await simulation.until(lambda: restarts(1)) == 1 + 1 + 10  # start, run, pause
    assert container()["lastState"]["terminated"]
    assert await simulation.until(lambda: restarts(2)) == 1 + 20
    assert await simulation.until(lambda: "waiting" in container()["state"]) == 1
    assert container()["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": "back-off restarting failed container",
    }
    assert container()["ready"] is False


async def test_an_image_that_cannot_be_pulled_leaves_the_pod_pending(simulation: Simulation) -> None:
    simulation.create(pod("shop/web:2-nopull"))
    await asyncio.sleep(60)
    live = simulation.get("Pod", "one")
    assert live["status"]["phase"] == "Pending"
    assert live["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"


async def test_a_deleted_pod_stops_and_is_gone(simulation: Simulation) -> None:
    simulation.create(pod("shop/web:1"))
    await asyncio.sleep(10)
    simulation.delete("Pod", "one")
    assert simulation.get("Pod", "one")["metadata"]["deletionGracePeriodSeconds"] == 30
    assert simulation.pods("one") == []
    store = simulation.registry.store
    assert await simulation.until(lambda: not any(kind.kind == "Pod" for kind, _ in store.everything("shop"))) == 1.0


async def test_minimum_ready_seconds_delay_availability(simulation: Simulation) -> None:
    simulation.create(workload("apps/v1", "Deployment", "web", "shop/web:1", replicas=1, minReadySeconds=20))
    available = lambda: simulation.get("Deployment", "web")["status"].get("availableReplicas") == 1  # noqa: E731
    assert await simulation.until(available) == 1 + 2 + 20
