from __future__ import annotations

import asyncio

import pytest

from tests.sandbox.controllers.simulation import Simulation, condition, workload
from watcher.sandbox.controllers.world import is_ready
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.store import Change

pytestmark = pytest.mark.looptime

QUARTER: list[Json] = [{"setWeight": 25}, {"pause": {}}]
ROUTED: Json = {"trafficRouting": {"plugins": {"mesh": {}}}}


def rollout(steps: list[Json] = QUARTER, canary: Json | None = None, **spec: object) -> Json:
    strategy = {"canary": {"steps": steps, "maxSurge": 1, "maxUnavailable": 0, **(canary or {})}}
    more = {"replicas": 4, "strategy": strategy, **spec}
    return workload("argoproj.io/v1alpha1", "Rollout", "cart", "shop/cart:1", **more)


def status(simulation: Simulation) -> Json:
    return dict(simulation.get("Rollout", "cart").get("status", {}))


async def in_phase(simulation: Simulation, phase: str, image: str) -> None:
    def holds() -> bool:
        live = simulation.get("Rollout", "cart")
        seen = live.get("status", {}).get("observedGeneration") == str(live["metadata"]["generation"])
        used = live["spec"]["template"]["spec"]["containers"][0]["image"]
        return bool(seen and used == image and live["status"]["phase"] == phase)

    await simulation.until(holds)


async def canary_at_pause(simulation: Simulation, obj: Json) -> None:
    simulation.create(obj)
    await in_phase(simulation, "Healthy", "shop/cart:1")
    simulation.image("Rollout", "cart", "shop/cart:2")
    await in_phase(simulation, "Paused", "shop/cart:2")


def abort(simulation: Simulation) -> None:
    simulation.patch("Rollout", "cart", {"status": {"abort": True}}, "status")


async def test_a_canary_and_its_abort_never_leave_their_bounds(simulation: Simulation) -> None:
    simulation.create(rollout())
    await in_phase(simulation, "Healthy", "shop/cart:1")

    def check(_change: Change) -> None:
        pods = simulation.pods("cart")
        assert len(pods) <= 5
        assert sum(map(is_ready, pods)) >= 4

    with simulation.checking(check):
        simulation.image("Rollout", "cart", "shop/cart:2")
        await in_phase(simulation, "Paused", "shop/cart:2")
        assert simulation.sizes() == {"shop/cart:1": 3, "shop/cart:2": 1}
        abort(simulation)
        await simulation.until(lambda: simulation.sizes() == {"shop/cart:1": 4, "shop/cart:2": 0})
    assert status(simulation)["phase"] == "Degraded"
    assert status(simulation)["message"] == "RolloutAborted: Rollout aborted update to revision 2"


