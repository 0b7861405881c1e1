"""The commands of the runbook, run as they are printed, by a person with nothing but kubectl."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e import workloads
from tests.e2e.by_hand import Person
from tests.e2e.controlplane import ControlPlane, eventually
from tests.e2e.harness.shop import Shop
from watcher.runbook.markdown import markdown

GOOD, BAD, STUCK = "shop/cart:1", "shop/cart:2", "shop/cart:2-neverready"


@pytest.fixture
def person(control_plane: ControlPlane, tools: Mapping[str, Path], tmp_path: Path) -> Person:
    return Person(control_plane, tools["kubectl"], tmp_path)


@pytest.fixture
def shop(control_plane: ControlPlane, namespace: str) -> Shop:
    return Shop(control_plane, namespace)


def test_a_deployment_from_the_first_step_to_the_last(shop: Shop, person: Person) -> None:
    cart = shop.deploy(workloads.deployment, "cart", GOOD)
    cart.release(BAD)
    cart.serves(BAD)
    book = person.reads(cart)
    target = book.facts.target
    assert target is not None
    assert target.images == (GOOD,)
    person.does(book, "take_over", "confirm")
    assert cart.live["metadata"]["annotations"]["watcher.dev/hold"]
    person.does(book, "flag", "database", "abort", "git", "undo", "verify", "file")
    cart.serves(GOOD)
    assert "watcher.dev/hold" not in cart.live["metadata"]["annotations"]
    assert GOOD in markdown(book)


def test_a_paused_deployment_gets_the_good_template_and_moves(shop: Shop, person: Person) -> None:
    cart = shop.deploy(workloads.deployment, "cart", GOOD)
    cart.release(BAD)
    cart.serves(BAD)
    shop.plane.admin.patch(cart.path, {"spec": {"paused": True}})
    eventually(lambda: cart.live["spec"].get("paused"), 30, "it is paused")
    person.does(person.reads(cart), "undo")
    cart.serves(GOOD)
    assert not cart.live["spec"].get("paused")


def test_a_canary_is_aborted_and_its_template_put_back(shop: Shop, person: Person) -> None:
    cart = shop.deploy(workloads.rollout, "cart", GOOD)
    cart.release(BAD)
    cart.pauses()
    book = person.reads(cart)
    person.does(book, "abort")
    eventually(lambda: cart.live["status"].get("abortedAt"), 30, "the controller has aborted it")
    person.does(person.reads(cart), "undo")
    cart.serves(GOOD)
    assert cart.live["status"]["phase"] == "Healthy"


def test_a_promoted_rollout_is_undone_past_its_steps(shop: Shop, person: Person) -> None:
    cart = shop.deploy(workloads.rollout, "cart", GOOD)
    cart.release(BAD)
    cart.promote()
    cart.serves(BAD)
    book = person.reads(cart)
    undo = next(step for step in book.steps if step.id == "undo")
    put_back, *rest = [command for command in undo.commands if not command.reads]
    person.runs(put_back)
    target = book.facts.target
    assert target is not None
    eventually(lambda: cart.live["status"]["currentPodHash"] == target.name, 30, "it is on its way")
    cart.pauses()
    person.runs(*rest)
    cart.serves(GOOD)


def test_a_stateful_set_that_is_stuck(shop: Shop, person: Person) -> None:
    db = shop.deploy(workloads.stateful_set, "db", GOOD)
    db.release(STUCK)
    eventually(lambda: STUCK in {_image(pod) for pod in db.pods}, 60, "it is stuck on a pod that never gets ready")
    person.does(person.reads(db), "undo")
    db.serves(GOOD)


def test_a_stateful_set_on_delete(shop: Shop, person: Person) -> None:
    db = shop.deploy(workloads.stateful_set, "db", GOOD, updateStrategy={"type": "OnDelete"})
    db.release(BAD)
    first = db.pods[0]
    shop.plane.admin.delete(shop.plane.admin.path("Pod", db.namespace, first["metadata"]["name"], version="v1"))
    eventually(lambda: BAD in {_image(pod) for pod in db.pods}, 60, "one pod is of the bad version")
    eventually(lambda: len(db.pods) == 3, 60, "three pods")
    person.does(person.reads(db), "undo")
    eventually(lambda: [_image(pod) for pod in db.pods] == [GOOD] * 3, 60, "all pods are of the good version")


def test_a_daemon_set(shop: Shop, person: Person) -> None:
    agent = shop.deploy(workloads.daemon_set, "agent", GOOD)
    agent.release(BAD)
    agent.serves(BAD)
    person.does(person.reads(agent), "undo")
    agent.serves(GOOD)


def _image(pod: dict[str, object]) -> str:
    spec: object = pod["spec"]
    assert isinstance(spec, dict)
    return str(spec["containers"][0]["image"])
