"""A person's command where Git is part of the way back: it is reverted there, and only what leads to the target."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.core.argo import ManagedWorld
from tests.core.cluster import Cluster
from watcher.core.model import Surroundings
from watcher.core.words import Durability, Rung


def passed(world: ManagedWorld) -> ManagedWorld:
    """`v2` was committed, synced, and has passed."""
    world.ship("v2")
    world.run_until("pass")
    world.run(60.0)
    return world


def test_what_has_passed_is_reverted_in_git_at_a_command() -> None:
    world = passed(ManagedWorld.under(Cluster()))
    assert world.command().decision
    world.run_until("restored")
    assert world.writes == ["revert"]
    assert world.ran == ["v1", "v2", "v1"]
    assert world.watch.durability is Durability.DURABLE


@dataclass
class Elsewhere(ManagedWorld):
    """Somebody has looked at what a revert would do, and that leads to another version than the one that is wanted."""

    leads_to: str = "id-v0"

    @property
    def _around_now(self) -> Surroundings:
        around = super()._around_now
        aimed = replace(around.prospect, target=self.leads_to) if around.prospect is not None else None
        return replace(around, prospect=aimed)


def test_a_revert_that_leads_to_another_version_is_not_made() -> None:
    world = passed(Elsewhere.under(Cluster()))
    assert isinstance(world, Elsewhere)
    assert world.command().waits
    world.run(15.0)
    assert world.orders == []
    world.leads_to = "id-v1"
    world.run_until("restored")
    assert world.writes == ["revert"]


def test_nor_at_a_breach() -> None:
    world = Elsewhere.under(Cluster())
    world.ship("v2", errors=0.3)
    world.run_until("hold")
    assert "no_way_back" in world.guards
    assert world.orders == []


def test_a_sync_to_what_was_before_is_none_to_another_revision() -> None:
    world = passed(ManagedWorld.under(Cluster(), automated=False, self_heal=False))
    world.ship("v3")
    world.run_until("pass")
    world.run(60.0)
    assert world.command("hash-v1").waits, "the notes before the revision that is named are asked for first"
    world.run(30.0)
    steps = {each.rung: each.reason for each in world.decision.rungs}
    assert steps[Rung.SYNC] == "leads to what ran before this release, and that is not revision hash-v1"


def test_a_hold_that_is_passed_is_passed_by_the_revert_as_well() -> None:
    world = passed(ManagedWorld.under(Cluster()))
    world.cluster.hold = "stocktaking"
    assert world.command("", "hold").decision
    world.run_until("restored")
    assert world.writes == ["revert"]
    assert {order.past_hold for order in world.orders} == {True}
