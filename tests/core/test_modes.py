"""How far a decision may go by itself, and why not farther."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import ERRORS, World
from watcher.core.model import Manager
from watcher.core.policy import By, Identify, QueryCheck
from watcher.core.words import Action, Kind, Mode, Outcome, Rung, Stage


def proposed(world: World, within: float = 1800.0) -> str:
    """Why the rollback of this world is not carried out, though nothing forbids it."""
    world.run_until("roll_back", within=within)
    assert world.decision.action is Action.ROLL_BACK
    assert world.decision.mode is Mode.PROPOSE
    world.run(120)
    assert world.orders == []
    return world.decision.why_mode


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.PROPOSE])
def test_a_mode_short_of_act_says_what_would_be_done(mode: Mode) -> None:
    world = World.of()
    world.set(mode=mode)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")

    assert (world.decision.mode, world.decision.why_mode) == (mode, f"mode is {mode}")
    assert f"Would roll back by undo to revision hash-v1; only {mode}" in world.decision.reason
    assert world.told[-1].stage is (Stage.PROPOSED if mode is Mode.PROPOSE else Stage.WOULD_ROLL_BACK)
    world.run(300)
    assert world.orders == []
    assert len(world.decisions) == 1


def test_a_proposal_is_acted_on_once_the_mode_is_act() -> None:
    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    world.set(mode=Mode.ACT)
    world.run_until("restored")
    assert [each.attempt for each in world.decisions] == [1, 2]


def test_a_breach_that_is_over_is_not_acted_on_once_the_mode_is_act() -> None:
    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    world.errors["v2"] = 0.0
    world.run(60)
    world.set(mode=Mode.ACT)
    world.run(600)
    assert world.orders == []
    assert world.watch.end_reason == "the watch ended; the breach was not undone"


def test_three_to_nine_bad_requests_are_enough_to_propose() -> None:
    world = World.of()
    world.requests = 8.0
    world.release("v2", errors=0.25)
    world.run_until("roll_back")
    assert world.decision.why_mode == "only 9 bad requests; 10 are needed"
    assert world.orders == []

    world.run_until("ordered")  # more of them came


def test_fewer_bad_requests_than_three_are_nothing() -> None:
    world = World.of()
    world.requests = 10.0
    world.release("v2", errors=0.04)
    world.run(100)
    assert world.decisions == []


def test_a_check_that_sees_no_versions_only_proposes() -> None:
    world = World.of()
    world.set(checks=(replace(ERRORS, identify=Identify(By.WORKLOAD)),))
    world.release("v2", errors=0.2)
    assert proposed(world) == "check errors cannot tell versions apart"


def test_a_check_that_may_only_propose_does_so() -> None:
    world = World.of()
    world.set(checks=(replace(ERRORS, may=Mode.PROPOSE),))
    world.release("v2", errors=0.2)
    assert proposed(world) == "check errors may propose"


def test_a_fault_that_begins_late_is_mostly_a_dependency() -> None:
    world = World.of()
    world.set(bake=replace(world.policy.bake, hold_for=3600.0, max=7200.0))
    world.release("v2")
    world.run(1000)
    world.errors["v2"] = 0.2
    assert proposed(world) == "the fault began long after the last change of exposure"


def test_scaling_up_does_not_make_it_early() -> None:
    world = World.of()
    world.set(bake=replace(world.policy.bake, hold_for=3600.0, max=7200.0))
    world.release("v2")
    world.run(1000)
    world.cluster.desired = 8
    world.run(30)
    world.errors["v2"] = 0.2
    assert proposed(world) == "the fault began long after the last change of exposure"


def test_pods_that_become_ready_again_do_not_make_it_early() -> None:
    world = World.of()
    world.set(bake=replace(world.policy.bake, hold_for=3600.0, max=7200.0))
    world.release("v2")
    world.run(1000)
    world.errors["v2"] = 0.2
    victim = world.cluster.pods[0]
    world.cluster.delete(victim.name, victim.uid)
    assert proposed(world) == "the fault began long after the last change of exposure"


def test_a_late_fault_of_a_canary_beside_healthy_old_pods_is_its_own() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2")
    world.run(1200)
    world.errors["v2"] = 0.2
    world.run_until("restored")
    assert world.writes == ["abort"]


def test_the_strongest_finding_decides_how_far_it_goes() -> None:
    """A query check that may only propose fires first; the late errors would only propose; a leak may act."""
    world = World.of()
    lag = QueryCheck("lag", "main", "lag", max=10.0, hold_for=30.0)
    world.set(checks=(ERRORS, lag), bake=replace(world.policy.bake, hold_for=3600.0, max=7200.0))
    world.release("v2")
    world.run(1000)
    world.values["lag"] = 50.0
    world.errors["v2"] = 0.2
    world.run_until("roll_back")
    assert world.decision.mode is Mode.PROPOSE

    world.cluster.max_unavailable = 0
    world.cluster.never_ready.add("v2")
    for pod in world.cluster.ready[:2]:
        world.cluster.delete(pod.name, pod.uid)
    world.run(5)
    world.cluster.pods = [pod if pod.ready else replace(pod, terminated="OOMKilled") for pod in world.cluster.pods]
    world.run_until("ordered")
    assert {each.check for each in world.decision.findings} == {"errors", "lag", "availability"}
    assert world.decision.reason.startswith("availability: 2 of 4 replicas available")


def test_a_target_several_releases_back_is_only_proposed() -> None:
    world = World.of()
    world.set(mode=Mode.OBSERVE)
    for template in ("v2", "v3", "v4", "v5"):
        world.release(template)
        world.run(30)
    world.set(mode=Mode.ACT)
    world.errors["v5"] = 0.2
    assert proposed(world) == "the target is several releases back"
    assert world.decision.target is not None
    assert world.decision.target.releases_back == 4


def test_nothing_that_is_managed_out_of_sight_is_undone() -> None:
    world = World.of(manager=Manager("argocd", "shop"))
    world.release("v2", errors=0.2)
    world.run_until("hold")
    assert world.guards == ("no_way_back",)
    assert "revert the commit there" in world.decision.reason


def test_an_abort_of_a_managed_rollout_acts() -> None:
    world = World.of(Kind.ROLLOUT, manager=Manager("argocd", "shop"))
    world.release("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["abort"]
    assert world.watch.durability == "cluster_only"


def test_after_a_failed_abort_the_undo_of_a_managed_rollout_waits_for_a_person() -> None:
    world = World.of(Kind.ROLLOUT, manager=Manager("argocd", "shop"), deaf=1000)
    assert isinstance(world.cluster, SimulatedRollout)
    world.release("v2", errors=0.3)
    world.run_until("failed")
    assert world.watch.outcome is Outcome.FAILED
    assert set(world.writes) == {"abort"}


def test_a_rung_that_is_switched_off_is_not_taken() -> None:
    world = World.of(Kind.ROLLOUT)
    world.set(rungs=((Rung.ABORT, Mode.NONE), (Rung.UNDO, Mode.PROPOSE)))
    world.release("v2", errors=0.3)
    assert proposed(world) == "rung undo: restores the known good pod template"
    assert "switched off: rungs.abort is none" in [step.reason for step in world.decision.rungs]


def test_without_any_rung_there_is_no_way_back() -> None:
    world = World.of()
    world.set(rungs=())
    world.release("v2", errors=0.2)
    world.run_until("hold")
    assert world.guards == ("no_way_back",)
