"""What people read when they are told."""

from __future__ import annotations

import pytest

from tests.core.world import World
from watcher.core.model import Result
from watcher.core.orders import Announce
from watcher.core.telling import report
from watcher.core.telling.facts import Document
from watcher.core.telling.message import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    Around,
    Message,
    about_daemon,
    about_release,
    summed_up,
)
from watcher.core.words import Kind, Mode, Stage

CLUSTER = "prod-eu-1"


def told(world: World, announced: Announce, around: Around | None = None) -> Message:
    decision = report.decision_body(world.watch, world.decision) if world.watch.decision is not None else None
    known = decision if announced.decision else None
    release = report.release_body(world.watch)
    return about_release(announced.stage, announced.text, release, known, around or Around(world.now, CLUSTER))


def labels(message: Message) -> list[str]:
    """Names of the facts, in order."""
    lines = [line for line in message.text.splitlines() if not line.startswith("  ")]
    return [line.split("?")[0] if "?" in line.split(":")[0] else line.split(":")[0] for line in lines]


def test_the_order_is_that_of_somebody_who_was_woken() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    around = Around(world.now, CLUSTER, others=("Deployment/pay/api",), view_age=3.0, metrics_age=12.0)
    message = told(world, world.told[-1], around)
    first = ["Over", "You must", "Acting", "Now", "Evidence", "Changed"]
    assert labels(message) == [*first, "Also", "Rungs", "Data", "Age of the data", "Note", "More"]
    assert message.title == "Recovered after rollback: shop/cart (prod-eu-1)"
    assert "Also: suspected too: Deployment/pay/api" in message.text
    assert "Age of the data: cluster 3 s, metrics 12 s" in message.text
    assert f"Note: watcher decisions note {world.decision.id}" in message.text
    assert message.text.endswith(f"More: watcher decisions show {world.decision.id}")


@pytest.mark.parametrize(
    ("mode", "title", "over"),
    [
        (Mode.ACT, "Rolling back shop/cart", "Over? No: it is still acting, bad since"),
        (
            Mode.PROPOSE,
            "A person must decide: roll back shop/cart?",
            "Over? No: it is proposed, and waits for a person",
        ),
        (Mode.OBSERVE, "Would have rolled back shop/cart", "Over? No: mode is observe, so nothing was done"),
    ],
)
def test_a_decision_says_who_acts(mode: Mode, title: str, over: str) -> None:
    world = World.of()
    world.set(mode=mode)
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    message = told(world, world.told[-1])
    assert message.title == f"{title} (prod-eu-1)"
    assert message.text.startswith(over)
    command = "kubectl -n shop rollout undo deployment/cart --to-revision=1"
    assert (command in message.text) == (mode is not Mode.ACT)


def test_a_hold_names_its_guard() -> None:
    world = World.of()
    world.cluster.hold = "freeze until noon"
    world.release("v2", errors=0.2)
    world.run_until("hold")
    message = told(world, world.told[-1])
    assert message.title == "Bad release, rollback held: shop/cart: hold (prod-eu-1)"
    assert "Guards: hold: held: freeze until noon" in message.text


def test_a_rung_that_fails_is_told_with_the_next_one() -> None:
    world = World.of(Kind.ROLLOUT)
    world.react(Result.REFUSED)
    world.release("v2", errors=0.3)
    world.run_until("restored", "failed")
    failed = [each for each in world.told if each.stage in (Stage.RUNG_FAILED, Stage.FAILED)]
    assert failed
    assert failed[0].reason in ("RungFailed", "RollbackFailed")


def test_every_stage_of_a_rollback_is_announced_once_and_each_with_its_decision() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    assert [each.stage for each in world.told] == [Stage.ROLLING_BACK, Stage.RUNG_DONE, Stage.RESTORED]
    assert {each.decision for each in world.told} == {world.decision.id}
    assert [each.warning for each in world.told] == [True, False, False]


def test_a_release_that_passes_is_announced_without_a_decision() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    (announced,) = world.told
    message = told(world, announced)
    assert (announced.stage, announced.decision, announced.warning) == (Stage.PASSED, "", False)
    assert message.title == "Release passed: shop/cart (prod-eu-1)"
    assert labels(message) == ["Over", "You must", "Acting", "Evidence", "Changed", "Age of the data", "More"]
    assert message.text.endswith("More: watcher why Deployment/shop/cart")


def test_a_rollback_that_a_newer_release_ends_is_announced_with_its_own_decision() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    decision = world.decision.id
    world.release("v3")
    world.run_until("release")
    ended = world.told[-1]
    assert (ended.stage, ended.decision, ended.reason) == (Stage.SUPERSEDED, decision, "RollbackSuperseded")


def test_a_rollback_of_a_workload_that_is_deleted_is_over() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    decision = world.decision.id
    world.step(gone=True)
    assert (world.told[-1].stage, world.told[-1].decision) == (Stage.SUPERSEDED, decision)
    assert "the workload was deleted" in world.told[-1].text


def test_a_link_leads_to_the_daemon() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("roll_back")
    message = told(world, world.told[-1], Around(world.now, link="https://watcher.example.com"))
    assert message.text.endswith(f"More: https://watcher.example.com/api/v1/decisions/{world.decision.id}")
    assert message.title == "Rolling back shop/cart"


RELEASE: Document = {"workload": f"Deployment/{'n' * 63}/{'w' * 100}", "revision": "r", "images": ["i" * 5000]}


def test_titles_and_texts_are_bounded() -> None:
    around = Around(0.0, "c" * 200)
    message = about_release(Stage.PASSED, "said", RELEASE, None, around)
    assert len(message.title) <= LONGEST_TITLE
    assert message.title.endswith("...)")
    assert len(message.text) <= LONGEST_TEXT
    assert len(about_daemon(Stage.SOURCE_BLIND, "s" * 200, "x" * 9000, "mend", around).text) <= LONGEST_TEXT
    many = summed_up(tuple(f"message {number}" for number in range(1000)), Around(0.0))
    assert many.title == "1000 more messages"
    assert many.text.endswith("...\nAll of it: watcher decisions list")
