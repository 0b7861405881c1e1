"""The ways through Git: no automation, an aborted canary, a repository as a file, and the fight without any."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, eventually
from tests.e2e.harness import Application, Daemon, ReplicaSetSequence, ShopInGit, alongside
from tests.e2e.harness.shop import WITHIN
from tests.e2e.harness.stage import Stage
from tests.e2e.through_git import BAD, FIRST, GOOD, rung, steps, the_revert, with_a_good_version


@alongside
def test_the_fight_that_an_undo_loses_without_its_revert(shop_in_git: ShopInGit, control_plane: ControlPlane) -> None:
    """No daemon takes part: it shows that what the other scenarios record of the ReplicaSets is able to fail."""
    cart = shop_in_git.deploy(workloads.deployment, "cart", GOOD)
    cart.release(BAD)
    cart.refresh()
    cart.service.serves(BAD)
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        undo = ("set", "image", "deployment/cart", f"app={GOOD}", f"--namespace={shop_in_git.namespace}")
        control_plane.kubectl(*undo)
        eventually(lambda: cart.service.image == BAD, WITHIN, "self-heal has put the bad image back")
        cart.service.serves(BAD)
    assert seen.came_back(BAD), seen.recorded
    assert seen.sizes(GOOD)[-1] == 0


@alongside
def test_without_automation_it_is_synced_to_what_was_before_and_reverted_in_git(
    shop_in_git: ShopInGit, git_watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = shop_in_git.add(workloads.deployment, "cart", FIRST, automated=False)
    first = shop_in_git.repository.head()
    syncs(cart, first, FIRST)
    git_watcher.start()
    good = cart.release(GOOD)
    syncs(cart, good, GOOD)
    git_watcher.passes(cart.service, GOOD)

    bad = cart.release(BAD)
    cart.refresh()
    cart.sync_to(bad)
    decision = git_watcher.restores(cart.service)
    cart.service.serves(GOOD)

    assert decision["rung"] == "sync"
    revert = the_revert(cart, decision)
    assert cart.history == [first, good, bad, good]
    assert cart.repository.read(cart.file, revert) == cart.repository.read(cart.file, good)
    cart.refresh()
    cart.settles(revert)
    assert cart.history == [first, good, bad, good]  # it agrees with Git, so nothing is left to sync
    measured(f"automation off: {steps(decision)}")


def syncs(application: Application, sha: str, image: str) -> None:
    """A person syncs it, and waits."""
    application.refresh()
    eventually(lambda: compared_with(application) == sha, WITHIN, f"it was compared with {sha}")
    application.sync_to(sha)
    application.settles(sha)
    application.service.serves(image)


def compared_with(application: Application) -> str:
    return str(application.live.get("status", {}).get("sync", {}).get("revision", ""))


@alongside
def test_a_bad_canary_is_aborted_and_reverted_and_healthy_without_steps(
    shop_in_git: ShopInGit, git_watcher: Daemon, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher, workloads.rollout)
    good = cart.repository.head()
    bad = cart.release(BAD)
    cart.refresh()
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        decision = git_watcher.restores(cart.service)
        revert = the_revert(cart, decision)
        cart.settles(revert)
        cart.service.serves(GOOD)

    assert decision["rung"] == "abort"
    assert decision["git"]["good"] == good
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]
    assert cart.repository.read(cart.file, revert) == cart.repository.read(cart.file, good)
    status = cart.service.live["status"]
    assert (status["phase"], status.get("abort")) == ("Healthy", None)
    assert status["currentPodHash"] == status["stableRS"]
    assert not seen.came_back(BAD), seen.recorded
    assert max(seen.sizes(BAD)) == 1, seen.recorded  # a quarter of four: it was never promoted
    sizes = seen.sizes(GOOD)
    assert sizes[sizes.index(min(sizes)) :] == [3, 4], seen.recorded  # grown once, and left at that: no steps again
    measured(f"canary of Argo Rollouts under Argo CD: {steps(decision)}")


@alongside
def test_a_repository_without_credentials_by_its_file_url(
    stage: Stage, shop_in_git: ShopInGit, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    repository = shop_in_git.repository
    shop = ShopInGit(shop_in_git.argocd, repository, stage.namespace, repository.file_url)
    daemon = stage.watch_git(url=repository.file_url, auth=None)
    cart = with_a_good_version(shop, daemon)
    good = repository.head()
    cart.release(BAD)
    cart.refresh()
    with ReplicaSetSequence(control_plane.admin, stage.namespace, "cart") as seen:
        decision = daemon.restores(cart.service)
        cart.service.serves(GOOD)

    revert = the_revert(cart, decision)
    assert decision["rung"] == "git"
    assert rung(decision, "git")["taken"]
    assert decision["git"]["repo"] == repository.file_url
    assert repository.read(cart.file, revert) == repository.read(cart.file, good)
    assert not seen.came_back(BAD), seen.recorded
    cart.settles(revert)
    shop.close()
    measured(f"by file://: {steps(decision)}")
