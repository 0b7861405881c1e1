"""A version that was taken back and returns: told loudly, watched and judged anew, under all guards."""

from __future__ import annotations

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core.deciding import ledger
from watcher.core.model import PastRollback
from watcher.core.words import Change, Kind, Outcome, Phase, Provenance, Verdict


def canary(**settings: object) -> tuple[World, SimulatedRollout]:
    world = World.of(Kind.ROLLOUT, **settings)
    assert isinstance(world.cluster, SimulatedRollout)
    return world, world.cluster


def aborted(**settings: object) -> tuple[World, SimulatedRollout]:
    """A bad canary that was aborted by a decision."""
    world, rollout = canary(**settings)
    world.release("v2", errors=0.3)
    world.run_until("restored")
    return world, rollout


def aborted_by_hand(**settings: object) -> tuple[World, SimulatedRollout]:
    world, rollout = canary(**settings)
    world.release("v2")
    world.run(60)
    rollout.aborted = True
    world.run_until("closed", within=60)
    return world, rollout


def alarms(world: World) -> list[str]:
    return [each.text for each in world.told if each.reason == "BadVersionBack" and each.warning]


@pytest.mark.parametrize(
    "settings",
    [{}, {"routed": True}, {"strategy": "blueGreen"}],
    ids=["basic canary", "routed canary", "blue-green"],
)
def test_an_aborted_rollout_that_is_set_going_again_is_a_release_of_its_own(settings: dict[str, object]) -> None:
    world, rollout = aborted(**settings)
    first, decision = world.watch.release, world.decision
    world.run(100)
    rollout.retry()
    world.run_until("release", within=10)

    again = world.watch.release
    assert (again.id, again.number, again.revision) == (f"{first.id}.1", first.number, first.revision)
    assert (again.began, again.change, again.previous) == (world.now, Change.VERSION, "id-v1")
    assert world.watch.phase is Phase.WATCHING
    told = f"Revision hash-v2 is back: it was aborted as decision {decision.id}, "
    assert [each.startswith(told) for each in alarms(world)] == [True]
    assert alarms(world)[0].endswith(" ago. It is watched and judged anew.")


def test_it_is_judged_anew_and_aborted_again_once_the_cooldown_is_over() -> None:
    world, rollout = aborted()
    first = world.decision
    rollout.retry()
    world.run_until("breach")
    assert world.guards == ("cooldown",)
    world.run(300)
    assert world.writes == ["abort"]

    world.set(cooldown=60.0)
    world.run_until("restored")
    assert world.writes == ["abort", "abort"]
    assert world.decision.id != first.id
    assert rollout.stable == "v1"


def test_each_return_counts_for_the_breaker() -> None:
    world, rollout = aborted()
    world.set(cooldown=0.0)
    world.around(rollbacks=tuple(PastRollback(world.now, "shop", each) for each in ("uid-1/2", "uid-9/9")))
    rollout.retry()
    world.run_until("breach")
    assert world.guards == ("namespace_breaker",)


def test_a_version_that_is_good_the_second_time_passes() -> None:
    world, rollout = aborted()
    world.errors["v2"] = 0.0
    rollout.retry()
    world.run_until("release")
    world.run(120)
    rollout.promote()
    world.run_until("pass")
    assert world.writes == ["abort"]
    assert world.known_good["v2"].revoked == ""

    world.release("v3")
    world.run(60)
    world.release("v2")
    world.run(60)
    assert len(alarms(world)) == 1
    assert world.watch.release.never_undo.startswith("recovery release: it returns to revision hash-v2")


def test_a_bad_version_that_only_soaked_is_not_known_good_to_those_who_return_to_it() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.prove("v2", Provenance.SOAKED, ago=10.0)
    world.release("v2")
    world.run(20)
    assert world.watch.release.never_undo == ""


def test_it_may_return_again_and_again() -> None:
    world, rollout = aborted()
    world.set(cooldown=0.0)
    for _ in range(2):
        rollout.retry()
        world.run_until("restored")
    assert world.watch.release.id == "uid-1/2.2"
    assert world.writes == ["abort"] * 3
    assert len({each.id for each in world.decisions}) == 3
    assert len(alarms(world)) == 2


def test_a_full_promotion_after_an_abort_is_a_return_though_nothing_was_seen_in_between() -> None:
    world, rollout = aborted()
    rollout.aborted, rollout.stable = False, "v2"
    world.run_until("release", within=10)
    assert world.watch.release.change is Change.VERSION
    assert len(alarms(world)) == 1
    world.set(cooldown=0.0)
    world.run_until("restored")
    assert world.writes == ["abort", "undo"]
    assert world.serves("v1")


def test_a_return_amid_our_own_abort_supersedes_it_instead_of_fighting() -> None:
    world, rollout = canary()
    world.release("v2", errors=0.3)
    world.run_until("on_target")
    rollout.retry()
    world.run_until("release")
    assert [each.outcome for each in world.ended] == [Outcome.SUPERSEDED]
    assert world.ended[0].end_reason == "the Rollout was set going again after an abort"
    world.run(300)
    assert world.writes == ["abort"]
    assert "cooldown" in world.guards


def test_an_abort_that_was_lost_is_no_abort_and_its_repetition_no_return() -> None:
    world, _ = aborted(deaf=1)
    assert alarms(world) == []
    assert world.ended == []


def test_the_return_is_seen_after_a_restart_too() -> None:
    world, rollout = aborted()
    world.crash()
    rollout.retry()
    world.run_until("release", within=10)
    assert len(alarms(world)) == 1


