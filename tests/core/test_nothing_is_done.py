from __future__ import annotations

from tests.core.world import World
from watcher.core.words import Change, Kind, Verdict


def test_a_restart_is_watched_and_has_nowhere_to_go_back_to() -> None:
    world = World.of()
    world.release("v1~1", errors=0.3)
    world.run_until("hold")

    assert world.watch.release.change is Change.RESTART
    assert world.guards == ("restart", "no_target")
    world.run(600)
    assert world.orders == []


def test_a_good_restart_passes() -> None:
    world = World.of()
    world.release("v1~1")
    world.run_until("pass")


def test_a_release_of_configuration_only_is_held() -> None:
    world = World.of()
    world.release("v1+cfg", errors=0.3)
    world.run_until("hold")

    assert world.watch.release.change is Change.CONFIGURATION
    assert world.guards == ("configuration",)
    assert world.orders == []


def test_scaling_up_and_down_is_no_release_and_no_shortage() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("rolled_out")
    for desired in (8, 3, 6, 12, 2):
        world.cluster.desired = desired
        world.run(25)
    world.run(600)

    assert world.moved.count("release") == 1
    assert world.watch.verdict is Verdict.PASS
    assert world.decisions == []


def test_an_autoscaler_that_flaps_does_not_keep_a_good_release_from_passing() -> None:
    world = World.of()
    world.release("v2")
    for round_ in range(60):
        world.cluster.desired = 4 + round_ % 3
        world.run(10)
    world.run(300)
    assert world.watch.verdict is Verdict.PASS
    assert world.decisions == []


def test_scaling_to_zero_is_no_breach_and_no_pass() -> None:
    world = World.of(desired=0)
    world.release("v2")
    world.run(2400)

    assert world.watch.verdict is Verdict.NO_DATA
    assert world.decisions == []


def test_without_any_release_nothing_is_watched() -> None:
    world = World.of()
    world.errors["v1"] = 1.0
    world.run(600)

    assert world.moved == ["seen", "known_good"]
    assert world.state is not None
    assert world.state.watch is None


def test_a_dependency_outage_hits_old_and_new_alike() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2")
    world.run(60)
    world.errors.update(v1=0.3, v2=0.3)
    world.run(600)
    assert world.decisions == []


def test_what_was_broken_before_is_not_blamed_on_the_release() -> None:
    world = World.of()
    world.errors["v1"] = 0.05
    world.run(900)
    world.release("v2", errors=0.06)
    world.run(1800)
    assert world.decisions == []


def test_what_was_broken_before_and_gets_much_worse_is() -> None:
    world = World.of()
    world.errors["v1"] = 0.05
    world.run(900)
    world.release("v2", errors=0.25)
    world.run_until("restored")
