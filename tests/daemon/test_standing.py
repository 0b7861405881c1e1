"""Who is to be looked at after a rollback through Git: what Git does not hold, bridges, versions that are back."""

from __future__ import annotations

from tests.core.argo import ManagedWorld
from tests.core.cluster import Cluster
from watcher.core.gitops import Route
from watcher.core.state import WorkloadState
from watcher.core.words import Durability, Mode
from watcher.daemon.standing import bad_versions_back, bridges, not_durable


def states(world: ManagedWorld) -> list[WorkloadState]:
    assert world.state is not None
    return [world.state]


def bridged() -> ManagedWorld:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected")
    world.set(rungs=tuple((rung, Mode.ACT) for rung, _ in world.policy.rungs))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    return world


def test_a_bridge_is_there_until_the_revert_is_merged_and_so_long_git_disagrees() -> None:
    world = bridged()
    workload = world.cluster.workload
    assert list(bridges(states(world))) == [(workload, False)]
    assert list(not_durable(states(world))) == [(workload, Durability.CLUSTER_ONLY)]
    world.argo.merge()
    world.run_until("durable")
    assert list(bridges(states(world))) == []
    assert list(not_durable(states(world))) == []


def test_a_bridge_that_stands_for_too_long_is_overdue() -> None:
    world = bridged()
    world.run_until("bridge_overdue", within=15_000.0)
    assert list(bridges(states(world))) == [(world.cluster.workload, True)]


def test_a_revert_that_was_pushed_leaves_nothing_to_be_looked_at() -> None:
    world = ManagedWorld.under(Cluster())
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert list(not_durable(states(world))) == []
    assert list(bad_versions_back(states(world))) == []
