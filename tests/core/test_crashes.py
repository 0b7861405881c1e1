"""The process may die at any moment: the next one looks at the real state and goes on, never twice."""

from __future__ import annotations

import pytest

from tests.core.actuator import SILENT, SILENT_APPLIED, UNKNOWN_APPLIED
from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core import record
from watcher.core.machine import open_watch, resume
from watcher.core.words import Kind, Outcome, Phase, Verdict


def bad(kind: Kind, *reactions: str) -> World:
    world = World.of(kind)
    world.react(*reactions)
    world.release("v2", errors=0.3)
    return world


WRITES = {Kind.DEPLOYMENT: "undo", Kind.STATEFUL_SET: "undo", Kind.DAEMON_SET: "undo", Kind.ROLLOUT: "abort"}


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("moment", ["release", "breach", "ordered", "confirming", "on_target"])
@pytest.mark.parametrize("reaction", ["applied", SILENT, SILENT_APPLIED, UNKNOWN_APPLIED])
def test_a_crash_at_any_moment_neither_repeats_nor_forgets(kind: Kind, moment: str, reaction: str) -> None:
    world = bad(kind, reaction)
    world.run_until(moment, within=900)
    world.crash()
    world.run_until("restored", "superseded", within=1500)

    assert world.watch.outcome is Outcome.RESTORED
    assert world.writes == [WRITES[kind]]
    assert len({order.decision for order in world.orders}) == 1
    assert world.serves("v1")


@pytest.mark.parametrize("moment", ["ordered", "confirming"])
def test_a_crash_does_not_keep_a_lost_abort_from_being_repeated(moment: str) -> None:
    world = bad(Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.deaf = 1
    world.run_until(moment)
    world.crash()
    world.run_until("restored")
    assert world.writes == ["abort", "abort"]


def test_a_crash_after_every_single_step_changes_nothing() -> None:
    world = bad(Kind.DEPLOYMENT)
    for _ in range(120):
        world.tick()
        world.crash()
    assert world.watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
    assert world.writes == ["undo"]


def test_an_intent_of_hours_ago_is_judged_anew() -> None:
    world = bad(Kind.DEPLOYMENT, SILENT)
    world.run_until("ordered")
    world.crash()
    world.errors["v2"] = 0.0
    for _ in range(240):  # nobody is there, the metrics go on
        world.now += 15.0
        world._close_block()
    world.crash()
    world.run(300)
    assert "stood_down" in world.moved
    assert world.writes == []


def test_a_good_release_passes_all_the_same() -> None:
    world = World.of()
    world.release("v2")
    for _ in range(8):
        world.run(45)
        world.crash()
    assert world.watch.verdict is Verdict.PASS
    assert world.moved.count("pass") == 1


def test_a_release_that_began_and_ended_while_nobody_looked_is_found() -> None:
    world = World.of()
    world.cluster.apply("v2", world.now)
    world.cluster.apply("v3", world.now + 10.0)
    world.errors["v3"] = 0.3
    for _ in range(12):
        world.now += 10.0
        world.cluster.tick(world.now)
    world.crash()
    world.run_until("restored")
    assert world.serves("v1")
    assert [each.release.revision for each in [*world.ended, world.watch]] == ["hash-v3"]


def test_a_write_that_landed_is_recognised_though_nothing_was_heard_of_it() -> None:
    world = bad(Kind.DEPLOYMENT, SILENT_APPLIED)
    world.run_until("ordered")
    world.crash()
    world.run_until("own_way_back", "release", within=10)
    assert world.moved[-2:] == ["own_way_back", "confirming"]


@pytest.mark.parametrize("moment", ["confirming", "on_target"])
def test_what_is_due_after_the_change_is_seen_to_by_the_next_process(moment: str) -> None:
    world = bad(Kind.DEPLOYMENT, SILENT_APPLIED, SILENT)
    world.run_until(moment)
    world.crash()
    world.run_until("restored")
    assert world.watch.rollback is not None
    assert world.watch.rollback.complete
    assert world.writes == ["undo"]


def test_recovery_is_proven_anew_after_a_crash() -> None:
    world = bad(Kind.DEPLOYMENT)
    world.run_until("on_target")
    world.run(20)
    world.durable = record.encode(world.state)  # a checkpoint
    world.crash()
    assert world.watch.rollback is not None
    assert [(each.good, each.seen.total) for each in world.watch.rollback.recovery] == [(0, 0.0)]
    world.run_until("restored")


def test_what_is_over_stays_as_it_was() -> None:
    world = bad(Kind.DEPLOYMENT)
    assert open_watch(None) is None
    world.run_until("restored")
    assert world.state is not None
    assert resume(world.state).watch == world.state.watch
    assert open_watch(world.state) is None
    assert world.watch.phase is Phase.CLOSED
