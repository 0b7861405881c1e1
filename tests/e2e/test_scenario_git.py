"""A bad commit on an application that Argo CD syncs and heals by itself: reverted, synced, and proven to be over."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json
from tests.e2e.harness import Daemon, ReplicaSetSequence, ShopInGit, alongside
from tests.e2e.traffic import Traffic

FIRST, GOOD, BAD, DOWN = "shop/cart:1.8", "shop/cart:1.9", "shop/cart:1.10-err12", "shop/cart:1.10-err60"


def rung(decision: Json, name: str) -> Json:
    """What a decision says of a rung."""
    found: Json = next(each for each in decision["rungs"] if each["rung"] == name)
    return found


@alongside
def test_a_bad_commit_is_reverted_and_its_sync_followed(
    shop_in_git: ShopInGit, git_watcher: Daemon, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    cart = shop_in_git.deploy(workloads.deployment, "cart", FIRST)
    git_watcher.start()
    good = cart.release(GOOD)
    cart.refresh()
    git_watcher.passes(cart.service, GOOD)

    bad = cart.release(BAD)
    cart.refresh()
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        decision = git_watcher.restores(cart.service)
        cart.service.serves(GOOD)

    repository = shop_in_git.repository
    revert = repository.log("main", cart.file)[0].sha
    assert decision["rung"] == "git"
    assert decision["durability"] == "durable"
    assert decision["git"]["revision"] == revert
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]
    assert len(repository.log("main", cart.file)) == 4  # three commits of people, one of ours
    assert repository.read(cart.file, revert) == repository.read(cart.file, good)
    assert not seen.came_back(BAD), seen.recorded
    cart.settles(revert)
    assert decision["remedy"] == ""
    step = rung(decision, "git")
    measured(
        f"Git: on target {step['took_s']:.1f} s after the decision, "
        f"proven {decision['restored_at'] - decision['decided_at']:.1f} s after it"
    )


@alongside
def test_urgent_the_undo_does_not_wait_for_git_and_is_never_put_back(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    control_plane: ControlPlane,
    traffic: Traffic,
    measured: Callable[[str], None],
) -> None:
    cart = shop_in_git.deploy(workloads.deployment, "cart", FIRST)
    git_watcher.start()
    cart.release(GOOD)
    cart.refresh()
    git_watcher.passes(cart.service, GOOD)

    cart.release(DOWN)
    cart.refresh()
    cart.service.serves(DOWN)
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        decision = git_watcher.restores(cart.service)
        cart.settles(decision["git"]["revision"])
        cart.service.serves(GOOD)

    assert decision["rung"] in ("undo", "git")
    assert rung(decision, "undo")["taken"]
    assert decision["durability"] == "durable"
    assert not seen.came_back(DOWN), seen.recorded
    assert seen.sizes(DOWN)[-1] == 0
    measured(f"urgent, undo and revert: on target {decision['restored_at'] - decision['decided_at']:.1f} s, proven")
