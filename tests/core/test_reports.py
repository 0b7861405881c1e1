"""Decisions and releases as people read them."""

from __future__ import annotations

import json

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import World
from watcher.core.model import Result, Workload
from watcher.core.sentence import percent, seconds
from watcher.core.state import Decision
from watcher.core.telling import remedies, report
from watcher.core.words import Action, Kind, Mode


def test_a_rollback_tells_what_why_and_how_long() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    body = report.decision_body(world.watch, world.decision)

    assert json.loads(json.dumps(body)) == body
    assert (body["action"], body["mode"], body["outcome"], body["rung"]) == ("roll_back", "act", "restored", "undo")
    assert body["guard"] is None
    assert body["target"] == {
        "revision": "hash-v1",
        "images": ["cart:v1"],
        "template_id": "id-v1",
        "provenance": "presumed",
        "releases_back": 1,
    }
    assert body["restored_at"] == world.now
    assert isinstance(body["first_bad_at"], float)
    assert isinstance(body["decided_at"], float)
    assert body["first_bad_at"] < body["decided_at"] < world.now
    assert body["rungs"] is not None
    undo = next(each for each in report.decision_body(world.watch, world.decision)["rungs"] if each["rung"] == "undo")  # type: ignore[attr-defined]
    assert undo["taken"]
    assert undo["took_s"] > 0
    assert "Put the good version into its source too" in str(body["remedy"])


def test_a_release_tells_how_it_stands() -> None:
    world = World.of(hold="game day")
    world.release("v2", errors=0.2)
    world.run(10)
    before = report.release_body(world.watch)
    assert (before["verdict"], before["action"], before["guard"], before["decision"]) == (None, "none", None, None)

    world.run_until("hold")
    body = report.release_body(world.watch)
    assert json.loads(json.dumps(body)) == body
    assert (body["verdict"], body["action"], body["guard"]) == ("breach", "hold", "hold")
    assert body["reason"] == world.decision.reason
    assert report.decision_body(world.watch, world.decision)["guard"] == {"id": "hold", "reason": "held: game day"}


def test_without_a_target_none_is_told() -> None:
    world = World.of(hold="game day")
    world.release("v1~1", errors=0.2)
    world.run_until("hold")
    body = report.decision_body(world.watch, world.decision)
    assert (body["target"], body["outcome"], body["durability"], body["rung"]) == (None, None, None, None)


def decided(world: World) -> str:
    return remedies.remedy(world.watch, world.decision)


def test_what_a_person_must_do() -> None:
    undo = "kubectl -n shop rollout undo deployment/cart --to-revision=1"

    world = World.of(hold="game day")
    world.release("v2", errors=0.2)
    world.run_until("hold")
    command = "watcher rollback Deployment/shop/cart --from hash-v2 --reason TEXT --override hold"
    assert decided(world) == f"Decide whether the guard is right; if not, run: {command}; or go back by hand: {undo}"

    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    approve = f"watcher approve {world.decision.id}"
    assert decided(world) == f"Only propose: to go back, run: {approve}; or by hand: {undo}"
    world.errors["v2"] = 0.0
    world.run_until("breach_over")
    assert decided(world) == f"Only propose: to go back, run: {undo}"

    world = World.of()
    world.react(Result.REFUSED)
    world.release("v2", errors=0.2)
    world.run_until("ordered")
    assert decided(world) == ""
    world.run_until("failed")
    command = "watcher rollback Deployment/shop/cart --from hash-v2 --reason TEXT"
    again = f"once what kept it from working is mended, run: {command}"
    assert decided(world) == f"Go back by hand: {undo}; or, {again}"

    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    world.errors["v1"] = 0.2
    world.run_until("did_not_help")
    assert decided(world).startswith("Going back did not help")


def test_the_command_for_a_rollout_is_that_of_its_own_tool() -> None:
    world = World.of(Kind.ROLLOUT)
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    assert decided(world).endswith("; or by hand: kubectl argo rollouts abort cart -n shop")

    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.promote()
    world.run_until("roll_back")
    assert decided(world).endswith("; or by hand: kubectl argo rollouts undo cart -n shop --to-revision=1")


def test_without_a_target_there_is_no_command() -> None:
    world = World.of()
    world.prove("v1", ago=30 * 86400.0)
    world.release("v2", errors=0.2)
    world.run_until("hold")
    assert world.decision.target is None
    assert decided(world).endswith("no revision is known good to go back to: go forward, or choose one by hand")


def test_the_target_may_be_farther_back_than_the_previous_revision() -> None:
    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    world.release("v3", errors=0.2)
    world.run_until("roll_back", "hold")
    assert decided(world).endswith("rollout undo deployment/cart --to-revision=1")


def test_nothing_is_undone_twice_where_the_good_version_is_in_the_spec_and_does_not_come_up() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.cluster.never_ready.add("v1")
    world.run_until("failed", within=4000)
    assert "rollout undo" not in decided(world)
    assert decided(world).endswith("see why: kubectl -n shop describe deployment/cart")


def test_a_decision_without_times_has_no_first_bad_moment() -> None:
    assert report.first_bad_at(Decision("id", 1, 0.0, Action.NONE, Mode.ACT, "")) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.0006, "0.06 %"), (0.053, "5.3 %"), (0.05, "5 %"), (0.1, "10 %"), (0.126, "13 %"), (1.0, "100 %")],
)
def test_shares_as_people_write_them(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("duration", "text"), [(45.0, "45 s"), (119.6, "120 s"), (720.0, "12 min"), (12600.0, "3.5 h")]
)
def test_durations_as_people_write_them(duration: float, text: str) -> None:
    assert seconds(duration) == text


def test_workloads_are_written_and_read_alike() -> None:
    cart = Workload(Kind.ROLLOUT, "shop", "cart")
    assert Workload.parse(str(cart)) == cart


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cart", "write Kind/namespace/name"),
        ("Deployment//cart", "write Kind/namespace/name"),
        ("Deploy/shop/cart", "is not a kind of workload; use one of Deployment, StatefulSet, DaemonSet, Rollout"),
    ],
)
def test_what_names_no_workload_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Workload.parse(text)


def test_what_waits_says_until_when_and_by_which_commands() -> None:
    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    decision = world.decision.id
    assert report.decision_body(world.watch, world.decision, until=5.0)["waiting"] == {
        "until": 5.0,
        "approve": [
            f"watcher approve {decision}",
            f"kubectl -n shop annotate --overwrite deployment/cart watcher.dev/approve={decision}",
        ],
    }
    replaced = report.decision_body(world.watch, world.decision, replaced_by="0123456789ab")
    assert (replaced["waiting"], replaced["replaced_by"], replaced["remedy"]) == (None, "0123456789ab", "")

    world.approve()
    body = report.decision_body(world.watch, world.decision)
    assert body["waiting"] is None
    assert body["approval"] == {"by": "ada", "at": world.now, "way": "http", "decision": decision}