def test_an_abort_that_the_controller_has_not_taken_back_yet_is_no_return() -> None:
    world, rollout = aborted()
    rollout.observed = False
    rollout.retry()
    world.run(60)
    assert world.watch.phase is Phase.CLOSED
    rollout.observed = True
    world.run_until("release", within=10)


def test_the_watch_of_a_rollout_that_somebody_aborted_ends() -> None:
    world, _ = aborted_by_hand()
    assert world.watch.end_reason == "the Rollout was aborted; its stable version serves"
    assert (world.watch.verdict, world.watch.outcome) == (None, None)
    assert world.known_good["v1"].last_ran is None
    assert world.writes == []


def test_a_parked_watch_ends_with_the_abort() -> None:
    world, rollout = canary()
    world.release("v2")
    world.run_until("parked", within=2400)
    rollout.aborted = True
    world.run_until("closed", within=60)


def test_what_somebody_aborted_is_told_and_watched_when_it_returns() -> None:
    world, rollout = aborted_by_hand()
    world.run(300)
    world.errors["v2"] = 0.3
    rollout.retry()
    world.run_until("restored")
    assert "somebody, or an analysis, aborted it" in alarms(world)[0]
    assert world.writes == ["abort"]


def test_a_rollout_found_aborted_at_first_sight_is_under_watch_once_it_is_set_going() -> None:
    rollout = SimulatedRollout()
    world = World(rollout)
    rollout.apply("v1", world.now - 86400.0)
    rollout.settle(world.now - 86400.0)
    rollout.apply("v2", world.now - 7200.0)
    rollout.aborted = True
    world.run(60)
    assert world.watch.phase is Phase.CLOSED
    rollout.retry()
    world.run_until("release", within=10)
    assert len(alarms(world)) == 1


def test_an_abort_that_never_arrives_is_followed_by_the_next_rung() -> None:
    """A paused Rollout takes an abort and moves no pods, so the bad version serves on."""
    world, rollout = canary(hold="somebody looks at it")
    world.release("v2", errors=0.3)
    world.run_until("hold")
    rollout.idle_when_aborted = True
    rollout.aborted = True
    rollout.hold = ""
    world.run(90)
    assert world.writes == []
    world.run_until("undo")
    assert [step.rung for step in world.decision.rungs if step.at is not None] == ["undo"]


def test_an_abort_of_our_own_way_back_says_nothing_against_the_target() -> None:
    world, rollout = canary()
    world.release("v2")
    world.run(30)
    rollout.promote()
    world.run_until("rolled_out")
    world.errors["v2"] = 0.3
    rollout.deaf = 1000  # the promotion that skips the steps is lost
    world.run_until("confirming")
    rollout.aborted = True
    world.run(30)
    assert world.known_good["v1"].revoked == ""
    rollout.deaf = 0
    rollout.retry()
    world.run_until("restored")
    assert world.ended == []
    assert world.serves("v1")
    assert alarms(world) == []


def test_a_bad_version_that_is_applied_again_is_told_and_undone_again() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    decision = world.decision.id
    world.release("v3")
    world.run_until("pass")
    world.set(cooldown=0.0)
    world.release("v2", errors=0.3)
    world.run_until("bad_version_back")
    assert f"it was rolled back as decision {decision}, " in alarms(world)[0]
    assert world.watch.release.never_undo == ""
    world.run_until("restored")
    assert world.serves("v3")


def test_a_good_version_that_is_applied_again_is_no_alarm() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    world.release("v1")
    world.run(60)
    world.release("v3")
    world.run(60)
    assert alarms(world) == []


def test_a_version_that_somebody_went_back_from_is_known_when_it_returns() -> None:
    world = World.of()
    world.release("v2")
    world.run(60)
    world.release("v1")
    world.run(60)
    world.release("v2")
    world.run(60)
    assert len(alarms(world)) == 1
    assert "somebody went from it to hash-v1" in alarms(world)[0]


def test_a_hotfix_that_is_replaced_by_a_better_one_is_no_bad_version() -> None:
    world = World.of(hold="mending")
    world.release("v2", errors=0.3)
    world.run_until("hold")
    for template in ("v3", "v4", "v3"):
        world.release(template, errors=0.3)
        world.run(20)
    assert alarms(world) == []
    world.release("v2")
    world.run(20)
    assert "somebody went from it to hash-v3" in alarms(world)[0]


def test_a_restart_of_what_returned_is_not_told_again() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.release("v2", errors=0.3)
    world.run(20)
    world.release("v2~1")
    world.run(20)
    assert world.watch.release.change is Change.RESTART
    assert len(alarms(world)) == 1


def test_a_rollback_that_did_not_help_says_nothing_against_the_version() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.errors["v1"] = 0.3
    world.run_until("did_not_help")
    world.release("v2")
    world.run(20)
    assert world.watch.verdict is not Verdict.PASS
    assert alarms(world) == []


def test_the_oldest_bad_versions_are_forgotten() -> None:
    world = World.of()
    assert world.state is not None
    state = world.state
    for number in range(ledger.KEPT + 5):
        state = ledger.quarantine_template(state, f"id-{number}", "hash", "it was bad", float(number))
    state = ledger.quarantine_template(state, "id-7", "hash", "it was bad again", 99.0)
    assert len(state.quarantined) == ledger.KEPT
    assert ledger.quarantined(state, "id-4") is None
    found = ledger.quarantined(state, "id-7")
    assert found is not None
    assert found.reason == "it was bad again"