async def test_an_abort_is_acknowledged_at_once(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    abort(simulation)
    assert await simulation.until(lambda: "abortedAt" in status(simulation)) < 0.2
    assert status(simulation)["currentStepIndex"] == 0
    assert condition(simulation.get("Rollout", "cart"), "Progressing")["reason"] == "RolloutAborted"


async def test_the_flag_on_a_promoted_rollout_is_taken_back(simulation: Simulation) -> None:
    simulation.create(rollout())
    await in_phase(simulation, "Healthy", "shop/cart:1")
    abort(simulation)
    await simulation.until(lambda: "abort" not in status(simulation))
    assert "abortedAt" not in status(simulation)
    assert status(simulation)["phase"] == "Healthy"


async def test_a_full_promotion_wins_over_an_abort(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    simulation.patch("Rollout", "cart", {"status": {"promoteFull": True}}, "status")
    await asyncio.sleep(0.1)
    abort(simulation)
    await in_phase(simulation, "Healthy", "shop/cart:2")
    assert "abort" not in status(simulation)


async def test_a_paused_rollout_is_aborted_in_name_only(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    simulation.patch("Rollout", "cart", {"spec": {"paused": True}})
    abort(simulation)
    await asyncio.sleep(60)
    assert status(simulation)["phase"] == "Degraded"
    assert simulation.sizes() == {"shop/cart:1": 3, "shop/cart:2": 1}
    simulation.patch("Rollout", "cart", {"spec": {"paused": False}})
    await simulation.until(lambda: simulation.sizes() == {"shop/cart:1": 4, "shop/cart:2": 0})


async def test_a_change_of_size_does_not_clear_an_abort(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    abort(simulation)
    await asyncio.sleep(60)
    simulation.patch("Rollout", "cart", {"spec": {"replicas": 6}})
    await asyncio.sleep(60)
    assert status(simulation)["abort"] is True
    assert simulation.sizes() == {"shop/cart:1": 6, "shop/cart:2": 0}


async def test_an_abort_that_is_withdrawn_starts_the_steps_again(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    abort(simulation)
    await asyncio.sleep(60)
    simulation.patch("Rollout", "cart", {"status": {"abort": False}}, "status")
    await in_phase(simulation, "Paused", "shop/cart:2")
    assert "abortedAt" not in status(simulation)
    assert simulation.sizes() == {"shop/cart:1": 3, "shop/cart:2": 1}


async def test_weights_under_traffic_routing(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout(canary=ROUTED))
    assert simulation.sizes() == {"shop/cart:1": 4, "shop/cart:2": 1}
    weights = status(simulation)["canary"]["weights"]
    assert (weights["canary"]["weight"], weights["stable"]["weight"]) == (25, 75)
    assert weights["canary"]["podTemplateHash"] == status(simulation)["currentPodHash"]
    abort(simulation)
    await simulation.until(lambda: "abortedAt" in status(simulation))
    assert status(simulation)["canary"]["weights"]["canary"]["weight"] == 0
    await asyncio.sleep(29)
    assert simulation.sizes()["shop/cart:2"] == 1
    await asyncio.sleep(2)
    assert simulation.sizes()["shop/cart:2"] == 0


async def test_the_old_version_lives_on_after_a_promotion_under_traffic_routing(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout(canary=ROUTED))
    simulation.patch("Rollout", "cart", {"status": {"pauseConditions": None}}, "status")
    await in_phase(simulation, "Healthy", "shop/cart:2")
    assert simulation.sizes() == {"shop/cart:1": 4, "shop/cart:2": 4}
    await asyncio.sleep(31)
    assert simulation.sizes() == {"shop/cart:1": 0, "shop/cart:2": 4}


async def test_pauses_last_as_long_as_they_say(simulation: Simulation) -> None:
    steps: list[Json] = [
        {"setWeight": 25},
        {"pause": {"duration": "5m"}},
        {"setWeight": 50},
        {"pause": {"duration": 60}},
    ]
    await canary_at_pause(simulation, rollout(steps))
    assert 299 <= await simulation.until(lambda: status(simulation)["currentStepIndex"] == 2) <= 301
    await simulation.until(lambda: status(simulation)["currentStepIndex"] == 3)
    assert simulation.sizes() == {"shop/cart:1": 2, "shop/cart:2": 2}
    await in_phase(simulation, "Healthy", "shop/cart:2")


async def test_a_canary_that_never_gets_ready_misses_its_deadline(simulation: Simulation) -> None:
    simulation.create(rollout(progressDeadlineSeconds=120))
    await in_phase(simulation, "Healthy", "shop/cart:1")
    simulation.image("Rollout", "cart", "shop/cart:2-neverready")
    await in_phase(simulation, "Degraded", "shop/cart:2-neverready")
    assert status(simulation)["message"].startswith("ProgressDeadlineExceeded: ReplicaSet")
    assert "abort" not in status(simulation)
    assert simulation.sizes() == {"shop/cart:1": 4, "shop/cart:2-neverready": 1}


async def test_a_return_within_the_rollback_window_takes_no_steps(simulation: Simulation) -> None:
    canary = {"trafficRouting": ROUTED["trafficRouting"]}
    simulation.create(rollout(canary=canary, rollbackWindow={"revisions": 3}))
    await in_phase(simulation, "Healthy", "shop/cart:1")
    simulation.image("Rollout", "cart", "shop/cart:2")
    await in_phase(simulation, "Paused", "shop/cart:2")
    simulation.patch("Rollout", "cart", {"status": {"promoteFull": True}}, "status")
    await in_phase(simulation, "Healthy", "shop/cart:2")
    simulation.image("Rollout", "cart", "shop/cart:1")
    await in_phase(simulation, "Healthy", "shop/cart:1")
    assert status(simulation)["stableRS"] == status(simulation)["currentPodHash"]


async def test_an_invalid_rollout_takes_no_abort(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    steps = [{"setWeight": 101}]
    simulation.patch("Rollout", "cart", {"spec": {"strategy": {"canary": {"steps": steps}}}})
    await in_phase(simulation, "Degraded", "shop/cart:2")
    abort(simulation)
    await asyncio.sleep(60)
    assert "abortedAt" not in status(simulation)
    assert simulation.sizes() == {"shop/cart:1": 3, "shop/cart:2": 1}
    simulation.patch("Rollout", "cart", {"spec": {"strategy": {"canary": {"steps": QUARTER}}}})
    await simulation.until(lambda: "abortedAt" in status(simulation))  # the flag was still there
    assert condition(simulation.get("Rollout", "cart"), "InvalidSpec") == {}


async def test_a_superseded_canary_gives_way_to_the_newer_one(simulation: Simulation) -> None:
    await canary_at_pause(simulation, rollout())
    simulation.image("Rollout", "cart", "shop/cart:3")
    await in_phase(simulation, "Paused", "shop/cart:3")
    assert simulation.sizes() == {"shop/cart:1": 3, "shop/cart:2": 0, "shop/cart:3": 1}
    assert simulation.get("Rollout", "cart")["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "3"
