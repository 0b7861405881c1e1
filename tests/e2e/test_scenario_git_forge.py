"""A protected branch: the way back is a pull request that a person merges, with or without a bridge until then."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.controlplane import ControlPlane, Json, eventually
from tests.e2e.controlplane.forge import ForgeServer
from tests.e2e.harness import Application, Daemon, ReplicaSetSequence, ShopInGit, alongside
from tests.e2e.harness.application import VERSION
from tests.e2e.harness.stage import Stage
from tests.e2e.through_git import GOOD, TRAILER, rung, the_revert, with_a_good_version

BAD = "shop/cart:1.10-err20"
BRIDGE = {"bridge": "act"}
WITHIN = 60.0


def played_on(stage: Stage, shop: ShopInGit, rungs: Json | None = None) -> tuple[Application, Daemon, ForgeServer]:
    """A service with a good version, whose branch only takes pull requests from now on."""
    daemon = stage.watch_git(rungs=rungs, **stage.with_forge)
    cart = with_a_good_version(shop, daemon)
    cart.repository.protect()
    return cart, daemon, stage.pull_requests


def releases_bad(cart: Application) -> str:
    sha = cart.release(BAD)
    cart.refresh()
    cart.service.serves(BAD)
    return sha


def waits(daemon: Daemon, cart: Application) -> Json:
    """The decision whose pull request waits for a person, who is told so."""

    def waiting() -> Json | None:
        newest = daemon.decides(cart.service, action="roll_back")
        return newest if newest["git"]["link"] else None

    return eventually(waiting, WITHIN, "a pull request waits")


def told(cart: Application, reason: str, within: float = WITHIN) -> str:
    """The message of the Event with this reason, once there is one."""

    def found() -> str:
        return next((each["message"] for each in cart.service.events if each["reason"] == reason), "")

    return eventually(found, within, f"an Event {reason}")


def pinned_to(cart: Application) -> str:
    return str(cart.live["spec"]["source"]["targetRevision"])


@alongside
def test_nothing_leads_back_until_the_pull_request_is_merged(
    stage: Stage, shop_in_git: ShopInGit, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    cart, daemon, forge = played_on(stage, shop_in_git)
    bad = releases_bad(cart)
    decision = waits(daemon, cart)
    (pull,) = forge.pulls
    assert pull.branch.startswith(f"watcher/revert-{bad[:12]}-")
    assert pull.onto == "main"
    assert "the branch main is protected" in pull.text
    assert bad[:12] in pull.text
    assert f"Merge {decision['git']['link']}" in decision["remedy"]
    assert decision["git"]["link"] in told(cart, "WaitingForPerson")
    assert not rung(decision, "undo")["taken"]
    assert not rung(decision, "bridge")["taken"]
    assert "rungs.bridge is none" in rung(decision, "bridge")["reason"]
    assert cart.repository.head() == bad
    assert cart.service.image == BAD

    with ReplicaSetSequence(control_plane.admin, stage.namespace, "cart") as seen:
        merged = forge.merge()
        restored = daemon.restores(cart.service)
        cart.settles(merged)
        cart.service.serves(GOOD)
    assert restored["id"] == decision["id"]
    assert (restored["rung"], restored["durability"], restored["remedy"]) == ("git", "durable", "")
    assert restored["git"]["revision"] == merged
    assert TRAILER in cart.repository.log(f"{merged}^2", cart.file)[0].message
    assert not seen.came_back(BAD), seen.recorded
    measured(f"pull request: proven {restored['restored_at'] - decision['decided_at']:.1f} s after the decision")


@alongside
def test_the_bridge_holds_until_the_pull_request_is_merged(
    stage: Stage, shop_in_git: ShopInGit, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    cart, daemon, forge = played_on(stage, shop_in_git, BRIDGE)
    good = cart.repository.head()
    bad = releases_bad(cart)
    with ReplicaSetSequence(control_plane.admin, stage.namespace, "cart") as seen:
        decision = daemon.restores(cart.service)
        cart.service.serves(GOOD)
        link = decision["git"]["link"]
        assert (decision["rung"], decision["durability"]) == ("bridge", "cluster_only")
        assert f"Merge {link}" in decision["remedy"]
        assert pinned_to(cart) == good
        assert cart.repository.head() == bad
        (pull,) = forge.pulls
        assert pull.state == "open"

        merged = forge.merge()
        eventually(lambda: pinned_to(cart) == "main", WITHIN, "the bridge is taken down")
        cart.settles(merged)
        durable = daemon.decides(cart.service, durability="durable")
        cart.service.serves(GOOD)
    assert (durable["id"], durable["remedy"]) == (decision["id"], "")
    assert "watcher.dev/bridge" not in cart.live["metadata"].get("annotations", {})
    assert link in told(cart, "GitAgrees")
    assert not seen.came_back(BAD), seen.recorded
    assert seen.sizes(BAD)[-1] == 0
    measured(
        f"bridge: on target {rung(decision, 'bridge')['took_s']:.1f} s, "
        f"proven {decision['restored_at'] - decision['decided_at']:.1f} s after the decision"
    )


@alongside
def test_a_pull_request_that_a_person_closes_is_not_opened_again(stage: Stage, shop_in_git: ShopInGit) -> None:
    cart, daemon, forge = played_on(stage, shop_in_git)
    bad = releases_bad(cart)
    decision = waits(daemon, cart)
    forge.close()
    failed = daemon.decides(cart.service, outcome="failed")
    assert failed["id"] == decision["id"]
    assert "closed without being merged" in rung(failed, "git")["failed"]
    assert f"git revert {bad[:12]}" in failed["remedy"]
    assert "a person is needed" in told(cart, "RollbackFailed")
    assert len(forge.pulls) == 1
    assert cart.repository.head() == bad


def owned_by_a_set(cart: Application) -> None:
    """As an ApplicationSet's controller leaves an Application; none runs here, so nothing is put back."""
    admin = cart.plane.admin
    metadata = {"namespace": "argocd", "name": f"{cart.name}-set"}
    template = {"metadata": {"name": cart.name}, "spec": cart.live["spec"]}
    generated = {"generators": [{"list": {"elements": []}}], "template": template}
    made = admin.apply({"apiVersion": VERSION, "kind": "ApplicationSet", "metadata": metadata, "spec": generated})
    owner = {
        "apiVersion": VERSION,
        "kind": "ApplicationSet",
        "name": metadata["name"],
        "uid": made["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    admin.patch(cart.path, {"metadata": {"ownerReferences": [owner]}})


@alongside
def test_of_an_application_set_the_commit_is_reverted(
    stage: Stage, shop_in_git: ShopInGit, measured: Callable[[str], None]
) -> None:
    daemon = stage.watch_git(rungs=BRIDGE)
    cart = with_a_good_version(shop_in_git, daemon)
    owned_by_a_set(cart)
    bad = releases_bad(cart)
    decision = daemon.restores(cart.service)
    revert = the_revert(cart, decision)
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]
    cart.settles(revert)
    cart.service.serves(GOOD)
    measured(
        f"of an ApplicationSet: proven {decision['restored_at'] - decision['decided_at']:.1f} s after the decision"
    )


@alongside
def test_of_an_application_set_nothing_is_pinned(stage: Stage, shop_in_git: ShopInGit) -> None:
    cart, daemon, forge = played_on(stage, shop_in_git, BRIDGE)
    owned_by_a_set(cart)
    releases_bad(cart)
    decision = waits(daemon, cart)
    bridge = rung(decision, "bridge")
    assert not bridge["taken"]
    assert bridge["reason"] == f"ApplicationSet/{cart.name}-set would undo it"
    assert pinned_to(cart) == "main"
    merged = forge.merge()
    restored = daemon.restores(cart.service)
    assert (restored["durability"], restored["git"]["revision"]) == ("durable", merged)
