"""Releases that somebody makes to end an incident are watched, and never undone."""

from __future__ import annotations

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core.words import Kind, Mode, Outcome, Verdict


def at_breach(kind: Kind = Kind.DEPLOYMENT) -> World:
    """A bad release of which nothing is done by itself."""
    world = World.of(kind)
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.2)
    world.run_until("breach")
    world.set(mode=Mode.ACT)
    world.cluster.hold = "somebody looks at it"
    world.run(5)
    return world


def test_a_hotfix_is_never_undone() -> None:
    world = at_breach()
    world.cluster.hold = ""
    world.release("v3", errors=0.2)
    world.run(900)

    assert world.watch.release.never_undo == "recovery release: it began while revision hash-v2 stood at breach"
    assert world.guards == ("recovery_release",)
    assert world.orders == []
    assert [each.end_reason for each in world.ended] == ["superseded by revision hash-v3"]


def test_neither_is_the_second_hotfix() -> None:
    world = at_breach()
    world.cluster.hold = ""
    world.release("v3")
    world.run(10)
    world.release("v4", errors=0.2)
    world.run(600)
    assert world.guards == ("recovery_release",)


def test_a_release_after_the_hotfix_has_passed_is_an_ordinary_one() -> None:
    world = at_breach()
    world.cluster.hold = ""
    world.release("v3")
    world.run_until("pass")
    world.release("v4", errors=0.2)
    world.run_until("restored")
    assert world.serves("v3")


def test_the_bad_version_itself_is_no_recovery() -> None:
    world = at_breach()
    world.cluster.hold = ""
    world.release("v2", errors=0.2)
    world.run_until("hold")
    assert world.guards == ("restart",)
    assert world.watch.release.never_undo == ""


def test_a_breach_that_is_over_by_itself_makes_no_recovery_of_the_next_release() -> None:
    world = at_breach()
    world.errors["v2"] = 0.0
    world.run_until("breach_over")
    world.cluster.hold = ""
    world.run(700)
    assert world.watch.end_reason == "the watch ended; the breach was not undone"
    world.release("v3", errors=0.2)
    world.run_until("restored")
    assert world.serves("v1")


def test_not_to_see_a_breach_any_more_is_not_its_end() -> None:
    world = at_breach()
    world.blind = True
    world.run(600)
    assert "breach_over" not in world.moved
    world.cluster.hold = ""
    world.release("v3", errors=0.2)
    world.run(15)
    assert world.watch.release.never_undo


@pytest.mark.parametrize("kind", [Kind.DEPLOYMENT, Kind.ROLLOUT])
def test_a_persons_rollback_before_we_saw_a_breach_revokes_what_they_left(kind: Kind) -> None:
    world = World.of(kind)
    world.release("v2")
    if isinstance(world.cluster, SimulatedRollout):
        world.run(30)
        world.cluster.promote()
    world.run_until("pass")
    world.release("v1", errors=0.2)
    world.run_until("hold")

    assert "known good (presumed)" in world.watch.release.never_undo
    assert world.guards[0] == "recovery_release"
    assert world.known_good["v2"].revoked == "somebody went back to hash-v1"


def test_an_old_version_that_is_not_known_good_is_an_ordinary_release() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    world.run(1800)
    world.release("v3")
    world.run_until("pass")
    world.release("v2")
    world.run(15)
    assert world.watch.release.never_undo == ""


def test_a_version_marked_roll_forward_only_is_held() -> None:
    world = World.of(roll_forward_only={"v2": "it migrates the orders"})
    world.release("v2", errors=0.2)
    world.run_until("hold")

    assert world.guards == ("recovery_release",)
    assert world.decision.reason.endswith("Not rolled back: marked roll-forward-only: it migrates the orders.")
    world.run(300)
    assert world.orders == []


def test_a_release_after_a_rollback_that_did_not_help_is_a_recovery() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    world.errors["v1"] = 0.2
    world.run_until("did_not_help")
    world.release("v3", errors=0.2)
    world.run_until("hold")
    assert world.guards[0] == "recovery_release"


def test_a_release_after_one_that_was_restored_is_an_ordinary_one() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    world.release("v3")
    world.run(15)
    assert world.watch.release.never_undo == ""


def test_a_release_that_is_superseded_while_it_is_watched_just_ends() -> None:
    world = World.of()
    world.release("v2")
    world.run(60)
    world.release("v3")
    world.run_until("pass")

    assert [(each.release.revision, each.verdict, each.outcome) for each in world.ended] == [("hash-v2", None, None)]
    assert world.watch.release.previous == "id-v2"
    assert world.watch.verdict is Verdict.PASS


def test_a_newer_release_while_the_rollback_verifies_supersedes_it() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    world.release("v3", errors=0.2)
    world.run(600)

    assert [each.outcome for each in world.ended] == [Outcome.SUPERSEDED]
    assert world.writes == ["undo"]
    assert world.guards[0] == "recovery_release"
