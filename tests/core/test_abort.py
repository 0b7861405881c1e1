from __future__ import annotations

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core.model import Result
from watcher.core.orders import AbortOrder
from watcher.core.words import Change, Kind, Outcome, Phase, Verdict


def canary(**settings: object) -> tuple[World, SimulatedRollout]:
    world = World.of(Kind.ROLLOUT, **settings)
    assert isinstance(world.cluster, SimulatedRollout)
    return world, world.cluster


@pytest.mark.parametrize(
    "settings",
    [{}, {"routed": True}, {"strategy": "blueGreen"}],
    ids=["basic canary", "routed canary", "blue-green"],
)
def test_a_bad_version_in_progress_is_aborted(settings: dict[str, object]) -> None:
    world, rollout = canary(**settings)
    world.release("v2", errors=0.3)
    world.run(600)

    assert world.watch.outcome is Outcome.RESTORED, world.moved
    assert world.writes == ["abort"]
    assert isinstance(world.orders[0], AbortOrder)
    assert world.orders[0].pod_hash == "hash-v2"
    assert rollout.stable == "v1"
    assert [step.rung for step in world.decision.rungs if step.at is not None] == ["abort"]


def test_a_lost_abort_is_sent_again() -> None:
    world, _ = canary(deaf=1)
    world.release("v2", errors=0.3)
    world.run(600)

    assert world.watch.outcome is Outcome.RESTORED, world.moved
    assert [order.tried for order in world.orders] == [1, 2]
    assert {order.decision for order in world.orders} == {world.decision.id}


def test_an_abort_that_is_lost_again_and_again_is_followed_by_an_undo() -> None:
    world, _ = canary(deaf=1000)
    world.release("v2", errors=0.3)
    world.run_until("undo")

    abort, undo = (step for step in world.decision.rungs if step.at is not None)
    assert "not on target" in abort.failed
    assert undo.failed == ""
    world.run(300)
    assert world.serves("v1")


def test_a_rollout_promoted_while_it_is_aborted_is_undone() -> None:
    world, rollout = canary()
    world.react(Result.UNAVAILABLE)
    world.release("v2", errors=0.3)
    world.run_until("unavailable")
    rollout.stable = "v2"  # somebody promoted it
    world.run_until("restored")

    assert world.writes == ["undo"]
    assert world.serves("v1")


def test_a_rollout_promoted_after_the_abort_was_answered_is_undone() -> None:
    world, rollout = canary(deaf=1)
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    rollout.stable = "v2"
    world.run_until("restored")

    assert world.writes == ["abort", "undo"]
    failed = next(step.failed for step in world.decision.rungs if step.failed)
    assert failed == "the Rollout was promoted before the abort took effect"


def test_an_abort_that_somebody_else_sent_ends_ours() -> None:
    world, rollout = canary()
    world.react(Result.UNAVAILABLE)
    world.release("v2", errors=0.3)
    world.run_until("unavailable")
    rollout.aborted = True
    world.run_until("restored")
    assert world.writes == []


def test_a_rollout_that_somebody_aborted_is_not_undone_as_well() -> None:
    world, rollout = canary(hold="somebody looks at it")
    world.release("v2", errors=0.3)
    world.run_until("hold")
    rollout.aborted = True
    rollout.hold = ""
    world.run(600)

    assert len(world.decisions) == 1
    assert world.orders == []


def test_an_invalid_spec_is_no_case_for_an_abort() -> None:
    world, _ = canary(invalid_spec=True)
    world.release("v2", errors=0.3)
    world.run_until("ordered")
    assert not isinstance(world.orders[0], AbortOrder)


def test_what_is_compared_after_an_abort_is_the_stable_version() -> None:
    """`v2+cfg` differs from the aborted `v2` in its configuration only, but from what serves in more."""
    world, _ = canary()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.release("v2+cfg")
    world.run_until("release")

    assert world.watch.release.change is Change.VERSION
    assert world.watch.release.previous == "id-v1"


def test_the_stable_version_is_a_target_however_long_the_canary_pauses() -> None:
    world, _ = canary()
    world.release("v2")
    world.run_until("parked", within=2400)
    world.set(known_good=type(world.policy.known_good)(max_age=1000.0))
    world.errors["v2"] = 0.6
    world.run_until("restored")
    assert world.writes == ["abort"]


def test_going_back_to_the_stable_version_after_an_abort_is_a_recovery() -> None:
    world, _ = canary()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.release("v1", errors=0.3)
    world.run_until("hold")

    assert world.guards == ("recovery_release", "old_equally_bad", "cooldown", "no_target")
    assert world.watch.phase is Phase.WATCHING
    assert world.watch.verdict is Verdict.BREACH
    assert world.writes == ["abort"]
