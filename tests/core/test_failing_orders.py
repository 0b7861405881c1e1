"""Orders that fail, in every way an API server knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.actuator import SILENT_APPLIED, SKIPPED, UNKNOWN_APPLIED
from tests.core.rollouts import SimulatedRollout
from tests.core.world import ERRORS, World
from watcher.core.model import Result
from watcher.core.words import Action, Kind, Mode, Outcome, Phase, Provenance, Rung


def deciding(kind: Kind = Kind.DEPLOYMENT, *reactions: str) -> World:
    """A world in which a rollback was ordered just now."""
    world = World.of(kind)
    world.react(*reactions)
    world.release("v2", errors=0.3)
    world.run_until("ordered")
    return world


def attempts(world: World) -> list[int]:
    return [order.tried for order in world.orders]


@pytest.mark.parametrize("result", [Result.UNAVAILABLE, Result.NOT_LEADING, Result.UNKNOWN])
def test_what_may_pass_is_tried_again_with_a_growing_pause(result: str) -> None:
    world = deciding(Kind.DEPLOYMENT, *[result] * 4)
    begin = world.now
    world.run_until("restored")
    assert attempts(world) == [1, 2, 3, 4, 5]
    assert len({order.decision for order in world.orders}) == 1
    assert world.moved.count(result) == 4
    assert world.writes == ["undo"]
    assert world.now - begin < 200


def test_an_answer_that_was_lost_is_found_on_the_object() -> None:
    world = deciding(Kind.DEPLOYMENT, UNKNOWN_APPLIED)
    world.run_until("restored")
    assert world.writes == ["undo"]
    assert attempts(world) == [1, 2]  # the second only sees to what is due after the change


def test_an_api_that_stays_away_makes_the_intent_be_judged_anew() -> None:
    world = deciding(Kind.DEPLOYMENT, *[Result.UNAVAILABLE] * 8)
    world.run_until("stood_down")
    assert world.moved[-4:] == ["stood_down", "roll_back", "undo", "ordered"]
    assert [each.attempt for each in world.decisions] == [1, 2]
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_a_breach_that_ended_meanwhile_is_not_acted_on_when_the_api_is_back() -> None:
    world = deciding(Kind.DEPLOYMENT, *[Result.UNAVAILABLE] * 8)
    world.errors["v2"] = 0.0
    world.run(900)
    assert world.writes == []
    assert world.watch.end_reason == "the watch ended; the breach was not undone"


def test_a_missing_permission_is_named_and_the_next_rung_tried() -> None:
    world = deciding(Kind.ROLLOUT, Result.FORBIDDEN)
    world.run_until("restored")
    assert world.writes == ["undo"]
    assert [step.failed for step in world.decision.rungs if step.failed] == ["forbidden, says the test"]


def test_a_permission_that_is_missing_for_a_moment_ends_nothing() -> None:
    world = deciding(Kind.DEPLOYMENT, Result.FORBIDDEN)
    world.run_until("restored")
    assert attempts(world)[:2] == [1, 2]
    assert world.writes == ["undo"]


def test_a_missing_permission_on_the_last_rung_is_named_and_waited_for() -> None:
    world = deciding(Kind.DEPLOYMENT, *[Result.FORBIDDEN] * 20)
    world.set(bake=replace(world.policy.bake, max=7200.0))
    world.run_until("stood_down")
    assert world.guards == ("forbidden",)
    assert world.told[-1].reason == "RollbackHeld"
    assert world.told[-1].text == "Rollback not sent: a permission is missing: forbidden, says the test"
    world.run_until("restored", within=3600.0)
    assert world.writes == ["undo"]


def test_an_attempt_that_wrote_nothing_starts_no_cooldown() -> None:
    world = deciding(Kind.DEPLOYMENT, *[Result.FORBIDDEN] * 20)
    world.run_until("stood_down")
    assert world.state is not None
    assert world.state.last_rollback is None


def test_a_rung_that_cannot_work_here_is_followed_by_the_next() -> None:
    world = deciding(Kind.ROLLOUT, Result.REFUSED)
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_a_conflict_with_a_newer_release_supersedes() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    world.react(Result.CONFLICT)
    world.run_until("ordered")
    world.release("v3")
    world.run(300)
    assert [each.outcome for each in world.ended] == [Outcome.SUPERSEDED]
    assert world.writes == []
    assert world.watch.release.never_undo.startswith("recovery release")


def test_a_template_changed_between_decision_and_patch_is_not_undone() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    world.react(Result.UNAVAILABLE)
    world.run_until("unavailable")
    world.cluster.numbered = False  # the newer template is there, its revision is not yet
    world.cluster.apply("v3", world.now)
    world.run(20)
    assert world.writes == []
    world.cluster.numbered = True
    world.run_until("superseded")
    assert world.writes == []


def test_a_conflict_that_meant_nothing_is_decided_anew() -> None:
    world = deciding(Kind.DEPLOYMENT, Result.CONFLICT)
    world.run_until("stood_down")
    assert world.guards == ("superseded",)
    world.run_until("restored")
    assert world.writes == ["undo"]
    assert [each.attempt for each in world.decisions] == [1, 2]
    assert len({each.id for each in world.decisions}) == 2


def test_something_that_fights_us_is_given_way_after_ten_conflicts() -> None:
    world = deciding(Kind.DEPLOYMENT, *[Result.CONFLICT] * 100)
    begin = world.now
    world.run_until("failed")
    assert len(world.orders) == 10
    assert "the object changed under every one of 10 attempts" in world.watch.end_reason
    assert world.now - begin > 100


def test_decisions_that_were_held_do_not_count_as_conflicts() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    world.set(mode=Mode.PROPOSE)
    world.run(60)
    for _ in range(12):
        world.cluster.hold = "" if world.cluster.hold else "on and off"
        world.run(10)
    world.cluster.hold = ""
    world.set(mode=Mode.ACT)
    world.react(Result.CONFLICT)
    world.run_until("restored")
    assert world.decision.attempt >= 10


def test_a_hold_that_only_the_writer_saw_is_waited_for() -> None:
    """The view lags behind: the hold was read from the object itself just before the write."""
    world = deciding(Kind.DEPLOYMENT, Result.HELD)
    world.run_until("stood_down")
    assert world.guards == ("hold",)
    assert world.told[-1].text == "Rollback not sent: held: held, says the test"
    world.run_until("restored")


def test_a_hold_that_the_view_never_shows_is_not_run_into_again_and_again() -> None:
    world = deciding(Kind.DEPLOYMENT, *[Result.HELD] * 2000)
    world.set(bake=replace(world.policy.bake, max=7200.0))
    world.run(600)
    assert len(world.orders) <= 7
    assert world.guards == ("hold",)
    world.run(1800)
    assert len(world.orders) <= 13
    world.crash()
    world.run(60)
    assert len(world.orders) <= 13
    world.actuator.reactions.clear()
    world.run_until("restored", within=600.0)
    assert world.writes == ["undo"]


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        (lambda world: setattr(world.cluster, "hold", "wait"), "hold"),
        (lambda world: world.set(never=True), "never"),
        (lambda world: world.set(watched=False), "not_watched"),
        (lambda world: world.around(permitted=False), "not_permitted"),
        (lambda world: world.around(cache_age=90.0), "stale_cache"),
    ],
    ids=["hold", "never", "not_watched", "not_permitted", "stale_cache"],
)
def test_an_intent_that_was_not_sent_stands_down_for_whatever_forbids_it_now(change: object, guard: str) -> None:
    world = deciding(Kind.DEPLOYMENT, Result.UNAVAILABLE)
    assert callable(change)
    change(world)
    world.run_until("stood_down", within=15)
    assert world.guards == (guard,)
    assert world.told[-1].reason == "RollbackHeld"
    world.run(200)
    assert len(world.orders) == 1


def test_an_intent_that_was_not_sent_becomes_a_proposal_when_the_mode_is_no_longer_act() -> None:
    world = deciding(Kind.DEPLOYMENT, Result.UNAVAILABLE)
    world.set(mode=Mode.PROPOSE)
    world.run_until("stood_down", within=15)
    assert (world.decision.action, world.decision.mode) == (Action.ROLL_BACK, Mode.PROPOSE)
    world.run(200)
    assert len(world.orders) == 1


@pytest.mark.parametrize("answer", [UNKNOWN_APPLIED, SILENT_APPLIED])
def test_what_was_sent_is_followed_though_somebody_says_hold_now(answer: str) -> None:
    world = deciding(Kind.DEPLOYMENT, answer)
    world.cluster.hold = "too late"
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_no_further_rung_is_begun_while_somebody_says_hold() -> None:
    world = World.of(Kind.ROLLOUT, deaf=1000)
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    ordered = len(world.orders)
    world.cluster.hold = "wait"
    world.run_until("stood_down", within=900)
    assert len(world.orders) == ordered
    assert world.guards == ("hold",)
    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.deaf = 0
    world.cluster.hold = ""
    world.run_until("restored")
    assert world.writes.count("undo") == 0


def test_stuck_pods_that_must_not_be_deleted_name_the_permission() -> None:
    world = World.of(Kind.STATEFUL_SET, never_ready={"v2"})
    world.release("v2")
    world.react(Result.APPLIED, *[Result.FORBIDDEN] * 100)
    world.run_until("failed")
    assert world.watch.end_reason.startswith("undo: not on target after 125 s: forbidden, says the test")


def test_a_mechanism_that_takes_too_long_has_failed_and_says_why() -> None:
    world = World.of(Kind.STATEFUL_SET, never_ready={"v2"})
    world.release("v2")
    world.react(Result.APPLIED, *[Result.REFUSED] * 100)
    world.run_until("failed")
    assert world.watch.end_reason.startswith("undo: not on target after 125 s: refused")


def test_an_order_under_way_is_not_given_twice() -> None:
    world = deciding(Kind.DEPLOYMENT, SKIPPED)
    world.report = None
    for _ in range(10):
        world.now += 5.0
        world.step(executing=True)
    assert len(world.orders) == 1


@pytest.mark.parametrize("other", [{"decision": "another"}, {"rung": "abort"}])
def test_the_report_of_another_decision_or_rung_changes_nothing(other: dict[str, str]) -> None:
    world = deciding(Kind.DEPLOYMENT, SKIPPED)
    assert world.report is not None
    world.report = replace(world.report, **other)  # type: ignore[arg-type]
    world.step(executing=True)
    assert world.watch.phase is Phase.ACTING


def test_only_the_deployment_that_served_last_is_restored_after_many_failures() -> None:
    world = deciding(Kind.DEPLOYMENT, Result.CONFLICT, Result.UNAVAILABLE, Result.HELD, UNKNOWN_APPLIED)
    world.run_until("restored")
    assert world.writes == ["undo"]
    assert world.serves("v1")
    assert world.known_good["v1"].provenance is Provenance.PRESUMED


@pytest.mark.parametrize(
    "change",
    [
        {"rungs": ((Rung.UNDO, Mode.PROPOSE),)},
        {"checks": (replace(ERRORS, may=Mode.PROPOSE),)},
        {"checks": ()},
    ],
    ids=["rung", "check", "no_check"],
)
def test_an_intent_does_not_survive_thresholds_that_allow_less(change: dict[str, object]) -> None:
    world = deciding(Kind.DEPLOYMENT, Result.UNAVAILABLE)
    world.crash()
    world.set(**change)
    ordered = len(world.orders)
    world.run(900)
    assert "stood_down" in world.moved
    assert (len(world.orders), world.writes) == (ordered, [])


def test_the_next_rung_is_not_taken_once_the_thresholds_allow_less() -> None:
    world = World.of(Kind.ROLLOUT, deaf=1000)
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.set(rungs=((Rung.ABORT, Mode.ACT), (Rung.UNDO, Mode.PROPOSE)))
    world.run_until("stood_down", within=900)
    assert world.writes.count("undo") == 0
