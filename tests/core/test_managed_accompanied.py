"""Feature flags and database migrations of a workload that Argo CD keeps as Git says."""

from __future__ import annotations

import pytest

from tests.core.argo import ManagedWorld
from tests.core.cluster import Cluster
from tests.core.databases import after_down, note
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import FLAG
from watcher.core.migrations import Safety, When
from watcher.core.words import Durability

BOTH = (after_down("0043"), after_down("0042", when=When.AFTER))


def test_the_down_migration_comes_before_the_revert() -> None:
    world = ManagedWorld.under(Cluster())
    world.databases.notes = BOTH
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["down 0043", "revert", "down 0042"]
    assert world.watch.durability is Durability.DURABLE


def test_urgent_it_comes_before_revert_and_undo() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0)
    world.databases.notes = BOTH
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["down 0043", "revert", "undo", "down 0042"]


def test_a_canary_is_aborted_after_it_and_git_follows() -> None:
    world = ManagedWorld.under(SimulatedRollout())
    world.databases.notes = BOTH
    world.ship("v2", errors=0.9)
    world.run_until("restored")
    assert sorted(world.writes) == ["abort", "down 0042", "down 0043", "revert"]
    assert world.writes[0] == "down 0043"


def test_nothing_is_pushed_over_an_unsafe_migration() -> None:
    world = ManagedWorld.under(Cluster())
    world.databases.notes = (note("0042", Safety.UNSAFE),)
    world.ship("v2", errors=0.3)
    world.run_until("roll_forward")
    world.run(300.0)
    assert world.writes == []


def test_the_first_decision_waits_for_the_notes() -> None:
    world = ManagedWorld.under(Cluster())
    world.databases.notes = (note("0042", Safety.UNSAFE),)
    world.databases.unseen = True
    world.ship("v2", errors=0.3)
    world.run_until("breach")
    assert world.watch.decision is None
    world.databases.unseen = False
    world.run_until("roll_forward", within=15)


@pytest.mark.parametrize("helps", [True, False])
def test_a_flag_comes_before_git_and_leaves_nothing_to_be_done_there(helps: bool) -> None:
    world = ManagedWorld.under(Cluster())
    world.cluster.flags["v2"] = str(FLAG)
    world.switch.covers["v2"] = 0.0 if helps else 0.3
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == (["flag"] if helps else ["flag", "revert"])
    assert world.watch.durability is Durability.DURABLE
    assert world.state is not None
    assert world.state.unsettled is None
