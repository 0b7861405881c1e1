"""Others commit at the same time, have mended it already, or changed the same lines: nobody's work is lost."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, GitServer, Json
from tests.e2e.controlplane.held_requests import Asked, is_push
from tests.e2e.harness import Application, Daemon, ReplicaSetSequence, ShopInGit, alongside
from tests.e2e.through_git import BAD, GOOD, reverts, rung, steps, the_revert, with_a_good_version

ELSEWHERE = "wiki/oncall.md"
FIXED = "shop/cart:1.10.1"


def changed_elsewhere(application: Application) -> str:
    """A colleague commits something that has nothing to do with it."""
    return application.repository.commit("whom to call", {ELSEWHERE: "Carol\n"}, author="carol")


def releases_bad(application: Application) -> str:
    """Somebody releases the bad version, and Argo CD syncs it at once."""
    bad = application.release(BAD)
    application.refresh()
    application.service.serves(BAD)
    return bad


def rendered(application: Application, revision: str) -> Json:
    """The manifest as it is at a revision."""
    found: Json = yaml.safe_load(application.repository.read(application.file, revision))
    return found


@alongside
def test_a_colleague_pushes_between_our_fetch_and_our_push(
    shop_in_git: ShopInGit, git_watcher: Daemon, forge: GitServer, measured: Callable[[str], None]
) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher)
    good = cart.repository.head()
    push = forge.hold(is_push)
    bad = releases_bad(cart)
    push.wait()
    carols = changed_elsewhere(cart)
    push.let_go()
    decision = git_watcher.restores(cart.service)
    cart.service.serves(GOOD)

    revert = the_revert(cart, decision)
    assert [each.sha for each in cart.repository.log()][:4] == [revert, carols, bad, good]
    assert cart.repository.read(ELSEWHERE, revert) == "Carol\n"
    assert cart.repository.read(cart.file, revert) == cart.repository.read(cart.file, good)
    cart.settles(revert)
    measured(f"a colleague pushed first: {steps(decision)}")


@alongside
def test_a_colleague_pushes_right_after_us(
    shop_in_git: ShopInGit, git_watcher: Daemon, forge: GitServer, measured: Callable[[str], None]
) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher)
    push = forge.hold(is_push, done=True)
    bad = releases_bad(cart)
    push.wait()
    carols = changed_elsewhere(cart)
    push.let_go()
    decision = git_watcher.restores(cart.service)
    cart.service.serves(GOOD)

    revert = the_revert(cart, decision)
    assert [each.sha for each in cart.repository.log()][:3] == [carols, revert, bad]
    cart.settles(carols)
    assert cart.history[-1] == carols  # the revert itself was never what the cluster was brought to
    measured(f"a colleague pushed right after us: {steps(decision)}")


@alongside
def test_a_merge_commit_that_brought_the_bad_version_is_taken_back(
    shop_in_git: ShopInGit, git_watcher: Daemon, control_plane: ControlPlane, measured: Callable[[str], None]
) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher)
    repository, good = cart.repository, cart.repository.head()
    manifest = workloads.with_image(cart.service.manifest, BAD)
    branched = repository.commit("cart 1.10", {cart.file: yaml.safe_dump(manifest)}, branch="cart-1.10")
    carols = changed_elsewhere(cart)
    merged = repository.merge("cart-1.10", "Merge branch 'cart-1.10'")
    cart.refresh()
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        decision = git_watcher.restores(cart.service)
        cart.service.serves(GOOD)

    revert = the_revert(cart, decision)
    assert decision["rung"] == "git"
    assert branched in [each["sha"] for each in decision["git"]["commits"]]
    assert repository.head() == revert
    assert {carols, merged} <= {each.sha for each in repository.log()}
    assert repository.read(cart.file, revert) == repository.read(cart.file, good)
    assert repository.read(ELSEWHERE, revert) == "Carol\n"
    assert not seen.came_back(BAD), seen.recorded
    cart.settles(revert)
    measured(f"brought by a merge commit: {steps(decision)}")


@alongside
def test_what_a_colleague_has_changed_since_in_the_same_file_stays(shop_in_git: ShopInGit, git_watcher: Daemon) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher)
    good = cart.repository.head()
    bad = releases_bad(cart)
    cart.service.manifest["spec"]["replicas"] = 5
    scaled = cart.commit("five of them", author="carol")
    cart.settles(scaled)
    decision = git_watcher.restores(cart.service)

    revert = the_revert(cart, decision)
    assert [each.sha for each in cart.repository.log()][:2] == [revert, scaled]
    expected = rendered(cart, good)
    expected["spec"]["replicas"] = 5
    assert rendered(cart, revert) == expected
    cart.settles(revert)
    cart.service.serves(GOOD)
    assert len(cart.service.pods) == 5
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]


@alongside
def test_a_fix_that_comes_while_we_go_back_is_not_taken_back(
    shop_in_git: ShopInGit, git_watcher: Daemon, forge: GitServer, measured: Callable[[str], None]
) -> None:
    """It changes the very lines that the bad commit has changed."""
    cart = with_a_good_version(shop_in_git, git_watcher)
    order = forge.hold(ordered_by(git_watcher))
    bad = releases_bad(cart)
    order.wait()
    fix = cart.release(FIXED, author="carol")
    order.let_go()
    decision = git_watcher.decides(cart.service, action="roll_back", outcome="failed")
    told = rung(decision, "git")["failed"]
    assert fix[:12] in told, told
    assert "carol" in told, told
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]
    assert (decision["git"]["revision"], decision["durability"]) == ("", None)
    assert bad[:12] in decision["remedy"]

    cart.settles(fix)
    cart.service.serves(FIXED)
    git_watcher.passes(cart.service, FIXED)
    assert cart.repository.head() == fix
    assert reverts(cart) == []
    measured(f"a fix came first: {told}")


@alongside
def test_what_a_colleague_reverts_while_we_go_back_is_only_synced(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    forge: GitServer,
    control_plane: ControlPlane,
    measured: Callable[[str], None],
) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher)
    order = forge.hold(ordered_by(git_watcher))
    releases_bad(cart)
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        order.wait()
        carols = cart.release(GOOD, author="carol")
        order.let_go()
        decision = git_watcher.restores(cart.service)
        cart.service.serves(GOOD)

    assert decision["rung"] == "git"
    assert decision["git"]["revision"] == carols
    assert "carol" in decision["git"]["message"]
    assert (decision["durability"], decision["remedy"]) == ("durable", "")
    assert cart.repository.head() == carols
    assert reverts(cart) == []
    assert not seen.came_back(BAD), seen.recorded
    cart.settles(carols)
    measured(f"a colleague had reverted it: {steps(decision)}")


def ordered_by(daemon: Daemon) -> Callable[[Asked], bool]:
    """The first that it asks of the Git server once it has decided."""
    return lambda asked: asked.may_push and bool(daemon.log_lines("rung_ordered"))
