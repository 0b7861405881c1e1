"""Recognising releases: at first sight, by the controller's numbers, and among our own writes."""

from __future__ import annotations

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import START, World
from watcher.core.machine import step
from watcher.core.model import Observation
from watcher.core.words import Change, Kind, Phase


def found(kind: Kind = Kind.DEPLOYMENT, age: float = 10.0, *, finished: bool = True) -> World:
    """A workload that was released `age` seconds before the first look."""
    world = World(SimulatedRollout() if kind is Kind.ROLLOUT else World().cluster.__class__(kind))
    world.cluster.apply("v1", START - 86400.0)
    world.cluster.settle(START - 86400.0)
    world.cluster.apply("v2", START - age)
    if finished:
        world.cluster.settle(START - age)
    return world


def test_a_recent_release_is_watched_from_its_beginning() -> None:
    world = found(age=200.0)
    world.run(10)
    assert world.moved[:2] == ["seen", "release"]
    assert (world.watch.release.began, world.watch.release.previous) == (START - 200.0, "id-v1")
    assert world.watch.release.id == "uid-1/2"


def test_an_old_one_is_not() -> None:
    world = found(age=400.0)
    world.run(10)
    assert world.moved == ["seen"]


def test_an_old_one_that_is_still_rolling_out_is() -> None:
    world = found(age=400.0, finished=False)
    world.run(10)
    assert world.moved[:2] == ["seen", "release"]


def test_one_that_hangs_for_longer_than_any_watch_is_not() -> None:
    world = found(age=2000.0, finished=False)
    world.run(10)
    assert world.moved == ["seen"]


def test_a_pod_that_is_not_ready_makes_no_release_of_an_old_one() -> None:
    world = found(age=4000.0)
    world.cluster.never_ready.add("v2")
    world.cluster.delete(world.cluster.pods[0].name, world.cluster.pods[0].uid)
    world.run(60)
    assert "release" not in world.moved


def test_a_canary_that_has_paused_for_days_is_watched_and_parked() -> None:
    world = found(Kind.ROLLOUT, age=3 * 86400.0, finished=False)
    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.stable = "v1"
    world.run(10)
    assert world.moved == ["seen", "release", "parked"]


def test_a_first_deployment_is_no_release() -> None:
    world = World()
    world.cluster.apply("v1", START)
    world.run(60)
    assert world.moved == ["seen"]


def test_nothing_is_remembered_of_what_is_not_numbered_yet() -> None:
    world = World()
    world.cluster.apply("v1", START)
    world.cluster.numbered = False
    world.run(10)
    assert world.state is None
    assert step(None, Observation(None), START, world.policy) is None


def test_the_change_at_first_sight_is_known_too() -> None:
    world = World()
    world.cluster.apply("v1", START - 500.0)
    world.cluster.apply("v1+cfg", START - 20.0)
    world.run(10)
    assert world.watch.release.change is Change.CONFIGURATION


def test_what_was_deployed_is_not_judged_while_the_spec_asks_for_something_newer() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(40)
    world.cluster.numbered = False
    world.run(120)
    assert world.decisions == []
    assert world.watch.evidence.counters[0].new.bad > 0  # it goes on to look
    world.cluster.numbered = True
    world.run_until("restored")


def test_an_old_number_that_is_about_to_change_is_no_release() -> None:
    """An old template came back; its ReplicaSet bears the old number for a moment."""
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    world.cluster.versions.reverse()  # the spec asks for v1, which is still number 1
    world.run(10)
    assert world.moved[-1] == "closed"

    world.cluster.versions.reverse()
    world.cluster.apply("v1", world.now)
    world.run(10)
    assert world.watch.release.id == "uid-1/3"
    assert world.moved.count("release") == 2


def test_numbers_begin_anew_where_all_revisions_were_deleted() -> None:
    world = World.of()
    for template in ("v2", "v3"):
        world.release(template)
        world.run(10)
    world.cluster.versions.clear()
    world.cluster.apply("v3", world.now)
    world.run(10)
    assert world.watch.release.id == "uid-1/1"
    assert world.watch.release.change is Change.RESTART


def test_our_own_way_back_is_no_release() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    world.run(60)
    assert world.moved.count("release") == 1
    assert world.watch.release.revision == "hash-v2"


def test_a_restart_after_our_way_back_is_one() -> None:
    """Our decision still stands on the object, and the template is the one that we had put back."""
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    world.release("v1~1")
    world.run(10)
    assert world.watch.release.change is Change.RESTART
    assert world.watch.phase is Phase.WATCHING


@pytest.mark.parametrize("newer", ["v3", "v2"])
def test_somebodys_release_during_our_way_back_is_one(newer: str) -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    world.release(newer)
    world.run(10)
    assert world.watch.release.revision == f"hash-{newer}"
    assert world.watch.release.number == 4


def test_blocks_counted_for_the_release_before_are_not_taken_for_history() -> None:
    world = World.of()
    world.release("v2")
    world.run(300)
    world.release("v3")
    world.outbox.append(world.blocks[-1])
    world.run_until("release")
    assert world.watch.evidence.counters[0].seen_until == 0.0
    world.run(5)
    assert world.watch.evidence.counters[0].before.total > 10_000
