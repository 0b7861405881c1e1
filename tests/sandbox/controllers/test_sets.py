from __future__ import annotations

import asyncio

import pytest

from tests.sandbox.controllers.simulation import Simulation, names, workload
from watcher.sandbox.controllers.world import is_ready
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.store import Change

pytestmark = pytest.mark.looptime


def stateful_set(**spec: object) -> Json:
    return workload("apps/v1", "StatefulSet", "db", "shop/db:1", **{"replicas": 3, "serviceName": "db", **spec})


def done(simulation: Simulation, image: str) -> bool:
    return simulation.images("db") == [image] * 3 and all(map(is_ready, simulation.pods("db")))


async def test_ordered_pods_start_one_after_the_other(simulation: Simulation) -> None:
    simulation.create(stateful_set())

    def check(_change: Change) -> None:
        assert sum(not is_ready(pod) for pod in simulation.pods("db")) <= 1

    with simulation.checking(check):
        assert await simulation.until(lambda: done(simulation, "shop/db:1")) == 3 * (1 + 2)
    assert names(simulation.pods("db")) == ["db-0", "db-1", "db-2"]


async def test_parallel_pods_start_together(simulation: Simulation) -> None:
    simulation.create(stateful_set(podManagementPolicy="Parallel"))
    assert await simulation.until(lambda: done(simulation, "shop/db:1")) == 1 + 2


async def test_an_update_goes_from_the_highest_ordinal_down_one_at_a_time(simulation: Simulation) -> None:
    simulation.create(stateful_set())
    await simulation.until(lambda: done(simulation, "shop/db:1"))
    deleted: list[str] = []

    def check(change: Change) -> None:
        if change.kind.kind == "Pod" and change.type == "DELETED":
            deleted.append(change.object["metadata"]["name"])
        assert sum(map(is_ready, simulation.pods("db"))) >= 2

    with simulation.checking(check):
        simulation.image("StatefulSet", "db", "shop/db:2")
        await simulation.until(lambda: done(simulation, "shop/db:2"))
    assert deleted == ["db-2", "db-1", "db-0"]


async def test_a_stuck_update_stays_stuck_after_the_undo_until_its_pod_is_deleted(simulation: Simulation) -> None:
    simulation.create(stateful_set())
    await simulation.until(lambda: done(simulation, "shop/db:1"))
    simulation.image("StatefulSet", "db", "shop/db:2-neverready")
    await asyncio.sleep(600)
    simulation.image("StatefulSet", "db", "shop/db:1")
    await asyncio.sleep(600)
    assert simulation.images("db") == ["shop/db:1", "shop/db:1", "shop/db:2-neverready"]
    status = simulation.get("StatefulSet", "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert status["updatedReplicas"] == 2
    simulation.delete("Pod", "db-2")
    await simulation.until(lambda: done(simulation, "shop/db:1"), seconds=60)


async def test_a_bad_pod_below_the_partition_comes_back_bad(simulation: Simulation) -> None:
    simulation.create(stateful_set())
    await simulation.until(lambda: done(simulation, "shop/db:1"))
    simulation.image("StatefulSet", "db", "shop/db:2")
    await simulation.until(lambda: done(simulation, "shop/db:2"))
    await asyncio.sleep(1)
    partition = {"updateStrategy": {"rollingUpdate": {"partition": 2}}}
    simulation.patch("StatefulSet", "db", {"spec": partition})
    simulation.image("StatefulSet", "db", "shop/db:1")
    await asyncio.sleep(600)
    assert simulation.images("db") == ["shop/db:2", "shop/db:2", "shop/db:1"]
    simulation.delete("Pod", "db-0")
    await asyncio.sleep(600)
    assert simulation.images("db") == ["shop/db:2", "shop/db:2", "shop/db:1"]
    partition["updateStrategy"]["rollingUpdate"]["partition"] = 0
    simulation.patch("StatefulSet", "db", {"spec": partition})
    await simulation.until(lambda: done(simulation, "shop/db:1"))


async def test_on_delete_leaves_pods_until_somebody_deletes_them(simulation: Simulation) -> None:
    simulation.create(stateful_set(updateStrategy={"type": "OnDelete"}))
    await simulation.until(lambda: done(simulation, "shop/db:1"))
    simulation.image("StatefulSet", "db", "shop/db:2")
    await asyncio.sleep(600)
    assert simulation.images("db") == ["shop/db:1"] * 3
    simulation.delete("Pod", "db-1")
    await asyncio.sleep(600)
    assert simulation.images("db") == ["shop/db:1", "shop/db:2", "shop/db:1"]


async def test_fewer_replicas_go_from_the_top(simulation: Simulation) -> None:
    simulation.create(stateful_set())
    await simulation.until(lambda: done(simulation, "shop/db:1"))
    simulation.patch("StatefulSet", "db", {"spec": {"replicas": 1}})
    await simulation.until(lambda: simulation.get("StatefulSet", "db")["status"]["replicas"] == 1)
    assert names(simulation.pods("db")) == ["db-0"]


async def test_a_daemon_set_update_takes_one_node_at_a_time(simulation: Simulation) -> None:
    simulation.create(workload("apps/v1", "DaemonSet", "agent", "shop/agent:1"))

    def everywhere(image: str) -> bool:
        return simulation.images("agent") == [image] * 3 and all(map(is_ready, simulation.pods("agent")))

    await simulation.until(lambda: everywhere("shop/agent:1"))

    def check(_change: Change) -> None:
        assert sum(map(is_ready, simulation.pods("agent"))) >= 2

    with simulation.checking(check):
        simulation.image("DaemonSet", "agent", "shop/agent:2")
        await simulation.until(lambda: everywhere("shop/agent:2"))
    assert len({pod["spec"]["nodeName"] for pod in simulation.pods("agent")}) == 3


async def test_revisions_beyond_the_limit_are_deleted(simulation: Simulation) -> None:
    simulation.create(stateful_set(revisionHistoryLimit=1))
    for number in range(1, 5):
        simulation.image("StatefulSet", "db", f"shop/db:{number}")
        await simulation.until(lambda number=number: done(simulation, f"shop/db:{number}"))  # type: ignore[misc]
    await asyncio.sleep(1)
    store = simulation.registry.store
    revisions = [obj["revision"] for kind, obj in store.everything("shop") if kind.kind == "ControllerRevision"]
    assert sorted(revisions) == [3, 4]
