"""A way back that Git holds and that the workload never comes to ends, with a page."""

from __future__ import annotations

from tests.core.argo import ManagedWorld
from tests.core.rollouts import SimulatedRollout
from watcher.core.orders import AbortOrder


def test_a_rollout_that_waits_at_a_step_on_its_way_back_through_git_is_not_followed_for_ever() -> None:
    """It was promoted to the bad version, so that going back runs the steps too, and nobody promotes that."""
    cluster = SimulatedRollout()
    world = ManagedWorld.under(cluster)
    world.react("unavailable", "conflict")
    world.ship("v2", errors=0.3)
    world.run(10.0)
    cluster.promote()
    world.run_until("failed", within=2400.0)
    assert world.told[-1].reason == "RollbackFailed"


def test_an_abort_that_was_lost_is_not_sent_again_once_the_revert_is_there() -> None:
    cluster = SimulatedRollout(deaf=1000)
    world = ManagedWorld.under(cluster)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert cluster.current.template == "v1"
    assert len([order for order in world.orders if isinstance(order, AbortOrder)]) == 1
