"""The time before a release: what a new process keeps of it, and what is done where nothing is known of it."""

from __future__ import annotations

from dataclasses import replace

from tests.core.cluster import Cluster
from tests.core.world import START, World
from watcher.core.judging import rates
from watcher.core.judging.dispersion import Windows
from watcher.core.judging.evidence import CounterEvidence
from watcher.core.policy import Bake, RatioCheck
from watcher.core.words import Lane, Mode, Provenance


def forget_the_old_pods(world: World) -> None:
    """The process starts again after the old pods have gone: nobody can tell any more whose their series were."""
    world.crash()
    current = world.cluster.current.name
    for blocks in (world.outbox, world.blocks):
        blocks[:] = [
            replace(block, pods=tuple(pod for pod in block.pods if pod.revision == current)) for block in blocks
        ]


def released(before: float, after: float) -> World:
    """A release that is rolled out and was looked at for a while; shares of bad requests before and after it."""
    world = World.of()
    world.errors["v1"] = before
    world.run(600)
    world.release("v2", errors=after)
    world.run_until("rolled_out")
    world.run(30)
    return world


def test_a_service_that_was_broken_before_is_not_blamed_on_the_release_after_a_restart() -> None:
    world = released(before=0.025, after=0.025)
    forget_the_old_pods(world)
    world.run(900)
    assert world.decisions == []


def test_a_restart_in_good_times_does_not_forget_either() -> None:
    world = released(before=0.0, after=0.0)
    forget_the_old_pods(world)
    forget_the_old_pods(world)
    world.set(bake=Bake(hold_for=1200.0))
    world.errors["v2"] = 0.008
    world.run_until("ordered")
    assert world.decision.findings[0].lane is Lane.NEW_VS_BEFORE


def test_history_that_can_still_be_read_is_not_counted_twice() -> None:
    world = released(before=0.025, after=0.0)
    seen = world.watch.evidence.counters[0].before
    world.crash()
    world.run(15)
    evidence = world.watch.evidence.counters[0]
    assert evidence.before == evidence.usual == seen
    assert evidence.kept == seen


def test_whichever_process_saw_more_of_the_time_before_is_believed() -> None:
    more, less = Windows(3, 1000.0, 20.0, 1.0), Windows(1, 10.0)
    assert CounterEvidence("errors", before=less, kept=more).usual == more
    assert CounterEvidence("errors", before=more, kept=less).usual == more
    assert rates.resume(CounterEvidence("errors", before=less, kept=more, known=True)) == CounterEvidence(
        "errors", kept=more, known=True
    )


def found_after_the_rollout(errors: float) -> World:
    """An installation that meets a release whose rollout is over: the old pods have gone."""
    world = World(Cluster())
    world.cluster.apply("v1", START - 86400.0)
    world.cluster.apply("v2", START - 60.0)
    world.cluster.settle(START - 60.0)
    world.errors["v2"] = errors
    world.run(10)
    world.prove("v1", Provenance.PASSED)
    return world


def test_what_was_rolled_out_before_the_first_look_is_only_proposed_to_be_undone() -> None:
    for errors, lane in ((0.03, Lane.NEW_VS_MAX), (0.2, Lane.SEVERE_5), (0.6, Lane.SEVERE_40)):
        world = found_after_the_rollout(errors)
        world.run_until("roll_back")
        assert world.decision.findings[0].lane is lane
        assert world.decision.mode is Mode.PROPOSE
        assert world.decision.why_mode == "nothing was seen of the version before, which may have been as bad"
        world.run(300)
        assert world.orders == []


def test_a_severe_breach_of_pods_whose_predecessors_nobody_saw_is_only_proposed() -> None:
    world = found_after_the_rollout(0.6)
    world.set(checks=(RatioCheck("errors", source="main", total="requests_total", increase=2.0),))
    world.run_until("roll_back")
    assert world.decision.findings[0].lane is Lane.SEVERE_40
    assert world.decision.mode is Mode.PROPOSE


def test_a_version_before_that_was_never_asked_was_seen_all_the_same() -> None:
    world = World.of()
    world.requests = 0.0
    world.run(600)
    world.blocks[:] = [each for each in world.blocks if each.start >= world.now - 600.0]
    world.release("v2", errors=0.04)
    world.run_until("rolled_out")
    world.requests = 600.0
    world.run_until("ordered")
    assert world.watch.evidence.counters[0].usual.total == 0
    assert world.decision.findings[0].lane is Lane.NEW_VS_MAX
