"""The gate of database migrations: safe, unsafe, unknown, and down migrations that run once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.actuator import SILENT, SILENT_APPLIED, UNKNOWN_APPLIED
from tests.core.databases import after_down, note
from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core.migrations import MigrationNote, Safety, When
from watcher.core.model import Result
from watcher.core.orders import DownOrder
from watcher.core.telling import report
from watcher.core.telling.facts import facts
from watcher.core.words import Action, Kind, Mode, Outcome, Stage

SAFE, UNSAFE = note("0041_add", Safety.SAFE), note("0042_split", Safety.UNSAFE)


def migrated(*notes: MigrationNote, kind: Kind = Kind.DEPLOYMENT, **databases: object) -> World:
    world = World.of(kind)
    world.databases = replace(world.databases, notes=notes, **databases)  # type: ignore[arg-type]
    world.actuator.databases = world.databases
    world.release("v2", errors=0.3)
    return world


@pytest.mark.parametrize("kind", [Kind.DEPLOYMENT, Kind.ROLLOUT])
def test_safe_everywhere_goes_back(kind: Kind) -> None:
    world = migrated(SAFE, kind=kind)
    world.run_until("restored")
    assert world.writes == ["abort" if kind is Kind.ROLLOUT else "undo"]
    assert world.decision.migrations is not None
    assert world.decision.migrations.notes == (SAFE,)


@pytest.mark.parametrize("kind", [Kind.DEPLOYMENT, Kind.ROLLOUT])
def test_unsafe_anywhere_is_rolled_forward(kind: Kind) -> None:
    world = migrated(SAFE, UNSAFE, kind=kind)
    world.run_until("roll_forward")
    world.run(300.0)
    assert world.writes == []
    assert world.orders == []
    assert world.decision.action is Action.ROLL_FORWARD
    (told,) = [each for each in world.told if each.stage is Stage.ROLL_FORWARD]
    assert "0042_split is unsafe to go back over, says grace in ConfigMap shop/cart-migrations" in told.text


def test_a_down_migration_that_the_note_does_not_name_is_unsafe() -> None:
    world = migrated(note("0042_split", Safety.AFTER_DOWN))
    world.run_until("roll_forward")
    assert "its note names none" in world.decision.reason


def test_without_a_note_where_one_is_required_it_is_rolled_forward() -> None:
    world = migrated(unnoted=("hook Job shop/migrate changes its image",))
    world.set(migrations_required=True)
    world.run_until("roll_forward")
    assert world.writes == []
    assert "hook Job shop/migrate changes its image" in world.decision.reason


def test_without_a_note_where_none_is_required_it_goes_back_and_is_said() -> None:
    world = migrated(unnoted=("hook Job shop/migrate changes its image",))
    world.run_until("restored")
    assert world.decision.reason.endswith("No migration note was required: hook Job shop/migrate changes its image.")


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("unseen", [True, False])
def test_what_could_not_be_found_out_holds_where_it_is_required(required: bool, unseen: bool) -> None:
    world = migrated(problem="the repository does not answer", unseen=unseen)
    world.set(migrations_required=required)
    world.run_until("hold" if required else "restored")
    if required:
        assert world.guards == ("migrations_unknown",)
        world.databases.problem, world.databases.unseen = "", False
        world.run_until("restored")
    elif not unseen:
        assert "the repository does not answer" in world.decision.reason
    assert world.writes == ["undo"]


def test_notes_that_a_version_names_have_to_be_seen_though_none_is_required() -> None:
    world = World.of()
    world.databases = replace(world.databases, problem="configmaps may not be read")
    world.actuator.databases = world.databases
    world.cluster.migrations["v2"] = "cart-migrations"
    world.release("v2", errors=0.3)
    world.run_until("hold")
    world.run(120.0)
    assert world.guards == ("migrations_unknown",)
    assert world.writes == []


def test_that_a_release_brings_no_migration_needs_no_notes() -> None:
    world = World.of()
    world.databases = replace(world.databases, problem="configmaps may not be read")
    world.actuator.databases = world.databases
    world.cluster.migrations["v2"] = "none"
    world.release("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_a_flag_needs_no_gate() -> None:
    world = World.of()
    world.cluster.flags["v2"] = "openfeature/shop.cart@prod"
    world.switch.covers["v2"] = 0.0
    world.databases.notes = (UNSAFE,)
    world.release("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["flag"]


def test_behind_a_flag_comes_the_gate() -> None:
    world = World.of()
    world.cluster.flags["v2"] = "openfeature/shop.cart@prod"
    world.switch.covers["v2"] = 0.3
    world.databases.notes = (UNSAFE,)
    world.release("v2", errors=0.3)
    world.run_until("roll_forward")
    world.run(300.0)
    assert world.writes == ["flag"]


def test_a_down_migration_runs_first_where_it_may_by_itself() -> None:
    world = migrated(after_down("0042_split"))
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "undo"]
    (run,) = world.watch.downs
    assert run.done
    assert run.logs == "0042_split: succeeded"
    assert "with down migration 0042_split" in world.decision.reason


@pytest.mark.parametrize("when", When)
def test_one_that_takes_longer_than_an_intent_lasts(when: When) -> None:
    world = migrated(after_down("0042_split", when=when), after_down("0041_add", when=when), takes=400.0)
    world.run_until("restored", within=3600)
    assert len(world.decisions) == 1
    assert sorted(world.writes) == ["down 0041_add", "down 0042_split", "undo"]


def test_several_run_newest_first_one_at_a_time_and_some_after_the_change() -> None:
    world = migrated(after_down("0044_c"), after_down("0043_b", when=When.AFTER), after_down("0042_a"), SAFE)
    world.run_until("restored")
    assert world.writes == ["down 0044_c", "down 0042_a", "undo", "down 0043_b"]


def test_a_canary_is_aborted_only_after_the_down_migration() -> None:
    world = migrated(after_down("0042_split"), kind=Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "abort"]


def test_where_it_may_not_by_itself_a_person_approves_both() -> None:
    world = migrated(after_down("0042_split", automatic=False))
    world.run_until("roll_back")
    assert (world.decision.mode, world.decision.why_mode) == (
        Mode.PROPOSE,
        "down migration 0042_split runs with a person's approval only",
    )
    world.run(60.0)
    assert world.writes == []
    assert world.approve().accepted
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "undo"]


@pytest.mark.parametrize("when", When)
def test_one_that_fails_stops_it_all(when: When) -> None:
    world = migrated(after_down("0042_split", when=when), ending="failed")
    world.run_until("failed")
    world.run(300.0)
    assert world.writes == ["down 0042_split"] if when is When.BEFORE else ["undo", "down 0042_split"]
    assert world.watch.outcome is Outcome.FAILED
    assert "0042_split failed: its Job failed: BackoffLimitExceeded" in world.watch.end_reason
    assert world.watch.downs[0].logs == "0042_split: failed"
    assert [each.stage for each in world.told].count(Stage.FAILED) == 1


@pytest.mark.parametrize(
    ("databases", "why"),
    [
        ({"takes": 1e9}, "not done within 60 s"),
        ({"takes": 1e9, "hidden": True}, "was not seen in time"),
    ],
)
def test_one_that_does_not_end_in_time_stops_it_all(databases: dict[str, Any], why: str) -> None:
    world = migrated(after_down("0042_split", deadline=60.0), **databases)
    world.run_until("failed")
    assert why in world.watch.end_reason.replace("1 min", "60 s")
    assert world.writes == ["down 0042_split"]


def test_one_whose_job_is_deleted_stops_it_all() -> None:
    world = migrated(after_down("0042_split"), takes=60.0)
    world.run_until("down_ordered")
    world.run(15.0)
    world.databases.deleted = True
    world.run_until("failed", within=30)
    assert world.writes == ["down 0042_split"]


@pytest.mark.parametrize("result", [Result.REFUSED, Result.FORBIDDEN])
def test_one_that_cannot_be_ordered_stops_it_all(result: str) -> None:
    world = migrated(after_down("0042_split"))
    world.react(result)
    world.run_until("failed")
    assert world.writes == []


@pytest.mark.parametrize("result", [Result.HELD, Result.CONFLICT])
def test_one_that_was_not_made_is_given_up_and_judged_anew(result: str) -> None:
    world = migrated(after_down("0042_split"))
    world.react(result)
    world.run_until("stood_down")
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "undo"]


@pytest.mark.parametrize("when", When)
@pytest.mark.parametrize("moment", ["breach", "down_ordered", "down_running", "down_done", "confirming", "on_target"])
@pytest.mark.parametrize("reaction", [Result.APPLIED, SILENT, SILENT_APPLIED, UNKNOWN_APPLIED])
def test_a_crash_at_any_moment_neither_repeats_nor_forgets(moment: str, reaction: str, when: When) -> None:
    world = migrated(after_down("0042_split", when=when))
    world.react(*([Result.APPLIED] if when is When.AFTER else []), reaction)
    world.run_until(moment, within=900)
    world.crash()
    world.databases.unseen = world.databases.hidden = True  # nothing is looked at yet
    world.run(10.0)
    world.databases.unseen = world.databases.hidden = False
    world.run_until("restored", within=1500)
    assert sorted(world.writes) == ["down 0042_split", "undo"]
    assert len({each.decision for each in world.orders}) == 1


@pytest.mark.parametrize("when", When)
def test_a_crash_after_every_single_step_changes_nothing(when: When) -> None:
    world = migrated(after_down("0042_split", when=when))
    for _ in range(150):
        world.tick()
        world.crash()
    assert world.watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
    assert sorted(world.writes) == ["down 0042_split", "undo"]


def test_a_hold_while_it_runs_keeps_the_version_and_it_is_not_run_again() -> None:
    world = migrated(after_down("0042_split"), takes=60.0)
    world.run_until("down_running")
    world.cluster.hold = "wait"
    world.run_until("stood_down")
    assert "down migration 0042_split has run" in world.told[-1].text
    world.run(60.0)
    assert world.writes == ["down 0042_split"]
    world.cluster.hold = ""
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "undo"]
    assert [type(each) for each in world.orders].count(DownOrder) == 1


def test_a_person_is_told_what_lies_in_between_and_what_became_of_it() -> None:
    world = migrated(after_down("0042_split"), SAFE, ending="failed")
    world.run_until("failed")
    body = report.decision_body(world.watch, world.decision)
    text = dict(facts(body, world.now))
    assert text["Database"].splitlines() == [
        "0042_split: after-down, says grace in ConfigMap shop/cart-migrations",
        "0041_add: safe, says grace in ConfigMap shop/cart-migrations",
        "down migration 0042_split: failed: its Job failed: BackoffLimitExceeded (0042_split: failed)",
    ]
    assert text["You must"].startswith("Down migration 0042_split did not succeed")


def test_a_person_is_told_to_roll_forward() -> None:
    world = migrated(UNSAFE)
    world.run_until("roll_forward")
    text = dict(facts(report.decision_body(world.watch, world.decision), world.now))
    assert text["Over?"].startswith("No: there is no safe way back, roll forward")
    assert text["You must"] == "Roll forward: release a fix; going back would break data."
    assert text["Guards"].startswith("unsafe_migration: migration 0042_split is unsafe")


def test_an_approval_says_nothing_of_a_down_migration_that_was_noted_after_it() -> None:
    world = migrated()
    world.set(mode=Mode.PROPOSE)
    world.run_until("roll_back")
    first = world.decision.id
    world.around(configurations=())
    world.databases.notes = (after_down("0042_split", automatic=False),)
    assert not world.approve(first).accepted or "down" not in world.writes
    world.run(60.0)
    assert world.writes == []
    assert "0042_split" in world.decision.reason
    assert world.approve().accepted
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "undo"]


def test_what_one_waits_for_does_not_count_against_its_deadline() -> None:
    world = migrated(after_down("0042_split", when=When.AFTER, deadline=30.0))
    world.run_until("migrating")
    world.cluster.hold = "look first"
    world.run(200.0)
    world.cluster.hold = ""
    world.run_until("restored")
    assert world.writes == ["undo", "down 0042_split"]


def test_a_newer_release_hears_that_the_database_was_taken_back() -> None:
    world = migrated(after_down("0042_split"), takes=60.0)
    world.run_until("down_running")
    world.release("v3")
    world.run(30.0)
    (told,) = [each for each in world.told if each.stage is Stage.SUPERSEDED]
    assert told.text.endswith("down migration 0042_split is running.")


def test_two_notes_of_one_name_that_say_otherwise_are_unsafe() -> None:
    world = migrated(after_down("0042_split"), after_down("0042_split", when=When.AFTER))
    world.run_until("roll_forward")
    assert "of the same name say how to take it back in several ways: 0042_split" in world.decision.reason
    assert world.writes == []
