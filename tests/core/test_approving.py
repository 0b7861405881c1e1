"""Approval by a person lifts `propose`, and nothing else; it is judged anew, and lapses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.core.actuator import SILENT
from tests.core.rollouts import SimulatedRollout
from tests.core.world import ERRORS, World
from watcher.core import record
from watcher.core.deciding import approving
from watcher.core.model import Observation, PastRollback, Result
from watcher.core.words import Action, Kind, Mode, Outcome, Phase, Rung


def proposed(kind: Kind = Kind.DEPLOYMENT, share: float = 0.3) -> World:
    """A rollback that waits for a person."""
    world = World.of(kind)
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=share)
    world.run_until("roll_back")
    assert approving.waits(world.watch)
    return world


@pytest.mark.parametrize("kind", Kind)
def test_what_was_approved_is_carried_out_under_the_id_that_was_proposed(kind: Kind) -> None:
    world = proposed(kind)
    was = world.decision
    world.run(60)
    told = world.approve()

    assert told.accepted
    assert told.text == f"decision {was.id} is being carried out, approved by ada"
    assert {order.decision for order in world.orders} == {was.id}
    assert world.decision.mode is Mode.ACT
    assert world.decision.approval is not None
    assert "approved by ada" in world.decision.reason
    world.run_until("restored")
    assert world.serves("v1")
    assert len(world.decisions) == 1


def test_without_an_approval_nothing_is_done() -> None:
    world = proposed()
    world.run(600)
    assert world.orders == []


def test_an_annotation_on_the_object_is_an_approval() -> None:
    world = proposed()
    world.annotate()
    world.run_until("approved")
    world.run_until("restored")
    assert world.decision.approval is not None
    assert (world.decision.approval.by, world.decision.approval.way) == ("kubectl-annotate", "annotation")
    assert world.moved.count("approved") == 1


def test_an_annotation_without_a_time_counts_from_when_it_is_seen() -> None:
    world = proposed()
    world.annotate(at=0.0)
    world.run_until("ordered", within=10)


def test_an_annotation_that_was_made_long_ago_has_lapsed() -> None:
    world = proposed()
    world.annotate(at=world.now - approving.LAPSES - 1)
    world.run(60)
    assert world.orders == []
    (refused,) = [each for each in world.told if each.reason == "ApprovalRefused"]
    assert "it was given 15 min ago, and lapses after 15 min" in refused.text


def test_an_annotation_for_another_decision_is_answered_once() -> None:
    world = proposed()
    world.annotate("0123456789ab")
    world.run(300)
    assert world.orders == []
    assert [each.reason for each in world.told].count("ApprovalRefused") == 1
    world.annotate()
    world.run_until("restored")


def test_an_annotation_that_stays_on_the_object_says_nothing_of_the_next_release() -> None:
    world = proposed()
    world.annotate()
    world.run_until("restored")
    world.run(60)
    told = len(world.told)
    world.set(cooldown=0.0)
    world.release("v3", errors=0.4)
    world.run_until("roll_back")
    world.run(120)
    assert world.decision.mode is Mode.PROPOSE
    assert "ApprovalRefused" not in [each.reason for each in world.told[told:]]


@pytest.mark.parametrize("by", ["ada", "brian"])
def test_a_second_approval_does_no_harm(by: str) -> None:
    world = proposed()
    world.approve()
    again = world.approve(by=by)
    assert again.accepted
    assert again.text.endswith("approved by ada")
    world.run_until("restored")
    assert world.writes == ["undo"]


LIMITS: dict[str, Callable[[World], None]] = {
    "check": lambda world: world.set(mode=Mode.ACT, checks=(replace(ERRORS, may=Mode.PROPOSE),)),
    "rung": lambda world: world.set(mode=Mode.ACT, rungs=((Rung.UNDO, Mode.PROPOSE),)),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_whatever_made_it_a_proposal_is_lifted(limit: str) -> None:
    world = World.of()
    LIMITS[limit](world)
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    assert world.decision.mode is Mode.PROPOSE
    assert world.approve().accepted
    world.run_until("restored", "restored_unconfirmed")


GUARDS: dict[str, Callable[[World], None]] = {
    "hold": lambda world: setattr(world.cluster, "hold", "load test"),
    "never": lambda world: world.set(never=True),
    "not_permitted": lambda world: world.around(permitted=False),
    "stale_cache": lambda world: world.around(cache_age=90.0),
    "owned": lambda world: setattr(world.cluster, "owner", "Kafka/events"),
    "breaker": lambda world: world.around(
        rollbacks=tuple(PastRollback(world.now, "elsewhere", f"other/{number}") for number in range(5))
    ),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_an_approval_passes_no_guard(guard: str) -> None:
    world = proposed()
    GUARDS[guard](world)
    told = world.approve()
    world.run(120)
    assert world.orders == []
    assert guard in world.guards
    assert told.accepted is (guard in approving.UNSEEN)
    if not told.accepted:
        assert "took its place" in told.text


@pytest.mark.parametrize("guard", sorted(GUARDS.keys() - approving.UNSEEN))
def test_what_spoke_against_it_ends_the_approval(guard: str) -> None:
    world = proposed()
    GUARDS[guard](world)
    world.approve()
    world.cluster.hold, world.cluster.owner = "", ""
    world.set(never=False)
    world.around(rollbacks=())
    world.run(120)
    assert world.orders == []
    assert approving.waits(world.watch)
    assert world.watch.consent is None


def test_what_could_not_be_seen_for_a_moment_is_waited_for() -> None:
    world = proposed()
    first = world.decision.id
    world.around(cache_age=90.0)
    told = world.approve()
    assert told.accepted
    assert told.text.startswith("approved, and carried out once nothing is in the way")
    world.run(60)
    assert world.orders == []
    world.around(cache_age=0.0)
    world.run_until("ordered", within=10)
    assert world.decision.id != first
    assert world.decision.approval is not None
    assert world.decision.approval.decision == first


def test_an_approval_lapses() -> None:
    world = proposed()
    world.set(bake=replace(world.policy.bake, max=7200.0))
    world.around(permitted=False)
    world.approve()
    world.run(approving.LAPSES + 10)
    world.around(permitted=True)
    world.run(120)
    assert "approval_lapsed" in world.moved
    assert "ApprovalLapsed" in [each.reason for each in world.told]
    assert world.orders == []


def test_one_that_has_not_lapsed_is_carried_out() -> None:
    world = proposed()
    world.set(bake=replace(world.policy.bake, max=7200.0))
    world.around(permitted=False)
    world.approve()
    world.run(approving.LAPSES - 60)
    world.around(permitted=True)
    world.run_until("ordered", within=20)


def test_after_the_fault_is_over_there_is_nothing_to_approve() -> None:
    world = proposed()
    world.errors["v2"] = 0.0
    world.run_until("breach_over", within=900)
    told = world.approve()
    assert (told.accepted, told.text) == (False, "the fault is over")
    world.run(120)
    assert world.orders == []


def test_a_fault_that_ends_takes_the_approval_with_it() -> None:
    world = proposed()
    world.around(permitted=False)
    world.approve()
    world.errors["v2"] = 0.0
    world.run_until("breach_over", within=900)
    assert world.watch.consent is None
    world.around(permitted=True)
    world.errors["v2"] = 0.3
    world.run(300)
    assert world.orders == []


def test_a_newer_release_takes_the_proposal_with_it() -> None:
    world = proposed()
    was = world.decision.id
    world.release("v3")
    world.run(10)
    told = world.approve(was)
    assert (told.accepted, told.text) == (False, "nothing is decided on the release that runs now")
    world.run(120)
    assert world.orders == []


def test_an_unknown_decision_is_refused_with_the_one_that_counts() -> None:
    world = proposed()
    told = world.approve("0123456789ab")
    assert not told.accepted
    assert told.text.startswith(f"decision {world.decision.id} took its place: errors:")
    assert world.moved[-1] == "approval_refused"


@pytest.mark.parametrize(("mode", "says"), [(Mode.OBSERVE, "it is only observe"), (Mode.ACT, "carried out already")])
def test_only_a_proposal_can_be_approved(mode: Mode, says: str) -> None:
    world = World.of()
    world.set(mode=mode)
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    orders = len(world.orders)
    told = world.approve()
    assert not told.accepted
    assert says in told.text
    assert len(world.orders) == orders


def test_what_is_done_cannot_be_approved() -> None:
    world = proposed()
    world.approve()
    world.run_until("restored")
    told = world.approve()
    assert not told.accepted
    assert told.text.startswith("the watch of its release has ended: ")


def test_a_mode_that_was_tightened_after_the_approval_counts() -> None:
    world = proposed()
    world.react(Result.UNAVAILABLE)
    world.approve()
    world.set(mode=Mode.OBSERVE)
    world.run(60)
    assert world.writes == []
    assert world.watch.phase is Phase.WATCHING
    assert world.decision.guard is not None or world.decision.mode is Mode.OBSERVE


def test_the_next_rung_is_approved_with_the_first() -> None:
    world = World.of(Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    world.react(Result.REFUSED)
    world.approve()
    world.run_until("restored", "failed")
    assert world.watch.outcome is Outcome.RESTORED
    assert world.writes == ["undo"]


@pytest.mark.parametrize("moment", ["approved", "ordered", "confirming", "on_target"])
@pytest.mark.parametrize("reaction", ["applied", SILENT])
def test_a_crash_after_the_approval_neither_loses_nor_repeats_it(moment: str, reaction: str) -> None:
    world = proposed()
    world.react(reaction)
    world.approve()
    if moment not in ("approved", "ordered"):
        world.run_until(moment)
    world.crash()
    world.run_until("restored", within=1500)
    assert world.writes == ["undo"]
    assert len({order.decision for order in world.orders}) == 1


def test_an_approval_that_is_not_durable_was_never_given() -> None:
    world = proposed()
    durable = world.durable
    world.approve()
    orders = len(world.orders)
    world.durable = durable
    world.crash()
    assert world.watch.consent is None
    assert approving.waits(world.watch)
    assert orders == 1, "in earnest the order leaves only once it is durable"


def test_an_approved_rollback_that_was_cut_off_for_long_is_judged_anew_and_goes_on() -> None:
    world = proposed()
    world.set(bake=replace(world.policy.bake, max=7200.0))
    world.react(SILENT)
    world.approve()
    for _ in range(20):  # five minutes in which nobody is there
        world.now += 15.0
        world._close_block()
    world.crash()
    world.run_until("restored")
    assert "stood_down" in world.moved
    assert world.writes == ["undo"]
    assert world.decision.approval is not None


def test_records_of_before_have_no_word_of_it() -> None:
    world = proposed()
    for value in (world.state, Observation(world.view)):
        data = record.encode(value)
        assert b"approval" not in data
        assert b"consent" not in data
        assert b"answered" not in data
        assert record.decode(type(value), data) == value


def test_the_proposal_ends_with_the_watch() -> None:
    world = proposed()
    ends = approving.until(world.watch, world.policy)
    assert ends == world.watch.release.began + world.policy.bake.max
    world.run(ends - world.now)
    assert world.watch.phase is Phase.CLOSED
    assert not world.approve().accepted
    assert world.decision.action is Action.ROLL_BACK
