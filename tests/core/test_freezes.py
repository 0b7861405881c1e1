"""A freeze window: nothing is written while it is open, but by the rungs that it excepts."""

from __future__ import annotations

from tests.core.argo import ManagedWorld
from tests.core.cluster import Cluster
from tests.core.rollouts import SimulatedRollout
from tests.core.world import START, World
from watcher.core.deciding.freezes import frozen_line
from watcher.core.gitops import Route
from watcher.core.model import Frozen
from watcher.core.telling.report import frozen_body
from watcher.core.words import Action, Durability, Kind, Mode, Rung, Stage

UNTIL = START + 86400.0


def freeze(world: World, *rungs: Rung) -> None:
    world.around(frozen=(Frozen("year-end", UNTIL, "no changes over the holidays", rungs),))


def thaw(world: World) -> None:
    world.around(frozen=())


def test_the_reason_names_the_window_its_end_and_why() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    freeze(world)
    world.run_until("hold")
    assert world.guards == ("freeze",)
    assert world.decision.guards[0].reason == (
        "frozen by year-end until 2023-11-15 22:13:30Z: no changes over the holidays"
    )


def test_a_rung_that_is_excepted_is_taken() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    freeze(world, Rung.UNDO)
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_another_rung_is_none_of_them() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2", errors=0.3)
    freeze(world, Rung.UNDO, Rung.GIT)
    world.run_until("hold")
    world.run(60)
    assert world.writes == []


def test_every_window_that_is_open_must_except_it() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    lax, strict = Frozen("nights", UNTIL, rungs=(Rung.UNDO,)), Frozen("audit", UNTIL)
    world.around(frozen=(lax, strict))
    world.run_until("hold")
    assert "frozen by audit" in world.decision.reason


def test_a_lost_abort_is_not_sent_again_once_a_window_has_opened() -> None:
    world = World.of(Kind.ROLLOUT, deaf=1000)
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    freeze(world)
    sent = len(world.writes)
    world.run(60)
    assert len(world.writes) == sent


def test_behind_an_abort_that_is_excepted_git_is_left_alone() -> None:
    world = ManagedWorld.under(SimulatedRollout())
    world.ship("v2", errors=0.9)
    freeze(world, Rung.FLAG, Rung.ABORT)
    world.run_until("restored")
    assert world.writes == ["abort"]
    assert world.watch.durability is Durability.CLUSTER_ONLY
    told = next(each.text for each in world.told if each.stage is Stage.RESTORED)
    assert "Git still holds the bad version (frozen by year-end until" in told


def test_an_undo_that_would_be_put_back_needs_git_excepted_too() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0)
    world.ship("v2", errors=0.3)
    freeze(world, Rung.UNDO)
    world.run_until("hold")
    assert world.decision.action is Action.HOLD
    assert world.writes == []
    freeze(world, Rung.UNDO, Rung.GIT)
    world.run_until("restored")
    assert world.writes == ["revert", "undo"]


def test_a_bridge_is_not_taken_down_while_frozen() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="branch main is protected")
    world.set(rungs=tuple((rung, Mode.ACT) for rung, _ in world.policy.rungs))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    freeze(world, Rung.GIT)
    world.argo.merge()
    world.run(300)
    assert world.writes == ["pin"]
    thaw(world)
    world.run_until("durable")
    assert world.writes == ["pin", "unpin"]


def test_a_window_in_a_line() -> None:
    window = Frozen("year-end", UNTIL, "no changes", (Rung.FLAG, Rung.ABORT))
    assert frozen_line(frozen_body(window)) == (
        "by year-end until 2023-11-15 22:13:30Z (no changes); may be done all the same: flag, abort"
    )
    assert frozen_line(frozen_body(Frozen("audit", UNTIL))) == "by audit until 2023-11-15 22:13:30Z"
