from __future__ import annotations

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core.orders import UndoOrder
from watcher.core.words import Durability, Kind, Lane, Outcome, Provenance, Verdict


def test_a_bad_deployment_release_is_undone_and_its_recovery_proven() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(600)

    assert world.watch.outcome is Outcome.RESTORED, world.moved
    assert world.watch.durability is Durability.DURABLE
    assert world.writes == ["undo"]
    assert world.serves("v1")
    assert "20 %" in world.decision.reason
    assert "Rolling back by undo to revision hash-v1" in world.decision.reason
    assert [each.reason for each in world.told] == ["RollingBack", "RungDone", "RolledBack"]
    assert "errors 0 % since" in world.told[-1].text


def test_the_order_names_what_was_judged_and_where_it_leads() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("ordered")

    order = world.orders[0]
    assert isinstance(order, UndoOrder)
    assert (order.uid, order.bad_template, order.target_template) == ("uid-1", "id-v2", "id-v1")
    assert order.decision == world.decision.id
    assert not order.skip_steps
    assert world.decision.target is not None
    assert world.decision.target.releases_back == 1


def test_a_good_release_passes_and_becomes_known_good() -> None:
    world = World.of()
    world.release("v2")
    world.run(600)

    assert world.watch.verdict is Verdict.PASS, world.moved
    assert world.watch.end_reason == "passed"
    assert world.known_good["v2"].provenance is Provenance.PASSED
    assert world.watch.decision is None
    assert world.orders == []


def test_the_target_is_what_ran_last_and_not_the_revision_before() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    world.run(1800)  # the cooldown
    world.release("v3", errors=0.2)
    world.run_until("restored")

    assert world.serves("v1")
    assert world.writes == ["undo", "undo"]
    assert [each.attempt for each in world.decisions] == [1, 1]


def test_a_bad_version_that_is_applied_again_is_undone_again_after_the_cooldown() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    world.release("v2", errors=0.2)
    world.run_until("hold")
    assert world.guards == ("cooldown",)

    world.run_until("restored", within=2400)
    assert world.serves("v1")
    assert len({order.decision for order in world.orders}) == 2


@pytest.mark.parametrize("kind", [Kind.DEPLOYMENT, Kind.STATEFUL_SET, Kind.DAEMON_SET, Kind.ROLLOUT])
def test_every_kind_is_undone_once_it_is_rolled_out(kind: Kind) -> None:
    world = World.of(kind)
    world.release("v2")
    if isinstance(world.cluster, SimulatedRollout):
        world.run(30)
        world.cluster.promote()
    world.run_until("rolled_out")
    world.errors["v2"] = 0.2
    world.run(900)

    assert world.watch.outcome is Outcome.RESTORED, world.moved
    assert world.writes == ["undo"]
    assert world.serves("v1")


def test_an_ordered_stateful_set_that_is_stuck_is_helped_on_its_way() -> None:
    world = World.of(Kind.STATEFUL_SET, never_ready={"v2"})
    world.release("v2")
    world.run(600)

    assert world.decision.findings[0].lane is Lane.AVAILABILITY
    assert world.watch.outcome is Outcome.RESTORED, world.moved
    assert world.writes == ["undo", "stuck_pods"]
    assert world.serves("v1")


def test_a_daemon_set_that_updates_on_delete_is_led_back_pod_by_pod() -> None:
    world = World.of(Kind.DAEMON_SET)
    world.release("v2")
    world.run_until("rolled_out")
    world.cluster.on_delete = True
    world.errors["v2"] = 0.2
    world.run(900)

    assert world.watch.outcome is Outcome.RESTORED, world.moved
    assert world.writes == ["undo", *["stuck_pods"] * 4]
    assert world.serves("v1")


def test_stuck_pods_are_left_alone_until_the_controller_makes_pods_of_the_target() -> None:
    world = World.of(Kind.STATEFUL_SET, never_ready={"v2"})
    world.release("v2")
    world.run_until("confirming")
    world.cluster.numbered = False
    world.run(60)
    assert world.writes == ["undo"]

    world.cluster.numbered = True
    world.run(300)
    assert world.writes == ["undo", "stuck_pods"]


def test_a_promoted_rollout_goes_back_without_its_steps() -> None:
    world = World.of(Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.release("v2")
    world.run(30)
    world.cluster.promote()
    world.run_until("rolled_out")
    world.errors["v2"] = 0.2
    world.cluster.deaf = 1  # the promotion sent with the undo is lost, so it is sent again
    world.run(600)

    assert [order.tried for order in world.orders] == [1, 2]
    assert all(isinstance(order, UndoOrder) and order.skip_steps for order in world.orders)
    assert world.writes == ["undo"]
    assert world.watch.outcome is Outcome.RESTORED
    assert world.serves("v1")
