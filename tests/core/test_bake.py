"""How long a release is watched, and with which verdict that ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import BLOCK, ERRORS, World
from watcher.core.judging import judge
from watcher.core.policy import Bake, Check, HistogramCheck, Policy, QueryCheck
from watcher.core.words import Kind, Outcome, Phase, Provenance, Verdict

LATENCY = HistogramCheck("latency", "main", "seconds", bound=0.5, max=0.05)
LAG = QueryCheck("lag", "main", "lag", max=10.0, hold_for=30.0)


def test_a_pass_comes_once_the_bake_was_seen_to_its_end() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    assert world.watch.rolled_out_at is not None
    baked = world.now - world.watch.rolled_out_at
    assert 300.0 <= baked <= 300.0 + BLOCK


@pytest.mark.parametrize("blind_after", [0.0, 60.0, 290.0])
def test_a_source_that_is_down_at_the_end_of_the_bake_is_no_pass(blind_after: float) -> None:
    world = World.of()
    world.release("v2")
    world.run(blind_after)
    world.blind = True
    world.run(1500)
    assert world.watch.phase is Phase.WATCHING
    assert world.watch.verdict is None

    world.blind = False
    world.run_until("pass")


def test_a_source_that_never_comes_back_is_no_data() -> None:
    world = World.of()
    world.blind = True
    world.release("v2")
    world.run(2000)
    assert (world.watch.phase, world.watch.verdict) == (Phase.CLOSED, Verdict.NO_DATA)
    assert "no requests on the new version seen yet" in world.watch.end_reason
    assert "v2" not in world.known_good


def test_a_metric_that_lost_its_meaning_is_no_data() -> None:
    world = World.of()
    world.release("v2", errors=0.5)
    world.broken = "metric-contract-changed: no series carry the label code any more"
    world.run(2000)
    assert world.watch.verdict is Verdict.NO_DATA
    assert world.decisions == []


def test_no_traffic_extends_the_watch_and_then_proves_nothing() -> None:
    world = World.of()
    world.requests = 0.0
    world.run(2000)  # nobody asked the version before either
    world.release("v2")
    world.run(1700)
    assert world.watch.phase is Phase.WATCHING
    world.run(200)
    assert (world.watch.phase, world.watch.verdict) == (Phase.CLOSED, Verdict.NO_DATA)


def test_less_traffic_than_asked_for_is_inconclusive() -> None:
    world = World.of()
    world.set(bake=replace(world.policy.bake, min_requests=100_000))
    world.release("v2")
    world.run(2000)
    assert (world.watch.phase, world.watch.verdict) == (Phase.CLOSED, Verdict.INCONCLUSIVE)
    assert world.watch.end_reason == "too little was seen for a verdict"


def test_a_breach_on_its_way_is_no_pass() -> None:
    world = World.of()
    world.release("v2")
    world.run(290)
    world.errors["v2"] = 0.2
    world.run_until("restored")
    assert "pass" not in world.moved


def test_a_breach_that_is_held_ends_with_the_watch() -> None:
    world = World.of(hold="freeze")
    world.release("v2", errors=0.2)
    world.run(1700)
    assert world.watch.phase is Phase.WATCHING
    world.run(200)
    assert (world.watch.phase, world.watch.verdict) == (Phase.CLOSED, Verdict.BREACH)
    assert world.watch.end_reason == "the watch ended; the breach was not undone"


def test_after_a_crash_a_held_breach_is_not_closed_before_it_was_looked_at_again() -> None:
    world = World.of(hold="freeze")
    world.release("v2", errors=0.2)
    world.run(700)
    world.blind = True
    world.crash()
    world.run(60)
    assert world.watch.phase is Phase.WATCHING
    world.blind = False
    world.cluster.hold = ""
    world.run_until("restored")


def test_on_a_stale_cache_nothing_ends() -> None:
    world = World.of()
    world.release("v2")
    world.run(200)
    world.around(cache_age=100.0)
    world.run(400)
    assert world.watch.phase is Phase.WATCHING
    world.around(cache_age=0.0)
    world.run_until("pass", within=10)


def test_a_canary_that_pauses_for_long_is_parked_and_resumed() -> None:
    world = World.of(Kind.ROLLOUT, routed=True)
    assert isinstance(world.cluster, SimulatedRollout)
    world.release("v2")
    world.run_until("parked", within=2400)
    world.errors["v2"] = 0.05  # beyond the bound, but not severe
    world.run(300)
    assert world.decisions == []
    world.errors["v2"] = 0.0
    world.run(360)

    world.cluster.weight = 50
    world.run_until("resumed", within=10)
    resumed = world.now
    world.run(60)
    world.cluster.promote()
    world.run_until("pass", within=600)
    assert world.watch.counted_from == resumed


def test_a_parked_canary_is_aborted_when_it_becomes_severe() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2")
    world.run_until("parked", within=2400)
    world.errors["v2"] = 0.6
    world.run_until("restored")
    assert world.writes == ["abort"]


def test_pods_that_come_and_go_do_not_resume_a_parked_watch() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2")
    world.run_until("parked", within=2400)
    for _ in range(5):
        world.cluster.delete(*next((pod.name, pod.uid) for pod in world.cluster.of("v2")))
        world.run(15)
    assert world.watch.phase is Phase.PARKED


def test_a_parked_watch_does_not_listen_to_query_checks() -> None:
    world = World.of(Kind.ROLLOUT)
    world.set(checks=(ERRORS, LAG))
    world.release("v2")
    world.run_until("parked", within=2400)
    world.values["lag"] = 50.0
    world.run(300)
    assert world.decisions == []


def test_without_checks_that_count_the_others_must_have_seen_something() -> None:
    world = World.of()
    world.set(checks=(LAG,))
    world.release("v2")
    world.run(400)
    assert world.watch.phase is Phase.WATCHING
    world.values["lag"] = 1.0
    world.run_until("pass")


def test_only_required_checks_must_have_seen_something() -> None:
    world = World.of()
    world.set(checks=(ERRORS, LATENCY), require=("errors", "latency"))
    world.release("v2")
    world.run(400)
    assert world.watch.phase is Phase.WATCHING
    world.set(require=("errors",))
    world.run_until("pass", within=10)


@pytest.mark.parametrize(
    ("checks", "required"),
    [
        ((ERRORS, LATENCY, LAG), (ERRORS,)),
        ((LATENCY, LAG), (LATENCY,)),
        ((LAG,), (LAG,)),
        ((), ()),
    ],
)
def test_by_default_ratio_checks_are_required_then_histograms_then_queries(
    checks: tuple[Check, ...], required: tuple[Check, ...]
) -> None:
    assert judge.required(Policy(checks=checks)) == required


def test_with_availability_alone_serving_for_the_bake_is_enough() -> None:
    world = World.of()
    world.set(checks=())
    world.release("v2")
    world.run_until("pass")
    assert world.known_good["v2"].provenance is Provenance.PASSED


def test_with_availability_alone_something_must_have_served() -> None:
    world = World.of(desired=0)
    world.set(checks=())
    world.release("v2")
    world.run(2000)
    assert world.watch.verdict is Verdict.INCONCLUSIVE


def test_a_bake_longer_than_its_bound_is_given_all_the_same() -> None:
    """A roll-out may itself take most of `bake.max`."""
    world = World.of()
    world.set(bake=Bake(hold_for=300.0, max=100.0))
    world.release("v2")
    world.run_until("pass")


def test_a_deleted_workload_ends_its_watch() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    world.step(gone=True)
    assert world.watch.end_reason == "the workload was deleted"
    assert world.watch.outcome is Outcome.SUPERSEDED
    world.step(gone=True)
    assert world.moved[-1] == "closed"


def test_a_workload_made_anew_under_the_same_name_begins_from_nothing() -> None:
    world = World.of()
    world.release("v2")
    world.run(30)
    world.cluster.uid = "uid-2"
    world.cluster.versions = []
    world.cluster.apply("v9", world.now)
    world.run(30)
    assert world.state is not None
    assert (world.state.uid, world.state.watch, world.state.known_good) == ("uid-2", None, ())
    assert [each.end_reason for each in world.ended] == ["the workload was deleted"]


def test_a_workload_that_no_entry_matches_any_more_is_left_alone() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    world.set(watched=False)
    world.run(300)
    assert world.watch.end_reason == "no entry of services matches it any more"
    assert world.orders == []


def test_a_rollback_that_was_begun_is_finished_though_no_entry_matches_any_more() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    world.set(watched=False)
    world.run_until("restored")
